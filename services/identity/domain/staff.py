"""Rules of accounts of staff: which roles they may hold, who may take what from whom."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.errors import Conflict, Invalid
from contracts.roles import STAFF, Role
from services.identity.domain import fields
from services.identity.domain.fields import Findings
from services.identity.domain.people import Person


class RolesRefused(Invalid):
    """Roles that cannot be given to staff."""

    code = "roles-refused"


class StaffDeactivated(Conflict):
    """An account without access is activated before anything else about it changes."""

    code = "staff-deactivated"


class OwnDeactivation(Conflict):
    """Administrators do not deactivate themselves."""

    code = "own-deactivation"


class OwnAdministratorRole(Conflict):
    """Administrators do not take away their own administrator role."""

    code = "own-administrator-role"


class OwnFactorReset(Conflict):
    """Administrators do not reset their own factors: a session left open must not be enough for it."""

    code = "own-factor-reset"


class LastAdministrator(Conflict):
    """Somebody must be left who can make and change accounts of staff."""

    code = "last-administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffChange:
    """What is to be different; None leaves it. The workplace is removed by an empty text."""

    roles: frozenset[Role] | None = None
    specialty_codes: tuple[str, ...] | None = None
    workplace_ogrn: str | None = None


def check_staff(person: Person) -> Person:
    """A new member of staff with normalised values. Raises `InvalidFields`, `RolesRefused`."""
    _check_roles(person.roles)
    findings = Findings()
    checked = replace(
        person,
        phone=findings.check("/phone", fields.mobile, person.phone),
        email=findings.check("/email", fields.email, person.email),
        surname=findings.check("/surname", fields.name, person.surname),
        given_name=findings.check("/given_name", fields.name, person.given_name),
        patronymic=None if person.patronymic is None else findings.check("/patronymic", fields.name, person.patronymic),
    )
    checked = _with_checked_work(checked, findings)
    findings.raise_any()
    return checked


def with_change(person: Person, change: StaffChange, *, by: UUID) -> Person:
    """The member after the change. Raises `StaffDeactivated`, `RolesRefused`, `OwnAdministratorRole`, `InvalidFields`."""
    if person.deactivated_at is not None:
        raise StaffDeactivated("Доступ сотрудника закрыт. Сначала откройте его.")
    roles = person.roles if change.roles is None else change.roles
    _check_roles(roles)
    if person.id == by and Role.ADMINISTRATOR in person.roles - roles:
        raise OwnAdministratorRole("Снять с себя роль администратора нельзя; это делает другой администратор.")
    findings = Findings()
    changed = replace(
        person,
        roles=roles,
        specialty_codes=person.specialty_codes if change.specialty_codes is None else change.specialty_codes,
        workplace_ogrn=person.workplace_ogrn if change.workplace_ogrn is None else change.workplace_ogrn or None,
    )
    changed = _with_checked_work(changed, findings)
    findings.raise_any()
    return changed


def without_access(person: Person, *, by: UUID, at: datetime) -> Person:
    """The member deactivated; the very same if it was so already. Raises `OwnDeactivation`."""
    if person.id == by:
        raise OwnDeactivation("Закрыть доступ самому себе нельзя; это делает другой администратор.")
    return person if person.deactivated_at is not None else person.deactivated(at)


def check_factor_reset(person: Person, *, by: UUID) -> None:
    """Raises `OwnFactorReset`."""
    if person.id == by:
        raise OwnFactorReset("Сбросить собственные факторы входа нельзя; это делает другой администратор.")


def _check_roles(roles: frozenset[Role]) -> None:
    if not roles or roles - STAFF:
        raise RolesRefused("Назначьте хотя бы одну служебную роль; роль медработника сотруднику не даётся.")


def _with_checked_work(person: Person, findings: Findings) -> Person:
    return replace(
        person,
        specialty_codes=tuple(
            findings.check(f"/specialty_codes/{index}", fields.specialty_code, code) for index, code in enumerate(person.specialty_codes)
        ),
        workplace_ogrn=None if person.workplace_ogrn is None else findings.check("/workplace_ogrn", fields.ogrn, person.workplace_ogrn),
    )
