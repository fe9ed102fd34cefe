"""Programs and fonts of the operating system that the project needs. Standard library only: it runs before anything is installed."""

import glob
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import IO

PACKAGES = {
    "rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "poppler-utils": "/usr/bin/pdftotext",
    "openssl": "/usr/bin/openssl",
    "libengine-gost-openssl1.1": "/usr/lib/*/engines-3/gost.so",
    "clamav-daemon": "/usr/sbin/clamd",
    "tesseract-ocr-rus": "/usr/share/tesseract-ocr/*/tessdata/rus.traineddata",
    "util-linux": "/usr/bin/setpriv",
    "python3-venv": None,
}
"""Debian package to a file that shows it is there; `*` stands for the name of the machine's architecture."""
TEST_PACKAGES = {
    "chromium": "/usr/bin/chromium",
    "fonts-liberation": "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf",
    "fonts-paratype": "/usr/share/fonts/truetype/paratype/PTF55F.ttf",
    "qpdf": "/usr/bin/qpdf",
    "softhsm2": "/usr/lib/softhsm/libsofthsm2.so",
    "zbar-tools": "/usr/bin/zbarimg",
}
"""What the tests need besides: large, and of no use to whoever only runs the system."""
TEST_PROGRAMS = {"promtool": "prometheus"}
"""Programs of `/usr/bin` that the tests need alone, with their packages: that one would bring a server, its user, eleven libraries of
its pages, and take five times as long."""
_PROGRAMS = Path("/usr/local/bin")


def missing_packages(*, for_tests: bool = False) -> list[str]:
    """Names of packages that are not installed."""
    wanted = {**PACKAGES, **(TEST_PACKAGES if for_tests else {})}
    return [name for name, file in wanted.items() if not (_has_venv() if file is None else glob.glob(file))]  # noqa: PTH207


def missing_programs(*, for_tests: bool = False) -> list[str]:
    """Names of programs that are not there."""
    return [name for name in TEST_PROGRAMS if for_tests and shutil.which(name) is None]


def main(*, for_tests: bool = False) -> None:
    """Install what is missing when we may; else say which command does and end with status 3."""
    missing, programs = missing_packages(for_tests=for_tests), missing_programs(for_tests=for_tests)
    if not missing and not programs:
        return
    names = " ".join([*missing, *(TEST_PROGRAMS[name] for name in programs)])
    if shutil.which("apt-get") is None:
        _give_up(f"Не хватает системных пакетов, а apt-get здесь нет: {names}")
    if os.geteuid() != 0:
        _give_up(f"Не хватает системных пакетов. Установите их:\n  sudo apt-get install --no-install-recommends {names}")
    print(f"Устанавливаются системные пакеты: {names}", flush=True)
    # RUNLEVEL=1 keeps packages from starting a broker and a scanner of their own
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(["apt-get", "update", "-qq"], env=environment, stdout=subprocess.DEVNULL, check=False)
    if missing:
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            _give_up(f"apt-get не установил {names} (код {done.returncode}); причина в его сообщениях выше")
    for name in programs:
        _take_out(name, TEST_PROGRAMS[name])
    left = [*missing_packages(for_tests=for_tests), *missing_programs(for_tests=for_tests)]
    if left:
        _give_up(f"Не хватает и после apt-get: {' '.join(left)}")


def _take_out(name: str, package: str) -> None:
    """Put one program of a package to where programs of this machine are; apt proves the package before."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)  # apt downloads as a user of its own
        done = subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, stdout=subprocess.DEVNULL, check=False)
        files = list(Path(folder).glob("*.deb"))
        if done.returncode != 0 or not files:
            _give_up(f"apt-get не скачал {package} (код {done.returncode}); причина в его сообщениях выше")
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(files[0])], stdout=subprocess.PIPE) as unpacked:
            _write_from(unpacked.stdout, f"./usr/bin/{name}", _PROGRAMS / name)


def _write_from(tar: IO[bytes] | None, member: str, file: Path) -> None:
    fresh = file.with_suffix(".new")
    with tarfile.open(fileobj=tar, mode="r|") as entries:
        for entry in entries:
            content = entries.extractfile(entry) if entry.name == member else None
            if content is not None:
                with fresh.open("wb") as written:
                    shutil.copyfileobj(content, written)
                fresh.chmod(0o755)
                fresh.replace(file)


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
    main(for_tests="--tests" in sys.argv[1:])
