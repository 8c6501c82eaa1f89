//! From paths to facts: what is refused at once, what is combined, what is told of damage.

use std::io::Write;

use super::*;
use crate::collect::{RegionScope, gather};
use crate::model::{Ask, Cell, Facts, Problem, Reading, Status};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, content).expect("written");
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes.as_ref()).expect("in memory");
    packer.finish().expect("in memory")
}

fn record(n: usize) -> String {
    format!(r#"{{"eventName":"E{n}","eventID":"{n}","eventTime":"2026-11-{:02}T10:00:00Z"}}"#, n % 28 + 1)
}

fn records(numbers: std::ops::Range<usize>) -> String {
    format!(r#"{{"Records":[{}]}}"#, numbers.map(record).collect::<Vec<_>>().join(","))
}

async fn read_asking(paths: Vec<PathBuf>, asks: &[Ask]) -> Facts {
    let order = Order {
        asks: asks.iter().copied().collect(),
        regions: RegionScope::All,
        since: jiff::SignedDuration::from_hours(1),
        now: Timestamp::UNIX_EPOCH,
        held: Default::default(),
        wanted: Default::default(),
    };
    let source = Arc::new(Files::open(paths).expect("good paths"));
    let facts = gather(source, order, CancellationToken::new(), |_, _| {}).await;
    assert!(!facts.coverage.is_open(), "a cell was left open");
    facts
}

async fn read(paths: Vec<PathBuf>) -> Facts {
    read_asking(paths, Ask::ALL).await
}

fn reading(facts: &Facts, ask: Ask) -> Reading {
    facts.coverage.get(&Cell::global(ask)).cloned().expect("the cell was read")
}

fn refused(path: PathBuf) -> String {
    let line = Files::open(vec![path]).expect_err("refused").to_string();
    assert!(!line.contains('\n'));
    line
}

#[test]
fn a_mistake_is_one_line_that_says_what_and_where() {
    let folder = Folder::new()
        .with("x.json", r#"{"hello": 1}"#)
        .with("empty/notes.txt", "hi")
        .with("digest.json", r#"{"awsAccountId":"1","digestStartTime":"x"}"#)
        .with("newer.mgx", r#"{"mgmtscope":"snapshot","version":9,"program":"7.0"}"#)
        .with("cut.json.gz", &gzip("{\"Records\":[]}")[..12]);
    assert!(refused(folder.path("none.json")).ends_with("none.json: No such file or directory"));
    let line = refused(folder.path("x.json"));
    assert!(line.contains("x.json: not a mgmtscope snapshot") && line.contains("UserDetailList"), "{line}");
    assert!(refused(folder.path("empty")).contains("of its files (1) none"));
    assert!(refused(folder.path("digest.json")).contains("digest"));
    assert!(refused(folder.path("newer.mgx")).contains("version 9"));
    assert!(refused(folder.path("cut.json.gz")).contains("cut short"));
    assert!(Files::open(Vec::new()).is_err());
}

#[tokio::test]
async fn every_wrapping_of_the_same_events_gives_the_same_log() {
    let lines = (0..1_200).map(record).collect::<Vec<_>>().join("\n");
    let lookup: Vec<_> = (0..1_200).map(|n| serde_json::json!({ "CloudTrailEvent": record(n) })).collect();
    let folder = Folder::new()
        .with("wrapped.json", records(0..1_200))
        .with("members.gz", [gzip(records(0..600)), gzip(records(600..1_200))].concat())
        .with("lines.jsonl", &lines)
        .with("list.json", format!("[{}]", lines.replace('\n', ",")))
        .with("lookup.json", serde_json::json!({ "Events": lookup }).to_string());
    for name in ["wrapped.json", "members.gz", "lines.jsonl", "list.json", "lookup.json"] {
        let facts = read(vec![folder.path(name)]).await;
        assert!(facts.events.records().map(|raw| raw.expect("a record")).eq((0..1_200).map(record)), "{name}");
        let reading = reading(&facts, Ask::Events);
        assert_eq!((reading.status, reading.rows, reading.note.as_str()), (Status::Complete, 1_200, name));
        assert_eq!(reading.since, "2026-11-01T10:00:00Z".parse().ok());
        assert_eq!(reading.until, "2026-11-28T10:00:00Z".parse().ok());
    }
    let facts = read(vec![folder.path("wrapped.json"), folder.path("lookup.json")]).await;
    assert_eq!(facts.events.len(), 1_200, "an event that comes twice is one");
}

#[tokio::test]
async fn a_folder_tells_its_damage_and_reads_the_rest() {
    let cut = gzip(records(20..500));
    let folder = Folder::new()
        .with("2026/11/b.json.gz", gzip(records(0..10)))
        .with("2026/11/c.json.gz", &cut[..cut.len() / 2])
        .with("2026/12/a.json", format!("{}\nrubbish\n{}\n", record(600), record(601)))
        .with("2026/12/z.json.gz", "")
        .with("digest.json", r#"{"awsAccountId":"1","digestStartTime":"x"}"#)
        .with("README.md", "hello");
    let facts = read(vec![folder.0.path().to_owned()]).await;
    let reading = reading(&facts, Ask::Events);
    assert_eq!(reading.status, Status::Partial);
    assert_eq!(reading.rows as usize, facts.events.len());
    assert!(facts.events.len() > 12, "the start of the cut file is kept: {}", facts.events.len());
    let [gap, lines, empty] = &reading.gaps[..] else { panic!("{:?}", reading.gaps) };
    assert_eq!(gap.what, "3 of 4 files damaged");
    assert!(gap.detail.starts_with("first 2026/11/c.json.gz: at byte "), "{}", gap.detail);
    assert!(gap.detail.ends_with("; 1 record left out"), "{}", gap.detail);
    // "rubbish" stands behind the first line, whose length is its place.
    assert_eq!(lines.what, "2026/12/a.json");
    assert!(lines.detail.starts_with(&format!("at byte {}: ", record(600).len() + 1)), "{}", lines.detail);
    assert_eq!((empty.what.as_str(), empty.detail.as_str()), ("2026/12/z.json.gz", "empty"));
    assert!(reading.note.contains("set aside: 1 digest file; 1 not recognised: README.md"), "{}", reading.note);
}

#[tokio::test]
async fn digests_and_insights_are_set_aside_and_are_no_gap() {
    let digest = r#"{"awsAccountId":"111122223333","digestStartTime":"2026-11-01T10:00:00Z","digestEndTime":"2026-11-01T11:00:00Z",
        "digestS3Bucket":"logs","logFiles":[]}"#;
    let insight = |state: &str| {
        format!(
            r#"{{"eventVersion":"1.07","eventID":"{state}","eventTime":"2026-11-01T10:00:00Z","eventType":"AwsCloudTrailInsight","insightDetails":{{"state":"{state}","eventName":"CreateUser"}},"eventCategory":"Insight"}}"#
        )
    };
    let network = r#"{"eventVersion":"1.09","eventName":"ListKeys","eventSource":"kms.amazonaws.com","eventID":"n",
        "eventTime":"2026-11-01T10:00:00Z","eventType":"AwsVpceEvent","eventCategory":"NetworkActivity"}"#;
    let of = "AWSLogs/o-exampleorgid/111122223333";
    let folder = Folder::new()
        .with(&format!("{of}/CloudTrail/us-east-1/2026/11/01/a.json.gz"), gzip(records(0..10)))
        .with(&format!("{of}/CloudTrail-Digest/us-east-1/2026/11/01/b.json.gz"), gzip(digest))
        .with(&format!("{of}/CloudTrail-Digest/us-east-1/2026/11/01/c.json.gz"), gzip(digest))
        .with(
            &format!("{of}/CloudTrail-Insight/us-east-1/2026/11/01/d.json.gz"),
            gzip(format!(r#"{{"Records":[{},{}]}}"#, insight("Start"), insight("End"))),
        )
        .with(
            &format!("{of}/CloudTrail-NetworkActivity/us-east-1/2026/11/01/e.json.gz"),
            gzip(format!(r#"{{"Records":[{network}]}}"#)),
        );
    let facts = read(vec![folder.0.path().to_owned()]).await;
    let told = reading(&facts, Ask::Events);
    assert_eq!((told.status, told.rows, told.gaps.len()), (Status::Complete, 11, 0));
    assert!(told.note.ends_with("; set aside: 2 digest files, 2 insight records"), "{}", told.note);

    let digests = folder.path(&format!("{of}/CloudTrail-Digest"));
    let one = digests.join("us-east-1/2026/11/01/b.json.gz");
    assert!(refused(digests).contains("digest files (2)"));
    let named = read(vec![one, folder.path(&format!("{of}/CloudTrail/us-east-1/2026/11/01/a.json.gz"))]).await;
    let told = reading(&named, Ask::Events);
    assert_eq!((told.status, told.rows), (Status::Complete, 10));
    assert!(told.note.ends_with("set aside: 1 digest file"), "{}", told.note);
}

#[tokio::test]
async fn several_kinds_make_one_picture() {
    let csv = "user,arn,user_creation_time,mfa_active\n<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00Z,false\n";
    let content = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, csv);
    let page = |name: &str| serde_json::json!({ "RoleDetailList": [{ "RoleName": name, "Arn": format!("arn:aws:iam::111122223333:role/{name}") }] });
    let folder = Folder::new()
        .with("report.csv", csv)
        .with("answer.json", serde_json::json!({ "Content": content, "ReportFormat": "text/csv" }).to_string())
        .with("pages.json", format!("{}\n{}", page("a"), page("b")))
        .with("org.json", r#"{"Organization":{"Id":"o-1","MasterAccountId":"111122223333"}}"#)
        .with("broken.json", r#"{"Accounts":[{"Id":"1"},"#)
        .with("trail.jsonl", record(1));
    let names = ["report.csv", "answer.json", "pages.json", "org.json", "broken.json", "trail.jsonl"];
    let paths: Vec<_> = names.map(|name| folder.path(name)).to_vec();
    let facts = read(paths.clone()).await;
    assert_eq!(facts.roles.len(), 2);
    assert_eq!(facts.credential_report.len(), 1);
    assert_eq!(facts.is_management_account(), Some(true));
    assert_eq!(reading(&facts, Ask::CredentialReport).note, "report.csv, answer.json");
    let accounts = reading(&facts, Ask::Accounts);
    assert_eq!(accounts.status, Status::Failed);
    assert_eq!(accounts.gaps[0].what, "broken.json");
    assert_eq!(facts.origins[0].name, "report.csv, answer.json, pages.json and 3 more");

    let facts = read_asking(paths, &[Ask::Organization]).await;
    assert_eq!(facts.coverage.iter().count(), 1, "only what was asked is read");
}

fn snapshot_of(facts: &Facts) -> Vec<u8> {
    let mut bytes = Vec::new();
    snapshot::write_to(&mut bytes, facts, Timestamp::UNIX_EPOCH).expect("in memory");
    bytes
}

#[tokio::test]
async fn a_snapshot_shows_the_same_numbers() {
    let folder =
        Folder::new().with("a.json", records(0..1_200)).with("x.json", &b"{\"Accounts\":[{\"Id\":\"1\"}]}"[..]);
    let mut before = read(vec![folder.path("a.json"), folder.path("x.json")]).await;
    // As it is when a user ends a collection early.
    before.apply(Batch::Reading(Cell::global(Ask::Policies), Reading::of(Status::Reading)));
    let folder = folder.with("x.mgx", snapshot_of(&before));
    let after = read(vec![folder.path("x.mgx")]).await;
    assert!(after.events.records().eq(before.events.records()));
    assert_eq!(after.accounts, before.accounts);
    assert_eq!(reading(&after, Ask::Events), reading(&before, Ask::Events));
    assert_eq!(reading(&after, Ask::Policies).status, Status::Cancelled);
    let origin = Origin { kind: OriginKind::Snapshot, name: "x.mgx".into(), as_of: Some(Timestamp::UNIX_EPOCH) };
    assert_eq!(after.origins, [origin]);

    let mixed = read(vec![folder.path("x.mgx"), folder.path("a.json")]).await;
    assert_eq!(mixed.events.len(), 1_200);
    assert_eq!(mixed.origins.len(), 2);
    assert_eq!(reading(&mixed, Ask::Events).rows, 2_400, "rows read, of which half came twice");
}

#[tokio::test]
async fn a_cut_snapshot_is_a_gap_where_it_counts() {
    let folder =
        Folder::new().with("a.json", records(0..5_000)).with("x.json", &b"{\"Accounts\":[{\"Id\":\"1\"}]}"[..]);
    let before = read(vec![folder.path("a.json"), folder.path("x.json")]).await;
    let mut bytes = snapshot_of(&before);
    bytes.truncate(bytes.len() * 9 / 10);
    let folder = folder.with("x.mgx", bytes);
    let after = read(vec![folder.path("x.mgx")]).await;
    assert!((500..5_000).contains(&after.events.len()), "{}", after.events.len());
    assert_eq!(reading(&after, Ask::Accounts).status, Status::Complete);
    let events = reading(&after, Ask::Events);
    assert_eq!((events.status, events.gaps.len()), (Status::Partial, 1));
    assert!(events.gaps[0].detail.contains("missing"), "{}", events.gaps[0].detail);
}

#[tokio::test]
async fn stopped_work_is_told_as_cancelled() {
    // Large, and read in pieces: most of it is unread when the first piece is there.
    let folder = Folder::new().with("a.jsonl", (0..300_000).map(record).collect::<Vec<_>>().join("\n"));
    let order = Order::everything(RegionScope::All, jiff::SignedDuration::ZERO, Timestamp::UNIX_EPOCH);
    let stop = CancellationToken::new();
    let source = Arc::new(Files::open(vec![folder.path("a.jsonl")]).expect("good"));
    let trigger = stop.clone();
    let facts = gather(source, order, stop, |batch, _| {
        if matches!(batch, Batch::Trail(_)) {
            trigger.cancel();
        }
    })
    .await;
    assert_eq!(reading(&facts, Ask::Events).status, Status::Cancelled);
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/csv").join(name)
}

/// The records of a table, as JSON, and the reading; each record can be fetched again.
async fn table(path: PathBuf) -> (Facts, Vec<serde_json::Value>) {
    let facts = read(vec![path]).await;
    let records = facts.events.records().map(|raw| serde_json::from_str(&raw.expect("there")).expect("JSON")).collect();
    (facts, records)
}

#[tokio::test]
async fn a_table_of_athena_gives_the_records_back() {
    use crate::model::log::Field;
    let (facts, records) = table(fixture("athena.csv")).await;
    assert_eq!((records.len(), reading(&facts, Ask::Events).status), (2, Status::Complete));
    assert_eq!(records[0]["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"], "Admin");
    assert_eq!(records[0]["userIdentity"].get("userName"), None, "null is missing");
    assert_eq!(records[0]["requestParameters"]["userName"], "eve");
    assert_eq!(records[0]["tlsDetails"]["tlsVersion"], "TLSv1.3");
    assert_eq!(records[0]["timestamp"], "2026/11/01", "a column of the table alone is kept");
    let rows: Vec<_> = facts.events.iter().collect();
    let words = |row: usize, fields: &[Field]| fields.iter().map(|&field| rows[row].word(field)).collect::<Vec<_>>();
    assert_eq!(
        words(0, &[Field::Name, Field::ActorKey, Field::Session, Field::AccessKey, Field::Agent]),
        ["CreateUser", "arn:aws:iam::111122223333:role/Admin", "alice,b=c", "ASIAEXAMPLE", "aws-cli/2.0, x"]
    );
    assert_eq!((rows[0].mfa(), rows[0].read_only()), (true, Some(false)));
    assert_eq!(words(1, &[Field::ActorKey, Field::Error]), ["cloudtrail.amazonaws.com", "AccessDenied"]);
    assert_eq!(words(1, &[Field::Resources]), ["arn:aws:s3:::logs"]);
    assert_eq!(records[1]["errorMessage"], "Access\nDenied, really");
}

#[tokio::test]
async fn a_table_of_lake_gives_the_records_back() {
    use crate::model::log::Field;
    let (facts, records) = table(fixture("lake.csv")).await;
    assert_eq!(records[0]["eventTime"], "2026-11-01T10:00:00Z");
    assert_eq!(records[0]["requestParameters"]["roleSessionName"], "x");
    let row = facts.events.iter().next().expect("an event");
    assert_eq!(row.word(Field::ActorKey), "arn:aws:iam::111122223333:role/Admin");
    assert_eq!((row.issued(), row.is_console()), ("ASIAISSUED", true));
    let (facts, records) = table(fixture("lake-json.csv")).await;
    assert_eq!((facts.events.len(), &records[1]["eventID"]), (2, &"2".into()));
    assert_eq!(records[1]["requestParameters"]["userName"], "eve, \"x\"");
}

#[tokio::test]
async fn a_download_of_the_event_history_gives_what_it_has() {
    use crate::model::log::Field;
    let (facts, records) = table(fixture("event-history.csv")).await;
    let rows: Vec<_> = facts.events.iter().collect();
    assert_eq!(rows[0].word(Field::ActorName), "alice");
    assert_eq!(rows[0].word(Field::AccessKey), "ASIAEXAMPLE");
    assert_eq!(rows[0].word(Field::Resources), "arn:aws:cloudtrail:us-east-1:111122223333:trail/main logs");
    assert_eq!(records[0]["Comment"], "mine");
    assert_eq!((rows[1].word(Field::AccessKey), rows[1].word(Field::Resources)), ("", ""), "a dash is nothing");
    assert_eq!(reading(&facts, Ask::Events).since, "2026-11-01T10:00:00Z".parse().ok());
}

#[tokio::test]
async fn a_table_in_a_folder_packed_and_damaged_is_read_as_far_as_it_goes() {
    let good = |n: usize| format!("{n},CreateUser,2026-11-01T10:00:00Z,\"{{a=1, b={n}}}\"\n");
    let text = format!(
        "eventID,eventName,eventTime,requestParameters\n{}1,\"open\n{}x,y\n4,,2026-11-01T10:00:00Z,\n{}",
        good(1),
        good(2),
        (5..3_000).map(good).collect::<String>()
    );
    let packed = gzip(&text);
    let folder = Folder::new().with("a.csv.gz", &packed).with("b/c.csv", &text).with("z.json", records(0..3));
    let facts = read(vec![folder.0.path().to_owned()]).await;
    let told = reading(&facts, Ask::Events);
    assert_eq!((facts.events.len(), facts.events.duplicates()), (2 + 2_995 + 3, 2_997));
    assert_eq!((told.status, told.rows), (Status::Partial, 2 * 2_997 + 3));
    let first = text.find("1,\"open").expect("there");
    assert_eq!(told.gaps[0].what, "2 of 3 files damaged");
    assert!(told.gaps[0].detail.contains(&format!("a.csv.gz: at byte {first}: ")), "{}", told.gaps[0].detail);
    assert!(told.gaps[0].detail.ends_with("6 records left out"), "{}", told.gaps[0].detail);
    let mut there: Vec<_> = facts.events.records().collect();
    assert!(there.iter().all(Result::is_ok));
    // And from the end to the beginning.
    let ids: Vec<_> = facts.events.ids().collect();
    let mut again = crate::model::log::Records::new(&facts.events);
    there.reverse();
    assert!(ids.into_iter().rev().map(|id| again.get(id)).eq(there));

    let cut = Folder::new().with("cut.csv.gz", &packed[..packed.len() / 2]);
    let facts = read(vec![cut.path("cut.csv.gz")]).await;
    let told = reading(&facts, Ask::Events);
    assert!(told.rows > 100 && told.status == Status::Partial, "{told:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn rubbish_is_told_file_by_file_and_the_rest_is_read() {
    use std::os::unix::fs::symlink;
    let long = format!(r#"{{"eventName":"A","x":"{}"}}"#, "y".repeat(LIMITS.item));
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(format!("{{\"Records\":[{}", record(50)).as_bytes()).expect("in memory");
    packer.write_all(&vec![b' '; 80 << 20]).expect("in memory");
    let bomb = packer.finish().expect("in memory");
    let one = |n: usize| format!("{}\n", record(n));
    let folder = Folder::new()
        .with("a/good.json", records(0..10))
        .with("b/bomb.json.gz", bomb)
        .with("c/half.json", &records(10..20)[..300])
        .with("d/long.json", format!(r#"{{"Records":[{},{long},{}]}}"#, record(30), record(31)))
        .with("d/long.jsonl", format!("{}{long}\n{}", one(40), one(41)))
        .with("e/deep.json", format!("{{\"Records\":[{}", "[".repeat(100_000)))
        .with("e/noise.json.gz", [&b"\x1f\x8b"[..], &[7; 5_000]].concat())
        .with("f/empty.jsonl", "")
        .with("f/page.html", "<html>")
        .with("f/picture.png", b"\x89PNG\r\n\x1a\n")
        .with("g/none.json", r#"{"Records":[]}"#)
        .with("h/last.jsonl", one(60));
    symlink("..", folder.path("g/up")).expect("a link");
    symlink("nowhere", folder.path("g/dangling")).expect("a link");
    let facts = read(vec![folder.0.path().to_owned()]).await;
    let told = reading(&facts, Ask::Events);
    let ids: Vec<String> = facts.events.iter().map(|row| row.event_id().to_string()).collect();
    let whole = 0..records(10..20)[..300].matches("\"}").count();
    let expected = (0..10).chain([50]).chain(whole.map(|n| n + 10)).chain([30, 31, 40, 41, 60]);
    assert_eq!(ids, expected.map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(told.status, Status::Partial);
    let detail = told.gaps.iter().map(Problem::line).collect::<Vec<_>>().join("\n");
    for told in [
        "b/bomb.json.gz: at byte ",
        "unpacks to more than 400 times its size",
        "c/half.json: malformed: at byte 300: ",
        "d/long.json: malformed: at byte ",
        "d/long.jsonl: malformed: at byte ",
        "a record longer than 16777216 bytes",
        "e/deep.json: malformed: at byte ",
        "the file ends inside of the value that begins at byte 12",
        "e/noise.json.gz: malformed: ",
        "f/empty.jsonl: malformed: empty",
        "loop",
        "g/dangling",
        "2 records left out",
    ] {
        assert!(detail.contains(told), "{told}: {detail}");
    }
    assert_eq!(told.gaps[0].what, "9 of 12 files damaged", "{detail}");
    assert!(told.note.ends_with("; 2 not recognised: f/page.html, f/picture.png"), "{}", told.note);
}
