//! One test binary for what looks at the crate from outside: the walls of the house, the screens, the keys.

mod activity;
mod details;
mod documents;
mod fetching;
mod following;
mod harness;
mod help;
mod house;
mod keys;
mod lookups;
mod readers;
mod readme;
mod screens;
#[path = "../support/readers.rs"]
mod support;
mod svg;
