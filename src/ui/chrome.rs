//! The lines around the panes: where you are, whose account this is, how much was read, what can be typed.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::text::put;
use super::theme::{Role, Theme};
use crate::analysis::coverage;
use crate::app::command::Command;
use crate::app::detail;
use crate::app::list::List;
use crate::app::picker::Asking;
use crate::app::{App, Overlay};
use crate::panes::{ALL, PaneId};

/// Breadcrumb on the left; on the right the account, where the data comes from, and that nothing is ever written.
pub fn header(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    if area.height == 0 {
        return;
    }
    let style = theme.role(Role::Header);
    buffer.set_style(area, style);
    let room = area.width.saturating_sub(2);
    let right = account(app, area.width < 110, usize::from(room * 2 / 3));
    let right_width = u16::try_from(right.width()).unwrap_or(room).min(room * 2 / 3);
    let mut crumbs: Vec<String> = app.history.trail.iter().map(|place| place.label.clone()).collect();
    crumbs.push(app.label());
    if let Some(document) = app.document() {
        crumbs.push(document.title.clone());
    }
    let crumb = format!("mgmtscope › {}", crumbs.join(" › "));
    let left_room = room.saturating_sub(right_width + 2);
    put(buffer, area.x + 1, area.y, left_room, &crumb, style);
    put(buffer, area.right().saturating_sub(right_width + 1), area.y, right_width, &right, style);
}

/// `narrow`: only what must never be missing, which account it is and that nothing is written.
fn account(app: &App, narrow: bool, room: usize) -> String {
    let facts = &app.facts;
    let subject = facts.subject_account().map(|id| id.to_string()).unwrap_or_default();
    let name = facts.account_aliases.first().map(ToString::to_string);
    let role = match (facts.is_management_account(), facts.management_account()) {
        (Some(true), _) => "management account".to_owned(),
        (Some(false), Some(management)) => format!("NOT the management account ({management}):"),
        _ => "account".to_owned(),
    };
    if narrow {
        let who = match facts.is_management_account() {
            Some(true) => format!("mgmt {subject}"),
            _ => format!("{role} {subject}").trim().to_owned(),
        };
        let from = facts.origins.first().map_or("", |origin| origin.kind.word());
        return format!("{who} · {from} · read-only");
    }
    let mut parts = vec![format!("{role} {subject}").trim().to_owned()];
    parts.extend(name);
    for origin in &facts.origins {
        let mut from = origin.kind.word().to_owned();
        if !origin.name.is_empty() && origin.kind != crate::model::OriginKind::Demo {
            from.push_str(&format!(" {}", origin.name));
        }
        if let Some(as_of) = origin.as_of {
            from.push_str(&format!(" {}", as_of.strftime("%Y-%m-%d")));
        }
        parts.push(from);
    }
    parts.push("read-only".into());
    // Whole parts go, never the first and the last.
    while parts.len() > 2 && parts.join(" · ").width() > room {
        parts.remove(parts.len() - 2);
    }
    parts.join(" · ")
}

pub fn tabs(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    if area.height == 0 {
        return;
    }
    let mut x = area.x + 1;
    // Counts only where there is room for all of them.
    let roomy = area.width >= 110;
    for pane in ALL {
        let active = pane.id == app.pane;
        let style = theme.role(if active { Role::Active } else { Role::Tab });
        let mut title = format!("{} {}", pane.id as usize + 1, pane.title);
        let counted = roomy && !matches!(pane.id, PaneId::Overview | PaneId::Coverage);
        if counted {
            title.push_str(&format!(" {}", (pane.rows)(&app.a)));
        }
        x += put(buffer, x, area.y, area.right().saturating_sub(x), &title, style) + if roomy { 3 } else { 2 };
    }
}

/// `37 of 412`: rows shown of all.
pub fn count(app: &App, list: &List) -> String {
    let shown = list.matched;
    let mut text = if shown == list.total { format!("{shown}") } else { format!("{shown} of {}", list.total) };
    if list.is_grouped() {
        let groups = list.groups.len();
        text = format!("{groups} {} of {text}", if groups == 1 { "group" } else { "groups" });
    }
    if list.pane.id == PaneId::Activity && app.lens.hide_own && app.a.activity.own > 0 {
        text.push_str(&format!(" ({} own calls hidden)", app.a.activity.own));
    }
    text
}

/// One line: the prompt while one is open; else a notice; else count, coverage and filter.
pub fn footer(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) -> Option<Position> {
    if area.height == 0 {
        return None;
    }
    if let Some(Overlay::Prompt(prompt)) = &app.overlay {
        return prompt_line(buffer, area, app, prompt, theme);
    }
    let (y, room) = (area.y, area.width.saturating_sub(1));
    if let Some((notice, tone)) = &app.notice {
        put(buffer, area.x + 1, y, room, notice, theme.tone(*tone));
        return None;
    }
    let list = app.list();
    let hint = if app.mouse { "mouse  ? help" } else { "? help" };
    let state = if app.is_idle() || (app.following.is_some() && !app.is_reading() && !app.a.evaluating) {
        String::new()
    } else if !app.is_reading() && app.a.evaluating {
        format!("evaluating {} principals, {} % · ", app.facts.users.len() + app.facts.roles.len(), app.evaluated)
    } else {
        "reading · ".to_owned()
    };
    let right = format!("{state}{} · {hint}", app.time.label());
    let right_width = u16::try_from(right.width()).unwrap_or(room);
    let dim = theme.role(Role::Dim);
    put(buffer, area.right().saturating_sub(right_width + 1), y, right_width, &right, dim);
    let mut room = room.saturating_sub(right_width + 2);
    if let Some(following) = &app.following {
        let (words, tone) = following.words(&app.style());
        let width = u16::try_from(words.width() + 3).unwrap_or(room).min(room);
        room -= width;
        put(buffer, area.x + 1 + room, y, width, &format!("{words} · "), theme.tone(tone));
    }
    let mut parts: Vec<(String, Style)> = Vec::new();
    if let Some(raw) = &app.raw {
        parts.push((format!("line {} of {}", raw.cursor + 1, raw.shown.len()), theme.role(Role::Text)));
        if !raw.search.is_empty() {
            parts.push((format!("  /{}  n next", raw.search), theme.role(Role::Match)));
        }
    } else if let Some(detail) = app.detail.as_ref().filter(|detail| !detail.search.is_empty()) {
        parts.push((matches(app), theme.role(Role::Text)));
        let [next, previous] = [Command::NextMatch, Command::PreviousMatch].map(|command| app.keymap.keys_of(command));
        parts.push((format!("  /{}", detail.search), theme.role(Role::Match)));
        parts.push((format!("  {next} next, {previous} before, esc ends it"), dim));
    } else {
        if !list.marks.is_empty() {
            parts.push((format!("{} marked, ", list.marks.len()), theme.role(Role::Mark)));
        }
        parts.push((count(app, list), theme.role(Role::Text)));
        parts.push((format!(", {}", coverage::line(&app.facts, list.pane.asks)), dim));
        if let Some(error) = &list.error {
            parts.push((format!("  filter: {error}"), theme.role(Role::Warn)));
        } else if !list.text.is_empty() {
            parts.push((format!("  /{}", list.text), theme.role(Role::Prompt)));
        }
        parts.extend(app.looked_up().map(|words| (format!("  {words}"), dim)));
    }
    let mut x = area.x + 1;
    for (text, style) in parts {
        let room = (area.x + 1 + room).saturating_sub(x);
        x += put(buffer, x, y, room, &text, style);
    }
    None
}

/// `match 2 of 5`: the lines of the open tab that hold what is searched for.
fn matches(app: &App) -> String {
    let lines = detail::matches(app.flowed());
    let here = app.detail.as_ref().and_then(|detail| lines.iter().position(|&line| line == detail.cursor));
    match (lines.len(), here) {
        (0, _) => "no match here".into(),
        (of, Some(at)) => format!("match {} of {of}", at + 1),
        (of, None) => format!("{of} matches"),
    }
}

fn prompt_line(
    buffer: &mut Buffer,
    area: Rect,
    app: &App,
    prompt: &crate::app::picker::Prompt,
    theme: &Theme,
) -> Option<Position> {
    let y = area.y;
    let lead = match prompt.asking {
        Asking::Filter => "/",
        Asking::Search => "search ",
    };
    let error = match (&app.list().error, prompt.asking) {
        (Some(error), Asking::Filter) => Some(error.to_string()),
        _ => None,
    };
    let hint = Some(&prompt.hint).filter(|hint| !hint.is_empty()).cloned();
    let right = hint.or(error.clone()).unwrap_or_else(|| match prompt.asking {
        Asking::Filter => count(app, app.list()),
        Asking::Search if app.raw.is_none() && !prompt.input.value().is_empty() => matches(app),
        Asking::Search => String::new(),
    });
    let used = put(buffer, area.x + 1, y, area.width, lead, theme.role(Role::Prompt));
    let x = area.x + 1 + used;
    // What is wrong is worth more than the beginning of what was typed, which scrolls.
    let right_width = u16::try_from(right.width()).unwrap_or(0).min(area.width * 2 / 3);
    let room = area.width.saturating_sub(x - area.x + right_width + 3).max(8);
    let scroll = prompt.input.visual_scroll(usize::from(room));
    let visible: String = {
        let mut skipped = 0;
        let fits = |c: &char| {
            let width = unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            skipped += width;
            skipped > scroll
        };
        prompt
            .input
            .value()
            .chars()
            .filter({
                let mut fits = fits;
                move |c| fits(c)
            })
            .collect()
    };
    put(buffer, x, y, room, &visible, theme.role(Role::Prompt));
    let tone = if error.is_some() && prompt.hint.is_empty() { Role::Warn } else { Role::Dim };
    put(buffer, area.right().saturating_sub(right_width + 1), y, right_width, &right, theme.role(tone));
    let at = prompt.input.visual_cursor().saturating_sub(scroll);
    Some(Position::new((x + u16::try_from(at).unwrap_or(0)).min(area.right().saturating_sub(1)), y))
}
