"""Between the domain's dataclasses and documents of the store."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from chassis.errors import Conflict
from chassis.mongo import Document, Session
from chassis.transaction import Overtaken, Transaction


class StaleRecord(Conflict):
    """Somebody else wrote the record since it was read."""

    code = "stale-record"

    def __init__(self) -> None:
        super().__init__("Данные изменились, пока вы с ними работали. Повторите действие.")


@contextmanager
def overtaken_if_stale() -> Iterator[None]:
    """For writes of what was read before the transaction: who was overtaken runs again instead of being refused."""
    try:
        yield
    except StaleRecord:
        raise Overtaken from None


def plain(value: Any) -> Any:
    """The value as the store takes it: dataclasses as documents, days as text, enums as values, sets sorted."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def document_of(aggregate: Any, *, without: frozenset[str] = frozenset(), schema_version: int = 1) -> Document:
    """The document of an aggregate, `id` as `_id`, its version one higher than that of the aggregate read."""
    document: Document = plain(aggregate)
    document["_id"] = document.pop("id")
    document["version"] += 1
    document["schema_version"] = schema_version
    return {name: value for name, value in document.items() if name not in without}


def session_of(tx: Transaction | None) -> Session | None:
    """The session of reads in a transaction; None for reads ahead of one."""
    return None if tx is None else tx.session


def present(values: Mapping[str, Any]) -> Document:
    """Without what is None or empty: absent fields are not encrypted."""
    return {name: value for name, value in values.items() if value not in (None, [], ())}
