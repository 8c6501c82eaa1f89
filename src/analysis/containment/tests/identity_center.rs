//! People, groups and roles of Identity Center.

use super::*;

fn set(operation: &str) -> String {
    format!("aws sso-admin {operation} --region eu-west-1 --instance-arn {INSTANCE} --permission-set-arn {SET}")
}

pub(super) fn provision() -> String {
    format!("{} --target-type AWS_ACCOUNT --target-id {HERE}", set("provision-permission-set"))
}

#[test]
fn a_person_is_denied_in_the_permission_set_and_nobody_else() {
    let carol = table("carol");
    let mut wanted = vec![
        (Stops, "Deny everything to this person in the permission set"),
        (StopsInPart, "Take the assignments away"),
        (StopsInPart, "End portal sessions and disable the person"),
        (StopsInPart, "Delete the person from the directory"),
        (DoesNotStop, "Deny, boundary or trust edit on the role in IAM"),
    ];
    wanted.extend(NEVER);
    assert_eq!(marks(&carol), wanted);
    let deny = r#"'{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"identitystore:UserId":"u-1"}}}]}'"#;
    let put = format!("{} --inline-policy {deny}", set("put-inline-policy-to-permission-set"));
    assert_eq!(carol[0].commands, [put, provision()]);
    let store = "--region eu-west-1 --identity-store-id d-1";
    assert_eq!(
        carol[1].commands,
        [format!(
            "aws identitystore delete-group-membership {store} --membership-id \"$(aws identitystore \
             get-group-membership-id {store} --group-id g-1 --member-id 'UserId=u-1' --query MembershipId --output text)\""
        )],
        "she comes by a group"
    );
    assert!(carol[2].commands.is_empty() && carol[2].why.contains("no API"));
    assert_eq!(carol[3].commands, [format!("aws identitystore delete-user {store} --user-id u-1")]);
    assert_eq!(carol[0].breaks[0].tally.events, 4);
    assert_eq!(carol[0].breaks[0].link, Some(Link::Person("carol".into())));

    let dave = table("dave");
    assert_eq!(
        dave[1].commands,
        [format!(
            "aws sso-admin delete-account-assignment --region eu-west-1 --instance-arn {INSTANCE} --permission-set-arn \
             {SET} --target-type AWS_ACCOUNT --target-id {HERE} --principal-type USER --principal-id u-2"
        )]
    );
}

#[test]
fn what_a_permission_set_says_already_is_kept() {
    let mut facts = facts();
    let mut known = facts.permission_sets.values().next().expect("a set").clone();
    known.inline = Some(Text::new(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}}"#,
    ));
    known.session_duration = "PT4H".into();
    facts.apply(Batch::PermissionSets(vec![known.clone()]));
    let dave = table_of(&picture(facts.clone()), "dave");
    assert!(
        dave[0].commands[0].contains(r#"[{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"},{"Effect":"Deny","#),
        "{}",
        dave[0].commands[0]
    );
    assert!(leaves(&dave, "Take the assignments away").contains("up to 4h"));

    known.inline = Some("{".into());
    facts.apply(Batch::PermissionSets(vec![known]));
    let dave = table_of(&picture(facts), "dave");
    assert!(dave[0].commands.is_empty());
    assert!(dave[0].withheld.as_deref().is_some_and(|why| why.contains("replace")), "{:?}", dave[0].withheld);
}

#[test]
fn a_set_that_was_not_read_whole_is_read_first() {
    let mut facts = fixture::unread();
    facts.apply(Batch::Instances(Vec::new()));
    let dave = table_of(&picture(facts), "dave");
    assert_eq!(
        dave[0].commands[0],
        format!(
            "aws sso-admin get-inline-policy-for-permission-set --region '<Region of Identity Center>' --instance-arn \
             {INSTANCE} --permission-set-arn {SET}"
        ),
        "the instance follows from the set's ARN"
    );
    assert_eq!(dave[0].commands.len(), 3);
}

#[test]
fn a_group_is_denied_by_its_people() {
    let ops = table("Ops");
    let mut wanted = vec![
        (Stops, "Deny everything to its people in the permission set"),
        (StopsInPart, "Take the group's assignments away"),
        (DoesNotStop, "Deny, boundary or trust edit on the role in IAM"),
    ];
    wanted.extend(NEVER);
    assert_eq!(marks(&ops), wanted);
    assert!(ops[0].commands[0].contains(r#""identitystore:UserId":"u-1""#));
    assert!(ops[1].commands[0].ends_with("--principal-type GROUP --principal-id g-1"));
    assert_eq!(ops[1].breaks[0].who, "person carol");

    let mut facts = facts();
    facts.apply(Batch::DirectoryGroups(vec![DirectoryGroup { id: "g-1".into(), name: "Ops".into(), members: None }]));
    let ops = table_of(&picture(facts), "Ops");
    assert_eq!(ops[0].name, "Deny everything in the permission set", "nobody knows whom to deny");
    let attach = format!("{} --managed-policy-arn {DENY_ALL}", set("attach-managed-policy-to-permission-set"));
    assert_eq!(ops[0].commands, [attach, provision()]);
}

#[test]
fn a_role_of_identity_center_is_changed_by_its_permission_set() {
    let role = table("AWSReservedSSO_Admin_0123456789abcdef");
    let mut wanted = vec![
        (Stops, "Deny everything in the permission set"),
        (StopsInPart, "Revoke the sessions, by the permission set"),
        (StopsInPart, "Take the assignments away"),
        (Stops, "Permissions boundary in the permission set"),
        (DoesNotStop, "Deny, boundary or trust edit on the role in IAM"),
    ];
    wanted.extend(NEVER);
    assert_eq!(marks(&role), wanted);
    let attach = format!("{} --managed-policy-arn {DENY_ALL}", set("attach-managed-policy-to-permission-set"));
    assert_eq!(role[0].commands, [attach, provision()]);
    let put = format!("{} --inline-policy {}", set("put-inline-policy-to-permission-set"), revoke());
    assert_eq!(role[1].commands, [put, provision()]);
    assert_eq!(role[2].commands.len(), 2, "a group and a person");
    assert_eq!(
        role[3].commands[0],
        format!(
            "{} --permissions-boundary 'ManagedPolicyArn={DENY_ALL}'",
            set("put-permissions-boundary-to-permission-set")
        )
    );
    assert!(step(&role, wanted[4].1).why.contains("UnmodifiableEntity"));
    assert!(!role.iter().flat_map(|step| &step.commands).any(|command| command.starts_with("aws iam")));
}

#[test]
fn a_person_is_known_by_the_email_address_too() {
    let mut facts = facts();
    facts.apply(Batch::DirectoryUsers(vec![DirectoryUser {
        id: "u-2".into(),
        user_name: "dave".into(),
        email: Some("dave@example.com".into()),
        ..DirectoryUser::default()
    }]));
    let role = "AWSReservedSSO_Admin_0123456789abcdef";
    let session = format!(
        r#"{{"type":"AssumedRole","arn":"arn:aws:sts::{HERE}:assumed-role/{role}/dave@example.com","accountId":"{HERE}",
        "sessionContext":{{"sessionIssuer":{{"arn":"arn:aws:iam::{HERE}:role/aws-reserved/sso.amazonaws.com/{role}","userName":"{role}"}}}}}}"#
    );
    facts.apply(Batch::Events(vec![
        record(1, "ListUsers", &session, ""),
        record(2, "AssumeRole", &session, &into_role(HERE, "Stale")),
    ]));
    let dave = table_of(&picture(facts), "dave");
    assert_eq!(dave[0].breaks[0].tally.events, 2);
    assert_eq!(dave[0].breaks[0].link, Some(Link::Person("dave@example.com".into())));
    assert!(dave[0].leaves.as_deref().is_some_and(|left| left.contains("took on (Stale)")), "{:?}", dave[0].leaves);
    assert_eq!(dave[1].name, "Revoke the sessions of the roles that it took on");
}
