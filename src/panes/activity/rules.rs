//! The detail's answer to "why does this deserve a look": the rules that an event raises, by itself or as one of many.

use jiff::Timestamp;

use crate::analysis::Assessment;
use crate::analysis::activity::bursts::Raised;
use crate::catalog::rules::{By, Rule, Severity};
use crate::model::EventId;
use crate::model::log::Field;
use crate::panes::PaneId;
use crate::panes::cell::Tone;
use crate::panes::document::{Line, Target};
use crate::panes::filter::quote;

pub fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Critical | Severity::High => Tone::Bad,
        Severity::Medium | Severity::Low => Tone::Warn,
        Severity::Info => Tone::Dim,
    }
}

/// A few lines for each rule, the gravest first.
pub fn lines(a: &Assessment, row: usize) -> Vec<Line> {
    let row = u32::try_from(row).unwrap_or(u32::MAX);
    let of_rule = |rule: &&'static Rule| {
        let mut lines = vec![
            Line::toned(rule.severity.word(), tone(rule.severity))
                .and(format!("  {}", rule.title), Tone::Plain)
                .to(Target::Filter(PaneId::Activity, format!("rule:{}", quote(&rule.id)))),
            Line::toned(rule.why.clone(), Tone::Dim).indent(1),
        ];
        let bursts = a.activity.bursts.of(row).filter(|burst| burst.rule.id == rule.id);
        lines.extend(bursts.map(|burst| together(a, row, burst).indent(1)));
        let pages = rule.pages.join(" ");
        lines.push(Line::toned(format!("{}  {}  {pages}", rule.id, rule.attack.join(" ")), Tone::Dim).indent(1));
        lines
    };
    a.activity.raised.get(row).rules.iter().flat_map(of_rule).collect()
}

/// Of which events it is one; the line leads to them.
fn together(a: &Assessment, row: u32, burst: &Raised) -> Line {
    let event = a.facts.events.get(EventId(row));
    let (by, field, word) = match burst.rule.burst.as_ref().map(|burst| burst.by) {
        Some(By::Ip) => ("from this address", "ip", event.word(Field::Ip)),
        Some(By::AccessKey) => ("with this access key", "key", event.word(Field::AccessKey)),
        Some(By::Actor) | None => ("of this principal", "arn", event.word(Field::ActorKey)),
    };
    let time = |seconds: u32| Timestamp::from_second(i64::from(seconds)).unwrap_or_default();
    let (first, last) = (time(burst.first), time(burst.last));
    let filter = format!("rule:{} {field}={} between:{first}..{last}", quote(&burst.rule.id), quote(word));
    Line::toned(format!("one of {} events {by} from ", burst.rows.len()), Tone::Plain)
        .and_time(first)
        .and(" to ", Tone::Plain)
        .and_time(last)
        .to(Target::Filter(PaneId::Activity, filter))
}
