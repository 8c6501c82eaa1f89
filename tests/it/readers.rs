//! The quick readers of log files say what the slow one says, whatever the file: whole, cut off, damaged.

use std::io::{BufRead, BufReader, Read, Write};

use proptest::prelude::*;

use crate::support::{agree, by_line, quick, slow};

/// A record, in many shapes; some are none.
fn record() -> impl Strategy<Value = String> {
    let name =
        prop::sample::select(vec!["CreateUser", "AssumeRole", "ConsoleLogin", "AssumeRoot", "GetSessionToken", ""]);
    let source = prop::sample::select(vec!["iam.amazonaws.com", "sts.amazonaws.com", "signin.amazonaws.com"]);
    let time =
        prop::sample::select(vec!["2026-11-01T10:00:00Z", "2026-11-01T24:00:00Z", "2026-11-02T00:00:00.5Z", "x", ""]);
    let id = prop::sample::select(vec!["11111111-1111-4111-8111-111111111111", "A", "", "2"]);
    let user = r#"[a-z",=\\é\t ]{0,6}"#;
    let odd = prop::sample::select(vec![
        "",
        r#","readOnly":true"#,
        r#","readOnly":"true""#,
        r#","eventName":"Twice""#,
        r#","userIdentity":{"type":"Root","accountId":"111122223333"}"#,
        r#","userIdentity":{"type":"Root","accountId":1}"#,
        r#","userIdentity":null"#,
        r#","userIdentity":"x""#,
        r#","resources":[{"ARN":"a"},{"resourceName":"b"}]"#,
        r#","resources":[{"ARN":1}]"#,
        r#","resources":{}"#,
        r#","eventCategory":"Insight""#,
        r#","requestParameters":{"deep":[[[{"a":"\u0041\ud83d\ude00"}]]]}"#,
        r#","responseElements":{"credentials":{"accessKeyId":"ASIA"}},"eventType":"AwsConsoleAction""#,
        r#","awsRegion":1,"userAgent":"mgmtscope""#,
        r#","x":1e999"#,
        r#","x":01"#,
        r#","x":nul"#,
        r#","\u0065rrorCode":"AccessDenied""#,
        r#","x":"\ud800""#,
    ]);
    (name, source, time, id, user, odd).prop_map(|(name, source, time, id, user, odd)| {
        let user = serde_json::json!({ "type": "IAMUser", "userName": user });
        format!(
            r#"{{"eventVersion":"1.09","userIdentity":{user},"eventName":"{name}","eventSource":"{source}","eventTime":"{time}","eventID":"{id}"{odd}}}"#
        )
    })
}

/// A line of a file: a record, or what may stand in its place.
fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => record().prop_map(String::into_bytes),
        1 => record().prop_map(|record| format!(" {record}\r").into_bytes()),
        1 => record().prop_map(|record| format!("{{\"Records\":[{record},{record}]}}").into_bytes()),
        1 => record().prop_map(|record| format!("[{record}]").into_bytes()),
        1 => record().prop_map(|record| format!("{record}{record}").into_bytes()),
        1 => record().prop_map(|record| record.as_bytes()[..record.len() / 2].to_vec()),
        1 => record().prop_map(|record| [record.as_bytes(), b"\xff"].concat()),
        1 => record().prop_map(|record| record.replace("1.09", "\u{1}").into_bytes()),
        1 => record().prop_map(|record| [&b"{\"a\":\"\xff\xc0\","[..], &record.as_bytes()[1..]].concat()),
        1 => record().prop_map(|record| record.replace("1.09", &"x".repeat(2_000)).into_bytes()),
        1 => Just(Vec::new()),
        1 => "[ \"{}a]{0,10}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn lines_are_read_alike(first in record(), lines in prop::collection::vec(line(), 0..12), size in 1usize..3_000, cut in 0usize..2_000) {
        let mut bytes = [&[first.into_bytes()][..], &lines].concat().join(&b'\n');
        bytes.truncate(bytes.len().saturating_sub(cut.saturating_sub(1_500)));
        agree(&bytes, 1_500, size);
    }

    #[test]
    fn log_files_are_read_alike(records in prop::collection::vec(record(), 0..6), blank in "[ \n]{0,2}", cut in 0usize..60) {
        let mut text = format!("{{\"Records\":[{}]}}", records.join(&format!("{blank},{blank}")));
        agree(text.as_bytes(), 1 << 20, 1);
        let mut bytes = text.clone().into_bytes();
        let odd = bytes.len() * cut / 60;
        bytes[odd] = 0xe9;
        agree(&bytes, 1 << 20, 1);
        text.truncate(text.len().saturating_sub(cut));
        agree(text.as_bytes(), 1 << 20, 1);
    }

    #[test]
    fn whatever_comes_is_read_alike(start in prop::sample::select(vec!["", "{\"Records\":[", "{\"eventName\":\"A\"}\n"]),
        text in r#"([\[\]{},:"\\ \n]|"eventName"|"Records"|"a":|1|null|true|\\u0041|\PC){0,60}"#)
    {
        agree(format!("{start}{text}").as_bytes(), 1 << 10, 7);
    }

    #[test]
    fn no_bytes_break_them(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        agree(&[b"{\"Records\":[", &bytes[..]].concat(), 100, 10);
        agree(&[b"{\"eventName\":\"A\"}\n", &bytes[..]].concat(), 100, 10);
    }
}

proptest! {
    #[test]
    fn whatever_a_table_holds_is_read_or_told(
        heading in prop::sample::select(vec!["eventName,eventTime,userIdentity,requestParameters", "eventJson,a,b,c",
            "Event name,Event time,Resource name,Resource type"]),
        rows in prop::collection::vec(r#"([",{}=\[\]\n a1é]|, b=|""|null){0,30}"#, 0..8),
        cut in 0usize..40,
    ) {
        use mgmtscope::collect::files::table;
        let good = "A,2026-11-01T10:00:00Z,\"{type=Root, accountid=1}\",x\n";
        let mut text = format!("{heading}\n{good}{}\n{good}", rows.join("\n"));
        text.truncate((0..=text.len() - cut.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0));
        let length = text.len() as u64;
        let mut events = 0;
        let told = table::read(std::io::Cursor::new(text), 200, |event, at| {
            assert!(at < length && !event.name.is_empty());
            events += 1;
            Ok(())
        });
        let told = told.expect("nobody stops");
        prop_assert_eq!(told.events, events);
        prop_assert_eq!(told.left_out > 0 || told.cut, told.first.is_some());
    }
}

#[test]
fn ordinary_files_go_the_quick_way() {
    let record = r#"{"eventName":"A","eventID":"1"}"#;
    assert!(quick(format!("{{\"Records\":[{record}]}}").as_bytes()).is_some_and(|events| events.len() == 1));
    let lines = format!("{record}\n{}\n", record.replace('1', "2"));
    // A record that holds what looks like the border of two.
    let list = r#"{"Records":[{"eventName":"A","x":[{"y":1},{"eventName":"B"}]},{"eventName":"C"}]}"#;
    assert!(quick(list.as_bytes()).is_some_and(|events| events.len() == 2));
    assert!(by_line(lines.as_bytes(), 100, 1).is_some_and(|(events, told)| events.len() == 2 && told.is_good()));
}

#[test]
fn a_packed_file_of_lines_that_breaks_off_is_told_alike() {
    let lines: String = (0..3_000).map(|n| format!("{{\"eventName\":\"A\",\"eventID\":\"{n}\"}}\n")).collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(lines.as_bytes()).expect("in memory");
    let packed = packer.finish().expect("in memory");
    for length in [packed.len(), packed.len() - 1, packed.len() / 2, 200, 20] {
        let unpacked = || BufReader::new(flate2::read::MultiGzDecoder::new(&packed[..length]));
        let expected = slow(unpacked(), 1 << 10);
        match by_line(unpacked(), 1 << 10, 1_000) {
            Some(read) => assert_eq!(read, expected, "{length}"),
            None => assert!(expected.0.is_empty(), "{length}"),
        }
    }
}

#[test]
fn brackets_without_end_take_no_reader_down() {
    use mgmtscope::collect::files::quick::STACK;
    let deep = |levels: usize, unit: &str| {
        let deep = unit.repeat(levels);
        agree(format!("{{\"Records\":[{deep}").as_bytes(), 1 << 20, 1);
        agree(format!("{{\"Records\":[{{\"eventName\":\"A\",\"x\":{deep}}}]}}").as_bytes(), 1 << 20, 1);
        let ends = if unit == "[" { "]" } else { "}" };
        let closed = format!("{{\"eventName\":\"A\",\"x\":{deep}1{}}}", ends.repeat(levels));
        agree(format!("{{\"Records\":[{closed}]}}").as_bytes(), 1 << 20, 1);
        agree(format!("{{\"eventName\":\"A\"}}\n{closed}\n").as_bytes(), 1 << 20, 1);
        agree(format!("{{\"eventName\":\"A\"}}\n{{\"x\":{deep}}}\n{{\"x\":{deep}\n").as_bytes(), 1 << 20, 1);
    };
    let work = move || {
        for levels in [100, 500, 600, 2_500, 5_000, 16_000, 16_384, 100_000] {
            deep(levels, "[");
            deep(levels, "{\"a\":");
        }
    };
    std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread").join().expect("no panic");
}

/// Gives a few bytes at a time.
struct Slowly<'a>(&'a [u8]);

impl Read for Slowly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let step = buffer.len().min(3).min(self.0.len());
        buffer[..step].copy_from_slice(&self.0[..step]);
        self.0 = &self.0[step..];
        Ok(step)
    }
}

impl BufRead for Slowly<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(&self.0[..self.0.len().min(3)])
    }

    fn consume(&mut self, used: usize) {
        self.0 = &self.0[used..];
    }
}

#[test]
fn a_line_beyond_the_limit_is_never_held() {
    let text = format!("{{\"eventName\":\"A\"}}\n{}\n{{\"eventName\":\"B\"}}\n", "x".repeat(10_000));
    let expected = slow(text.as_bytes(), 100);
    assert_eq!((expected.0.len(), expected.1.left_out), (2, 1));
    assert_eq!(by_line(Slowly(text.as_bytes()), 100, 10), Some(expected));
}
