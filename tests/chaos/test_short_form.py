"""The short form of `make chaos`: each kind of fault once, on the whole system under load, while somebody walks to a certificate.

`CHAOS_THINK_SECONDS` sets how long each person waits between two acts; with 0 they send as fast as they are answered.
"""

import os
from pathlib import Path

import pytest

from deploy.chaos.applications import walkers_of
from deploy.chaos.faults import short_faults
from deploy.chaos.ledger import Ledger, Verdict
from deploy.chaos.run import run

THINK_SECONDS = float(os.environ.get("CHAOS_THINK_SECONDS", "0.3"))
"""Leaves the machine to what starts again; a backlog of minutes would show nothing more."""


@pytest.mark.timeout(400)
async def test_nothing_is_lost_doubled_or_stuck(tmp_path: Path) -> None:
    verdicts = [verdict async for verdict in run(tmp_path, short_faults(), clients=2, think_seconds=THINK_SECONDS, others=walkers_of(1))]
    assert len(verdicts) == len(short_faults())
    bad = [str(verdict) for verdict in verdicts if not verdict.is_good]
    assert not bad, "\n".join(bad)
    assert sum(verdict.certified for verdict in verdicts) >= 1, "nobody walked the whole way"


@pytest.mark.parametrize(
    "numbers",
    [{"lost": 1}, {"doubled": 1}, {"stuck": 1}, {"disordered": 1}, {"dead_letters": 1}, {"accepted": 0}, {"expected_dead_letters": 1}],
    ids=lambda numbers: next(iter(numbers)),
)
def test_a_bad_number_makes_a_bad_verdict(numbers: dict[str, int]) -> None:
    counts = {"accepted": 5, "lost": 0, "doubled": 0, "stuck": 0, "dead_letters": 0, "expected_dead_letters": 0} | numbers
    assert not Verdict("case", **counts).is_good  # type: ignore[arg-type]


def test_a_ledger_counts_every_promise() -> None:
    ledger = Ledger(tickets=["a"], documents=["b"], applications=["c"], withdrawn=["c"], certified=["d"], refreshed=1)
    assert ledger.accepted == 6
