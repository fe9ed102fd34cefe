"""How long a document is kept that no application ever handed in. What was handed in is kept with its person, and so are some types."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.documents.domain.documents import Document
from services.documents.domain.holds import Hold


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """`term` runs from the last use, `notice` is how long before the end the person is told."""

    term: timedelta
    notice: timedelta


@dataclass(frozen=True, slots=True)
class Keep:
    """For as long as there is its person."""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Nothing is due before the moment; `told` is the end of the term that the person was told, if it still holds."""

    at: datetime
    told: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """The person is to be told that it will be removed then, unless it is used."""

    remove_at: datetime


@dataclass(frozen=True, slots=True)
class Remove:
    """Its term is over, and the person knew."""


Decision = Keep | LookAgain | Tell | Remove


def first_look(received_at: datetime, policy: RetentionPolicy) -> datetime:
    """When to look for the first time at a document that got a file."""
    return received_at + policy.term - policy.notice


def decide(document: Document, holds: Iterable[Hold], policy: RetentionPolicy, *, at: datetime, told: datetime | None) -> Decision:
    """What becomes of the document. `holds` are its owner's applications, `told` the end that the person was told before."""
    known = list(holds)
    if document.rule.is_kept_with_account or any(document.id in hold.handed_in for hold in known):
        return Keep()
    end = _last_use(document, known) + policy.term
    if told is not None and end <= told:
        return Remove() if at >= told else LookAgain(told, told)
    if at < end - policy.notice:
        return LookAgain(end - policy.notice)
    return Tell(max(end, at + policy.notice))


def _last_use(document: Document, holds: Iterable[Hold]) -> datetime:
    """The newest of: the document, its files, an upload under way, work on a draft that names it."""
    moments = [document.created_at, *(file.received_at for file in document.files)]
    if document.upload is not None:
        moments.append(document.upload.started_at)
    drafts = (hold.draft.value for hold in holds)
    return max([*moments, *(draft.saved_at for draft in drafts if draft is not None and document.id in draft.document_ids)])
