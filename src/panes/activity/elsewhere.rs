//! "What would have become of it elsewhere?", asked in a filter, in the palette or on the command line: the account's calls
//! as the policies of another place would have met them.

use std::sync::Arc;

use super::super::filter::quote;
use super::super::sentence::Sentence;
use super::super::{Cell, Document, Line, PaneId, Question, Section, Sheet, Target, Value};
use crate::analysis::Assessment;
use crate::analysis::elsewhere::{CallRow, Outcome, Reasons, Replay, beginning};
use crate::catalog::management_only::{self, Needs};
use crate::model::EventId;
use crate::model::log::Field;
use crate::panes::cell::Tone;

/// `elsewhere:Prod`: what would have been denied there, or of what it cannot be told; `elsewhere="Prod"`: what certainly
/// would.
pub const ELSEWHERE: Question = Question {
    name: "elsewhere",
    about: "what SCPs and RCPs would have denied in another place: a unit or account, by id or name; with = only where that is certain",
    check: |text| if text.trim().is_empty() { Err("a unit or account is needed".into()) } else { Ok(()) },
    holds: |a, text, certain| match a.replay(text) {
        Ok(replay) => Box::new(move |row| match replay.outcome(&a.elsewhere, row) {
            Outcome::Denied => true,
            Outcome::CannotTell => !certain,
            _ => false,
        }),
        // Of nothing can it be told; the answer says why.
        Err(_) => Box::new(move |_| !certain),
    },
    title: "OUTCOME",
    answer: |a, row, text| match a.replay(text).map(|replay| replay.outcome(&a.elsewhere, row)) {
        Ok(Outcome::Denied) => Cell::text("denied").tone(Tone::Bad),
        Ok(Outcome::Passes) => Cell::text("passes"),
        Ok(Outcome::CannotTell) | Err(_) => Cell::text("?").tone(Tone::Warn),
        Ok(_) => Cell::text("free").tone(Tone::Dim),
    },
    explain: |a, row, text| {
        let title = |place: &str| format!("Elsewhere: in {place}");
        match a.replay(text) {
            Ok(replay) => Section::new(title(&replay.place.words()), explained(a, row, &replay)),
            Err(why) => Section::new(title(text), vec![Line::toned(format!("cannot tell: {why}"), Tone::Warn)]),
        }
    },
};

fn explained(a: &Assessment, row: usize, replay: &Replay) -> Vec<Line> {
    let outcome = replay.outcome(&a.elsewhere, row);
    let (words, tone) = match outcome {
        Outcome::Denied => ("it would have been denied", Tone::Bad),
        Outcome::CannotTell => ("it cannot be told whether it would have been denied", Tone::Warn),
        Outcome::Passes => ("no SCP and no RCP denies it there", Tone::Plain),
        Outcome::NotBound => ("SCPs and RCPs do not reach whoever called", Tone::Plain),
        Outcome::SignIn => ("a sign-in is no action of IAM: SCPs and RCPs do not reach it", Tone::Plain),
        Outcome::OtherAccount => ("another account made this record: it is not this account's call", Tone::Plain),
        Outcome::NotShown => ("it is not among the events that are shown", Tone::Dim),
    };
    let mut lines = vec![Line::toned(words, tone)];
    let Reasons { policies, missing } = replay.reasons(&a.elsewhere, &a.facts, row);
    lines.extend(policies.into_iter().map(|policy| Line::text(policy).indent(1)));
    lines.extend(missing.into_iter().map(|key| Line::text(format!("cannot tell without {key}")).indent(1)));
    let event = a.facts.events.get(EventId(u32::try_from(row).unwrap_or(u32::MAX)));
    if matches!(outcome, Outcome::Denied | Outcome::CannotTell) && !event.is_empty(Field::Error) {
        lines.push(Line::toned("it failed here too", Tone::Dim));
    }
    if management_only::needs(event.word(Field::Source), event.word(Field::Name)) == Needs::Management {
        lines
            .push(Line::toned("only the management account can do this: there it would have failed anyway", Tone::Dim));
    }
    lines
}

fn filter(term: &str, replay: &Replay) -> String {
    format!("{term}{}", quote(replay.place.id()))
}

/// The palette's `elsewhere`.
pub fn elsewhere(a: &Assessment, _: &Sentence, rest: &str) -> Result<Target, String> {
    let replay = a.replay(rest.trim())?;
    if replay.events(Outcome::Denied) + replay.events(Outcome::CannotTell) == 0 {
        return Err(format!("in {} nothing would have been denied: {}", replay.place.words(), counts(&replay)));
    }
    Ok(Target::Filter(PaneId::Activity, filter("elsewhere:", &replay)))
}

/// Places that the rest could become.
pub fn places_beginning(a: &Assessment, _: &Sentence, rest: &str) -> Vec<String> {
    beginning(&a.facts, rest)
}

/// `12 denied, 3 cannot tell, 200 pass, ...` of the events that are shown.
pub fn counts(replay: &Replay) -> String {
    let of = |outcome: &Outcome| {
        let (events, failed) = (replay.events(*outcome), replay.failed(*outcome));
        let failed = if failed > 0 && *outcome <= Outcome::CannotTell {
            format!(" ({failed} of them failed here too)")
        } else {
            String::new()
        };
        (events > 0).then(|| format!("{events} {}{failed}", outcome.word()))
    };
    let counts: Vec<String> = Outcome::ALL.iter().filter_map(of).collect();
    if counts.is_empty() { "no events".to_owned() } else { counts.join(", ") }
}

/// The detail of the overview's claim: the calls, and the other places.
pub fn of_claim(a: &Assessment, document: Document) -> Document {
    let Some(chosen) = a.elsewhere.chosen() else { return document };
    let calls = chosen.calls(&a.elsewhere, &a.facts, None);
    let line = |row: &CallRow| {
        let certain = filter("elsewhere=", chosen);
        let (term, tone) = match row.outcome {
            Outcome::Denied => (certain, Tone::Bad),
            _ => (format!("{} !{certain}", filter("elsewhere:", chosen)), Tone::Warn),
        };
        let source = row.source.strip_suffix(".amazonaws.com").unwrap_or(&row.source);
        let to = format!("{term} event={} source={}", quote(&row.event), quote(source));
        let people =
            if row.principals == 1 { "1 principal".to_owned() } else { format!("{} principals", row.principals) };
        Line::toned(format!("{:>7}  ", row.events), tone)
            .and(row.action_or_event(), Tone::Plain)
            .and(format!("  {people}  {}", row.why), Tone::Dim)
            .to(Target::Filter(PaneId::Activity, to))
    };
    let of =
        |outcome: Outcome| calls.iter().filter(|row| row.outcome == outcome).take(SHOWN).map(line).collect::<Vec<_>>();
    let place = |replay: Arc<Replay>| {
        let denied = replay.events(Outcome::Denied);
        let line = Line::text(format!("{denied:>7}  {}", replay.place.words()))
            .and(format!("  {} policies; {}", replay.policies(), counts(&replay)), Tone::Dim);
        if denied > 0 { line.to(Target::Filter(PaneId::Activity, filter("elsewhere=", &replay))) } else { line }
    };
    let (replays, left) = a.replays();
    let mut places: Vec<Line> = replays.into_iter().map(place).collect();
    if left > 0 {
        places.push(Line::toned(format!("{left} more units with fewer policies"), Tone::Dim));
    }
    document
        .section(format!("Denied in {}", chosen.place.words()), of(Outcome::Denied))
        .section("Cannot tell", of(Outcome::CannotTell))
        .section("Denied in each unit", places)
}

/// The replay by call, for reports; `rows`: the events that count.
pub fn sheet(a: &Assessment, replay: &Replay, rows: &[u32]) -> Sheet {
    let text = |text: &str| Value::Text(text.to_owned().into());
    let row = |row: CallRow| {
        vec![
            text(row.outcome.word()),
            text(&row.action),
            text(&row.event),
            text(&row.source),
            Value::Count(row.events),
            Value::Count(row.failed),
            Value::Count(row.principals as u64),
            text(&row.why),
        ]
    };
    Sheet {
        columns: &[
            ("outcome", "OUTCOME"),
            ("action", "ACTION"),
            ("event", "EVENT"),
            ("source", "SOURCE"),
            ("events", "EVENTS"),
            ("failed", "FAILED"),
            ("principals", "PRINCIPALS"),
            ("why", "WHY"),
        ],
        rows: replay.calls(&a.elsewhere, &a.facts, Some(rows)).into_iter().map(row).collect(),
    }
}

/// How many calls a section of the claim lists; the activity pane has them all.
const SHOWN: usize = 200;
