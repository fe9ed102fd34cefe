"""Use-cases of the settings."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chassis.app import Chassis
from chassis.lease import Lease
from services.applications.domain.rulebook import Rulebook
from services.applications.domain.terms import TermNumbers, Terms
from services.applications.gateways import (
    CredentialKeys,
    Device,
    DocumentSigner,
    FileSigner,
    HsmSigner,
    PdfSigner,
    Printer,
    SignatureReader,
    SigningUnusable,
    Tokens,
    document_jwk,
    production_calendar,
    read_rulebook,
)
from services.applications.main.stores import Stores
from services.applications.repository import ExportRepository, FiguresRepository
from services.applications.settings import Settings
from services.applications.usecases import UseCases
from services.applications.usecases.appeals import Appeals
from services.applications.usecases.base import Room
from services.applications.usecases.claims import Claims
from services.applications.usecases.credentials import Credentials
from services.applications.usecases.employing import EmployerLimits, Employing
from services.applications.usecases.exports import Exports
from services.applications.usecases.figures import Figures, FiguresLimits
from services.applications.usecases.portable import Portable
from services.applications.usecases.proofs import Proofs
from services.applications.usecases.protocols import Protocols
from services.applications.usecases.shares import ShareLimits, Shares
from services.applications.usecases.watch import Watch, Watchdog, WatchPolicy


def usecases_of(chassis: Chassis, settings: Settings, stores: Stores) -> UseCases:
    """What the service does."""
    keys = CredentialKeys.from_json(settings.credential_keys.get_secret_value())
    rules = read_rulebook(settings.rules_folder)
    signer = PdfSigner(document_signer(settings), timeout_seconds=settings.signing_timeout_seconds)
    room = Room(
        begin=chassis.begin,
        clock=chassis.clock,
        terms=terms(settings, rules),
        rules=rules,
        applications=stores.applications,
        employers=stores.employers,
        facts=stores.facts,
        certificates=stores.certificates,
        notes=stores.notes,
        numbers=stores.numbers,
        shares=stores.shares,
        subscriptions=stores.subscriptions,
        printer=Printer(settings.public_url, keys),
        signer=signer,
        files=stores.files,
        link_expires=timedelta(minutes=settings.link_minutes),
    )
    shared = {member.name: getattr(room, member.name) for member in fields(Room)}
    credentials = credentials_of(settings, keys, document_jwk(signer.signer.chain))
    return UseCases(
        **shared,
        appeals=Appeals(**shared, appeals=stores.appeals),
        claims=Claims(**shared, candidates_max=settings.claim_candidates),
        exports=Exports(
            **shared,
            exports=ExportRepository(chassis.database, portion_seconds=settings.export_portion_seconds),
            pdf_rows_max=settings.export_pdf_rows_max,
            registry_rows_max=settings.export_rows_max,
        ),
        protocols=Protocols(**shared, appeals=stores.appeals),
        figures=Figures(chassis.clock, room.terms, rules, FiguresRepository(chassis.database), stores.facts, _figures_limits(settings)),
        verifications=stores.verifications,
        proofs=_proofs(chassis, settings, stores, credentials, signer),
        watch=Watch(chassis.begin, chassis.clock, room.terms, stores.watch, stores.facts, _watch_policy(settings)),
        credentials=credentials,
        employing=_employing(settings, stores, shared),
        sharing=_sharing(settings, stores, shared),
        portable=Portable(**shared, credentials=credentials, base_url=_base_url(settings)),
    )


def document_signer(settings: Settings) -> DocumentSigner:
    """The key in a file, or the one in a device. Raises `SigningUnusable`."""
    module, pin_file = settings.signing_pkcs11_module, settings.signing_pkcs11_pin_file
    label, key_label = settings.signing_pkcs11_slot_label, settings.signing_pkcs11_key_label
    if settings.signing_key_file and not module:
        return FileSigner.read(settings.signing_key_file, settings.signing_certificates_file)
    if module and pin_file and label and key_label and not settings.signing_key_file:
        return HsmSigner(
            Device(module, label, key_label, pin_file), settings.signing_certificates_file, turn_seconds=settings.signing_timeout_seconds
        )
    raise SigningUnusable("give either signing_key_file or all four of signing_pkcs11_module, _slot_label, _key_label, _pin_file")


def _proofs(chassis: Chassis, settings: Settings, stores: Stores, credentials: Credentials, signer: PdfSigner) -> Proofs:
    return Proofs(
        certificates=stores.certificates,
        verifications=stores.verifications,
        credentials=credentials,
        signatures=SignatureReader(signer.signer.chain),
        clock=chassis.clock,
        file_bytes_max=settings.verification_file_bytes_max,
    )


def _employing(settings: Settings, stores: Stores, shared: dict[str, Any]) -> Employing:
    limits = EmployerLimits(settings.bulk_rows_max, timedelta(days=settings.consent_again_days))
    return Employing(**shared, verifications=stores.verifications, tokens=_tokens(settings, "employer"), limits=limits)


def _tokens(settings: Settings, purpose: str) -> Tokens:
    return Tokens(settings.token_key.get_secret_value().encode(), purpose)


def _sharing(settings: Settings, stores: Stores, shared: dict[str, Any]) -> Shares:
    return Shares(
        **shared,
        verifications=stores.verifications,
        tokens=_tokens(settings, "share"),
        limits=ShareLimits(settings.share_days_max, settings.share_views_max, settings.shares_max),
        page_url=f"{settings.public_url.rstrip('/')}/share",
    )


def _base_url(settings: Settings) -> str:
    return f"{settings.public_url.rstrip('/')}/api/applications"


def credentials_of(settings: Settings, keys: CredentialKeys, document_key: dict[str, Any]) -> Credentials:
    """Who signs what proves itself."""
    issuer = settings.issuer_id or f"{_base_url(settings)}/issuer"
    return Credentials(
        keys=keys, document_key=document_key, issuer=issuer, public_urls=(settings.public_url, *settings.earlier_public_urls)
    )


def watchdog_of(chassis: Chassis, usecases: UseCases) -> Watchdog:
    """The watch in the background."""
    lease = Lease(chassis.database, "watch", 2 * usecases.watch.policy.pause.total_seconds())
    return Watchdog(usecases.watch, lease, chassis.telemetry.meters.meter)


def _figures_limits(settings: Settings) -> FiguresLimits:
    return FiguresLimits(settings.figures_days_max, settings.figures_rows_max)


def _watch_policy(settings: Settings) -> WatchPolicy:
    return WatchPolicy(timedelta(seconds=settings.watch_seconds), timedelta(minutes=settings.watch_minutes), settings.watch_rows)


def terms(settings: Settings, rules: Rulebook) -> Terms:
    """The terms of the tables on the production calendar; a setting of the same name wins."""
    set_here = {name: getattr(settings, name) for name in (one.name for one in fields(TermNumbers)) if hasattr(settings, name)}
    chosen = {name: value for name, value in set_here.items() if value is not None}
    first, *later = ((day, replace(version.numbers(), **chosen)) for day, version in rules.versions)
    return Terms(first[1], production_calendar(settings.calendar_override_file), ZoneInfo(settings.time_zone), tuple(later))
