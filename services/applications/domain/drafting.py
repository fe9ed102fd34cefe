"""The applicant's moves: start, edit, confirm, submit, answer, withdraw."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.errors import FieldError
from contracts.roles import Role
from services.applications.domain.application import SYSTEM, Actor, Application, FrozenDocument, Request, StoredFile
from services.applications.domain.check import Finding, is_clean
from services.applications.domain.errors.answering import DocumentUnknown, ItemLocked, NothingAnswered
from services.applications.domain.errors.drafting import CheckNotClean, DocumentsChanged, UnknownSpecialty
from services.applications.domain.facts import OwnedDocument
from services.applications.domain.form import Form, changes, covers, sha256_of
from services.applications.domain.rules import Kind, Rules
from services.applications.domain.states import Move, State, after
from services.applications.domain.terms import Terms


def start(
    application_id: UUID, *, applicant_id: UUID, kind: Kind, specialty_code: str, form: Form, at: datetime, rules: Rules
) -> Application:
    """A new draft. Raises `UnknownSpecialty`."""
    if specialty_code not in rules.specialties:
        known = FieldError("/specialty_code", "unknown-specialty", "Выберите специальность из списка.")
        raise UnknownSpecialty("Такого кода специальности нет в перечне.", errors=[known])
    return Application(application_id, 1, applicant_id, kind, specialty_code, State.DRAFT, form, at, at)


def applicant(application: Application) -> Actor:
    """The applicant as the one who moves."""
    return Actor(application.applicant_id, Role.PRACTITIONER)


def edit(draft: Application, patch: Mapping[str, Any], *, at: datetime) -> Application:
    """The draft after a merge patch; a confirmed one becomes a draft again and loses its snapshot."""
    edited = draft.moved(Move.EDIT, by=applicant(draft), at=at, form=draft.form.merged(patch), documents=(), snapshot_sha256=None)
    if draft.state is State.DRAFT:  # typing is not worth a record, the way back from confirmed is
        return replace(edited, history=draft.history)
    return edited


def is_to_be_told(draft: Application, *, before: Application) -> bool:
    """Whether others learn of work on a draft: when it names other documents, and once a day so that these count as in use."""
    return draft.document_ids != before.document_ids or draft.updated_at.date() != before.updated_at.date()


def freeze(application: Application, documents: Mapping[UUID, OwnedDocument]) -> tuple[FrozenDocument, ...]:
    """The form's documents with the file each of them has now."""
    named = ((document_type, UUID(str(value))) for document_type, value in sorted(application.form.documents.items()))
    return tuple(frozen_file(document_type, document_id, documents.get(document_id)) for document_type, document_id in named)


def frozen_file(document_type: str, document_id: UUID, known: OwnedDocument | None) -> FrozenDocument:
    """A document with the file it has now; version 0 when nobody told about it."""
    if known is None:
        return FrozenDocument(document_type, document_id, 0, None, None, None)
    return FrozenDocument(document_type, document_id, known.file_version, known.sha256, known.size_bytes, known.media_type)


def snapshot(application: Application) -> dict[str, Any]:
    """What is handed in, as one JSON object; its hash is the application's snapshot hash."""
    files = [
        {
            "document_type": one.document_type,
            "document_id": str(one.document_id),
            "file_version": one.file_version,
            "sha256": one.sha256,
            "size_bytes": one.size_bytes,
            "media_type": one.media_type,
        }
        for one in application.documents
    ]
    blocks = {name: block for name, block in application.form.blocks().items() if name != "documents"}
    return {
        "application_id": str(application.id),
        "applicant_id": str(application.applicant_id),
        "kind": application.kind.value,
        "specialty_code": application.specialty_code,
        **blocks,
        "documents": files,
    }


def replaced_files(
    before: tuple[FrozenDocument, ...], now: tuple[FrozenDocument, ...]
) -> tuple[tuple[FrozenDocument, FrozenDocument], ...]:
    """Documents that stand in both with another file, as they were and are."""
    old = {one.document_id: one for one in before}
    both = ((old[one.document_id], one) for one in now if one.document_id in old)
    return tuple((then, one) for then, one in both if then.file_version != one.file_version)


def frozen(application: Application, documents: Mapping[UUID, OwnedDocument]) -> Application:
    """The same version with its snapshot taken."""
    taken = replace(application, documents=freeze(application, documents))
    return replace(taken, snapshot_sha256=sha256_of(snapshot(taken)))


def confirm(draft: Application, findings: tuple[Finding, ...], documents: Mapping[UUID, OwnedDocument], *, at: datetime) -> Application:
    """The confirmed application with its snapshot. Raises `CheckNotClean` with every finding, `IllegalMove`."""
    if draft.state is State.CONFIRMED and replaced_since_confirmed(draft, documents):
        draft = edit(draft, {}, at=at)  # other files than those confirmed before
    confirmed = draft.moved(Move.CONFIRM, by=applicant(draft), at=at)
    if not is_clean(findings):
        errors = [FieldError(finding.pointer, finding.code, finding.detail) for finding in findings if finding.is_blocking]
        raise CheckNotClean("Подтвердить можно только заявление без замечаний. Исправьте их и проверьте ещё раз.", errors=errors)
    return frozen(confirmed, documents)


def replaced_since_confirmed(confirmed: Application, documents: Mapping[UUID, OwnedDocument]) -> tuple[FrozenDocument, ...]:
    """Documents that now have another file than the confirmed one."""
    return tuple(now for _, now in replaced_files(confirmed.documents, freeze(confirmed, documents)))


def as_confirmed(confirmed: Application, documents: Mapping[UUID, OwnedDocument]) -> None:
    """Let pass what still holds the confirmed files. Raises `IllegalMove`, `DocumentsChanged` naming each other file."""
    after(confirmed.state, Move.SUBMIT)
    changed = replaced_since_confirmed(confirmed, documents)
    if changed:
        errors = [FieldError(f"/documents/{one.document_type}", "file-replaced", "Файл заменён после подтверждения.") for one in changed]
        raise DocumentsChanged("После подтверждения вы заменили файлы. Проверьте заявление и подтвердите его ещё раз.", errors=errors)


def submit(confirmed: Application, number: str, *, at: datetime, terms: Terms) -> Application:
    """The submitted application; from now on only a request unlocks parts of it. Raises `IllegalMove`."""
    due_at, rules_on = terms.automatic_check_due(at), terms.local_date(at)
    by = applicant(confirmed)
    return confirmed.moved(Move.SUBMIT, by=by, at=at, number=number, submitted_at=at, check_due_at=due_at, rules_on=rules_on)


def answer(
    asked: Application, comment: str, patch: Mapping[str, Any], documents: Mapping[UUID, OwnedDocument], *, at: datetime, terms: Terms
) -> Application:
    """The application with the request answered and its snapshot taken anew.

    Raises `ItemLocked` for changes nobody asked for, `DocumentUnknown`, `NothingAnswered`, `IllegalMove`.
    """
    request, form = asked.open_request, asked.form.merged(patch)
    by_check = request is None or request.requested_by == "automatic-check"
    move = Move.ANSWER_CHECK if by_check else Move.ANSWER_REVIEWER
    answered = frozen(asked.moved(move, by=applicant(asked), at=at, why=comment, form=form), documents)
    if request is None:  # the table let the move pass, so there is one
        raise NothingAnswered("По этому заявлению ничего не запрашивали.")
    changed = changes(asked.form, form)
    _only_unlocked(request.pointers, changed)
    _only_own(asked, form, documents)
    replaced = [new for _, new in replaced_files(request.documents, answered.documents) if _is_asked(request, new)]
    if not changed and not replaced and not comment.strip():
        raise NothingAnswered("Исправьте отмеченное или напишите, почему исправлять нечего.")
    return _continued(asked, answered, replace(request, comment=comment, answered_at=at), at=at, terms=terms)


def go_on(asked: Application, documents: Mapping[UUID, OwnedDocument], *, at: datetime, terms: Terms) -> Application:
    """The application with an automatic request answered by the new files alone. Raises `IllegalMove`."""
    moved = asked.moved(Move.ANSWER_CHECK, by=SYSTEM, at=at, why="Отмеченные документы заменены и приняты.")
    return _continued(asked, frozen(moved, documents), replace(asked.requests[-1], answered_at=at), at=at, terms=terms)


def _continued(asked: Application, answered: Application, done: Request, *, at: datetime, terms: Terms) -> Application:
    answered = replace(answered, requests=(*asked.requests[:-1], done))
    if done.requested_by == "automatic-check":
        return replace(answered, check_due_at=terms.automatic_check_due(at))
    claim = replace(asked.claim, claimed_at=at, due_at=terms.claim_due(at)) if asked.claim else None
    due_at = terms.resumed_review_due(at, done.review_days_left, clarified=asked.clarifications)
    return replace(answered, claim=claim, review_due_at=due_at)


def _is_asked(request: Request, document: FrozenDocument) -> bool:
    return covers(request.pointers, f"/documents/{document.document_type}")


def _only_own(asked: Application, form: Form, documents: Mapping[UUID, OwnedDocument]) -> None:
    """Documents newly named must have come from the applicant; a stranger's is told from an unknown one by nobody."""
    named = {name: UUID(str(value)) for name, value in form.documents.items() if asked.form.documents.get(name) != value}
    strange = [name for name, key in named.items() if key not in documents or documents[key].owner_id != asked.applicant_id]
    if strange:
        text = "Документ ещё не получен или он не ваш."
        errors = [FieldError(f"/changes/documents/{name}", "document-unknown", text) for name in strange]
        raise DocumentUnknown("Приложить можно только свой загруженный документ. Повторите через несколько секунд.", errors=errors)


def _only_unlocked(flagged: Iterable[str], changed: Iterable[str]) -> None:
    pointers = tuple(flagged)
    locked = [pointer for pointer in changed if not covers(pointers, pointer)]
    if locked:
        errors = [FieldError(f"/changes{pointer}", "item-locked", "Это место не запрашивали исправить.") for pointer in locked]
        raise ItemLocked("Исправлять можно только то, на что указывает запрос.", errors=errors)


def printed(read: Application, file: StoredFile, snapshot_sha256: str | None) -> Application:
    """The next version with the file made of that snapshot; the one it follows is kept. The same one where the file is known."""
    current, former = read.electronic_document, read.former_electronic_documents
    if file in (current, *former):
        return read
    if current is not None and snapshot_sha256 != read.snapshot_sha256:  # an answer came while it was made
        return replace(read, version=read.version + 1, former_electronic_documents=(*former, file))
    kept = (*former, *([] if current is None else [current]))
    return replace(read, version=read.version + 1, electronic_document=file, former_electronic_documents=kept)


def withdraw(application: Application, reason: str, *, at: datetime) -> Application:
    """The application taken back. Raises `IllegalMove` after a decision."""
    return application.moved(Move.WITHDRAW, by=applicant(application), at=at, why=reason, claim=None)
