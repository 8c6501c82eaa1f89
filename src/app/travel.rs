//! Going from place to place: panes, jumps to evidence, back, forward, up.

use std::sync::Arc;

use super::App;
use super::detail::Detail;
use super::place::Place;
use super::raw::Raw;
use crate::panes::{ALL, PaneId, Target, Tone};

impl App {
    pub(super) fn here(&self) -> Place {
        let list = self.list();
        Place {
            pane: self.pane,
            filter: list.text.clone(),
            sort: list.sort,
            grouping: list.grouping.clone(),
            row: list.key(&self.a),
            line: list.cursor.saturating_sub(list.offset),
            detail: self.detail.clone(),
            label: self.label(),
        }
    }

    /// What the breadcrumb calls this place.
    pub fn label(&self) -> String {
        let mut label = self.pane.pane().title.to_owned();
        let text = &self.list().text;
        if !text.is_empty() {
            let short: String = text.chars().take(40).collect();
            label.push_str(&format!(" /{short}"));
        }
        label
    }

    fn arrive(&mut self, place: &Place) {
        self.raw = None;
        self.pane = place.pane;
        self.detail.clone_from(&place.detail);
        let a = Arc::clone(&self.a);
        let page = self.page();
        let list = self.list_mut();
        list.set_filter(&place.filter);
        list.sort = place.sort;
        list.grouping.clone_from(&place.grouping);
        list.refresh(&a, page);
        if let Some(row) = &place.row
            && list.select(&a, row, page)
        {
            list.offset = list.cursor.saturating_sub(place.line);
            list.clamp(page);
        }
        self.touch();
    }

    /// To a pane by its key: as it was left, at the start of a new chain.
    pub(super) fn go_pane(&mut self, pane: PaneId) {
        if self.pane == pane && self.detail.is_none() && self.raw.is_none() && self.history.trail.is_empty() {
            return;
        }
        let here = self.here();
        self.history.leave(here);
        self.history.trail.clear();
        self.raw = None;
        self.detail = None;
        self.zoom = false;
        self.pane = pane;
        self.list_mut().stale = true;
        self.touch();
    }

    /// To where a claim's evidence is.
    pub(super) fn follow(&mut self, target: &Target) {
        match target {
            Target::Raw => self.open_raw(),
            Target::RawAt(path) => {
                self.open_raw();
                let page = self.page();
                if let Some(raw) = &mut self.raw {
                    raw.go_to(path);
                    raw.clamp(page);
                }
            }
            Target::Filter(pane, filter) => {
                let here = self.here();
                self.jump(here);
                self.pane = *pane;
                let list = self.list_mut();
                list.set_filter(filter);
                list.grouping.clear();
                (list.cursor, list.offset) = (0, 0);
                self.refresh_here();
                let list = self.list_mut();
                (list.cursor, list.offset) = (0, 0);
            }
            Target::Row(pane, key) => self.follow_to_row(*pane, key, ""),
            Target::Tab(pane, key, tab) => self.follow_to_row(*pane, key, tab),
        }
        self.touch();
    }

    /// To the detail of a row, on the tab of that name, if it is given.
    fn follow_to_row(&mut self, pane: PaneId, key: &str, tab: &str) {
        let Some(row) = pane.pane().find(&self.a, key) else {
            self.say("that row is not there (any more)", Tone::Warn);
            return;
        };
        let here = self.here();
        self.jump(here);
        self.pane = pane;
        let key = (pane.pane().key)(&self.a, row);
        self.refresh_here();
        let (a, page) = (Arc::clone(&self.a), self.page());
        if !self.list_mut().select(&a, &key, page) {
            // The filter hides it: evidence goes before a filter.
            self.list_mut().set_filter("");
            self.refresh_here();
            self.list_mut().select(&a, &key, page);
        }
        self.detail = Some(Detail::after_jump(key, tab));
    }

    fn jump(&mut self, here: Place) {
        self.history.leave(here.clone());
        self.history.trail.push(here);
        self.raw = None;
        self.detail = None;
        self.zoom = false;
    }

    fn refresh_here(&mut self) {
        let (a, page) = (Arc::clone(&self.a), self.page());
        self.list_mut().refresh(&a, page);
    }

    /// Esc: one step out of whatever is open.
    pub(super) fn back(&mut self) {
        if let Some(raw) = &mut self.raw {
            if raw.search.is_empty() {
                self.raw = None;
            } else {
                raw.search.clear();
            }
            self.touch();
        } else if let Some(detail) = self.detail.as_mut().filter(|detail| !detail.search.is_empty()) {
            detail.search.clear();
            self.touch();
        } else if let Some(detail) = &self.detail {
            if let Some(place) = self.history.trail.last().filter(|_| detail.is_jumped()).cloned() {
                self.leave_up(&place);
                return;
            }
            self.detail = None;
            self.zoom = false;
            self.touch();
        } else if self.list().is_grouped() {
            self.list_mut().ungroup();
            self.touch();
        } else if let Some(place) = self.history.trail.last().cloned() {
            self.leave_up(&place);
        } else if !self.list().text.is_empty() {
            self.list_mut().set_filter("");
            self.touch();
        } else if self.list_mut().unmark_all() {
            self.touch();
        }
    }

    fn leave_up(&mut self, place: &Place) {
        self.history.trail.pop();
        let here = self.here();
        self.history.leave(here);
        // What a jump had filtered does not stay behind in a pane that the user did not filter.
        self.list_mut().set_filter("");
        self.arrive(place);
    }

    pub(super) fn history_back(&mut self) {
        if let Some(place) = self.history.back.pop() {
            let here = self.here();
            self.history.forward.push(here);
            self.history.trail.clear();
            self.arrive(&place);
        }
    }

    pub(super) fn history_forward(&mut self) {
        if let Some(place) = self.history.forward.pop() {
            let here = self.here();
            self.history.back.push(here);
            self.history.trail.clear();
            self.arrive(&place);
        }
    }

    pub(super) fn last_place(&mut self) {
        if let Some(place) = self.history.back.pop() {
            let here = self.here();
            self.history.back.push(here);
            self.history.trail.clear();
            self.arrive(&place);
        }
    }

    pub(super) fn open_detail(&mut self) {
        let Some(key) = self.list().key(&self.a) else { return };
        let a = Arc::clone(&self.a);
        self.list_mut().touch(&a);
        self.detail = Some(Detail::new(key));
        self.touch();
    }

    /// Enter in a detail: to the evidence of the line.
    pub(super) fn open_line(&mut self) {
        let cursor = self.detail.as_ref().map_or(0, |detail| detail.cursor);
        let Some(line) = self.opened.line(cursor) else { return };
        match line.target.clone() {
            Some(target) => self.follow(&target),
            None => self.say("this line leads nowhere further; J shows the raw JSON", Tone::Plain),
        }
    }

    /// n and N: the next row with its detail, on the same tab.
    pub(super) fn step_row(&mut self, by: isize) {
        let (a, page) = (Arc::clone(&self.a), self.page());
        if self.list_mut().step(&a, by, page) {
            let key = self.list().key(&a);
            self.detail = key
                .map(|key| self.detail.as_ref().map_or_else(|| Detail::new(key.clone()), |from| from.of(key.clone())));
            self.touch();
        }
    }

    /// e and E: the next row that deserves a look, with its detail if one is open.
    pub(super) fn step_notable(&mut self, forward: bool) {
        let Some(notable) = self.pane.pane().notable else {
            return self.say("nothing is marked in this pane", Tone::Plain);
        };
        let (a, list) = (Arc::clone(&self.a), self.list());
        let here = list.cursor.min(list.rows.len());
        let is_notable = |&at: &usize| notable(&a, list.rows[at] as usize);
        let found =
            if forward { (here + 1..list.rows.len()).find(is_notable) } else { (0..here).rev().find(is_notable) };
        match found {
            Some(at) if self.detail.is_some() => self.step_row(at.cast_signed() - here.cast_signed()),
            Some(at) => self.perform_move(at.cast_signed() - here.cast_signed()),
            None => {
                let way = if forward { "after" } else { "before" };
                self.say(format!("nothing {way} this row raises a rule or was denied"), Tone::Plain);
            }
        }
    }

    /// The next tab of the open detail; a detail without tabs leads on to the next pane.
    pub(super) fn step_tab(&mut self, forward: bool) {
        let (tabs, open) = self.opened.tabs();
        let by = |at: usize, of: usize| if forward { (at + 1) % of } else { (at + of - 1) % of };
        if self.detail.is_some() && tabs.len() > 1 {
            self.open_tab(by(open, tabs.len()));
        } else {
            self.go_pane(ALL[by(self.pane as usize, ALL.len())].id);
        }
    }

    /// Opens one of the tabs of the open detail.
    pub(super) fn open_tab(&mut self, to: usize) {
        let (tabs, open) = self.opened.tabs();
        if let (Some(from), Some(to), Some(detail)) = (tabs.get(open), tabs.get(to), &mut self.detail) {
            detail.turn(&from.name, &to.name);
            self.touch();
        }
    }

    pub(super) fn open_raw(&mut self) {
        let pane = self.pane.pane();
        let Some(row) = self.row() else { return };
        let value = self.raw_of(row);
        let title =
            self.document().map_or_else(|| (pane.detail)(&self.a, row).title, |document| document.title.clone());
        self.raw = Some(Raw::new(title, value));
        self.touch();
    }

    pub(super) fn jump_by(&mut self, name: &str) {
        let pane = self.pane.pane();
        let Some(row) = self.row() else { return };
        let Some(jump) = pane.jumps.iter().find(|jump| jump.name == name) else {
            self.say(format!("{} has no way to {name}", pane.title), Tone::Plain);
            return;
        };
        match (jump.to)(&self.a, row) {
            Ok(target) => self.follow(&target),
            Err(why) => self.say(why, Tone::Plain),
        }
    }
}
