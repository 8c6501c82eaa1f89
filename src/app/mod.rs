//! The program as a machine: `update` takes a message and answers with effects. No I/O, no clock, no drawing.
//!
//! Sub-states live in their own files (`list`, `detail`, `opened`, `raw`, `picker`, `place`, `gather`); nobody else
//! mutates them.

pub mod command;
mod copy;
pub mod detail;
mod fetching;
pub mod flow;
pub mod following;
mod gather;
mod grouping;
pub mod insight;
pub mod keymap;
mod keys;
pub mod layout;
pub mod list;
pub mod lookups;
pub mod msg;
pub mod opened;
mod overlays;
pub mod picker;
pub mod place;
pub mod raw;
mod travel;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::analysis::{Assessment, Lens};
use crate::collect::RunId;
use crate::model::{Ask, EventId, Facts, OriginKind};
use crate::panes::{ALL, Document, PaneId, TimeMode, TimeStyle, Tone};
use detail::Detail;
use flow::Flowed;
use following::{Following, Heads};
use keymap::{Chord, Context, Found, Keymap};
use layout::{Areas, Wanted};
use list::List;
use lookups::LookedUp;
pub use msg::{Effect, Msg};
use opened::Opened;
use picker::{Picker, Prompt};
use place::History;
use raw::Raw;

/// What lies over the panes and takes the keys.
#[derive(Debug)]
pub enum Overlay {
    Picker(Picker),
    Prompt(Prompt),
}

/// Why something is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The user, or the start, asked for it.
    Asked,
    /// New events are followed.
    Following,
    /// The filter names an attribute.
    LookUp,
}

/// A reading that goes on.
#[derive(Debug)]
pub struct Run {
    pub id: RunId,
    pub why: Why,
    pub began: Timestamp,
    pub asks: BTreeSet<Ask>,
    /// What a refresh brings, kept apart until an ask is read to its end; none for the first reading.
    pub fresh: Option<Box<Facts>>,
}

/// The one owner of all state.
#[derive(Debug)]
pub struct App {
    pub facts: Facts,
    /// Counts changes of `facts` and `lens`.
    pub version: u64,
    /// The version that is being assessed, if one is.
    assessing: Option<u64>,
    /// Percent of the policies that were evaluated, while they are.
    pub evaluated: u8,
    assessed: u64,
    last_assess: Option<Timestamp>,
    /// How long the last assessment took until its first answer.
    took: SignedDuration,
    pub a: Arc<Assessment>,
    pub lens: Lens,
    pub runs: Vec<Run>,
    /// New events are asked for again and again.
    pub following: Option<Following>,
    heads: Heads,
    lookups: Vec<LookedUp>,
    next_run: u32,
    pub keymap: Keymap,
    pub pane: PaneId,
    pub lists: Vec<List>,
    pub detail: Option<Detail>,
    /// The document of the open detail.
    pub opened: Opened,
    pub raw: Option<Raw>,
    /// The event whose record the raw tree waits for.
    raw_awaits: Option<EventId>,
    /// The event whose record is being fetched.
    fetching: Option<EventId>,
    pub overlay: Option<Overlay>,
    pub history: History,
    pub pending: Vec<Chord>,
    pub notice: Option<(String, Tone)>,
    pub time: TimeMode,
    pub zone: TimeZone,
    pub now: Timestamp,
    pub size: (u16, u16),
    pub zoom: bool,
    pub chrome: bool,
    pub mouse: bool,
    /// Events come from where asking again costs nothing.
    askable: bool,
    /// Readings of these are over, and the user has not been told yet what they left out.
    ended: BTreeSet<Ask>,
    /// Events that share an id are being compared.
    comparing: bool,
    dirty: bool,
}

/// What the program starts with.
pub struct Start {
    /// Events come from where asking again costs nothing.
    pub askable: bool,
    pub keymap: Keymap,
    pub zone: TimeZone,
    pub now: Timestamp,
    pub size: (u16, u16),
    pub time: TimeMode,
}

impl App {
    /// The program before anything is known, and its first effects: read everything.
    pub fn new(start: Start, origin: crate::model::Origin) -> (Self, Vec<Effect>) {
        let mut facts = Facts::default();
        facts.apply(crate::model::Batch::Origin(origin));
        let mut app = Self {
            facts,
            version: 1,
            assessing: None,
            evaluated: 0,
            assessed: 0,
            last_assess: None,
            took: SignedDuration::ZERO,
            a: Arc::default(),
            lens: Lens::default(),
            runs: Vec::new(),
            following: None,
            heads: Heads::default(),
            lookups: Vec::new(),
            next_run: 0,
            keymap: start.keymap,
            pane: PaneId::Overview,
            lists: ALL.iter().map(|pane| List::new(pane.id)).collect(),
            detail: None,
            opened: Opened::default(),
            raw: None,
            raw_awaits: None,
            fetching: None,
            overlay: None,
            history: History::default(),
            pending: Vec::new(),
            notice: None,
            time: start.time,
            zone: start.zone,
            now: start.now,
            size: start.size,
            zoom: false,
            chrome: true,
            mouse: false,
            askable: start.askable,
            ended: BTreeSet::new(),
            comparing: false,
            dirty: true,
        };
        let effects = vec![app.begin_run(Ask::ALL.iter().copied().collect())];
        (app, effects)
    }

    pub fn list(&self) -> &List {
        &self.lists[self.pane as usize]
    }

    pub fn list_mut(&mut self) -> &mut List {
        &mut self.lists[self.pane as usize]
    }

    pub fn style(&self) -> TimeStyle {
        TimeStyle { mode: self.time, now: self.as_of(), zone: self.zone.clone() }
    }

    /// The moment against which ages are told: the sample's or snapshot's own clock, else now.
    pub fn as_of(&self) -> Timestamp {
        let fixed = self.facts.origins.iter().filter(|origin| origin.kind != OriginKind::Live);
        let live = self.facts.origins.iter().any(|origin| origin.kind == OriginKind::Live);
        fixed.filter_map(|origin| origin.as_of).max().filter(|_| !live).unwrap_or(self.now)
    }

    pub fn areas(&self) -> Areas {
        let overview = (self.pane == PaneId::Overview).then(|| u16::try_from(self.a.claims.len()).unwrap_or(u16::MAX));
        let wanted = Wanted {
            insight: self.list().insight.open,
            chrome: self.chrome,
            detail: self.detail.is_some(),
            raw: self.raw.is_some(),
            zoom: self.zoom,
            overview,
        };
        layout::areas(self.size.0, self.size.1, wanted)
    }

    /// Rows of the list that fit, its heading not counted.
    pub fn page(&self) -> usize {
        usize::from(self.areas().list.height.saturating_sub(1)).max(1)
    }

    /// Rows that fit into an overlay's list.
    pub fn picker_page(&self) -> usize {
        usize::from(self.size.1.saturating_sub(6)).max(1)
    }

    pub fn context(&self) -> Context {
        if self.raw.is_some() {
            Context::Raw
        } else if self.detail.is_some() {
            Context::Detail
        } else {
            Context::List
        }
    }

    /// The document of the open detail.
    pub fn document(&self) -> Option<&Document> {
        self.opened.document()
    }

    /// The rows of the open detail's open tab.
    pub fn flowed(&self) -> &[Flowed] {
        self.opened.rows()
    }

    /// The row that a command means: the one whose detail is open, else the one under the cursor.
    fn row(&self) -> Option<usize> {
        self.detail.as_ref().and_then(|_| self.opened.row()).or_else(|| self.list().row())
    }

    /// Makes what the open detail shows, as far as it is not there yet.
    fn keep_opened(&mut self) {
        let Some(detail) = &self.detail else { return self.opened.close() };
        let width = self.areas().detail.width.saturating_sub(1);
        let (pane, guess, style) = (self.pane.pane(), self.list().row(), self.style());
        let asked = self.lists[self.pane as usize].filter.asked();
        self.opened.keep(pane, &self.a, detail, guess, asked, (width, &style));
    }

    /// True when the screen no longer shows the state; asking makes it false.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    pub fn touch(&mut self) {
        self.dirty = true;
    }

    pub fn say(&mut self, text: impl Into<String>, tone: Tone) {
        self.notice = Some((text.into(), tone));
        self.dirty = true;
    }

    /// Orders what is on the screen anew where facts or filters have changed.
    fn settle(&mut self) {
        let page = self.page();
        let a = Arc::clone(&self.a);
        let areas = self.areas();
        let minis = areas.minis.is_some();
        // A heading, and a blank line below.
        let lines = (areas.top.height / 6).saturating_sub(2);
        let room = (areas.histogram.width.saturating_sub(2), if areas.top.width > 0 { lines } else { 0 });
        let list = self.list_mut();
        list.stale |= list.insight.fit(room);
        for list in &mut self.lists {
            let shown = list.pane.id == self.pane || minis;
            if shown && list.stale {
                list.refresh(&a, page);
                self.dirty = true;
            }
        }
        self.keep_opened();
        let height = self.detail_page();
        if let Some(detail) = &mut self.detail {
            detail.clamp(self.opened.rows(), height);
        }
        // A detail on the whole screen hides the list, which keeps its place.
        if self.areas().list.height > 0 {
            self.list_mut().clamp(page);
        }
    }

    /// The lines above a detail's rows: its title, and its tabs where it has several and there is room.
    pub fn detail_head(&self) -> u16 {
        let tabs = self.opened.tabs().0.len() > 1 && self.areas().detail.height >= 4;
        1 + u16::from(tabs)
    }

    fn detail_page(&self) -> usize {
        usize::from(self.areas().detail.height.saturating_sub(self.detail_head())).max(1)
    }

    fn raw_page(&self) -> usize {
        usize::from(self.areas().raw.height.saturating_sub(1)).max(1)
    }
}

/// Takes what happened, at the time it happened; answers what is to be done.
pub fn update(app: &mut App, msg: Msg, now: Timestamp) -> Vec<Effect> {
    app.now = now;
    let mut effects = match msg {
        Msg::Key(chord) => key(app, chord),
        Msg::Paste(text) => paste(app, &text),
        Msg::Scroll(lines) => {
            app.perform_move(isize::from(lines));
            Vec::new()
        }
        Msg::Click(x, y) => {
            app.click(x, y);
            Vec::new()
        }
        Msg::Resized(width, height) => {
            app.size = (width, height);
            app.dirty = true;
            vec![Effect::Redraw]
        }
        Msg::Delivered(delivery) => {
            app.deliver(delivery);
            Vec::new()
        }
        Msg::Evaluated(version, percent) => {
            app.take_progress(version, percent);
            Vec::new()
        }
        Msg::Assessed(version, assessment) => {
            app.take_assessment(version, assessment);
            Vec::new()
        }
        Msg::Compared(compared, twice) => {
            app.take_compared(compared, &twice);
            Vec::new()
        }
        Msg::Fetched(id, fetched) => {
            app.take_fetched(id, fetched);
            Vec::new()
        }
        Msg::Copied(result) => {
            match result {
                Ok(what) => app.say(what, Tone::Good),
                Err(why) => app.say(why, Tone::Bad),
            }
            Vec::new()
        }
        Msg::Clock => Vec::new(),
    };
    app.settle();
    effects.extend(app.fetch_if_due());
    effects.extend(app.follow_if_due());
    effects.extend(app.look_up_if_due());
    effects.extend(app.compare_if_due());
    effects.extend(app.assess_if_due());
    effects
}

/// Overlay first, then the keymap, then the sub-state that owns the command.
fn key(app: &mut App, chord: Chord) -> Vec<Effect> {
    if app.notice.take().is_some() {
        app.dirty = true;
    }
    match app.overlay.take() {
        Some(Overlay::Picker(picker)) => return app.picker_key(picker, chord),
        Some(Overlay::Prompt(prompt)) => return app.prompt_key(prompt, chord),
        None => {}
    }
    app.pending.push(chord);
    match app.keymap.find(app.context(), &app.pending) {
        Found::Command(command) => {
            if app.pending.len() > 1 {
                app.dirty = true;
            }
            app.pending.clear();
            app.perform(command)
        }
        Found::Prefix(next) => {
            let keys: Vec<String> = next.iter().map(|(chord, command)| format!("{chord} {}", command.name())).collect();
            app.say(keys.join("   "), Tone::Plain);
            Vec::new()
        }
        Found::Nothing => {
            app.dirty |= app.pending.len() > 1;
            app.pending.clear();
            Vec::new()
        }
    }
}

fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    // Pasted text is only ever typed into a line: pasted keys must not run commands.
    let mut effects = Vec::new();
    if app.overlay.is_some() {
        for c in text.chars().filter(|c| !c.is_control()).take(2_000) {
            effects.extend(key(app, Chord::char(c)));
        }
    }
    effects
}
