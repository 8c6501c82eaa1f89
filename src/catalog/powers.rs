//! stub
pub enum PowerId { Admin }
impl PartialEq for PowerId { fn eq(&self,_o:&Self)->bool{true} }
pub struct PowerAction { pub action: &'static str }
pub struct PowerClass { pub id: PowerId, pub actions: Vec<PowerAction> }
static C: std::sync::LazyLock<Vec<PowerClass>> = std::sync::LazyLock::new(|| vec![PowerClass{id:PowerId::Admin, actions: ["iam:CreateUser","iam:AttachRolePolicy","iam:PassRole","s3:PutBucketPolicy","ec2:RunInstances","lambda:UpdateFunctionCode","kms:PutKeyPolicy","organizations:DetachPolicy","dynamodb:DeleteTable","cloudtrail:StopLogging","sts:AssumeRole","rds:DeleteDBInstance","secretsmanager:GetSecretValue","ssm:SendCommand"].iter().map(|a| PowerAction{action:a}).collect()}]);
pub fn classes() -> &'static [PowerClass] { &C }
