//! The tagging API: resources of a Region that have or had a tag. A first answer, never the whole one.
//!
//! `tag:GetResources`, 100 resources a page (API Reference). Global resources are listed in us-east-1.

use std::sync::Arc;

use aws_sdk_resourcegroupstagging::types::ResourceTagMapping;

use super::residents::Scene;
use super::{Aws, Cursor, Halt};
use crate::collect::{Stopped, Task};
use crate::model::iam::Tag;
use crate::model::{Ask, Batch, Cell, Region, Resident, Text};

const PAGE: i32 = 100;

/// Reads one Region.
///
/// # Errors
/// [`Stopped`] when nobody listens any more.
pub async fn collect(aws: &Arc<Aws>, region: &Region) -> Result<(), Stopped> {
    let mut task = aws.start(Cell::regional(Ask::Tagging, region.clone())).await?;
    task.note("only what has or had a tag");
    let result = read(aws, &mut task, region).await;
    aws.settle(task, result).await
}

async fn read(aws: &Arc<Aws>, task: &mut Task, region: &Region) -> Result<(), Halt> {
    let scene = Scene::of(aws, Ask::Tagging, region);
    let client = aws.tagging(region);
    let mut cursor = Cursor::new("tag:GetResources");
    while let Some(token) = cursor.next() {
        let send = || client.get_resources().resources_per_page(PAGE).set_pagination_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), Some(region), send).await?;
        let rows = page.resource_tag_mapping_list().iter().filter_map(|row| sighting(&scene, row)).collect();
        task.rows(rows, Batch::Residents).await?;
        cursor.advance(page.pagination_token())?;
    }
    Ok(())
}

fn sighting(scene: &Scene, row: &ResourceTagMapping) -> Option<Resident> {
    let tags = row.tags().iter().map(|tag| Tag { key: Text::new(tag.key()), value: Text::new(tag.value()) }).collect();
    row.resource_arn().map(|arn| scene.by_arn(arn, tags))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Server, json, json_error};
    use crate::model::Status;

    #[tokio::test]
    async fn pages_become_residents_until_the_empty_token() {
        let server = Server::answering(|request| {
            let page = if request.body().contains("\"two\"") { ("", "jobs") } else { ("two", "mail") };
            json(format!(
                r#"{{"PaginationToken":"{}","ResourceTagMappingList":[
                    {{"ResourceARN":"arn:aws:sqs:eu-west-1:111122223333:{}","Tags":[{{"Key":"team","Value":"a"}}]}}]}}"#,
                page.0, page.1
            ))
        });
        let (aws, mut inbox) = server.aws();
        collect(&aws, &"eu-west-1".into()).await.expect("a reader");
        let facts = inbox.facts();
        assert_eq!((server.count(), facts.residents.len()), (2, 2));
        assert_eq!(facts.coverage.status(Ask::Tagging), Status::Complete);
        assert!(facts.residents.values().all(|r| r.resource_type == "AWS::SQS::Queue" && r.tags.len() == 1));
    }

    #[tokio::test]
    async fn a_denial_is_a_gap() {
        let server = Server::answering(|_| json_error(400, "AccessDeniedException", "no"));
        let (aws, mut inbox) = server.aws();
        collect(&aws, &"eu-west-1".into()).await.expect("a reader");
        let facts = inbox.facts();
        assert_eq!(facts.coverage.status(Ask::Tagging), Status::Denied);
        assert!(facts.coverage.gaps().any(|(_, gap)| gap.cure.contains("tag:GetResources")));
    }
}
