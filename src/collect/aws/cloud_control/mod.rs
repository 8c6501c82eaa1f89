//! Cloud Control: one listing a resource type, heavy types first, in every Region.
//!
//! `cloudcontrol:ListResources` has no published limit: `pace.rs` finds the rate, two listings are under way at a
//! time. The caller needs `cloudformation:ListResources` and the read actions of each type's service.

mod outcome;

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::residents::{Scene, partition_of};
use super::{Aws, Cursor, problem::Failure};
use crate::catalog::{residency, resource_types, resource_types::ResourceType};
use crate::collect::{BATCH, Delivery, OUTBOX, Outbox, RunId, Stopped, Task};
use crate::model::{Ask, Batch, Cell, Region, Status};
use outcome::{Missing, Outcome};

const OPERATION: &str = "cloudcontrol:ListResources";
const LANES: usize = 2;
/// The API Reference allows 1 to 100; some handlers send fewer.
const PAGE: i32 = 100;
/// Readings are sent after as many types.
const REPORT_EVERY: u32 = 8;
/// An estimate is given after as many types.
const ESTIMATE_AFTER: u32 = 20;

/// One listing to make.
#[derive(Clone, Debug)]
struct Work {
    kind: &'static ResourceType,
    /// Where it is asked: a global type's own Region, else that of the cell.
    place: Region,
    /// Throttled to the end once before.
    again: bool,
}

/// Reads one Region; global types belong to the cell of their own Region, or to the first cell where that is not
/// in scope.
///
/// # Errors
/// [`Stopped`] when nobody listens any more.
pub async fn collect(aws: &Arc<Aws>, region: &Region) -> Result<(), Stopped> {
    let cell = Cell::regional(Ask::CloudControl, region.clone());
    let task = aws.start(cell).await?;
    let work = plan(region, aws.regions());
    Sweep::new(aws, task, work).run().await
}

/// What is asked in a Region's cell, the heaviest first.
fn plan(region: &Region, in_scope: &[Region]) -> VecDeque<Work> {
    let is_commercial = partition_of(region.as_str()) == "aws";
    let is_first = in_scope.first().is_none_or(|first| first == region);
    let mut work: Vec<Work> = resource_types::table()
        .listable()
        .filter_map(|kind| {
            let place = match kind.home {
                None => region.clone(),
                // The Regions in the catalog are those of the commercial partition.
                Some(_) if !is_commercial => is_first.then(|| region.clone())?,
                Some(home) if home == region.as_str() => region.clone(),
                Some(home) if in_scope.iter().any(|r| r.as_str() == home) => return None,
                Some(home) => is_first.then(|| Region::new(home))?,
            };
            Some(Work { kind, place, again: false })
        })
        .collect();
    let table = residency::table();
    work.sort_by_key(|work| (std::cmp::Reverse(table.weight_of(work.kind.name)), work.kind.name));
    work.into()
}

struct Sweep<'a> {
    aws: &'a Arc<Aws>,
    task: Task,
    work: VecDeque<Work>,
    total: u32,
    missing: Missing,
    started: Instant,
}

impl<'a> Sweep<'a> {
    fn new(aws: &'a Arc<Aws>, mut task: Task, work: VecDeque<Work>) -> Self {
        let total = u32::try_from(work.len()).unwrap_or(u32::MAX);
        task.tally().untried = total;
        Self { aws, task, work, total, missing: Missing::default(), started: Instant::now() }
    }

    async fn run(mut self) -> Result<(), Stopped> {
        self.task.report().await?;
        // What the lanes say of themselves arrives here: a task is one reading, and there are two lanes.
        let (sender, mut inbox) = mpsc::channel(OUTBOX);
        let out = Outbox::new(RunId(0), sender);
        let mut lanes = FuturesUnordered::new();
        loop {
            while lanes.len() < LANES && !self.missing.is_over() {
                let Some(work) = self.work.pop_front() else { break };
                lanes.push(list(self.aws, self.task.cell.clone(), out.clone(), work));
            }
            if lanes.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                Some(delivery) = inbox.recv() => self.heard(delivery).await?,
                Some(ended) = lanes.next() => {
                    let (work, answer) = ended;
                    self.ended(work, answer).await?;
                }
            }
        }
        while let Ok(delivery) = inbox.try_recv() {
            self.heard(delivery).await?;
        }
        self.finish().await
    }

    async fn heard(&mut self, delivery: Delivery) -> Result<(), Stopped> {
        let Delivery::Batch(_, batch) = delivery else { return Ok(()) };
        match *batch {
            Batch::Residents(rows) => self.task.rows(rows, Batch::Residents).await,
            Batch::Reading(_, reading) if reading.status != self.task.reading.status => {
                self.task.reading.status = reading.status;
                self.note();
                self.task.report().await
            }
            _ => Ok(()),
        }
    }

    async fn ended(&mut self, work: Work, answer: Result<(), Failure>) -> Result<(), Stopped> {
        let outcome = outcome::judge(work.kind, answer, self.task.tally().listed > 0);
        let tally = self.task.tally();
        let counter = match &outcome {
            Outcome::Listed => &mut tally.listed,
            Outcome::Denied(_) => &mut tally.denied,
            Outcome::Throttled if !work.again => {
                self.work.push_back(Work { again: true, ..work });
                return Ok(());
            }
            Outcome::Throttled => &mut tally.throttled,
            Outcome::Unsupported => &mut tally.unsupported,
            Outcome::Failed(_) | Outcome::Silent(_) => &mut tally.failed,
            // Neither tried nor failed: nobody got an answer.
            Outcome::Over(_) => {
                self.missing.add(work.kind, outcome);
                return Ok(());
            }
        };
        *counter += 1;
        tally.untried -= 1;
        let done = self.total - tally.untried;
        self.missing.add(work.kind, outcome);
        if done.is_multiple_of(REPORT_EVERY) {
            self.note();
            self.task.report().await?;
        }
        Ok(())
    }

    fn note(&mut self) {
        let untried = self.task.tally().untried;
        let done = self.total - untried;
        let slow = if self.task.reading.status == Status::Throttled { ", slowed down by AWS" } else { "" };
        self.task.note(format!("{done} of {} types{slow}", self.total));
        let so_far = self.started.elapsed().as_secs();
        self.task.reading.eta = (done >= ESTIMATE_AFTER).then(|| so_far * u64::from(untried) / u64::from(done));
    }

    async fn finish(mut self) -> Result<(), Stopped> {
        let tally = *self.task.tally();
        self.task.reading.status = Status::Reading;
        self.note();
        self.task.reading.eta = None;
        for gap in self.missing.gaps(&tally) {
            self.task.gap(gap);
        }
        if tally.listed > 0 && !self.task.reading.gaps.is_empty() && !self.task.is_stopped() {
            return self.task.finish_as(Status::Partial).await;
        }
        self.task.finish().await
    }
}

/// Lists one type, page by page; rows go to `out`.
async fn list(aws: &Arc<Aws>, cell: Cell, out: Outbox, work: Work) -> (Work, Result<(), Failure>) {
    let answer = pages(aws, cell, out, &work).await;
    (work, answer)
}

async fn pages(aws: &Arc<Aws>, cell: Cell, out: Outbox, work: &Work) -> Result<(), Failure> {
    let scene = Scene::of(aws, Ask::CloudControl, &work.place);
    let client = aws.cloudcontrol(&work.place);
    let mut lane = Task::start(cell, out, aws.stop().clone()).await.map_err(outcome::stopped)?;
    let mut cursor = Cursor::new(OPERATION);
    while let Some(token) = cursor.next() {
        let send = || {
            let request = client.list_resources().type_name(work.kind.name).max_results(PAGE);
            request.set_next_token(token.clone()).send()
        };
        let page = aws.attempt(&mut lane, cursor.operation(), Some(&work.place), send).await?;
        let rows: Vec<_> = page
            .resource_descriptions()
            .iter()
            .filter_map(|row| Some(scene.by_identifier(work.kind.name, row.identifier()?, row.properties())))
            .collect();
        for rows in rows.chunks(BATCH) {
            lane.send(Batch::Residents(rows.to_vec())).await.map_err(outcome::stopped)?;
        }
        cursor.advance(page.next_token()).map_err(outcome::plain)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
