"""`python -m deploy.simulators`: the outside world on its own."""

import sys

import uvicorn
from pydantic import ValidationError

from deploy.simulators.app import create_app
from deploy.simulators.settings import SimulatorsSettings

KEEP_ALIVE_SECONDS = 75
"""Longer than any client keeps an idle connection, so that none sends into one just closed."""


def main() -> None:
    """Serve until told to stop. No access log: addresses in it would hold people's telephone numbers."""
    try:
        settings = SimulatorsSettings()
    except ValidationError as error:
        for problem in error.errors():
            print(f"setting SIMULATORS_{str(problem['loc'][0]).upper()}: {problem['msg']}", file=sys.stderr)
        raise SystemExit(2) from None
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
