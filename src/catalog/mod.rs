//! Sourced facts about AWS, as data in `assets/catalog`, parsed once and typed here.
//!
//! One table a file. No SDK, no I/O at run time: the tables are embedded; each names its source and date.

pub mod arns;
pub mod management_only;
pub mod operations;
pub mod policy;
pub mod rcps;
pub mod residency;
pub mod resource_types;
pub mod services;
