//! What every form of a term means.

use super::language::FilterError;
use super::ready::Ready;
use super::*;
use crate::panes::activity::ACTIVITY;
use proptest::prelude::*;

fn one(text: &str) -> Term {
    match parse(text).expect(text) {
        Expr::Term(term) => term,
        other => panic!("{text}: {other:?}"),
    }
}

fn ready(text: &str) -> Ready {
    match Filter::new(text, &ACTIVITY).expect(text).root {
        Node::Term(term) => term,
        _ => panic!("{text} is more than a term"),
    }
}

#[test]
fn every_form_of_a_term() {
    for (text, field, needle) in [
        ("admin", None, Needle::Words(vec!["admin".into()])),
        ("a|b", None, Needle::Words(vec!["a".into(), "b".into()])),
        ("\"two words\"", None, Needle::Quoted("two words".into())),
        ("/^a.c$/", None, Needle::Regex("^a.c$".into())),
        ("~adm", None, Needle::Fuzzy("adm".into())),
        ("kind:role", Some(("kind".into(), Operator::Has)), Needle::Words(vec!["role".into()])),
        ("kind!role", Some(("kind".into(), Operator::HasNot)), Needle::Words(vec!["role".into()])),
        ("age>90d", Some(("age".into(), Operator::Greater)), Needle::Words(vec!["90d".into()])),
        ("ip=\"1.2.3.4\"", Some(("ip".into(), Operator::Is)), Needle::Quoted("1.2.3.4".into())),
        ("arn:aws:iam::1:user/x", None, Needle::Words(vec!["arn:aws:iam::1:user/x".into()])),
        ("https://x", None, Needle::Words(vec!["https://x".into()])),
        ("fe80::1", None, Needle::Words(vec!["fe80::1".into()])),
    ] {
        let term = one(text);
        assert_eq!((term.negated, term.field, term.needle), (false, field, needle), "{text}");
    }
    assert!(one("!x").negated);
}

#[test]
fn errors_say_where() {
    for (text, at) in [("a \"b", 2), ("a /b", 2), ("x kind:", 7), ("a !", 2), ("~", 0), ("/(/", 0)] {
        assert_eq!(parse(text).expect_err(text).at, at, "{text}");
    }
}

#[test]
fn an_unknown_field_names_those_there_are() {
    let error = Filter::new("x color:red", &ACTIVITY).expect_err("no such field");
    assert_eq!(error.at, 2);
    assert!(error.message.contains("principal"), "{}", error.message);
}

#[test]
fn a_time_lies_within_what_is_said() {
    let now: Timestamp = "2026-11-25T12:00:00Z".parse().expect("a time");
    let at = |text: &str| Value::Time(text.parse().expect("a time"));
    for (text, time, expected) in [
        ("since:24h", "2026-11-24T12:00:00Z", true),
        ("since:24h", "2026-11-24T11:59:59Z", false),
        ("until:24h", "2026-11-24T12:00:00Z", true),
        ("until:24h", "2026-11-24T12:00:01Z", false),
        ("until:2026-11-01", "2026-10-31T23:00:00Z", true),
        ("between:3d..1d", "2026-11-23T12:00:00Z", true),
        ("between:3d..1d", "2026-11-25T11:00:00Z", false),
        ("between:2026-11-01..2026-11-02", "2026-11-01T10:00:00Z", true),
        ("between:..1d", "2020-01-01T00:00:00Z", true),
    ] {
        let term = ready(text);
        assert_eq!(holds(&term.test, &at(time), now) != term.negated, expected, "{text} {time}");
    }
    for text in ["since:soon", "between:3d", "between:..", "between:3d..soon"] {
        assert!(Filter::new(text, &ACTIVITY).is_err(), "{text}");
    }
    // What has no time lies nowhere.
    assert!(!holds(&ready("since:24h").test, &Value::Unknown, now));
}

#[test]
fn an_address_lies_in_its_network() {
    for (network, address, expected) in [
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("192.0.2.128/25", "192.0.2.127", false),
        ("0.0.0.0/0", "8.8.8.8", true),
        ("1.2.3.4/32", "1.2.3.4", true),
        ("2001:db8::/32", "2001:db8:1::5", true),
        ("2001:db8::/32", "2001:db9::", false),
        ("::/0", "1.2.3.4", false),
        ("10.0.0.0/8", "cloudtrail.amazonaws.com", false),
    ] {
        let term = ready(&format!("ip:{}", quote(network)));
        assert!(matches!(term.test, Test::Network(_)), "{network}");
        let cell = Value::Text(address.into());
        assert_eq!(holds(&term.test, &cell, Timestamp::UNIX_EPOCH), expected, "{address} in {network}");
    }
    assert!(matches!(ready("ip:10.0.0.0/99").test, Test::Regex(..)));
}

#[test]
fn every_short_word_stands_for_a_term_and_a_quoted_one_does_not() {
    for pane in super::super::ALL {
        for (word, means) in pane.short {
            let made = |text: &str| match Filter::new(text, pane).expect(text).root {
                Node::Term(term) => term,
                _ => panic!("{text} is more than a term"),
            };
            let (short, long) = (made(word), made(means));
            assert_eq!(short.column, long.column, "{word}");
            assert!(short.column.is_some(), "{word}");
            assert!(made(&format!("!{word}")).negated != long.negated);
            assert!(made(&quote(word)).column.is_none(), "{word}");
        }
    }
}

#[test]
fn durations_and_dates() {
    assert_eq!(duration("90d"), Some(SignedDuration::from_hours(90 * 24)));
    assert_eq!(duration("d"), None);
    assert_eq!(duration("99999999999999999y"), None);
    assert_eq!(moment("2026-11-01"), "2026-11-01T00:00:00Z".parse().ok());
}

#[test]
fn never_is_older_than_anything() {
    let now = Timestamp::UNIX_EPOCH;
    let old = Test::Age(Operator::Greater, SignedDuration::from_hours(1));
    assert!(holds(&old, &Value::Never, now));
    assert!(!holds(&old, &Value::Unknown, now));
}

/// The same, without the places where its terms stand.
fn nowhere(expr: Expr) -> Expr {
    match expr {
        Expr::All(list) => Expr::All(list.into_iter().map(nowhere).collect()),
        Expr::Any(list) => Expr::Any(list.into_iter().map(nowhere).collect()),
        Expr::Not(one) => Expr::Not(Box::new(nowhere(*one))),
        Expr::Term(term) => Expr::Term(Term { at: 0, ..term }),
    }
}

#[test]
fn groups_bind_as_they_are_read() {
    for (text, means) in [
        ("a b OR c", "(a b) OR c"),
        ("a (b OR c)", "a (b OR c)"),
        ("NOT (a b) OR !c", "!(a b) OR !c"),
        ("a AND b", "a b"),
        ("((a))", "a"),
        ("!(!a)", "a"),
        ("NOT NOT (a OR b)", "a OR b"),
        ("(event:f(x) b)", "event:f(x) b"),
        ("OR|x", "|OR|x"),
    ] {
        let made = |text: &str| nowhere(parse(text).expect(text));
        assert_eq!(made(text), made(means), "{text}");
    }
    for (text, at) in [("a OR", 2), ("OR a", 0), ("(a", 0), ("a ()", 2), ("a AND", 5), ("(OR)", 1), ("NOT", 0)] {
        assert_eq!(parse(text).map_err(|FilterError { at, .. }| at), Err(at), "{text}");
    }
    assert!(parse(&"(".repeat(100_000)).is_err());
}

#[test]
fn more_narrows_the_whole_filter() {
    assert_eq!(and("", "x"), "x");
    assert_eq!(and("a", "x"), "a x");
    assert_eq!(and("a OR b", "x"), "(a OR b) x");
}

proptest! {
    #[test]
    fn nothing_panics(text in ".*") {
        let _ = parse(&text);
        let _ = Filter::new(&text, &ACTIVITY);
    }

    #[test]
    fn what_is_printed_reads_back_the_same(text in "[a-z!:=<>~/\"|() \\\\0-9]{0,24}") {
        if let Ok(expr) = parse(&text) {
            let printed = expr.to_string();
            prop_assert_eq!(nowhere(parse(&printed).expect(&printed)), nowhere(expr), "{}", printed);
        }
    }

    #[test]
    fn groups_that_are_printed_read_back_the_same(words in proptest::collection::vec(
        proptest::sample::select(vec!["(", ")", " OR ", " NOT ", " AND ", "!", " a ", " b|OR ", " |NOT ", " c:(d) ", " e)f(", "\"x\"", " ~g "]), 0..12))
    {
        let text = words.concat();
        if let Ok(expr) = parse(&text) {
            let printed = expr.to_string();
            prop_assert_eq!(nowhere(parse(&printed).expect(&printed)), nowhere(expr), "{} as {}", text, printed);
        }
    }

    #[test]
    fn a_quoted_text_is_itself(text in "\\PC*") {
        prop_assert_eq!(one(&quote(&text)).needle, Needle::Quoted(text));
    }
}
