//! The whole statement: the columns of the table, the partitions that are looked into, the time, and what is wanted.
//! Account, Region and day are always bounded where the table is partitioned by them; without a day nothing is asked,
//! since every file of the log would be read.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::claim::{self, Said};
use super::cond::{list, literal, name};
use super::expr::{Claim, Expr, What};
use super::layout::{Layout, Part};
use super::{Accounts, TableName};

/// The longest that a file may lie in the folder of a later day than its events: delivery takes minutes, a day is room.
const LATE: SignedDuration = SignedDuration::from_hours(24);

/// What is asked of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted<'a> {
    pub table: &'a TableName,
    pub layout: &'a Layout,
    pub ask: &'a Expr,
    pub from: Timestamp,
    pub to: Timestamp,
    /// No file is of a later day.
    pub now: Timestamp,
    /// None: all that the table has.
    pub regions: Option<&'a [String]>,
    /// The Regions of the account, for a table that does not name its own.
    pub known_regions: &'a [String],
    pub accounts: &'a Accounts,
    /// The account of the credentials.
    pub own: &'a str,
}

/// The statement, and what it looks into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub sql: String,
    pub said: Said,
    /// No row can come of it: it need not be asked.
    pub nothing: bool,
    pub first: Date,
    pub last: Date,
    pub days: usize,
    /// Empty: the table is not partitioned by Region; else the same for accounts.
    pub regions: Vec<String>,
    pub accounts: Vec<String>,
    /// Regions that were asked for and of which the table has no part.
    pub absent: Vec<String>,
}

impl Statement {
    /// In words: `8 days (2026-11-18 to 2026-11-25) x 2 Regions x 1 account = 16 partitions`.
    pub fn bounds(&self) -> String {
        let many = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
        let mut words = format!("{} ({} to {})", many(self.days, "day"), self.first, self.last);
        let mut product = self.days;
        for (values, one) in [(&self.regions, "Region"), (&self.accounts, "account")] {
            if values.is_empty() {
                words.push_str(&format!(" x every {one} of the table"));
            } else {
                words.push_str(&format!(" x {}", many(values.len(), one)));
                product *= values.len();
            }
        }
        if self.regions.is_empty() || self.accounts.is_empty() {
            return words;
        }
        format!("{words} = {}", many(product, "partition"))
    }
}

/// Why nothing can be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbounded {
    #[error("the table is not partitioned by day: every file of the log would be read")]
    Day,
    #[error("the table's projection does not name its accounts")]
    Accounts,
    #[error("the table has no column {0}")]
    Column(&'static str),
}

/// # Errors
/// The table cannot be asked without reading all of it.
pub fn statement(wanted: &Wanted<'_>) -> Result<Statement, Unbounded> {
    let layout = wanted.layout;
    for needed in ["eventname", "eventtime"] {
        if !layout.is_text(needed) {
            return Err(Unbounded::Column(needed));
        }
    }
    let day = |time: Timestamp| time.to_zoned_datetime(TimeZone::UTC).date();
    let first = day(wanted.from);
    let last = day(wanted.to.checked_add(LATE).unwrap_or(wanted.to).min(wanted.now));
    let days = days(first, last);
    let mut lines = Vec::new();
    let (mut regions, mut accounts, mut absent) = (Vec::new(), Vec::new(), Vec::new());
    for (key, part) in &layout.parts {
        match part {
            Part::Account(named) => {
                accounts = match wanted.accounts {
                    Accounts::Own => vec![wanted.own.to_owned()],
                    Accounts::Only(only) => only.clone(),
                    Accounts::All if named.is_empty() => return Err(Unbounded::Accounts),
                    Accounts::All => named.clone(),
                };
                lines.push(format!("{} IN {}", name(key), list(&accounts)));
            }
            Part::Region(named) => {
                let has = |region: &String| named.is_empty() || named.contains(region);
                regions = match wanted.regions {
                    Some(only) => only.to_vec(),
                    None if named.is_empty() => wanted.known_regions.to_vec(),
                    None => named.clone(),
                };
                absent = regions.iter().filter(|region| !has(region)).cloned().collect();
                regions.retain(has);
                if !regions.is_empty() {
                    lines.push(format!("{} IN {}", name(key), list(&regions)));
                }
            }
            Part::Day { .. }
            | Part::Date
            | Part::Year { .. }
            | Part::Month { .. }
            | Part::DayOfMonth { .. }
            | Part::Other => {}
        }
    }
    lines.push(by_day(layout, first, last, &days).ok_or(Unbounded::Day)?);
    let within = |what: What| Expr::Is(Claim { words: String::new(), what });
    let time = Expr::All(vec![within(What::From(wanted.from)), within(What::To(wanted.to))]);
    lines.extend(claim::say(&time, layout).sql);
    if let Some(only) = wanted.regions.filter(|_| layout.has(&["awsregion"]) && regions.is_empty() && absent.is_empty())
    {
        lines.push(format!("{} IN {}", name("awsregion"), list(only)));
    }
    if let (Accounts::Only(only), true, true) =
        (wanted.accounts, accounts.is_empty(), layout.has(&["recipientaccountid"]))
    {
        lines.push(format!("{} IN {}", name("recipientaccountid"), list(only)));
    }
    let said = claim::say(wanted.ask, layout);
    lines.extend(said.sql.clone());
    let nothing = said.nothing || (regions.is_empty() && !absent.is_empty());
    if nothing {
        lines.push("1 = 0".to_owned());
    }
    let columns: Vec<String> = layout
        .columns
        .iter()
        .map(|(column, kind)| match kind.is_plain() {
            true => name(column),
            false => format!("CAST({0} AS JSON) AS {0}", name(column)),
        })
        .collect();
    let sql = format!(
        "SELECT {}\nFROM {}.{}\nWHERE {}",
        columns.join(",\n       "),
        name(&wanted.table.database),
        name(&wanted.table.table),
        lines.join("\n  AND ")
    );
    Ok(Statement { sql, said, nothing, first, last, days: days.len(), regions, accounts, absent })
}

fn days(first: Date, last: Date) -> Vec<Date> {
    let mut days = vec![first];
    while let Some(next) = days.last().and_then(|day| day.tomorrow().ok()).filter(|next| *next <= last) {
        days.push(next);
    }
    days
}

/// The condition on the days; none: the table is not told apart by them.
fn by_day(layout: &Layout, first: Date, last: Date, days: &[Date]) -> Option<String> {
    let after = last.tomorrow().unwrap_or(last);
    for (key, part) in &layout.parts {
        let key = name(key);
        match part {
            Part::Day { between } => {
                let text = |day: Date| {
                    literal(&format!("{:04}{between}{:02}{between}{:02}", day.year(), day.month(), day.day()))
                };
                return Some(format!("{key} >= {} AND {key} < {}", text(first), text(after)));
            }
            Part::Date => return Some(format!("{key} BETWEEN DATE '{first}' AND DATE '{last}'")),
            Part::Account(_)
            | Part::Region(_)
            | Part::Year { .. }
            | Part::Month { .. }
            | Part::DayOfMonth { .. }
            | Part::Other => {}
        }
    }
    let key = |wanted: fn(&Part) -> Option<bool>| {
        layout.parts.iter().find_map(|(key, part)| wanted(part).map(|number| (name(key), number)))
    };
    let year = key(|part| if let Part::Year { number } = part { Some(*number) } else { None })?;
    let month = key(|part| if let Part::Month { number } = part { Some(*number) } else { None })?;
    let day = key(|part| if let Part::DayOfMonth { number } = part { Some(*number) } else { None })?;
    let value = |number: bool, value: i16, width: usize| {
        if number { value.to_string() } else { literal(&format!("{value:0width$}")) }
    };
    let mut months: BTreeMap<(i16, i8), Vec<String>> = BTreeMap::new();
    for one in days {
        months.entry((one.year(), one.month())).or_default().push(value(day.1, i16::from(one.day()), 2));
    }
    let months: Vec<String> = months
        .into_iter()
        .map(|((y, m), days)| {
            let (y, m) = (value(year.1, y, 4), value(month.1, i16::from(m), 2));
            format!("({} = {y} AND {} = {m} AND {} IN ({}))", year.0, month.0, day.0, days.join(", "))
        })
        .collect();
    Some(format!("({})", months.join("\n    OR ")))
}

/// The times to read: the period that was ordered, narrowed by what the filter says of times.
pub fn period(ask: &Expr, since: Option<Timestamp>, usual: Timestamp, now: Timestamp) -> (Timestamp, Timestamp) {
    let (from, to) = claim::span(ask);
    let from = match (from, since) {
        (Some(from), Some(since)) => from.max(since),
        (from, since) => from.or(since).unwrap_or(usual),
    };
    (from, to.unwrap_or(now).min(now).max(from))
}

/// A second since 1970 as the log writes it, without the Z.
pub(super) fn second_text(second: i64) -> Option<String> {
    let time = Timestamp::from_second(second).ok()?;
    Some(time.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S").to_string())
}
