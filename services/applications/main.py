"""Builds applications: settings, stores, use-cases, app."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from chassis.app import Chassis, serve
from services.applications import api, consumers
from services.applications.domain.terms import TermNumbers, Terms
from services.applications.gateways import FileStore, Printer, production_calendar
from services.applications.repository import ApplicationRepository, CertificateRepository, FactsRepository, NumberRepository
from services.applications.settings import Settings
from services.applications.usecases import UseCases


def create_app(settings: Settings) -> FastAPI:
    """The service, ready to be started."""
    chassis = Chassis("applications", settings)
    files = FileStore(chassis.objects, settings.bucket)
    applications = ApplicationRepository(chassis.database, chassis.cipher)
    facts = FactsRepository(chassis.database, chassis.cipher)
    certificates = CertificateRepository(chassis.database, chassis.cipher)
    numbers = NumberRepository(chassis.database)
    usecases = UseCases(
        begin=chassis.begin,
        clock=chassis.clock,
        terms=terms(settings),
        applications=applications,
        facts=facts,
        certificates=certificates,
        numbers=numbers,
        printer=Printer(settings.public_url),
        files=files,
        link_expires=timedelta(minutes=settings.link_minutes),
    )
    return chassis.app(
        title="Medkabinet: applications",
        usecases=usecases,
        api_routers=api.ROUTERS,
        root_routers=api.ROOT_ROUTERS,
        consumers_router=consumers.router,
        prepare=[applications.prepare, facts.prepare, certificates.prepare, numbers.prepare, files.prepare],
    )


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
    )
    return Terms(numbers, production_calendar(settings.calendar_override_file), ZoneInfo(settings.time_zone))


if __name__ == "__main__":
    serve("applications", create_app, Settings)
