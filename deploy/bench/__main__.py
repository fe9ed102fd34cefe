"""`python -m deploy.bench [name ...]`: run all measurements, or those named, and print one table."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from deploy.bench import (
    access_log,
    approvals,
    certificates,
    checks,
    claims,
    events,
    exports,
    growth,
    latency,
    reads,
    sign_in,
    starts,
    uploads,
)
from deploy.bench.report import Figure, print_figures

MEASUREMENTS: dict[str, Callable[[Path], Awaitable[list[Figure]]]] = {
    "latency": latency.measure,
    "events": events.measure,
    "reads": reads.measure,
    "sign-in": sign_in.measure,
    "uploads": uploads.measure,
    "checks": checks.measure,
    "exports": exports.measure,
    "access-log": access_log.measure,
    "certificates": certificates.measure,
    "approvals": approvals.measure,
    "growth": growth.measure,
    "claims": claims.measure,
    "start": starts.measure,
}


async def main(names: list[str]) -> int:
    """Each measurement on fresh servers in a folder of its own."""
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="medkabinet-bench-") as folder:
        for name in names or MEASUREMENTS:
            print(f"measuring {name} …", flush=True)
            figures += await MEASUREMENTS[name](Path(folder) / name)
    print_figures(figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(sys.argv[1:])))
