//! The reading of one cell of the coverage grid: says started, progress, rows, gaps and the end.

use tokio_util::sync::CancellationToken;

use super::{BATCH, Outbox, Stopped};
use crate::model::coverage::Tally;
use crate::model::{Batch, Cause, Cell, Problem, Reading, Status, Text};

/// One cell being read. Dropping it without [`Task::finish`] leaves the cell open, so always finish.
pub struct Task {
    pub cell: Cell,
    pub reading: Reading,
    out: Outbox,
    stop: CancellationToken,
}

impl Task {
    /// Announces the cell as being read.
    ///
    /// # Errors
    /// [`Stopped`] when nobody listens any more; so for all methods here.
    pub async fn start(cell: Cell, out: Outbox, stop: CancellationToken) -> Result<Self, Stopped> {
        let task = Self { cell, reading: Reading::of(Status::Reading), out, stop };
        task.report().await?;
        Ok(task)
    }

    /// Announces the cell as planned but not begun.
    pub async fn announce(cell: Cell, out: &Outbox) -> Result<(), Stopped> {
        out.send(Batch::Reading(cell, Reading::of(Status::Waiting))).await
    }

    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Sends the reading as it stands: after a change of `reading`.
    pub async fn report(&self) -> Result<(), Stopped> {
        self.out.send(Batch::Reading(self.cell.clone(), self.reading.clone())).await
    }

    /// Sends rows in batches of at most [`BATCH`] and counts them.
    pub async fn rows<T>(&mut self, rows: Vec<T>, wrap: impl Fn(Vec<T>) -> Batch) -> Result<(), Stopped> {
        if rows.is_empty() {
            return Ok(());
        }
        self.reading.rows += rows.len() as u64;
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            self.out.send(wrap(rows.by_ref().take(BATCH).collect())).await?;
        }
        self.report().await
    }

    /// Sends something that is not counted.
    pub async fn send(&self, batch: Batch) -> Result<(), Stopped> {
        self.out.send(batch).await
    }

    pub fn gap(&mut self, problem: Problem) {
        self.reading.gaps.push(problem);
    }

    pub fn note(&mut self, note: impl AsRef<str>) {
        self.reading.note = Text::new(note.as_ref());
    }

    pub fn tally(&mut self) -> &mut Tally {
        self.reading.tally.get_or_insert_default()
    }

    /// The last word on this cell. Without gaps it is complete; with gaps and rows partial; with gaps alone
    /// denied or failed; stopped by the user, cancelled.
    pub async fn finish(mut self) -> Result<(), Stopped> {
        let reading = &mut self.reading;
        reading.eta = None;
        reading.status = if self.stop.is_cancelled() {
            Status::Cancelled
        } else if reading.gaps.is_empty() {
            reading.of = reading.of.or(Some(reading.rows));
            Status::Complete
        } else if reading.rows > 0 {
            Status::Partial
        } else if reading.gaps.iter().all(|gap| matches!(gap.cause, Cause::Unsupported | Cause::Absent)) {
            Status::NotApplicable
        } else if reading.gaps.iter().any(|gap| matches!(gap.cause, Cause::Denied { .. })) {
            Status::Denied
        } else {
            Status::Failed
        };
        self.report().await
    }

    /// Ends with a status of the caller's choice.
    pub async fn finish_as(mut self, status: Status) -> Result<(), Stopped> {
        self.reading.status = status;
        self.report().await
    }
}
