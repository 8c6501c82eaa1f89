//! The guard: an interceptor on every client that lets only listed operations pass, before a request is built.
//!
//! It covers the clients of `super::client`. The clients inside aws-config that fetch credentials (STS
//! AssumeRole, SSO GetRoleCredentials, sign-in tokens) are built by aws-config itself from the user's own
//! configuration; they obtain a session and touch nothing in the account.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::catalog::operations::{self, OnlyWith};

/// Refuses every operation that is not on the allowlist (`catalog::operations`), and of those that do more than read
/// every one for which the user has not asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Guard {
    pub asked: Option<OnlyWith>,
}

/// The call was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused by mgmtscope: {operation} is not on its read-only allowlist")]
pub struct Refused {
    pub operation: String,
}

/// # Errors
/// [`Refused`] for an operation that is not listed, and for one without a name.
fn judge(metadata: Option<&Metadata>, asked: Option<OnlyWith>) -> Result<(), Refused> {
    let Some(metadata) = metadata else {
        return Err(Refused { operation: "an unnamed operation".to_owned() });
    };
    match operations::find_by_metadata(metadata.service(), metadata.name()) {
        Some(operation) if operation.only_with.is_none() || operation.only_with == asked => Ok(()),
        _ => Err(Refused { operation: format!("{} {}", metadata.service(), metadata.name()) }),
    }
}

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "ReadOnlyGuard"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Ok(judge(config.load::<Metadata>(), self.asked)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Server, reply};
    use crate::model::Region;

    #[test]
    fn the_whole_table_passes_and_nothing_else() {
        for operation in operations::all() {
            let metadata = Metadata::new(operation.name.clone(), operation.service.clone());
            assert_eq!(judge(Some(&metadata), None), Ok(()));
            let renamed = Metadata::new(format!("Delete{}", operation.name), operation.service.clone());
            assert!(judge(Some(&renamed), Some(OnlyWith::Athena)).is_err());
            let elsewhere = Metadata::new(operation.name.clone(), "Another Service");
            assert!(judge(Some(&elsewhere), None).is_err());
        }
        assert!(judge(None, None).is_err());
    }

    #[test]
    fn what_does_more_than_read_passes_only_when_it_was_asked_for() {
        let mut seen = 0;
        for operation in operations::only_with(OnlyWith::Athena) {
            let metadata = Metadata::new(operation.name.clone(), operation.service.clone());
            assert!(judge(Some(&metadata), None).is_err(), "{operation:?}");
            assert_eq!(judge(Some(&metadata), Some(OnlyWith::Athena)), Ok(()));
            seen += 1;
        }
        assert_eq!(seen, 6);
        let delete = Metadata::new("DeleteWorkGroup", "Athena");
        assert!(judge(Some(&delete), Some(OnlyWith::Athena)).is_err());
    }

    #[tokio::test]
    async fn no_query_is_started_unasked() {
        let server = Server::answering(|_| reply(200, "application/x-amz-json-1.1", r#"{"QueryExecutionId":"1"}"#));
        let home = Region::new("us-east-1");
        let start = |clients: &crate::collect::aws::Clients| {
            clients.athena(&home).start_query_execution().query_string("SELECT 1").send()
        };
        assert!(start(&server.clients()).await.is_err());
        assert_eq!(server.count(), 0);
        assert!(start(&server.clients().asked(OnlyWith::Athena)).await.is_ok());
        assert_eq!(server.count(), 1);
    }

    #[tokio::test]
    async fn a_write_never_leaves_the_process() {
        let server = Server::answering(|_| reply(200, "text/xml", "<CreateUserResponse/>"));
        let clients = server.clients();
        let error = clients.iam().create_user().user_name("x").send().await.expect_err("refused");
        let text = format!("{:?}", error);
        assert!(text.contains("Refused") && text.contains("IAM CreateUser"), "{text}");
        let home = Region::new("us-east-1");
        assert!(clients.cloudcontrol(&home).delete_resource().type_name("A").identifier("b").send().await.is_err());
        assert!(clients.cloudtrail(&home).stop_logging().name("t").send().await.is_err());
        assert!(clients.organizations().leave_organization().send().await.is_err());
        assert_eq!(server.count(), 0);
    }

    #[tokio::test]
    async fn a_read_leaves_the_process() {
        let server = Server::answering(|_| reply(500, "text/plain", "no"));
        assert!(server.clients().iam().get_account_summary().send().await.is_err());
        assert_eq!(server.count(), 1);
    }
}
