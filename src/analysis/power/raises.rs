//! The single steps that give somebody more rights: itself, or another whom it then becomes.

use super::graph::{NodeId, NodeKind};
use super::moves::{DELETE_POLICY_VERSION, Draft, Move, Moves};
use super::universe::ActionId;
use crate::analysis::policy::Truth;
use crate::catalog::escalation::{Path, Raise};
use crate::model::{Arn, Text};

/// A way to give a principal more rights, whoever takes it.
#[derive(Debug)]
pub struct Way {
    path: &'static Path,
    action: ActionId,
    /// What is changed. None: whichever group makes an administrator.
    resource: Option<Text>,
    /// What has to be done to it first.
    first: Option<ActionId>,
}

impl Moves<'_> {
    /// Every way to give a principal so many rights that it is an administrator. What a boundary hides or a Deny takes
    /// away, more rights do not bring.
    fn ways_to_raise(&self, to: NodeId) -> Vec<Way> {
        let target = self.graph.node(to);
        let hidden = self.around.boundary_hides_admin(to);
        let mut ways: Vec<Way> = Vec::new();
        let mut add = |how: Raise, resource: Option<&Text>, first: Option<ActionId>| {
            if let (Some(path), Some(action)) = (self.by_raise.get(&how), ActionId::of(how.action())) {
                ways.push(Way { path, action, resource: resource.cloned(), first });
            }
        };
        let own = Some(target.arn.text());
        if hidden {
            match target.kind {
                NodeKind::User => add(Raise::DeleteUserBoundary, own, None),
                NodeKind::Role => add(Raise::DeleteRoleBoundary, own, None),
                NodeKind::Root | NodeKind::PermissionSet => {}
            }
            return ways;
        }
        if !self.around.raised_is_admin(to) {
            return ways;
        }
        match target.kind {
            NodeKind::User => {
                add(Raise::AttachUserPolicy, own, None);
                add(Raise::PutUserPolicy, own, None);
                for group in self.around.groups_of(to) {
                    add(Raise::AttachGroupPolicy, Some(group), None);
                    add(Raise::PutGroupPolicy, Some(group), None);
                }
                add(Raise::AddUserToGroup, None, None);
            }
            NodeKind::Role => {
                add(Raise::AttachRolePolicy, own, None);
                add(Raise::PutRolePolicy, own, None);
            }
            NodeKind::Root | NodeKind::PermissionSet => {}
        }
        for policy in self.around.own_policies_of(to) {
            // A policy has five versions at most (reference_iam-quotas).
            let first = policy.is_full.then(|| DELETE_POLICY_VERSION.get());
            add(Raise::CreatePolicyVersion, Some(policy.arn.text()), first);
            if policy.has_stronger_version {
                add(Raise::SetDefaultPolicyVersion, Some(policy.arn.text()), None);
            }
        }
        ways
    }

    /// The groups that make an administrator of a user of the same account.
    fn strong_groups(&self, who: NodeId) -> impl Iterator<Item = &Text> {
        let account = self.graph.node(who).account();
        self.around.strong_groups.iter().filter(move |group| Arn::new(group.as_str()).account() == account)
    }

    /// The group that one may put a user into and whose members are administrators: whoever the user is.
    fn opened_group(&self, from: NodeId, action: ActionId) -> Option<&(Truth, Text)> {
        let best = || {
            let mut best: Option<(Truth, Text)> = None;
            for group in self.strong_groups(from) {
                let truth = self.graph.permits(from, action, group);
                if truth > best.as_ref().map_or(Truth::No, |(known, _)| *known) {
                    best = Some((truth, group.clone()));
                }
                if truth == Truth::Yes {
                    break;
                }
            }
            best
        };
        self.groups[from as usize].get_or_init(best).as_ref()
    }

    /// The step of a way, on a resource.
    fn raise_by(&self, from: NodeId, to: NodeId, way: &Way, resource: &Text) -> Option<Move> {
        let mut draft = Draft::new();
        let granted = self.need(&mut draft, from, way.action, resource)
            && way.first.is_none_or(|first| self.need(&mut draft, from, first, resource));
        let Draft { truth, needs, open } = draft;
        let own = *resource == *self.graph.node(to).arn.text();
        let through = if own { Text::default() } else { resource.clone() };
        let (raise, become_, lever) = (Some(way.path), None, None);
        granted.then_some(Move { from, to, raise, become_, lever, truth, needs, open, through })
    }

    /// Every way in which one principal can give another (or itself) more rights.
    pub fn raising(&self, from: NodeId, to: NodeId) -> Vec<Move> {
        if !self.same_account(from, to) {
            return Vec::new();
        }
        let mut moves: Vec<Move> = Vec::new();
        for way in self.ways_to_raise(to) {
            match &way.resource {
                Some(resource) => moves.extend(self.raise_by(from, to, &way, resource)),
                None => moves.extend(self.strong_groups(to).filter_map(|group| self.raise_by(from, to, &way, group))),
            }
        }
        moves.sort_by_key(|step| std::cmp::Reverse(step.truth));
        moves
    }

    /// The first of these that is certain, or else the best: for the search, which needs one only. `least`: or none.
    pub fn best_raise(&self, from: NodeId, to: NodeId, least: Truth) -> Option<Move> {
        if !self.same_account(from, to) {
            return None;
        }
        let mut best: Option<(Truth, &Way, &Text)> = None;
        let least = least.max(Truth::Unknown);
        for way in self.ways[to as usize].get_or_init(|| self.ways_to_raise(to)) {
            let (truth, resource) = match &way.resource {
                Some(resource) => {
                    let truth = self.graph.permits(from, way.action, resource);
                    let first = way.first.filter(|_| truth >= least);
                    (first.map_or(truth, |first| truth.and(self.graph.permits(from, first, resource))), resource)
                }
                None => match self.opened_group(from, way.action) {
                    Some((truth, group)) => (*truth, group),
                    None => continue,
                },
            };
            if truth >= least && best.as_ref().is_none_or(|(known, ..)| truth > *known) {
                best = Some((truth, way, resource));
                if truth == Truth::Yes {
                    break;
                }
            }
        }
        let (_, way, resource) = best?;
        self.raise_by(from, to, way, resource)
    }

    /// Raises another principal and becomes it. `least`: only if it is as certain.
    pub fn raising_and_becoming(&self, from: NodeId, to: NodeId, least: Truth) -> Option<Move> {
        if !self.could_become(from, to, least) {
            return None;
        }
        let raise = self.best_raise(from, to, least)?;
        let become_ = self.best(from, to).filter(|become_| become_.truth >= least)?;
        Some(Move {
            from,
            to,
            raise: raise.raise,
            become_: become_.become_,
            lever: None,
            truth: raise.truth.and(become_.truth),
            needs: raise.needs.into_iter().chain(become_.needs).collect(),
            open: raise.open.into_iter().chain(become_.open).collect(),
            through: if raise.through.is_empty() { become_.through } else { raise.through },
        })
    }
}
