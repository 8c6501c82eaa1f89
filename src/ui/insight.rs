//! The histogram above a list of events, and the values that occur most beside it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::text::{middle, put};
use super::theme::{Role, Theme};
use crate::analysis::Assessment;
use crate::app::list::List;
use crate::model::EventId;
use crate::panes::{TimeStyle, Tone};

/// Eighths of a cell.
const BARS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Three lines of bars, the axis with what is grave and where the cursor is, and the times at its ends.
pub fn histogram(buffer: &mut Buffer, area: Rect, list: &List, a: &Assessment, (theme, style): (&Theme, &TimeStyle)) {
    let Some(made) = list.insight.histogram.as_ref().filter(|_| area.height >= 5 && area.width > 4) else { return };
    let dim = theme.role(Role::Dim);
    let lines = area.height - 2;
    let (x, axis) = (area.x + 1, area.y + lines);
    let most = u64::from(made.most().max(1));
    let here = list.row().and_then(|row| {
        let event = u32::try_from(row).ok().filter(|&row| (row as usize) < a.facts.events.rows())?;
        made.bucket(a.facts.events.get(EventId(event)).seconds())
    });
    // Few buckets are drawn wide, so that they are seen.
    let wide = (usize::from(area.width - 2) / made.buckets.len().max(1)).clamp(1, 8);
    let mut line = String::new();
    for (n, bucket) in made.buckets.iter().enumerate() {
        let Ok(left) = u16::try_from(n * wide) else { break };
        if left + 2 >= area.width {
            break;
        }
        // What is there at all is seen: at least one eighth.
        let full = u64::from(lines) * 8;
        let height = (u64::from(bucket.count) * full).div_ceil(most);
        let bar = theme.tone(if bucket.grave > 0 { Tone::Bad } else { Tone::Link });
        for up in 0..lines {
            let eighths = height.saturating_sub(u64::from(up) * 8).min(8);
            let cell = BARS[usize::try_from(eighths).unwrap_or(0)].repeat(wide);
            if eighths > 0 {
                put(buffer, x + left, axis - 1 - up, area.width - left - 2, &cell, bar);
            }
        }
        let mark = match (here == Some(n), bucket.grave > 0) {
            (true, _) => "^",
            (false, true) => "!",
            (false, false) => "─",
        };
        line.push_str(mark);
        line.push_str(&"─".repeat(wide - 1));
    }
    put(buffer, x, axis, area.width - 2, &line, dim);
    let Some((from, to)) = made.ends(style) else {
        put(buffer, x, axis, area.width - 2, "no event with a time", dim);
        return;
    };
    put(buffer, x, axis + 1, area.width - 2, &from, dim);
    let to_width = u16::try_from(to.width()).unwrap_or(0);
    put(buffer, (area.right() - 1).saturating_sub(to_width), axis + 1, to_width, &to, dim);
    let room = usize::from(area.width).saturating_sub(from.width() + to.width() + 6);
    let words = [made.words(), made.few_words()].into_iter().find(|words| words.width() <= room).unwrap_or_default();
    if words.width() <= room {
        let gap = u16::try_from(from.width() + 2 + (room - words.width()) / 2).unwrap_or(0);
        put(buffer, x + gap, axis + 1, area.width.saturating_sub(gap + 1), &words, theme.role(Role::Text));
    }
}

/// The values that occur most, column by column.
pub fn top(buffer: &mut Buffer, area: Rect, list: &List, a: &Assessment, (theme, style): (&Theme, &TimeStyle)) {
    if area.width < 12 {
        return;
    }
    if list.insight.is_too_much(list.matched) {
        put(buffer, area.x, area.y, area.width - 1, "too many rows to count: filter", theme.role(Role::Dim));
        return;
    }
    let mut y = area.y;
    for top in &list.insight.top {
        if y + 1 >= area.bottom() {
            break;
        }
        let title = format!("{}  {} different", list.pane.columns[top.column].title, top.of);
        buffer.set_style(Rect { y, height: 1, ..area }, theme.role(Role::Header));
        put(buffer, area.x, y, area.width, &title, theme.role(Role::Header));
        y += 1;
        for group in &top.groups {
            if y >= area.bottom() {
                break;
            }
            let cell = (list.pane.columns[top.column].cell)(a, group.row as usize);
            let shown = cell.value.show(style);
            put(buffer, area.x, y, 8, &format!("{:>8}", group.count), theme.role(Role::Text));
            let room = area.width - 9;
            if shown.is_empty() {
                put(buffer, area.x + 9, y, room, "(none)", theme.role(Role::Dim));
            } else {
                put(buffer, area.x + 9, y, room, &middle(&shown, usize::from(room)), theme.role(Role::Dim));
            }
            y += 1;
        }
        y += 1;
    }
}
