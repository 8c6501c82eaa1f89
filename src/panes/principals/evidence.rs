//! Evidence in words: what was asked, and the statements that answered, each with the policy in which it stands.

use crate::analysis::policy::{Effect, Layer, Verdict};
use crate::analysis::power::holdings::{By, PolicyKind};
use crate::analysis::power::{Answer, Cited, Need, NodeId, NodeKind, Power};
use crate::model::event::principal_key;
use crate::panes::PaneId;
use crate::panes::cell::Tone;
use crate::panes::document::{Line, Target};

/// `iam:PassRole on arn:aws:iam::111122223333:role/x with iam:PassedToService = ec2.amazonaws.com`.
pub fn need(need: &Need) -> String {
    let mut words = format!("{} on {}", need.action.name(), need.resource);
    for (key, value) in &need.keys {
        words.push_str(&format!(" with {key} = {value}"));
    }
    words
}

/// `Allow, statement 2 (Sid) of AdministratorAccess by group Admins`.
fn cited(power: &Power, cited: &Cited) -> String {
    let named = power.graph.library.get(cited.policy);
    let statement = named.policy.statements.get(cited.at.statement);
    let sid = statement.and_then(|statement| statement.sid.as_ref()).map_or(String::new(), |sid| format!(" ({sid})"));
    let effect = if cited.at.effect == Effect::Allow { "Allow" } else { "Deny" };
    let by = match (&cited.by, cited.at.layer) {
        (_, Layer::Boundary) => " as the boundary".to_owned(),
        (_, Layer::Resource) => format!(" of {}", named.arn.resource()),
        (By::Itself, _) => String::new(),
        (By::Group(group), _) => format!(" by group {group}"),
        (By::PermissionSet(set), _) => format!(" by permission set {set}"),
    };
    let open = if cited.certain { "" } else { ", if its conditions hold" };
    format!("{effect}, statement {}{sid} of {}{by}{open}", cited.at.statement + 1, named.name)
}

/// Where a statement stands: in the principal's own JSON, or with the role whose trust policy it is.
fn place(power: &Power, who: NodeId, cited: &Cited) -> Target {
    let named = power.graph.library.get(cited.policy);
    let node = power.graph.node(who);
    let own = if node.kind == NodeKind::User { "user" } else { "role" };
    let mut path = match named.kind {
        PolicyKind::Managed => vec!["policies".to_owned(), named.arn.to_string()],
        PolicyKind::Inline => vec![own.to_owned(), "inline".to_owned(), named.name.to_string(), "document".to_owned()],
        PolicyKind::Trust if named.arn == node.arn => vec![own.to_owned(), "trust".to_owned()],
        PolicyKind::Trust => {
            return Target::Tab(PaneId::Principals, principal_key(&named.arn).to_string(), super::TRUST);
        }
    };
    path.extend(["Statement".to_owned(), cited.at.statement.to_string()]);
    Target::RawAt(path)
}

/// The statements that answer a need, a line each; and what would have to be known.
pub fn lines(power: &Power, need: &Need, indent: u16) -> Vec<Line> {
    of_answer(power, need.who, &power.graph.explain(need), indent)
}

pub fn of_answer(power: &Power, who: NodeId, answer: &Answer, indent: u16) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let root = power.graph.node(who).kind == NodeKind::Root;
    if root {
        lines.push(Line::toned("root is allowed everything; no policy binds it here", Tone::Dim).indent(indent));
    }
    let mut told: Vec<String> = Vec::new();
    for one in &answer.statements {
        let words = cited(power, one);
        if told.contains(&words) {
            continue;
        }
        let tone = if one.certain { Tone::Dim } else { Tone::Warn };
        let mut line = Line::toned(words.clone(), tone).indent(indent).to(place(power, who, one));
        if let Some(statement) = power.graph.library.policy(one.policy).statements.get(one.at.statement)
            && !statement.conditions.is_empty()
        {
            let conditions: Vec<String> = statement.conditions.iter().map(|one| one.words()).collect();
            line = line.and(format!(" [{}]", conditions.join("; ")), Tone::Warn);
        }
        told.push(words);
        lines.push(line);
    }
    if answer.verdict == Verdict::CannotTell && !answer.missing.is_empty() {
        let words = format!("cannot tell without {}", answer.missing.join(", "));
        lines.push(Line::toned(words, Tone::Warn).indent(indent));
    }
    lines
}

/// The same, and what speaks against it: every other Deny that names the action, and the boundary's other statements.
pub fn with_limits(power: &Power, need: &Need, indent: u16) -> Vec<Line> {
    let answer = power.graph.explain(need);
    let place = |one: &Cited| (one.policy, one.at.layer, one.at.statement);
    let told = |limit: &Cited| answer.statements.iter().any(|one| place(one) == place(limit));
    let limits = power.graph.limits(need.who, need.action).into_iter().filter(|limit| !told(limit));
    let limited = |limit| Line::toned(format!("limited: {}", cited(power, &limit)), Tone::Good).indent(indent);
    let limits: Vec<Line> = limits.map(limited).collect();
    let mut lines = of_answer(power, need.who, &answer, indent);
    lines.extend(limits);
    lines
}
