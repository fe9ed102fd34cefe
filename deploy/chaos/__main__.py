"""`python -m deploy.chaos [--short]`: the table of all faults; status 1 when anything was lost, doubled or stuck."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.chaos.faults import all_faults, short_faults
from deploy.chaos.ledger import Verdict
from deploy.chaos.run import run

KILLS = 20


async def chaos(*, is_short: bool, only: str | None) -> list[Verdict]:
    """Run and print each verdict as it comes."""
    faults = short_faults() if is_short else all_faults(kills=KILLS)
    chosen = [fault for fault in faults if only is None or only in fault.name]
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="medkabinet-chaos-") as folder:
        async for verdict in run(Path(folder), chosen):
            verdicts.append(verdict)
            print(f"{'ok  ' if verdict.is_good else 'BAD '} {verdict.case}: {verdict}", flush=True)
    return verdicts


def main() -> int:
    """Parse, run, print the table."""
    parser = argparse.ArgumentParser(prog="python -m deploy.chaos", description="Kill things under load and count what was lost.")
    parser.add_argument("--short", action="store_true", help="each kind of fault once, quickly")
    parser.add_argument("--only", help="faults whose name contains this")
    asked = parser.parse_args()
    verdicts = asyncio.run(chaos(is_short=asked.short, only=asked.only))
    table = Table(
        "fault",
        "accepted",
        "lost",
        "doubled",
        "stuck",
        "disordered",
        "dead letters",
        "repeated",
        "",
        "notes",
        title="Medkabinet under faults",
    )
    for verdict in verdicts:
        dead = (
            f"{verdict.dead_letters} (meant: {verdict.expected_dead_letters})"
            if verdict.expected_dead_letters
            else str(verdict.dead_letters)
        )
        counts = (verdict.accepted, verdict.lost, verdict.doubled, verdict.stuck, verdict.disordered)
        table.add_row(verdict.case, *map(str, counts), dead, str(verdict.repeated), "ok" if verdict.is_good else "BAD", verdict.notes)
    Console(width=180).print(table)
    return 0 if verdicts and all(verdict.is_good for verdict in verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
