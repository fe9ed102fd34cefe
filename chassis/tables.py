"""CSV for people's spreadsheets: semicolons and a byte order mark as Excel in Russian expects, no cell that acts as a formula."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """The table, line by line."""
    yield _head(header)
    for row in rows:
        yield _line(row)


async def csv_portions(header: Iterable[str], portions: AsyncIterable[Iterable[Iterable[str]]]) -> AsyncIterator[bytes]:
    """A table of any length, a portion of its rows at a time."""
    yield _head(header)
    async for rows in portions:
        yield b"".join(_line(row) for row in rows)


def _head(header: Iterable[str]) -> bytes:
    return b"\xef\xbb\xbf" + _line(header)


def _line(cells: Iterable[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue().encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
