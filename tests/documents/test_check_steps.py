"""Steps of a check fail, repeat and are asked for one by one, and every file ends."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chassis.errors import Outage
from chassis.objects import FileMissing
from contracts.documents import CheckRequested, DocumentAccepted, DocumentReceived, DocumentRejected
from contracts.identity import RegistrationLapsed
from services.documents.domain.checks import CheckCase, Outcome, Step, StepResult
from services.documents.domain.documents import Document, State
from services.documents.domain.errors import FileNotFound
from services.documents.domain.findings import Finding, FindingCode
from services.documents.gateways.clamd import ScannerAway, Threat
from services.documents.gateways.failures import InspectionFailed, LookCut
from services.documents.usecases.checks.steps import checks_of
from tests.documents.house import CONTENT, House

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAMAGED = Finding(FindingCode.PDF_DAMAGED)


def away() -> ScannerAway:
    return ScannerAway("нет", retry_after_seconds=1)


def cut() -> LookCut:
    return LookCut("долго", retry_after_seconds=1)


def requested(document: Document, *steps: Step, reason: str = "demand") -> CheckRequested:
    return CheckRequested(
        document_id=document.id,
        owner_id=document.owner_id,
        document_type=document.document_type.value,
        file_version=1,
        occurred_at=NOW,
        attempt=1,
        steps=tuple(step.value for step in steps),
        reason=reason,
    )


def outcomes(house: House) -> dict[Step, Outcome]:
    (case,) = house.cases.stored.values()
    return {step: result.outcome for step, result in case.results.items()}


ALL_PASSED = dict.fromkeys(Step, Outcome.PASSED)


class TestCase:
    def case(self, **results: StepResult) -> CheckCase:
        named = {Step[name]: result for name, result in results.items()}
        return CheckCase(upload_id=uuid4(), document_id=uuid4(), owner_id=uuid4(), file_version=1, results=named)

    def passed(self) -> StepResult:
        return StepResult.of((), at=NOW)

    def test_a_step_is_due_until_its_result_is_final(self) -> None:
        case = self.case(INTEGRITY=self.passed(), MALWARE=StepResult(Outcome.UNAVAILABLE, NOW))
        assert [step for step in Step if case.is_due(step)] == [step for step in Step if step is not Step.INTEGRITY]
        assert not case.is_complete

    def test_a_step_waits_for_what_it_stands_on_and_is_skipped_when_that_failed(self) -> None:
        both = {Step.INTEGRITY, Step.MALWARE}
        failed = StepResult.of((DAMAGED,), at=NOW)
        assert self.case(INTEGRITY=self.passed(), MALWARE=self.passed()).obstacle(both) is None
        assert self.case(INTEGRITY=failed).obstacle(both) is Outcome.UNAVAILABLE
        assert self.case(INTEGRITY=failed, MALWARE=self.passed()).obstacle(both) is Outcome.SKIPPED

    def test_warnings_pass_and_are_kept_apart_from_refusals(self) -> None:
        warned = StepResult.of((DAMAGED.softened,), at=NOW)
        assert warned.outcome is Outcome.PASSED
        case = self.case(OPENS=warned, SIZE_AND_TYPE=StepResult.of((Finding(FindingCode.FILE_EMPTY),), at=NOW))
        assert (case.refusals, case.warnings) == ((Finding(FindingCode.FILE_EMPTY),), (DAMAGED.softened,))

    def test_steps_asked_for_again_are_due_and_with_them_the_skipped_ones(self) -> None:
        skipped = StepResult(Outcome.SKIPPED, NOW)
        case = self.case(INTEGRITY=self.passed(), MALWARE=StepResult.of((DAMAGED,), at=NOW), SIZE_AND_TYPE=skipped, OPENS=skipped)
        assert case.begin().results == case.results
        assert list(case.begin({Step.MALWARE}).results) == [Step.INTEGRITY]

    def test_steps_nobody_here_knows_are_left_aside(self) -> None:
        assert Step.known(["opens", "telepathy"]) == {Step.OPENS}

    def test_there_is_a_check_for_every_step_in_the_order_of_findings(self, house: House) -> None:
        made = checks_of(house.scanner, house.inspector)
        assert [*(check.step for check in made), Step.CONSISTENCY] == list(Step)  # which is made with the verdict
        for number, check in enumerate(made):
            assert check.after <= {earlier.step for earlier in made[:number]}


async def test_pages_that_cannot_be_read_refuse_a_file(house: House) -> None:
    house.inspector.faults.append(Finding(FindingCode.IMAGE_BLURRED, {"page": 1}))
    document = await house.accepted()
    assert outcomes(house) == ALL_PASSED | {Step.LEGIBLE: Outcome.FAILED, Step.TEXT: Outcome.SKIPPED, Step.CONSISTENCY: Outcome.SKIPPED}
    assert house.documents.stored[document.id].state is State.REJECTED
    assert [told.codes for told in house.begin.events(DocumentRejected)] == [("image-blurred",)]


class TestRepeating:
    async def test_the_bytes_are_read_once_for_all_steps(self, house: House) -> None:
        await house.accepted()
        assert house.scanner.seen == house.inspector.seen == [CONTENT]
        assert len(house.files.read_keys) == 1
        assert outcomes(house) == ALL_PASSED

    async def test_a_scanner_that_is_away_holds_up_what_stands_on_it_and_the_rest_is_recorded(self, house: House) -> None:
        document = await house.upload()
        house.scanner.failures.append(away())
        with pytest.raises(Outage):
            await house.check()
        assert outcomes(house) == {**dict.fromkeys(Step, Outcome.UNAVAILABLE), Step.INTEGRITY: Outcome.PASSED}
        assert house.inspector.seen == []
        assert house.documents.stored[document.id].state is State.CHECKING
        await house.check()
        assert outcomes(house) == ALL_PASSED
        assert house.documents.stored[document.id].state is State.ACCEPTED

    async def test_only_the_step_that_failed_is_made_again(self, house: House) -> None:
        document = await house.upload()
        house.inspector.failures.append(InspectionFailed("нет", retry_after_seconds=1))
        with pytest.raises(InspectionFailed):
            await house.check()
        assert outcomes(house) == ALL_PASSED | dict.fromkeys(
            (step for step in Step if step not in (Step.INTEGRITY, Step.MALWARE, Step.SIZE_AND_TYPE)), Outcome.UNAVAILABLE
        )
        await house.check()
        assert (len(house.scanner.seen), len(house.inspector.seen)) == (1, 2)
        assert house.documents.stored[document.id].state is State.ACCEPTED

    async def test_a_scanner_is_waited_for_without_end(self, house: House) -> None:
        document = await house.upload()
        house.scanner.failures.extend(away() for _ in range(10))
        for _ in range(10):
            with pytest.raises(ScannerAway):
                await house.check()
        await house.check()
        assert house.documents.stored[document.id].state is State.ACCEPTED

    async def test_a_look_that_is_cut_again_and_again_is_the_files_doing(self, house: House) -> None:
        document = await house.upload()
        house.inspector.failures.extend([cut(), cut(), cut()])
        for _ in range(2):
            with pytest.raises(LookCut):
                await house.check()
        await house.check()
        assert [told.codes for told in house.begin.events(DocumentRejected)] == [("file-too-complex",)]
        assert house.documents.stored[document.id].state is State.REJECTED

    async def test_a_file_over_which_workers_die_is_given_up(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        document = await house.upload()
        with monkeypatch.context() as dying:
            dying.setattr(type(house.inspector), "inspect", dies)
            for _ in range(2):
                with pytest.raises(Death):
                    await house.check()
        looks = len(house.scanner.seen)
        await house.check()
        assert [told.codes for told in house.begin.events(DocumentRejected)] == [("file-too-complex",)]
        assert house.documents.stored[document.id].state is State.REJECTED
        assert len(house.scanner.seen) == looks

    async def test_a_store_that_is_away_is_no_death(self, house: House) -> None:
        document = await house.upload()
        whole = dict(house.files.stored)
        house.files.stored.clear()
        for _ in range(5):
            with pytest.raises(FileMissing):
                await house.check()
        house.files.stored.update(whole)
        await house.check()
        assert house.documents.stored[document.id].state is State.ACCEPTED


class TestOnDemand:
    async def test_a_step_asked_for_again_is_made_and_changes_nothing_when_nothing_is_found(self, house: House) -> None:
        document = await house.accepted()
        await house.worker.checks.check(requested(document, Step.MALWARE))
        assert (len(house.scanner.seen), len(house.inspector.seen)) == (2, 1)
        assert house.documents.stored[document.id] == document
        assert len(house.begin.events(DocumentAccepted)) == 1

    async def test_an_operator_asks_for_steps_of_a_file(self, house: House) -> None:
        document = await house.accepted()
        assert await house.worker.rechecks.ask(document.id, None, {Step.OPENS, Step.MALWARE}) == 1
        (asked,) = house.begin.events(CheckRequested)
        assert (asked.document_id, asked.file_version, asked.steps, asked.reason) == (document.id, 1, ("malware", "opens"), "demand")
        with pytest.raises(FileNotFound):
            await house.worker.rechecks.ask(document.id, 2, set(Step))

    async def test_without_a_step_a_checked_file_is_left_alone(self, house: House) -> None:
        document = await house.accepted()
        await house.worker.checks.check(requested(document, reason="stuck"))
        assert len(house.scanner.seen) == 1

    async def test_malware_that_was_not_known_before_is_found_later_and_told_though_an_application_holds_the_file(
        self, house: House
    ) -> None:
        document = await house.accepted()
        await house.usecases.holds.lock(house.submitted(document.id))
        house.scanner.threats.append(Threat("Some.Name"))
        await house.worker.checks.check(requested(document, Step.MALWARE))
        assert house.documents.stored[document.id].state is State.REJECTED
        assert [(told.codes, told.version) for told in house.begin.events(DocumentRejected)] == [(("file-infected",), 3)]

    async def test_what_is_found_later_in_a_file_that_an_application_holds_is_a_warning(self, house: House) -> None:
        document = await house.accepted()
        await house.usecases.holds.lock(house.submitted(document.id))
        house.inspector.problems.append(DAMAGED)
        await house.worker.checks.check(requested(document, Step.OPENS))
        file = house.documents.stored[document.id].file()
        assert (file.state, file.findings, file.warnings) == (State.ACCEPTED, (), (DAMAGED.softened,))
        assert house.begin.events(DocumentAccepted)[-1].warnings == ("pdf-damaged",)

    async def test_what_is_found_later_in_a_free_file_refuses_it(self, house: House) -> None:
        document = await house.accepted()
        house.inspector.problems.append(DAMAGED)
        await house.worker.checks.check(requested(document, Step.OPENS))
        assert [told.codes for told in house.begin.events(DocumentRejected)] == [("pdf-damaged",)]

    async def test_a_refused_file_is_accepted_when_what_was_found_is_found_no_longer(self, house: House) -> None:
        house.inspector.problems.append(DAMAGED)
        document = await house.accepted()
        assert outcomes(house)[Step.OPENS] is Outcome.FAILED
        house.inspector.problems.clear()
        await house.worker.checks.check(requested(document, Step.OPENS))
        assert outcomes(house) == ALL_PASSED
        assert [told.version for told in house.begin.events(DocumentAccepted)] == [3]

    async def test_an_infected_file_stays_so_whatever_is_asked_for(self, house: House) -> None:
        house.scanner.threats.append(Threat("Some.Name"))
        document = await house.accepted()
        skipped = [step for step, outcome in outcomes(house).items() if outcome is Outcome.SKIPPED]
        assert skipped == [step for step in Step if step not in (Step.INTEGRITY, Step.MALWARE)]
        house.scanner.threats.clear()
        await house.worker.checks.check(requested(document, *Step))
        assert house.documents.stored[document.id].state is State.REJECTED
        assert len(house.scanner.seen) == 1


async def test_a_check_that_asks_for_a_removed_file_is_over(house: House) -> None:
    document = await house.upload()
    del house.documents.stored[document.id]
    await house.check()
    assert house.cases.stored == {}


async def test_what_the_steps_came_to_goes_with_the_owner(house: House) -> None:
    document = await house.accepted()
    await house.usecases.removals.remove_lapsed(RegistrationLapsed(occurred_at=NOW, owner_id=document.owner_id))
    assert house.cases.stored == {}


async def test_the_term_of_a_check_asks_for_what_is_missing_only(house: House) -> None:
    await house.upload()
    house.clock.move(timedelta(minutes=5))
    (reached,) = house.begin.due(house.clock.now())
    await house.usecases.check_terms.end_of_term(reached)  # type: ignore[arg-type]
    (asked,) = house.begin.events(CheckRequested)
    assert (asked.steps, asked.reason) == ((), "stuck")
    assert len(house.begin.events(DocumentReceived)) == 1


class Death(BaseException):
    """Stands for the end of the process."""


async def dies(*_: object) -> None:
    raise Death
