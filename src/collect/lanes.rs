//! The plan by which one Region's event history is read with `LookupEvents`: which page to ask for next, what has
//! been read without a hole, and how much is left. A state machine over seconds: no SDK, no clock, no waiting.
//!
//! A page's token leads to the next page only, so one chain of tokens runs at one page a round trip, far under the
//! quota when the service is slow. The time range is therefore cut into windows with a chain each, newest first; a
//! new window is only opened when no open chain has a page to ask for, so there are as many as the latency needs.
//! Before all that, the questions that a responder asks first run as lanes of their own.
//!
//! What was read earlier in the session is not asked for again, since an event never changes: it is a window that is
//! done from the start, and the questions are only asked of what lies outside it.
//!
//! Source of the limits (CloudTrail API Reference, `LookupEvents`): one attribute a request, 50 events a page, 90
//! days, the newest event first, times in whole seconds, both ends inclusive.

mod spans;
mod window;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

pub use spans::Spans;
pub use window::Span;
use window::{State, Window};

/// Events on a full page: the greatest `MaxResults`.
pub const PAGE: u32 = 50;
/// How far back CloudTrail's event history goes, in seconds: 90 days.
pub const HISTORY: i64 = 90 * 24 * 3600;
/// The newest part of what was read is read again, in seconds: events reach the history late, 5 minutes after the
/// call on average and without a promise (CloudTrail User Guide, "How CloudTrail works").
pub const SETTLE: i64 = 30 * 60;
/// The most requests under way at once: enough for the quota of two a second up to 8 s of latency.
pub const IN_FLIGHT: usize = 16;

/// Pages that a window should have: few enough to keep the newest first, enough that half-full last pages cost little.
const WINDOW_PAGES: f64 = 8.0;
/// From this many pages to come a chain is worth sharing once nothing else is left.
const SHARE_PAGES: f64 = 3.0;
/// Seconds that are worth the questions: less than that comes soon enough by itself.
const QUESTIONABLE: i64 = 3600;
/// How many times longer than its neighbour a window may be.
const GROWTH: i64 = 4;
/// Lost tokens in a row, without getting on, before a window is given up.
const RESTARTS: u32 = 3;

/// A question that is asked before everything is read: one lookup attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// `AttributeKey` of the request.
    pub key: &'static str,
    pub value: &'static str,
    /// What the status line calls it.
    pub word: &'static str,
    /// Pages read at the most; the rest comes with the backfill.
    pub pages: u32,
}

/// In the order in which they are asked: what is rare and telling first.
pub const QUESTIONS: [Question; 5] = [
    Question { key: "Username", value: "root", word: "root", pages: 8 },
    Question { key: "EventName", value: "ConsoleLogin", word: "sign-ins", pages: 6 },
    Question { key: "EventSource", value: "organizations.amazonaws.com", word: "organizations", pages: 4 },
    Question { key: "EventSource", value: "iam.amazonaws.com", word: "iam", pages: 4 },
    Question { key: "EventSource", value: "sts.amazonaws.com", word: "sts", pages: 2 },
];

/// What the user's filter names, whose words the order has; the page count bounds what a word that is everywhere costs.
const ASKED: [Question; 1] = [Question { key: "", value: "", word: "", pages: 40 }];

/// Which chain a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainId {
    Question(usize),
    Window(u32),
}

/// One page to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub chain: ChainId,
    pub question: Option<Question>,
    /// `StartTime` and `EndTime`.
    pub span: Span,
    pub token: Option<String>,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Ask(Request),
    /// Nothing before one of the pages under way has arrived.
    Wait,
    Done,
}

/// An answer, without the events themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Seconds since 1970 of each event, in the order of the answer.
    pub times: Vec<i64>,
    pub token: Option<String>,
}

/// The plan for one Region.
#[derive(Clone, Debug)]
pub struct Plan {
    range: Span,
    /// Read before this plan began, within the range.
    held: Spans,
    /// One chain a question.
    lanes: Vec<Window>,
    questions: &'static [Question],
    /// Newest first, touching each other, from `range.to` down to `cut`.
    windows: Vec<Window>,
    /// The lower end of the last window; what lies before is not cut yet.
    cut: i64,
    next_id: u32,
    failed_in_a_row: u32,
}

impl Plan {
    /// A plan for `since..=now`, in seconds since 1970. No further back than [`HISTORY`].
    pub fn new(since: i64, now: i64) -> Self {
        Self::going_on(since, now, [])
    }

    /// The same without what is held already: everything within `held` was read before, [`SETTLE`] or more before the
    /// end of that reading.
    pub fn going_on(since: i64, now: i64, held: impl IntoIterator<Item = Span>) -> Self {
        let range = Span { from: since.clamp(now.saturating_sub(HISTORY), now), to: now };
        let held = held.into_iter().collect::<Spans>().within(range);
        let unread = [range].into_iter().collect::<Spans>().without(&held);
        // What is older than all that is missing was asked before.
        let asked = Span { from: unread.iter().next().map_or(range.to, |first| first.from), to: range.to };
        let missing: i64 = unread.iter().map(Span::seconds).sum();
        let worth = held.is_empty() || missing >= QUESTIONABLE;
        let lanes = QUESTIONS.iter().filter(|_| worth).map(|_| Window::new(0, asked)).collect();
        let cut = range.to.saturating_add(1);
        let questions = &QUESTIONS;
        let mut plan = Self { range, held, lanes, questions, windows: Vec::new(), cut, next_id: 0, failed_in_a_row: 0 };
        plan.skip_held();
        plan
    }

    /// A plan for the newest alone, without questions: few events as a rule, so a single window.
    pub fn newest(since: i64, now: i64) -> Self {
        let range = Span { from: since.clamp(now.saturating_sub(HISTORY), now), to: now };
        let mut plan = Self {
            range,
            held: Spans::default(),
            lanes: Vec::new(),
            questions: &QUESTIONS,
            windows: Vec::new(),
            cut: range.from,
            next_id: 0,
            failed_in_a_row: 0,
        };
        let window = plan.window(range);
        plan.windows.push(window);
        plan
    }

    /// A plan for a single question of the user's, and nothing behind it: it covers nothing.
    pub fn asking(since: i64, now: i64) -> Self {
        let mut plan = Self::newest(since, now);
        (plan.windows, plan.questions) = (Vec::new(), &ASKED);
        plan.lanes = vec![Window::new(0, plan.range)];
        plan
    }

    /// Every question was answered to its end.
    pub fn is_answered(&self) -> bool {
        self.lanes.iter().all(|lane| lane.state == State::Done)
    }

    pub fn range(&self) -> Span {
        self.range
    }

    /// There is a page to ask for: [`Plan::next_request`] would not tell to wait.
    pub fn is_ready(&self) -> bool {
        self.flying() < IN_FLIGHT
            && (self.lanes.iter().chain(&self.windows).any(|window| window.state == State::Ready)
                || self.cut > self.range.from
                || self.windows.iter().any(|window| window.is_worth_sharing(SHARE_PAGES)))
    }

    /// Windows given up since one was last read to its end: the caller may conclude that the Region is not to be had.
    pub fn failed_in_a_row(&self) -> u32 {
        self.failed_in_a_row
    }

    /// The next page to ask for. It counts as under way until one of [`Plan::arrived`], [`Plan::throttled`],
    /// [`Plan::token_lost`] and [`Plan::failed`] is told of its chain.
    pub fn next_request(&mut self) -> Next {
        let flying = self.flying();
        if flying >= IN_FLIGHT {
            return Next::Wait;
        }
        if let Some(at) = self.lanes.iter().position(|lane| lane.state == State::Ready) {
            let question = Some(self.questions[at]);
            return Next::Ask(self.lanes[at].fly(ChainId::Question(at), question));
        }
        let ready = self.windows.iter().position(|window| window.state == State::Ready);
        // A chain that turns out long is shared before the plan goes further back: newest first.
        let ready =
            ready.or_else(|| self.share(2.0 * WINDOW_PAGES)).or_else(|| self.cut()).or_else(|| self.share(SHARE_PAGES));
        match ready {
            Some(at) => {
                let chain = ChainId::Window(self.windows[at].id);
                Next::Ask(self.windows[at].fly(chain, None))
            }
            None if flying > 0 => Next::Wait,
            None => Next::Done,
        }
    }

    /// A page has come. Answers false when its token had been seen before: the chain would run in a circle and is
    /// given up.
    pub fn arrived(&mut self, chain: ChainId, page: &Page) -> bool {
        let Some(window) = self.chain(chain) else { return true };
        let sound = window.take(page);
        let state = window.state;
        match chain {
            ChainId::Question(at) => {
                let lane = &mut self.lanes[at];
                if state == State::Ready && lane.pages >= self.questions[at].pages {
                    lane.state = State::Capped;
                }
            }
            ChainId::Window(_) if state == State::Done => self.failed_in_a_row = 0,
            ChainId::Window(_) => self.failed_in_a_row += u32::from(!sound),
        }
        sound
    }

    /// The request was refused for its rate: the same page will be asked for again.
    pub fn throttled(&mut self, chain: ChainId) {
        if let Some(window) = self.chain(chain) {
            window.state = State::Ready;
        }
    }

    /// The service does not know the token any more: the chain starts anew at the oldest event seen. Answers false
    /// when that has been tried too often without getting on; the chain is then given up.
    pub fn token_lost(&mut self, chain: ChainId) -> bool {
        let restarted = self.chain(chain).is_none_or(Window::restart);
        if !restarted && matches!(chain, ChainId::Window(_)) {
            self.failed_in_a_row += 1;
        }
        restarted
    }

    /// The chain is given up: what it has not read stays a hole.
    pub fn failed(&mut self, chain: ChainId) {
        if let Some(window) = self.chain(chain) {
            window.state = State::Failed;
        }
        if matches!(chain, ChainId::Window(_)) {
            self.failed_in_a_row += 1;
        }
    }

    /// The second from which on everything up to `range().to` is here, read now or held before; none while not even
    /// the newest is, or while that does not join what is held.
    pub fn covered_since(&self) -> Option<i64> {
        let mut covered = None;
        for window in &self.windows {
            let read = window.read_from();
            covered = read.or(covered);
            if read != Some(window.span.from) {
                break;
            }
        }
        covered.filter(|&from| self.held().is_none_or(|held| from <= held.from))
    }

    /// The newest of what this plan did not have to read.
    pub fn held(&self) -> Option<Span> {
        self.held.iter().next_back()
    }

    /// What this plan has read so far. What was held before is not in it.
    pub fn read(&self) -> Spans {
        let read = |window: &Window| window.read_from().map(|from| Span { from, to: window.span.to });
        self.windows.iter().filter(|window| window.pages > 0).filter_map(read).collect()
    }

    /// Pages of the backfill still to come, reckoned from the density of what was read; none while less than an
    /// hour and a hundredth of the range is read, since hours differ.
    pub fn pages_left(&self) -> Option<f64> {
        let held: i64 = self.held.iter().map(Span::seconds).sum();
        let total = self.range.seconds() - held;
        let read: i64 = self.windows.iter().map(Window::seconds_read).sum();
        // Its events were not counted, so its time must not count either.
        let skipped: i64 = self.held.iter().filter(|held| self.cut <= held.from).map(Span::seconds).sum();
        let read = read - skipped;
        if read < total && read < (total / 100).max(3600.min(total / 4)) {
            return None;
        }
        let given_up: i64 =
            self.windows.iter().filter(|window| window.state == State::Failed).map(Window::seconds_unread).sum();
        let events: u64 = self.windows.iter().map(|window| window.events).sum();
        let open = self.windows.iter().filter(|window| window.state.is_open()).count();
        let density = events as f64 / read.max(1) as f64;
        Some((total - read - given_up) as f64 * density / f64::from(PAGE) + open as f64)
    }

    /// The questions whose whole range was read, and those of which only the newest events were.
    pub fn answered(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let words = |state| {
            let lanes = self.lanes.iter().zip(self.questions);
            lanes.filter(|(lane, _)| lane.state == state).map(|(_, question)| question.word).collect()
        };
        (words(State::Done), words(State::Capped))
    }

    /// The windows cut so far, newest first, without those still to be cut.
    pub fn windows(&self) -> impl Iterator<Item = Span> + '_ {
        self.windows.iter().map(|window| window.span)
    }

    fn flying(&self) -> usize {
        self.lanes.iter().chain(&self.windows).filter(|window| window.state == State::Flying).count()
    }

    fn chain(&mut self, chain: ChainId) -> Option<&mut Window> {
        match chain {
            ChainId::Question(at) => self.lanes.get_mut(at),
            ChainId::Window(id) => self.windows.iter_mut().find(|window| window.id == id),
        }
    }

    /// Opens the next window back in time, as long as the density nearby suggests.
    fn cut(&mut self) -> Option<usize> {
        if self.cut <= self.range.from {
            return None;
        }
        let first = (self.range.seconds() / 64).clamp(60, 3600);
        let known = self.windows.iter().rev().find(|window| window.pages > 0);
        let length = match (known, self.windows.last()) {
            (Some(known), Some(last)) => {
                let density = known.density().max(1e-9);
                let fitting = WINDOW_PAGES * f64::from(PAGE) / density;
                // Saturates: an empty neighbourhood gives a long window, bounded by the growth.
                (fitting as i64).clamp(1, last.span.seconds().max(first).saturating_mul(GROWTH))
            }
            _ => first,
        };
        let to = self.cut - 1;
        let floor = self.held.iter().rfind(|held| held.to < to).map_or(self.range.from, |held| held.to + 1);
        let from = to.saturating_sub(length - 1).max(floor);
        self.cut = from;
        let window = self.window(Span { from, to });
        self.windows.push(window);
        let opened = self.windows.len() - 1;
        self.skip_held();
        Some(opened)
    }

    /// Where the cut has come to what is held, it goes on before that.
    fn skip_held(&mut self) {
        let held = self.held.iter().find(|held| held.to + 1 == self.cut);
        if let Some(held) = held {
            let mut window = self.window(held);
            window.state = State::Done;
            self.windows.push(window);
            self.cut = held.from;
        }
    }

    /// Takes the older half of what a chain has before it, when that is at least `pages` pages: the newest such
    /// chain. It goes on with its own token and stops at the cut.
    fn share(&mut self, pages: f64) -> Option<usize> {
        let at = self.windows.iter().position(|window| window.is_worth_sharing(pages))?;
        let middle = self.windows[at].middle()?;
        let older = Span { from: self.windows[at].span.from, to: middle - 1 };
        self.windows[at].span.from = middle;
        let window = self.window(older);
        self.windows.insert(at + 1, window);
        Some(at + 1)
    }

    fn window(&mut self, span: Span) -> Window {
        self.next_id += 1;
        Window::new(self.next_id, span)
    }
}

/// Tokens already followed, to see a circle.
type Tokens = HashSet<String>;
