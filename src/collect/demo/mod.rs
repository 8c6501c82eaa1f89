//! The sample organization of `--demo`: an invented company, told as a live account would tell it.
//!
//! The data lie in `assets/demo`; the ordinary events are made up from habits. There is no wall clock and no chance that is
//! not the same each time: all times are counted from [`clock`]. `stream` sends, everything else reads.

mod account;
mod events;
mod files;
mod iam;
mod made_up;
mod organization;
mod providers;
mod residents;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{BoxFuture, Order, Outbox, Source};
use crate::model::{Origin, OriginKind};

pub use events::DAYS;
pub use made_up::clock;

/// The sample as a source. It knows [`DAYS`] days of events before its own [`clock`]; an order's `since` is counted from
/// there, its `now` is not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demo;

impl Source for Demo {
    fn origin(&self) -> Origin {
        Origin { kind: OriginKind::Demo, name: "sample organization".into(), as_of: Some(clock()) }
    }

    fn run(self: Arc<Self>, order: Order, out: Outbox, stop: CancellationToken) -> BoxFuture<()> {
        Box::pin(stream::run(order, out, stop))
    }
}
