"""Chapters 1 and 2: registration in steps, the registries' verdict, sign-in with the licence number."""

from deploy.demo.stage import Stage
from deploy.journey.gateway import Refused


async def register(stage: Stage) -> None:
    """Telephone, passport, SNILS, profile, e-mail, password, consents."""
    report, practitioner, person = stage.report, stage.practitioner, stage.practitioner.person
    report.chapter("1. Регистрация")
    with report.step("Телефон и код из СМС") as step:
        registration_id = await practitioner.begin_registration()
        step.note(f"регистрация {registration_id}")
    with report.step("СНИЛС с ошибкой в контрольном числе не принимается") as step:
        wrong = person.snils[:-1] + str((int(person.snils[-1]) + 1) % 10)
        try:
            await practitioner.caller.put(f"/api/identity/registrations/{registration_id}/snils", {"snils": wrong})
        except Refused as refused:
            step.note("; ".join(f"{error['pointer']}: {error['detail']}" for error in refused.errors))
        else:
            raise AssertionError("СНИЛС с неверным контрольным числом принят")
    with report.step("Паспорт, СНИЛС и ИНН, профиль, почта с кодом, пароль, согласия"):
        await practitioner.fill_registration(registration_id)
    with report.step("Регистрация завершена, сведения ушли в государственные реестры") as step:
        step.note(f"медработник {await practitioner.complete_registration(registration_id)}")


async def sign_in(stage: Stage) -> None:
    """Licence number, password, code."""
    report, practitioner = stage.report, stage.practitioner
    report.chapter("2. Вход")
    with report.step("Номер лицензии, пароль и код из СМС") as step:
        started = await practitioner.sign_in()
        step.note(f"код отправлен на {started['masked_address']}")
    with report.step("Реестры подтвердили сведения, об этом пришло уведомление") as step:
        notice = await practitioner.verified()
        step.note(f"«{notice['title']}»: {notice['text']}")
