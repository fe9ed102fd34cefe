"""Alert rules as Prometheus reads them: they are sound, and call operations when they should."""

import subprocess
from pathlib import Path

import pytest

from deploy.local.servers import PROJECT

RULES = sorted((PROJECT / "deploy/alerts").glob("*.rules.yml"))


def promtool(*arguments: str | Path) -> str:
    command = ["promtool", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@pytest.mark.parametrize("rules", RULES, ids=lambda file: file.name)
def test_rules_are_sound_and_do_what_their_tests_say(rules: Path) -> None:
    assert "SUCCESS" in promtool("check", "rules", "--lint-fatal", rules)
    assert "SUCCESS" in promtool("test", "rules", rules.with_suffix(".test.yml"))


def test_a_rule_that_says_something_else_is_found(tmp_path: Path) -> None:
    [file] = RULES
    (tmp_path / file.name).write_text(file.read_text().replace("> 0", "> 1"))
    (tmp_path / "changed.test.yml").write_text(file.with_suffix(".test.yml").read_text())
    with pytest.raises(AssertionError, match="FAILED"):
        promtool("test", "rules", tmp_path / "changed.test.yml")
