"""The app of all simulators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import jinja2
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from deploy.simulators.esia import Esia, esia_router
from deploy.simulators.mail import mail_out, mail_router, smtp_server
from deploy.simulators.providers import push_router, sms_router
from deploy.simulators.registries import Registries, registries_router
from deploy.simulators.settings import SimulatorsSettings
from deploy.simulators.world import World

REGISTRY_TITLES = {
    "passport": "Паспорта",
    "snils": "СНИЛС",
    "inn": "ИНН",
    "diplomas": "Дипломы",
    "licences": "Лицензии",
    "training": "Обучение",
    "employment": "Трудовой стаж",
}


def create_app(settings: SimulatorsSettings) -> FastAPI:
    """One app; its SMTP sink lives as long as the app does. `app.state.smtp_port` tells the sink's port."""
    world, registries = World(settings), Registries()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with smtp_server(world) as port:
            app.state.smtp_port = port
            yield

    app = FastAPI(title="Имитаторы внешнего мира", lifespan=lifespan)
    app.state.world, app.state.registries = world, registries
    app.include_router(registries_router(world, registries))
    app.include_router(sms_router(world))
    app.include_router(mail_router(world))
    app.include_router(push_router(world))
    app.include_router(esia_router(Esia(settings)))
    page = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True).get_template("page.html")

    @app.get("/", response_class=HTMLResponse)
    async def show_everything() -> str:
        """A page to look at all of it."""
        return page.render(
            registries=registries,
            titles=REGISTRY_TITLES,
            world=world,
            mails=[mail_out(mail) for mail in world.mails.newest_first()],
        )

    @app.get("/health/live", status_code=204)
    async def live() -> None:
        """The process answers."""

    @app.get("/health/ready", status_code=204)
    async def ready() -> None:
        """The SMTP sink listens, as the app only serves inside its lifespan."""

    return app
