//! The cache of events: what `LookupEvents` brought is kept between runs of the program, since an event never changes.
//! A run reads its Regions' shelves (`store::shelf`) once, asks AWS for the rest, and puts there what came.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Aws;
use crate::collect::lanes::{HISTORY, SETTLE, Span, Spans};
use crate::model::{Event, Region, Text};
use crate::store::shelf::{Label, Record, Shelf};

/// Events that wait to be written; what a kill of the program can lose.
const PENDING: usize = 2_000;
/// While events are followed, they are written at least so often.
const OFTEN: Duration = Duration::from_secs(300);
/// Packets of events on their way from the disk.
const AHEAD: usize = 4;
const PACKET: usize = 500;

/// Whose events a cache holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    partition: Text,
    account: Text,
    endpoint: String,
}

impl Owner {
    /// None while it is not known who asks.
    pub fn of(aws: &Aws) -> Option<Self> {
        let partition = aws.partition.get().filter(|partition| !partition.is_empty())?.clone();
        let account = Text::new(aws.caller_account()?.as_str());
        Some(Self { partition, account, endpoint: aws.clients.endpoint() })
    }
}

#[derive(Debug)]
pub struct Cache {
    root: PathBuf,
    owner: Owner,
    regions: Mutex<HashMap<Region, Kept>>,
}

/// What is kept of one Region, shared by the runs that read it.
#[derive(Clone, Debug)]
pub struct Kept(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// None: it could not be opened or written, or is being read.
    shelf: Option<Shelf>,
    loading: bool,
    /// All that is there was brought in this session, so its spans need not be asked for.
    loaded: bool,
    spans: Spans,
    /// Read to the end in this session; more than `spans` while it waits to be written.
    settled: Spans,
    /// By which events are known that are there already.
    ids: HashSet<u64>,
    pending: Vec<Record>,
    written: Instant,
    /// What went wrong, in words.
    told: Vec<String>,
}

/// What comes from the disk.
#[derive(Debug, Default)]
pub struct Packet {
    pub events: Vec<Event>,
    /// Why records could not be read, as when they came from AWS.
    pub unreadable: Vec<String>,
}

impl Cache {
    pub fn new(root: PathBuf, owner: Owner) -> Self {
        Self { root, owner, regions: Mutex::default() }
    }

    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Opens a Region's shelf at its first use.
    pub async fn region(&self, region: &Region) -> Kept {
        let find = |regions: &HashMap<Region, Kept>| regions.get(region).cloned();
        if let Some(kept) = find(&self.regions.lock().unwrap_or_else(PoisonError::into_inner)) {
            return kept;
        }
        let (root, label) = (self.root.clone(), self.label(region));
        let shelf = tokio::task::spawn_blocking(move || Shelf::open(&root, label)).await;
        let mut told = Vec::new();
        let shelf = match shelf {
            Ok(Ok(shelf)) => Some(shelf),
            Ok(Err(error)) => {
                told.push(format!("the cache cannot be opened: {error}"));
                None
            }
            Err(_) => None,
        };
        if shelf.as_ref().is_some_and(|shelf| !shelf.is_ours()) {
            told.push("another mgmtscope writes the cache, so this one only reads it".to_owned());
        }
        let state = State {
            shelf,
            loading: false,
            loaded: false,
            spans: Spans::default(),
            settled: Spans::default(),
            ids: HashSet::new(),
            pending: Vec::new(),
            written: Instant::now(),
            told,
        };
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        regions.entry(region.clone()).or_insert_with(|| Kept(Arc::new(Mutex::new(state)))).clone()
    }

    fn label(&self, region: &Region) -> Label {
        Label {
            partition: self.owner.partition.to_string(),
            account: self.owner.account.to_string(),
            endpoint: self.owner.endpoint.clone(),
            region: region.as_str().to_owned(),
        }
    }
}

impl Kept {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The spans that need not be asked for: none before [`Kept::load`] has come to its end.
    pub fn spans(&self) -> Spans {
        let state = self.state();
        if state.loaded { state.spans.clone() } else { Spans::default() }
    }

    /// What went wrong, each once.
    pub fn told(&self) -> Vec<String> {
        self.state().told.clone()
    }

    /// What is there from `since` on, packet by packet; none when it was brought in this session before. Whoever drops the
    /// receiver ends it.
    pub fn load(&self, since: i64, now: i64) -> Option<mpsc::Receiver<Packet>> {
        let mut state = self.state();
        let shelf = if state.loaded { None } else { state.shelf.take() }?;
        state.loading = true;
        let (sender, receiver) = mpsc::channel(AHEAD);
        let kept = self.clone();
        tokio::task::spawn_blocking(move || kept.read(shelf, since, now, &sender));
        Some(receiver)
    }

    /// Not under the lock: a run that goes on beside it must not wait for the disk.
    fn read(&self, mut shelf: Shelf, since: i64, now: i64, sender: &mpsc::Sender<Packet>) {
        let (mut whole, mut ids) = (true, HashSet::new());
        let found = shelf.read(now - HISTORY, |records| {
            for records in records.chunks(PACKET) {
                let packet = packet(records.iter().filter(|(second, _)| *second >= since), &mut ids);
                whole = sender.blocking_send(packet).is_ok();
                if !whole {
                    return false;
                }
            }
            true
        });
        let mut state = self.state();
        state.loading = false;
        match found {
            Ok(found) => {
                state.shelf = Some(shelf);
                state.loaded = whole;
                state.ids.extend(ids);
                state.spans = found.spans.iter().map(|&(from, to)| Span { from, to }).collect();
                state.told.extend(found.told);
            }
            Err(error) => state.fail(&format!("the cache cannot be read: {error}")),
        }
    }

    /// Takes a record that AWS answered, if it is not there yet. `id`: the hash of its event's id, if it has one.
    pub fn add(&self, id: Option<u64>, second: i64, raw: &str) {
        let mut state = self.state();
        if (state.shelf.is_none() && !state.loading) || id.is_some_and(|id| !state.ids.insert(id)) {
            return;
        }
        // What cannot be read is kept as a string, so that it is told again.
        let is_object =
            serde_json::from_str::<&serde_json::value::RawValue>(raw).is_ok_and(|value| value.get().starts_with('{'));
        let raw = if is_object { raw.to_owned() } else { serde_json::Value::from(raw).to_string() };
        state.pending.push((second, raw));
    }

    /// Something is due to be written.
    pub fn is_due(&self, at_the_end: bool) -> bool {
        let state = self.state();
        state.pending.len() >= PENDING || (at_the_end && state.written.elapsed() >= OFTEN)
    }

    /// Of what was read, the part whose events have all arrived: it need not be asked for again.
    pub fn settle(&self, read: &Spans, now: i64) {
        let settled = read.within(Span { from: i64::MIN / 2, to: now - SETTLE });
        let mut state = self.state();
        settled.iter().for_each(|span| state.settled.add(span));
    }

    /// Writes what waits.
    pub async fn write(&self) {
        let kept = self.clone();
        // A panic there leaves the cache as it was.
        let _ = tokio::task::spawn_blocking(move || {
            let mut state = kept.state();
            state.written = Instant::now();
            let new = state.settled.without(&state.spans);
            let State { shelf: Some(shelf), pending, .. } = &mut *state else { return };
            let pending = std::mem::take(pending);
            if pending.is_empty() && new.is_empty() {
                return;
            }
            let spans: Vec<(i64, i64)> = new.iter().map(|span| (span.from, span.to)).collect();
            match shelf.add(&spans, &pending) {
                Ok(()) => new.iter().for_each(|span| state.spans.add(span)),
                Err(error) => state.fail(&format!("the cache cannot be written: {error}")),
            }
        })
        .await;
    }
}

impl State {
    /// Goes on without.
    fn fail(&mut self, why: &str) {
        self.told.push(why.to_owned());
        self.shelf = None;
        self.pending = Vec::new();
    }
}

fn packet<'a>(records: impl Iterator<Item = &'a Record>, ids: &mut HashSet<u64>) -> Packet {
    let mut packet = Packet::default();
    for (_, raw) in records {
        match Event::from_record(raw) {
            Ok(event) => {
                if !event.id.is_empty() {
                    ids.insert(super::lookup::hash(&event.id));
                }
                packet.events.push(event);
            }
            Err(error) => packet.unreadable.push(error.to_string()),
        }
    }
    packet
}
