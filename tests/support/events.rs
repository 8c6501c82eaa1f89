//! CloudTrail records for the seeded organization, relative to now: some of every kind that no emulator can make.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::seed::Seeded;

/// Calls of the same role in the home Region, so that lookups have several pages.
pub const BACKGROUND: usize = 130;
/// The same in the second Region.
pub const BACKGROUND_SECOND: usize = 60;
/// Sets the title, clears the screen, moves the cursor, reverses the text: what an attacker puts where he can write.
pub const HOSTILE: &str = "evil\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[1;1H\u{9b}31m\u{202e}agent";
/// What is left of [`HOSTILE`] to be read, in this order, whatever the program puts between.
pub const HOSTILE_REST: [&str; 2] = ["evil", "agent"];

/// Every record lies within the last three days.
pub fn sample(seeded: &Seeded) -> Vec<Value> {
    let now = super::now();
    let mut made = Sample { now, account: &seeded.management_account, records: Vec::new() };
    let (home, second) = (&seeded.regions[0], &seeded.regions[1]);
    for number in 0..BACKGROUND {
        made.role(home, number, "s3.amazonaws.com", "ListBuckets");
    }
    for number in 0..BACKGROUND_SECOND {
        made.role(second, number, "dynamodb.amazonaws.com", "DescribeTable");
    }
    made.root("ConsoleLogin", "signin.amazonaws.com", 90);
    made.user("user-00", "organizations.amazonaws.com", "AttachPolicy", 100);
    made.user("user-04", "iam.amazonaws.com", "CreateAccessKey", 110);
    made.user("user-08", "sts.amazonaws.com", "AssumeRole", 120);
    made.hostile(home, 130);
    made.records
}

/// The sample with one event more, a minute old.
pub fn with_news(seeded: &Seeded, name: &str) -> Vec<Value> {
    let mut records = sample(seeded);
    let mut made = Sample { now: super::now(), account: &seeded.management_account, records: Vec::new() };
    made.user("user-00", "iam.amazonaws.com", name, 1);
    let mut news = made.records;
    news[0]["eventID"] = Value::from("00000000-0000-4000-8000-0000000fffff");
    records.append(&mut news);
    records
}

struct Sample<'a> {
    now: Timestamp,
    account: &'a str,
    records: Vec<Value>,
}

impl Sample<'_> {
    /// `what` is the source and the name of the event.
    fn add(&mut self, region: &str, minutes: i64, what: (&str, &str), who: Value, agent: &str) {
        let number = self.records.len();
        let time = self.now - SignedDuration::from_mins(minutes);
        let (source, name) = what;
        let read_only = name.starts_with("List") || name.starts_with("Describe");
        self.records.push(json!({
            "eventVersion": "1.11", "eventID": format!("00000000-0000-4000-8000-{number:012}"),
            "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "eventSource": source, "eventName": name,
            "awsRegion": region, "sourceIPAddress": "198.51.100.7", "userAgent": agent, "userIdentity": who,
            "requestParameters": null, "responseElements": null, "readOnly": read_only, "eventType": "AwsApiCall",
            "managementEvent": true, "recipientAccountId": self.account, "eventCategory": "Management",
        }));
    }

    fn role(&mut self, region: &str, number: usize, source: &str, name: &str) {
        let who = json!({
            "type": "AssumedRole", "principalId": "AROASERVICE:worker", "accessKeyId": "ASIABACKGROUND",
            "accountId": self.account,
            "arn": format!("arn:aws:sts::{}:assumed-role/service-role-000/worker", self.account),
            "sessionContext": { "sessionIssuer": {
                "type": "Role", "principalId": "AROASERVICE", "accountId": self.account, "userName": "service-role-000",
                "arn": format!("arn:aws:iam::{}:role/service-role-000", self.account),
            } },
        });
        // Half an hour apart: the last is under three days old.
        self.add(region, 150 + 30 * number as i64, (source, name), who, "aws-sdk-rust/1.3");
    }

    fn root(&mut self, name: &str, source: &str, minutes: i64) {
        let who = json!({ "type": "Root", "principalId": self.account, "accountId": self.account,
                          "arn": format!("arn:aws:iam::{}:root", self.account) });
        self.add("us-east-1", minutes, (source, name), who, "Mozilla/5.0");
    }

    fn user(&mut self, user: &str, source: &str, name: &str, minutes: i64) {
        let who = json!({ "type": "IAMUser", "principalId": format!("AIDA{user}"), "accountId": self.account,
                          "arn": format!("arn:aws:iam::{}:user/{user}", self.account), "userName": user,
                          "accessKeyId": format!("AKIA{}", user.replace('-', "").to_uppercase()) });
        self.add("us-east-1", minutes, (source, name), who, "aws-cli/2.27");
    }

    fn hostile(&mut self, region: &str, minutes: i64) {
        let who = json!({
            "type": "AssumedRole", "principalId": "AROAHOSTILE:session", "accessKeyId": "ASIAHOSTILE",
            "accountId": self.account,
            "arn": format!("arn:aws:sts::{}:assumed-role/service-role-005/{HOSTILE}", self.account),
            "sessionContext": { "sessionIssuer": {
                "type": "Role", "principalId": "AROAHOSTILE", "accountId": self.account, "userName": "service-role-005",
                "arn": format!("arn:aws:iam::{}:role/service-role-005", self.account),
            } },
        });
        self.add(region, minutes, ("ec2.amazonaws.com", "RunInstances"), who, HOSTILE);
    }
}
