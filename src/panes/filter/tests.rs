//! What every form of a term means.

use super::*;
use proptest::prelude::*;

fn one(text: &str) -> Term {
    parse(text).expect(text).remove(0)
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
    let error = Filter::new("x color:red", &super::super::activity::ACTIVITY).expect_err("no such field");
    assert_eq!(error.at, 2);
    assert!(error.message.contains("principal"), "{}", error.message);
}

#[test]
fn a_time_lies_within_what_is_said() {
    let now: Timestamp = "2026-11-25T12:00:00Z".parse().expect("a time");
    let at = |text: &str| Value::Time(text.parse().expect("a time"));
    let test = |text: &str| {
        let mut filter = Filter::new(text, &super::super::activity::ACTIVITY).expect(text);
        filter.terms.remove(0)
    };
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
        let term = test(text);
        assert_eq!(holds(&term.test, &at(time), now) != term.negated, expected, "{text} {time}");
    }
    for text in ["since:soon", "between:3d", "between:..", "between:3d..soon"] {
        assert!(Filter::new(text, &super::super::activity::ACTIVITY).is_err(), "{text}");
    }
    // What has no time lies nowhere.
    assert!(!holds(&test("since:24h").test, &Value::Unknown, now));
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
        let term = Filter::new(&format!("ip:{}", quote(network)), &super::super::activity::ACTIVITY)
            .expect(network)
            .terms
            .remove(0);
        assert!(matches!(term.test, Test::Network(_)), "{network}");
        let cell = Value::Text(address.into());
        assert_eq!(holds(&term.test, &cell, Timestamp::UNIX_EPOCH), expected, "{address} in {network}");
    }
    let term = Filter::new("ip:10.0.0.0/99", &super::super::activity::ACTIVITY).expect("a text").terms.remove(0);
    assert!(matches!(term.test, Test::Regex(..)));
}

#[test]
fn every_short_word_stands_for_a_term_and_a_quoted_one_does_not() {
    for pane in super::super::ALL {
        for (word, means) in pane.short {
            let (short, long) = (Filter::new(word, pane).expect(word), Filter::new(means, pane).expect(means));
            assert_eq!((short.terms.len(), long.terms.len()), (1, 1), "{word}");
            assert_eq!(short.terms[0].column, long.terms[0].column, "{word}");
            assert!(short.terms[0].column.is_some(), "{word}");
            assert!(Filter::new(&format!("!{word}"), pane).expect(word).terms[0].negated != long.terms[0].negated);
            assert!(Filter::new(&quote(word), pane).expect(word).terms[0].column.is_none(), "{word}");
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

proptest! {
    #[test]
    fn nothing_panics(text in ".*") {
        let _ = parse(&text);
        let _ = Filter::new(&text, &super::super::activity::ACTIVITY);
    }

    #[test]
    fn what_is_printed_reads_back_the_same(text in "[a-z!:=<>~/\"| \\\\0-9]{0,24}") {
        if let Ok(terms) = parse(&text) {
            let printed = terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let again = parse(&printed).expect(&printed);
            let strip = |terms: Vec<Term>| terms.into_iter().map(|t| Term { at: 0, ..t }).collect::<Vec<_>>();
            prop_assert_eq!(strip(again), strip(terms), "{}", printed);
        }
    }

    #[test]
    fn a_quoted_text_is_itself(text in "\\PC*") {
        prop_assert_eq!(one(&quote(&text)).needle, Needle::Quoted(text));
    }
}
