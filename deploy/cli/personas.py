"""`medkabinet personas`: invented people to sign in as."""

import asyncio

from deploy.cli.output import console, refusals
from deploy.cli.surroundings import environment_of, local_settings
from deploy.local.personas import ensure_personas
from deploy.local.welcome import print_addresses, print_personas


def personas() -> None:
    """Показать, под кем можно войти; при первом вызове эти люди создаются."""
    with refusals():
        settings = local_settings()
        made = asyncio.run(ensure_personas(settings, environment_of("identity")))
        print_personas(made, console)
        print_addresses(settings.url, settings.simulators_url, console)
