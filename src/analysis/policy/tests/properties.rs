//! What holds for whatever policies and requests there are.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::context::{Context, Found, Value};
use super::super::{Caller, Effect, Layer, Layers, Policy, Request, Truth, Verdict, evaluate, explain};

const KEYS: [&str; 3] = ["aws:username", "k:one", "k:two"];
const VALUES: [&str; 6] = ["a", "b", "10", "true", "10.0.0.1", "arn:aws:iam::111122223333:user/a"];

/// A request and every policy that concerns it, as documents.
#[derive(Clone, Debug)]
struct World {
    caller: String,
    action: String,
    resource: String,
    account: Option<String>,
    /// By the order of [`KEYS`]; None: absent.
    context: Vec<Option<Value>>,
    /// Which of [`KEYS`] are not known.
    unknown: Vec<bool>,
    identity: Vec<Json>,
    resource_policy: Option<Json>,
    boundary: Option<Vec<Json>>,
    session: Option<Vec<Json>>,
    scps: Vec<Vec<Json>>,
    rcps: Vec<Vec<Json>>,
}

impl World {
    fn context(&self) -> Context {
        let mut context = if self.unknown.contains(&true) { Context::open() } else { Context::default() };
        for ((key, value), unknown) in KEYS.iter().zip(&self.context).zip(&self.unknown) {
            match value {
                _ if *unknown => {}
                Some(value) => context.set(key, value.clone()),
                None => context.set_absent(key),
            }
        }
        context
    }

    fn with_layers<T>(&self, then: impl FnOnce(&Request<'_>, &Layers<'_>) -> T) -> T {
        fn read(documents: &[Json]) -> Vec<Policy> {
            documents.iter().map(Policy::from_json).collect()
        }
        fn refer(policies: &[Policy]) -> Vec<&Policy> {
            policies.iter().collect()
        }
        let (identity, resource) = (read(&self.identity), self.resource_policy.as_ref().map(Policy::from_json));
        let (boundary, session) = (self.boundary.as_deref().map(read), self.session.as_deref().map(read));
        let scps: Vec<_> = self.scps.iter().map(|level| read(level)).collect();
        let rcps: Vec<_> = self.rcps.iter().map(|level| read(level)).collect();
        let (boundary, session) = (boundary.as_deref().map(refer), session.as_deref().map(refer));
        let layers = Layers {
            identity: &refer(&identity),
            resource: resource.as_ref(),
            boundary: boundary.as_deref(),
            session: session.as_deref(),
            scps: &scps.iter().map(|level| refer(level)).collect::<Vec<_>>(),
            rcps: &rcps.iter().map(|level| refer(level)).collect::<Vec<_>>(),
        };
        let request = Request {
            caller: &Caller::parse(&self.caller),
            action: &self.action,
            resource: &self.resource,
            resource_account: self.account.as_deref(),
            context: &self.context(),
        };
        then(&request, &layers)
    }

    fn verdict(&self) -> Verdict {
        self.with_layers(evaluate)
    }

    /// Every document, in the order of the layers.
    fn documents(&mut self) -> Vec<&mut Json> {
        let own = self.identity.iter_mut().chain(&mut self.resource_policy);
        let ceilings = self.boundary.iter_mut().chain(&mut self.session).flatten();
        own.chain(ceilings).chain(self.scps.iter_mut().chain(&mut self.rcps).flatten()).collect()
    }

    /// With one more statement in one of the documents; None: there is no document.
    fn and(&self, statement: &Json, effect: &str, at: prop::sample::Index) -> Option<Self> {
        let mut more = self.clone();
        let mut documents = more.documents();
        if documents.is_empty() {
            return None;
        }
        let at = at.index(documents.len());
        let mut statement = statement.clone();
        statement["Effect"] = effect.into();
        documents[at]["Statement"].as_array_mut().expect("a list").push(statement);
        Some(more)
    }
}

fn any_of(words: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    prop::sample::select(words).prop_map(str::to_owned)
}

/// One or two, the first more often than the others.
fn some_of(words: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> + Clone {
    prop::collection::vec(prop_oneof![Just(words[0]), prop::sample::select(words)], 1..3)
}

fn caller() -> impl Strategy<Value = String> {
    any_of(&[
        "*",
        "111122223333",
        "lambda.amazonaws.com",
        "accounts.google.com",
        "arn:aws:iam::111122223333:user/a",
        "arn:aws:iam::111122223333:role/p/R",
        "arn:aws:sts::111122223333:assumed-role/R/s",
        "arn:aws:sts::111122223333:federated-user/f",
        "arn:aws:iam::111122223333:role/aws-service-role/x/AWSServiceRoleForX",
    ])
}

fn condition() -> impl Strategy<Value = Json> {
    let operator = any_of(&[
        "StringEquals",
        "StringNotEquals",
        "StringLikeIfExists",
        "StringNotLike",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringNotEquals",
        "NumericLessThan",
        "Bool",
        "BoolIfExists",
        "NotIpAddress",
        "ArnLike",
        "ArnNotLike",
        "DateGreaterThan",
        "Null",
        "ForAnyValue:Null",
    ]);
    let wanted =
        some_of(&["a", "*", "${aws:username}", "${k:one, 'a'}", "10", "true", "false", "10.0.0.0/8", "${k:two}*"]);
    let one = (operator, prop::sample::select(&KEYS[..]), wanted);
    let number = prop_oneof![6 => Just(0_usize), 3 => Just(1), 1 => Just(2)];
    number.prop_flat_map(move |number| prop::collection::vec(one.clone(), number)).prop_map(|all| {
        let mut conditions = serde_json::Map::new();
        for (operator, key, values) in all {
            conditions.insert(operator, json!({ key: values }));
        }
        Json::Object(conditions)
    })
}

/// A statement; its effect is as good as any.
fn statement() -> impl Strategy<Value = Json> {
    let principal = prop_oneof![
        2 => Just(json!("*")),
        3 => some_of(&[
            "111122223333",
            "444455556666",
            "arn:aws:iam::111122223333:user/a",
            "arn:aws:iam::111122223333:role/p/R",
            "arn:aws:sts::111122223333:assumed-role/R/s",
            "arn:aws:sts::111122223333:federated-user/f",
        ])
        .prop_map(|names| json!({"AWS": names})),
        1 => Just(json!({"Service": "lambda.amazonaws.com", "Federated": "accounts.google.com"})),
    ];
    let actions = some_of(&["*", "s3:*", "s3:GetObject", "sts:AssumeRole", "kms:*", "iam:*"]);
    let resources = some_of(&[
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/${aws:username}",
        "arn:aws:s3",
        "arn:aws:s3:*:111122223333",
        "arn:aws:iam::111122223333:role/*",
    ]);
    let allows = prop::bool::weighted(0.85);
    let nots = [0.1, 0.1, 0.1].map(prop::bool::weighted);
    (principal, actions, resources, condition(), allows, nots).prop_map(
        |(principal, actions, resources, condition, allows, [not_principal, not_action, not_resource])| {
            json!({
                "Effect": if allows { "Allow" } else { "Deny" },
                if not_principal { "NotPrincipal" } else { "Principal" }: principal,
                if not_action { "NotAction" } else { "Action" }: actions,
                if not_resource { "NotResource" } else { "Resource" }: resources,
                "Condition": condition,
            })
        },
    )
}

fn document() -> impl Strategy<Value = Json> {
    let version = prop_oneof![4 => Just("2012-10-17"), 1 => Just("2008-10-17")];
    (version, prop::collection::vec(statement(), 0..4))
        .prop_map(|(version, statements)| json!({"Version": version, "Statement": statements}))
}

fn value() -> impl Strategy<Value = Option<Value>> {
    let one = || prop::sample::select(&VALUES[..]).prop_map(str::to_owned);
    prop_oneof![
        Just(None),
        one().prop_map(|text| Some(Value::One(text))),
        prop::collection::vec(one(), 0..3).prop_map(|texts| Some(Value::Many(texts))),
        Just(Some(Value::One(String::new()))),
    ]
}

/// `known`: every key is.
fn world(known: bool) -> impl Strategy<Value = World> {
    let documents = || prop::collection::vec(document(), 0..3);
    let ceiling = || prop::option::weighted(0.2, documents());
    let level = prop::collection::vec(prop_oneof![1 => document(), 2 => Just(super::allow("*"))], 0..4);
    let levels = || prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(level.clone(), 0..3)];
    let action = any_of(&["s3:getobject", "sts:assumerole", "kms:decrypt", "iam:createuser", "s3:putbucketpolicy"]);
    let resource = any_of(&[
        "*",
        "arn:aws:s3:::b/a",
        "arn:aws:iam::111122223333:role/x",
        "arn:aws:kms:eu-west-1:111122223333:key/1",
        "arn:aws:iam::111122223333:role/aws-reserved/x",
    ]);
    let account = prop::option::of(any_of(&["111122223333", "444455556666"]));
    let context = prop::collection::vec(value(), KEYS.len());
    let unknown = prop::collection::vec(prop::bool::weighted(if known { 0.0 } else { 0.4 }), KEYS.len());
    let asked = (caller(), action, resource, account, context, unknown);
    let own = (documents(), prop::option::of(document()));
    let ceilings = (ceiling(), ceiling(), levels(), levels());
    (asked, own, ceilings).prop_map(|(asked, (identity, resource_policy), (boundary, session, scps, rcps))| {
        let (caller, action, resource, account, context, unknown) = asked;
        World {
            caller,
            action,
            resource,
            account,
            context,
            unknown,
            identity,
            resource_policy,
            boundary,
            session,
            scps,
            rcps,
        }
    })
}

proptest! {
    #[test]
    fn one_more_deny_never_makes_anything_allowed(world in world(false), more in statement(), at: prop::sample::Index) {
        let Some(after) = world.and(&more, "Deny", at) else { return Ok(()) };
        let (before, after) = (world.verdict(), after.verdict());
        prop_assert!(after != Verdict::Allowed || before == Verdict::Allowed, "{before:?} became {after:?}");
        prop_assert!(before != Verdict::ExplicitlyDenied || after == before, "{before:?} became {after:?}");
    }

    #[test]
    fn one_more_allow_never_takes_anything_away(world in world(false), more in statement(), at: prop::sample::Index) {
        let Some(after) = world.and(&more, "Allow", at) else { return Ok(()) };
        let (before, after) = (world.verdict(), after.verdict());
        prop_assert!(after != Verdict::ExplicitlyDenied || before == after, "{before:?} became {after:?}");
        prop_assert!(before != Verdict::Allowed || after == before, "{before:?} became {after:?}");
        prop_assert!(after != Verdict::ImplicitlyDenied || before == after, "{before:?} became {after:?}");
    }

    #[test]
    fn the_order_of_statements_policies_and_levels_does_not_matter(world in world(false)) {
        let mut turned = world.clone();
        for document in turned.documents() {
            document["Statement"].as_array_mut().expect("a list").reverse();
        }
        turned.identity.reverse();
        let ceilings = turned.boundary.iter_mut().chain(&mut turned.session);
        ceilings.chain(&mut turned.scps).chain(&mut turned.rcps).for_each(|policies| policies.reverse());
        turned.scps.reverse();
        turned.rcps.reverse();
        let (verdict, evidence) = world.with_layers(explain);
        let (again, turned) = turned.with_layers(explain);
        prop_assert_eq!(again, verdict);
        prop_assert_eq!(&turned.blocked_by, &evidence.blocked_by);
        prop_assert_eq!(turned.statements.len(), evidence.statements.len());
        let sorted = |mut names: Vec<String>| { names.sort(); names };
        prop_assert_eq!(sorted(turned.missing), sorted(evidence.missing));
    }

    #[test]
    fn with_everything_known_it_can_be_told(world in world(true)) {
        prop_assert_ne!(world.verdict(), Verdict::CannotTell);
    }

    /// Where a Deny becomes doubtful and nothing allows the request, it stays denied, but no longer by the Deny.
    #[test]
    fn a_key_that_is_not_known_only_opens_the_verdict(world in world(true), unknown in prop::collection::vec(prop::bool::ANY, KEYS.len())) {
        let open = World { unknown, ..world.clone() };
        let (before, after) = (world.verdict(), open.verdict());
        let kept = after == before || after == Verdict::CannotTell;
        let still_denied = before == Verdict::ExplicitlyDenied && after == Verdict::ImplicitlyDenied;
        prop_assert!(kept || still_denied, "{before:?} became {after:?}");
    }

    #[test]
    fn the_reasons_belong_to_the_verdict(world in world(false)) {
        let (verdict, evidence) = world.with_layers(explain);
        prop_assert_eq!(verdict, world.verdict());
        let has = |effect: Effect, truth: Truth| {
            evidence.statements.iter().any(|(statement, is)| statement.effect == effect && *is == truth)
        };
        match verdict {
            Verdict::Allowed => {
                prop_assert!(evidence.blocked_by.is_empty());
                prop_assert!(has(Effect::Allow, Truth::Yes) || world.caller == "111122223333");
                prop_assert!(!has(Effect::Deny, Truth::Yes));
            }
            Verdict::ExplicitlyDenied => {
                prop_assert!(has(Effect::Deny, Truth::Yes) && !has(Effect::Allow, Truth::Yes));
                prop_assert!(!evidence.blocked_by.is_empty());
            }
            Verdict::ImplicitlyDenied => prop_assert!(!has(Effect::Deny, Truth::Yes)),
            Verdict::CannotTell => prop_assert!(has(Effect::Allow, Truth::Unknown) || has(Effect::Deny, Truth::Unknown)),
        }
        prop_assert_eq!(evidence.missing.is_empty(), verdict != Verdict::CannotTell);
        let known = |name: &String| KEYS.iter().position(|key| key == name).is_some_and(|at| !world.unknown[at]);
        prop_assert!(!evidence.missing.iter().any(known), "{:?}", evidence.missing);
        let one = |layer: Layer| evidence.blocked_by.iter().filter(|found| **found == layer).count() < 2;
        prop_assert!(evidence.blocked_by.iter().all(|layer| one(*layer)), "{:?}", evidence.blocked_by);
    }

    /// A context with keys of its own on top of shared ones is the same as one with all of them.
    #[test]
    fn shared_keys_are_as_good_as_own_ones(world in world(false)) {
        let context = world.context();
        let on = Context::on(&std::sync::Arc::new(context.clone()));
        for key in KEYS {
            prop_assert_eq!(on.find(key), context.find(key));
        }
        let own = on.with("k:own", "x");
        prop_assert_eq!(own.find("k:own"), Found::One("x"));
    }
}
