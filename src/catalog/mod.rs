//! Sourced facts about AWS, as data in `assets/catalog` and `assets/iam`, parsed once and typed here.
//!
//! One table a file. No SDK, no I/O at run time: the tables are embedded; each names its source and date.

pub mod actions;
pub mod arns;
pub mod calls;
pub mod escalation;
pub mod managed_policies;
pub mod management_only;
pub mod operations;
pub mod organization_paths;
mod packed;
pub mod policy;
pub mod powers;
pub mod reach_roles;
pub mod residency;
pub mod resource_types;
pub mod rules;
pub mod services;
pub mod vendors;
