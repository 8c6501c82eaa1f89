//! Providers, other accounts and AWS services.

use super::identity_center::provision;
use super::*;

#[test]
fn a_provider_is_removed_for_new_sessions_only() {
    let gh = table("gh.example.com");
    let mut wanted = vec![
        (Stops, "Deny everything to the role that trusts it"),
        (StopsInPart, "Revoke the sessions of the roles that trust it"),
        (StopsInPart, "Trust policies without it"),
        (StopsInPart, "Remove the identity provider"),
    ];
    wanted.extend(NEVER);
    assert_eq!(marks(&gh), wanted);
    assert_eq!(
        gh[2].commands,
        [format!("aws iam update-assume-role-policy --role-name Ci --policy-document {SHUT}")],
        "nobody else is let in"
    );
    // Of the two roles that trust okta one is Identity Center's.
    let okta = table("okta");
    assert_eq!(okta[0].commands.len(), 3, "{:#?}", okta[0].commands);
    assert!(okta[0].commands.iter().any(|command| command.starts_with("aws iam attach-role-policy --role-name Saml ")));
    assert!(okta[0].commands.contains(&provision()));
    assert!(
        step(&okta, "Revoke the sessions of the roles that trust it")
            .commands
            .iter()
            .all(|c| c.contains("--role-name Saml "))
    );
    assert_eq!(
        step(&okta, "Remove the identity provider").commands[1],
        format!("aws iam delete-saml-provider --saml-provider-arn arn:aws:iam::{HERE}:saml-provider/okta")
    );

    let mut facts = facts();
    let provider = |resource: &str| IdentityProvider {
        arn: Arn::new(format!("arn:aws:iam::{HERE}:saml-provider/{resource}")),
        ..IdentityProvider::default()
    };
    facts.apply(Batch::IdentityProviders(vec![provider("unused"), provider("AWSSSO_1_DO_NOT_DELETE")]));
    let a = picture(facts);
    assert_eq!(marks(&table_of(&a, "unused"))[0], (Stops, "Remove the identity provider"));
    let own = table_of(&a, "AWSSSO_1_DO_NOT_DELETE");
    assert!(own.iter().all(|step| step.commands.is_empty()), "Identity Center's own is not to be removed");
}

#[test]
fn an_account_loses_its_place_in_trust_policies_that_keep_the_rest() {
    let mut facts = facts();
    let mut both = facts.roles.values().find(|role| role.name == "FromLogs").expect("a role").clone();
    both.name = "Both".into();
    both.arn = Arn::new(format!("arn:aws:iam::{HERE}:role/Both"));
    both.trust = Text::new(
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"it's","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::222222222222:role/x","333333333333"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":{"AWS":"222222222222"},"Action":"sts:TagSession"}]}"#,
    );
    facts.apply(Batch::Roles(vec![both]));
    let logs = table_of(&picture(facts), "Logs");
    let mut wanted = vec![
        (Stops, "Deny everything to the 3 roles that trust it"),
        (StopsInPart, "Revoke the sessions of the roles that trust it"),
        (StopsInPart, "Trust policies without it"),
        (StopsInPart, "SCP on the member: no AssumeRole into the roles here"),
    ];
    wanted.extend(NEVER);
    assert_eq!(marks(&logs), wanted);
    assert_eq!(
        logs[2].commands,
        [
            r#"aws iam update-assume-role-policy --role-name Both --policy-document '{"Version":"2012-10-17","Statement":[{"Sid":"it'\''s","Effect":"Allow","Principal":{"AWS":["333333333333"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":{"AWS":"222222222222"},"Action":"sts:TagSession"}]}'"#.to_owned(),
            format!("aws iam update-assume-role-policy --role-name FromLogs --policy-document {SHUT}"),
            format!("aws iam update-assume-role-policy --role-name OrganizationAccountAccessRole --policy-document {SHUT}"),
        ]
    );
    assert!(leaves(&logs, wanted[2].1).contains("sessions begun before"));
    assert_eq!(
        logs[3].commands,
        [format!(
            r#"aws organizations attach-policy --policy-id "$(aws organizations create-policy --name containment-no-assume-role --description Containment --type SERVICE_CONTROL_POLICY --content '{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"sts:AssumeRole","Resource":["arn:aws:iam::{HERE}:role/Both","arn:aws:iam::{HERE}:role/FromLogs","arn:aws:iam::{HERE}:role/OrganizationAccountAccessRole"]}}]}}' --query Policy.PolicySummary.Id --output text)" --target-id 222222222222"#
        )]
    );
    // An account of nobody that we know has no SCP of ours.
    assert!(marks(&table(fixture::VENDOR)).iter().all(|(_, name)| !name.starts_with("SCP on")));
}

#[test]
fn a_trust_policy_by_exception_is_not_rewritten() {
    let mut facts = facts();
    let mut odd = facts.roles.values().find(|role| role.name == "FromLogs").expect("a role").clone();
    odd.trust = Text::new(
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"sts:AssumeRole"},{"Effect":"Allow","NotPrincipal":{"AWS":"1"},"Action":"sts:AssumeRole"}]}"#,
    );
    facts.apply(Batch::Roles(vec![odd]));
    let logs = table_of(&picture(facts), "Logs");
    let edit = step(&logs, "Trust policies without it");
    assert_eq!(edit.commands.len(), 1, "the other role's");
    assert!(edit.withheld.as_deref().is_some_and(|why| why.contains("FromLogs")), "{:?}", edit.withheld);
}

#[test]
fn a_service_is_stopped_by_its_roles() {
    let lambda = table("lambda.amazonaws.com");
    let mut wanted = vec![
        (Stops, "Deny everything to the role that trusts it"),
        (StopsInPart, "Revoke the sessions of the roles that trust it"),
        (StopsInPart, "Trust policies without it"),
    ];
    wanted.extend(NEVER);
    assert_eq!(marks(&lambda), wanted);
    assert_eq!(lambda[0].commands, [format!("aws iam attach-role-policy --role-name Worker --policy-arn {DENY_ALL}")]);
}

#[test]
fn a_trust_edit_breaks_only_those_who_are_shut_out() {
    let mut facts = facts();
    let account = |id: &str| format!(r#"{{"type":"AWSAccount","principalId":"AROAX:s","accountId":"{id}"}}"#);
    facts.apply(Batch::Events(vec![
        record(1, "AssumeRole", &account(fixture::LOGS), &into_role(HERE, "FromLogs")),
        record(2, "AssumeRole", &account(fixture::VENDOR), &into_role(HERE, "FromLogs")),
    ]));
    let logs = table_of(&picture(facts), "Logs");
    let shut_out: Vec<&str> =
        step(&logs, "Trust policies without it").breaks.iter().map(|one| one.who.as_str()).collect();
    assert_eq!(shut_out, ["222222222222 takes FromLogs on"]);
}

#[test]
fn a_name_that_only_an_event_tells_is_quoted_too() {
    let mut facts = facts();
    let role = r#","resources":[{"ARN":"arn:aws:iam::2';id:role/x'$(id)"}]"#;
    facts.apply(Batch::Events(vec![record(1, "AssumeRole", &as_user("bot", "AKIABOT"), role)]));
    let bot = table_of(&picture(facts), "bot");
    let command = &step(&bot, "Revoke the sessions of the roles that it took on").commands[0];
    assert!(command.starts_with(r"aws iam put-role-policy --role-name 'x'\''$(id)' "), "{command}");
    assert!(command.ends_with(r"--profile '<profile for account 2'\'';id>'"), "{command}");
}
