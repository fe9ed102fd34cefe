"""The sweep: what is damaged is told and stays, what belongs to nobody goes, what is on its way stays."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from chassis.errors import Unavailable
from chassis.transaction import AlreadyHandled
from contracts.documents import DamageFound, MalwareFound, SweepDue
from services.documents.domain.documents import State, object_key_of
from services.documents.domain.sweeps import (
    EVERYTHING,
    MAX_DAMAGES,
    Damage,
    DamageKind,
    KeptFile,
    Phase,
    Seen,
    Share,
    Sweep,
    orphans,
)
from services.documents.gateways.clamd import Threat
from services.documents.usecases.sweeping import SweepMeters
from tests.documents.fakes import FakeDocumentRepository
from tests.documents.house import CONTENT, OWNER, House
from tests.documents.test_repository import an_upload

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def a_sweep() -> Sweep:
    return Sweep(id=uuid4(), started_at=NOW)


class TestWhatASweepDecides:
    @pytest.mark.parametrize(
        ("size_bytes", "sha256", "kind"),
        [
            (10, "a", None),
            (10, None, None),
            (None, None, DamageKind.MISSING),
            (9, None, DamageKind.SIZE_DIFFERS),
            (9, "a", DamageKind.SIZE_DIFFERS),
            (10, "b", DamageKind.BYTES_DIFFER),
        ],
    )
    def test_damage(self, size_bytes: int | None, sha256: str | None, kind: DamageKind | None) -> None:
        file = KeptFile(uuid4(), 1, "k", 10, "a", is_infected=False)
        found = file.damage(size_bytes, sha256)
        assert (found and found.kind) == kind

    def test_phases_follow_each_other_and_end(self) -> None:
        phases, sweep = [], a_sweep()
        for cursor in ("x", None, None, None):
            sweep = sweep.after(Seen(files=1), cursor, at=NOW)
            phases.append((sweep.phase, sweep.cursor, sweep.parts))
        assert phases == [(Phase.FILES, "x", 1), (Phase.OBJECTS, None, 2), (Phase.QUARANTINE, None, 3), (Phase.DONE, None, 4)]
        assert (sweep.files, sweep.finished_at, sweep.is_done) == (4, NOW, True)

    def test_every_damage_is_counted_and_the_first_are_named(self) -> None:
        damages = tuple(Damage(uuid4(), 1, DamageKind.MISSING) for _ in range(MAX_DAMAGES))
        sweep = a_sweep().after(Seen(damages=damages), "x", at=NOW).after(Seen(damages=damages), "y", at=NOW)
        assert (sweep.damage_count, sweep.damages) == (2 * MAX_DAMAGES, damages)

    def test_every_document_has_its_night(self) -> None:
        document_id = uuid4()
        nights = [Share.of_night(NOW + timedelta(days=day), 7).has(document_id) for day in range(14)]
        assert nights.count(True) == 2
        assert EVERYTHING.has(document_id)

    def test_what_was_made_from_a_file_belongs_to_it(self) -> None:
        keys = ["a/b/c", "a/b/c.pdf", "a/b/c.page-0001.png", "a/b/d.pdf", "stranger"]
        assert orphans(keys, {"a/b/c"}) == ["a/b/d.pdf", "stranger"]


async def swept(house: House, *, reads_bytes: bool = False, is_dry: bool = False) -> Sweep:
    [*_, last] = [sweep async for sweep in house.sweeping.run(reads_bytes=reads_bytes, is_dry=is_dry)]
    assert house.sweeps.stored[last.id] == last
    return last


class TestFiles:
    async def test_whole_files_are_counted_and_nothing_is_told(self, house: House) -> None:
        for owner_id in (OWNER, OWNER, uuid4(), uuid4(), uuid4()):
            await house.upload(uuid4().bytes, owner_id)
        sweep = await swept(house, reads_bytes=True)
        assert (sweep.files, sweep.bytes_read, sweep.damage_count, sweep.orphans, sweep.objects) == (5, 80, 0, 0, 5)
        assert house.begin.events(DamageFound) == []

    async def test_damage_is_told_once_and_the_file_stays_what_it_is(self, house: House) -> None:
        missing = await house.accepted()
        shorter, changed = await house.upload(b"%PDF-1.7 second"), await house.upload(b"%PDF-1.7 third")
        del house.files.stored[missing.file().object_key]
        house.files.stored[shorter.file().object_key] = b"%PDF"
        house.files.stored[changed.file().object_key] = b"%PDF-1.7 thirD"
        measured = await swept(house)
        assert {one.document_id: one.kind for one in measured.damages} == {
            missing.id: DamageKind.MISSING,
            shorter.id: DamageKind.SIZE_DIFFERS,
        }
        read = await swept(house, reads_bytes=True)
        assert {one.document_id: one.kind for one in read.damages}[changed.id] is DamageKind.BYTES_DIFFER
        assert [(told.sweep_id, told.files) for told in house.begin.events(DamageFound)] == [(measured.id, 2), (read.id, 3)]
        assert house.documents.stored[missing.id].state is State.ACCEPTED

    async def test_a_store_that_is_away_is_no_damage(self, house: House) -> None:
        await house.upload()
        house.files.is_down.append(True)
        with pytest.raises(Unavailable):
            await swept(house)
        assert house.sweeps.stored == {}

    async def test_a_file_that_was_removed_since_it_was_listed_is_no_damage(self, house: House) -> None:
        document = await house.upload()

        class Vanishing(FakeDocumentRepository):
            async def kept_files(self, after: UUID | None, limit: int) -> tuple[Sequence[KeptFile], UUID | None]:
                found = await super().kept_files(after, limit)
                self.stored.clear()
                house.files.stored.clear()
                return found

        vanishing = Vanishing()
        vanishing.stored.update(house.documents.stored)
        house.documents = vanishing
        sweep = await swept(house)
        assert (sweep.files, sweep.damage_count) == (1, 0)
        assert document.id not in house.documents.stored

    async def test_an_infected_original_left_behind_is_isolated(self, house: House) -> None:
        house.scanner.threats.append(Threat("Some.Name"))
        document = await house.accepted()
        key = document.file().object_key
        assert (await swept(house, is_dry=True)).isolated == 1
        assert list(house.files.stored) == [key]
        assert (await swept(house)).isolated == 1
        assert (list(house.files.stored), list(house.quarantine.stored)) == ([], [key])
        sweep = await swept(house)
        assert (sweep.isolated, sweep.damage_count) == (0, 0)
        assert len(house.begin.events(MalwareFound)) == 1

    async def test_bytes_under_quarantine_are_no_damage_of_their_twin(self, house: House) -> None:
        document = await house.upload()
        key = document.file().object_key
        await house.quarantine.take(key)
        await house.files.delete(key)
        assert (await swept(house)).damage_count == 0
        assert list(house.quarantine.stored) == [key]

    async def test_damage_and_removals_are_measured(self, house: House) -> None:
        document = await house.upload()
        del house.files.stored[document.file().object_key]
        house.files.stored["nobody/s"] = b"lost"
        reader = InMemoryMetricReader()
        meters = SweepMeters(MeterProvider(metric_readers=[reader], shutdown_on_exit=False).get_meter("tests"))
        sweeping = replace(house.sweeping, meters=meters)
        assert [sweep.damage_count async for sweep in sweeping.run(reads_bytes=False, is_dry=False)][-1] == 1
        told = reader.get_metrics_data()
        assert told is not None
        [resource] = told.resource_metrics
        points = [(metric.name, point) for metric in resource.scope_metrics[0].metrics for point in metric.data.data_points]
        measured = {(name, *(point.attributes or {}).values()): getattr(point, "value", None) for name, point in points}
        assert measured == {("medkabinet.documents.damaged", "missing"): 1, ("medkabinet.documents.removed", "orphan"): 1}


class TestObjects:
    @pytest.fixture
    def lost(self, house: House) -> str:
        key = object_key_of(uuid4(), uuid4(), uuid4())
        house.files.stored[key] = b"lost"
        return key

    async def test_orphans_go_and_files_stay_with_what_was_made_from_them(self, house: House, lost: str) -> None:
        document = await house.upload()
        key = document.file().object_key
        house.files.stored.update({f"{key}.pdf": b"made", f"{lost}.pdf": b"made", "not/ours": b"?"})
        dry = await swept(house, is_dry=True)
        assert (dry.orphans, len(house.files.stored)) == (3, 5)
        sweep = await swept(house)
        assert (sweep.orphans, set(house.files.stored)) == (3, {key, f"{key}.pdf"})
        assert house.begin.events(DamageFound) == []

    async def test_what_is_young_stays(self, house: House, lost: str) -> None:
        house.files.stored_at[lost] = house.clock.now() - timedelta(minutes=59)
        assert (await swept(house)).orphans == 0
        house.clock.move(timedelta(minutes=1))
        assert (await swept(house)).orphans == 1

    async def test_an_upload_under_way_keeps_its_object(self, house: House) -> None:
        document = await house.upload()
        upload = replace(an_upload(), object_key=object_key_of(OWNER, document.id, uuid4()))
        house.documents.stored[document.id] = document.receive(upload)
        house.files.stored[upload.object_key] = b"on its way"
        assert (await swept(house)).orphans == 0
        house.documents.stored[document.id] = document
        assert (await swept(house)).orphans == 1

    async def test_the_quarantine_forgets_what_is_old_and_what_belongs_to_nobody(self, house: House, lost: str) -> None:
        house.scanner.threats.append(Threat("Some.Name"))
        await house.accepted()
        await house.isolation.isolate(house.begin.events(MalwareFound)[0])
        [key] = house.quarantine.stored
        house.quarantine.stored[lost] = b"of somebody erased"
        house.quarantine.stored_at[key] = house.clock.now() - timedelta(days=29)
        assert (await swept(house)).expired == 1
        assert list(house.quarantine.stored) == [key]
        house.clock.move(timedelta(days=1))
        assert (await swept(house)).expired == 1
        assert house.quarantine.stored == {}


class TestNights:
    async def test_each_night_plans_the_next_and_goes_on_part_by_part(self, house: House) -> None:
        for _ in range(5):
            await house.upload(uuid4().bytes, uuid4())
        for _ in range(2):
            await house.sweeping.plan()
        planned = {key: due_at for key, (due_at, _) in house.begin.scheduled.items() if key.startswith("sweep:")}
        assert planned == {"sweep:2026-03-03": datetime(2026, 3, 3, tzinfo=UTC)}
        house.clock.move(timedelta(days=1))
        [first] = [event for event in house.begin.due(house.clock.now()) if isinstance(event, SweepDue)]
        await house.sweeping.go_on(first)
        while (asked := house.begin.events(SweepDue)) and str(asked[-1].event_id) not in house.begin.handled:
            await house.sweeping.go_on(asked[-1])
        [sweep] = house.sweeps.stored.values()
        assert (sweep.is_done, sweep.files, sweep.objects, sweep.share) == (True, 5, 5, Share.of_night(house.clock.now(), 7))
        assert "sweep:2026-03-04" in house.begin.scheduled

    async def test_a_repeated_part_counts_once(self, house: House) -> None:
        await house.upload()
        due = SweepDue(occurred_at=house.clock.now(), sweep_id=uuid4(), part=0)
        await house.sweeping.go_on(due)
        with pytest.raises(AlreadyHandled):
            await house.sweeping.go_on(due)
        [sweep] = house.sweeps.stored.values()
        assert (sweep.parts, sweep.files) == (1, 1)
        assert len(CONTENT) == next(iter(house.documents.stored.values())).file().size_bytes
