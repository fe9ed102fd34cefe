"""Staff are told by e-mail that they may come in; the first administrator, who came alone, is not."""

import asyncio

from tests.e2e.conftest import Running

WORDS = "учётная запись сотрудника готова"


async def test_every_member_an_administrator_added_got_the_letter(running: Running) -> None:
    staff = {persona.title: persona.identifier for persona in running.personas if persona.totp_secret is not None}
    first = staff.pop("Администратор")
    letters = await asyncio.gather(*(running.outside.mail_about(address, WORDS) for address in staff.values()))
    assert all("«Забыли пароль?»" in letter["text"] for letter in letters)
    assert [letter for letter in await running.outside.mails(first) if WORDS in letter["subject"].casefold()] == []
