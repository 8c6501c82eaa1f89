//! What lives in the management account, and what each resource is to it.
//!
//! Rules of `catalog::residency` in their order: evidence, then names, then the type, then the service.
//! A name can move a row to another class but never hide it, and the reason says where a class came from.

mod coverage;
mod evidence;
mod join;
mod makers;

use crate::catalog::residency::{self, ResidencyClass, Rule, ServiceClass};
use crate::catalog::{arns, residency::Sure};
use crate::model::{AccountId, Facts, Resident, Text};

pub use coverage::{InventoryCoverage, SourceLine, coverage_line, no_workloads_line};
use evidence::{Confirmed, Evidence, Subject};
pub use makers::makers;

/// The weight of a resource of which the catalog knows nothing: ordinary, so that it does not vanish.
pub const UNKNOWN_WEIGHT: u8 = 3;

/// What a class rests on. Surer is smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// A property, a relation, a path or an ARN that cannot be made up.
    Evidence,
    /// The resource's type.
    Type,
    /// Its service alone.
    Service,
    /// Its name, which anybody can copy.
    Name,
    /// Nothing known.
    Unknown,
}

impl Certainty {
    pub fn word(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Type => "type",
            Self::Service => "service",
            Self::Name => "name only",
            Self::Unknown => "unknown",
        }
    }
}

/// Whose resource it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// The account that was looked at, as far as can be told.
    Here,
    /// The list answer may hold things of AWS, and nothing says whose this one is.
    PerhapsAws,
    Aws,
    /// Shared with this account, or named by it.
    Another(AccountId),
}

impl Owner {
    /// Counted among the residents.
    pub fn is_resident(&self) -> bool {
        matches!(self, Self::Here | Self::PerhapsAws)
    }
}

/// One resident, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct ResidentRow {
    /// The ARN, or type, Region and identifier: the same through refreshes.
    pub key: Text,
    pub class: ResidencyClass,
    /// 0 to 10, see [`ServiceClass::weight`]. 0 for what is not this account's.
    pub weight: u8,
    pub certainty: Certainty,
    pub owner: Owner,
    /// Which rule or type said so, and how sure it is.
    pub reason: Text,
    /// The rule's id, where one applied.
    pub rule: Option<&'static str>,
    pub category: Text,
    /// Can hold customer data.
    pub data: bool,
    /// Can be public, shared, or reached from outside.
    pub exposable: bool,
    pub resident: Resident,
}

impl ResidentRow {
    /// The name, or what else tells it from others of its type.
    pub fn name(&self) -> &str {
        self.resident.name.as_deref().unwrap_or(&self.resident.identifier)
    }

    /// Something that should move to a member account.
    pub fn is_workload(&self) -> bool {
        self.class == ResidencyClass::Workload && self.weight > 0 && self.owner.is_resident()
    }
}

/// Judges every resident, heaviest first, then by type and name. Nothing is left out: what belongs to AWS or
/// to another account is marked as such and weighs nothing.
pub fn assess(facts: &Facts) -> Vec<ResidentRow> {
    let residents = join::join(facts);
    let evidence = Evidence::of(facts, &residents);
    let mut rows: Vec<_> = residents.into_iter().map(|(key, resident)| judge(key, resident, &evidence)).collect();
    rows.sort_by(|a, b| {
        let rank = |row: &ResidentRow| std::cmp::Reverse(row.weight);
        rank(a)
            .cmp(&rank(b))
            .then_with(|| a.resident.resource_type.cmp(&b.resident.resource_type))
            .then_with(|| a.name().cmp(b.name()))
            .then_with(|| a.key.cmp(&b.key))
    });
    rows
}

struct Verdict {
    is: ServiceClass,
    certainty: Certainty,
    reason: String,
    rule: Option<&'static Rule>,
}

fn judge(key: Text, resident: Resident, evidence: &Evidence<'_>) -> ResidentRow {
    let subject = Subject::of(&resident);
    let verdict = by_rule(&subject, evidence).unwrap_or_else(|| by_type(&resident));
    let owner = owner(&resident, &verdict, evidence);
    let (class, weight, reason) = match &owner {
        Owner::Another(account) => (
            ResidencyClass::Unknown,
            0,
            format!("belongs to account {account}, not to this one; otherwise: {}", verdict.reason),
        ),
        Owner::Aws => (ResidencyClass::Baseline, 0, format!("owned by AWS; {}", verdict.reason)),
        Owner::PerhapsAws => {
            (verdict.is.class, verdict.is.weight, format!("{}; may be owned by AWS (nothing says)", verdict.reason))
        }
        Owner::Here => (verdict.is.class, verdict.is.weight, verdict.reason),
    };
    ResidentRow {
        key,
        class,
        weight,
        certainty: verdict.certainty,
        owner,
        reason: Text::new(&reason),
        rule: verdict.rule.map(|rule| rule.id.as_str()),
        category: Text::new(&verdict.is.category),
        data: verdict.is.data,
        exposable: verdict.is.exposable,
        resident,
    }
}

fn by_rule(subject: &Subject<'_>, evidence: &Evidence<'_>) -> Option<Verdict> {
    let resource_type = subject.resident.resource_type.as_str();
    let of_type = residency::table().class_of(resource_type);
    for rule in residency::table().rules() {
        if !rule.is_for(resource_type) || !evidence.applies(rule, subject) {
            continue;
        }
        let by_stack = matches!(rule.relation, Some(residency::Relation::Stack { .. }));
        let mut is = rule.is.clone();
        // A rule says what the resource is for; what it can do is its type's.
        (is.data, is.exposable) = of_type.map_or((false, false), |t| (t.data, t.exposable));
        let confirmed = if rule.name_only { evidence.confirm(rule, subject) } else { Confirmed::Yes };
        let (certainty, tail) = match confirmed {
            Confirmed::No => continue,
            Confirmed::Yes if by_stack => (Certainty::Name, "; stack names can be copied".to_owned()),
            Confirmed::Yes => (Certainty::Evidence, String::new()),
            Confirmed::Unknown => {
                // A name may regroup a row, never hide it.
                is.weight = is.weight.max(1);
                let ask = rule.confirm_with.as_ref().map(|with| format!(", confirm with {with}")).unwrap_or_default();
                (Certainty::Name, format!("; by its name alone, which proves nothing{ask}"))
            }
        };
        let reason = format!("{} (rule {}, certainty {}){tail}", rule.note, rule.id, rule.sure.word());
        return Some(Verdict { is, certainty, reason, rule: Some(rule) });
    }
    None
}

fn by_type(resident: &Resident) -> Verdict {
    let table = residency::table();
    let name = resident.resource_type.as_str();
    if let Some(own) = table.type_class(name) {
        let why = own.reason.as_deref().unwrap_or("settings or part of something that is counted itself");
        let unsure = if own.unsure { ", young or unclear service" } else { "" };
        let reason = format!("{why} (type {name}{unsure})");
        return Verdict { is: own.is.clone(), certainty: Certainty::Type, reason, rule: None };
    }
    let service = match name.split_once("::") {
        Some((_, rest)) => rest.split("::").next(),
        None => name.split(':').next().and_then(arns::service_of),
    };
    if let Some((service, class)) = service.and_then(|s| Some((s, table.service_class(s)?))) {
        let reason = format!("class of its service, {service}");
        return Verdict { is: class.clone(), certainty: Certainty::Service, reason, rule: None };
    }
    let is = ServiceClass {
        class: ResidencyClass::Unknown,
        category: "other".to_owned(),
        weight: UNKNOWN_WEIGHT,
        data: false,
        exposable: false,
    };
    let reason = format!("the catalog does not know {name}");
    Verdict { is, certainty: Certainty::Unknown, reason, rule: None }
}

/// Whose it is: by the account in the ARN, else by the account that the source named, else by what the
/// catalog says of answers that hold AWS's own things.
fn owner(resident: &Resident, verdict: &Verdict, evidence: &Evidence<'_>) -> Owner {
    let in_arn = resident.arn.as_ref().map(|arn| arn.account()).filter(|account| !account.is_empty());
    let named = in_arn.or(resident.account.as_ref().map(|account| account.as_str()));
    let is_here = evidence.account.as_ref().map(|here| Some(here.as_str()) == named);
    match (named, is_here) {
        (Some("aws" | "amazon"), _) => return Owner::Aws,
        (Some(account), Some(false)) if account.len() == 12 => return Owner::Another(AccountId::new(account)),
        _ => {}
    }
    let may = residency::table().type_class(&resident.resource_type).and_then(|t| t.may_list_aws_owned);
    match (may, verdict.rule) {
        (Some(_), Some(rule))
            if !rule.name_only && rule.is.class == ResidencyClass::Baseline && rule.is.weight == 0 =>
        {
            Owner::Aws
        }
        // The account in the ARN settles it; that which the collector filled in does not.
        (Some(Sure::High | Sure::Medium), _) if in_arn.is_none() => Owner::PerhapsAws,
        _ => Owner::Here,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
