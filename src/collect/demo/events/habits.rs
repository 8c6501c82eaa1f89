//! The ordinary noise: what everybody does on a day, drawn from `habits.toml` by chance that is the same each time.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::files;
use super::super::made_up::{Dice, hash, session_key, time_of_day};
use super::identity::{Cast, Session, opener, quoted};
use super::record::{self, Call, Form, push_time};
use super::template::Pools;

const OFFICE_OPENS: f64 = 7.0 * 3600.0;
const OFFICE_HOURS: f64 = 11.0 * 3600.0;
const DAY: f64 = 86_400.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    habit: Vec<HabitForm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct HabitForm {
    who: String,
    sessions: Vec<String>,
    opens: Option<String>,
    hours: String,
    days: Option<(i64, i64)>,
    per_day: f64,
    weekend: f64,
    calls_each: (usize, usize),
    minutes: u32,
    regions: BTreeMap<String, u32>,
    ips: Vec<String>,
    agents: Vec<String>,
    #[serde(default)]
    mfa: bool,
    #[serde(default)]
    denied: f64,
    calls: BTreeMap<String, u32>,
}

/// One habit, ready to be drawn from.
struct Habit {
    form: HabitForm,
    /// Indexes into the Regions, each as often as its weight.
    regions: Vec<usize>,
    /// Indexes into the calls, likewise.
    calls: Vec<usize>,
    ips: Vec<String>,
    agents: Vec<String>,
}

/// One going about of one actor on one day.
pub struct Going {
    pub identity: String,
    /// The actor's ARN, for refusals.
    pub arn: String,
    /// The role session's name.
    pub name: String,
    pub ip: String,
    pub agent: String,
    /// The record that begins it: the call, the identity, and more data.
    pub opening: Option<Opening>,
}

pub struct Opening {
    pub call: Call,
    pub identity: String,
    pub extra: &'static str,
    /// The AWS service that begins it, as address and agent; none when it is the one who goes on.
    pub service: Option<String>,
}

/// One event to come.
pub struct Shot {
    /// Seconds since midnight.
    pub at: u32,
    /// Index into the day's goings.
    pub going: usize,
    /// Index into the calls; none for the opening.
    pub call: Option<usize>,
    pub region: usize,
    pub denied: bool,
    pub seed: u64,
}

pub struct Habits {
    habits: Vec<Habit>,
    pub calls: Vec<Call>,
    regions: Vec<String>,
}

impl Habits {
    /// # Panics
    /// When the embedded file is not valid; see [`files::read`].
    pub fn new(regions: &[String], calls: &record::File, pools: &Pools) -> Self {
        let file: File = files::read(files::HABITS);
        let mut names: Vec<String> = Vec::new();
        let mut habits = Vec::new();
        for form in file.habit {
            let mut habit = Habit {
                regions: weighted_regions(&form.regions, regions),
                calls: Vec::new(),
                ips: form.ips.iter().map(|ip| quoted(ip)).collect(),
                agents: form.agents.iter().map(|agent| quoted(agent)).collect(),
                form,
            };
            for (call, &weight) in &habit.form.calls {
                let index = names.iter().position(|name| name == call).unwrap_or_else(|| {
                    names.push(call.clone());
                    names.len() - 1
                });
                habit.calls.extend((0..weight).map(|_| index));
            }
            habits.push(habit);
        }
        let plain = Form::default();
        let call = |name: &String| Call::new(name, calls.call.get(name).unwrap_or(&plain), &calls.global, pools);
        Self { habits, calls: names.iter().map(call).collect(), regions: regions.to_vec() }
    }

    /// Everything that happens on a day, in no order. `age` counts back from the clock's day, `date` is the day itself.
    pub fn day(
        &self,
        age: i64,
        date: &str,
        is_weekend: bool,
        cast: &Cast,
        calls: &record::File,
    ) -> (Vec<Going>, Vec<Shot>) {
        let (mut goings, mut shots) = (Vec::new(), Vec::new());
        for (n, habit) in self.habits.iter().enumerate() {
            if habit.form.days.is_some_and(|(from, to)| age > from || age < to) {
                continue;
            }
            let mut dice = Dice(hash(&habit.form.who) ^ (n as u64) << 40 ^ hash(date));
            let mean = habit.form.per_day * if is_weekend { habit.form.weekend } else { 1.0 };
            for _ in 0..sessions(mean, &mut dice) {
                let start = start(&habit.form.hours, &mut dice);
                let going = habit.going(date, start, &mut dice, cast, calls);
                self.draw(habit, goings.len(), start, going.opening.is_some(), &mut dice, &mut shots);
                goings.push(going);
            }
        }
        (goings, shots)
    }

    /// The events of one going.
    fn draw(&self, habit: &Habit, going: usize, start: u32, opens: bool, dice: &mut Dice, shots: &mut Vec<Shot>) {
        let (least, most) = habit.form.calls_each;
        let count = least + dice.below(most - least + 1);
        let home = habit.regions[dice.below(habit.regions.len())];
        if opens {
            shots.push(Shot { at: start, going, call: None, region: home, denied: false, seed: dice.roll() });
        }
        let span = habit.form.minutes as usize * 60 / count.max(1);
        let mut at = start + u32::from(opens);
        for _ in 0..count {
            let call = habit.calls[dice.below(habit.calls.len())];
            let region =
                if self.calls[call].global { self.home() } else { habit.regions[dice.below(habit.regions.len())] };
            let denied = dice.unit() < habit.form.denied;
            shots.push(Shot { at: at.min(86_399), going, call: Some(call), region, denied, seed: dice.roll() });
            at += u32::try_from(dice.below(2 * span + 1)).unwrap_or(0);
        }
    }

    /// Where global services are recorded.
    pub fn home(&self) -> usize {
        self.regions.iter().position(|region| region == "us-east-1").unwrap_or(0)
    }
}

impl Habit {
    fn going(&self, date: &str, start: u32, dice: &mut Dice, cast: &Cast, calls: &record::File) -> Going {
        let name = self.form.sessions[dice.below(self.form.sessions.len())].clone();
        let seed = dice.roll();
        let mut began = format!("{date}T");
        push_time(&mut began, start);
        began.push('Z');
        let ip = self.ips[dice.below(self.ips.len())].clone();
        let console = self.form.opens.as_deref() == Some("console");
        let service = self.form.ips[0].ends_with(".amazonaws.com");
        let session = Session {
            who: &self.form.who,
            name: &name,
            key: &session_key(seed),
            began: &began,
            mfa: self.form.mfa,
            own_key: (!console).then_some(1),
            invoked_by: service.then_some(self.form.ips[0].as_str()),
        };
        Going {
            identity: cast.identity(&session),
            arn: cast.arn(&session),
            agent: self.agents[dice.below(self.agents.len())].clone(),
            ip,
            opening: self.form.opens.as_deref().and_then(|opens| opening(opens, &session, cast, calls)),
            name,
        }
    }
}

/// The record with which a session begins: a sign-in, or the taking on of the role.
fn opening(opens: &str, session: &Session<'_>, cast: &Cast, calls: &record::File) -> Option<Opening> {
    let pools = Pools::default();
    if opens == "console" {
        let form = Form { response: Some(r#"{"ConsoleLogin":"Success"}"#.to_owned()), ..Form::default() };
        let identity = cast.identity(&Session { key: "", ..*session });
        let extra = r#"{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"Yes"}"#;
        return Some(Opening {
            call: Call::new("signin:ConsoleLogin", &form, &calls.global, &pools),
            identity,
            extra,
            service: None,
        });
    }
    let (name, identity, parameters) = opener(opens, session.name)?;
    let role = session.who.split_once('/')?.1;
    let (arn, key) = (cast.role_arn(role), session.key);
    let assumed = cast.arn(session);
    let form = Form {
        read: None,
        request: Some(format!(r#"{{"roleArn":"{arn}","roleSessionName":"{}"{parameters}}}"#, session.name)),
        response: Some(format!(
            r#"{{"credentials":{{"accessKeyId":"{key}","sessionToken":"EXAMPLE","expiration":"<expiry>"}},"assumedRoleUser":{{"arn":"{assumed}"}}}}"#
        )),
        resources: vec![(arn, "AWS::IAM::Role".to_owned())],
    };
    Some(Opening {
        call: Call::new(&format!("sts:{name}"), &form, &calls.global, &pools),
        identity,
        extra: "",
        service: opens.strip_prefix("service:").map(quoted),
    })
}

fn weighted_regions(weights: &BTreeMap<String, u32>, regions: &[String]) -> Vec<usize> {
    let mut weighted = Vec::new();
    for (name, &weight) in weights {
        let index = regions.iter().position(|region| region == name);
        let all = (name == "all").then_some(0..regions.len());
        let indexes: Vec<usize> = index.into_iter().chain(all.into_iter().flatten()).collect();
        weighted.extend((0..weight).flat_map(|_| indexes.iter().copied()));
    }
    weighted
}

/// How often, around the mean; a fraction is a chance.
fn sessions(mean: f64, dice: &mut Dice) -> u32 {
    let wanted = mean * (0.6 + 0.8 * dice.unit()) + dice.unit();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number, cut on purpose"
    )]
    let count = wanted as u32;
    count
}

/// When a session begins, in seconds since midnight.
fn start(hours: &str, dice: &mut Dice) -> u32 {
    let at = match hours.strip_prefix("at ") {
        #[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
        Some(time) => time_of_day(time) as f64 + dice.unit() * 90.0,
        // Two throws: more in the middle of the day than at its ends.
        None if hours == "office" => OFFICE_OPENS + (dice.unit() + dice.unit()) / 2.0 * OFFICE_HOURS,
        None => dice.unit() * (DAY - 1.0),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a day")]
    let seconds = at as u32;
    seconds
}
