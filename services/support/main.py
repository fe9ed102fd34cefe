"""Builds support: settings, repositories, use-cases, doors."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from chassis.app import Chassis, serve
from services.support import api, consumers
from services.support.repository import AgentRepository, ApplicationRepository, TicketRepository
from services.support.settings import Settings
from services.support.usecases import Terms, UseCases


def create_app(settings: Settings) -> FastAPI:
    """The whole service of these settings."""
    chassis = Chassis("support", settings)
    tickets = TicketRepository(chassis.database, chassis.cipher)
    applications = ApplicationRepository(chassis.database)
    agents = AgentRepository(chassis.database)
    usecases = UseCases(
        begin=chassis.begin,
        tickets=tickets,
        applications=applications,
        agents=agents,
        terms=Terms(
            ticket=timedelta(hours=settings.ticket_hours),
            repeated_contact=timedelta(hours=settings.repeated_contact_hours),
            message_limit=settings.message_limit,
            zone=ZoneInfo(settings.time_zone),
        ),
        now=chassis.clock.now,
    )
    return chassis.app(
        title="Медкабинет: поддержка",
        usecases=usecases,
        api_routers=[api.router],
        consumers_router=consumers.router,
        prepare=[tickets.prepare, applications.prepare, agents.prepare],
    )


if __name__ == "__main__":
    serve("support", create_app, Settings)
