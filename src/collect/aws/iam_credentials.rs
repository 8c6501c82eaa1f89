//! IAM: how people and programs prove who they are: credential report, access keys, MFA devices.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_iam::types as sdk;

use super::convert::{some_text, text, time};
use super::{Aws, Collector, Cursor, Halt, collector};
use crate::collect::{Stopped, Task, credential_report};
use crate::model::{AccessKey, Ask, Batch, Cause, Cell, LastUsed, MfaDevice, Problem, Region, Text};

pub const COLLECTORS: &[Collector] = &[
    collector!(CredentialReport, report),
    Collector {
        asks: &[Ask::AccessKeys, Ask::MfaDevices],
        collect: |aws, _| Box::pin(async move { keys_and_devices(&aws).await }),
    },
];

/// The first wait for a report; AWS makes one within seconds in small accounts.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// About a minute and a half in all.
const POLLS: u32 = 20;

/// Has a report made (AWS keeps one for four hours) and reads it. Where making is denied an older one may be there.
async fn report(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    task.note("waiting for the report");
    if let Err(halt) = generate(aws, task).await {
        match halt {
            Halt::Problem(problem) if matches!(problem.cause, Cause::Denied { .. }) => task.gap(problem),
            halt => return Err(halt),
        }
    }
    let send = || aws.iam().get_credential_report().send();
    let answer = aws.call(task, "iam:GetCredentialReport", None, send).await?;
    let content = answer.content().map(aws_smithy_types::Blob::as_ref).unwrap_or_default();
    let rows = credential_report::parse(content)
        .map_err(|error| Problem::new("iam:GetCredentialReport", Cause::Malformed, error.to_string(), ""))?;
    task.note(match time(answer.generated_time()) {
        Some(at) => format!("made at {at}"),
        None => String::new(),
    });
    task.rows(rows, Batch::CredentialReport).await?;
    Ok(())
}

async fn generate(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let mut wait = FIRST_WAIT;
    for _ in 0..POLLS {
        let send = || aws.iam().generate_credential_report().send();
        let answer = aws.call(task, "iam:GenerateCredentialReport", None, send).await?;
        if answer.state() == Some(&sdk::ReportStateType::Complete) {
            return Ok(());
        }
        tokio::select! {
            biased;
            () = aws.stop().cancelled() => {
                return Err(Problem::new("iam:GenerateCredentialReport", Cause::Cancelled, "stopped", "").into());
            }
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    let detail = "the report was not ready in time";
    Err(Problem::new("iam:GenerateCredentialReport", Cause::Service, detail, "read again").into())
}

/// Both need the list of users, so they are read side by side.
async fn keys_and_devices(aws: &Arc<Aws>) -> Result<(), Stopped> {
    let mut keys = aws.start(Cell::global(Ask::AccessKeys)).await?;
    let mut devices = aws.start(Cell::global(Ask::MfaDevices)).await?;
    let users = match list_users(aws, &mut keys).await {
        Ok(users) => users,
        Err(Halt::Stopped(stopped)) => return Err(stopped),
        Err(Halt::Problem(problem)) => {
            keys.gap(problem.clone());
            devices.gap(problem);
            Vec::new()
        }
    };
    let reading = async { access_keys(aws, &mut keys, &users).await };
    let (of_keys, of_devices) = tokio::join!(reading, mfa_devices(aws, &mut devices, &users));
    aws.settle(keys, of_keys).await.and(aws.settle(devices, of_devices).await)
}

async fn list_users(aws: &Aws, task: &mut Task) -> Result<Vec<Text>, Halt> {
    let mut users = Vec::new();
    let mut cursor = Cursor::new("iam:ListUsers");
    while let Some(marker) = cursor.next() {
        let send = || aws.iam().list_users().max_items(1000).set_marker(marker.clone()).send();
        let page = aws.call(task, cursor.operation(), None, send).await?;
        users.extend(page.users().iter().map(|user| Text::new(user.user_name())));
        cursor.advance(page.marker().filter(|_| page.is_truncated()))?;
    }
    Ok(users)
}

async fn access_keys(aws: &Aws, task: &mut Task, users: &[Text]) -> Result<(), Halt> {
    for (n, user) in users.iter().enumerate() {
        task.note(format!("user {} of {}", n + 1, users.len()));
        if n % 10 == 0 {
            task.report().await?;
        }
        let mut keys = Vec::new();
        let mut cursor = Cursor::new("iam:ListAccessKeys");
        while let Some(marker) = cursor.next() {
            let client = aws.iam();
            let send = || client.list_access_keys().user_name(user.as_str()).set_marker(marker.clone()).send();
            let Some(page) = aws.call_or_gap(task, cursor.operation(), None, send).await else { break };
            keys.extend(page.access_key_metadata().iter().map(map_access_key));
            cursor.advance(page.marker().filter(|_| page.is_truncated()))?;
        }
        for key in &mut keys {
            let send = || aws.iam().get_access_key_last_used().access_key_id(key.id.as_str()).send();
            let answer = aws.call_or_gap(task, "iam:GetAccessKeyLastUsed", None, send).await;
            key.last_used = answer.map(|answer| map_last_used(answer.access_key_last_used()));
        }
        task.rows(keys, Batch::AccessKeys).await?;
        if aws.is_stopped() {
            break;
        }
    }
    task.note(format!("{} users", users.len()));
    Ok(())
}

/// Virtual devices, root's among them, come in one listing; keys and hardware devices only user by user.
async fn mfa_devices(aws: &Aws, task: &mut Task, users: &[Text]) -> Result<(), Halt> {
    let mut seen: BTreeSet<Text> = BTreeSet::new();
    let mut cursor = Cursor::new("iam:ListVirtualMFADevices");
    while let Some(marker) = cursor.next() {
        let send = || aws.iam().list_virtual_mfa_devices().set_marker(marker.clone()).send();
        let Some(page) = aws.call_or_gap(task, cursor.operation(), None, send).await else { break };
        let rows: Vec<MfaDevice> = page.virtual_mfa_devices().iter().map(map_virtual_device).collect();
        seen.extend(rows.iter().map(|device| device.serial.clone()));
        task.rows(rows, Batch::MfaDevices).await?;
        cursor.advance(page.marker().filter(|_| page.is_truncated()))?;
    }
    for user in users {
        let mut cursor = Cursor::new("iam:ListMFADevices");
        while let Some(marker) = cursor.next() {
            let client = aws.iam();
            let send = || client.list_mfa_devices().user_name(user.as_str()).set_marker(marker.clone()).send();
            let Some(page) = aws.call_or_gap(task, cursor.operation(), None, send).await else { break };
            let new = page.mfa_devices().iter().map(map_device).filter(|device| seen.insert(device.serial.clone()));
            task.rows(new.collect(), Batch::MfaDevices).await?;
            cursor.advance(page.marker().filter(|_| page.is_truncated()))?;
        }
        if aws.is_stopped() {
            break;
        }
    }
    Ok(())
}

fn map_access_key(from: &sdk::AccessKeyMetadata) -> AccessKey {
    AccessKey {
        id: text(from.access_key_id()),
        user: text(from.user_name()),
        active: from.status() == Some(&sdk::StatusType::Active),
        created: time(from.create_date()),
        last_used: None,
    }
}

/// `N/A` stands for a key that was never used, or not since tracking began.
fn map_last_used(from: Option<&sdk::AccessKeyLastUsed>) -> LastUsed {
    let Some(from) = from else { return LastUsed::default() };
    let known = |word: &str| some_text(Some(word)).filter(|word| !word.eq_ignore_ascii_case("N/A"));
    LastUsed {
        at: time(from.last_used_date()),
        region: known(from.region()).map(|region| Region::new(region.as_str())),
        service: known(from.service_name()),
    }
}

fn map_device(from: &sdk::MfaDevice) -> MfaDevice {
    MfaDevice {
        serial: Text::new(from.serial_number()),
        user: some_text(Some(from.user_name())),
        is_root: false,
        enabled: time(Some(from.enable_date())),
    }
}

fn map_virtual_device(from: &sdk::VirtualMfaDevice) -> MfaDevice {
    let user = from.user();
    let is_root = user.is_some_and(|user| user.arn().ends_with(":root"));
    MfaDevice {
        serial: Text::new(from.serial_number()),
        user: user.and_then(|user| some_text(Some(user.user_name()))).filter(|_| !is_root),
        is_root,
        enabled: time(from.enable_date()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::collect::aws::testing::{Server, reply, run, xml, xml_error};
    use crate::model::Status;

    fn answer(operation: &str, inner: &str) -> crate::collect::aws::testing::Reply {
        xml(format!("<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>"))
    }

    /// "user,arn\n<root_account>,arn:aws:iam::1:root\n" as base64.
    const REPORT: &str = "<Content>dXNlcixhcm4KPHJvb3RfYWNjb3VudD4sYXJuOmF3czppYW06OjE6cm9vdAo=</Content><GeneratedTime>2026-01-02T03:04:05Z</GeneratedTime>";

    #[tokio::test(start_paused = true)]
    async fn a_report_is_awaited_and_read() {
        let polls = AtomicU32::new(0);
        let server = Server::answering(move |request| match request.operation().as_str() {
            "GenerateCredentialReport" if polls.fetch_add(1, Ordering::SeqCst) < 3 => {
                answer("GenerateCredentialReport", "<State>INPROGRESS</State>")
            }
            "GenerateCredentialReport" => answer("GenerateCredentialReport", "<State>COMPLETE</State>"),
            _ => answer("GetCredentialReport", REPORT),
        });
        let facts = run(&server, COLLECTORS, Ask::CredentialReport).await;
        assert!(facts.credential_report["<root_account>"].is_root());
        assert_eq!(server.count(), 5);
        assert_eq!(facts.coverage.status(Ask::CredentialReport), Status::Complete);
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_that_never_comes_is_given_up() {
        let server = Server::answering(|_| answer("GenerateCredentialReport", "<State>STARTED</State>"));
        let facts = run(&server, COLLECTORS, Ask::CredentialReport).await;
        assert_eq!(facts.coverage.status(Ask::CredentialReport), Status::Failed);
        assert_eq!(server.count(), POLLS as usize);
    }

    #[tokio::test]
    async fn an_older_report_will_do_where_making_one_is_denied() {
        let server = Server::answering(|request| match request.operation().as_str() {
            "GenerateCredentialReport" => xml_error(403, "AccessDenied", "no"),
            _ => answer("GetCredentialReport", REPORT),
        });
        let facts = run(&server, COLLECTORS, Ask::CredentialReport).await;
        assert_eq!(facts.credential_report.len(), 1);
        assert_eq!(facts.coverage.status(Ask::CredentialReport), Status::Partial);
    }

    fn two_users(operation: &str, body: &str) -> crate::collect::aws::testing::Reply {
        let ann = body.contains("UserName=ann");
        match operation {
            "ListUsers" => answer(
                operation,
                "<Users><member><UserName>ann</UserName></member><member><UserName>bob</UserName></member></Users><IsTruncated>false</IsTruncated>",
            ),
            "ListAccessKeys" if ann => answer(
                operation,
                "<AccessKeyMetadata><member><UserName>ann</UserName><AccessKeyId>AKIA1</AccessKeyId><Status>Active</Status></member><member><UserName>ann</UserName><AccessKeyId>AKIA2</AccessKeyId><Status>Inactive</Status></member></AccessKeyMetadata>",
            ),
            "GetAccessKeyLastUsed" if body.contains("AKIA1") => answer(
                operation,
                "<AccessKeyLastUsed><LastUsedDate>2026-01-02T03:04:05Z</LastUsedDate><Region>us-east-1</Region><ServiceName>s3</ServiceName></AccessKeyLastUsed>",
            ),
            "GetAccessKeyLastUsed" => answer(
                operation,
                "<AccessKeyLastUsed><Region>N/A</Region><ServiceName>N/A</ServiceName></AccessKeyLastUsed>",
            ),
            "ListVirtualMFADevices" => answer(
                operation,
                "<VirtualMFADevices><member><SerialNumber>arn:aws:iam::1:mfa/root</SerialNumber><User><Arn>arn:aws:iam::1:root</Arn></User><EnableDate>2020-01-02T03:04:05Z</EnableDate></member><member><SerialNumber>arn:aws:iam::1:mfa/ann</SerialNumber><User><Arn>arn:aws:iam::1:user/ann</Arn><UserName>ann</UserName></User></member></VirtualMFADevices>",
            ),
            "ListMFADevices" if ann => answer(
                operation,
                "<MFADevices><member><UserName>ann</UserName><SerialNumber>arn:aws:iam::1:mfa/ann</SerialNumber></member><member><UserName>ann</UserName><SerialNumber>GAHT1</SerialNumber></member></MFADevices>",
            ),
            _ => answer(operation, ""),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn keys_and_devices_of_every_user() {
        let server = Server::answering(|request| two_users(&request.operation(), &request.body()));
        let facts = run(&server, COLLECTORS, Ask::AccessKeys).await;
        assert_eq!(facts.access_keys.len(), 2);
        assert_eq!(facts.access_keys["AKIA1"].last_used.as_ref().and_then(|l| l.service.as_deref()), Some("s3"));
        assert_eq!(facts.access_keys["AKIA2"].last_used, Some(LastUsed::default()));
        assert!(facts.mfa_devices["arn:aws:iam::1:mfa/root"].is_root);
        let reading = facts.coverage.get(&Cell::global(Ask::MfaDevices)).expect("read");
        assert_eq!((facts.mfa_devices.len() as u64, reading.rows), (3, 3), "a device that is listed twice counts once");
        assert_eq!(facts.coverage.status(Ask::AccessKeys), Status::Complete);
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_call_is_asked_once_and_the_keys_stay() {
        let server = Server::answering(|request| match request.operation().as_str() {
            "GetAccessKeyLastUsed" => reply(500, "text/html", "<!doctype html>"),
            operation => two_users(operation, &request.body()),
        });
        let facts = run(&server, COLLECTORS, Ask::AccessKeys).await;
        assert!(facts.access_keys.values().all(|key| key.last_used.is_none()));
        let reading = facts.coverage.get(&Cell::global(Ask::AccessKeys)).expect("read");
        assert_eq!((reading.status, reading.gaps.len()), (Status::Partial, 1));
    }

    #[tokio::test]
    async fn without_the_list_of_users_both_say_so() {
        let server = Server::answering(|_| xml_error(403, "AccessDenied", "no"));
        let facts = run(&server, COLLECTORS, Ask::AccessKeys).await;
        assert_eq!(facts.coverage.status(Ask::AccessKeys), Status::Denied);
        assert_eq!(facts.coverage.status(Ask::MfaDevices), Status::Denied);
    }
}
