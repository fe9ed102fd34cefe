"""Who is among the invented people: enough to play an appeal to its end."""

from dataclasses import replace

from deploy.journey.people import SPECIALTY
from deploy.local.personas import ADMINISTRATOR, PRACTITIONERS, STAFF, Persona, lacking

SIGNED_UP = [
    Persona(title, "Имя", f"{place}@example.org", "пароль", "+79990001122", None if title in PRACTITIONERS else "secret")
    for place, title in enumerate((ADMINISTRATOR, *PRACTITIONERS, *(title for title, _, _ in STAFF)))
]


def test_an_appeal_has_a_judge_and_what_it_overturns_has_others_to_review_and_to_decide() -> None:
    reviewers = [title for title, roles, specialties in STAFF if "reviewer" in roles and SPECIALTY in specialties]
    assert len(reviewers) >= 4, "two refuse, one judges, one reviews anew"
    assert len([title for title, roles, _ in STAFF if "registrar" in roles]) >= 2, "who refused does not decide again"


def test_personas_made_when_there_were_fewer_or_without_an_app_are_not_all() -> None:
    assert lacking([]) == {one.title for one in SIGNED_UP}
    assert lacking(SIGNED_UP) == set()
    assert lacking([one for one in SIGNED_UP if one.title != "Третий эксперт"]) == {"Третий эксперт"}
    assert lacking([replace(one, totp_secret=None) for one in SIGNED_UP]) == {one.title for one in SIGNED_UP} - set(PRACTITIONERS)
