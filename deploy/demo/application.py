"""Chapters 3 and 4: documents, one of them bad at first; the application from draft to number."""

from collections.abc import Callable

from deploy.demo.stage import Stage, words
from deploy.journey import files
from deploy.journey.files import File
from deploy.journey.people import SPECIALTY, Person
from deploy.journey.stream import live_notices

KIND = "primary-specialised"
GOOD: dict[str, Callable[[Person], File]] = {
    "diploma": files.diploma,
    "licence": files.licence,
    "training-certificate": files.training_certificate,
    "gosuslugi-confirmation": files.gosuslugi_confirmation,
}


async def upload_documents(stage: Stage) -> None:
    """The diploma is a picture called PDF at first; it is refused by name and replaced."""
    report, practitioner = stage.report, stage.practitioner
    report.chapter("3. Документы")
    with report.step("Плохой файл: картинка под именем «Диплом.pdf»") as step:
        sent = await practitioner.upload("diploma", files.picture_called_pdf(practitioner.person))
        refused = await practitioner.checked(sent["document_id"])
        for finding in refused["file"]["findings"]:
            step.note(f"{finding['code']}: {finding['detail']}")
        if refused["state"] != "rejected":
            raise AssertionError("картинка под именем PDF принята")
    with report.step("Файл заменён настоящим дипломом (PDF)") as step:
        await practitioner.replace(sent["document_id"], files.diploma(practitioner.person))
        accepted = await practitioner.checked(sent["document_id"])
        stage.document_ids["diploma"] = sent["document_id"]
        file = accepted["file"]
        step.note(
            f"файл № {accepted['file_version']}, {file['size_bytes']} байт, SHA-256 {file['sha256'][:16]}…: {accepted['explanation']}"
        )
    titles = {
        "licence": "Лицензия (PDF)",
        "training-certificate": "Удостоверение об обучении (JPEG)",
        "gosuslugi-confirmation": "Подтверждение Госуслуг (PNG с QR)",
    }
    for document_type, title in titles.items():
        with report.step(title) as step:
            sent = await practitioner.upload(document_type, GOOD[document_type](practitioner.person))
            accepted = await practitioner.checked(sent["document_id"])
            stage.document_ids[document_type] = sent["document_id"]
            step.note(f"{accepted['file']['size_bytes']} байт: {accepted['explanation']}")


async def apply(stage: Stage) -> None:
    """Draft, check with a mistake, correction, confirmation, submission."""
    report, practitioner = stage.report, stage.practitioner
    report.chapter("4. Заявление")
    with report.step("Создать заявление: сведения подставлены из профиля") as step:
        draft = await practitioner.create_application(KIND, SPECIALTY)
        application_id = stage.application_id = draft["id"]
        step.note(f"{draft['personal']['surname']} {draft['personal']['given_name']}, {draft['professional']['qualification']}")
    with report.step("Заполнить блоки; в ОГРН ошибка") as step:
        ogrn = practitioner.person.workplace["ogrn"]
        wrong = ogrn[:-1] + str((int(ogrn[-1]) + 1) % 10)
        await practitioner.change(
            application_id,
            {
                "professional": {"workplace": {"ogrn": wrong}},
                "documents": stage.document_ids,
                "consent": {"personal_data": True, "accuracy": True},
            },
        )
    with report.step("Проверить: ошибка показана у своего поля") as step:
        for finding in (await practitioner.check(application_id))["findings"]:
            step.note(words(finding))
    with report.step("Исправить и проверить снова: замечаний нет"):
        await practitioner.change(application_id, {"professional": {"workplace": {"ogrn": ogrn}}})
        await practitioner.clean(application_id)
    with report.step("Подтвердить") as step:
        confirmed = await practitioner.confirm(application_id)
        step.note(f"снимок заявления заморожен: SHA-256 {confirmed['snapshot_sha256'][:16]}…")
    await _submit(stage)


async def _submit(stage: Stage) -> None:
    report, practitioner, application_id = stage.report, stage.practitioner, stage.application_id
    async with live_notices(practitioner.caller) as live:
        with report.step("Отправить") as step:
            submitted = await practitioner.submit(application_id)
            stage.application_number = submitted["number"]
            step.note(f"номер {submitted['number']}, состояние «{submitted['status']}»")
        with report.step("Уведомление в кабинете сразу (SSE)") as step:
            notice = await live.wait_for(lambda one: one["kind"] == "application-received", "уведомление о приёме")
            step.note(notice["text"])
    with report.step("Электронный документ (PDF)") as step:
        step.note(f"{stage.save('electronic-document.pdf', await practitioner.electronic_document(application_id))}")
    with report.step("Письмо с номером и копией") as step:
        mail = await stage.outside.mail_about(practitioner.person.email, stage.application_number, with_file=True)
        step.note(f"«{mail['subject']}», вложения: {', '.join(file['file_name'] for file in mail['attachments']) or 'нет'}")
