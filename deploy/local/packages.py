"""Programs and fonts of the operating system that the project needs. Standard library only: it runs before anything is installed."""

import glob
import os
import shutil
import subprocess
import sys

PACKAGES = {
    "rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "poppler-utils": "/usr/bin/pdftotext",
    "openssl": "/usr/bin/openssl",
    "libengine-gost-openssl1.1": "/usr/lib/*/engines-3/gost.so",
    "util-linux": "/usr/bin/setpriv",
    "python3-venv": None,
}
"""Debian package to a file that shows it is there; `*` stands for the name of the machine's architecture."""


def missing_packages() -> list[str]:
    """Names of packages that are not installed."""
    return [name for name, file in PACKAGES.items() if not (_has_venv() if file is None else glob.glob(file))]  # noqa: PTH207


def main() -> None:
    """Install what is missing when we may; else say which command does and end with status 3."""
    missing = missing_packages()
    if not missing:
        return
    names = " ".join(missing)
    if shutil.which("apt-get") is None:
        _give_up(f"Не хватает системных пакетов, а apt-get здесь нет: {names}")
    if os.geteuid() != 0:
        _give_up(f"Не хватает системных пакетов. Установите их:\n  sudo apt-get install --no-install-recommends {names}")
    print(f"Устанавливаются системные пакеты: {names}", flush=True)
    # RUNLEVEL=1 keeps the package from starting a broker of its own
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0 and command[0] == "install":
            _give_up(f"apt-get не установил {names} (код {done.returncode}); причина в его сообщениях выше")
    left = missing_packages()
    if left:
        _give_up(f"Не хватает и после apt-get: {' '.join(left)}")


def _has_venv() -> bool:
    try:
        import ensurepip  # noqa: F401, PLC0415  # Debian takes it out of python3 and puts it into python3-venv
    except ImportError:
        return False
    return True


def _give_up(words: str) -> None:
    print(words, file=sys.stderr)
    raise SystemExit(3)


if __name__ == "__main__":
    main()
