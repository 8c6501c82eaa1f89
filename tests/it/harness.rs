//! The machine without a terminal: keys in, screens out, every effect performed at once.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mgmtscope::analysis::{Assessment, Lens, assess};
use mgmtscope::app::keymap::{Chord, Key, Keymap};
use mgmtscope::app::{App, Effect, Msg, Start, update};
use mgmtscope::collect::demo::Demo;
use mgmtscope::collect::{Delivery, Order, RegionScope, RunId, Source, gather};
use mgmtscope::model::{Batch, Facts, Origin};
use mgmtscope::panes::TimeMode;
use mgmtscope::ui::theme::Theme;
use mgmtscope::ui::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio_util::sync::CancellationToken;

/// A moment after the sample's own clock; nothing on a screen may depend on it.
pub fn wall() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().expect("a time")
}

/// The sample organization, read once.
pub fn demo() -> Facts {
    static FACTS: OnceLock<Facts> = OnceLock::new();
    FACTS
        .get_or_init(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let order = Order::everything(RegionScope::All, jiff::SignedDuration::from_hours(90 * 24), wall());
            let source: Arc<dyn Source> = Arc::new(Demo);
            runtime.block_on(gather(source, order, CancellationToken::new(), |_, _| {}))
        })
        .clone()
}

pub struct Harness {
    pub app: App,
    /// Effects that are not performed at once, by name: copies, quits, runs.
    pub effects: Vec<Effect>,
    /// Records are fetched from files at once.
    pub disk: bool,
    theme: Theme,
    now: Timestamp,
    /// The sample's assessment, made once for all tests; good until something changes.
    ready: Option<Arc<Assessment>>,
}

impl Harness {
    /// The program just started on a source that has said nothing yet.
    pub fn new(width: u16, height: u16, origin: Origin) -> Self {
        let start = Start {
            askable: true,
            keymap: Keymap::standard(),
            zone: TimeZone::UTC,
            now: wall(),
            size: (width, height),
            time: TimeMode::Utc,
        };
        let (app, effects) = App::new(start, origin);
        let theme = Theme::named("16").expect("built in");
        let mut harness = Self { app, effects: Vec::new(), disk: true, theme, now: wall(), ready: None };
        harness.perform(effects);
        harness
    }

    /// The program with the whole sample read.
    pub fn demo(width: u16, height: u16) -> Self {
        static PICTURE: OnceLock<Arc<Assessment>> = OnceLock::new();
        let facts = demo();
        let as_of = facts.origins.first().and_then(|origin| origin.as_of).expect("the sample's clock");
        let picture = PICTURE.get_or_init(|| Arc::new(assess(facts.clone(), as_of, Lens::default())));
        Self::on(width, height, facts, Some(Arc::clone(picture)))
    }

    /// The program with these facts read.
    pub fn of(width: u16, height: u16, facts: Facts) -> Self {
        Self::on(width, height, facts, None)
    }

    fn on(width: u16, height: u16, facts: Facts, ready: Option<Arc<Assessment>>) -> Self {
        let origin = facts.origins.first().cloned().unwrap_or_default();
        let mut harness = Self::new(width, height, origin);
        harness.app.facts = facts;
        harness.ready = ready;
        harness.end();
        harness
    }

    pub fn deliver(&mut self, batch: Batch) {
        self.app_message(Msg::Delivered(Delivery::Batch(RunId(0), Box::new(batch))));
    }

    pub fn deliver_to(&mut self, run: RunId, batch: Batch) {
        self.ready = None;
        self.app_message(Msg::Delivered(Delivery::Batch(run, Box::new(batch))));
    }

    /// The first reading is over.
    pub fn end(&mut self) {
        self.tell_end();
        self.app.notice = None;
    }

    /// The same with what the program says of it.
    pub fn tell_end(&mut self) {
        self.tell_end_of(RunId(0));
    }

    pub fn tell_end_of(&mut self, run: RunId) {
        self.app_message(Msg::Delivered(Delivery::Ended(run)));
        self.settle();
    }

    /// What was asked of the disk comes.
    pub fn fetched(&mut self, id: mgmtscope::model::EventId, record: Result<String, String>) {
        self.app_message(Msg::Fetched(id, record));
    }

    /// A run is over, and what the program says of it stays.
    pub fn end_of(&mut self, run: RunId) {
        self.app_message(Msg::Delivered(Delivery::Ended(run)));
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Time passes.
    pub fn pass(&mut self, time: jiff::SignedDuration) {
        self.now += time;
        self.app_message(Msg::Clock);
    }

    /// Lets time pass until nothing is pending.
    pub fn settle(&mut self) {
        while let Some(wake) = self.app.wake() {
            self.now = wake.max(self.now);
            self.app_message(Msg::Clock);
        }
    }

    fn app_message(&mut self, msg: Msg) {
        let effects = update(&mut self.app, msg, self.now);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Compare(log) => {
                    let compared = Msg::Compared(log.twins().len(), log.compare());
                    self.app_message(compared);
                }
                Effect::Assess { version, facts, as_of, lens } => {
                    let known = self.ready.clone().filter(|_| lens == Lens::default());
                    let assessment = known.unwrap_or_else(|| Arc::new(assess(*facts, as_of, lens)));
                    self.app_message(Msg::Assessed(version, assessment));
                }
                Effect::Fetch(id, fetch) if self.disk => self.app_message(Msg::Fetched(id, fetch.fetch())),
                other => self.effects.push(other),
            }
        }
    }

    /// Keys with blanks between, named as in a keymap: `2 / text:admin enter`; `tab:NAME` turns to the tab of a detail.
    pub fn press(mut self, keys: &str) -> Self {
        for word in keys.split(' ').filter(|word| !word.is_empty()) {
            if let Some(name) = word.strip_prefix("tab:") {
                self.turn_to(name);
            } else if let Some(text) = word.strip_prefix("text:") {
                for c in text.replace('_', " ").chars() {
                    self.app_message(Msg::Key(Chord::plain(Key::Char(c))));
                }
            } else {
                self.app_message(Msg::Key(word.parse().expect(word)));
            }
        }
        self.settle();
        self
    }

    /// The name of the open tab.
    pub fn tab(&self) -> &str {
        let (tabs, open) = self.app.opened.tabs();
        tabs.get(open).map_or("", |tab| &tab.name)
    }

    fn turn_to(&mut self, name: &str) {
        let count = self.app.opened.tabs().0.len();
        for _ in 0..count {
            if self.tab() == name {
                return;
            }
            self.app_message(Msg::Key("tab".parse().expect("a key")));
        }
        panic!("there is no tab {name}");
    }

    pub fn resize(mut self, width: u16, height: u16) -> Self {
        self.app_message(Msg::Resized(width, height));
        self
    }

    pub fn click(mut self, x: u16, y: u16) -> Self {
        self.app_message(Msg::Click(x, y));
        self
    }

    pub fn buffer(&self) -> Buffer {
        let (width, height) = self.app.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        view(&self.app, &self.theme, &mut buffer);
        buffer
    }

    /// The screen as text, trailing blanks cut.
    pub fn screen(&self) -> String {
        let buffer = self.buffer();
        let width = usize::from(buffer.area.width).max(1);
        let rows = buffer
            .content
            .chunks(width)
            .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned());
        rows.collect::<Vec<_>>().join("\n")
    }

    /// The screen with a map of styles below it, so that a snapshot pins both: one letter a style, `.` for the plain one.
    pub fn styled(&self) -> String {
        let buffer = self.buffer();
        let width = usize::from(buffer.area.width).max(1);
        let mut letters: BTreeMap<String, char> = BTreeMap::new();
        let mut map = String::new();
        for row in buffer.content.chunks(width) {
            let mut line = String::new();
            for cell in row {
                let style = format!("{:?} {:?} {:?}", cell.fg, cell.bg, cell.modifier);
                let next = char::from(b'a' + u8::try_from(letters.len() % 26).unwrap_or(0));
                let plain = style == "Reset Reset NONE";
                line.push(if plain { '.' } else { *letters.entry(style).or_insert(next) });
            }
            map.push_str(line.trim_end_matches('.'));
            map.push('\n');
        }
        let legend: Vec<String> = letters.iter().map(|(style, letter)| format!("{letter} {style}")).collect();
        format!("{}\n----\n{}----\n{}", self.screen(), map.trim_end(), legend.join("\n"))
    }

    /// What was copied last.
    pub fn copied(&self) -> Option<&str> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Copy { text, .. } => Some(text.as_str()),
            _ => None,
        })
    }
}
