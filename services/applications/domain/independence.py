"""Who may speak about an application: nobody who handed it in, works where its applicant works, or spoke about it before."""

from typing import Protocol
from uuid import UUID

from contracts.roles import Role
from services.applications.domain.facts import StaffMember


class Subject(Protocol):
    """What is known of an application wherever somebody is to speak about it."""

    @property
    def applicant_id(self) -> UUID:
        """Who handed it in."""
        ...

    @property
    def specialty_code(self) -> str:
        """What it is about."""
        ...

    @property
    def spoken_by(self) -> frozenset[UUID]:
        """Who judged it or an appeal about it before."""
        ...

    @property
    def workplaces(self) -> frozenset[str]:
        """Where the applicant works, by registration number."""
        ...


def is_close(subject: Subject, member: StaffMember) -> bool:
    """Whether somebody of staff is the applicant, works where the applicant works, or already spoke."""
    return member.id == subject.applicant_id or member.id in subject.spoken_by or member.workplace_ogrn in subject.workplaces


def may_hold(subject: Subject, member: StaffMember) -> bool:
    """Whether somebody of staff reviews applications like this one at all."""
    return Role.REVIEWER in member.roles and subject.specialty_code in member.specialty_codes


def may_judge(subject: Subject, member: StaffMember) -> bool:
    """Whether a reviewer may give an opinion on it, or judge an appeal about it."""
    return may_hold(subject, member) and not is_close(subject, member)


def may_decide(subject: Subject, member: StaffMember) -> bool:
    """Whether somebody may decide on it in the registrar's name. There is no exception for the only registrar: the watch tells of it."""
    return Role.REGISTRAR in member.roles and not is_close(subject, member)
