//! Literals, layouts, statements, records.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::cond::literal;
use super::expr::{Claim, Expr, Field, Test, What};
use super::layout::{Layout, Part, Type};
use super::record::record;
use super::statement::{Statement, Unbounded, Wanted, period, statement};
use super::{Accounts, TableName, claim};
use crate::model::Event;

/// The texts of the string literals of a statement, as Trino reads them; none when a quote is left open.
fn literals(sql: &str) -> Option<Vec<String>> {
    let (mut found, mut open): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match (&mut open, c) {
            (None, '\'') => open = Some(String::new()),
            (Some(text), '\'') if chars.peek() == Some(&'\'') => {
                chars.next();
                text.push('\'');
            }
            (Some(_), '\'') => found.extend(open.take()),
            (Some(text), c) => text.push(c),
            (None, _) => {}
        }
    }
    open.is_none().then_some(found)
}

/// What is outside of literals.
fn skeleton(sql: &str) -> String {
    let (mut outside, mut within) = (String::new(), false);
    for c in sql.chars() {
        match c {
            '\'' => within = !within,
            c if !within => outside.push(c),
            _ => {}
        }
    }
    outside
}

proptest! {
    #[test]
    fn a_literal_is_one_text_and_the_one_that_was_given(text in "(\\PC|['\"\\\\;-]|\n|\u{0})*") {
        prop_assert_eq!(literals(&literal(&text)), Some(vec![text]));
    }

    /// No value can change the statement: whatever it is, all but the texts within quotes is made of the same words.
    #[test]
    fn no_value_becomes_sql(text in "[ -~]{1,30}", field in 0..Field::ALL.len()) {
        let sql = |test: Test| {
            let expr = Expr::Is(Claim { words: String::new(), what: What::Text(Field::ALL[field], test) });
            claim::say(&expr, &Layout::documented()).sql.unwrap_or_default()
        };
        for sql in [sql(Test::Has(vec![text.clone()])), sql(Test::Is(text.clone())), sql(Test::Matches(text.clone()))] {
            prop_assert!(literals(&sql).is_some(), "{sql}");
            let words = skeleton(&sql);
            for word in words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
                prop_assert!(KNOWN.contains(&word), "{word:?} in {sql}");
            }
            prop_assert!(!words.contains("--") && !words.contains(';') && !words.contains("/*"), "{sql}");
        }
    }
}

/// Every word that may stand outside of quotes.
const KNOWN: &[&str] = &[
    "0",
    "AND",
    "ESCAPE",
    "IN",
    "LIKE",
    "NOT",
    "OR",
    "coalesce",
    "false",
    "filter",
    "lower",
    "r",
    "resources",
    "strpos",
    "upper",
    "accesskeyid",
    "accountid",
    "arn",
    "awsregion",
    "errorcode",
    "eventid",
    "eventname",
    "eventsource",
    "invokedby",
    "onbehalfof",
    "principalid",
    "sessioncontext",
    "sessionissuer",
    "sourceipaddress",
    "useragent",
    "userid",
    "useridentity",
    "username",
];

#[test]
fn a_table_is_named_by_two_plain_words() {
    let name = TableName::parse("Logs.cloud_trail-1").expect("plain");
    assert_eq!((name.database.as_str(), name.table.as_str()), ("logs", "cloud_trail-1"));
    for text in ["logs", "", ".", "a.", ".b", "a.b.c", "a.b\"", "a.b;drop", "a b.c", "a.b'", "é.b"] {
        assert!(TableName::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_type_is_read_as_the_catalog_writes_it() {
    let kind = Type::parse("struct< type: STRING, a:array<struct<b:string,c:map<string,string>>> >");
    let Type::Struct(fields) = &kind else { panic!("{kind:?}") };
    assert_eq!(fields[0], ("type".to_owned(), Type::Plain("string".into())));
    let Type::Array(element) = &fields[1].1 else { panic!("{kind:?}") };
    assert_eq!(**element, Type::Struct(vec![("b".into(), Type::Plain("string".into())), ("c".into(), Type::Map)]));
    assert_eq!(Type::parse("struct<broken"), Type::Plain("struct<broken".into()));
}

/// The documented columns, with partitions of the test's choice.
fn table(keys: &[(&str, &str)], properties: &[(&str, &str)]) -> Layout {
    let pairs =
        |list: &[(&str, &str)]| list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    let properties: BTreeMap<String, String> = pairs(properties).into_iter().collect();
    Layout { columns: Layout::documented().columns, ..Layout::new([], pairs(keys), &properties) }
}

struct Order<'a> {
    regions: Option<&'a [&'a str]>,
    accounts: Accounts,
    from: &'a str,
}

fn asked(layout: &Layout, order: &Order<'_>) -> Result<Statement, Unbounded> {
    let strings = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let regions = order.regions.map(strings);
    statement(&Wanted {
        table: &TableName::parse("logs.trail").expect("plain"),
        layout,
        ask: &Expr::everything(),
        from: order.from.parse().expect("a time"),
        to: "2026-11-24T20:00:00Z".parse().expect("a time"),
        now: "2026-11-25T12:00:00Z".parse().expect("a time"),
        regions: regions.as_deref(),
        known_regions: &strings(&["eu-west-1", "us-east-1"]),
        accounts: &order.accounts,
        own: "111122223333",
    })
}

fn condition(statement: &Statement) -> &str {
    statement.sql.split_once("WHERE ").expect("a condition").1
}

const ONE: Order<'_> = Order { regions: Some(&["us-east-1"]), accounts: Accounts::Own, from: "2026-11-24T12:00:00Z" };

#[test]
fn the_whole_statement() {
    let documented = asked(&Layout::documented(), &ONE).expect("it is bounded");
    insta::assert_snapshot!(documented.sql);
    assert_eq!(documented.bounds(), "2 days (2026-11-24 to 2026-11-25) x 1 Region x 1 account = 2 partitions");
}

#[test]
fn every_partition_is_bounded_however_the_table_is_made() {
    let mut shown = String::new();
    let whole = Order { regions: None, accounts: Accounts::All, from: "2026-10-30T12:00:00Z" };
    let named = [("projection.account.values", "1, 2"), ("projection.region.values", "eu-west-1,eu-west-3")];
    let dashed = [("projection.dt.format", "yyyy-MM-dd-HH")];
    for (name, layout, order) in [
        ("of one account and Region", table(&[("timestamp", "string")], &[]), &ONE),
        ("with names", table(&[("account", "string"), ("region", "string"), ("timestamp", "string")], &named), &whole),
        ("with names, but another Region", table(&[("region", "string"), ("date", "date")], &named), &ONE),
        ("by hour", table(&[("region", "string"), ("dt", "string")], &dashed), &ONE),
        (
            "by year, month, day",
            table(&[("region", "string"), ("year", "string"), ("month", "string"), ("day", "int")], &[]),
            &Order { from: "2026-10-30T12:00:00Z", ..ONE },
        ),
        (
            "other accounts",
            table(&[("timestamp", "string")], &[]),
            &Order { accounts: Accounts::Only(vec!["444455556666".into()]), ..ONE },
        ),
    ] {
        let statement = asked(&layout, order).expect(name);
        shown += &format!("{name}: {}\n{}\n\n", statement.bounds(), condition(&statement));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_is_not_bounded_is_not_asked() {
    assert_eq!(asked(&table(&[], &[]), &ONE), Err(Unbounded::Day));
    assert_eq!(asked(&table(&[("region", "string"), ("batch", "string")], &[]), &ONE), Err(Unbounded::Day));
    let odd = [("projection.timestamp.format", "dd.MM.yyyy")];
    assert_eq!(asked(&table(&[("timestamp", "string")], &odd), &ONE), Err(Unbounded::Day));
    let all = Order { accounts: Accounts::All, ..ONE };
    assert_eq!(asked(&Layout::documented(), &all), Err(Unbounded::Accounts));
    let nothing = Layout { columns: Vec::new(), ..Layout::documented() };
    assert_eq!(asked(&nothing, &ONE), Err(Unbounded::Column("eventname")));
}

#[test]
fn a_region_that_the_table_does_not_have_is_told_and_not_asked() {
    let named = [("projection.region.values", "eu-west-1")];
    let layout = table(&[("region", "string"), ("timestamp", "string")], &named);
    let statement = asked(&layout, &ONE).expect("it is bounded");
    assert!(statement.nothing);
    assert_eq!(statement.absent, ["us-east-1"]);
    assert!(matches!(&layout.parts[0].1, Part::Region(values) if values == &["eu-west-1"]));
}

#[test]
fn a_filter_may_narrow_and_widen_the_period() {
    let time = |text: &str| text.parse::<jiff::Timestamp>().expect("a time");
    let (now, usual) = (time("2026-11-25T12:00:00Z"), time("2026-11-18T12:00:00Z"));
    let from = |at: &str| Expr::Is(Claim { words: String::new(), what: What::From(time(at)) });
    let month = from("2026-11-01T00:00:00Z");
    assert_eq!(period(&Expr::everything(), None, usual, now), (usual, now));
    // Nobody said --since: the filter says it.
    assert_eq!(period(&month, None, usual, now).0, time("2026-11-01T00:00:00Z"));
    assert_eq!(period(&month, Some(usual), usual, now).0, usual);
    let to = Expr::Is(Claim { words: String::new(), what: What::To(time("2026-11-20T00:00:00Z")) });
    assert_eq!(period(&to, None, usual, now), (usual, time("2026-11-20T00:00:00Z")));
}

/// The cells of a row as Athena shows them: texts as they are, the rest as JSON with small names and nulls.
fn cells(layout: &Layout, of: &serde_json::Value) -> Vec<Option<String>> {
    layout
        .columns
        .iter()
        .map(|(name, _)| match of.get(name)? {
            serde_json::Value::String(text) => Some(text.clone()),
            value => Some(value.to_string()),
        })
        .collect()
}

#[test]
fn a_row_is_the_record_that_it_was() {
    let layout = Layout::documented();
    let row = serde_json::json!({
        "eventversion": "1.11", "eventtime": "2026-11-24T10:00:00Z", "eventsource": "sts.amazonaws.com",
        "eventname": "AssumeRole", "awsregion": "us-east-1", "sourceipaddress": "203.0.113.7", "useragent": "aws-cli",
        "eventid": "3038ebd2-c98a-4c65-9b6e-e22506292313", "readonly": "true", "recipientaccountid": "111122223333",
        "requestparameters": "{\"roleArn\":\"arn:aws:iam::111122223333:role/Admin\"}",
        "responseelements": "{\"credentials\":{\"accessKeyId\":\"ASIAIOSFODNN7EXAMPLE\"}}",
        "useridentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Ops/bob",
            "accountid": "111122223333", "accesskeyid": "ASIAX", "invokedby": null,
            "onbehalfof": {"userid": null, "identitystorearn": null},
            "sessioncontext": {"attributes": {"mfaauthenticated": "true", "creationdate": null}, "sessionissuer":
                {"type": "Role", "arn": "arn:aws:iam::111122223333:role/path/Ops", "username": "Ops"}}},
        "resources": [{"arn": "arn:aws:iam::111122223333:role/Admin", "accountid": "111122223333", "type": null}],
    });
    let cells = cells(&layout, &row);
    let cells: Vec<Option<&str>> = cells.iter().map(Option::as_deref).collect();
    let raw = record(&layout, &cells);
    insta::assert_snapshot!(
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&raw).expect("JSON")).expect("JSON")
    );
    let event = Event::from_record(&raw).expect("a record");
    assert_eq!((event.actor.name.as_str(), event.actor.session.as_str(), event.actor.mfa), ("Ops", "bob", true));
    assert_eq!((event.read_only, event.issued.as_str()), (Some(true), "ASIAIOSFODNN7EXAMPLE"));
    assert_eq!(event.resources[0], "arn:aws:iam::111122223333:role/Admin");
    assert_eq!(event.raw, raw);
}

#[test]
fn a_row_that_came_as_a_list_is_the_same() {
    let layout = Layout {
        columns: vec![
            ("eventname".into(), Type::parse("string")),
            ("useridentity".into(), Type::parse("struct<type:string,arn:string>")),
        ],
        parts: Vec::new(),
    };
    let (object, array) = (r#"{"type":"Root","arn":null}"#, r#"["Root",null]"#);
    assert_eq!(record(&layout, &[Some("X"), Some(object)]), r#"{"eventName":"X","userIdentity":{"type":"Root"}}"#);
    assert_eq!(record(&layout, &[Some("X"), Some(object)]), record(&layout, &[Some("X"), Some(array)]));
    assert_eq!(record(&layout, &[Some("X"), Some("no json")]), r#"{"eventName":"X","userIdentity":"no json"}"#);
    assert_eq!(record(&layout, &[Some("X"), None]), r#"{"eventName":"X"}"#);
}
