//! What the last word of a filter could become: a field of the pane, or a value that the field has.

use std::collections::BTreeSet;

use super::filter::quote;
use super::filter::scan::first_rows;
use super::{Column, Of, Pane, TimeStyle};
use crate::analysis::Assessment;

/// At most so many values are offered.
const MOST: usize = 1_000;
/// Of a pane that is no log so many rows are looked at.
const LOOKED_AT: usize = 20_000;

/// What stands before the word that is completed, and what that word could become, in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Completion<'a> {
    pub before: &'a str,
    pub fitting: Vec<String>,
}

impl Completion<'_> {
    /// The text as far as all that fits agrees.
    pub fn agreed(&self) -> Option<String> {
        let first = self.fitting.first()?;
        let agreed = self.fitting.iter().fold(first.as_str(), |agreed, other| {
            let same = agreed.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
            agreed.get(..same).unwrap_or("")
        });
        Some(format!("{}{agreed}", self.before))
    }
}

pub fn complete<'a>(pane: &Pane, a: &Assessment, text: &'a str) -> Completion<'a> {
    let word = last_word(text).trim_start_matches('!');
    let name =
        word.len() - word.trim_start_matches(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-').len();
    let (name, rest) = word.split_at(name);
    let value = rest.trim_start_matches([':', '=', '!']);
    // These are times in every pane, also where a column has the name.
    let is_time = matches!(name, "since" | "until" | "between");
    let column = pane.column(name).filter(|_| !is_time).map(|column| &pane.columns[column]);
    match column.filter(|_| !rest.is_empty() && rest.len() > value.len()) {
        Some(column) => {
            let last = value.strip_prefix('"').or_else(|| value.rsplit('|').next()).unwrap_or("");
            let start = if value.starts_with('"') { value } else { last };
            Completion { before: text.strip_suffix(start).unwrap_or(text), fitting: values(pane, a, column, last) }
        }
        None => {
            let questions = pane.questions.iter().map(|question| question.name);
            let names =
                pane.columns.iter().map(|column| column.name).chain(questions).chain(["since", "until", "between"]);
            let fitting = names.filter(|name| name.starts_with(word)).map(|name| format!("{name}:")).collect();
            Completion { before: text.strip_suffix(word).unwrap_or(text), fitting }
        }
    }
}

/// From the last blank or bracket that is not within quotes.
fn last_word(text: &str) -> &str {
    let mut quoted = false;
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ' ' | '(' if !quoted => start = at + 1,
            _ => {}
        }
    }
    &text[start..]
}

/// The values of a column that begin so, without regard to case, as a filter has to say them.
fn values(pane: &Pane, a: &Assessment, column: &Column, beginning: &str) -> Vec<String> {
    let rows: Vec<u32> = match (pane.log, column.of, column.of.key()) {
        (Some(log), _, Some(key)) => first_rows(log(a), key).into_iter().filter(|&row| row != u32::MAX).collect(),
        (Some(_), Of::Mark(mark), _) => a.activity.samples(mark).iter().copied().flatten().collect(),
        _ => pane.all(a).into_iter().take(LOOKED_AT).collect(),
    };
    let (style, beginning) = (TimeStyle::utc(a.as_of), beginning.to_lowercase());
    let mut values = BTreeSet::new();
    for row in rows {
        let cell = (column.cell)(a, row as usize);
        let value = cell.value.show(&style);
        if !value.is_empty() && value.to_lowercase().starts_with(&beginning) {
            let odd = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|' | '"');
            let starts_oddly = value.starts_with(['/', '~', '!', '=', ':']);
            values.insert(if value.contains(odd) || starts_oddly { quote(&value) } else { value.into_owned() });
            if values.len() >= MOST {
                break;
            }
        }
    }
    values.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Lens, assess, fixture};
    use crate::panes::filter::Filter;
    use crate::panes::{ALL, PaneId};

    #[test]
    fn fields_and_their_values_are_completed() {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        let pane = PaneId::Activity.pane();
        let fitting = |text: &str| complete(pane, &a, text).fitting;
        assert_eq!(fitting("kind:root !sess"), ["session:"]);
        assert_eq!(fitting("(event:runi"), ["RunInstances"]);
        assert_eq!(fitting("event:X|runi"), ["RunInstances"]);
        assert_eq!(complete(pane, &a, "(a OR event=con").agreed().as_deref(), Some("(a OR event=ConsoleLogin"));
        assert_eq!(fitting("needs:un"), ["unclassified"]);
        assert!(fitting("event:nothing-like-it").is_empty() && fitting("nonsense:x").is_empty());
        assert_eq!(complete(pane, &a, "event:C").agreed().as_deref(), Some("event:C"));
    }

    #[test]
    fn what_is_completed_finds_something() {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        for pane in ALL {
            for column in pane.columns {
                let text = format!("{}=", column.name);
                if column.name == "since" {
                    assert!(complete(pane, &a, &text).fitting.is_empty());
                    continue;
                }
                let completion = complete(pane, &a, &text);
                for value in completion.fitting.iter().take(5) {
                    let text = format!("{}{value}", completion.before);
                    let filter = Filter::new(&text, pane).unwrap_or_else(|error| panic!("{text}: {error}"));
                    assert!(!filter.select(pane, &a, pane.all(&a)).is_empty(), "{}: {text}", pane.name);
                }
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[a-z:=!|()\" é]{0,20}") {
            let a = Assessment::default();
            let completion = complete(PaneId::Activity.pane(), &a, &text);
            proptest::prop_assert!(text.starts_with(completion.before));
        }
    }
}
