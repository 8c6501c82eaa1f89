//! Rules over millions of records: what many records have in common is asked once, and a record is read whole only when a
//! rule is left that only its own fields decide. It raises exactly what [`Rules::raised`] does.
//!
//! The conditions of a rule must all hold. One that looks at nothing but who called, the agent, the address, the kind of
//! event or the call and its end is decided once for each of these; all others wait for the record.

use std::sync::LazyLock;

use hashbrown::HashMap;
use serde_json::{Value, json};

use super::{Condition, Distinct, Outcome, Rule, Rules, has_failed, rules};
use crate::model::log::hash;

/// How many rules there may be: those of the program and the user's own.
pub const MOST: usize = 64 * WORDS;
const WORDS: usize = 16;

/// Before the rules that one event alone does not raise.
const OF_BURST: char = '~';

/// A set of rules, by their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Mask([u64; WORDS]);

impl Mask {
    fn insert(&mut self, rule: usize) {
        self.0[rule / 64] |= 1 << (rule % 64);
    }

    fn remove(&mut self, rule: usize) {
        self.0[rule / 64] &= !(1 << (rule % 64));
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    fn and(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] & other.0[n]))
    }

    fn without(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] & !other.0[n]))
    }

    fn or(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] | other.0[n]))
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(n, mut word)| {
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(n * 64 + bit)
            })
        })
    }
}

/// What decides a condition, when it is one thing alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Call,
    Identity,
    Agent,
    Address,
    Kind,
    Console,
    Record,
}

const CLASSES: usize = 6;

fn class_of(field: &str) -> Class {
    match field {
        "eventSource" | "eventName" | "errorCode" => Class::Call,
        "@actor"
        | "userIdentity.type"
        | "userIdentity.arn"
        | "userIdentity.principalId"
        | "userIdentity.accountId"
        | "userIdentity.accessKeyId"
        | "userIdentity.userName"
        | "userIdentity.invokedBy"
        | "userIdentity.sessionContext.assumedRoot" => Class::Identity,
        "userAgent" => Class::Agent,
        "sourceIPAddress" => Class::Address,
        "eventType" => Class::Kind,
        "@console" => Class::Console,
        _ => Class::Record,
    }
}

/// The fields of a record at which a condition's field looks.
fn top_level(field: &'static str) -> Vec<&'static str> {
    match field {
        "@actor" => vec!["userIdentity"],
        "@foreign" => vec!["userIdentity", "recipientAccountId"],
        "@console" => vec!["eventType", "sessionCredentialFromConsole", "userAgent"],
        field => vec![field.split('.').next().unwrap_or(field)],
    }
}

fn counts_requests(rule: &Rule) -> bool {
    rule.burst.as_ref().is_some_and(|burst| burst.distinct == Some(Distinct::Resource))
}

/// Which conditions of which rule are decided by what.
struct Plan {
    /// By rule, then by class.
    conditions: Vec<[Vec<&'static Condition>; CLASSES]>,
    /// By rule: the conditions that only the record decides, and the top-level fields that they look at.
    of_record: Vec<(Vec<&'static Condition>, Vec<&'static str>)>,
    /// Rules with a condition of that class.
    has: [Mask; CLASSES],
    /// Rules with a condition that only the record decides.
    needs_record: Mask,
    /// Rules that count different requests.
    needs_request: Mask,
}

fn plan() -> &'static Plan {
    static PLAN: LazyLock<Plan> = LazyLock::new(|| {
        let mut plan = Plan {
            conditions: Vec::new(),
            of_record: Vec::new(),
            has: <[Mask; CLASSES]>::default(),
            needs_record: Mask::default(),
            needs_request: Mask::default(),
        };
        for (n, rule) in rules().all.iter().enumerate().take(MOST) {
            let mut conditions: [Vec<&Condition>; CLASSES] = Default::default();
            let (mut rest, mut fields) = (Vec::new(), Vec::new());
            for condition in &rule.conditions {
                let mut class = None;
                condition.fields(&mut |field| {
                    let of = class_of(field);
                    class = Some(if class.is_none_or(|known| known == of) { of } else { Class::Record });
                });
                match class {
                    Some(Class::Record) | None => {
                        plan.needs_record.insert(n);
                        rest.push(condition);
                        condition.fields(&mut |field| fields.extend(top_level(field)));
                    }
                    Some(class) => {
                        plan.has[class as usize].insert(n);
                        conditions[class as usize].push(condition);
                    }
                }
            }
            if counts_requests(rule) {
                plan.needs_request.insert(n);
                fields.push("requestParameters");
            }
            plan.conditions.push(conditions);
            plan.of_record.push((rest, fields));
        }
        plan
    });
    &PLAN
}

/// What was found out about one agent, address or identity so far.
#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    known: Mask,
    held: Mask,
}

impl Answers {
    /// The rules of `left` whose conditions of this class hold; `part` makes the part of a record that they look at.
    fn narrow(&mut self, left: Mask, class: Class, part: impl FnOnce() -> Option<Value>) -> Option<Mask> {
        let plan = plan();
        let asked = left.and(&plan.has[class as usize]);
        let open = asked.without(&self.known);
        if !open.is_empty() {
            let part = part()?;
            for rule in open.iter() {
                self.known.insert(rule);
                if plan.conditions[rule][class as usize].iter().all(|condition| condition.holds(&part)) {
                    self.held.insert(rule);
                }
            }
        }
        Some(left.without(&asked.without(&self.held)))
    }
}

/// What a reader knows of a record without having read all of it. Words as the record has them; numbers are the reader's
/// own: equal numbers, equal words.
pub struct Seen<'a> {
    pub call: u32,
    pub source: &'a str,
    pub name: &'a str,
    pub error: &'a str,
    /// None: the number tells less than the word.
    pub agent: (Option<u32>, &'a str),
    pub address: (Option<u32>, &'a str),
    pub kind: &'a str,
    /// Made in the console, by what the record says about it (`is_console`).
    pub console: bool,
    pub identity: u32,
}

/// Judges the records of one part of a log.
#[derive(Debug, Default)]
pub struct Judge {
    calls: Vec<Option<Box<Mask>>>,
    agents: Vec<Answers>,
    addresses: Vec<Answers>,
    identities: Vec<Answers>,
    kinds: Vec<(String, Answers)>,
    consoles: [Answers; 2],
    sets: HashMap<Mask, u32>,
}

fn slot<T: Default + Clone>(list: &mut Vec<T>, at: u32) -> &mut T {
    let at = at as usize;
    if list.len() <= at {
        list.resize(at + 1, T::default());
    }
    &mut list[at]
}

impl Judge {
    /// The number of the set of rules that a record raises, 0 when it raises none, and [`request_of`] where that counts. `identity` makes its `userIdentity` (an
    /// object with that key), `field` the value of a top-level field; a new set gets its number from `name`. None: it
    /// cannot be told so.
    pub fn raised(
        &mut self,
        seen: &Seen<'_>,
        identity: impl FnOnce() -> Option<Value>,
        field: impl Fn(&str) -> Option<Value>,
        name: impl FnOnce(&str) -> u32,
    ) -> Option<(u32, u32)> {
        let plan = plan();
        let call = slot(&mut self.calls, seen.call).get_or_insert_with(|| Box::new(of_call(seen)));
        let mut left = **call;
        if left.is_empty() {
            return Some((0, 0));
        }
        let kind = match self.kinds.iter().position(|(kind, _)| kind == seen.kind) {
            Some(at) => &mut self.kinds[at].1,
            None => {
                // Event types are few; a made-up one must not fill the memory.
                self.kinds.truncate(15);
                self.kinds.push((seen.kind.to_owned(), Answers::default()));
                &mut self.kinds.last_mut()?.1
            }
        };
        left = kind.narrow(left, Class::Kind, || Some(json!({ "eventType": some(seen.kind) })))?;
        let mut made_anew = Answers::default();
        let agent = seen.agent.0.map_or(&mut made_anew, |at| slot(&mut self.agents, at));
        left = agent.narrow(left, Class::Agent, || Some(json!({ "userAgent": some(seen.agent.1) })))?;
        let mut made_anew = Answers::default();
        let address = seen.address.0.map_or(&mut made_anew, |at| slot(&mut self.addresses, at));
        left = address.narrow(left, Class::Address, || Some(json!({ "sourceIPAddress": some(seen.address.1) })))?;
        if !left.and(&plan.has[Class::Console as usize]).is_empty() {
            let console = seen.console || super::condition::names_console(seen.agent.1);
            let part = || Some(json!({ "sessionCredentialFromConsole": if console { "true" } else { "false" } }));
            left = self.consoles[usize::from(console)].narrow(left, Class::Console, part)?;
        }
        left = slot(&mut self.identities, seen.identity).narrow(left, Class::Identity, identity)?;
        let open = left.and(&plan.needs_record.or(&plan.needs_request));
        let mut record = serde_json::Map::new();
        for rule in open.iter() {
            let (conditions, fields) = &plan.of_record[rule];
            for &name in fields {
                if !record.contains_key(name) {
                    record.insert(name.to_owned(), field(name)?);
                }
            }
            let part = Value::Object(std::mem::take(&mut record));
            if !conditions.iter().all(|condition| condition.holds(&part)) {
                left.remove(rule);
            }
            if let Value::Object(part) = part {
                record = part;
            }
        }
        if left.is_empty() {
            return Some((0, 0));
        }
        let raised = left.iter().map(|rule| &rules().all[rule]);
        let counted = !left.and(&plan.needs_request).is_empty();
        let request = if counted { request_of(&Value::Object(record)) } else { 0 };
        Some((*self.sets.entry(left).or_insert_with(|| name(&words(raised))), request))
    }
}

/// A field that is empty is as good as missing.
fn some(word: &str) -> Option<&str> {
    (!word.is_empty()).then_some(word)
}

/// The rules that a call and its end may raise.
fn of_call(seen: &Seen<'_>) -> Mask {
    let (rules, plan) = (rules(), plan());
    let mut mask = Mask::default();
    let part = json!({ "eventSource": seen.source, "eventName": seen.name, "errorCode": some(seen.error) });
    let failed = has_failed(&part);
    for rule in rules.of_name(seen.name).filter(|&rule| rule < MOST) {
        let of = &rules.all[rule];
        let ended = match of.outcome {
            Outcome::Any => true,
            Outcome::Failed => failed,
            Outcome::Succeeded => !failed,
        };
        let held = || plan.conditions[rule][Class::Call as usize].iter().all(|condition| condition.holds(&part));
        if ended && of.calls.iter().any(|calls| calls.has(seen.source, seen.name)) && held() {
            mask.insert(rule);
        }
    }
    mask
}

/// Ids of rules, the gravest first and after them, marked, those of which this is one of many.
fn words<'a>(raised: impl Iterator<Item = &'a Rule>) -> String {
    let mut raised: Vec<&Rule> = raised.collect();
    Rules::rank(&mut raised);
    let word = |rule: &&Rule| if rule.burst.is_some() { format!("{OF_BURST}{}", rule.id) } else { rule.id.clone() };
    raised.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The rules that a whole record raises, as ids; empty: it raises none. And the number of its request where that counts.
pub fn of_record(record: &Value) -> (String, u32) {
    let raised = rules().raised(record);
    let counted = raised.iter().any(|rule| counts_requests(rule));
    (words(raised.into_iter()), if counted { request_of(record) } else { 0 })
}

/// A number by which equal requests are known within this process; never 0.
fn request_of(record: &Value) -> u32 {
    (hash(record["requestParameters"].to_string()) as u32).max(1)
}

/// The rules that a set raises by itself, the gravest first.
pub fn alone(set: &str) -> impl Iterator<Item = &'static Rule> {
    set.split(' ').filter(|word| !word.starts_with(OF_BURST)).filter_map(|id| rules().get(id))
}

/// The rules of a set of which its event is one of many.
pub fn of_many(set: &str) -> impl Iterator<Item = &'static Rule> {
    set.split(' ').filter_map(|word| rules().get(word.strip_prefix(OF_BURST)?))
}
