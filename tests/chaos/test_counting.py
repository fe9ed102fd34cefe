"""What the table of faults counts by: deaths, the order of events, messages at the providers."""

import sys
from pathlib import Path

import pytest

from deploy.chaos.broker import Order
from deploy.chaos.checks import mailed_twice, repeated
from deploy.chaos.faults import NotInflicted, keep_running
from deploy.chaos.ledger import Ledger
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
