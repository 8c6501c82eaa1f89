//! Detection rules over CloudTrail records: what deserves a look in a management account, and why.
//!
//! Data: `assets/catalog/rules.json`, our own, from AWS's documentation (each rule names its pages) and MITRE ATT&CK. What a
//! condition means is in [`condition`]; the user's own rules are in [`sigma`]; who raised which rule is for `analysis` to say.

mod condition;
pub mod judge;
pub mod sigma;

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

pub use condition::Condition;

const ASSET: &str = include_str!("../../assets/catalog/rules.json");

/// How grave a rule is for a management account; `Info` is context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How the call must have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    #[default]
    Succeeded,
    Failed,
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    Actor,
    Ip,
    AccessKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distinct {
    Name,
    Region,
    Source,
    /// The request, as it stands.
    Resource,
}

/// Only when so many records come together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    pub count: usize,
    /// Such as `10m`.
    pub within: String,
    pub by: By,
    /// So many different values of it, rather than so many records.
    pub distinct: Option<Distinct>,
}

/// Calls of a service: names that end in `*` are beginnings; the source `*` is any.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    pub source: String,
    pub names: Vec<String>,
}

impl Burst {
    /// [`Self::within`] in seconds; a test reads all of them.
    pub fn seconds(&self) -> u32 {
        let (number, unit) = self.within.split_at(self.within.len().saturating_sub(1));
        let unit = match unit {
            "h" => 3_600,
            "m" => 60,
            _ => 1,
        };
        number.parse::<u32>().map_or(0, |number| number.saturating_mul(unit))
    }
}

impl Calls {
    fn has(&self, source: &str, name: &str) -> bool {
        (self.source == "*" || self.source == source)
            && self.names.iter().any(|known| match known.strip_suffix('*') {
                Some(beginning) => name.starts_with(beginning),
                None => known == name,
            })
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable: the plane and a word.
    pub id: String,
    pub title: String,
    pub why: String,
    pub severity: Severity,
    /// Such as `organization`, `root`, `identity`, `logging`.
    pub plane: String,
    /// MITRE ATT&CK techniques.
    pub attack: Vec<String>,
    pub calls: Vec<Calls>,
    #[serde(default)]
    pub outcome: Outcome,
    /// All must hold.
    #[serde(default, rename = "where")]
    pub conditions: Vec<Condition>,
    pub burst: Option<Burst>,
    pub pages: Vec<String>,
}

impl Rule {
    /// Whether a record is what the rule looks for; of a rule with a burst, one of the many.
    pub fn matches(&self, record: &Value) -> bool {
        let word = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or("");
        let (source, name) = (word("eventSource"), word("eventName"));
        self.calls.iter().any(|calls| calls.has(source, name)) && self.holds(record)
    }

    fn holds(&self, record: &Value) -> bool {
        let ended = match self.outcome {
            Outcome::Any => true,
            Outcome::Failed => has_failed(record),
            Outcome::Succeeded => !has_failed(record),
        };
        ended && self.conditions.iter().all(|condition| condition.holds(record))
    }
}

/// A call failed with an `errorCode`; a sign-in says it in its response (CloudTrail User Guide, "Console sign-in events").
fn has_failed(record: &Value) -> bool {
    let error = record.get("errorCode").and_then(Value::as_str).is_some_and(|code| !code.is_empty());
    error || (record["eventName"] == "ConsoleLogin" && record["responseElements"]["ConsoleLogin"] == "Failure")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asset {
    #[serde(rename = "about")]
    _about: String,
    rules: Vec<Rule>,
}

/// All rules, and where to look for those of a call.
#[derive(Debug)]
pub struct Rules {
    pub all: Vec<Rule>,
    /// By a name that one of them has in full.
    by_name: HashMap<String, Vec<usize>>,
    by_id: HashMap<String, usize>,
    /// Those with beginnings of names.
    wide: Vec<usize>,
    /// Which of the user's own are not among them, in a few words.
    pub left_out: String,
}

impl Rules {
    fn of(all: Vec<Rule>, left_out: String) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut wide = Vec::new();
        for (n, rule) in all.iter().enumerate() {
            let names: Vec<&String> = rule.calls.iter().flat_map(|calls| &calls.names).collect();
            if names.iter().any(|name| name.ends_with('*')) {
                wide.push(n);
                continue;
            }
            for name in names {
                let rules = by_name.entry(name.clone()).or_default();
                if rules.last() != Some(&n) {
                    rules.push(n);
                }
            }
        }
        let by_id = all.iter().enumerate().map(|(n, rule)| (rule.id.clone(), n)).collect();
        Self { all, by_name, by_id, wide, left_out }
    }

    /// Those that calls of this name may raise.
    fn of_name(&self, name: &str) -> impl Iterator<Item = usize> + '_ {
        self.by_name.get(name).map_or(&[][..], Vec::as_slice).iter().chain(&self.wide).copied()
    }

    /// The rules that a record raises, the gravest first; after them those with a burst, of which it is one of the many.
    pub fn raised(&self, record: &Value) -> Vec<&Rule> {
        let name = record.get("eventName").and_then(Value::as_str).unwrap_or("");
        let mut raised: Vec<&Rule> =
            self.of_name(name).map(|n| &self.all[n]).filter(|rule| rule.matches(record)).collect();
        Self::rank(&mut raised);
        raised
    }

    fn rank(raised: &mut [&Rule]) {
        let place = |rule: &Rule| (rule.burst.is_some(), std::cmp::Reverse(rule.severity));
        raised.sort_by(|one, two| place(one).cmp(&place(two)).then_with(|| one.id.cmp(&two.id)));
    }

    /// Where the rule of this id stands in `all`.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The rule of this id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.by_id.get(id).map(|&n| &self.all[n])
    }
}

static RULES: OnceLock<Rules> = OnceLock::new();

/// The rules that come with the program, and the user's own.
pub fn rules() -> &'static Rules {
    RULES.get_or_init(|| Rules::of(standard(), String::new()))
}

/// The rules that come with the program.
fn standard() -> Vec<Rule> {
    let asset: Asset = serde_json::from_str(ASSET).expect("assets/catalog/rules.json is read by a test");
    asset.rules
}

/// Somebody has asked for the rules already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rules are in use already")]
pub struct InUse;

/// Adds the user's own, once and before the first use.
///
/// # Errors
/// [`InUse`].
pub fn install(own: sigma::Own) -> Result<(), InUse> {
    let left_out = own.note();
    let all = standard().into_iter().chain(own.rules).collect();
    RULES.set(Rules::of(all, left_out)).map_err(|_| InUse)
}

#[cfg(test)]
mod tests;
