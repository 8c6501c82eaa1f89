"""Runs ministack on a free loopback port and prints that port; ends when its standard input closes.

It executes Athena's SQL with DuckDB, in memory. The parent holds the other end of the pipe, so that no server outlives a
test run, however it ended.
"""

import os
import socket
import sys
import threading
import time

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    PORT = free.getsockname()[1]

os.environ.update(BIND_HOST="127.0.0.1", GATEWAY_PORT=str(PORT), ATHENA_ENGINE="duckdb", PERSIST_STATE="0")
# What it prints goes to the log: only the port may stand on the standard output.
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def watch():
    sys.stdin.read()
    os._exit(0)


def tell():
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                break
        time.sleep(0.05)
    print(PORT, file=out, flush=True)


threading.Thread(target=watch, daemon=True).start()
threading.Thread(target=tell, daemon=True).start()

from ministack.app import main  # noqa: E402

main()
