//! Single operations that moto lacks: the organization's resource policy and handshakes, the account's contact and
//! Regions, policy types that moto refuses, the counts of AWS Config, the applications of Identity Center.

use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;
use serde_json::{Value, json};

use super::Upstream;
use super::call::{Answer, Call};

/// The policy types that moto 5.2 knows.
const MOTO_POLICY_TYPES: &[&str] =
    &["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY", "AISERVICES_OPT_OUT_POLICY"];
/// The types that moto's AWS Config lists.
const MOTO_CONFIG_TYPES: &[&str] = &["AWS::S3::Bucket", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::SNS::Topic"];

pub struct Gaps(Mutex<State>);

struct State {
    resource_policy: Option<Value>,
    handshakes: Vec<Value>,
    regions: Vec<(String, String)>,
    management: Option<String>,
}

impl Default for Gaps {
    fn default() -> Self {
        let regions =
            ["us-east-1", "us-west-2", "eu-west-1"].map(|name| (name.to_owned(), "ENABLED_BY_DEFAULT".to_owned()));
        Self(Mutex::new(State {
            resource_policy: None,
            handshakes: Vec::new(),
            regions: regions.to_vec(),
            management: None,
        }))
    }
}

impl Gaps {
    pub fn set_resource_policy(&self, policy: Value) {
        self.state().resource_policy = Some(policy);
    }

    /// In the shape of the API's Handshake.
    pub fn add_handshake(&self, handshake: Value) {
        self.state().handshakes.push(handshake);
    }

    /// Names and statuses (`ENABLED`, `ENABLED_BY_DEFAULT`, `DISABLED`).
    pub fn set_regions(&self, regions: &[(&str, &str)]) {
        self.state().regions = regions.iter().map(|&(name, status)| (name.to_owned(), status.to_owned())).collect();
    }

    /// Another account is the management account; the caller's is a member.
    pub fn set_management_account(&self, account: &str) {
        self.state().management = Some(account.to_owned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panicked with the gaps")
    }

    /// `None` for what moto answers itself.
    pub async fn answer(&self, call: &Call, body: &Bytes, upstream: &Upstream<'_>) -> Option<Answer> {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        Some(match (call.service.as_str(), call.operation.as_str()) {
            ("organizations", "DescribeResourcePolicy") => self.resource_policy(call),
            ("organizations", "DescribeOrganization") => self.organization(body, upstream).await?,
            ("organizations", "ListHandshakesForOrganization") => {
                Answer::json(&json!({ "Handshakes": self.state().handshakes }))
            }
            ("organizations", "ListPolicies" | "ListPoliciesForTarget")
                if asked["Filter"].as_str().is_some_and(|filter| !MOTO_POLICY_TYPES.contains(&filter)) =>
            {
                Answer::json(&json!({ "Policies": [] }))
            }
            ("account", "GetContactInformation") => Answer::plain(200, "application/json", contact().to_string()),
            ("account", "ListRegions") => self.regions(&asked),
            ("config", "GetDiscoveredResourceCounts") => counts(&asked, upstream).await,
            ("config", "SelectResourceConfig") => selected(call, upstream).await,
            ("sso", "ListApplications") => Answer::json(&json!({ "Applications": [] })),
            ("sso", "ListTrustedTokenIssuers") => Answer::json(&json!({ "TrustedTokenIssuers": [] })),
            ("sso", "GetPermissionsBoundaryForPermissionSet") => {
                Answer::error(call, 400, "ResourceNotFoundException", "There is no permissions boundary")
            }
            _ => return None,
        })
    }

    async fn organization(&self, body: &Bytes, upstream: &Upstream<'_>) -> Option<Answer> {
        let management = self.state().management.clone()?;
        let answer = upstream.pass(body.clone()).await;
        let mut value: Value = serde_json::from_slice(&answer.body).ok()?;
        let organization = &mut value["Organization"];
        let id = organization["Id"].as_str()?.to_owned();
        organization["MasterAccountArn"] =
            Value::from(format!("arn:aws:organizations::{management}:account/{id}/{management}"));
        organization["MasterAccountId"] = Value::from(management);
        Some(Answer::json(&value))
    }

    fn resource_policy(&self, call: &Call) -> Answer {
        match &self.state().resource_policy {
            Some(policy) => Answer::json(&json!({ "ResourcePolicy": {
                "ResourcePolicySummary": {
                    "Id": "rp-front000",
                    "Arn": "arn:aws:organizations::123456789012:resourcepolicy/o-front00000/rp-front000",
                },
                "Content": policy.to_string(),
            } })),
            None => Answer::error(call, 400, "ResourcePolicyNotFoundException", "There is no resource policy"),
        }
    }

    fn regions(&self, asked: &Value) -> Answer {
        let wanted = asked["RegionOptStatusContains"].as_array();
        let state = self.state();
        let regions = state
            .regions
            .iter()
            .filter(|(_, status)| wanted.is_none_or(|wanted| wanted.iter().any(|one| one == status.as_str())))
            .map(|(name, status)| json!({ "RegionName": name, "RegionOptStatus": status }));
        Answer::plain(200, "application/json", json!({ "Regions": regions.collect::<Vec<_>>() }).to_string())
    }
}

fn contact() -> Value {
    json!({ "ContactInformation": {
        "FullName": "Front Desk", "CompanyName": "Example Corp", "AddressLine1": "1 Example Way", "City": "Seattle",
        "PostalCode": "98101", "CountryCode": "US", "StateOrRegion": "WA", "PhoneNumber": "+1 555 0100",
    } })
}

/// What moto's AWS Config lists of a type, on its first page.
async fn discovered(name: &str, upstream: &Upstream<'_>) -> Vec<Value> {
    let body = json!({ "resourceType": name }).to_string();
    let answer = upstream.send(body.into(), Some("StarlingDoveService.ListDiscoveredResources")).await;
    let listed: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    listed["resourceIdentifiers"].as_array().cloned().unwrap_or_default()
}

/// Every bucket, whatever the expression selects: the one type of which moto's identifier makes the ARN.
async fn selected(call: &Call, upstream: &Upstream<'_>) -> Answer {
    let buckets = discovered("AWS::S3::Bucket", upstream).await.into_iter().map(|found| {
        let name = &found["resourceId"];
        let arn = format!("arn:aws:s3:::{}", name.as_str().unwrap_or_default());
        let row = json!({ "arn": arn, "resourceId": name, "resourceName": name, "resourceType": "AWS::S3::Bucket",
                          "awsRegion": call.region, "accountId": "123456789012" });
        row.to_string()
    });
    Answer::json(&json!({ "Results": buckets.collect::<Vec<_>>() }))
}

/// Counted from what moto lists.
async fn counts(asked: &Value, upstream: &Upstream<'_>) -> Answer {
    let wanted = asked["resourceTypes"].as_array().filter(|types| !types.is_empty());
    let mut found = Vec::new();
    for &name in MOTO_CONFIG_TYPES {
        if wanted.is_some_and(|wanted| !wanted.iter().any(|one| one == name)) {
            continue;
        }
        let count = discovered(name, upstream).await.len();
        if count > 0 {
            found.push((name, count));
        }
    }
    let total: usize = found.iter().map(|(_, count)| count).sum();
    let found: Vec<_> = found.iter().map(|(name, count)| json!({ "resourceType": name, "count": count })).collect();
    Answer::json(&json!({ "totalDiscoveredResources": total, "resourceCounts": found }))
}
