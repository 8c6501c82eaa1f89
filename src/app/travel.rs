//! Going from place to place: panes, jumps to evidence, back, forward, up.

use std::sync::Arc;

use super::App;
use super::detail::Detail;
use super::place::Place;
use super::raw::Raw;
use crate::panes::{PaneId, Target, Tone};

impl App {
    pub(super) fn here(&self) -> Place {
        let list = self.list();
        Place {
            pane: self.pane,
            filter: list.text.clone(),
            sort: list.sort,
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
            Target::Filter(pane, filter) => {
                let here = self.here();
                self.jump(here);
                self.pane = *pane;
                let list = self.list_mut();
                list.set_filter(filter);
                (list.cursor, list.offset) = (0, 0);
                self.refresh_here();
                let list = self.list_mut();
                (list.cursor, list.offset) = (0, 0);
            }
            Target::Row(pane, key) => {
                let Some(row) = pane.pane().find(&self.a, key) else {
                    self.say("that row is not there (any more)", Tone::Warn);
                    return;
                };
                let here = self.here();
                self.jump(here);
                self.pane = *pane;
                let key = (pane.pane().key)(&self.a, row);
                self.refresh_here();
                let (a, page) = (Arc::clone(&self.a), self.page());
                if !self.list_mut().select(&a, &key, page) {
                    // The filter hides it: evidence goes before a filter.
                    self.list_mut().set_filter("");
                    self.refresh_here();
                    self.list_mut().select(&a, &key, page);
                }
                self.detail = Some(Detail::new(key));
            }
        }
        self.touch();
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
        } else if self.detail.is_some() {
            // A detail that a jump has opened leads back to where the jump began.
            if let Some(place) = self.history.trail.last().filter(|_| self.arrived_at_detail()).cloned() {
                self.leave_up(&place);
                return;
            }
            self.detail = None;
            self.zoom = false;
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

    fn arrived_at_detail(&self) -> bool {
        self.history.trail.last().is_some_and(|place| place.pane != self.pane || place.detail.is_some())
            && self.list().text.is_empty()
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
        let Some(document) = self.document() else { return };
        let cursor = self.detail.as_ref().map_or(0, |detail| detail.cursor);
        match super::detail::targets(&document).get(cursor).copied().flatten() {
            Some(target) => self.follow(&target.clone()),
            None => self.say("this line leads nowhere further; J shows the raw JSON", Tone::Plain),
        }
    }

    /// n and N: the next row with its detail.
    pub(super) fn step_row(&mut self, by: isize) {
        let (a, page) = (Arc::clone(&self.a), self.page());
        if self.list_mut().step(&a, by, page) {
            self.detail = self.list().key(&a).map(Detail::new);
            self.touch();
        }
    }

    pub(super) fn open_raw(&mut self) {
        let pane = self.pane.pane();
        let Some(row) = self.list().row() else { return };
        let value = (pane.raw)(&self.a, row);
        let title = (pane.detail)(&self.a, row).title;
        self.raw = Some(Raw::new(title, value));
        self.touch();
    }

    pub(super) fn jump_by(&mut self, name: &str) {
        let pane = self.pane.pane();
        let Some(row) = self.list().row() else { return };
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
