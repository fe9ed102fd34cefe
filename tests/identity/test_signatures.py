"""Electronic signatures: what is accepted, and the name by which each other one is refused."""

import contextlib
import random
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chassis.clock import machine_now
from chassis.errors import DomainError
from services.identity.domain.signatures import Signer
from services.identity.gateways.signatures import SignaturePolicy, Signatures
from tests.identity.signing import Bureau, Certificate

TEXT = '{"profile_version":1,"фамилия":"Озеровидская"}'.encode()
SNILS, INN = "11223344595", "500100732259"
SUBJECT = f"/CN=Person/1.2.643.100.3={SNILS}/1.2.643.3.131.1.1={INN}"


class House:
    """One authority of each kind, trusted, with its list of revoked certificates."""

    def __init__(self, folder: Path) -> None:
        self.bureau = Bureau(folder)
        self.trusted, self.crls = folder / "trusted", folder / "lists"
        self.trusted.mkdir()
        self.crls.mkdir()
        self.authorities: dict[str, Certificate] = {}

    def authority(self, kind: str = "rsa") -> Certificate:
        if kind not in self.authorities:
            made = self.bureau.authority(f"authority-{kind}", kind)
            self.authorities[kind] = made
            shutil.copy(made.pem, self.trusted)
            shutil.copy(self.bureau.revocations(made), self.crls)
        return self.authorities[kind]

    def person(self, name: str, kind: str = "rsa", **given: str | int) -> Certificate:
        return self.bureau.person(name, self.authority(), kind, **{"subject": SUBJECT} | given)  # type: ignore[arg-type]

    def signatures(self, **changes: object) -> Signatures:
        policy = {
            "trusted_cas": self.trusted,
            "crls": self.crls,
            "is_crl_required": True,
            "longest_bytes": 65_536,
            "intermediates": 2,
            "timeout_seconds": 20,
            "at_once": 2,
        } | changes
        return Signatures(SignaturePolicy(**policy))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    made = House(tmp_path_factory.mktemp("bureau"))
    made.authority()
    return made


@pytest.fixture(scope="session")
def person(house: House) -> Certificate:
    return house.person("usual")


async def refusal(signatures: Signatures, signature: bytes, text: bytes = TEXT, at: datetime | None = None) -> str:
    with pytest.raises(DomainError) as raised:
        await signatures.verify(signature, text, at or machine_now())
    assert raised.value.detail
    return str(raised.value.code)


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521", "gost256", "gost512"])
async def test_each_accepted_kind_of_key_signs(house: House, kind: str) -> None:
    signer = house.bureau.person(f"signs-{kind}", house.authority(kind if kind.startswith("gost") else "rsa"), kind, subject=SUBJECT)
    signed = await house.signatures().verify(house.bureau.sign(TEXT, signer), TEXT, machine_now())
    assert (signed.snils, signed.inn) == (SNILS, INN)
    assert len(signed.certificate_sha256) == len(signed.issuer_sha256) == 64
    assert await refusal(house.signatures(), house.bureau.sign(TEXT, signer), TEXT + b" ") == "signature-content-differs"


async def test_rsa_pss_signs_but_not_over_sha1(house: House, person: Certificate) -> None:
    pss = ("-keyopt", "rsa_padding_mode:pss")
    await house.signatures().verify(house.bureau.sign(TEXT, person, options=pss), TEXT, machine_now())
    weak = house.bureau.sign(TEXT, person, options=(*pss, "-keyopt", "rsa_mgf1_md:sha1"))
    assert await refusal(house.signatures(), weak) == "signature-weak-digest"


async def test_an_attached_text_must_be_the_same_and_signing_without_attributes_is_fine(house: House, person: Certificate) -> None:
    attached = house.bureau.sign(TEXT, person, options=("-nodetach",))
    await house.signatures().verify(attached, TEXT, machine_now())
    assert await refusal(house.signatures(), attached, b"{}") == "signature-attached-content-differs"
    bare = house.bureau.sign(TEXT, person, options=("-noattr",))
    await house.signatures().verify(bare, TEXT, machine_now())
    assert await refusal(house.signatures(), bare, b"{}") == "signature-content-differs"


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("signature-weak-digest", lambda house, person: house.bureau.sign(TEXT, person, digest="sha1")),
        ("signature-weak-digest", lambda house, person: house.bureau.sign(TEXT, person, digest="md5")),
        ("signature-weak-digest", lambda house, _: house.bureau.sign(TEXT, house.person("gost-2001", "gost2001"))),
        ("signature-weak-digest", lambda house, _: house.bureau.sign(TEXT, house.person("sha1-certificate", digest="sha1"))),
        ("signature-weak-key", lambda house, _: house.bureau.sign(TEXT, house.person("short", "rsa-1024"))),
        ("signature-weak-key", lambda house, _: house.bureau.sign(TEXT, house.person("koblitz", "secp256k1"))),
        ("signature-several-signers", lambda house, person: house.bureau.sign(TEXT, person, house.person("second"))),
        ("signature-certificate-missing", lambda house, person: house.bureau.sign(TEXT, person, options=("-nocerts",))),
        ("signature-certificate-usage", lambda house, _: house.bureau.sign(TEXT, house.person("cipher", usage="keyEncipherment"))),
        (
            "signature-certificate-untrusted",
            lambda house, _: house.bureau.sign(
                TEXT, house.bureau.person("stranger", house.bureau.authority("foreign"), subject=SUBJECT)
            ),
        ),
        ("signature-malformed", lambda *_: b"no signature"),
        ("signature-malformed", lambda *_: b""),
        ("signature-malformed", lambda house, person: house.bureau.sign(TEXT, person)[:-20]),
        ("signature-malformed", lambda house, person: house.bureau.sign(TEXT, person) + b"more"),
        ("signature-too-large", lambda *_: bytes(65_537)),
    ],
)  # fmt: skip
async def test_each_bad_signature_is_refused_by_its_own_name(
    house: House, person: Certificate, code: str, make: Callable[[House, Certificate], bytes]
) -> None:
    assert await refusal(house.signatures(), make(house, person)) == code


async def test_a_structure_nobody_signed_is_refused(house: House, person: Certificate) -> None:
    unsigned = house.bureau.run("crl2pkcs7", "-nocrl", "-certfile", str(person.pem), "-outform", "DER")
    assert await refusal(house.signatures(), unsigned) == "signature-missing"


async def test_a_changed_byte_of_the_signature_is_noticed(house: House, person: Certificate) -> None:
    signature = bytearray(house.bureau.sign(TEXT, person))
    signature[-5] ^= 1
    assert await refusal(house.signatures(), bytes(signature)) == "signature-broken"


async def test_the_certificate_must_be_valid_at_our_time(house: House, person: Certificate) -> None:
    signature = house.bureau.sign(TEXT, person)
    lenient = house.signatures(is_crl_required=False)
    assert await refusal(lenient, signature, at=machine_now() - timedelta(days=2)) == "signature-certificate-not-yet-valid"
    assert await refusal(lenient, signature, at=machine_now() + timedelta(days=366)) == "signature-certificate-expired"


async def test_revocation(house: House, tmp_path: Path) -> None:
    authority = house.bureau.authority("strict")
    kept, revoked = (house.bureau.person(name, authority, subject=SUBJECT) for name in ("kept", "revoked"))
    signature, bad = house.bureau.sign(TEXT, kept), house.bureau.sign(TEXT, revoked)
    lists = tmp_path / "lists"
    lists.mkdir()
    strict = house.signatures(trusted_cas=authority.pem, crls=lists)
    lenient = house.signatures(trusted_cas=authority.pem, crls=lists, is_crl_required=False)
    assert await refusal(strict, signature) == "signature-crl-missing"
    await lenient.verify(signature, TEXT, machine_now())
    shutil.copy(house.bureau.revocations(authority, revoked, days=30), lists)
    await strict.verify(signature, TEXT, machine_now())
    assert await refusal(strict, bad) == await refusal(lenient, bad) == "signature-certificate-revoked"
    later = machine_now() + timedelta(days=31)
    assert await refusal(strict, signature, at=later) == "signature-crl-outdated"
    assert await refusal(lenient, bad, at=later) == "signature-certificate-revoked"
    (lists / "unreadable.crl").write_bytes(b"no list")
    await strict.verify(signature, TEXT, machine_now())


async def test_a_chain_may_have_some_authorities_between_but_not_many(house: House) -> None:
    above = house.authority()
    names = ("between-1", "between-2", "between-3")
    chain: list[Certificate] = []
    for name in names:
        above = house.bureau.authority(name, issuer=above)
        chain.append(above)
    (house.bureau.folder / "chain.pem").write_text("".join(one.pem.read_text() for one in chain))
    options = ("-certfile", "chain.pem")
    signatures = house.signatures(is_crl_required=False)
    near = house.bureau.sign(TEXT, house.bureau.person("near", chain[1], subject=SUBJECT), options=options)
    await signatures.verify(near, TEXT, machine_now())
    far = house.bureau.sign(TEXT, house.bureau.person("far", chain[2], subject=SUBJECT), options=options)
    assert await refusal(signatures, far) in ("signature-chain-too-long", "signature-certificate-untrusted")


async def test_another_certificate_of_the_same_name_and_number_does_not_stand_in(house: House, person: Certificate) -> None:
    """A forger's certificate that copies issuer and number of a real one, sent together with the real one."""
    twin = house.bureau.authority("twin")
    house.bureau.run("req", "-new", "-key", "twin.key", "-subj", "/CN=authority-rsa", "-out", "twin.csr")
    house.bureau._issue("twin", "authority_extensions", None, "sha256", ("-days", "100"))
    house.bureau.key("forged", "rsa")
    house.bureau.run("req", "-new", "-key", "forged.key", "-subj", SUBJECT, "-out", "forged.csr")
    serial = house.bureau.run("x509", "-in", str(person.pem), "-noout", "-serial").decode().strip().partition("=")[2]
    by = ("-CA", "twin.pem", "-CAkey", "twin.key", "-set_serial", f"0x{serial}", "-days", "100")
    extensions = ("-extfile", "openssl.cnf", "-extensions", "person_extensions")
    house.bureau.run("x509", "-req", "-in", "forged.csr", *by, *extensions, "-out", "forged.pem")
    forged = house.bureau.sign(TEXT, Certificate(house.bureau.folder, "forged", "sha256"), options=("-certfile", str(person.pem)))
    assert twin.pem.exists()
    assert await refusal(house.signatures(), forged) in {
        "signature-broken", "signature-content-differs", "signature-certificate-untrusted", "signature-certificate-invalid",
    }  # fmt: skip


async def test_without_a_trusted_authority_no_signature_is_accepted(house: House, person: Certificate, tmp_path: Path) -> None:
    signature = house.bureau.sign(TEXT, person)
    for nowhere in (None, tmp_path, tmp_path / "missing"):
        assert await refusal(house.signatures(trusted_cas=nowhere), signature) == "signatures-not-accepted"


async def test_a_check_that_takes_too_long_is_given_up(house: House, person: Certificate) -> None:
    signature = house.bureau.sign(TEXT, person)
    assert await refusal(house.signatures(timeout_seconds=0.0001), signature) == "signature-check-unavailable"


async def test_whatever_bytes_come_the_refusal_has_a_name(house: House, person: Certificate) -> None:
    signature, dice = house.bureau.sign(TEXT, person), random.Random(7)
    lenient, accepted = house.signatures(is_crl_required=False), list[bytes]()
    for _ in range(60):
        spoiled = bytearray(signature)
        for _ in range(dice.randint(1, 4)):
            spoiled[dice.randrange(len(spoiled))] = dice.randrange(256)
        with contextlib.suppress(DomainError):  # any other error fails the test
            await lenient.verify(bytes(spoiled), TEXT, machine_now())
            accepted.append(bytes(spoiled))
    assert len(accepted) < 60


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"snils": "112-233-445 95"}, None),
        ({"snils": SNILS, "inn": "1"}, None),
        ({"inn": INN}, None),
        ({"organisation_inn": INN}, None),
        ({"snils": "1"}, "signature-of-somebody-else"),
        ({"snils": "1", "inn": INN}, "signature-of-somebody-else"),
        ({"inn": "1", "organisation_inn": INN}, "signature-of-somebody-else"),
        ({}, "signature-names-nobody"),
    ],
)
def test_the_signer_must_be_the_person(named: dict[str, str], code: str | None) -> None:
    names = {"snils": None, "inn": None, "organisation_inn": None} | named
    signer = Signer(serial="1", certificate_sha256="", issuer_sha256="", **names)
    if code is None:
        signer.check_is(SNILS, INN)
        return
    with pytest.raises(DomainError) as raised:
        signer.check_is(SNILS, INN)
    assert raised.value.code == code


def test_an_inn_proves_nothing_of_whoever_gave_none() -> None:
    signer = Signer(serial="1", certificate_sha256="", issuer_sha256="", snils=None, inn=INN, organisation_inn=None)
    with pytest.raises(DomainError) as raised:
        signer.check_is(SNILS, None)
    assert raised.value.code == "signature-of-somebody-else"
