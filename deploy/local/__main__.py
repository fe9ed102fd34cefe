"""`python -m deploy.local run`: the whole system on this machine until Ctrl-C."""

import asyncio
import sys

from pydantic import ValidationError

from deploy.local.run import run
from deploy.local.settings import LocalSettings


def main() -> None:
    """Read the settings, run, give the status to the shell."""
    if sys.argv[1:] != ["run"]:
        print("Использование: python -m deploy.local run", file=sys.stderr)
        raise SystemExit(2)
    try:
        settings = LocalSettings()
    except ValidationError as error:
        for problem in error.errors():
            print(f"Настройка LOCAL_{str(problem['loc'][0]).upper()}: {problem['msg']}", file=sys.stderr)
        raise SystemExit(2) from None
    raise SystemExit(asyncio.run(run(settings)))


if __name__ == "__main__":
    main()
