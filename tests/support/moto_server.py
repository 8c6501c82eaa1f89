"""Runs moto on a free loopback port and prints that port; ends when its standard input closes.

The parent holds the other end of the pipe, so that no server outlives a test run, however it ended.
"""

import logging
import os
import sys

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
# Would give every caller the same account.
os.environ.pop("MOTO_ACCOUNT_ID", None)

from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # noqa: E402

from moto.iam.models import iam_backends  # noqa: E402

# Only the management account gets the AWS managed policies: each member account would take a second for them.
iam_backends["123456789012"]["aws"]
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "false"
logging.getLogger("werkzeug").setLevel(logging.ERROR)

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
os._exit(0)
