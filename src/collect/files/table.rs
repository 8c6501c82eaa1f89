//! CloudTrail records in CSV, made JSON again: what Athena and CloudTrail Lake answer to a query, and what the console's
//! event history downloads. Which columns there are is told by the first row, in any order and spelling; columns that are
//! no field of a record are kept as they are called.
//!
//! Sources: Athena User Guide, "Query AWS CloudTrail logs"; CloudTrail User Guide, "Supported SQL schemas for event data
//! stores", "Get your CloudTrail Lake saved query results", "Viewing recent management events with the console".

use std::io::Read;

use csv::ByteRecord;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::hive;
use super::rows::{Row, Rows};
use super::scan::Broken;
use super::trail::Told;
use crate::collect::Stopped;
use crate::model::Event;

/// What the cells of a column come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// The whole record.
    Record,
    Text(&'static str),
    Time,
    Bool(&'static str),
    /// JSON, or a structure of Athena's.
    Data(&'static str),
    Identity,
    /// A single field of the identity.
    OfIdentity(&'static str),
    Resources,
    ResourceName,
    ResourceType,
    /// Not a field of a record.
    Other,
}

const TEXTS: [&str; 15] = [
    "eventVersion",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestID",
    "eventID",
    "eventType",
    "apiVersion",
    "recipientAccountId",
    "sharedEventID",
    "vpcEndpointId",
];
const MORE_TEXTS: [&str; 3] = ["vpcEndpointAccountId", "eventCategory", "sessionCredentialFromConsole"];
const BOOLS: [&str; 2] = ["readOnly", "managementEvent"];
const DATA: [&str; 9] = [
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "serviceEventDetails",
    "addendum",
    "edgeDeviceDetails",
    "tlsDetails",
    "insightDetails",
    "eventContext",
];
/// Fields within structures, which come in lower case.
const IDENTITY: [&str; 28] = [
    "type",
    "principalId",
    "arn",
    "accountId",
    "accessKeyId",
    "userName",
    "invokedBy",
    "identityProvider",
    "credentialId",
    "sessionContext",
    "attributes",
    "creationDate",
    "mfaAuthenticated",
    "sessionIssuer",
    "webIdFederationData",
    "federatedProvider",
    "sourceIdentity",
    "ec2RoleDelivery",
    "ec2IssuedInVpc",
    "assumedRoot",
    "onBehalfOf",
    "userId",
    "identityStoreArn",
    "inScopeOf",
    "sourceArn",
    "sourceAccount",
    "issuerType",
    "credentialsIssuedTo",
];
const RESOURCE: [&str; 6] = ["ARN", "accountId", "type", "ARNPrefix", "resourceName", "resourceType"];
const TLS: [&str; 4] = ["tlsVersion", "cipherSuite", "clientProvidedHostHeader", "keyExchange"];

impl Means {
    fn of(heading: &str) -> Self {
        let bare: String = heading.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let known = |names: &[&'static str]| names.iter().copied().find(|name| name.eq_ignore_ascii_case(&bare));
        match bare.as_str() {
            "eventjson" | "cloudtrailevent" => return Self::Record,
            "eventtime" => return Self::Time,
            "useridentity" => return Self::Identity,
            "resources" => return Self::Resources,
            "resourcename" => return Self::ResourceName,
            "resourcetype" => return Self::ResourceType,
            "awsaccesskey" => return Self::OfIdentity("accessKeyId"),
            _ => {}
        }
        if let Some(name) = known(&TEXTS).or_else(|| known(&MORE_TEXTS)) {
            return Self::Text(name);
        }
        if let Some(name) = known(&BOOLS) {
            return Self::Bool(name);
        }
        if let Some(name) = known(&DATA) {
            return Self::Data(name);
        }
        let within = bare.strip_prefix("useridentity").unwrap_or(&bare);
        // By itself a type or an account may be anything's.
        let alone = ["principalId", "arn", "accessKeyId", "userName", "invokedBy"];
        let names = if within.len() < bare.len() { &IDENTITY[..8] } else { &alone };
        names.iter().find(|name| name.eq_ignore_ascii_case(within)).map_or(Self::Other, |name| Self::OfIdentity(name))
    }
}

/// The columns of a table of records.
#[derive(Clone, Debug)]
pub struct Columns(Vec<(String, Means)>);

impl Columns {
    /// None when this first row is not that of a table of records.
    pub fn of(first: &ByteRecord) -> Option<Self> {
        let columns: Vec<_> = (first.iter())
            .map(|heading| {
                let heading = String::from_utf8_lossy(heading).trim().to_owned();
                let means = Means::of(&heading);
                (heading, means)
            })
            .collect();
        let has = |means: Means| columns.iter().any(|(_, known)| *known == means);
        let tells = [Means::Time, Means::Text("eventID"), Means::Text("eventSource")].into_iter().any(has);
        (has(Means::Record) || has(Means::Text("eventName")) && tells).then_some(Self(columns))
    }

    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// The record of a row.
    pub fn record(&self, row: &ByteRecord) -> String {
        let mut record = Map::new();
        let mut identity = Map::new();
        let (mut names, mut types) = (String::new(), String::new());
        for ((heading, means), cell) in self.0.iter().zip(row) {
            let cell = String::from_utf8_lossy(cell);
            let cell = cell.trim();
            if cell.is_empty() || (cell == "null" && *means != Means::Other) {
                continue;
            }
            let (name, value) = match *means {
                Means::Record if cell.starts_with('{') => return cell.to_owned(),
                Means::Text(name) => (name, Value::from(cell)),
                Means::Time => ("eventTime", Value::from(time(cell))),
                Means::Bool(name) => {
                    (name, cell.to_ascii_lowercase().parse::<bool>().map_or_else(|_| Value::from(cell), Value::from))
                }
                Means::Data("tlsDetails") => ("tlsDetails", named(data(cell), &TLS)),
                Means::Data(name) => (name, data(cell)),
                Means::Identity => ("userIdentity", named(data(cell), &IDENTITY)),
                Means::Resources => ("resources", named(data(cell), &RESOURCE)),
                // The console writes a dash for what is not there.
                Means::OfIdentity(_) | Means::ResourceName | Means::ResourceType if cell == "-" => continue,
                Means::OfIdentity(name) => {
                    identity.insert(name.to_owned(), cell.into());
                    continue;
                }
                Means::ResourceName => {
                    cell.clone_into(&mut names);
                    continue;
                }
                Means::ResourceType => {
                    cell.clone_into(&mut types);
                    continue;
                }
                Means::Record | Means::Other => (heading.as_str(), Value::from(cell)),
            };
            record.entry(name).or_insert(value);
        }
        if !identity.is_empty() {
            record.entry("userIdentity").or_insert(Value::Object(identity));
        }
        if !names.is_empty() {
            record.entry("resources").or_insert_with(|| resources(&names, &types));
        }
        Value::Object(record).to_string()
    }
}

/// As records have it: Lake writes `2026-11-01 10:00:00.000`, in UTC.
fn time(cell: &str) -> String {
    let bare = cell.strip_suffix(" UTC").unwrap_or(cell);
    let time = bare.parse::<Timestamp>().or_else(|_| format!("{bare}Z").parse());
    time.map_or_else(|_| cell.to_owned(), |time| time.to_string())
}

/// JSON, a structure of Athena's, or else a text.
fn data(cell: &str) -> Value {
    let json = serde_json::from_str::<Value>(cell).ok().filter(|value| value.is_object() || value.is_array());
    json.or_else(|| hive::value(cell)).unwrap_or_else(|| Value::from(cell))
}

/// Gives fields their names back and leaves out what is null.
fn named(value: Value, names: &[&'static str]) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            let name = |key: String| {
                names.iter().find(|name| name.eq_ignore_ascii_case(&key)).map_or(key, |name| (*name).to_owned())
            };
            Value::Object(fields.map(|(key, value)| (name(key), named(value, names))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| named(item, names)).collect()),
        other => other,
    }
}

/// Names and types of the console's two columns, which list several with commas.
fn resources(names: &str, types: &str) -> Value {
    let types: Vec<&str> = types.split(',').map(str::trim).collect();
    let split: Vec<&str> = names.split(',').map(str::trim).collect();
    let names = if split.len() == types.len() { split } else { vec![names] };
    let resource = |(n, name): (usize, &&str)| {
        let key = if name.starts_with("arn:") { "ARN" } else { "resourceName" };
        let kind = types.get(n).filter(|kind| !kind.is_empty());
        let kind = kind.map(|kind| ("type".to_owned(), Value::from(*kind)));
        Value::Object(kind.into_iter().chain([(key.to_owned(), Value::from(*name))]).collect())
    };
    Value::Array(names.iter().enumerate().map(resource).collect())
}

/// Reads a table, whose rows have at most `limit` bytes; `take` gets each event with the byte at which its row begins.
///
/// # Errors
/// [`Stopped`] when `take` wants no more; damage is no error but told.
pub fn read(
    input: impl Read,
    limit: usize,
    mut take: impl FnMut(Event, u64) -> Result<(), Stopped>,
) -> Result<Told, Stopped> {
    let mut told = Told::default();
    let (columns, mut rows) = match open(input, limit) {
        Ok(open) => open,
        Err(broken) => {
            told.halt(broken);
            return Ok(told);
        }
    };
    loop {
        match rows.row() {
            Ok(Some(Row::Cells { at, cells })) => {
                told.not_utf8 += u64::from(std::str::from_utf8(cells.as_slice()).is_err());
                if let Some(event) = told.event(columns.record(&cells).as_bytes(), at) {
                    take(event, at)?;
                }
            }
            Ok(Some(Row::TooLong { at })) => told.too_long(at, limit),
            Ok(Some(Row::Damaged(broken))) => told.damage(broken),
            Ok(None) => return Ok(told),
            Err(broken) => {
                told.halt(broken);
                return Ok(told);
            }
        }
    }
}

/// The columns of a table, and its rows.
///
/// # Errors
/// When it cannot be read, or begins with another first row.
pub fn open<R: Read>(input: R, limit: usize) -> Result<(Columns, Rows<R>), Broken> {
    let broken = |detail: &str| Broken { at: 0, detail: detail.to_owned(), io: false };
    let mut rows = Rows::new(input, limit, 0);
    rows.skip_mark()?;
    match rows.row()? {
        Some(Row::Cells { cells, .. }) => {
            let columns =
                Columns::of(&cells).ok_or_else(|| broken("the first row does not name columns of CloudTrail"))?;
            rows.expect_width(columns.width());
            Ok((columns, rows))
        }
        _ => Err(broken("there is no first row")),
    }
}
