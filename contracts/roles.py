"""The roles a token may carry; every service's routes name their callers with them."""

from enum import StrEnum


class Role(StrEnum):
    """Who somebody is to the system; a person may hold several staff roles."""

    PRACTITIONER = "practitioner"
    REVIEWER = "reviewer"
    REGISTRAR = "registrar"
    SUPPORT_AGENT = "support-agent"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


STAFF = frozenset(Role) - {Role.PRACTITIONER}
