//! What a user does, from end to end: the real binary against moto with the seeded organization behind the front, in
//! a real terminal or without one. The bench that makes this possible proves itself in `e2e.rs`.

#[path = "../support/mod.rs"]
mod support;

mod athena;
mod ending;
mod faults;
mod headless;
mod hostile;
mod live;
mod million;
mod pace;
mod sweep;
mod tour;
mod visit;

use std::time::Duration;

use support::World;
use support::front::{Fault, Front};

/// For what needs no collection: starting, a key, quitting.
const SOON: Duration = Duration::from_secs(20);
const HOME: &str = "us-east-1";
const BOTH: [&str; 2] = ["us-east-1", "eu-west-1"];

/// A front whose account lacks the right to Cloud Control, as with SecurityAudit alone: its sweep over a thousand types
/// would take minutes at the rate that AWS bears.
fn audit_front(world: &World) -> Front {
    let front = world.front();
    front.faults().on("cloudcontrolapi", Fault::Deny);
    front
}

/// What must hold of every visit, whatever else it was about.
fn assert_left_no_trace(front: &Front) {
    let writes: Vec<String> = front.writes().iter().map(|call| call.action()).collect();
    assert!(writes.is_empty(), "operations that write: {writes:?}");
    let created = front.explorer().searches_without_index();
    assert!(created.is_empty(), "searches that create an index, in {created:?}");
    let nameless: Vec<String> = front
        .calls()
        .iter()
        .filter(|call| !call.user_agent.contains("mgmtscope"))
        .map(|call| format!("{} by {}", call.action(), call.user_agent))
        .collect();
    assert!(nameless.is_empty(), "calls that do not say whose they are: {nameless:?}");
}
