"""`python -m deploy.chaos [--short]`: the table of all faults; status 1 when anything was lost, doubled or stuck.

`python -m deploy.chaos uploads [--uploads 1000 --clients 20]`: files alone, while everything they pass through is killed in turn.
`python -m deploy.chaos applications [--walks 7 --walkers 2]`: from draft to certificate, while each process is killed at each step.
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.chaos.applications import run_applications, walkers_of
from deploy.chaos.faults import all_faults, short_faults
from deploy.chaos.ledger import Verdict
from deploy.chaos.run import run
from deploy.chaos.uploads import Files, run_uploads

KILLS = 20


async def chaos(folder: Path, *, is_short: bool, only: str | None) -> list[Verdict]:
    """All faults, or those asked for, on one stack."""
    faults = short_faults() if is_short else all_faults(kills=KILLS)
    chosen = [fault for fault in faults if only is None or only in fault.name]
    return await told(run(folder, chosen, others=walkers_of(1)))


async def told(verdicts: AsyncIterator[Verdict]) -> list[Verdict]:
    """Print each as it comes."""
    kept = []
    async for verdict in verdicts:
        kept.append(verdict)
        print(f"{'ok  ' if verdict.is_good else 'BAD '} {verdict.case}: {verdict}", flush=True)
    return kept


def main() -> int:
    """Parse, run, print the table."""
    parser = argparse.ArgumentParser(prog="python -m deploy.chaos", description="Kill things under load and count what was lost.")
    parser.add_argument("--short", action="store_true", help="each kind of fault once, quickly")
    parser.add_argument("--only", help="faults whose name contains this")
    alone = parser.add_subparsers(dest="what")
    uploads = alone.add_parser("uploads", help="files alone, many")
    uploads.add_argument("--uploads", type=int, default=1000)
    uploads.add_argument("--clients", type=int, default=20)
    applications = alone.add_parser("applications", help="draft to certificate, each process killed at each step")
    applications.add_argument("--walks", type=int, help="fewer than the whole square")
    applications.add_argument("--walkers", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="medkabinet-chaos-") as folder:
        if asked.what == "uploads":
            verdict, files = asyncio.run(run_uploads(Path(folder), uploads=asked.uploads, clients=asked.clients))
            return _print([verdict], files)
        if asked.what == "applications":
            return _print(asyncio.run(told(run_applications(Path(folder), walks=asked.walks, walkers=asked.walkers))))
        return _print(asyncio.run(chaos(Path(folder), is_short=asked.short, only=asked.only)))


def _print(verdicts: list[Verdict], files: Files | None = None) -> int:
    names = ("fault", "accepted", "lost", "doubled", "stuck", "disordered", "dead letters", "repeated", "", "notes")
    table = Table(*names, title="Medkabinet under faults")
    for verdict in verdicts:
        dead = (
            f"{verdict.dead_letters} (meant: {verdict.expected_dead_letters})"
            if verdict.expected_dead_letters
            else str(verdict.dead_letters)
        )
        counts = (verdict.accepted, verdict.lost, verdict.doubled, verdict.stuck, verdict.disordered)
        table.add_row(verdict.case, *map(str, counts), dead, str(verdict.repeated), "ok" if verdict.is_good else "BAD", verdict.notes)
    console = Console(width=180)
    console.print(table)
    if files is not None:
        console.print(f"{'ok' if files.is_good else 'BAD'}: {files}")
    is_good = bool(verdicts) and all(verdict.is_good for verdict in verdicts) and (files is None or files.is_good)
    return 0 if is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
