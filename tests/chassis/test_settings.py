"""Settings: from the environment or from files, and a wrong one ends the start with its name and without its value."""

import base64
from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings, load_settings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="PROBE_", extra="ignore")


COMPLETE = {
    "PUBLIC_URL": "http://cabinet.test",
    "JWKS_URL": "http://identity.test/jwks.json",
    "SEALED_KEY_RING": "ring",
    "PROBE_PORT": "8000",
    "PROBE_MONGO_URL": "mongodb://store.test",
    "PROBE_MONGO_DATABASE": "probe",
    "PROBE_AMQP_URL": "amqp://bus.test",
    "PROBE_FIELD_MASTER_KEY": base64.b64encode(b"m" * 96).decode(),
}


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("SECRETS_DIR", raising=False)
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_complete_environment_is_read_and_shows_no_secret(complete: pytest.MonkeyPatch) -> None:
    settings = load_settings(Settings)
    assert (settings.port, settings.mongo_database) == (8000, "probe")
    assert COMPLETE["PROBE_FIELD_MASTER_KEY"] not in repr(settings)


def test_secrets_come_from_files_and_the_environment_wins(complete: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PROBE_FIELD_MASTER_KEY", "SEALED_KEY_RING"):
        complete.delenv(name)
        (tmp_path / name).write_text("from a file\n")
    (tmp_path / "PROBE_AMQP_URL").write_text("amqp://file.test")
    complete.setenv("SECRETS_DIR", str(tmp_path))
    settings = load_settings(Settings)
    assert settings.field_master_key.get_secret_value() == "from a file"
    assert settings.sealed_key_ring.get_secret_value() == "from a file"
    assert settings.amqp_url.get_secret_value() == COMPLETE["PROBE_AMQP_URL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROBE_PORT", "secret-port"),
        ("PROBE_PORT", "70000"),
        ("PROBE_RELAY_BATCH", "0"),
        ("ENVIRONMENT", "secret-place"),
        ("LOG_LEVEL", "loud-secret"),
        ("SECRETS_DIR", "/there/is/no/such/folder"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_its_name(
    complete: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    complete.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        load_settings(Settings)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert name in said
    assert "secret-" not in said


def test_a_missing_setting_ends_the_start_with_its_name(complete: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    complete.delenv("PROBE_MONGO_URL")
    with pytest.raises(SystemExit):
        load_settings(Settings)
    assert "setting PROBE_MONGO_URL: Field required" in capsys.readouterr().err


def test_a_setting_that_is_no_json_ends_the_start_with_its_name(complete: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    complete.setenv("PROBE_RETRY_DELAYS_SECONDS", "secret-words")
    with pytest.raises(SystemExit):
        load_settings(Settings)
    said = capsys.readouterr().err
    assert "retry_delays_seconds" in said
    assert "secret-words" not in said


def test_the_sandbox_clock_is_refused_in_production(complete: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    complete.setenv("SANDBOX_CLOCK_FILE", "clock.json")
    with pytest.raises(SystemExit):
        load_settings(Settings)
    assert "development only" in capsys.readouterr().err
