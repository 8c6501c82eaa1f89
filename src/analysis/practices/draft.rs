//! How a claim is judged: the count it would make, held against what was read. Nothing is called good, and no zero
//! is counted, over sources that were not read to the end.

use std::borrow::Cow;

use super::{Claim, Evidence, Practice, Share, Standing};
use crate::analysis::Assessment;
use crate::model::{Ask, Cause, Facts, Status};

/// A claim before its sources are looked at.
pub(super) struct Draft {
    pub id: &'static str,
    pub practice: Practice,
    pub text: String,
    /// How many rows speak for it.
    pub count: u64,
    /// The standing when there are such rows, and when there are none.
    pub some: Standing,
    pub none: Standing,
    pub pane: &'static str,
    pub filter: Cow<'static, str>,
    pub why: &'static str,
    /// Every inner list must be answered; one of its asks is enough.
    pub needs: &'static [&'static [Ask]],
    /// It follows from what the policies come to, which takes a while.
    pub of_power: bool,
    pub share: Option<Share>,
}

impl Draft {
    pub fn judge(self, a: &Assessment) -> Claim {
        let mut missing: Vec<String> = Vec::new();
        let mut unread = false;
        for alternatives in self.needs {
            let (answer, words) = answer(&a.facts, alternatives);
            unread |= answer == Answer::Unread;
            missing.extend(words.filter(|words| !missing.contains(words)));
        }
        if self.of_power && a.evaluating {
            unread = true;
            missing.push("policies are being evaluated".to_owned());
        }
        let standing = match self.count {
            0 if !missing.is_empty() => Standing::Unknown,
            0 => self.none,
            // What was found stands, but for good news over half the sources.
            _ if self.some == Standing::Good && unread => Standing::Unknown,
            _ => self.some,
        };
        Claim {
            id: self.id,
            practice: self.practice,
            standing,
            count: (self.count > 0 || !unread).then_some(self.count),
            share: self.share.filter(|_| self.count > 0),
            text: self.text,
            missing: missing.join("; "),
            evidence: Evidence { pane: self.pane, filter: self.filter.into_owned() },
            why: self.why,
        }
    }
}

/// Standing when there are rows, and when there are none.
pub(super) const BAD: (Standing, Standing) = (Standing::Bad, Standing::Good);
pub(super) const WARN: (Standing, Standing) = (Standing::Warn, Standing::Good);
pub(super) const NOTE: (Standing, Standing) = (Standing::Note, Standing::Note);

/// A draft whose practice and pane [`judged`] fills in.
pub(super) fn draft(
    id: &'static str,
    text: impl Into<String>,
    count: u64,
    (some, none): (Standing, Standing),
    filter: impl Into<Cow<'static, str>>,
    needs: &'static [&'static [Ask]],
    why: &'static str,
) -> Draft {
    let (text, practice) = (text.into(), Practice::LimitAccess);
    Draft {
        id,
        practice,
        text,
        count,
        some,
        none,
        pane: "",
        filter: filter.into(),
        why,
        needs,
        of_power: false,
        share: None,
    }
}

/// Judges drafts of a practice; those that name no pane of their own have their evidence in `pane`.
pub(super) fn judged(
    a: &Assessment,
    practice: Practice,
    pane: &'static str,
    drafts: impl IntoIterator<Item = Draft>,
) -> Vec<Claim> {
    let pane_of = |draft: &Draft| if draft.pane.is_empty() { pane } else { draft.pane };
    drafts.into_iter().map(|draft| Draft { practice, pane: pane_of(&draft), ..draft }.judge(a)).collect()
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Whole,
    Part,
    Unread,
}

/// The best answer among alternatives, and what to say when it is not whole.
fn answer(facts: &Facts, alternatives: &[Ask]) -> (Answer, Option<String>) {
    let of = |&ask: &Ask| {
        let status = facts.coverage.status(ask);
        let answer = match status {
            Status::Complete | Status::NotApplicable => Answer::Whole,
            Status::Partial => Answer::Part,
            Status::Reading | Status::Throttled | Status::Cancelled if facts.coverage.rows(ask) > 0 => Answer::Part,
            _ => Answer::Unread,
        };
        (answer, ask, status)
    };
    let Some((answer, ask, status)) = alternatives.iter().map(of).min_by_key(|(answer, ..)| *answer) else {
        return (Answer::Whole, None);
    };
    (answer, (answer != Answer::Whole).then(|| words(facts, ask, status)))
}

/// `denied: needs iam:GetCredentialReport`, `not asked: CloudTrail events`.
fn words(facts: &Facts, ask: Ask, status: Status) -> String {
    let denied = facts.coverage.of_ask(ask).flat_map(|(_, reading)| &reading.gaps).find_map(|gap| match &gap.cause {
        Cause::Denied { action } if !action.is_empty() => Some(action),
        _ => None,
    });
    match denied {
        Some(action) => format!("{}: needs {action}", status.word()),
        None => format!("{}: {}", status.word(), ask.title()),
    }
}
