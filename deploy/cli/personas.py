"""`medkabinet personas`: invented people to sign in as."""

import asyncio

from deploy.cli.output import console, refusals, table
from deploy.cli.surroundings import environment_of, local_settings
from deploy.local.personas import ensure_personas


def personas() -> None:
    """Показать, под кем можно войти; при первом вызове эти люди создаются."""
    with refusals():
        settings = local_settings()
        made = asyncio.run(ensure_personas(settings, environment_of("identity")))
        rows = [(who.title, who.name, who.identifier, who.password, who.phone) for who in made]
        table("Вход", ("Кто", "Имя", "Логин", "Пароль", "Телефон"), rows)
        console.print(f"Кабинет {settings.url}, коды из SMS: {settings.simulators_url}")
