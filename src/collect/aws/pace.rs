//! A permit for every call: how many a second, how many at once, for each group of APIs and Region.
//!
//! The rate starts low where AWS publishes no limit, doubles while calls go through, and halves when AWS
//! throttles. LookupEvents never goes above 2 a second (CloudTrail API Reference, LookupEvents).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::catalog::operations::Operation;
use crate::model::Region;

/// APIs that share a limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Organizations, account, STS: global and gentle.
    Plane,
    Iam,
    IdentityCenter,
    Trails,
    LookupEvents,
    Tagging,
    Config,
    ResourceExplorerSearch,
    ResourceExplorer,
    CloudControl,
    Athena,
}

/// Calls a second at the start and at most, and how many may be under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    pub start: f64,
    pub ceiling: f64,
    pub burst: u32,
    pub in_flight: usize,
}

impl Group {
    pub fn of(operation: &Operation) -> Self {
        match (operation.prefix(), operation.name.as_str()) {
            ("iam", _) => Self::Iam,
            ("sso" | "identitystore", _) => Self::IdentityCenter,
            ("cloudtrail", "LookupEvents") => Self::LookupEvents,
            ("cloudtrail", _) => Self::Trails,
            ("tag", _) => Self::Tagging,
            ("config", _) => Self::Config,
            ("resource-explorer-2", "Search" | "ListResources") => Self::ResourceExplorerSearch,
            ("resource-explorer-2", _) => Self::ResourceExplorer,
            ("cloudcontrol", _) => Self::CloudControl,
            ("athena", _) => Self::Athena,
            _ => Self::Plane,
        }
    }

    /// Published limits: LookupEvents 2, Resource Explorer 5 and 3 (its quotas page). The others are cautious guesses.
    pub fn limits(self) -> Limits {
        let (start, ceiling, burst, in_flight) = match self {
            Self::Plane => (8.0, 12.0, 8, 4),
            Self::Iam => (12.0, 15.0, 12, 4),
            Self::IdentityCenter => (8.0, 12.0, 8, 4),
            Self::Trails => (4.0, 8.0, 4, 2),
            // Evenly spaced and a little under 2: three requests in one second by AWS's clock would be throttled.
            Self::LookupEvents => (1.94, 1.94, 1, crate::collect::lanes::IN_FLIGHT),
            Self::Tagging | Self::Config => (2.0, 5.0, 2, 2),
            Self::ResourceExplorerSearch => (4.0, 5.0, 1, 2),
            Self::ResourceExplorer => (2.0, 3.0, 1, 2),
            Self::CloudControl => (1.0, 10.0, 1, 2),
            // Service Quotas, Athena: 20 starts, 100 reads a second in the smallest Regions.
            Self::Athena => (5.0, 10.0, 5, 2),
        };
        Limits { start, ceiling, burst, in_flight }
    }
}

/// Slower than this no limiter gets.
const FLOOR: f64 = 0.2;
/// The rate doubles after as many clean calls as this many seconds allow.
const CLEAN_SECONDS: f64 = 5.0;

#[derive(Debug)]
struct Rate {
    per_second: f64,
    /// When the bucket is full again; each call moves it by one interval.
    full_at: Instant,
    clean: u32,
    halved_at: Option<Instant>,
}

/// The limiter of one group in one Region.
#[derive(Debug)]
pub struct Bucket {
    limits: Limits,
    rate: Mutex<Rate>,
    in_flight: Arc<Semaphore>,
}

/// The right to make one call; held while it runs.
#[derive(Debug)]
pub struct Permit {
    _in_flight: Option<OwnedSemaphorePermit>,
}

impl Bucket {
    fn new(limits: Limits) -> Self {
        let rate = Rate { per_second: limits.start, full_at: Instant::now(), clean: 0, halved_at: None };
        Self { limits, rate: Mutex::new(rate), in_flight: Arc::new(Semaphore::new(limits.in_flight)) }
    }

    fn rate(&self) -> std::sync::MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a second at this moment.
    pub fn per_second(&self) -> f64 {
        self.rate().per_second
    }

    /// Waits for the turn of one call.
    pub async fn permit(&self) -> Permit {
        // The semaphore is never closed, so there is always a permit.
        let in_flight = Arc::clone(&self.in_flight).acquire_owned().await.ok();
        let turn = {
            let mut rate = self.rate();
            let interval = Duration::from_secs_f64(1.0 / rate.per_second);
            let saved = interval * (self.limits.burst - 1);
            let now = Instant::now();
            let turn = now.max(rate.full_at.checked_sub(saved).unwrap_or(now));
            rate.full_at = rate.full_at.max(now) + interval;
            turn
        };
        tokio::time::sleep_until(turn).await;
        Permit { _in_flight: in_flight }
    }

    /// A call went through.
    pub fn clean(&self) {
        let mut rate = self.rate();
        rate.clean += 1;
        if f64::from(rate.clean) >= rate.per_second * CLEAN_SECONDS {
            rate.clean = 0;
            rate.per_second = (rate.per_second * 2.0).min(self.limits.ceiling);
        }
    }

    /// AWS throttled a call. Several at the same time count once.
    pub fn throttled(&self) {
        let mut rate = self.rate();
        let now = Instant::now();
        rate.clean = 0;
        if rate.halved_at.is_none_or(|at| now.duration_since(at) >= Duration::from_secs(1)) {
            rate.halved_at = Some(now);
            rate.per_second = (rate.per_second / 2.0).max(FLOOR);
        }
    }
}

/// A global API has no Region.
type Scope = (Group, Option<Region>);

/// All limiters of a run.
#[derive(Debug, Default)]
pub struct Pace {
    buckets: Mutex<HashMap<Scope, Arc<Bucket>>>,
}

impl Pace {
    pub fn bucket(&self, group: Group, region: Option<&Region>) -> Arc<Bucket> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry((group, region.cloned())).or_insert_with(|| Arc::new(Bucket::new(group.limits())));
        Arc::clone(bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn seconds_for(bucket: &Bucket, calls: usize) -> f64 {
        let start = Instant::now();
        for _ in 0..calls {
            drop(bucket.permit().await);
        }
        start.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn lookup_events_never_exceeds_two_a_second() {
        let bucket = Bucket::new(Group::LookupEvents.limits());
        for _ in 0..200 {
            bucket.clean();
        }
        let rate = 20.0 / seconds_for(&bucket, 21).await;
        assert!((1.9..=2.0).contains(&rate), "{rate} a second");
    }

    #[tokio::test(start_paused = true)]
    async fn cloud_control_doubles_while_clean_and_halves_when_throttled() {
        let bucket = Bucket::new(Group::CloudControl.limits());
        let mut rates = vec![bucket.per_second()];
        for _ in 0..200 {
            drop(bucket.permit().await);
            bucket.clean();
            if rates.last() != Some(&bucket.per_second()) {
                rates.push(bucket.per_second());
            }
        }
        assert_eq!(rates, [1.0, 2.0, 4.0, 8.0, 10.0]);
        bucket.throttled();
        bucket.throttled();
        assert_eq!(bucket.per_second(), 5.0, "one storm halves once");
        tokio::time::advance(Duration::from_secs(2)).await;
        bucket.throttled();
        assert_eq!(bucket.per_second(), 2.5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_then_the_rate_holds() {
        let bucket = Bucket::new(Limits { start: 10.0, ceiling: 10.0, burst: 5, in_flight: 1 });
        assert!(seconds_for(&bucket, 5).await < 0.01);
        assert!((seconds_for(&bucket, 10).await - 1.0).abs() < 0.05);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_allowed_are_under_way() {
        let bucket = Bucket::new(Limits { start: 100.0, ceiling: 100.0, burst: 100, in_flight: 2 });
        let (_first, _second) = (bucket.permit().await, bucket.permit().await);
        assert!(tokio::time::timeout(Duration::from_secs(60), bucket.permit()).await.is_err());
    }

    #[tokio::test]
    async fn regions_do_not_wait_for_each_other() {
        let pace = Pace::default();
        let (here, there) = (Region::new("us-east-1"), Region::new("eu-west-1"));
        let one = pace.bucket(Group::CloudControl, Some(&here));
        assert!(Arc::ptr_eq(&one, &pace.bucket(Group::CloudControl, Some(&here))));
        assert!(!Arc::ptr_eq(&one, &pace.bucket(Group::CloudControl, Some(&there))));
    }
}
