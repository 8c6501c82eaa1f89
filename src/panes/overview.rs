//! Overview: AWS's five practices, each with the counts that speak for or against it.

use serde_json::json;

use super::cell::Tone;
use super::document::{Document, Line, Target};
use super::{Cell, Column, Pane, PaneId};
use crate::analysis::Assessment;
use crate::analysis::practices::{Claim, Share, Standing};
use crate::model::{Ask, Text};

pub static OVERVIEW: Pane = Pane {
    id: PaneId::Overview,
    name: "overview",
    title: "Overview",
    about: "The five practices for a management account, each claim leading to its evidence",
    asks: Ask::ALL,
    rows: |a| a.claims.len(),
    order: None,
    log: None,
    key: |a, row| Text::new(a.claims[row].id),
    columns: &[
        Column::fixed("standing", "", 2, 0, |a, row| {
            let standing = a.claims[row].standing;
            Cell::text(word(standing)).tone(tone(standing))
        }),
        Column::fixed("count", "COUNT", 6, 0, |a, row| match a.claims[row].count {
            Some(count) => Cell::count(count).tone(tone(a.claims[row].standing)),
            None => Cell::unknown(),
        }),
        Column::fixed("practice", "PRACTICE", 9, 0, |a, row| Cell::text(a.claims[row].practice.word()).tone(Tone::Dim)),
        Column::share("claim", "WHAT", 48, 1, 0, |a, row| Cell::text(a.claims[row].text.as_str())),
        Column::fixed("share", "SHARE", 5, 3, |a, row| match &a.claims[row].share {
            Some(share) => Cell::text(format!("{:>3} %", share.percent)),
            None => Cell::text(""),
        }),
        Column::fixed("trend", "TREND", 12, 4, |a, row| match &a.claims[row].share {
            Some(share) => Cell::text(spark(share)).tone(Tone::Dim),
            None => Cell::text(""),
        }),
        Column::share("missing", "NOT READ", 8, 4, 1, |a, row| {
            Cell::text(a.claims[row].missing.as_str()).tone(Tone::Warn)
        }),
        Column::fixed("id", "ID", 30, 9, |a, row| Cell::text(a.claims[row].id)),
    ],
    time: None,
    sort: None,
    detail,
    raw: |a, row| {
        let claim = &a.claims[row];
        json!({"id": claim.id, "practice": claim.practice.title(), "standing": word(claim.standing), "count": claim.count,
            "text": claim.text, "missing": claim.missing, "share_percent": claim.share.as_ref().map(|share| share.percent), "why": claim.why,
            "evidence": {"pane": claim.evidence.pane, "filter": claim.evidence.filter}})
    },
    jumps: &[],
    empty: "Nothing has been read yet",
    short: &[],
    questions: &[],
    notable: None,
    noise: None,
    words: || {
        vec![
            ("!!", "bad: look at it now"),
            ("!", "to be looked at"),
            ("?", "cannot be told: NOT READ says what was not read"),
            ("ok", "none, over sources that were read to the end"),
            ("no mark", "a number to know, neither good nor bad"),
        ]
    },
};

pub fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Good => "ok",
        Standing::Note => "",
        Standing::Unknown => "?",
        Standing::Warn => "!",
        Standing::Bad => "!!",
    }
}

pub fn tone(standing: Standing) -> Tone {
    match standing {
        Standing::Good => Tone::Good,
        Standing::Note => Tone::Plain,
        Standing::Unknown => Tone::Dim,
        Standing::Warn => Tone::Warn,
        Standing::Bad => Tone::Bad,
    }
}

/// Where the rows behind a claim are.
pub fn evidence(claim: &Claim) -> Option<Target> {
    PaneId::from_name(claim.evidence.pane).map(|pane| Target::Filter(pane, claim.evidence.filter.clone()))
}

/// The share in each span, as bars of eighths: a full one is 100 %.
fn spark(share: &Share) -> String {
    const BARS: [char; 9] = ['▁', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    share.spans.iter().map(|span| span.map_or(' ', |percent| BARS[usize::from(percent.min(100)) * 8 / 100])).collect()
}

/// The share in each span, in words.
fn trend(share: &Share) -> String {
    let percents: Vec<String> =
        share.spans.iter().map(|span| span.map_or("-".to_owned(), |percent| percent.to_string())).collect();
    format!("{} % in spans of {}", percents.join(" "), super::cell::span(u64::from(share.width)))
}

fn detail(a: &Assessment, row: usize) -> Document {
    let claim = &a.claims[row];
    let count = claim.count.map_or_else(|| "not counted".into(), |count| count.to_string());
    let mut line = Line::toned(format!("{count}  {}", claim.text), tone(claim.standing));
    line.target = evidence(claim);
    let mut lines = vec![line];
    if let Some(share) = &claim.share {
        let part = format!("{} % of {}", share.percent, share.of);
        lines.push(Line::field("Share", part).and(format!("  {}", spark(share)), Tone::Dim));
        lines.push(Line::field("Trend", trend(share)));
    }
    if !claim.missing.is_empty() {
        lines.push(
            Line::field_toned("Not read", claim.missing.as_str(), Tone::Warn)
                .to(Target::Filter(PaneId::Coverage, String::new())),
        );
    }
    let document = Document::new(claim.practice.title())
        .section("Claim", lines)
        .section("Why it matters", vec![Line::text(claim.why)]);
    if claim.id.starts_with("elsewhere-") { super::activity::elsewhere::of_claim(a, document) } else { document }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Lens, assess, fixture};
    use crate::panes::filter::Filter;
    use crate::panes::order::order;

    /// How many rows the evidence of a claim shows.
    fn rows(a: &Assessment, claim: &Claim) -> u64 {
        let pane = PaneId::from_name(claim.evidence.pane).expect(claim.id).pane();
        let filter = Filter::new(&claim.evidence.filter, pane).expect(claim.id);
        order(pane, a, &filter, pane.default_sort()).len() as u64
    }

    #[test]
    fn the_words_of_every_pane_fit_the_help_at_80_columns() {
        for (word, meaning) in crate::panes::ALL.iter().flat_map(|pane| (pane.words)()) {
            assert!(word.len() <= 16 && meaning.len() <= 58, "{word}: {meaning}");
        }
    }

    #[test]
    fn every_count_is_the_number_of_rows_behind_it() {
        for facts in [fixture::facts(), fixture::unread()] {
            let a = assess(facts, fixture::now(), Lens::default());
            for claim in &a.claims {
                assert_eq!(rows(&a, claim), claim.count.unwrap_or(0), "{}: {}", claim.id, claim.evidence.filter);
            }
        }
    }

    #[test]
    fn the_fixture_has_something_behind_every_claim() {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        let without: Vec<_> = a.claims.iter().filter(|claim| claim.count == Some(0)).map(|claim| claim.id).collect();
        assert_eq!(without, ["security-tooling"], "else the counts prove nothing");
    }

    #[test]
    fn every_row_of_every_pane_has_its_detail_key_and_jumps() {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        for pane in crate::panes::ALL {
            let mut keys = std::collections::BTreeSet::new();
            for row in pane.all(&a).into_iter().map(|row| row as usize) {
                assert!(keys.insert((pane.key)(&a, row)), "{} {row}: key twice", pane.name);
                let mut targets: Vec<Target> = pane.jumps.iter().filter_map(|jump| (jump.to)(&a, row).ok()).collect();
                let document = (pane.detail)(&a, row);
                assert!(!document.title.is_empty());
                let sections = document.tabs().iter().flat_map(|tab| tab.sections(&a, row).into_owned());
                targets.extend(sections.flat_map(|section| section.lines).filter_map(|line| line.target));
                for target in targets {
                    match target {
                        Target::Tab(id, key, tab) => {
                            let to = id.pane().find(&a, &key).expect(&key);
                            assert!((id.pane().detail)(&a, to).find(tab).is_some(), "{} {row}: {key} {tab}", pane.name);
                        }
                        Target::Row(id, key) => {
                            assert!(id.pane().find(&a, &key).is_some(), "{} {row}: {key}", pane.name);
                        }
                        Target::Filter(id, text) => {
                            assert!(Filter::new(&text, id.pane()).is_ok(), "{} {row}: {text}", pane.name);
                        }
                        Target::Raw | Target::RawAt(_) => {
                            assert!(!(pane.raw)(&a, row).is_null(), "{} {row}", pane.name)
                        }
                    }
                }
            }
        }
    }
}
