//! How exposed a principal leaves the account: how much it may do, how far it reaches, how easily somebody from outside
//! gets to it, and whether anybody would notice. A product, so that no great power that nobody can reach and no open door
//! into nothing comes first. Arguable, therefore told part by part.

use jiff::Timestamp;

use super::{Mark, PrincipalKind, PrincipalRow};
use crate::analysis::policy::Truth;
use crate::analysis::power::Grade;
use crate::catalog::powers::Power;

/// One factor of the number, with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    pub what: &'static str,
    /// In hundredths.
    pub value: u32,
    pub why: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposure {
    /// 0 to about 1,000.
    pub score: u32,
    /// Power counts as such; the others multiply it.
    pub factors: Vec<Factor>,
}

/// Unused for as long, access is not needed any more (IAM best practices, "Regularly review and remove unused users").
const DORMANT_DAYS: i64 = 90;

impl Exposure {
    pub fn of(row: &PrincipalRow, as_of: Timestamp, members: usize) -> Self {
        let (power, why) = power(row);
        let factors = vec![
            Factor { what: "power", value: power * 100, why },
            reach(row, members),
            outside(row),
            dormant(row, as_of),
        ];
        let product = factors.iter().fold(1.0, |product, factor| product * f64::from(factor.value) / 100.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few hundred at most, and positive"
        )]
        let score = product.round().min(9_999.0) as u32;
        Self { score, factors }
    }
}

/// 0 to 100, with the words for it.
fn power(row: &PrincipalRow) -> (u32, String) {
    let profile = &row.profile;
    let mut found: Vec<(u32, String)> = Vec::new();
    match profile.grade(Power::Admin) {
        Grade::Everywhere => found.push((100, "administrator".into())),
        Grade::Conditional => found.push((60, "administrator, if conditions hold".into())),
        Grade::Somewhere | Grade::No => {}
    }
    if let Some((steps, truth)) = row.steps {
        // What hangs on what is not known weighs less than any way that is certain.
        let least = if truth == Truth::Yes { 60 } else { 20 };
        let value = if truth == Truth::Yes { 95 } else { 40 };
        let steps_word = if steps == 1 { "1 step".into() } else { format!("{steps} steps") };
        let open = if truth == Truth::Yes { "" } else { ", if what is not known holds" };
        let value = value.max(least + 5 * steps) - 5 * steps;
        found.push((value.max(least), format!("{steps_word} from administrator{open}")));
    }
    for (power, weight) in [
        (Power::OrganizationControl, 90),
        (Power::IamControl, 75),
        (Power::RootRecovery, 60),
        (Power::TrailControl, 50),
        (Power::Data, 35),
        (Power::BillingControl, 30),
        (Power::Read, 8),
    ] {
        let share = match profile.grade(power) {
            Grade::Everywhere => 100,
            Grade::Somewhere => 80,
            Grade::Conditional => 40,
            Grade::No => continue,
        };
        found.push((weight * share / 100, power.word().into()));
    }
    found.sort_by_key(|(value, _)| std::cmp::Reverse(*value));
    found.into_iter().next().unwrap_or((1, "nothing that counts".into()))
}

fn reach(row: &PrincipalRow, members: usize) -> Factor {
    let reach = &row.reach;
    let members = u32::try_from(members).unwrap_or(u32::MAX).max(1);
    let entered = reach.did.keys().filter(|member| !reach.could.contains_key(*member)).count();
    let could = u32::try_from(reach.could.len() + entered).unwrap_or(u32::MAX).min(members);
    let value = 100 + 50 * could / members + if reach.did.is_empty() { 0 } else { 20 };
    let why = if reach.is_empty() { "no member is known to be in reach".into() } else { reach.words() };
    Factor { what: "reach", value, why }
}

/// How easily somebody from outside becomes it.
fn outside(row: &PrincipalRow) -> Factor {
    let marked = |mark: Mark| row.marks.contains(&mark);
    let keys = row.active_keys.unwrap_or(0) > 0;
    let doors = [
        (marked(Mark::Anyone), 300, "anyone on AWS gets in"),
        (marked(Mark::WideOidc), 250, "any subject of an identity provider gets in"),
        (
            marked(Mark::UnknownAccount) && marked(Mark::NoExternalId),
            220,
            "an account outside gets in without an external id",
        ),
        (row.password == Some(true) && row.mfa == Some(false), 200, "a password without MFA"),
        (marked(Mark::UnknownAccount), 180, "an account outside gets in"),
        (row.kind == PrincipalKind::Root && keys, 300, "root's own access keys, which nothing bounds"),
        (row.kind == PrincipalKind::Root && row.mfa == Some(false), 250, "root without MFA"),
        (keys, 160, "access keys that do not expire"),
        (
            matches!(row.kind, PrincipalKind::OidcRole | PrincipalKind::OidcSubject),
            140,
            "a workload outside AWS gets in by a token",
        ),
        (row.kind == PrincipalKind::CrossAccountRole, 130, "another account of the organization gets in"),
        (
            matches!(row.kind, PrincipalKind::SamlRole | PrincipalKind::SamlSubject),
            120,
            "people get in by an identity provider",
        ),
        (row.password == Some(true), 120, "a password with MFA"),
        (
            matches!(
                row.kind,
                PrincipalKind::IdentityCenterUser
                    | PrincipalKind::IdentityCenterGroup
                    | PrincipalKind::IdentityCenterRole
            ),
            110,
            "people get in by Identity Center",
        ),
        (row.kind == PrincipalKind::ServiceLinkedRole, 20, "only its AWS service uses it"),
        (matches!(row.kind, PrincipalKind::ServiceRole | PrincipalKind::Service), 60, "only AWS services use it"),
        (
            row.kind == PrincipalKind::User && row.password == Some(false) && row.active_keys == Some(0),
            30,
            "no way in is open",
        ),
    ];
    let door = doors.into_iter().find(|(open, ..)| *open);
    let (value, why) = door.map_or((100, "only from within the account"), |(_, value, why)| (value, why));
    Factor { what: "from outside", value, why: why.into() }
}

fn dormant(row: &PrincipalRow, as_of: Timestamp) -> Factor {
    let dormant = row.is_dormant(as_of, DORMANT_DAYS);
    let (value, why) = if dormant && row.kind != PrincipalKind::ServiceLinkedRole {
        (130, format!("unused for {DORMANT_DAYS} days: nobody would miss it, nor see it used"))
    } else {
        (100, "in use, or not known to be unused".to_owned())
    };
    Factor { what: "dormant", value, why }
}
