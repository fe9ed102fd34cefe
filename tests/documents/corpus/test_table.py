"""The table itself; what becomes of its kinds is walked through by item DO-4."""

from tests.documents.corpus.kinds import DOORS, KINDS
from tests.documents.corpus.makers import MAKERS

FEWEST = 100


def test_the_table_has_many_kinds_and_each_maker_is_used() -> None:

    ids = [*(kind.id for kind in KINDS), *(door.id for door in DOORS)]
    assert len(set(ids)) == len(ids) >= FEWEST
    assert {kind.maker for kind in KINDS} == set(MAKERS)
