"""Use-cases of the settings."""

from dataclasses import fields
from datetime import timedelta
from zoneinfo import ZoneInfo

from chassis.app import Chassis
from services.applications.domain.terms import TermNumbers, Terms
from services.applications.gateways import CredentialKeys, FileSigner, PdfSigner, Printer, production_calendar
from services.applications.main.stores import Stores
from services.applications.settings import Settings
from services.applications.usecases import UseCases
from services.applications.usecases.base import Room
from services.applications.usecases.claims import Claims
from services.applications.usecases.credentials import Credentials


def usecases_of(chassis: Chassis, settings: Settings, stores: Stores) -> UseCases:
    """What the service does."""
    keys = CredentialKeys.from_json(settings.credential_keys.get_secret_value())
    room = Room(
        begin=chassis.begin,
        clock=chassis.clock,
        terms=terms(settings),
        applications=stores.applications,
        facts=stores.facts,
        certificates=stores.certificates,
        numbers=stores.numbers,
        printer=Printer(settings.public_url, keys),
        signer=PdfSigner(FileSigner.read(settings.signing_key_file, settings.signing_certificates_file)),
        files=stores.files,
        link_expires=timedelta(minutes=settings.link_minutes),
    )
    shared = {member.name: getattr(room, member.name) for member in fields(Room)}
    return UseCases(
        **shared,
        claims=Claims(**shared, candidates_max=settings.claim_candidates),
        credentials=credentials_of(settings, keys),
    )


def credentials_of(settings: Settings, keys: CredentialKeys) -> Credentials:
    """Who signs what proves itself."""
    issuer = settings.issuer_id or f"{settings.public_url.rstrip('/')}/api/applications/issuer"
    return Credentials(keys=keys, issuer=issuer, public_urls=(settings.public_url, *settings.earlier_public_urls))


def terms(settings: Settings) -> Terms:
    """The terms of the settings on the production calendar."""
    numbers = TermNumbers(
        automatic_check_hours=settings.automatic_check_hours,
        review_working_days=settings.review_working_days,
        clarification_working_days=settings.clarification_working_days,
        answer_working_days=settings.answer_working_days,
        claim_working_days=settings.claim_working_days,
        approval_working_days=settings.approval_working_days,
        reminder_days=settings.reminder_days,
        certificate_years=settings.certificate_years,
        expiry_notice_days=settings.expiry_notice_days,
        appeal_days=settings.appeal_days,
        appeal_working_days=settings.appeal_working_days,
    )
    return Terms(numbers, production_calendar(settings.calendar_override_file), ZoneInfo(settings.time_zone))
