//! The sample organization: an invented company with a telling management account, embedded in the program. It answers
//! like a live account would, denied, throttled and absent sources included, and is the same every time.
//!
//! What there is to see lies in `assets/demo`; the files here only read it into the model's words.

mod account;
mod events;
mod files;
mod iam;
mod made_up;
mod organization;
mod providers;
mod residents;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use self::account::Home;
use self::events::Chronicle;
use self::made_up::clock;
use super::{BATCH, BoxFuture, Order, Outbox, RegionScope, Source, Stopped, Task};
use crate::model::{Ask, Batch, Cause, Cell, Event, Origin, OriginKind, Problem, Region, Resident, Status, Text};

/// How far back the sample's trail reaches.
const DAYS: i64 = 90;

#[derive(Clone, Copy, Debug, Default)]
pub struct Demo;

impl Source for Demo {
    fn origin(&self) -> Origin {
        Origin { kind: OriginKind::Demo, name: Text::from("sample organization"), as_of: Some(clock()) }
    }

    fn run(self: Arc<Self>, order: Order, out: Outbox, stop: CancellationToken) -> BoxFuture<()> {
        Box::pin(async move {
            // Whoever stopped it knows.
            let _ = Teller::new(order, out, stop).tell().await;
        })
    }
}

/// One answering of one order.
struct Teller {
    order: Order,
    out: Outbox,
    stop: CancellationToken,
    home: Home,
    regions: Vec<Region>,
}

impl Teller {
    fn new(order: Order, out: Outbox, stop: CancellationToken) -> Self {
        let home = Home::read();
        let wanted = |region: &&Region| match &order.regions {
            RegionScope::All => true,
            RegionScope::Only(list) => list.contains(region),
        };
        let regions = home.regions_on.iter().filter(wanted).cloned().collect();
        Self { order, out, stop, home, regions }
    }

    async fn tell(&self) -> Result<(), Stopped> {
        for &ask in &self.order.asks {
            if ask.is_regional() {
                for region in &self.regions {
                    Task::announce(Cell::regional(ask, region.clone()), &self.out).await?;
                }
            } else {
                Task::announce(Cell::global(ask), &self.out).await?;
            }
        }
        self.account().await?;
        let organization = self.organization().await?;
        let iam = iam::File::read();
        self.identities(&iam).await?;
        let center = self.identity_center().await?;
        self.trails().await?;
        let residents = residents::all(&self.home.regions_on, &self.home.sources);
        self.residents(&residents).await?;
        if self.order.asks.contains(&Ask::Events) {
            let chronicle = Chronicle::new(&iam, center.store(), &organization, &residents, &self.home.regions_on);
            self.events(&chronicle).await?;
        }
        Ok(())
    }

    /// Answers one ask with these batches, unless the order leaves it out or the sample denies it.
    async fn answer(&self, ask: Ask, rows: usize, batches: Vec<Batch>) -> Result<(), Stopped> {
        if !self.order.asks.contains(&ask) {
            return Ok(());
        }
        let mut task = Task::start(Cell::global(ask), self.out.clone(), self.stop.clone()).await?;
        if self.stop.is_cancelled() {
            return task.finish().await;
        }
        match self.home.denial(ask) {
            Some(problem) => task.gap(problem),
            None => {
                for batch in batches {
                    task.send(batch).await?;
                }
                task.reading.rows = rows as u64;
            }
        }
        tokio::task::yield_now().await;
        task.finish().await
    }

    async fn account(&self) -> Result<(), Stopped> {
        let regions = self.home.regions();
        self.answer(Ask::Caller, 1, vec![Batch::Caller(self.home.caller())]).await?;
        self.answer(Ask::Regions, regions.len(), vec![Batch::Regions(regions)]).await?;
        let contacts = self.home.alternates();
        let rows = contacts.iter().filter(|contact| contact.present).count() + 1;
        let batches = vec![Batch::ContactInformation(self.home.contact()), Batch::AlternateContacts(contacts)];
        self.answer(Ask::Contacts, rows, batches).await
    }

    async fn organization(&self) -> Result<organization::Answers, Stopped> {
        let o = organization::answers();
        self.answer(Ask::Organization, 1, vec![Batch::Organization(o.organization.clone())]).await?;
        let tree = vec![
            Batch::Roots(vec![o.root.clone()]),
            Batch::OrganizationalUnits(o.units.clone()),
            Batch::AccountParents(o.parents.clone()),
        ];
        self.answer(Ask::Tree, o.units.len() + 1, tree).await?;
        self.answer(Ask::Accounts, o.accounts.len(), vec![Batch::Accounts(o.accounts.clone())]).await?;
        self.answer(Ask::Policies, o.policies.len(), vec![Batch::Policies(o.policies.clone())]).await?;
        let delegated = vec![Batch::DelegatedAdministrators(o.delegated.clone())];
        self.answer(Ask::DelegatedAdministrators, o.delegated.len(), delegated).await?;
        self.answer(Ask::TrustedAccess, o.trusted.len(), vec![Batch::TrustedServices(o.trusted.clone())]).await?;
        let policy = vec![Batch::ResourcePolicy(Some(o.resource_policy.clone()))];
        self.answer(Ask::ResourcePolicy, 1, policy).await?;
        self.answer(Ask::Handshakes, 0, Vec::new()).await?;
        Ok(o)
    }

    async fn identities(&self, iam: &iam::File) -> Result<(), Stopped> {
        let policies = iam::Policies::read();
        let (users, groups) = (iam.users(&policies), iam.groups(&policies));
        let (roles, managed) = (iam.roles(&policies), iam.managed_policies(&policies));
        let rows = users.len() + groups.len() + roles.len() + managed.len();
        let batches =
            vec![Batch::Users(users), Batch::Groups(groups), Batch::Roles(roles), Batch::ManagedPolicies(managed)];
        self.answer(Ask::AuthorizationDetails, rows, batches).await?;
        let report = iam.credential_report();
        self.answer(Ask::CredentialReport, report.len(), vec![Batch::CredentialReport(report)]).await?;
        let summary = iam.summary();
        self.answer(Ask::AccountSummary, summary.len(), vec![Batch::AccountSummary(summary)]).await?;
        let keys = iam.access_keys();
        self.answer(Ask::AccessKeys, keys.len(), vec![Batch::AccessKeys(keys)]).await?;
        let devices = iam.mfa_devices();
        self.answer(Ask::MfaDevices, devices.len(), vec![Batch::MfaDevices(devices)]).await?;
        let providers: Vec<_> = iam.provider.iter().map(providers::Provider::answer).collect();
        self.answer(Ask::IdentityProviders, providers.len(), vec![Batch::IdentityProviders(providers)]).await?;
        self.answer(Ask::AccountAliases, 1, vec![Batch::AccountAliases(vec![self.home.alias.clone()])]).await?;
        let features = self.home.organizations_features.clone();
        self.answer(Ask::OrganizationsFeatures, features.len(), vec![Batch::OrganizationsFeatures(features)]).await
    }

    async fn identity_center(&self) -> Result<providers::IdentityCenter, Stopped> {
        let center = providers::IdentityCenter::read();
        self.answer(Ask::IdentityCenter, 1, vec![Batch::Instances(vec![center.instance()])]).await?;
        let sets = center.permission_sets(&iam::Policies::read());
        self.answer(Ask::PermissionSets, sets.len(), vec![Batch::PermissionSets(sets)]).await?;
        let assignments = center.assignments();
        self.answer(Ask::Assignments, assignments.len(), vec![Batch::Assignments(assignments)]).await?;
        let (people, groups) = (center.people(), center.groups());
        let rows = people.len() + groups.len();
        let batches = vec![Batch::DirectoryUsers(people), Batch::DirectoryGroups(groups)];
        self.answer(Ask::Directory, rows, batches).await?;
        Ok(center)
    }

    async fn trails(&self) -> Result<(), Stopped> {
        if !self.order.asks.contains(&Ask::Trails) {
            return Ok(());
        }
        for region in &self.regions {
            let mut task = self.start(Ask::Trails, region).await?;
            task.rows(self.home.trails(region), Batch::Trails).await?;
            task.finish().await?;
        }
        Ok(())
    }

    async fn start(&self, ask: Ask, region: &Region) -> Result<Task, Stopped> {
        Task::start(Cell::regional(ask, region.clone()), self.out.clone(), self.stop.clone()).await
    }

    async fn residents(&self, all: &[Resident]) -> Result<(), Stopped> {
        for ask in [Ask::Tagging, Ask::Config, Ask::ResourceExplorer, Ask::CloudControl] {
            if !self.order.asks.contains(&ask) {
                continue;
            }
            for region in &self.regions {
                let mut task = self.start(ask, region).await?;
                let sources = &self.home.sources;
                let absent = match ask {
                    Ask::Config => (sources.config_region != *region).then_some("no configuration recorder is on"),
                    Ask::ResourceExplorer => (!sources.explorer_regions.contains(region))
                        .then_some("no index here; a search is not made, since it could create one"),
                    _ => None,
                };
                if let Some(note) = absent {
                    task.note(note);
                    task.finish_as(Status::NotApplicable).await?;
                    continue;
                }
                let mut rows = residents::seen(all, ask, region);
                if ask == Ask::CloudControl {
                    self.sweep(&mut task, region, &mut rows);
                }
                task.rows(rows, Batch::Residents).await?;
                task.finish().await?;
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// What Cloud Control's sweep of a Region met.
    fn sweep(&self, task: &mut Task, region: &Region, rows: &mut Vec<Resident>) {
        let sources = &self.home.sources;
        let unsupported = sources.unsupported.get(region).copied().unwrap_or(0);
        let denied = if region.as_str() == residents::GLOBAL_HOME { sources.denied_types.len() } else { 0 };
        let denied = u32::try_from(denied).unwrap_or(0);
        let mut listed = sources.types - unsupported - denied;
        let mut untried = 0;
        if *region == sources.throttled_region {
            untried = listed / 3;
            listed -= untried + 1;
            rows.truncate(rows.len() / 2);
            let detail = format!("Rate exceeded; {untried} types not tried");
            task.gap(Problem::new("cloudformation:ListResources", Cause::Throttled, detail, "press r to go on later"));
        }
        if denied > 0 {
            let actions: Vec<&str> = sources.denied_types.values().map(String::as_str).collect();
            let actions = actions.join(", ");
            rows.retain(|resident| !sources.denied_types.contains_key(resident.resource_type.as_str()));
            let detail = format!("{denied} resource types may not be listed");
            task.gap(Problem::denied("cloudformation:ListResources", actions, detail));
        }
        let tally = task.tally();
        (tally.listed, tally.denied, tally.unsupported) = (listed, denied, unsupported);
        (tally.untried, tally.throttled) = (untried, u32::from(untried > 0));
    }

    /// All Regions together, newest first, a day at a time.
    async fn events(&self, chronicle: &Chronicle) -> Result<(), Stopped> {
        let mut tasks = Vec::new();
        for region in &self.regions {
            let mut task = self.start(Ask::Events, region).await?;
            task.reading.until = Some(clock());
            tasks.push(task);
        }
        let sources = &self.home.sources;
        for day in 0..DAYS {
            if self.stop.is_cancelled() {
                break;
            }
            let mut events = Vec::new();
            for made in chronicle.day(day) {
                let Some(task) = tasks
                    .iter_mut()
                    .find(|task| task.cell.region.as_ref().is_some_and(|region| region.as_str() == made.region))
                else {
                    continue;
                };
                let throttled = task.cell.region.as_ref() == Some(&sources.throttled_region);
                if throttled && day > sources.throttled_event_days {
                    continue;
                }
                // The sample's own records are records: its tests read them all.
                if let Ok(event) = Event::from_record(&made.raw) {
                    task.reading.rows += 1;
                    events.push(event);
                }
            }
            for chunk in events.chunks(BATCH) {
                self.out.send(Batch::Events(chunk.to_vec())).await?;
            }
            for task in &mut tasks {
                let throttled = task.cell.region.as_ref() == Some(&sources.throttled_region);
                if !throttled || day <= sources.throttled_event_days {
                    task.reading.since = Some(made_up::midnight(day));
                }
            }
            tokio::task::yield_now().await;
        }
        for mut task in tasks {
            if task.cell.region.as_ref() == Some(&sources.throttled_region) {
                let left = SignedDuration::from_hours(24 * (DAYS - sources.throttled_event_days)).as_hours() / 24;
                let detail = format!("Rate exceeded; {left} days not read");
                task.gap(Problem::new("cloudtrail:LookupEvents", Cause::Throttled, detail, "press r to go on later"));
            }
            task.finish().await?;
        }
        Ok(())
    }
}
