//! Which services resource control policies (RCPs) can restrict.
//!
//! Data: `assets/catalog/rcp_services.json`, from the list of the Organizations User Guide.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;

const ASSET: &str = include_str!("../../assets/catalog/rcp_services.json");

#[derive(Deserialize)]
struct File {
    services: HashSet<String>,
}

static SERVICES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let file: File = serde_json::from_str(ASSET).expect("an embedded asset that tests have parsed");
    file.services
});

/// Whether RCPs reach the actions of a service, named by the prefix of its actions in lower case, such as `s3`. A service
/// that is not known is not reached.
pub fn reach(service: &str) -> bool {
    SERVICES.contains(service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_five_services_are_reached_and_iam_is_not() {
        for service in ["s3", "sts", "kms", "sqs", "secretsmanager"] {
            assert!(reach(service), "{service}");
        }
        for service in ["iam", "ec2", "organizations", "kinesis", "glue", "", "S3"] {
            assert!(!reach(service), "{service}");
        }
        assert!(SERVICES.len() > 60, "{}", SERVICES.len());
    }
}
