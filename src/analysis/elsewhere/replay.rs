//! One place's answers: what the policies that bind it make of each group of events.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::Elsewhere;
use super::bounds::{Bounds, Levels, Open, with_layers};
use super::groups::{Group, NONE, Owner};
use super::place::{Place, PlaceKind};
use super::request::{Asker, Setting};
use crate::analysis::policy::{
    Effect, Evidence, Layer, Request, StatementRef, Truth, Verdict, evaluate, explain, special,
};
use crate::catalog::calls::Call;
use crate::model::Facts;

/// What would have become of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A policy denies it, or no policy of a level allows it.
    Denied,
    /// It hangs on what the event does not tell.
    CannotTell,
    Passes,
    /// Neither SCPs nor RCPs reach it: a service's call, a service-linked role, somebody of another account.
    NotBound,
    /// A sign-in: no action of IAM.
    SignIn,
    /// The record is of another account.
    OtherAccount,
    /// Not among the events that are shown.
    #[default]
    NotShown,
}

impl Outcome {
    pub const ALL: [Self; 6] =
        [Self::Denied, Self::CannotTell, Self::Passes, Self::NotBound, Self::SignIn, Self::OtherAccount];

    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::CannotTell => "cannot tell",
            Self::Passes => "passes",
            Self::NotBound => "not bound",
            Self::SignIn => "sign-in",
            Self::OtherAccount => "other account",
            Self::NotShown => "",
        }
    }
}

/// Why an outcome is what it is, a phrase each.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reasons {
    /// The statements that deny, or the level that does not allow.
    pub policies: Vec<String>,
    /// What would have to be known.
    pub missing: Vec<String>,
}

impl Reasons {
    /// In one line.
    pub fn words(&self) -> String {
        let missing = (!self.missing.is_empty()).then(|| format!("without {}", self.missing.join(", ")));
        self.policies.iter().cloned().chain(missing).collect::<Vec<_>>().join("; ")
    }
}

#[derive(Debug)]
pub struct Replay {
    pub place: Place,
    /// By group.
    outcomes: Vec<Outcome>,
    /// By [`Outcome::ALL`]: events, and how many of them failed.
    totals: [(u64, u64); 6],
    bounds: Bounds,
    /// The accounts in which it is pretended to work: one for all, and each that policies name.
    accounts: Vec<String>,
}

/// An account below a unit that no policy names.
const SOME_ACCOUNT: &str = "000000000000";

/// Everything that answers, made once for all groups.
struct Court<'a> {
    all: &'a Elsewhere,
    setting: Setting<'a>,
    askers: Vec<Asker>,
    /// By [`Open`].
    scps: [Levels<'a>; 3],
    rcps: [Levels<'a>; 3],
}

impl<'a> Court<'a> {
    fn new(all: &'a Elsewhere, facts: &'a Facts, place: &'a Place, bounds: &'a Bounds, account: &str) -> Self {
        let setting = Setting::new(facts, place, account, &all.principals, &all.keys);
        let askers = all.groups.whos.iter().map(|who| setting.caller(who)).collect();
        let forms = |layer| [Open::Nothing, Open::Resource, Open::Action].map(|open| bounds.levels(layer, open));
        Self { all, setting, askers, scps: forms(Layer::Scp), rcps: forms(Layer::Rcp) }
    }

    /// Puts a group's requests to the policies, one for each resource; none: no policy reaches it.
    fn ask<T>(&self, group: &Group, judge: impl Fn(&Request<'_>, &crate::analysis::policy::Layers<'_>) -> T) -> Vec<T> {
        let of = &group.of;
        let (kind, asker) = (&self.all.groups.calls[of.call as usize], &self.askers[of.who as usize]);
        let action = self.setting.action(kind);
        let (resources, open) = self.setting.resources(of, kind);
        let none: &[Vec<&crate::analysis::policy::Policy>] = &[];
        let scps = if asker.scps && special::scps_bind(&asker.caller) { &self.scps[open as usize][..] } else { none };
        let rcps = &self.rcps[open as usize][..];
        let context = self.setting.context(asker, of, kind);
        let own = self.setting.account.as_str();
        let mut answers = Vec::new();
        for resource in &resources {
            // An RCP of the place is about resources of the place.
            let others = of.owner == Owner::Other
                || resource.split(':').nth(4).is_some_and(|account| !account.is_empty() && account != own);
            let rcps = if others || !special::rcps_bind(&asker.caller, &action) { none } else { rcps };
            if scps.is_empty() && rcps.is_empty() {
                continue;
            }
            let request = Request {
                caller: &asker.caller,
                action: &action,
                resource,
                resource_account: (!others).then_some(own),
                context: &context,
            };
            answers.push(with_layers(scps, rcps, |layers| judge(&request, layers)));
        }
        answers
    }

    fn outcome(&self, group: &Group) -> Outcome {
        if !group.of.here {
            return Outcome::OtherAccount;
        }
        if matches!(self.all.groups.calls[group.of.call as usize].call, Call::SignIn) {
            return Outcome::SignIn;
        }
        let judge =
            |request: &Request<'_>, layers: &crate::analysis::policy::Layers<'_>| match evaluate(request, layers) {
                Verdict::ExplicitlyDenied => Outcome::Denied,
                Verdict::CannotTell => Outcome::CannotTell,
                Verdict::Allowed => Outcome::Passes,
                // What the service itself refuses, it refuses anywhere.
                Verdict::ImplicitlyDenied => {
                    let (_, evidence) = explain(request, layers);
                    if evidence.blocked_by == [Layer::Service] { Outcome::Passes } else { Outcome::Denied }
                }
            };
        // Of several resources each must be allowed.
        self.ask(group, judge).into_iter().min().unwrap_or(Outcome::NotBound)
    }
}

impl Replay {
    pub(super) fn of(all: &Elsewhere, facts: &Facts, place: Place) -> Self {
        let bounds = all.library.bounds(&place);
        let accounts = accounts(facts, &place, &bounds);
        let mut outcomes: Vec<Outcome> = Vec::new();
        for account in &accounts {
            let court = Court::new(all, facts, &place, &bounds, account);
            let here: Vec<Outcome> = all.groups.all.par_iter().map(|group| court.outcome(group)).collect();
            if outcomes.is_empty() {
                outcomes = here;
            } else {
                // Where it hangs on the account, and none was named, it cannot be told.
                for (one, other) in outcomes.iter_mut().zip(here) {
                    *one = if *one == other { other } else { Outcome::CannotTell };
                }
            }
        }
        let mut totals = [(0, 0); 6];
        for (group, outcome) in all.groups.all.iter().zip(&outcomes) {
            if let Some(at) = Outcome::ALL.iter().position(|known| known == outcome) {
                totals[at].0 += group.events;
                totals[at].1 += group.failed;
            }
        }
        Self { place, outcomes, totals, bounds, accounts }
    }

    /// How many of the events that are shown have this outcome.
    pub fn events(&self, outcome: Outcome) -> u64 {
        self.total(outcome).0
    }

    /// How many of these failed in the first place.
    pub fn failed(&self, outcome: Outcome) -> u64 {
        self.total(outcome).1
    }

    fn total(&self, outcome: Outcome) -> (u64, u64) {
        Outcome::ALL.iter().position(|known| *known == outcome).map_or((0, 0), |at| self.totals[at])
    }

    /// How many policies of the organization's own bind the place.
    pub fn policies(&self) -> usize {
        self.bounds.own_policies().len()
    }

    pub(super) fn of_group(&self, group: usize) -> Outcome {
        self.outcomes.get(group).copied().unwrap_or_default()
    }

    /// What would have become of an event, by its number.
    pub fn outcome(&self, all: &Elsewhere, row: usize) -> Outcome {
        match all.groups.of_row.get(row) {
            Some(&group) if group != NONE => self.of_group(group as usize),
            _ => Outcome::NotShown,
        }
    }

    /// Why, by an event's number.
    pub fn reasons(&self, all: &Elsewhere, facts: &Facts, row: usize) -> Reasons {
        match all.groups.of_row.get(row) {
            Some(&group) if group != NONE => self.reasons_of(all, facts, &[group as usize]).pop().unwrap_or_default(),
            _ => Reasons::default(),
        }
    }

    /// Why, of each of some groups.
    pub(super) fn reasons_of(&self, all: &Elsewhere, facts: &Facts, groups: &[usize]) -> Vec<Reasons> {
        let court = |account: &String| Court::new(all, facts, &self.place, &self.bounds, account);
        let courts: Vec<Court<'_>> = self.accounts.iter().map(court).collect();
        groups.par_iter().map(|&group| self.why(&courts, &all.groups.all[group], self.of_group(group))).collect()
    }

    fn why(&self, courts: &[Court<'_>], group: &Group, outcome: Outcome) -> Reasons {
        let mut reasons = Reasons::default();
        if !matches!(outcome, Outcome::Denied | Outcome::CannotTell) {
            return reasons;
        }
        let answers: Vec<(Verdict, Evidence)> = courts.iter().flat_map(|court| court.ask(group, explain)).collect();
        let add = |list: &mut Vec<String>, words: String| {
            if !words.is_empty() && !list.contains(&words) {
                list.push(words);
            }
        };
        for (verdict, evidence) in &answers {
            let of = |effect: Effect, least: Truth| -> Vec<StatementRef> {
                let speaks = |(at, truth): &&(StatementRef, Truth)| at.effect == effect && *truth >= least;
                let bound = |at: &StatementRef| matches!(at.layer, Layer::Scp | Layer::Rcp);
                evidence.statements.iter().filter(speaks).map(|(at, _)| *at).filter(bound).collect()
            };
            match (outcome, verdict) {
                (Outcome::Denied | Outcome::CannotTell, Verdict::ExplicitlyDenied) => {
                    for at in of(Effect::Deny, Truth::Yes) {
                        add(&mut reasons.policies, self.bounds.words(at));
                    }
                }
                (Outcome::Denied | Outcome::CannotTell, Verdict::ImplicitlyDenied) => {
                    let allowing = of(Effect::Allow, Truth::Yes);
                    for layer in [Layer::Scp, Layer::Rcp].iter().filter(|layer| evidence.blocked_by.contains(layer)) {
                        add(&mut reasons.policies, self.bounds.silent(*layer, &allowing).unwrap_or_default());
                    }
                }
                (Outcome::CannotTell, Verdict::CannotTell) => {
                    for at in of(Effect::Deny, Truth::Unknown) {
                        add(&mut reasons.policies, self.bounds.words(at));
                    }
                    for missing in &evidence.missing {
                        add(&mut reasons.missing, missing.clone());
                    }
                }
                _ => {}
            }
        }
        if outcome == Outcome::CannotTell && reasons.missing.is_empty() {
            reasons.missing.push("aws:PrincipalAccount".to_owned());
        }
        reasons
    }
}

/// An account of which nothing is said, if there may be one, and those that policies name.
fn accounts(facts: &Facts, place: &Place, bounds: &Bounds) -> Vec<String> {
    if place.kind == PlaceKind::Account {
        return vec![place.id().to_string()];
    }
    let named = bounds.accounts();
    let below: BTreeSet<&str> = place.accounts(facts).map(crate::model::AccountId::as_str).collect();
    let others = below.is_empty() || below.iter().any(|account| !named.contains(account));
    let some = others.then(|| SOME_ACCOUNT.to_owned());
    some.into_iter().chain(below.intersection(&named).map(|account| (*account).to_owned())).collect()
}
