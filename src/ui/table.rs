//! A list as a table: any pane's. Asks for the cells of visible rows only.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{middle, put};
use super::theme::{Role, Theme};
use crate::analysis::Assessment;
use crate::app::list::List;
use crate::panes::{Column, TimeStyle, Value, Width};

/// How a table is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub theme: &'a Theme,
    pub style: &'a TimeStyle,
    /// Has the focus: the cursor is shown.
    pub focus: bool,
}

/// How wide the answers are that a filter's question gets.
const ANSWER: u16 = 4;

/// Which columns are shown, with their places: `(index, x, width)`.
pub fn columns(columns: &[Column], width: u16, wanted: usize) -> Vec<(usize, u16, u16)> {
    let least = |column: &Column| match column.width {
        Width::Fixed(width) | Width::Share { least: width, .. } => width,
    };
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    // Columns that mostly serve filters and exports (spare 8 and more; from 20 on, only those) stay where others have
    // ample room.
    let total = |shown: &[usize]| {
        let sparest = shown.iter().filter(|&&n| n != wanted).map(|&n| columns[n].spare).max().unwrap_or(0);
        let times = match sparest {
            20.. => 4,
            8.. => 2,
            _ => 1,
        };
        let room = |column: &Column| match column.width {
            Width::Share { least, .. } => least * times,
            Width::Fixed(width) => width,
        };
        shown.iter().map(|&n| room(&columns[n]) + 1).sum::<u16>()
    };
    // The spare ones go, the sparest first; the column under the column cursor stays.
    while total(&shown) > width.saturating_sub(1) {
        let sparest = shown.iter().filter(|&&n| n != wanted).max_by_key(|&&n| (columns[n].spare, n)).copied();
        match sparest.filter(|&n| columns[n].spare > 0) {
            Some(n) => shown.retain(|&kept| kept != n),
            None => break,
        }
    }
    // On a narrow screen it takes the place of others, from the right; the first stays, which says what the row is.
    while wanted != 0 && total(&shown) > width.saturating_sub(1) && shown.contains(&wanted) {
        match shown.iter().rposition(|&n| n != wanted && n != 0) {
            Some(at) => drop(shown.remove(at)),
            None => break,
        }
    }
    let mut left = width.saturating_sub(1).saturating_sub(total(&shown));
    let weight = |n: usize| match columns[n].width {
        Width::Share { weight, .. } => weight,
        Width::Fixed(_) => 0,
    };
    let mut weights: u16 = shown.iter().map(|&n| weight(n)).sum();
    let mut x = 1;
    let mut places = Vec::with_capacity(shown.len());
    for n in shown {
        let mut wide = least(&columns[n]);
        if weight(n) > 0 && weights > 0 {
            let extra = u32::from(left) * u32::from(weight(n)) / u32::from(weights);
            let extra = u16::try_from(extra).unwrap_or(0);
            wide += extra;
            left -= extra;
            weights -= weight(n);
        }
        places.push((n, x, wide.min(width.saturating_sub(x))));
        x += wide + 1;
    }
    places
}

/// Draws heading and rows. Draws nothing that is not there.
pub fn draw(buffer: &mut Buffer, area: Rect, list: &List, a: &Assessment, look: Look<'_>) {
    if area.height == 0 || area.width < 4 {
        return;
    }
    let pane = list.pane;
    let wanted = if look.focus { list.column } else { usize::MAX };
    let heading = look.theme.role(Role::Header);
    buffer.set_style(Rect { height: 1, ..area }, heading);
    // A filter that asks something of the rows has the answers stand before them.
    let asked = list.filter.asked();
    let answer = asked.map_or(0, |asked| ANSWER.max(u16::try_from(asked.question.title.len()).unwrap_or(ANSWER)));
    let aside = if asked.is_some() { answer + 1 } else { 0 };
    let mut places = columns(pane.columns, area.width.saturating_sub(aside), wanted);
    places.iter_mut().for_each(|(_, x, _)| *x += aside);
    if let Some(asked) = asked {
        put(buffer, area.x + 1, area.y, answer, asked.question.title, heading);
    }
    for &(n, x, width) in &places {
        let mut title = pane.columns[n].title.to_owned();
        if let Some(sort) = list.sort.filter(|sort| sort.column == n) {
            title.push(if sort.descending { '▼' } else { '▲' });
        }
        let style = if look.focus && n == list.column { heading.patch(look.theme.role(Role::Column)) } else { heading };
        put(buffer, area.x + x, area.y, width, &title, style);
    }
    for line in 0..area.height - 1 {
        let at = list.offset + usize::from(line);
        let Some(&row) = list.rows.get(at) else { break };
        let y = area.y + 1 + line;
        row_cells(buffer, (area, y), &places, list, a, row as usize, look);
        if let Some(asked) = asked {
            let cell = asked.answer(a, row as usize);
            put(buffer, area.x + 1, y, answer, &cell.value.show(look.style), look.theme.tone(cell.tone));
        }
        let marked = !list.marks.is_empty() && list.marks.contains(&(pane.key)(a, row as usize));
        if marked {
            put(buffer, area.x, y, 1, "+", look.theme.role(Role::Mark));
        }
        if look.focus && at == list.cursor {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), look.theme.role(Role::Selection));
            if !marked {
                put(buffer, area.x, y, 1, ">", look.theme.role(Role::Selection));
            }
        }
    }
}

fn row_cells(
    buffer: &mut Buffer,
    (area, y): (Rect, u16),
    places: &[(usize, u16, u16)],
    list: &List,
    a: &Assessment,
    row: usize,
    look: Look<'_>,
) {
    for &(n, x, width) in places {
        let cell = (list.pane.columns[n].cell)(a, row);
        let style: Style = look.theme.tone(cell.tone);
        let text = cell.value.show(look.style);
        let x = area.x + x;
        match &cell.value {
            Value::Count(_) => {
                let pad = width.saturating_sub(u16::try_from(text.len()).unwrap_or(width));
                put(buffer, x + pad, y, width - pad, &text, style);
            }
            Value::Text(_) if text.starts_with("arn:") => {
                put(buffer, x, y, width, &middle(&text, usize::from(width)), style);
            }
            _ => {
                put(buffer, x, y, width, &text, style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panes::ALL;

    #[test]
    fn columns_lie_within_any_width_and_do_not_overlap() {
        for pane in ALL {
            for width in 0..260 {
                let mut end = 0;
                for (_, x, wide) in columns(pane.columns, width, 0) {
                    assert!(x > end || end == 0, "{} at {width}", pane.name);
                    assert!(wide == 0 || x + wide <= width, "{} at {width}", pane.name);
                    end = x + wide;
                }
            }
        }
    }

    #[test]
    fn at_80_the_column_under_the_cursor_is_shown_whole() {
        for pane in ALL {
            for (wanted, column) in pane.columns.iter().enumerate() {
                let places = columns(pane.columns, 80, wanted);
                let (Width::Fixed(least) | Width::Share { least, .. }) = column.width;
                let is = places.iter().find(|&&(n, ..)| n == wanted).map(|&(_, _, width)| width);
                assert!(is >= Some(least), "{} {}: {places:?}", pane.name, column.name);
            }
        }
    }

    #[test]
    fn at_80_every_pane_shows_its_first_columns() {
        for pane in ALL {
            let places = columns(pane.columns, 80, 0);
            let must = pane.columns.iter().filter(|column| column.spare == 0).count();
            assert!(places.len() >= must, "{}", pane.name);
            assert!(places.iter().all(|&(_, _, width)| width > 0), "{}: {places:?}", pane.name);
        }
    }
}
