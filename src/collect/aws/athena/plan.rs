//! Everything but the query: what the table looks like, where the workgroup stops a query, whose logs and which time.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_athena::types::{Column, TableMetadata};
use jiff::{SignedDuration, Timestamp};

use super::super::{Aws, account};
use super::{Athena, failure};
use crate::collect::athena::Accounts;
use crate::collect::athena::claim::span;
use crate::collect::athena::expr::{Claim, Expr, What};
use crate::collect::athena::layout::Layout;
use crate::collect::athena::statement::{Statement, Unbounded, Wanted, period, statement};
use crate::collect::lanes::SETTLE;
use crate::collect::{RegionScope, Stopped, Task};
use crate::model::{Ask, Cause, Cell, Problem, Region};

/// Everything but the query.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsal {
    pub statement: Statement,
    pub cutoff: Option<i64>,
    /// What had to be assumed.
    pub assumed: Vec<Problem>,
    pub(super) layout: Layout,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// Asks who asks and where, and prepares the query.
pub async fn rehearse(aws: &Arc<Aws>) -> Result<Rehearsal, Problem> {
    let stopped = |_: Stopped| Problem::new("mgmtscope", Cause::Cancelled, "stopped", "");
    let Some(log) = aws.log.clone() else {
        return Err(Problem::new("mgmtscope", Cause::Withheld, "no table was named", "give --athena DATABASE.TABLE"));
    };
    account::caller(aws).await.map_err(stopped)?;
    account::regions(aws).await.map_err(stopped)?;
    let mut task = aws.start(Cell::regional(Ask::Events, aws.home.clone())).await.map_err(stopped)?;
    prepare(aws, &log, &mut task).await
}

pub(super) async fn prepare(aws: &Aws, log: &Athena, task: &mut Task) -> Result<Rehearsal, Problem> {
    if let Some(expired) = aws.expired.get() {
        return Err(expired.clone());
    }
    let mut assumed = Vec::new();
    let layout = match layout(aws, log, task).await {
        Ok(layout) => layout,
        Err(problem) if matches!(problem.cause, Cause::Cancelled | Cause::Absent | Cause::Credentials) => {
            return Err(problem);
        }
        // The query itself may be allowed; that a column is missing costs nothing.
        Err(problem) => {
            assumed.push(problem);
            Layout::documented()
        }
    };
    let cutoff = match cutoff(aws, log, task).await {
        Ok(cutoff) => cutoff,
        Err(problem) if problem.cause == Cause::Cancelled => return Err(problem),
        Err(problem) => {
            assumed.push(problem);
            None
        }
    };
    let own = match (&log.accounts, aws.caller_account()) {
        (Accounts::Own, None) => {
            let cure = "name them with --accounts";
            return Err(Problem::new(
                "sts:GetCallerIdentity",
                Cause::Absent,
                "the caller's account is not known",
                cure,
            ));
        }
        (_, own) => own.map(ToString::to_string).unwrap_or_default(),
    };
    let now = aws.order.now;
    let back = |age: SignedDuration| now.checked_sub(age).unwrap_or(Timestamp::MIN);
    let (ask, since, usual) = (log.want.expr(now), log.since.map(back), back(aws.order.since));
    let (ask, (mut from, to)) = if log.want.looks_at_all() {
        let earliest = span(&ask).0.map_or(usual, |from| from.min(usual));
        let words = log.want.words().to_owned();
        (Expr::Is(Claim { words, what: What::Local }), (since.unwrap_or(earliest), now))
    } else {
        let period = period(&ask, since, usual, now);
        (ask, period)
    };
    if let Some(held) = held(aws, from) {
        from = from.max(held);
    }
    let names = |regions: &[Region]| regions.iter().map(|region| region.as_str().to_owned()).collect::<Vec<_>>();
    let (known, only) = match &aws.order.regions {
        RegionScope::All => (names(aws.regions()), None),
        RegionScope::Only(regions) => (Vec::new(), Some(names(regions))),
    };
    let wanted = Wanted {
        table: &log.table,
        layout: &layout,
        ask: &ask,
        from,
        to,
        now,
        regions: only.as_deref(),
        known_regions: &known,
        accounts: &log.accounts,
        own: &own,
    };
    let statement = statement(&wanted).map_err(|why| unbounded(log, &why))?;
    Ok(Rehearsal { statement, cutoff, assumed, layout, from, to })
}

fn unbounded(log: &Athena, why: &Unbounded) -> Problem {
    let cure = match why {
        Unbounded::Accounts => "name them with --accounts A1,A2",
        Unbounded::Day | Unbounded::Column(_) => "docs/athena.md has the statement that makes such a table",
    };
    Problem::new(log.table.to_string(), Cause::Withheld, why.to_string(), cure)
}

/// From when on events are to come, when all that is older is here: every Region was read since then.
fn held(aws: &Aws, from: Timestamp) -> Option<Timestamp> {
    let mut earliest: Option<Timestamp> = None;
    for region in aws.regions() {
        let held = aws.order.held.get(region).filter(|held| held.since <= from)?;
        earliest = Some(earliest.map_or(held.until, |until| until.min(held.until)));
    }
    earliest?.checked_sub(SignedDuration::from_secs(SETTLE)).ok()
}

async fn layout(aws: &Aws, log: &Athena, task: &mut Task) -> Result<Layout, Problem> {
    let client = aws.athena(&aws.home);
    let call = || {
        let call = client.get_table_metadata().catalog_name(CATALOG);
        call.database_name(&log.table.database)
            .table_name(&log.table.table)
            .set_work_group(log.workgroup.clone())
            .send()
    };
    let answer = aws.attempt(task, "athena:GetTableMetadata", Some(&aws.home), call).await;
    let answer = answer.map_err(|failed| failure::of_table(log, failed))?;
    let absent = || failure::absent(log, "the catalog has no such table");
    let table = answer.table_metadata().ok_or_else(absent)?;
    if table.columns().is_empty() {
        return Err(absent());
    }
    Ok(layout_of(table))
}

fn layout_of(table: &TableMetadata) -> Layout {
    let column = |c: &Column| (c.name().to_owned(), c.r#type().unwrap_or("string").to_owned());
    let properties: BTreeMap<String, String> =
        table.parameters().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    Layout::new(table.columns().iter().map(column), table.partition_keys().iter().map(column), &properties)
}

async fn cutoff(aws: &Aws, log: &Athena, task: &mut Task) -> Result<Option<i64>, Problem> {
    let client = aws.athena(&aws.home);
    let name = log.workgroup.as_deref().unwrap_or(PRIMARY);
    let call = || client.get_work_group().work_group(name).send();
    let answer = aws.call(task, "athena:GetWorkGroup", Some(&aws.home), call).await?;
    let settings = answer.work_group().and_then(|group| group.configuration());
    Ok(settings.and_then(|settings| settings.bytes_scanned_cutoff_per_query()))
}

/// The catalog of the account (Athena API Reference, GetTableMetadata).
pub(super) const CATALOG: &str = "AwsDataCatalog";
/// The workgroup of queries that name none.
const PRIMARY: &str = "primary";
