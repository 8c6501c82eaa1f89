//! Faults on demand: which calls are refused, slowed, torn or spoiled, set from a test while the program runs.
//!
//! A target is `service:Operation@region`; `*` stands for any name, and the Region may be left out.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;

use super::call::{Answer, Call, Protocol};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not authorized, in the words of the service's protocol.
    Deny,
    /// Too many requests.
    Throttle,
    /// No answer until [`Faults::release`] or [`Faults::clear`].
    Stall,
    /// The connection is reset.
    Reset,
    /// An HTML page with status 500, as moto answers operations that it does not have.
    Html,
    /// An HTML page with status 200, as a captive portal answers.
    Portal,
    /// The right answer, cut in the middle.
    Truncate,
    /// The security token has expired.
    Expire,
    /// Service unavailable.
    Unavailable,
    /// The right answer, late.
    Delay(Duration),
}

/// What is to happen to a call.
pub enum Blow {
    None,
    Answer(Answer),
    Reset,
    Truncate,
}

/// Which calls are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    service: String,
    operation: String,
    region: String,
}

impl Target {
    pub fn parse(text: &str) -> Self {
        let (call, region) = text.split_once('@').unwrap_or((text, "*"));
        let (service, operation) = call.split_once(':').unwrap_or((call, "*"));
        Self { service: service.to_owned(), operation: operation.to_owned(), region: region.to_owned() }
    }

    pub fn matches(&self, call: &Call) -> bool {
        let fits = |wanted: &str, found: &str| wanted == "*" || wanted == found;
        fits(&self.service, &call.service) && fits(&self.operation, &call.operation) && fits(&self.region, &call.region)
    }
}

#[derive(Debug)]
struct Rule {
    target: Target,
    fault: Fault,
    /// How often it strikes yet; `None` for always.
    left: Option<u32>,
    hits: u32,
}

/// The rules in force; the first that matches strikes.
#[derive(Debug)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
    gate: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { rules: Mutex::default(), gate: watch::channel(0).0 }
    }
}

impl Faults {
    /// From now on, always.
    pub fn on(&self, target: &str, fault: Fault) {
        self.add(target, fault, None);
    }

    /// The next `times` calls that match.
    pub fn times(&self, target: &str, fault: Fault, times: u32) {
        self.add(target, fault, Some(times));
    }

    fn add(&self, target: &str, fault: Fault, left: Option<u32>) {
        self.rules().push(Rule { target: Target::parse(target), fault, left, hits: 0 });
    }

    /// How often the rules for this very target have struck.
    pub fn hits(&self, target: &str) -> u32 {
        let target = Target::parse(target);
        self.rules().iter().filter(|rule| rule.target == target).map(|rule| rule.hits).sum()
    }

    /// No more faults; stalled calls are answered.
    pub fn clear(&self) {
        self.rules().clear();
        self.open_gate();
    }

    /// Stalled calls are answered, and new ones no longer stalled.
    pub fn release(&self) {
        self.rules().retain(|rule| rule.fault != Fault::Stall);
        self.open_gate();
    }

    fn open_gate(&self) {
        self.gate.send_modify(|opened| *opened += 1);
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().expect("nobody panicked with the rules")
    }

    fn pick(&self, call: &Call) -> Option<Fault> {
        let mut rules = self.rules();
        let rule = rules.iter_mut().find(|rule| rule.left != Some(0) && rule.target.matches(call))?;
        rule.hits += 1;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.fault)
    }

    pub async fn strike(&self, call: &Call) -> Blow {
        // Taken before the rule is read, so that a release in between is not missed.
        let mut gate = self.gate.subscribe();
        let Some(fault) = self.pick(call) else { return Blow::None };
        Blow::Answer(match fault {
            Fault::Deny => denied(call),
            Fault::Throttle => throttled(call),
            Fault::Expire => expired(call),
            Fault::Html => Answer::html_page(),
            Fault::Portal => Answer { status: 200, ..Answer::html_page() },
            Fault::Unavailable => Answer::error(call, 503, "ServiceUnavailable", "Service is unavailable"),
            Fault::Reset => return Blow::Reset,
            Fault::Truncate => return Blow::Truncate,
            Fault::Stall => {
                // Fails only when the front has gone, and the call with it.
                let _ = gate.changed().await;
                return Blow::None;
            }
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                return Blow::None;
            }
        })
    }
}

fn denied(call: &Call) -> Answer {
    let message = format!(
        "User: arn:aws:sts::123456789012:assumed-role/Reader/test is not authorized to perform: {action} on resource: * \
         because no identity-based policy allows the {action} action",
        action = call.action()
    );
    match call.protocol {
        Protocol::Query => Answer::error(call, 403, "AccessDenied", &message),
        Protocol::Json => Answer::error(call, 400, "AccessDeniedException", &message),
        Protocol::RestJson => Answer::error(call, 403, "AccessDeniedException", &message),
    }
}

pub fn throttled(call: &Call) -> Answer {
    match call.protocol {
        Protocol::Query => Answer::error(call, 400, "Throttling", "Rate exceeded"),
        Protocol::Json => Answer::error(call, 400, "ThrottlingException", "Rate exceeded"),
        Protocol::RestJson => Answer::error(call, 429, "ThrottlingException", "Rate exceeded"),
    }
}

fn expired(call: &Call) -> Answer {
    let message = "The security token included in the request is expired";
    match call.protocol {
        Protocol::Query => Answer::error(call, 403, "ExpiredToken", message),
        Protocol::Json => Answer::error(call, 400, "ExpiredTokenException", message),
        Protocol::RestJson => Answer::error(call, 403, "ExpiredTokenException", message),
    }
}
