"""A certificate as it lies before somebody: the PDF, a picture of the paper, the text of its code."""

from dataclasses import dataclass
from datetime import date

from deploy.verifier.codes import Outcome, Refused, Statement, statement_of
from deploy.verifier.keys import Keys
from deploy.verifier.pages import PDF_BEGIN, code_of_page

LARGEST_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Verdict:
    """What was found; the statement is there when the code is genuine, even in a file that is not."""

    outcome: Outcome
    statement: Statement | None = None

    @property
    def is_genuine(self) -> bool:
        """Whether we issued it as it lies there; an expired one too."""
        return self.outcome in (Outcome.GENUINE, Outcome.EXPIRED)


def verify_text(text: str, keys: Keys, today: date) -> Verdict:
    """By the text of the QR code."""
    try:
        stated = statement_of(text, keys)
    except Refused as refused:
        return Verdict(refused.outcome)
    return Verdict(Outcome.EXPIRED if today > stated.valid_until else Outcome.GENUINE, stated)


def verify_file(content: bytes, keys: Keys, today: date, *, is_scan: bool) -> Verdict:
    """By the code on a picture or on a scan; a PDF that is no scan has to bear our signature besides. Raises `KeysUnusable`."""
    try:
        of_code = verify_text(code_of_page(content), keys, today)
    except Refused as refused:
        of_code = Verdict(refused.outcome)
    if is_scan or not content.startswith(PDF_BEGIN) or not (of_code.is_genuine or of_code.outcome is Outcome.NO_CODE):
        return of_code
    # pyHanko takes a second to load; codes alone need not wait for it
    from deploy.verifier.signatures import check_signature  # noqa: PLC0415

    try:
        check_signature(content, keys)
    except Refused as refused:
        return Verdict(refused.outcome, of_code.statement)
    return of_code
