"""Settings of notifications: the common ones, the providers of mail and SMS, and every number of deliveries, repeats and streams."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import Seconds, ServiceSettings, TimeZone


class Settings(ServiceSettings):
    """Read from the environment as `NOTIFICATIONS_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATIONS_", extra="ignore")

    time_zone: TimeZone = "Europe/Moscow"
    """Dates in messages are given in this zone."""

    smtp_host: str
    smtp_port: int = Field(ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    mail_from: str = "Медкабинет <no-reply@medkabinet.invalid>"
    sms_url: str
    """Where messages are posted as `{to, text}`, with the delivery's id as Idempotency-Key."""
    sms_token: SecretStr | None = None
    """Bearer token of the SMS gateway."""
    provider_timeout_seconds: Seconds = 10
    provider_concurrency: int = Field(default=8, ge=1)
    """Messages in flight to one provider; more wait, so that a slow provider cannot take every consumer."""
    breaker_failures: int = Field(default=5, ge=1)
    """Failures in a row after which a provider is left alone for `breaker_open_seconds`."""
    breaker_open_seconds: Seconds = 15
    attachment_limit_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)

    delivery_lease_seconds: Seconds = 60
    """How long one attempt may take before another process takes the delivery over."""
    delivery_attempts: int = Field(default=8, ge=1)
    delivery_backoff_seconds: Seconds = 10
    delivery_backoff_factor: float = Field(default=3, ge=1)
    delivery_backoff_limit_seconds: Seconds = 3600
    code_backoff_seconds: Seconds = 2
    """First delay before a one-time code is tried again; it doubles."""
    code_backoff_limit_seconds: Seconds = 30
    delivery_expiry_hours: float = Field(default=72, gt=0)
    """A notice that could not be delivered outside for so long is not sent any more."""

    repeat_hours: float = Field(default=48, gt=0)
    repeat_limit: int = Field(default=5, ge=0)

    streams_per_person: int = Field(default=5, ge=1)
    stream_heartbeat_seconds: int = Field(default=15, ge=1)
    stream_poll_seconds: Seconds = 20
    """Safety net of live streams; ordinarily they are woken."""
