"""Missing programs of the operating system are named with the command that installs them."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.local import packages
from deploy.local.console import readable


@pytest.fixture
def _nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packages, "PACKAGES", {"some-broker": str(tmp_path / "absent")})
    monkeypatch.setattr(packages, "TEST_PACKAGES", {"some-browser": str(tmp_path / "absent-too")})
    monkeypatch.setattr(packages, "TEST_PROGRAMS", {"some-tool": "some-server"})
    (tmp_path / "apt-get").write_text("#!/bin/sh\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_nothing_is_said_when_nothing_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(packages, "PACKAGES", {"this-file": __file__})
    packages.main()
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("_nothing_installed")
def test_who_may_not_install_is_told_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit) as ended:
        packages.main()
    assert ended.value.code == 3
    assert "sudo apt-get install --no-install-recommends some-broker" in capsys.readouterr().err


@pytest.mark.usefixtures("_nothing_installed")
def test_what_only_the_tests_need_is_asked_for_by_the_tests_alone() -> None:
    assert packages.missing_packages() == ["some-broker"]
    assert packages.missing_packages(for_tests=True) == ["some-broker", "some-browser"]
    assert (packages.missing_programs(), packages.missing_programs(for_tests=True)) == ([], ["some-tool"])


@pytest.mark.usefixtures("_nothing_installed")
def test_root_installs_what_is_missing_without_starting_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Sequence[str]] = []

    def run(command: Sequence[str], *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[bytes]:
        ran.append(command)
        assert env["RUNLEVEL"] == "1"
        Path(packages.PACKAGES["some-broker"] or "").touch()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(subprocess, "run", run)
    packages.main()
    assert ran[-1][-1] == "some-broker"


@pytest.mark.usefixtures("_nothing_installed")
def test_a_failed_installation_ends_with_its_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 100))
    with pytest.raises(SystemExit):
        packages.main()
    assert "some-broker (код 100)" in capsys.readouterr().err


@pytest.mark.usefixtures("_nothing_installed")
def test_a_program_is_taken_out_of_its_package_and_the_package_stays_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text("Package: some-server\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: none\n")
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "usr/bin/some-tool").write_text("#!/bin/sh\necho works\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    subprocess.run(["dpkg-deb", "--build", tree, tmp_path / "some.deb"], check=True, capture_output=True)  # noqa: S603, S607
    (tmp_path / "apt-get").write_text(f'#!/bin/sh\n[ "$*" != "download -qq some-server" ] || cp {tmp_path}/some.deb .\n')
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(packages, "PACKAGES", {})
    monkeypatch.setattr(packages, "TEST_PACKAGES", {})
    monkeypatch.setattr(packages, "_PROGRAMS", tmp_path)
    packages.main(for_tests=True)
    said = subprocess.run([tmp_path / "some-tool"], check=True, capture_output=True, text=True).stdout  # noqa: S603
    assert said == "works\n"
    assert packages.missing_programs(for_tests=True) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"level": "info", "event": "started", "queue": "q", "timestamp": "2026", "service": "identity"}', "info started queue=q"),
        ('{"level":"warn","ts":1.5,"msg":"exiting","signal":"SIGTERM"}', "warn exiting signal=SIGTERM"),
        ("[1]", "[1]"),
        ("plain {words", "plain {words"),
    ],
)
def test_a_log_line_is_readable_on_the_console(line: str, words: str) -> None:
    assert readable(line) == words
