//! What is known of a query's cost, and in which words.

use std::fmt;

use crate::model::Problem;

/// What is known of the cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Before anything is read: nobody says how much it will be.
    Before {
        bounds: String,
        cutoff: Option<i64>,
    },
    /// The query was stopped, or could not be.
    Stopped(Result<(), Problem>),
    After {
        scanned: Option<i64>,
        milliseconds: Option<i64>,
        rows: u64,
        kept: u64,
    },
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before { bounds, cutoff } => {
                write!(f, "{bounds}")?;
                match cutoff {
                    Some(most) => write!(f, "; the workgroup stops a query at {}", bytes(*most)),
                    None => f.write_str("; no limit of the workgroup is known"),
                }
            }
            Self::Stopped(Ok(())) => f.write_str("the query was stopped; what it scanned until then is charged"),
            Self::Stopped(Err(problem)) => {
                write!(f, "the query could not be stopped and may go on: {}", problem.line())
            }
            Self::After { scanned, milliseconds, rows, kept } => {
                match scanned {
                    Some(scanned) => write!(f, "{} scanned", bytes(*scanned))?,
                    None => f.write_str("how much was scanned is not told")?,
                }
                if let Some(milliseconds) = milliseconds {
                    write!(f, " in {}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)?;
                }
                write!(f, "; {rows} rows, {kept} of them as asked")
            }
        }
    }
}

/// `12.3 GB`, as Athena bills: a kilobyte has 1,024 bytes.
pub(super) fn bytes(count: i64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    let (mut tenths, mut unit) = (i128::from(count.max(0)) * 10, None);
    for next in UNITS {
        if tenths < 10 * 1024 {
            break;
        }
        (tenths, unit) = (tenths / 1024, Some(next));
    }
    unit.map_or(format!("{count} bytes"), |unit| format!("{}.{} {unit}", tenths / 10, tenths % 10))
}
