//! The principal that is to be stopped, with what its steps are made from.

use std::collections::HashSet;

use crate::analysis::Assessment;
use crate::analysis::principals::trust::Trusted;
use crate::analysis::principals::{Gate, LastUse, PrincipalKind, PrincipalRow};
use crate::model::{AccountId, Arn, Ask, Facts, Role, Status, Text};

use super::shell::{Command, Document};
use super::uses::{Ledger, Link, Tally, Use, short};
use super::{Effect, Step, count, pages, some};

/// Policies that IAM lets be attached to a user or a role, unless the quota was raised (IAM User Guide,
/// reference_iam-quotas).
const ATTACHED_AT_MOST: usize = 10;

/// Roles of other accounts for which a command is given; the rest is a number.
const ELSEWHERE_NAMED: usize = 10;

/// Residents that are named; the rest is one line.
const RESIDENTS_NAMED: usize = 5;

pub(super) struct Case<'a> {
    pub a: &'a Assessment,
    pub facts: &'a Facts,
    pub row: &'a PrincipalRow,
    /// Its own account, or the one that was looked at; empty when neither is known.
    pub account: AccountId,
    pub partition: String,
    /// The roles through which it acts, if it does not act itself.
    pub roles: Vec<&'a PrincipalRow>,
    pub ledger: Ledger,
}

impl<'a> Case<'a> {
    pub fn of(a: &'a Assessment, row: &'a PrincipalRow) -> Self {
        let facts = &a.facts;
        let own = Some(AccountId::new(row.arn.account())).filter(|account| !account.is_empty());
        let arn = [&row.arn].into_iter().chain(facts.roles.keys()).chain(facts.users.keys()).find(|a| a.looks_valid());
        let roles = roles_of(a, row);
        let actors: HashSet<Text> =
            roles.iter().map(|role| role.key.clone()).chain(std::iter::once(row.key.clone())).collect();
        Self {
            a,
            facts,
            row,
            account: own.or_else(|| facts.subject_account()).unwrap_or_default(),
            partition: arn.map_or("aws", Arn::partition).to_owned(),
            roles,
            ledger: Ledger::of(a, &actors),
        }
    }

    /// The AWS managed policy that denies everything explicitly.
    pub fn deny_all(&self) -> String {
        format!("arn:{}:iam::aws:policy/AWSDenyAll", self.partition)
    }

    pub fn role(&self, row: &PrincipalRow) -> Option<&'a Role> {
        self.facts.roles.get(&row.arn)
    }

    pub fn knows(&self, ask: Ask) -> bool {
        self.facts.coverage.status(ask) == Status::Complete
    }

    /// What the silence of the events is worth.
    pub fn unless_unread(&self) -> &'static str {
        if self.knows(Ask::Events) { "" } else { ", but were not read to the end" }
    }

    /// A Deny of everything on a role that IAM lets be changed.
    pub fn deny_role(&self, row: &PrincipalRow) -> Command {
        if row.policies.attached.len() < ATTACHED_AT_MOST {
            return Command::new("iam attach-role-policy")
                .with("role-name", &row.name)
                .with("policy-arn", &self.deny_all());
        }
        Command::new("iam put-role-policy")
            .with("role-name", &row.name)
            .with("policy-name", "ContainmentDenyAll")
            .document("policy-document", &Document::deny())
    }

    pub fn deny_user(&self) -> Command {
        if self.row.policies.attached.len() < ATTACHED_AT_MOST {
            return Command::new("iam attach-user-policy")
                .with("user-name", &self.row.name)
                .with("policy-arn", &self.deny_all());
        }
        Command::new("iam put-user-policy")
            .with("user-name", &self.row.name)
            .with("policy-name", "ContainmentDenyAll")
            .document("policy-document", &Document::deny())
    }

    /// What the console does with "Revoke active sessions".
    pub fn revoke_role(name: &str) -> Command {
        Command::new("iam put-role-policy")
            .with("role-name", name)
            .with("policy-name", "AWSRevokeOlderSessions")
            .document("policy-document", &Document::revoke())
    }

    /// The sessions that it holds as somebody else: of roles that it took on, as these actors, in sessions of these
    /// names.
    pub fn taken_words(&self, actors: &[Text], sessions: &[Text]) -> String {
        let taken = self.ledger.taken(actors, sessions);
        if taken.is_empty() {
            return format!("sessions of roles that it took on (the events show none{})", self.unless_unread());
        }
        let names: Vec<Text> = taken.iter().map(|key| self.role_words(key)).collect();
        format!("sessions of {} that it took on ({})", count(taken.len(), "role", "roles"), some(&names))
    }

    /// `Deploy`, or of another account `OrganizationAccountAccessRole of 333333333333`.
    fn role_words(&self, key: &str) -> Text {
        let arn = Arn::new(key);
        if *arn.account() == *self.account {
            return Text::new(arn.name());
        }
        Text::new(&format!("{} of {}", arn.name(), arn.account()))
    }

    /// The step against sessions of roles that it took on, if the events show any.
    pub fn revoke_taken(&self, actors: &[Text], sessions: &[Text]) -> Option<Step> {
        let taken = self.ledger.taken(actors, sessions);
        let can_change = |key: &&Text| {
            let arn = Arn::new(key.as_str());
            !["AWSReservedSSO_", "AWSServiceRoleFor"].iter().any(|prefix| arn.name().starts_with(prefix))
        };
        let (here, elsewhere): (Vec<&Text>, Vec<&Text>) =
            taken.iter().filter(can_change).partition(|key| *Arn::new(key.as_str()).account() == *self.account);
        if here.is_empty() && elsewhere.is_empty() {
            return None;
        }
        let mut step = Step::new(
            Effect::StopsInPart,
            "Revoke the sessions of the roles that it took on",
            "The events show AssumeRole by it. A role's session has the role's permissions: no Deny on who opened it \
             reaches it. This denies everything to sessions of the role that began before the command runs.",
            pages::REVOKE,
        );
        for key in here {
            let arn = Arn::new(key.as_str());
            let known = self.a.principals.iter().any(|row| row.key == *key);
            let link = if known { Link::Principal(key.clone()) } else { Link::Actor(key.clone()) };
            let tally = Tally::from(self.a.activity.of(key));
            step.breaks.push(Use::new(format!("all that is done as {}", arn.name()), tally, Some(link)));
            step = step.run(Self::revoke_role(arn.name()));
        }
        // The names of roles elsewhere are known, the way in is not.
        for key in elsewhere.iter().take(ELSEWHERE_NAMED) {
            let arn = Arn::new(key.as_str());
            let profile = format!("profile for account {}", arn.account());
            step = step.run(Self::revoke_role(arn.name()).unknown("profile", &profile));
        }
        let more = match elsewhere.len().saturating_sub(ELSEWHERE_NAMED) {
            0 => String::new(),
            more => format!("; {more} more roles of other accounts"),
        };
        Some(step.leaves(format!("sessions that begin after it{more}")))
    }

    /// The residents that carry it.
    pub fn residents(&self, row: &PrincipalRow) -> Vec<Use> {
        let mut uses: Vec<Use> = row
            .residents
            .iter()
            .take(RESIDENTS_NAMED)
            .map(|key| {
                let arn = Arn::new(key.as_str());
                let place = if arn.region().is_empty() { String::new() } else { format!(" in {}", arn.region()) };
                let who = format!("{}{place} runs as it", short(key));
                Use::new(who, Tally::default(), Some(Link::Resident(key.clone())))
            })
            .collect();
        if row.residents.len() > RESIDENTS_NAMED {
            let more = row.residents.len() - RESIDENTS_NAMED;
            uses.push(Use::new(format!("{more} more residents that run as it"), Tally::default(), None));
        }
        uses
    }

    /// Everything that is done as a principal, and what runs as it.
    pub fn uses_of(&self, row: &PrincipalRow) -> Vec<Use> {
        let mut uses = self.ledger.uses(&row.key, &row.name);
        if uses.is_empty() {
            uses.extend(told(&format!("what uses {}", row.name), row.last));
        }
        uses.extend(self.residents(row));
        uses
    }
}

/// A last use that IAM tells and the events do not show.
pub(super) fn told(who: &str, last: LastUse) -> Option<Use> {
    let LastUse::At(time) = last else { return None };
    Some(Use::new(format!("{who}, as IAM tells"), Tally { last: Some(time), ..Tally::default() }, None))
}

/// Whether a gate is that of a provider, account or service.
pub(super) fn lets_in(gate: &Gate, row: &PrincipalRow) -> bool {
    match row.kind {
        PrincipalKind::SamlProvider => gate.trusted.as_ref() == Some(&Trusted::Saml(row.arn.clone())),
        PrincipalKind::OidcProvider => {
            let url = row.arn.resource().strip_prefix("oidc-provider/").unwrap_or("");
            gate.trusted.as_ref() == Some(&Trusted::Oidc(Text::new(url)))
        }
        PrincipalKind::Account => gate.account.as_ref().is_some_and(|account| *account.text() == row.key),
        PrincipalKind::OidcSubject | PrincipalKind::SamlSubject => {
            let provider = row.key.split('|').next().unwrap_or("");
            let any = gate.subjects.is_empty() || gate.subjects.contains(&row.name);
            let trusted = match row.kind {
                PrincipalKind::SamlSubject => Trusted::Saml(Arn::new(provider)),
                _ => Trusted::Oidc(Text::new(provider)),
            };
            gate.trusted.as_ref() == Some(&trusted) && any
        }
        PrincipalKind::Service => gate.trusted.as_ref() == Some(&Trusted::Service(row.key.clone())),
        _ => false,
    }
}

/// The roles with a gate for a provider, account or service.
pub(super) fn trusting<'a>(a: &'a Assessment, row: &PrincipalRow) -> impl Iterator<Item = &'a PrincipalRow> {
    let opens = |role: &&PrincipalRow| role.gates.iter().any(|gate| lets_in(gate, row));
    a.principals.iter().filter(|role| role.kind.is_role()).filter(opens)
}

fn roles_of<'a>(a: &'a Assessment, row: &PrincipalRow) -> Vec<&'a PrincipalRow> {
    match row.kind {
        PrincipalKind::IdentityCenterGroup | PrincipalKind::IdentityCenterUser => {
            let of = |role: &&PrincipalRow| {
                role.kind == PrincipalKind::IdentityCenterRole
                    && row
                        .policies
                        .permission_sets
                        .iter()
                        .any(|set| super::identity_center::is_role_of(&role.name, set))
            };
            a.principals.iter().filter(of).collect()
        }
        _ => trusting(a, row).collect(),
    }
}
