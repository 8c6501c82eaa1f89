"""Makes a table of a trail's log on a local server: the statement and the rows come as JSON on standard input.

    python ministack_seed.py http://127.0.0.1:PORT ACCOUNT < {"database", "ddl", "buckets", "objects": {"bucket/key": text}}

The server reads rows that are JSON lines with the names of the columns, partitions included; it does not know the input
format of CloudTrail's files.
"""

import json
import sys
import time

import boto3

ENDPOINT, ACCOUNT = sys.argv[1:3]
made = json.load(sys.stdin)


def client(service):
    return boto3.client(
        service, region_name="us-east-1", endpoint_url=ENDPOINT,
        aws_access_key_id=ACCOUNT, aws_secret_access_key="test",
    )


s3, athena = client("s3"), client("athena")
for bucket in made["buckets"]:
    s3.create_bucket(Bucket=bucket)
for place, text in made["objects"].items():
    bucket, key = place.split("/", 1)
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
client("glue").create_database(DatabaseInput={"Name": made["database"]})
query = athena.start_query_execution(
    QueryString=made["ddl"],
    QueryExecutionContext={"Database": made["database"]},
    ResultConfiguration={"OutputLocation": f"s3://{made['buckets'][0]}/made/"},
)["QueryExecutionId"]
for _ in range(200):
    status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
    if status["State"] not in ("QUEUED", "RUNNING"):
        break
    time.sleep(0.05)
if status["State"] != "SUCCEEDED":
    sys.exit(f"the table could not be made: {status}")
