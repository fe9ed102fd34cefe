"""The packet of an appeal, for whoever examines it next: everything that was said and may be read, in people's words."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.roles import Role
from services.applications.domain.appeals import APPEAL_MOVES, Appeal
from services.applications.domain.appeals.judging import Case
from services.applications.domain.application import Application, FrozenDocument, Recommendation, Remark
from services.applications.domain.disclosure import disclosed
from services.applications.domain.form import PARTS, TITLES
from services.applications.domain.lineage import Link
from services.applications.domain.rules import Rules
from services.applications.domain.states import MOVES, Mover
from services.applications.domain.terms import Terms
from services.applications.usecases.printing import day

_KINDS = {"application": "Заявление", "correction": "Исправленное заявление", "appeal": "Жалоба"}
_ROLES: dict[Mover, str] = {
    Role.PRACTITIONER: "заявитель",
    Role.REVIEWER: "эксперт",
    Role.REGISTRAR: "регистратор",
    Role.SUPPORT_AGENT: "специалист поддержки",
    "system": "система",
}


_DECISIONS = {"approve": "За одобрение", "reject": "За отказ"}
_ELSEWHERE = """\
Файлы документов и приложений к жалобе хранятся отдельно, и в архиве их нет. Их открывают в кабинете те, кому они доступны: заявитель,
эксперт, который рассматривает жалобу, и регистратор. Полученный файл сверяют по контрольной сумме.
"""


def packet_values(case: Case, links: Iterable[Link], rules: Rules, terms: Terms) -> dict[str, Any]:
    """What the template prints."""
    appeal, application = case.appeal, case.application
    return {
        "number": appeal.number,
        "facts": _facts(case, rules, terms),
        "opinions": _opinions(disclosed(application), rules, terms),
        "reasons": [_remark(one, rules) for one in appeal.refusal],
        "points": [_remark(one, rules) for one in appeal.points],
        "statement": appeal.statement,
        "decision": appeal.decision,
        "lineage": [_link(link, terms) for link in links],
        "protocol": _protocol(case, terms),
        "documents": [_file(one, rules) for one in (*application.documents, *appeal.attachments)],
        "snapshot_sha256": application.snapshot_sha256 or "",
        "electronic_document_sha256": application.electronic_document.sha256 if application.electronic_document else "",
    }


def _facts(case: Case, rules: Rules, terms: Terms) -> list[list[str]]:
    appeal = case.appeal
    form = case.application.form
    name = " ".join(part for one in ("surname", "given_name", "patronymic") if (part := form.text_at(f"/personal/{one}")))
    return [
        ["Заявитель", name],
        ["Заявление", appeal.application_number],
        ["Вид аккредитации", rules.titles.kinds[appeal.kind]],
        ["Специальность", f"{appeal.specialty_code} {rules.titles.specialties[appeal.specialty_code]}"],
        ["Отказ от", day(appeal.refused_at, terms)],
        ["Жалоба подана", f"{day(appeal.filed_at, terms)}, {_ROLES[appeal.filed_by.role]}"],
        ["Рассмотреть до", day(appeal.due_at, terms)],
        ["Состояние", _state(appeal, terms)],
    ]


def _state(appeal: Appeal, terms: Terms) -> str:
    return appeal.word if appeal.decided_at is None else f"{appeal.word}, {day(appeal.decided_at, terms)}"


def _opinions(shown: Application, rules: Rules, terms: Terms) -> list[list[str]]:
    """What experts and registrars wrote of the whole application, in the order of time; nobody is named."""
    said: list[tuple[datetime, str, str, str]] = [
        (one.at, _ROLES[Role.REVIEWER], _DECISIONS[one.decision], _words(one, rules)) for one in shown.recommendations
    ]
    said += [
        (step.at, _ROLES[Role.REGISTRAR], MOVES[step.move].title, step.why)
        for step in shown.history
        if step.by.role is Role.REGISTRAR and step.why
    ]
    return [[day(at, terms), who, what, words] for at, who, what, words in sorted(said)]


def _words(opinion: Recommendation, rules: Rules) -> str:
    reasons = (": ".join(part for part in (text, comment) if part) for text, _, comment in (_remark(one, rules) for one in opinion.remarks))
    return "\n".join(part for part in (opinion.comment, *reasons) if part)


def _remark(remark: Remark, rules: Rules) -> list[str]:
    name = remark.pointer.removeprefix("/documents/")
    place = rules.titles.documents.get(name) or TITLES.get(remark.pointer) or PARTS.get(remark.pointer, remark.pointer)
    return [rules.reason(remark.code).text, place, remark.comment]


def _protocol(case: Case, terms: Terms) -> list[list[str]]:
    application, appeal = case.application.history, case.appeal.history
    steps = [(step.at, step.title, step.by.role) for step in application]
    steps += [(step.at, rule.title, step.by.role) for step in appeal if (rule := APPEAL_MOVES[step.move]).moves is None]
    return [[day(at, terms), title, _ROLES[role]] for at, title, role in sorted(steps, key=lambda one: one[0])]


def _link(link: Link, terms: Terms) -> list[str]:
    return [_KINDS[link.kind], link.number or "—", link.status, day(link.begun_at, terms), day(link.ended_at, terms)]


def _file(one: FrozenDocument, rules: Rules) -> list[str]:
    return [rules.titles.documents.get(one.document_type, "Приложение к жалобе"), str(one.file_version), one.sha256 or "проверяется"]


def contents(case: Case, sums: Mapping[str, str], rules: Rules, url_of: Callable[[UUID], str]) -> str:
    """The archive's list: what is in it, with checksums, and where the files are that are not."""
    lines = [f"Материалы жалобы {case.appeal.number} по заявлению {case.appeal.application_number}", "", "В архиве:"]
    for name, digest in sums.items():
        lines += [f"- {name}", f"  SHA-256 {digest}"]
    if case.application.electronic_document is None:
        lines += ["Электронного документа заявления нет: он ещё не изготовлен или удалён вместе с данными заявителя."]
    if files := (*case.application.documents, *case.appeal.attachments):
        lines += ["", _ELSEWHERE]
        for one in files:
            title, version, digest = _file(one, rules)
            lines += [f"- {title}, версия {version}: {url_of(one.document_id)}", f"  SHA-256 {digest}"]
    return "\n".join(lines) + "\n"
