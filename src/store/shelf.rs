//! Events kept between runs: one folder for each account, endpoint and Region, in it numbered volumes that are written
//! whole, with mode 0600, and never changed. A volume holds records as AWS wrote them and the spans of time of which,
//! together with the volumes before it, every event is here.
//!
//! What is damaged is set aside, and no span is believed that may rest on it: those events are asked for again.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::atomic;
use super::bounded::{Limits, Unpacked};

const VERSION: u32 = 1;
const LIMITS: Limits = Limits { item: 16 << 20, total: 512 << 20, ratio: 200 };
/// Volumes with fewer records are joined, once there are more than so many.
const SMALL: usize = 500;
const MANY: usize = 16;

/// Whose events, and where they happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub partition: String,
    pub account: String,
    /// Empty: AWS itself.
    #[serde(default)]
    pub endpoint: String,
    pub region: String,
}

/// Seconds since 1970, both ends inclusive.
pub type Seconds = (i64, i64);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Header {
    mgmtscope: String,
    version: u32,
    label: Label,
    number: u32,
    spans: Vec<Seconds>,
    /// Numbers of volumes that this one stands for: they are in it, or nothing of them is left.
    replaces: Vec<u32>,
    /// Numbers of volumes whose spans are not to be believed.
    void: Vec<u32>,
    records: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct End {
    end: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub spans: Vec<Seconds>,
    pub records: usize,
    /// What was wrong, in words.
    pub told: Vec<String>,
}

/// Why a volume cannot be used.
#[derive(Debug)]
enum Bad {
    Newer,
    Damaged(String),
    Gone,
}

/// A record and its second.
pub type Record = (i64, String);

#[derive(Clone)]
struct Volume {
    header: Header,
    records: Vec<Record>,
}

/// The events of one Region.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
    label: Label,
    next: u32,
    /// Held for as long as the shelf is written to; another run of the program only reads.
    lock: Option<File>,
}

impl Label {
    /// The folder's name below the cache: plain whatever the words are, which an endpoint may have chosen.
    fn folder(&self) -> PathBuf {
        let mut account = format!("{}-{}", plain(&self.partition), plain(&self.account));
        if !self.endpoint.is_empty() {
            account.push_str(&format!("-{:016x}", fnv(&self.endpoint)));
        }
        PathBuf::from(account).join(plain(&self.region))
    }
}

fn plain(word: &str) -> String {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (1..=32).contains(&word.len()) && word.chars().all(good);
    if fits { word.to_owned() } else { format!("x{:016x}", fnv(word)) }
}

/// FNV-1a: the same in every run and version.
fn fnv(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Shelf {
    /// Opens the shelf of that label below `root`, made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(root: &Path, label: Label) -> io::Result<Self> {
        let folder = root.join(label.folder());
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        builder.create(&folder)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let lock = options.open(folder.join("lock"))?;
        let lock = lock.try_lock().is_ok().then_some(lock);
        if lock.is_some() {
            remove_leftovers(&folder)?;
        }
        let next = numbers(&folder)?.last().map_or(1, |last| last + 1);
        Ok(Self { folder, label, next, lock })
    }

    /// False while another run of the program writes it.
    pub fn is_ours(&self) -> bool {
        self.lock.is_some()
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads everything that is not older than `oldest`, volume by volume; `take` answers false to have no more. Damaged
    /// volumes are set aside, old ones thrown away, small ones joined.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn read(&mut self, oldest: i64, mut take: impl FnMut(Vec<Record>) -> bool) -> io::Result<Found> {
        let mut found = Found::default();
        let mut headers: Vec<Header> = Vec::new();
        let mut small: Vec<Volume> = Vec::new();
        let mut any_old = false;
        for number in numbers(&self.folder)? {
            let mut volume = match self.volume(number) {
                Ok(volume) => volume,
                Err(Bad::Newer) => {
                    self.lock = None;
                    let told = format!("{} is of a newer version of mgmtscope, and not used", self.folder.display());
                    return Ok(Found { told: vec![told], ..Found::default() });
                }
                Err(Bad::Damaged(why)) => {
                    found.told.push(self.set_aside(number, &why));
                    continue;
                }
                // Another run has joined it with others.
                Err(Bad::Gone) => continue,
            };
            volume.header.spans.retain_mut(|span| {
                span.0 = span.0.max(oldest);
                span.0 <= span.1
            });
            volume.records.retain(|(second, _)| *second >= oldest);
            let nothing = volume.header.spans.is_empty() && volume.header.void.is_empty();
            any_old |= volume.records.is_empty() && nothing && volume.header.replaces.is_empty();
            found.records += volume.records.len();
            headers.push(volume.header.clone());
            if volume.records.len() < SMALL && small.len() <= 4 * MANY {
                small.push(volume.clone());
            }
            if !volume.records.is_empty() && !take(volume.records) {
                return Ok(found);
            }
        }
        let torn = believe(&headers, self.next, &mut found);
        if self.lock.is_some() {
            self.mend(&headers, &torn)?;
            if small.len() > MANY || any_old {
                self.join(small, &found, &torn)?;
            }
        }
        Ok(found)
    }

    /// Adds records, and spans that are complete with them.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn add(&mut self, spans: &[Seconds], records: &[Record]) -> io::Result<()> {
        self.write(spans.to_vec(), records, Vec::new(), Vec::new())
    }

    fn write(&mut self, spans: Vec<Seconds>, records: &[Record], replaces: Vec<u32>, void: Vec<u32>) -> io::Result<()> {
        if self.lock.is_none() {
            return Ok(());
        }
        let header = Header {
            mgmtscope: "events".to_owned(),
            version: VERSION,
            label: self.label.clone(),
            number: self.next,
            spans,
            replaces,
            void,
            records: records.len(),
        };
        atomic::write(&self.path(self.next), |out| {
            let mut out = GzEncoder::new(out, Compression::default());
            serde_json::to_writer(&mut out, &header)?;
            out.write_all(b"\n")?;
            for (second, raw) in records {
                // Inside of a JSON string no line ends, so all that are there are blanks.
                writeln!(out, "{second} {}", raw.replace(['\n', '\r'], " "))?;
            }
            serde_json::to_writer(&mut out, &End { end: records.len() })?;
            out.write_all(b"\n")?;
            out.finish().map(drop)
        })?;
        self.next += 1;
        Ok(())
    }

    fn path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number:06}.gz"))
    }

    fn volume(&self, number: u32) -> Result<Volume, Bad> {
        let file = File::open(self.path(number)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Bad::Gone,
            _ => Bad::Damaged(error.to_string()),
        })?;
        let mut text = String::new();
        Unpacked::new(file, LIMITS)
            .and_then(|mut all| all.read_to_string(&mut text))
            .map_err(|error| Bad::Damaged(error.to_string()))?;
        let damaged = |why: &str| Bad::Damaged(why.to_owned());
        let mut lines = text.lines();
        let first = lines.next().ok_or_else(|| damaged("empty"))?;
        let version = serde_json::from_str::<serde_json::Value>(first).ok();
        if version.and_then(|header| header["version"].as_u64()).is_some_and(|version| version > u64::from(VERSION)) {
            return Err(Bad::Newer);
        }
        let header: Header = serde_json::from_str(first).map_err(|error| Bad::Damaged(error.to_string()))?;
        if header.mgmtscope != "events" || header.label != self.label || header.number != number {
            return Err(damaged("it holds something else"));
        }
        let mut records = Vec::with_capacity(header.records.min(1 << 20));
        let mut ended = false;
        for line in lines {
            if let Some((second, raw)) = line.split_once(' ')
                && let Ok(second) = second.parse()
            {
                records.push((second, raw.to_owned()));
            } else {
                let end = serde_json::from_str::<End>(line).map_err(|_| damaged("a line is not readable"))?;
                ended = end.end == records.len() && end.end == header.records;
            }
        }
        if ended { Ok(Volume { header, records }) } else { Err(damaged("it is cut short")) }
    }

    /// Out of the way, so that it is looked at once, and nothing of it is lost.
    fn set_aside(&self, number: u32, why: &str) -> String {
        let path = self.path(number);
        let aside = path.with_extension("damaged");
        let moved = self.lock.is_some() && fs::rename(&path, &aside).is_ok();
        let now = if moved { format!("is now {}", aside.display()) } else { "is left out".to_owned() };
        format!("{} was damaged ({why}) and {now}", path.display())
    }

    /// A volume that takes the place of those that are missing, so that what is added from now on is believed.
    fn mend(&mut self, headers: &[Header], torn: &Torn) -> io::Result<()> {
        if torn.missing.is_empty() {
            return Ok(());
        }
        let void = headers.iter().map(|header| header.number).filter(|number| torn.is_after(*number)).collect();
        self.write(Vec::new(), &[], torn.missing.iter().copied().collect(), void)
    }

    /// Puts small volumes together, and leaves out what is too old.
    fn join(&mut self, small: Vec<Volume>, found: &Found, torn: &Torn) -> io::Result<()> {
        let mut replaces: BTreeSet<u32> = BTreeSet::new();
        let mut void: BTreeSet<u32> = BTreeSet::new();
        let (mut spans, mut records) = (Vec::new(), Vec::new());
        for volume in small {
            if !torn.is_after(volume.header.number) {
                spans.extend(volume.header.spans.iter().filter(|span| found.spans.contains(span)));
            }
            replaces.insert(volume.header.number);
            replaces.extend(&volume.header.replaces);
            void.extend(&volume.header.void);
            records.extend(volume.records);
        }
        let gone: Vec<u32> = replaces.iter().copied().collect();
        void.retain(|number| !replaces.contains(number));
        self.write(spans, &records, replaces.into_iter().collect(), void.into_iter().collect())?;
        for number in gone {
            // One that stays is read twice, and its events are known by their ids.
            let _ = fs::remove_file(self.path(number));
        }
        Ok(())
    }
}

/// Which numbers are missing.
struct Torn {
    missing: BTreeSet<u32>,
}

impl Torn {
    /// A volume's spans may rest on those before it.
    fn is_after(&self, number: u32) -> bool {
        self.missing.first().is_some_and(|first| *first < number)
    }
}

/// Fills in the spans that nothing speaks against. `next`: the number after the last that there was.
fn believe(headers: &[Header], next: u32, found: &mut Found) -> Torn {
    let mut present: BTreeSet<u32> = headers.iter().map(|header| header.number).collect();
    present.extend(headers.iter().flat_map(|header| header.replaces.iter().copied()));
    let void: BTreeSet<u32> = headers.iter().flat_map(|header| header.void.iter().copied()).collect();
    let torn = Torn { missing: (1..next).filter(|number| !present.contains(number)).collect() };
    let good = |header: &&Header| !torn.is_after(header.number) && !void.contains(&header.number);
    found.spans = headers.iter().filter(good).flat_map(|header| header.spans.iter().copied()).collect();
    torn
}

/// What a run that was killed had not written to its end.
fn remove_leftovers(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "part") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// The numbers of the volumes in a folder, in their order.
fn numbers(folder: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".gz"));
        numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
#[path = "shelf_tests.rs"]
mod tests;
