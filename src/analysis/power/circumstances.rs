//! What every request of a principal carries, as far as it is known.
//!
//! Source: reference_policies_condition-keys ("Properties of the principal", "of a role session", "of the request").

use std::sync::Arc;

use jiff::Timestamp;

use crate::analysis::policy::{Context, Value};
use crate::model::{Arn, Facts, Tag, Text};

/// The parts that many principals share.
pub struct Circumstances {
    /// A call with a long-term key: it carries neither MFA nor a time of issue.
    key: Arc<Context>,
    /// A call in a session, of a user or of a role.
    user_session: Arc<Context>,
    role_session: Arc<Context>,
}

impl Circumstances {
    pub fn of(facts: &Facts, as_of: Timestamp) -> Self {
        let mut common = Context::open()
            .with("aws:PrincipalIsAWSService", "false")
            .with("aws:ViaAWSService", "false")
            .with("aws:SecureTransport", "true")
            .with("aws:CurrentTime", &as_of.to_string())
            .with("aws:EpochTime", &as_of.as_second().to_string());
        common.set_absent("aws:PrincipalServiceName");
        common.set_absent("aws:PrincipalServiceNamesList");
        if let Some(organization) = &facts.organization {
            common = common.with("aws:PrincipalOrgID", &organization.id);
        }
        let issued = |context: &Context| context.clone().with("aws:TokenIssueTime", &as_of.to_string());
        let user = common.clone().with("aws:PrincipalType", "User");
        let role = common.with("aws:PrincipalType", "AssumedRole");
        let mut key = user.clone();
        for absent in ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"] {
            key.set_absent(absent);
        }
        Self { key: Arc::new(key), user_session: Arc::new(issued(&user)), role_session: Arc::new(issued(&role)) }
    }

    /// With a key, and in a session. `mfa`: whether a device is there; with one the user gives a code or does not.
    pub fn of_user(&self, arn: &Arn, name: &Text, tags: &[Tag], mfa: Option<bool>) -> Vec<Context> {
        let own = |shared: &Arc<Context>| principal(shared, arn, tags).with("aws:username", name);
        let mut session = own(&self.user_session);
        if let Some(mfa) = mfa {
            session.set("aws:MultiFactorAuthPresent", Value::One(mfa.to_string()));
        }
        vec![own(&self.key), session]
    }

    pub fn of_role(&self, arn: &Arn, tags: &[Tag]) -> Vec<Context> {
        vec![principal(&self.role_session, arn, tags)]
    }
}

fn principal(shared: &Arc<Context>, arn: &Arn, tags: &[Tag]) -> Context {
    let mut context =
        Context::on(shared).with("aws:PrincipalArn", arn.as_str()).with("aws:PrincipalAccount", arn.account());
    for tag in tags {
        context.set(&format!("aws:PrincipalTag/{}", tag.key), Value::One(tag.value.to_string()));
    }
    context
}
