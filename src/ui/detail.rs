//! The detail of a row: a document, with a cursor on its lines and a sign on those that lead further.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::put;
use super::theme::{Role, Theme};
use crate::app::App;

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let (Some(detail), true) = (&app.detail, area.height > 0 && area.width > 4) else { return };
    let style = theme.role(Role::Header);
    buffer.set_style(Rect { height: 1, ..area }, style);
    let Some(document) = app.document() else {
        put(buffer, area.x + 1, area.y, area.width - 2, "This row is not there any more", style);
        return;
    };
    put(buffer, area.x + 1, area.y, area.width - 2, &document.title, style);
    let rows = app.flowed();
    for (n, row) in rows.iter().skip(detail.offset).take(usize::from(area.height - 1)).enumerate() {
        let y = area.y + 1 + u16::try_from(n).unwrap_or(0);
        let mut x = area.x + 1;
        for (text, tone) in &row.spans {
            x += put(buffer, x, y, area.right().saturating_sub(x), text, theme.tone(*tone));
        }
        let here = row.line == Some(detail.cursor);
        // The sign stands where a line begins, not on the rows it is broken into.
        let at = detail.offset + n;
        let begins = at == 0 || rows.get(at - 1).is_none_or(|before| before.line != row.line);
        if row.target && begins {
            put(buffer, area.x, y, 1, "›", theme.role(Role::Link));
        }
        if here {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.role(Role::Selection));
        }
    }
    let below = rows.len().saturating_sub(detail.offset + usize::from(area.height - 1));
    if below > 0 {
        let more = format!(" {below} more ");
        let width = u16::try_from(more.len()).unwrap_or(0);
        put(buffer, area.right().saturating_sub(width + 1), area.y, width, &more, style);
    }
}
