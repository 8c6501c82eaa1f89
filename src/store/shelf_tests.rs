//! What is kept comes back; what is damaged, foreign, newer or old is neither believed nor lost without a word.

use super::*;

fn label() -> Label {
    Label {
        partition: "aws".into(),
        account: "111122223333".into(),
        endpoint: String::new(),
        region: "us-east-1".into(),
    }
}

fn record(second: i64) -> Record {
    (second, format!("{{\"eventID\":\"{second}\",\n\"x\":\"a b\"}}"))
}

fn open(root: &Path) -> Shelf {
    Shelf::open(root, label()).expect("a shelf")
}

fn read(shelf: &mut Shelf, oldest: i64) -> (Found, Vec<i64>) {
    let mut seconds = Vec::new();
    let found = shelf.read(oldest, |records| {
        seconds.extend(records.iter().map(|(second, _)| *second));
        true
    });
    seconds.sort_unstable();
    (found.expect("readable"), seconds)
}

fn files(shelf: &Shelf) -> Vec<String> {
    let entries = fs::read_dir(&shelf.folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn what_is_put_there_comes_back_in_the_next_run() {
    let root = tempfile::tempdir().expect("a folder");
    let mut shelf = open(root.path());
    assert_eq!(read(&mut shelf, 0), (Found::default(), vec![]));
    shelf.add(&[(10, 20)], &[record(12), record(11)]).expect("written");
    shelf.add(&[(21, 30), (50, 60)], &[record(25)]).expect("written");
    drop(shelf);
    let mut raws = Vec::new();
    let mut shelf = open(root.path());
    let found = shelf.read(0, |records| {
        raws.extend(records);
        true
    });
    let spans = vec![(10, 20), (21, 30), (50, 60)];
    assert_eq!(found.expect("readable"), Found { spans, records: 3, told: vec![] });
    assert_eq!(raws[0], (12, "{\"eventID\":\"12\", \"x\":\"a b\"}".to_owned()), "one line, and else as it was");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().expect("a folder");
    let mut shelf = open(&root.path().join("cache"));
    shelf.add(&[], &[record(1)]).expect("written");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    for name in files(&shelf) {
        assert_eq!(mode(&shelf.folder.join(&name)), 0o600, "{name}");
    }
    for folder in shelf.folder.ancestors().take(3) {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
}

#[test]
fn nobody_sees_what_is_of_another_account_endpoint_or_region() {
    let root = tempfile::tempdir().expect("a folder");
    open(root.path()).add(&[(1, 9)], &[record(5)]).expect("written");
    let others = [
        Label { account: "444455556666".into(), ..label() },
        Label { partition: "aws-cn".into(), ..label() },
        Label { endpoint: "http://127.0.0.1:5000".into(), ..label() },
        Label { region: "eu-west-1".into(), ..label() },
        // What an endpoint answers is not a path.
        Label { account: "../../../../etc".into(), region: "../x".into(), ..label() },
    ];
    for other in others {
        let mut shelf = Shelf::open(root.path(), other).expect("a shelf");
        assert!(shelf.folder.starts_with(root.path()) && !shelf.folder.to_string_lossy().contains(".."));
        assert_eq!(read(&mut shelf, 0).0, Found::default());
    }
    // Not even by a copy of the file.
    let mut there = Shelf::open(root.path(), Label { region: "eu-west-1".into(), ..label() }).expect("a shelf");
    fs::copy(root.path().join("aws-111122223333/us-east-1/000001.gz"), there.folder.join("000001.gz")).expect("copied");
    let (found, seconds) = read(&mut there, 0);
    assert_eq!((found.spans.len(), seconds.len()), (0, 0));
    assert!(found.told[0].contains("it holds something else"), "{found:?}");
}

#[test]
fn a_damaged_volume_is_set_aside_and_no_span_after_it_is_believed() {
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    let garble = |bytes: &mut Vec<u8>| bytes.fill(b'x');
    let empty = |bytes: &mut Vec<u8>| bytes.clear();
    for damage in [cut as fn(&mut Vec<u8>), garble, empty] {
        let root = tempfile::tempdir().expect("a folder");
        let mut shelf = open(root.path());
        for n in 0..4 {
            shelf.add(&[(n * 10, n * 10 + 9)], &[record(n * 10)]).expect("written");
        }
        let path = shelf.path(2);
        let mut bytes = fs::read(&path).expect("readable");
        damage(&mut bytes);
        fs::write(&path, bytes).expect("written");
        drop(shelf);
        let mut shelf = open(root.path());
        let (found, seconds) = read(&mut shelf, 0);
        assert_eq!((found.spans, seconds), (vec![(0, 9)], vec![0, 20, 30]));
        assert!(found.told[0].contains("was damaged") && found.told[0].contains("000002.damaged"), "{:?}", found.told);
        assert!(files(&shelf).contains(&"000002.damaged".to_owned()));
        // From then on it is whole again, without the spans in doubt.
        shelf.add(&[(10, 39)], &[record(10)]).expect("written");
        drop(shelf);
        let (found, seconds) = read(&mut open(root.path()), 0);
        assert_eq!((found.spans, seconds), (vec![(0, 9), (10, 39)], vec![0, 10, 20, 30]));
        assert!(found.told.is_empty(), "{:?}", found.told);
    }
}

#[test]
fn a_volume_that_is_gone_counts_as_damaged() {
    let root = tempfile::tempdir().expect("a folder");
    let mut shelf = open(root.path());
    for n in 0..3 {
        shelf.add(&[(n * 10, n * 10 + 9)], &[record(n * 10)]).expect("written");
    }
    fs::remove_file(shelf.path(1)).expect("removed");
    drop(shelf);
    let (found, seconds) = read(&mut open(root.path()), 0);
    assert_eq!((found.spans, seconds), (vec![], vec![10, 20]));
}

#[test]
fn a_newer_version_is_left_alone() {
    let root = tempfile::tempdir().expect("a folder");
    let mut shelf = open(root.path());
    fs::write(shelf.path(1), "{\"mgmtscope\":\"events\",\"version\":2,\"other\":true}\n").expect("written");
    let (found, _) = read(&mut shelf, 0);
    assert!(found.told[0].contains("newer version"), "{found:?}");
    shelf.add(&[], &[record(1)]).expect("not written");
    assert_eq!(files(&shelf), ["000001.gz", "lock"]);
}

#[test]
fn a_second_run_only_reads() {
    let root = tempfile::tempdir().expect("a folder");
    let mut first = open(root.path());
    first.add(&[(1, 9)], &[record(5)]).expect("written");
    let mut second = open(root.path());
    assert!(first.is_ours() && !second.is_ours());
    assert_eq!(read(&mut second, 0).1, [5]);
    second.add(&[], &[record(6)]).expect("not written");
    assert_eq!(files(&first).len(), 2);
    drop((first, second));
    assert!(open(root.path()).is_ours());
}

#[test]
fn small_volumes_are_joined_and_old_ones_leave() {
    let root = tempfile::tempdir().expect("a folder");
    let mut shelf = open(root.path());
    let count = i64::try_from(MANY).expect("small") + 4;
    for n in 0..count {
        shelf.add(&[(n * 10, n * 10 + 9)], &[record(n * 10)]).expect("written");
    }
    let (before, seconds) = read(&mut shelf, 25);
    assert_eq!((before.spans[0], seconds[0]), ((25, 29), 30), "nothing is older than what is kept");
    assert!(files(&shelf).len() <= 3, "{:?}", files(&shelf));
    shelf.add(&[(500, 509)], &[record(500)]).expect("written");
    drop(shelf);
    let (after, again) = read(&mut open(root.path()), 25);
    let seconds = [seconds, vec![500]].concat();
    assert_eq!((again, after.told.len()), (seconds, 0));
    assert_eq!(after.spans, [before.spans, vec![(500, 509)]].concat());
    // All of it is too old: nothing stays but what keeps the numbers.
    let mut shelf = open(root.path());
    assert_eq!(read(&mut shelf, 1_000).0.records, 0);
    drop(shelf);
    let mut shelf = open(root.path());
    shelf.add(&[(1_000, 1_001)], &[]).expect("written");
    assert_eq!(read(&mut shelf, 1_000).0.spans, [(1_000, 1_001)]);
}
