//! A screen as SVG: cells to text on a grid, in the colours of a theme, so that the documentation shows what the
//! program draws. Every run of text is placed and stretched to its cells: any monospace font will do.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// A cell, in tenths of a pixel, so that places are whole numbers and the file does not depend on rounding.
const CELL: (usize, usize) = (84, 170);
/// The text's size and where its line stands in the cell, in pixels and tenths.
const FONT: usize = 14;
const LINE: usize = 130;
const MARGIN: usize = 100;
const PAPER: &str = "#1e222a";
const INK: &str = "#d5d9e0";

/// Two runs that look the same share a class.
#[derive(Clone, PartialEq, Eq)]
struct Look {
    ink: String,
    paper: Option<String>,
    marks: Modifier,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (mut ink, mut paper) = (color(cell.fg).unwrap_or_else(|| INK.into()), color(cell.bg));
        if cell.modifier.contains(Modifier::REVERSED) {
            let under = std::mem::replace(&mut ink, paper.unwrap_or_else(|| PAPER.into()));
            paper = Some(under);
        }
        let marks = cell.modifier & (Modifier::BOLD | Modifier::DIM | Modifier::UNDERLINED | Modifier::ITALIC);
        Self { ink, paper, marks }
    }

    fn css(&self) -> String {
        let mut css = format!("fill:{}", self.ink);
        for (mark, rule) in [
            (Modifier::BOLD, ";font-weight:bold"),
            (Modifier::DIM, ";opacity:.6"),
            (Modifier::ITALIC, ";font-style:italic"),
            (Modifier::UNDERLINED, ";text-decoration:underline"),
        ] {
            if self.marks.contains(mark) {
                css.push_str(rule);
            }
        }
        css
    }
}

fn color(color: Color) -> Option<String> {
    match color {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        other => panic!("the documentation's theme names its colours as #rrggbb, not {other:?}"),
    }
}

fn tenths(value: usize) -> String {
    if value.is_multiple_of(10) { (value / 10).to_string() } else { format!("{}.{}", value / 10, value % 10) }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text in cells `from` to `to` of a row.
struct Run {
    row: usize,
    from: usize,
    to: usize,
    text: String,
    look: Look,
}

/// Cuts a row into runs of one look; two blanks or more also end a run, and blanks alone are none.
fn runs(row: usize, cells: &[Cell]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut at = 0;
    while at < cells.len() {
        let cell = &cells[at];
        let symbol = cell.symbol();
        let width = symbol.width().max(1);
        let look = Look::of(cell);
        // An underline goes on below blanks.
        let plain_blank = symbol == " " && !look.marks.contains(Modifier::UNDERLINED);
        let last = runs.last_mut().filter(|run| run.to == at && run.look == look);
        match last {
            Some(run) if plain_blank && run.text.ends_with(' ') => {}
            Some(run) => {
                run.text.push_str(symbol);
                run.to += width;
            }
            None if plain_blank => {}
            None => runs.push(Run { row, from: at, to: at + width, text: symbol.to_owned(), look }),
        }
        at += width;
    }
    for run in &mut runs {
        if !run.look.marks.contains(Modifier::UNDERLINED) {
            run.to -= run.text.len() - run.text.trim_end().len();
            run.text.truncate(run.text.trim_end().len());
        }
    }
    runs
}

/// Grounds that differ from the paper, as rectangles of one row.
fn grounds(row: usize, cells: &[Cell], out: &mut String) {
    let mut at = 0;
    while at < cells.len() {
        let paper = Look::of(&cells[at]).paper;
        let end = (at..cells.len()).find(|&x| Look::of(&cells[x]).paper != paper).unwrap_or(cells.len());
        if let Some(paper) = paper {
            let (x, y) = (tenths(MARGIN + at * CELL.0), tenths(MARGIN + row * CELL.1));
            let (width, height) = (tenths((end - at) * CELL.0), tenths(CELL.1));
            writeln!(out, r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{paper}"/>"#).expect("text");
        }
        at = end;
    }
}

/// The screen as a document of its own; `title` is what a reader hears who cannot see it.
pub fn draw(buffer: &Buffer, title: &str) -> String {
    let columns = usize::from(buffer.area.width);
    let rows: Vec<&[Cell]> = buffer.content.chunks(columns).collect();
    let (width, height) = (tenths(2 * MARGIN + columns * CELL.0), tenths(2 * MARGIN + rows.len() * CELL.1));
    let all: Vec<Run> = rows.iter().enumerate().flat_map(|(n, cells)| runs(n, cells)).collect();
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    for run in &all {
        let next = classes.len();
        classes.entry(run.look.css()).or_insert(next);
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>{}</title>\n<style>\ntext{{font:{FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;white-space:pre}}\n",
        escape(title)
    );
    for (css, class) in &classes {
        writeln!(out, ".s{class}{{{css}}}").expect("text");
    }
    writeln!(out, "</style>\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{PAPER}\"/>").expect("text");
    for (n, cells) in rows.iter().enumerate() {
        grounds(n, cells, &mut out);
    }
    for run in &all {
        let (x, y) = (tenths(MARGIN + run.from * CELL.0), tenths(MARGIN + run.row * CELL.1 + LINE));
        let (class, length) = (classes[&run.look.css()], tenths((run.to - run.from) * CELL.0));
        writeln!(
            out,
            r#"<text class="s{class}" x="{x}" y="{y}" textLength="{length}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">{}</text>"#,
            escape(&run.text)
        )
        .expect("text");
    }
    out.push_str("</svg>\n");
    out
}

#[test]
fn what_a_cell_holds_is_where_the_cell_is() {
    use ratatui::layout::Rect;
    use ratatui::style::Style;
    let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
    buffer.set_string(0, 0, "a<b", Style::new());
    buffer.set_string(6, 1, "xy", Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Rgb(9, 9, 9)));
    let svg = draw(&buffer, "test");
    assert!(
        svg.contains(r#"x="10" y="23" textLength="25.2" lengthAdjust="spacingAndGlyphs" xml:space="preserve">a&lt;b<"#),
        "{svg}"
    );
    assert!(svg.contains(r##"<rect x="60.4" y="27" width="16.8" height="17" fill="#090909"/>"##), "{svg}");
    assert!(svg.contains("fill:#010203"), "{svg}");
}
