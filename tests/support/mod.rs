//! The end-to-end test bench: moto with a seeded organization, the front before it, the program in a pty.
//!
//! Nothing here knows the library: the tests drive the real binary. Every wait is for a condition with a deadline,
//! and a deadline that passes says what was seen instead.
#![allow(dead_code, reason = "each test binary uses its own part of the bench")]

pub mod events;
pub mod front;
pub mod ministack;
pub mod moto;
pub mod program;
pub mod pty;
pub mod seed;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use front::Front;
use moto::Moto;
use seed::Seeded;

/// For conditions that need the whole of a collection: seconds on a quiet machine, more on a busy one.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The tests' own clock: the servers here are live ones.
#[allow(clippy::disallowed_methods, reason = "a live account has the time of the wall, and so has its stand-in")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// A moto server that holds the seeded organization; one for all tests of a binary, so only to be read.
pub struct World {
    pub moto: Moto,
    pub seeded: Seeded,
}

impl World {
    /// A front of one's own before the shared server, with the sample events.
    pub fn front(&self) -> Front {
        let front = Front::start(Some(self.address()));
        front.trail().set(events::sample(&self.seeded));
        front
    }

    pub fn address(&self) -> SocketAddr {
        self.moto.address()
    }
}

/// The shared world, or `None` after a visible word that the test is skipped: only where Python or the packages
/// cannot be had, and never in CI, where that is a failure.
pub fn world() -> Option<&'static World> {
    static WORLD: OnceLock<Result<World, String>> = OnceLock::new();
    let world = WORLD.get_or_init(|| {
        let moto = Moto::start()?;
        let seeded = seed::seed(&moto)?;
        Ok(World { moto, seeded })
    });
    match world {
        Ok(world) => Some(world),
        Err(why) if std::env::var_os("CI").is_some() => panic!("the end-to-end tests cannot run: {why}"),
        Err(why) => {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            // Straight to the stream: the test harness would swallow a print of a test that passes.
            let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
            None
        }
    }
}
