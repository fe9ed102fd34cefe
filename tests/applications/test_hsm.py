"""Signing with a key nobody can read, in SoftHSM."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chassis.errors import Outage
from services.applications.domain.certificates.verification import Signature
from services.applications.gateways import Device, FileSigner, HsmSigner, PdfSigner, SignatureReader, SigningUnusable
from services.applications.main.wiring import document_signer
from services.applications.settings import Settings
from tests.applications.signing import AT, authority, printed, signed, told

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN, LABEL, PIN = "medkabinet", "signing", "4711"


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Device]:
    """A token with the key that signs elsewhere in these tests."""
    key, chain = authority()
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    key_file, pin_file = tmp_path / "key.pem", tmp_path / "pin"
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "chain.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in chain))
    pin_file.write_text(f"{PIN}\n")
    told("softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--so-pin", "12345678", "--pin", PIN)
    told("softhsm2-util", "--import", key_file, "--token", TOKEN, "--label", LABEL, "--id", "01", "--pin", PIN)
    key_file.unlink()
    yield Device(MODULE, TOKEN, LABEL, pin_file)
    pkcs11.unload(str(MODULE))


def signer(device: Device) -> HsmSigner:
    return HsmSigner(device, device.pin_file.parent / "chain.pem")


async def test_a_device_signs_the_same_certificate_as_a_file_and_outlives_a_lost_session(device: Device) -> None:
    hsm = PdfSigner(signer(device))
    await hsm.prepare()
    assert await hsm.signed(await printed(), at=AT) == await signed()
    pkcs11.lib(str(MODULE)).reinitialize()  # as when the device was restarted: every session is void
    pdf = await hsm.signed(await printed(), at=AT)
    assert SignatureReader(hsm.signer.chain).read(pdf) is Signature.VALID


async def test_a_device_that_is_gone_lets_the_work_wait(device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hsm = PdfSigner(signer(device))
    await hsm.prepare()
    take_away(tmp_path, monkeypatch)
    with pytest.raises(Outage, match="не отвечает"):
        await hsm.signed(await printed(), at=AT)
    started_without = PdfSigner(signer(device))
    await started_without.prepare()  # everything else the service does goes on
    give_back(tmp_path, monkeypatch)
    for one in (hsm, started_without):
        assert await one.signed(await printed(), at=AT) == await signed()


def take_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "none").mkdir()
    elsewhere = folder / "elsewhere.conf"
    elsewhere.write_text(f"directories.tokendir = {folder / 'none'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(elsewhere))
    pkcs11.lib(str(MODULE)).reinitialize()


def give_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    pkcs11.lib(str(MODULE)).reinitialize()


def test_a_refused_pin_is_tried_once(device: Device) -> None:
    device.pin_file.write_text("0000")
    refused = signer(device)
    for _ in range(2):
        with pytest.raises(SigningUnusable, match="refused"):
            refused.sign(b"content")
        device.pin_file.write_text(PIN)  # only a restart tries it


class _Hanging:
    """A device that answers only when it is let go."""

    chain = authority()[1]

    def __init__(self) -> None:
        self.hangs, self.go_on, self._file = False, threading.Event(), FileSigner(self.chain, authority()[0])

    def sign(self, content: bytes) -> bytes:
        if self.hangs:
            self.go_on.wait(5)
        return self._file.sign(content)


async def test_a_device_that_hangs_lets_the_work_wait_too() -> None:
    hanging = _Hanging()
    hsm = PdfSigner(hanging, timeout_seconds=0.05)
    await hsm.prepare()
    hanging.hangs = True
    with pytest.raises(Outage, match="вовремя"):
        await hsm.signed(await printed(), at=AT)
    hanging.go_on.set()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"signing_key_file": "key.pem", "signing_pkcs11_module": "module.so"},
        {"signing_pkcs11_module": "module.so", "signing_pkcs11_slot_label": TOKEN, "signing_pkcs11_key_label": LABEL},
    ],
)
def test_the_settings_name_one_key_and_all_of_a_device(given: dict[str, str]) -> None:
    unset = {name: field.default for name, field in Settings.model_fields.items() if name.startswith("signing_")}
    settings = Settings.model_construct(**{**unset, "signing_certificates_file": Path("chain.pem"), **given})
    with pytest.raises(SigningUnusable, match="either signing_key_file or all four"):
        document_signer(settings)
