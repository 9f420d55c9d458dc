from __future__ import annotations

import pytest

from egard.base.refusal import NotFound
from egard.kernel.access.operations import ensure_site
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import merge_persons, undo_merge
from egard.kernel.people import duplicates, operations, queries
from egard.kernel.people.likeness import HOLDERS_MAX, Known, score, why
from egard.kernel.registry import registry

PHONE = frozenset({("phone", "+33612345678")})


def known(given="", family="", **more):
    return Known(frozenset(given.split()), frozenset(family.split()), **more)


@pytest.mark.parametrize(
    ("a", "b", "codes"),
    [
        (known("anne", "roy", identifiers=PHONE), known("", "", identifiers=PHONE), ["identifier"]),
        (
            known("anne", "roy", identifiers=PHONE),
            known("paul", "roy", identifiers=PHONE),
            ["identifier", "other_name"],
        ),
        (known("elodie", identifiers=PHONE), known("elo", identifiers=PHONE), ["identifier"]),
        (known("anne", "roy"), known("anne", "roy"), []),  # two of one name are many
        (known("anne", "roy", sites=frozenset("p")), known("anne", "roy", sites=frozenset("p")), ["name", "site"]),
        (known("anne", "roy", address="1 rue a"), known("anne", "roy", address="1 rue a"), ["name", "address"]),
        (known("anne", "roy", address="1 rue a"), known("paul", "roy", address="1 rue a"), []),  # a household
        (known("", "roy", sites=frozenset("p")), known("", "roy", sites=frozenset("p")), []),  # half a name
    ],
)
def test_what_speaks_for_two_records_of_one_person(a, b, codes):
    assert [reason.code for reason in why(a, b)] == codes
    assert [reason.code for reason in why(b, a)] == codes


def test_a_phone_and_a_name_speak_louder_than_a_phone_of_two_first_names():
    both = why(known("anne", "roy", identifiers=PHONE), known("anne", "roy", identifiers=PHONE))
    family = why(known("anne", "roy", identifiers=PHONE), known("paul", "roy", identifiers=PHONE))
    assert score(both) > score(family) > 0


def _pairs(viewer):
    return [{pair.survivor.name, pair.absorbed.name} for pair in duplicates.proposed(viewer).items]


def _look(now):
    place = 0
    while place is not None:
        place = duplicates.look(after=place, batch=2, now=now)


@pytest.mark.django_db
def test_everybody_is_looked_through_piece_by_piece(make_person, everything, me, now):
    paris = ensure_site("paris", by=me, now=now)
    make_person("Anne", "Roy", phone="0612345678")
    make_person("Paul", "Durand", site=paris)
    for n in range(5):
        make_person("Nobody", f"Else{n}", device=f"D{n}")
    make_person("Anne", "Roi", phone="0612345678")
    make_person("PAUL", "Dürand", site=paris)
    _look(now)
    assert _pairs(everything) == [{"PAUL Dürand", "Paul Durand"}, {"Anne Roi", "Anne Roy"}]
    _look(now)
    assert len(_pairs(everything)) == 2


@pytest.mark.django_db
def test_each_night_everybody_is_looked_through(make_person, everything, now):
    make_person("Anne", "Roy", phone="0612345678")
    make_person("Anne", "Roi", phone="0612345678")
    nightly = registry.jobs["people.look_for_duplicates"]
    assert nightly.every
    assert nightly.alone
    nightly.run(now=now)
    assert _pairs(everything) == [{"Anne Roi", "Anne Roy"}]


@pytest.mark.django_db
def test_a_number_of_many_says_nothing(make_person, everything, now):
    for n in range(HOLDERS_MAX + 1):
        make_person(f"Name{n}", phone="0612345678")
    _look(now)
    assert _pairs(everything) == []


@pytest.mark.django_db
def test_a_pair_goes_when_it_is_merged_and_its_third_stays(make_person, everything, me, now):
    a, b, c = (make_person("Anne", name, phone="0612345678") for name in ("Roy", "Roi", "Rey"))
    _look(now)
    assert len(_pairs(everything)) == 3
    merge = merge_persons(a, b, by=me, now=now)
    assert _pairs(everything) == [{"Anne Roy", "Anne Rey"}]  # each of her two records is like the third: one pair
    undo_merge(merge, by=me, now=now)
    assert len(_pairs(everything)) == 2  # whoever parts two says that they are two
    operations.remove_identifier(c, "phone", "0612345678", by=me, now=now)
    assert _pairs(everything) == []  # nothing speaks for it any more


@pytest.mark.django_db
def test_a_no_holds_for_all_records_of_both_until_it_is_taken_back(make_person, everything, me, now):
    a, b, c = (make_person("Anne", name, phone="0612345678") for name in ("Roy", "Roi", "Rey"))
    merge_persons(a, b, by=me, now=now)
    both = [queries.person(everything, p.uuid) for p in (a, c)]
    assert len(duplicates.like(everything, both[0])) == 1
    duplicates.dismiss(both, by=me, now=now)
    _look(now)
    assert _pairs(everything) == []
    assert duplicates.like(everything, both[0]) == []
    assert len(duplicates.proposed(everything, dismissed=True).items) == 1
    duplicates.propose_again(both, by=me, now=now)
    assert len(duplicates.like(everything, both[0])) == 1
    with pytest.raises(NotFound):
        duplicates.propose_again(both, by=me, now=now)


@pytest.mark.django_db
def test_only_pairs_within_the_scope_of_merging_are_shown(make_person, make_user, me, now):
    paris, lyon = (ensure_site(code, by=me, now=now) for code in ("paris", "lyon"))
    make_person("Anne", "Roy", phone="0612345678", site=paris)
    make_person("Anne", "Roi", phone="0612345678", site=lyon)
    make_person("Paul", "Roy", phone="0639980001", site=paris)
    here = make_person("Paul", "Roi", phone="0639980001", site=paris)
    _look(now)
    user = make_user(sites=[paris])
    from egard.kernel.access.operations import grant_role

    grant_role(user, "agent", scope="site", by=me, now=now)
    viewer = viewer_for(user)
    assert _pairs(viewer) == [{"Paul Roy", "Paul Roi"}]
    assert [pair.survivor.given_name for pair in duplicates.like(viewer, here)] == ["Paul"]
