//! What kind of file is it? Told by its content, never by its name: by the keys at the top of a JSON document, by
//! the first line of anything else. Reads no more than it needs.

use std::collections::BTreeSet;
use std::io::BufRead;

use super::rows::{Row, Rows};
use super::scan::{Broken, Scanner};
use super::table::Columns;
use crate::collect::credential_report::is_credential_report;
use crate::model::Ask;

/// The kinds that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Snapshot,
    /// `aws iam get-account-authorization-details`
    Authorization,
    /// The CSV.
    CredentialReport,
    /// `aws iam get-credential-report`: the CSV in base64.
    CredentialReportAnswer,
    /// CloudTrail records in any wrapping, or `aws cloudtrail lookup-events`.
    Trail,
    /// CloudTrail records in CSV: answers of Athena and CloudTrail Lake, the console's event history.
    TrailTable,
    /// A CloudTrail digest: known, holds no events.
    Digest,
    /// `aws organizations describe-organization`, and so on.
    Organization,
    Accounts,
    DelegatedAdministrators,
    DelegatedServices,
    TrustedAccess,
    Policies,
    Policy,
    ResourcePolicy,
    Roots,
    Handshakes,
    /// `aws sts get-caller-identity`
    Caller,
}

impl Kind {
    /// The ask that it answers; none when it answers many or nothing.
    pub fn ask(self) -> Option<Ask> {
        Some(match self {
            Self::Snapshot | Self::Digest => return None,
            Self::Authorization => Ask::AuthorizationDetails,
            Self::CredentialReport | Self::CredentialReportAnswer => Ask::CredentialReport,
            Self::Trail | Self::TrailTable => Ask::Events,
            Self::Organization => Ask::Organization,
            Self::Accounts => Ask::Accounts,
            Self::DelegatedAdministrators | Self::DelegatedServices => Ask::DelegatedAdministrators,
            Self::TrustedAccess => Ask::TrustedAccess,
            Self::Policies | Self::Policy => Ask::Policies,
            Self::ResourcePolicy => Ask::ResourcePolicy,
            Self::Roots => Ask::Tree,
            Self::Handshakes => Ask::Handshakes,
            Self::Caller => Ask::Caller,
        })
    }
}

/// For the user whose file is none of these.
pub const LOOKED_FOR: &str = "not a mgmtscope snapshot, authorization details, credential report, CloudTrail records \
    (JSON or CSV), LookupEvents output, organizations output or caller identity (looked for keys Records, Events, eventName, \
    UserDetailList, RoleDetailList, Organization, Accounts, Policies, DelegatedAdministrators, EnabledServicePrincipals)";

/// What the names of a table's columns take at most.
const HEADING: usize = 64 << 10;
/// Keys are looked for in so much of a file.
const LOOK: u64 = 256 << 20;

/// The kind of an unpacked file; none when it is not known.
///
/// # Errors
/// When the file cannot be read (not: understood) before its kind is known.
pub fn recognise(input: impl BufRead) -> Result<Option<Kind>, Broken> {
    let mut scanner = Scanner::new(input.take(LOOK));
    let looked = look(&mut scanner);
    match looked {
        Err(broken) if broken.io => Err(broken),
        Err(_) => Ok(None),
        Ok(kind) => Ok(kind),
    }
}

fn look(scanner: &mut Scanner<impl BufRead>) -> Result<Option<Kind>, Broken> {
    scanner.skip_mark()?;
    match scanner.next_token()? {
        Some(b'{') => look_at_object(scanner),
        Some(b'[') => {
            Ok(first_keys(scanner)?.filter(|keys| keys.iter().any(|key| is_record_key(key))).map(|_| Kind::Trail))
        }
        Some(byte) if byte == b'"' || byte.is_ascii_alphabetic() => {
            Ok(scanner.short_line(HEADING)?.and_then(|line| by_heading(&line)))
        }
        _ => Ok(None),
    }
}

/// The kind of a table, by its first row.
fn by_heading(line: &[u8]) -> Option<Kind> {
    if is_credential_report(&String::from_utf8_lossy(line)) {
        return Some(Kind::CredentialReport);
    }
    match Rows::new(line, HEADING, 0).row() {
        Ok(Some(Row::Cells { cells, .. })) => Columns::of(&cells).map(|_| Kind::TrailTable),
        _ => None,
    }
}

fn is_record_key(key: &str) -> bool {
    matches!(key, "eventName" | "eventVersion" | "userIdentity" | "CloudTrailEvent")
}

fn look_at_object(scanner: &mut Scanner<impl BufRead>) -> Result<Option<Kind>, Broken> {
    scanner.expect(b'{', None)?;
    let mut seen = BTreeSet::new();
    let mut maybe = None;
    while let Some(key) = scanner.key(seen.is_empty(), None)? {
        if is_record_key(&key) {
            return Ok(Some(Kind::Trail));
        }
        let kind = match key.as_str() {
            "mgmtscope" => Some(Kind::Snapshot),
            "Records" => Some(Kind::Trail),
            "UserDetailList" | "GroupDetailList" | "RoleDetailList" => Some(Kind::Authorization),
            "digestStartTime" | "digestS3Bucket" | "digestPublicKeyFingerprint" => Some(Kind::Digest),
            "DelegatedAdministrators" => Some(Kind::DelegatedAdministrators),
            "DelegatedServices" => Some(Kind::DelegatedServices),
            "EnabledServicePrincipals" => Some(Kind::TrustedAccess),
            "Roots" => Some(Kind::Roots),
            "Handshakes" => Some(Kind::Handshakes),
            _ => None,
        };
        if kind.is_some() {
            return Ok(kind);
        }
        if let Some((empty, marks)) = by_content(&key) {
            match first_keys(scanner)? {
                Some(keys) => return Ok(marks.iter().find(|(mark, _)| keys.contains(*mark)).map(|(_, kind)| *kind)),
                // An empty list tells nothing: another key may.
                None => maybe = Some(empty),
            }
        } else {
            scanner.value(None)?;
        }
        seen.insert(key);
        if seen.len() > 64 {
            break;
        }
    }
    let has = |keys: &[&str]| keys.iter().all(|key| seen.contains(*key));
    Ok(if has(&["Content", "ReportFormat"]) {
        Some(Kind::CredentialReportAnswer)
    } else if has(&["UserId", "Account", "Arn"]) {
        Some(Kind::Caller)
    } else {
        maybe
    })
}

/// For keys that others use too: what it is when the list is empty, and by which keys of its first item it is known.
fn by_content(key: &str) -> Option<(Kind, &'static [(&'static str, Kind)])> {
    Some(match key {
        "Events" => (Kind::Trail, &[("CloudTrailEvent", Kind::Trail), ("eventName", Kind::Trail)]),
        "Policies" => (
            Kind::Policies,
            &[("PolicyVersionList", Kind::Authorization), ("AwsManaged", Kind::Policies), ("Type", Kind::Policies)],
        ),
        "Policy" => (Kind::Policy, &[("PolicySummary", Kind::Policy)]),
        "Accounts" => (Kind::Accounts, &[("JoinedMethod", Kind::Accounts), ("Id", Kind::Accounts)]),
        "Organization" => (Kind::Organization, &[("MasterAccountId", Kind::Organization), ("Id", Kind::Organization)]),
        "ResourcePolicy" => (
            Kind::ResourcePolicy,
            &[("ResourcePolicySummary", Kind::ResourcePolicy), ("Content", Kind::ResourcePolicy)],
        ),
        _ => return None,
    })
}

/// The keys of the object that comes next, or of the first one in the list that comes next; none when there is no
/// object. What was seen before a break counts.
fn first_keys(scanner: &mut Scanner<impl BufRead>) -> Result<Option<BTreeSet<String>>, Broken> {
    if scanner.next_token()? == Some(b'[') {
        scanner.expect(b'[', None)?;
        if scanner.next_token()? == Some(b']') {
            scanner.expect(b']', None)?;
            return Ok(None);
        }
    }
    if scanner.next_token()? != Some(b'{') {
        // A list of something else, or no list: nothing that is known. Give up on the file.
        return Ok(Some(BTreeSet::new()));
    }
    scanner.expect(b'{', None)?;
    let mut keys = BTreeSet::new();
    let mut first = true;
    loop {
        match scanner.key(first, None) {
            Ok(Some(key)) => keys.insert(key),
            Ok(None) | Err(_) => return Ok(Some(keys)),
        };
        first = false;
        if keys.len() > 64 || scanner.value(None).is_err() {
            return Ok(Some(keys));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Option<Kind> {
        recognise(text.as_bytes()).expect("in memory")
    }

    #[test]
    fn each_kind_is_known_by_its_content() {
        for (text, expected) in [
            (r#"{"mgmtscope":"snapshot","version":1}"#, Kind::Snapshot),
            ("\u{feff} {\"Records\": [", Kind::Trail),
            (r#"[{"eventVersion":"1.05"}]"#, Kind::Trail),
            (r#"{"awsRegion":"x","userIdentity":{"#, Kind::Trail),
            (r#"{"Events":[{"EventId":"1","CloudTrailEvent":"{}"}]}"#, Kind::Trail),
            (r#"{"Events":[]}"#, Kind::Trail),
            (r#"{"awsAccountId":"1","digestStartTime":"x"}"#, Kind::Digest),
            (r#"{"IsTruncated":false,"GroupDetailList":[]}"#, Kind::Authorization),
            (r#"{"Policies":[{"Arn":"x","PolicyVersionList":[]}],"RoleDetailList":[]}"#, Kind::Authorization),
            (r#"{"Policies":[],"RoleDetailList":[]}"#, Kind::Authorization),
            (r#"{"Policies":[{"Id":"p-1","AwsManaged":true}]}"#, Kind::Policies),
            (r#"{"Policies":[]}"#, Kind::Policies),
            (r#"{"Policy":{"PolicySummary":{},"Content":"{}"}}"#, Kind::Policy),
            (r#"{"Accounts":[{"Id":"1"}]}"#, Kind::Accounts),
            (r#"{"Organization":{"Id":"o-1"}}"#, Kind::Organization),
            (r#"{"ResourcePolicy":{"Content":"{}"}}"#, Kind::ResourcePolicy),
            (r#"{"EnabledServicePrincipals":[]}"#, Kind::TrustedAccess),
            (r#"{"UserId":"a","Account":"1","Arn":"x"}"#, Kind::Caller),
            (r#"{"Content":"dXNlcg==","ReportFormat":"text/csv"}"#, Kind::CredentialReportAnswer),
            ("user,arn,user_creation_time,x\n", Kind::CredentialReport),
            ("\"eventversion\",\"useridentity\",\"eventtime\",\"eventsource\",\"eventname\"\n", Kind::TrailTable),
            ("eventJson", Kind::TrailTable),
            ("\u{feff}Event name,Event time,User name,Event source\r\n", Kind::TrailTable),
        ] {
            assert_eq!(kind(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_not_known() {
        for text in [
            "",
            " ",
            "{}",
            "[]",
            "[1]",
            "<html>",
            "user,arn\n",
            "eventName,count\n",
            "name,time\n",
            "{\"a\":",
            "\u{0}",
            // aws rds describe-events, aws iam list-policies, aws iam get-policy
            r#"{"Events":[{"SourceIdentifier":"db"}]}"#,
            r#"{"Policies":[{"PolicyName":"x","Arn":"y","Path":"/"}]}"#,
            r#"{"Policy":{"PolicyName":"x"}}"#,
            r#"{"111122223333":[{"type":"aws_instance"}]}"#,
        ] {
            assert_eq!(kind(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = recognise(&bytes[..]);
        }

        #[test]
        fn nothing_like_json_panics(text in r#"([\[\]{},:"\\ \n]|"Policies"|"Records"|"a":|1|null){0,60}"#) {
            let _ = recognise(text.as_bytes());
        }
    }
}
