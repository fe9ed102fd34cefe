"""What stays of an application when its applicant was erased: figures, moves, decisions and reason codes; nothing that tells who it was."""

from dataclasses import replace
from datetime import datetime

from services.applications.domain.application import SYSTEM, Application, Checklist, Recommendation, Remark, Request
from services.applications.domain.form import Form
from services.applications.domain.states import MOVES, Move

_WITHDRAWN = "Учётная запись заявителя удалена."


def withdrawn(application: Application, *, at: datetime) -> Application:
    """The application taken back by the system where the table lets it: nobody is there any more to go on with it."""
    if application.state not in MOVES[Move.WITHDRAW].ways:
        return application
    return application.moved(Move.WITHDRAW, by=SYSTEM, at=at, why=_WITHDRAWN, claim=None)


def anonymised(application: Application, *, at: datetime) -> Application:
    """The next version without blocks, snapshot, files, and words anybody wrote. Who asks again gets the same application."""
    if application.anonymised_at is not None:
        return application
    return replace(
        application,
        version=application.version + 1,
        anonymised_at=at,
        form=Form(),
        documents=(),
        snapshot_sha256=None,
        electronic_document=None,
        former_electronic_documents=(),
        correction_comment="",
        claim=None,
        history=tuple(replace(step, why="") for step in application.history),
        requests=tuple(_asked(request) for request in application.requests),
        recommendations=tuple(_opinion(one) for one in application.recommendations),
        proposals=(),
        checklists=tuple(_checklist(one) for one in application.checklists),
        reasons=_codes(application.reasons),
        refusals=tuple(replace(one, reasons=_codes(one.reasons)) for one in application.refusals),
    )


def _asked(request: Request) -> Request:
    return replace(request, remarks=_codes(request.remarks), form=Form(), documents=(), comment="")


def _opinion(opinion: Recommendation) -> Recommendation:
    return replace(opinion, remarks=_codes(opinion.remarks), comment="")


def _checklist(checklist: Checklist) -> Checklist:
    return replace(checklist, answers=tuple(replace(one, comment="") for one in checklist.answers))


def _codes(remarks: tuple[Remark, ...]) -> tuple[Remark, ...]:
    return tuple(replace(remark, comment="") for remark in remarks)
