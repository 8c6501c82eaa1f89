//! Sourced facts about AWS, as data in `assets/catalog`, parsed once and typed here.
//!
//! One table a file. No SDK, no I/O at run time: the tables are embedded.

pub mod operations;
pub mod policy;
