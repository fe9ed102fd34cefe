"""`medkabinet certificates verify`: with the published keys alone, in agreement with the service about every forgery."""

import ast
import asyncio
import io
import json
import socket
from dataclasses import replace
from datetime import date
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from deploy.local import development_pki
from deploy.verifier.codes import Outcome
from deploy.verifier.files import verify_file, verify_text
from deploy.verifier.keys import Keys, KeysUnusable
from services.applications.gateways import CredentialKeys, FileSigner, PdfSigner, Printer
from tests.applications.signing import AT, pdf_signer
from tests.applications.test_codes import CODE, CREDENTIALS, KEYS, LATIN, STATEMENT, URL, VALUES, forgeries

PUBLISHED = {"keys": [*KEYS.jwks(), CREDENTIALS.document_key], "verification_urls": CREDENTIALS.verification_urls()}
RING = Keys.of(PUBLISHED)
DAY = date(2026, 5, 1)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(PUBLISHED))
    return file


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the verifier asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


async def printed() -> bytes:
    return await Printer(URL, KEYS).certificate(VALUES, STATEMENT, made_at=AT)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["certificates", "verify", *map(str, arguments)])


def test_it_imports_nothing_of_the_services() -> None:
    folder = Path(__file__).parents[2] / "deploy"
    for file in [*(folder / "verifier").glob("*.py"), folder / "cli" / "certificates.py"]:
        nodes = list(ast.walk(ast.parse(file.read_text())))
        named = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        named += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        assert [name for name in named if name.startswith("services")] == [], file.name


@pytest.mark.usefixtures("no_network")
def test_the_text_of_a_code_is_verified_and_shown(keys_file: Path) -> None:
    answer = run(CODE, "--keys", keys_file)
    assert answer.exit_code == 0, answer.output
    for word in (
        "Подлинный",
        STATEMENT.number,
        STATEMENT.holder,
        "31.08.36",
        "14.04.2026 - 14.04.2031",
        f"{URL}/verify/{STATEMENT.number}",
    ):
        assert word in answer.stdout
    assert verify_text(CODE, RING, date(2031, 4, 14)).outcome is Outcome.GENUINE
    assert verify_text(CODE, RING, date(2031, 4, 15)).outcome is Outcome.EXPIRED


def test_one_changed_character_anywhere_is_detected() -> None:
    for place, letter in enumerate(CODE):
        there = LATIN.find(letter)
        verdict = verify_text(CODE[:place] + (LATIN[there ^ 1] if there >= 0 else "A") + CODE[place + 1 :], RING, DAY)
        assert verdict.outcome in (Outcome.ALTERED, Outcome.FOREIGN_KEY, Outcome.NO_CODE), place
        assert verdict.statement is None


@pytest.mark.parametrize("name", forgeries())
def test_forged_codes_are_called_what_the_service_calls_them(name: str, keys_file: Path) -> None:
    forged, outcome = forgeries()[name]
    if name == "no JWS":  # without three parts there is nothing to ask a key about
        outcome = "no-code"
    assert verify_text(forged, RING, DAY).outcome == outcome
    answer = run(forged, "--keys", keys_file)
    assert answer.exit_code == 1
    assert STATEMENT.number not in answer.stdout


@pytest.mark.usefixtures("no_network")
async def test_pictures_and_scans_are_verified_by_their_code_and_a_bare_pdf_is_not_believed(keys_file: Path, tmp_path: Path) -> None:
    content = await printed()
    (tmp_path / "bare.pdf").write_bytes(content)
    pypdfium2.PdfDocument(content)[0].render(scale=150 / 72).to_pil().save(tmp_path / "paper.png")
    (tmp_path / "empty.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "text.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    assert run(tmp_path / "paper.png", "--keys", keys_file).exit_code == 0
    assert run(tmp_path / "bare.pdf", "--scan", "--keys", keys_file).exit_code == 0
    for name in ("empty.png", "text.pdf"):
        answer = run(tmp_path / name, "--keys", keys_file)
        assert (answer.exit_code, "Это не PDF и не картинка" in answer.stdout) == (1, True)


def picture(side: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (side, 8)).save(buffer, "PNG")
    return buffer.getvalue()


def broken() -> bytes:
    """Whose pixels are said to end after four bytes: what follows is no part of a picture."""
    whole = bytearray(picture(8))
    place = whole.index(b"IDAT")
    whole[place - 4 : place] = (4).to_bytes(4)
    return bytes(whole)


@pytest.mark.parametrize("content", [broken(), picture(65_536)], ids=["broken", "too wide"])
def test_a_picture_that_cannot_be_looked_at_is_unreadable(content: bytes) -> None:
    assert verify_file(content, RING, DAY, is_scan=True).outcome is Outcome.UNREADABLE


@pytest.mark.usefixtures("no_network")
async def test_a_signed_file_is_verified_by_its_signature_too(keys_file: Path, tmp_path: Path) -> None:
    bare = await printed()
    (tmp_path / "bare.pdf").write_bytes(bare)
    (tmp_path / "certificate.pdf").write_bytes(await (await pdf_signer()).signed(bare, at=AT))
    answer = await asyncio.to_thread(run, tmp_path / "certificate.pdf", "--keys", keys_file)
    assert (answer.exit_code, STATEMENT.number in answer.stdout) == (0, True), answer.output
    answer = await asyncio.to_thread(run, tmp_path / "bare.pdf", "--keys", keys_file)
    assert (answer.exit_code, "не подписан" in answer.stdout) == (1, True)


async def test_one_changed_byte_of_a_signed_file_is_detected_wherever_it_is() -> None:
    bare = await printed()
    whole = await (await pdf_signer()).signed(bare, at=AT)
    contents = whole.index(b"/Contents <") + len(b"/Contents <")
    end = whole.index(b">", contents)
    places = [*range(9, len(whole), len(whole) // 25), contents, contents + 1, contents + 200, end - 300, end - 1, end, len(whole) - 2]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1
        verdict = await asyncio.to_thread(verify_file, bytes(changed), RING, DAY, is_scan=False)
        assert not verdict.is_genuine, place
    for grown in (whole + b"\n", whole + whole[len(bare) :], whole.replace(b"/Contents <3", b"/Contents < 3")):
        assert not (await asyncio.to_thread(verify_file, grown, RING, DAY, is_scan=False)).is_genuine


async def test_a_signature_of_another_authority_is_foreign() -> None:
    stranger, chain = development_pki.invent()
    signer = PdfSigner(FileSigner(chain, stranger))
    await signer.prepare()
    forged = await signer.signed(await printed(), at=AT)
    verdict = await asyncio.to_thread(verify_file, forged, RING, DAY, is_scan=False)
    assert verdict.outcome is Outcome.FOREIGN_KEY
    with pytest.raises(KeysUnusable):
        await asyncio.to_thread(verify_file, forged, replace(RING, roots=()), DAY, is_scan=False)


async def test_the_keys_of_another_cabinet_verify_nothing_of_ours() -> None:
    other = CredentialKeys.generate("k1")
    theirs = Keys.of({**PUBLISHED, "keys": other.jwks()})
    assert verify_file(await printed(), theirs, DAY, is_scan=True).outcome is Outcome.ALTERED
    renamed = Keys.of({**PUBLISHED, "keys": [{**other.jwks()[0], "kid": "k9"}]})
    assert verify_text(CODE, renamed, DAY).outcome is Outcome.FOREIGN_KEY
    elsewhere = replace(RING, addresses=("https://elsewhere.example/verify/",))
    assert verify_text(CODE, elsewhere, DAY).outcome is Outcome.ALTERED


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "AA"}]}', "[" * 9999]
)
def test_a_file_without_keys_is_refused_in_words(content: str, tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text(content)
    answer = run(CODE, "--keys", tmp_path / "jwks.json")
    assert (answer.exit_code, "файле" in answer.stderr) == (1, True)


def test_what_is_neither_a_file_nor_a_code_is_refused_in_words(keys_file: Path) -> None:
    answer = run("nowhere.pdf", "--keys", keys_file)
    assert (answer.exit_code, "nowhere.pdf" in answer.stderr) == (1, True)


def test_a_ring_gets_a_new_key_and_then_signs_with_it(tmp_path: Path) -> None:
    file, runner = tmp_path / "ring.json", CliRunner()
    file.write_text(KEYS.private_jwks())
    for words, active in ((("--add", "k2"), "k1"), (("--first", "k2"), "k2")):
        answer = runner.invoke(app, ["certificates", "ring", str(file), *words])
        assert answer.exit_code == 0, answer.output
        file.write_text(answer.stdout)
        ring = CredentialKeys.from_json(answer.stdout)
        assert ring.key_id == active
        assert replace(CREDENTIALS, keys=ring).read_code(CODE).outcome == "genuine"
    for words in (("--add", "k2"), ("--add", "очень"), ("--add", "longerthan8"), ("--first", "k3")):
        refused = runner.invoke(app, ["certificates", "ring", str(file), *words])
        assert (refused.exit_code, refused.stdout) == (1, "")
    file.write_text("[]")
    assert runner.invoke(app, ["certificates", "ring", str(file)]).exit_code == 1
