//! What is said of a Region's reading while it goes on: coverage, rate, time left, and the note in words.
//! No SDK, no waiting.

use std::collections::VecDeque;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use crate::collect::lanes::{HISTORY, Plan};
use crate::model::{Reading, Text};

/// Answers by which the rate is measured: about the last ten seconds at full rate.
const MEASURED: usize = 20;
/// Fewer say nothing.
const ENOUGH: usize = 5;

pub(super) struct Progress {
    now: Timestamp,
    /// Read before, from and until when: told until the new joins it.
    held: Option<(Timestamp, Timestamp)>,
    /// More was asked for than CloudTrail keeps.
    beyond_history: bool,
    answers: VecDeque<Instant>,
}

impl Progress {
    pub(super) fn new(since: Timestamp, now: Timestamp, held: Option<(Timestamp, Timestamp)>) -> Self {
        let beyond_history = now.as_second() - since.as_second() > HISTORY;
        Self { now, held, beyond_history, answers: VecDeque::with_capacity(MEASURED + 1) }
    }

    /// A page has come.
    pub(super) fn answered(&mut self) {
        self.answers.push_back(Instant::now());
        if self.answers.len() > MEASURED {
            self.answers.pop_front();
        }
    }

    pub(super) fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Pages a second, lately.
    fn rate(&self) -> Option<f64> {
        let (first, last) = (self.answers.front()?, self.answers.back()?);
        let seconds = last.duration_since(*first).as_secs_f64();
        (self.answers.len() >= ENOUGH && seconds > 0.0).then(|| (self.answers.len() - 1) as f64 / seconds)
    }

    pub(super) fn show(&self, plan: &Plan, reading: &mut Reading) {
        let covered = plan.covered_since().map(|since| (instant(since), self.now)).or(self.held);
        (reading.since, reading.until) = covered.unzip();
        reading.eta = plan.pages_left().zip(self.rate()).map(|(pages, rate)| (pages / rate).ceil() as u64);
        reading.note = Text::new(&self.note(plan));
    }

    fn note(&self, plan: &Plan) -> String {
        let (whole, newest) = plan.answered();
        let mut parts = Vec::new();
        let covered = plan.covered_since();
        if covered == Some(plan.range().from) {
            // Everything is read, the questions' events too.
        } else {
            if !whole.is_empty() {
                parts.push(format!("{} read", whole.join(", ")));
            }
            if !newest.is_empty() {
                parts.push(format!("newest of {} read", newest.join(", ")));
            }
            parts.push(match (covered, self.held) {
                (Some(since), _) => format!("backfill since {}", ago(instant(since), self.now)),
                (None, Some((_, until))) => format!("what is newer than {} is to come", ago(until, self.now)),
                (None, None) => "backfill to come".to_owned(),
            });
        }
        if self.beyond_history {
            parts.push("CloudTrail keeps 90 days".to_owned());
        }
        parts.join("; ")
    }
}

/// The time of a second since 1970; the ends of time for what is beyond them.
pub(super) fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// `14:02 UTC`, `14:02 UTC yesterday`, `14:02 UTC on 2026-11-03`.
fn ago(time: Timestamp, now: Timestamp) -> String {
    let (time, now) = (time.to_zoned_datetime(TimeZone::UTC), now.to_zoned_datetime(TimeZone::UTC));
    let clock = time.strftime("%H:%M UTC");
    if time.date() == now.date() {
        clock.to_string()
    } else if now.date().yesterday().is_ok_and(|yesterday| yesterday == time.date()) {
        format!("{clock} yesterday")
    } else {
        format!("{clock} on {}", time.date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_a_person_would() {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().expect("a time");
        for (time, words) in [
            ("2026-11-23T00:00:01Z", "00:00 UTC"),
            ("2026-11-22T14:02:59Z", "14:02 UTC yesterday"),
            ("2026-11-03T14:02:00Z", "14:02 UTC on 2026-11-03"),
        ] {
            assert_eq!(ago(time.parse().expect("a time"), now), words);
        }
    }
}
