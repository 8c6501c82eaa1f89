//! AWS Organizations: the organization, its tree, accounts, policies and delegation.

use std::sync::Arc;

use super::convert::text;
use super::{Aws, Collector};
use crate::collect::Stopped;
use crate::model::{AccountId, Arn, Ask, Batch, Cell, Organization};

pub const COLLECTORS: &[Collector] = &[];

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
                task.reading.rows = 1;
                task.send(Batch::Organization(organization)).await?;
            }
            Ok(())
        }
        Err(problem) => Err(problem.into()),
    };
    aws.settle(task, result).await
}

fn map_organization(from: &aws_sdk_organizations::types::Organization) -> Organization {
    Organization {
        id: text(from.id()),
        arn: Arn::new(from.arn().unwrap_or_default()),
        management_account: AccountId::new(from.master_account_id().unwrap_or_default()),
        management_email: text(from.master_account_email()),
        feature_set: text(from.feature_set().map(|set| set.as_str())),
    }
}
