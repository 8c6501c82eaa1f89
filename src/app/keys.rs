//! What each command does: hands it to the sub-state that owns it.

use std::sync::Arc;

use unicode_width::UnicodeWidthStr;

use super::command::Command;
use super::detail::Title;
use super::gather::READING_AGAIN;
use super::keymap::Context;
use super::picker::{Asking, Choice, Item, Picker, Prompt, Purpose};
use super::{App, Effect, Overlay};
use crate::panes::filter::{Filter, and, quote};
use crate::panes::{ALL, PaneId, Target, Tone};

impl App {
    pub(super) fn perform(&mut self, command: Command) -> Vec<Effect> {
        if self.context() == Context::List && self.list().is_grouped() && is_of_one_row(command) {
            let open = self.keymap.key_of(Command::Open);
            self.say(format!("this is a group: {open} shows its rows"), Tone::Plain);
            return Vec::new();
        }
        match command {
            Command::Overview => self.go_pane(PaneId::Overview),
            Command::Principals => self.go_pane(PaneId::Principals),
            Command::Activity => self.go_pane(PaneId::Activity),
            Command::Residents => self.go_pane(PaneId::Residents),
            Command::Delegation => self.go_pane(PaneId::Delegation),
            Command::Coverage => self.go_pane(PaneId::Coverage),
            Command::NextPane => self.go_pane(ALL[(self.pane as usize + 1) % ALL.len()].id),
            Command::PreviousPane => self.go_pane(ALL[(self.pane as usize + ALL.len() - 1) % ALL.len()].id),
            Command::NextTab => self.step_tab(true),
            Command::PreviousTab => self.step_tab(false),
            Command::HistoryBack => self.history_back(),
            Command::HistoryForward => self.history_forward(),
            Command::LastPlace => self.last_place(),
            Command::Down => self.perform_move(1),
            Command::Up => self.perform_move(-1),
            Command::Top => self.perform_move(isize::MIN / 2),
            Command::Bottom => self.perform_move(isize::MAX / 2),
            Command::PageDown => self.perform_move(self.page_step()),
            Command::PageUp => self.perform_move(-self.page_step()),
            Command::HalfDown => self.perform_move((self.page_step() / 2).max(1)),
            Command::HalfUp => self.perform_move(-(self.page_step() / 2).max(1)),
            Command::NextRow => self.step_row(1),
            Command::PreviousRow => self.step_row(-1),
            Command::NextNotable => self.step_notable(true),
            Command::PreviousNotable => self.step_notable(false),
            Command::ColumnLeft => self.move_column(-1),
            Command::ColumnRight => self.move_column(1),
            Command::Open => self.open(),
            Command::Back => self.back(),
            Command::Raw => self.toggle_raw(),
            Command::Zoom if self.has_histogram() => self.zoom_time(true),
            Command::Zoom => self.flip(|app| &mut app.zoom),
            Command::TimeMode => self.next_time_mode(),
            Command::OwnCalls => self.toggle_own(),
            Command::Fold => self.fold(true),
            Command::Unfold => self.fold(false),
            Command::Search => self.open_search(),
            Command::NextMatch => self.next_match(true),
            Command::PreviousMatch => self.next_match(false),
            Command::Filter => self.open_prompt(),
            Command::Group => self.open_group_picker(),
            Command::Histogram => self.toggle_insight(),
            Command::WidenTime => self.zoom_time(false),
            Command::Sort if self.list().is_grouped() => self.next_group_order(),
            Command::Sort => self.overlay = Some(Overlay::Picker(self.sort_picker())),
            Command::SortReverse => self.reverse(),
            Command::LikeThis => self.pivot(false),
            Command::NotLikeThis => self.pivot(true),
            Command::Noise => self.toggle_noise(),
            Command::Everywhere => self.everywhere(),
            Command::JumpEvents => self.jump_by("events"),
            Command::JumpPrincipal => self.jump_by("principal"),
            Command::JumpResidents => self.jump_by("residents"),
            Command::Mark => self.mark(false),
            Command::MarkRange => self.mark(true),
            Command::UnmarkAll => {
                if self.list_mut().unmark_all() {
                    self.touch();
                }
            }
            Command::CopyCell => return self.copy_cell(),
            Command::CopyRow => return self.copy_row(),
            Command::CopyArn => return self.copy_arn(),
            Command::CopyJson => return self.copy_json(),
            Command::CopyDetail => return self.copy_detail(),
            Command::Refresh => return self.refresh(self.pane.pane().asks),
            Command::RefreshAll => return self.refresh(crate::model::Ask::ALL),
            Command::Follow => return self.toggle_following(),
            Command::Cancel => return self.cancel(),
            Command::Palette => self.overlay = Some(Overlay::Picker(Picker::palette(&self.keymap))),
            Command::Help => self.overlay = Some(Overlay::Picker(Picker::help(&self.keymap, self.pane.pane()))),
            Command::Chrome => self.flip(|app| &mut app.chrome),
            Command::Mouse => {
                self.mouse = !self.mouse;
                let state = if self.mouse { "on; hold Shift to select text" } else { "off" };
                self.say(format!("mouse {state}"), Tone::Plain);
                return vec![Effect::Mouse(self.mouse)];
            }
            Command::Redraw => {
                self.touch();
                return vec![Effect::Redraw];
            }
            Command::Quit | Command::QuitNow => return vec![Effect::Quit],
        }
        if self.overlay.is_some() {
            self.touch();
        }
        Vec::new()
    }

    fn flip(&mut self, which: impl Fn(&mut Self) -> &mut bool) {
        let flag = which(self);
        *flag = !*flag;
        self.touch();
    }

    fn page_step(&self) -> isize {
        let page = match self.context() {
            Context::Raw => self.raw_page(),
            Context::Detail => self.detail_page(),
            Context::List | Context::Global => self.page(),
        };
        page.saturating_sub(1).max(1).cast_signed()
    }

    /// Moves the cursor of whatever has the focus.
    pub(super) fn perform_move(&mut self, by: isize) {
        let moved = match self.context() {
            Context::Raw => {
                let page = self.raw_page();
                self.raw.as_mut().is_some_and(|raw| raw.step(by, page))
            }
            Context::Detail => {
                let page = self.detail_page();
                self.detail.as_mut().is_some_and(|detail| detail.step(self.opened.rows(), by, page))
            }
            Context::List | Context::Global => {
                let (a, page) = (Arc::clone(&self.a), self.page());
                self.list_mut().step(&a, by, page)
            }
        };
        if moved {
            self.touch();
        }
    }

    /// A click puts the cursor on a row; in the line of tabs of a detail, it opens the tab.
    pub(super) fn click(&mut self, x: u16, y: u16) {
        let areas = self.areas();
        let (a, page) = (Arc::clone(&self.a), self.page());
        if self.overlay.is_none() && self.raw.is_none() && areas.detail.contains((x, y).into()) {
            let (tabs, open) = self.opened.tabs();
            let line = super::detail::titles(tabs, open, areas.detail.width.saturating_sub(2));
            let on_line = self.detail_head() == 2 && y == areas.detail.y + 1;
            let at = x.saturating_sub(areas.detail.x + 1);
            let hit = |title: &&Title| at >= title.x && usize::from(at - title.x) < title.text.width();
            if let Some(title) = line.titles.iter().find(hit).filter(|_| on_line) {
                self.open_tab(title.tab);
            }
            return;
        }
        if self.overlay.is_none() && self.raw.is_none() && areas.list.contains((x, y).into()) && y > areas.list.y {
            let to = self.list().offset + usize::from(y - areas.list.y - 1);
            if to < self.list().rows.len() && self.list_mut().go(&a, to, page) {
                self.touch();
            }
        }
    }

    fn move_column(&mut self, by: isize) {
        let last = self.pane.pane().columns.len() - 1;
        let list = self.list_mut();
        let column = list.column.saturating_add_signed(by).min(last);
        if column != list.column {
            list.column = column;
            self.touch();
        }
    }

    fn open(&mut self) {
        match self.context() {
            Context::Raw => self.fold_toggle(),
            Context::Detail => self.open_line(),
            Context::List | Context::Global if self.list().is_grouped() => self.open_group(),
            Context::List | Context::Global => self.open_detail(),
        }
    }

    fn toggle_raw(&mut self) {
        if self.raw.take().is_none() {
            self.open_raw();
        }
        self.touch();
    }

    fn fold_toggle(&mut self) {
        let page = self.raw_page();
        if let Some(raw) = &mut self.raw
            && raw.fold(None)
        {
            raw.clamp(page);
            self.touch();
        }
    }

    fn fold(&mut self, fold: bool) {
        let page = self.raw_page();
        if let Some(raw) = &mut self.raw
            && raw.fold(Some(fold))
        {
            raw.clamp(page);
            self.touch();
        }
    }

    fn next_match(&mut self, forward: bool) {
        let page = self.raw_page();
        let (search, found) = if let Some(raw) = &mut self.raw {
            let found = raw.next_match(forward, false);
            raw.clamp(page);
            (&raw.search, found)
        } else if let Some(detail) = &mut self.detail {
            let found = detail.next_match(self.opened.rows(), forward, false);
            (&detail.search, found)
        } else {
            return;
        };
        if search.is_empty() {
            self.say("nothing to look for yet: / begins a search", Tone::Plain);
        } else if found {
            self.touch();
        } else {
            self.say("no match", Tone::Warn);
        }
    }

    fn next_time_mode(&mut self) {
        self.time = self.time.next();
        self.say(format!("times: {}", self.time.label()), Tone::Plain);
    }

    fn toggle_own(&mut self) {
        self.lens.hide_own = !self.lens.hide_own;
        self.version += 1;
        let (own, state) = (self.a.activity.own, if self.lens.hide_own { "hidden" } else { "shown" });
        self.say(format!("mgmtscope's own {own} calls are {state}"), Tone::Plain);
    }

    fn open_prompt(&mut self) {
        if self.raw.is_some() {
            return self.open_search();
        }
        self.overlay = Some(Overlay::Prompt(Prompt::new(Asking::Filter, &self.list().text)));
    }

    /// A search in what is open: the raw tree, or the tab of the detail.
    fn open_search(&mut self) {
        let search = match (&self.raw, &self.detail) {
            (Some(raw), _) => &raw.search,
            (None, Some(detail)) => &detail.search,
            (None, None) => {
                return self.say("open a detail (enter) or the raw JSON (J), and search there", Tone::Plain);
            }
        };
        self.overlay = Some(Overlay::Prompt(Prompt::new(Asking::Search, search)));
    }

    /// A prompt's text has changed: results follow each character.
    pub(super) fn type_into(&mut self, prompt: &Prompt) {
        let text = prompt.input.value();
        let page = self.raw_page();
        match prompt.asking {
            Asking::Filter => self.list_mut().set_filter(text),
            Asking::Search => {
                if let Some(raw) = &mut self.raw {
                    text.clone_into(&mut raw.search);
                    raw.next_match(true, true);
                    raw.clamp(page);
                } else if let Some(detail) = &mut self.detail {
                    text.clone_into(&mut detail.search);
                    self.keep_opened();
                    if let Some(detail) = &mut self.detail {
                        detail.next_match(self.opened.rows(), true, true);
                    }
                }
            }
        }
    }

    pub(super) fn end_prompt(&mut self, prompt: &Prompt, keep: bool) {
        if !keep {
            let before = Prompt::new(prompt.asking, &prompt.before);
            self.type_into(&before);
        } else if let (Some(error), Asking::Filter) = (&self.list().error, prompt.asking) {
            let text = error.to_string();
            self.say(text, Tone::Warn);
        }
    }

    fn sort_picker(&self) -> Picker {
        let mut picker = Picker::columns(self.pane.pane(), Purpose::Sort);
        picker.cursor = self.list().column;
        picker
    }

    fn reverse(&mut self) {
        let list = self.list_mut();
        if list.is_grouped() {
            list.group_turned = !list.group_turned;
            list.stale = true;
            return self.touch();
        }
        match &mut list.sort {
            Some(sort) => sort.descending = !sort.descending,
            None => list.sort = Some(crate::panes::order::Sort { column: list.column, descending: true }),
        }
        list.stale = true;
        self.touch();
    }

    /// The value under row and column cursor, as written.
    pub(super) fn cell(&self) -> Option<(&'static str, String)> {
        let (list, pane) = (self.list(), self.pane.pane());
        let column = &pane.columns[list.meant()];
        let cell = (column.cell)(&self.a, list.row()?);
        Some((column.name, cell.value.show(&crate::panes::TimeStyle::utc(self.as_of())).into_owned()))
    }

    fn pivot(&mut self, negate: bool) {
        let Some((column, value)) = self.cell() else { return };
        let operator = if negate { "!=" } else { "=" };
        let term = format!("{column}{operator}{}", quote(&value));
        let list = self.list_mut();
        let text = and(&list.text, &term);
        list.set_filter(&text);
        self.touch();
    }

    /// Puts the pane's term against noise into the filter, or takes it out again.
    fn toggle_noise(&mut self) {
        let Some(term) = self.pane.pane().noise else {
            return self.say("there is no noise to hide in this pane", Tone::Plain);
        };
        let text = &self.list().text;
        let text = match text.strip_suffix(term).filter(|rest| rest.is_empty() || rest.ends_with(' ')) {
            Some(rest) => rest.trim_end().to_owned(),
            None => and(text, term),
        };
        self.list_mut().set_filter(&text);
        self.touch();
    }

    /// Counts what the cell's value finds in every pane, to choose from.
    fn everywhere(&mut self) {
        let Some((_, value)) = self.cell().filter(|(_, value)| !value.is_empty()) else { return };
        let needle = quote(&value);
        let items = ALL.iter().filter_map(|pane| {
            let filter = Filter::new(&needle, pane).ok()?;
            let hits = filter.select(pane, &self.a, pane.all(&self.a)).len();
            Some(Item {
                left: pane.title.to_owned(),
                right: format!("{hits} {} with {value}", if hits == 1 { "row" } else { "rows" }),
                choice: Choice::Go(Target::Filter(pane.id, needle.clone())),
            })
        });
        self.overlay = Some(Overlay::Picker(Picker::new(Purpose::Everywhere, items.collect())));
    }

    fn mark(&mut self, range: bool) {
        let (a, page) = (Arc::clone(&self.a), self.page());
        let list = self.list_mut();
        if range {
            list.mark_range(&a);
        } else {
            list.toggle_mark(&a);
            list.step(&a, 1, page);
        }
        self.touch();
    }

    fn refresh(&mut self, asks: &'static [crate::model::Ask]) -> Vec<Effect> {
        // A reading that goes on already would be asked twice.
        let busy = |ask: &&crate::model::Ask| !self.runs.iter().any(|run| run.asks.contains(ask));
        let asks: std::collections::BTreeSet<_> = asks.iter().filter(busy).copied().collect();
        if asks.is_empty() {
            let stop = self.keymap.key_of(Command::Cancel);
            self.say(format!("this is being read already; {stop} stops it"), Tone::Plain);
            return Vec::new();
        }
        self.say(format!("reading {}{READING_AGAIN}", asks.len()), Tone::Plain);
        vec![self.begin_run(asks)]
    }

    fn cancel(&mut self) -> Vec<Effect> {
        if self.runs.is_empty() && self.following.is_none() {
            self.say("nothing is being read", Tone::Plain);
            return Vec::new();
        }
        self.following = None;
        self.say("stopped; what came stays", Tone::Plain);
        self.runs.iter().map(|run| Effect::Cancel(run.id)).collect()
    }
}

/// Whether a command means one row, which a group is not.
fn is_of_one_row(command: Command) -> bool {
    use Command::{
        CopyArn, CopyJson, JumpEvents, JumpPrincipal, JumpResidents, Mark, MarkRange, NextNotable, NextRow,
        PreviousNotable, PreviousRow, Raw,
    };
    matches!(
        command,
        CopyArn
            | CopyJson
            | JumpEvents
            | JumpPrincipal
            | JumpResidents
            | Mark
            | MarkRange
            | NextNotable
            | NextRow
            | PreviousNotable
            | PreviousRow
            | Raw
    )
}
