"""Papers read as documents reads them, compared with what they truly say."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from tesserocr import PyTessBaseAPI

from contracts.identity import Licence, ProfileFacts, Workplace
from deploy.papers import Holder, Kind, Paper, holder_of, paper_of
from services.documents.domain.reading import Agreement, Field, Page, Reading, Source, Word, compare
from services.documents.gateways.sandbox import pages
from services.documents.gateways.sandbox.opening import JPEG
from services.documents.gateways.sandbox.reading import recogniser
from services.documents.gateways.sandbox.texts import page_read

FOUND, MISTAKEN = 0.95, 0.01
"""Of the fields of a paper at least so many are found, and of the holder's own at most so many contradicted."""
TESSDATA = "/usr/share/tesseract-ocr/5/tessdata"
_FIELDS = {
    Kind.DIPLOMA: (Field.NAME, Field.BIRTH_DATE, Field.DIPLOMA),
    Kind.LICENCE: (Field.NAME, Field.LICENCE, Field.WORKPLACE),
    Kind.CERTIFICATE: (Field.NAME, Field.BIRTH_DATE),
}
_COUNTED = frozenset({Field.NAME, Field.BIRTH_DATE, Field.LICENCE, Field.DIPLOMA})
_ELSEWHERE = 10_000
"""From this number on holders are nobody's of the papers."""
_DAY = date(2000, 1, 1)
_SOUND = (Agreement.AGREES, Agreement.UNREADABLE)


@dataclass
class Figures:
    """Counts by field and agreement, for the holders of the papers and for others."""

    papers: int = 0
    seconds: float = 0.0
    own: Counter[tuple[Field, Agreement]] = field(default_factory=Counter)
    others: Counter[tuple[Field, Agreement]] = field(default_factory=Counter)

    @property
    def found(self) -> float:
        """Share of names, dates and numbers that were found."""
        return self._share(self.own, lambda agreement: agreement is Agreement.AGREES)

    @property
    def mistaken(self) -> float:
        """Share of a holder's own names, dates and numbers that the paper seemed to contradict."""
        return self._share(self.own, lambda agreement: agreement not in _SOUND)

    @property
    def confused(self) -> float:
        """Share of somebody else's names, dates and numbers that seemed to be in the paper."""
        return self._share(self.others, lambda agreement: agreement is Agreement.AGREES)

    @property
    def is_met(self) -> bool:
        """Whether both lines are."""
        return self.found >= FOUND and self.mistaken <= MISTAKEN

    def rows(self) -> Iterator[tuple[Field, Sequence[int], Sequence[int]]]:
        """Each field with its counts: agrees, unreadable, contradicted."""
        for one in dict.fromkeys(name for name, _ in self.own):
            yield one, _counts(self.own, one), _counts(self.others, one)

    def _share(self, counts: Counter[tuple[Field, Agreement]], wanted: Callable[[Agreement], bool]) -> float:
        counted = [(agreement, count) for (name, agreement), count in counts.items() if name in _COUNTED]
        return sum(count for agreement, count in counted if wanted(agreement)) / sum(count for _, count in counted)


def _counts(counts: Counter[tuple[Field, Agreement]], name: Field) -> Sequence[int]:
    contradicted = sum(count for (one, agreement), count in counts.items() if one is name and agreement not in _SOUND)
    return [*(counts[name, agreement] for agreement in _SOUND), contradicted]


def evaluate(numbers: Iterable[int], *, seed: int, paper: Callable[..., Paper] = paper_of) -> Figures:
    """Read the papers of these numbers. `paper` may give one that was made before."""
    figures = Figures()
    with recogniser(TESSDATA, "rus") as api:
        for number in numbers:
            made = paper(number, seed=seed)
            began = time.perf_counter()
            reading = _read(api, made)
            figures.seconds += time.perf_counter() - began
            figures.papers += 1
            for counts, holder in ((figures.own, made.holder), (figures.others, holder_of(_ELSEWHERE + number, seed=seed))):
                counts.update((one.field, one.agreement) for one in compare(reading, facts_of(holder), _FIELDS[made.kind]))
    return figures


def _read(api: PyTessBaseAPI, paper: Paper) -> Reading:
    """As a check does."""
    with pages.opened(paper.content, JPEG) as opened:
        read = page_read(api, opened, 0)
    words = tuple(Word(word.text, word.line, word.confidence, word.again) for word in read.words if read.is_readable)
    return Reading(Source.RECOGNISED, (Page(words),))


def facts_of(holder: Holder) -> ProfileFacts:
    """A profile of this holder; what no paper shows is made up."""
    return ProfileFacts(
        surname=holder.surname,
        given_name=holder.given_name,
        patronymic=holder.patronymic,
        birth_date=holder.birth_date,
        birth_place="г. Вымышленск",
        passport_series="4509",
        passport_number="100000",
        passport_issued_on=_DAY,
        passport_issued_by="ОУФМС г. Вымышленска",
        snils="90000000000",
        phone="+79150000000",
        email="holder@example.org",
        diploma_number=f"{holder.diploma_series} {holder.diploma_number}",
        qualification="Врач-лечебник",
        specialty_code="31.08.49",
        licence=Licence(series=holder.licence_number[:-7], number=holder.licence_number[-6:], holder="person", valid_from=_DAY),
        workplace=Workplace(organisation=holder.organisation, ogrn="1027700000000", address="ул. Больничная, 1", department="Терапия"),
    )
