"""Settings of identity, read once in `main.py`."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import Seconds, ServiceSettings, TimeZone


class Settings(ServiceSettings):
    """Every limit and term of identity; the defaults are the product's, none is quoted to people as law."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", extra="ignore")

    pepper: SecretStr = Field(min_length=32)
    """Secret of the keyed hashes of codes, tokens and access-log chains; never stored beside what it protects."""

    registries_url: str
    """Base URL below which each registry answers at `/<registry>/checks`."""
    registry_urls: dict[str, str] = Field(default_factory=dict)
    """Registries that live elsewhere: name to base URL."""
    registry_timeout_seconds: Seconds = 5
    registry_tries: int = Field(default=3, ge=1)
    registry_retry_wait_seconds: Seconds = 0.2
    registry_breaker_failures: int = Field(default=5, ge=1)
    registry_breaker_seconds: Seconds = 30

    verification_limit_hours: Seconds = 24
    verification_backoff_seconds: Seconds = 60
    verification_backoff_limit_seconds: Seconds = 3600
    correction_working_days: int = Field(default=10, ge=1)
    working_time_zone: TimeZone = "Europe/Moscow"

    registration_keep_days: int = Field(default=30, ge=1)
    registration_token_hours: Seconds = 24
    upload_token_seconds: Seconds = 300
    """How long a registrant may upload scans before asking for another limited token."""
    consents_required: dict[str, str] = Field(default_factory=lambda: {"terms": "1", "personal-data": "1"})
    """Documents a person must agree to and their current versions."""

    passport_first_age: int = Field(default=14, ge=1)
    passport_change_ages: tuple[int, ...] = (20, 45)
    passport_grace_days: int = Field(default=90, ge=0)

    code_digits: int = Field(default=6, ge=4, le=10)
    code_seconds: Seconds = 300
    code_tries: int = Field(default=5, ge=1)
    code_resend_seconds: Seconds = 60
    code_daily: int = Field(default=10, ge=1)

    totp_issuer: str = Field(default="Медкабинет", min_length=1, pattern="^[^:]+$")
    """The name under which authenticator apps list the account."""
    totp_window_steps: int = Field(default=1, ge=0, le=10)
    """How many steps of 30 s a phone's clock may be off, either way."""
    totp_setup_seconds: Seconds = 600
    recovery_codes: int = Field(default=10, ge=1, le=100)

    failure_window_seconds: Seconds = 900
    failures_slow: int = Field(default=5, ge=1)
    failure_slow_seconds: Seconds = 10
    """Pause before the next try once `failures_slow` is reached; doubles with each further failure."""
    failures_lock: int = Field(default=10, ge=1)
    failure_lock_seconds: Seconds = 900

    stranger_refusal_keep_days: int = Field(default=30, ge=1)
    """How long refused sign-ins are kept whose identifier no account has; they belong to nobody's access log."""

    password_length: int = Field(default=12, ge=8)
    password_guesses: float = Field(default=1e8, ge=1e6)
    """Fewest guesses a password must stand, as zxcvbn estimates them."""
    argon2_time_cost: int = Field(default=3, ge=1)
    argon2_memory_kib: int = Field(default=65536, ge=64)
    argon2_parallelism: int = Field(default=1, ge=1)
    argon2_at_once: int = Field(default=4, ge=1)
    """Hashes computed at the same time; each holds `argon2_memory_kib`."""

    access_token_seconds: Seconds = 300
    idle_practitioner_seconds: Seconds = 900
    idle_staff_seconds: Seconds = 600
    session_seconds: Seconds = 43200
    session_keep_days: int = Field(default=30, ge=1)
    signing_key_days: Seconds = 30
    signing_key_lead_seconds: Seconds = 900
    """How long a new key is published before it signs, so that every cache knows it."""
