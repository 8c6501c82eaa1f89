//! What lies over the panes: palette, help, column choice.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::text::put;
use super::theme::{Role, Theme};
use crate::app::picker::{Choice, Picker};
use crate::app::{App, Overlay};

pub fn draw(buffer: &mut Buffer, app: &App, theme: &Theme) -> Option<Position> {
    let Some(Overlay::Picker(picker)) = &app.overlay else { return None };
    let screen = buffer.area;
    let rows = u16::try_from(picker.height()).unwrap_or(u16::MAX).saturating_add(3);
    // Every column counts at 80; from 100 on the pane below may show at the sides.
    let width = screen.width.saturating_sub(if screen.width >= 100 { 8 } else { 0 }).min(110);
    let height = rows.min(screen.height.saturating_sub(2)).max(5).min(screen.height);
    let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
    if width < 8 || height < 3 {
        return None;
    }
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            buffer[(x, y)].reset();
        }
    }
    frame(buffer, area, theme.role(Role::Border));
    put(buffer, area.x + 2, area.y, width - 4, &format!(" {} ", picker.purpose.title()), theme.role(Role::Title));
    let value = picker.input.value();
    let used = put(buffer, area.x + 2, area.y + 1, 2, ": ", theme.role(Role::Dim));
    put(buffer, area.x + 2 + used, area.y + 1, width.saturating_sub(5), value, theme.role(Role::Prompt));
    items(buffer, Rect::new(area.x + 1, area.y + 2, width - 2, height - 3), picker, theme);
    let at = u16::try_from(picker.input.visual_cursor()).unwrap_or(0);
    Some(Position::new((area.x + 2 + used + at).min(area.right() - 2), area.y + 1))
}

fn items(buffer: &mut Buffer, area: Rect, picker: &Picker, theme: &Theme) {
    let widest = picker.items.iter().filter(|item| !item.right.is_empty()).map(|item| item.left.width()).max();
    let left = u16::try_from(widest.unwrap_or(8)).unwrap_or(20).min(area.width / 2);
    // The offset was kept for a page of the picker's own; a smaller frame must still show the cursor.
    let height = usize::from(area.height).max(1);
    let offset = picker.offset.max((picker.cursor + 1).saturating_sub(height)).min(picker.cursor);
    if picker.shown.is_empty() {
        put(buffer, area.x + 1, area.y, area.width - 1, "nothing matches", theme.role(Role::Dim));
    }
    for (n, &at) in picker.shown.iter().skip(offset).take(height).enumerate() {
        let y = area.y + u16::try_from(n).unwrap_or(0);
        let item = &picker.items[at];
        let heading = item.choice == Choice::Nothing && item.right.is_empty();
        let style = theme.role(if heading { Role::Title } else { Role::Text });
        let room = if item.right.is_empty() { area.width - 1 } else { left };
        put(buffer, area.x + 1, y, room, &item.left, style);
        if !heading {
            let x = area.x + 1 + left + 2;
            put(buffer, x, y, area.right().saturating_sub(x), &item.right, theme.role(Role::Dim));
        }
        if offset + n == picker.cursor {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.role(Role::Selection));
        }
    }
}

fn frame(buffer: &mut Buffer, area: Rect, style: Style) {
    let line = "─".repeat(usize::from(area.width - 2));
    for (y, left, right) in [(area.top(), "┌", "┐"), (area.bottom() - 1, "└", "┘")] {
        put(buffer, area.x, y, 1, left, style);
        put(buffer, area.x + 1, y, area.width - 2, &line, style);
        put(buffer, area.right() - 1, y, 1, right, style);
    }
    for y in area.top() + 1..area.bottom() - 1 {
        put(buffer, area.x, y, 1, "│", style);
        put(buffer, area.right() - 1, y, 1, "│", style);
    }
}
