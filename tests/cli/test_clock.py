"""`medkabinet clock` moves the time of every process that reads the same file."""

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chassis.clock import SandboxClock
from deploy.cli.main import app


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxClock:
    monkeypatch.setenv("SANDBOX_CLOCK_FILE", str(tmp_path / "clock.json"))
    return SandboxClock(tmp_path / "clock.json")


def test_the_clock_is_moved_shown_and_reset(clock: SandboxClock) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["clock", "move", "2d"]).exit_code == 0
    assert runner.invoke(app, ["clock", "move", "-12h"]).exit_code == 0
    assert clock.offset == timedelta(hours=36)
    assert "1 day, 12:00:00" in runner.invoke(app, ["clock", "show"]).stdout
    assert runner.invoke(app, ["clock", "reset"]).exit_code == 0
    assert clock.offset == timedelta()


def test_a_wrong_duration_is_refused_in_words(clock: SandboxClock) -> None:
    answer = CliRunner().invoke(app, ["clock", "move", "soon"])
    assert answer.exit_code == 1
    assert "«soon» не длительность" in answer.stderr
    assert clock.offset == timedelta()


def test_the_clock_stands_still_in_production(clock: SandboxClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    answer = CliRunner().invoke(app, ["clock", "move", "2d"])
    assert answer.exit_code == 1
    assert "только при разработке" in answer.stderr
    assert clock.offset == timedelta()


def test_without_a_stack_the_command_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_CLOCK_FILE", raising=False)
    monkeypatch.setenv("LOCAL_DATA_DIR", str(tmp_path))
    answer = CliRunner().invoke(app, ["clock", "show"])
    assert answer.exit_code == 1
    assert "make run" in answer.stderr
