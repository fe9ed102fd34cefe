"""The glossary knows the words of the code: every state people meet is in it with the words they see."""

import re
from importlib import import_module

import pytest

from tests.census.source import ROOT

TEXT = (ROOT / "docs/glossary.md").read_text()


def rows(text: str) -> list[list[str]]:
    """The cells of every table row; one word may have a row in several tables."""
    lines = (line for line in text.splitlines() if line.startswith("| "))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def missing_words(text: str, words: dict[str, str]) -> list[str]:
    """States that have no row of their own, or one with another word for people."""
    known = {(first, second) for first, second, *_ in rows(text)}
    return [state for state, word in words.items() if (state, word) not in known]


def test_every_state_of_an_application_is_there_with_the_word_people_see() -> None:
    states = import_module("services.applications.domain.states")
    assert missing_words(TEXT, {state.value: word for state, word in states.WORDS.items()}) == []


def test_every_state_of_a_file_is_there() -> None:
    known = {first for first, *_ in rows(TEXT)}
    states = import_module("services.documents.domain.documents").State
    assert [state.value for state in states if state.value not in known] == []


def test_no_term_is_listed_to_be_avoided_by_itself() -> None:
    assert [term for term, *rest in rows(TEXT) if term in re.split(r"[,(] *", rest[-1])] == []


@pytest.mark.parametrize("words", [{"unknown-state": "Неизвестно"}, {"draft": "Заготовка"}])
def test_a_planted_state_is_missed(words: dict[str, str]) -> None:
    assert missing_words("| draft | Черновик | Being filled in. | new |", words) == list(words)
