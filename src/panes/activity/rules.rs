//! The detail's answer to "why does this deserve a look": the rules that an event's record raises.

use crate::catalog::rules::{Burst, By, Rule, Severity, rules};
use crate::panes::cell::Tone;
use crate::panes::document::Line;

/// A few lines for each rule, the gravest first. `record`: the record, or why it cannot be had.
pub fn lines(record: &Result<String, String>) -> Vec<Line> {
    let record = match record {
        Ok(raw) => serde_json::from_str(raw).unwrap_or_default(),
        Err(why) => return vec![Line::toned(format!("not known: the record cannot be read: {why}"), Tone::Warn)],
    };
    rules().raised(&record).into_iter().flat_map(of_rule).collect()
}

fn of_rule(rule: &Rule) -> Vec<Line> {
    let tone = match rule.severity {
        Severity::Critical | Severity::High => Tone::Bad,
        Severity::Medium | Severity::Low => Tone::Warn,
        Severity::Info => Tone::Dim,
    };
    // One of a burst is an ordinary event by itself.
    let tone = if rule.burst.is_some() { Tone::Dim } else { tone };
    let mut lines = vec![Line::toned(rule.severity.word(), tone).and(format!("  {}", rule.title), Tone::Plain)];
    lines.push(Line::toned(rule.why.clone(), Tone::Dim).indent(1));
    if let Some(burst) = &rule.burst {
        lines.push(Line::toned(together(burst), Tone::Dim).indent(1));
    }
    let pages = rule.pages.join(" ");
    lines.push(Line::toned(format!("{}  {pages}", rule.attack.join(" ")), Tone::Dim).indent(1));
    lines
}

/// What a burst takes; whether there was one is not said here.
fn together(burst: &Burst) -> String {
    let by = match burst.by {
        By::Actor => "of one principal",
        By::Ip => "from one address",
        By::AccessKey => "with one access key",
    };
    format!("only if {} or more come {by} within {}: this is one such event", burst.count, burst.within)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(record: &str) -> String {
        let style = crate::panes::TimeStyle::utc(jiff::Timestamp::UNIX_EPOCH);
        lines(&Ok(record.to_owned())).iter().map(|line| line.plain(&style) + "\n").collect()
    }

    #[test]
    fn a_rule_is_told_with_its_reason_and_source() {
        let told = text(
            r#"{"eventSource":"organizations.amazonaws.com","eventName":"DetachPolicy","requestParameters":{"policyId":"p-1"}}"#,
        );
        assert!(told.starts_with("high  A policy was detached from a root, unit or account\n"), "{told}");
        assert!(told.contains("T1562.001") && told.contains("https://docs.aws.amazon.com/"), "{told}");
        assert_eq!(text(r#"{"eventSource":"x.amazonaws.com","eventName":"Nothing"}"#), "");
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_for_clean() {
        let told = lines(&Err("gone".to_owned()));
        assert_eq!(told.len(), 1);
    }
}
