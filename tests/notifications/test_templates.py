"""What messages say: every kind has its words, and letters name every reason."""

from uuid import uuid4

import pytest

from contracts.applications import ApplicationRejected, Reason
from contracts.documents import DocumentRejected, DocumentType
from services.applications.gateways.rulebook import read_rulebook
from services.documents.domain.rules import RULES
from services.notifications.domain import KINDS, ONE_TIME_CODE, inside
from services.notifications.gateways import Templates, sms_segments
from services.notifications.usecases import TABLE
from tests.notifications.events import NOW, NUMBER, requested
from tests.notifications.fakes import House


@pytest.fixture
def house() -> House:
    return House()


STANDING = ("certificate-reinstated", "certificate-revoked", "certificate-suspended")
NEWEST = dict.fromkeys((*STANDING, "appeal-filed", "application-rejected", "information-requested"), 2)
NEWEST |= dict.fromkeys(("review-deadline-missed", "review-deadline-near"), 2)
NEWEST |= dict.fromkeys(("deadline-missed", "deadline-near", "deadline-still-missed"), 2)


def test_every_kind_is_told_by_some_rule_and_has_a_template() -> None:
    templates = Templates(public_url="https://cabinet.example.org", time_zone="Europe/Moscow")
    assert {rule.kind for rule in TABLE} == set(KINDS)
    for kind in (*KINDS, ONE_TIME_CODE):
        assert templates.newest(kind) == f"{kind}.v{NEWEST.get(kind, 1)}"


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.kind)
def test_every_message_renders_and_its_sms_is_short_linked_and_names_the_number(rule: object) -> None:
    templates = Templates(public_url="https://medkabinet.example.ru", time_zone="Europe/Moscow")
    kind = KINDS[rule.kind]  # type: ignore[attr-defined]
    facts = {
        "occurred_at": NOW, "due_at": NOW, "valid_until": NOW, "correct_by": NOW, "number": NUMBER,
        "appeal_id": uuid4(), "appeal_number": "MA-2026-00000017-4",
        "certificate_number": "MC-2026-00000017-4", "export_id": uuid4(), "expires_at": NOW,
        "application_id": uuid4(), "document_id": uuid4(), "ticket_id": uuid4(), "practitioner_id": uuid4(), "remark_count": 2,
        "reason": "решение суда", "reason_count": 3, "reasons": [{"text": "Нет документа.", "advice": "Приложите его."}],
        "may_resubmit": True, "stage": "экспертизы", "is_of_staff": True,
        "remarks": [{"text": "Адрес неверен.", "advice": "Проверьте его."}],
        "document": "диплом", "fields": ["СНИЛС"], "registries": ["snils"], "what": "Вход закрыт.", "days_left": 30,
        "reader_id": uuid4(), "people": 50, "minutes": 60, "is_held": True, "sweep_id": uuid4(), "files": 3, "remove_at": NOW,
    }  # fmt: skip
    template = templates.newest(kind.name)
    title, text = templates.block(template, "title", facts), templates.block(template, "text", facts)
    assert "\n" not in title
    assert len(text.split("\n\n")) >= 2
    path = kind.link.format_map(facts)
    message = templates.sms(template, facts, path=path)
    assert sms_segments(message) <= 2
    assert "https://medkabinet.example.ru/" in message
    if kind.name != "deadline-missed":
        assert message.endswith(path)


async def test_letters_of_a_refusal_and_of_a_request_name_every_reason_with_what_to_do(house: House) -> None:
    reasons = tuple(
        Reason(code=f"code-{place}", pointer="/personal", text=f"Причина {place}.", advice=f"Совет {place}.") for place in (1, 2, 3)
    )
    person, old = uuid4(), Reason(code="licence-expired", pointer="/professional/licence")
    known = {"occurred_at": NOW, "application_id": uuid4(), "applicant_id": person, "number": NUMBER}
    refusals = ((reasons, True), (reasons, False), ((old,), None))
    for event in (ApplicationRejected(**known, reasons=given, may_resubmit=may) for given, may in refusals):
        await house.usecases.announce(event)
    await house.usecases.announce(requested(person).model_copy(update={"remarks": reasons}))
    listed = [f"{place}. Причина {place}. Совет {place}." for place in (1, 2, 3)]
    first, second, third, request = sorted(house.notices.stored.values(), key=lambda notice: notice.sequence)
    for notice in (first, second, request):
        assert [part for part in notice.text.split("\n\n") if part[0].isdigit()] == listed
        assert "\n\n\n" not in notice.text
    told = [("подать исправленное" in notice.text, "не подаётся" in notice.text) for notice in (first, second, third)]
    assert told == [(True, False), (False, True), (True, False)]
    assert "Причин: 1" in third.text, "what was told before there were words still has a letter"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Решение суда", "Причина: решение суда."),
        ("Основание приостановления отпало", "Причина: основание"),
        ("УВД просит", "Причина: УВД"),
    ],
)
def test_a_reason_stands_within_the_sentence_that_names_it(reason: str, words: str) -> None:
    templates = Templates(public_url="https://cabinet.example.org", time_zone="Europe/Moscow")
    facts = {"occurred_at": NOW, "certificate_number": "MC-2026-00000017-4", "reason": reason}
    for kind in STANDING:
        text = templates.block(templates.newest(kind), "text", facts)
        assert (words in text, "Основание:" in text) == (True, False)


async def test_a_document_has_one_name_in_forms_in_uploads_and_in_letters(house: House) -> None:
    known = {"occurred_at": NOW, "version": 1, "document_id": uuid4(), "owner_id": uuid4(), "file_version": 1}
    in_forms = read_rulebook().on(NOW.date()).titles.documents
    assert set(in_forms) < set(RULES) == set(DocumentType)
    for kind, rule in RULES.items():
        await house.usecases.announce(DocumentRejected(**known, document_type=kind, codes=()))
        newest = max(house.notices.stored.values(), key=lambda notice: notice.sequence)
        assert (newest.title, in_forms.get(kind, rule.title)) == (f"Документ не принят: {inside(rule.title)}", rule.title)
    assert "Документ не принят: СНИЛС" in {notice.title for notice in house.notices.stored.values()}
