//! Why a query came to nothing, in words with a cure. Athena tells most of it in sentences only: what they begin with
//! stands in its User Guide, "Troubleshooting in Athena".

use aws_sdk_athena::types::{QueryExecutionState, QueryExecutionStatus};

use super::super::problem::{Failure, named_action};
use super::Athena;
use crate::model::{Cause, Problem};

const TABLE: &str = "docs/athena.md has the statement that makes such a table";

pub(super) fn absent(log: &Athena, detail: &str) -> Problem {
    Problem::new(log.table.to_string(), Cause::Absent, detail, format!("check database and table; {TABLE}"))
}

/// The catalog did not tell what the table looks like. `MetadataException` carries Glue's own words.
pub(super) fn of_table(log: &Athena, failure: Failure) -> Problem {
    let detail = failure.problem.detail.as_str();
    if failure.code != "MetadataException" {
        return failure.problem;
    }
    if is_denied(detail) {
        return denied("athena:GetTableMetadata", named_action(detail).unwrap_or("glue:GetTable"), detail);
    }
    if ["not found", "EntityNotFound", "does not exist"].iter().any(|words| detail.contains(words)) {
        return absent(log, detail);
    }
    failure.problem
}

/// The query was not taken.
pub(super) fn of_start(log: &Athena, failure: Failure) -> Problem {
    let detail = failure.problem.detail.as_str();
    let cure = if detail.contains("No output location") || detail.contains("output location is required") {
        "say where results go with --output-location s3://BUCKET/PREFIX/, or name a --workgroup that does".to_owned()
    } else if detail.contains("output bucket") || detail.contains("outputLocation") {
        "check --output-location: the bucket must be there, in the Region that is asked, and open to the caller"
            .to_owned()
    } else if detail.to_ascii_lowercase().contains("workgroup") && failure.code == "InvalidRequestException" {
        "check --workgroup and --region".to_owned()
    } else {
        return with_policy(log, failure.problem);
    };
    Problem { cure: cure.into(), ..failure.problem }
}

/// The policy that helps here is another one than the usual.
fn with_policy(log: &Athena, problem: Problem) -> Problem {
    match &problem.cause {
        Cause::Denied { action } if !problem.cure.contains("denied by a policy") => {
            let cure = format!("add {action} to the role (see `mgmtscope policy --athena {}`)", log.table);
            Problem { cure: cure.into(), ..problem }
        }
        _ => problem,
    }
}

/// The query was taken and did not end well.
pub(super) fn of_query(log: &Athena, status: Option<&QueryExecutionStatus>) -> Problem {
    const WHAT: &str = "athena:GetQueryExecution";
    let reason = status.and_then(|status| {
        status.state_change_reason().or_else(|| status.athena_error().and_then(|error| error.error_message()))
    });
    let reason = reason.unwrap_or("no reason was given");
    let has = |words: &[&str]| words.iter().any(|words| reason.contains(words));
    if status.and_then(|status| status.state()) == Some(&QueryExecutionState::Cancelled) {
        let limit =
            "it was stopped by someone else or by a limit of the workgroup: narrow --since, --regions or --accounts";
        return Problem::new(WHAT, Cause::Service, format!("the query was cancelled: {reason}"), limit);
    }
    if has(&["Bytes scanned limit"]) {
        let cure = "narrow --since, --regions or --accounts, or name a --workgroup with a higher limit";
        return Problem::new(WHAT, Cause::Withheld, reason, cure);
    }
    if is_denied(reason) {
        let action = named_action(reason).unwrap_or(if has(&["kms", "KMS"]) {
            "kms:Decrypt"
        } else if has(&["output", "write", "PutObject"]) {
            "s3:PutObject"
        } else {
            "s3:GetObject"
        });
        return with_policy(log, denied(WHAT, action, reason));
    }
    if has(&["NoSuchBucket"]) {
        let cure = "check where the table's log and --output-location are";
        return Problem::new(WHAT, Cause::Service, reason, cure);
    }
    if has(&["TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "does not exist", "Table not found"]) {
        return absent(log, reason);
    }
    if has(&["COLUMN_NOT_FOUND", "cannot be resolved", "TYPE_MISMATCH", "HIVE_"]) {
        return Problem::new(WHAT, Cause::Service, reason, TABLE);
    }
    Problem::new(WHAT, Cause::Service, reason, "")
}

fn is_denied(reason: &str) -> bool {
    ["Access Denied", "AccessDenied", "not authorized", "Insufficient permissions", "Permission denied", "Forbidden"]
        .iter()
        .any(|words| reason.contains(words))
}

fn denied(what: &str, action: &str, detail: &str) -> Problem {
    Problem::denied(what, action, detail)
}
