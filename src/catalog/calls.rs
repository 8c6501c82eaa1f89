//! Calls as CloudTrail names them, and the actions of IAM that they are.
//!
//! Most calls have the name of their action, and most event sources begin with the service's prefix; the exceptions here
//! are those that the records of others showed. Sources: CloudTrail User Guide, "CloudTrail supported services"; S3 User
//! Guide, "Amazon S3 CloudTrail events"; Lambda Developer Guide, "Logging Lambda API calls" (names with a date).

use super::actions::{self, Action};

/// Event sources whose first word is not the prefix of the actions.
const PREFIXES: &[(&str, &str)] = &[
    ("monitoring", "cloudwatch"),
    ("email", "ses"),
    ("tagging", "tag"),
    ("billingconsole", "account"),
    ("macie", "macie2"),
];

/// Calls whose action has another name.
const NAMES: &[(&str, &str)] = &[
    ("s3:ListBuckets", "s3:ListAllMyBuckets"),
    ("s3:ListObjects", "s3:ListBucket"),
    ("s3:ListObjectsV2", "s3:ListBucket"),
    ("s3:HeadBucket", "s3:ListBucket"),
    ("s3:HeadObject", "s3:GetObject"),
    ("s3:CopyObject", "s3:PutObject"),
    ("s3:DeleteObjects", "s3:DeleteObject"),
    ("s3:GetBucketLifecycle", "s3:GetLifecycleConfiguration"),
    ("s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ("s3:PutBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("s3:PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ("s3:DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("s3:PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3:DeleteBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3:GetBucketReplication", "s3:GetReplicationConfiguration"),
    ("s3:PutBucketReplication", "s3:PutReplicationConfiguration"),
    ("s3:DeleteBucketReplication", "s3:PutReplicationConfiguration"),
    ("s3:DeleteBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3:DeleteBucketTagging", "s3:PutBucketTagging"),
    ("s3:DeleteBucketCors", "s3:PutBucketCORS"),
];

/// The action that a call is; none: it is not known under this name, as with what a service tells by itself.
pub fn action(source: &str, name: &str) -> Option<&'static Action> {
    let label = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    let prefix = PREFIXES.iter().find(|(from, _)| *from == label).map_or(label, |(_, to)| to);
    let plain = undated(name);
    let call = format!("{prefix}:{plain}");
    let named = NAMES.iter().find(|(from, _)| *from == call).map(|(_, to)| *to);
    actions::find(named.unwrap_or(&call))
}

/// Without the date of an interface: `CreateFunction20150331`, `UpdateFunctionCode20150331v2`.
fn undated(name: &str) -> &str {
    let stem = match name.rsplit_once('v') {
        Some((stem, version)) if !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()) => stem,
        _ => name,
    };
    match stem.len().checked_sub(8).and_then(|at| stem.split_at_checked(at)) {
        Some((plain, date)) if !plain.is_empty() && date.bytes().all(|b| b.is_ascii_digit()) => plain,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_known_by_their_actions() {
        for (source, name, wanted) in [
            ("iam.amazonaws.com", "CreateUser", Some("iam:CreateUser")),
            ("monitoring.amazonaws.com", "PutMetricAlarm", Some("cloudwatch:PutMetricAlarm")),
            ("s3.amazonaws.com", "ListBuckets", Some("s3:ListAllMyBuckets")),
            ("lambda.amazonaws.com", "CreateFunction20150331", Some("lambda:CreateFunction")),
            ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", Some("lambda:UpdateFunctionCode")),
            ("organizations.amazonaws.com", "CreateAccountResult", None),
            ("x", "20150331", None),
        ] {
            assert_eq!(action(source, name).map(ToString::to_string).as_deref(), wanted, "{source} {name}");
        }
        for (from, to) in NAMES {
            assert!(actions::find(from).is_none() && actions::find(to).is_some(), "{from} {to}");
        }
    }
}
