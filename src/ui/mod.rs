//! The only user of ratatui's drawing: `view` turns the state into cells and changes nothing.

mod chrome;
mod detail;
mod groups;
mod insight;
mod overlay;
mod raw;
pub mod table;
pub mod text;
pub mod theme;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::App;
use crate::app::command::Command;
use crate::model::Status;
use crate::panes::{PaneId, Tone};
use theme::{Role, Theme};

/// Draws the whole screen; answers where the terminal's cursor is, if it is shown.
pub fn view(app: &App, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
    let areas = app.areas();
    chrome::header(buffer, areas.header, app, theme);
    chrome::tabs(buffer, areas.tabs, app, theme);
    if let Some(tree) = &app.raw {
        raw::draw(buffer, areas.raw, tree, theme);
    } else {
        let focus = app.detail.is_none();
        pane(buffer, areas.list, app, app.pane, theme, true);
        let style = app.style();
        insight::histogram(buffer, areas.histogram, app.list(), &app.a, (theme, &style));
        insight::top(buffer, areas.top, app.list(), &app.a, (theme, &style));
        if let Some(minis) = areas.minis {
            const SHOWN: [PaneId; 4] = [PaneId::Principals, PaneId::Activity, PaneId::Residents, PaneId::Delegation];
            for (area, id) in minis.into_iter().zip(SHOWN) {
                mini(buffer, area, app, id, theme);
            }
        }
        if !focus {
            detail::draw(buffer, areas.detail, app, theme);
        }
    }
    let cursor = chrome::footer(buffer, areas.footer, app, theme);
    overlay::draw(buffer, app, theme).or(cursor)
}

fn pane(buffer: &mut Buffer, area: Rect, app: &App, id: PaneId, theme: &Theme, focus: bool) {
    let list = &app.lists[id as usize];
    let style = app.style();
    let look = table::Look { theme, style: &style, focus };
    if list.is_grouped() {
        groups::draw(buffer, area, list, &app.a, look);
    } else {
        table::draw(buffer, area, list, &app.a, look);
    }
    if list.rows.is_empty() && area.height > 1 {
        for (n, (text, tone)) in nothing(app, id).into_iter().enumerate() {
            let y = area.y + 1 + u16::try_from(n).unwrap_or(0);
            if y < area.bottom() {
                text::put(buffer, area.x + 2, y, area.width.saturating_sub(3), &text, theme.tone(tone));
            }
        }
    }
}

/// Why a pane has no rows: filtered away, still loading, denied, or truly none.
fn nothing(app: &App, id: PaneId) -> Vec<(String, Tone)> {
    let list = &app.lists[id as usize];
    let pane = id.pane();
    if list.total > 0 {
        let mut lines = vec![(format!("None of {} rows matches the filter", list.total), Tone::Plain)];
        if id == PaneId::Activity && app.is_period_open() {
            let words = app.looked_up().unwrap_or_else(|| "not all events of the period are here yet".into());
            lines.push((words, Tone::Warn));
        }
        lines.push(("Esc clears it".into(), Tone::Dim));
        return lines;
    }
    let coverage = &app.facts.coverage;
    let statuses: Vec<Status> = pane.asks.iter().map(|&ask| coverage.status(ask)).collect();
    // While a reading goes on, nothing is not yet an answer: neither asked nor read to the end.
    let pending = |status: &Status| status.is_open() || *status == Status::NotAsked;
    let mut lines = Vec::new();
    if !app.is_idle() && statuses.iter().any(pending) {
        lines.push(("Reading ...".into(), Tone::Dim));
        return lines;
    }
    for (cell, gap) in coverage.gaps().filter(|(cell, _)| pane.asks.contains(&cell.ask)) {
        lines.push((format!("{}: {}", cell.ask.title(), gap.brief()), Tone::Warn));
    }
    if lines.is_empty() {
        let unasked = statuses.iter().filter(|s| **s == Status::NotAsked).count();
        if unasked == statuses.len() {
            lines.push(("Nothing was read for this pane: the source does not hold it".into(), Tone::Warn));
        } else {
            lines.push((pane.empty.to_owned(), Tone::Plain));
            if unasked > 0 {
                lines.push((format!("{unasked} of {} sources were not asked", statuses.len()), Tone::Warn));
            }
        }
    } else {
        lines.insert(0, ("No rows, and something could not be read:".into(), Tone::Plain));
        let (all, again) = (app.keymap.key_of(Command::Coverage), app.keymap.key_of(Command::Refresh));
        lines.push((format!("{all} shows all of the coverage; {again} reads again"), Tone::Dim));
    }
    lines
}

fn mini(buffer: &mut Buffer, area: Rect, app: &App, id: PaneId, theme: &Theme) {
    if area.height < 3 {
        return;
    }
    let list = &app.lists[id as usize];
    let border = theme.role(Role::Border);
    let line: String = "─".repeat(usize::from(area.width));
    text::put(buffer, area.x, area.y, area.width, &line, border);
    let title = format!(" {} {}  {} ", id as usize + 1, id.pane().title, chrome::count(app, list));
    text::put(buffer, area.x + 2, area.y, area.width.saturating_sub(4), &title, theme.role(Role::Title));
    let inner = Rect { y: area.y + 1, height: area.height - 1, width: area.width.saturating_sub(1), ..area };
    pane(buffer, inner, app, id, theme, false);
}
