//! Rules that take many events together: found in one pass in the order of time, by principal, address or access key.

use std::collections::VecDeque;

use hashbrown::HashMap;

use crate::catalog::rules::judge::of_many;
use crate::catalog::rules::{Burst, By, Distinct, Rule, rules};
use crate::model::log::{EventLog, EventRow, Family, Field, Key};

/// Events that raise a rule together.
#[derive(Clone, Debug)]
pub struct Raised {
    pub rule: &'static Rule,
    /// In the order of time.
    pub rows: Vec<u32>,
    /// Seconds since 1970.
    pub first: u32,
    pub last: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Bursts {
    pub all: Vec<Raised>,
}

impl Bursts {
    /// The bursts that an event belongs to.
    pub fn of(&self, row: u32) -> impl Iterator<Item = &Raised> {
        self.all.iter().filter(move |raised| raised.rows.contains(&row))
    }
}

/// One that may become part of a burst.
struct Member {
    seconds: u32,
    row: u32,
    distinct: u32,
}

/// What came lately, of one rule and one principal, address or key.
#[derive(Default)]
struct Window {
    members: VecDeque<Member>,
    /// What is counted apart, and how many members have it.
    different: Vec<(u32, usize)>,
    /// The burst that goes on, and its last event's time and row.
    open: Option<(usize, u32, u32)>,
}

impl Window {
    fn count(&self, burst: &Burst) -> usize {
        if burst.distinct.is_some() { self.different.len() } else { self.members.len() }
    }

    fn add(&mut self, member: Member, within: u32) {
        while self.members.front().is_some_and(|first| member.seconds - first.seconds > within) {
            let Some(gone) = self.members.pop_front() else { break };
            if let Some(at) = self.different.iter().position(|(distinct, _)| *distinct == gone.distinct) {
                self.different[at].1 -= 1;
                if self.different[at].1 == 0 {
                    self.different.swap_remove(at);
                }
            }
        }
        match self.different.iter_mut().find(|(distinct, _)| *distinct == member.distinct) {
            Some((_, count)) => *count += 1,
            None => self.different.push((member.distinct, 1)),
        }
        self.members.push_back(member);
    }
}

/// `oldest_first`: the events that are looked at.
pub fn find(log: &EventLog, oldest_first: impl Iterator<Item = u32>) -> Bursts {
    // What each set of rules may be one of many of: rules by place.
    let places = |set: &str| of_many(set).filter_map(|rule| rules().place(&rule.id)).collect();
    let sets: Vec<Vec<usize>> = log.words(Family::Rules).iter().map(places).collect();
    let mut windows: HashMap<(usize, u32), Window> = HashMap::new();
    let mut bursts = Bursts::default();
    if sets.iter().all(Vec::is_empty) {
        return bursts;
    }
    for row in oldest_first {
        let event = log.get(crate::model::EventId(row));
        let set = &sets[event.key(Key::Rules) as usize];
        if set.is_empty() || event.seconds() == 0 {
            continue;
        }
        for &place in set {
            let rule = &rules().all[place];
            let Some(burst) = &rule.burst else { continue };
            let Some(by) = grouped_by(event, burst.by) else { continue };
            let distinct = match burst.distinct {
                None => 0,
                Some(Distinct::Name) => event.word_id(Field::Name),
                Some(Distinct::Region) => event.word_id(Field::Region),
                Some(Distinct::Source) => event.word_id(Field::Source),
                Some(Distinct::Resource) => event.request(),
            };
            let window = windows.entry((place, by)).or_default();
            window.add(Member { seconds: event.seconds(), row, distinct }, burst.seconds());
            if window.count(burst) >= burst.count {
                extend(&mut bursts.all, window, rule);
            }
        }
    }
    bursts
}

/// None: there is nothing to group it by.
fn grouped_by(event: EventRow<'_>, by: By) -> Option<u32> {
    let id = match by {
        By::Actor => event.word_id(Field::ActorKey),
        By::Ip => event.key(Key::Ip),
        By::AccessKey => event.word_id(Field::AccessKey),
    };
    (id != 0).then_some(id)
}

/// Takes what is in the window into the burst that goes on, or into a new one.
fn extend(all: &mut Vec<Raised>, window: &mut Window, rule: &'static Rule) {
    let Some((first, last)) = window.members.front().zip(window.members.back()) else { return };
    let goes_on = window.open.filter(|(_, seconds, _)| *seconds >= first.seconds);
    let (at, seen) = match goes_on {
        Some((at, seconds, row)) => (at, Some((seconds, row))),
        None => {
            all.push(Raised { rule, rows: Vec::new(), first: first.seconds, last: last.seconds });
            (all.len() - 1, None)
        }
    };
    let raised = &mut all[at];
    // Members stand in the order of time, then of row: what came after the last one that was taken is new.
    let new =
        window.members.iter().rev().take_while(|member| seen.is_none_or(|seen| (member.seconds, member.row) > seen));
    let from = raised.rows.len();
    raised.rows.extend(new.map(|member| member.row));
    raised.rows[from..].reverse();
    raised.last = last.seconds;
    window.open = Some((at, last.seconds, last.row));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::rules::judge::of_record;
    use crate::model::{Event, Text};

    /// Secrets read by one principal: at which second, and which.
    fn log(reads: &[(u32, u32)]) -> EventLog {
        let mut log = EventLog::default();
        let event = |(n, &(second, secret)): (usize, &(u32, u32))| {
            let raw = format!(
                r#"{{"eventSource":"secretsmanager.amazonaws.com","eventName":"GetSecretValue","eventID":"{n}",
                "eventTime":"2026-11-01T10:{:02}:{:02}Z","userIdentity":{{"type":"IAMUser","userName":"eve","accountId":"1"}},
                "requestParameters":{{"secretId":"s{secret}"}}}}"#,
                second / 60,
                second % 60,
            );
            let (rules, request) = of_record(&serde_json::from_str(&raw).expect("JSON"));
            Event { rules: Text::new(&rules), request, ..Event::from_record(&raw).expect("a record") }
        };
        let events: Vec<Event> = reads.iter().enumerate().map(event).collect();
        log.append(&events);
        log
    }

    fn found(reads: &[(u32, u32)]) -> Vec<(String, usize)> {
        let log = log(reads);
        let bursts = find(&log, 0..u32::try_from(log.rows()).expect("few"));
        for raised in &bursts.all {
            assert!(raised.rows.is_sorted() && raised.rows.iter().all(|&row| bursts.of(row).count() > 0));
        }
        bursts.all.iter().map(|raised| (raised.rule.id.clone(), raised.rows.len())).collect()
    }

    #[test]
    fn many_different_ones_within_the_time_are_one_burst() {
        let bulk = |len: usize| [("credentials.secrets-read-in-bulk".to_owned(), len)].to_vec();
        let every = |seconds: u32, count: u32| (0..count).map(|n| (n * seconds, n)).collect::<Vec<_>>();
        assert_eq!(found(&every(10, 9)), []);
        assert_eq!(found(&every(10, 10)), bulk(10));
        assert_eq!(found(&every(10, 25)), bulk(25));
        // Never ten within ten minutes.
        assert_eq!(found(&every(70, 30)), []);
        // The same one again and again.
        assert_eq!(found(&(0..30).map(|n| (n, 1)).collect::<Vec<_>>()), []);
    }

    #[test]
    fn what_comes_much_later_is_another_burst() {
        let mut reads: Vec<(u32, u32)> = (0..12).map(|n| (n, n)).collect();
        reads.extend((0..11).map(|n| (2_000 + n, n)));
        assert_eq!(found(&reads).iter().map(|(_, len)| *len).collect::<Vec<_>>(), [12, 11]);
    }
}
