//! The outputs of `aws organizations ...` and `aws sts get-caller-identity`. Several calls tell parts of the same
//! thing (an administrator and its services, a policy and its document), so they are brought together in [`Parts`].
//! Field names: AWS Organizations API Reference.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json::{flag, list, some_text, str_of, text, time};
use super::recognise::Kind;
use crate::collect::policy_text::policy_json;
use crate::model::{
    Account, AccountId, Arn, Batch, Caller, DelegatedAdministrator, DelegatedService, Handshake, Organization,
    OrganizationPolicy, ResourcePolicy, Root, Text, TrustedService,
};

/// What lies in several files.
#[derive(Debug, Default)]
pub struct Parts {
    administrators: BTreeMap<AccountId, DelegatedAdministrator>,
    policies: BTreeMap<Text, OrganizationPolicy>,
}

impl Parts {
    /// What a document holds, and how many rows it is. `name` is the file's: the services of a delegated
    /// administrator are printed without its account, which only the name can tell.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub fn batches(&mut self, kind: Kind, document: &Value, name: &str) -> Result<(Vec<Batch>, u64), String> {
        let batch = match kind {
            Kind::Organization => Batch::Organization(organization(inner(document, "Organization")?)),
            Kind::Caller => Batch::Caller(caller(document)),
            Kind::ResourcePolicy => Batch::ResourcePolicy(Some(resource_policy(inner(document, "ResourcePolicy")?))),
            Kind::Accounts => return Ok(rows(document, "Accounts", account, Batch::Accounts)),
            Kind::Roots => return Ok(rows(document, "Roots", root, Batch::Roots)),
            Kind::Handshakes => return Ok(rows(document, "Handshakes", handshake, Batch::Handshakes)),
            Kind::TrustedAccess => {
                return Ok(rows(document, "EnabledServicePrincipals", trusted, Batch::TrustedServices));
            }
            Kind::DelegatedAdministrators => return Ok((Vec::new(), self.administrators(document))),
            Kind::DelegatedServices => return self.services(document, name).map(|()| (Vec::new(), 0)),
            Kind::Policies => {
                let policies = list(document, "Policies");
                policies.iter().for_each(|policy| self.policy(policy, None));
                return Ok((Vec::new(), policies.len() as u64));
            }
            Kind::Policy => {
                let policy = inner(document, "Policy")?;
                let summary = policy.get("PolicySummary").unwrap_or(policy);
                let new = self.policy_is_new(summary);
                self.policy(summary, policy.get("Content").map(policy_json));
                return Ok((Vec::new(), u64::from(new)));
            }
            other => return Err(format!("{other:?} is not of Organizations")),
        };
        Ok((vec![batch], 1))
    }

    /// What was brought together, once all files are read.
    pub fn finish(self) -> [Batch; 2] {
        [
            Batch::DelegatedAdministrators(self.administrators.into_values().collect()),
            Batch::Policies(self.policies.into_values().collect()),
        ]
    }

    fn administrators(&mut self, document: &Value) -> u64 {
        let listed = list(document, "DelegatedAdministrators");
        for value in listed {
            let account = AccountId::new(str_of(value, "Id"));
            let known = self.administrators.entry(account.clone()).or_default();
            *known = DelegatedAdministrator {
                account,
                arn: Arn::new(str_of(value, "Arn")),
                name: text(value, "Name"),
                email: text(value, "Email"),
                state: state(value),
                since: time(value, "DelegationEnabledDate"),
                services: known.services.take(),
            };
        }
        listed.len() as u64
    }

    fn services(&mut self, document: &Value, name: &str) -> Result<(), String> {
        let account = name
            .split(|c: char| !c.is_ascii_digit())
            .find(|digits| digits.len() == 12)
            .ok_or("these services do not say whose they are: put the account's id into the file's name")?;
        let account = AccountId::new(account);
        let known = self.administrators.entry(account.clone()).or_default();
        known.account = account;
        let services = list(document, "DelegatedServices").iter().map(|service| DelegatedService {
            principal: text(service, "ServicePrincipal"),
            since: time(service, "DelegationEnabledDate"),
        });
        known.services.get_or_insert_default().extend(services);
        Ok(())
    }

    fn policy_is_new(&self, summary: &Value) -> bool {
        !self.policies.contains_key(str_of(summary, "Id"))
    }

    fn policy(&mut self, summary: &Value, document: Option<Text>) {
        let known = self.policies.entry(text(summary, "Id")).or_default();
        *known = OrganizationPolicy {
            id: text(summary, "Id"),
            arn: Arn::new(str_of(summary, "Arn")),
            name: text(summary, "Name"),
            description: text(summary, "Description"),
            kind: text(summary, "Type"),
            aws_managed: flag(summary, "AwsManaged"),
            document: document.or_else(|| known.document.take()),
            targets: None,
        };
    }
}

fn rows<T>(
    document: &Value,
    key: &str,
    row: impl Fn(&Value) -> T,
    wrap: impl Fn(Vec<T>) -> Batch,
) -> (Vec<Batch>, u64) {
    let values = list(document, key);
    (vec![wrap(values.iter().map(row).collect())], values.len() as u64)
}

fn inner<'a>(document: &'a Value, key: &str) -> Result<&'a Value, String> {
    document.get(key).filter(|value| value.is_object()).ok_or_else(|| format!("{key} holds nothing"))
}

/// `State` came in 2025; older versions of the CLI print `Status`.
fn state(value: &Value) -> Text {
    some_text(value, "State").unwrap_or_else(|| text(value, "Status"))
}

fn organization(value: &Value) -> Organization {
    Organization {
        id: text(value, "Id"),
        arn: Arn::new(str_of(value, "Arn")),
        management_account: AccountId::new(str_of(value, "MasterAccountId")),
        management_email: text(value, "MasterAccountEmail"),
        feature_set: text(value, "FeatureSet"),
    }
}

fn caller(value: &Value) -> Caller {
    Caller {
        account: AccountId::new(str_of(value, "Account")),
        arn: Arn::new(str_of(value, "Arn")),
        user_id: text(value, "UserId"),
    }
}

fn account(value: &Value) -> Account {
    Account {
        id: AccountId::new(str_of(value, "Id")),
        arn: Arn::new(str_of(value, "Arn")),
        name: text(value, "Name"),
        email: text(value, "Email"),
        state: state(value),
        joined_method: text(value, "JoinedMethod"),
        joined: time(value, "JoinedTimestamp"),
        parent: None,
    }
}

fn root(value: &Value) -> Root {
    let types = list(value, "PolicyTypes").iter().filter(|kind| str_of(kind, "Status") == "ENABLED");
    Root {
        id: text(value, "Id"),
        arn: Arn::new(str_of(value, "Arn")),
        name: text(value, "Name"),
        enabled_policy_types: types.map(|kind| text(kind, "Type")).collect(),
    }
}

fn trusted(value: &Value) -> TrustedService {
    TrustedService { principal: text(value, "ServicePrincipal"), enabled: time(value, "DateEnabled") }
}

fn resource_policy(value: &Value) -> ResourcePolicy {
    let summary = value.get("ResourcePolicySummary").unwrap_or(&Value::Null);
    ResourcePolicy {
        id: text(summary, "Id"),
        arn: Arn::new(str_of(summary, "Arn")),
        document: value.get("Content").map(policy_json).unwrap_or_default(),
    }
}

fn handshake(value: &Value) -> Handshake {
    let parties = list(value, "Parties").iter();
    Handshake {
        id: text(value, "Id"),
        action: text(value, "Action"),
        state: text(value, "State"),
        requested: time(value, "RequestedTimestamp"),
        expires: time(value, "ExpirationTimestamp"),
        parties: parties.map(|party| (text(party, "Type"), text(party, "Id"))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Facts;

    fn read(files: &[(Kind, &str, Value)]) -> (Facts, u64) {
        let (mut parts, mut facts, mut count) = (Parts::default(), Facts::default(), 0);
        for (kind, name, value) in files {
            let (batches, rows) = parts.batches(*kind, value, name).expect("understood");
            count += rows;
            batches.into_iter().for_each(|batch| facts.apply(batch));
        }
        parts.finish().into_iter().for_each(|batch| facts.apply(batch));
        (facts, count)
    }

    #[test]
    fn services_join_their_administrator_in_either_order() {
        let administrators = (
            Kind::DelegatedAdministrators,
            "list.json",
            serde_json::json!({ "DelegatedAdministrators": [{ "Id": "111122223333", "Name": "audit", "Status": "ACTIVE",
                "DelegationEnabledDate": "2026-01-02T00:00:00Z" }] }),
        );
        let services = (
            Kind::DelegatedServices,
            "services-111122223333.json",
            serde_json::json!({ "DelegatedServices": [{ "ServicePrincipal": "guardduty.amazonaws.com" }] }),
        );
        for files in [[administrators.clone(), services.clone()], [services.clone(), administrators.clone()]] {
            let (facts, rows) = read(&files);
            let administrator = &facts.delegated_administrators["111122223333"];
            assert_eq!((rows, administrator.name.as_str(), administrator.state.as_str()), (1, "audit", "ACTIVE"));
            assert_eq!(administrator.services.as_ref().map(Vec::len), Some(1));
        }
        assert!(Parts::default().batches(Kind::DelegatedServices, &services.2, "x.json").is_err());
        let (facts, _) = read(&[administrators]);
        assert_eq!(facts.delegated_administrators["111122223333"].services, None, "not read is not none");
    }

    #[test]
    fn a_policy_takes_its_document_from_another_file() {
        let summary =
            serde_json::json!({ "Id": "p-1", "Name": "deny", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": false });
        let listed = (Kind::Policies, "a", serde_json::json!({ "Policies": [summary] }));
        let described =
            (Kind::Policy, "b", serde_json::json!({ "Policy": { "PolicySummary": summary, "Content": "{\n}" } }));
        for files in [[listed.clone(), described.clone()], [described, listed]] {
            let (facts, _) = read(&files);
            let policy = &facts.policies["p-1"];
            assert_eq!((policy.name.as_str(), policy.document.as_deref()), ("deny", Some("{}")));
        }
    }

    #[test]
    fn the_organization_and_its_accounts() {
        let (facts, rows) = read(&[
            (
                Kind::Organization,
                "o",
                serde_json::json!({ "Organization": { "Id": "o-1", "MasterAccountId": "111122223333", "FeatureSet": "ALL" } }),
            ),
            (
                Kind::Accounts,
                "a",
                serde_json::json!({ "Accounts": [
                    { "Id": "111122223333", "Status": "ACTIVE", "JoinedTimestamp": 1_767_323_045.5 },
                    { "Id": "444455556666", "Status": "SUSPENDED", "State": "PENDING_CLOSURE" }] }),
            ),
            (
                Kind::TrustedAccess,
                "t",
                serde_json::json!({ "EnabledServicePrincipals": [{ "ServicePrincipal": "sso.amazonaws.com" }] }),
            ),
            (
                Kind::Caller,
                "c",
                serde_json::json!({ "Account": "111122223333", "Arn": "arn:aws:iam::111122223333:root", "UserId": "x" }),
            ),
        ]);
        assert_eq!(rows, 5);
        assert_eq!(facts.is_management_account(), Some(true));
        assert!(facts.accounts["111122223333"].joined.is_some());
        assert_eq!(facts.accounts["444455556666"].state, "PENDING_CLOSURE");
        assert_eq!(facts.trusted_services.len(), 1);
    }
}
