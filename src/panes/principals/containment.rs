//! The containment table in the detail of a principal: what would stop it, what would not, and the commands as text.
//! Nothing here, and nothing that it leads to, runs a command.

use super::super::PaneId;
use super::super::cell::Tone;
use super::super::document::{Line, Section, Target};
use super::super::filter::{exactly, quote};
use crate::analysis::Assessment;
use crate::analysis::containment::{self, Effect, Link, Step, Tally, Use};
use crate::model::{Ask, Status};

/// Sections of the tab: the table in short, then each step with its reasons, in the same order.
pub(super) fn sections(a: &Assessment, row: usize) -> Vec<Section> {
    let Some(principal) = a.principals.get(row) else { return Vec::new() };
    let steps = containment::steps(a, principal);
    let mut sections = vec![Section { heading: "What would stop it here".into(), lines: table(a, &steps) }];
    sections.extend(steps.iter().map(|step| {
        // What several steps break alike is told once.
        let same = |known: &&Step| known.order < step.order && step.breaks.len() > 1 && known.breaks == step.breaks;
        let told = steps.iter().find(same).map(|known| known.order);
        Section { heading: heading(step), lines: lines(a, step, told) }
    }));
    sections
}

/// The mark is a word, so that it needs no colour, and of one width, so that a glance down the column does.
fn heading(step: &Step) -> String {
    format!("{:>2}  {:<7}  {}", step.order, step.effect.word(), step.name)
}

fn tone(effect: Effect) -> Tone {
    match effect {
        Effect::Stops => Tone::Good,
        Effect::StopsInPart | Effect::CannotTell => Tone::Warn,
        Effect::DoesNotStop => Tone::Dim,
    }
}

fn table(a: &Assessment, steps: &[Step]) -> Vec<Line> {
    let mut lines: Vec<Line> = steps
        .iter()
        .map(|step| {
            Line::toned(format!("{:>2}  {:<7}", step.order, step.effect.word()), tone(step.effect))
                .and(format!("  {}", step.name), Tone::Plain)
        })
        .collect();
    lines.push(Line::toned("The commands are text to copy. mgmtscope runs none of them.", Tone::Dim));
    // IAM User Guide, id_credentials_temp_control-access_disable-perms.
    lines.push(Line::toned("A changed policy may take a few minutes to work everywhere.", Tone::Dim));
    if a.facts.coverage.status(Ask::Events) != Status::Complete {
        lines.push(Line::toned(
            match super::no_events_read(a) {
                true => "No events were read: what a step breaks is not known.",
                false => "The events were not read to the end: a step may break more than is named here.",
            },
            Tone::Warn,
        ));
    }
    lines
}

/// `told`: the step that breaks the same and has said so.
fn lines(a: &Assessment, step: &Step, told: Option<usize>) -> Vec<Line> {
    let mut lines = vec![Line::field("Why", step.why.as_str())];
    if let Some(leaves) = &step.leaves {
        lines.push(Line::field("Leaves open", leaves.as_str()));
    }
    if step.effect != Effect::DoesNotStop {
        match told {
            Some(order) => lines.push(Line::field("Breaks", format!("the same as step {order}"))),
            None if step.breaks.is_empty() => {
                let none = super::no_events_read(a);
                let words = if none { "not known: no events were read" } else { "nothing that was seen in the period" };
                lines.push(Line::field_toned("Breaks", words, Tone::Dim));
            }
            None => {
                let labels = std::iter::once("Breaks").chain(std::iter::repeat(""));
                lines.extend(step.breaks.iter().zip(labels).map(|(one, label)| used(a, label, one)));
            }
        }
    }
    for (command, label) in step.commands.iter().zip(std::iter::once("Run").chain(std::iter::repeat(""))) {
        lines.push(Line::field(label, command.as_str()));
    }
    if let Some(why) = &step.withheld {
        lines.push(Line::field_toned("No command", why.as_str(), Tone::Warn));
    }
    lines.push(Line::field_toned("Source", step.source, Tone::Dim));
    lines
}

/// `session alice, 12 events from 2 addresses, last 2026-10-31 ...`.
fn used(a: &Assessment, label: &str, one: &Use) -> Line {
    let mut line = Line::field(label, format!("{}{}", one.who, sums(&one.tally)));
    if let Some(last) = one.tally.last {
        line = line.and(", last ", Tone::Plain).and_time(last);
    }
    match one.link.as_ref().and_then(|link| target(a, link)) {
        Some(target) => line.to(target),
        None => line,
    }
}

fn sums(tally: &Tally) -> String {
    let some = |number: u64, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{number} {many}")),
    };
    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let sessions = some(number(tally.sessions), "session", "sessions").map(|words| format!(" in {words}"));
    let addresses = some(number(tally.addresses), "address", "addresses").map(|words| format!(" from {words}"));
    some(tally.events, "event", "events")
        .map(|events| format!(", {events}{}{}", sessions.unwrap_or_default(), addresses.unwrap_or_default()))
        .unwrap_or_default()
}

/// The evidence for a use; none where the pane has no such row.
fn target(a: &Assessment, link: &Link) -> Option<Target> {
    Some(match link {
        Link::Actor(key) => exactly(PaneId::Activity, "arn", key),
        Link::AccessKey(key) => exactly(PaneId::Activity, "key", key),
        Link::Session { actor, session } => {
            Target::Filter(PaneId::Activity, format!("arn={} session={}", quote(actor), quote(session)))
        }
        Link::Person(name) => {
            Target::Filter(PaneId::Activity, format!("arn:\"role/AWSReservedSSO_\" session={}", quote(name)))
        }
        Link::Principal(key) => {
            a.principals.iter().find(|row| row.key == *key)?;
            Target::Row(PaneId::Principals, key.to_string())
        }
        Link::Resident(key) => Target::Row(PaneId::Residents, key.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Lens, assess, fixture};
    use crate::panes::TimeStyle;

    fn shown(name: &str) -> String {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        let row = a.principals.iter().position(|row| row.name == *name).expect("a principal");
        let style = TimeStyle::utc(a.as_of);
        let mut text = String::new();
        for section in sections(&a, row) {
            text.push_str(&format!("\n{}\n", section.heading));
            for line in &section.lines {
                let sign = if line.target.is_some() { '>' } else { ' ' };
                let label = if line.label.is_empty() && section.heading.starts_with("What") { 0 } else { 12 };
                text.push_str(&format!("{sign}{:<label$}{}\n", line.label, line.plain(&style)));
            }
        }
        text
    }

    #[test]
    fn the_table_of_a_user() {
        insta::assert_snapshot!(shown("bot"));
    }

    #[test]
    fn the_table_of_a_service_role() {
        insta::assert_snapshot!(shown("Worker"));
    }

    #[test]
    fn the_table_of_a_person() {
        insta::assert_snapshot!(shown("carol"));
    }

    #[test]
    fn every_heading_fits_eighty_columns_and_every_step_has_its_mark() {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        for row in 0..a.principals.len() {
            let sections = sections(&a, row);
            assert!(sections.len() > 2, "{}", a.principals[row].name);
            for section in &sections[1..] {
                assert!(section.heading.len() <= 78, "{}", section.heading);
                let mark = section.heading.split("  ").nth(1).expect("a mark").trim();
                let words = [Effect::Stops, Effect::StopsInPart, Effect::CannotTell, Effect::DoesNotStop];
                assert!(words.iter().any(|effect| effect.word() == mark), "{}", section.heading);
                assert!(section.lines.iter().any(|line| line.label == "Source"), "{}", section.heading);
            }
        }
    }

    #[test]
    fn a_use_leads_to_its_evidence_and_to_no_row_that_is_not_there() {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        let session = Link::Session { actor: "arn:x".into(), session: "a\"b".into() };
        assert_eq!(
            target(&a, &session),
            Some(Target::Filter(PaneId::Activity, r#"arn="arn:x" session="a\"b""#.into()))
        );
        assert_eq!(target(&a, &Link::Principal("nobody".into())), None);
        let known = a.principals[0].key.clone();
        assert_eq!(
            target(&a, &Link::Principal(known.clone())),
            Some(Target::Row(PaneId::Principals, known.to_string()))
        );
    }

    #[test]
    fn events_that_were_not_read_are_said() {
        let a = assess(fixture::unread(), fixture::now(), Lens::default());
        let text: Vec<String> =
            sections(&a, 0)[0].lines.iter().map(|line| line.plain(&TimeStyle::utc(a.as_of))).collect();
        assert!(text.iter().any(|line| line.contains("not read to the end")), "{text:?}");
    }

    /// What a POSIX shell makes of every command of the sample, with an `aws` that prints its arguments.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_shell_reads_every_command_as_it_was_meant() {
        use std::io::Write;
        use std::process::{Command, Stdio};

        use crate::collect::demo::{DAYS, Demo, clock};
        use crate::collect::{Order, RegionScope, gather};

        let since = jiff::SignedDuration::from_hours(24 * DAYS);
        let order = Order::everything(RegionScope::All, since, clock());
        let stop = tokio_util::sync::CancellationToken::new();
        let facts = gather(std::sync::Arc::new(Demo), order, stop, |_, _| {}).await;
        let a = assess(facts, clock(), Lens::default());
        let steps: Vec<Step> = a.principals.iter().flat_map(|row| containment::steps(&a, row)).collect();
        let commands: Vec<&String> = steps.iter().flat_map(|step| &step.commands).collect();
        assert!(commands.len() > 200, "{}", commands.len());

        let mut script = "aws() { printf '%s\\037' \"$@\"; echo; }\n".to_owned();
        for command in &commands {
            assert!(!command.contains('\n'), "one command a line: {command}");
            script.push_str(command);
            script.push('\n');
        }
        let shell = Command::new("sh").args(["-eu"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut shell = shell.expect("a shell");
        let mut input = shell.stdin.take().expect("its input");
        let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
        let output = shell.wait_with_output().expect("its output");
        writer.join().expect("no panic").expect("it reads all");
        assert!(output.status.success());
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let printed: Vec<&str> = printed.lines().collect();
        assert_eq!(printed.len(), commands.len());
        for (words, command) in printed.iter().zip(commands) {
            let words: Vec<&str> = words.split('\u{1f}').collect();
            assert!(command.starts_with(&format!("aws {} {}", words[0], words[1])), "{command}");
            for option in words[2..].iter().filter(|word| word.starts_with('{')) {
                serde_json::from_str::<serde_json::Value>(option).unwrap_or_else(|why| panic!("{why}: {option}"));
            }
        }
    }
}
