//! IAM of the whole account: summary, alias, identity providers, central root access.
//! Principals are in `iam_authorization.rs`, their credentials in `iam_credentials.rs`.

use aws_sdk_iam::types as sdk;

use super::convert::{some_text, text, time};
use super::{Aws, Collector, Cursor, Halt, collector};
use crate::collect::Task;
use crate::model::{Arn, Batch, IdentityProvider, ProviderKind, Text};

pub const COLLECTORS: &[Collector] = &[
    collector!(AccountSummary, account_summary),
    collector!(AccountAliases, account_aliases),
    collector!(IdentityProviders, identity_providers),
    collector!(OrganizationsFeatures, organizations_features),
];

async fn account_summary(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let send = || aws.iam().get_account_summary().send();
    let answer = aws.call(task, "iam:GetAccountSummary", None, send).await?;
    let entries = answer.summary_map().into_iter().flatten();
    let mut entries: Vec<(Text, i64)> = entries.map(|(key, n)| (Text::new(key.as_str()), i64::from(*n))).collect();
    entries.sort();
    task.rows(entries, Batch::AccountSummary).await?;
    Ok(())
}

async fn account_aliases(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let mut aliases = Vec::new();
    let mut cursor = Cursor::new("iam:ListAccountAliases");
    while let Some(marker) = cursor.next() {
        let send = || aws.iam().list_account_aliases().set_marker(marker.clone()).send();
        let page = aws.call(task, cursor.operation(), None, send).await?;
        aliases.extend(page.account_aliases().iter().map(Text::from));
        cursor.advance(page.marker().filter(|_| page.is_truncated()))?;
    }
    task.reading.rows = aliases.len() as u64;
    task.send(Batch::AccountAliases(aliases)).await?;
    Ok(())
}

/// SAML and OIDC are two listings; the failure of one leaves the other.
async fn identity_providers(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let send = || aws.iam().list_saml_providers().send();
    if let Some(answer) = aws.call_or_gap(task, "iam:ListSAMLProviders", None, send).await {
        task.rows(answer.saml_provider_list().iter().map(map_saml).collect(), Batch::IdentityProviders).await?;
    }
    let send = || aws.iam().list_open_id_connect_providers().send();
    let Some(answer) = aws.call_or_gap(task, "iam:ListOpenIDConnectProviders", None, send).await else { return Ok(()) };
    for entry in answer.open_id_connect_provider_list() {
        let arn = entry.arn().unwrap_or_default();
        let send = || aws.iam().get_open_id_connect_provider().open_id_connect_provider_arn(arn).send();
        let detail = aws.call_or_gap(task, "iam:GetOpenIDConnectProvider", None, send).await;
        let provider = IdentityProvider {
            arn: Arn::new(arn),
            kind: ProviderKind::Oidc,
            url: detail.as_ref().and_then(|detail| some_text(detail.url())),
            client_ids: detail.iter().flat_map(|detail| detail.client_id_list()).map(Text::from).collect(),
            created: detail.as_ref().and_then(|detail| time(detail.create_date())),
            valid_until: None,
        };
        task.rows(vec![provider], Batch::IdentityProviders).await?;
    }
    Ok(())
}

fn map_saml(from: &sdk::SamlProviderListEntry) -> IdentityProvider {
    IdentityProvider {
        arn: Arn::new(text(from.arn()).as_str()),
        kind: ProviderKind::Saml,
        url: None,
        client_ids: Vec::new(),
        created: time(from.create_date()),
        valid_until: time(from.valid_until()),
    }
}

/// Without trusted access for IAM there is no central root access: that, too, is an answer
/// (IAM API Reference, ListOrganizationsFeatures, `ServiceAccessNotEnabled`).
async fn organizations_features(aws: &Aws, task: &mut Task) -> Result<(), Halt> {
    let send = || aws.iam().list_organizations_features().send();
    let features: Vec<Text> = match aws.attempt(task, "iam:ListOrganizationsFeatures", None, send).await {
        Ok(answer) => answer.enabled_features().iter().map(|feature| Text::new(feature.as_str())).collect(),
        Err(failure) if failure.code.starts_with("ServiceAccessNotEnabled") => {
            task.note("trusted access for IAM is off, so central root access is off");
            Vec::new()
        }
        Err(failure) => return Err(failure.into()),
    };
    task.reading.rows = features.len() as u64;
    task.send(Batch::OrganizationsFeatures(features)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Server, run, xml, xml_error};
    use crate::model::{Ask, Status};

    fn answer(operation: &str, inner: &str) -> crate::collect::aws::testing::Reply {
        xml(format!("<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>"))
    }

    #[tokio::test]
    async fn the_summary_keeps_keys_that_the_sdk_does_not_know() {
        let entries = "<SummaryMap><entry><key>AccountMFAEnabled</key><value>1</value></entry><entry><key>BrandNew</key><value>7</value></entry></SummaryMap>";
        let server = Server::answering(move |_| answer("GetAccountSummary", entries));
        let facts = run(&server, COLLECTORS, Ask::AccountSummary).await;
        assert_eq!((facts.account_summary["AccountMFAEnabled"], facts.account_summary["BrandNew"]), (1, 7));
    }

    #[tokio::test]
    async fn oidc_is_there_when_saml_is_denied() {
        let server = Server::answering(|request| match request.operation().as_str() {
            "ListSAMLProviders" => xml_error(403, "AccessDenied", "no"),
            "ListOpenIDConnectProviders" => answer(
                "ListOpenIDConnectProviders",
                "<OpenIDConnectProviderList><member><Arn>arn:aws:iam::1:oidc-provider/token.example.com</Arn></member></OpenIDConnectProviderList>",
            ),
            _ => answer(
                "GetOpenIDConnectProvider",
                "<Url>token.example.com</Url><ClientIDList><member>sts.amazonaws.com</member></ClientIDList>",
            ),
        });
        let facts = run(&server, COLLECTORS, Ask::IdentityProviders).await;
        let provider = facts.identity_providers.values().next().expect("one");
        assert_eq!((provider.kind, provider.client_ids[0].as_str()), (ProviderKind::Oidc, "sts.amazonaws.com"));
        assert_eq!(facts.coverage.status(Ask::IdentityProviders), Status::Partial);
    }

    #[tokio::test]
    async fn features_off_is_an_answer_and_denied_is_none() {
        let server = Server::answering(|_| xml_error(409, "ServiceAccessNotEnabled", "off"));
        assert_eq!(run(&server, COLLECTORS, Ask::OrganizationsFeatures).await.organizations_features, Some(Vec::new()));
        let server = Server::answering(|_| xml_error(403, "AccessDenied", "no"));
        assert_eq!(run(&server, COLLECTORS, Ask::OrganizationsFeatures).await.organizations_features, None);
        let on = "<EnabledFeatures><member>RootSessions</member></EnabledFeatures>";
        let server = Server::answering(move |_| answer("ListOrganizationsFeatures", on));
        let facts = run(&server, COLLECTORS, Ask::OrganizationsFeatures).await;
        assert_eq!(facts.organizations_features, Some(vec![Text::new("RootSessions")]));
    }

    #[tokio::test]
    async fn aliases_come_over_pages() {
        let server = Server::answering(|request| {
            let inner = if request.body().contains("Marker=x") {
                "<AccountAliases><member>b</member></AccountAliases><IsTruncated>false</IsTruncated>"
            } else {
                "<AccountAliases><member>a</member></AccountAliases><IsTruncated>true</IsTruncated><Marker>x</Marker>"
            };
            answer("ListAccountAliases", inner)
        });
        assert_eq!(run(&server, COLLECTORS, Ask::AccountAliases).await.account_aliases, ["a", "b"]);
    }
}
