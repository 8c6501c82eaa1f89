//! The single steps that give somebody more rights: itself, or another whom it then becomes.

use super::graph::{NodeId, NodeKind};
use super::moves::{DELETE_POLICY_VERSION, Draft, Move, Moves};
use super::universe::ActionId;
use crate::analysis::policy::Truth;
use crate::catalog::escalation::Raise;
use crate::model::Text;

impl Moves<'_> {
    /// Every way in which one principal can give another (or itself) more rights.
    pub fn raising(&self, from: NodeId, to: NodeId) -> Vec<Move> {
        if !self.same_account(from, to) {
            return Vec::new();
        }
        let target = self.graph.node(to);
        let mut moves: Vec<Move> = Vec::new();
        let mut add = |how: Raise, resource: &str, more: &[(ActionId, &str)]| {
            let (Some(path), Some(action)) = (self.by_raise.get(&how), ActionId::of(how.action())) else { return };
            let mut draft = Draft::new();
            let granted = self.need(&mut draft, from, action, resource)
                && more.iter().all(|(action, resource)| self.need(&mut draft, from, *action, resource));
            if granted {
                let Draft { truth, needs, open } = draft;
                let through = Text::new(if resource == target.arn.as_str() { "" } else { resource });
                moves.push(Move {
                    from,
                    to,
                    raise: Some(path),
                    become_: None,
                    lever: None,
                    truth,
                    needs,
                    open,
                    through,
                });
            }
        };
        let own = target.arn.as_str();
        match target.kind {
            NodeKind::User => {
                add(Raise::AttachUserPolicy, own, &[]);
                add(Raise::PutUserPolicy, own, &[]);
                for group in self.around.groups_of(to) {
                    add(Raise::AttachGroupPolicy, group, &[]);
                    add(Raise::PutGroupPolicy, group, &[]);
                }
                for group in &self.around.strong_groups {
                    add(Raise::AddUserToGroup, group, &[]);
                }
                if self.around.boundary_hides_admin(to) {
                    add(Raise::DeleteUserBoundary, own, &[]);
                }
            }
            NodeKind::Role => {
                add(Raise::AttachRolePolicy, own, &[]);
                add(Raise::PutRolePolicy, own, &[]);
                if self.around.boundary_hides_admin(to) {
                    add(Raise::DeleteRoleBoundary, own, &[]);
                }
            }
            NodeKind::Root | NodeKind::PermissionSet => {}
        }
        for policy in self.around.own_policies_of(to) {
            // A policy has five versions at most (reference_iam-quotas).
            let full = [(DELETE_POLICY_VERSION.get(), policy.arn.as_str())];
            add(Raise::CreatePolicyVersion, &policy.arn, if policy.is_full { &full } else { &[] });
            if policy.has_stronger_version {
                add(Raise::SetDefaultPolicyVersion, &policy.arn, &[]);
            }
        }
        let hidden = self.around.boundary_hides_admin(to);
        let deletes = |step: &Move| {
            matches!(
                step.raise.and_then(|path| path.raise),
                Some(Raise::DeleteUserBoundary | Raise::DeleteRoleBoundary)
            )
        };
        // What a boundary hides or a Deny takes away, more rights do not bring.
        moves.retain(|step| deletes(step) || (!hidden && self.around.raised_is_admin(to)));
        moves.sort_by_key(|step| std::cmp::Reverse(step.truth));
        moves
    }

    /// Raises another principal and becomes it. `least`: only if that may be as certain; whether it is, the step says.
    pub fn raising_and_becoming(&self, from: NodeId, to: NodeId, least: Truth) -> Option<Move> {
        if !self.could_become(from, to, least) {
            return None;
        }
        let raise = self.raising(from, to).into_iter().next()?;
        let become_ = self.best(from, to)?;
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
