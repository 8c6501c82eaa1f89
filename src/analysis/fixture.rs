//! A small organization in which everything that claims look for occurs, for tests of analysis and panes.

use jiff::Timestamp;

use crate::model::iam::ReportedKey;
use crate::model::organization::PolicyTarget;
use crate::model::*;

pub const HERE: &str = "111111111111";
pub const LOGS: &str = "222222222222";
pub const SANDBOX: &str = "333333333333";
pub const CLOSED: &str = "444444444444";
pub const VENDOR: &str = "999999999999";

pub fn now() -> Timestamp {
    time("2026-11-01T00:00:00Z")
}

pub fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn iam(resource: &str) -> Arn {
    Arn::new(format!("arn:aws:iam::{HERE}:{resource}"))
}

fn policy(name: &str) -> AttachedPolicy {
    AttachedPolicy { name: name.into(), arn: Arn::new(format!("arn:aws:iam::aws:policy/{name}")) }
}

fn role(path: &str, name: &str, trust: &str, last: Option<&str>) -> Role {
    Role {
        name: name.into(),
        arn: iam(&format!("role{path}{name}")),
        path: path.into(),
        created: Some(time("2025-01-01T00:00:00Z")),
        trust: Text::new(trust),
        last_used: last.map(|last| LastUsed { at: Some(time(last)), ..LastUsed::default() }),
        ..Role::default()
    }
}

fn allow(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole","Condition":{condition}}}]}}"#
    )
}

/// A policy with one statement that allows.
fn inline(action: &str, condition: &str) -> Vec<InlinePolicy> {
    let statement = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*","Condition":{condition}}}"#);
    let document = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
    vec![InlinePolicy { name: "own".into(), document: Text::new(&document) }]
}

fn roles() -> Vec<Role> {
    let aws = |account: &str| format!(r#"{{"AWS":"arn:aws:iam::{account}:root"}}"#);
    let oidc = format!(r#"{{"Federated":"arn:aws:iam::{HERE}:oidc-provider/gh.example.com"}}"#);
    let saml = format!(r#"{{"Federated":"arn:aws:iam::{HERE}:saml-provider/okta"}}"#);
    let recent = Some("2026-10-30T00:00:00Z");
    let mut boundary = role("/", "Bounded", &allow(&aws(HERE), "{}"), recent);
    boundary.boundary = Some(iam("policy/limit"));
    let mut worker = role("/app/", "Worker", &allow(r#"{"Service":"lambda.amazonaws.com"}"#, "{}"), recent);
    worker.attached = vec![policy("AdministratorAccess")];
    let mut vendor = role("/", "Vendor", &allow(&aws(VENDOR), "{}"), recent);
    vendor.inline = inline("iam:PutRolePolicy", r#"{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#);
    let mut logs = role("/", "FromLogs", &allow(&aws(LOGS), "{}"), recent);
    logs.inline = inline("organizations:DetachPolicy", "{}");
    vec![
        boundary,
        worker,
        vendor,
        logs,
        role("/", "Stale", &allow(&aws(HERE), "{}"), None),
        role("/", "VendorSafe", &allow(&aws(VENDOR), r#"{"StringEquals":{"sts:ExternalId":"x"}}"#), recent),
        role("/", "Open", &allow(r#""*""#, "{}"), recent),
        role("/", "Ci", &allow(&oidc, r#"{"StringLike":{"gh.example.com:sub":"repo:o/*"}}"#), recent),
        role("/", "Saml", &allow(&saml, "{}"), recent),
        role("/", "Broken", "{not json", recent),
        role("/", "OrganizationAccountAccessRole", &allow(&aws(LOGS), "{}"), recent),
        role("/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Admin_0123456789abcdef", &allow(&saml, "{}"), recent),
        role(
            "/aws-service-role/guardduty.amazonaws.com/",
            "AWSServiceRoleForAmazonGuardDuty",
            &allow(r#"{"Service":"guardduty.amazonaws.com"}"#, "{}"),
            None,
        ),
    ]
}

fn report() -> Vec<CredentialRow> {
    let row = |user: &str, arn: Arn| CredentialRow {
        user: user.into(),
        arn,
        created: Some(time("2024-01-01T00:00:00Z")),
        password_enabled: Some(false),
        ..CredentialRow::default()
    };
    let key = |rotated: &str, last: Option<&str>| ReportedKey {
        active: true,
        rotated: Some(time(rotated)),
        last_used: LastUsed { at: last.map(time), ..LastUsed::default() },
    };
    let root = CredentialRow {
        // The report says `not_supported` of root's password.
        password_enabled: None,
        keys: [key("2020-01-01T00:00:00Z", None), ReportedKey::default()],
        ..row("<root_account>", iam("root"))
    };
    let alice = CredentialRow {
        password_enabled: Some(true),
        password_last_used: Some(time("2026-10-20T00:00:00Z")),
        ..row("alice", iam("user/alice"))
    };
    let bot = CredentialRow {
        keys: [key("2026-10-01T00:00:00Z", Some("2026-10-31T00:00:00Z")), ReportedKey::default()],
        ..row("bot", iam("user/ci/bot"))
    };
    // Known by the report alone.
    let ghost = CredentialRow { mfa_active: true, ..row("ghost", iam("user/ghost")) };
    vec![root, alice, bot, ghost]
}

fn iam_batches() -> Vec<Batch> {
    let user = |name: &str, path: &str| User {
        name: name.into(),
        arn: iam(&format!("user{path}{name}")),
        path: path.into(),
        created: Some(time("2024-01-01T00:00:00Z")),
        ..User::default()
    };
    let mut alice = user("alice", "/");
    alice.groups = vec!["admins".into()];
    let mut bot = user("bot", "/ci/");
    bot.inline = inline("iam:CreateAccessKey", "{}");
    let set = Arn::new("arn:aws:sso:::permissionSet/ssoins-1/ps-1");
    let assignment = |kind, assignee: &str, account: &str| Assignment {
        permission_set: set.clone(),
        account: account.into(),
        kind,
        assignee: assignee.into(),
    };
    let provider = |kind, resource: &str| IdentityProvider { arn: iam(resource), kind, ..IdentityProvider::default() };
    vec![
        Batch::Users(vec![alice, bot]),
        Batch::Groups(vec![Group {
            name: "admins".into(),
            arn: iam("group/admins"),
            attached: vec![policy("AdministratorAccess")],
            ..Group::default()
        }]),
        Batch::Roles(roles()),
        Batch::CredentialReport(report()),
        Batch::AccessKeys(vec![AccessKey {
            id: "AKIABOT".into(),
            user: "bot".into(),
            active: true,
            created: Some(time("2026-10-01T00:00:00Z")),
            last_used: None,
        }]),
        Batch::IdentityProviders(vec![
            provider(ProviderKind::Saml, "saml-provider/okta"),
            provider(ProviderKind::Oidc, "oidc-provider/gh.example.com"),
        ]),
        Batch::OrganizationsFeatures(vec!["RootCredentialsManagement".into()]),
        Batch::PermissionSets(vec![PermissionSet {
            arn: set.clone(),
            name: "Admin".into(),
            managed: vec![policy("AdministratorAccess")],
            ..PermissionSet::default()
        }]),
        Batch::Assignments(vec![
            assignment(Assignee::Group, "g-1", HERE),
            assignment(Assignee::User, "u-2", HERE),
            assignment(Assignee::User, "u-3", LOGS),
        ]),
        Batch::DirectoryGroups(vec![DirectoryGroup {
            id: "g-1".into(),
            name: "Ops".into(),
            members: Some(vec!["u-1".into()]),
        }]),
        Batch::DirectoryUsers(
            [("u-1", "carol"), ("u-2", "dave"), ("u-3", "erin")]
                .map(|(id, name)| DirectoryUser { id: id.into(), user_name: name.into(), ..DirectoryUser::default() })
                .into(),
        ),
    ]
}

fn organization_batches() -> Vec<Batch> {
    let account = |id: &str, name: &str, state: &str, parent: &str| Account {
        id: id.into(),
        name: name.into(),
        state: state.into(),
        parent: Some(parent.into()),
        ..Account::default()
    };
    let delegate = |id: &str, services: &[&str]| DelegatedAdministrator {
        account: id.into(),
        state: "ACTIVE".into(),
        services: Some(services.iter().map(|s| DelegatedService { principal: (*s).into(), since: None }).collect()),
        ..DelegatedAdministrator::default()
    };
    let policy = |id: &str, kind: &str, document: &str| OrganizationPolicy {
        document: Some(Text::new(document)),
        id: id.into(),
        name: id.into(),
        kind: kind.into(),
        targets: Some(
            ["r-1", "ou-1", "ou-2"]
                .map(|id| PolicyTarget { id: id.into(), kind: "ROOT".into(), name: "Root".into() })
                .into(),
        ),
        ..OrganizationPolicy::default()
    };
    let unit = |id: &str, name: &str| OrganizationalUnit {
        id: id.into(),
        name: name.into(),
        parent: "r-1".into(),
        ..Default::default()
    };
    let scp = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Sid":"NoServers","Effect":"Deny","Action":"ec2:RunInstances","Resource":"*"},
        {"Sid":"Tagged","Effect":"Deny","Action":"cloudformation:*","Resource":"*","Condition":{"Null":{"aws:RequestTag/Team":"true"}}}]}"#;
    let trusted = ["guardduty.amazonaws.com", "config.amazonaws.com", "ram.amazonaws.com", "odd.amazonaws.com"];
    let document = format!(
        r#"{{"Statement":[{{"Sid":"Wide","Effect":"Allow","Principal":{{"AWS":"{LOGS}"}},"Action":"organizations:*","Resource":"*"}},
        {{"Effect":"Allow","Principal":{{"AWS":"{LOGS}"}},"Action":["organizations:Describe*","organizations:List*"],"Resource":"*"}},
        {{"Effect":"Allow","Principal":{{"AWS":"{LOGS}"}},"Action":"organizations:UpdatePolicy","Resource":"*",
        "Condition":{{"StringEquals":{{"organizations:PolicyType":"TAG_POLICY"}}}}}}]}}"#
    );
    let trail = |name: &str, organization: bool, logging: bool| Trail {
        name: name.into(),
        arn: Arn::new(format!("arn:aws:cloudtrail:eu-west-1:{HERE}:trail/{name}")),
        organization_trail: organization,
        logging: Some(logging),
        ..Trail::default()
    };
    let contact = |kind: &str, present| AlternateContact { kind: kind.into(), present, ..Default::default() };
    vec![
        Batch::Caller(Caller { account: HERE.into(), ..Caller::default() }),
        Batch::Organization(Organization { management_account: HERE.into(), ..Organization::default() }),
        Batch::Roots(vec![Root {
            id: "r-1".into(),
            name: "Root".into(),
            enabled_policy_types: vec!["SERVICE_CONTROL_POLICY".into(), "TAG_POLICY".into()],
            ..Root::default()
        }]),
        Batch::OrganizationalUnits(vec![unit("ou-1", "Security"), unit("ou-2", "Sandbox")]),
        Batch::Accounts(vec![
            account(HERE, "Management", "ACTIVE", "r-1"),
            account(LOGS, "Logs", "ACTIVE", "ou-1"),
            account(SANDBOX, "Play", "ACTIVE", "ou-2"),
            account(CLOSED, "Old", "SUSPENDED", "ou-1"),
        ]),
        Batch::DelegatedAdministrators(vec![
            delegate(LOGS, &["guardduty.amazonaws.com"]),
            delegate(SANDBOX, &["macie.amazonaws.com"]),
            delegate(CLOSED, &["access-analyzer.amazonaws.com"]),
        ]),
        Batch::TrustedServices(trusted.map(|p| TrustedService { principal: p.into(), enabled: None }).into()),
        Batch::ResourcePolicy(Some(ResourcePolicy { document: Text::new(&document), ..ResourcePolicy::default() })),
        Batch::Policies(vec![policy("p-scp", "SERVICE_CONTROL_POLICY", scp), policy("p-tag", "TAG_POLICY", "{}")]),
        Batch::Handshakes(
            [("h-1", "OPEN"), ("h-2", "ACCEPTED")]
                .map(|(id, state)| Handshake { id: id.into(), state: state.into(), ..Handshake::default() })
                .into(),
        ),
        Batch::AlternateContacts(vec![contact("SECURITY", false), contact("BILLING", true)]),
        Batch::Trails(vec![trail("org", true, true), trail("old", false, false)]),
    ]
}

pub(crate) fn events() -> Vec<Event> {
    let session = format!(
        r#"{{"type":"AssumedRole","arn":"arn:aws:sts::{HERE}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/carol",
        "sessionContext":{{"sessionIssuer":{{"arn":"arn:aws:iam::{HERE}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"}}}}}}"#
    );
    let root = format!(r#"{{"type":"Root","arn":"arn:aws:iam::{HERE}:root","accountId":"{HERE}"}}"#);
    let service = r#"{"type":"AWSService","invokedBy":"autoscaling.amazonaws.com"}"#.to_owned();
    let unknown = r#"{"type":"Unknown","principalId":"nobody"}"#.to_owned();
    let list = [
        ("CloseAccount", "organizations.amazonaws.com", false, &root),
        ("ConsoleLogin", "signin.amazonaws.com", false, &root),
        ("AttachPolicy", "organizations.amazonaws.com", false, &session),
        ("RunInstances", "ec2.amazonaws.com", false, &session),
        ("DescribeInstances", "ec2.amazonaws.com", true, &session),
        ("CreateStackSet", "cloudformation.amazonaws.com", false, &session),
        ("RunInstances", "ec2.amazonaws.com", false, &service),
        ("SharedSnapshotVolumeCreated", "ec2.amazonaws.com", true, &unknown),
    ];
    let record = |(at, (name, source, read, who)): (usize, &(&str, &str, bool, &String))| {
        let raw = format!(
            r#"{{"eventID":"{at}","eventName":"{name}","eventSource":"{source}","readOnly":{read},
            "eventTime":"2026-10-31T10:00:0{at}Z","userIdentity":{who}}}"#
        );
        let (rules, _) = crate::catalog::rules::judge::of_record(&serde_json::from_str(&raw).expect("JSON"));
        Event { rules: crate::model::Text::new(&rules), ..Event::from_record(&raw).expect("a record") }
    };
    list.iter().enumerate().map(record).collect()
}

fn residents() -> Vec<Resident> {
    let resident = |kind: &str, arn: String, region: &str, properties: Option<String>| Resident {
        arn: Some(Arn::new(arn)),
        resource_type: kind.into(),
        region: Some(region.into()),
        account: Some(HERE.into()),
        seen_by: [Ask::CloudControl].into(),
        properties: properties.map(|p| Text::new(&p)),
        ..Resident::default()
    };
    let function = |name: &str, region: &str| {
        resident(
            "AWS::Lambda::Function",
            format!("arn:aws:lambda:{region}:{HERE}:function:{name}"),
            region,
            Some(format!(r#"{{"Role":"arn:aws:iam::{HERE}:role/app/Worker"}}"#)),
        )
    };
    vec![
        function("a", "eu-west-1"),
        function("b", "us-east-1"),
        resident("AWS::RDS::DBInstance", format!("arn:aws:rds:eu-west-1:{HERE}:db:main"), "eu-west-1", None),
        resident("AWS::Odd::Thing", format!("arn:aws:odd:eu-west-1:{HERE}:thing/x"), "eu-west-1", None),
    ]
}

/// All of it, without a word on what was read.
pub fn unread() -> Facts {
    let mut facts = Facts::default();
    for batch in iam_batches().into_iter().chain(organization_batches()) {
        facts.apply(batch);
    }
    facts.apply(Batch::Events(events()));
    facts.apply(Batch::Residents(residents()));
    facts
}

/// All of it, and every source read to the end.
pub fn facts() -> Facts {
    let mut facts = Facts::default();
    every(&mut facts, &Reading::complete(1));
    // The readings first: batches commute.
    let mut all = unread();
    all.coverage = facts.coverage;
    all
}

/// Gives every ask the same reading.
pub fn every(facts: &mut Facts, reading: &Reading) {
    for &ask in Ask::ALL {
        let cell = if ask.is_regional() { Cell::regional(ask, "eu-west-1".into()) } else { Cell::global(ask) };
        facts.apply(Batch::Reading(cell, reading.clone()));
    }
}
