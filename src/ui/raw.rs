//! The raw JSON tree.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::put;
use super::theme::{Role, Theme};
use crate::app::raw::Raw;

pub fn draw(buffer: &mut Buffer, area: Rect, raw: &Raw, theme: &Theme) {
    if area.height == 0 || area.width < 4 {
        return;
    }
    let style = theme.role(Role::Header);
    buffer.set_style(Rect { height: 1, ..area }, style);
    put(buffer, area.x + 1, area.y, area.width - 2, &format!("{} (raw)", raw.title), style);
    for (n, &at) in raw.shown.iter().skip(raw.offset).take(usize::from(area.height - 1)).enumerate() {
        let y = area.y + 1 + u16::try_from(n).unwrap_or(0);
        let node = &raw.nodes[at];
        let mut x = area.x + 1 + node.depth.saturating_mul(2).min(area.width / 2);
        let sign = match (node.branch, raw.is_folded(at)) {
            (true, true) => "+ ",
            (true, false) => "- ",
            (false, _) => "  ",
        };
        let room = |x: u16| area.right().saturating_sub(x);
        x += put(buffer, x, y, room(x), sign, theme.role(Role::Dim));
        if !node.name.is_empty() {
            x += put(buffer, x, y, room(x), &node.name, theme.role(Role::Title));
            x += put(buffer, x, y, room(x), ": ", theme.role(Role::Dim));
        }
        let role = if node.branch { Role::Dim } else { Role::Text };
        put(buffer, x, y, room(x), &node.text, theme.role(role));
        if raw.matches(node) {
            put(buffer, area.x, y, 1, "*", theme.role(Role::Match));
        }
        if raw.offset + n == raw.cursor {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.role(Role::Selection));
        }
    }
}
