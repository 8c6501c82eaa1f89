//! The search and its shortcuts against the slow way: every pair asked, every policy evaluated.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::tests::{account, administrator, all_read, arn, as_of, role, statement, user};
use super::*;
use crate::catalog::organization_paths::Reaches;
use crate::model::*;

/// Actions that steps hang on, alone and by pattern.
const ACTIONS: &[&str] = &[
    "sts:AssumeRole",
    "iam:PassRole",
    "iam:Put*",
    "iam:AttachUserPolicy",
    "iam:AttachRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:*",
    "lambda:*",
    "ec2:RunInstances",
    "*",
];

const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:iam::111111111111:*",
    "arn:aws:iam::111111111111:role/r*",
    "arn:aws:iam::111111111111:role/r1",
    "arn:aws:iam::111111111111:user/u0",
    "arn:aws:iam::111111111111:user/u?",
    "arn:aws:lambda:*:111111111111:function:*",
];

const TRUSTS: &[&str] = &[
    r#"{"Service": "lambda.amazonaws.com"}"#,
    r#"{"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}"#,
    r#"{"AWS": "111111111111"}"#,
    r#"{"AWS": "arn:aws:iam::111111111111:user/u1"}"#,
    r#"{"AWS": ["arn:aws:iam::111111111111:role/r0", "AROAEXAMPLE"]}"#,
    r#"{"AWS": "*"}"#,
    r#"{"Federated": "arn:aws:iam::111111111111:saml-provider/x"}"#,
];

/// Known to hold, known not to, and not known.
const CONDITIONS: &[&str] = &[
    "{}",
    "{}",
    r#"{"Bool": {"aws:SecureTransport": "true"}}"#,
    r#"{"Bool": {"aws:SecureTransport": "false"}}"#,
    r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#,
    r#"{"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}"#,
];

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).expect("JSON")
}

prop_compose! {
    fn statements()(
        all in prop::collection::vec(
            (0..6_u8, select(ACTIONS), select(RESOURCES), any::<bool>(), select(CONDITIONS)), 0..4)
    ) -> Json {
        let one = |(kind, action, resource, except, conditions): (u8, &str, &str, bool, &str)| {
            let effect = if kind == 0 { "Deny" } else { "Allow" };
            let mut made = statement(effect, json!(action), json!(resource));
            if kind == 0 && except {
                made["NotResource"] = made["Resource"].take();
                made.as_object_mut().expect("a map").remove("Resource");
            }
            made["Condition"] = parsed(conditions);
            made
        };
        json!({"Version": "2012-10-17", "Statement": all.into_iter().map(one).collect::<Vec<_>>()})
    }
}

type Bounded = Option<Json>;

prop_compose! {
    fn accounts()(
        users in prop::collection::vec((statements(), prop::option::weighted(0.3, statements())), 1..4),
        roles in prop::collection::vec(
            ((statements(), prop::option::weighted(0.3, statements())), select(TRUSTS), select(CONDITIONS)), 1..5),
        admin in select(TRUSTS),
        read in any::<bool>(),
    ) -> Facts {
        let mut limits: Vec<ManagedPolicy> = Vec::new();
        let mut limit = |boundary: &Bounded| {
            let name = format!("limit{}", limits.len());
            let document = Text::new(&boundary.as_ref()?.to_string());
            let version = PolicyVersion { id: "v1".into(), default: true, document, created: None };
            let (arn, versions) = (arn(&format!("policy/{name}")), vec![version]);
            limits.push(ManagedPolicy { arn: arn.clone(), name: Text::new(&name), versions, ..ManagedPolicy::default() });
            Some(arn)
        };
        let mut all_users = Vec::new();
        for (n, (held, boundary)) in users.iter().enumerate() {
            all_users.push(User { boundary: limit(boundary), ..user(&format!("u{n}"), held) });
        }
        let mut all_roles = vec![role("radmin", parsed(admin), &administrator())];
        for (n, ((held, boundary), trust, condition)) in roles.iter().enumerate() {
            let mut made = Role { boundary: limit(boundary), ..role(&format!("r{n}"), parsed(trust), held) };
            let mut document = parsed(&made.trust);
            document["Statement"][0]["Condition"] = parsed(condition);
            made.trust = Text::new(&document.to_string());
            all_roles.push(made);
        }
        let mut facts = account(all_users, all_roles);
        facts.apply(Batch::ManagedPolicies(limits));
        if read {
            all_read(&mut facts);
        }
        facts
    }
}

/// The best truth of each principal, by asking for every pair until nothing changes.
fn slowly(power: &Power) -> Vec<Truth> {
    let moves = Moves::new(&power.graph, &power.around);
    let ids: Vec<NodeId> = power.graph.ids().collect();
    let own = |id: NodeId| {
        if let Standing::Admin(truth) = power.routes.of_node(id) {
            return *truth;
        }
        let lever = power.levers(id).into_iter().filter(|held| held.path.reaches == Reaches::AdministratorHere);
        let lever = lever.map(|held| held.truth);
        let raise = moves.raising(id, id).into_iter().map(|step| step.truth);
        let others = ids.iter().filter(|other| **other != id && power.graph.node(**other).kind.is_iam());
        let both = others.flat_map(|other| {
            let become_ = moves.becoming(id, *other).into_iter().map(|step| step.truth).max().unwrap_or_default();
            moves.raising(id, *other).into_iter().map(move |step| step.truth.and(become_))
        });
        let is_iam = power.graph.node(id).kind.is_iam();
        raise.chain(lever).chain(both).filter(|_| is_iam).max().unwrap_or_default()
    };
    let mut best: Vec<Truth> = ids.iter().map(|id| own(*id)).collect();
    loop {
        let before = best.clone();
        for &from in &ids {
            for &to in ids.iter().filter(|to| power.graph.node(**to).kind.is_iam()) {
                let step = moves.becoming(from, to).into_iter().map(|step| step.truth).max().unwrap_or_default();
                let reached = step.and(before[to as usize]);
                best[from as usize] = best[from as usize].max(reached);
            }
        }
        if best == before {
            return best;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_search_finds_what_asking_for_every_pair_finds(facts in accounts()) {
        let power = Power::of(&facts, as_of());
        let found: Vec<Truth> = power.graph.ids().map(|id| power.routes.of_node(id).truth()).collect();
        let names: Vec<&str> = power.graph.nodes.iter().map(|node| &*node.name).collect();
        prop_assert_eq!(found, slowly(&power), "{:?}", names);
    }

    #[test]
    fn an_answer_by_shortcut_is_that_of_the_whole_evaluation(facts in accounts()) {
        let graph = Graph::of(&facts, as_of());
        let resources = ["user/u0", "user/u1", "role/r0", "role/r1", "role/aws-reserved/x"].map(arn);
        let resources = resources.iter().map(Arn::as_str).chain(["*"]);
        for (who, resource) in graph.ids().flat_map(|who| resources.clone().map(move |resource| (who, resource))) {
            if graph.node(who).kind == NodeKind::Root {
                continue;
            }
            for action in ActionId::all() {
                let (fast, slow) = (graph.permits(who, action, resource), graph.evaluate(who, action, resource));
                prop_assert_eq!(fast, slow, "{} {} {}", &graph.node(who).name, action.name(), resource);
            }
        }
    }

    #[test]
    fn nothing_is_above_its_bound_and_the_best_is_among_all(facts in accounts()) {
        let power = Power::of(&facts, as_of());
        let (graph, moves) = (&power.graph, Moves::new(&power.graph, &power.around));
        let iam = |id: &NodeId| graph.node(*id).kind.is_iam();
        for from in graph.ids().filter(iam) {
            for action in ActionId::all().filter(|action| bounds::is_step(*action)) {
                let most = [Truth::Yes, Truth::Unknown].into_iter().find(|least| moves.bounds(from).reach(action, *least));
                for resource in RESOURCES {
                    let is = graph.evaluate(from, action, resource);
                    prop_assert!(is <= most.unwrap_or_default(), "{} {} {}", from, action.name(), resource);
                }
            }
            for to in graph.ids().filter(iam) {
                let may = if graph.node(to).kind == NodeKind::Role && from != to { graph.may_assume(from, to) } else { Truth::No };
                prop_assert!(may == Truth::No || moves.could_become(from, to, may), "{} becomes {}", from, to);
                let all = moves.raising(from, to).first().map(|step| step.truth);
                let best = moves.best_raise(from, to, Truth::Unknown).map(|step| step.truth);
                prop_assert_eq!(all, best, "{} raises {}", from, to);
            }
        }
    }
}
