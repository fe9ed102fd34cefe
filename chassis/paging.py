"""Cursor paging: a page is asked for by limit and an opaque cursor, and names the cursor of the next one."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel

from chassis.errors import FieldError, Invalid

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_CURSOR_LENGTH = 1024
_MAX_INT = 2**63 - 1

CursorValue = str | int | float | bool | datetime | UUID | None
Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is None on the last."""

    items: list[Item]
    next_cursor: str | None


class BadCursor(Invalid):
    """A cursor this service did not make, or made for another list."""

    code = "bad-cursor"


def check_cursor(*, is_of_this_list: bool) -> None:
    """For what types do not tell: a cursor of the same shape from another list or order. Raises `BadCursor`."""
    if not is_of_this_list:
        raise _bad()


def encode_cursor(*values: CursorValue) -> str:
    """The sort values of a page's last item, as one opaque word."""
    text = json.dumps([_tagged(value) for value in values], ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """What `encode_cursor` was given. With `types` the number and types of values must fit them; `BadCursor` otherwise."""
    try:
        values = tuple(_untagged(pair) for pair in _parts(cursor))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError, binascii.Error):
        raise _bad() from None
    if types and (len(values) != len(types) or any(type(value) is not wanted for value, wanted in zip(values, types, strict=True))):
        raise _bad()
    return values


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for; `cursor` None is the first."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """The values to continue after, or None for the first page; raises `BadCursor`."""
        return None if self.cursor is None else decode_cursor(self.cursor, *types)


def page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Сколько записей вернуть.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR_LENGTH, description="next_cursor предыдущей страницы.")] = None,
) -> PageRequest:
    """`limit` and `cursor` of the query; a malformed cursor is refused at once."""
    if cursor is not None:
        decode_cursor(cursor)
    return PageRequest(limit, cursor)


PageQuery = Annotated[PageRequest, Depends(page_request)]


def _parts(cursor: str) -> list[Any]:
    if not cursor or len(cursor) > MAX_CURSOR_LENGTH:
        raise ValueError("length")
    raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    parts = json.loads(raw)
    if not isinstance(parts, list):
        raise TypeError("not a list")
    return parts


def _tagged(value: CursorValue) -> CursorValue | list[Any]:
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    if isinstance(value, UUID):
        return ["u", str(value)]
    return value


def _untagged(value: Any) -> CursorValue:
    if isinstance(value, list):
        kind, text = value
        return _moment(text) if kind == "t" else _identifier(kind, text)
    if isinstance(value, str):
        value.encode()
        return value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and abs(value) <= _MAX_INT:
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    raise TypeError("not a cursor value")


def _identifier(kind: Any, text: Any) -> UUID:
    if kind != "u" or not isinstance(text, str):
        raise TypeError("not a cursor value")
    return UUID(text)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("naive")
    return moment.astimezone(UTC)


def _bad() -> BadCursor:
    wrong = FieldError("#query:cursor", "bad-cursor", "Возьмите next_cursor из ответа с предыдущей страницей этого же списка.")
    return BadCursor("Страница списка указана неверно.", errors=[wrong])
