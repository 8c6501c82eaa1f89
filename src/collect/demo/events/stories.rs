//! What happened once, such as the incident: reads `stories.toml`, record by record.

use serde::Deserialize;

use super::super::files;
use super::super::made_up::{hash, session_key, time_of_day};
use super::identity::{Cast, Session, quoted};
use super::record::{self, Call, Form, push_time};
use super::template::Pools;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    story: Vec<StoryForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoryForm {
    day: i64,
    who: String,
    #[serde(default)]
    session: String,
    key: Option<usize>,
    #[serde(default)]
    mfa: bool,
    ip: String,
    agent: String,
    region: String,
    events: Vec<EventForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventForm {
    at: String,
    call: String,
    who: Option<String>,
    key: Option<usize>,
    agent: Option<String>,
    region: Option<String>,
    request: Option<String>,
    response: Option<String>,
    #[serde(default)]
    resources: Vec<(String, String)>,
    #[serde(default)]
    error: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    extra: String,
}

/// One record to come.
pub struct Told {
    pub at: u32,
    pub identity: String,
    pub call: Call,
    pub region: usize,
    pub ip: String,
    pub agent: String,
    pub error: String,
    pub message: String,
    pub extra: String,
    pub seed: u64,
}

pub struct Stories(Vec<StoryForm>);

impl Stories {
    /// # Panics
    /// When the embedded file is not valid; see [`files::read`].
    pub fn read() -> Self {
        Self(files::read::<File>(files::STORIES).story)
    }

    /// What is told of the day of this age.
    pub fn day(
        &self,
        age: i64,
        date: &str,
        regions: &[String],
        cast: &Cast,
        calls: &record::File,
        pools: &Pools,
    ) -> Vec<Told> {
        let today = self.0.iter().filter(|story| story.day == age);
        let told = |story: &StoryForm| -> Vec<Told> {
            story.events.iter().map(|event| tell(story, event, date, regions, cast, calls, pools)).collect()
        };
        today.flat_map(told).collect()
    }
}

fn tell(
    story: &StoryForm,
    event: &EventForm,
    date: &str,
    regions: &[String],
    cast: &Cast,
    calls: &record::File,
    pools: &Pools,
) -> Told {
    let who = event.who.as_deref().unwrap_or(&story.who);
    let own_key = if event.who.is_some() { event.key } else { story.key };
    let at = u32::try_from(time_of_day(&event.at)).unwrap_or(0);
    // All records of one actor in a story belong to one session, which begins with the first of them.
    let first = story.events.first().map_or(at, |event| u32::try_from(time_of_day(&event.at)).unwrap_or(0));
    let mut began = format!("{date}T");
    push_time(&mut began, first);
    began.push('Z');
    let signs_in = event.call.starts_with("signin:");
    let key = if signs_in { String::new() } else { session_key(hash(&format!("{date}{who}"))) };
    let session =
        Session { who, name: &story.session, key: &key, began: &began, mfa: story.mfa, own_key, invoked_by: None };
    let form = Form {
        read: None,
        request: event.request.clone(),
        response: event.response.clone(),
        resources: event.resources.clone(),
    };
    let region = event.region.as_ref().unwrap_or(&story.region);
    Told {
        at,
        identity: cast.identity(&session),
        call: Call::new(&event.call, &form, &calls.global, pools),
        region: regions.iter().position(|known| known == region).unwrap_or(0),
        ip: quoted(&story.ip),
        agent: quoted(event.agent.as_ref().unwrap_or(&story.agent)),
        error: event.error.clone(),
        message: if event.message.is_empty() { String::new() } else { quoted(&event.message) },
        extra: event.extra.clone(),
        seed: hash(&format!("{date}{}{}{who}", event.at, event.call)),
    }
}
