"""Seeds an organization through the real APIs of a local server; prints what was made as one JSON object.

    python seed.py http://127.0.0.1:PORT

Every name and number follows from the loops below, so that the tests can say what the screen must show.
"""

import json
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

ENDPOINT = sys.argv[1]
MANAGEMENT = "123456789012"
HOME, SECOND = "us-east-1", "eu-west-1"
OUS = ["Security", "Infrastructure", "Workloads", "Sandbox", "Suspended", "Vendors"]
ACCOUNTS, ROLES, USERS, GROUPS, POLICIES = 60, 300, 40, 6, 10
SETTINGS = Config(retries={"max_attempts": 1}, max_pool_connections=8, parameter_validation=False)
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def client(service, region=HOME):
    return boto3.client(
        service, region_name=region, endpoint_url=ENDPOINT, config=SETTINGS,
        aws_access_key_id="test", aws_secret_access_key="test",
    )


def trust(principal, action="sts:AssumeRole", **condition):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = condition["condition"]
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def organization(made):
    org = client("organizations")
    made["organization"] = org.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    root = org.list_roots()["Roots"][0]["Id"]
    ous = [org.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"] for name in OUS[:5]]
    # One level down, so that the tree is a tree.
    ous.append(org.create_organizational_unit(ParentId=ous[2], Name=OUS[5])["OrganizationalUnit"]["Id"])
    members = []
    for number in range(1, ACCOUNTS):
        status = org.create_account(AccountName=f"member-{number:02}", Email=f"member-{number:02}@example.com")
        members.append(status["CreateAccountStatus"]["AccountId"])
        org.move_account(AccountId=members[-1], SourceParentId=root, DestinationParentId=ous[number % len(ous)])
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
        org.enable_policy_type(RootId=root, PolicyType=kind)
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}]}
    perimeter = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                 "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": made["organization"]}}}]}
    policies = []
    for name, kind, content, targets in (
        ("DenyLeaving", "SERVICE_CONTROL_POLICY", deny, [root]),
        ("GuardSandbox", "SERVICE_CONTROL_POLICY", deny, ous[3:5]),
        ("DataPerimeter", "RESOURCE_CONTROL_POLICY", perimeter, [root]),
    ):
        policy = org.create_policy(Name=name, Description=name, Type=kind, Content=json.dumps(content))
        policies.append(policy["Policy"]["PolicySummary"]["Id"])
        for target in targets:
            org.attach_policy(PolicyId=policies[-1], TargetId=target)
    trusted = ["sso.amazonaws.com", "guardduty.amazonaws.com", "access-analyzer.amazonaws.com",
               "config-multiaccountsetup.amazonaws.com", "cloudtrail.amazonaws.com"]
    for service in trusted:
        org.enable_aws_service_access(ServicePrincipal=service)
    delegated = {members[0]: ["guardduty.amazonaws.com", "access-analyzer.amazonaws.com"],
                 members[1]: ["config-multiaccountsetup.amazonaws.com"]}
    for account, services in delegated.items():
        for service in services:
            org.register_delegated_administrator(AccountId=account, ServicePrincipal=service)
    made.update(accounts=ACCOUNTS, ous=len(ous), root=root, members=members, own_policies=len(policies),
                trusted_services=trusted, delegated=delegated)


def role(iam, number):
    """One of five kinds, in turn: a service, another account, a vendor, OIDC, Identity Center."""
    kind = number % 5
    path, name = "/", f"{('service', 'member', 'vendor', 'ci', 'sso')[kind]}-role-{number:03}"
    if kind == 0:
        document = trust({"Service": "lambda.amazonaws.com"})
    elif kind == 1:
        document = trust({"AWS": f"arn:aws:iam::{210000000000 + number}:root"})
    elif kind == 2:
        document = trust({"AWS": "arn:aws:iam::999988887777:root"}, condition={"StringEquals": {"sts:ExternalId": name}})
    elif kind == 3:
        document = trust({"Federated": f"arn:aws:iam::{MANAGEMENT}:oidc-provider/token.actions.githubusercontent.com"},
                         "sts:AssumeRoleWithWebIdentity")
    else:
        path = "/aws-reserved/sso.amazonaws.com/"
        name = f"AWSReservedSSO_Set{number:03}_{number:016x}"
        document = trust({"Federated": f"arn:aws:iam::{MANAGEMENT}:saml-provider/AWSSSO_DO_NOT_DELETE"}, "sts:AssumeRoleWithSAML")
    iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)
    if number % 10 == 4:
        iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    elif number % 10 == 1:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=EVERYTHING)
    return name


def user(iam, number):
    name = f"user-{number:02}"
    iam.create_user(UserName=name)
    iam.add_user_to_group(UserName=name, GroupName=f"group-{number % GROUPS}")
    if number % 2 == 0:
        iam.create_access_key(UserName=name)
    if number % 4 == 0:
        iam.create_login_profile(UserName=name, Password="Not-a-secret-1", PasswordResetRequired=False)
    if number % 8 == 0:
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        iam.enable_mfa_device(UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321")
    return name


def principals(made):
    iam = client("iam")
    for number in range(GROUPS):
        iam.create_group(GroupName=f"group-{number}")
    iam.put_group_policy(GroupName="group-0", PolicyName="all", PolicyDocument=EVERYTHING)
    for number in range(POLICIES):
        arn = iam.create_policy(PolicyName=f"policy-{number}", PolicyDocument=EVERYTHING)["Policy"]["Arn"]
        iam.attach_group_policy(GroupName=f"group-{number % GROUPS}", PolicyArn=arn)
    iam.create_account_alias(AccountAlias="seeded-management")
    iam.create_open_id_connect_provider(Url="https://token.actions.githubusercontent.com",
                                        ThumbprintList=["6938fd4d98bab03faadb97b34396831e3780aea1"], ClientIDList=["sts.amazonaws.com"])
    made["users"] = [user(iam, number) for number in range(USERS)]
    made["roles"] = [role(iam, number) for number in range(ROLES)]
    made.update(groups=GROUPS, policies=POLICIES, keys=USERS // 2, passwords=USERS // 4, mfa=USERS // 8,
                reserved_sso_roles=ROLES // 5, admin_roles=ROLES // 10)


def identity_center(made):
    sso, store = client("sso-admin"), client("identitystore")
    instance = sso.list_instances()["Instances"][0]
    directory = instance["IdentityStoreId"]
    people = [store.create_user(IdentityStoreId=directory, UserName=f"person-{n}", DisplayName=f"Person {n}",
                                Name={"GivenName": "Person", "FamilyName": str(n)},
                                Emails=[{"Value": f"person-{n}@example.com", "Primary": True}])["UserId"] for n in range(12)]
    groups = [store.create_group(IdentityStoreId=directory, DisplayName=f"Team {n}")["GroupId"] for n in range(3)]
    for number, person in enumerate(people):
        store.create_group_membership(IdentityStoreId=directory, GroupId=groups[number % 3], MemberId={"UserId": person})
    sets = []
    for number, name in enumerate(["Administrator", "ReadOnly", "Billing", "Unused"]):
        answer = sso.create_permission_set(Name=name, InstanceArn=instance["InstanceArn"], SessionDuration="PT8H")
        sets.append(answer["PermissionSet"]["PermissionSetArn"])
        sso.attach_managed_policy_to_permission_set(
            InstanceArn=instance["InstanceArn"], PermissionSetArn=sets[-1],
            ManagedPolicyArn="arn:aws:iam::aws:policy/" + ("AdministratorAccess" if number == 0 else "ReadOnlyAccess"))

    def assign(number, kind, principal, account):
        sso.create_account_assignment(InstanceArn=instance["InstanceArn"], TargetId=account, TargetType="AWS_ACCOUNT",
                                      PermissionSetArn=sets[number], PrincipalType=kind, PrincipalId=principal)
        sso.provision_permission_set(InstanceArn=instance["InstanceArn"], PermissionSetArn=sets[number],
                                     TargetType="AWS_ACCOUNT", TargetId=account)

    assign(0, "GROUP", groups[0], MANAGEMENT)
    assign(0, "USER", people[1], MANAGEMENT)
    assign(1, "GROUP", groups[1], MANAGEMENT)
    # Not on the management account: must not be shown as being there.
    assign(2, "GROUP", groups[2], made["members"][0])
    made.update(permission_sets=len(sets), assignments=3, people=len(people), directory_groups=len(groups))


def contacts(made):
    account = client("account")
    for kind in ("SECURITY", "BILLING"):
        account.put_alternate_contact(AlternateContactType=kind, Name=f"{kind.title()} desk", Title="Desk",
                                      EmailAddress=f"{kind.lower()}@example.com", PhoneNumber="+1 555 0100")
    made["alternate_contacts"] = ["SECURITY", "BILLING"]


def workloads(made):
    """Things that do not belong into a management account, in two Regions."""
    residents = []
    tags = [{"Key": "team", "Value": "legacy"}]
    for region in (HOME, SECOND):
        s3, sqs, dynamodb = client("s3", region), client("sqs", region), client("dynamodb", region)
        for number in range(3):
            bucket = f"seeded-{region}-{number}"
            where = {} if region == HOME else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=bucket, **where)
            s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
            residents.append(f"arn:aws:s3:::{bucket}")
            queue = f"seeded-queue-{number}"
            sqs.create_queue(QueueName=queue, tags={"team": "legacy"})
            residents.append(f"arn:aws:sqs:{region}:{MANAGEMENT}:{queue}")
        dynamodb.create_table(TableName="seeded-table", BillingMode="PAY_PER_REQUEST", Tags=tags,
                              AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                              KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
        residents.append(f"arn:aws:dynamodb:{region}:{MANAGEMENT}:table/seeded-table")
    made["tagged_residents"] = residents


def watching(made):
    s3, trail, config = client("s3"), client("cloudtrail"), client("config")
    s3.create_bucket(Bucket="seeded-trail-logs")
    trail.create_trail(Name="organization-trail", S3BucketName="seeded-trail-logs", IsMultiRegionTrail=True,
                       IsOrganizationTrail=True, EnableLogFileValidation=True)
    trail.start_logging(Name="organization-trail")
    config.put_configuration_recorder(ConfigurationRecorder={
        "name": "default", "roleARN": f"arn:aws:iam::{MANAGEMENT}:role/service-role-000",
        "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True}})
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "seeded-trail-logs"})
    config.start_configuration_recorder(ConfigurationRecorderName="default")
    made.update(trails=["organization-trail"], config_regions=[HOME])


def main():
    # The server draws its ids from here on in the same order each time.
    urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/moto-api/seed?a=42", method="POST"))
    made = {"management_account": MANAGEMENT, "regions": [HOME, SECOND]}
    organization(made)
    with ThreadPoolExecutor(max_workers=2) as pool:
        for work in [pool.submit(step, made) for step in (principals, identity_center, contacts, workloads, watching)]:
            work.result()
    print(json.dumps(made))


main()
