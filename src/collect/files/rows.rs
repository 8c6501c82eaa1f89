//! Cuts a CSV file (RFC 4180) into rows, one in memory at a time, each with the byte at which it begins. A quote that is
//! never closed costs its own line only: the next lines are tried again.

use std::io::Read;

use csv::ByteRecord;

use super::scan::Broken;

const PIECE: usize = 64 << 10;

/// What comes next in the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Row {
    Cells {
        at: u64,
        cells: ByteRecord,
    },
    /// Longer than the limit.
    TooLong {
        at: u64,
    },
    /// A line that is no row of this table.
    Damaged(Broken),
}

pub struct Rows<R> {
    input: R,
    limit: usize,
    /// What was read and is not done with; it begins at byte `base` of the file.
    buffer: Vec<u8>,
    base: u64,
    /// Where the next row begins in `buffer`.
    start: usize,
    /// Cells of the first row, which all others must have.
    width: Option<usize>,
    /// Bytes that were read a second time because a row came to nothing. Bounded by what was read at all, so that no file
    /// can make this take for ever.
    again: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    CellBegins,
    Bare,
    Quoted,
    /// Behind a quote within a quoted cell: the end, or one of two that stand for one.
    Quote,
}

impl State {
    fn step(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Quote,
            (Self::CellBegins | Self::Quote, b'"') | (Self::Quoted, _) => Self::Quoted,
            (_, b',') => Self::CellBegins,
            _ => Self::Bare,
        }
    }
}

/// How far a row reaches.
enum Reach {
    /// So many bytes, with the line end.
    Row(usize),
    /// Beyond the limit.
    TooFar,
    /// Into the end of the file, within a quoted cell.
    Unclosed,
    Nothing,
}

impl<R: Read> Rows<R> {
    /// Rows of at most `limit` bytes; `input` stands at the start of a row, at byte `base` of the file.
    pub fn new(input: R, limit: usize, base: u64) -> Self {
        Self { input, limit, buffer: Vec::new(), base, start: 0, width: None, again: 0 }
    }

    /// All further rows have so many cells.
    pub fn expect_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    pub fn at(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Passes over a byte-order mark.
    pub fn skip_mark(&mut self) -> Result<(), Broken> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        while self.buffer.len() - self.start < MARK.len() && self.fill()? {}
        if self.buffer[self.start..].starts_with(MARK) {
            self.start += MARK.len();
        }
        Ok(())
    }

    /// Passes over so many bytes.
    pub fn pass(&mut self, mut bytes: u64) -> Result<(), Broken> {
        loop {
            let step = (bytes.min((self.buffer.len() - self.start) as u64)) as usize;
            self.start += step;
            bytes -= step as u64;
            if bytes == 0 {
                return Ok(());
            }
            if !self.fill()? {
                return Err(self.broken("the file ends too early"));
            }
        }
    }

    fn broken(&self, detail: impl Into<String>) -> Broken {
        Broken { at: self.at(), detail: detail.into(), io: false }
    }

    /// Reads on; what lies before `start` is let go. False at the end of the file.
    fn fill(&mut self) -> Result<bool, Broken> {
        self.buffer.drain(..self.start);
        self.base += self.start as u64;
        self.start = 0;
        let there = self.buffer.len();
        self.buffer.resize(there + PIECE, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[there..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(there + *read.as_ref().unwrap_or(&0));
        let at = self.base + there as u64;
        read.map(|read| read > 0).map_err(|error| Broken { at, detail: error.to_string(), io: true })
    }

    fn reach(&mut self) -> Result<Reach, Broken> {
        let (mut state, mut length) = (State::CellBegins, 0);
        loop {
            for &byte in &self.buffer[self.start + length..] {
                length += 1;
                if byte == b'\n' && state != State::Quoted {
                    return Ok(if length > self.limit { Reach::TooFar } else { Reach::Row(length) });
                }
                state = state.step(byte);
            }
            if length > self.limit {
                return Ok(Reach::TooFar);
            }
            if !self.fill()? {
                return Ok(match (length, state) {
                    (0, _) => Reach::Nothing,
                    (_, State::Quoted) => Reach::Unclosed,
                    _ => Reach::Row(length),
                });
            }
        }
    }

    /// The next row that is not empty; none at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read any further.
    pub fn row(&mut self) -> Result<Option<Row>, Broken> {
        loop {
            let at = self.at();
            match self.reach()? {
                Reach::Nothing => return Ok(None),
                Reach::Row(length) => {
                    let bytes = &self.buffer[self.start..self.start + length];
                    if bytes.trim_ascii().is_empty() {
                        self.start += length;
                        continue;
                    }
                    let Some(cells) = cells(bytes) else {
                        let broken = self.broken("not a row of CSV");
                        self.start += length;
                        return Ok(Some(Row::Damaged(broken)));
                    };
                    if let Some(width) = self.width.filter(|width| *width != cells.len()) {
                        let broken = self.broken(format!("a row of {} cells, not {width}", cells.len()));
                        if !self.try_second_line(length) {
                            self.start += length;
                        }
                        return Ok(Some(Row::Damaged(broken)));
                    }
                    self.start += length;
                    return Ok(Some(Row::Cells { at, cells }));
                }
                Reach::Unclosed => {
                    let broken = self.broken("a quote is not closed before the end of the file");
                    let length = self.buffer.len() - self.start;
                    if !self.try_second_line(length) {
                        self.start += length;
                    }
                    return Ok(Some(Row::Damaged(broken)));
                }
                Reach::TooFar => {
                    if !self.try_second_line(self.limit) {
                        self.start += self.limit;
                        self.pass_line()?;
                    }
                    return Ok(Some(Row::TooLong { at }));
                }
            }
        }
    }

    /// Goes on with the second line of what was taken for a row of so many bytes, if there is one.
    fn try_second_line(&mut self, length: usize) -> bool {
        let bytes = &self.buffer[self.start..self.start + length];
        let Some(end) = bytes.iter().position(|&byte| byte == b'\n').filter(|end| end + 1 < length) else {
            return false;
        };
        let again = self.again + (length - end) as u64;
        if again > self.base + (self.limit as u64).saturating_mul(4) {
            return false;
        }
        self.again = again;
        self.start += end + 1;
        true
    }

    fn pass_line(&mut self) -> Result<(), Broken> {
        loop {
            match self.buffer[self.start..].iter().position(|&byte| byte == b'\n') {
                Some(end) => {
                    self.start += end + 1;
                    return Ok(());
                }
                None => self.start = self.buffer.len(),
            }
            if !self.fill()? {
                return Ok(());
            }
        }
    }
}

fn cells(row: &[u8]) -> Option<ByteRecord> {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    let row = row.strip_suffix(b"\r").unwrap_or(row);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(row.len().clamp(1, 8 << 10))
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(row);
    let mut cells = ByteRecord::new();
    reader.read_byte_record(&mut cells).ok()?.then_some(cells)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cells joined by `|`; damaged ones as `!`, too long ones as `long`.
    fn rows(text: &[u8], limit: usize) -> Vec<String> {
        let mut rows = Rows::new(text, limit, 0);
        let mut found = Vec::new();
        while let Some(row) = rows.row().expect("in memory") {
            found.push(match row {
                Row::Cells { cells, at } => {
                    assert!(at < text.len() as u64);
                    if rows.width.is_none() {
                        rows.expect_width(cells.len());
                    }
                    cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect::<Vec<_>>().join("|")
                }
                Row::TooLong { .. } => "long".into(),
                Row::Damaged(_) => "!".into(),
            });
        }
        found
    }

    #[test]
    fn cells_with_quotes_commas_and_line_ends_are_cells() {
        let text = b"a,b\r\n\"1,\n2\",\"say \"\"no\"\"\"\r\n\r\n,\nx\"y,z";
        assert_eq!(rows(text, 100), ["a|b", "1,\n2|say \"no\"", "|", "x\"y|z"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_its_own_line() {
        assert_eq!(rows(b"a,b\n\"1,2\n3,4\n5,6\n", 100), ["a|b", "!", "3|4", "5|6"]);
        assert_eq!(rows(b"a,b\n\"1,2\n3,\"4\"\n5,6\n", 100), ["a|b", "!", "3|4", "5|6"]);
        assert_eq!(rows(b"a,b\n1\n3,4\n1,2,3\n", 100), ["a|b", "!", "3|4", "!"]);
        let far = format!("a,b\n\"1,2\n3,4\n{}", "5,6\n".repeat(50));
        let found = rows(far.as_bytes(), 40);
        assert_eq!((found.len(), &found[..3]), (53, &["a|b".to_owned(), "long".into(), "3|4".into()][..]));
    }

    #[test]
    fn a_row_beyond_the_limit_is_passed_over() {
        let text = format!("a,b\n{},1\n3,4\n", "x".repeat(300_000));
        assert_eq!(rows(text.as_bytes(), 50), ["a|b", "long", "3|4"]);
    }

    #[test]
    fn lines_that_all_open_a_quote_take_no_longer_than_they_are() {
        let text = "a\",\"\"\"\n".repeat(2_000_000);
        let mut rows = Rows::new(text.as_bytes(), 1 << 20, 0);
        rows.expect_width(7);
        let mut found = 0;
        while rows.row().expect("in memory").is_some() {
            found += 1;
        }
        assert!(found < 100, "what is given up is given up at once: {found}");
        assert!(rows.again <= text.len() as u64 + (4 << 20), "{}", rows.again);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in r#"([",\r\na1 ]|\PC){0,200}"#, limit in 1usize..50) {
            rows(text.as_bytes(), limit);
        }

        #[test]
        fn what_is_written_is_read(table in prop::collection::vec(prop::collection::vec("[a\",\n ]{1,6}", 3), 1..8)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            table.iter().for_each(|row| writer.write_record(row).expect("in memory"));
            let text = writer.into_inner().expect("in memory");
            let expected: Vec<String> = table.iter().map(|row| row.join("|")).collect();
            prop_assert_eq!(rows(&text, 1000), expected);
        }
    }
}
