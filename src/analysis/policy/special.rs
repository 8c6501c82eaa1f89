//! Rules that services add to the policies, and that no policy can change.

use super::principal::Caller;

/// Actions for which no permission is asked, and which no Deny stops (STS API Reference, `GetCallerIdentity`).
pub fn needs_no_permission(action: &str) -> bool {
    action == "sts:getcalleridentity"
}

/// SCPs bind users and roles of member accounts, root included; never service-linked roles, and never those who are not
/// principals of an account (Organizations User Guide, orgs_manage_policies_scps).
pub fn scps_bind(caller: &Caller) -> bool {
    caller.account().is_some() && !caller.is_service_linked()
}

/// RCPs bind everybody who asks for a resource of a member account, in some services; never service-linked roles
/// (Organizations User Guide, orgs_manage_policies_rcps).
pub fn rcps_bind(caller: &Caller, _action: &str) -> bool {
    !caller.is_service_linked()
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
/// service-linked roles may; and root cannot assume a role.
/// Sources: access_policies_managed-vs-inline ("AWS managed policies": "you cannot change the permissions"), IAM Identity
/// Center User Guide referencingpermissionsets, using-service-linked-roles, STS API Reference `AssumeRole`.
pub fn refused_by_service(caller: &Caller, action: &str, resource: &str) -> bool {
    if matches!(caller, Caller::Root { .. }) && action == "sts:assumerole" {
        return true;
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
