//! Rows folded into groups: how many, what they have in common, and when first and last.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::table::Look;
use super::text::{middle, put};
use super::theme::Role;
use crate::analysis::Assessment;
use crate::app::list::List;

/// Cells of a count and of a time.
const COUNT: u16 = 9;
const TIME: u16 = 16;

pub fn draw(buffer: &mut Buffer, area: Rect, list: &List, a: &Assessment, look: Look<'_>) {
    if area.height == 0 || area.width < COUNT + 4 {
        return;
    }
    let heading = look.theme.role(Role::Header);
    buffer.set_style(Rect { height: 1, ..area }, heading);
    let times: u16 = match (list.pane.log.is_some(), area.width) {
        (true, 70..) => 2,
        (true, 44..) => 1,
        _ => 0,
    };
    let left = area.x + 1 + COUNT + 1;
    let by = u16::try_from(list.grouping.len()).unwrap_or(1).max(1);
    let right = area.right() - times * (TIME + 1);
    let wide = (right.saturating_sub(left) / by).saturating_sub(1).max(1);
    let time_x = |n: u16| right + n * (TIME + 1);
    put(buffer, area.x + 1, area.y, COUNT, "    COUNT", heading);
    for (n, &column) in (0u16..).zip(&list.grouping) {
        put(buffer, left + n * (wide + 1), area.y, wide, list.pane.columns[column].title, heading);
    }
    let titles = if times == 2 { &["FIRST SEEN", "LAST SEEN"][..] } else { &["LAST SEEN"][..] };
    for (n, title) in (0..times).zip(titles) {
        put(buffer, time_x(n), area.y, TIME, title, heading);
    }
    let text = look.theme.role(Role::Text);
    for line in 0..area.height - 1 {
        let at = list.offset + usize::from(line);
        let Some(group) = list.groups.get(at) else { break };
        let y = area.y + 1 + line;
        put(buffer, area.x + 1, y, COUNT, &format!("{:>9}", group.count), text);
        for (n, &column) in (0u16..).zip(&list.grouping) {
            let cell = (list.pane.columns[column].cell)(a, group.row as usize);
            let shown = cell.value.show(look.style);
            let x = left + n * (wide + 1);
            if shown.is_empty() {
                put(buffer, x, y, wide, "(none)", look.theme.role(Role::Dim));
            } else if shown.starts_with("arn:") {
                put(buffer, x, y, wide, &middle(&shown, usize::from(wide)), look.theme.tone(cell.tone));
            } else {
                put(buffer, x, y, wide, &shown, look.theme.tone(cell.tone));
            }
        }
        let seen = if times == 2 { &[group.first, group.last][..] } else { &[group.last][..] };
        for (n, &seconds) in (0..times).zip(seen) {
            let shown = match Timestamp::from_second(i64::from(seconds)) {
                Ok(time) if seconds > 0 => look.style.short(time),
                _ => "-".to_owned(),
            };
            put(buffer, time_x(n), y, TIME, &shown, look.theme.role(Role::Dim));
        }
        if look.focus && at == list.cursor {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), look.theme.role(Role::Selection));
            put(buffer, area.x, y, 1, ">", look.theme.role(Role::Selection));
        }
    }
}
