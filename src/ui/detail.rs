//! The detail of a row: the open tab of its document, with a cursor on its lines and a sign on those that lead further.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::put;
use super::theme::{Role, Theme};
use crate::app::App;
use crate::app::detail::titles;
use crate::panes::Tab;

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let (Some(detail), true) = (&app.detail, area.height > 0 && area.width > 4) else { return };
    let style = theme.role(Role::Header);
    buffer.set_style(Rect { height: 1, ..area }, style);
    let Some(document) = app.document() else {
        put(buffer, area.x + 1, area.y, area.width - 2, "This row is not there any more", style);
        return;
    };
    let (tabs, open) = app.opened.tabs();
    let head = app.detail_head();
    // Where there is no room for the line of tabs, the title says which one is open.
    let title = match tabs.get(open) {
        Some(tab) if head == 1 && tabs.len() > 1 => format!("[{}] {}", tab.name, document.title),
        _ => document.title.clone(),
    };
    put(buffer, area.x + 1, area.y, area.width - 2, &title, style);
    if head == 2 {
        tab_line(buffer, Rect::new(area.x, area.y + 1, area.width, 1), (tabs, open), theme);
    }
    let body = Rect { y: area.y + head, height: area.height.saturating_sub(head), ..area };
    let rows = app.flowed();
    if rows.is_empty() && body.height > 0 {
        put(buffer, body.x + 1, body.y, body.width - 2, "Nothing to show", theme.role(Role::Dim));
    }
    for (n, row) in rows.iter().skip(detail.offset).take(usize::from(body.height)).enumerate() {
        let y = body.y + u16::try_from(n).unwrap_or(0);
        let mut x = body.x + 1;
        let here = row.line == Some(detail.cursor);
        for run in &row.runs {
            let style = match (run.hit, here) {
                (false, _) => theme.tone(run.tone),
                (true, false) => theme.role(Role::Match),
                // The selection may look as a match does.
                (true, true) => theme.role(Role::Match).patch(theme.role(Role::Active)),
            };
            x += put(buffer, x, y, body.right().saturating_sub(x), &run.text, style);
        }
        // The sign stands where a line begins, not on the rows it is broken into.
        let at = detail.offset + n;
        let begins = at == 0 || rows.get(at - 1).is_none_or(|before| before.line != row.line);
        if row.target && begins {
            put(buffer, body.x, y, 1, "›", theme.role(Role::Link));
        }
        if here {
            buffer.set_style(Rect::new(body.x, y, body.width, 1), theme.role(Role::Selection));
        }
    }
    let below = rows.len().saturating_sub(detail.offset + usize::from(body.height));
    if below > 0 {
        let more = format!(" {below} more ");
        let width = u16::try_from(more.len()).unwrap_or(0);
        put(buffer, area.right().saturating_sub(width + 1), area.y, width, &more, style);
    }
}

/// The names of the tabs, the open one in brackets; `‹` and `›` where more are to the left and right.
fn tab_line(buffer: &mut Buffer, area: Rect, (tabs, open): (&[Tab], usize), theme: &Theme) {
    let (x, width) = (area.x + 1, area.width.saturating_sub(2));
    let line = titles(tabs, open, width);
    let sign = theme.role(Role::Link);
    for title in &line.titles {
        let style = theme.role(if title.tab == open { Role::Active } else { Role::Tab });
        put(buffer, x + title.x, area.y, width.saturating_sub(title.x), &title.text, style);
    }
    if line.before {
        put(buffer, x, area.y, 1, "‹", sign);
    }
    if line.after {
        put(buffer, x + width.saturating_sub(1), area.y, 1, "›", sign);
    }
}
