//! Rules of the user's own in the Sigma format, made into rules like ours.
//!
//! The crates rsigma-parser and rsigma-eval read and compare. What all of a rule's parts must hold for becomes a condition
//! each, so that a record is read only where who called, the call or the agent alone do not say no. What a part of a record
//! cannot tell is refused by name.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rsigma_eval::{CompiledRule, Event, EventValue, compile_rule, evaluate_rule};
use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, Detections, Level, Modifier, SigmaRule, parse_sigma_yaml,
};
use serde_json::Value;

use super::judge::MOST;
use super::{Calls, Condition, Outcome, Rule, Severity, standard};
use crate::model::text::clean;

/// Before the ids of such rules.
pub const PLANE: &str = "sigma";

/// What came of the files of a folder.
#[derive(Debug, Default)]
pub struct Own {
    pub rules: Vec<Rule>,
    /// How many files were looked at.
    pub files: usize,
    /// Rules of other logs than CloudTrail's.
    pub others: usize,
    /// A file and why it, or a rule in it, is not among them.
    pub refused: Vec<(String, String)>,
    ids: HashSet<String>,
}

impl Own {
    /// Takes in a file: its name, and its text or why there is none.
    pub fn add(&mut self, name: &str, text: Result<&str, String>) {
        self.files += 1;
        let refused = match text.and_then(|text| parse_sigma_yaml(text).map_err(|error| error.to_string())) {
            Err(why) => vec![why],
            Ok(found) => {
                let mut refused = found.errors;
                refused.extend(found.correlations.iter().map(|rule| format!("{}: a correlation of rules", rule.title)));
                refused.extend(found.filters.iter().map(|rule| format!("{}: a filter of other rules", rule.title)));
                if found.rules.is_empty() && refused.is_empty() {
                    refused.push("holds no rule".into());
                }
                for rule in &found.rules {
                    if let Err(why) = self.rule(name, rule) {
                        refused.push(why);
                    }
                }
                refused
            }
        };
        self.refused.extend(refused.into_iter().map(|why| (line(name, 200), line(&why, 200))));
    }

    fn rule(&mut self, file: &str, sigma: &SigmaRule) -> Result<(), String> {
        let is = |word: &Option<String>, wanted| word.as_deref().is_some_and(|word| word.eq_ignore_ascii_case(wanted));
        if !is(&sigma.logsource.product, "aws") || !is(&sigma.logsource.service, "cloudtrail") {
            self.others += 1;
            return Ok(());
        }
        let room = MOST.saturating_sub(standard().len());
        if self.rules.len() >= room {
            return Err(format!("there is room for {room} rules"));
        }
        let conditions = conditions(sigma)?;
        let id = self.id(file);
        self.rules.push(rule(id, sigma, conditions));
        Ok(())
    }

    /// From the file's name, since that is what people know a rule by.
    fn id(&mut self, file: &str) -> String {
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
        let slug: String = stem.chars().map(plain).take(80).collect();
        let first = format!("{PLANE}.{slug}");
        let numbered = (2..).map(|n| format!("{first}-{n}"));
        let id = std::iter::once(first.clone()).chain(numbered).find(|id| !self.ids.contains(id)).unwrap_or(first);
        self.ids.insert(id.clone());
        id
    }

    /// How many files are not understood, in whole or in part; empty when all are.
    pub fn note(&self) -> String {
        let files: BTreeSet<&str> = self.refused.iter().map(|(file, _)| file.as_str()).collect();
        let names: Vec<&str> = files.iter().copied().take(3).collect();
        match files.len() {
            0 => String::new(),
            n => {
                let more = if n > names.len() { format!(", {} more", n - names.len()) } else { String::new() };
                format!("{n} of {} rule files not understood: {}{more}", self.files, names.join(", "))
            }
        }
    }
}

fn rule(id: String, sigma: &SigmaRule, conditions: Vec<Condition>) -> Rule {
    let technique = |tag: &String| {
        let tag = tag.to_ascii_lowercase();
        let number = tag.strip_prefix("attack.t")?;
        let shaped = number.bytes().all(|b| b.is_ascii_digit() || b == b'.') && number.len() >= 4;
        shaped.then(|| format!("T{number}"))
    };
    let title = line(&sigma.title, 120);
    let why = sigma.description.as_deref().map(|text| line(text, 300)).filter(|text| !text.is_empty());
    Rule {
        id,
        why: why.unwrap_or_else(|| title.clone()),
        title,
        severity: match sigma.level {
            Some(Level::Informational) => Severity::Info,
            Some(Level::Low) => Severity::Low,
            Some(Level::Medium) | None => Severity::Medium,
            Some(Level::High) => Severity::High,
            Some(Level::Critical) => Severity::Critical,
        },
        plane: PLANE.to_owned(),
        attack: sigma.tags.iter().filter_map(technique).collect(),
        // Sigma compares without regard to case: the conditions tell the calls.
        calls: vec![Calls { source: "*".into(), names: vec!["*".into()] }],
        outcome: Outcome::Any,
        conditions,
        burst: None,
        pages: sigma.references.iter().filter(|page| page.starts_with("http")).map(|page| line(page, 300)).collect(),
    }
}

/// Clean and on one line.
fn line(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    clean(&text).chars().take(most).collect()
}

/// All must hold.
fn conditions(sigma: &SigmaRule) -> Result<Vec<Condition>, String> {
    let detection = &sigma.detection;
    if detection.timeframe.is_some() {
        return Err("`timeframe`: many events together".into());
    }
    // Whatever is wrong with the rule as a whole.
    compile_rule(sigma).map_err(|error| error.to_string())?;
    let [condition] = &detection.conditions[..] else {
        // Several: any of them.
        let any = ConditionExpr::Or(detection.conditions.clone());
        return Ok(vec![part(sigma, detection.named.clone(), any)?]);
    };
    let mut conditions = Vec::new();
    split(sigma, condition, &mut conditions)?;
    Ok(conditions)
}

/// What stands between `and`s, and the fields of a selection, each by itself.
fn split(sigma: &SigmaRule, condition: &ConditionExpr, into: &mut Vec<Condition>) -> Result<(), String> {
    match condition {
        ConditionExpr::And(parts) => parts.iter().try_for_each(|part| split(sigma, part, into)),
        ConditionExpr::Identifier(name) => match sigma.detection.named.get(name) {
            Some(Detection::AllOf(items)) if !items.is_empty() => items.iter().try_for_each(|item| {
                let named = HashMap::from([(name.clone(), Detection::AllOf(vec![item.clone()]))]);
                into.push(part(sigma, named, condition.clone())?);
                Ok(())
            }),
            _ => {
                into.push(part(sigma, sigma.detection.named.clone(), condition.clone())?);
                Ok(())
            }
        },
        other => {
            into.push(part(sigma, sigma.detection.named.clone(), other.clone())?);
            Ok(())
        }
    }
}

/// A condition over those of the detections that it names.
fn part(sigma: &SigmaRule, named: HashMap<String, Detection>, condition: ConditionExpr) -> Result<Condition, String> {
    let mut names = BTreeSet::new();
    names_of(&condition, &named, &mut names)?;
    let named: HashMap<String, Detection> = named.into_iter().filter(|(name, _)| names.contains(name)).collect();
    let mut fields = BTreeSet::new();
    named.values().try_for_each(|detection| fields_of(detection, &mut fields))?;
    if fields.is_empty() {
        return Err("names no field".into());
    }
    let mut rule = sigma.clone();
    (rule.tags, rule.custom_attributes, rule.description) = (Vec::new(), HashMap::new(), None);
    rule.detection = Detections { named, conditions: vec![condition], condition_strings: Vec::new(), timeframe: None };
    let compiled = compile_rule(&rule).map_err(|error| error.to_string())?;
    Ok(Condition::Sigma(Compiled { fields: fields.into_iter().collect(), rule: Arc::new(compiled) }))
}

fn names_of(
    condition: &ConditionExpr,
    named: &HashMap<String, Detection>,
    into: &mut BTreeSet<String>,
) -> Result<(), String> {
    match condition {
        ConditionExpr::And(list) | ConditionExpr::Or(list) => {
            list.iter().try_for_each(|one| names_of(one, named, into))
        }
        ConditionExpr::Not(one) => names_of(one, named, into),
        ConditionExpr::Identifier(name) => {
            into.insert(name.clone());
            Ok(())
        }
        ConditionExpr::Selector { pattern, .. } => {
            let before = into.len();
            let found: Vec<&String> = named.keys().filter(|name| pattern.matches_detection_name(name)).collect();
            if found.is_empty() && before == into.len() {
                return Err(format!("`{condition}` names no detection"));
            }
            into.extend(found.into_iter().cloned());
            Ok(())
        }
    }
}

fn fields_of(detection: &Detection, into: &mut BTreeSet<String>) -> Result<(), String> {
    match detection {
        Detection::AllOf(items) => items.iter().try_for_each(|item| {
            into.insert(field_of(item)?);
            Ok(())
        }),
        Detection::AnyOf(list) | Detection::And(list) => list.iter().try_for_each(|one| fields_of(one, into)),
        Detection::Keywords(_) => Err("words in any field are not looked for".into()),
        Detection::ArrayMatch { field, .. } => Err(format!("`{field}`: a block over the elements of a list")),
        Detection::Conditional { .. } => Err("a condition within a detection".into()),
    }
}

fn field_of(item: &DetectionItem) -> Result<String, String> {
    let Some(field) = &item.field.name else {
        return Err("words in any field are not looked for".into());
    };
    if field.contains(['[', ']', '\\', '@']) || field.split('.').any(str::is_empty) {
        return Err(format!("`{field}`: no path of keys with dots between"));
    }
    for (modifier, word) in [(Modifier::FieldRef, "fieldref"), (Modifier::Expand, "expand")] {
        if item.field.has_modifier(modifier) {
            return Err(format!("`{field}`: the modifier `{word}`"));
        }
    }
    Ok(field.clone())
}

/// A part of a rule, ready to be asked.
#[derive(Clone, Debug)]
pub struct Compiled {
    fields: Vec<String>,
    rule: Arc<CompiledRule>,
}

impl Compiled {
    pub fn holds(&self, record: &Value) -> bool {
        evaluate_rule(&self.rule, &Record(record)).is_some()
    }

    /// The paths of the fields that it looks at.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(String::as_str)
    }
}

/// A record, or a part of one that has the fields in question. A field that is null or empty is as good as missing; a list
/// means any of its elements, and an object its JSON.
struct Record<'a>(&'a Value);

impl Event for Record<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        let mut found = Vec::new();
        values(self.0, path, &mut found);
        if found.len() > 1 { Some(EventValue::Array(found)) } else { found.pop() }
    }

    fn any_string_value(&self, _: &dyn Fn(&str) -> bool) -> bool {
        false
    }

    fn all_string_values(&self) -> Vec<std::borrow::Cow<'_, str>> {
        Vec::new()
    }

    fn to_json(&self) -> Value {
        Value::Null
    }
}

fn values<'a>(value: &'a Value, path: &str, into: &mut Vec<EventValue<'a>>) {
    match value {
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::Array(list) => list.iter().for_each(|one| values(one, path, into)),
        Value::Object(_) if path.is_empty() => into.push(EventValue::Str(value.to_string().into())),
        Value::Object(fields) => {
            let (key, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(value) = fields.get(key) {
                values(value, rest, into);
            }
        }
        value if path.is_empty() => into.push(EventValue::from(value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
