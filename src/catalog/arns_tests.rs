//! Tests of ARN patterns: each type both ways.

use super::*;

fn place<'a>(region: &'a Region, account: &'a AccountId) -> Place<'a> {
    Place { partition: "aws", region: Some(region), account }
}

#[test]
fn every_pattern_goes_both_ways() {
    let (region, account) = (Region::new("eu-west-1"), AccountId::new("111122223333"));
    let mut made = 0;
    for row in &TABLE.rows {
        let fill = |pattern: &str| {
            pattern
                .replace("{p}", "aws")
                .replace("{r}", "eu-west-1")
                .replace("{a}", "111122223333")
                .replace("{path}", "team/x/")
                .replace("{id+}", "one/two")
                .replace("{id}", "one")
                .replace("{_+}", "a/b")
                .replace("{_}", "w1")
        };
        let arn = Arn::new(fill(row.arn));
        let named = of_arn(&arn).expect("an ARN");
        assert!(named.by_pattern, "{arn}");
        if !row.second {
            assert_eq!(named.resource_type, row.name, "{arn}");
        }
        let identifier = match row.identifier {
            Some(template) => fill(&template.replace("{arn}", row.arn)).replace("{suffix}", "amazonaws.com"),
            None => named.id.clone(),
        };
        if !row.arn.contains("{_") {
            assert_eq!(id_within_type(row.name, &identifier), named.id, "{}", row.name);
        }
        match arn_of(row.name, &identifier, place(&region, &account)) {
            Some(again) => {
                assert_eq!(again, arn);
                made += 1;
            }
            None => assert!(row.arn.contains("{path}") || row.arn.contains("{_"), "{}", row.name),
        }
    }
    assert!(made > 150, "{made}");
}

#[test]
fn every_type_is_one_that_cloudformation_knows() {
    for row in TABLE.rows.iter().filter(|row| row.name.contains("::")) {
        assert_eq!(resource_types::table().spelled(row.name), Some(row.name));
    }
}

#[test]
fn known_arns() {
    for (arn, resource_type, id) in [
        ("arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc", "AWS::EC2::Instance", "i-0abc"),
        ("arn:aws:s3:::logs", "AWS::S3::Bucket", "logs"),
        ("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Admin", "AWS::IAM::Role", "Admin"),
        ("arn:aws:iam::111122223333:role/plain", "AWS::IAM::Role", "plain"),
        ("arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/x:*", "AWS::Logs::LogGroup", "/aws/lambda/x"),
        ("arn:aws:ssm:us-east-1:111122223333:parameter/a/b", "AWS::SSM::Parameter", "/a/b"),
        ("arn:aws:ssm:us-east-1:111122223333:parameter/plain", "AWS::SSM::Parameter", "plain"),
        ("arn:aws:ec2:us-east-1::snapshot/snap-1", "ec2:snapshot", "snap-1"),
        ("arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/p", "AWS::ImageBuilder::ImagePipeline", "p"),
        ("arn:aws:newservice:us-east-1:111122223333:thing/t", "newservice:thing", "t"),
    ] {
        let named = of_arn(&Arn::new(arn)).expect("an ARN");
        assert_eq!((named.resource_type.as_str(), named.id.as_str()), (resource_type, id), "{arn}");
    }
    assert_eq!(of_arn(&Arn::new("bucket")), None);
}

#[test]
fn known_identifiers() {
    let (region, account) = (Region::new("us-east-1"), AccountId::new("111122223333"));
    let arn = |t: &str, id: &str| arn_of(t, id, place(&region, &account)).map(|arn| arn.as_str().to_owned());
    let queue = "https://sqs.us-east-1.amazonaws.com/111122223333/jobs";
    assert_eq!(arn("AWS::SQS::Queue", queue).as_deref(), Some("arn:aws:sqs:us-east-1:111122223333:jobs"));
    assert_eq!(
        arn("AWS::DynamoDB::GlobalTable", "t").as_deref(),
        Some("arn:aws:dynamodb:us-east-1:111122223333:table/t")
    );
    assert_eq!(arn("AWS::IAM::Role", "Admin"), None, "the path is not known");
    let service = "arn:aws:ecs:us-east-1:111122223333:service/c/s";
    let composite = format!("{service}|c");
    assert_eq!(arn("AWS::ECS::Service", &composite).as_deref(), Some(service));
    assert_eq!(
        arn("AWS::Glue::Registry", "arn:aws:glue:us-east-1:111122223333:registry/r").as_deref(),
        Some("arn:aws:glue:us-east-1:111122223333:registry/r")
    );
    assert_eq!(
        arn("AWS::SNS::TopicInlinePolicy", "arn:aws:sns:us-east-1:111122223333:t"),
        None,
        "the topic's ARN, not the policy's"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "(arn:)?(aws:)?[a-z0-9]{0,9}:?.{0,60}") {
        let _ = of_arn(&Arn::new(&text));
        let _ = id_within_type("AWS::SQS::Queue", &text);
    }
}
