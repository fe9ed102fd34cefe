"""What a reader's program makes of the headers of a letter."""

import asyncio
from collections.abc import AsyncIterator
from email.header import decode_header, make_header
from uuid import uuid4

import pytest

from services.notifications.gateways import Message, SmtpProvider
from tests.notifications.outside import MailServer, mail_server

TO = "someone@mail.test"
LONG = "Регистрация завершена, данные проверяются: заявление № 2026-000123 (срок — 12 мая), ABC «документ» и ещё  два пробела"


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        yield running


def provider(server: MailServer, sender: str = "cabinet@medkabinet.test") -> SmtpProvider:
    return SmtpProvider("127.0.0.1", server.port, "none", None, None, sender, 5)


async def test_a_subject_arrives_as_it_was_written_wherever_it_is_folded(server: MailServer) -> None:
    subjects = [*("я" * length + ", данные проверяются 12 мая" for length in range(1, 60)), LONG, "Plain words " * 12 + "end", "Код"]
    await asyncio.gather(*(provider(server).send(Message(uuid4(), TO, subject, "Текст")) for subject in subjects))
    assert sorted(letter["Subject"] for letter in server.to(TO)) == sorted(subjects)


async def test_the_senders_name_arrives_as_it_was_written_wherever_it_is_folded(server: MailServer) -> None:
    names = ["я" * length + " кабинет работника" for length in range(1, 60)]
    senders = [*(f"{name} <cabinet@medkabinet.test>" for name in names), "Cabinet <cabinet@medkabinet.test>", "cabinet@medkabinet.test"]
    await asyncio.gather(*(provider(server, sender).send(Message(uuid4(), TO, "Код", "Текст")) for sender in senders))
    read = [str(make_header(decode_header(header))) for letter in server.to(TO) for name, header in letter.raw_items() if name == "From"]
    assert sorted(read) == sorted(senders)


async def test_a_long_text_keeps_its_spaces(server: MailServer) -> None:
    await provider(server).send(Message(uuid4(), TO, LONG, f"{LONG} {LONG}\n\n{LONG}\n", f"<p>{LONG} {LONG}</p>\n"))
    [letter] = server.to(TO)
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content() == f"{LONG} {LONG}\n\n{LONG}\n"
    assert html.get_content() == f"<p>{LONG} {LONG}</p>\n"
