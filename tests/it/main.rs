//! One test binary for what looks at the crate from outside: the walls of the house, the screens, the keys.

mod details;
mod documents;
mod harness;
mod help;
mod house;
mod keys;
mod readers;
mod readme;
mod screens;
#[path = "../support/readers.rs"]
mod support;
mod svg;
