//! The one door to the screen for text: cuts to a width in cells, and lets nothing hostile through.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::text::clean;

/// What stands for a cut.
pub const CUT: char = '…';

/// Writes at most `width` cells of `text` and answers how many it took. A text that does not fit ends in `…`.
pub fn put(buffer: &mut Buffer, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
    let area = buffer.area;
    if width == 0 || y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return 0;
    }
    let width = width.min(area.right() - x);
    // Model text is clean already; what is put together elsewhere is not trusted to be.
    let text = clean(text);
    let fits = text.width() <= usize::from(width);
    let room = if fits { width } else { width - 1 };
    let mut used = 0;
    for c in text.chars() {
        let cell = u16::try_from(c.width().unwrap_or(0)).unwrap_or(0);
        if used + cell > room {
            break;
        }
        if cell == 0 {
            // Combining marks join the cell before; as many as a name honestly needs.
            if used > 0 {
                let before = &mut buffer[(x + used - 1, y)];
                if before.symbol().chars().count() < 4 {
                    let joined = format!("{}{c}", before.symbol());
                    before.set_symbol(&joined);
                }
            }
            continue;
        }
        buffer[(x + used, y)].set_char(c).set_style(style);
        for next in 1..cell {
            buffer[(x + used + next, y)].set_symbol("").set_style(style);
        }
        used += cell;
    }
    if !fits {
        buffer[(x + used, y)].set_char(CUT).set_style(style);
        used += 1;
    }
    used
}

/// Cuts in the middle: for ARNs, where both ends tell.
pub fn middle(text: &str, width: usize) -> String {
    if text.width() <= width || width < 8 {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let tail = (width - 1) * 2 / 3;
    let head = width - 1 - tail;
    let mut cut: String = chars.iter().take(head).collect();
    cut.push(CUT);
    cut.extend(&chars[chars.len() - tail.min(chars.len())..]);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    #[test]
    fn cuts_by_cells_and_never_writes_outside() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        assert_eq!(put(&mut buffer, 0, 0, 6, "東京都庁", Style::new()), 5);
        assert_eq!(put(&mut buffer, 4, 0, 9, "abcdef", Style::new()), 2);
        assert_eq!(put(&mut buffer, 0, 7, 9, "x", Style::new()), 0);
    }

    #[test]
    fn an_escape_stays_text() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        put(&mut buffer, 0, 0, 20, "\u{1b}[2J", Style::new());
        assert!(buffer.content.iter().all(|cell| !cell.symbol().contains('\u{1b}')));
    }
}
