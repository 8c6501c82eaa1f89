//! Starts ministack of the pinned version, which executes Athena's SQL with DuckDB, and makes a table of a trail's log in it
//! by the statement of docs/athena.md.
//!
//! DuckDB is pinned below 2: later ones no longer read `x -> ...`, which is how Trino writes a lambda.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value, json};

use super::moto::{install, serve, support};

const REQUIREMENTS: &str = include_str!("requirements-ministack.txt");
/// By its 12 digits the server knows the account: it is the access key too.
pub const ACCOUNT: &str = "123456789012";
pub const OTHER_ACCOUNT: &str = "210987654321";
pub const TABLE: &str = "logs.cloudtrail";
pub const RESULTS: &str = "s3://athena-results/mgmtscope/";

/// A running server; killed on drop.
pub struct Ministack {
    child: Child,
    address: SocketAddr,
    python: PathBuf,
}

impl Ministack {
    /// # Errors
    /// In words, as `Moto::start`.
    pub fn start() -> Result<Self, String> {
        let python = install("ministack", "requirements-ministack.txt", REQUIREMENTS)?;
        let (child, address) = serve(&python, "ministack")?;
        Ok(Self { child, address, python })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes `logs.cloudtrail` with these records, each in the log of its recipient.
    ///
    /// # Errors
    /// What the script said.
    pub fn seed(&self, records: &[Value]) -> Result<(), String> {
        let mut lines = vec![filler()];
        lines.extend(records.iter().map(row));
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let made = json!({
            "database": "logs",
            "ddl": ddl(),
            "buckets": ["athena-results", "trail-bucket"],
            "objects": { "trail-bucket/AWSLogs/o-exampleorgid/rows.json": text },
        });
        let mut script = Command::new(&self.python)
            .arg(support().join("ministack_seed.py"))
            .args([&format!("http://{}", self.address), ACCOUNT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        script.stdin.take().expect("it is piped").write_all(made.to_string().as_bytes()).map_err(|e| e.to_string())?;
        let out = script.wait_with_output().map_err(|error| error.to_string())?;
        if out.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&out.stderr).into_owned()) }
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first statement of the documentation.
pub fn ddl() -> String {
    let page = include_str!("../../docs/athena.md");
    let (_, rest) = page.split_once("```sql\n").expect("the page has a statement");
    rest.split_once("```").expect("it ends").0.replace("DATABASE.TABLE", TABLE)
}

/// The columns that are structures, as the statement makes them.
const NESTED: [&str; 4] = ["useridentity", "resources", "addendum", "tlsdetails"];

/// A record as the table shows it: small names, texts of JSON where the log has objects, and its partition.
fn row(record: &Value) -> Value {
    let text = |value: &Value| match value {
        Value::Null => Value::Null,
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    };
    let mut row = Map::new();
    for (name, value) in record.as_object().expect("a record") {
        let name = name.to_ascii_lowercase();
        let value = if NESTED.contains(&name.as_str()) { small(value) } else { text(value) };
        row.insert(name, value);
    }
    let word = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (account, region, day) = (word("recipientaccountid"), word("awsregion"), word("eventtime"));
    row.insert("account".into(), account.into());
    row.insert("region".into(), region.into());
    row.insert("timestamp".into(), day.get(..10).unwrap_or_default().replace('-', "/").into());
    row.into()
}

fn small(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), small(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(list) => list.iter().map(small).collect::<Vec<_>>().into(),
        Value::Bool(flag) => flag.to_string().into(),
        other => other.clone(),
    }
}

/// A row of no account with a text in every field: the server guesses types from the rows, and must take all for texts.
fn filler() -> Value {
    let fields = |names: &str| names.split(' ').map(|name| (name.to_owned(), "x".into())).collect::<Map<_, _>>();
    let mut row = fields(
        "eventversion eventtime eventsource eventname awsregion sourceipaddress useragent errorcode errormessage \
         requestparameters responseelements additionaleventdata requestid eventid readonly eventtype apiversion \
         recipientaccountid serviceeventdetails sharedeventid vpcendpointid vpcendpointaccountid eventcategory \
         sessioncredentialfromconsole edgedevicedetails account region timestamp",
    );
    let mut context = fields("ec2roledelivery");
    context.insert("attributes".into(), fields("mfaauthenticated creationdate").into());
    context.insert("sessionissuer".into(), fields("type principalid arn accountid username").into());
    context.insert("webidfederationdata".into(), json!({ "federatedprovider": "x", "attributes": { "x": "x" } }));
    let mut identity = fields("type principalid arn accountid invokedby accesskeyid username");
    identity.insert("onbehalfof".into(), fields("userid identitystorearn").into());
    identity.insert("sessioncontext".into(), context.into());
    row.insert("useridentity".into(), identity.into());
    row.insert("resources".into(), json!([fields("arn accountid type")]));
    row.insert("addendum".into(), fields("reason updatedfields originalrequestid originaleventid").into());
    row.insert("tlsdetails".into(), fields("tlsversion ciphersuite clientprovidedhostheader").into());
    row.into()
}
