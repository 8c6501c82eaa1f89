//! Table tests of the residency rules, and the proof that the order of sightings does not matter.

use proptest::prelude::*;

use super::*;
use crate::model::coverage::Tally;
use crate::model::iam::Tag;
use crate::model::{Arn, Ask, Batch, Caller, Cell, Reading, Region, Role, Status, Trail};

const HERE: &str = "111122223333";

fn here() -> Facts {
    let mut facts = Facts::default();
    facts.apply(Batch::Caller(Caller { account: HERE.into(), ..Caller::default() }));
    facts
}

fn with_arn(arn: &str) -> Resident {
    let arn = Arn::new(arn);
    let named = arns::of_arn(&arn).expect("an ARN");
    Resident {
        resource_type: Text::new(&named.resource_type),
        identifier: Text::new(&named.id),
        region: (!arn.region().is_empty()).then(|| Region::new(arn.region())),
        arn: Some(arn),
        ..Resident::default()
    }
}

fn typed(resource_type: &str, identifier: &str) -> Resident {
    Resident {
        resource_type: resource_type.into(),
        identifier: identifier.into(),
        region: Some("us-east-1".into()),
        ..Resident::default()
    }
}

fn one(facts: &mut Facts, resident: Resident) -> ResidentRow {
    let key = resident.key();
    facts.apply(Batch::Residents(vec![resident]));
    assess(facts).into_iter().find(|row| row.key == key).expect("the row")
}

#[test]
fn a_trails_bucket_is_known_by_the_trail_not_by_its_name() {
    let mut facts = here();
    let trail = Trail { arn: "arn:t".into(), bucket: "plain".into(), ..Trail::default() };
    facts.apply(Batch::Trails(vec![trail]));
    let row = one(&mut facts, with_arn("arn:aws:s3:::plain"));
    assert_eq!((row.rule, row.certainty, row.weight), (Some("s3-trail-target"), Certainty::Evidence, 3));
    assert_eq!(row.class, ResidencyClass::BelongsHere);
}

#[test]
fn a_name_is_believed_with_a_word_of_caution_until_the_trails_refute_it() {
    let mut facts = here();
    let bucket = with_arn("arn:aws:s3:::aws-cloudtrail-logs-111122223333-x");
    let row = one(&mut facts, bucket.clone());
    assert_eq!((row.certainty, row.class), (Certainty::Name, ResidencyClass::BelongsHere));
    assert!(row.reason.contains("name alone"), "{}", row.reason);
    facts.apply(Batch::Reading(Cell::regional(Ask::Trails, "us-east-1".into()), Reading::complete(0)));
    let row = one(&mut facts, bucket);
    assert_eq!((row.certainty, row.class, row.rule), (Certainty::Type, ResidencyClass::Workload, None));
}

#[test]
fn a_name_cannot_hide_a_role() {
    let mut facts = here();
    let arn = "arn:aws:iam::111122223333:role/CloudTrail_CloudWatchLogs_Role";
    let row = one(&mut facts, with_arn(arn));
    assert_eq!((row.certainty, row.weight), (Certainty::Name, 1), "the rule's weight is 0");
    let role = |trust: &str| Role { arn: arn.into(), trust: trust.into(), ..Role::default() };
    let trust = r#"{"Statement":[{"Principal":{"Service":"cloudtrail.amazonaws.com"}}]}"#;
    facts.apply(Batch::Roles(vec![role(trust)]));
    let row = one(&mut facts, with_arn(arn));
    assert_eq!((row.certainty, row.weight), (Certainty::Evidence, 0));
    facts.apply(Batch::Roles(vec![role(r#"{"Statement":{"Principal":{"AWS":"*"}}}"#)]));
    assert_ne!(one(&mut facts, with_arn(arn)).rule, Some("iam-cloudtrail-cwl"));
}

#[test]
fn rules_by_evidence() {
    let properties = |mut resident: Resident, json: &str| {
        resident.properties = Some(json.into());
        resident
    };
    let role = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    for (resident, rule) in [
        (with_arn(role), "iam-slr"),
        (typed("AWS::KMS::Alias", "alias/aws/s3"), "kms-aws-alias"),
        (properties(typed("AWS::EC2::VPC", "vpc-1"), r#"{"isDefault":true}"#), "ec2-default-vpc"),
        (properties(typed("AWS::EC2::SecurityGroup", "sg-1"), r#"{"GroupName":"default"}"#), "ec2-default-sg"),
        (
            properties(typed("AWS::EC2::RouteTable", "rtb-1"), r#"{"associations":[{"main":false},{"main":true}]}"#),
            "ec2-main-rtb",
        ),
        (properties(typed("AWS::Events::EventBus", "b"), r#"{"ManagedBy":"x.amazonaws.com"}"#), "any-service-managed"),
        (typed("AWS::SSM::Document", "AWS-RunShellScript"), "ssm-reserved-prefix"),
        (typed("AWS::Athena::WorkGroup", "primary"), "athena-primary"),
        (typed("AWS::RDS::DBParameterGroup", "default.mysql8.0"), "param-groups-default"),
    ] {
        let row = one(&mut here(), resident);
        assert_eq!((row.rule, row.certainty), (Some(rule), Certainty::Evidence), "{}", row.key);
    }
}

#[test]
fn a_name_tag_is_no_evidence() {
    let mut group = typed("AWS::Athena::WorkGroup", "mine");
    group.name = Some("primary".into());
    assert_eq!(one(&mut here(), group).rule, None);
}

#[test]
fn a_landing_zone_stack_takes_its_resources_along_by_name_only() {
    let mut function = with_arn("arn:aws:lambda:us-east-1:111122223333:function:x");
    function.tags = vec![Tag { key: "aws:cloudformation:stack-name".into(), value: "AWSControlTowerBP-1".into() }];
    let row = one(&mut here(), function);
    assert_eq!((row.rule, row.certainty), (Some("any-in-ct-stack"), Certainty::Name));
    assert_eq!(row.weight, 1);
}

#[test]
fn the_recorders_bucket_is_named_by_the_delivery_channel() {
    let mut facts = here();
    let mut channel = typed("AWS::Config::DeliveryChannel", "default");
    channel.properties = Some(r#"{"S3BucketName":"records"}"#.into());
    facts.apply(Batch::Residents(vec![channel]));
    assert_eq!(one(&mut facts, with_arn("arn:aws:s3:::records")).rule, Some("s3-config-target"));
}

#[test]
fn the_type_then_the_service_then_nothing() {
    let mut facts = here();
    let row = one(&mut facts, with_arn("arn:aws:ec2:us-east-1:111122223333:instance/i-1"));
    assert_eq!((row.class, row.certainty), (ResidencyClass::Workload, Certainty::Type));
    assert!(row.weight >= 8 && row.is_workload());
    let row = one(&mut facts, with_arn("arn:aws:codebuild:us-east-1:111122223333:project/p"));
    assert_eq!((row.certainty, row.weight), (Certainty::Service, 6));
    let row = one(&mut facts, with_arn("arn:aws:newservice:us-east-1:111122223333:thing/p"));
    assert_eq!((row.class, row.weight), (ResidencyClass::Unknown, UNKNOWN_WEIGHT));
}

#[test]
fn what_is_not_ours_is_marked_and_weighs_nothing() {
    let mut facts = here();
    let row = one(&mut facts, with_arn("arn:aws:ec2:us-east-1:999988887777:subnet/subnet-1"));
    assert_eq!((row.owner, row.weight), (Owner::Another("999988887777".into()), 0));
    let row = one(&mut facts, with_arn("arn:aws:iam::aws:policy/ReadOnlyAccess"));
    assert_eq!(row.owner, Owner::Aws);
    assert_eq!(one(&mut facts, typed("AWS::SSM::Document", "AWS-X")).owner, Owner::Aws);
    assert_eq!(one(&mut facts, typed("AWS::SSM::Document", "mine")).owner, Owner::PerhapsAws);
    let own = with_arn("arn:aws:ssm:us-east-1:111122223333:document/mine");
    assert_eq!(one(&mut facts, own).owner, Owner::Here);
}

#[test]
fn an_identifier_finds_its_arn() {
    let mut facts = here();
    let group = "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:0-1:autoScalingGroupName/web";
    facts.apply(Batch::Residents(vec![typed("AWS::AutoScaling::AutoScalingGroup", "web"), with_arn(group)]));
    let role = "arn:aws:iam::111122223333:role/team/Deploy";
    facts.apply(Batch::Roles(vec![Role { arn: role.into(), name: "Deploy".into(), ..Role::default() }]));
    facts.apply(Batch::Residents(vec![Resident { region: None, ..typed("AWS::IAM::Role", "Deploy") }]));
    let keys: Vec<String> = assess(&facts).iter().map(|row| row.key.to_string()).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.contains(&group.to_owned()) && keys.contains(&role.to_owned()));
}

#[test]
fn the_heaviest_comes_first() {
    let mut facts = here();
    facts.apply(Batch::Residents(vec![
        typed("AWS::SNS::Topic", "b"),
        typed("AWS::EC2::Instance", "i-2"),
        typed("AWS::EC2::Instance", "i-1"),
    ]));
    let rows = assess(&facts);
    let names: Vec<&str> = rows.iter().map(ResidentRow::name).collect();
    assert_eq!(names, ["i-1", "i-2", "b"]);
}

#[test]
fn no_workloads_is_said_with_its_coverage_only() {
    let mut facts = here();
    assert_eq!(no_workloads_line(&facts, &[]), None, "nothing was read");
    let tally = Tally { listed: 40, denied: 3, untried: 7, ..Tally::default() };
    let reading = Reading { tally: Some(tally), ..Reading::of(Status::Partial) };
    facts.apply(Batch::Reading(Cell::regional(Ask::CloudControl, "us-east-1".into()), reading));
    let denied = Reading::of(Status::Denied);
    facts.apply(Batch::Reading(Cell::regional(Ask::Tagging, "us-east-1".into()), denied));
    let line = no_workloads_line(&facts, &assess(&facts)).expect("a line");
    for part in ["40 listed", "3 denied", "7 not tried", "tagging read in 0 of 1 Regions, 1 denied", "config not asked"]
    {
        assert!(line.contains(part), "{line}");
    }
    assert!(!coverage_line(&facts).is_whole());
    facts.apply(Batch::Residents(vec![typed("AWS::EC2::Instance", "i-2")]));
    assert_eq!(no_workloads_line(&facts, &assess(&facts)), None);
}

/// A sighting of one of a few resources, by ARN or by identifier, with more or less said of it.
fn sighting() -> impl Strategy<Value = Resident> {
    let named = prop_oneof![
        Just("arn:aws:ec2:us-east-1:111122223333:instance/i-1"),
        Just("arn:aws:s3:::logs"),
        Just("arn:aws:dynamodb:us-east-1:111122223333:table/t"),
        Just("arn:aws:iam::111122223333:role/team/Deploy"),
    ];
    let source =
        prop_oneof![Just(Ask::Tagging), Just(Ask::Config), Just(Ask::ResourceExplorer), Just(Ask::CloudControl)];
    let tags = proptest::collection::vec("[ab]{1,2}".prop_map(|k| Tag { key: k.into(), value: "v".into() }), 0..3);
    (named, source, any::<bool>(), proptest::option::of("[a-c]{1,3}"), proptest::option::of(0i64..3), tags).prop_map(
        |(arn, source, by_arn, word, created, tags)| {
            let mut resident = with_arn(arn);
            if !by_arn {
                resident.arn = None;
            }
            resident.seen_by = [source].into();
            resident.name = word.as_deref().map(Text::new);
            resident.properties = word.map(|w| Text::new(&format!("{{\"x\":\"{w}\"}}")));
            resident.created = created.map(|s| jiff::Timestamp::from_second(s).expect("a time"));
            resident.tags = tags;
            resident
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_sightings_does_not_matter(
        (sightings, shuffled) in proptest::collection::vec(sighting(), 0..12)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    ) {
        let rows = |sightings: Vec<Resident>| {
            let mut facts = here();
            for sighting in sightings {
                facts.apply(Batch::Residents(vec![sighting]));
            }
            assess(&facts)
        };
        prop_assert_eq!(rows(sightings.clone()), rows(shuffled));
        // Seen twice is seen once.
        let twice: Vec<Resident> = sightings.iter().chain(&sightings).cloned().collect();
        prop_assert_eq!(rows(sightings), rows(twice));
    }
}

#[test]
fn the_arn_knows_the_type_better_than_config_does() {
    let arn = "arn:aws:acm:us-east-1:111122223333:certificate/c-1";
    let by_config = Resident { resource_type: "AWS::ACM::Certificate".into(), ..with_arn(arn) };
    assert_eq!(one(&mut here(), by_config).resident.resource_type, "AWS::CertificateManager::Certificate");
}
