//! Proves the bench itself: moto and the seeded organization, the front's answers and faults, with the AWS SDK as the
//! client, and the terminal. What the program makes of them is in `journeys.rs`.

mod support;

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_account::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_cloudtrail::error::ProvideErrorMetadata;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::retry::RetryConfig;
use portable_pty::CommandBuilder;
use serde_json::json;
use support::events;
use support::front::iam::RootRow;
use support::front::{Fault, Front};
use support::pty::{SIZE, Terminal};
use support::{now, world};

const SOON: Duration = Duration::from_secs(20);

/// An SDK without retries, so that a test sees the first answer.
fn sdk(front: &Front, region: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIATEST", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(Region::new(region.to_owned()))
        .endpoint_url(front.url())
        .retry_config(RetryConfig::disabled())
        .build()
}

fn attribute(key: LookupAttributeKey, value: &str) -> LookupAttribute {
    LookupAttribute::builder().attribute_key(key).attribute_value(value).build().expect("both are there")
}

macro_rules! code {
    ($call:expr) => {{
        let error = $call.send().await.expect_err("an error was set up");
        error.code().map(str::to_owned)
    }};
}

mod seeded {
    use super::*;

    #[tokio::test]
    async fn the_organization_reads_through_the_front_as_it_was_seeded() {
        let Some(world) = world() else { return };
        let (front, seeded) = (world.front(), &world.seeded);
        let config = sdk(&front, "us-east-1");
        let organizations = aws_sdk_organizations::Client::new(&config);
        let mut pages = organizations.list_accounts().into_paginator().send();
        let mut found = 0;
        while let Some(page) = pages.next().await {
            found += page.expect("moto lists accounts").accounts().len();
        }
        assert_eq!((found, seeded.accounts), (60, 60));
        let delegated = organizations.list_delegated_administrators().send().await.expect("moto has it");
        assert_eq!(delegated.delegated_administrators().len(), seeded.delegated.len());
        let caller = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.expect("moto has STS");
        assert_eq!(caller.account(), Some(seeded.management_account.as_str()));
        assert_eq!(front.writes().len(), 0);
        assert!(front.count("organizations:ListAccounts@us-east-1") >= 1);
        assert!(front.calls().iter().all(|call| call.user_agent.contains("aws-sdk-rust")));
    }

    #[tokio::test]
    async fn authorization_details_come_in_pages_that_add_up() {
        let Some(world) = world() else { return };
        let (front, seeded) = (world.front(), &world.seeded);
        front.iam().add_hostile_role("evil\u{9b}31m\u{202e}role");
        let iam = aws_sdk_iam::Client::new(&sdk(&front, "us-east-1"));
        let (mut users, mut groups, mut roles, mut policies, mut pages) = (0, 0, Vec::new(), Vec::new(), 0);
        let mut answers = iam.get_account_authorization_details().into_paginator().send();
        while let Some(page) = answers.next().await {
            let page = page.expect("a page");
            let here = page.user_detail_list().len() + page.group_detail_list().len() + page.role_detail_list().len();
            assert!(here + page.policies().len() <= 100, "a page holds at most 100 details");
            users += page.user_detail_list().len();
            groups += page.group_detail_list().len();
            roles.extend(page.role_detail_list().iter().filter_map(|role| role.role_name().map(str::to_owned)));
            policies.extend(page.policies().iter().map(|policy| {
                assert!(policy.policy_id().is_some(), "{policy:?}");
                policy.policy_name().expect("the front adds the name").to_owned()
            }));
            pages += 1;
        }
        assert_eq!((users, groups, roles.len()), (seeded.users.len(), seeded.groups, seeded.roles.len() + 1));
        assert!(seeded.roles.iter().all(|role| roles.contains(role)));
        assert!(policies.contains(&"policy-0".to_owned()) && policies.contains(&"AdministratorAccess".to_owned()));
        // Of the AWS managed policies only those that somebody has.
        assert_eq!(policies.len(), seeded.policies + 1);
        assert_eq!(pages, 4);
        let wrong = iam.get_account_authorization_details().marker("nonsense");
        assert_eq!(code!(wrong).as_deref(), Some("ValidationError"));
    }

    #[tokio::test]
    async fn the_credential_report_has_a_root_row_and_the_users() {
        let Some(world) = world() else { return };
        let (front, seeded) = (world.front(), &world.seeded);
        front.iam().set_root(RootRow { mfa: true, access_key: true, ..RootRow::default() });
        let iam = aws_sdk_iam::Client::new(&sdk(&front, "us-east-1"));
        iam.generate_credential_report().send().await.expect("moto has it");
        let report = iam.get_credential_report().send().await.expect("the front mends it");
        let report = report.content().expect("content").as_ref().to_vec();
        let mut reader = csv::Reader::from_reader(report.as_slice());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows of one width");
        assert_eq!(rows.len(), seeded.users.len() + 1);
        assert_eq!(rows[0].get(0), Some("<root_account>"));
        let column = reader.headers().expect("a header").iter().position(|name| name == "mfa_active");
        assert_eq!(rows[0].get(column.expect("it is a column")), Some("true"));
        assert!(!front.calls().is_empty() && front.writes().is_empty(), "the report is not a write");
    }

    #[tokio::test]
    async fn tagging_and_config_answer_with_what_was_made() {
        let Some(world) = world() else { return };
        let (front, seeded) = (world.front(), &world.seeded);
        let mut arns = std::collections::BTreeSet::new();
        for region in &seeded.regions {
            let tagging = aws_sdk_resourcegroupstagging::Client::new(&sdk(&front, region));
            let found = tagging.get_resources().send().await.expect("moto has tagging");
            arns.extend(found.resource_tag_mapping_list().iter().filter_map(|one| one.resource_arn.clone()));
        }
        assert_eq!(arns, seeded.tagged_residents.iter().cloned().collect());
        let config = aws_sdk_config::Client::new(&sdk(&front, "us-east-1"));
        let counts = config.get_discovered_resource_counts().send().await.expect("the front counts");
        let buckets = counts
            .resource_counts()
            .iter()
            .find(|one| one.resource_type().is_some_and(|resource_type| resource_type.as_str() == "AWS::S3::Bucket"));
        assert_eq!(buckets.map(|one| one.count()), Some(4));
    }
}

mod lookup {
    use super::*;

    fn records(count: usize, region: &str) -> Vec<serde_json::Value> {
        let now = now();
        (0..count)
            .map(|number| {
                let time = now - jiff::SignedDuration::from_mins(number as i64 + 1);
                let name = if number % 2 == 0 { "CreateUser" } else { "ListUsers" };
                json!({ "eventID": format!("{region}-{number}"), "eventTime": time.to_string(), "eventName": name,
                        "eventSource": "iam.amazonaws.com", "awsRegion": region, "readOnly": number % 2 == 1,
                        "userIdentity": { "type": "IAMUser", "userName": "alice", "accessKeyId": "AKIAALICE" } })
            })
            .collect()
    }

    fn front() -> Front {
        let front = Front::start(None);
        front.trail().set([records(120, "us-east-1"), records(7, "eu-west-1")].concat());
        front.trail().set_rate(1000.0);
        front
    }

    #[tokio::test]
    async fn pages_are_of_fifty_newest_first_and_of_one_region() {
        let front = front();
        let client = aws_sdk_cloudtrail::Client::new(&sdk(&front, "us-east-1"));
        let (mut sizes, mut ids) = (Vec::new(), Vec::new());
        let mut pages = client.lookup_events().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.expect("a page");
            sizes.push(page.events().len());
            ids.extend(page.events().iter().filter_map(|event| event.event_id().map(str::to_owned)));
        }
        assert_eq!(sizes, [50, 50, 20]);
        assert_eq!(ids, (0..120).map(|number| format!("us-east-1-{number}")).collect::<Vec<_>>());
        let other = aws_sdk_cloudtrail::Client::new(&sdk(&front, "eu-west-1"));
        assert_eq!(other.lookup_events().send().await.expect("a page").events().len(), 7);
        assert_eq!(front.count("cloudtrail:LookupEvents@eu-west-1"), 1);
    }

    #[tokio::test]
    async fn one_attribute_filters_and_two_are_refused() {
        let front = front();
        let client = aws_sdk_cloudtrail::Client::new(&sdk(&front, "us-east-1"));
        for (key, value, expected) in [
            (LookupAttributeKey::EventName, "CreateUser", 50),
            (LookupAttributeKey::EventSource, "sts.amazonaws.com", 0),
            (LookupAttributeKey::Username, "alice", 50),
            (LookupAttributeKey::AccessKeyId, "AKIAALICE", 50),
            (LookupAttributeKey::EventId, "us-east-1-3", 1),
            (LookupAttributeKey::ReadOnly, "true", 50),
            (LookupAttributeKey::ResourceName, "nothing", 0),
        ] {
            let found = client.lookup_events().lookup_attributes(attribute(key.clone(), value)).send().await;
            let found = found.expect("a page");
            assert_eq!(found.events().len(), expected, "{key:?} {value}");
            let mut names = found.events().iter().filter_map(|event| event.event_name());
            assert!(key != LookupAttributeKey::EventName || names.all(|name| name == value));
        }
        let two = client
            .lookup_events()
            .lookup_attributes(attribute(LookupAttributeKey::EventName, "CreateUser"))
            .lookup_attributes(attribute(LookupAttributeKey::Username, "alice"));
        assert_eq!(code!(two).as_deref(), Some("InvalidLookupAttributesException"));
    }

    #[tokio::test]
    async fn wrong_requests_are_refused_by_their_names() {
        let front = front();
        let client = aws_sdk_cloudtrail::Client::new(&sdk(&front, "us-east-1"));
        assert_eq!(code!(client.lookup_events().max_results(51)).as_deref(), Some("InvalidMaxResultsException"));
        assert_eq!(code!(client.lookup_events().next_token("2.abc")).as_deref(), Some("InvalidNextTokenException"));
        let (early, late) = (DateTime::from_secs(1), DateTime::from_secs(2));
        let backwards = client.lookup_events().start_time(late).end_time(early);
        assert_eq!(code!(backwards).as_deref(), Some("InvalidTimeRangeException"));
        let first = client.lookup_events().send().await.expect("a page");
        // A token belongs to its request.
        let other = client.lookup_events().max_results(10).next_token(first.next_token().expect("there is more"));
        assert_eq!(code!(other).as_deref(), Some("InvalidNextTokenException"));
    }

    #[tokio::test]
    async fn the_window_bounds_what_is_found() {
        let front = front();
        let client = aws_sdk_cloudtrail::Client::new(&sdk(&front, "us-east-1"));
        let now = now().as_second();
        let (from, to) = (DateTime::from_secs(now - 30 * 60), DateTime::from_secs(now - 20 * 60));
        let found = client.lookup_events().start_time(from).end_time(to).send().await.expect("a page");
        assert!((9..=11).contains(&found.events().len()), "{}", found.events().len());
    }

    #[tokio::test]
    async fn the_third_request_in_a_second_is_throttled_per_region() {
        let front = front();
        front.trail().set_rate(2.0);
        let client = aws_sdk_cloudtrail::Client::new(&sdk(&front, "us-east-1"));
        let (one, two, three) =
            tokio::join!(client.lookup_events().send(), client.lookup_events().send(), client.lookup_events().send());
        let refused: Vec<_> = [one, two, three].into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].code(), Some("ThrottlingException"));
        let other = aws_sdk_cloudtrail::Client::new(&sdk(&front, "eu-west-1"));
        assert!(other.lookup_events().send().await.is_ok());
        assert_eq!(front.trail().refused(), 1);
    }

    #[tokio::test]
    async fn the_sample_is_served_whole() {
        let Some(world) = world() else { return };
        let front = world.front();
        front.trail().set_rate(1000.0);
        let mut found = 0;
        for region in &world.seeded.regions {
            let client = aws_sdk_cloudtrail::Client::new(&sdk(&front, region));
            let mut pages = client.lookup_events().into_paginator().send();
            while let Some(page) = pages.next().await {
                found += page.expect("a page").events().len();
            }
        }
        assert_eq!(found, events::sample(&world.seeded).len());
    }
}

mod inventories {
    use super::*;

    #[tokio::test]
    async fn cloud_control_lists_pages_and_refuses() {
        let front = Front::start(None);
        for number in 0..130 {
            front.store().add("eu-west-1", "AWS::SQS::Queue", &format!("q{number}"), json!({ "QueueName": number }));
        }
        front.store().forget_type("AWS::Gone::Thing");
        front.store().refuse_listing("AWS::EC2::VPCGatewayAttachment");
        front.store().need_model("AWS::ECS::Service");
        let client = aws_sdk_cloudcontrol::Client::new(&sdk(&front, "eu-west-1"));
        let mut pages = client.list_resources().type_name("AWS::SQS::Queue").into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            found.extend(page.expect("a page").resource_descriptions.unwrap_or_default());
        }
        assert_eq!(found.len(), 130);
        assert_eq!(found[129].identifier(), Some("q129"));
        assert_eq!(found[129].properties(), Some(r#"{"QueueName":129}"#));
        let elsewhere = aws_sdk_cloudcontrol::Client::new(&sdk(&front, "us-east-1"));
        let elsewhere = elsewhere.list_resources().type_name("AWS::SQS::Queue").send().await.expect("an empty list");
        assert_eq!(elsewhere.resource_descriptions().len(), 0);
        let refused = |name: &str| {
            let call = client.list_resources().type_name(name);
            async { call.send().await.expect_err("refused").into_service_error() }
        };
        assert!(refused("AWS::Gone::Thing").await.is_type_not_found_exception());
        assert!(refused("nonsense").await.is_type_not_found_exception());
        assert!(refused("AWS::EC2::VPCGatewayAttachment").await.is_unsupported_action_exception());
        assert!(refused("AWS::ECS::Service").await.is_invalid_request_exception());
    }

    #[tokio::test]
    async fn a_search_without_an_index_is_noted() {
        let front = Front::start(None);
        front.explorer().add_index("us-east-1", "LOCAL");
        front.explorer().add("us-east-1", "sqs:queue", "arn:aws:sqs:us-east-1:123456789012:a");
        front.explorer().add("eu-west-1", "sqs:queue", "arn:aws:sqs:eu-west-1:123456789012:b");
        let here = aws_sdk_resourceexplorer2::Client::new(&sdk(&front, "us-east-1"));
        let indexes = here.list_indexes().send().await.expect("a list");
        assert_eq!(indexes.indexes().len(), 1);
        let view = here.get_default_view().send().await.expect("a view");
        assert!(view.view_arn().is_some());
        let found = here.search().query_string("").send().await.expect("a page");
        assert_eq!(found.resources().len(), 1);
        assert_eq!(found.count().and_then(|count| count.total_resources()), Some(1));
        assert!(front.explorer().searches_without_index().is_empty());
        let there = aws_sdk_resourceexplorer2::Client::new(&sdk(&front, "eu-west-1"));
        let _ = there.search().query_string("").send().await;
        assert_eq!(front.explorer().searches_without_index(), ["eu-west-1"]);
    }
}

mod gaps {
    use super::*;

    #[tokio::test]
    async fn what_moto_lacks_has_the_right_shape() {
        let front = Front::start(None);
        let config = sdk(&front, "us-east-1");
        let organizations = aws_sdk_organizations::Client::new(&config);
        let none = organizations.describe_resource_policy();
        assert_eq!(code!(none).as_deref(), Some("ResourcePolicyNotFoundException"));
        front.gaps().set_resource_policy(json!({ "Version": "2012-10-17", "Statement": [] }));
        let policy = organizations.describe_resource_policy().send().await.expect("a policy");
        assert!(policy.resource_policy().and_then(|policy| policy.content()).is_some_and(|text| text.contains("2012")));
        front.gaps().add_handshake(json!({ "Id": "h-1", "State": "OPEN", "Action": "INVITE" }));
        let handshakes = organizations.list_handshakes_for_organization().send().await.expect("a list");
        assert_eq!(handshakes.handshakes().len(), 1);
        let account = aws_sdk_account::Client::new(&config);
        let contact = account.get_contact_information().send().await.expect("a contact");
        assert_eq!(contact.contact_information().map(|contact| contact.full_name()), Some("Front Desk"));
        assert_eq!(account.list_regions().send().await.expect("a list").regions().len(), 3);
        front.iam().set_features(&["RootCredentialsManagement"]);
        let features = aws_sdk_iam::Client::new(&config).list_organizations_features().send().await.expect("a list");
        assert_eq!(features.enabled_features().len(), 1);
    }
}

mod faults {
    use super::*;

    /// One operation of each protocol.
    async fn codes(front: &Front) -> [Option<String>; 4] {
        let config = sdk(front, "us-east-1");
        [
            code!(aws_sdk_iam::Client::new(&config).list_users()),
            code!(aws_sdk_organizations::Client::new(&config).list_accounts()),
            code!(aws_sdk_account::Client::new(&config).list_regions()),
            code!(aws_sdk_cloudcontrol::Client::new(&config).list_resources().type_name("AWS::A::B")),
        ]
    }

    fn some<const N: usize>(codes: [&str; N]) -> [Option<String>; N] {
        codes.map(|code| Some(code.to_owned()))
    }

    #[tokio::test]
    async fn refusals_have_the_code_of_their_protocol() {
        let front = Front::start(None);
        let json = "AccessDeniedException";
        front.faults().on("*", Fault::Deny);
        assert_eq!(codes(&front).await, some(["AccessDenied", json, json, json]));
        front.faults().clear();
        let json = "ThrottlingException";
        front.faults().on("*", Fault::Throttle);
        assert_eq!(codes(&front).await, some(["Throttling", json, json, json]));
        front.faults().clear();
        let json = "ExpiredTokenException";
        front.faults().on("*", Fault::Expire);
        assert_eq!(codes(&front).await, some(["ExpiredToken", json, json, json]));
    }

    #[tokio::test]
    async fn a_denied_call_is_known_to_the_service() {
        let front = Front::start(None);
        front.faults().on("account:ListRegions", Fault::Deny);
        let account = aws_sdk_account::Client::new(&sdk(&front, "us-east-1"));
        let error = account.list_regions().send().await.expect_err("denied").into_service_error();
        assert!(error.is_access_denied_exception(), "{error:?}");
        assert!(error.message().is_some_and(|message| message.contains("account:ListRegions")));
        assert!(account.get_contact_information().send().await.is_ok(), "only what was named is denied");
    }

    #[tokio::test]
    async fn throttling_ends_after_so_many_times() {
        let front = Front::start(None);
        front.faults().times("account:ListRegions@us-east-1", Fault::Throttle, 2);
        let account = aws_sdk_account::Client::new(&sdk(&front, "us-east-1"));
        assert!(account.list_regions().send().await.is_err());
        assert!(account.list_regions().send().await.is_err());
        assert!(account.list_regions().send().await.is_ok());
        assert_eq!(front.faults().hits("account:ListRegions@us-east-1"), 2);
    }

    #[tokio::test]
    async fn a_stalled_call_waits_for_its_release() {
        let front = Front::start(None);
        front.faults().on("account:ListRegions", Fault::Stall);
        let account = aws_sdk_account::Client::new(&sdk(&front, "us-east-1"));
        let stalled = tokio::spawn(account.list_regions().send());
        let front = tokio::task::spawn_blocking(move || {
            front.wait_for_call("account:ListRegions", SOON);
            front
        })
        .await
        .expect("it arrived");
        assert!(account.get_contact_information().send().await.is_ok(), "others are answered meanwhile");
        assert!(!stalled.is_finished());
        front.faults().release();
        assert!(stalled.await.expect("no panic").is_ok());
    }

    #[tokio::test]
    async fn a_reset_is_a_broken_connection() {
        let front = Front::start(None);
        front.faults().on("account:ListRegions", Fault::Reset);
        let account = aws_sdk_account::Client::new(&sdk(&front, "us-east-1"));
        let error = account.list_regions().send().await.expect_err("reset");
        assert!(matches!(error, aws_smithy_runtime_api::client::result::SdkError::DispatchFailure(_)), "{error:?}");
        assert_eq!(front.calls()[0].status, None);
    }

    #[tokio::test]
    async fn rubbish_cannot_be_parsed() {
        for fault in [Fault::Portal, Fault::Truncate] {
            let front = Front::start(None);
            front.faults().on("account:ListRegions", fault);
            let account = aws_sdk_account::Client::new(&sdk(&front, "us-east-1"));
            let error = account.list_regions().send().await.expect_err("rubbish");
            assert_eq!(error.code(), None, "{fault:?}: {error:?}");
            assert_eq!(front.calls()[0].status, Some(200), "{fault:?}");
        }
        let front = Front::start(None);
        front.faults().on("account:ListRegions", Fault::Html);
        let account = aws_sdk_account::Client::new(&sdk(&front, "us-east-1"));
        assert!(account.list_regions().send().await.is_err());
        assert_eq!(front.calls()[0].status, Some(500));
    }

    #[tokio::test]
    async fn a_write_is_counted() {
        let front = Front::start(None);
        let iam = aws_sdk_iam::Client::new(&sdk(&front, "us-east-1"));
        let _ = iam.create_user().user_name("x").send().await;
        let _ = iam.get_user().user_name("x").send().await;
        let writes: Vec<String> = front.writes().iter().map(|call| call.action()).collect();
        assert_eq!(writes, ["iam:CreateUser"]);
    }
}

mod terminal {
    use super::*;

    fn shell(script: &str) -> Terminal {
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        Terminal::spawn(command, SIZE)
    }

    #[test]
    fn keys_arrive_and_the_screen_is_seen() {
        let terminal =
            shell("stty -echo; printf 'name? '; read name; printf '\\033[5;3Hhello %s' \"$name\"; read end; exit 3");
        terminal.wait_for_text("name?", SOON);
        terminal.send("moto\r");
        let screen = terminal.wait_for_text("hello moto", SOON);
        assert!(screen.rows[4].starts_with("  hello moto"), "{screen:?}");
        terminal.send("\r");
        assert_eq!(terminal.wait_exit(SOON).code, Some(3));
    }

    #[test]
    fn titles_and_copies_are_noticed() {
        let terminal = shell("printf '\\033]2;a title\\007\\033]52;c;aGVsbG8=\\007done'; read end");
        let screen = terminal.wait_for_text("done", SOON);
        assert_eq!((screen.title.as_str(), screen.copied.as_slice()), ("a title", ["aGVsbG8=".to_owned()].as_slice()));
    }

    #[test]
    fn half_a_frame_is_not_shown() {
        let terminal =
            shell("printf 'old'; read go; printf '\\033[?2026hhalf'; read go; printf ' whole\\033[?2026l'; read end");
        terminal.wait_for_text("old", SOON);
        let before = terminal.raw().len();
        terminal.send("\r");
        // The echo of Enter comes first.
        terminal.wait_for_output(before + 12, SOON);
        terminal.send("\r");
        let screen = terminal.wait_for("the half", SOON, |screen| screen.has("half"));
        assert!(screen.has("whole"), "{screen:?}");
    }

    #[test]
    fn a_terminal_left_in_disorder_is_found_out() {
        let tidy = shell(
            "stty raw -echo; printf '\\033[?1049h\\033[?25l'; printf '\\033[?25h\\033[?1049l'; stty sane; stty cooked",
        );
        let tidy = tidy.wait_exit(SOON);
        assert!(!tidy.screen.alternate && !tidy.screen.cursor_hidden);
        let raw = shell("stty raw -echo").wait_exit(SOON);
        assert!(!raw.modes_restored);
        let kept = shell("saved=$(stty -g); stty raw -echo; stty \"$saved\"").wait_exit(SOON);
        assert!(kept.modes_restored);
        let left = shell("printf '\\033[?1049h\\033[?25l'").wait_exit(SOON);
        assert!(left.screen.alternate && left.screen.cursor_hidden && left.modes_restored);
    }

    #[test]
    fn sizes_and_signals_arrive() {
        let terminal =
            shell("trap 'stty size' WINCH; trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
        terminal.wait_for_text("ready", SOON);
        terminal.resize((5, 20));
        terminal.wait_for_text("5 20", SOON);
        terminal.signal("TERM");
        let ended = terminal.wait_exit(SOON);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.screen.has("bye"));
    }

    #[test]
    fn questions_to_the_terminal_are_answered() {
        let terminal = shell(
            "stty raw -echo; printf '\\033[3;7H\\033[6n'; dd bs=1 count=6 2>/dev/null | od -An -c; stty sane; read end",
        );
        terminal.wait_for("the cursor's place", SOON, |screen| screen.has("[   3   ;   7   R"));
    }
}
