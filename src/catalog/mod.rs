//! Sourced AWS facts from `assets/catalog`, embedded, parsed once and typed.
//!
//! One file here for one file there. Nothing is read at run time; each asset names its source and date.

pub mod arns;
pub mod management_only;
pub mod residency;
pub mod resource_types;
pub mod services;
