"""The outside: PDF rendering, QR codes, signatures, the production calendar, the bucket of generated files."""

from services.applications.gateways.calendar import production_calendar
from services.applications.gateways.pages import verification_page
from services.applications.gateways.pdf import Printer, verification_url
from services.applications.gateways.rulebook import read_rulebook
from services.applications.gateways.share_page import SHARE_POLICY, share_page
from services.applications.gateways.signing.hsm import Device, HsmSigner
from services.applications.gateways.signing.jws import Altered, CredentialKeys, ForeignKey, document_jwk
from services.applications.gateways.signing.keys import DocumentSigner, FileSigner, SigningUnusable
from services.applications.gateways.signing.pades import PdfSigner
from services.applications.gateways.signing.reading import SignatureReader
from services.applications.gateways.storage import FileStore
from services.applications.gateways.tokens import Tokens

__all__ = [
    "SHARE_POLICY",
    "Altered",
    "CredentialKeys",
    "Device",
    "DocumentSigner",
    "FileSigner",
    "FileStore",
    "ForeignKey",
    "HsmSigner",
    "PdfSigner",
    "Printer",
    "SignatureReader",
    "SigningUnusable",
    "Tokens",
    "document_jwk",
    "production_calendar",
    "read_rulebook",
    "share_page",
    "verification_page",
    "verification_url",
]
