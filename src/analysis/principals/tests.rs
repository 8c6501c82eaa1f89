//! Principals over a small account.

use super::{Ceiling, LastUse, Mark, PrincipalKind, PrincipalRow};
use crate::analysis::{Lens, assess, fixture};
use crate::model::{Batch, Event, Facts};

fn rows(facts: Facts) -> Vec<PrincipalRow> {
    assess(facts, fixture::now(), Lens::default()).principals
}

fn named(rows: &[PrincipalRow], name: &str) -> PrincipalRow {
    rows.iter().find(|row| row.name == *name).unwrap_or_else(|| panic!("no {name}")).clone()
}

#[test]
fn every_kind_of_principal_has_its_row() {
    let rows = rows(fixture::facts());
    for (name, kind, entry) in [
        ("root", PrincipalKind::Root, "email"),
        ("alice", PrincipalKind::User, "password"),
        ("bot", PrincipalKind::User, "1 access key"),
        ("ghost", PrincipalKind::User, "no way in"),
        ("Worker", PrincipalKind::ServiceRole, "lambda"),
        ("Stale", PrincipalKind::Role, "this account"),
        ("FromLogs", PrincipalKind::CrossAccountRole, "222222222222 (Logs)"),
        ("Vendor", PrincipalKind::CrossAccountRole, "not in the organization"),
        ("Open", PrincipalKind::CrossAccountRole, "anyone"),
        ("Ci", PrincipalKind::OidcRole, "OIDC gh.example.com repo:o/*"),
        ("Saml", PrincipalKind::SamlRole, "SAML okta"),
        ("Broken", PrincipalKind::Role, "unreadable"),
        ("OrganizationAccountAccessRole", PrincipalKind::AccountCreationRole, "Logs"),
        ("AWSReservedSSO_Admin_0123456789abcdef", PrincipalKind::IdentityCenterRole, "Identity Center: Admin"),
        ("AWSServiceRoleForAmazonGuardDuty", PrincipalKind::ServiceLinkedRole, "guardduty"),
        ("Ops", PrincipalKind::IdentityCenterGroup, "1 people"),
        ("carol", PrincipalKind::IdentityCenterUser, "by Ops"),
        ("dave", PrincipalKind::IdentityCenterUser, "Identity Center"),
        ("okta", PrincipalKind::SamlProvider, "2 roles trust it"),
        ("gh.example.com", PrincipalKind::OidcProvider, "with wide subjects"),
        (
            "any subject",
            PrincipalKind::SamlSubject,
            "assertion of okta, becomes AWSReservedSSO_Admin_0123456789abcdef, Saml",
        ),
        ("repo:o/*", PrincipalKind::OidcSubject, "token of gh.example.com, becomes Ci"),
        ("Logs", PrincipalKind::Account, "member"),
        (fixture::VENDOR, PrincipalKind::Account, "not in the organization"),
    ] {
        let row = named(&rows, name);
        assert_eq!(row.kind, kind, "{name}");
        assert!(row.entry.contains(entry), "{name}: {}", row.entry);
    }
    assert!(!rows.iter().any(|row| row.name == "erin"), "assigned on another account");
    let keys: std::collections::BTreeSet<_> = rows.iter().map(|row| &row.key).collect();
    assert_eq!(keys.len(), rows.len(), "keys are distinct");
}

#[test]
fn marks_are_facts_of_the_trust_policy() {
    let rows = rows(fixture::facts());
    for (name, mark, wanted) in [
        ("Vendor", Mark::NoExternalId, true),
        ("VendorSafe", Mark::NoExternalId, false),
        ("VendorSafe", Mark::UnknownAccount, true),
        ("FromLogs", Mark::UnknownAccount, false),
        ("Open", Mark::Anyone, true),
        ("Ci", Mark::WideOidc, true),
        ("Broken", Mark::Unreadable, true),
        ("Worker", Mark::AdministratorAccess, true),
        ("alice", Mark::AdministratorAccess, true),
        ("carol", Mark::AdministratorAccess, true),
        ("bot", Mark::AdministratorAccess, false),
    ] {
        assert_eq!(named(&rows, name).marks.contains(&mark), wanted, "{name} {mark:?}");
    }
    let unread = self::rows(fixture::unread());
    assert!(!named(&unread, "Vendor").marks.contains(&Mark::UnknownAccount), "the accounts were not read");
}

#[test]
fn credentials_and_activity_join() {
    let rows = rows(fixture::facts());
    let root = named(&rows, "root");
    assert_eq!((root.active_keys, root.mfa, root.deeds.events), (Some(1), Some(false), 2));
    let bot = named(&rows, "bot");
    assert_eq!(bot.key, "arn:aws:iam::111111111111:user/bot");
    assert_eq!(bot.keys.len(), 1);
    assert_eq!(bot.last, LastUse::At(fixture::time("2026-10-31T00:00:00Z")), "from the report, by the key's age");
    assert_eq!(named(&rows, "ghost").last, LastUse::Never);
    assert_eq!(named(&rows, "Stale").last, LastUse::Never);
    let carol = named(&rows, "carol");
    assert_eq!((carol.deeds.events, carol.deeds.writes), (4, 3), "by the session's name");
    assert_eq!(named(&rows, "dave").deeds.events, 0);
    assert_eq!(named(&rows, "Worker").residents.len(), 2);
    assert_eq!(named(&rows, "Bounded").ceiling, Ceiling::Boundary);
    assert_eq!(named(&rows, "Stale").ceiling, Ceiling::None);
}

#[test]
fn nothing_read_gives_no_row_and_a_report_alone_gives_users() {
    assert!(rows(Facts::default()).is_empty());
    let mut facts = Facts::default();
    facts.apply(Batch::CredentialReport(fixture::facts().credential_report.values().cloned().collect()));
    let rows = rows(facts);
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["root", "alice", "bot", "ghost"]);
    assert_eq!(rows[0].key, "arn:aws:iam::111111111111:root");
}

#[test]
fn who_made_a_resident_is_the_first_who_is_seen_to() {
    let function = "arn:aws:lambda:eu-west-1:111111111111:function:a";
    let record = |id: &str, name: &str, user: &str, at: &str, more: &str| {
        let raw = format!(
            r#"{{"eventID":"{id}","eventName":"{name}","eventTime":"{at}","eventSource":"lambda.amazonaws.com",
            "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/{user}"}},
            "resources":[{{"ARN":"{function}"}}]{more}}}"#
        );
        Event::from_record(&raw).expect("a record")
    };
    let mut facts = fixture::facts();
    facts.apply(Batch::Events(vec![
        record("m1", "CreateFunction20150331", "alice", "2026-10-30T12:00:00Z", ""),
        record("m2", "CreateFunction20150331", "bot", "2026-10-30T10:00:00Z", r#","errorCode":"AccessDenied""#),
        record("m3", "UpdateFunctionCode20150331v2", "bot", "2026-10-30T11:00:00Z", ""),
        record("m4", "CreateFunction20150331", "ghost", "2026-10-30T13:00:00Z", ""),
    ]));
    let rows = rows(facts);
    let made = |name: &str| named(&rows, name).made.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(made("alice"), [function]);
    assert_eq!((made("bot").len(), made("ghost").len()), (0, 0));
}
