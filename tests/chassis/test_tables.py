"""CSV for people's spreadsheets: no cell acts as a formula, and what was written comes back."""

import csv
import io
from collections.abc import AsyncIterator

import pytest

from chassis.tables import csv_lines, csv_portions


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(start: str) -> None:
    [[cell]] = read(b"".join(csv_lines([f'{start}HYPERLINK("http://x";"y")'], [])))
    assert cell == f'\'{start}HYPERLINK("http://x";"y")'


@pytest.mark.parametrize("text", ["'quoted", 'a"b', "a;b", "две\nстроки", "1=1", "a@b.example"])
def test_other_cells_come_back_as_they_were(text: str) -> None:
    assert read(b"".join(csv_lines(["x"], [[text]]))) == [["x"], [text]]


async def test_portions_make_the_same_table_and_begin_with_a_byte_order_mark() -> None:
    async def portions() -> AsyncIterator[list[list[str]]]:
        yield [["1", "а"], ["2", "б"]]
        yield []
        yield [["3", "в"]]

    made = b"".join([part async for part in csv_portions(["№", "буква"], portions())])
    assert made == b"".join(csv_lines(["№", "буква"], [["1", "а"], ["2", "б"], ["3", "в"]]))
    assert made.startswith(b"\xef\xbb\xbf")
