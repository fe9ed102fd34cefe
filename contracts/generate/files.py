"""The generated files: `schemas/`, `asyncapi.yaml`; the frozen ones: `released/`, `golden/`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.base import Event
from contracts.envelope import headers_of
from contracts.generate.asyncapi import asyncapi_text
from contracts.generate.compatibility import incompatibilities, unreadable
from contracts.generate.samples import golden_message, sample_of
from contracts.generate.schemas import declared_events, schema_of, to_text


@dataclass(frozen=True)
class ContractFiles:
    """The committed files below `root` and what the classes say they should be."""

    root: Path

    def expected(self) -> dict[Path, str]:
        """Every generated file and its text."""
        schemas = {self.root / "schemas" / f"{event.type}.json": to_text(schema_of(event)) for event in declared_events()}
        return schemas | {self.root / "asyncapi.yaml": asyncapi_text()}

    def write(self) -> None:
        """Bring the generated files up to date; schemas of events that are gone go too."""
        expected = self.expected()
        (self.root / "schemas").mkdir(exist_ok=True)
        for stale in set((self.root / "schemas").glob("*.json")) - set(expected):
            stale.unlink()
        for path, text in expected.items():
            path.write_text(text)

    def drift(self) -> list[str]:
        """Each generated file that is not what the classes say."""
        expected = self.expected()
        found = [
            f"{path.name}: drifted from the classes, run `python -m contracts.generate`"
            for path, text in expected.items()
            if _text(path) != text
        ]
        stale = set((self.root / "schemas").glob("*.json")) - set(expected)
        return found + [f"{path.name}: no such event any more, run `python -m contracts.generate`" for path in sorted(stale)]

    def incompatible(self) -> list[str]:
        """Each promise of a released version that the classes break."""
        present = {event.type: event for event in declared_events()}
        found = []
        for path in sorted((self.root / "released").glob("*.json")):
            event = present.get(path.stem)
            if event is None:
                found.append(
                    f"{path.stem}: released and gone; it stays until no queue binds it, then its released and golden files go with it"
                )
            else:
                found += [f"{event.type}: {reason}; declare a new major version beside it" for reason in self._broken(path, event)]
        return found

    def release(self) -> list[str]:
        """Freeze every schema that is new or changed, with a golden message of it; returns their names."""
        for name in ("released", "golden"):
            (self.root / name).mkdir(exist_ok=True)
        done = []
        for event in declared_events():
            released, text = self.root / "released" / f"{event.type}.json", to_text(schema_of(event))
            if _text(released) == text:
                continue
            minor = len(self.golden_files(event))
            headers = headers_of(sample_of(event), causation_id="golden")
            released.write_text(text)
            (self.root / "golden" / f"{event.type}.{minor}.json").write_text(to_text(golden_message(event, headers)))
            done.append(f"{event.type}.{minor}")
        return done

    def golden_files(self, event: type[Event]) -> list[Path]:
        """Messages of every released version of an event, oldest first."""
        found = (self.root / "golden").glob(f"{event.type}.*.json")
        return sorted(found, key=lambda path: int(path.stem.rpartition(".")[2]))

    def _broken(self, released: Path, event: type[Event]) -> list[str]:
        found = incompatibilities(_read(released), schema_of(event))
        golden = self.golden_files(event)
        if not golden:
            found.append("released without a golden message")
        for path in golden:
            found += [f"{path.name} is not understood any more ({reason})" for reason in unreadable(_read(path), event)]
        return found


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document
