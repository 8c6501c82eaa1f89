//! An SDK error becomes a [`Problem`]: what was asked, why it failed, what cures it; and whether to try again.
//!
//! Nothing is retried here. Codes follow AWS's "Common Errors" pages and the error lists of the services.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::catalog::operations::Operation;
use crate::model::{Cause, Problem};

/// May the call be made again?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Never,
    /// AWS asks to slow down.
    Throttled,
    /// The network or the service stumbled.
    Transient,
}

/// A failed call, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub problem: Problem,
    pub again: Again,
    /// AWS's error code, such as `ResourceNotFoundException`; empty when there was none.
    pub code: String,
    /// The session is over: no later call of this run can go through.
    pub expired: bool,
}

/// What an answer amounts to, before words are put to it.
struct Answer<'a> {
    code: &'a str,
    message: String,
    status: Option<u16>,
    html: bool,
    malformed: bool,
}

/// Judges a failed call of `operation`; `profile` is named in the cure for credentials.
pub fn judge<E>(operation: &Operation, error: &SdkError<E, HttpResponse>, profile: Option<&str>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut failure = match error {
        SdkError::ServiceError(_) | SdkError::ResponseError(_) => {
            let raw = error.raw_response();
            let code = error.code().unwrap_or_default();
            let message = error.message().map_or_else(|| root_cause(error), str::to_owned);
            let status = raw.map(|raw| raw.status().as_u16());
            // A success that could not be read arrives as an unnamed service error.
            let malformed = matches!(error, SdkError::ResponseError(_)) || status.is_some_and(|status| status < 400);
            answered(operation, &Answer { code, message, status, html: raw.is_some_and(is_html), malformed })
        }
        _ => unanswered(operation, error),
    };
    if failure.problem.cause == Cause::Credentials {
        failure.problem.cure = cure_for_credentials(profile).into();
    }
    failure
}

fn cure_for_credentials(profile: Option<&str>) -> String {
    match profile {
        Some(profile) => {
            format!("sign in again: `aws sso login --profile {profile}`, or refresh the credentials; then read again")
        }
        None => "sign in again: `aws sso login`, or refresh the credentials; then read again".to_owned(),
    }
}

/// True for an HTML page, which no AWS API sends: a proxy or an emulator does.
fn is_html(response: &HttpResponse) -> bool {
    let typed = response.headers().get("content-type").is_some_and(|kind| kind.contains("html"));
    let start: String = String::from_utf8_lossy(response.body().bytes().unwrap_or_default())
        .trim_start()
        .chars()
        .take(14)
        .collect::<String>()
        .to_ascii_lowercase();
    start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || (typed && (start.is_empty() || start.starts_with("<h")))
}

fn answered(operation: &Operation, answer: &Answer<'_>) -> Failure {
    let status = answer.status.unwrap_or_default();
    let detail = match (answer.code, answer.message.as_str()) {
        ("", message) => format!("HTTP {status}: {message}"),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    };
    let fail = |cause: Cause, again: Again, cure: &str| Failure {
        problem: Problem::new(&operation.key, cause, &detail, cure),
        again,
        code: answer.code.to_owned(),
        expired: is_expired(answer.code),
    };
    if is_throttling(answer.code) || status == 429 {
        return fail(Cause::Throttled, Again::Throttled, "AWS asked to slow down; read again later");
    }
    if is_credentials(answer.code) {
        return fail(Cause::Credentials, Again::Never, "");
    }
    if answer.html {
        let problem = Problem::new(
            &operation.key,
            Cause::Malformed,
            format!("HTTP {status} with an HTML page"),
            "the endpoint does not offer this call, or a proxy answered for it",
        );
        let again = if matches!(status, 502..=504) { Again::Transient } else { Again::Never };
        return Failure { problem, again, code: String::new(), expired: false };
    }
    if is_denied(answer.code) || (answer.code.is_empty() && matches!(status, 401 | 403)) {
        return denied(operation, answer, &detail);
    }
    if is_unsupported(answer.code) || status == 501 {
        return fail(Cause::Unsupported, Again::Never, "");
    }
    if is_absent(answer.code) {
        return fail(Cause::Absent, Again::Never, "");
    }
    if answer.malformed {
        let again = if status >= 500 { Again::Transient } else { Again::Never };
        return fail(Cause::Malformed, again, "");
    }
    let again = if status >= 500 { Again::Transient } else { Again::Never };
    fail(Cause::Service, again, "")
}

fn denied(operation: &Operation, answer: &Answer<'_>, detail: &str) -> Failure {
    let action = named_action(&answer.message).unwrap_or(operation.action());
    let mut problem = Problem::denied(&operation.key, action, detail);
    if answer.message.contains("explicit deny") {
        problem.cure = format!("{action} is denied by a policy: a permission alone does not help").into();
    }
    Failure { problem, again: Again::Never, code: answer.code.to_owned(), expired: false }
}

/// The action in "... is not authorized to perform: iam:ListUsers on resource: ...", where AWS names it.
pub(super) fn named_action(message: &str) -> Option<&str> {
    let rest = message.split("not authorized to perform").nth(1)?.trim_start_matches([':', ' ']);
    let action = rest.split([' ', ',', ';']).next()?;
    let (prefix, name) = action.split_once(':')?;
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (plain(prefix) && plain(name)).then_some(action)
}

fn unanswered<E: Error + 'static>(operation: &Operation, error: &SdkError<E, HttpResponse>) -> Failure {
    let chain = chain(error);
    let detail = chain.last().cloned().unwrap_or_default();
    let fail = |cause: Cause, again: Again, detail: &str, cure: &str| Failure {
        problem: Problem::new(&operation.key, cause, detail, cure),
        again,
        code: String::new(),
        expired: false,
    };
    if let Some(refused) = chain.iter().find(|text| text.contains("read-only allowlist")) {
        return fail(Cause::Withheld, Again::Never, refused, "");
    }
    if chain.iter().any(|text| is_about_credentials(text)) {
        return fail(Cause::Credentials, Again::Never, &credentials_detail(&chain), "");
    }
    match error {
        SdkError::TimeoutError(_) => fail(Cause::Unreachable, Again::Transient, "no answer in time", "read again"),
        SdkError::DispatchFailure(dispatch) => {
            let again = if dispatch.is_user() { Again::Never } else { Again::Transient };
            fail(
                Cause::Unreachable,
                again,
                &chain_text(&chain),
                "check the network, proxy and endpoint; then read again",
            )
        }
        _ => fail(Cause::Service, Again::Never, &detail, ""),
    }
}

/// aws-config's errors carry no codes, so their words must do: all its credential errors speak of one of these.
fn is_about_credentials(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["credentials provider", "credential provider", "credentials were", "no providers in chain", "load credentials"]
        .iter()
        .any(|words| text.contains(words))
        || (text.contains("credentials") && text.contains("error occurred"))
        || (text.contains("session token") && text.contains("expired"))
        || text.contains("the sso session")
}

/// The list of all that was tried is long and says nothing new.
fn credentials_detail(chain: &[String]) -> String {
    if chain.iter().any(|text| text.contains("no credentials found in chain") || text.contains("no providers in chain"))
    {
        return "no credentials were found in the environment, the profile or the instance".to_owned();
    }
    let detail = chain_text(chain);
    detail.lines().next().unwrap_or_default().to_owned()
}

fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut words = vec![error.to_string()];
    let mut inner = error.source();
    while let Some(cause) = inner {
        words.push(cause.to_string());
        inner = cause.source();
    }
    words
}

/// The words of a chain without repetitions, the outermost ("dispatch failure") left out.
fn chain_text(chain: &[String]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for text in chain.iter().skip(1) {
        if !words.iter().any(|said| said.contains(text.as_str())) {
            words.push(text);
        }
    }
    words.join(": ")
}

fn root_cause(error: &(dyn Error + 'static)) -> String {
    chain(error).pop().unwrap_or_default()
}

fn is_denied(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "UnauthorizedException"
            | "NotAuthorized"
            | "AuthorizationError"
            | "Forbidden"
            | "ForbiddenException"
            | "OptInRequired"
            | "AuthorizationErrorException"
    )
}

fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "TooManyRequests"
            | "RequestLimitExceeded"
            | "SlowDown"
            | "BandwidthLimitExceeded"
            | "LimitExceededException"
            | "PriorRequestNotComplete"
    )
}

fn is_expired(code: &str) -> bool {
    matches!(code, "ExpiredToken" | "ExpiredTokenException" | "RequestExpired")
}

fn is_credentials(code: &str) -> bool {
    is_expired(code)
        || matches!(
            code,
            "InvalidClientTokenId"
                | "UnrecognizedClientException"
                | "UnrecognizedClient"
                | "AuthFailure"
                | "InvalidAccessKeyId"
                | "InvalidToken"
                | "InvalidSignatureException"
                | "SignatureDoesNotMatch"
                | "IncompleteSignature"
                | "MissingAuthenticationToken"
                | "MissingAuthenticationTokenException"
        )
}

fn is_unsupported(code: &str) -> bool {
    matches!(
        code,
        "UnknownOperationException"
            | "UnknownOperation"
            | "InvalidAction"
            | "NotImplemented"
            | "UnsupportedOperation"
            | "UnsupportedOperationException"
            | "UnsupportedActionException"
            | "UnsupportedAPIEndpointException"
            | "TypeNotFoundException"
    )
}

fn is_absent(code: &str) -> bool {
    matches!(
        code,
        "AWSOrganizationsNotInUseException"
            | "ResourcePolicyNotFoundException"
            | "ResourceNotFoundException"
            | "OrganizationNotFoundException"
            | "OrganizationNotInAllFeaturesModeException"
            | "NoSuchEntity"
            | "NoSuchEntityException"
            | "TrailNotFoundException"
            | "ServiceAccessNotEnabledException"
            | "OrganizationNotFound"
            | "OrganizationNotInAllFeaturesMode"
            | "AccountNotManagementOrDelegatedAdministrator"
            | "AccountNotManagementOrDelegatedAdministratorException"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::operations;
    use crate::collect::aws::testing::{Reply, Server, json_error, reply, xml_error};
    use aws_smithy_runtime_api::client::result::ConnectorError;

    async fn of_iam(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Failure {
        let server = Server::answering(move |_| answer());
        let error = server.clients().iam().get_account_summary().send().await.expect_err("an error");
        judge(operations::find("iam:GetAccountSummary").expect("listed"), &error, Some("audit"))
    }

    async fn of_organizations(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Failure {
        let server = Server::answering(move |_| answer());
        let error = server.clients().organizations().list_accounts().send().await.expect_err("an error");
        judge(operations::find("organizations:ListAccounts").expect("listed"), &error, None)
    }

    #[tokio::test]
    async fn codes_have_causes() {
        let denied = |action: &str| Cause::Denied { action: action.into() };
        for (code, status, cause, again) in [
            ("AccessDeniedException", 400, denied("organizations:ListAccounts"), Again::Never),
            ("ThrottlingException", 400, Cause::Throttled, Again::Throttled),
            ("TooManyRequestsException", 429, Cause::Throttled, Again::Throttled),
            ("ExpiredTokenException", 400, Cause::Credentials, Again::Never),
            ("UnrecognizedClientException", 400, Cause::Credentials, Again::Never),
            ("UnknownOperationException", 400, Cause::Unsupported, Again::Never),
            ("AWSOrganizationsNotInUseException", 400, Cause::Absent, Again::Never),
            ("ServiceException", 500, Cause::Service, Again::Transient),
            ("InvalidInputException", 400, Cause::Service, Again::Never),
        ] {
            let failure = of_organizations(move || json_error(status, code, "words")).await;
            assert_eq!((failure.problem.cause, failure.again), (cause, again), "{code}");
            assert_eq!(failure.code, code);
            assert_eq!(failure.expired, code.starts_with("Expired"));
        }
    }

    #[tokio::test]
    async fn the_action_that_aws_names_is_the_one_to_add() {
        let message = "User: arn:aws:iam::111122223333:user/x is not authorized to perform: iam:GetAccountSummary2 on resource: * because no identity-based policy allows the iam:GetAccountSummary2 action";
        let failure = of_iam(move || xml_error(403, "AccessDenied", message)).await;
        assert_eq!(failure.problem.cause, Cause::Denied { action: "iam:GetAccountSummary2".into() });
        assert!(failure.problem.cure.contains("add iam:GetAccountSummary2"));
    }

    #[tokio::test]
    async fn an_explicit_deny_is_not_cured_by_adding() {
        let failure = of_iam(|| {
            xml_error(
                403,
                "AccessDenied",
                "not authorized to perform: iam:GetAccountSummary with an explicit deny in a service control policy",
            )
        })
        .await;
        assert!(!failure.problem.cure.contains("add "), "{}", failure.problem.cure);
    }

    #[tokio::test]
    async fn expired_credentials_say_how_to_sign_in() {
        let failure =
            of_iam(|| xml_error(403, "ExpiredToken", "The security token included in the request is expired")).await;
        assert_eq!(failure.problem.cause, Cause::Credentials);
        assert!(failure.expired && failure.problem.cure.contains("aws sso login --profile audit"));
    }

    #[tokio::test]
    async fn an_html_page_is_told_as_such() {
        let page = "<!doctype html>\n<html lang=en><title>500 Internal Server Error</title>";
        for failure in [
            of_iam(move || reply(500, "text/html; charset=utf-8", page)).await,
            of_organizations(move || reply(500, "text/html; charset=utf-8", page)).await,
        ] {
            assert_eq!((failure.problem.cause, failure.again), (Cause::Malformed, Again::Never));
            assert_eq!(failure.problem.detail, "HTTP 500 with an HTML page");
        }
        assert_eq!(of_iam(move || reply(503, "text/html", page)).await.again, Again::Transient);
    }

    #[tokio::test]
    async fn rubbish_is_malformed_and_not_a_panic() {
        let failure = of_organizations(|| reply(200, "application/x-amz-json-1.1", "{\"Accounts\": [")).await;
        assert_eq!(failure.problem.cause, Cause::Malformed);
        let failure = of_iam(|| reply(200, "text/xml", "\u{0}\u{1}no xml")).await;
        assert_eq!(failure.problem.cause, Cause::Malformed);
    }

    #[tokio::test]
    async fn no_answer_is_unreachable() {
        let failure = of_iam(|| Err(ConnectorError::io("connection reset by peer".into()))).await;
        assert_eq!((failure.problem.cause.clone(), failure.again), (Cause::Unreachable, Again::Transient));
        assert!(failure.problem.detail.contains("connection reset"), "{:?}", failure.problem);
    }

    #[tokio::test]
    async fn no_credentials_are_a_matter_of_credentials() {
        let server = Server::answering(|_| reply(200, "text/xml", ""));
        let config = server.config().into_builder().build();
        let chain =
            aws_config::profile::ProfileFileCredentialsProvider::builder().profile_name("no-such-profile").build();
        let config = config
            .into_builder()
            .credentials_provider(aws_sdk_sts::config::SharedCredentialsProvider::new(chain))
            .build();
        let clients = crate::collect::aws::client::Clients::new(&config);
        let error = clients.sts().get_caller_identity().send().await.expect_err("no credentials");
        let failure =
            judge(operations::find("sts:GetCallerIdentity").expect("listed"), &error, Some("no-such-profile"));
        assert_eq!(failure.problem.cause, Cause::Credentials, "{failure:?}");
        assert_eq!(server.count(), 0);
    }
}
