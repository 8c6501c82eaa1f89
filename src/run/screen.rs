//! Cells to bytes: writes only what has changed since the last frame, in one write, and lets the terminal itself scroll
//! a list by a line where that is shorter.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{Clear, ClearType};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};

const BEGIN_FRAME: &[u8] = b"\x1b[?2026h";
const END_FRAME: &[u8] = b"\x1b[?2026l";
/// A scroll that saves fewer rows than this is not worth its bytes.
const LEAST_GAIN: usize = 3;

/// Collects a frame and hands it on in one write when flushed.
#[derive(Debug)]
struct FrameWriter<W: Write> {
    frame: Vec<u8>,
    out: W,
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.frame.is_empty() {
            self.out.write_all(&self.frame)?;
            self.frame.clear();
        }
        self.out.flush()
    }
}

#[derive(Debug)]
pub struct Screen<W: Write> {
    backend: CrosstermBackend<FrameWriter<W>>,
    shown: Buffer,
    cursor: Option<Position>,
    /// The terminal holds nothing of ours: all must be written.
    blank: bool,
}

impl<W: Write> Screen<W> {
    pub fn new(out: W, (width, height): (u16, u16)) -> Self {
        let backend = CrosstermBackend::new(FrameWriter { frame: Vec::with_capacity(16 * 1024), out });
        Self { backend, shown: Buffer::empty(Rect::new(0, 0, width, height)), cursor: None, blank: true }
    }

    /// The next frame writes everything: after a resize, or when another program wrote on the terminal.
    pub fn forget(&mut self, (width, height): (u16, u16)) {
        self.shown = Buffer::empty(Rect::new(0, 0, width, height));
        self.blank = true;
    }

    /// Shows a frame. One that equals the last writes nothing at all.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn show(&mut self, next: Buffer, cursor: Option<Position>) -> io::Result<()> {
        if next.area != self.shown.area {
            self.forget((next.area.width, next.area.height));
        }
        let blank = std::mem::take(&mut self.blank);
        let scroll = if blank { None } else { scroll(&self.shown, &next) };
        if let Some(scroll) = scroll {
            shift(&mut self.shown, scroll);
        }
        let changes = self.shown.diff(&next);
        if changes.is_empty() && cursor == self.cursor && !blank && scroll.is_none() {
            return Ok(());
        }
        let backend = &mut self.backend;
        backend.write_all(BEGIN_FRAME)?;
        if blank {
            queue!(backend, Clear(ClearType::All))?;
        }
        if let Some(Scroll { top, bottom, by }) = scroll {
            let (count, letter) = (by.unsigned_abs(), if by > 0 { 'S' } else { 'T' });
            write!(backend, "\x1b[0m\x1b[{};{}r\x1b[{count}{letter}\x1b[r", top + 1, bottom + 1)?;
        }
        if !changes.is_empty() {
            backend.draw(changes.into_iter())?;
        }
        match cursor {
            Some(at) => queue!(backend, MoveTo(at.x, at.y), Show)?,
            None if self.cursor.is_some() || blank => queue!(backend, Hide)?,
            None => {}
        }
        backend.write_all(END_FRAME)?;
        Write::flush(backend)?;
        self.cursor = cursor;
        self.shown = next;
        Ok(())
    }

    /// Writes a sequence that shows nothing, such as OSC 52.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.backend.write_all(bytes)?;
        Write::flush(&mut self.backend)
    }
}

/// Rows `top..=bottom` move up by `by` (down when negative).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scroll {
    top: u16,
    bottom: u16,
    by: i16,
}

fn hashes(buffer: &Buffer) -> Vec<u64> {
    let width = usize::from(buffer.area.width).max(1);
    let hash = |row: &[Cell]| {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        hasher.finish()
    };
    buffer.content.chunks(width).map(hash).collect()
}

/// Finds the scroll after which the fewest rows are left to write, if there is one worth its bytes.
fn scroll(shown: &Buffer, next: &Buffer) -> Option<Scroll> {
    let (old, new) = (hashes(shown), hashes(next));
    let top = old.iter().zip(&new).position(|(a, b)| a != b)?;
    let bottom = old.iter().zip(&new).rposition(|(a, b)| a != b)?;
    let same = |by: isize| {
        (top..=bottom)
            .filter(|&row| {
                let from = row.checked_add_signed(by).filter(|from| (top..=bottom).contains(from));
                from.is_some_and(|from| old[from] == new[row])
            })
            .count()
    };
    let still = same(0);
    let reach = isize::try_from((bottom - top) / 2).unwrap_or(0).min(30);
    let best =
        (-reach..=reach).filter(|by| *by != 0).map(|by| (same(by), by)).max_by_key(|&(same, by)| (same, -by.abs()))?;
    (best.0 >= still + LEAST_GAIN).then_some(())?;
    Some(Scroll { top: u16::try_from(top).ok()?, bottom: u16::try_from(bottom).ok()?, by: i16::try_from(best.1).ok()? })
}

/// Does to the remembered screen what the terminal does.
fn shift(buffer: &mut Buffer, Scroll { top, bottom, by }: Scroll) {
    let width = usize::from(buffer.area.width);
    let (start, end) = (usize::from(top) * width, (usize::from(bottom) + 1) * width);
    let region = &mut buffer.content[start..end];
    let cells = usize::from(by.unsigned_abs()) * width;
    let blank = |cells: &mut [Cell]| cells.iter_mut().for_each(Cell::reset);
    if by > 0 {
        region.rotate_left(cells);
        let keep = region.len() - cells;
        blank(&mut region[keep..]);
    } else {
        region.rotate_right(cells);
        blank(&mut region[..cells]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn page(first: usize, rows: u16) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, rows));
        buffer.set_string(0, 0, "heading", Style::new());
        for y in 1..rows - 1 {
            buffer.set_string(0, y, format!("row {} {}", first + usize::from(y), "x".repeat(20)), Style::new());
        }
        buffer.set_string(0, rows - 1, "footer", Style::new());
        buffer
    }

    /// What a terminal shows after all that was written.
    fn text(parser: &vt100::Parser) -> String {
        parser.screen().contents()
    }

    fn expected(buffer: &Buffer) -> String {
        let width = usize::from(buffer.area.width);
        let rows = buffer.content.chunks(width).map(|row| row.iter().map(Cell::symbol).collect::<String>());
        rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// A terminal that only counts and keeps.
    #[derive(Clone, Default)]
    struct Paper(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

    impl Paper {
        fn len(&self) -> usize {
            self.0.borrow().len()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_same_frame_writes_nothing() {
        let paper = Paper::default();
        let mut screen = Screen::new(paper.clone(), (40, 10));
        screen.show(page(0, 10), None).expect("written");
        let before = paper.len();
        screen.show(page(0, 10), None).expect("written");
        assert_eq!(paper.len(), before);
    }

    #[test]
    fn scrolling_shows_the_same_as_drawing() {
        for (from, to) in [(0, 1), (5, 4), (0, 3), (9, 2), (0, 30)] {
            let paper = Paper::default();
            let mut screen = Screen::new(paper.clone(), (40, 24));
            screen.show(page(from, 24), None).expect("written");
            screen.show(page(to, 24), None).expect("written");
            let mut parser = vt100::Parser::new(24.try_into().expect("not zero"), 40.try_into().expect("not zero"), 0);
            parser.process(&paper.0.borrow());
            assert_eq!(text(&parser), expected(&page(to, 24)), "{from} to {to}");
        }
    }

    #[test]
    fn scrolling_by_a_row_costs_about_a_row() {
        let paper = Paper::default();
        let mut screen = Screen::new(paper.clone(), (40, 24));
        screen.show(page(0, 24), None).expect("written");
        let first = paper.len();
        screen.show(page(1, 24), None).expect("written");
        assert!(paper.len() - first < 120, "{}", paper.len() - first);
    }
}
