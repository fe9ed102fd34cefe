"""Settings every service has. A service subclasses `ServiceSettings` with its own prefix and reads it once, in `main.py`."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict, SettingsError

Seconds = Annotated[float, Field(gt=0)]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a time zone; an example is Europe/Moscow")
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""The name of a time zone of the tz database."""


class ServiceSettings(BaseSettings):
    """Read from the environment, or from files of the same names below `SECRETS_DIR`.

    Nothing secret has a default; the sandbox clock is refused outside development.
    """

    model_config = SettingsConfigDict(extra="ignore")

    environment: Literal["development", "production"] = Field(default="production", validation_alias="ENVIRONMENT")
    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    public_url: str = Field(validation_alias="PUBLIC_URL")
    """Where people reach the cabinet; links in messages and QR codes begin with it."""
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", validation_alias="LOG_LEVEL")
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTLP_ENDPOINT")
    """Base URL of an OTLP/HTTP collector; None turns exporting off, tracing stays on."""
    sandbox_clock_file: Path | None = Field(default=None, validation_alias="SANDBOX_CLOCK_FILE")

    mongo_url: SecretStr
    mongo_database: str
    mongo_timeout_seconds: Seconds = 8
    """Limit of one operation or transaction, retries included."""
    mongo_server_selection_seconds: Seconds = 2.5

    amqp_url: SecretStr
    amqp_heartbeat_seconds: int = Field(default=10, ge=2)
    publish_timeout_seconds: Seconds = 5
    prefetch: int = Field(default=20, ge=1)
    """Messages of one queue handed to one process before it acknowledges."""
    message_transactions: int = Field(default=20, ge=1)
    """Transactions of messages at once in one process; the others wait their turn instead of losing write conflicts."""
    retry_delays_seconds: tuple[Seconds, ...] = (5, 60, 600)
    """The retry ladder: one queue per step; after the last step a message is a dead letter."""
    outage_hours: Seconds = 24
    """How long a message waits on the last step for a server that is away before it becomes a dead letter."""
    relay_lease_seconds: Seconds = 4
    relay_poll_seconds: Seconds = 0.2
    relay_parked_seconds: Seconds = 10
    """How long the relay takes it that what was parked still is."""
    relay_batch: int = Field(default=200, ge=1)
    relay_attempts: int = Field(default=5, ge=1)
    """Permanent failures of one row before it is parked and alarmed."""
    relay_in_flight: int = Field(default=50, ge=1)
    timer_poll_seconds: Seconds = 0.5
    timer_batch: int = Field(default=100, ge=1)
    outbox_keep_days: int = Field(default=14, ge=1)
    inbox_keep_days: int = Field(default=30, ge=1)
    idempotency_keep_hours: int = Field(default=48, ge=1)
    conflict_retries: int = Field(default=8, ge=0)

    sealed_key_ring: SecretStr = Field(validation_alias="SEALED_KEY_RING")
    """Keys of sealed event fields, see `contracts.sealed.KeyRing.from_json`."""
    field_master_key: SecretStr
    """What wraps this service's data keys: base64 of 96 bytes, or a ring of masters in JSON, see `MasterRing.from_text` and
    docs/keys.md."""
    key_refresh_seconds: Seconds = 5
    """How often a process looks which data keys are in use."""
    key_lease_seconds: Seconds = 20
    """After so long without a look nothing is encrypted or looked up."""
    key_settle_seconds: Seconds = 120
    """What a rotation of data keys waits between its steps: `key_lease_seconds` and the longest write together. A transaction lasts at
    most what the server allows (transactionLifetimeLimitSeconds, 60 by default)."""

    jwks_url: str = Field(validation_alias="JWKS_URL")
    jwks_cache_seconds: Seconds = 300
    ended_sessions_poll_seconds: Seconds = 2
    """How soon the access tokens of an ended session are void here; the list is beside the JWKS, as `ended-sessions.json`."""
    step_up_seconds: Seconds = Field(default=600, validation_alias="STEP_UP_SECONDS")
    """How old a second factor may be where a fresh one is asked for: submitting, exporting, saving the profile."""

    s3_endpoint: str | None = None
    """`host:port` of the object store; None for services without files."""
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_secure: bool = True
    s3_timeout_seconds: Seconds = 5
    s3_public_endpoint: str | None = None
    """`host:port` that download links name; None when people reach the store where services do."""

    trusted_proxies: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks of our own gateways: only they may say in X-Forwarded-For where a request comes from."""

    body_limit_bytes: int = Field(default=262_144, ge=1024)
    """Largest body of a route that does not state its own limit."""
    request_timeout_seconds: Seconds = 30
    keep_alive_seconds: int = Field(default=75, ge=1)
    """How long an idle connection is kept: longer than the gateway keeps it, which would otherwise send into one just closed."""
    shutdown_seconds: Seconds = 20
    rate_limits: dict[str, str] = Field(default_factory=dict)
    """Overrides of the service's rates, name to `<count>/<period>`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over files of `SECRETS_DIR`."""
        folder = os.environ.get("SECRETS_DIR")
        if folder:
            file_secret_settings = SecretsSettingsSource(settings_cls, secrets_dir=folder)
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    @model_validator(mode="after")
    def _leases_in_order(self) -> Self:
        if not self.key_refresh_seconds < self.key_lease_seconds < self.key_settle_seconds:
            raise ValueError("KEY_REFRESH_SECONDS must be below KEY_LEASE_SECONDS, and that below KEY_SETTLE_SECONDS")
        return self

    @model_validator(mode="after")
    def _no_time_travel_in_production(self) -> Self:
        if self.environment == "production" and self.sandbox_clock_file is not None:
            raise ValueError("SANDBOX_CLOCK_FILE exists in development only")
        return self


AnySettings = TypeVar("AnySettings", bound=ServiceSettings)


def load_settings(settings_class: type[AnySettings]) -> AnySettings:
    """Settings from the environment. Names each wrong or missing setting (never its value) and ends the process with status 2."""
    folder = os.environ.get("SECRETS_DIR")
    if folder and not Path(folder).is_dir():
        print(f"setting SECRETS_DIR: there is no folder {folder}", file=sys.stderr)
        raise SystemExit(2)
    try:
        return settings_class()
    except SettingsError as error:
        print(f"settings: {error}", file=sys.stderr)  # names the field that is no JSON, not its value
        raise SystemExit(2) from None
    except ValidationError as error:
        prefix = settings_class.model_config.get("env_prefix", "")
        for problem in error.errors():
            where = problem["loc"][0] if problem["loc"] else ""
            field = settings_class.model_fields.get(str(where))
            name = str(where) if field is None or field.validation_alias else f"{prefix}{where}".upper()
            print(f"setting {name}: {problem['msg']}" if name else problem["msg"], file=sys.stderr)
        raise SystemExit(2) from None
