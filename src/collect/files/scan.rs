//! A reader of JSON's outline: finds where values begin and end without building them, in bounded memory, and knows
//! at which byte it stands. Whether a value is right inside is for `serde_json` to say.

use std::io::{self, BufRead};

/// Deeper than any record: a byte of memory for each level is all that it takes.
const DEPTH: usize = 1 << 20;

/// Where and why a text can be followed no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Byte of the unpacked file.
    pub at: u64,
    pub detail: String,
    /// The file itself could not be read, rather than understood.
    pub io: bool,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at byte {}: {}", self.at, self.detail)
    }
}

/// Where the bytes of a value go.
#[derive(Debug, Default)]
pub struct Kept {
    pub bytes: Vec<u8>,
    pub limit: usize,
    /// There were more than `limit`; they are not kept.
    pub overflow: bool,
}

impl Kept {
    pub fn up_to(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.overflow = false;
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.overflow || self.bytes.len() + bytes.len() > self.limit {
            self.overflow = true;
            self.bytes.clear();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }
}

pub struct Scanner<R> {
    input: R,
    at: u64,
}

/// The state within one value.
#[derive(Default)]
struct Within {
    closers: Vec<u8>,
    text: bool,
    escaped: bool,
    /// A number or a word that has begun outside of any bracket.
    bare: bool,
}

enum Step {
    More,
    /// The value ends with this byte.
    Last,
    /// The value ended before this byte.
    Before,
    Wrong(&'static str),
}

impl Within {
    fn step(&mut self, byte: u8) -> Step {
        if self.text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.text = false;
                    return if self.closers.is_empty() { Step::Last } else { Step::More };
                }
                b'\n' => return Step::Wrong("a line ends inside of a text"),
                _ => {}
            }
            return Step::More;
        }
        if self.bare {
            let ends = matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
            return if ends { Step::Before } else { Step::More };
        }
        match byte {
            b'"' => self.text = true,
            b'{' | b'[' if self.closers.len() == DEPTH => return Step::Wrong("nested too deep"),
            b'{' => self.closers.push(b'}'),
            b'[' => self.closers.push(b']'),
            b'}' | b']' => match self.closers.pop() {
                Some(closer) if closer == byte => {
                    return if self.closers.is_empty() { Step::Last } else { Step::More };
                }
                _ => return Step::Wrong("a bracket closes what was not opened"),
            },
            b',' | b':' if self.closers.is_empty() => return Step::Wrong("a value is missing"),
            _ if self.closers.is_empty() => self.bare = true,
            _ => {}
        }
        Step::More
    }
}

impl<R: BufRead> Scanner<R> {
    pub fn new(input: R) -> Self {
        Self { input, at: 0 }
    }

    pub fn at(&self) -> u64 {
        self.at
    }

    pub fn broken(&self, detail: impl Into<String>) -> Broken {
        Broken { at: self.at, detail: detail.into(), io: false }
    }

    fn buffer(&mut self) -> Result<&[u8], Broken> {
        let at = self.at;
        self.input.fill_buf().map_err(|error| Broken { at, detail: error.to_string(), io: true })
    }

    pub fn peek(&mut self) -> Result<Option<u8>, Broken> {
        Ok(self.buffer()?.first().copied())
    }

    pub fn skip(&mut self, bytes: usize) {
        self.input.consume(bytes);
        self.at += bytes as u64;
    }

    /// Passes over so many bytes.
    pub fn pass(&mut self, mut bytes: u64) -> Result<(), Broken> {
        while bytes > 0 {
            let there = self.buffer()?.len();
            if there == 0 {
                return Err(self.broken("the file ends too early"));
            }
            let step = there.min(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.skip(step);
            bytes -= step as u64;
        }
        Ok(())
    }

    /// The next byte that is not blank, which stays.
    pub fn next_token(&mut self) -> Result<Option<u8>, Broken> {
        self.token(None)
    }

    /// The same, keeping the blanks before it.
    fn token(&mut self, mut kept: Option<&mut Kept>) -> Result<Option<u8>, Broken> {
        loop {
            let buffer = self.buffer()?;
            let blanks = buffer.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
            let (empty, token) = (buffer.is_empty(), buffer.get(blanks).copied());
            if let Some(kept) = &mut kept {
                kept.push(&buffer[..blanks]);
            }
            self.skip(blanks);
            if empty || token.is_some() {
                return Ok(token);
            }
        }
    }

    /// Passes over a byte-order mark at the very start.
    pub fn skip_mark(&mut self) -> Result<(), Broken> {
        for byte in *b"\xef\xbb\xbf" {
            if self.peek()? != Some(byte) {
                break;
            }
            self.skip(1);
        }
        Ok(())
    }

    /// Passes over one value, or keeps its bytes.
    pub fn value(&mut self, mut kept: Option<&mut Kept>) -> Result<(), Broken> {
        if self.token(kept.as_deref_mut())?.is_none() {
            return Err(self.broken("the file ends where a value should be"));
        }
        let start = self.at;
        let mut within = Within::default();
        loop {
            let at = self.at;
            let buffer = self.input.fill_buf().map_err(|error| Broken { at, detail: error.to_string(), io: true })?;
            if buffer.is_empty() {
                return if within.bare {
                    Ok(())
                } else {
                    Err(self.broken(format!("the file ends inside of the value that begins at byte {start}")))
                };
            }
            let (mut used, mut done, mut wrong) = (buffer.len(), false, None);
            for (n, &byte) in buffer.iter().enumerate() {
                match within.step(byte) {
                    Step::More => continue,
                    Step::Last => (used, done) = (n + 1, true),
                    Step::Before => (used, done) = (n, true),
                    Step::Wrong(detail) => (used, wrong) = (n, Some(detail)),
                }
                break;
            }
            if let Some(kept) = &mut kept {
                kept.push(&buffer[..used]);
            }
            self.skip(used);
            if let Some(detail) = wrong {
                return Err(self.broken(detail));
            }
            if done {
                return Ok(());
            }
        }
    }

    /// Passes over `byte`, which must come next.
    pub fn expect(&mut self, byte: u8, mut kept: Option<&mut Kept>) -> Result<(), Broken> {
        match self.token(kept.as_deref_mut())? {
            Some(found) if found == byte => {
                if let Some(kept) = kept {
                    kept.push(&[byte]);
                }
                self.skip(1);
                Ok(())
            }
            Some(found) => {
                Err(self.broken(format!("'{}' should be '{}'", char::from(found).escape_default(), char::from(byte))))
            }
            None => Err(self.broken("the file ends too early")),
        }
    }

    /// The key that comes next within an object, with its colon; none at the object's end, which is passed over.
    /// `first` is true for the first key, before which no comma stands.
    pub fn key(&mut self, first: bool, mut kept: Option<&mut Kept>) -> Result<Option<String>, Broken> {
        if self.token(kept.as_deref_mut())? == Some(b'}') {
            self.expect(b'}', kept)?;
            return Ok(None);
        }
        if !first {
            self.expect(b',', kept.as_deref_mut())?;
        }
        if self.token(kept.as_deref_mut())? != Some(b'"') {
            return Err(self.broken("a key is missing"));
        }
        let mut key = Kept::up_to(4096);
        self.value(Some(&mut key))?;
        if let Some(kept) = &mut kept {
            if key.overflow {
                kept.overflow = true;
            }
            kept.push(&key.bytes);
        }
        self.expect(b':', kept)?;
        Ok(Some(serde_json::from_slice(&key.bytes).unwrap_or_default()))
    }

    /// Up to `limit` bytes of the line that comes next, without its end, which is passed over; none at the end of
    /// the file. `overflow` says that the line was longer.
    pub fn line(&mut self, kept: &mut Kept) -> Result<bool, Broken> {
        kept.clear();
        let mut any = false;
        loop {
            let at = self.at;
            let buffer = self.input.fill_buf().map_err(|error| Broken { at, detail: error.to_string(), io: true })?;
            if buffer.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = buffer.iter().position(|&byte| byte == b'\n');
            kept.push(&buffer[..end.unwrap_or(buffer.len())]);
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.skip(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    /// The line that comes next, if it ends, or the file does, within so many bytes.
    pub fn short_line(&mut self, limit: usize) -> Result<Option<Vec<u8>>, Broken> {
        let mut line = Vec::new();
        while line.len() <= limit {
            let buffer = self.buffer()?;
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let used = end.unwrap_or(buffer.len());
            line.extend_from_slice(&buffer[..used]);
            let done = end.is_some() || buffer.is_empty();
            self.skip(used);
            if done {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    /// True when nothing but blanks stands before the end of the line, which is passed over.
    pub fn ends_line(&mut self) -> Result<bool, Broken> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r') => self.skip(1),
                Some(b'\n') => {
                    self.skip(1);
                    return Ok(true);
                }
                _ => return Ok(false),
            }
        }
    }

    /// Another scanner that goes on where this one stands, after `again`, which this one has passed already.
    pub fn back(self, again: Vec<u8>) -> Scanner<io::Chain<io::Cursor<Vec<u8>>, R>> {
        let at = self.at - again.len() as u64;
        Scanner { input: io::Read::chain(io::Cursor::new(again), self.input), at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<(String, u64), Broken> {
        // A tiny buffer, so that every border is met.
        let mut scanner = Scanner::new(io::BufReader::with_capacity(3, text.as_bytes()));
        let mut kept = Kept::up_to(1000);
        scanner.value(Some(&mut kept))?;
        Ok((String::from_utf8(kept.bytes).expect("UTF-8"), scanner.at()))
    }

    #[test]
    fn a_value_ends_where_json_says() {
        for (text, expected) in [
            (r#" {"a":"}\"]"} ,"#, r#" {"a":"}\"]"}"#),
            ("[1,[2,{}]]]", "[1,[2,{}]]"),
            ("12.5e3,", "12.5e3"),
            ("true", "true"),
            (r#""\\" "x""#, r#""\\""#),
        ] {
            assert_eq!(value(text).expect(text).0, expected);
        }
    }

    #[test]
    fn what_breaks_says_where() {
        assert_eq!(value("{\"a\": 1]").expect_err("mismatch").at, 7);
        assert_eq!(value("{\"a\n").expect_err("line end").at, 3);
        assert!(value("{\"a\": 1").expect_err("end").detail.contains("begins at byte 0"));
        assert!(value(&"[".repeat(DEPTH + 1)).expect_err("deep").detail.contains("deep"));
        assert!(value("  ").is_err() && value(",").is_err());
    }

    #[test]
    fn more_than_the_limit_is_passed_over() {
        let mut scanner = Scanner::new(&b"[1,2,3] 4"[..]);
        let mut kept = Kept::up_to(4);
        scanner.value(Some(&mut kept)).expect("a value");
        assert!(kept.overflow && kept.bytes.is_empty());
        assert_eq!(scanner.next_token(), Ok(Some(b'4')));
    }
}
