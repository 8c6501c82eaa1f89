//! STS and Account Management: who asks, which Regions are on, who is to be called in an emergency.

use std::sync::Arc;

use aws_sdk_account::types::{self as sdk, AlternateContactType};

use super::convert::{some_text, text};
use super::{Aws, Collector, Cursor, Halt};
use crate::collect::{RegionScope, Stopped, Task};
use crate::model::{
    AlternateContact, Arn, Ask, Batch, Caller, Cause, Cell, ContactInformation, Problem, Region, RegionStatus, Text,
};

pub const COLLECTORS: &[Collector] =
    &[Collector { asks: &[Ask::Contacts], collect: |aws, _| Box::pin(async move { contacts(&aws).await }) }];

/// Regions that are on in every account of the partition `aws` (AWS Account Management Reference Guide,
/// "Enable or disable AWS Regions in your account").
const DEFAULT_REGIONS: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
];

/// Who asks: the first call, which shows whether the credentials work at all.
///
/// # Errors
/// [`Stopped`] when nobody listens any more.
pub async fn caller(aws: &Arc<Aws>) -> Result<(), Stopped> {
    let mut task = aws.start(Cell::global(Ask::Caller)).await?;
    let answer = aws.call(&mut task, "sts:GetCallerIdentity", None, || aws.sts().get_caller_identity().send()).await;
    match answer {
        Ok(identity) => {
            let caller = Caller {
                account: text(identity.account()).as_str().into(),
                arn: Arn::new(identity.arn().unwrap_or_default()),
                user_id: text(identity.user_id()),
            };
            aws.learn_caller(caller.account.clone(), Text::new(caller.arn.partition()));
            task.reading.rows = 1;
            task.send(Batch::Caller(caller)).await?;
            task.finish().await
        }
        Err(problem) => {
            if problem.cause == Cause::Credentials {
                aws.give_up(problem.clone());
            }
            aws.settle(task, Err(problem.into())).await
        }
    }
}

/// The Regions in scope: those that are on, or what the order names; when they cannot be listed, the default ones.
///
/// # Errors
/// [`Stopped`] when nobody listens any more.
pub async fn regions(aws: &Arc<Aws>) -> Result<(), Stopped> {
    let mut task = aws.start(Cell::global(Ask::Regions)).await?;
    let mut listed = Vec::new();
    let result = list_regions(aws, &mut task, &mut listed).await;
    let known = result.is_ok();
    let (scope, note) = scope(&aws.order.regions, known.then_some(&listed), &aws.home);
    if let (true, RegionScope::Only(wanted)) = (known, &aws.order.regions) {
        for off in wanted.iter().filter(|region| !scope.contains(region)) {
            let detail = format!("{off} is not on in this account");
            task.gap(Problem::new(
                "account:ListRegions",
                Cause::Absent,
                detail,
                "turn it on, or leave it out of --regions",
            ));
        }
    }
    aws.learn_regions(scope);
    task.note(note);
    aws.settle(task, result).await
}

async fn list_regions(aws: &Aws, task: &mut Task, listed: &mut Vec<RegionStatus>) -> Result<(), Halt> {
    let mut cursor = Cursor::new("account:ListRegions");
    while let Some(token) = cursor.next() {
        let send = || aws.account().list_regions().set_next_token(token.clone()).send();
        let page = aws.call(task, cursor.operation(), None, send).await?;
        let rows: Vec<RegionStatus> = page.regions().iter().map(region_status).collect();
        listed.extend(rows.iter().cloned());
        task.rows(rows, Batch::Regions).await?;
        cursor.advance(page.next_token())?;
    }
    Ok(())
}

fn region_status(from: &sdk::Region) -> RegionStatus {
    RegionStatus {
        region: Region::new(from.region_name().unwrap_or_default()),
        status: text(from.region_opt_status().map(|status| status.as_str())),
    }
}

/// Which Regions to read, and how to say where that comes from.
fn scope(wanted: &RegionScope, listed: Option<&Vec<RegionStatus>>, home: &Region) -> (Vec<Region>, String) {
    match (wanted, listed) {
        (RegionScope::All, Some(listed)) => {
            let on: Vec<Region> = listed.iter().filter(|r| r.is_on()).map(|r| r.region.clone()).collect();
            let note = format!("{} of {} Regions are on", on.len(), listed.len());
            (on, note)
        }
        (RegionScope::Only(wanted), Some(listed)) => {
            let is_on = |region: &&Region| listed.iter().any(|r| r.region == **region && r.is_on());
            let on: Vec<Region> = wanted.iter().filter(is_on).cloned().collect();
            let note = format!("{} Regions as ordered", on.len());
            (on, note)
        }
        (RegionScope::Only(wanted), None) => {
            (wanted.clone(), format!("{} Regions as ordered, unchecked", wanted.len()))
        }
        (RegionScope::All, None) => {
            let defaults = default_regions(home);
            let note = format!("the list could not be read: {} default Regions are looked at", defaults.len());
            (defaults, note)
        }
    }
}

/// The Regions that are on without asking, in the partition of the home Region.
fn default_regions(home: &Region) -> Vec<Region> {
    let names: &[&str] = match home.as_str() {
        home if home.starts_with("cn-") => &["cn-north-1", "cn-northwest-1"],
        home if home.starts_with("us-gov-") => &["us-gov-east-1", "us-gov-west-1"],
        _ => &DEFAULT_REGIONS,
    };
    let mut regions: Vec<Region> = names.iter().copied().map(Region::new).collect();
    if !regions.contains(home) {
        regions.insert(0, home.clone());
    }
    regions
}

async fn contacts(aws: &Arc<Aws>) -> Result<(), Stopped> {
    let mut task = aws.start(Cell::global(Ask::Contacts)).await?;
    task.reading.of = Some(4);
    let send = || aws.account().get_contact_information().send();
    if let Some(answer) = aws.call_or_gap(&mut task, "account:GetContactInformation", None, send).await {
        if let Some(contact) = answer.contact_information() {
            task.send(Batch::ContactInformation(contact_information(contact))).await?;
        }
        task.reading.rows += 1;
    }
    for kind in [AlternateContactType::Billing, AlternateContactType::Operations, AlternateContactType::Security] {
        let send = || aws.account().get_alternate_contact().alternate_contact_type(kind.clone()).send();
        match aws.attempt(&mut task, "account:GetAlternateContact", None, send).await {
            Ok(answer) => {
                let contact = alternate_contact(kind.as_str(), answer.alternate_contact());
                task.rows(vec![contact], Batch::AlternateContacts).await?;
            }
            // That none is set is an answer.
            Err(failure) if failure.code == "ResourceNotFoundException" => {
                task.rows(vec![alternate_contact(kind.as_str(), None)], Batch::AlternateContacts).await?;
            }
            // Denied for one kind, or out of reach, is so for the others.
            Err(failure) => {
                task.gap(failure.problem);
                break;
            }
        }
    }
    aws.settle(task, Ok(())).await
}

fn contact_information(from: &sdk::ContactInformation) -> ContactInformation {
    ContactInformation {
        full_name: Text::new(from.full_name()),
        company: text(from.company_name()),
        country: Text::new(from.country_code()),
        phone: Text::new(from.phone_number()),
    }
}

fn alternate_contact(kind: &str, from: Option<&sdk::AlternateContact>) -> AlternateContact {
    let field = |get: fn(&sdk::AlternateContact) -> Option<&str>| from.and_then(get).and_then(|t| some_text(Some(t)));
    AlternateContact {
        kind: Text::new(kind),
        present: from.is_some(),
        name: field(sdk::AlternateContact::name).unwrap_or_default(),
        title: field(sdk::AlternateContact::title).unwrap_or_default(),
        email: field(sdk::AlternateContact::email_address).unwrap_or_default(),
        phone: field(sdk::AlternateContact::phone_number).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Server, json, json_error, run, xml, xml_error};
    use crate::model::{Facts, Status};

    async fn read_regions(server: &Server, wanted: RegionScope) -> (Arc<Aws>, Facts) {
        let (mut aws, mut inbox) = server.aws();
        Arc::get_mut(&mut aws).expect("not shared yet").order.regions = wanted;
        regions(&aws).await.expect("a reader");
        (aws, inbox.facts())
    }

    fn names(aws: &Aws) -> Vec<&str> {
        aws.regions().iter().map(Region::as_str).collect()
    }

    fn three_regions() -> Server {
        Server::answering(|request| {
            json(if request.body().contains("NextToken") {
                r#"{"Regions":[{"RegionName":"ap-east-1","RegionOptStatus":"DISABLED"}]}"#
            } else {
                r#"{"Regions":[{"RegionName":"us-east-1","RegionOptStatus":"ENABLED_BY_DEFAULT"},
                    {"RegionName":"eu-south-1","RegionOptStatus":"ENABLED"}],"NextToken":"2"}"#
            })
        })
    }

    #[tokio::test]
    async fn only_regions_that_are_on_are_in_scope() {
        let (aws, facts) = read_regions(&three_regions(), RegionScope::All).await;
        assert_eq!(names(&aws), ["us-east-1", "eu-south-1"]);
        assert_eq!(facts.regions.len(), 3);
        assert_eq!(facts.coverage.status(Ask::Regions), Status::Complete);
    }

    #[tokio::test]
    async fn an_ordered_region_that_is_off_is_told() {
        let wanted = RegionScope::Only(vec!["ap-east-1".into(), "us-east-1".into()]);
        let (aws, facts) = read_regions(&three_regions(), wanted).await;
        assert_eq!(names(&aws), ["us-east-1"]);
        let reading = facts.coverage.get(&Cell::global(Ask::Regions)).expect("read");
        assert!(reading.gaps[0].detail.contains("ap-east-1 is not on"));
    }

    #[tokio::test]
    async fn without_the_list_the_default_regions_are_looked_at_and_it_says_so() {
        let server = Server::answering(|_| json_error(403, "AccessDeniedException", "no"));
        let (aws, facts) = read_regions(&server, RegionScope::All).await;
        assert_eq!(names(&aws).len(), 17);
        let reading = facts.coverage.get(&Cell::global(Ask::Regions)).expect("read");
        assert_eq!(reading.status, Status::Denied);
        assert!(reading.note.contains("17 default Regions"));
        let (aws, _) = read_regions(&server, RegionScope::Only(vec!["eu-west-1".into()])).await;
        assert_eq!(names(&aws), ["eu-west-1"]);
    }

    #[test]
    fn other_partitions_have_other_defaults() {
        assert_eq!(default_regions(&"cn-north-1".into()).len(), 2);
        assert_eq!(default_regions(&"eu-south-2".into()).len(), 18);
    }

    #[tokio::test]
    async fn a_contact_that_is_not_set_is_an_answer() {
        let server = Server::answering(|request| match request.body() {
            body if body.contains("SECURITY") => {
                json(r#"{"AlternateContact":{"Name":"Sec","EmailAddress":"s@x","AlternateContactType":"SECURITY"}}"#)
            }
            body if body.contains("AlternateContactType") => json_error(404, "ResourceNotFoundException", "none"),
            _ => json(
                r#"{"ContactInformation":{"FullName":"Ann","CountryCode":"CH","PhoneNumber":"1","AddressLine1":"a","City":"b","PostalCode":"c"}}"#,
            ),
        });
        let facts = run(&server, COLLECTORS, Ask::Contacts).await;
        assert_eq!(facts.contact.as_ref().map(|c| c.full_name.as_str()), Some("Ann"));
        let present: Vec<bool> = facts.alternate_contacts.values().map(|c| c.present).collect();
        assert_eq!(present, [false, false, true]);
        assert_eq!(facts.coverage.status(Ask::Contacts), Status::Complete);
    }

    #[tokio::test]
    async fn credentials_that_do_not_work_are_tried_once() {
        let server = Server::answering(|_| xml_error(403, "InvalidClientTokenId", "invalid"));
        let (aws, mut inbox) = server.aws();
        caller(&aws).await.expect("a reader");
        regions(&aws).await.expect("a reader");
        assert_eq!(server.count(), 1);
        let facts = inbox.facts();
        let reading = facts.coverage.get(&Cell::global(Ask::Regions)).expect("read");
        assert_eq!(reading.gaps[0].cause, Cause::Credentials);
    }

    #[tokio::test]
    async fn the_caller_is_known() {
        let server = Server::answering(|_| {
            xml(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account><Arn>arn:aws:sts::111122223333:assumed-role/a/b</Arn><UserId>X</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>",
            )
        });
        let (aws, mut inbox) = server.aws();
        caller(&aws).await.expect("a reader");
        assert_eq!(aws.caller_account().map(crate::model::AccountId::as_str), Some("111122223333"));
        assert_eq!(inbox.facts().caller.expect("read").arn.name(), "b");
    }
}
