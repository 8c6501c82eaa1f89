//! Cloud Control in a live account: what it lists is seen on the screen and in `query residents`, and said to be its own.

use serde_json::json;

use crate::support::front::{Fault, Front};
use crate::support::program::Program;
use crate::support::{PATIENCE, World, world};
use crate::visit::{ENTER, Visit, WIDE};
use crate::{HOME, SOON, assert_left_no_trace};

const LISTED: &str = "cloudcontrolapi:ListResources";

/// A front whose Cloud Control knows some resources; the front of the other journeys denies it.
fn front(world: &World) -> Front {
    let front = world.front();
    for (type_name, identifier, properties) in [
        (
            "AWS::EC2::Instance",
            "i-0sweep000000001",
            json!({ "InstanceId": "i-0sweep000000001", "Tags": [{ "Key": "Name", "Value": "sweep-bastion" }] }),
        ),
        (
            "AWS::RDS::DBInstance",
            "sweep-ledger",
            json!({ "DBInstanceIdentifier": "sweep-ledger", "MasterUserPassword": "hunter2-sweep" }),
        ),
        ("AWS::Lambda::Function", "sweep-vendor", json!({ "FunctionName": "sweep-vendor" })),
    ] {
        front.store().add(HOME, type_name, identifier, properties);
    }
    // Two pages.
    for number in 0..130 {
        let name = format!("sweep-fleet-{number:03}");
        front.store().add(HOME, "AWS::Lambda::Function", &name, json!({ "FunctionName": name }));
    }
    front.store().refuse_listing("AWS::EC2::Volume");
    front
}

/// The sweep goes on for a minute at the rate that AWS bears; what weighs most comes first, so a part of it is enough.
fn end_the_sweep(front: &Front) {
    front.faults().on("cloudcontrolapi", Fault::Expire);
}

#[test]
fn what_cloud_control_lists_is_on_the_screen_with_its_source() {
    let Some(world) = world() else { return };
    let front = front(world);
    let visit = Visit::open(&Program::live(&front, &[HOME]), WIDE);
    visit.pane("Residents");
    visit.filter("sweep-bastion");
    let screen = visit.see_count(1, PATIENCE);
    let row = screen.rows[3..].iter().find(|row| row.contains("sweep-bastion")).expect("counted");
    assert!(row.contains("AWS::EC2::Instance") && row.contains("cloud-control"), "{row}");
    visit.send(ENTER);
    visit.see(&format!("arn:aws:ec2:{HOME}:{}:instance/i-0sweep000000001", world.seeded.management_account), SOON);
    visit.see("Cloud Control listing", SOON);
    visit.esc("the list", |screen| !screen.has("Why this class"));
    visit.unfilter();
    visit.filter("type:Lambda name:sweep-fleet seen-by:cloud-control");
    visit.see_count(130, PATIENCE);
    // The list while the sweep goes on says that it is not whole.
    assert!(visit.terminal.screen().has("reading"), "{}", visit.terminal.screen().text());
    visit.quit();
    assert_left_no_trace(&front);
}

#[test]
fn a_query_of_residents_names_cloud_control_and_hides_what_may_be_secret() {
    let Some(world) = world() else { return };
    let front = front(world);
    let program = Program::live(&front, &[HOME]);
    let said = std::thread::scope(|scope| {
        let query = scope.spawn(|| program.run(&["query", "residents", "sweep", "--format", "json"], PATIENCE));
        front.wait_for("sixty listings", PATIENCE, |calls| {
            calls.iter().filter(|call| call.operation == "ListResources" && call.status == Some(200)).count() >= 60
        });
        end_the_sweep(&front);
        query.join().expect("it ends")
    });
    assert_eq!(said.code, Some(3), "the sweep was not whole: {said:#?}");
    assert!(said.err.contains("cloud-control"), "{said:#?}");
    assert!(!said.out.contains("hunter2") && !said.err.contains("hunter2"));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&said.out).expect("a JSON array");
    assert_eq!(rows.len(), 133, "{rows:#?}");
    for row in &rows {
        assert_eq!(row["seen-by"], "cloud-control", "{row}");
    }
    for name in ["sweep-bastion", "sweep-ledger", "sweep-vendor"] {
        assert!(rows.iter().any(|row| row["name"] == name && row["region"] == HOME), "{name}: {rows:#?}");
    }
}

/// The whole sweep: every type in one Region, to the end.
#[test]
#[ignore = "about a minute and a half at the rate that AWS bears; run it by hand"]
fn a_whole_sweep_of_one_region_ends_and_counts_every_type() {
    let Some(world) = world() else { return };
    let front = front(world);
    let within = std::time::Duration::from_secs(600);
    let said = Program::live(&front, &[HOME]).run(&["query", "residents", "sweep", "--format", "count"], within);
    assert_eq!(said.out.trim(), "133", "{said:#?}");
    let listed = front.count(LISTED);
    assert!(listed > 300, "{listed} listings");
    assert_left_no_trace(&front);
}
