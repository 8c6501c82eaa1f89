//! The sample's events: ninety days, newest first, a day at a time and only as far as somebody reads.
//!
//! Ordinary noise comes from `habits`, what happened once from `stories`; both become CloudTrail records, which are read
//! like everybody's.

mod habits;
mod identity;
mod record;
mod stories;
mod template;

use std::collections::VecDeque;

use habits::{Going, Habits, Shot};
use identity::{Cast, quoted};
use record::{Call, Record};
use stories::{Stories, Told};
use template::{Filling, Pools};

use super::made_up::{DAY, clock, midnight};
use super::{files, iam, organization};
use crate::model::{Event, Region, Resident};

/// How far back CloudTrail's event history reaches, and the sample with it.
pub const DAYS: i64 = 90;

/// The events to come, newest first.
pub struct Events {
    regions: Vec<String>,
    calls: record::File,
    pools: Pools,
    cast: Cast,
    habits: Habits,
    stories: Stories,
    /// The age of the next day to be made up.
    next_day: i64,
    today: Today,
}

/// The day being told.
#[derive(Default)]
struct Today {
    date: String,
    midnight: i64,
    goings: Vec<Going>,
    told: Vec<Told>,
    /// Newest first.
    queue: VecDeque<Next>,
}

enum Next {
    Shot(Shot),
    /// Index into `told`.
    Told(usize),
}

impl Events {
    pub fn new(
        regions: &[Region],
        iam: &iam::File,
        store: &str,
        organization: &organization::Answers,
        residents: &[Resident],
    ) -> Self {
        let calls: record::File = files::read(files::CALLS);
        let regions: Vec<String> = regions.iter().map(ToString::to_string).collect();
        let pools = pools(&calls, iam, organization, residents);
        Self {
            habits: Habits::new(&regions, &calls, &pools),
            stories: Stories::read(),
            cast: Cast::new(iam, store),
            regions,
            calls,
            pools,
            next_day: 0,
            today: Today::default(),
        }
    }

    /// The next events, at most `limit`: those that `keep` wants, by Region and time. Empty at the end.
    pub fn next_batch(&mut self, limit: usize, keep: impl Fn(&str, i64) -> bool) -> Vec<Event> {
        let mut events = Vec::with_capacity(limit);
        let mut raw = String::with_capacity(4096);
        while events.len() < limit {
            let Some(next) = self.today.queue.pop_front() else {
                if self.next_day > DAYS {
                    break;
                }
                self.make_up_day();
                continue;
            };
            let (region, seconds) = self.place(&next);
            if !keep(region, seconds) {
                continue;
            }
            raw.clear();
            self.write(&mut raw, &next);
            // `tests` read every record that can come.
            events.extend(Event::from_record(&raw).ok());
        }
        events
    }

    fn make_up_day(&mut self) {
        let age = self.next_day;
        self.next_day += 1;
        let midnight = midnight(age);
        let day = jiff::tz::Offset::UTC.to_datetime(midnight).date();
        let is_weekend = matches!(day.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday);
        let date = day.to_string();
        let (goings, shots) = self.habits.day(age, &date, is_weekend, &self.cast, &self.calls);
        let told = self.stories.day(age, &date, &self.regions, &self.cast, &self.calls, &self.pools);
        let mut queue: Vec<(u32, Next)> = shots.into_iter().map(|shot| (shot.at, Next::Shot(shot))).collect();
        queue.extend(told.iter().enumerate().map(|(n, told)| (told.at, Next::Told(n))));
        // Of two in one second the one that was made up later is the newer.
        queue.sort_by_key(|(at, _)| *at);
        let midnight = midnight.as_second();
        let (from, until) = (clock().as_second() - DAYS * DAY, clock().as_second());
        let within = |at: u32| (from..=until).contains(&(midnight + i64::from(at)));
        let queue = queue.into_iter().rev().filter(|(at, _)| within(*at)).map(|(_, next)| next).collect();
        self.today = Today { date, midnight, goings, told, queue };
    }

    /// Region and time (seconds since 1970).
    fn place(&self, next: &Next) -> (&str, i64) {
        let (region, at) = match next {
            Next::Shot(shot) => (shot.region, shot.at),
            Next::Told(n) => (self.today.told[*n].region, self.today.told[*n].at),
        };
        (&self.regions[region], self.today.midnight + i64::from(at))
    }

    fn write(&self, out: &mut String, next: &Next) {
        let (region, seconds) = self.place(next);
        match next {
            Next::Told(n) => {
                let told = &self.today.told[*n];
                let with = Filling { pools: &self.pools, region, session: "", seconds, seed: told.seed };
                let record = Record {
                    call: &told.call,
                    identity: &told.identity,
                    date: &self.today.date,
                    at: told.at,
                    ip: &told.ip,
                    agent: &told.agent,
                    error: &told.error,
                    message: &told.message,
                    extra: &told.extra,
                };
                record::write(out, &record, &with);
            }
            Next::Shot(shot) => self.write_shot(out, shot, region, seconds),
        }
    }

    fn write_shot(&self, out: &mut String, shot: &Shot, region: &str, seconds: i64) {
        let going = &self.today.goings[shot.going];
        let opening = going.opening.as_ref().filter(|_| shot.call.is_none());
        let (call, identity, extra) = match opening {
            Some(opening) => (&opening.call, &opening.identity, opening.extra),
            None => (&self.habits.calls[shot.call.unwrap_or(0)], &going.identity, ""),
        };
        let service = opening.and_then(|opening| opening.service.as_ref());
        let (error, message) = if shot.denied { refusal(call, &going.arn) } else { ("", String::new()) };
        let with = Filling { pools: &self.pools, region, session: &going.name, seconds, seed: shot.seed };
        let record = Record {
            call,
            identity,
            date: &self.today.date,
            at: shot.at,
            ip: service.unwrap_or(&going.ip),
            agent: service.unwrap_or(&going.agent),
            error,
            message: &message,
            extra,
        };
        record::write(out, &record, &with);
    }
}

/// The code and words with which a service refuses.
fn refusal(call: &Call, arn: &str) -> (&'static str, String) {
    let code = match call.source.as_str() {
        "ec2" => "Client.UnauthorizedOperation",
        "iam" | "sts" | "s3" | "cloudformation" | "sqs" | "monitoring" | "rds" | "route53" => "AccessDenied",
        _ => "AccessDeniedException",
    };
    let action = format!("{}:{}", call.source, call.name);
    let message = format!(
        "User: {arn} is not authorized to perform: {action} because no identity-based policy allows the {action} action"
    );
    (code, quoted(&message))
}

fn pools(calls: &record::File, iam: &iam::File, organization: &organization::Answers, residents: &[Resident]) -> Pools {
    let mut pools = Pools::default();
    pools.add_residents(&calls.pools, residents);
    pools.add("role", iam.role.iter().map(|role| (role.name.clone(), role.arn())));
    // A name that is not plain would have to be escaped in each form.
    let plain = iam.user.iter().filter(|user| user.name.chars().all(|c| c.is_ascii_graphic()));
    pools.add("user", plain.map(|user| (user.name.clone(), String::new())));
    let active = organization.accounts.iter().filter(|account| account.state == "ACTIVE");
    let members = active.filter(|account| account.id != organization.organization.management_account);
    pools.add("account", members.map(|account| (account.id.to_string(), account.arn.to_string())));
    pools.add("unit", organization.units.iter().map(|unit| (unit.id.to_string(), unit.arn.to_string())));
    pools.add("policy", organization.policies.iter().map(|p| (p.id.to_string(), p.arn.to_string())));
    pools
}
