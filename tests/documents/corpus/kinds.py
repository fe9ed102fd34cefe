"""The table of kinds of files."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from services.documents.domain.rules import MediaType
from tests.documents.corpus.makers import MAKERS

_TABLE = tomllib.loads(Path(__file__).with_name("table.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Kind:
    """What is sent, and the codes of what is found."""

    id: str
    maker: str
    type: str
    name: str
    declared: str
    codes: list[str]

    @property
    def media_type(self) -> str:
        return MediaType[self.declared.upper()].value

    def content(self) -> bytes:
        return MAKERS[self.maker]()


@dataclass(frozen=True)
class Door:
    """How a good PDF of a diploma is announced, and what is answered at once: a refusal with its code, or the name that is kept."""

    id: str
    status: int
    name: str = "Диплом.pdf"
    declared: str = "application/pdf"
    length: str = "right"
    code: str = ""
    kept: str = ""


KINDS = [Kind(**row) for row in _TABLE["kind"]]
DOORS = [Door(**row) for row in _TABLE["door"]]
