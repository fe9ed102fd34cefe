"""What the table of faults counts by: deaths, the order of events, messages at the providers."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from deploy.chaos.broker import Order
from deploy.chaos.checks import mailed_twice, repeated
from deploy.chaos.faults import NotInflicted, keep_running
from deploy.chaos.ledger import Ledger
from deploy.chaos.uploads import Files
from deploy.local.process import ChildProcess


def _child(folder: Path, code: str) -> ChildProcess:
    async def is_ready() -> bool:
        return True

    return ChildProcess("child", [sys.executable, "-c", code], folder / "log", is_ready)


async def test_deaths_by_sigkill_are_counted(tmp_path: Path) -> None:
    child = _child(tmp_path, "import os; os.kill(os.getpid(), 9)")
    child.start()
    try:
        assert (await keep_running([child], {"child": "after-commit"}, 0))["after-commit"] >= 1
    finally:
        await child.stop()


@pytest.mark.parametrize(
    ("code", "words"),
    [("raise SystemExit(3)", "status 3"), ("import time; time.sleep(60)", "nobody died after-commit")],
    ids=["exit", "lives"],
)
async def test_anything_else_is_no_crash(tmp_path: Path, code: str, words: str) -> None:
    child = _child(tmp_path, code)
    child.start()
    try:
        with pytest.raises(NotInflicted, match=words):
            await keep_running([child], {"child": "after-commit"}, 0, death_seconds=2 if "status" in words else 0.3)
    finally:
        await child.stop()


@pytest.mark.parametrize(
    ("arrivals", "inversions"),
    [
        ([("a", "s", 1), ("b", "s", 2), ("c", "t", 1)], 0),
        ([("a", "s", 1), ("b", "s", 2), ("a", "s", 1)], 0),
        ([("b", "s", 2), ("a", "s", 1)], 1),
    ],
    ids=["in-order", "repeated", "overtaken"],
)
def test_versions_of_a_stream_must_rise(arrivals: list[tuple[str, str, int]], inversions: int) -> None:
    order = Order()
    for arrival in arrivals:
        order.take(*arrival)
    assert order.inversions == inversions


def _mail(message_id: str, subject: str = "Обращение принято") -> dict[str, object]:
    return {"message_id": message_id, "subject": subject, "recipients": ["a@example.org"], "links": ["http://cabinet/tickets/t1"]}


def test_a_repeated_mail_is_not_a_doubled_effect() -> None:
    mails = [_mail("1"), _mail("1"), _mail("2", "Ответ")]
    assert (repeated(mails), mailed_twice(mails, Ledger(tickets=["t1"]))) == (1, 0)


def test_two_messages_of_the_same_are_a_doubled_effect() -> None:
    mails = [_mail("1"), _mail("2")]
    assert (repeated(mails), mailed_twice(mails, Ledger(tickets=["t1"]))) == (0, 1)


def _files(**counts: object) -> Files:
    good = {"asked": 3, "accepted": 3, "stored": 3, "checked": Counter(accepted=3), "damaged": 0, "collected": 1, "orphans": 0}
    return Files(**{**good, **counts})  # type: ignore[arg-type]


def test_files_are_good_when_each_is_accepted_stored_and_checked_once() -> None:
    assert _files().is_good


@pytest.mark.parametrize(
    "counts",
    [
        {"accepted": 2},
        {"stored": 2},
        {"checked": Counter(accepted=2, checking=1)},
        {"checked": Counter(accepted=3, rejected=1)},
        {"checked": Counter(accepted=4)},
        {"damaged": 1},
        {"orphans": 1},
    ],
    ids=["not-answered", "not-stored", "no-verdict", "wrong-verdict", "doubled", "damaged", "orphan"],
)
def test_one_wrong_count_makes_them_bad(counts: dict[str, object]) -> None:
    assert not _files(**counts).is_good
