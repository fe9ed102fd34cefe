"""An example of every question applications' repositories ask their store; the census wants one for each, and each is explained."""

from uuid import uuid4

from services.applications.domain.appeals import AppealState
from services.applications.domain.grounds import Change
from services.applications.domain.history import HistoryFilter, Sort
from services.applications.domain.rules import Kind
from services.applications.domain.states import Group, State
from services.applications.domain.watch import WATCHED
from services.applications.repository import (
    appeals,
    certificates,
    employers,
    exports,
    facts,
    figures,
    migrations,
    notes,
    shares,
    subscriptions,
    verifications,
    watch,
)
from services.applications.repository.applications import queries as applications
from services.applications.repository.places import Query
from tests.applications import people

_FIRST_DAY, _PERSON = people.NOW, uuid4()


def _own(given: HistoryFilter) -> tuple[str, Query]:
    return applications.COLLECTION, applications.own(_PERSON, given)


EXAMPLES: dict[str, list[tuple[str, Query]]] = {
    "appeals.own": [(appeals.COLLECTION, appeals.own(_PERSON))],
    "appeals.of_application": [(appeals.COLLECTION, appeals.of_application("MK-2026-00000001-8"))],
    "appeals.in_state": [(appeals.COLLECTION, appeals.in_state(AppealState.REGISTERED))],
    "appeals.held": [(appeals.COLLECTION, appeals.held(_PERSON))],
    "appeals.queued": [(appeals.COLLECTION, appeals.queued(people.CARDIOLOGY))],
    "applications.queries.own": [
        *(_own(HistoryFilter(sort=sort)) for sort in Sort),
        *(_own(HistoryFilter(sort=sort, group=Group.COMPLETED)) for sort in Sort),
        _own(HistoryFilter(started_from=_FIRST_DAY, started_before=_FIRST_DAY)),
        _own(HistoryFilter(started_from=_FIRST_DAY, group=Group.REJECTED)),
    ],
    "applications.queries.the_open": [(applications.COLLECTION, applications.the_open(_PERSON, Kind.PRIMARY, people.CARDIOLOGY))],
    "applications.queries.numbered": [(applications.COLLECTION, applications.numbered("MK-2026-00000001-8"))],
    "applications.queries.held": [(applications.COLLECTION, applications.held(_PERSON))],
    "applications.queries.queued": [
        (applications.COLLECTION, applications.queued(people.CARDIOLOGY)),
        (applications.COLLECTION, applications.queued(applications.REGISTRY)),
    ],
    "applications.queries.under_review": [(applications.COLLECTION, applications.under_review())],
    "applications.queries.with_document": [
        (applications.COLLECTION, applications.with_document(uuid4(), State.SUBMITTED)),
        (applications.COLLECTION, applications.with_document(uuid4(), State.INFORMATION_REQUESTED)),
    ],
    "certificates.by_file": [(certificates.COLLECTION, certificates.by_file("0" * 64))],
    "exports.handed_in": [(applications.COLLECTION, exports.handed_in(_FIRST_DAY, _FIRST_DAY))],
    "certificates.by_number": [(certificates.COLLECTION, certificates.by_number("MC-2026-00000001-8"))],
    "certificates.held_by": [(certificates.COLLECTION, certificates.held_by(_PERSON))],
    "certificates.of_list": [
        (certificates.COLLECTION, certificates.of_list("1")),
        (certificates.COLLECTION, certificates.of_list("1", Change.SUSPENDED)),
    ],
    "certificates.of_application": [(certificates.COLLECTION, certificates.of_application(uuid4()))],
    "certificates.numbered": [(certificates.COLLECTION, certificates.numbered(["MC-2026-00000001-8"]))],
    "employers.by_key": [(employers.COLLECTION, employers.by_key(b"0" * 32))],
    "employers.newest": [(employers.COLLECTION, employers.newest())],
    "employers.told": [(employers.CHANGES, employers.told(uuid4()))],
    "employers.told_by": [(employers.CHANGES, employers.told_by(uuid4()))],
    "subscriptions.about": [(subscriptions.COLLECTION, subscriptions.about(uuid4(), uuid4()))],
    "subscriptions.of_employer": [(subscriptions.COLLECTION, subscriptions.of_employer(uuid4()))],
    "subscriptions.of_holder": [(subscriptions.COLLECTION, subscriptions.of_holder(_PERSON))],
    "subscriptions.consented": [(subscriptions.COLLECTION, subscriptions.consented(uuid4()))],
    "shares.by_token": [(shares.COLLECTION, shares.by_token(b"0" * 32))],
    "shares.of_certificate": [(shares.COLLECTION, shares.of_certificate(uuid4()))],
    "shares.of_holder": [(shares.COLLECTION, shares.of_holder(_PERSON))],
    "facts.owned": [(facts.DOCUMENTS, facts.owned(_PERSON))],
    "facts.accepted": [(facts.DOCUMENTS, facts.accepted(_PERSON, "diploma"))],
    "migrations.old_rows": [
        (applications.COLLECTION, migrations.old_rows(applications.SCHEMA_VERSION)),
        (certificates.COLLECTION, migrations.old_rows(certificates.SCHEMA_VERSION)),
    ],
    "notes.about": [(notes.COLLECTION, notes.about(uuid4()))],
    "verifications.of_certificate": [(verifications.COLLECTION, verifications.of_certificate(uuid4()))],
    "figures.begun": [(applications.COLLECTION, figures.begun(people.CARDIOLOGY, _FIRST_DAY, _FIRST_DAY))],
    "figures.ended": [(applications.COLLECTION, figures.ended(people.CARDIOLOGY, _FIRST_DAY, _FIRST_DAY))],
    "watch.in_state": [(applications.COLLECTION, watch.in_state(state)) for state in WATCHED],
}
"""By module and function: the collection that is asked, and the question."""
