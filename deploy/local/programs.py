"""Where programs of the operating system are."""

import shutil
from pathlib import Path


class MissingSystemPackage(RuntimeError):
    """A program of the operating system is not installed; the message says how to install it."""


def program(name: str, package: str) -> str:
    """Where a program is. Debian's wrappers in `/usr/sbin` insist on root or rabbitmq, the programs behind them do not."""
    for folder in ("/usr/lib/rabbitmq/bin", "/usr/local/lib/rabbitmq/bin"):
        if (Path(folder) / name).exists():
            return f"{folder}/{name}"
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise MissingSystemPackage(f"Не установлена программа {name}. Установите её: apt-get install --no-install-recommends {package}")
    return found
