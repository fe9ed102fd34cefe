"""clamd, the malware scanner: with the signatures of this machine if it has any, else with one for the harmless test file EICAR."""

from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import accepts
from deploy.local.process import ChildProcess
from deploy.local.programs import program

SYSTEM_SIGNATURES = Path("/var/lib/clamav")
_EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EI", "CAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
"""In two parts, so that no scanner takes this file for the test file."""
SIGNATURE = "Medkabinet.Test.Eicar"


def eicar() -> bytes:
    """The test file that every scanner knows. Source: EICAR, Anti-Malware Testfile."""
    return "".join(_EICAR).encode()


@dataclass
class Clamd:
    """One clamd on this machine's own address; its folder holds configuration, signatures and what it unpacks."""

    folder: Path
    port: int
    log_file: Path
    signatures: Path | None = None
    """None for our own signature alone."""
    name: str = "clamd"

    def __post_init__(self) -> None:
        unpacked = self.folder / "unpacked"
        unpacked.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "clamd.conf"
        configuration.write_text("\n".join(self._settings(self.signatures or self._own_signatures(), unpacked)) + "\n")
        self.process = ChildProcess(
            name=self.name,
            command=[program("clamd", "clamav-daemon"), "--foreground", f"--config-file={configuration}"],
            log_file=self.log_file,
            is_ready=self._answers,
        )

    def _own_signatures(self) -> Path:
        """A body signature found at any place of any file, so also inside a stream of a PDF that has to be unpacked."""
        folder = self.folder / "signatures"
        folder.mkdir(exist_ok=True)
        (folder / "medkabinet.ndb").write_text(f"{SIGNATURE}:0:*:{eicar().hex()}\n")
        return folder

    def _settings(self, signatures: Path, unpacked: Path) -> list[str]:
        return [
            "TCPAddr 127.0.0.1",
            f"TCPSocket {self.port}",
            f"DatabaseDirectory {signatures}",
            f"TemporaryDirectory {unpacked}",
            "StreamMaxLength 16M",
            "MaxFileSize 32M",
            "MaxScanSize 128M",
            "MaxScanTime 20000",
            "MaxThreads 4",
            "AlertExceedsMax yes",  # else a file beyond a limit counts as clean
            "ConcurrentDatabaseReload no",
        ]

    async def _answers(self) -> bool:
        return accepts(self.port)


def system_signatures() -> Path | None:
    """The folder of this machine's own signatures, if they were ever downloaded."""
    return SYSTEM_SIGNATURES if any(SYSTEM_SIGNATURES.glob("main.c[lv]d")) else None
