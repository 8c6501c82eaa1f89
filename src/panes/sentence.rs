//! Sentences: a word, and what follows it, read as a question about the assessment. The answer is a place to go to, so
//! that the palette and the command line can share them. No drawing, no keys.

use super::complete::{Completion, complete};
use super::filter::Filter;
use super::{ALL, Pane, PaneId, Target};
use crate::analysis::Assessment;

/// One kind of sentence. Its functions get the sentence itself and what was typed after the word.
#[derive(Clone, Copy, Debug)]
pub struct Sentence {
    /// What it begins with; no command's name, unless it does the same with less said.
    pub word: &'static str,
    /// What may follow, such as `ACTION [RESOURCE]`.
    pub arguments: &'static str,
    /// A few words on what it answers.
    pub help: &'static str,
    /// Where the answer is, or what is wrong, in words for the user.
    pub read: fn(&Assessment, &Sentence, &str) -> Result<Target, String>,
    /// What the rest could become, the likeliest first: each replaces all that was typed after the word.
    pub complete: fn(&Assessment, &Sentence, &str) -> Vec<String>,
}

/// Sentences other than those of the panes. To add one, add a row; palette and completion follow from it.
pub static MORE: &[Sentence] = &[
    Sentence {
        word: "who-can",
        arguments: "ACTION [RESOURCE]",
        help: "the principals that may do it, or of whom it cannot be told",
        read: super::principals::who_can,
        complete: super::principals::actions_beginning,
    },
    Sentence {
        word: "can",
        arguments: "PRINCIPAL ACTION [RESOURCE]",
        help: "whether one principal may do it",
        read: super::principals::can,
        complete: super::principals::principals_beginning,
    },
    Sentence {
        word: "elsewhere",
        arguments: "UNIT|ACCOUNT",
        help: "the calls that its SCPs and RCPs would have denied",
        read: super::activity::elsewhere::elsewhere,
        complete: super::activity::elsewhere::places_beginning,
    },
];

/// Every sentence: one for each pane, then the others.
pub fn all() -> impl Iterator<Item = Sentence> {
    let of_pane = |pane: &&'static Pane| Sentence {
        word: pane.name,
        arguments: "[FILTER]",
        help: "the rows that match",
        read: narrow,
        complete: fields,
    };
    ALL.iter().map(of_pane).chain(MORE.iter().copied())
}

/// The sentence that a text begins, once its word is ended by a blank, and the rest of the text.
pub fn find(text: &str) -> Option<(Sentence, &str)> {
    let (word, rest) = text.trim_start().split_once(' ')?;
    all().find(|sentence| sentence.word == word).map(|sentence| (sentence, rest.trim_start()))
}

/// A pane with a filter.
fn narrow(_: &Assessment, sentence: &Sentence, rest: &str) -> Result<Target, String> {
    let id = PaneId::from_name(sentence.word).ok_or("there is no such pane")?;
    Filter::new(rest, id.pane()).map_err(|error| error.to_string())?;
    Ok(Target::Filter(id, rest.trim().to_owned()))
}

fn fields(a: &Assessment, sentence: &Sentence, rest: &str) -> Vec<String> {
    let Some(id) = PaneId::from_name(sentence.word) else { return Vec::new() };
    let Completion { before, fitting } = complete(id.pane(), a, rest);
    fitting.into_iter().map(|word| format!("{before}{word}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_every_sentence_is_explained() {
        let mut words = std::collections::BTreeSet::new();
        for sentence in all() {
            assert!(words.insert(sentence.word), "{} twice", sentence.word);
            assert!(!sentence.arguments.is_empty() && !sentence.help.is_empty(), "{}", sentence.word);
            assert!(!sentence.word.contains(' '), "{}", sentence.word);
        }
    }

    #[test]
    fn a_sentence_begins_with_its_word_and_a_blank() {
        assert!(find("activity").is_none());
        assert!(find("nonsense x").is_none());
        let (sentence, rest) = find(" activity  since:24h ").expect("a sentence");
        assert_eq!((sentence.word, rest), ("activity", "since:24h "));
        let a = Assessment::default();
        let to = (sentence.read)(&a, &sentence, rest);
        assert_eq!(to, Ok(Target::Filter(PaneId::Activity, "since:24h".into())));
        assert!((sentence.read)(&a, &sentence, "kind:").is_err_and(|why| why.contains("needs a value")));
    }

    #[test]
    fn the_last_word_is_completed_to_a_field() {
        let a = Assessment::default();
        let (sentence, rest) = find("principals kind:user !ma").expect("a sentence");
        assert_eq!((sentence.complete)(&a, &sentence, rest), ["kind:user !marks:"]);
        assert!((sentence.complete)(&a, &sentence, "").len() > 10, "all fields, while nothing is typed");
        assert!((sentence.complete)(&a, &sentence, "kind:user").is_empty(), "nobody is there");
    }
}
