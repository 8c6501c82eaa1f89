//! AWS Organizations: the organization, its tree, accounts, delegation. Policies are in `organization_policies.rs`.

use std::collections::VecDeque;
use std::sync::Arc;

use aws_sdk_organizations::types as sdk;

use super::convert::{text, time};
use super::{Aws, Collector, Cursor, Halt, collector};
use crate::collect::{Stopped, Task};
use crate::model::{
    Account, AccountId, Arn, Ask, Batch, Cell, DelegatedAdministrator, DelegatedService, Handshake, Organization,
    OrganizationalUnit, Root, Text, TrustedService,
};

pub const COLLECTORS: &[Collector] = &[
    collector!(Accounts, accounts),
    collector!(Tree, tree),
    collector!(DelegatedAdministrators, delegated_administrators),
    collector!(TrustedAccess, trusted_access),
    collector!(Handshakes, handshakes),
];

/// The organization and with it the management account; any member account may ask.
///
/// # Errors
/// [`Stopped`] when nobody listens any more.
pub async fn organization(aws: &Arc<Aws>) -> Result<(), Stopped> {
    let mut task = aws.start(Cell::global(Ask::Organization)).await?;
    let send = || aws.organizations().describe_organization().send();
    let answer = aws.call(&mut task, "organizations:DescribeOrganization", None, send).await;
    let result = match answer {
        Ok(answer) => {
            if let Some(from) = answer.organization() {
                let organization = map_organization(from);
                aws.learn_management_account(organization.management_account.clone());
                if aws.is_wrong_account() {
                    let management = &organization.management_account;
                    task.note(format!("this is not the management account, which is {management}"));
                }
                task.reading.rows = 1;
                task.send(Batch::Organization(organization)).await?;
            }
            Ok(())
        }
        Err(problem) => Err(problem.into()),
    };
    aws.settle(task, result).await
}

async fn accounts(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let mut cursor = Cursor::new("organizations:ListAccounts");
    while let Some(token) = cursor.next() {
        let send = || aws.organizations().list_accounts().set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), None, send).await?;
        task.rows(page.accounts().iter().map(map_account).collect(), Batch::Accounts).await?;
        cursor.advance(page.next_token())?;
    }
    Ok(())
}

/// All roots, one page after the other.
pub(super) async fn list_roots(aws: &Aws, task: &mut Task) -> Result<Vec<Root>, Halt> {
    let mut roots = Vec::new();
    let mut cursor = Cursor::new("organizations:ListRoots");
    while let Some(token) = cursor.next() {
        let send = || aws.organizations().list_roots().set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), None, send).await?;
        roots.extend(page.roots().iter().map(map_root));
        cursor.advance(page.next_token())?;
    }
    Ok(roots)
}

/// Breadth first, so that the top of the tree is there first.
async fn tree(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let roots = list_roots(aws, task).await?;
    let mut parents: VecDeque<Text> = roots.iter().map(|root| root.id.clone()).collect();
    task.rows(roots, Batch::Roots).await?;
    while let Some(parent) = parents.pop_front() {
        let units = units_of(aws, task, &parent).await?;
        parents.extend(units.iter().map(|unit| unit.id.clone()));
        task.rows(units, Batch::OrganizationalUnits).await?;
        let accounts = accounts_of(aws, task, &parent).await?;
        if !accounts.is_empty() {
            task.send(Batch::AccountParents(accounts)).await?;
        }
    }
    Ok(())
}

async fn units_of(aws: &Aws, task: &mut Task, parent: &Text) -> Result<Vec<OrganizationalUnit>, Halt> {
    let mut units = Vec::new();
    let mut cursor = Cursor::new("organizations:ListOrganizationalUnitsForParent");
    while let Some(token) = cursor.next() {
        let client = aws.organizations();
        let send = || {
            let list = client.list_organizational_units_for_parent().parent_id(parent.as_str());
            list.set_next_token(token.clone()).send()
        };
        let page = aws.call(task, cursor.operation(), None, send).await?;
        units.extend(page.organizational_units().iter().map(|unit| map_unit(unit, parent)));
        cursor.advance(page.next_token())?;
    }
    Ok(units)
}

async fn accounts_of(aws: &Aws, task: &mut Task, parent: &Text) -> Result<Vec<(AccountId, Text)>, Halt> {
    let mut accounts = Vec::new();
    let mut cursor = Cursor::new("organizations:ListAccountsForParent");
    while let Some(token) = cursor.next() {
        let client = aws.organizations();
        let send = || client.list_accounts_for_parent().parent_id(parent.as_str()).set_next_token(token.clone()).send();
        let Some(page) = aws.call_or_gap(task, cursor.operation(), None, send).await else { break };
        accounts.extend(page.accounts().iter().map(|a| (AccountId::new(a.id().unwrap_or_default()), parent.clone())));
        cursor.advance(page.next_token())?;
    }
    Ok(accounts)
}

async fn delegated_administrators(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let mut found = Vec::new();
    let mut cursor = Cursor::new("organizations:ListDelegatedAdministrators");
    while let Some(token) = cursor.next() {
        let send = || aws.organizations().list_delegated_administrators().set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), None, send).await?;
        found.extend(page.delegated_administrators().iter().map(map_delegated_administrator));
        cursor.advance(page.next_token())?;
    }
    task.reading.of = Some(found.len() as u64);
    for mut administrator in found {
        administrator.services = delegated_services(aws, task, &administrator.account).await?;
        task.rows(vec![administrator], Batch::DelegatedAdministrators).await?;
    }
    Ok(())
}

/// None when they could not be read to the end.
async fn delegated_services(
    aws: &Aws,
    task: &mut Task,
    account: &AccountId,
) -> Result<Option<Vec<DelegatedService>>, Halt> {
    let mut services = Vec::new();
    let mut cursor = Cursor::new("organizations:ListDelegatedServicesForAccount");
    while let Some(token) = cursor.next() {
        let client = aws.organizations();
        let send = || {
            let list = client.list_delegated_services_for_account().account_id(account.as_str());
            list.set_next_token(token.clone()).send()
        };
        let Some(page) = aws.call_or_gap(task, cursor.operation(), None, send).await else { return Ok(None) };
        services.extend(page.delegated_services().iter().map(|service| DelegatedService {
            principal: text(service.service_principal()),
            since: time(service.delegation_enabled_date()),
        }));
        cursor.advance(page.next_token())?;
    }
    Ok(Some(services))
}

async fn trusted_access(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let mut cursor = Cursor::new("organizations:ListAWSServiceAccessForOrganization");
    while let Some(token) = cursor.next() {
        let client = aws.organizations();
        let send = || client.list_aws_service_access_for_organization().set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), None, send).await?;
        let rows = page.enabled_service_principals().iter().map(|service| TrustedService {
            principal: text(service.service_principal()),
            enabled: time(service.date_enabled()),
        });
        task.rows(rows.collect(), Batch::TrustedServices).await?;
        cursor.advance(page.next_token())?;
    }
    Ok(())
}

async fn handshakes(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let mut cursor = Cursor::new("organizations:ListHandshakesForOrganization");
    while let Some(token) = cursor.next() {
        let client = aws.organizations();
        let send = || client.list_handshakes_for_organization().set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), None, send).await?;
        task.rows(page.handshakes().iter().map(map_handshake).collect(), Batch::Handshakes).await?;
        cursor.advance(page.next_token())?;
    }
    Ok(())
}

fn arn(from: Option<&str>) -> Arn {
    Arn::new(from.unwrap_or_default())
}

fn map_organization(from: &sdk::Organization) -> Organization {
    Organization {
        id: text(from.id()),
        arn: arn(from.arn()),
        management_account: AccountId::new(from.master_account_id().unwrap_or_default()),
        management_email: text(from.master_account_email()),
        feature_set: text(from.feature_set().map(sdk::OrganizationFeatureSet::as_str)),
    }
}

fn map_root(from: &sdk::Root) -> Root {
    let enabled = from.policy_types().iter().filter(|t| t.status() == Some(&sdk::PolicyTypeStatus::Enabled));
    Root {
        id: text(from.id()),
        arn: arn(from.arn()),
        name: text(from.name()),
        enabled_policy_types: enabled.map(|t| text(t.r#type().map(sdk::PolicyType::as_str))).collect(),
    }
}

fn map_unit(from: &sdk::OrganizationalUnit, parent: &Text) -> OrganizationalUnit {
    OrganizationalUnit { id: text(from.id()), arn: arn(from.arn()), name: text(from.name()), parent: parent.clone() }
}

/// `State` replaced `Status` in 2025; where there is only the older one it has the same words.
fn map_account(from: &sdk::Account) -> Account {
    let state = from.state().map(sdk::AccountState::as_str);
    Account {
        id: AccountId::new(from.id().unwrap_or_default()),
        arn: arn(from.arn()),
        name: text(from.name()),
        email: text(from.email()),
        state: text(state.or(from.status().map(sdk::AccountStatus::as_str))),
        joined_method: text(from.joined_method().map(sdk::AccountJoinedMethod::as_str)),
        joined: time(from.joined_timestamp()),
        parent: None,
    }
}

fn map_delegated_administrator(from: &sdk::DelegatedAdministrator) -> DelegatedAdministrator {
    let state = from.state().map(sdk::AccountState::as_str);
    DelegatedAdministrator {
        account: AccountId::new(from.id().unwrap_or_default()),
        arn: arn(from.arn()),
        name: text(from.name()),
        email: text(from.email()),
        state: text(state.or(from.status().map(sdk::AccountStatus::as_str))),
        since: time(from.delegation_enabled_date()),
        services: None,
    }
}

fn map_handshake(from: &sdk::Handshake) -> Handshake {
    let party = |party: &sdk::HandshakeParty| (Text::new(party.r#type().as_str()), Text::new(party.id()));
    Handshake {
        id: text(from.id()),
        action: text(from.action().map(sdk::ActionType::as_str)),
        state: text(from.state().map(sdk::HandshakeState::as_str)),
        requested: time(from.requested_timestamp()),
        expires: time(from.expiration_timestamp()),
        parties: from.parties().iter().map(party).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Server, json, json_error, run};
    use crate::model::{Cause, Status};

    const DESCRIBED: &str = r#"{"Organization":{"Id":"o-abc","Arn":"arn:aws:organizations::111122223333:organization/o-abc",
        "MasterAccountId":"111122223333","MasterAccountEmail":"a@example.com","FeatureSet":"ALL"}}"#;

    #[tokio::test]
    async fn accounts_come_over_two_pages_and_an_empty_token_ends() {
        let server = Server::answering(|request| {
            if request.body().contains("NextToken") {
                json(r#"{"Accounts":[{"Id":"222222222222","Name":"b","Status":"SUSPENDED"}],"NextToken":""}"#)
            } else {
                json(
                    r#"{"Accounts":[{"Id":"111111111111","Arn":"arn:aws:organizations::1:account/o-abc/1","Email":"x@example.com",
                    "Name":"a","State":"ACTIVE","JoinedMethod":"INVITED","JoinedTimestamp":1600000000.5}],"NextToken":"n"}"#,
                )
            }
        });
        let facts = run(&server, COLLECTORS, Ask::Accounts).await;
        assert_eq!(server.count(), 2);
        let states: Vec<&str> = facts.accounts.values().map(|a| a.state.as_str()).collect();
        assert_eq!(states, ["ACTIVE", "SUSPENDED"]);
        let first = &facts.accounts["111111111111"];
        assert_eq!(
            (first.joined_method.as_str(), first.joined.map(|t| t.as_second())),
            ("INVITED", Some(1_600_000_000))
        );
        let reading = facts.coverage.get(&Cell::global(Ask::Accounts)).expect("read");
        assert_eq!((reading.status, reading.rows), (Status::Complete, 2));
    }

    #[tokio::test]
    async fn the_tree_is_walked_to_its_leaves() {
        let server = Server::answering(|request| match (request.operation().as_str(), request.body()) {
            ("ListRoots", _) => json(
                r#"{"Roots":[{"Id":"r-1","Name":"Root","PolicyTypes":[{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}]}]}"#,
            ),
            ("ListOrganizationalUnitsForParent", body) if body.contains("r-1") => {
                json(r#"{"OrganizationalUnits":[{"Id":"ou-a","Name":"A"}]}"#)
            }
            ("ListOrganizationalUnitsForParent", body) if body.contains("ou-a") => {
                json(r#"{"OrganizationalUnits":[{"Id":"ou-b","Name":"B"}]}"#)
            }
            ("ListAccountsForParent", body) if body.contains("ou-b") => json(r#"{"Accounts":[{"Id":"222222222222"}]}"#),
            _ => json("{}"),
        });
        let facts = run(&server, COLLECTORS, Ask::Tree).await;
        assert_eq!(facts.units["ou-b"].parent, "ou-a");
        assert_eq!(facts.account_parents["222222222222"], "ou-b");
        assert_eq!(facts.roots["r-1"].enabled_policy_types, ["SERVICE_CONTROL_POLICY"]);
    }

    #[tokio::test]
    async fn services_that_are_denied_leave_the_administrators() {
        let server = Server::answering(|request| match request.operation().as_str() {
            "ListDelegatedAdministrators" => {
                json(r#"{"DelegatedAdministrators":[{"Id":"222222222222"},{"Id":"333333333333"}]}"#)
            }
            _ => json_error(400, "AccessDeniedException", "no"),
        });
        let facts = run(&server, COLLECTORS, Ask::DelegatedAdministrators).await;
        assert_eq!(facts.delegated_administrators.len(), 2);
        assert!(facts.delegated_administrators.values().all(|d| d.services.is_none()));
        let reading = facts.coverage.get(&Cell::global(Ask::DelegatedAdministrators)).expect("read");
        assert_eq!((reading.status, reading.gaps.len()), (Status::Partial, 1));
        assert_eq!(server.count(), 2, "after a denial the same is not asked again");
    }

    #[tokio::test]
    async fn a_member_account_learns_which_is_the_management_account() {
        let server = Server::answering(|request| match request.operation().as_str() {
            "DescribeOrganization" => json(DESCRIBED),
            _ => json_error(400, "AccessDeniedException", "You don't have permissions to access this resource."),
        });
        let (aws, mut inbox) = server.aws();
        aws.learn_caller("999999999999".into(), "aws".into());
        organization(&aws).await.expect("a reader");
        for collector in COLLECTORS {
            (collector.collect)(Arc::clone(&aws), None).await.expect("a reader");
        }
        let facts = inbox.facts();
        assert_eq!(facts.management_account().map(AccountId::as_str), Some("111122223333"));
        let reading = facts.coverage.get(&Cell::global(Ask::Accounts)).expect("read");
        assert!(matches!(reading.gaps[0].cause, Cause::Denied { .. }));
        assert!(reading.gaps[0].cure.contains("only the management account 111122223333"), "{}", reading.gaps[0].cure);
    }

    #[tokio::test]
    async fn no_organization_is_no_failure() {
        let server = Server::answering(|_| json_error(400, "AWSOrganizationsNotInUseException", "not a member"));
        let facts = run(&server, COLLECTORS, Ask::Accounts).await;
        assert_eq!(facts.coverage.status(Ask::Accounts), Status::NotApplicable);
    }
}
