"""Chapters 5 and 6: the expert's remark and the answer, approval, the certificate and its verification."""

from deploy.demo.stage import Stage
from deploy.journey import files
from deploy.journey.certificates import first_page, verified_code, verified_file
from deploy.journey.gateway import Caller, Refused

ADDRESS = "/professional/workplace/address"
TRAINING = "/documents/training-certificate"


async def review(stage: Stage) -> None:
    """Claim, remark, answer, diff, recommendation, approval."""
    report, practitioner, reviewer = stage.report, stage.practitioner, stage.reviewer
    application_id = stage.application_id
    report.chapter("5. Экспертиза")
    with report.step("Автоматическая проверка пройдена") as step:
        application = await practitioner.in_state(application_id, "under-review")
        step.note(f"«{application['status']}», прогноз: {application['forecast_at'][:10]}")
    with report.step("Эксперт входит и берёт заявление из очереди") as step:
        await reviewer.sign_in()
        await reviewer.queued(application_id)
        await reviewer.claim(application_id)
    with report.step("Эксперт просит уточнить адрес и заменить удостоверение") as step:
        await reviewer.ask(
            application_id,
            {"code": "contact-data-wrong", "pointer": ADDRESS, "comment": "Укажите корпус."},
            {"code": "file-requirements-not-met", "pointer": TRAINING, "comment": "Печать не читается, нужен другой скан."},
        )
        application = await practitioner.in_state(application_id, "information-requested")
        step.note(f"«{application['status']}», ответить до {application['request']['due_at'][:10]}")
    await _answer(stage)
    with report.step("Эксперт видит, что изменилось") as step:
        await practitioner.in_state(application_id, "under-review")
        for change in (await reviewer.look(application_id))["diff"]:
            step.note(f"{change['pointer']}: {change['before']} → {change['after']}")
    with report.step("Эксперт рекомендует одобрить"):
        await reviewer.recommend(application_id, "approve", "Документы в порядке.")
    with report.step("Регистратор утверждает"):
        await stage.registrar.sign_in()
        await stage.registrar.decide(application_id, "approve", "Утверждено.")


async def _answer(stage: Stage) -> None:
    report, practitioner, application_id = stage.report, stage.practitioner, stage.application_id
    address = practitioner.person.workplace["address"] + ", корпус 2"
    with report.step("Изменить то, о чём не спрашивали, нельзя") as step:
        try:
            await practitioner.answer(application_id, "Исправлено.", {"personal": {"phone": "+79000000000"}})
        except Refused as refused:
            step.note(f"{refused.code}: {refused.detail}")
        else:
            raise AssertionError("изменено поле, которое не было отмечено")
    with report.step("Заменить отмеченный документ и ответить"):
        document_id = stage.document_ids["training-certificate"]
        await practitioner.replace(document_id, files.supporting(practitioner.person))
        await practitioner.checked(document_id)
        await practitioner.answer(
            application_id, "Уточнён адрес, приложен новый скан.", {"professional": {"workplace": {"address": address}}}
        )


async def certificate(stage: Stage) -> None:
    """Download, QR, public page, history, exports, protocol."""
    report, practitioner, application_id = stage.report, stage.practitioner, stage.application_id
    report.chapter("6. Сертификат")
    with report.step("Скачать сертификат (PDF)") as step:
        application = await practitioner.in_state(application_id, "certified")
        stage.certificate_number = application["certificate"]["number"]
        pdf = await practitioner.certificate(application_id)
        step.note(f"№ {stage.certificate_number}: {stage.save('certificate.pdf', pdf)}")
    with report.step("Прочитать QR-код со страницы") as step:
        page = first_page(pdf)
        address = page.qr_text()
        stage.save("certificate.png", page.png())
        step.note(address)
    with report.step("Открыть страницу проверки без входа") as step:
        answer = (await stage.http.get(address)).raise_for_status()
        if stage.certificate_number not in answer.text:
            raise AssertionError("страница проверки не называет сертификат")
        step.note(f"{answer.headers['Content-Type']}: {stage.save('verification.html', answer.content)}")
    with report.step("Проверить файл и код без входа, затем файл с одним изменённым байтом") as step:
        anybody = Caller(stage.http)
        file, code = await verified_file(anybody, pdf), await verified_code(anybody, address)
        altered = await verified_file(anybody, pdf[: len(pdf) // 2] + bytes([pdf[len(pdf) // 2] ^ 1]) + pdf[len(pdf) // 2 + 1 :])
        if (file["outcome"], code["outcome"], altered["outcome"]) != ("genuine", "genuine", "altered"):
            raise AssertionError("проверка сертификата ошиблась")
        step.note(f"файл: {file['outcome_title']}; код: {code['outcome_title']}; изменённый файл: {altered['outcome_title']}")
    with report.step("История: строка, выгрузка CSV и PDF, протокол") as step:
        rows = await practitioner.applications(status="completed")
        step.note(f"{rows[0]['number']}, «{rows[0]['status']}», сертификат {rows[0]['certificate']['number']}")
        for output in ("csv", "pdf"):
            step.note(f"{stage.save(f'history.{output}', await practitioner.export(output, application_id))}")
        protocol = await practitioner.protocol(application_id)
        step.note("переходы: " + " → ".join(step["title"] for step in protocol["transitions"]))
