from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egard.base.paging import UnknownCursor
from egard.kernel.people import bulk, rules, search

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(make_person, me, now):
    """A few people whom searches must tell apart."""
    anne = make_person(
        "Anne", "Le Gall", email="anne.legall@wanadoo.fr", phone="06 12 34 56 78", customer_number="17850"
    )
    make_person("Élodie", "Lebœuf", email="elodie@example.org", phone="+33 6 98 76 54 32")
    make_person("Marie", "Martin", email="mm_75@example.org", customer_number="AB-9981")
    make_person("Martin", "Dupont", plate="AB-123-CD")
    make_person("Zoé", "O’Hara-Martinez")
    bulk.add_identifiers([(anne.pk, "order_number", "C536379"), (anne.pk, "order_number", "536365")], by=me, now=now)
    return anne


def found(viewer, q):
    return [row.name for row in search.search(viewer, q).items]


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("gal", ["Anne Le Gall"]),
        ("le g", ["Anne Le Gall"]),
        ("ANNE LE GALL", ["Anne Le Gall"]),
        ("gall anne", ["Anne Le Gall"]),
        ("élo", ["Élodie Lebœuf"]),
        ("elo", ["Élodie Lebœuf"]),
        ("leboeuf", ["Élodie Lebœuf"]),
        ("lebœ", ["Élodie Lebœuf"]),
        ("3456", ["Anne Le Gall"]),
        ("06 12 34", ["Anne Le Gall"]),
        ("0612345678", ["Anne Le Gall"]),
        ("+33612345678", ["Anne Le Gall"]),
        ("0033 6 12 34", ["Anne Le Gall"]),
        ("+33 (0)6 12 34 56 78", ["Anne Le Gall"]),
        ("wanadoo", ["Anne Le Gall"]),
        ("legall@wana", ["Anne Le Gall"]),
        ("mm_75", ["Marie Martin"]),
        ("17850", ["Anne Le Gall"]),
        ("ab123cd", ["Martin Dupont"]),
        ("AB-123", ["Martin Dupont"]),
        ("ab-9981", ["Marie Martin"]),
        ("C536379", ["Anne Le Gall"]),
        ("c5363", ["Anne Le Gall"]),
        ("6365", ["Anne Le Gall"]),
        ("ohara", []),
        ("hara", ["Zoé O’Hara-Martinez"]),
        ("o'hara", ["Zoé O’Hara-Martinez"]),
        ("dupond", []),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("'; drop table people_person; --", []),
        ("\x00", []),
    ],
)
def test_a_piece_of_what_is_known_finds_her(town, everything, q, names):
    assert found(everything, q) == names


def test_family_names_that_begin_so_come_before_those_that_hold_it(town, everything):
    assert found(everything, "martin") == ["Marie Martin", "Martin Dupont", "Zoé O’Hara-Martinez"]


def test_an_exact_number_comes_first(town, everything, make_person):
    make_person("Autre", "17850")
    assert found(everything, "17850")[0] == "Anne Le Gall"


def test_the_row_says_which_number_found_her(town, everything):
    row = search.search(everything, "3456").items[0]
    assert row.matched.kind.name == "phone"
    assert row.matched.display == "+33\u00a06\u00a012\u00a034\u00a056\u00a078"
    row = search.search(everything, "c536379").items[0]
    assert (row.matched.kind.name, row.matched.value) == ("order_number", "C536379")
    assert search.search(everything, "gall").items[0].matched is None


def test_two_letters_find_the_family_names_that_begin_so(town, everything):
    assert found(everything, "le") == ["Anne Le Gall", "Élodie Lebœuf"]


def test_everybody_is_listed_by_name_page_by_page(everything, make_person):
    for n in range(23):
        make_person("Anne", f"Nom{n:02d}")
    names, cursor = [], None
    while True:
        page = search.search(everything, limit=5, cursor=cursor)
        names += [row.family_name for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert names == [f"Nom{n:02d}" for n in range(23)]


def test_a_search_goes_on_page_by_page_without_repeating(everything, make_person):
    for n in range(12):
        make_person("Anne", f"Kerouac{n:02d}")
    first = search.search(everything, "kerouac", limit=5)
    second = search.search(everything, "kerouac", limit=5, cursor=first.next)
    third = search.search(everything, "kerouac", limit=5, cursor=second.next)
    assert third.next is None
    assert [r.family_name for p in (first, second, third) for r in p.items] == [f"Kerouac{n:02d}" for n in range(12)]


def test_an_unknown_cursor_is_refused(everything, db):
    with pytest.raises(UnknownCursor):
        search.search(everything, "anne", cursor="what")


@pytest.mark.parametrize("q", ["", "anne", "3456", "le g", "C536379"])
def test_a_search_costs_the_same_queries_whatever_it_finds(
    town, everything, make_person, q, django_assert_max_num_queries
):
    for n in range(40):
        make_person("Anne", f"Le Gall{n}", phone=f"06 34 56 00 {n:02d}")
    with django_assert_max_num_queries(4):
        search.search(everything, q, limit=50)


names = st.text(alphabet="abcdeéœ -'", min_size=3, max_size=20).filter(lambda s: len(s.replace(" ", "")) >= 3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(names, st.data())
def test_any_three_letters_of_a_name_find_it(everything, make_person, name, data):
    person = make_person("", name)
    word = data.draw(st.sampled_from(rules.search_text(rules.words(name), ()).split() or ["x"]))
    if len(word) >= 3:
        start = data.draw(st.integers(0, len(word) - 3))
        found = search.search(everything, word[start : start + 3], limit=200)
        assert found.next is not None or person.uuid in {row.id for row in found.items}


@given(st.text(max_size=300))
def test_whatever_is_typed_is_understood_without_fault(q):
    query = rules.understand(q)
    assert all(word and "\x00" not in word for word in query.words)
