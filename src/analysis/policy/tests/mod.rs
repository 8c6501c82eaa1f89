//! The evaluation as a whole: rules in tables, each named after what AWS says, and properties over worlds made at random.

mod conditions;
mod layers;
mod properties;
mod services;
mod strangers;

use serde_json::{Value as Json, json};

use super::Verdict;
use super::cases::{Case, Outcome};

const OWN: &str = "111122223333";
const OTHER: &str = "444455556666";

/// One statement in a document of the current version.
fn document(statement: &Json) -> Json {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn allow(action: &str) -> Json {
    document(&json!({"Effect": "Allow", "Action": action, "Resource": "*"}))
}

fn deny(action: &str) -> Json {
    document(&json!({"Effect": "Deny", "Action": action, "Resource": "*"}))
}

/// A resource's policy with one statement on everything.
fn policy(effect: &str, principal: &Json) -> Json {
    document(&json!({"Effect": effect, "Principal": principal, "Action": "*", "Resource": "*"}))
}

/// Levels of an organization with one policy each, the root first.
fn levels(policies: &[Json]) -> Json {
    let level = |policy: &Json| json!({"target": "t", "policies": [policy]});
    policies.iter().map(level).collect()
}

/// Sets fields of a request.
fn with(mut case: Json, request: &Json) -> Json {
    for (key, value) in request.as_object().expect("an object") {
        case["request"][key] = value.clone();
    }
    case
}

fn run(case: &Json) -> Outcome {
    let case = Case::parse(&case.to_string()).expect("a case");
    case.prepare().expect("it can be run").run()
}

fn verdict(case: &Json) -> Verdict {
    run(case).verdict
}
