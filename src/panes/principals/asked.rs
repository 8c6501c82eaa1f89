//! "Who can do this?" and "can they do that?", asked in a filter, in the palette or on the command line: the same question,
//! the same answer.

use super::super::filter::quote;
use super::super::sentence::Sentence;
use super::super::{Cell, PaneId, Question as Field, Target};
use super::evidence;
use crate::analysis::policy::{Layer, Truth, Verdict};
use crate::analysis::power::{Answer, Question};
use crate::analysis::{Assessment, PrincipalRow};
use crate::catalog::actions;
use crate::model::{Ask, Status};
use crate::panes::cell::Tone;
use crate::panes::document::{Line, Section};

/// `can:"iam:PassRole"`: those who may, or of whom it cannot be told; `can="..."`: those who certainly may.
pub const CAN: Field = Field {
    name: "can",
    about: "who may do it: an action, and a resource if it matters; with = only where that is certain",
    check: |text| Question::parse(text).map(|_| ()),
    holds: |a, text, certain| {
        let least = if certain { Truth::Yes } else { Truth::Unknown };
        let question = Question::parse(text).ok();
        let told = move |row: usize| question.as_ref()?.ask(&a.power, &a.principals[row].nodes);
        Box::new(move |row| told(row).is_some_and(|told| told.truth() >= least))
    },
    title: "MAY",
    answer: |a, row, text| {
        let Ok(question) = Question::parse(text) else { return Cell::unknown() };
        match question.ask(&a.power, &a.principals[row].nodes) {
            // Of whatever resource was asked about, or of every one there is; else of those that a statement names.
            Some(told) if told.truth() == Truth::Yes => {
                Cell::text(if question.resource.is_some() || told.resource == "*" { "yes" } else { "some" })
            }
            Some(told) if told.truth() == Truth::Unknown => Cell::text("?").tone(Tone::Warn),
            Some(_) => Cell::text("no"),
            None => Cell::unknown(),
        }
    },
    explain: |a, row, text| {
        let Ok(question) = Question::parse(text) else { return Section::default() };
        let answered = answer_of(a, &a.principals[row], &question);
        let tone = match answered.verdict {
            Some(Verdict::Allowed) => Tone::Bad,
            Some(Verdict::CannotTell) => Tone::Warn,
            _ => Tone::Plain,
        };
        let lines = std::iter::once(Line::toned(answered.words, tone)).chain(answered.because).collect();
        Section::new(format!("May it {text}?"), lines)
    },
};

/// How many completions are offered.
const OFFERED: usize = 50;

/// The palette's `who-can`.
pub fn who_can(_: &Assessment, _: &Sentence, rest: &str) -> Result<Target, String> {
    let question = Question::parse(rest)?;
    if !question.is_known() {
        // Half a word would have an answer too, and a wrong one. A filter takes it nonetheless.
        return Err(format!("AWS's list of actions does not have {}; tab completes it", question.action));
    }
    Ok(Target::Filter(PaneId::Principals, format!("can:{}", quote(rest.trim()))))
}

/// The palette's `can`: the principal's row, if it may; else why not.
pub fn can(a: &Assessment, _: &Sentence, rest: &str) -> Result<Target, String> {
    let answered = answer(a, rest)?;
    match answered.verdict {
        Some(Verdict::Allowed | Verdict::CannotTell) => {
            let filter = format!("arn={} can:{}", quote(&answered.arn), quote(&answered.question));
            Ok(Target::Filter(PaneId::Principals, filter))
        }
        _ => Err(answered.words),
    }
}

/// An answer about one principal, in words.
#[derive(Clone, Debug)]
pub struct Answered {
    /// None: no policy of this account speaks of the principal.
    pub verdict: Option<Verdict>,
    /// One sentence.
    pub words: String,
    /// The statements that decided, and what is missing.
    pub because: Vec<Line>,
    arn: String,
    question: String,
}

/// `PRINCIPAL ACTION [RESOURCE]`: a principal by name, key or ARN.
///
/// # Errors
/// There is no such principal, or more than one; or the question is none.
pub fn answer(a: &Assessment, text: &str) -> Result<Answered, String> {
    let (name, rest) =
        text.trim().split_once(' ').ok_or("a principal and an action are needed, such as: can alice iam:PassRole")?;
    let question = Question::parse(rest)?;
    let named = |row: &&PrincipalRow| row.name == name || row.key == name || row.arn.as_str() == name;
    let found: Vec<&PrincipalRow> = a.principals.iter().filter(named).collect();
    let row = match found[..] {
        [one] => one,
        [] => {
            let whole = a.facts.coverage.status(Ask::AuthorizationDetails) == Status::Complete;
            let known = if whole { "" } else { ", as far as could be read" };
            return Err(format!("there is no principal `{name}`{known}"));
        }
        [first, second, ..] => {
            let kinds = format!("{} and {}", first.kind.word(), second.kind.word());
            return Err(format!("`{name}` is more than one principal, {kinds}: give the ARN or key"));
        }
    };
    let answered = answer_of(a, row, &question);
    Ok(Answered { question: rest.trim().to_owned(), ..answered })
}

fn answer_of(a: &Assessment, row: &PrincipalRow, question: &Question) -> Answered {
    let asked = question.resource.as_ref().map_or(question.action.clone(), |on| format!("{} on {on}", question.action));
    let unknown = if question.is_known() { "" } else { " (AWS's list of actions does not have it)" };
    let mut answered = Answered {
        verdict: None,
        words: format!("no policy of this account speaks of {}", row.name),
        because: Vec::new(),
        arn: if row.arn.is_empty() { row.key.to_string() } else { row.arn.to_string() },
        question: String::new(),
    };
    let Some(told) = question.ask(&a.power, &row.nodes) else { return answered };
    let acts = &a.power.graph.node(told.who).name;
    let acts = if *acts == row.name { String::new() } else { format!(" as {acts}") };
    let on = if question.resource.is_none() && told.truth() != Truth::No {
        format!(" on {}", told.resource)
    } else {
        String::new()
    };
    answered.words = match told.answer.verdict {
        Verdict::Allowed => format!("{}{acts} may {asked}{on}{unknown}", row.name),
        Verdict::CannotTell => format!("it cannot be told whether {}{acts} may {asked}{on}{unknown}", row.name),
        Verdict::ImplicitlyDenied => {
            format!("{}{acts} may not {asked}: {}{unknown}", row.name, why_not(&told.answer))
        }
        Verdict::ExplicitlyDenied => format!("{}{acts} may not {asked}: it is denied{unknown}", row.name),
    };
    answered.because = evidence::of_answer(&a.power, told.who, &told.answer, 1);
    answered.verdict = Some(told.answer.verdict);
    answered
}

/// Why something is not allowed that no statement denies.
fn why_not(answer: &Answer) -> &'static str {
    let own = answer.statements.iter().any(|one| one.at.layer == Layer::Identity);
    if answer.blocked_by.contains(&Layer::Service) {
        "AWS keeps it from everybody"
    } else if own && answer.blocked_by.contains(&Layer::Boundary) {
        "its boundary does not allow it"
    } else if own {
        "the trust policy of the role does not let it in"
    } else {
        "nothing allows it"
    }
}

/// Actions that the first word could become.
pub fn actions_beginning(_: &Assessment, _: &Sentence, rest: &str) -> Vec<String> {
    if rest.contains(' ') { Vec::new() } else { actions_like(rest).collect() }
}

fn actions_like(text: &str) -> impl Iterator<Item = String> {
    let text = text.to_ascii_lowercase();
    let begins = move |name: &String| name.to_ascii_lowercase().starts_with(&text);
    actions::all().iter().map(ToString::to_string).filter(begins).take(OFFERED)
}

/// Principals that the first word could become, then actions for the second.
pub fn principals_beginning(a: &Assessment, _: &Sentence, rest: &str) -> Vec<String> {
    match rest.split_once(' ') {
        None => {
            let names = a.principals.iter().map(|row| row.name.to_string());
            names.filter(|name| name.starts_with(rest) && !name.contains(' ')).take(OFFERED).collect()
        }
        Some((name, action)) if !action.contains(' ') => {
            actions_like(action).map(|action| format!("{name} {action}")).collect()
        }
        Some(_) => Vec::new(),
    }
}
