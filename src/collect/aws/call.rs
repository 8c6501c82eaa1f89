//! One AWS call: its permit, its retries, its end as a value or a [`Problem`].

use std::error::Error;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::Aws;
use super::pace::Group;
use super::problem::{self, Again, Failure};
use crate::catalog::operations::{self, Operation};
use crate::collect::Task;
use crate::model::{Cause, Problem, Region, Status, Text};

/// Attempts while AWS throttles.
const THROTTLED_ATTEMPTS: u32 = 8;
/// Attempts while the network or the service stumbles.
const TRANSIENT_ATTEMPTS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How long the end of a stopped run may take.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);

impl Aws {
    /// Makes one call, `operation` being its key in the table of operations (`iam:GetAccountSummary`) and `make`
    /// sending it. Waits for its permit, gives up at once when the run is stopped, and retries throttling, 5xx and
    /// network errors with full jitter; meanwhile the task's reading says so.
    ///
    /// # Errors
    /// The last failure, in words. [`Cause::Cancelled`] when the run was stopped.
    pub async fn call<T, E, F, Fut>(
        &self,
        task: &mut Task,
        operation: &'static str,
        region: Option<&Region>,
        make: F,
    ) -> Result<T, Problem>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.attempt(task, operation, region, make).await.map_err(|failure| failure.problem)
    }

    /// As [`Aws::call`], for a caller to whom AWS's error code matters.
    ///
    /// # Errors
    /// The last failure, with its code.
    pub async fn attempt<T, E, F, Fut>(
        &self,
        task: &mut Task,
        operation: &'static str,
        region: Option<&Region>,
        make: F,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let Some(operation) = operations::find(operation) else {
            let problem = Problem::new(operation, Cause::Withheld, "not on the read-only allowlist", "");
            return Err(Failure { problem, again: Again::Never, code: String::new(), expired: false });
        };
        let note = task.reading.note.clone();
        let mut attempt = 1;
        let answer = loop {
            if let Some(expired) = self.expired.get() {
                let problem = Problem { what: Text::new(&operation.key), ..expired.clone() };
                break Err(Failure { problem, again: Again::Never, code: String::new(), expired: true });
            }
            let failure = match self.once(operation, region, &make).await {
                Ok(value) => break Ok(value),
                Err(failure) => failure,
            };
            if failure.expired {
                // The first to see it speaks for all.
                let _ = self.expired.set(failure.problem.clone());
            }
            let Some(wait) = wait_before_next(failure.again, attempt) else { break Err(failure) };
            attempt += 1;
            if self.pause(task, &failure, attempt, wait).await.is_err() {
                break Err(cancelled(operation));
            }
        };
        if attempt > 1 {
            task.reading.status = Status::Reading;
            task.reading.note = note;
            // A reader that has gone is noticed by the next row or reading.
            let _ = task.report().await;
        }
        answer
    }

    /// As [`Aws::call`], for one of many alike calls: a failure becomes a gap of the task, told once, and after a
    /// failure that will come again (denied, not offered, unreachable) no more calls of its kind are made.
    pub async fn call_or_gap<T, E, F, Fut>(
        &self,
        task: &mut Task,
        operation: &'static str,
        region: Option<&Region>,
        make: F,
    ) -> Option<T>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let hopeless = |gap: &Problem| gap.what == operation && !matches!(gap.cause, Cause::Absent | Cause::Service);
        if task.reading.gaps.iter().any(hopeless) {
            return None;
        }
        match self.call(task, operation, region, make).await {
            Ok(value) => Some(value),
            Err(problem) => {
                let said = |gap: &Problem| gap.what == problem.what && gap.cause == problem.cause;
                if !task.reading.gaps.iter().any(said) {
                    task.gap(problem);
                }
                None
            }
        }
    }

    async fn once<T, E, F, Fut>(&self, operation: &Operation, region: Option<&Region>, make: &F) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let bucket = self.pace.bucket(Group::of(operation), region);
        let work = async {
            let _permit = bucket.permit().await;
            let _in_flight = self.in_flight.acquire().await;
            make().await
        };
        let answer = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(cancelled(operation)),
            answer = work => answer,
        };
        answer.inspect(|_| bucket.clean()).map_err(|error| {
            let mut failure = problem::judge(operation, &error, self.profile.as_deref());
            self.explain_wrong_account(operation, &mut failure.problem);
            if failure.again == Again::Throttled {
                bucket.throttled();
            }
            tracing::debug!(operation = operation.key, region = ?region, problem = failure.problem.line(), "call failed");
            failure
        })
    }

    /// The last call of a run that was stopped, to end what it began: once, without a permit, and not for long.
    ///
    /// # Errors
    /// In words, when it did not go through.
    pub(super) async fn farewell<T, E>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Problem>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Some(known) = operations::find(operation) else {
            return Err(Problem::new(operation, Cause::Withheld, "not on the read-only allowlist", ""));
        };
        match tokio::time::timeout(FAREWELL, call).await {
            Ok(answer) => answer.map_err(|error| problem::judge(known, &error, self.profile.as_deref()).problem),
            Err(_) => Err(Problem::new(operation, Cause::Unreachable, "no answer in time", "")),
        }
    }

    /// In a member account Organizations refuses whatever the permissions are: adding an action is no cure.
    fn explain_wrong_account(&self, operation: &Operation, problem: &mut Problem) {
        if let (true, Cause::Denied { .. }, "organizations" | "sso") =
            (self.is_wrong_account(), &problem.cause, operation.prefix())
            && let Some(management) = self.management_account()
        {
            let cure = format!("only the management account {management} or a delegated administrator may ask this");
            problem.cure = cure.into();
        }
    }

    /// Shows the wait and waits.
    async fn pause(&self, task: &mut Task, failure: &Failure, attempt: u32, wait: Duration) -> Result<(), ()> {
        if failure.again == Again::Throttled {
            task.reading.status = Status::Throttled;
        }
        task.note(format!("{}: {}, attempt {attempt} follows", failure.problem.what, failure.problem.cause.word()));
        task.report().await.map_err(drop)?;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(()),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}

pub(super) fn cancelled(operation: &Operation) -> Failure {
    let problem = Problem::new(&operation.key, Cause::Cancelled, "stopped", "");
    Failure { problem, again: Again::Never, code: String::new(), expired: false }
}

/// Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): anything up to a bound that doubles.
pub(super) fn wait_before_next(again: Again, attempt: u32) -> Option<Duration> {
    let most = match again {
        Again::Never => return None,
        Again::Throttled => THROTTLED_ATTEMPTS,
        Again::Transient => TRANSIENT_ATTEMPTS,
    };
    if attempt >= most {
        return None;
    }
    let bound = FIRST_WAIT.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_WAIT);
    Some(bound.mul_f64(random_fraction()))
}

/// From 0 up to 1; the standard library's hash seeds are random enough for jitter.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(bits >> 32).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::collect::aws::testing::{Reply, Server, json, json_error, reply};
    use crate::model::{Ask, Batch, Cell};

    /// Answers the n-th request with the n-th reply, the last one for ever.
    fn in_turn(replies: Vec<fn() -> Reply>) -> Server {
        let turn = AtomicUsize::new(0);
        Server::answering(move |_| replies[turn.fetch_add(1, Ordering::SeqCst).min(replies.len() - 1)]())
    }

    async fn list_accounts(aws: &Aws, task: &mut Task) -> Result<(), Problem> {
        aws.call(task, "organizations:ListAccounts", None, || aws.organizations().list_accounts().send())
            .await
            .map(drop)
    }

    #[tokio::test(start_paused = true)]
    async fn two_failures_and_then_an_answer() {
        let unavailable = || json_error(503, "ServiceUnavailable", "later");
        let server = in_turn(vec![unavailable, unavailable, || json(r#"{"Accounts":[]}"#)]);
        let (aws, _inbox) = server.aws();
        let mut task = aws.start(Cell::global(Ask::Accounts)).await.expect("a reader");
        assert_eq!(list_accounts(&aws, &mut task).await, Ok(()));
        assert_eq!(server.count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_shows_and_passes() {
        let server = in_turn(vec![|| json_error(400, "ThrottlingException", "slow"), || json(r#"{"Accounts":[]}"#)]);
        let (aws, mut inbox) = server.aws();
        let mut task = aws.start(Cell::global(Ask::Accounts)).await.expect("a reader");
        assert_eq!(list_accounts(&aws, &mut task).await, Ok(()));
        let states: Vec<Status> = inbox
            .batches()
            .into_iter()
            .filter_map(|batch| if let Batch::Reading(_, reading) = batch { Some(reading.status) } else { None })
            .collect();
        assert_eq!(states, [Status::Reading, Status::Throttled, Status::Reading]);
    }

    #[tokio::test(start_paused = true)]
    async fn endless_throttling_ends() {
        let server = in_turn(vec![|| json_error(400, "TooManyRequestsException", "slow")]);
        let (aws, _inbox) = server.aws();
        let mut task = aws.start(Cell::global(Ask::Accounts)).await.expect("a reader");
        assert_eq!(list_accounts(&aws, &mut task).await.expect_err("throttled").cause, Cause::Throttled);
        assert_eq!(server.count(), THROTTLED_ATTEMPTS as usize);
    }

    #[tokio::test(start_paused = true)]
    async fn a_denial_is_not_repeated() {
        let server = in_turn(vec![|| json_error(400, "AccessDeniedException", "no")]);
        let (aws, _inbox) = server.aws();
        let mut task = aws.start(Cell::global(Ask::Accounts)).await.expect("a reader");
        let problem = list_accounts(&aws, &mut task).await.expect_err("denied");
        assert_eq!(problem.cause, Cause::Denied { action: "organizations:ListAccounts".into() });
        assert_eq!(server.count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_session_is_not_used_again() {
        let server = in_turn(vec![|| json_error(400, "ExpiredTokenException", "expired")]);
        let (aws, _inbox) = server.aws();
        let mut task = aws.start(Cell::global(Ask::Accounts)).await.expect("a reader");
        for _ in 0..3 {
            let problem = list_accounts(&aws, &mut task).await.expect_err("expired");
            assert_eq!(problem.cause, Cause::Credentials);
            assert!(problem.cure.contains("aws sso login --profile audit"));
        }
        assert_eq!(server.count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopped_run_makes_no_call() {
        let server = in_turn(vec![|| reply(500, "text/plain", "")]);
        let stop = CancellationToken::new();
        let (aws, _inbox) = server.aws_with(stop.clone());
        let mut task = aws.start(Cell::global(Ask::Accounts)).await.expect("a reader");
        stop.cancel();
        assert_eq!(list_accounts(&aws, &mut task).await.expect_err("stopped").cause, Cause::Cancelled);
        assert_eq!(server.count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_ends_a_wait() {
        let server = in_turn(vec![|| json_error(400, "ThrottlingException", "slow")]);
        let stop = CancellationToken::new();
        let (aws, _inbox) = server.aws_with(stop.clone());
        let aws = Arc::clone(&aws);
        let running = tokio::spawn(async move {
            let mut task = aws.start(Cell::global(Ask::Accounts)).await.expect("a reader");
            list_accounts(&aws, &mut task).await
        });
        tokio::task::yield_now().await;
        stop.cancel();
        let problem = running.await.expect("no panic").expect_err("stopped");
        assert_eq!(problem.cause, Cause::Cancelled);
    }

    #[tokio::test]
    async fn an_unlisted_operation_is_withheld() {
        let server = in_turn(vec![|| json("{}")]);
        let (aws, _inbox) = server.aws();
        let mut task = aws.start(Cell::global(Ask::Accounts)).await.expect("a reader");
        let answer = aws
            .call(&mut task, "organizations:LeaveOrganization", None, || aws.organizations().list_accounts().send())
            .await;
        assert_eq!(answer.expect_err("withheld").cause, Cause::Withheld);
        assert_eq!(server.count(), 0);
    }
}
