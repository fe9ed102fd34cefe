"""Settings of support: the common ones, and the numbers of tickets."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings, TimeZone


class Settings(ServiceSettings):
    """Read from the environment as `SUPPORT_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="SUPPORT_", extra="ignore")

    time_zone: TimeZone = "Europe/Moscow"
    """Decides which year a ticket's number names."""
    ticket_hours: float = Field(default=48, gt=0)
    """Term of a ticket."""
    repeated_contact_hours: float = Field(default=24, gt=0)
    """A second ticket of the same person within so long is urgent."""
    message_limit: int = Field(default=200, ge=1)
    """Messages in one ticket."""
