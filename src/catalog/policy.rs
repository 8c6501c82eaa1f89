//! The least-privilege IAM policy of the collecting role, generated from the table of operations.
//!
//! IAM counts the characters of a managed policy without white space and allows 6,144 (IAM User Guide,
//! "IAM and AWS STS quotas"); what is more goes to a further document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{operations, residency, resource_types};

/// The most characters of a managed policy, white space not counted.
pub const LIMIT: usize = 6_144;

/// One `Allow` over all resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Letters and digits only, unique in the policy.
    pub sid: String,
    pub actions: BTreeSet<String>,
}

impl Statement {
    fn to_json(&self) -> Value {
        json!({ "Sid": self.sid, "Effect": "Allow", "Action": self.actions, "Resource": "*" })
    }
}

/// What a role needs to answer every ask, as IAM policy documents that each fit a managed policy.
/// `Resource` is `*`: the calls list whole accounts, and many have no resource level.
pub fn least_privilege() -> Vec<Value> {
    pack(&statements())
}

/// One statement a service prefix, from the table of operations.
pub fn statements() -> Vec<Statement> {
    let mut by_prefix: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for operation in operations::all() {
        for action in &operation.actions {
            let prefix = action.split(':').next().unwrap_or_default();
            by_prefix.entry(prefix).or_default().insert(action.clone());
        }
    }
    by_prefix.into_iter().map(|(prefix, actions)| Statement { sid: sid(prefix), actions }).collect()
}

/// From this weight on a resource type is worth a permission of its own.
const HEAVY: u8 = 5;

/// What Cloud Control needs besides `cloudformation:ListResources` to list the heavy resource types: it calls each
/// service with the caller's own rights. A type whose list handler wants more than reads, or reads data rather than
/// what describes it, is left out. Several documents, optional: without them the other sources still answer.
pub fn cloud_control_statements() -> Vec<Statement> {
    let actions = resource_types::table()
        .listable()
        .filter(|t| t.not_read.is_empty() && residency::table().weight_of(t.name) >= HEAVY)
        .flat_map(|t| t.read.iter().map(|action| spelled(action)))
        .filter(|action| is_describing(action))
        .collect();
    vec![Statement { sid: sid("cloud-control"), actions }]
}

/// `Batch:describeJobQueues` becomes `batch:DescribeJobQueues`: the schemas are not consistent, IAM does not mind.
fn spelled(action: &str) -> String {
    let (prefix, verb) = action.split_once(':').unwrap_or(("", action));
    let mut letters = verb.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    format!("{}:{}{}", prefix.to_ascii_lowercase(), first.into_iter().collect::<String>(), letters.as_str())
}

/// Reads of data, whatever their verb says.
const DATA: [&str; 6] = [
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "dynamodb:GetItem",
    "logs:GetLogEvents",
];

fn is_describing(action: &str) -> bool {
    let verb = action.split(':').nth(1).unwrap_or_default();
    let reads = ["Get", "List", "Describe", "BatchGet", "Search", "Lookup"].iter().any(|read| verb.starts_with(read));
    (reads || action == "apigateway:GET") && !DATA.contains(&action)
}

/// `resource-explorer-2` becomes `MgmtscopeResourceExplorer2`.
pub fn sid(prefix: &str) -> String {
    let mut sid = String::from("Mgmtscope");
    for word in prefix.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        sid.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        sid.push_str(letters.as_str());
    }
    sid
}

/// Puts statements into as few documents as their order allows; a statement that is too long for one is cut.
pub fn pack(statements: &[Statement]) -> Vec<Value> {
    let mut documents: Vec<Vec<Value>> = vec![Vec::new()];
    for statement in statements.iter().flat_map(cut) {
        let last = documents.last_mut().expect("never empty");
        last.push(statement.to_json());
        if size(&document(last)) > LIMIT && last.len() > 1 {
            let moved = last.pop().into_iter().collect();
            documents.push(moved);
        }
    }
    documents.iter().map(|statements| document(statements)).collect()
}

/// What a role needs besides to read events by Athena from one table: more than reads, so it is a document of its own.
/// `TRAIL-BUCKET` stands for the bucket of the log, which only the table knows. Sources: the Service Authorization Reference
/// (Athena, Glue, S3); the Athena User Guide, "Access to databases and tables in the Glue Data Catalog" and "Control access
/// to Amazon S3 from Athena". A log or results under a key of one's own need `kms:Decrypt` and `kms:GenerateDataKey` too.
pub fn athena((database, table): (&str, &str), workgroup: Option<&str>, output: Option<&str>) -> Value {
    let workgroup = workgroup.unwrap_or("primary");
    let own = operations::only_with(operations::OnlyWith::Athena).flat_map(|operation| operation.actions.clone());
    let (of_catalog, of_workgroup): (Vec<String>, Vec<String>) =
        own.partition(|action| action.contains("TableMetadata"));
    let place = output.and_then(|place| place.strip_prefix("s3://")).unwrap_or("RESULTS-BUCKET/");
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let catalog = ["catalog".to_owned(), format!("database/{database}"), format!("table/{database}/{table}")];
    let statement = |sid: &str, actions: Vec<String>, resources: Vec<String>| json!({ "Sid": format!("MgmtscopeAthena{sid}"), "Effect": "Allow", "Action": actions, "Resource": resources });
    let words = |actions: &[&str]| actions.iter().map(|action| (*action).to_owned()).collect::<Vec<_>>();
    document(&[
        statement("Query", of_workgroup, vec![format!("arn:aws:athena:*:*:workgroup/{workgroup}")]),
        statement("Table", of_catalog, vec!["arn:aws:athena:*:*:datacatalog/AwsDataCatalog".to_owned()]),
        statement(
            "Catalog",
            words(&["glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable"]),
            catalog.iter().map(|part| format!("arn:aws:glue:*:*:{part}")).collect(),
        ),
        statement(
            "Log",
            words(&["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"]),
            vec!["arn:aws:s3:::TRAIL-BUCKET".to_owned(), "arn:aws:s3:::TRAIL-BUCKET/AWSLogs/*".to_owned()],
        ),
        statement(
            "Results",
            words(&[
                "s3:AbortMultipartUpload",
                "s3:GetBucketLocation",
                "s3:GetObject",
                "s3:ListBucket",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ]),
            vec![format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/{prefix}*")],
        ),
    ])
}

/// Characters as IAM counts them.
pub fn size(document: &Value) -> usize {
    document.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn cut(statement: &Statement) -> Vec<Statement> {
    if size(&document(&[statement.to_json()])) <= LIMIT {
        return vec![statement.clone()];
    }
    let half = statement.actions.len() / 2;
    let part = |n: u8, actions: BTreeSet<String>| Statement { sid: format!("{}{n}", statement.sid), actions };
    let first = part(1, statement.actions.iter().take(half).cloned().collect());
    let second = part(2, statement.actions.iter().skip(half).cloned().collect());
    [first, second].iter().flat_map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(documents: &[Value]) -> BTreeSet<String> {
        let statements = documents.iter().flat_map(|d| d["Statement"].as_array().expect("a list"));
        let listed = statements.flat_map(|s| s["Action"].as_array().expect("a list"));
        listed.map(|a| a.as_str().expect("a string").to_owned()).collect()
    }

    #[test]
    fn policy_and_table_agree() {
        let table: BTreeSet<String> = operations::all().flat_map(|o| o.actions.clone()).collect();
        let policy = actions(&least_privilege());
        assert!(table.is_subset(&policy), "missing: {:?}", table.difference(&policy));
        let generated: BTreeSet<String> = statements().into_iter().flat_map(|s| s.actions).collect();
        assert_eq!(generated, table);
    }

    #[test]
    fn no_action_writes() {
        const READS: [&str; 7] = ["Get", "List", "Describe", "Lookup", "Search", "Select", "BatchGet"];
        for action in statements().into_iter().flat_map(|s| s.actions) {
            let (_, verb) = action.split_once(':').expect("prefix:Name");
            let reads = READS.iter().any(|read| verb.starts_with(read)) || action == "iam:GenerateCredentialReport";
            assert!(reads && !action.contains('*'), "{action}");
        }
    }

    #[test]
    fn every_document_fits_a_managed_policy() {
        for document in least_privilege() {
            assert!(size(&document) <= LIMIT, "{} characters", size(&document));
        }
    }

    #[test]
    fn cloud_control_gets_reads_of_heavy_types_only() {
        let documents = pack(&cloud_control_statements());
        assert!((2..=6).contains(&documents.len()), "{}", documents.len());
        assert!(documents.iter().all(|document| size(document) <= LIMIT));
        let actions = actions(&documents);
        for wanted in ["ec2:DescribeInstances", "apigateway:GET", "iam:ListUsers", "autoscaling:Describe*"] {
            assert!(actions.contains(wanted), "{wanted}");
        }
        for unwanted in ["s3:GetObject", "iam:PassRole", "kms:Decrypt", "cassandra:Select"] {
            assert!(!actions.contains(unwanted), "{unwanted}");
        }
        assert!(actions.iter().all(|action| is_describing(action)));
    }

    #[test]
    fn a_long_list_is_cut_and_nothing_is_lost() {
        let long: BTreeSet<String> = (0..900).map(|n| format!("service:DescribeSomething{n}")).collect();
        let documents = pack(&[Statement { sid: "Long".into(), actions: long.clone() }]);
        assert!(documents.len() > 2);
        assert!(documents.iter().all(|d| size(d) <= LIMIT));
        assert_eq!(actions(&documents), long);
    }

    #[test]
    fn a_query_gets_one_table_one_workgroup_and_two_buckets() {
        let document = athena(("logs", "trail"), Some("audit"), Some("s3://results/athena/"));
        assert!(size(&document) <= LIMIT);
        let actions = actions(std::slice::from_ref(&document));
        let own: BTreeSet<String> =
            operations::only_with(operations::OnlyWith::Athena).flat_map(|o| o.actions.clone()).collect();
        assert!(own.is_subset(&actions) && own.len() == 6);
        assert!(actions.iter().all(|action| !action.contains(['*']) && !action.contains("Delete")));
        let text = document.to_string();
        for resource in ["workgroup/audit\"", "table/logs/trail\"", "s3:::results/athena/*\"", "s3:::results\""] {
            assert!(text.contains(resource), "{resource}: {text}");
        }
        assert!(!text.contains("\"*\""), "no statement is about everything");
        // And the usual policy has nothing of it.
        assert!(statements().into_iter().flat_map(|s| s.actions).collect::<BTreeSet<_>>().is_disjoint(&own));
    }

    #[test]
    fn a_sid_has_letters_and_digits_only() {
        assert_eq!(sid("resource-explorer-2"), "MgmtscopeResourceExplorer2");
    }
}
