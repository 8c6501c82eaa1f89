//! Sends the sample in the order in which a live account would come in: the organization, IAM, Identity Center, the
//! account, then the Regions with their events and residents. Every cell is announced, begun and ended.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::account::Home;
use super::events::{DAYS, Events};
use super::iam::{File as Iam, Policies};
use super::made_up::clock;
use super::providers::IdentityCenter;
use super::{organization, residents};
use crate::collect::{BATCH, Order, Outbox, RegionScope, Stopped, Task};
use crate::model::coverage::Tally;
use crate::model::{Ask, Batch, Cause, Cell, Problem, Reading, Region, Resident, Status, Text};

/// Answers the order and says that the run is over.
pub async fn run(order: Order, out: Outbox, stop: CancellationToken) {
    let mut teller = Teller::new(order, out, stop);
    if teller.tell().await.is_err() {
        // Stopped half-way: no cell may stay open. When nobody listens any more this fails as well, and may.
        for cell in std::mem::take(&mut teller.open) {
            let _ = teller.out.send(Batch::Reading(cell, Reading::of(Status::Cancelled))).await;
        }
    }
    teller.out.end().await;
}

struct Teller {
    order: Order,
    out: Outbox,
    stop: CancellationToken,
    home: Home,
    /// The Regions in scope; those that are off are among them if the order names them.
    regions: Vec<Region>,
    residents: Vec<Resident>,
    /// Announced and not yet ended.
    open: BTreeSet<Cell>,
}

impl Teller {
    fn new(order: Order, out: Outbox, stop: CancellationToken) -> Self {
        let home = Home::read();
        let regions = match &order.regions {
            RegionScope::All => home.regions_on.clone(),
            RegionScope::Only(regions) => regions.clone(),
        };
        let residents = residents::all(&home.regions_on, &home.sources);
        Self { order, out, stop, home, regions, residents, open: BTreeSet::new() }
    }

    async fn tell(&mut self) -> Result<(), Stopped> {
        self.announce().await?;
        self.whole(Ask::Caller, vec![self.home.caller()], one(Batch::Caller)).await?;
        self.whole(Ask::Regions, self.home.regions(), Batch::Regions).await?;
        let organization = organization::answers();
        self.organization(&organization).await?;
        let iam = Iam::read();
        let policies = Policies::read();
        self.iam(&iam, &policies).await?;
        let center = IdentityCenter::read();
        self.identity_center(&center, &policies).await?;
        self.contacts().await?;
        self.trails().await?;
        self.tagging().await?;
        let events = Events::new(&self.home.regions_on, &iam, center.store(), &organization, &self.residents);
        self.events(events).await?;
        self.config().await?;
        self.explorer().await?;
        self.cloud_control().await
    }

    /// Lets others work, and ends when the user has had enough.
    async fn pause(&self) -> Result<(), Stopped> {
        tokio::task::yield_now().await;
        if self.stop.is_cancelled() { Err(Stopped) } else { Ok(()) }
    }

    fn wants(&self, ask: Ask) -> bool {
        self.order.asks.contains(&ask)
    }

    fn is_on(&self, region: &Region) -> bool {
        self.home.regions_on.contains(region)
    }

    /// The cells of an ask in the Regions that are on.
    fn cells(&self, ask: Ask) -> Vec<Region> {
        let wanted = self.wants(ask);
        self.regions.iter().filter(|region| wanted && self.is_on(region)).cloned().collect()
    }

    async fn announce(&mut self) -> Result<(), Stopped> {
        for &ask in &self.order.asks {
            if ask.is_regional() {
                self.open.extend(self.regions.iter().map(|region| Cell::regional(ask, region.clone())));
            } else {
                self.open.insert(Cell::global(ask));
            }
        }
        for cell in &self.open {
            Task::announce(cell.clone(), &self.out).await?;
        }
        let off: Vec<Cell> =
            self.open.iter().filter(|c| c.region.as_ref().is_some_and(|r| !self.is_on(r))).cloned().collect();
        for cell in off {
            let mut task = self.begin(cell).await?;
            task.gap(Problem::new("account:ListRegions", Cause::Absent, "the Region is off in this account", ""));
            self.end(task).await?;
        }
        Ok(())
    }

    async fn begin(&self, cell: Cell) -> Result<Task, Stopped> {
        self.pause().await?;
        Task::start(cell, self.out.clone(), self.stop.clone()).await
    }

    async fn end(&mut self, task: Task) -> Result<(), Stopped> {
        let cell = task.cell.clone();
        task.finish().await?;
        self.open.remove(&cell);
        Ok(())
    }

    /// An ask that is read in one go, or refused.
    async fn whole<T>(&mut self, ask: Ask, rows: Vec<T>, wrap: impl Fn(Vec<T>) -> Batch) -> Result<(), Stopped> {
        if !self.wants(ask) {
            return Ok(());
        }
        let mut task = self.begin(Cell::global(ask)).await?;
        match self.home.denial(ask) {
            Some(problem) => task.gap(problem),
            None => task.rows(rows, wrap).await?,
        }
        self.end(task).await
    }

    async fn organization(&mut self, answers: &organization::Answers) -> Result<(), Stopped> {
        self.whole(Ask::Organization, vec![answers.organization.clone()], one(Batch::Organization)).await?;
        if self.wants(Ask::Tree) {
            let mut task = self.begin(Cell::global(Ask::Tree)).await?;
            task.rows(vec![answers.root.clone()], Batch::Roots).await?;
            task.rows(answers.units.clone(), Batch::OrganizationalUnits).await?;
            task.send(Batch::AccountParents(answers.parents.clone())).await?;
            self.end(task).await?;
        }
        // ListAccounts does not tell where an account hangs; the tree does.
        let mut accounts = answers.accounts.clone();
        accounts.iter_mut().for_each(|account| account.parent = None);
        self.whole(Ask::Accounts, accounts, Batch::Accounts).await?;
        self.whole(Ask::Policies, answers.policies.clone(), Batch::Policies).await?;
        let delegated = answers.delegated.clone();
        self.whole(Ask::DelegatedAdministrators, delegated, Batch::DelegatedAdministrators).await?;
        self.whole(Ask::TrustedAccess, answers.trusted.clone(), Batch::TrustedServices).await?;
        let policy = vec![answers.resource_policy.clone()];
        self.whole(Ask::ResourcePolicy, policy, |mut policy| Batch::ResourcePolicy(policy.pop())).await?;
        self.whole(Ask::Handshakes, Vec::new(), Batch::Handshakes).await
    }

    async fn iam(&mut self, iam: &Iam, policies: &Policies) -> Result<(), Stopped> {
        if self.wants(Ask::AuthorizationDetails) {
            let mut task = self.begin(Cell::global(Ask::AuthorizationDetails)).await?;
            task.rows(iam.users(policies), Batch::Users).await?;
            task.rows(iam.groups(policies), Batch::Groups).await?;
            task.rows(iam.roles(policies), Batch::Roles).await?;
            task.rows(iam.managed_policies(policies), Batch::ManagedPolicies).await?;
            self.end(task).await?;
        }
        self.whole(Ask::CredentialReport, iam.credential_report(), Batch::CredentialReport).await?;
        self.whole(Ask::AccountSummary, iam.summary(), Batch::AccountSummary).await?;
        self.whole(Ask::AccessKeys, iam.access_keys(), Batch::AccessKeys).await?;
        self.whole(Ask::MfaDevices, iam.mfa_devices(), Batch::MfaDevices).await?;
        let providers = iam.provider.iter().map(super::providers::Provider::answer).collect();
        self.whole(Ask::IdentityProviders, providers, Batch::IdentityProviders).await?;
        self.whole(Ask::AccountAliases, vec![self.home.alias.clone()], Batch::AccountAliases).await?;
        let features = self.home.organizations_features.clone();
        self.whole(Ask::OrganizationsFeatures, features, Batch::OrganizationsFeatures).await
    }

    async fn identity_center(&mut self, center: &IdentityCenter, policies: &Policies) -> Result<(), Stopped> {
        self.whole(Ask::IdentityCenter, vec![center.instance()], Batch::Instances).await?;
        self.whole(Ask::PermissionSets, center.permission_sets(policies), Batch::PermissionSets).await?;
        self.whole(Ask::Assignments, center.assignments(), Batch::Assignments).await?;
        if self.wants(Ask::Directory) {
            let mut task = self.begin(Cell::global(Ask::Directory)).await?;
            task.rows(center.groups(), Batch::DirectoryGroups).await?;
            task.rows(center.people(), Batch::DirectoryUsers).await?;
            self.end(task).await?;
        }
        Ok(())
    }

    async fn contacts(&mut self) -> Result<(), Stopped> {
        if !self.wants(Ask::Contacts) {
            return Ok(());
        }
        let mut task = self.begin(Cell::global(Ask::Contacts)).await?;
        task.rows(vec![self.home.contact()], one(Batch::ContactInformation)).await?;
        task.rows(self.home.alternates(), Batch::AlternateContacts).await?;
        self.end(task).await
    }

    async fn trails(&mut self) -> Result<(), Stopped> {
        for region in self.cells(Ask::Trails) {
            let mut task = self.begin(Cell::regional(Ask::Trails, region.clone())).await?;
            task.rows(self.home.trails(&region), Batch::Trails).await?;
            self.end(task).await?;
        }
        Ok(())
    }

    /// Newest first, all Regions side by side; each Region's reading says how far back it has come.
    async fn events(&mut self, mut events: Events) -> Result<(), Stopped> {
        let since = clock() - self.order.since.min(SignedDuration::from_hours(24 * DAYS));
        let throttled = self.home.sources.throttled_region.clone();
        let cut = since.max(clock() - SignedDuration::from_hours(24 * self.home.sources.throttled_event_days));
        let mut tasks = Vec::new();
        for region in self.cells(Ask::Events) {
            let mut task = self.begin(Cell::regional(Ask::Events, region.clone())).await?;
            task.reading.until = Some(clock());
            tasks.push((region, task));
        }
        let (from, cut_from) = (since.as_second(), cut.as_second());
        let wanted: BTreeSet<Region> = tasks.iter().map(|(region, _)| region.clone()).collect();
        let keep = |region: &str, seconds: i64| {
            wanted.contains(region) && seconds >= if region == throttled.as_str() { cut_from } else { from }
        };
        while !wanted.is_empty() {
            let batch = events.next_batch(BATCH, keep);
            let Some(reached) = batch.last().and_then(|event| event.time) else { break };
            for (region, task) in &mut tasks {
                let rows = batch.iter().filter(|event| event.region == region.as_str()).count();
                if rows > 0 {
                    task.reading.rows += rows as u64;
                    task.reading.since = Some(reached);
                    task.report().await?;
                }
            }
            self.out.send(Batch::Events(batch)).await?;
            self.pause().await?;
        }
        for (region, mut task) in tasks {
            let is_cut = region == throttled && cut > since;
            task.reading.since = Some(if is_cut { cut } else { since });
            if is_cut {
                task.gap(throttled_events(cut));
            }
            self.end(task).await?;
        }
        Ok(())
    }

    async fn residents(&self, task: &mut Task, ask: Ask, region: &Region) -> Result<(), Stopped> {
        task.rows(residents::seen(&self.residents, ask, region), Batch::Residents).await
    }

    async fn tagging(&mut self) -> Result<(), Stopped> {
        for region in self.cells(Ask::Tagging) {
            let mut task = self.begin(Cell::regional(Ask::Tagging, region.clone())).await?;
            self.residents(&mut task, Ask::Tagging, &region).await?;
            self.end(task).await?;
        }
        Ok(())
    }

    async fn config(&mut self) -> Result<(), Stopped> {
        for region in self.cells(Ask::Config) {
            let mut task = self.begin(Cell::regional(Ask::Config, region.clone())).await?;
            if region == self.home.sources.config_region {
                self.residents(&mut task, Ask::Config, &region).await?;
            } else {
                let detail = "no configuration recorder in this Region";
                task.gap(Problem::new("config:DescribeConfigurationRecorders", Cause::Absent, detail, ""));
            }
            self.end(task).await?;
        }
        Ok(())
    }

    async fn explorer(&mut self) -> Result<(), Stopped> {
        for region in self.cells(Ask::ResourceExplorer) {
            let mut task = self.begin(Cell::regional(Ask::ResourceExplorer, region.clone())).await?;
            if self.home.sources.explorer_regions.contains(&region) {
                self.residents(&mut task, Ask::ResourceExplorer, &region).await?;
            } else {
                let detail = "no index in this Region; none was made, since a search would create one";
                task.gap(Problem::new("resource-explorer-2:ListIndexes", Cause::Absent, detail, ""));
            }
            self.end(task).await?;
        }
        Ok(())
    }

    async fn cloud_control(&mut self) -> Result<(), Stopped> {
        for region in self.cells(Ask::CloudControl) {
            let mut task = self.begin(Cell::regional(Ask::CloudControl, region.clone())).await?;
            let sources = &self.home.sources;
            let unsupported = sources.unsupported.get(&region).copied().unwrap_or(0);
            let mut tally = Tally { unsupported, ..Tally::default() };
            if region.as_str() == residents::GLOBAL_HOME {
                tally.denied = u32::try_from(sources.denied_types.len()).unwrap_or(0);
                for (kind, action) in &sources.denied_types {
                    let what = format!("cloudformation:ListResources {kind}");
                    let detail = format!("the listing of {kind} was refused: {action} is not allowed");
                    task.gap(Problem::denied(what, action, detail));
                }
            }
            let is_throttled = region == sources.throttled_region;
            if is_throttled {
                (tally.throttled, tally.untried) = (37, 118);
            }
            tally.listed = sources.types - tally.total();
            *task.tally() = tally;
            self.residents(&mut task, Ask::CloudControl, &region).await?;
            if is_throttled {
                slow_down(&mut task).await?;
            }
            self.end(task).await?;
        }
        Ok(())
    }
}

/// What a throttled listing looks like on its way to the end.
async fn slow_down(task: &mut Task) -> Result<(), Stopped> {
    task.reading.status = Status::Throttled;
    task.note("slowed to 55 requests a minute");
    task.report().await?;
    let cure = "read this Region again later";
    let detail = "Rate exceeded; 118 types were not tried";
    task.gap(Problem::new("cloudformation:ListResources", Cause::Throttled, detail, cure));
    task.reading.note = Text::default();
    Ok(())
}

fn throttled_events(cut: Timestamp) -> Problem {
    let detail = format!("Rate exceeded; events before {cut} were not read");
    Problem::new("cloudtrail:LookupEvents", Cause::Throttled, detail, "read this Region again later")
}

/// A batch of a thing of which there is one.
fn one<T: Default>(wrap: impl Fn(T) -> Batch) -> impl Fn(Vec<T>) -> Batch {
    move |mut rows| wrap(rows.pop().unwrap_or_default())
}
