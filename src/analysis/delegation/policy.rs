//! The organization's resource policy (its delegation policy): what each statement hands to whom, and whether that
//! is wider than the guide's examples.
//!
//! Source: Organizations User Guide, "Delegated administrator for AWS Organizations" (orgs_delegate_policies).

use serde_json::Value;

use crate::model::{AccountId, Facts, Text};

use super::{DelegationKind, DelegationRow, account_name};
use crate::analysis::policy::strangers::Home;
use crate::analysis::principals::trust::{Trust, Trusted};

/// Why a statement is wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breadth {
    /// Any principal, with no condition that says whose.
    AnyPrincipal,
    /// All actions of Organizations, or all of a writing kind.
    AllActions,
    /// Writes to policies of any type: no condition on `organizations:PolicyType`.
    AnyPolicyType,
}

impl Breadth {
    pub fn words(self) -> &'static str {
        match self {
            Self::AnyPrincipal => "any principal",
            Self::AllActions => "all actions of a kind",
            Self::AnyPolicyType => "writes to policies of any type",
        }
    }
}

/// Actions on policies that `organizations:PolicyType` can narrow (Service Authorization Reference, Organizations).
const POLICY_WRITES: &[&str] = &[
    "organizations:createpolicy",
    "organizations:updatepolicy",
    "organizations:deletepolicy",
    "organizations:attachpolicy",
    "organizations:detachpolicy",
    "organizations:enablepolicytype",
    "organizations:disablepolicytype",
];

pub(super) fn statements(facts: &Facts) -> Vec<DelegationRow> {
    let Some(Some(policy)) = &facts.resource_policy else { return Vec::new() };
    let account = facts.management_account().map_or("", |account| account.as_str());
    let organization = facts.organization.as_ref().map(|organization| organization.id.as_str());
    let trust = Trust::parse(&policy.document, Home { account, organization });
    let ids = ids(&policy.document);
    let mut rows: Vec<DelegationRow> = trust
        .statements
        .iter()
        .enumerate()
        .map(|(at, statement)| {
            let number = at + 1;
            let subject = ids.get(at).cloned().flatten().unwrap_or_else(|| Text::new(&format!("statement {number}")));
            let account = statement.trusted.iter().find_map(Trusted::account);
            let wide = if statement.allow { breadth(statement) } else { Vec::new() };
            DelegationRow {
                key: Text::new(&format!("statement|{number}")),
                kind: DelegationKind::Statement,
                state: if statement.allow { "allows" } else { "denies" }.to_owned(),
                subject,
                id: policy.id.clone(),
                account_name: account
                    .as_ref()
                    .map_or_else(|| Text::new(&who(&statement.trusted)), |account| account_name(facts, account)),
                problem: wide.iter().map(|breadth| breadth.words()).collect::<Vec<_>>().join("; "),
                what: statement.actions.iter().map(Text::as_str).collect::<Vec<_>>().join(", "),
                notes: statement
                    .conditions
                    .iter()
                    .map(|condition| format!("Condition: {}.", condition.words()))
                    .collect(),
                account,
                ..DelegationRow::default()
            }
        })
        .collect();
    if let Some(why) = trust.unreadable {
        rows.push(DelegationRow {
            key: Text::new("statement|unreadable"),
            kind: DelegationKind::Statement,
            state: "unreadable".to_owned(),
            subject: Text::new("delegation policy"),
            id: policy.id.clone(),
            problem: format!("could not be understood: {why}"),
            ..DelegationRow::default()
        });
    }
    rows
}

fn who(trusted: &[Trusted]) -> String {
    match trusted {
        [] => String::new(),
        all if all.contains(&Trusted::Anyone) => "anyone".to_owned(),
        all => {
            let accounts: Vec<String> =
                all.iter().filter_map(Trusted::account).map(|a: AccountId| a.to_string()).collect();
            accounts.join(", ")
        }
    }
}

fn breadth(statement: &crate::analysis::principals::trust::Statement) -> Vec<Breadth> {
    let mut wide = Vec::new();
    if statement.is_open_to_anyone() {
        wide.push(Breadth::AnyPrincipal);
    }
    let actions: Vec<String> = statement.actions.iter().map(|action| action.to_ascii_lowercase()).collect();
    let reads = |action: &str| ["organizations:list", "organizations:describe"].iter().any(|r| action.starts_with(r));
    if actions.iter().any(|action| action.contains('*') && !reads(action)) {
        wide.push(Breadth::AllActions);
    }
    let writes = actions.iter().any(|action| POLICY_WRITES.contains(&action.as_str()));
    if writes && statement.narrowed_by(&["organizations:policytype"]).is_none() {
        wide.push(Breadth::AnyPolicyType);
    }
    wide
}

/// The `Sid` of each statement that [`Trust::parse`] takes.
fn ids(document: &Text) -> Vec<Option<Text>> {
    let Some(value) = document.json() else { return Vec::new() };
    let statements = value.get("Statement");
    let one = statements.map(std::slice::from_ref).unwrap_or_default();
    let list = statements.and_then(Value::as_array).map_or(one, Vec::as_slice);
    let sid = |statement: &Value| statement.get("Sid").and_then(Value::as_str).map(Text::new);
    list.iter().map(sid).collect()
}
