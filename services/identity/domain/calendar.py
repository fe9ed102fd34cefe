"""Working days of the Russian production calendar, as far as this service needs them."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from holidays import country_holidays


def working_days_later(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The end of the working day that is `days` working days after the day of `moment` in `zone`; UTC."""
    calendar = country_holidays("RU")
    day = moment.astimezone(zone).date()
    while days > 0:
        day += timedelta(days=1)
        if calendar.is_working_day(day):
            days -= 1
    return datetime.combine(day, time(23, 59, 59), tzinfo=zone).astimezone(UTC)
