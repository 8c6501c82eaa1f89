//! AWS CLI commands as text for a POSIX shell. Names come from outside: each is quoted, and one that cannot be written
//! so that AWS would read the same name gives no command at all.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::model::{Region, Text, text};

/// `Text` shows hostile characters as escapes, so that a name with one is not the name that AWS knows.
const ESCAPED: &str = "a name or document holds characters that are shown here as escapes, such as \\u{200b}: \
    typed as shown, the command would name something else. Take the name from AWS itself";
const A_FILE: &str = "the AWS CLI would read a value that begins so from a file";
const EMPTY: &str = "a name that it needs was not read";

/// The moment at which the command runs, in the form that `aws:TokenIssueTime` is compared with.
const NOW: &str = r#""$(date -u +%Y-%m-%dT%H:%M:%SZ)""#;

/// A command that is being written.
#[derive(Clone, Debug)]
pub(super) struct Command {
    text: String,
    obstacle: Option<&'static str>,
}

impl Command {
    /// `operation`: service and operation, such as `iam attach-user-policy`.
    pub fn new(operation: &str) -> Self {
        Self { text: format!("aws {operation}"), obstacle: None }
    }

    pub fn with(mut self, option: &str, value: &str) -> Self {
        self.obstacle = self.obstacle.or_else(|| obstacle(value));
        // Else the CLI would take a value such as `--debug` for an option of its own.
        let between = if value.starts_with('-') { '=' } else { ' ' };
        self.push(option, between, &quote(value));
        self
    }

    /// Something that is not known, named for the reader.
    pub fn unknown(mut self, option: &str, what: &str) -> Self {
        self.obstacle = self.obstacle.or_else(|| obstacle(what));
        // In quotes, since the shell would read a bare `<` as a file to read from.
        self.push(option, ' ', &quote(&format!("<{what}>")));
        self
    }

    /// `value`, or what it would be if it was known.
    pub fn with_or(self, option: &str, value: &str, what: &str) -> Self {
        if value.is_empty() { self.unknown(option, what) } else { self.with(option, value) }
    }

    pub fn document(mut self, option: &str, document: &Document) -> Self {
        self.obstacle = self.obstacle.or(document.obstacle);
        self.push(option, ' ', &document.shell());
        self
    }

    /// What another command prints.
    pub fn output(mut self, option: &str, of: Self) -> Self {
        self.obstacle = self.obstacle.or(of.obstacle);
        self.push(option, ' ', &format!("\"$({})\"", of.text));
        self
    }

    /// Identity Center is regional.
    pub fn region(self, region: Option<&Region>) -> Self {
        self.with_or("region", region.map_or("", Region::as_str), "Region of Identity Center")
    }

    fn push(&mut self, option: &str, between: char, value: &str) {
        let _ = write!(self.text, " --{option}{between}{value}");
    }

    pub fn finish(self) -> Result<String, String> {
        match self.obstacle {
            Some(why) => Err(why.to_owned()),
            None => Ok(self.text),
        }
    }
}

/// Why a value cannot stand in a command. No name, id or ARN of AWS holds a backslash.
fn obstacle(value: &str) -> Option<&'static str> {
    match value {
        "" => Some(EMPTY),
        value if value.contains('\\') || value.chars().any(text::is_hostile) => Some(ESCAPED),
        value if value.starts_with("file://") || value.starts_with("fileb://") => Some(A_FILE),
        _ => None,
    }
}

/// One word of a POSIX shell that means exactly `word`.
fn quote(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// A policy document as compact JSON.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// With [`MOMENT`] where the time goes at which the command runs.
    text: String,
    obstacle: Option<&'static str>,
}

/// Stands for the time in a document's text. The space makes it impossible in compact JSON outside a string, and the
/// control character within one, where it would be an escape.
const MOMENT: &str = "\u{1} ";

impl Document {
    /// A document of the account, or made from one.
    pub fn of(value: &Value) -> Self {
        let text = compact(value);
        let obstacle = text.contains(r"\\u{").then_some(ESCAPED);
        Self { text, obstacle }
    }

    /// A document of ours, in which a backslash can come from a name only.
    pub fn ours(value: &Value) -> Self {
        let text = compact(value);
        let obstacle = text.contains('\\').then_some(ESCAPED);
        Self { text, obstacle }
    }

    /// Denies everything.
    pub fn deny() -> Self {
        Self::ours(&policy(&deny_all()))
    }

    /// Denies everything to sessions that began before the command runs.
    pub fn revoke() -> Self {
        Self { text: format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, older_sessions()), obstacle: None }
    }

    /// A trust policy that lets nobody in.
    pub fn shut() -> Self {
        Self::ours(&policy(&json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"})))
    }

    /// A policy with one more statement. `present`: the document as it is, none if there is none. None when it cannot
    /// be understood: to write it anew would lose what it says.
    fn and(present: Option<&Text>, statement: &str) -> Option<Self> {
        let Some(present) = present else {
            return Some(Self {
                text: format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#),
                obstacle: None,
            });
        };
        let value = present.json()?;
        let map = value.as_object()?;
        let mut statements: Vec<String> = match map.get("Statement")? {
            Value::Array(list) => list.iter().map(compact).collect(),
            one @ Value::Object(_) => vec![compact(one)],
            _ => return None,
        };
        statements.push(statement.to_owned());
        // Without a version a document is of 2008, in which variables are plain text: it stays what it is.
        let version =
            map.get("Version").map(|version| format!(r#""Version":{},"#, compact(version))).unwrap_or_default();
        let text = format!(r#"{{{version}"Statement":[{}]}}"#, statements.join(","));
        let obstacle = text.contains(r"\\u{").then_some(ESCAPED);
        Some(Self { text, obstacle })
    }

    /// What is there, and a Deny of everything for these people of Identity Center.
    pub fn and_deny_people(present: Option<&Text>, ids: &[&str]) -> Option<Self> {
        let people = match ids {
            [one] => json!(one),
            many => json!(many),
        };
        let mut statement = deny_all();
        statement["Condition"] = json!({"StringEquals": {"identitystore:UserId": people}});
        Self::and(present, &compact(&statement))
    }

    /// What is there, and a Deny of everything for sessions that began before the command runs.
    pub fn and_revoke(present: Option<&Text>) -> Option<Self> {
        Self::and(present, &older_sessions())
    }

    fn shell(&self) -> String {
        let mut parts = self.text.split(MOMENT).map(quote);
        let mut word = parts.next().unwrap_or_default().into_owned();
        for part in parts {
            word.push_str(NOW);
            word.push_str(&part);
        }
        word
    }
}

fn deny_all() -> Value {
    json!({"Effect": "Deny", "Action": "*", "Resource": "*"})
}

fn policy(statement: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn older_sessions() -> String {
    format!(
        r#"{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{MOMENT}"}}}}}}"#
    )
}

/// JSON on one line, hostile characters as JSON's own escapes, which mean the same to AWS.
fn compact(value: &Value) -> String {
    let json = value.to_string();
    if !json.chars().any(text::is_hostile) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if text::is_hostile(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::policy::{Caller, Context, Layers, Policy, Request, Verdict, evaluate};
    use proptest::prelude::*;

    /// What a POSIX shell makes of a line: words, quotes taken off. `$(...)` stands for itself.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            let word = words.last_mut().expect("one at least");
            match c {
                ' ' => words.push(String::new()),
                '\'' => word.extend(chars.by_ref().take_while(|c| *c != '\'')),
                '"' => word.extend(chars.by_ref().take_while(|c| *c != '"')),
                '\\' => word.extend(chars.next()),
                c => {
                    assert!(!"$`;|&<>()*?[#~\n".contains(c), "{c} means something to the shell in: {line}");
                    word.push(c);
                }
            }
        }
        words
    }

    fn line(value: &str) -> Result<String, String> {
        Command::new("iam get-user").with("user-name", value).finish()
    }

    #[test]
    fn a_name_stays_one_word_whatever_it_holds() {
        for (name, wanted) in [
            ("alice", "aws iam get-user --user-name alice"),
            ("o'brien", r"aws iam get-user --user-name 'o'\''brien'"),
            ("a b; rm -rf $HOME", "aws iam get-user --user-name 'a b; rm -rf $HOME'"),
            ("$(id)`id`", "aws iam get-user --user-name '$(id)`id`'"),
            ("--debug", "aws iam get-user --user-name=--debug"),
            ("-x y", "aws iam get-user --user-name='-x y'"),
            ("=cmd", "aws iam get-user --user-name '=cmd'"),
            ("東京", "aws iam get-user --user-name '東京'"),
        ] {
            assert_eq!(line(name).as_deref(), Ok(wanted));
        }
    }

    #[test]
    fn a_name_that_would_not_arrive_gives_no_command() {
        for name in ["", "a\u{202e}b", "a\\b", "file:///etc/passwd", "fileb://x"] {
            assert!(line(Text::new(name).as_str()).is_err(), "{name:?}");
            assert!(line(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_document_keeps_what_was_there() {
        let present = Text::new(
            "{\"Version\":\"2012-10-17\",\n \"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"it's\"}}",
        );
        let document = Document::and_deny_people(Some(&present), &["u-1"]).expect("a policy");
        let text = Command::new("x").document("p", &document).finish().expect("text");
        assert_eq!(
            words(&text).last().map(String::as_str),
            Some(
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"it's"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"identitystore:UserId":"u-1"}}}]}"#
            )
        );
        let old = Text::new(r#"{"Statement":[]}"#);
        let old = Document::and_deny_people(Some(&old), &["u-1", "u-2"]).expect("a policy");
        assert!(old.text.starts_with(r#"{"Statement":[{"Effect":"Deny""#), "{}", old.text);
        assert!(old.text.contains(r#""identitystore:UserId":["u-1","u-2"]"#), "{}", old.text);
        assert!(Document::and_revoke(Some(&Text::new("{"))).is_none());
        assert!(Document::and_revoke(Some(&Text::new(r#"{"Version":"2012-10-17"}"#))).is_none());
    }

    #[test]
    fn hostile_characters_in_a_document_are_json_escapes_or_no_command() {
        // Escaped in the document itself: AWS knows it so.
        let escaped = Text::new(r#"{"Statement":[{"Sid":"a\u202eb"}]}"#);
        let document = Document::and_revoke(Some(&escaped)).expect("a policy");
        assert!(document.text.contains(r#""Sid":"a\u202eb""#), "{}", document.text);
        assert_eq!(document.obstacle, None);
        // As it is: the border has made it visible.
        let raw = Text::new("{\"Statement\":[{\"Sid\":\"a\u{202e}b\"}]}");
        let document = Document::and_revoke(Some(&raw)).expect("a policy");
        assert!(Command::new("x").document("p", &document).finish().is_err());
    }

    #[test]
    fn the_time_of_a_revocation_is_that_of_its_run() {
        let text = Command::new("x").document("p", &Document::revoke()).finish().expect("text");
        assert_eq!(
            text,
            r#"aws x --p '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'"}}}]}'"#
        );
    }

    /// What our own engine makes of a document attached to a role beside full permissions.
    fn verdict(document: &Document, keys: &[(&str, &str)]) -> Verdict {
        let text = document.text.replace(MOMENT, "2026-11-01T00:00:00Z");
        let ours = Policy::parse(&Text::new(&text));
        let all = Policy::from_json(&json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}));
        let caller = Caller::parse("arn:aws:sts::111111111111:assumed-role/R/s");
        let context = Context::of(keys);
        let request = Request {
            caller: &caller,
            action: "s3:getobject",
            resource: "arn:aws:s3:::b/k",
            resource_account: None,
            context: &context,
        };
        evaluate(&request, &Layers { identity: &[&all, &ours], ..Layers::default() })
    }

    #[test]
    fn documents_deny_whom_they_are_meant_to_deny() {
        use Verdict::{Allowed, ExplicitlyDenied};
        let people = Document::and_deny_people(None, &["u-1", "u-2"]).expect("a policy");
        let issued = "aws:TokenIssueTime";
        for (document, keys, wanted) in [
            (Document::deny(), vec![], ExplicitlyDenied),
            (Document::revoke(), vec![(issued, "2026-10-31T23:59:59Z")], ExplicitlyDenied),
            (Document::revoke(), vec![(issued, "2026-11-01T00:00:01Z")], Allowed),
            // A long-term key.
            (Document::revoke(), vec![], Allowed),
            (people.clone(), vec![("identitystore:UserId", "u-2")], ExplicitlyDenied),
            (people.clone(), vec![("identitystore:UserId", "u-3")], Allowed),
            (people, vec![], Allowed),
        ] {
            assert_eq!(verdict(&document, &keys), wanted, "{} {keys:?}", document.text);
        }
    }

    #[test]
    fn a_boundary_stops_by_an_explicit_deny_only() {
        let caller = Caller::parse("arn:aws:iam::111111111111:user/u");
        let context = Context::of(&[]);
        let request = Request {
            caller: &caller,
            action: "s3:getobject",
            resource: "arn:aws:s3:::b/k",
            resource_account: Some("111111111111"),
            context: &context,
        };
        let bucket = Policy::from_json(&json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
            "Principal": {"AWS": "arn:aws:iam::111111111111:user/u"}}}));
        let small = Policy::from_json(&json!({"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}));
        let none = Policy::parse(&Text::new(&Document::deny().text));
        for (boundary, wanted) in [(&small, Verdict::Allowed), (&none, Verdict::ExplicitlyDenied)] {
            let layers = Layers { resource: Some(&bucket), boundary: Some(&[boundary]), ..Layers::default() };
            assert_eq!(evaluate(&request, &layers), wanted);
        }
    }

    #[test]
    fn a_shut_trust_policy_lets_nobody_in() {
        let shut = Policy::parse(&Text::new(&Document::shut().text));
        let all = Policy::from_json(&json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}));
        let context = Context::of(&[]);
        for (who, action) in [
            ("arn:aws:iam::111111111111:user/u", "sts:assumerole"),
            ("lambda.amazonaws.com", "sts:assumerole"),
            ("arn:aws:iam::111111111111:saml-provider/okta", "sts:assumerolewithsaml"),
        ] {
            let caller = Caller::parse(who);
            let request = Request {
                caller: &caller,
                action,
                resource: "arn:aws:iam::111111111111:role/R",
                resource_account: Some("111111111111"),
                context: &context,
            };
            let layers = Layers { identity: &[&all], resource: Some(&shut), ..Layers::default() };
            let verdict = evaluate(&request, &layers);
            assert!(matches!(verdict, Verdict::ExplicitlyDenied | Verdict::ImplicitlyDenied), "{who}: {verdict:?}");
        }
    }

    proptest! {
        #[test]
        fn a_quoted_word_is_itself(word in "\\PC+") {
            let line = format!("x {}", quote(&word));
            prop_assert_eq!(words(&line), vec!["x".to_owned(), word]);
        }

        #[test]
        fn no_command_holds_a_hostile_character(name in ".*") {
            if let Ok(line) = line(&name) {
                prop_assert!(!line.chars().any(text::is_hostile));
            }
        }
    }
}
