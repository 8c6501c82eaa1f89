//! The IAM credential report, a CSV (IAM User Guide, "Generate credential reports for your AWS account").
//! Pure: bytes in, rows out; used by the live source and by the file source.

use jiff::Timestamp;

use crate::model::iam::ReportedKey;
use crate::model::{Arn, CredentialRow, LastUsed, Region, Text};

/// Why a text is not a credential report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    #[error("no credential report: column {0} is missing")]
    Column(&'static str),
    #[error("line {line}: {detail}")]
    Line { line: u64, detail: String },
}

/// True when a text begins as a credential report does.
pub fn is_credential_report(start: &str) -> bool {
    start.trim_start_matches('\u{feff}').starts_with("user,arn,user_creation_time,")
}

/// Reads all rows. Columns are found by name, so that new ones do no harm; `N/A`, `no_information` and
/// `not_supported` are none.
///
/// # Errors
/// When `user` or `arn` is not among the columns, or a line is no CSV.
pub fn parse(report: &[u8]) -> Result<Vec<CredentialRow>, ReportError> {
    let report = report.strip_prefix("\u{feff}".as_bytes()).unwrap_or(report);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(report);
    let columns = reader.byte_headers().map_err(|error| line_error(&error))?.clone();
    for needed in ["user", "arn"] {
        if !columns.iter().any(|column| column == needed.as_bytes()) {
            return Err(ReportError::Column(needed));
        }
    }
    let mut rows = Vec::new();
    for record in reader.byte_records() {
        let record = record.map_err(|error| line_error(&error))?;
        rows.push(row(&Line { columns: &columns, record: &record }));
    }
    Ok(rows)
}

fn line_error(error: &csv::Error) -> ReportError {
    let line = error.position().map_or(0, csv::Position::line);
    ReportError::Line { line, detail: error.to_string() }
}

struct Line<'a> {
    columns: &'a csv::ByteRecord,
    record: &'a csv::ByteRecord,
}

impl Line<'_> {
    /// None for a column that is missing or says nothing.
    fn value(&self, column: &str) -> Option<String> {
        let at = self.columns.iter().position(|name| name == column.as_bytes())?;
        let value = String::from_utf8_lossy(self.record.get(at)?).trim().to_owned();
        (!matches!(value.as_str(), "" | "N/A" | "no_information" | "not_supported")).then_some(value)
    }

    fn flag(&self, column: &str) -> Option<bool> {
        match self.value(column)?.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    fn time(&self, column: &str) -> Option<Timestamp> {
        self.value(column)?.parse().ok()
    }
}

fn row(line: &Line<'_>) -> CredentialRow {
    let key = |n: u8| ReportedKey {
        active: line.flag(&format!("access_key_{n}_active")).unwrap_or_default(),
        rotated: line.time(&format!("access_key_{n}_last_rotated")),
        last_used: LastUsed {
            at: line.time(&format!("access_key_{n}_last_used_date")),
            region: line.value(&format!("access_key_{n}_last_used_region")).map(Region::new),
            service: line.value(&format!("access_key_{n}_last_used_service")).map(Text::from),
        },
    };
    CredentialRow {
        user: line.value("user").unwrap_or_default().into(),
        arn: Arn::new(line.value("arn").unwrap_or_default()),
        created: line.time("user_creation_time"),
        password_enabled: line.flag("password_enabled"),
        password_last_used: line.time("password_last_used"),
        password_changed: line.time("password_last_changed"),
        mfa_active: line.flag("mfa_active").unwrap_or_default(),
        keys: [key(1), key(2)],
        certificates_active: [1, 2].map(|n: u8| line.flag(&format!("cert_{n}_active")).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

    fn one(line: &str) -> CredentialRow {
        let mut rows = parse(format!("{HEADER}\n{line}\n").as_bytes()).expect("a report");
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    #[test]
    fn root_has_no_password_flag() {
        let row = one(
            "<root_account>,arn:aws:iam::111122223333:root,2019-01-02T03:04:05+00:00,not_supported,2026-10-01T08:00:00+00:00,not_supported,not_supported,false,true,2020-05-05T00:00:00+00:00,2026-09-01T10:00:00+00:00,us-east-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A",
        );
        assert!(row.is_root() && !row.mfa_active);
        assert_eq!((row.password_enabled, row.password_changed), (None, None));
        assert_eq!(row.password_last_used.map(|t| t.to_string()).as_deref(), Some("2026-10-01T08:00:00Z"));
        assert!(row.keys[0].active && !row.keys[1].active);
        assert_eq!(row.keys[0].last_used.service.as_ref().map(Text::as_str), Some("s3"));
        assert_eq!(row.keys[1].last_used, LastUsed::default());
    }

    #[test]
    fn no_information_is_none() {
        let row = one(
            "ann,arn:aws:iam::111122223333:user/ann,2019-01-02T03:04:05+00:00,TRUE,no_information,N/A,N/A,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,true,N/A",
        );
        assert_eq!((row.password_enabled, row.password_last_used), (Some(true), None));
        assert!(row.mfa_active);
        assert_eq!(row.certificates_active, [false, true]);
    }

    #[test]
    fn a_column_more_or_a_short_line_does_no_harm() {
        let report = "user,arn,brand_new,mfa_active\nann,arn:aws:iam::1:user/ann,x,true\nbob,arn:aws:iam::1:user/bob\n";
        let rows = parse(report.as_bytes()).expect("a report");
        assert_eq!(rows.iter().map(|r| r.mfa_active).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn another_csv_is_refused() {
        assert_eq!(parse(b"a,b\n1,2\n"), Err(ReportError::Column("user")));
        assert!(is_credential_report(HEADER) && !is_credential_report("a,b"));
    }

    proptest::proptest! {
        #[test]
        fn no_input_panics(report in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = parse(&report);
            let mut with_header = HEADER.as_bytes().to_vec();
            with_header.push(b'\n');
            with_header.extend(report);
            let _ = parse(&with_header);
        }
    }
}
