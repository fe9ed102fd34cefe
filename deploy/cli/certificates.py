"""`medkabinet certificates`: whether one is genuine, with the published keys alone (no service, no network); the ring of those keys."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from joserfc.jwk import OKPKey

from deploy.cli.output import console, refusals, table

_WORDS = {
    "genuine": "Подлинный: выдан кабинетом и не изменён.",
    "expired": "Подлинный, но срок действия истёк.",
    "altered": "Изменён: подпись не подходит к тому, что здесь написано. Не принимайте.",
    "foreign-key": "Подписан не кабинетом. Не принимайте.",
    "unsigned": "Код подлинный, но файл не подписан: его текст мог написать кто угодно. Если это скан бумаги, добавьте --scan.",
    "no-code": "Кода сертификата здесь нет или его не прочитать. Проверьте по номеру на странице кабинета.",
    "unreadable": "Это не PDF и не картинка, или файл повреждён.",
}
_LONGEST_KEY_ID = 8
_ONLINE = "Приостановлен или отозван ли он, без сети не узнать: {}"

app = typer.Typer(no_args_is_help=True, help="Сертификаты.")


@app.callback()
def certificates() -> None:
    """Сертификаты."""


@app.command("verify")
def verify(
    what: Annotated[str, typer.Argument(help="Файл PDF или картинка; или текст QR-кода.")],
    keys_file: Annotated[
        Path,
        typer.Option("--keys", exists=True, dir_okay=False, help="Опубликованные ключи: ответ /api/applications/.well-known/jwks.json."),
    ],
    is_scan: Annotated[bool, typer.Option("--scan", help="PDF - скан бумаги: подписи в нём нет, сверьте бумагу с кодом глазами.")] = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Проверить сертификат без сети; статус 1, если он не подлинный."""
    # readers of pages take a second to load; other commands need not wait for them
    from deploy.verifier.files import LARGEST_BYTES, Verdict, verify_file, verify_text  # noqa: PLC0415
    from deploy.verifier.keys import Keys  # noqa: PLC0415

    with refusals():
        keys, today = Keys.read(keys_file), datetime.now(UTC).astimezone().date()
        if "#" in what:
            verdict: Verdict = verify_text(what, keys, today)
        elif not (file := Path(what)).is_file():
            raise ValueError(f"Файла {what} нет, и это не текст кода: в нём был бы знак #.")
        elif file.stat().st_size > LARGEST_BYTES:
            raise ValueError(f"Файл больше {LARGEST_BYTES // 1024 // 1024} МиБ: сертификаты такими не бывают.")
        else:
            verdict = verify_file(file.read_bytes(), keys, today, is_scan=is_scan)
    console.print(_WORDS[verdict.outcome])
    if stated := verdict.statement:
        rows = [
            ("Номер", stated.number),
            ("Владелец", stated.holder),
            ("Специальность", stated.specialty_code),
            ("Аккредитация", stated.kind),
            ("Действует", f"{stated.valid_from:%d.%m.%Y} - {stated.valid_until:%d.%m.%Y}"),
        ]
        table("Что удостоверено кодом", ("", ""), rows)
        console.print(_ONLINE.format(stated.address), soft_wrap=True)
    if not verdict.is_genuine:
        raise typer.Exit(1)


@app.command("ring")
def ring(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Файл с APPLICATIONS_CREDENTIAL_KEYS.")],
    added: Annotated[str | None, typer.Option("--add", help="Имя нового ключа: до 8 латинских букв и цифр. Он встанет последним.")] = None,
    first: Annotated[str | None, typer.Option("--first", help="Имя ключа, которым подписывать дальше.")] = None,
) -> None:
    """Напечатать кольцо ключей кодов с новым ключом или с другим первым; файл не меняется."""
    with refusals():
        members = _members(file)
        names = [member["kid"] for member in members]
        if added is not None:
            if added in names or not (added.isascii() and added.isalnum() and len(added) <= _LONGEST_KEY_ID):
                raise ValueError(f"Имя {added} занято или не подходит: до {_LONGEST_KEY_ID} латинских букв и цифр.")
            members.append({**OKPKey.generate_key("Ed25519").as_dict(private=True), "kid": added})
        if first is not None:
            if first not in names:
                raise ValueError(f"Ключа {first} в кольце нет: {', '.join(names)}. Сначала добавьте его на всех репликах.")
            members.sort(key=lambda member: member["kid"] != first)
            if "d" not in members[0]:
                raise ValueError(f"Ключ {first} известен только открытой частью: подписывать им нельзя.")
    print(json.dumps({"keys": members}))


def _members(file: Path) -> list[dict[str, Any]]:
    try:
        members: list[dict[str, Any]] = [{**member, "kid": str(member["kid"])} for member in json.loads(file.read_text())["keys"]]
    except (OSError, ValueError, TypeError, LookupError):
        raise ValueError('В файле нет кольца ключей вида {"keys": [...]}.') from None
    return members
