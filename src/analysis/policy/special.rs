//! Rules that services add to the policies, and that no policy can change.

use super::principal::Caller;
use crate::catalog::actions;

/// Actions for which no permission is asked, and which no Deny stops: `GetCallerIdentity` (STS API Reference), and
/// `GetSessionToken` for users and root ("You cannot use policies to control authentication operations",
/// id_credentials_temp_control-access_getsessiontoken).
pub fn needs_no_permission(caller: &Caller, action: &str) -> bool {
    match action {
        "sts:getcalleridentity" => true,
        "sts:getsessiontoken" => matches!(caller, Caller::User { .. } | Caller::Root { .. }),
        _ => false,
    }
}

/// Whether identity policies and boundaries can be attached to the caller: to root they cannot (id_root-user), and
/// services, strangers and those with an assertion are no identities of an account.
pub fn has_policies_of_its_own(caller: &Caller) -> bool {
    caller.account().is_some() && !matches!(caller, Caller::Root { .. })
}

/// What a session policy lets through where none was given: everything, but nothing for a user who was federated with
/// `GetFederationToken` (STS API Reference; reference_policies_evaluation-logic_policy-eval-denyallow, "Session
/// policies").
pub fn is_free_without_session_policy(caller: &Caller) -> bool {
    !matches!(caller, Caller::FederatedUser { .. })
}

/// Root of the account that owns a bucket can always read, write and delete the bucket's policy, whatever it denies; only
/// policies of the organization stop it (S3 API Reference, `PutBucketPolicy`).
pub fn passes_over_bucket_policy(caller: &Caller, action: &str) -> bool {
    matches!(caller, Caller::Root { .. })
        && matches!(action, "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy")
}

/// SCPs bind users and roles of member accounts, root included; never service-linked roles, and never those who are not
/// principals of an account (Organizations User Guide, orgs_manage_policies_scps).
pub fn scps_bind(caller: &Caller) -> bool {
    caller.account().is_some() && !caller.is_service_linked()
}

/// RCPs bind everybody who asks for a resource of a member account, in some services; never service-linked roles
/// (Organizations User Guide, orgs_manage_policies_rcps), nor who retires a grant (KMS Developer Guide,
/// resource-control-policies).
pub fn rcps_bind(caller: &Caller, action: &str) -> bool {
    let service = action.split_once(':').map_or(action, |(service, _)| service);
    actions::rcp_services().contains(service) && action != "kms:retiregrant" && !caller.is_service_linked()
}

/// True where the resource's own policy must allow: an identity policy is never enough. Role trust policies
/// (id_roles_terms-and-concepts, "Trust policy") and KMS key policies (KMS Developer Guide, key-policies).
pub fn resource_policy_decides(action: &str, resource: &str) -> bool {
    is_way_into_role(action) && resource.contains(":role/") || action.starts_with("kms:") && resource.contains(":key/")
}

/// The actions that a role's trust policy speaks of.
pub fn is_way_into_role(action: &str) -> bool {
    matches!(
        action,
        "sts:assumerole"
            | "sts:assumerolewithsaml"
            | "sts:assumerolewithwebidentity"
            | "sts:tagsession"
            | "sts:setsourceidentity"
            | "sts:setcontext"
    )
}

/// What the service refuses whatever policies say: changes of AWS managed policies, of roles that AWS reserves, of what
/// service-linked roles may, of aliases that KMS reserves; and root cannot assume a role.
/// Sources: access_policies_managed-vs-inline ("AWS managed policies": "you cannot change the permissions"), IAM Identity
/// Center User Guide referencingpermissionsets, using-service-linked-roles, STS API Reference `AssumeRole`, KMS Developer
/// Guide alias-create.
pub fn refused_by_service(caller: &Caller, action: &str, resource: &str) -> bool {
    if matches!(caller, Caller::Root { .. }) && action == "sts:assumerole" {
        return true;
    }
    if matches!(action, "kms:createalias" | "kms:updatealias" | "kms:deletealias") {
        return resource.contains(":alias/aws/");
    }
    let Some(call) = action.strip_prefix("iam:") else { return false };
    if resource.contains(":iam::aws:policy/") {
        return matches!(
            call,
            "createpolicy"
                | "createpolicyversion"
                | "deletepolicy"
                | "deletepolicyversion"
                | "setdefaultpolicyversion"
                | "tagpolicy"
                | "untagpolicy"
        );
    }
    if resource.contains(":role/aws-reserved/") {
        return changes_role(call)
            || matches!(call, "passrole" | "createservicelinkedrole" | "deleteservicelinkedrole");
    }
    // The description and the role as a whole can still be changed, by the calls made for it.
    resource.contains(":role/aws-service-role/")
        && changes_role(call)
        && !matches!(call, "updaterole" | "updateroledescription" | "tagrole" | "untagrole")
}

fn changes_role(call: &str) -> bool {
    matches!(
        call,
        "attachrolepolicy"
            | "createrole"
            | "deleterole"
            | "deleterolepermissionsboundary"
            | "deleterolepolicy"
            | "detachrolepolicy"
            | "putrolepermissionsboundary"
            | "putrolepolicy"
            | "tagrole"
            | "untagrole"
            | "updateassumerolepolicy"
            | "updaterole"
            | "updateroledescription"
    )
}
