"""The roles and scopes a token may carry; every service's routes name their callers with them."""

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


class Scope(StrEnum):
    """What a limited token is for. Its holder has no role: only routes that name the scope let it in."""

    REGISTRATION = "registration"
    """Somebody who proved a phone and registers; the subject is the account there will be."""
    ENROLMENT = "enrolment"
    """A member of staff who has to set up a second factor first."""
