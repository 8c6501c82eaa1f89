//! Events from the log of a trail, by one query of Athena over all Regions: the table's layout (`GetTableMetadata`), the
//! workgroup's limit (`GetWorkGroup`), the query (`StartQueryExecution`, stopped when the run is), its end
//! (`GetQueryExecution`) and its rows (`GetQueryResults`, a thousand a page).
//!
//! It runs only when the user has asked for it: the guard refuses these operations otherwise. What is asked stands in
//! `collect::athena`; the filter is held against the events once more by [`Want::keep`].

mod failure;
mod plan;
#[cfg(test)]
mod tests;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_athena::types::{QueryExecution, QueryExecutionContext, QueryExecutionState, ResultConfiguration, Row};
use jiff::{SignedDuration, Timestamp};

use super::{Aws, Cursor, Halt};
use crate::collect::athena::expr::Expr;
use crate::collect::athena::layout::Layout;
use crate::collect::athena::record::record;
use crate::collect::athena::{Accounts, TableName};
use crate::collect::{Stopped, Task};
use crate::model::{Ask, Batch, Cause, Cell, Event, Problem, Region, Status};
use plan::{CATALOG, prepare};
pub use plan::{Rehearsal, rehearse};
pub use told::Told;
use told::bytes;

/// What is wanted of the log, by someone who knows the language it was said in.
pub trait Want: Send + Sync {
    /// At the time of the order.
    fn expr(&self, now: Timestamp) -> Expr;
    /// What only the whole log can tell is in it, such as what was done for the first time: then nothing may be left out
    /// by SQL, and nothing page by page.
    fn looks_at_all(&self) -> bool;
    /// In the user's words.
    fn words(&self) -> &str;
    /// Those of the events that are wanted.
    fn keep(&self, events: Vec<Event>, now: Timestamp) -> Vec<Event>;
    /// Hears what the query costs, as soon as that is known.
    fn told(&self, told: &Told);
}

/// What the user asked for with `--athena`.
pub struct Athena {
    pub table: TableName,
    pub workgroup: Option<String>,
    /// None: where the workgroup says.
    pub output: Option<String>,
    pub accounts: Accounts,
    /// How far back, if the user said so; else the filter may say it.
    pub since: Option<SignedDuration>,
    pub want: Arc<dyn Want>,
    /// Set when the screen or a report will show less than the period holds: their claims must not rest on it.
    pub narrowed: Option<String>,
}

impl fmt::Debug for Athena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Athena({})", self.table)
    }
}

/// Rows of a page, the most that there may be (Athena API Reference, GetQueryResults).
const PAGE: i32 = 1000;
/// Between two looks at a query that runs.
const FIRST_LOOK: Duration = Duration::from_millis(500);
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// Announces the events of every Region, asks once for all and finishes every cell.
pub(super) async fn read(aws: Arc<Aws>, log: Arc<Athena>) -> Result<(), Stopped> {
    let mut lead = aws.start(Cell::regional(Ask::Events, aws.home.clone())).await?;
    let mut tasks = BTreeMap::new();
    for region in aws.regions().iter().filter(|region| **region != aws.home) {
        tasks.insert(region.clone(), aws.start(Cell::regional(Ask::Events, region.clone())).await?);
    }
    let outside = !aws.regions().contains(&aws.home);
    let mut reader = Reader { tasks, rows: 0, kept: 0, unreadable: 0, read: None, absent: BTreeSet::new(), aws, log };
    let result = reader.run(&mut lead).await;
    if outside && lead.reading.rows == 0 {
        // It only spoke for the others.
        lead.reading.gaps.clear();
        lead.reading.note = Default::default();
        let problem = reader.settle_all(result).await;
        lead.finish_as(Status::NotAsked).await?;
        return problem;
    }
    reader.tasks.insert(reader.aws.home.clone(), lead);
    reader.settle_all(result).await
}

struct Reader {
    aws: Arc<Aws>,
    log: Arc<Athena>,
    /// A cell for each Region; that of the home Region is out while it speaks for the query.
    tasks: BTreeMap<Region, Task>,
    rows: u64,
    kept: u64,
    unreadable: u64,
    /// From when until when everything was read.
    read: Option<(Timestamp, Timestamp)>,
    /// Regions of which the table has no part.
    absent: BTreeSet<String>,
}

impl Reader {
    async fn run(&mut self, lead: &mut Task) -> Result<(), Halt> {
        let (aws, log) = (Arc::clone(&self.aws), Arc::clone(&self.log));
        let plan = prepare(&aws, &log, lead).await?;
        self.absent = plan.statement.absent.iter().cloned().collect();
        if !plan.statement.regions.is_empty() {
            // Nor is there anything of the Regions that the table does not name.
            let named = |region: &&Region| plan.statement.regions.iter().any(|named| named == region.as_str());
            let unnamed = aws.regions().iter().filter(|region| !named(region));
            self.absent.extend(unnamed.map(|region| region.as_str().to_owned()));
        }
        let before = Told::Before { bounds: plan.statement.bounds(), cutoff: plan.cutoff };
        self.say(lead, &before.to_string()).await?;
        log.want.told(&before);
        if !plan.statement.nothing {
            let id = self.start(lead, &plan.statement.sql).await?;
            let execution = match self.wait(lead, &id).await {
                Ok(execution) => execution,
                Err(halt) => {
                    if aws.is_stopped() || matches!(halt, Halt::Stopped(_)) {
                        self.stop(&id).await;
                    }
                    return Err(halt);
                }
            };
            self.pages(lead, &id, &plan.layout, &execution).await?;
        }
        self.read = Some((plan.from, plan.to));
        Ok(())
    }

    async fn say(&mut self, lead: &mut Task, words: &str) -> Result<(), Stopped> {
        let note = format!("Athena, {}: {words}", self.log.table);
        lead.note(&note);
        lead.report().await?;
        for task in self.tasks.values_mut() {
            task.note(&note);
            task.report().await?;
        }
        Ok(())
    }

    async fn start(&self, lead: &mut Task, sql: &str) -> Result<String, Problem> {
        let client = self.aws.athena(&self.aws.home);
        let context = QueryExecutionContext::builder().catalog(CATALOG).database(&self.log.table.database).build();
        let output = self.log.output.as_ref().map(|to| ResultConfiguration::builder().output_location(to).build());
        // The same for every attempt: a second one must not start a second query.
        let token = token();
        let call = || {
            client
                .start_query_execution()
                .query_string(sql)
                .client_request_token(&token)
                .query_execution_context(context.clone())
                .set_result_configuration(output.clone())
                .set_work_group(self.log.workgroup.clone())
                .send()
        };
        let answer = self.aws.attempt(lead, "athena:StartQueryExecution", Some(&self.aws.home), call).await;
        let answer = answer.map_err(|failed| failure::of_start(&self.log, failed))?;
        let id = answer.query_execution_id().filter(|id| !id.is_empty()).map(str::to_owned);
        id.ok_or_else(|| Problem::new("athena:StartQueryExecution", Cause::Malformed, "the query has no id", ""))
    }

    /// Until the query has ended well.
    async fn wait(&mut self, lead: &mut Task, id: &str) -> Result<QueryExecution, Halt> {
        let client = self.aws.athena(&self.aws.home);
        let mut pause = FIRST_LOOK;
        loop {
            let call = || client.get_query_execution().query_execution_id(id).send();
            let answer = self.aws.call(lead, "athena:GetQueryExecution", Some(&self.aws.home), call).await?;
            let execution = answer.query_execution().cloned().unwrap_or_else(|| QueryExecution::builder().build());
            let status = execution.status();
            match status.and_then(|status| status.state()) {
                Some(QueryExecutionState::Succeeded) => return Ok(execution),
                Some(QueryExecutionState::Queued | QueryExecutionState::Running) => {}
                _ => {
                    let scanned = execution.statistics().and_then(|s| s.data_scanned_in_bytes());
                    self.log.want.told(&Told::After { scanned, milliseconds: None, rows: 0, kept: 0 });
                    return Err(failure::of_query(&self.log, status).into());
                }
            }
            let statistics = execution.statistics();
            let scanned = statistics.and_then(|statistics| statistics.data_scanned_in_bytes()).unwrap_or(0);
            self.say(lead, &format!("the query runs, {} scanned so far", bytes(scanned))).await?;
            tokio::select! {
                biased;
                () = self.aws.stop().cancelled() => return Err(Stopped.into()),
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }

    /// A query goes on, and costs, when nobody listens any more.
    async fn stop(&self, id: &str) {
        let client = self.aws.athena(&self.aws.home);
        let call = client.stop_query_execution().query_execution_id(id).send();
        let stopped = self.aws.farewell("athena:StopQueryExecution", call).await;
        self.log.want.told(&Told::Stopped(stopped.map(drop)));
    }

    async fn pages(
        &mut self,
        lead: &mut Task,
        id: &str,
        layout: &Layout,
        execution: &QueryExecution,
    ) -> Result<(), Halt> {
        let client = self.aws.athena(&self.aws.home);
        let mut cursor = Cursor::new("athena:GetQueryResults");
        let mut first = true;
        while let Some(token) = cursor.next() {
            let call = || {
                client.get_query_results().query_execution_id(id).max_results(PAGE).set_next_token(token.clone()).send()
            };
            let page = self.aws.call(lead, cursor.operation(), Some(&self.aws.home), call).await?;
            let mut rows = page.result_set().map(|set| set.rows()).unwrap_or_default();
            if first && rows.first().is_some_and(|row| is_header(row, layout)) {
                rows = &rows[1..];
            }
            first = false;
            self.take(lead, rows, layout).await?;
            cursor.advance(page.next_token())?;
        }
        let statistics = execution.statistics();
        let after = Told::After {
            scanned: statistics.and_then(|statistics| statistics.data_scanned_in_bytes()),
            milliseconds: statistics.and_then(|statistics| statistics.total_execution_time_in_millis()),
            rows: self.rows,
            kept: self.kept,
        };
        self.say(lead, &after.to_string()).await?;
        self.log.want.told(&after);
        Ok(())
    }

    /// The rows of a page, as events in the cells of their Regions.
    async fn take(&mut self, lead: &mut Task, rows: &[Row], layout: &Layout) -> Result<(), Halt> {
        self.rows += rows.len() as u64;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let cells: Vec<Option<&str>> = row.data().iter().map(|cell| cell.var_char_value()).collect();
            match Event::from_record(&record(layout, &cells)) {
                Ok(event) => events.push(event),
                Err(_) => self.unreadable += 1,
            }
        }
        let events = self.log.want.keep(events, self.aws.order.now);
        self.kept += events.len() as u64;
        let mut by_region: BTreeMap<Region, Vec<Event>> = BTreeMap::new();
        for event in events {
            let held = self.aws.order.held.get(event.region.as_str());
            if !held.is_some_and(|held| held.recent.contains(&event.id)) {
                by_region.entry(Region::new(event.region.as_str())).or_default().push(event);
            }
        }
        for (region, events) in by_region {
            if region == self.aws.home {
                lead.rows(events, Batch::Events).await?;
                continue;
            }
            if !self.tasks.contains_key(&region) {
                // A Region that is off by now, or of which nobody thought.
                let task = self.aws.start(Cell::regional(Ask::Events, region.clone())).await?;
                self.tasks.insert(region.clone(), task);
            }
            if let Some(task) = self.tasks.get_mut(&region) {
                task.rows(events, Batch::Events).await?;
            }
        }
        Ok(())
    }

    /// Ends every cell with what the query came to.
    async fn settle_all(mut self, result: Result<(), Halt>) -> Result<(), Stopped> {
        let problem = match result {
            Ok(()) => None,
            Err(Halt::Problem(problem)) => Some(problem).filter(|problem| problem.cause != Cause::Cancelled),
            // That the user stopped it is told by the state.
            Err(Halt::Stopped(_)) if self.aws.is_stopped() => None,
            Err(Halt::Stopped(stopped)) => return Err(stopped),
        };
        for (region, mut task) in std::mem::take(&mut self.tasks) {
            task.reading.eta = None;
            if self.aws.is_stopped() {
                task.finish_as(Status::Cancelled).await?;
                continue;
            }
            if let Some((from, to)) = self.read {
                let before = self.aws.order.held.get(&region).map(|held| held.since.min(from));
                (task.reading.since, task.reading.until) = (Some(before.unwrap_or(from)), Some(to));
                task.reading.rows += self.aws.order.held.get(&region).map_or(0, |held| held.rows);
                task.reading.of = Some(task.reading.rows);
            }
            task.reading.gaps.extend(problem.clone());
            if self.absent.contains(region.as_str()) {
                let cure = format!("add it to projection.region.values of {}", self.log.table);
                task.gap(Problem::new(
                    self.log.table.to_string(),
                    Cause::Absent,
                    "the table has no part of this Region",
                    cure,
                ));
                (task.reading.since, task.reading.until) = (None, None);
            }
            if self.unreadable > 0 {
                let detail = format!("{} rows of the query make no record", self.unreadable);
                task.gap(Problem::new("athena:GetQueryResults", Cause::Malformed, detail, ""));
            }
            if let Some(words) = &self.log.narrowed {
                let detail = format!("only what --ask wants was read: {words}");
                task.gap(Problem::new(self.log.table.to_string(), Cause::Withheld, detail, ""));
            }
            let status = match task.reading.gaps.first().map(|gap| &gap.cause) {
                None => Status::Complete,
                Some(_) if task.reading.rows > 0 || self.read.is_some() && !self.absent.contains(region.as_str()) => {
                    Status::Partial
                }
                Some(Cause::Denied { .. }) => Status::Denied,
                Some(_) => Status::Failed,
            };
            task.finish_as(status).await?;
        }
        Ok(())
    }
}

/// The first row of a query's results: the names of the columns.
fn is_header(row: &Row, layout: &Layout) -> bool {
    row.data().len() == layout.columns.len()
        && row.data().iter().zip(&layout.columns).all(|(cell, (name, _))| cell.var_char_value() == Some(name.as_str()))
}

/// By which Athena knows an attempt that comes again (at least 32 characters).
fn token() -> String {
    let part = || RandomState::new().build_hasher().finish();
    format!("mgmtscope-{:016x}{:016x}", part(), part())
}
