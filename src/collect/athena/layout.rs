//! What a table looks like: its columns with their types, and by what it is partitioned. From the Glue catalog, or as
//! docs/athena.md makes it.

use std::collections::BTreeMap;

/// A type of Hive's, as the catalog writes it: `struct<type:string,arn:string>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// With its name.
    Plain(String),
    Struct(Vec<(String, Type)>),
    Array(Box<Type>),
    /// Of texts.
    Map,
}

impl Type {
    /// What cannot be read is taken for a plain type of that name.
    pub fn parse(text: &str) -> Self {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        Self::read(&text)
    }

    fn read(text: &str) -> Self {
        let inside = |word: &str| text.strip_prefix(word)?.strip_prefix('<')?.strip_suffix('>');
        if let Some(fields) = inside("struct") {
            let fields = parts(fields).into_iter().filter_map(|field| field.split_once(':'));
            return Self::Struct(
                fields.map(|(name, kind)| (name.trim_matches('`').to_owned(), Self::read(kind))).collect(),
            );
        }
        if let Some(element) = inside("array") {
            return Self::Array(Box::new(Self::read(element)));
        }
        if inside("map").is_some() {
            return Self::Map;
        }
        Self::Plain(text.to_owned())
    }

    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Plain(name) if name == "string" || name.starts_with("varchar") || name.starts_with("char"))
    }

    /// Down a path of fields, through the elements of arrays too.
    fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.iter().find(|(known, _)| known == name).map(|(_, kind)| kind),
            Self::Array(element) => element.field(name),
            Self::Plain(_) | Self::Map => None,
        }
    }
}

/// At the commas that are not within brackets.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// By what the files are told apart without being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// With the values that the projection names, if it does.
    Account(Vec<String>),
    Region(Vec<String>),
    /// A text that begins with the day, in this order and with this between: `2026/11/24`.
    Day {
        between: String,
    },
    /// A date of SQL.
    Date,
    /// Of a table by year, month and day. `number`: not text.
    Year {
        number: bool,
    },
    Month {
        number: bool,
    },
    DayOfMonth {
        number: bool,
    },
    /// It bounds nothing that is known.
    Other,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub columns: Vec<(String, Type)>,
    pub parts: Vec<(String, Part)>,
}

impl Layout {
    /// From the catalog: names and types of columns and of partition keys, and the table's properties.
    pub fn new(
        columns: impl IntoIterator<Item = (String, String)>,
        keys: impl IntoIterator<Item = (String, String)>,
        properties: &BTreeMap<String, String>,
    ) -> Self {
        let columns = columns.into_iter().map(|(name, kind)| (name.to_ascii_lowercase(), Type::parse(&kind)));
        let keys = keys.into_iter().map(|(name, kind)| {
            let name = name.to_ascii_lowercase();
            let part = part(&name, &Type::parse(&kind), properties);
            (name, part)
        });
        Self { columns: columns.collect(), parts: keys.collect() }
    }

    /// The table of docs/athena.md.
    pub fn documented() -> Self {
        let columns = DOCUMENTED.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()));
        let keys = ["account", "region", "timestamp"].map(|name| (name.to_owned(), "string".to_owned()));
        Self::new(columns, keys, &BTreeMap::new())
    }

    /// Whether there is such a column, or such a field in one.
    pub fn has(&self, path: &[&str]) -> bool {
        self.of(path).is_some()
    }

    pub fn is_text(&self, column: &str) -> bool {
        self.of(&[column]).is_some_and(Type::is_text)
    }

    fn of(&self, path: &[&str]) -> Option<&Type> {
        let (first, fields) = path.split_first()?;
        let (_, kind) = self.columns.iter().find(|(name, _)| name == first)?;
        fields.iter().try_fold(kind, |kind, field| kind.field(field))
    }
}

fn part(name: &str, kind: &Type, properties: &BTreeMap<String, String>) -> Part {
    let property = |what: &str| properties.get(&format!("projection.{name}.{what}")).map(String::as_str);
    let values = || {
        let named = property("values").unwrap_or_default().split(',').map(str::trim);
        named.filter(|value| !value.is_empty()).map(ToOwned::to_owned).collect()
    };
    let number = matches!(kind, Type::Plain(name) if name.ends_with("int"));
    match name {
        "account" | "accountid" | "account_id" | "recipientaccountid" => Part::Account(values()),
        "region" | "awsregion" | "aws_region" => Part::Region(values()),
        "year" => Part::Year { number },
        "month" => Part::Month { number },
        "day" if property("format").is_none() => Part::DayOfMonth { number },
        _ if *kind == Type::Plain("date".into()) => Part::Date,
        "timestamp" | "date" | "dt" | "day" | "datehour" | "date_created" | "event_date" | "eventdate"
        | "partition_date" => {
            if !kind.is_text() {
                return Part::Other;
            }
            // A format of Java's; what follows the day does not disturb a comparison.
            let format = property("format").unwrap_or("yyyy/MM/dd");
            let between =
                format.strip_prefix("yyyy").and_then(|rest| rest.split_once("MM")).map(|(between, _)| between);
            match between.filter(|between| format.starts_with(&format!("yyyy{between}MM{between}dd"))) {
                Some(between) if matches!(between, "" | "/" | "-") => Part::Day { between: between.to_owned() },
                _ => Part::Other,
            }
        }
        _ => Part::Other,
    }
}

/// The columns of the Athena User Guide ("Create the table for CloudTrail logs in Athena using partition projection").
pub const DOCUMENTED: &[(&str, &str)] = &[
    ("eventversion", "string"),
    (
        "useridentity",
        "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,\
         username:string,onbehalfof:struct<userid:string,identitystorearn:string>,\
         sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,\
         sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,\
         ec2roledelivery:string,\
         webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>",
    ),
    ("eventtime", "string"),
    ("eventsource", "string"),
    ("eventname", "string"),
    ("awsregion", "string"),
    ("sourceipaddress", "string"),
    ("useragent", "string"),
    ("errorcode", "string"),
    ("errormessage", "string"),
    ("requestparameters", "string"),
    ("responseelements", "string"),
    ("additionaleventdata", "string"),
    ("requestid", "string"),
    ("eventid", "string"),
    ("readonly", "string"),
    ("resources", "array<struct<arn:string,accountid:string,type:string>>"),
    ("eventtype", "string"),
    ("apiversion", "string"),
    ("recipientaccountid", "string"),
    ("serviceeventdetails", "string"),
    ("sharedeventid", "string"),
    ("vpcendpointid", "string"),
    ("vpcendpointaccountid", "string"),
    ("eventcategory", "string"),
    ("addendum", "struct<reason:string,updatedfields:string,originalrequestid:string,originaleventid:string>"),
    ("sessioncredentialfromconsole", "string"),
    ("edgedevicedetails", "string"),
    ("tlsdetails", "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>"),
];
