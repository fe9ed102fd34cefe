"""The rule table: which formats and sizes each type of document allows, and what it has to say. The only place these are written."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.documents import TITLES, DocumentType
from services.documents.domain.reading import Field

MEGABYTE = 1_048_576


class MediaType(StrEnum):
    """The formats the cabinet can check."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"

    @property
    def label(self) -> str:
        """As people call it."""
        return self.name

    @property
    def extensions(self) -> tuple[str, ...]:
        """Ends of file names that fit, the usual one first."""
        return _EXTENSIONS[self]

    @classmethod
    def sniffed(cls, head: bytes) -> "MediaType | None":
        """The format by its first bytes; strict, since a file that is two formats at once is nobody's honest scan."""
        return next((media_type for signature, media_type in _SIGNATURES if head.startswith(signature)), None)


_SIGNATURES = ((b"%PDF-", MediaType.PDF), (b"\xff\xd8\xff", MediaType.JPEG), (b"\x89PNG\r\n\x1a\n", MediaType.PNG))
_EXTENSIONS = {MediaType.PDF: (".pdf",), MediaType.JPEG: (".jpg", ".jpeg"), MediaType.PNG: (".png",)}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a file of this type must be. `source` names the origin of the limits, `valid_from` their first day."""

    document_type: DocumentType
    media_types: tuple[MediaType, ...]
    max_bytes: int
    paper_mm: int | None
    """Short side of the smallest paper on which it is issued: the size that decides how fine and sharp a picture has to be.

    None for files that need not be papers: they must not be blank, and that is all.
    """
    source: str = "requirements DO-2"
    valid_from: date = date(2026, 1, 1)
    is_kept_with_account: bool = False
    """Whether it stays for as long as there is its person, handed in with an application or not."""
    has_portal_code: bool = False
    """Its pages carry a QR code that leads to the portal."""
    needs_signature: bool = False
    """Unless it is a scan of paper: a PDF that a program wrote is worth what its electronic signature is. Every type's is verified."""

    must: tuple[tuple[Field, ...], ...] = ()
    """What of the profile has to stand in it: one of each group at least, or its reviewer is told that the first was not found."""
    may: tuple[Field, ...] = ()
    """What may be missing."""
    may_be_former: bool = False
    """It says what was true long ago: another workplace, or another surname beside the same names, is for the reviewer."""

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.document_type]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Everything in which it may not contradict the profile."""
        return (*(field for group in self.must for field in group), *self.may)

    @property
    def limits(self) -> str:
        """Formats and size in one phrase, as shown before the upload and named in every refusal."""
        names = [media_type.label for media_type in self.media_types]
        formats = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} или {names[-1]}"
        return f"{formats}, не больше {self.max_bytes // MEGABYTE} МБ"

    @property
    def proof(self) -> str | None:
        """What besides its look makes it a document, as shown before the upload."""
        if self.has_portal_code:
            return "QR-код портала виден целиком, других кодов нет"
        return "электронный документ - с электронной подписью, бумажный - сканом" if self.needs_signature else None


RULES_VERSION = 2
"""Raised with every change of the table after which a file may be judged otherwise; `checks.CHANGED_IN` then names the steps."""

_A5, _BOOKLET, _CARD = 148, 88, 80
_SCREEN = 127
"""A screenshot has no paper: at 120 pixels per inch this asks for 600 pixels."""
_PAPERS = (MediaType.PDF, MediaType.JPEG)
_ANY = (MediaType.PDF, MediaType.JPEG, MediaType.PNG)
_NAME, _BORN = (Field.NAME,), (Field.BIRTH_DATE,)

RULES: dict[DocumentType, Rule] = {
    rule.document_type: rule
    for rule in (
        Rule(
            DocumentType.DIPLOMA,
            _PAPERS,
            5 * MEGABYTE,
            _A5,
            must=(_NAME, (Field.DIPLOMA,)),
            may=_BORN,
            may_be_former=True,
        ),
        Rule(
            DocumentType.LICENCE,
            _PAPERS,
            5 * MEGABYTE,
            _A5,
            must=((Field.LICENCE,), (Field.LICENSEE,)),
            may=(Field.WORKPLACE,),
        ),
        Rule(
            DocumentType.TRAINING_CERTIFICATE,
            _PAPERS,
            5 * MEGABYTE,
            _A5,
            must=(_NAME,),
            may=_BORN,
            may_be_former=True,
        ),
        Rule(
            DocumentType.NO_CRIMINAL_RECORD,
            _PAPERS,
            5 * MEGABYTE,
            _A5,
            needs_signature=True,
            must=(_NAME, _BORN),
        ),
        Rule(
            DocumentType.GOSUSLUGI_CONFIRMATION,
            _ANY,
            10 * MEGABYTE,
            _SCREEN,
            has_portal_code=True,
            must=((Field.NAME, Field.SNILS),),
        ),
        Rule(
            DocumentType.PASSPORT,
            _ANY,
            10 * MEGABYTE,
            _BOOKLET,
            is_kept_with_account=True,
            must=(_NAME, _BORN, (Field.PASSPORT,)),
        ),
        Rule(
            DocumentType.SNILS,
            _ANY,
            10 * MEGABYTE,
            _CARD,
            is_kept_with_account=True,
            must=(_NAME, (Field.SNILS,)),
            may=_BORN,
        ),
        Rule(
            DocumentType.EMPLOYMENT_RECORD,
            _ANY,
            10 * MEGABYTE,
            _BOOKLET,
            must=(_NAME,),
            may=(Field.WORKPLACE,),
            may_be_former=True,
        ),
        Rule(DocumentType.SUPPORTING, _ANY, 10 * MEGABYTE, _CARD),
        Rule(DocumentType.APPEAL_ATTACHMENT, _ANY, 10 * MEGABYTE, _CARD, is_kept_with_account=True),
        Rule(DocumentType.CHAT_ATTACHMENT, _ANY, 10 * MEGABYTE, None, is_kept_with_account=True),
    )
}

REGISTRATION_TYPES = frozenset({DocumentType.PASSPORT, DocumentType.SNILS})
"""What somebody may bring who has no account yet."""
ALL_TYPES = frozenset(DocumentType)

MAX_BYTES = max(rule.max_bytes for rule in RULES.values())
