//! CloudTrail's event history of one Region, read with `LookupEvents` as the plan in `collect::lanes` says.
//!
//! The plan is asked for a page only when a permit is there, so that a page which has just become possible goes
//! before a less telling one that would have waited longer. The permits come from the Region's bucket of `pace`:
//! two requests a second for each account and Region (CloudTrail User Guide, "Quotas in AWS CloudTrail").
//! Retries go through the same bucket. Events reach the history some minutes after the call (CloudTrail User
//! Guide, "Viewing event history"), so the last minutes before `until` may still fill.

mod kept;
mod progress;

#[cfg(test)]
mod attribute_tests;
#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;

use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;

use super::cache::Kept;
use super::call::{cancelled, wait_before_next};
use super::pace::{Bucket, Group, Permit};
use super::problem::{self, Again, Failure};
use super::{Aws, Collector, Halt};
use crate::catalog::operations::{self, Operation};
use crate::collect::lanes::{ChainId, Next, PAGE, Page, Plan, Request, SETTLE, Span, Spans};
use crate::collect::{BoxFuture, Held, Order, Stopped, Task, Wanted};
use crate::model::{Ask, Batch, Cause, Cell, Event, Problem, Region, Status, Text};
use progress::Progress;

const OPERATION: &str = "cloudtrail:LookupEvents";

/// Attempts of one page, beside those that were throttled.
const ATTEMPTS: u32 = 4;
/// Throttled answers without one that went through, before the Region is given up: a minute or more of them.
const THROTTLED_IN_A_ROW: u32 = 40;
/// Windows given up without one read to its end, before the Region is.
const FAILED_IN_A_ROW: u32 = 3;

pub const COLLECTORS: &[Collector] = &[Collector { asks: &[Ask::Events], collect }];

fn collect(aws: Arc<Aws>, region: Option<Region>) -> BoxFuture<Result<(), Stopped>> {
    Box::pin(async move {
        let region = region.unwrap_or_else(|| aws.home.clone());
        let task = aws.start(Cell::regional(Ask::Events, region.clone())).await?;
        let kept = match aws.cache.get() {
            Some(cache) => Some(cache.region(&region).await),
            None => None,
        };
        let mut reader = Reader::new(aws, region, task, kept);
        reader.bring_kept().await?;
        if reader.plan.held().is_some() {
            reader.show_progress();
            reader.task.report().await?;
        }
        let result = reader.run().await;
        reader.finish(result).await
    })
}

/// What is to be asked for: without what this session has read, and without what an earlier one has kept.
fn plan(order: &Order, region: &Region, since: Timestamp, kept: Spans) -> Plan {
    let (since, now) = (since.as_second(), order.now.as_second());
    match order.wanted {
        Wanted::Period => {
            let span = |held: &Held| Span { from: held.since.as_second(), to: held.until.as_second() - SETTLE };
            let spans: Vec<Span> = kept.iter().chain(order.held.get(region).map(span)).collect();
            Plan::going_on(since, now, spans)
        }
        Wanted::Newer(_) => Plan::newest(since, now),
        Wanted::With(_) => Plan::asking(since, now),
    }
}

type Answer = Result<LookupEventsOutput, Failure>;

pub(super) fn hash(id: &Text) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// What a chain reports back.
enum Arrival {
    Page(Request, Box<Answer>),
    /// A pause before another attempt is over.
    Rested(ChainId),
}

struct Reader {
    aws: Arc<Aws>,
    region: Region,
    task: Task,
    plan: Plan,
    progress: Progress,
    bucket: Arc<Bucket>,
    under_way: FuturesUnordered<Pin<Box<dyn Future<Output = Arrival> + Send>>>,
    /// Hashes of the event ids sent: the questions' events come again with the backfill.
    sent: HashSet<u64>,
    /// Failed attempts of the page that a chain waits for.
    attempts: HashMap<ChainId, u32>,
    throttled_in_a_row: u32,
    unreadable: u64,
    unreadable_why: String,
    /// Where events are kept between runs of the program.
    kept: Option<Kept>,
    /// Events that came from there.
    brought: u64,
}

impl Reader {
    fn new(aws: Arc<Aws>, region: Region, mut task: Task, kept: Option<Kept>) -> Self {
        let now = aws.order.now;
        let bucket = aws.pace.bucket(Group::LookupEvents, Some(&region));
        let held = aws.order.held.get(&region);
        let since = match aws.order.wanted {
            Wanted::Period | Wanted::With(_) => now.checked_sub(aws.order.since),
            Wanted::Newer(again) => held.map_or(now, |held| held.until).checked_sub(again),
        };
        let since = since.unwrap_or(Timestamp::MIN);
        let plan = plan(&aws.order, &region, since, Spans::default());
        task.reading.rows = held.map_or(0, |held| held.rows);
        let told = held.filter(|_| plan.held().is_some()).map(|held| (held.since, held.until));
        Self {
            plan,
            progress: Progress::new(since, now, told),
            bucket,
            under_way: FuturesUnordered::new(),
            sent: held.iter().flat_map(|held| &held.recent).map(hash).collect(),
            attempts: HashMap::new(),
            throttled_in_a_row: 0,
            unreadable: 0,
            unreadable_why: String::new(),
            kept,
            brought: 0,
            aws,
            region,
            task,
        }
    }

    async fn run(&mut self) -> Result<(), Halt> {
        let stop = self.aws.stop().clone();
        // Kept over the turns of the loop: a permit that is given back half-way would be a lost turn.
        let mut permit: Option<Pin<Box<dyn Future<Output = Permit> + Send>>> = None;
        loop {
            if permit.is_none() && self.plan.is_ready() {
                let bucket = Arc::clone(&self.bucket);
                permit = Some(Box::pin(async move { bucket.permit().await }));
            }
            if permit.is_none() && self.under_way.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                Some(arrival) = self.under_way.next(), if !self.under_way.is_empty() => self.arrived(arrival).await?,
                held = async { permit.as_mut().expect("checked by the condition").await }, if permit.is_some() => {
                    permit = None;
                    if let Next::Ask(request) = self.plan.next_request() {
                        self.ask(request, held);
                    }
                }
            }
        }
    }

    /// Sends one request; the answer comes with `under_way`.
    fn ask(&mut self, request: Request, permit: Permit) {
        let aws = Arc::clone(&self.aws);
        let region = self.region.clone();
        self.under_way.push(Box::pin(async move {
            let answer = aws.look_up(&region, &request).await;
            drop(permit);
            Arrival::Page(request, Box::new(answer))
        }));
    }

    async fn arrived(&mut self, arrival: Arrival) -> Result<(), Halt> {
        match arrival {
            Arrival::Rested(chain) => {
                // The same page is due again, as after a throttled request.
                self.plan.throttled(chain);
                Ok(())
            }
            Arrival::Page(request, answer) => match *answer {
                Ok(output) => self.page(&request, &output).await,
                Err(failure) => self.failed(&request, failure).await,
            },
        }
    }

    async fn page(&mut self, request: &Request, output: &LookupEventsOutput) -> Result<(), Halt> {
        self.bucket.clean();
        self.progress.answered();
        self.throttled_in_a_row = 0;
        self.attempts.remove(&request.chain);
        let mut page = Page { times: Vec::with_capacity(PAGE as usize), token: None };
        page.token = output.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        let mut events = Vec::new();
        for answered in output.events() {
            let raw = answered.cloud_trail_event().unwrap_or_default();
            let event = Event::from_record(raw).inspect_err(|error| self.unreadable(error)).ok();
            let in_record = event.as_ref().and_then(|event| event.time).map(Timestamp::as_second);
            let time = answered.event_time().map(DateTime::secs).or(in_record);
            self.keep(event.as_ref(), time, raw);
            page.times.extend(time);
            events.extend(event.filter(|event| self.is_new(event)));
        }
        if !self.plan.arrived(request.chain, &page) && self.leaves_hole(request) {
            self.hole(request, Cause::Malformed, "the same page token came twice");
        }
        self.task.reading.status = Status::Reading;
        self.show_progress();
        if events.is_empty() {
            self.task.report().await?;
        } else {
            self.task.rows(events, Batch::Events).await?;
        }
        self.write_kept(false).await;
        self.check_holes()
    }

    /// An event without an id cannot be told from another.
    fn is_new(&mut self, event: &Event) -> bool {
        event.id.is_empty() || self.sent.insert(hash(&event.id))
    }

    fn unreadable(&mut self, error: &impl std::fmt::Display) {
        self.unreadable += 1;
        if self.unreadable == 1 {
            self.unreadable_why = error.to_string();
        }
    }

    async fn failed(&mut self, request: &Request, failure: Failure) -> Result<(), Halt> {
        let chain = request.chain;
        if failure.code == "InvalidNextTokenException" && request.token.is_some() {
            if !self.plan.token_lost(chain) && self.leaves_hole(request) {
                self.hole(request, failure.problem.cause, failure.problem.detail.as_str());
            }
            return self.check_holes();
        }
        if failure.again == Again::Throttled {
            return self.throttled(chain, failure).await;
        }
        let attempts = self.attempts.entry(chain).or_default();
        *attempts += 1;
        let wait = wait_before_next(failure.again, *attempts);
        if let Some(wait) = wait.filter(|_| *attempts < ATTEMPTS) {
            self.rest(chain, wait);
            return Ok(());
        }
        self.attempts.remove(&chain);
        if self.is_final(&failure.problem.cause) {
            return Err(failure.into());
        }
        self.plan.failed(chain);
        if self.leaves_hole(request) {
            self.hole(request, failure.problem.cause, failure.problem.detail.as_str());
        }
        self.check_holes()
    }

    async fn throttled(&mut self, chain: ChainId, failure: Failure) -> Result<(), Halt> {
        self.bucket.throttled();
        self.throttled_in_a_row += 1;
        if self.throttled_in_a_row >= THROTTLED_IN_A_ROW {
            return Err(failure.into());
        }
        let wait = wait_before_next(Again::Throttled, 1).unwrap_or_default();
        self.rest(chain, wait);
        self.task.reading.status = Status::Throttled;
        self.task.report().await?;
        Ok(())
    }

    /// Keeps the chain under way for a while, so that its page is not asked for at once.
    fn rest(&mut self, chain: ChainId, wait: std::time::Duration) {
        self.under_way.push(Box::pin(async move {
            tokio::time::sleep(wait).await;
            Arrival::Rested(chain)
        }));
    }

    /// No other request of this Region can fare better.
    fn is_final(&self, cause: &Cause) -> bool {
        match cause {
            Cause::Service | Cause::Throttled => false,
            Cause::Malformed | Cause::Unreachable => !self.progress.has_answers(),
            _ => true,
        }
    }

    /// What a question of ours would have answered comes with the backfill; behind the user's, none comes.
    fn leaves_hole(&self, request: &Request) -> bool {
        request.question.is_none() || matches!(self.aws.order.wanted, Wanted::With(_))
    }

    /// A window that was given up: a gap that names its time.
    fn hole(&mut self, request: &Request, cause: Cause, detail: &str) {
        let Span { from, to } = request.span;
        let (from, to) = (progress::instant(from), progress::instant(to));
        let cure = "read again later";
        self.task.gap(Problem::new(OPERATION, cause, format!("some of {from} to {to} is missing: {detail}"), cure));
    }

    fn check_holes(&self) -> Result<(), Halt> {
        if self.plan.failed_in_a_row() < FAILED_IN_A_ROW {
            return Ok(());
        }
        let detail = format!("given up after {FAILED_IN_A_ROW} windows that could not be read");
        Err(Problem::new(OPERATION, Cause::Service, detail, "read again later").into())
    }

    fn show_progress(&mut self) {
        self.progress.show(&self.plan, &mut self.task.reading);
        self.tell_kept();
    }

    async fn finish(mut self, result: Result<(), Halt>) -> Result<(), Stopped> {
        self.write_kept(true).await;
        let asked = matches!(self.aws.order.wanted, Wanted::With(_));
        if asked && result.is_ok() && self.task.reading.gaps.is_empty() && !self.plan.is_answered() {
            let detail = format!("only the newest {} were asked for", self.task.reading.rows);
            self.task.gap(Problem::new(OPERATION, Cause::Withheld, detail, "the others come with the reading"));
        }
        if self.unreadable > 0 {
            let detail = format!("{} records could not be read, the first: {}", self.unreadable, self.unreadable_why);
            self.task.gap(Problem::new(OPERATION, Cause::Malformed, detail, ""));
        }
        self.show_progress();
        self.task.reading.eta = None;
        self.aws.settle(self.task, result).await
    }
}

impl Aws {
    /// One attempt, under a permit that the caller holds; the caller plans what becomes of a failure. It does not
    /// count against the requests under way of the whole run: waiting for those would bunch what the bucket spaced.
    async fn look_up(&self, region: &Region, request: &Request) -> Answer {
        let Some(operation) = operations::find(OPERATION) else {
            let problem = Problem::new(OPERATION, Cause::Withheld, "not on the read-only allowlist", "");
            return Err(Failure { problem, again: Again::Never, code: String::new(), expired: false });
        };
        if let Some(expired) = self.expired.get() {
            let problem = Problem { what: Text::new(OPERATION), ..expired.clone() };
            return Err(Failure { problem, again: Again::Never, code: String::new(), expired: true });
        }
        let call = self
            .cloudtrail(region)
            .lookup_events()
            .start_time(DateTime::from_secs(request.span.from))
            .end_time(DateTime::from_secs(request.span.to))
            .max_results(PAGE.cast_signed())
            .set_lookup_attributes(attributes(request, &self.order.wanted))
            .set_next_token(request.token.clone());
        let answer = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(cancelled(operation)),
            answer = call.send() => answer,
        };
        answer.map_err(|error| self.judged(operation, &error))
    }

    fn judged<E>(&self, operation: &Operation, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let failure = problem::judge(operation, error, self.profile.as_deref());
        if failure.expired {
            // The first to see it speaks for all.
            let _ = self.expired.set(failure.problem.clone());
        }
        tracing::debug!(operation = operation.key, problem = failure.problem.line(), "call failed");
        failure
    }
}

/// None for the backfill. Keys and values are there, so building cannot fail.
fn attributes(request: &Request, wanted: &Wanted) -> Option<Vec<LookupAttribute>> {
    let question = request.question?;
    let (key, value) = match wanted {
        Wanted::With(lookup) => (lookup.attribute.name(), lookup.value.as_str()),
        Wanted::Period | Wanted::Newer(_) => (question.key, question.value),
    };
    let key = LookupAttributeKey::from(key);
    LookupAttribute::builder().attribute_key(key).attribute_value(value).build().ok().map(|one| vec![one])
}
