//! The live source, and the only user of AWS's SDK. A service is one file with its collectors and one line in
//! [`SERVICES`]; a collector turns pages into model values and reports the cells of the coverage grid it fills.
//!
//! Every call goes through [`Aws::call`] (`call.rs`): permit, cancellation, retries that show, the words of a failure.

pub mod account;
pub mod athena;
pub mod cache;
mod call;
pub mod client;
pub mod cloud_control;
pub mod cloudtrail;
pub mod config;
pub mod convert;
pub mod cursor;
pub mod directory;
pub mod guard;
pub mod iam;
pub mod iam_authorization;
pub mod iam_credentials;
pub mod identity_center;
mod live;
pub mod lookup;
pub mod organization_policies;
pub mod organizations;
pub mod pace;
pub mod problem;
pub mod residents;
pub mod resource_explorer;
mod session;
pub mod tagging;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{BoxFuture, Order, Outbox, Stopped, Task};
use crate::model::{AccountId, Ask, Cause, Cell, Problem, Region, Text};

pub use athena::Athena;
pub use client::{Clients, Settings};
pub use cursor::Cursor;
pub use live::Live;
pub use session::{Known, Session};

/// Why a reading goes no further.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Halt {
    #[error(transparent)]
    Stopped(#[from] Stopped),
    #[error("{}", .0.line())]
    Problem(Problem),
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<problem::Failure> for Halt {
    fn from(failure: problem::Failure) -> Self {
        Self::Problem(failure.problem)
    }
}

/// Reads its cells from start to finish.
pub type Collect = fn(Arc<Aws>, Option<Region>) -> BoxFuture<Result<(), Stopped>>;

/// A part of the work that is started as one: it fills the cells of `asks`, in one Region if they are regional.
#[derive(Clone, Copy)]
pub struct Collector {
    pub asks: &'static [Ask],
    /// Announces, reads and finishes its cells. The Region is there when the asks are regional.
    pub collect: Collect,
}

/// A collector that fills one cell: `collector!(Accounts, read)`, with `async fn read(&Aws, &mut Task) -> Result<(), Halt>`.
macro_rules! collector {
    ($ask:ident, $read:path) => {
        $crate::collect::aws::Collector {
            asks: &[$crate::model::Ask::$ask],
            collect: |aws, region| {
                Box::pin(async move {
                    let cell = $crate::model::Cell { ask: $crate::model::Ask::$ask, region };
                    let mut task = aws.start(cell).await?;
                    let result = $read(&aws, &mut task).await;
                    aws.settle(task, result).await
                })
            },
        }
    };
}
use collector;

/// The collectors of every service, the most telling first. Caller, Regions and organization come before these
/// (`live.rs`), because the others depend on them.
const SERVICES: &[&[Collector]] = &[
    organizations::COLLECTORS,
    iam_authorization::COLLECTORS,
    iam_credentials::COLLECTORS,
    iam::COLLECTORS,
    organization_policies::COLLECTORS,
    identity_center::COLLECTORS,
    account::COLLECTORS,
    cloudtrail::COLLECTORS,
    lookup::COLLECTORS,
    residents::COLLECTORS,
];

/// Requests under way at any time, over all services and Regions.
const IN_FLIGHT: usize = 64;

/// What a run is given.
pub struct Context {
    pub order: Order,
    pub out: Outbox,
    pub stop: CancellationToken,
    pub profile: Option<String>,
    /// Where events are read instead of the event history, if anywhere.
    pub athena: Option<Arc<Athena>>,
}

/// One run: clients, limiters, and what was learnt first. Shared by all collectors.
pub struct Aws {
    pub order: Order,
    /// The home Region.
    pub home: Region,
    clients: Arc<Clients>,
    pace: Arc<pace::Pace>,
    in_flight: Semaphore,
    out: Outbox,
    stop: CancellationToken,
    profile: Option<String>,
    log: Option<Arc<Athena>>,
    /// Set once the session is known to be over.
    expired: OnceLock<Problem>,
    caller: OnceLock<AccountId>,
    partition: OnceLock<Text>,
    management: OnceLock<AccountId>,
    regions: OnceLock<Vec<Region>>,
    /// Where events are kept between runs of the program.
    cache: OnceLock<Arc<cache::Cache>>,
}

impl Aws {
    pub fn new(session: &Session, context: Context) -> Self {
        Self {
            order: context.order,
            home: session.clients.home().clone(),
            clients: Arc::clone(&session.clients),
            pace: Arc::clone(&session.pace),
            in_flight: Semaphore::new(IN_FLIGHT),
            out: context.out,
            stop: context.stop,
            profile: context.profile,
            log: context.athena,
            expired: OnceLock::new(),
            caller: OnceLock::new(),
            partition: OnceLock::new(),
            cache: OnceLock::new(),
            management: OnceLock::new(),
            regions: OnceLock::new(),
        }
    }

    /// Announces a cell as being read.
    ///
    /// # Errors
    /// [`Stopped`] when nobody listens any more.
    pub async fn start(&self, cell: Cell) -> Result<Task, Stopped> {
        Task::start(cell, self.out.clone(), self.stop.clone()).await
    }

    /// Ends a task with what its reading came to: a problem becomes a gap.
    ///
    /// # Errors
    /// [`Stopped`] when nobody listens any more.
    pub async fn settle(&self, mut task: Task, result: Result<(), Halt>) -> Result<(), Stopped> {
        match result {
            Ok(()) => {}
            Err(Halt::Problem(problem)) => task.gap(problem),
            Err(Halt::Stopped(stopped)) => return Err(stopped),
        }
        // That the user stopped it is told by the state.
        task.reading.gaps.retain(|gap| gap.cause != Cause::Cancelled);
        task.finish().await
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    fn learn_caller(&self, account: AccountId, partition: Text) {
        let _ = self.caller.set(account);
        let _ = self.partition.set(partition);
    }

    fn learn_management_account(&self, account: AccountId) {
        let _ = self.management.set(account);
    }

    fn learn_regions(&self, regions: Vec<Region>) {
        let _ = self.regions.set(regions);
    }

    /// What a run before this one has learnt.
    fn learn(&self, known: &Known) {
        self.learn_caller(known.caller.clone(), known.partition.clone());
        self.learn_management_account(known.management.clone());
        self.learn_regions(known.regions.clone());
    }

    /// What the next run need not ask again; none when something of it could not be had.
    fn learnt(&self) -> Option<Known> {
        let (caller, partition) = (self.caller.get()?.clone(), self.partition.get()?.clone());
        let (management, regions) = (self.management.get()?.clone(), self.regions.get()?.clone());
        Some(Known { caller, partition, management, regions })
    }

    fn keep_in(&self, cache: Arc<cache::Cache>) {
        let _ = self.cache.set(cache);
    }

    /// The credentials turned out not to work (any more).
    fn is_expired(&self) -> bool {
        self.expired.get().is_some()
    }

    /// The credentials do not work: no further call is made, and each says so.
    fn give_up(&self, problem: Problem) {
        let _ = self.expired.set(problem);
    }

    /// The account of the credentials, once it is known.
    pub fn caller_account(&self) -> Option<&AccountId> {
        self.caller.get()
    }

    /// The management account, once the organization has been read.
    pub fn management_account(&self) -> Option<&AccountId> {
        self.management.get()
    }

    /// True when it is known that the credentials belong to another account than the management account.
    pub fn is_wrong_account(&self) -> bool {
        matches!((self.caller.get(), self.management.get()), (Some(caller), Some(management)) if caller != management)
    }

    /// The Regions in scope, once they are known; the home Region before.
    pub fn regions(&self) -> &[Region] {
        self.regions.get().map_or(std::slice::from_ref(&self.home), Vec::as_slice)
    }
}

/// The clients, as `Aws`'s own: `aws.iam()`, `aws.cloudtrail(&region)`.
impl std::ops::Deref for Aws {
    type Target = Clients;
    fn deref(&self) -> &Clients {
        &self.clients
    }
}
