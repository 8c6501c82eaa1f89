//! What each label says of a principal, beside what is said here.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mgmtscope::analysis::policy::Truth;
use mgmtscope::analysis::power::{ActionId, NodeId, Power, Standing};
use mgmtscope::model::event::principal_key;
use mgmtscope::model::{Arn, Ask, Batch, Facts, Resident, Text};
use serde_json::Value;

use super::{corpus, keep, read};

/// Terraform's word for a type, in CloudFormation's words.
const TYPES: &[(&str, &str)] = &[
    ("aws_lambda_function", "AWS::Lambda::Function"),
    ("aws_instance", "AWS::EC2::Instance"),
    ("aws_glue_job", "AWS::Glue::Job"),
    ("aws_glue_dev_endpoint", "AWS::Glue::DevEndpoint"),
    ("aws_cloudformation_stack", "AWS::CloudFormation::Stack"),
    ("aws_cloudformation_stack_set", "AWS::CloudFormation::StackSet"),
    ("aws_sagemaker_notebook_instance", "AWS::SageMaker::NotebookInstance"),
    ("aws_codebuild_project", "AWS::CodeBuild::Project"),
    ("aws_apprunner_service", "AWS::AppRunner::Service"),
    ("aws_launch_template", "AWS::EC2::LaunchTemplate"),
    ("aws_ecs_task_definition", "AWS::ECS::TaskDefinition"),
    ("aws_ecs_service", "AWS::ECS::Service"),
    ("aws_ecs_cluster", "AWS::ECS::Cluster"),
    ("aws_batch_job_definition", "AWS::Batch::JobDefinition"),
    ("aws_bedrockagentcore_code_interpreter", "AWS::BedrockAgentCore::CodeInterpreterCustom"),
    ("aws_codedeploy_deployment_group", "AWS::CodeDeploy::DeploymentGroup"),
    ("aws_autoscaling_group", "AWS::AutoScaling::AutoScalingGroup"),
];

fn residents(inventory: &Value, facts: &Facts) -> Vec<Resident> {
    let mut all = Vec::new();
    for (account, list) in inventory.as_object().expect("by account") {
        for item in list.as_array().expect("a list") {
            let terraform = item["type"].as_str().expect("a type");
            let kind = TYPES
                .iter()
                .find(|(word, _)| *word == terraform)
                .map_or_else(|| panic!("no CloudFormation type for {terraform}"), |(_, kind)| *kind);
            let arn = item["arn"].as_str().filter(|arn| arn.starts_with("arn:")).map(Arn::new);
            let roles = item["roles"].as_object().into_iter().flatten().map(|(_, value)| {
                let text = value.as_str().expect("text");
                if text.starts_with("arn:") {
                    return text.to_owned();
                }
                // A name: of an instance profile or of a role.
                let profile = facts.roles.values().find(|role| role.instance_profiles.iter().any(|p| p.name() == text));
                profile.map_or_else(|| format!("arn:aws:iam::{account}:role/{text}"), |role| role.arn.to_string())
            });
            let properties = serde_json::json!(roles.collect::<Vec<_>>()).to_string();
            all.push(Resident {
                arn,
                resource_type: kind.into(),
                identifier: item["name"].as_str().unwrap_or("").into(),
                account: Some(account.as_str().into()),
                properties: Some(Text::new(&properties)),
                seen_by: BTreeSet::from([Ask::CloudControl]),
                ..Resident::default()
            });
        }
    }
    all
}

/// Ways that lead through a secret in somebody's data: no policy tells of them, and they count as missed.
const THROUGH_DATA: &[&str] = &["plabs:attack-simulation/sysdig-8-minutes-to-admin user/pl-prod-8min-starting-user"];

/// How often something is said, and how often it is so. Only principals that a label speaks of count.
#[derive(Default)]
struct Score {
    /// Labelled so, and said.
    right: usize,
    /// Labelled so, and not said.
    missed: Vec<String>,
    /// Said of one that is labelled otherwise.
    wrong: Vec<String>,
    /// Labelled otherwise, and not said.
    silent: usize,
}

impl Score {
    fn count(&mut self, labelled: bool, said: bool, name: &str) {
        match (labelled, said) {
            (true, true) => self.right += 1,
            (true, false) => self.missed.push(name.to_owned()),
            (false, true) => self.wrong.push(name.to_owned()),
            (false, false) => self.silent += 1,
        }
    }

    fn row(&self, what: &str) -> String {
        let hundredths = |part: usize, whole: usize| format!("{}.{:02}", part / whole, part * 100 / whole % 100);
        let (labelled, otherwise) = (self.right + self.missed.len(), self.wrong.len() + self.silent);
        // Where no label speaks against it, nothing can be said wrongly.
        let precision =
            if otherwise == 0 { "-".to_owned() } else { hundredths(self.right, self.right + self.wrong.len()) };
        let recall = hundredths(self.right, labelled);
        let (right, wrong) = (self.right, self.wrong.len());
        format!("| {what} | {labelled} | {right} | {otherwise} | {wrong} | {precision} | {recall} |\n")
    }
}

#[derive(Default)]
struct Scores {
    admin: Score,
    reaches: Score,
    paths: Score,
    further: Score,
}

impl Scores {
    fn table(&self) -> String {
        let head = "| What is said of a principal | labelled so | said | labelled otherwise | said | precision | recall |\n\
                    |---|---|---|---|---|---|---|\n";
        [
            head.to_owned(),
            self.admin.row("it is an administrator"),
            self.reaches.row("it can make itself one"),
            self.paths.row("by this way (each one that a label names)"),
            self.further.row("it gets further, to a principal or data"),
        ]
        .concat()
    }
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "the table is read by people")]
async fn every_label_of_the_corpus_is_met() {
    let Some(folder) = corpus() else { return };
    let text = std::fs::read_to_string(folder.join("labels.json")).expect("labels");
    let labels: Value = serde_json::from_str(&text).expect("JSON");
    let mut scores = Scores::default();
    for case in labels["cases"].as_array().expect("cases") {
        let files = case["accounts"].as_array().expect("accounts").iter();
        let files = files.map(|account| folder.join(account["file"].as_str().expect("a file"))).collect();
        let mut facts = read(files).await;
        if let Some(inventory) = case["inventory"].as_str() {
            let text = std::fs::read_to_string(folder.join(inventory)).expect("an inventory");
            let found = residents(&serde_json::from_str(&text).expect("JSON"), &facts);
            facts.apply(Batch::Residents(found));
        }
        let as_of: Timestamp = "2026-11-01T00:00:00Z".parse().expect("a time");
        let power = Power::of(&facts, as_of);
        for label in case["labels"].as_array().expect("labels") {
            if label["verdict"] != "disputed" && label["in_snapshot"] != false {
                judge(label, case["id"].as_str().unwrap_or(""), &power, &mut scores);
            }
        }
    }
    let table = scores.table();
    println!("{table}");
    keep("corpus", &table);
    let Scores { admin, reaches, paths, further } = scores;
    let wrong: Vec<String> = [admin.wrong, reaches.wrong, further.wrong].concat();
    assert!(wrong.is_empty(), "said wrongly: {wrong:#?}");
    let missed: Vec<String> = [admin.missed, reaches.missed, paths.missed, further.missed].concat();
    let known = |name: &String| THROUGH_DATA.iter().any(|known| name.starts_with(known));
    let missed: Vec<String> = missed.into_iter().filter(|name| !known(name)).collect();
    assert!(missed.is_empty(), "missed: {missed:#?}");
}

/// What a label says, beside what is said here.
fn judge(label: &Value, case: &str, power: &Power, scores: &mut Scores) {
    let (graph, routes) = (&power.graph, &power.routes);
    let verdict = label["verdict"].as_str().expect("a verdict");
    let arn = label["principal"].as_str().expect("a principal");
    let id = graph.find(&principal_key(arn)).unwrap_or_else(|| panic!("{case}: there is no principal {arn}"));
    let name = format!("{case} {}", Arn::new(arn).resource());
    let standing = routes.of_node(id);
    let is_admin = matches!(standing, Standing::Admin(Truth::Yes));
    let reaches = matches!(standing, Standing::Reaches { .. });
    match verdict {
        "admin" => scores.admin.count(true, is_admin, &name),
        // Writing IAM at will is as good as being one.
        "iam-admin" => scores.reaches.count(true, reaches || is_admin, &name),
        "escalates" => {
            scores.admin.count(false, is_admin, &name);
            scores.reaches.count(true, reaches, &name);
            let found = ways(id, power);
            for path in label["paths"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let shorter = mgmtscope::catalog::escalation::by_id(path).and_then(|path| path.variant_of);
                let said = found.contains(path) || shorter.is_some_and(|path| found.contains(path));
                scores.paths.count(true, said, &format!("{name} by {path}"));
            }
        }
        "reaches-other-principal" | "self-raises" => {
            // The label tells where the scenario ends, not that nothing leads further: one of them writes its own policy.
            scores.admin.count(false, is_admin, &name);
            let bucket = label["target_resource"].as_str();
            let object = bucket.map(|bucket| format!("{bucket}/*"));
            let data = ActionId::find("s3:GetObject").zip(object);
            let data = data.is_some_and(|(action, object)| graph.permits(id, action, &object) == Truth::Yes);
            scores.further.count(true, data || !ways(id, power).is_empty(), &name);
        }
        "not" => {
            scores.admin.count(false, is_admin, &name);
            // Not even if what is not known holds.
            scores.reaches.count(false, !matches!(standing, Standing::Apart), &name);
        }
        "not-admin" => scores.admin.count(false, is_admin, &name),
        // Where a way passes through, and ways in that are no principals: nothing of their own is said.
        "becomes-admin" | "outside" => {}
        other => panic!("{name}: an unknown verdict {other}"),
    }
}

/// The ids of every single step that is open to a principal, and of those of its shortest way.
fn ways(id: NodeId, power: &Power) -> BTreeSet<String> {
    let steps = power.moves(id);
    steps.iter().chain(power.routes.chain(id)).map(mgmtscope::analysis::power::Move::id).collect()
}
