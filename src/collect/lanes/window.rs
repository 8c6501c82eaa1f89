//! One chain of tokens over one span of time: what it has read, and where it would start anew.
//! Knows nothing of the other windows.

use super::{ChainId, PAGE, Page, Question, RESTARTS, Request, Tokens};

/// Seconds since 1970, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: i64,
    pub to: i64,
}

impl Span {
    pub fn seconds(self) -> i64 {
        (self.to - self.from).saturating_add(1).max(0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A page can be asked for.
    Ready,
    /// A page is under way.
    Flying,
    /// Read to the end.
    Done,
    /// As many pages as a question may have; there is more.
    Capped,
    Failed,
}

impl State {
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Ready | Self::Flying)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) id: u32,
    /// What this chain is answerable for; shrinks from below when it is shared.
    pub(super) span: Span,
    /// What its token was given for: must not change while there is a token.
    asked: Span,
    pub(super) state: State,
    token: Option<String>,
    followed: Tokens,
    first: Option<i64>,
    oldest: Option<i64>,
    /// Every event so far was no newer than the one before it. Without that, nothing is known before the end.
    ordered: bool,
    pub(super) events: u64,
    pub(super) pages: u32,
    restarts: u32,
}

impl Window {
    pub(super) fn new(id: u32, span: Span) -> Self {
        Self {
            id,
            span,
            asked: span,
            state: State::Ready,
            token: None,
            followed: Tokens::new(),
            first: None,
            oldest: None,
            ordered: true,
            events: 0,
            pages: 0,
            restarts: 0,
        }
    }

    pub(super) fn fly(&mut self, chain: ChainId, question: Option<Question>) -> Request {
        self.state = State::Flying;
        if self.token.is_none() {
            self.asked.from = self.span.from;
        }
        Request { chain, question, span: self.asked, token: self.token.clone() }
    }

    /// False: the token leads in a circle.
    pub(super) fn take(&mut self, page: &Page) -> bool {
        self.pages += 1;
        for &time in &page.times {
            self.first.get_or_insert(time);
            self.ordered &= time <= self.oldest.unwrap_or(self.asked.to);
            self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
            // What lies before the span is the business of the window that shares it.
            self.events += u64::from(time >= self.span.from);
        }
        let past = self.bottom().is_some_and(|oldest| oldest < self.span.from);
        match &page.token {
            Some(token) if !past => {
                if !self.followed.insert(token.clone()) {
                    self.state = State::Failed;
                    return false;
                }
                self.token = Some(token.clone());
                self.state = State::Ready;
            }
            // Out of order after a new start: what the first run skipped is not known, so all of it again.
            _ if !self.ordered && self.asked.to < self.span.to => return self.restart(),
            _ => {
                self.token = None;
                self.followed = Tokens::new();
                self.state = State::Done;
            }
        }
        true
    }

    /// False: that has been tried too often without getting on.
    pub(super) fn restart(&mut self) -> bool {
        self.token = None;
        self.followed.clear();
        // The oldest second may go on over the page's end, so it is read again.
        let to = self.bottom().map_or(self.span.to, |oldest| oldest.clamp(self.span.from, self.span.to));
        self.restarts = if to < self.asked.to { 0 } else { self.restarts + 1 };
        self.asked = Span { from: self.span.from, to };
        self.state = if self.restarts > RESTARTS { State::Failed } else { State::Ready };
        self.state == State::Ready
    }

    /// The oldest event, once the answers have been seen to run from new to old.
    fn bottom(&self) -> Option<i64> {
        self.oldest.filter(|oldest| self.ordered && self.first.is_some_and(|first| *oldest < first))
    }

    /// The second from which on this window has been read up to its end.
    pub(super) fn read_from(&self) -> Option<i64> {
        if self.state == State::Done {
            return Some(self.span.from);
        }
        let oldest = self.bottom()?;
        // More events of the oldest second may follow.
        (oldest < self.span.to).then_some((oldest + 1).max(self.span.from))
    }

    pub(super) fn seconds_read(&self) -> i64 {
        self.read_from().map_or(0, |from| self.span.to - from + 1)
    }

    pub(super) fn seconds_unread(&self) -> i64 {
        self.span.seconds() - self.seconds_read()
    }

    /// Events a second, in the part that was read.
    pub(super) fn density(&self) -> f64 {
        self.events as f64 / self.seconds_read().max(1) as f64
    }

    /// Pages to come, reckoned from the pages read; none under way, none to come.
    pub(super) fn pages_left(&self) -> f64 {
        if self.state.is_open() && self.pages > 0 && self.ordered {
            self.density() * self.seconds_unread() as f64 / f64::from(PAGE)
        } else {
            0.0
        }
    }

    /// At least so many pages are to come, and they can be cut in two.
    pub(super) fn is_worth_sharing(&self, pages: f64) -> bool {
        self.pages_left() >= pages && self.middle().is_some()
    }

    /// Where to cut what is left in two; none when it is too short.
    pub(super) fn middle(&self) -> Option<i64> {
        let unread = self.seconds_unread();
        (unread >= 4).then_some(self.span.from + unread / 2)
    }
}
