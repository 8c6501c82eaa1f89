//! The pages of AWS on which the containment table rests.

/// How changed permissions reach credentials that were given out before; root's cannot be changed.
pub const TEMPORARY: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html";
/// `AWSRevokeOlderSessions`; never for service-linked roles.
pub const REVOKE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html";
pub const KEYS: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html";
pub const PASSWORD: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_admin-change-user.html";
/// An explicit Deny in a boundary beats every Allow; an implicit one does not reach what a resource's policy grants.
pub const BOUNDARY: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html";
pub const TRUST: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html";
pub const SERVICE_LINKED: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html";
pub const DELETE_ROLE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_delete.html";
pub const DELETE_SAML: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteSAMLProvider.html";
pub const DELETE_OIDC: &str =
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html";
pub const ROOT: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html";
pub const ROOT_KEY: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user_manage_delete-key.html";
pub const ROOT_LOST: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshooting_root-user.html";
/// Deny for one person, by `identitystore:UserId`, in the permission set's inline policy.
pub const DENY_PERSON: &str =
    "https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept-revoke-access.html";
/// The order of steps against a person of Identity Center.
pub const REVOKE_PERSON: &str =
    "https://docs.aws.amazon.com/singlesignon/latest/userguide/revoke-user-permissions.html";
/// A changed permission set works only when it has been provisioned.
pub const PROVISION: &str =
    "https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ProvisionPermissionSet.html";
pub const UNASSIGN: &str =
    "https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_DeleteAccountAssignment.html";
pub const DELETE_PERSON: &str =
    "https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_DeleteUser.html";
/// Roles of Identity Center are modified by Identity Center only.
pub const RESERVED: &str = "https://docs.aws.amazon.com/singlesignon/latest/userguide/troubleshooting.html";
pub const SCP: &str = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html";
pub const RCP: &str = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html";
pub const TRUSTED_ACCESS: &str =
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_services.html";
