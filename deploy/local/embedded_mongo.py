"""Runs SecantusDB, the embedded MongoDB of development and tests: `python -m deploy.local.embedded_mongo PORT FOLDER`.

The only module that imports it, and always in a process of its own.
"""

import gc
import signal
import sys
import threading

from secantus import SecantusDBServer

TRANSACTION_LIFETIME_SECONDS = 8
"""A killed process leaves its transaction open this long; its documents answer WriteConflict meanwhile."""


_DAY_SECONDS = 86_400
"""mongod keeps idle connections; SecantusDB would close them after five minutes, under drivers that do not expect it."""


def main() -> None:
    """Serve until SIGTERM or SIGINT; the lock of the folder is free when the process has ended."""
    port, folder = int(sys.argv[1]), sys.argv[2]
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server = SecantusDBServer(
        port=port,
        storage_path=folder,
        transaction_lifetime_seconds=TRANSACTION_LIFETIME_SECONDS,
        ttl_sweep_seconds=10,
        cache_size="128M",
        client_idle_timeout_s=_DAY_SECONDS,
        # without it a kill loses what was acknowledged in the last 50 ms (27 of 200 transactions measured); with it none of 1,200
        sync_on_commit=True,
    )
    server.start()
    gc.freeze()  # what is loaded is no garbage: every collection while documents are read went through all of it
    stopped.wait()
    server.stop()


if __name__ == "__main__":
    main()
