"""Where a command finds the system: the environment a service has, or the files of the local stack."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings, load_settings
from deploy.local.development_secrets import load_or_invent
from deploy.local.environments import clock_file, service_environment
from deploy.local.settings import SERVICES, LocalSettings
from deploy.local.stack import settings_file


class Unusable(RuntimeError):
    """The command cannot work here; the message says why and what to do."""


def local_settings() -> LocalSettings:
    """The settings the local stack was last started with. Raises `Unusable` when there was none."""
    file = settings_file(LocalSettings().data_dir)
    if not file.exists():
        raise Unusable(f"В {file.parent} нет стенда: запустите его (make run) или задайте окружение сервиса")
    return LocalSettings.model_validate_json(file.read_text())


def environment_of(service: str) -> Mapping[str, str]:
    """The environment of a service: ours when it names the service's store, else that of the local stack."""
    if service not in SERVICES:
        raise Unusable(f"Нет сервиса «{service}»; есть {', '.join(SERVICES)}")
    if os.environ.get(f"{service.upper()}_MONGO_URL"):
        return os.environ
    settings = local_settings()
    return service_environment(settings, load_or_invent(settings.data_dir / "secrets"), service)


@contextmanager
def entered(environment: Mapping[str, str]) -> Iterator[None]:
    """Let settings be read from that environment meanwhile."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def settings_of(service: str) -> ServiceSettings:
    """The settings all services share, with the prefix of this one."""
    prefix = f"{service.upper()}_"
    named = type("Settings", (ServiceSettings,), {"model_config": SettingsConfigDict(env_prefix=prefix, extra="ignore")})
    with entered(environment_of(service)):
        return load_settings(named)


def sandbox_clock_file() -> Path:
    """The file that moves everybody's clock. Raises `Unusable` outside development."""
    if os.environ.get("ENVIRONMENT") == "production":
        raise Unusable("Часы можно переводить только при разработке")
    named = os.environ.get("SANDBOX_CLOCK_FILE")
    return Path(named) if named else clock_file(local_settings())
