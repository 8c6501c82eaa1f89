//! CloudTrail records out of one file, as events. What cannot be read is counted, with the place of the first.

use std::io::BufRead;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::scan::Broken;
use super::split::{Halt, Piece, split};
use crate::collect::Stopped;
use crate::model::Event;
use crate::model::event::RecordError;

/// What a file gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub events: u64,
    /// Records that are none, or are too long.
    pub left_out: u64,
    /// Records of CloudTrail Insights: they tell of unusual activity, not of a call.
    pub insights: u64,
    /// Records with bytes that are not UTF-8; these were replaced.
    pub not_utf8: u64,
    /// The first thing that was wrong.
    pub first: Option<Broken>,
    /// The rest of the file could not be read.
    pub cut: bool,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl Told {
    /// Nothing but events.
    pub fn is_good(&self) -> bool {
        self.first.is_none() && (self.left_out, self.insights, self.not_utf8, self.cut) == (0, 0, 0, false)
    }

    /// Takes in what a later piece of the same file gave.
    pub fn and(&mut self, later: Self) {
        self.events += later.events;
        self.left_out += later.left_out;
        self.insights += later.insights;
        self.not_utf8 += later.not_utf8;
        self.first = self.first.take().or(later.first);
        self.cut |= later.cut;
        self.since = earlier(self.since, later.since);
        self.until = self.until.max(later.until);
    }

    /// The event of a record at byte `at`; none when there is none, which is counted.
    pub(super) fn event(&mut self, raw: &[u8], at: u64) -> Option<Event> {
        let raw = String::from_utf8_lossy(raw);
        self.not_utf8 += u64::from(matches!(raw, std::borrow::Cow::Owned(_)));
        match event(raw.trim()) {
            Ok(event) => {
                self.events += 1;
                self.since = earlier(self.since, event.time);
                self.until = self.until.max(event.time);
                return Some(event);
            }
            Err(RecordError::NoEventName) if is_insight(raw.trim()) => self.insights += 1,
            Err(error) => {
                self.left_out += 1;
                self.wrong(at, error.to_string());
            }
        }
        None
    }

    /// A piece that is no record.
    pub(super) fn damage(&mut self, broken: Broken) {
        self.left_out += 1;
        self.first.get_or_insert(broken);
    }

    pub(super) fn too_long(&mut self, at: u64, limit: usize) {
        self.damage(Broken { at, detail: format!("a record longer than {limit} bytes"), io: false });
    }

    pub(super) fn piece(
        &mut self,
        piece: Piece<'_>,
        limit: usize,
        take: &mut impl FnMut(Event, u64) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        match piece {
            Piece::Record { raw, at } => return self.event(raw, at).map_or(Ok(()), |event| take(event, at)),
            Piece::TooLong { at } => self.too_long(at, limit),
            Piece::Damaged(broken) => self.damage(broken),
        }
        Ok(())
    }

    /// What ended the reading before its end.
    pub fn halt(&mut self, broken: Broken) {
        self.cut = true;
        self.first.get_or_insert(broken);
    }

    fn wrong(&mut self, at: u64, detail: impl Into<String>) {
        self.first.get_or_insert(Broken { at, detail: detail.into(), io: false });
    }
}

/// Reads a file of records, each of at most `limit` bytes; `take` gets each with the byte at which it, or what it is
/// wrapped in, begins.
///
/// # Errors
/// [`Stopped`] when `take` wants no more; damage is no error but told.
pub fn read(
    input: impl BufRead,
    limit: usize,
    mut take: impl FnMut(Event, u64) -> Result<(), Stopped>,
) -> Result<Told, Stopped> {
    let mut told = Told::default();
    let halted = split(input, limit, &mut |piece| told.piece(piece, limit, &mut take));
    match halted {
        Err(Halt::Stopped) => return Err(Stopped),
        Err(Halt::Broken(broken)) => told.halt(broken),
        Ok(()) => {}
    }
    Ok(told)
}

/// One record, bare or as LookupEvents answers it: a text within an object.
pub(super) fn event(raw: &str) -> Result<Event, RecordError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "CloudTrailEvent")]
        record: String,
    }
    match Event::from_record(raw) {
        Err(RecordError::NoEventName) => match serde_json::from_str::<Answer>(raw) {
            Ok(answer) => Event::from_record(&answer.record),
            Err(_) => Err(RecordError::NoEventName),
        },
        other => other,
    }
}

/// Whether a record without a name is one of CloudTrail Insights (CloudTrail User Guide, "CloudTrail record contents for
/// Insights events").
fn is_insight(raw: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Record {
        event_category: Option<String>,
        event_type: Option<String>,
        insight_details: Option<IgnoredAny>,
        #[serde(rename = "CloudTrailEvent")]
        answer: Option<String>,
    }
    serde_json::from_str::<Record>(raw).is_ok_and(|record| {
        record.event_category.as_deref() == Some("Insight")
            || record.event_type.as_deref() == Some("AwsCloudTrailInsight")
            || record.insight_details.is_some()
            || record.answer.is_some_and(|answer| is_insight(&answer))
    })
}

pub(super) fn earlier(one: Option<Timestamp>, two: Option<Timestamp>) -> Option<Timestamp> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> (Vec<Event>, Told) {
        let mut events = Vec::new();
        let told = read(text, 1 << 20, |event, _| {
            events.push(event);
            Ok(())
        });
        (events, told.expect("nobody stops"))
    }

    #[test]
    fn lookup_answers_give_the_records_inside() {
        let record = r#"{"eventName":"CreateUser","eventTime":"2026-11-01T10:00:00Z"}"#;
        let answer = serde_json::json!({ "Events": [{ "EventName": "CreateUser", "CloudTrailEvent": record }] });
        let (events, told) = all(answer.to_string().as_bytes());
        assert_eq!(events.iter().map(|event| event.raw.as_str()).collect::<Vec<_>>(), [record]);
        assert_eq!((told.left_out, told.since), (0, "2026-11-01T10:00:00Z".parse().ok()));
    }

    #[test]
    fn insights_are_counted_and_no_damage() {
        // CloudTrail User Guide, "CloudTrail record contents for Insights events for trails".
        let insight = r#"{"eventVersion":"1.07","eventTime":"2026-11-01T10:00:00Z","awsRegion":"us-east-1","eventID":"1",
            "eventType":"AwsCloudTrailInsight","recipientAccountId":"111122223333","sharedEventID":"2","eventCategory":"Insight",
            "insightDetails":{"state":"Start","eventSource":"iam.amazonaws.com","eventName":"CreateUser",
            "insightType":"ApiCallRateInsight"}}"#;
        let answer = serde_json::json!({ "EventName": "CreateUser", "CloudTrailEvent": insight });
        let text = format!("{{\"Records\":[{insight},{{\"eventName\":\"A\"}},{answer}]}}");
        let (events, told) = all(text.as_bytes());
        assert_eq!((events.len(), told.insights, told.left_out, told.first), (1, 2, 0, None));
    }

    #[test]
    fn what_is_no_record_is_counted_with_its_place() {
        let (events, told) = all(b"{\"eventName\":\"A\"}\n{\"eventName\":\n{\"x\":1}\n{\"eventName\":\"B\"}\n");
        assert_eq!((events.len(), told.left_out, told.cut), (2, 2, false));
        assert_eq!(told.first.map(|broken| broken.at), Some(18));
    }

    #[test]
    fn a_cut_file_is_told_as_cut() {
        let (events, told) = all(br#"{"Records":[{"eventName":"A"},{"eventName":"#);
        assert_eq!((events.len(), told.cut), (1, true));
    }

    #[test]
    fn bytes_that_are_no_utf8_are_replaced_and_counted() {
        let (events, told) = all(b"{\"Records\":[{\"eventName\":\"A\xff\"}]}");
        assert_eq!((events.len(), told.not_utf8), (1, 1));
        assert_eq!(events[0].name, "A\\u{fffd}".replace("\\u{fffd}", "\u{fffd}").as_str());
    }

    #[test]
    fn who_wants_no_more_gets_no_more() {
        assert_eq!(read(&b"[{\"eventName\":\"A\"}]"[..], 100, |_, _| Err(Stopped)), Err(Stopped));
    }
}
