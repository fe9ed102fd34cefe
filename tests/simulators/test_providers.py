import asyncio
from email.message import EmailMessage

import aiosmtplib
import pytest

from tests.simulators.conftest import Running

PHONE = "+79001234567"


async def send(simulators: Running, text: str, to: str = PHONE, **headers: str) -> str:
    answer = await simulators.http.post("/sms/messages", json={"to": to, "text": text}, headers=headers)
    assert answer.status_code == 202
    return str(answer.json()["id"])


def letter(to: str = "Evstolia@example.org") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "robot@medkabinet.example", to, "Заявление принято"
    message.set_content("Номер MK-2026-00000001-7: http://127.0.0.1:8080/applications/1\n")
    message.add_alternative('<p><a href="http://127.0.0.1:8080/a?b=1&amp;c=2">Открыть</a></p>', subtype="html")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Заявление.pdf")
    return message


async def test_an_sms_is_listed_for_its_number_with_a_receipt(simulators: Running) -> None:
    message_id = await send(simulators, "Код 123456")
    await send(simulators, "Чужое", to="+79007654321")
    listed = (await simulators.http.get("/sms/messages", params={"to": PHONE})).json()
    assert [(message["id"], message["text"]) for message in listed] == [(message_id, "Код 123456")]
    assert (await simulators.http.get(f"/sms/messages/{message_id}")).json()["status"] == "delivered"
    assert (await simulators.http.get("/sms/messages/unknown")).status_code == 404


async def test_the_same_idempotency_key_sends_one_sms(simulators: Running) -> None:
    first, second = [await send(simulators, "Код", **{"Idempotency-Key": "k1"}) for _ in range(2)]
    assert first == second
    assert len((await simulators.http.get("/sms/messages")).json()) == 1


async def test_waiting_for_an_sms_ends_when_it_arrives(simulators: Running) -> None:
    seen = await send(simulators, "Старый код")
    waiting = asyncio.create_task(simulators.http.get("/sms/messages", params={"to": PHONE, "after": seen, "wait_seconds": 20}))
    await asyncio.sleep(0)
    await send(simulators, "Новый код")
    assert [message["text"] for message in (await waiting).json()] == ["Новый код"]


@pytest.mark.parametrize(("mode", "status"), [("unavailable", 503), ("refuse", 422), ("accept", 202)])
async def test_the_sms_gateway_fails_as_told(simulators: Running, mode: str, status: int) -> None:
    await simulators.http.put("/sms/mode", json={"mode": mode})
    assert (await simulators.http.post("/sms/messages", json={"to": PHONE, "text": "Код"})).status_code == status


async def test_only_the_newest_messages_are_remembered(simulators: Running) -> None:
    for number in range(8):
        await send(simulators, f"{number}")
    assert [message["text"] for message in (await simulators.http.get("/sms/messages")).json()] == ["3", "4", "5", "6", "7"]


async def test_a_mail_is_read_with_text_links_and_files(simulators: Running) -> None:
    await aiosmtplib.send(letter(), hostname="127.0.0.1", port=simulators.smtp_port)
    (mail,) = (await simulators.http.get("/mail/messages", params={"to": "evstolia@example.org"})).json()
    assert mail["subject"] == "Заявление принято"
    assert mail["links"] == ["http://127.0.0.1:8080/applications/1", "http://127.0.0.1:8080/a?b=1&c=2"]
    assert [(file["file_name"], file["size_bytes"]) for file in mail["attachments"]] == [("Заявление.pdf", 8)]
    assert (await simulators.http.get(f"/mail/messages/{mail['id']}/attachments/0")).content == b"%PDF-1.7"
    assert (await simulators.http.get("/mail/messages", params={"to": "other@example.org"})).json() == []


@pytest.mark.parametrize(("mode", "code"), [("unavailable", 451), ("refuse", 550)])
async def test_the_mail_server_fails_as_told(simulators: Running, mode: str, code: int) -> None:
    await simulators.http.put("/mail/mode", json={"mode": mode})
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await aiosmtplib.send(letter(), hostname="127.0.0.1", port=simulators.smtp_port)
    assert refused.value.code == code


async def test_push_takes_messages_of_both_forms(simulators: Running) -> None:
    assert (await simulators.http.post("/push", json={"to": "s1", "title": "Решение"})).status_code == 201
    assert (await simulators.http.post("/push/subscriptions/s1", content=b"\x00" * 99)).headers["Location"]
    assert (await simulators.http.post("/push/subscriptions/s1", content=b"\x00" * 5000)).status_code == 413
    assert len((await simulators.http.get("/push/messages", params={"to": "s1"})).json()) == 2


async def test_the_page_shows_everything_and_runs_nothing_that_was_sent(simulators: Running) -> None:
    await send(simulators, "<script>alert(1)</script>")
    await aiosmtplib.send(letter(), hostname="127.0.0.1", port=simulators.smtp_port)
    await simulators.http.post("/registries/snils/checks", json={"snils": "11223344595"})
    await simulators.http.post("/push", json={"to": "s1", "title": "Решение"})
    page = await simulators.http.get("/")
    for shown in (PHONE, "Заявление принято", "11223344595", "Решение", "&lt;script&gt;alert(1)", "Заявление.pdf"):
        assert shown in page.text
    assert "<script>" not in page.text
