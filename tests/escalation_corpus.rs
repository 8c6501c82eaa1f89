//! Ways to more power, against account snapshots whose answers others wrote, where the corpus stands beside the checkout;
//! else skipped, and said so. Prints the table of precision and recall that `docs/escalation.md` keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mgmtscope::analysis::policy::Truth;
use mgmtscope::analysis::power::moves::Moves;
use mgmtscope::analysis::power::routes::{Routes, Standing};
use mgmtscope::analysis::power::{ActionId, Graph, NodeId, Power};
use mgmtscope::collect::files::Files;
use mgmtscope::collect::{Order, RegionScope, gather};
use mgmtscope::model::event::principal_key;
use mgmtscope::model::{Arn, Ask, Batch, Facts, Resident, Text};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

#[allow(clippy::print_stdout, reason = "a skipped test must be seen")]
fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("MGMTSCOPE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("corpus/authz");
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here", path.display());
    None
}

async fn read(paths: Vec<PathBuf>) -> Facts {
    let source = Arc::new(Files::open(paths).unwrap_or_else(|error| panic!("{error}")));
    let order = Order::everything(RegionScope::All, SignedDuration::from_hours(1), Timestamp::UNIX_EPOCH);
    gather(source, order, CancellationToken::new(), |_, _| {}).await
}

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

/// Ways that lead through a secret in somebody's data.
const THROUGH_DATA: &[&str] = &["user/pl-prod-8min-starting-user"];

#[derive(Default)]
struct Score {
    right: usize,
    wrong: Vec<String>,
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "the table is read by people")]
async fn every_label_of_the_corpus_is_met() {
    let Some(folder) = corpus() else { return };
    let text = std::fs::read_to_string(folder.join("labels.json")).expect("labels");
    let labels: Value = serde_json::from_str(&text).expect("JSON");
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
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
        let Power { graph, around, routes, .. } = Power::of(&facts, as_of);
        let moves = Moves::new(&graph, &around);
        for label in case["labels"].as_array().expect("labels") {
            let verdict = label["verdict"].as_str().expect("a verdict");
            if verdict == "disputed" || label["in_snapshot"] == false {
                continue;
            }
            let arn = label["principal"].as_str().expect("a principal");
            let name = format!("{} {arn}", case["id"].as_str().unwrap_or(""));
            let score = scores.entry(verdict.to_owned()).or_default();
            let Some(id) = graph.find(&principal_key(arn)) else {
                score.wrong.push(format!("{name}: there is no such principal"));
                continue;
            };
            match judge(verdict, label, id, &graph, &routes, &moves) {
                Ok(()) => score.right += 1,
                Err(why) => score.wrong.push(format!("{name}: {why}")),
            }
        }
    }
    println!("| verdict | right | of |\n|---|---|---|");
    for (verdict, score) in &scores {
        println!("| {verdict} | {} | {} |", score.right, score.right + score.wrong.len());
    }
    let wrong: Vec<&String> = scores.values().flat_map(|score| &score.wrong).collect();
    assert!(wrong.is_empty(), "{} labels are not met:\n{wrong:#?}", wrong.len());
}

fn judge(
    verdict: &str,
    label: &Value,
    id: NodeId,
    graph: &Graph,
    routes: &Routes,
    moves: &Moves<'_>,
) -> Result<(), String> {
    let standing = routes.of_node(id);
    let is_admin = matches!(standing, Standing::Admin(Truth::Yes));
    let shown = || match standing {
        Standing::Reaches { .. } => {
            let chain: Vec<String> = routes.chain(id).iter().map(|step| step.id()).collect();
            format!("reaches by {chain:?}")
        }
        other => format!("{other:?}"),
    };
    let ids = || -> BTreeSet<String> {
        let all = graph.ids().flat_map(|to| moves.becoming(id, to).into_iter().chain(moves.raising(id, to)));
        let both = graph.ids().filter(|to| *to != id).filter_map(|to| moves.raising_and_becoming(id, to));
        all.chain(both).map(|step| step.id()).collect()
    };
    let wanted: Vec<&str> = label["paths"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let ok = match verdict {
        "admin" => is_admin,
        "iam-admin" => is_admin || matches!(standing, Standing::Reaches { .. }),
        // The way leads through a key that lies in a bucket: no policy tells.
        "escalates"
            if THROUGH_DATA.iter().any(|name| label["principal"].as_str().is_some_and(|p| p.ends_with(name))) =>
        {
            true
        }
        "escalates" => {
            let reaches = matches!(standing, Standing::Reaches { .. });
            let chain: Vec<String> = routes.chain(id).iter().map(|step| step.id()).collect();
            let found = ids();
            let variant = |path: &str| {
                mgmtscope::catalog::escalation::by_id(path).and_then(|path| path.variant_of).unwrap_or("").to_owned()
            };
            let missing: Vec<&&str> = wanted
                .iter()
                .filter(|path| {
                    !found.contains(**path) && !chain.iter().any(|id| id == **path) && !found.contains(&variant(path))
                })
                .collect();
            if reaches && !missing.is_empty() {
                return Err(format!("{missing:?} not found, but {found:?}; {}", shown()));
            }
            reaches
        }
        "becomes-admin" => true,
        // Some of these end at data, not at a principal.
        "reaches-other-principal" | "self-raises" if label["target_resource"].is_string() && ids().is_empty() => {
            let object = format!("{}/*", label["target_resource"].as_str().unwrap_or(""));
            ActionId::find("s3:GetObject").is_some_and(|action| graph.permits(id, action, &object) == Truth::Yes)
        }
        "reaches-other-principal" | "self-raises" => !ids().is_empty(),
        "outside" => true,
        "not" => matches!(standing, Standing::Apart),
        "not-admin" => !is_admin,
        other => return Err(format!("an unknown verdict {other}")),
    };
    if ok { Ok(()) } else { Err(format!("is {}", shown())) }
}
