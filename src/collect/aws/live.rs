//! A live account as a [`Source`]: who asks, where, in which organization; then every collector as its own task.

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Aws, Clients, Collector, Context, SERVICES, Settings, account, client, organizations};
use crate::collect::{BoxFuture, Order, Outbox, Source, Stopped, Task};
use crate::model::{Ask, Batch, Cause, Cell, Origin, OriginKind, Problem, Reading, Region, Status, Text};

/// The account that the credentials lead to.
#[derive(Debug)]
pub struct Live {
    settings: Settings,
    /// Given rather than loaded, for tests.
    config: Option<SdkConfig>,
}

/// Read before the collectors start, because they depend on them.
const FIRST: [Ask; 3] = [Ask::Caller, Ask::Regions, Ask::Organization];

impl Live {
    /// Reads nothing yet: configuration is loaded when an order comes, so that the first screen does not wait.
    pub fn new(settings: Settings) -> Self {
        Self { settings, config: None }
    }

    /// With a configuration of the caller's making; the guard is put on its clients all the same.
    pub fn with_config(settings: Settings, config: SdkConfig) -> Self {
        Self { settings, config: Some(config) }
    }

    async fn answer(&self, order: Order, out: &Outbox, stop: &CancellationToken) -> Result<(), Stopped> {
        let global: Vec<Cell> = planned(&order).filter(|ask| !ask.is_regional()).map(Cell::global).collect();
        for cell in &global {
            Task::announce(cell.clone(), out).await?;
        }
        let config = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            config = self.load() => Some(config),
        };
        let Some(config) = config else {
            for cell in global {
                out.send(Batch::Reading(cell, Reading::of(Status::Cancelled))).await?;
            }
            return Ok(());
        };
        let profile = self.settings.profile.clone();
        let context = Context { order, out: out.clone(), stop: stop.clone(), profile };
        let aws = Arc::new(Aws::new(Clients::new(&config), context));

        account::caller(&aws).await?;
        let (regions, organization) = tokio::join!(account::regions(&aws), organizations::organization(&aws));
        regions.and(organization)?;
        for ask in planned(&aws.order).filter(|ask| ask.is_regional()) {
            for region in aws.regions() {
                Task::announce(Cell::regional(ask, region.clone()), out).await?;
            }
        }
        collect(&aws, out).await
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
    for collector in collectors().filter(|c| c.asks.iter().any(|ask| aws.order.asks.contains(ask))) {
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
