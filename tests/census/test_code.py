"""Rules of the code that no linter knows: sizes, errors, time, the driver, what may be logged."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.census.source import PACKAGES, ROOT, Source, dotted, plant, sources

LONGEST_FILE, LONGEST_FUNCTION = 400, 60
CATCH_ALL = {"chassis/broker.py", "chassis/problems/mapping.py"}
"""The two places where every error ends: as an answer, and as the fate of a message."""
CLOCK = {"chassis/clock.py"}
STORE = {"chassis/mongo.py", "chassis/transaction.py"}
DRIVER = re.compile(r"motor\b|pymongo\.(asynchronous|AsyncMongoClient)\b")
PRODUCT = ("contracts", "chassis", "services")

PERSONAL_WORDS = re.compile(
    r"(^|_)(surname|patronymic|salutation|phone|e?mail|snils|inn|passport|birth|birthday|address|password|secret|token|pepper)(_|$)"
)
WHOLE_THINGS = re.compile(
    r"event|body|command|document|facts|profile|person|name|given_name|payload|values|headers|comment|text|message|request"
)
LOG_METHODS = {"debug", "info", "warning", "warn", "error", "exception", "critical", "bind", "new", "msg", "log"}
LOGGERS = re.compile(r"(^|\.)_?log(ger)?$", re.IGNORECASE)


def too_long_files(found: list[Source]) -> Iterator[str]:
    for source in found:
        lines = len(source.text.splitlines())
        if lines > LONGEST_FILE:
            yield f"{source.name}: {lines} lines, split it by feature at {LONGEST_FILE}"


def too_long_functions(found: list[Source]) -> Iterator[str]:
    for source in found:
        for function in source.functions():
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield f"{source.at(function)}: {function.name} has {lines} lines, at most {LONGEST_FUNCTION}"


def catch_alls(found: list[Source]) -> Iterator[str]:
    for source in found:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ExceptHandler) and source.name not in CATCH_ALL:
                caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                for kind in caught:
                    if kind is None or (dotted(kind) == "Exception" and not _raises_again(node)):
                        yield f"{source.at(node)}: catches everything"
            elif isinstance(node, ast.Call) and dotted(node.func).endswith("suppress") and "Exception" in map(dotted, node.args):
                yield f"{source.at(node)}: suppresses everything"


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None


def sleeps(found: list[Source]) -> Iterator[str]:
    return (f"{source.at(call)}: time.sleep" for source in found for call in source.calls() if dotted(call.func) == "time.sleep")


def own_clocks(found: list[Source]) -> Iterator[str]:
    asking = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    for source in found:
        if source.name in CLOCK:
            continue
        for call in source.calls():
            if any(dotted(call.func) == name or dotted(call.func).endswith(f".{name}") for name in asking):
                yield f"{source.at(call)}: {dotted(call.func)} asks the machine, time comes from chassis.clock"


def drivers(found: list[Source]) -> Iterator[str]:
    for source in found:
        for node in ast.walk(source.tree):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [f"{node.module}.{alias.name}" for alias in node.names]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if any(DRIVER.match(name) for name in names) and source.name not in STORE:
                yield f"{source.at(node)}: imports the driver"


def personal_logs(found: list[Source]) -> Iterator[str]:
    for source in found:
        for call in source.calls():
            match call.func:
                case ast.Attribute(value=logger, attr=method) if method in LOG_METHODS and LOGGERS.search(dotted(logger)):
                    yield from (f"{source.at(call)}: {reason}" for reason in _wrong_with_log_call(call, method))


def _wrong_with_log_call(call: ast.Call, method: str) -> Iterator[str]:
    if method not in ("bind", "new") and not (len(call.args) == 1 and isinstance(call.args[0], ast.Constant)):
        yield "a log line is a constant event name and keywords"
    for keyword in call.keywords:
        name = keyword.arg or "**"
        if name == "**":
            yield "logs a whole mapping"
        elif WHOLE_THINGS.fullmatch(name) or PERSONAL_WORDS.search(name):
            yield f"logs {name}"
        if isinstance(keyword.value, ast.JoinedStr) or (
            isinstance(keyword.value, ast.Call) and dotted(keyword.value.func) in ("str", "repr") and name == "error"
        ):
            yield f"logs the words of {name}"


RULES: dict[str, tuple[Callable[[list[Source]], Iterator[str]], tuple[str, ...]]] = {
    "files are short": (too_long_files, PACKAGES),
    "functions are short": (too_long_functions, PACKAGES),
    "errors are caught by name": (catch_alls, PACKAGES),
    "nothing sleeps on a thread": (sleeps, PACKAGES),
    "time comes from the clock": (own_clocks, PRODUCT),
    "two modules know the driver": (drivers, PRODUCT),
    "logs hold no personal data": (personal_logs, PRODUCT),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_code_keeps_the_rule(rule: str) -> None:
    check, folders = RULES[rule]
    assert list(check(sources(ROOT, *folders))) == []


BAD = {
    "files are short": ["x = 1\n" * (LONGEST_FILE + 1)],
    "functions are short": ["def long():\n" + "    x = 1\n" * LONGEST_FUNCTION],
    "errors are caught by name": [
        "try:\n    x\nexcept Exception:\n    pass",
        "try:\n    x\nexcept:\n    pass",
        "try:\n    x\nexcept (ValueError, Exception) as error:\n    log(error)",
        "import contextlib\nwith contextlib.suppress(Exception):\n    x",
    ],
    "nothing sleeps on a thread": ["import time\ntime.sleep(1)"],
    "time comes from the clock": [
        "from datetime import UTC, datetime\nnow = datetime.now(UTC)",
        "import datetime\nnow = datetime.datetime.utcnow()",
        "from datetime import date\ntoday = date.today()",
    ],
    "two modules know the driver": [
        "from pymongo import AsyncMongoClient",
        "import pymongo.asynchronous.collection as m",
        "from pymongo.asynchronous.client_session import AsyncClientSession",
        "from motor.motor_asyncio import AsyncIOMotorClient",
    ],
    "logs hold no personal data": [
        "log.info('signed-in', phone=phone)",
        "logger.info('signed-in', person_email=email)",
        "self._log.warning('refused', passport_number=number)",
        "log.info('received', body=body)",
        "log.info('received', event=event)",
        "log.info(f'received {event}')",
        "log.info('received %s', event)",
        "log.info('received', **values)",
        "log.bind(snils=snils)",
        "log.error('failed', error=str(error))",
        "log.error('failed', error=f'{error}')",
    ],
}
GOOD = {
    "errors are caught by name": ["try:\n    x\nexcept ValueError:\n    pass", "try:\n    x\nexcept Exception:\n    undo()\n    raise"],
    "time comes from the clock": ["now = self.now()", "moment = datetime.fromisoformat(text)"],
    "logs hold no personal data": [
        "log.info('signed-in', person_id=person_id, attempt=2)",
        "log.error('failed', error=type(error).__name__)",
    ],
}


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in BAD.items() for text in texts])
def test_a_planted_breach_is_found(rule: str, text: str, tmp_path: Path) -> None:
    check, _ = RULES[rule]
    assert list(check(sources(plant(tmp_path, {"services/planted.py": text}), "services")))


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in GOOD.items() for text in texts])
def test_what_keeps_the_rule_is_left_alone(rule: str, text: str, tmp_path: Path) -> None:
    check, _ = RULES[rule]
    assert list(check(sources(plant(tmp_path, {"services/planted.py": text}), "services"))) == []


def test_every_rule_has_a_planted_breach() -> None:
    assert BAD.keys() == RULES.keys()
