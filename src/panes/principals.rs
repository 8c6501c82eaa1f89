//! Principals: who can act in the account, how they get in, and what would bound them.

mod asked;
mod containment;
mod evidence;
mod paths;
mod power;
mod trust;

use serde_json::{Value as Json, json};

use super::cell::Tone;
use super::document::{Document, Line, Target};
use super::filter::{exactly, quote};
use super::{Cell, Column, Jump, Pane, PaneId};
use crate::analysis::Assessment;
use crate::analysis::policy::Truth;
use crate::analysis::principals::{Ceiling, LastUse, PrincipalKind, PrincipalRow};
use crate::model::{Ask, Text};

pub use asked::{Answered, actions_beginning, answer, can, principals_beginning, who_can};

pub static PRINCIPALS: Pane = Pane {
    id: PaneId::Principals,
    name: "principals",
    title: "Principals",
    about: "Who can act here, what power each has, how many steps it is from an administrator, and how far it reaches: root, users, roles, people of Identity Center, identity providers, trusted accounts and AWS services",
    asks: &[
        Ask::AuthorizationDetails,
        Ask::CredentialReport,
        Ask::AccountSummary,
        Ask::AccessKeys,
        Ask::MfaDevices,
        Ask::IdentityProviders,
        Ask::IdentityCenter,
        Ask::PermissionSets,
        Ask::Assignments,
        Ask::Directory,
        Ask::Accounts,
        Ask::Events,
    ],
    rows: |a| a.principals.len(),
    order: None,
    log: None,
    key: |a, row| a.principals[row].key.clone(),
    columns: &[
        Column::share("name", "NAME", 14, 3, 0, |a, row| {
            let principal = &a.principals[row];
            let tone = if principal.kind == PrincipalKind::Root { Tone::Bad } else { Tone::Plain };
            Cell::text(principal.name.as_str()).tone(tone)
        }),
        Column::fixed("kind", "KIND", 14, 0, |a, row| Cell::text(a.principals[row].kind.word())),
        Column::fixed("exposure", "EXPOSURE", 9, 0, |a, row| {
            let principal = &a.principals[row];
            if !principal.power_is_known() {
                return Cell::unknown();
            }
            let score = principal.exposure.score;
            let tone = match score {
                100.. => Tone::Bad,
                50..100 => Tone::Warn,
                _ => Tone::Plain,
            };
            Cell::count(score).tone(tone)
        }),
        Column::share("power", "POWER", 12, 3, 0, |a, row| {
            let principal = &a.principals[row];
            if !principal.power_is_known() {
                return Cell::unknown();
            }
            let grave =
                principal.profile.strongest().is_some_and(|power| power <= crate::catalog::powers::Power::IamControl);
            Cell::text(principal.profile.words()).tone(if grave { Tone::Bad } else { Tone::Plain })
        }),
        Column::fixed("steps", "TO ADMIN", 8, 0, |a, row| to_admin(&a.principals[row])),
        Column::fixed("last", "LAST USED", 16, 0, last),
        Column::share("entry", "HOW THEY GET IN", 13, 3, 2, |a, row| {
            let principal = &a.principals[row];
            let tone = if principal.marks.iter().any(|mark| mark.is_bad()) { Tone::Warn } else { Tone::Plain };
            Cell::text(principal.entry.as_str()).tone(tone)
        }),
        Column::fixed("mfa", "MFA", 3, 2, |a, row| {
            let mfa = a.principals[row].mfa;
            Cell::flag(mfa).tone(if mfa == Some(false) { Tone::Warn } else { Tone::Plain })
        }),
        Column::fixed("keys", "KEYS", 4, 3, |a, row| {
            let principal = &a.principals[row];
            match principal.active_keys {
                Some(count) if count > 0 && principal.kind == PrincipalKind::Root => Cell::count(count).tone(Tone::Bad),
                Some(count) => Cell::count(count),
                None => Cell::unknown(),
            }
        }),
        Column::share("marks", "TO NOTE", 12, 2, 2, |a, row| {
            let principal = &a.principals[row];
            let bad = principal.marks.iter().any(|mark| mark.is_bad());
            Cell::text(marks(principal)).tone(if bad { Tone::Warn } else { Tone::Plain })
        }),
        Column::share("reach", "INTO MEMBERS", 12, 2, 4, |a, row| Cell::text(a.principals[row].reach.words())),
        Column::fixed("password", "PASSWORD", 8, 4, |a, row| Cell::flag(a.principals[row].password)),
        Column::fixed("key-age", "OLDEST KEY", 16, 8, |a, row| Cell::time(a.principals[row].oldest_key)),
        Column::fixed("ceiling", "CEILING", 10, 8, |a, row| match a.principals[row].ceiling {
            Ceiling::NotApplicable => Cell::unknown(),
            Ceiling::None => Cell::text(Ceiling::None.word()).tone(Tone::Warn),
            Ceiling::Boundary => Cell::text(Ceiling::Boundary.word()),
        }),
        Column::share("policies", "POLICIES", 14, 2, 3, |a, row| Cell::text(a.principals[row].policies.words())),
        Column::fixed("events", "EVENTS", 7, 3, |a, row| deeds(a, a.principals[row].deeds.events)),
        Column::fixed("writes", "WRITES", 7, 9, |a, row| deeds(a, a.principals[row].deeds.writes)),
        Column::fixed("created", "CREATED", 16, 10, |a, row| Cell::time(a.principals[row].created)),
        Column::share("arn", "ARN", 20, 2, 11, |a, row| Cell::text(a.principals[row].arn.as_str())),
    ],
    time: Some("last"),
    sort: Some(("exposure", true)),
    detail,
    raw,
    jumps: &[
        Jump {
            name: "events",
            to: |a, row| {
                events(&a.principals[row]).ok_or("a provider does not act itself: see the roles that trust it")
            },
        },
        Jump {
            name: "residents",
            to: |a, row| residents(&a.principals[row]).ok_or("no resident is known to carry it"),
        },
    ],
    empty: "No principals: nothing of IAM or Identity Center was found",
    short: &[],
    questions: &[asked::CAN],
    notable: None,
    noise: None,
    words: power::words,
};

fn last(a: &Assessment, row: usize) -> Cell<'_> {
    match a.principals[row].last {
        LastUse::At(time) => Cell::time(Some(time)),
        LastUse::Never => Cell::never(),
        LastUse::Unknown => Cell::unknown(),
    }
}

/// None found is not the same as none read.
fn deeds(a: &Assessment, count: u64) -> Cell<'_> {
    if no_events_read(a) { Cell::unknown() } else { Cell::count(count) }
}

fn no_events_read(a: &Assessment) -> bool {
    a.facts.events.is_empty() && a.facts.coverage.status(Ask::Events) != crate::model::Status::Complete
}

/// `admin`, `2 steps`, `1 step?` where it hangs on what is not known.
fn to_admin(principal: &PrincipalRow) -> Cell<'static> {
    use crate::analysis::power::Grade;
    if !principal.power_is_known() {
        return Cell::unknown();
    }
    match (principal.profile.grade(crate::catalog::powers::Power::Admin), principal.steps) {
        (Grade::Everywhere, _) => Cell::text("admin").tone(Tone::Bad),
        (_, Some((steps, truth))) => {
            let word = if steps == 1 { "step" } else { "steps" };
            let open = if truth == Truth::Yes { "" } else { "?" };
            Cell::text(format!("{steps} {word}{open}")).tone(if truth == Truth::Yes { Tone::Bad } else { Tone::Warn })
        }
        (Grade::Conditional, _) => Cell::text("admin?").tone(Tone::Warn),
        _ => Cell::text(""),
    }
}

fn marks(principal: &PrincipalRow) -> String {
    principal.marks.iter().map(|mark| mark.word()).collect::<Vec<_>>().join(" ")
}

/// The events of a principal: by its key; for a person by the session that bears their name.
pub fn events(principal: &PrincipalRow) -> Option<Target> {
    match principal.kind {
        PrincipalKind::SamlProvider
        | PrincipalKind::OidcProvider
        | PrincipalKind::OidcSubject
        | PrincipalKind::SamlSubject
        | PrincipalKind::IdentityCenterGroup => None,
        PrincipalKind::IdentityCenterUser => Some(Target::Filter(
            PaneId::Activity,
            format!("arn:\"role/AWSReservedSSO_\" session={}", quote(&principal.session)),
        )),
        _ => Some(exactly(PaneId::Activity, "arn", &principal.key)),
    }
}

fn residents(principal: &PrincipalRow) -> Option<Target> {
    match &principal.residents[..] {
        [] => None,
        [one] => Some(Target::Row(PaneId::Residents, one.to_string())),
        many => {
            let keys: Vec<String> = many.iter().map(|key| regex::escape(key).replace('/', "\\/")).collect();
            Some(Target::Filter(PaneId::Residents, format!("arn:/^({})$/", keys.join("|"))))
        }
    }
}

fn credentials(principal: &PrincipalRow) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(password) = principal.password {
        // A password is no fault in itself.
        let tone = if password && principal.mfa == Some(false) { Tone::Warn } else { Tone::Plain };
        lines.push(Line::field_toned("Console password", if password { "yes" } else { "no" }, tone));
    }
    if let Some(mfa) = principal.mfa {
        let tone = if mfa || principal.password == Some(false) { Tone::Plain } else { Tone::Warn };
        lines.push(Line::field_toned("MFA", if mfa { "yes" } else { "no" }, tone));
    }
    for key in &principal.keys {
        let id = if key.id.is_empty() { "(id not read)" } else { key.id.as_str() };
        let state = if key.active { "active" } else { "inactive" };
        let mut line = Line::field("Access key", format!("{id} {state}, made "));
        line = match key.created {
            Some(time) => line.and_time(time),
            None => line.and("at an unknown time", Tone::Dim),
        };
        line = match key.last {
            LastUse::At(time) => line.and(", last used ", Tone::Plain).and_time(time),
            LastUse::Never => line.and(", never used", Tone::Plain),
            LastUse::Unknown => line.and(", last use not known", Tone::Dim),
        };
        if !key.id.is_empty() {
            line = line.to(exactly(PaneId::Activity, "key", &key.id));
        }
        lines.push(line);
    }
    lines
}

fn policies(a: &Assessment, principal: &PrincipalRow) -> Vec<Line> {
    let policies = &principal.policies;
    let mut lines: Vec<Line> = Vec::new();
    lines.extend(
        policies
            .attached
            .iter()
            .map(|p| Line::field("Attached", p.name.as_str()).and(format!("  {}", p.arn), Tone::Dim)),
    );
    lines.extend(policies.inline.iter().map(|name| Line::field("Inline", name.as_str())));
    lines.extend(
        policies.from_groups.iter().map(|(group, policy)| Line::field("From group", format!("{group}: {policy}"))),
    );
    lines.extend(policies.permission_sets.iter().map(|name| Line::field("Permission set", name.as_str())));
    match (&principal.boundary, principal.ceiling) {
        (Some(arn), _) => lines.push(Line::field("Boundary", arn.as_str())),
        (None, Ceiling::None) => lines.push(Line::field_toned(
            "Ceiling",
            match a.facts.is_management_account() {
                Some(true) => "no ceiling: no permissions boundary, and SCPs never bind the management account",
                Some(false) => "no permissions boundary; SCPs bind it, this is a member account",
                None => "no permissions boundary; SCPs bind it unless this is the management account",
            },
            Tone::Warn,
        )),
        (None, Ceiling::Boundary) => lines.push(Line::field("Boundary", "in every permission set")),
        (None, Ceiling::NotApplicable) => {}
    }
    lines
}

fn who(principal: &PrincipalRow) -> Vec<Line> {
    let mut lines = vec![Line::field("Kind", principal.kind.word())];
    if !principal.arn.is_empty() {
        lines.push(Line::field("ARN", principal.arn.as_str()));
    }
    if principal.created.is_some() {
        lines.push(Line::time("Created", principal.created, ""));
    }
    lines.push(match principal.last {
        LastUse::At(time) => Line::time("Last used", Some(time), ""),
        LastUse::Never if principal.kind.is_role() => Line::field("Last used", "never in the 400 days that IAM tracks"),
        LastUse::Never => Line::field("Last used", "never"),
        LastUse::Unknown => Line::field_toned("Last used", "not known", Tone::Dim),
    });
    if !principal.marks.is_empty() {
        lines.push(Line::field("To note", marks(principal)));
    }
    lines
}

fn in_the_period(a: &Assessment, principal: &PrincipalRow) -> String {
    if no_events_read(a) {
        return "no events were read".to_owned();
    }
    let deeds = principal.deeds;
    format!("{} events, {} writes, {} errors", deeds.events, deeds.writes, deeds.errors)
}

fn activity(a: &Assessment, principal: &PrincipalRow) -> Vec<Line> {
    let line = |target| Line::field("In the period", in_the_period(a, principal)).to(target);
    events(principal).map(line).into_iter().collect()
}

/// What the other tabs hold, in a line each.
fn in_short(a: &Assessment, principal: &PrincipalRow) -> Vec<Line> {
    let to = |label: &str, text: String, tab: &'static str| {
        let line = Line::field(label, text);
        line.to(Target::Tab(PaneId::Principals, principal.key.to_string(), tab))
    };
    let mut lines = vec![to("How they get in", principal.entry.clone(), TRUST)];
    if principal.power_is_known() {
        let words = principal.profile.words();
        lines.push(to("Power", if words.is_empty() { "nothing that counts".into() } else { words }, POWER));
        lines.push(to("Administrator", power::standing(principal), PATHS));
        if !principal.reach.is_empty() {
            lines.push(to("Members", principal.reach.words(), PATHS));
        }
    }
    if principal.power_is_known() {
        lines.push(to("Exposure", format!("{}: how it comes about", principal.exposure.score), POWER));
    }
    let policies = principal.policies.words();
    if !policies.is_empty() {
        lines.push(to("Policies", policies, POLICIES));
    }
    if events(principal).is_some() {
        lines.push(to("In the period", in_the_period(a, principal), ACTIVITY));
    }
    if !principal.residents.is_empty() {
        lines.push(to("Carried by", format!("{} residents", principal.residents.len()), RESIDENTS));
    }
    if !principal.made.is_empty() {
        lines.push(to("Made", format!("{} residents in the period", principal.made.len()), RESIDENTS));
    }
    lines
}

/// The names of tabs to which something leads.
const POWER: &str = "Power";
const PATHS: &str = "Paths";
const TRUST: &str = "Trust";
const CREDENTIALS: &str = "Credentials";
const WHO: &str = "Who";
const POLICIES: &str = "Policies";
const ACTIVITY: &str = "Activity";
const RESIDENTS: &str = "Residents";

fn detail(a: &Assessment, row: usize) -> Document {
    let principal = &a.principals[row];
    let held = &principal.policies;
    let policy_count = held.attached.len() + held.inline.len() + held.from_groups.len() + held.permission_sets.len();
    let residents = |keys: &[Text]| -> Vec<Line> {
        keys.iter().map(|key| Line::text(key.as_str()).to(Target::Row(PaneId::Residents, key.to_string()))).collect()
    };
    Document::new(format!("{} ({})", principal.name, principal.kind.word()))
        .tab(WHO)
        .section(WHO, who(principal))
        .section("In short", in_short(a, principal))
        .tab_later(POWER, power::sections)
        .tab_later(PATHS, paths::sections)
        .tab_later(TRUST, trust::sections)
        .count(principal.gates.len() + principal.related.len())
        .tab(CREDENTIALS)
        .section(CREDENTIALS, credentials(principal))
        .tab(POLICIES)
        .count(policy_count)
        .section("Policies", policies(a, principal))
        .tab(ACTIVITY)
        .section("Activity", activity(a, principal))
        .tab(RESIDENTS)
        .count(principal.residents.len() + principal.made.len())
        .section("Residents that carry it", residents(&principal.residents))
        .section("Residents that it made in the period", residents(&principal.made))
        .tab_later("Containment", containment::sections)
        .tab_later("Raw", |a, row| super::raw::sections(&raw(a, row)))
}

/// The value of the model that the row was made from, policy documents opened.
fn raw(a: &Assessment, row: usize) -> Json {
    let (facts, principal) = (&a.facts, &a.principals[row]);
    let report = || facts.credential_report.get(principal.name.as_str());
    let value = match principal.kind {
        PrincipalKind::Root => {
            json!({"credentialReport": facts.credential_report.values().find(|r| r.is_root()), "accountSummary": facts.account_summary})
        }
        PrincipalKind::User => {
            let keys: Vec<_> = facts.access_keys.values().filter(|key| key.user == principal.name).collect();
            json!({"user": facts.users.get(&principal.arn), "credentialReport": report(), "accessKeys": keys})
        }
        PrincipalKind::SamlProvider | PrincipalKind::OidcProvider => {
            json!(facts.identity_providers.get(&principal.arn))
        }
        PrincipalKind::Service | PrincipalKind::OidcSubject | PrincipalKind::SamlSubject => {
            json!({"principal": principal.key, "trustedBy": principal.related})
        }
        PrincipalKind::Account => match facts.accounts.get(principal.key.as_str()) {
            Some(account) => json!(account),
            None => json!({"id": principal.key, "trustedBy": principal.related}),
        },
        PrincipalKind::IdentityCenterGroup | PrincipalKind::IdentityCenterUser => {
            let assignments: Vec<_> = facts.assignments.keys().filter(|x| x.assignee == principal.key).collect();
            json!({"group": facts.directory_groups.get(&principal.key), "user": facts.directory_users.get(&principal.key),
                "assignments": assignments})
        }
        _ => json!({"role": facts.roles.get(&principal.arn)}),
    };
    let mut value = value;
    if let Json::Object(map) = &mut value
        && !principal.nodes.is_empty()
    {
        map.insert("policies".into(), held(a, principal));
    }
    opened(value)
}

/// The documents of the managed policies that it holds, by ARN: the evidence behind its powers.
fn held(a: &Assessment, principal: &PrincipalRow) -> Json {
    use crate::analysis::power::holdings::PolicyKind;
    let graph = &a.power.graph;
    let holdings = principal.nodes.iter().map(|node| &graph.node(*node).holdings);
    let ids = holdings.flat_map(|held| held.identity.iter().map(|(id, _)| *id).chain(held.boundary));
    let managed = ids.map(|id| graph.library.get(id)).filter(|named| named.kind == PolicyKind::Managed);
    let document = |arn: &crate::model::Arn| {
        let known = a.facts.managed_policies.get(arn);
        let version = known.and_then(|policy| policy.versions.iter().find(|version| version.default));
        let text = version.map(|version| version.document.to_string());
        text.or_else(|| crate::catalog::managed_policies::document(arn).map(ToOwned::to_owned))
    };
    managed.map(|named| (named.arn.to_string(), document(&named.arn).map_or(Json::Null, Json::String))).collect()
}

/// JSON in strings, such as policy documents, as JSON.
pub(super) fn opened(value: Json) -> Json {
    match value {
        Json::String(text) if text.starts_with(['{', '[']) => {
            crate::model::Text::new(&text).json().unwrap_or(Json::String(text))
        }
        Json::Array(list) => list.into_iter().map(opened).collect(),
        Json::Object(map) => map.into_iter().map(|(key, value)| (key, opened(value))).collect(),
        other => other,
    }
}
