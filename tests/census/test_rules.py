"""The page of rules says what the tables say."""

import re
from pathlib import Path

import pytest

from deploy.rules import page
from deploy.rules.__main__ import main
from services.applications.domain.rulebook import FILES, parse
from services.applications.domain.states import Move
from services.applications.gateways import read_rulebook
from services.applications.gateways.rulebook import PACKAGED


def test_the_page_in_git_is_the_one_made_from_the_tables() -> None:
    assert main(["--check"]) == 0, "run python -m deploy.rules"


def test_a_changed_minimum_makes_the_page_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {name: (PACKAGED / name).read_text() for name in FILES}
    texts["kinds.toml"] = texts["kinds.toml"].replace("minimum_training_hours = 144", "minimum_training_hours = 145")
    (tmp_path / "rules.md").write_text(page.render(parse(texts)))
    monkeypatch.setattr("deploy.rules.__main__.FILE", tmp_path / "rules.md")
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert (tmp_path / "rules.md").read_text() == page.FILE.read_text()


def test_every_row_and_every_move_is_on_the_page() -> None:
    text, book = page.FILE.read_text(), read_rulebook()
    rows = sum(len(versions) for table in book.tables.all().values() for versions in table.values())
    assert len(re.findall(r"\| с \d\d\.\d\d\.\d{4}", text)) == rows
    assert [move.value for move in Move if f"(`{move.value}`)" not in text] == []
