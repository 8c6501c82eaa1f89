//! The levers over the organization: who holds which, and what would have to be so.
//!
//! The catalogue is `catalog::organization_paths`. A lever is held when every action of one of its alternatives is allowed on
//! what it is about and its preconditions hold; a precondition that was not read leaves it open.

use std::collections::HashMap;

use super::graph::{Graph, Need, NodeId, VIA_SERVICE};
use super::universe::{ActionId, ActionSet};
use crate::analysis::policy::Truth;
use crate::catalog::organization_paths::{self as catalog, Alternative, Path};
use crate::model::{Arn, Ask, Facts, Status, Text};

/// A lever in somebody's hand.
#[derive(Clone, Debug)]
pub struct Lever {
    pub path: &'static Path,
    pub truth: Truth,
    pub needs: Vec<Need>,
    /// Preconditions that could not be told.
    pub open: Vec<String>,
}

/// What preconditions and placeholders come to.
#[derive(Debug, Default)]
pub struct Ground {
    held: HashMap<catalog::Need, Truth>,
    partition: String,
    account: String,
    organization: String,
    members: Vec<String>,
    trails: Vec<String>,
    buckets: Vec<String>,
    keys: Vec<String>,
    roles: HashMap<catalog::Need, Vec<String>>,
}

impl Ground {
    pub fn of(facts: &Facts, roles_trusting: &dyn Fn(&str) -> Vec<Arn>) -> Self {
        let account = facts.management_account().cloned().or_else(|| facts.subject_account());
        let account = account.map(|account| account.to_string()).unwrap_or_default();
        let members = facts.accounts.keys().map(ToString::to_string).filter(|id| *id != account).collect();
        let trails: Vec<_> = facts.trails.values().filter(|trail| trail.organization_trail).collect();
        let partition = facts.roles.keys().chain(facts.users.keys()).find(|arn| arn.looks_valid());
        let mut ground = Self {
            partition: partition.map_or("aws", Arn::partition).to_owned(),
            account,
            organization: facts.organization.as_ref().map(|o| o.id.to_string()).unwrap_or_default(),
            members,
            trails: trails.iter().map(|trail| trail.arn.to_string()).collect(),
            buckets: trails.iter().map(|trail| trail.bucket.to_string()).collect(),
            keys: trails.iter().filter_map(|trail| trail.kms_key.as_ref()).map(ToString::to_string).collect(),
            ..Self::default()
        };
        let of_paths = catalog::paths().iter().flat_map(|path| &path.needs);
        let of_alternatives =
            catalog::paths().iter().flat_map(|path| path.alternatives.iter().flat_map(|one| &one.needs));
        for need in of_paths.chain(of_alternatives) {
            if !ground.held.contains_key(need) {
                let roles: Vec<Arn> = match need {
                    catalog::Need::RoleTrusting(service) => roles_trusting(service),
                    catalog::Need::RoleNamed(name) => {
                        facts.roles.values().filter(|role| role.name == *name).map(|role| role.arn.clone()).collect()
                    }
                    _ => Vec::new(),
                };
                let truth = holds(need, facts, &ground, !roles.is_empty());
                ground.roles.insert(need.clone(), roles.iter().map(ToString::to_string).collect());
                ground.held.insert(need.clone(), truth);
            }
        }
        ground
    }

    fn holds(&self, need: &catalog::Need) -> Truth {
        self.held.get(need).copied().unwrap_or(Truth::Unknown)
    }

    /// Whether all of them hold, and those that could not be told, in words.
    pub fn hold_all(&self, needs: &[catalog::Need]) -> (Truth, Vec<String>) {
        let truth = needs.iter().map(|need| self.holds(need)).min().unwrap_or(Truth::Yes);
        let open = needs.iter().filter(|need| self.holds(need) == Truth::Unknown).map(words).collect();
        (truth, open)
    }

    /// Every concrete resource that a template may mean.
    pub fn expand(&self, template: &str, needs: &[&catalog::Need]) -> Vec<String> {
        let mut all = vec![
            template
                .replace("{partition}", &self.partition)
                .replace("{account}", &self.account)
                .replace("{organization}", &self.organization)
                // An account that does not exist yet: only a pattern can mean it.
                .replace("{new}", "000000000000"),
        ];
        let roles: Vec<String> = needs.iter().filter_map(|need| self.roles.get(need)).flatten().cloned().collect();
        let lists: [(&str, &[String]); 5] = [
            ("{member}", &self.members),
            ("{trail}", &self.trails),
            ("{trail-bucket}", &self.buckets),
            ("{trail-key}", &self.keys),
            ("{role}", &roles),
        ];
        for (placeholder, values) in lists {
            if all.iter().any(|text| text.contains(placeholder)) {
                // What is not known by name can only be meant by a pattern.
                let any = ["*".to_owned()];
                let values = if values.is_empty() { &any[..] } else { values };
                all = all
                    .iter()
                    .flat_map(|text| values.iter().map(move |value| text.replace(placeholder, value)))
                    .collect();
            }
        }
        all
    }
}

/// The asks whose end matters: what was not read to the end is not known not to be there.
pub const ASKS: [Ask; 11] = [
    Ask::Accounts,
    Ask::TrustedAccess,
    Ask::DelegatedAdministrators,
    Ask::Tree,
    Ask::IdentityCenter,
    Ask::PermissionSets,
    Ask::Assignments,
    Ask::IdentityProviders,
    Ask::Trails,
    Ask::AuthorizationDetails,
    Ask::CloudControl,
];

/// Known and there; known and not there; not read.
fn told(there: bool, ask: Ask, facts: &Facts) -> Truth {
    match (there, facts.coverage.status(ask)) {
        (true, _) => Truth::Yes,
        (false, Status::Complete) => Truth::No,
        (false, _) => Truth::Unknown,
    }
}

fn holds(need: &catalog::Need, facts: &Facts, ground: &Ground, role: bool) -> Truth {
    use catalog::Need;
    let feature_set = facts.organization.as_ref().map(|organization| organization.feature_set.as_str());
    let here = |account: &crate::model::AccountId| account.as_str() == ground.account;
    match need {
        Need::AllFeatures => feature_set.map_or(Truth::Unknown, |set| Truth::from(set == "ALL")),
        Need::ConsolidatedBillingOnly => feature_set.map_or(Truth::Unknown, |set| Truth::from(set != "ALL")),
        Need::Members => told(!ground.members.is_empty(), Ask::Accounts, facts),
        Need::NoMembers => told(!ground.members.is_empty(), Ask::Accounts, facts).negate(),
        Need::TrustedAccess("*") => told(!facts.trusted_services.is_empty(), Ask::TrustedAccess, facts),
        Need::TrustedAccess(service) => told(facts.trusted_services.contains_key(*service), Ask::TrustedAccess, facts),
        Need::DelegatedAdministrator => {
            told(!facts.delegated_administrators.is_empty(), Ask::DelegatedAdministrators, facts)
        }
        Need::OrganizationsFeature(feature) => match &facts.organizations_features {
            Some(features) => Truth::from(features.iter().any(|on| on == feature)),
            None => Truth::Unknown,
        },
        Need::PolicyType(types) => {
            let enabled = facts.roots.values().flat_map(|root| &root.enabled_policy_types);
            let there = enabled.clone().any(|kind| types.contains(&kind.as_str()));
            told(there, Ask::Tree, facts)
        }
        Need::IdentityCenterInstance => told(!facts.instances.is_empty(), Ask::IdentityCenter, facts),
        Need::PermissionSet => told(!facts.permission_sets.is_empty(), Ask::PermissionSets, facts),
        Need::AssignmentHere => told(facts.assignments.keys().any(|one| here(&one.account)), Ask::Assignments, facts),
        Need::GroupAssignmentHere => {
            let group = crate::model::Assignee::Group;
            told(facts.assignments.keys().any(|one| here(&one.account) && one.kind == group), Ask::Assignments, facts)
        }
        Need::SamlProvider => {
            let saml = crate::model::ProviderKind::Saml;
            told(facts.identity_providers.values().any(|one| one.kind == saml), Ask::IdentityProviders, facts)
        }
        Need::OidcProvider => {
            let oidc = crate::model::ProviderKind::Oidc;
            told(facts.identity_providers.values().any(|one| one.kind == oidc), Ask::IdentityProviders, facts)
        }
        Need::OrganizationTrail => told(!ground.trails.is_empty(), Ask::Trails, facts),
        // Whose a bucket is, its name does not tell; that it was seen here does.
        Need::TrailBucketHere => {
            let seen = |bucket: &String| {
                facts.residents.values().any(|one| one.resource_type == "AWS::S3::Bucket" && one.identifier == **bucket)
            };
            told(ground.buckets.iter().any(seen), Ask::CloudControl, facts)
        }
        Need::TrailKeyHere => {
            let own = |key: &String| Arn::new(key).account() == ground.account;
            told(ground.keys.iter().any(own), Ask::Trails, facts)
        }
        Need::RoleTrusting(_) | Need::RoleNamed(_) => told(role, Ask::AuthorizationDetails, facts),
        Need::Resource(kind) => {
            told(facts.residents.values().any(|one| one.resource_type == *kind), Ask::CloudControl, facts)
        }
    }
}

/// A precondition in words.
fn words(need: &catalog::Need) -> String {
    use catalog::Need;
    match need {
        Need::AllFeatures => "whether the organization has all features".into(),
        Need::ConsolidatedBillingOnly => "whether the organization has billing features only".into(),
        Need::Members => "whether there are member accounts".into(),
        Need::NoMembers => "whether there are no member accounts".into(),
        Need::TrustedAccess("*") => "whether any service has trusted access".into(),
        Need::TrustedAccess(service) => format!("whether {service} has trusted access"),
        Need::DelegatedAdministrator => "whether an administrator is delegated".into(),
        Need::OrganizationsFeature(feature) => format!("whether {feature} is on"),
        Need::PolicyType(types) => format!("whether {} is enabled", types.join(" or ")),
        Need::IdentityCenterInstance => "whether there is an Identity Center instance".into(),
        Need::PermissionSet => "whether there is a permission set".into(),
        Need::AssignmentHere => "whether a permission set is assigned in this account".into(),
        Need::GroupAssignmentHere => "whether a group is assigned in this account".into(),
        Need::SamlProvider => "whether there is a SAML provider".into(),
        Need::OidcProvider => "whether there is an OIDC provider".into(),
        Need::OrganizationTrail => "whether there is an organization trail".into(),
        Need::TrailBucketHere => "whether the trail's bucket is in this account".into(),
        Need::TrailKeyHere => "whether the trail's key is in this account".into(),
        Need::RoleTrusting(service) => format!("whether a role trusts {service}"),
        Need::RoleNamed(name) => format!("whether there is a role {name}"),
        Need::Resource(kind) => format!("whether there is a resource of type {kind}"),
    }
}

/// Every lever that a principal holds, the gravest first.
pub fn held_by(graph: &Graph, ground: &Ground, who: NodeId) -> Vec<Lever> {
    let mut levers: Vec<Lever> = catalog::paths()
        .iter()
        .filter_map(|path| {
            let found = path.alternatives.iter().filter_map(|one| by_alternative(graph, ground, who, path, one));
            found.max_by_key(|lever| lever.truth)
        })
        .collect();
    levers.sort_by_key(|lever| (lever.path.reaches, std::cmp::Reverse(lever.truth), lever.path.id));
    levers
}

/// The lever by one alternative, if every action is allowed and nothing that must be so is known not to be.
fn by_alternative(
    graph: &Graph,
    ground: &Ground,
    who: NodeId,
    path: &'static Path,
    one: &'static Alternative,
) -> Option<Lever> {
    let nowhere = &graph.node(who).summary.nowhere;
    let actions: Vec<ActionId> = one.actions.iter().map(|name| ActionId::of(name)).collect::<Option<_>>()?;
    if graph.node(who).kind != super::NodeKind::Root && actions.iter().any(|action| nowhere.contains(*action)) {
        return None;
    }
    let mut lever = Lever { path, truth: Truth::Yes, needs: Vec::new(), open: Vec::new() };
    let needs: Vec<&catalog::Need> = path.needs.iter().chain(&one.needs).collect();
    for need in &needs {
        let truth = ground.holds(need);
        lever.truth = lever.truth.and(truth);
        match truth {
            Truth::No => return None,
            Truth::Unknown => lever.open.push(words(need)),
            Truth::Yes => {}
        }
    }
    for (name, action) in one.actions.iter().zip(actions) {
        let target = one.resources.iter().find(|target| target.action == *name);
        let mut keys = Vec::new();
        let (truth, resource) = match target {
            None => graph.somewhere(who, action),
            Some(target) => {
                let mut best = (Truth::No, Text::default());
                // The roles of Identity Center are made and changed by it, with the caller's permissions.
                let reserved = target.any_of.iter().any(|template| template.contains(":role/aws-reserved/"));
                let via: &[(&'static str, &str)] = if reserved { &[VIA_SERVICE] } else { &[] };
                keys = via.iter().map(|(key, value)| (*key, Text::new(value))).collect();
                for resource in target.any_of.iter().flat_map(|template| ground.expand(template, &needs)) {
                    let truth = graph.permits_with(who, action, &resource, via);
                    if truth > best.0 {
                        best = (truth, Text::new(&resource));
                    }
                    if truth == Truth::Yes {
                        break;
                    }
                }
                best
            }
        };
        if truth == Truth::No {
            return None;
        }
        lever.truth = lever.truth.and(truth);
        lever.needs.push(Need { who, action, resource, keys, into: None });
    }
    Some(lever)
}

/// The actions of every lever of a kind.
pub fn actions_of(wanted: impl Fn(&Path) -> bool) -> ActionSet {
    let paths = catalog::paths().iter().filter(|path| wanted(path));
    paths
        .flat_map(|path| path.alternatives.iter())
        .flat_map(|one| &one.actions)
        .filter_map(|a| ActionId::of(a))
        .collect()
}
