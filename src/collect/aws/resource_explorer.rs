//! Resource Explorer, only where an index and a view are there already.
//!
//! Since October 2025 a first search in a Region may create an index and a view ("Terms and concepts for Resource
//! Explorer"): so `ListIndexes` comes first, then the view, and nothing is listed without naming a view.
//! `ListResources` gives no further page at `MaxResults` 1000: 500 are asked for, and exactly 1,000 is a gap.

use std::sync::Arc;

use aws_sdk_resourceexplorer2::types::{IndexType, Resource};
use aws_smithy_types::Document;

use super::residents::Scene;
use super::{Aws, Cursor, Halt};
use crate::collect::{Stopped, Task};
use crate::model::iam::Tag;
use crate::model::{Ask, Batch, Cause, Cell, Problem, Region, Resident, Status, Text};

const PAGE: i32 = 500;
/// Where searches and listings have been seen to stop.
const CAP: u64 = 1_000;
const LIST: &str = "resource-explorer-2:ListResources";

/// Reads one Region: its own index, or, where it is the aggregator, those of all Regions.
///
/// # Errors
/// [`Stopped`] when nobody listens any more.
pub async fn collect(aws: &Arc<Aws>, region: &Region) -> Result<(), Stopped> {
    let mut task = aws.start(Cell::regional(Ask::ResourceExplorer, region.clone())).await?;
    let indexes = match indexes(aws, &mut task, region).await {
        Ok(indexes) => indexes,
        Err(halt) => return aws.settle(task, Err(halt)).await,
    };
    let scope = match plan(&indexes, region, aws.regions()) {
        Plan::Absent(note) | Plan::Elsewhere(note) => {
            task.note(note);
            return task.finish_as(Status::NotApplicable).await;
        }
        Plan::Own => "the index of this Region",
        Plan::Aggregator => "the aggregator index, for all Regions that have one",
    };
    task.note(format!("{scope}; deleted resources linger in it for a while"));
    let result = read(aws, &mut task, region).await;
    aws.settle(task, result).await
}

/// A Region's index.
#[derive(Clone, Debug, PartialEq)]
struct Index {
    region: Region,
    aggregator: bool,
}

#[derive(Debug, PartialEq)]
enum Plan {
    /// No index: a search would make one.
    Absent(String),
    /// The aggregator's Region answers for this one.
    Elsewhere(String),
    Own,
    Aggregator,
}

fn plan(indexes: &[Index], region: &Region, in_scope: &[Region]) -> Plan {
    let own = indexes.iter().find(|index| index.region == *region);
    let aggregator = indexes.iter().find(|index| index.aggregator && in_scope.contains(&index.region));
    match (own, aggregator) {
        (None, _) => Plan::Absent("no Resource Explorer index here; not searched, as a search would create one".into()),
        (Some(own), _) if own.aggregator => Plan::Aggregator,
        (Some(_), Some(aggregator)) => {
            Plan::Elsewhere(format!("answered by the aggregator index in {}", aggregator.region))
        }
        (Some(_), None) => Plan::Own,
    }
}

async fn indexes(aws: &Arc<Aws>, task: &mut Task, region: &Region) -> Result<Vec<Index>, Halt> {
    let client = aws.resourceexplorer(region);
    let mut indexes = Vec::new();
    let mut cursor = Cursor::new("resource-explorer-2:ListIndexes");
    while let Some(token) = cursor.next() {
        let send = || client.list_indexes().set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), Some(region), send).await?;
        indexes.extend(page.indexes().iter().filter_map(|index| {
            let aggregator = index.r#type() == Some(&IndexType::Aggregator);
            Some(Index { region: Region::new(index.region()?), aggregator })
        }));
        cursor.advance(page.next_token())?;
    }
    Ok(indexes)
}

/// The default view, else the first one: a listing without view may make one.
async fn view(aws: &Arc<Aws>, task: &mut Task, region: &Region) -> Result<String, Halt> {
    let client = aws.resourceexplorer(region);
    let send = || client.get_default_view().send();
    let default = match aws.call(task, "resource-explorer-2:GetDefaultView", Some(region), send).await {
        Ok(answer) => answer.view_arn.filter(|arn| !arn.is_empty()),
        Err(problem) if matches!(problem.cause, Cause::Absent | Cause::Denied { .. }) => None,
        Err(problem) => return Err(problem.into()),
    };
    if let Some(view) = default {
        return Ok(view);
    }
    let send = || client.list_views().send();
    let views = aws.call(task, "resource-explorer-2:ListViews", Some(region), send).await?;
    match views.views().first() {
        Some(view) => {
            task.note(format!("no default view; listed through {view}, which may leave things out"));
            Ok(view.clone())
        }
        None => {
            let detail = "there is an index but no view; listing without one might create it";
            Err(Problem::new(LIST, Cause::Withheld, detail, "make a default view in Resource Explorer").into())
        }
    }
}

async fn read(aws: &Arc<Aws>, task: &mut Task, region: &Region) -> Result<(), Halt> {
    let view = view(aws, task, region).await?;
    let scene = Scene::of(aws, Ask::ResourceExplorer, region);
    let client = aws.resourceexplorer(region);
    let mut cursor = Cursor::new(LIST);
    let (mut seen, mut foreign) = (0u64, 0u64);
    while let Some(token) = cursor.next() {
        let send =
            || client.list_resources().view_arn(view.as_str()).max_results(PAGE).set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), Some(region), send).await?;
        seen += page.resources().len() as u64;
        let own: Vec<Resident> = page.resources().iter().filter_map(|resource| sighting(&scene, resource)).collect();
        foreign += (page.resources().len() - own.len()) as u64;
        task.rows(own, Batch::Residents).await?;
        cursor.advance(page.next_token())?;
    }
    if seen == CAP {
        let detail = "exactly 1,000 resources came: the listing may have been cut there";
        task.gap(Problem::new(LIST, Cause::Service, detail, "the other sources list the rest"));
    }
    if foreign > 0 {
        task.note(format!("{}; {foreign} of other accounts left out", task.reading.note));
    }
    Ok(())
}

/// None for a resource of another account: a view may span the organization.
fn sighting(scene: &Scene, resource: &Resource) -> Option<Resident> {
    let owner = resource.owning_account_id().filter(|owner| !owner.is_empty());
    if let (Some(owner), Some(here)) = (owner, &scene.account)
        && owner != here.as_str()
    {
        return None;
    }
    let tags =
        resource.properties().iter().filter(|p| p.name() == Some("tags")).filter_map(|p| p.data()).flat_map(tags);
    let mut resident = scene.by_arn(resource.arn()?, tags.collect());
    if !resident.resource_type.starts_with("AWS::")
        && let Some(word) = resource.cfn_resource_type().or(resource.resource_type())
    {
        resident.resource_type = Text::new(word);
    }
    if let Some(region) = resource.region() {
        let is_global = region == "global" || region.is_empty();
        resident.region = (!is_global).then(|| Region::new(region));
    }
    Some(resident)
}

/// `[{"Key": "team", "Value": "a"}]` as the SDK's document.
fn tags(document: &Document) -> Vec<Tag> {
    let Document::Array(items) = document else { return Vec::new() };
    let word = |item: &Document, key: &str| match item {
        Document::Object(map) => map.get(key).and_then(Document::as_string).map(Text::new),
        _ => None,
    };
    let tag = |item: &Document| Some(Tag { key: word(item, "Key")?, value: word(item, "Value").unwrap_or_default() });
    items.iter().filter_map(tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Reply, Server, json_error, reply};

    fn rest(body: &str) -> Reply {
        reply(200, "application/json", body)
    }

    fn index(region: &str, aggregator: bool) -> Index {
        Index { region: region.into(), aggregator }
    }

    #[test]
    fn who_answers_for_a_region() {
        let indexes = [index("us-east-1", true), index("eu-west-1", false)];
        let both = [Region::new("us-east-1"), Region::new("eu-west-1")];
        assert_eq!(plan(&indexes, &both[0], &both), Plan::Aggregator);
        assert!(matches!(plan(&indexes, &both[1], &both), Plan::Elsewhere(_)));
        assert_eq!(plan(&indexes, &both[1], &both[1..]), Plan::Own, "the aggregator is out of scope");
        assert!(matches!(plan(&indexes, &"eu-west-3".into(), &both), Plan::Absent(_)));
    }

    #[tokio::test]
    async fn without_an_index_nothing_is_searched() {
        let server = Server::answering(|request| match request.operation().as_str() {
            "ListIndexes" => rest(r#"{"Indexes":[]}"#),
            other => panic!("{other} may create an index"),
        });
        let (aws, mut inbox) = server.aws();
        collect(&aws, &"us-east-1".into()).await.expect("a reader");
        assert_eq!(server.count(), 1);
        assert_eq!(inbox.facts().coverage.status(Ask::ResourceExplorer), Status::NotApplicable);
    }

    #[tokio::test]
    async fn without_a_view_nothing_is_searched() {
        let server = Server::answering(|request| match request.operation().as_str() {
            "ListIndexes" => rest(r#"{"Indexes":[{"Region":"us-east-1","Type":"LOCAL"}]}"#),
            "GetDefaultView" => rest("{}"),
            "ListViews" => rest(r#"{"Views":[]}"#),
            other => panic!("{other} may create a view"),
        });
        let (aws, mut inbox) = server.aws();
        collect(&aws, &"us-east-1".into()).await.expect("a reader");
        let facts = inbox.facts();
        assert!(facts.coverage.gaps().any(|(_, gap)| gap.cause == Cause::Withheld), "{:?}", facts.coverage);
    }

    #[tokio::test]
    async fn the_default_view_is_named_and_pages_are_followed() {
        let server = Server::answering(|request| match request.operation().as_str() {
            "ListIndexes" => rest(r#"{"Indexes":[{"Region":"us-east-1","Type":"AGGREGATOR"}]}"#),
            "GetDefaultView" => rest(r#"{"ViewArn":"arn:aws:resource-explorer-2:us-east-1:111122223333:view/v/1"}"#),
            "ListResources" => {
                assert!(request.body().contains("view/v/1") && request.body().contains("500"), "{}", request.body());
                let (name, next) =
                    if request.body().contains("\"p2\"") { ("b", "") } else { ("a", r#","NextToken":"p2""#) };
                rest(&format!(
                    r#"{{"Resources":[{{"Arn":"arn:aws:sns:eu-west-1:111122223333:{name}","Region":"eu-west-1",
                    "ResourceType":"sns:topic","Properties":[{{"Name":"tags","Data":[{{"Key":"k","Value":"v"}}]}}]}}]{next}}}"#
                ))
            }
            other => panic!("{other}"),
        });
        let (aws, mut inbox) = server.aws();
        collect(&aws, &"us-east-1".into()).await.expect("a reader");
        let facts = inbox.facts();
        assert_eq!(facts.residents.len(), 2);
        let topic = facts.residents.values().next().expect("one");
        assert_eq!((topic.resource_type.as_str(), topic.tags.len()), ("AWS::SNS::Topic", 1));
        assert_eq!(topic.region.as_ref().map(Region::as_str), Some("eu-west-1"));
    }

    #[tokio::test]
    async fn a_denied_search_names_its_action() {
        let server = Server::answering(|request| match request.operation().as_str() {
            "ListIndexes" => rest(r#"{"Indexes":[{"Region":"us-east-1","Type":"LOCAL"}]}"#),
            "GetDefaultView" => rest(r#"{"ViewArn":"arn:aws:resource-explorer-2:us-east-1:111122223333:view/v/1"}"#),
            _ => json_error(403, "AccessDeniedException", "no"),
        });
        let (aws, mut inbox) = server.aws();
        collect(&aws, &"us-east-1".into()).await.expect("a reader");
        let facts = inbox.facts();
        assert_eq!(facts.coverage.status(Ask::ResourceExplorer), Status::Denied);
        assert!(facts.coverage.gaps().any(|(_, gap)| gap.cure.contains("resource-explorer-2:Search")));
    }
}
