//! The sample's trail: an ordinary day's noise from `habits.toml`, told stories from `stories.toml`, and the forms of
//! single calls from `calls.toml`. Made day by day, so that the newest is there at once.

mod identity;
mod record;
mod template;

use std::collections::BTreeMap;

use serde::Deserialize;

use self::identity::{Cast, Session, opener, quoted};
use self::record::{Call, Recorder};
use self::template::{Pools, account_arn, seed};
use super::made_up::{DAY, Dice, hash, midnight, session_key, time_of_day};
use super::organization::Answers;
use super::{files, iam};
use crate::model::{Region, Resident};

/// One record with the Region that keeps it.
pub struct Made {
    pub seconds: i64,
    pub region: String,
    pub raw: String,
}

#[derive(Deserialize)]
struct Habits {
    habit: Vec<Habit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Habit {
    who: String,
    sessions: Vec<String>,
    opens: Option<String>,
    /// `office`, `day` or `at HH:MM`.
    hours: String,
    per_day: f64,
    weekend: f64,
    calls_each: [usize; 2],
    minutes: i64,
    regions: BTreeMap<String, usize>,
    ips: Vec<String>,
    agents: Vec<String>,
    calls: BTreeMap<String, usize>,
    #[serde(default)]
    denied: f64,
    #[serde(default)]
    mfa: bool,
    /// Ages in days between which the habit lives.
    days: Option<[i64; 2]>,
}

#[derive(Deserialize)]
struct Stories {
    story: Vec<Story>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    day: i64,
    who: String,
    key: Option<usize>,
    #[serde(default)]
    mfa: bool,
    session: Option<String>,
    ip: String,
    agent: String,
    region: String,
    events: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    at: String,
    call: String,
    who: Option<String>,
    key: Option<usize>,
    ip: Option<String>,
    agent: Option<String>,
    region: Option<String>,
    request: Option<String>,
    response: Option<String>,
    error: Option<String>,
    message: Option<String>,
    extra: Option<String>,
    #[serde(default)]
    resources: Vec<[String; 2]>,
}

/// Everything that a day is made from.
pub struct Chronicle {
    habits: Vec<Habit>,
    stories: Vec<Story>,
    recorder: Recorder,
    cast: Cast,
    regions: Vec<Region>,
}

impl Chronicle {
    /// # Panics
    /// When an embedded file is not valid; see [`files::read`].
    pub fn new(
        iam: &iam::File,
        store: &str,
        organization: &Answers,
        residents: &[Resident],
        regions: &[Region],
    ) -> Self {
        let mut pools = Pools::default();
        let calls: record::Calls = files::read(files::CALLS);
        pools.add_residents(&calls.pools, residents);
        let members = organization.accounts.iter().map(|a| a.id.to_string()).filter(|id| id != iam::ACCOUNT);
        pools.add("account", members.map(|id| (id.clone(), account_arn(&id))));
        pools.add("unit", organization.units.iter().map(|u| (u.id.to_string(), u.arn.to_string())));
        pools.add("policy", organization.policies.iter().map(|p| (p.id.to_string(), p.arn.to_string())));
        pools.add("role", iam.role.iter().map(|role| (role.name.clone(), role.arn())));
        // Names that must be escaped are left to the story that is about them.
        let plain = iam.user.iter().filter(|user| !user.name.contains(|c: char| c.is_control() || c == '"'));
        pools.add("user", plain.map(|u| (u.name.clone(), format!("arn:aws:iam::{}:user/{}", iam::ACCOUNT, u.name))));
        let habits: Habits = files::read(files::HABITS);
        let stories: Stories = files::read(files::STORIES);
        Self {
            habits: habits.habit,
            stories: stories.story,
            recorder: Recorder::new(calls, pools),
            cast: Cast::new(iam, store),
            regions: regions.to_vec(),
        }
    }

    /// All records of the day that lies so many days before the clock's day, newest first.
    pub fn day(&self, days_ago: i64) -> Vec<Made> {
        let mut made = Vec::new();
        for (n, habit) in self.habits.iter().enumerate() {
            if habit.days.is_none_or(|[from, to]| (to..=from).contains(&days_ago)) {
                self.live(habit, n, days_ago, &mut made);
            }
        }
        for story in self.stories.iter().filter(|story| story.day == days_ago) {
            self.tell(story, &mut made);
        }
        let now = super::made_up::clock().as_second();
        made.retain(|record| record.seconds < now);
        made.sort_by(|a, b| b.seconds.cmp(&a.seconds).then_with(|| a.raw.cmp(&b.raw)));
        made
    }

    /// A habit's sessions of one day.
    fn live(&self, habit: &Habit, number: usize, days_ago: i64, made: &mut Vec<Made>) {
        let midnight = midnight(days_ago).as_second();
        // 1970-01-01 was a Thursday.
        let weekend = matches!((midnight.div_euclid(DAY) + 4).rem_euclid(7), 0 | 6);
        let rate = habit.per_day * if weekend { habit.weekend } else { 1.0 };
        let mut dice =
            Dice(hash(&habit.who) ^ (number as u64) << 32 ^ days_ago.unsigned_abs().wrapping_mul(0x9e37_79b9));
        let mut left = rate;
        while left > 0.0 {
            if left < 1.0 && dice.unit() >= left {
                break;
            }
            left -= 1.0;
            let start = midnight + begins(&habit.hours, &mut dice);
            self.session(habit, start, &mut dice, made);
        }
    }

    fn session(&self, habit: &Habit, start: i64, dice: &mut Dice, made: &mut Vec<Made>) {
        let name = &habit.sessions[dice.below(habit.sessions.len())];
        let (ip, agent) = (&habit.ips[dice.below(habit.ips.len())], &habit.agents[dice.below(habit.agents.len())]);
        let of = format!("{}{name}{start}{}", habit.who, made.len());
        let (key, began) = (session_key(hash(&of)), record::iso(start));
        let session = Session {
            who: &habit.who,
            name,
            key: &key,
            began: &began,
            mfa: habit.mfa,
            own_key: (habit.who.starts_with("user/") && habit.opens.is_none()).then_some(1),
            invoked_by: habit.who.contains("/AWSServiceRole").then_some(agent.as_str()).filter(|a| a.ends_with(".com")),
        };
        let identity = self.cast.identity(&session);
        let first = weighted(&habit.regions, dice);
        if let Some(opens) = &habit.opens {
            made.push(self.open(opens, &session, (ip, agent), first, start - 2, hash(&of)));
        }
        let [least, most] = habit.calls_each;
        let count = least + dice.below(most.saturating_sub(least) + 1);
        let span = (habit.minutes * 60).max(1).unsigned_abs();
        let mut at: Vec<i64> = (0..count).map(|_| start + (dice.roll() % span).cast_signed()).collect();
        at.sort_unstable();
        for (n, seconds) in at.into_iter().enumerate() {
            let call = weighted(&habit.calls, dice);
            let region = match weighted(&habit.regions, dice) {
                "all" => self.regions[dice.below(self.regions.len())].to_string(),
                region => region.to_owned(),
            };
            let denied = dice.unit() < habit.denied;
            let seed = seed(&of, n as u64 + 1);
            let refusal = denied.then(|| {
                let action = call.replace("20150331v2", "").replace("20150331", "");
                let message = format!(
                    "User: {} is not authorized to perform: {action} because no identity-based policy allows the {action} action",
                    self.cast.arn(&session)
                );
                ("AccessDenied".to_owned(), message)
            });
            let call = Call { refusal, ..Call::plain(call, &identity, ip, agent, &region, seconds, seed) };
            made.push(self.recorder.record(&call, name));
        }
    }

    /// The record with which a session begins.
    fn open(
        &self,
        opens: &str,
        session: &Session<'_>,
        (ip, agent): (&str, &str),
        region: &str,
        seconds: i64,
        seed: u64,
    ) -> Made {
        let region = if region == "all" { "us-east-1" } else { region };
        let Some((event, identity, parameters)) = opener(opens, session.name) else {
            // A user at the console.
            let identity = self.cast.identity(session);
            let mfa = if session.mfa { "Yes" } else { "No" };
            let call = Call {
                response: Some(r#"{"ConsoleLogin":"Success"}"#),
                extra: Some(format!(
                    r#"{{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"{mfa}"}}"#
                )),
                ..Call::plain("signin:ConsoleLogin", &identity, ip, agent, "us-east-1", seconds, seed)
            };
            return self.recorder.record(&call, session.name);
        };
        let role = session.who.split_once('/').map_or("", |(_, role)| role);
        let arn = self.cast.role_arn(role);
        let name = quoted(session.name);
        let request = format!(r#"{{"roleArn":"{arn}","roleSessionName":{name}{parameters}}}"#);
        let response = format!(
            r#"{{"credentials":{{"accessKeyId":"{}","expiration":"<expiry>"}},"assumedRoleUser":{{"arn":"{}"}}}}"#,
            session.key,
            self.cast.arn(session)
        );
        let (ip, agent) = match opens.split_once(':') {
            Some(("service", service)) => (service, service),
            _ => (ip, agent),
        };
        let call = Call {
            request: Some(&request),
            response: Some(&response),
            resources: vec![(arn, "AWS::IAM::Role".to_owned())],
            ..Call::plain(&format!("sts:{event}"), &identity, ip, agent, region, seconds, seed)
        };
        self.recorder.record(&call, session.name)
    }

    fn tell(&self, story: &Story, made: &mut Vec<Made>) {
        let midnight = midnight(story.day).as_second();
        let began = record::iso(midnight + story.events.first().map_or(0, |told| time_of_day(&told.at)));
        for (n, told) in story.events.iter().enumerate() {
            let who = told.who.as_ref().unwrap_or(&story.who);
            let key = session_key(hash(&format!("story{}{who}", story.day)));
            let name = story.session.as_deref().unwrap_or("");
            let session = Session {
                who,
                name,
                key: &key,
                began: &began,
                mfa: story.mfa,
                own_key: if who.starts_with("user/") { told.key.or(story.key) } else { None },
                invoked_by: None,
            };
            let refusal = match (&told.error, &told.message) {
                (None, None) => None,
                (error, message) => Some((error.clone().unwrap_or_default(), message.clone().unwrap_or_default())),
            };
            let identity = self.cast.identity(&session);
            let call = Call {
                refusal,
                request: told.request.as_deref(),
                response: told.response.as_deref(),
                extra: told.extra.clone(),
                resources: told.resources.iter().map(|[arn, kind]| (arn.clone(), kind.clone())).collect(),
                ..Call::plain(
                    &told.call,
                    &identity,
                    told.ip.as_ref().unwrap_or(&story.ip),
                    told.agent.as_ref().unwrap_or(&story.agent),
                    told.region.as_ref().unwrap_or(&story.region),
                    midnight + time_of_day(&told.at),
                    seed(&format!("story{}", story.day), n as u64),
                )
            };
            made.push(self.recorder.record(&call, name));
        }
    }
}

/// Seconds since midnight at which a session begins.
fn begins(hours: &str, dice: &mut Dice) -> i64 {
    let within = |dice: &mut Dice, from: i64, to: i64| from + (dice.roll() % (to - from).unsigned_abs()).cast_signed();
    match hours.strip_prefix("at ") {
        Some(time) => time_of_day(time) + within(dice, 0, 180),
        None if hours == "office" => within(dice, 7 * 3600, 17 * 3600),
        None => within(dice, 0, 23 * 3600),
    }
}

fn weighted<'a>(choices: &'a BTreeMap<String, usize>, dice: &mut Dice) -> &'a str {
    let mut at = dice.below(choices.values().sum());
    for (choice, weight) in choices {
        if at < *weight {
            return choice;
        }
        at -= weight;
    }
    ""
}
