//! Filters over millions of events: what many events have in common is held against a term once, and then only numbers are
//! looked at. It selects exactly what [`super::Filter::matches`] would, row for row.

use rayon::prelude::*;

use super::{Filter, Node, Ready, Test, holds};
use crate::analysis::Assessment;
use crate::analysis::activity::Mark;
use crate::model::log::{EventLog, Family, Field, Key, Rows, Words, uuid_bytes};
use crate::panes::cell::Value;
use crate::panes::{Column, Holds, Of, Pane};

/// How an expression is held against rows.
enum Plan<'a> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Term(Held<'a>),
}

/// How one term is held against rows.
struct Held<'a> {
    negated: bool,
    ways: Vec<Way<'a>>,
}

/// A row is hit when one of a term's ways says so.
enum Way<'a> {
    /// By the number that the row has in a column.
    Key(Key, Vec<bool>),
    /// By its time, in seconds.
    Time(&'a Test),
    /// By its time as it is written, to the minute.
    Written(&'a Test),
    /// By its id: what is looked for in ids that are UUIDs, and in those that are not.
    Id(Vec<(usize, String)>, &'a Test),
    /// By what the assessment knows of it.
    Mark(Mark, Vec<bool>),
    /// By itself.
    Row(&'a Column, &'a Test),
    Question(Holds<'a>),
}

/// The rows of `rows` that the filter leaves, in their order.
pub fn select(filter: &Filter, pane: &Pane, a: &Assessment, log: &EventLog, rows: Vec<u32>) -> Vec<u32> {
    let plan = plan(&filter.root, pane, a, log);
    let every = |piece: Rows<'_>| hits(&plan, piece, a, &vec![true; piece.time.len()]);
    let pieces: Vec<Vec<bool>> = log.pieces().collect::<Vec<_>>().into_par_iter().map(every).collect();
    let size = pieces.first().map_or(1, Vec::len);
    let is_hit = |&row: &u32| pieces[row as usize / size][row as usize % size];
    rows.into_iter().filter(is_hit).collect()
}

fn plan<'a>(node: &'a Node, pane: &'a Pane, a: &'a Assessment, log: &EventLog) -> Plan<'a> {
    let each = |list: &'a [Node]| list.iter().map(|one| plan(one, pane, a, log)).collect();
    match node {
        Node::All(list) => Plan::All(each(list)),
        Node::Any(list) => Plan::Any(each(list)),
        Node::Not(one) => Plan::Not(Box::new(plan(one, pane, a, log))),
        Node::Term(term) => Plan::Term(hold(term, pane, a, log)),
    }
}

fn hold<'a>(term: &'a Ready, pane: &'a Pane, a: &'a Assessment, log: &EventLog) -> Held<'a> {
    let columns: Vec<&Column> = match (term.column, &term.test) {
        (_, Test::Question(..)) => Vec::new(),
        (Some(column), _) => vec![&pane.columns[column]],
        (None, _) => pane.columns.iter().filter(|column| term.looks_at(column)).collect(),
    };
    let mut ways = Vec::new();
    if let Test::Question(question, text, certain) = &term.test {
        ways.push(Way::Question((question.holds)(a, text, *certain)));
    }
    for key in Key::ALL {
        let of_key: Vec<&Column> = columns.iter().copied().filter(|column| column.of.key() == Some(key)).collect();
        if !of_key.is_empty() {
            ways.push(Way::Key(key, by_key(&term.test, key, &of_key, a, log)));
        }
    }
    for column in columns {
        match column.of {
            Of::Time if may_be_written(&term.test) => ways.push(Way::Written(&term.test)),
            Of::Time if !matches!(term.test, Test::Regex(..) | Test::Fuzzy(_)) => ways.push(Way::Time(&term.test)),
            Of::Id => ways.push(match &term.test {
                Test::Regex(_, Some(literal)) => Way::Id(in_uuids(literal.split('|')), &term.test),
                _ => Way::Row(column, &term.test),
            }),
            Of::Flag if matches!(term.test, Test::Regex(..) | Test::Fuzzy(_)) => {}
            Of::Row | Of::Flag => ways.push(Way::Row(column, &term.test)),
            Of::Mark(mark) => ways.push(Way::Mark(mark, by_mark(&term.test, column, mark, a))),
            Of::Time | Of::Key(_) | Of::Word(_) => {}
        }
    }
    Held { negated: term.negated, ways }
}

/// Where in a UUID each of these words could stand, if anywhere: between its dashes there are eight, four, four, four and
/// twelve digits.
fn in_uuids<'a>(words: impl Iterator<Item = &'a str>) -> Vec<(usize, String)> {
    let fits = |word: &str, from: usize| {
        (from..).zip(word.bytes()).all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == b'-',
            _ => c.is_ascii_hexdigit(),
        })
    };
    let places = |word: &'a str| (0..=36usize.saturating_sub(word.len())).filter(move |&from| fits(word, from));
    let words = words.filter(|word| !word.is_empty() && word.len() <= 36);
    words.flat_map(|word| places(word).map(|from| (from, word.to_ascii_lowercase()))).collect()
}

/// Whether a time as it is written may match at all.
fn may_be_written(test: &Test) -> bool {
    match test {
        Test::Regex(_, Some(literal)) => {
            literal.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | ' ' | '|'))
        }
        Test::Regex(_, None) | Test::Exactly(_) => true,
        _ => false,
    }
}

/// For each number of a key: whether one of the columns that it decides is hit.
fn by_key(test: &Test, key: Key, columns: &[&Column], a: &Assessment, log: &EventLog) -> Vec<bool> {
    let mut hit = vec![false; log.key_count(key)];
    let mut rest: Vec<&Column> = columns.to_vec();
    if let Test::Regex(regex, Some(_)) = test {
        // A plain word is looked for in whole dictionaries at once.
        let fields: Vec<Field> = columns.iter().filter_map(|column| column.of.field()).collect();
        if let Some(first) = fields.first() {
            let words = found_in(log.words(first.family()), regex);
            if words.iter().any(|&word| word) {
                hit.par_iter_mut().enumerate().for_each(|(id, hit)| {
                    let id = u32::try_from(id).unwrap_or(u32::MAX);
                    *hit = fields.iter().any(|&field| words[log.word_of(field, id) as usize]);
                });
            }
        }
        rest.retain(|column| column.of.field().is_none());
    }
    if rest.is_empty() {
        return hit;
    }
    // Everything else is asked of one row for each number.
    let first = first_rows(log, key);
    hit.par_iter_mut().zip(first).for_each(|(hit, row)| {
        if !*hit && row != u32::MAX {
            *hit = rest.iter().any(|column| holds(test, &(column.cell)(a, row as usize).value, a.as_of));
        }
    });
    hit
}

/// For each number of a mark: whether its cell is hit.
fn by_mark(test: &Test, column: &Column, mark: Mark, a: &Assessment) -> Vec<bool> {
    let hit = |row: Option<u32>| match row {
        Some(row) => holds(test, &(column.cell)(a, row as usize).value, a.as_of),
        None => false,
    };
    a.activity.samples(mark).iter().copied().map(hit).collect()
}

/// A row for each number of a key; the greatest number where no row has it.
pub(in crate::panes) fn first_rows(log: &EventLog, key: Key) -> Vec<u32> {
    let mut first = vec![u32::MAX; log.key_count(key)];
    for piece in log.pieces() {
        for (row, &id) in (piece.first..).zip(piece.keys[key as usize]) {
            let first = &mut first[id as usize];
            if *first == u32::MAX {
                *first = row;
            }
        }
    }
    first
}

/// Of each word: whether something is found in it.
fn found_in(words: &Words, regex: &regex::Regex) -> Vec<bool> {
    let found: Vec<Vec<bool>> = words
        .texts()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|(text, ends)| {
            let mut found = vec![false; ends.len()];
            let (mut at, mut word) = (0, 0);
            // Words stand one after the other without a gap: what lies across a border is no hit.
            while let Some(hit) = regex.find_at(text, at) {
                word += ends[word..].partition_point(|&end| (end as usize) <= hit.start());
                let Some(&end) = ends.get(word) else { break };
                if hit.end() <= end as usize {
                    found[word] = true;
                    at = end as usize;
                } else {
                    at = text[hit.start()..].chars().next().map_or(text.len(), |c| hit.start() + c.len_utf8());
                }
            }
            found
        })
        .collect();
    found.concat()
}

/// Which of the open rows the plan leaves.
fn hits(plan: &Plan<'_>, piece: Rows<'_>, a: &Assessment, open: &[bool]) -> Vec<bool> {
    match plan {
        Plan::All(list) => list.iter().fold(open.to_vec(), |open, one| hits(one, piece, a, &open)),
        Plan::Any(list) => {
            let (mut open, mut any) = (open.to_vec(), vec![false; open.len()]);
            for one in list {
                let hit = hits(one, piece, a, &open);
                for ((open, any), hit) in open.iter_mut().zip(&mut any).zip(hit) {
                    *any |= hit;
                    *open &= !hit;
                }
            }
            any
        }
        Plan::Not(one) => {
            let hit = hits(one, piece, a, open);
            open.iter().zip(hit).map(|(&open, hit)| open && !hit).collect()
        }
        Plan::Term(term) => {
            let mut hit = vec![false; open.len()];
            for way in &term.ways {
                try_way(way, piece, a, open, &mut hit);
            }
            open.iter().zip(hit).map(|(&open, hit)| open && hit != term.negated).collect()
        }
    }
}

/// Tries rows that are open and not hit yet.
fn eacher<'a>(open: &'a [bool], one: &'a mut [bool]) -> impl FnMut(&mut dyn FnMut(usize) -> bool) + 'a {
    move |is_hit| {
        for (at, one) in one.iter_mut().enumerate() {
            if open[at] && !*one {
                *one = is_hit(at);
            }
        }
    }
}

fn try_way(way: &Way<'_>, piece: Rows<'_>, a: &Assessment, open: &[bool], one: &mut [bool]) {
    let time = |seconds: u32| match seconds {
        0 => Value::Unknown,
        seconds => jiff::Timestamp::from_second(i64::from(seconds)).map_or(Value::Unknown, Value::Time),
    };
    match way {
        Way::Key(key, hit) => {
            for (one, &id) in one.iter_mut().zip(piece.keys[*key as usize]) {
                *one |= hit[id as usize];
            }
        }
        Way::Time(test) => eacher(open, one)(&mut |at| holds(test, &time(piece.time[at]), a.as_of)),
        Way::Written(test) => {
            let mut last = (u32::MAX, false);
            eacher(open, one)(&mut |at| {
                let minute = piece.time[at] / 60;
                if minute != last.0 || piece.time[at] == 0 {
                    last = (minute, holds(test, &time(piece.time[at]), a.as_of));
                }
                last.1
            });
        }
        Way::Id(places, test) => {
            let odd: Vec<(usize, bool, &str)> =
                (a.facts.events.odd_ids(piece.first, piece.time.len())).map(|(at, word)| (at, one[at], word)).collect();
            if !places.is_empty() {
                eacher(open, one)(&mut |at| {
                    let text = uuid_bytes(piece.ids[at]);
                    places.iter().any(|(from, word)| text[*from..].starts_with(word.as_bytes()))
                });
            }
            for (at, before, word) in odd {
                one[at] = before || holds(test, &Value::Text(word.into()), a.as_of);
            }
        }
        Way::Row(column, test) => {
            eacher(open, one)(&mut |at| holds(test, &(column.cell)(a, piece.first as usize + at).value, a.as_of));
        }
        Way::Mark(mark, hit) => {
            let marks = a.activity.marks(*mark);
            for (row, one) in (piece.first..).zip(one) {
                *one |= hit[marks.get(row) as usize];
            }
        }
        Way::Question(holds) => eacher(open, one)(&mut |at| holds(piece.first as usize + at)),
    }
}

impl Of {
    pub(in crate::panes) fn key(self) -> Option<Key> {
        match self {
            Self::Key(key) => Some(key),
            Self::Word(field) => Some(field.key()),
            Self::Row | Self::Flag | Self::Time | Self::Id | Self::Mark(_) => None,
        }
    }

    fn field(self) -> Option<Field> {
        match self {
            Self::Word(field) => Some(field),
            _ => None,
        }
    }
}

/// The families of words are told apart by key, so that one search serves all columns of a key.
const _: () = assert!(Key::ALL.len() < Family::Id as usize + 1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Lens, assess, fixture};
    use crate::model::{Batch, Event};
    use crate::panes::activity::ACTIVITY;
    use proptest::prelude::*;

    #[test]
    fn a_hit_across_two_words_is_none() {
        let mut log = EventLog::default();
        let event = |ip: &str| Event { name: "E".into(), ip: ip.into(), id: ip.into(), ..Event::default() };
        log.append(&["10.0.0.1", "10.0.0.2", "é1", "1é"].map(event));
        let regex = |text: &str| super::super::language::regex(text).expect("a pattern");
        let words = log.words(Family::Ip);
        let found = |text: &str| {
            let found = found_in(words, &regex(text));
            words.iter().zip(found).filter(|(_, found)| *found).map(|(word, _)| word.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("1"), ["10.0.0.1", "10.0.0.2", "é1", "1é"]);
        assert_eq!(found("11"), Vec::<String>::new());
        assert_eq!(found("2é"), Vec::<String>::new());
        assert_eq!(found("É"), ["é1", "1é"]);
    }

    fn assessment() -> Assessment {
        let mut facts = fixture::facts();
        let mut events = fixture::events();
        // Times that agree to the minute, ids that are none, and a record without a time.
        for n in 0..300u32 {
            events.push(Event {
                id: format!("{n:08x}-0000-4000-8000-00000000000{}", n % 10).as_str().into(),
                time: (n % 7 != 0).then(|| fixture::now() - jiff::SignedDuration::from_secs(i64::from(n) * 13)),
                name: ["ListUsers", "CreateUser", "ConsoleLogin"][n as usize % 3].into(),
                source: "iam.amazonaws.com".into(),
                ip: format!("10.0.{}.{}", n % 4, n).as_str().into(),
                error: if n % 5 == 0 { "AccessDenied".into() } else { "".into() },
                read_only: Some(n % 3 == 0),
                rules: ["", "root.did-something", "~discovery.many-calls-refused", ""][n as usize % 4].into(),
                actor: crate::model::Actor { key: "eve".into(), ..Default::default() },
                ..Event::default()
            });
        }
        facts.apply(Batch::Events(events));
        assess(facts, fixture::now(), Lens::default())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn it_selects_what_matches(terms in proptest::collection::vec(
            prop_oneof![
                "!?(a|e|10|10.0.1|2026|11-0|0000000|-4000-8000|amazon|role|iam|zz|[a-z]{1,2})",
                "(event|source|principal|ip|kind|rw|error|needs|region|id|time)[:!=](a|W|r|role|10.0.1|never|-|yes|any|iam|[a-z]{1,2})",
                proptest::sample::select(vec![
                    "/^1/", "/User$/", "/[0-9]{8}/", "~crus", "since:1h", "age>30m", "age<2h", "time>2026-01-01",
                    "error!=\"\"", "ip=10.0.1.1", "time=never", "time:unknown", "console:yes", "!console", "mfa:no", "root", "elsewhere:Root", "elsewhere=r-1", "!elsewhere:Nowhere", "rule:many", "rule=root.did-something", "severity:high", "rule=\"\"", "ip:10.0.0.0/16", "between:2h..1h",
                ]).prop_map(ToOwned::to_owned),
            ], 0..5), glue in proptest::collection::vec(
                proptest::sample::select(vec![" ", " OR ", " AND ", ") (", " ) OR NOT (", " OR "]), 5))
        {
            static A: std::sync::LazyLock<Assessment> = std::sync::LazyLock::new(assessment);
            let mut text: String = terms.iter().zip(glue).map(|(term, glue)| term.to_owned() + glue).collect();
            if text.contains(')') {
                text = format!("({text} a)");
            }
            if let Ok(filter) = Filter::new(&text, &ACTIVITY) {
                let all = A.activity.order.clone();
                let expected: Vec<u32> =
                    all.iter().copied().filter(|&row| filter.matches(&ACTIVITY, &A, row as usize)).collect();
                prop_assert_eq!(select(&filter, &ACTIVITY, &A, &A.facts.events, all), expected, "{}", text);
            }
        }
    }
}
