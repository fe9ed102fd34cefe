"""CSV for people's spreadsheets: semicolons and a byte order mark as Excel in Russian expects, no cell that acts as a formula."""

import csv
import io
from collections.abc import Iterable, Iterator

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """The table, line by line."""
    yield b"\xef\xbb\xbf"
    yield _line(header)
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue().encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
