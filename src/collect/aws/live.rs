//! A live account as a [`Source`]: who asks, where, in which organization; then every collector as its own task.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::cache::{self, Cache};
use super::{Athena, Aws, Collector, Context, SERVICES, Session, Settings, account, athena, client, organizations};
use crate::catalog::operations::OnlyWith;
use crate::collect::{BoxFuture, Order, Outbox, Source, Stopped, Task};
use crate::model::{Ask, Batch, Cause, Cell, Origin, OriginKind, Problem, Reading, Region, Status, Text};

/// The account that the credentials lead to.
#[derive(Debug)]
pub struct Live {
    settings: Settings,
    /// Given rather than loaded, for tests.
    config: Option<SdkConfig>,
    /// Where events are read instead of the event history.
    athena: Option<Arc<Athena>>,
    /// Of the run before, while its credentials work.
    session: Mutex<Option<Arc<Session>>>,
    cache: Mutex<Option<Arc<Cache>>>,
}

/// Read before the collectors start, because they depend on them.
const FIRST: [Ask; 3] = [Ask::Caller, Ask::Regions, Ask::Organization];

impl Live {
    /// Reads nothing yet: configuration is loaded when an order comes, so that the first screen does not wait.
    pub fn new(settings: Settings) -> Self {
        Self { settings, config: None, athena: None, session: Mutex::default(), cache: Mutex::default() }
    }

    /// With a configuration of the caller's making; the guard is put on its clients all the same.
    pub fn with_config(settings: Settings, config: SdkConfig) -> Self {
        Self { settings, config: Some(config), athena: None, session: Mutex::default(), cache: Mutex::default() }
    }

    /// Events come from the log of a trail, by Athena.
    pub fn reading_log(self, athena: Athena) -> Self {
        Self { athena: Some(Arc::new(athena)), ..self }
    }

    /// What would be asked of Athena: all but the query.
    ///
    /// # Errors
    /// What is wrong with the table, or that there is none.
    pub async fn rehearse(&self, order: Order) -> Result<athena::Rehearsal, Problem> {
        let (sender, mut inbox) = tokio::sync::mpsc::channel(crate::collect::OUTBOX);
        // Nobody looks at what is said on the way.
        let drain = tokio::spawn(async move { while inbox.recv().await.is_some() {} });
        let out = Outbox::new(crate::collect::RunId(0), sender);
        let aws = self.run_of(&*self.session().await, order, &out, &CancellationToken::new());
        let answer = athena::rehearse(&aws).await;
        drain.abort();
        answer
    }

    fn run_of(&self, session: &Session, order: Order, out: &Outbox, stop: &CancellationToken) -> Arc<Aws> {
        let context = Context {
            order,
            out: out.clone(),
            stop: stop.clone(),
            profile: self.settings.profile.clone(),
            athena: self.athena.clone(),
        };
        Arc::new(Aws::new(session, context))
    }

    async fn answer(&self, order: Order, out: &Outbox, stop: &CancellationToken) -> Result<(), Stopped> {
        let global: Vec<Cell> = planned(&order).filter(|ask| !ask.is_regional()).map(Cell::global).collect();
        for cell in &global {
            Task::announce(cell.clone(), out).await?;
        }
        let session = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            session = self.session() => Some(session),
        };
        let Some(session) = session else {
            for cell in global {
                out.send(Batch::Reading(cell, Reading::of(Status::Cancelled))).await?;
            }
            return Ok(());
        };
        let aws = self.run_of(&session, order, out, stop);
        let result = self.read(&aws, &session, out).await;
        if aws.is_expired() {
            // The next run looks for credentials anew: the user may have signed in again.
            *self.kept() = None;
        }
        result
    }

    /// Who asks and where, unless a run before has learnt it; then what is planned.
    async fn read(&self, aws: &Arc<Aws>, session: &Session, out: &Outbox) -> Result<(), Stopped> {
        match session.known().filter(|_| !FIRST.iter().any(|ask| aws.order.asks.contains(ask))) {
            Some(known) => aws.learn(known),
            None => {
                account::caller(aws).await?;
                let (regions, organization) = tokio::join!(account::regions(aws), organizations::organization(aws));
                regions.and(organization)?;
                aws.learnt().into_iter().for_each(|known| session.learn(known));
            }
        }
        self.open_cache(aws);
        for ask in planned(&aws.order).filter(|ask| ask.is_regional()) {
            for region in aws.regions() {
                Task::announce(Cell::regional(ask, region.clone()), out).await?;
            }
        }
        collect(aws, out).await
    }

    /// Gives the run the cache of the account that it asks, if that is known and one is wanted.
    fn open_cache(&self, aws: &Aws) {
        let Some(root) = &self.settings.cache else { return };
        let Some(owner) = cache::Owner::of(aws) else { return };
        let mut kept = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|cache| *cache.owner() != owner) {
            *kept = Some(Arc::new(Cache::new(root.clone(), owner)));
        }
        kept.iter().for_each(|cache| aws.keep_in(Arc::clone(cache)));
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Arc<Session>>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn session(&self) -> Arc<Session> {
        if let Some(session) = &*self.kept() {
            return Arc::clone(session);
        }
        let config = self.load().await;
        let session = Arc::new(match &self.athena {
            Some(_) => Session::asked(&config, OnlyWith::Athena),
            None => Session::new(&config),
        });
        // Two runs may begin at once: the first session stands, so that they keep to AWS's rates together.
        Arc::clone(self.kept().get_or_insert(session))
    }

    async fn load(&self) -> SdkConfig {
        match &self.config {
            Some(config) => config.clone(),
            None => client::load(&self.settings).await,
        }
    }
}

impl Source for Live {
    fn origin(&self) -> Origin {
        let name = match (&self.settings.profile, &self.settings.endpoint_url) {
            (Some(profile), _) => Text::new(profile),
            (None, Some(url)) => Text::new(url),
            (None, None) => Text::new("AWS"),
        };
        Origin { kind: OriginKind::Live, name, as_of: None }
    }

    fn asks_history(&self) -> bool {
        self.athena.is_none()
    }

    fn farewell(&self) -> Duration {
        if self.athena.is_some() { super::call::FAREWELL } else { Duration::ZERO }
    }

    fn run(self: Arc<Self>, order: Order, out: Outbox, stop: CancellationToken) -> BoxFuture<()> {
        Box::pin(async move {
            // Whoever has gone needs no further word.
            let _ = self.answer(order, &out, &stop).await;
            out.end().await;
        })
    }
}

fn collectors() -> impl Iterator<Item = &'static Collector> {
    SERVICES.iter().flat_map(|service| service.iter())
}

/// The asks of the order that somebody here answers.
fn planned(order: &Order) -> impl Iterator<Item = Ask> {
    let asks: Vec<Ask> = order.asks.iter().copied().collect();
    asks.into_iter().filter(|ask| FIRST.contains(ask) || collectors().any(|collector| collector.asks.contains(ask)))
}

/// Starts every collector that the order needs and waits for all of them.
async fn collect(aws: &Arc<Aws>, out: &Outbox) -> Result<(), Stopped> {
    let mut running: JoinSet<Result<(), Stopped>> = JoinSet::new();
    let mut cells: HashMap<tokio::task::Id, Vec<Cell>> = HashMap::new();
    if let Some(log) = aws.log.clone().filter(|_| aws.order.asks.contains(&Ask::Events)) {
        let own = aws.regions().iter().map(|region| Cell::regional(Ask::Events, region.clone())).collect();
        let handle = running.spawn(athena::read(Arc::clone(aws), log));
        cells.insert(handle.id(), own);
    }
    let by_history = |c: &Collector| aws.log.is_none() || c.asks != [Ask::Events];
    let wanted = |c: &&Collector| by_history(c) && c.asks.iter().any(|ask| aws.order.asks.contains(ask));
    for collector in collectors().filter(wanted) {
        let regional = collector.asks.iter().any(|ask| ask.is_regional());
        let places: Vec<Option<Region>> =
            if regional { aws.regions().iter().cloned().map(Some).collect() } else { vec![None] };
        for region in places {
            let asks = collector.asks.iter().filter(|ask| aws.order.asks.contains(ask));
            let own = asks.map(|&ask| Cell { ask, region: region.clone() }).collect();
            let handle = running.spawn((collector.collect)(Arc::clone(aws), region));
            cells.insert(handle.id(), own);
        }
    }
    let mut result = Ok(());
    while let Some(ended) = running.join_next_with_id().await {
        match ended {
            Ok((_, Ok(()))) => {}
            Ok((_, Err(stopped))) => result = Err(stopped),
            Err(error) => {
                // A defect of ours in one collector must neither end the others nor leave its cells open.
                let problem =
                    Problem::new("mgmtscope", Cause::Service, format!("internal error: {error}"), "please report");
                for cell in cells.remove(&error.id()).unwrap_or_default() {
                    let reading = Reading { gaps: vec![problem.clone()], ..Reading::of(Status::Failed) };
                    out.send(Batch::Reading(cell, reading)).await?;
                }
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::collect::aws::testing::{Reply, Seen, Server, json, json_error, reply, xml, xml_error};
    use crate::collect::{RegionScope, Wanted, gather};
    use crate::model::Facts;

    async fn gathered(server: &Server, stop: CancellationToken) -> Facts {
        let live = Live::with_config(Settings::default(), server.config());
        let now = Timestamp::from_second(1_790_000_000).expect("in range");
        let order = Order::everything(RegionScope::Only(vec!["us-east-1".into()]), SignedDuration::from_hours(1), now);
        gather(Arc::new(live), order, stop, |_, _| {}).await
    }

    fn closed(facts: &Facts) {
        for (cell, reading) in facts.coverage.iter() {
            assert!(!reading.status.is_open(), "{cell:?} is left {:?}", reading.status);
        }
    }

    fn small_account(request: &Seen<'_>) -> Reply {
        match request.operation().as_str() {
            "GetCallerIdentity" => xml(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>999999999999</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
            ),
            "DescribeOrganization" => json(r#"{"Organization":{"Id":"o-a","MasterAccountId":"111122223333"}}"#),
            "ListAccounts" => json(r#"{"Accounts":[{"Id":"111122223333"}]}"#),
            _ => json_error(400, "AccessDeniedException", "no"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_of_rubbish_leaves_no_cell_open_and_none_read() {
        let server = Server::answering(|_| reply(500, "text/html", "<!doctype html><title>500</title>"));
        let facts = gathered(&server, CancellationToken::new()).await;
        closed(&facts);
        let read = facts.coverage.iter().find(|(_, reading)| reading.status == Status::Complete);
        assert_eq!(read, None);
        for ask in planned(&Order::everything(RegionScope::All, SignedDuration::ZERO, Timestamp::UNIX_EPOCH)) {
            assert!(facts.coverage.of_ask(ask).next().is_some(), "{ask} was planned");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_denied_source_leaves_the_others() {
        let facts = gathered(&Server::answering(small_account), CancellationToken::new()).await;
        closed(&facts);
        assert_eq!(facts.coverage.status(Ask::Accounts), Status::Complete);
        assert_eq!(facts.coverage.status(Ask::AccountSummary), Status::Failed);
        assert_eq!(facts.coverage.status(Ask::Tree), Status::Denied);
        assert_eq!(facts.is_management_account(), Some(false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopped_run_is_cancelled_and_makes_no_call() {
        let server = Server::answering(small_account);
        let stop = CancellationToken::new();
        stop.cancel();
        let facts = gathered(&server, stop).await;
        assert!(facts.coverage.iter().all(|(_, reading)| reading.status == Status::Cancelled));
        assert_eq!(server.count(), 0);
    }

    fn whole_account(request: &Seen<'_>) -> Reply {
        match request.operation().as_str() {
            "GetCallerIdentity" | "DescribeOrganization" => small_account(request),
            "LookupEvents" => json(r#"{"Events":[]}"#),
            _ => json(r#"{"Regions":[{"RegionName":"us-east-1","RegionOptStatus":"ENABLED_BY_DEFAULT"}]}"#),
        }
    }

    /// Two runs of one session over events; the names of the second's calls.
    async fn second_run(answer: fn(&Seen<'_>) -> Reply) -> Vec<String> {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&calls);
        let server = Server::answering(move |request| {
            heard.lock().expect("not poisoned").push(request.operation());
            answer(request)
        });
        let live = Arc::new(Live::with_config(Settings::default(), server.config()));
        let now = Timestamp::from_second(1_790_000_000).expect("in range");
        for wanted in [Wanted::Period, Wanted::Newer(SignedDuration::from_mins(10))] {
            calls.lock().expect("not poisoned").clear();
            let order = Order::everything(RegionScope::All, SignedDuration::from_hours(1), now);
            let order = Order { asks: [Ask::Events].into(), wanted, ..order };
            gather(Arc::clone(&live) as Arc<dyn Source>, order, CancellationToken::new(), |_, _| {}).await;
        }
        calls.lock().expect("not poisoned").clone()
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_run_knows_who_asks_and_where() {
        assert_eq!(second_run(whole_account).await, ["LookupEvents"]);
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_that_failed_are_looked_for_anew() {
        let again = second_run(|request| match request.operation().as_str() {
            "LookupEvents" => json_error(400, "ExpiredTokenException", "expired"),
            _ => whole_account(request),
        });
        assert_eq!(again.await.first().map(String::as_str), Some("GetCallerIdentity"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_ends_in_mid_run_is_told_by_every_cell_after_it() {
        let calls = AtomicUsize::new(0);
        let server = Server::answering(move |request| {
            if calls.fetch_add(1, Ordering::SeqCst) < 3 {
                return small_account(request);
            }
            match request.header("x-amz-target") {
                Some(_) => json_error(400, "ExpiredTokenException", "expired"),
                None => xml_error(403, "ExpiredToken", "expired"),
            }
        });
        let facts = gathered(&server, CancellationToken::new()).await;
        closed(&facts);
        assert_eq!(facts.coverage.status(Ask::Organization), Status::Complete);
        let reading = facts.coverage.get(&Cell::global(Ask::AuthorizationDetails)).expect("planned");
        assert_eq!(reading.gaps[0].cause, Cause::Credentials);
        assert!(reading.gaps[0].cure.contains("aws sso login"), "{}", reading.gaps[0].cure);
    }
}
