//! Events over time: how many in each span, and in which of them something grave was done.

use jiff::Timestamp;

use super::{Pane, TimeStyle};
use crate::analysis::Assessment;
use crate::analysis::activity::Mark;
use crate::catalog::rules::Severity;
use crate::model::EventId;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    pub count: u32,
    /// Of these, those that raise a rule that is high or critical.
    pub grave: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Where the first bucket begins, in seconds since 1970.
    pub from: u32,
    /// How long a bucket is, in seconds.
    pub width: u32,
    pub buckets: Vec<Bucket>,
    /// Events without a time, which are in none.
    pub timeless: u32,
}

/// Lengths that people think in, in seconds.
const WIDTHS: [u32; 17] = [
    1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 7_776_000,
    31_536_000,
];

/// At most so many buckets of equal length over the times of `rows`. None: the pane's rows are no events.
pub fn histogram(pane: &Pane, a: &Assessment, rows: &[u32], most: u32) -> Option<Histogram> {
    let log = pane.log?(a);
    let seconds = |row: u32| log.get(EventId(row)).seconds();
    let (mut first, mut last, mut timeless) = (u32::MAX, 0, 0);
    for time in rows.iter().map(|&row| seconds(row)) {
        if time == 0 {
            timeless += 1;
        } else {
            (first, last) = (first.min(time), last.max(time));
        }
    }
    if last == 0 || most == 0 {
        return Some(Histogram { timeless, ..Histogram::default() });
    }
    let fits = |width: u32| last / width - first / width < most;
    let width = WIDTHS.into_iter().find(|&width| fits(width)).unwrap_or_else(|| (last - first) / most + 1);
    let from = first / width * width;
    let count = ((last - from) / width + 1).min(most + 1);
    let mut buckets = vec![Bucket::default(); count as usize];
    let marks = a.activity.marks(Mark::Rules);
    let grave: Vec<bool> = a.activity.raised.all.iter().map(|set| set.severity() >= Some(Severity::High)).collect();
    for &row in rows {
        let time = seconds(row);
        if time != 0 {
            let bucket = &mut buckets[((time - from) / width) as usize];
            bucket.count += 1;
            bucket.grave += u32::from(grave.get(marks.get(row) as usize).copied().unwrap_or(false));
        }
    }
    Some(Histogram { from, width, buckets, timeless })
}

impl Histogram {
    /// The bucket of a time.
    pub fn bucket(&self, seconds: u32) -> Option<usize> {
        let at = seconds.checked_sub(self.from)?.checked_div(self.width)? as usize;
        (seconds != 0 && at < self.buckets.len()).then_some(at)
    }

    pub fn most(&self) -> u32 {
        self.buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0)
    }

    /// When the first bucket begins and the last one ends.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let end = u64::from(self.from) + u64::from(self.width) * self.buckets.len() as u64;
        let time = |seconds: u64| i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        time(u64::from(self.from)).zip(time(end)).filter(|_| !self.buckets.is_empty())
    }

    /// `25882 events, at most 1204 in 6h; 12 of them grave`.
    pub fn words(&self) -> String {
        let (count, grave) =
            self.buckets.iter().fold((0u64, 0u64), |(a, b), of| (a + u64::from(of.count), b + u64::from(of.grave)));
        let mut words =
            format!("{count} events, at most {} in {}", self.most(), super::cell::span(u64::from(self.width)));
        if grave > 0 {
            words.push_str(&format!("; {grave} grave (!)"));
        }
        if self.timeless > 0 {
            words.push_str(&format!("; {} without a time", self.timeless));
        }
        words
    }

    /// `at most 1204 in 6h`.
    pub fn few_words(&self) -> String {
        format!("at most {} in {}", self.most(), super::cell::span(u64::from(self.width)))
    }

    /// The words under its ends.
    pub fn ends(&self, style: &TimeStyle) -> Option<(String, String)> {
        self.span().map(|(from, to)| (style.short(from), style.short(to)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Lens, assess, fixture};
    use crate::model::{Batch, Event};
    use crate::panes::PaneId;

    proptest::proptest! {
        #[test]
        fn every_event_is_in_one_bucket(times in proptest::collection::vec(0i64..2_000_000_000, 1..40), most in 1u32..200) {
            let mut facts = fixture::facts();
            let event = |(n, &time): (usize, &i64)| Event {
                id: n.to_string().as_str().into(),
                name: "X".into(),
                time: Timestamp::from_second(time).ok().filter(|_| time != 0),
                ..Event::default()
            };
            facts.apply(Batch::Events(times.iter().enumerate().map(event).collect()));
            let a = assess(facts, fixture::now(), Lens::default());
            let pane = PaneId::Activity.pane();
            let rows = pane.all(&a);
            let made = histogram(pane, &a, &rows, most).expect("events");
            let counted: u32 = made.buckets.iter().map(|bucket| bucket.count).sum();
            proptest::prop_assert_eq!((counted + made.timeless) as usize, rows.len());
            proptest::prop_assert!(made.buckets.len() as u32 <= most + 1);
            for row in rows {
                let seconds = a.facts.events.get(EventId(row)).seconds();
                proptest::prop_assert_eq!(made.bucket(seconds).is_some(), seconds != 0);
            }
        }
    }

    #[test]
    fn rows_that_are_no_events_have_none() {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        assert_eq!(histogram(PaneId::Principals.pane(), &a, &[0], 10), None);
    }
}
