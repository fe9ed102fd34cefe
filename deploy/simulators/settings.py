"""Settings of the simulators, prefix `SIMULATORS_`."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SimulatorsSettings(BaseSettings):
    """Where the simulators listen, how slow they are, and how much they remember."""

    model_config = SettingsConfigDict(env_prefix="SIMULATORS_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8190, ge=0, le=65535)
    smtp_port: int = Field(default=8191, ge=0, le=65535)
    public_url: str = "http://127.0.0.1:8190"
    """Where browsers reach the simulators; the issuer of ESIA's tokens begins with it."""
    latency_seconds: float = Field(default=0, ge=0, le=60)
    """How long registries and the SMS gateway take, unless told otherwise for one of them."""
    keep_messages: int = Field(default=500, ge=1)
    """How many messages of each kind and how many registry checks are remembered; older ones are forgotten."""
    keep_mail_bytes: int = Field(default=128 * 1_048_576, ge=1_048_576)
    """How many bytes of mail are remembered together."""
    mail_limit_bytes: int = Field(default=32 * 1_048_576, ge=1024)
    """Largest mail accepted."""
    client_id: str = "medkabinet"
    client_secret: str = "simulated-secret"  # noqa: S105  # the simulator's own, known to everybody in development
