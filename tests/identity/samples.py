"""Ready-made records of the domain."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from contracts.factors import Factor
from contracts.roles import Role
from services.identity.domain.access_log import Action, Entry, entry_id
from services.identity.domain.codes import OneTimeCode
from services.identity.domain.people import Person, Status
from services.identity.domain.registration import Consent, Registration
from services.identity.domain.scans import Scan, ScanState, ScanType
from services.identity.domain.sessions import Session
from services.identity.domain.sign_ins import SignIn
from services.identity.domain.step_ups import StepUp
from services.identity.domain.verification import Registry, Verification
from services.identity.schemas.registration import NumbersIn, PassportIn, ProfileIn
from tests.identity import people

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
CODE = OneTimeCode(digest=b"c" * 32, issued_at=NOW, expires_at=NOW + timedelta(minutes=5), tries_left=5)


def a_scan(**changes: Any) -> Scan:
    sample: dict[str, Any] = {
        "document_id": uuid4(),
        "type": ScanType.PASSPORT,
        "file_version": 1,
        "state": ScanState.ACCEPTED,
        "told_at": NOW,
    }
    return Scan(**sample | changes)


def a_registration(**changes: Any) -> Registration:
    sample: dict[str, Any] = {
        "id": uuid4(),
        "owner_id": uuid4(),
        "phone": people.phone(),
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=30),
        "phone_code": CODE,
        "phone_confirmed_at": NOW,
        "token_digest": b"t" * 32,
        "token_expires_at": NOW + timedelta(days=1),
        "passport": PassportIn(**people.passport()).to_domain(),
        "numbers": NumbersIn(snils=people.snils(), inn=people.inn()).to_domain(),
        "profile": ProfileIn(**people.profile()).to_domain(),
        "email": people.email(),
        "email_code": CODE,
        "email_confirmed_at": NOW,
        "password_hash": "$argon2id$…",
        "consents": (Consent("terms", "1", given_at=NOW, address="10.1.2.3"),),
        "scans": tuple(a_scan(type=scan_type) for scan_type in ScanType),
    }
    return Registration(**sample | changes)


def a_practitioner(**changes: Any) -> Person:
    registration = a_registration()
    sample: dict[str, Any] = {
        "id": uuid4(),
        "roles": frozenset({Role.PRACTITIONER}),
        "status": Status.AWAITING_VERIFICATION,
        "phone": people.phone(),
        "email": people.email(),
        "given_name": "Евстолия",
        "patronymic": None,
        "surname": "Березнеговская",
        "password_hash": "$argon2id$…",
        "created_at": NOW,
        "passport": registration.passport,
        "numbers": registration.numbers,
        "profile": registration.profile,
        "consents": registration.consents,
        "verification": Verification(requested_at=NOW, give_up_at=NOW + timedelta(hours=24), registries=tuple(Registry)),
    }
    return Person(**sample | changes)


def a_session(**changes: Any) -> Session:
    sample: dict[str, Any] = {
        "id": uuid4(),
        "person_id": uuid4(),
        "roles": frozenset({Role.REVIEWER, Role.AUDITOR}),
        "factors": {Factor.PASSWORD: NOW, Factor.SMS: NOW},
        "created_at": NOW,
        "last_used_at": NOW,
        "token_digest": b"t" * 32,
        "used_digests": (b"u" * 32,),
        "address": "10.1.2.3",
        "device": "Firefox",
    }
    return Session(**sample | changes)


def a_sign_in(**changes: Any) -> SignIn:
    sample: dict[str, Any] = {
        "id": uuid4(),
        "person_id": uuid4(),
        "subject_id": uuid4(),
        "failure_keys": (b"1", b"2"),
        "created_at": NOW,
        "code": CODE,
        "password_at": NOW,
    }
    return SignIn(**sample | changes)


def a_step_up(**changes: Any) -> StepUp:
    sample: dict[str, Any] = {"id": uuid4(), "session_id": uuid4(), "person_id": uuid4(), "created_at": NOW, "code": CODE}
    return StepUp(**sample | changes)


def an_entry(**changes: Any) -> Entry:
    sample: dict[str, Any] = {
        "id": entry_id(changes.get("at", NOW), uuid4()),
        "at": NOW,
        "subject_id": uuid4(),
        "actor_id": uuid4(),
        "actor_role": Role.REVIEWER,
        "action": Action.RECORD_READ,
        "service": "documents",
        "record": "document:1",
        "purpose": "review",
        "outcome": "allowed",
        "address": "10.1.2.3",
        "device": "Firefox",
    }
    return Entry(**sample | changes)
