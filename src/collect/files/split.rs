//! Cuts a file of CloudTrail records into single records, one in memory at a time, whatever they are wrapped in:
//! `{"Records":[...]}`, `{"Events":[...]}` (LookupEvents), a list, one record a line, or several of these in a row.
//!
//! A damaged line costs only itself; a damaged wrapping ends the file there.

use std::io::BufRead;

use super::scan::{Broken, Kept, Scanner};
use crate::collect::Stopped;

/// What is found.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Whether it is a record is still to be seen.
    Record { raw: &'a [u8], at: u64 },
    /// Longer than the limit.
    TooLong { at: u64 },
    /// A line that is no JSON.
    Damaged(Broken),
}

/// Why it ends before the end.
#[derive(Debug, PartialEq, Eq)]
pub enum Halt {
    Stopped,
    Broken(Broken),
}

impl From<Broken> for Halt {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<Stopped> for Halt {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

type Sink<'a> = &'a mut dyn FnMut(Piece<'_>) -> Result<(), Stopped>;

/// Hands every record of at most `limit` bytes to `sink`.
///
/// # Errors
/// When the file breaks off or is no list of records from some byte on, or `sink` wants no more.
pub fn split(input: impl BufRead, limit: usize, sink: Sink<'_>) -> Result<(), Halt> {
    let mut scanner = Scanner::new(input);
    scanner.skip_mark()?;
    let mut kept = Kept::up_to(limit);
    let mut first = true;
    loop {
        match scanner.next_token()? {
            None => return Ok(()),
            Some(b'[') => elements(&mut scanner, &mut kept, sink)?,
            Some(b'{') => {
                let start = scanner.at();
                let mut wrapped = false;
                match object(&mut scanner, &mut kept, &mut wrapped, sink) {
                    Ok(()) if wrapped => {}
                    Ok(()) => {
                        // A first record that fills its line means that every line is a record.
                        let lines = first && !kept.bytes.contains(&b'\n') && scanner.ends_line()?;
                        sink(piece(&kept, start))?;
                        if lines {
                            return by_line(scanner, kept, sink);
                        }
                    }
                    Err(Halt::Broken(broken)) if first && !broken.io && !wrapped && !kept.overflow => {
                        return after_damaged_line(scanner, kept, broken, sink);
                    }
                    Err(halt) => return Err(halt),
                }
            }
            Some(_) => return Err(scanner.broken("neither a record nor a list of records").into()),
        }
        first = false;
    }
}

fn piece(kept: &Kept, at: u64) -> Piece<'_> {
    if kept.overflow { Piece::TooLong { at } } else { Piece::Record { raw: &kept.bytes, at } }
}

/// An object at the top: one record, or the wrapping of many, whose records go to the sink at once.
fn object(
    scanner: &mut Scanner<impl BufRead>,
    kept: &mut Kept,
    wrapped: &mut bool,
    sink: Sink<'_>,
) -> Result<(), Halt> {
    kept.clear();
    scanner.expect(b'{', Some(kept))?;
    let mut first = true;
    while let Some(key) = scanner.key(first, Some(kept))? {
        first = false;
        if matches!(key.as_str(), "Records" | "Events") && scanner.next_token()? == Some(b'[') {
            *wrapped = true;
            elements(scanner, kept, sink)?;
            kept.clear();
        } else {
            scanner.value(Some(kept))?;
        }
    }
    Ok(())
}

fn elements(scanner: &mut Scanner<impl BufRead>, kept: &mut Kept, sink: Sink<'_>) -> Result<(), Halt> {
    scanner.expect(b'[', None)?;
    if scanner.next_token()? == Some(b']') {
        return Ok(scanner.expect(b']', None)?);
    }
    loop {
        kept.clear();
        scanner.next_token()?;
        let at = scanner.at();
        scanner.value(Some(kept))?;
        sink(piece(kept, at))?;
        match scanner.next_token()? {
            Some(b',') => scanner.expect(b',', None)?,
            Some(b']') => return Ok(scanner.expect(b']', None)?),
            Some(_) => return Err(scanner.broken("a comma is missing between two records").into()),
            None => return Err(scanner.broken("the file ends inside of the list of records").into()),
        }
    }
}

/// The first line is damaged: go on with the second. `kept` holds what was read of it and after it.
fn after_damaged_line(
    mut scanner: Scanner<impl BufRead>,
    kept: Kept,
    broken: Broken,
    sink: Sink<'_>,
) -> Result<(), Halt> {
    let again = match kept.bytes.iter().position(|&byte| byte == b'\n') {
        Some(end) => kept.bytes[end + 1..].to_vec(),
        None => {
            scanner.line(&mut Kept::up_to(0))?;
            Vec::new()
        }
    };
    let mut scanner = scanner.back(again);
    if scanner.next_token()?.is_none() {
        return Err(broken.into());
    }
    sink(Piece::Damaged(broken))?;
    by_line(scanner, Kept::up_to(kept.limit), sink)
}

fn by_line(mut scanner: Scanner<impl BufRead>, mut kept: Kept, sink: Sink<'_>) -> Result<(), Halt> {
    loop {
        let at = scanner.at();
        if !scanner.line(&mut kept)? {
            return Ok(());
        }
        if kept.overflow {
            sink(Piece::TooLong { at })?;
        } else {
            line(&kept.bytes, at, kept.limit, sink)?;
        }
    }
}

/// One line that is a record, or the wrapping of some; `at` is where it begins.
///
/// # Errors
/// When `sink` wants no more.
pub fn line(bytes: &[u8], at: u64, limit: usize, sink: Sink<'_>) -> Result<(), Stopped> {
    let line = bytes.trim_ascii();
    if line.is_empty() {
        return Ok(());
    }
    if !is_wrapping(line) {
        return sink(Piece::Record { raw: bytes, at });
    }
    // Offsets within a line are of no use to anybody: the line's own is told.
    let moved = |piece: Piece<'_>| match piece {
        Piece::Record { raw, .. } => sink(Piece::Record { raw, at }),
        Piece::TooLong { .. } => sink(Piece::TooLong { at }),
        Piece::Damaged(broken) => sink(Piece::Damaged(Broken { at, ..broken })),
    };
    match wrapping(line, limit, moved) {
        Err(Halt::Broken(broken)) => sink(Piece::Damaged(Broken { at, ..broken })),
        Err(Halt::Stopped) => Err(Stopped),
        Ok(()) => Ok(()),
    }
}

/// Whether a first line is a record that fills it, so that every line is one.
pub fn is_record_line(line: &[u8]) -> bool {
    let (mut scanner, mut kept, mut wrapped) = (Scanner::new(line), Kept::up_to(line.len()), false);
    !is_wrapping(line)
        && object(&mut scanner, &mut kept, &mut wrapped, &mut |_| Ok(())).is_ok()
        && !wrapped
        && scanner.next_token() == Ok(None)
}

fn wrapping(line: &[u8], limit: usize, mut sink: impl FnMut(Piece<'_>) -> Result<(), Stopped>) -> Result<(), Halt> {
    let (mut scanner, mut kept) = (Scanner::new(line), Kept::up_to(limit));
    if line.first() == Some(&b'[') {
        elements(&mut scanner, &mut kept, &mut sink)
    } else {
        object(&mut scanner, &mut kept, &mut false, &mut sink)
    }
}

/// Whether a line is no record but holds some.
pub fn is_wrapping(line: &[u8]) -> bool {
    let after = |bytes: &[u8]| bytes.strip_prefix(b"{").map(|rest| rest.trim_ascii_start().to_vec());
    line.first() == Some(&b'[')
        || line.starts_with(b"{")
            && after(&line[..line.len().min(64)])
                .is_some_and(|rest| rest.starts_with(b"\"Records\"") || rest.starts_with(b"\"Events\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Records, damaged ones as `!`, and the halt.
    fn pieces(text: &[u8], limit: usize) -> (Vec<String>, Option<Halt>) {
        let mut found = Vec::new();
        let halt = split(std::io::BufReader::with_capacity(5, text), limit, &mut |piece| {
            found.push(match piece {
                Piece::Record { raw, .. } => String::from_utf8_lossy(raw.trim_ascii()).into_owned(),
                Piece::TooLong { at } => format!("long at {at}"),
                Piece::Damaged(_) => "!".into(),
            });
            Ok(())
        })
        .err();
        (found, halt)
    }

    #[test]
    fn every_wrapping_gives_the_same_records() {
        for text in [
            r#"{"Records":[{"a":1},{"b":[2]}]}"#,
            "\u{feff}{\"Records\" : [ {\"a\":1} ,\n{\"b\":[2]} ] , \"x\": 1}",
            r#"{"Events":[{"a":1},{"b":[2]}],"NextToken":"x"}"#,
            r#"[{"a":1},{"b":[2]}]"#,
            "{\"a\":1}\n{\"b\":[2]}\n",
            "{\"a\":1}\r\n\r\n{\"b\":[2]}",
            "{\"a\":1} {\"b\":[2]}",
            "{\"Records\":[{\"a\":1}]}\n{\"Records\":[{\"b\":[2]}]}",
            "{\"a\":1}\n{\"Records\":[{\"b\":[2]}]}\n",
            r#"{"Records":[{"a":1}]}{"Records":[]}[{"b":[2]}]"#,
        ] {
            let (found, halt) = pieces(text.as_bytes(), 1000);
            assert_eq!(found, [r#"{"a":1}"#, r#"{"b":[2]}"#], "{text}");
            assert_eq!(halt, None, "{text}");
        }
    }

    #[test]
    fn a_formatted_record_is_one_record() {
        let (found, halt) = pieces(b"{\n \"a\": 1\n}\n{\n \"b\": 2\n}\n", 1000);
        assert_eq!(found, ["{\n \"a\": 1\n}", "{\n \"b\": 2\n}"], "as it came, blanks and all");
        assert_eq!(halt, None);
    }

    #[test]
    fn a_damaged_line_costs_only_itself() {
        // In the middle a line is handed on as it is: that it is no record is for its reader to see.
        let (found, halt) = pieces(b"{\"a\":1}\n{\"b\":\n{\"c\":3}\n", 1000);
        assert_eq!(found, ["{\"a\":1}", "{\"b\":", "{\"c\":3}"]);
        assert_eq!(halt, None);
        for first in ["{\"a\":1,", "{\"a\":\"x", "{\"a\"", "{]"] {
            let (found, halt) = pieces(format!("{first}\n{{\"b\":2}}\n{{\"c\":3}}\n").as_bytes(), 1000);
            assert_eq!(found, ["!", "{\"b\":2}", "{\"c\":3}"], "{first}");
            assert_eq!(halt, None);
        }
    }

    #[test]
    fn a_cut_list_keeps_what_came_before_and_says_where() {
        let (found, halt) = pieces(br#"{"Records":[{"a":1},{"b":[2"#, 1000);
        assert_eq!(found, ["{\"a\":1}"]);
        let Some(Halt::Broken(broken)) = halt else { panic!("{halt:?}") };
        assert_eq!(broken.at, 27);
        assert!(broken.detail.contains("begins at byte 20"), "{broken}");
    }

    #[test]
    fn a_record_beyond_the_limit_is_left_out_and_told() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(100));
        for text in [
            format!("{{\"Records\":[{{\"b\":2}},{long},{{\"c\":3}}]}}"),
            format!("{{\"b\":2}}\n{long}\n{{\"c\":3}}\n"),
            format!("{{\"b\":2}}  {long} {{\"c\":3}}\n"),
        ] {
            let (found, halt) = pieces(text.as_bytes(), 50);
            assert_eq!(found.len(), 3, "{found:?}");
            assert!(found[1].starts_with("long at "), "{found:?}");
            assert_eq!(halt, None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), limit in 0usize..50) {
            pieces(&bytes, limit);
        }

        #[test]
        fn nothing_like_json_panics(text in r#"([\[\]{},:"\\ \n]|"Events"|"Records"|"a":|1|null){0,60}"#) {
            pieces(text.as_bytes(), 1000);
        }

        #[test]
        fn wrapped_or_by_line_is_the_same(values in prop::collection::vec("[^\\p{Cc}]{0,20}", 1..20)) {
            let records: Vec<String> =
                values.iter().map(|value| serde_json::json!({ "eventName": value, "n": [value] }).to_string()).collect();
            let wrapped = pieces(format!("{{\"Records\":[{}]}}", records.join(",")).as_bytes(), 1 << 20);
            let lines = pieces(records.join("\n").as_bytes(), 1 << 20);
            prop_assert_eq!(&wrapped, &(records, None));
            prop_assert_eq!(wrapped, lines);
        }
    }
}
