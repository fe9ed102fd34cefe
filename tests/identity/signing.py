"""Certification authorities, certificates and detached signatures, made with the openssl command; GOST through its engine."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_CONFIGURATION = """openssl_conf = all
[all]
engines = engines
[engines]
gost = gost
[gost]
engine_id = gost
default_algorithms = ALL
[ca]
default_ca = authority
[authority]
database = index.txt
crlnumber = crlnumber
default_md = {digest}
default_crl_days = 30
[authority_extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[person_extensions]
basicConstraints = CA:FALSE
keyUsage = critical, {usage}
"""
KEYS = {
    "rsa": ("RSA", "rsa_keygen_bits:2048", "sha256"),
    "rsa-1024": ("RSA", "rsa_keygen_bits:1024", "sha256"),
    "p256": ("EC", "ec_paramgen_curve:P-256", "sha256"),
    "p384": ("EC", "ec_paramgen_curve:P-384", "sha384"),
    "p521": ("EC", "ec_paramgen_curve:P-521", "sha512"),
    "secp256k1": ("EC", "ec_paramgen_curve:secp256k1", "sha256"),
    "gost2001": ("gost2001", "paramset:A", "md_gost94"),
    "gost256": ("gost2012_256", "paramset:A", "md_gost12_256"),
    "gost512": ("gost2012_512", "paramset:A", "md_gost12_512"),
}


@dataclass(frozen=True)
class Certificate:
    """A key and its certificate, as files below the folder."""

    folder: Path
    name: str
    digest: str

    @property
    def pem(self) -> Path:
        return self.folder / f"{self.name}.pem"


@dataclass(frozen=True)
class Bureau:
    """A folder in which authorities issue certificates and people sign."""

    folder: Path

    def run(self, *arguments: str, digest: str = "sha256", usage: str = "digitalSignature") -> bytes:
        configuration = self.folder / "openssl.cnf"
        configuration.write_text(_CONFIGURATION.format(digest=digest, usage=usage))
        done = subprocess.run(  # noqa: S603
            ["openssl", *arguments],  # noqa: S607
            cwd=self.folder,
            env={"OPENSSL_CONF": str(configuration), "LC_ALL": "C"},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def key(self, name: str, kind: str) -> str:
        """Makes a key; the digest that goes with it."""
        algorithm, option, digest = KEYS[kind]
        self.run("genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", f"{name}.key")
        return digest

    def authority(self, name: str, kind: str = "rsa", issuer: Certificate | None = None) -> Certificate:
        digest = self.key(name, kind)
        self.run("req", "-new", f"-{digest}", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        self._issue(name, "authority_extensions", issuer, digest, ("-days", "3650"))
        return Certificate(self.folder, name, digest)

    def person(
        self,
        name: str,
        issuer: Certificate,
        kind: str = "rsa",
        *,
        subject: str = "/CN=Person",
        digest: str = "",
        usage: str = "digitalSignature",
        days: int = 365,
    ) -> Certificate:
        own = self.key(name, kind)
        self.run("req", "-new", f"-{own}", "-key", f"{name}.key", "-subj", subject, "-utf8", "-out", f"{name}.csr")
        self._issue(name, "person_extensions", issuer, digest or issuer.digest, ("-days", str(days)), usage=usage)
        return Certificate(self.folder, name, own)

    def _issue(
        self, name: str, extensions: str, issuer: Certificate | None, digest: str, term: tuple[str, ...], usage: str = "digitalSignature"
    ) -> None:
        by = ("-CA", f"{issuer.name}.pem", "-CAkey", f"{issuer.name}.key", "-CAcreateserial") if issuer else ("-signkey", f"{name}.key")
        given = ("-extfile", "openssl.cnf", "-extensions", extensions, *term)
        self.run("x509", "-req", "-in", f"{name}.csr", f"-{digest}", *by, *given, "-out", f"{name}.pem", digest=digest, usage=usage)

    def sign(self, text: bytes, *signers: Certificate, digest: str = "", options: tuple[str, ...] = ()) -> bytes:
        """The signature in DER; detached unless the options say otherwise."""
        (self.folder / "text").write_bytes(text)
        by = [word for one in signers for word in ("-signer", f"{one.name}.pem", "-inkey", f"{one.name}.key")]
        return self.run("cms", "-sign", "-binary", "-in", "text", *by, "-md", digest or signers[0].digest, "-outform", "DER", *options)

    def revocations(self, authority: Certificate, *revoked: Certificate, days: int = 30) -> Path:
        """The authority's list of revoked certificates."""
        (self.folder / "index.txt").write_text("")
        (self.folder / "crlnumber").write_text("01")
        by = ("-cert", f"{authority.name}.pem", "-keyfile", f"{authority.name}.key", "-config", "openssl.cnf")
        for one in revoked:
            self.run("ca", *by, "-revoke", f"{one.name}.pem", digest=authority.digest)
        self.run("ca", *by, "-gencrl", "-crldays", str(days), "-out", f"{authority.name}.crl", digest=authority.digest)
        return self.folder / f"{authority.name}.crl"
