//! Where things stand on a screen of a given size: used for drawing, and to know how far a page is.

use ratatui::layout::Rect;

/// What the arrangement depends on beside the size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub chrome: bool,
    pub detail: bool,
    pub raw: bool,
    pub zoom: bool,
    /// The histogram, and the values that occur most.
    pub insight: bool,
    /// The overview with its four small panes, and how many claims it has.
    pub overview: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    pub header: Rect,
    pub tabs: Rect,
    pub list: Rect,
    /// Above the list.
    pub histogram: Rect,
    /// Beside the list, where there is room.
    pub top: Rect,
    pub detail: Rect,
    pub raw: Rect,
    pub minis: Option<[Rect; 4]>,
    pub footer: Rect,
}

/// From this width on the detail stands beside the list.
pub const SIDE_BY_SIDE: u16 = 120;
/// Lines of the histogram, and cells for the values that occur most.
const HISTOGRAM: u16 = 5;
const TOP: u16 = 36;
/// From this size on the overview shows the data panes in small.
const WIDE: (u16, u16) = (150, 36);

pub fn areas(width: u16, height: u16, wanted: Wanted) -> Areas {
    let mut areas = Areas::default();
    let row = |y: u16| Rect::new(0, y, width, 1);
    let mut body = Rect::new(0, 0, width, height);
    // On a very low screen the rows are worth more than the lines around them; the footer, which holds the prompt, stays.
    if height >= 2 {
        areas.footer = row(height - 1);
        body.height -= 1;
    }
    if wanted.chrome && height >= 8 {
        areas.header = row(0);
        areas.tabs = row(1);
        body.y = 2;
        body.height -= 2;
    }
    if wanted.raw {
        areas.raw = body;
        return areas;
    }
    areas.list = body;
    if wanted.detail {
        if wanted.zoom || body.height < 8 {
            areas.list = Rect::default();
            areas.detail = body;
        } else if width >= SIDE_BY_SIDE {
            let left = width * 9 / 20;
            areas.list.width = left.saturating_sub(1);
            areas.detail = Rect::new(left, body.y, width - left, body.height);
        } else {
            let upper = (body.height * 2 / 5).max(4);
            areas.list.height = upper;
            areas.detail = Rect::new(0, body.y + upper, width, body.height - upper);
        }
    } else if wanted.insight && body.height >= HISTOGRAM + 6 {
        areas.histogram = Rect { height: HISTOGRAM, ..body };
        let mut rest = Rect { y: body.y + HISTOGRAM, height: body.height - HISTOGRAM, ..body };
        if width >= SIDE_BY_SIDE && rest.height >= 18 {
            areas.top = Rect { x: width - TOP, width: TOP, ..rest };
            rest.width -= TOP + 1;
        }
        areas.list = rest;
    } else if let Some(claims) = wanted.overview.filter(|_| !wanted.zoom && (width, height) >= WIDE && height >= WIDE.1)
    {
        let upper = (claims + 1).clamp(4, body.height / 2);
        areas.list.height = upper;
        let (y, rest, half) = (body.y + upper, body.height - upper, width / 2);
        let (first, second) = (rest / 2, rest - rest / 2);
        areas.minis = Some([
            Rect::new(0, y, half, first),
            Rect::new(half, y, width - half, first),
            Rect::new(0, y + first, half, second),
            Rect::new(half, y + first, width - half, second),
        ]);
    }
    areas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_size_panics_and_nothing_lies_outside() {
        for width in 0..220 {
            for height in 0..70 {
                for bits in 0..32u8 {
                    let wanted = Wanted {
                        chrome: bits & 1 != 0,
                        detail: bits & 2 != 0,
                        raw: bits & 4 != 0,
                        zoom: bits & 8 != 0,
                        insight: bits & 16 != 0,
                        overview: Some(20),
                    };
                    let a = areas(width, height, wanted);
                    let all = [a.header, a.tabs, a.list, a.detail, a.raw, a.footer, a.histogram, a.top];
                    for area in all.into_iter().chain(a.minis.into_iter().flatten()) {
                        assert!(area.right() <= width && area.bottom() <= height, "{width}x{height} {area:?}");
                    }
                }
            }
        }
    }
}
