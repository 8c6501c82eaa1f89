//! The nouns: what is known of a management account, as plain values.
//!
//! Nothing here knows AWS's SDK, a terminal, a file or a clock; time comes in as a value.
//! Foreign text enters through [`Text`], which makes it safe to show once and for all.
//! [`Facts`] is the whole picture, [`Batch`] the only way to add to it.

pub mod account;
pub mod batch;
pub mod coverage;
pub mod event;
pub mod event_identity;
pub mod facts;
pub mod iam;
pub mod identity_center;
pub mod ids;
pub mod log;
pub mod organization;
pub mod problem;
pub mod resident;
pub mod text;

pub use account::{AlternateContact, Caller, ContactInformation, RegionStatus, Trail};
pub use batch::Batch;
pub use coverage::{Ask, Cell, Coverage, Reading, Status};
pub use event::{Actor, ActorKind, Event};
pub use facts::{Facts, Origin, OriginKind};
pub use iam::{
    AccessKey, AttachedPolicy, CredentialRow, Group, IdentityProvider, InlinePolicy, LastUsed, ManagedPolicy,
    MfaDevice, PolicyVersion, ProviderKind, Role, Tag, User,
};
pub use identity_center::{Assignee, Assignment, DirectoryGroup, DirectoryUser, Instance, PermissionSet};
pub use ids::{AccountId, Arn, Region};
pub use log::{EventId, EventLog};
pub use organization::{
    Account, DelegatedAdministrator, DelegatedService, Handshake, Organization, OrganizationPolicy, OrganizationalUnit,
    PolicyTarget, ResourcePolicy, Root, TrustedService,
};
pub use problem::{Cause, Problem};
pub use resident::Resident;
pub use text::Text;
