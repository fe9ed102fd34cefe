"""Runs SecantusDB, the embedded MongoDB of development and tests: `python -m deploy.local.embedded_mongo PORT FOLDER kept|passing`.

The only module that imports it, and always in a process of its own.
"""

import gc
import signal
import sys
import threading
from typing import Any

from secantus import SecantusDBServer
from secantus.transactions import TransactionRegistry

from deploy.local import embedded_packing

TRANSACTION_LIFETIME_SECONDS = 8
"""A killed process leaves its transaction open this long; its documents answer WriteConflict meanwhile."""


_DAY_SECONDS = 86_400
"""mongod keeps idle connections; SecantusDB would close them after five minutes, under drivers that do not expect it."""

REPEATABLE_SECONDS = 30 * 60
REPEATABLE_WRITES = 10_000
"""For so long, and of so many writes, the answer is kept for a driver that repeats one; as SecantusDB itself does it."""


def forget_oldest(registry: Any) -> None:
    """What SecantusDB does at every write, but from the oldest answer on and no further.

    Its own way looks at all answers each time and, once there are ten thousand, sorts them: a write then takes 9 ms instead of 1.
    """
    kept, since = registry._retryable, registry._time() - REPEATABLE_SECONDS  # noqa: SLF001  # there is no other way in
    while kept:
        oldest = next(iter(kept))
        if kept[oldest][1] >= since and len(kept) <= REPEATABLE_WRITES:
            return
        del kept[oldest]


def main() -> None:
    """Serve until SIGTERM or SIGINT; the lock of the folder is free when the process has ended."""
    port, folder, is_kept = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "kept"
    embedded_packing.install()
    TransactionRegistry._prune_retryable_locked = forget_oldest  # noqa: SLF001
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
        sync_on_commit=is_kept,
    )
    server.start()
    gc.freeze()  # what is loaded is no garbage: every collection while documents are read went through all of it
    stopped.wait()
    server.stop()


if __name__ == "__main__":
    main()
