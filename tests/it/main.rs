//! One test binary for what looks at the crate from outside: the walls of the house, the screens, the keys.

mod harness;
mod house;
mod keys;
mod screens;
