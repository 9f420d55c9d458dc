from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egard.base.paging import UnknownCursor
from egard.base.refusal import NotFound
from egard.journeys.purchases.facts import Amount, PurchaseCancelled, PurchaseMade
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.queries import viewer_for
from egard.kernel.people.operations import Erased
from egard.kernel.registry import Personal, registry
from egard.kernel.timeline import kinds, operations, queries, schemas
from egard.kernel.timeline.models import Fact, Kind

pytestmark = pytest.mark.django_db


def bought(number="A1", euros=10, **more):
    return PurchaseMade(order_number=number, total=Amount(euros * 100, "EUR"), **more)


@pytest.fixture
def record(me, now):
    def write(person, fact, *, at=None, key=None, **more):
        key = key or f"made:{fact.order_number}"
        return operations.record(person, fact, at=at or now, by=me, channel="shop", key=key, now=now, **more)

    return write


# --- recording -----------------------------------------------------------------------------------------------------


def test_a_fact_is_kept_with_who_when_and_where(make_person, record, everything, now):
    person = make_person("Anne")
    record(person, bought("A1", 25))
    [entry] = queries.timeline(everything, person).items
    assert (entry.kind, entry.at, entry.channel, entry.by) == ("purchases.made/1", now, "shop", "system:test")
    assert entry.data["total"] == {"amount": 2500, "currency": "EUR"}


def test_the_same_key_twice_is_one_fact(make_person, record):
    person = make_person()
    first, second = record(person, bought()), record(person, bought())
    assert first.uuid == second.uuid
    assert Fact.objects.count() == 1


def test_the_same_key_with_other_content_is_refused_and_the_first_stands(make_person, record, now):
    person = make_person()
    record(person, bought("A1", 10))
    with pytest.raises(operations.KeyReused):
        record(person, bought("A1", 11))
    with pytest.raises(operations.KeyReused):
        record(person, bought("A1", 10), at=now - timedelta(hours=1))
    assert Fact.objects.get().data["total"]["amount"] == 1000


def test_two_people_may_use_the_same_key(make_person, record):
    record(make_person(), bought("A1"))
    record(make_person(), bought("A1"))
    assert Fact.objects.count() == 2


def test_an_anonymous_fact_is_recorded_once_too(record, db):
    assert record(None, bought()).uuid == record(None, bought()).uuid


def test_facts_cannot_be_changed_nor_deleted(make_person, record):
    record(make_person(), bought())
    for change in (lambda: Fact.objects.update(channel="web"), lambda: Fact.objects.all()._raw_delete("default")):
        with pytest.raises(DatabaseError, match="append only"), transaction.atomic():
            change()


def test_data_that_does_not_fit_is_refused_by_field(make_person, record):
    with pytest.raises(operations.BadFact) as refused:
        record(make_person(), PurchaseMade(order_number="", total=Amount(10**15, "euro")))
    assert set(refused.value.fields) == {"order_number", "total.amount", "total.currency"}


def test_a_fact_cannot_come_from_the_future(make_person, record, now):
    with pytest.raises(operations.FromTheFuture):
        record(make_person(), bought(), at=now + timedelta(hours=1))
    assert record(make_person(), bought(), at=now + timedelta(minutes=4))


def test_nothing_is_recorded_on_an_erased_person(make_person, record, now):
    from egard.kernel.people.operations import erase

    person = make_person("Anne")
    erase(person, now=now)
    with pytest.raises(Erased):
        record(person, bought())


def test_a_correction_is_a_fact_that_names_what_it_corrects(make_person, record, everything):
    person = make_person()
    wrong = record(person, bought("A1", 10))
    right = record(person, bought("A1", 12), key="made:A1:corrected", corrects=wrong.uuid)
    shown = {entry.id: entry for entry in queries.timeline(everything, person).items}
    assert shown[wrong.uuid].corrected_by == right.uuid
    assert shown[right.uuid].corrects == wrong.uuid


def test_a_correction_of_somebody_elses_fact_is_refused(make_person, record):
    theirs = record(make_person(), bought())
    with pytest.raises(NotFound):
        record(make_person(), bought("A2"), corrects=theirs.uuid)


@pytest.mark.django_db(transaction=True)
def test_eight_hands_with_one_key_write_one_fact(make_person, record):
    person = make_person()

    def write(_n):
        try:
            return record(person, bought()).uuid
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(write, range(8)))) == 1
    assert Fact.objects.count() == 1


# --- reading -------------------------------------------------------------------------------------------------------


def test_a_late_fact_takes_its_place(make_person, record, everything, now):
    person = make_person()
    for number, days in (("A1", 10), ("A2", 1), ("late", 5)):
        record(person, bought(number), at=now - timedelta(days=days))
    shown = [entry.data["order_number"] for entry in queries.timeline(everything, person).items]
    assert shown == ["A2", "late", "A1"]


def test_pages_follow_each_other_even_when_many_facts_share_a_moment(make_person, record, everything, now):
    person = make_person()
    for n in range(23):
        record(person, bought(f"A{n}"), at=now - timedelta(days=n // 7))
    seen, cursor = [], None
    while True:
        page = queries.timeline(everything, person, limit=5, cursor=cursor)
        seen += [entry.id for entry in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 23


def test_the_timeline_is_filtered_by_kind_time_and_words(make_person, record, everything, now):
    person = make_person()
    record(person, bought("A1", note="Cadeau pour Élodie"), at=now - timedelta(days=3))
    record(person, bought("A2"), at=now - timedelta(days=2))
    record(person, PurchaseCancelled("C1", Amount(500, "EUR"), original="A2"), at=now - timedelta(days=1))

    def numbers(**how):
        return [e.data["order_number"] for e in queries.timeline(everything, person, **how).items]

    assert numbers(kind=["purchases.cancelled"]) == ["C1"]
    assert numbers(kind=["purchases.made/1"]) == ["A2", "A1"]
    assert numbers(q="elodie") == ["A1"]
    assert numbers(q="100%") == []
    assert numbers(since=now - timedelta(days=2)) == ["C1", "A2"]
    assert numbers(until=now - timedelta(days=2)) == ["A1"]
    with pytest.raises(kinds.UnknownKind):
        numbers(kind=["purchases.dreamt"])
    with pytest.raises(UnknownCursor):
        numbers(cursor="nonsense")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_no_made_up_cursor_breaks_the_timeline(everything, micros, pk):
    from egard.base.paging import encode_cursor
    from egard.kernel.people.models import Person

    with suppress(UnknownCursor):
        queries.timeline(everything, Person(pk=1), cursor=encode_cursor("timeline", micros, pk))


@pytest.mark.parametrize("count", [1, 60])
def test_the_timeline_costs_one_query_whatever_the_history(
    make_person, record, everything, django_assert_num_queries, count
):
    person = make_person()
    for n in range(count):
        record(person, bought(f"A{n}"))
    with django_assert_num_queries(1):
        queries.timeline(everything, person)


def test_somebody_without_the_permission_reads_nothing(make_person, record, make_user):
    person = make_person()
    record(person, bought())
    with pytest.raises(NotAllowed):
        queries.timeline(viewer_for(make_user("host")), person)


def test_one_fact_is_read_by_its_id_within_ones_scope(make_person, record, everything, make_user, me, now):
    from egard.kernel.access.operations import grant_role

    person = make_person()
    fact = record(person, bought())
    about, entry = queries.fact(everything, fact.uuid)
    assert (about, entry.id) == (person, fact.uuid)
    narrow = make_user()
    grant_role(narrow, "agent", scope="own", by=me, now=now)
    with pytest.raises(NotFound):
        queries.fact(viewer_for(narrow), fact.uuid)


def test_the_headline_speaks_both_languages(make_person, record, everything):
    from django.utils.translation import override

    person = make_person()
    record(person, bought("A1", 25))
    [entry] = queries.timeline(everything, person).items
    with override("en"):
        assert str(entry.headline) == "Order A1 for €25.00"


def test_a_fact_whose_journey_is_gone_is_kept_and_comes_back_with_it(make_person, record, everything, monkeypatch):
    person = make_person()
    record(person, bought())
    with monkeypatch.context() as gone:
        gone.delitem(registry.facts, "purchases.made/1")
        assert queries.timeline(everything, person).items == []
    assert [entry.kind for entry in queries.timeline(everything, person).items] == ["purchases.made/1"]


# --- schemas and erasure -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inner:
    words: Annotated[str, Personal()]
    size: int = 0


@dataclass(frozen=True)
class Outer:
    name: Annotated[str | None, Personal()]
    inner: Inner
    many: list[Inner] = field(default_factory=list)
    by_name: dict[str, Annotated[str, Personal()]] = field(default_factory=dict)
    plain: str = ""


def test_personal_fields_are_found_wherever_they_are():
    assert set(schemas.personal_paths(Outer)) == {
        ("name",),
        ("inner", "words"),
        ("many", "*", "words"),
        ("by_name", "*"),
    }


def test_redaction_takes_away_just_what_is_personal_and_can_be_done_twice():
    data = {
        "name": "Anne",
        "inner": {"words": "secret", "size": 3},
        "many": [{"words": "a", "size": 1}],
        "by_name": {"x": "y"},
        "plain": "kept",
    }
    paths = schemas.personal_paths(Outer)
    once = schemas.redact(data, paths)
    assert once == {
        "name": "[erased]",
        "inner": {"words": "[erased]", "size": 3},
        "many": [{"words": "[erased]", "size": 1}],
        "by_name": {"x": "[erased]"},
        "plain": "kept",
    }
    assert schemas.redact(once, paths) == once
    assert data["name"] == "Anne"


def test_the_schema_says_what_is_personal():
    schema = schemas.json_schema(registry.facts["purchases.made/1"])
    assert schema["properties"]["note"]["x-personal"] is True
    assert schema["additionalProperties"] is False


def test_a_new_optional_field_is_the_same_version_and_a_changed_one_is_not(db):
    row = Kind.objects.get(name="purchases.made")
    del row.schema["properties"]["note"]
    row.save()
    kinds.register_all()
    row.refresh_from_db()
    assert "note" in row.schema["properties"]
    row.schema["properties"]["order_number"] = {"type": "integer"}
    row.save()
    with pytest.raises(kinds.SchemaChanged, match="version 2"):
        kinds.register_all()


def test_erasure_redacts_facts_in_place_and_figures_stay(make_person, record, now):
    person = make_person("Anne")
    record(person, bought("A1", 25, note="offered to her sister Zoé"))
    operations.erase(person, now=now)
    operations.erase(person, now=now)
    data = Fact.objects.get().data
    assert data["note"] == "[erased]"
    assert data["total"]["amount"] == 2500


def test_after_a_restore_elsewhere_the_log_goes_on_rising(make_person, record):
    with transaction.atomic(), connection.cursor() as cursor:
        record(make_person(), bought("A1"))
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table timeline_fact disable trigger timeline_fact_append_only")
        cursor.execute("update timeline_fact set txid = txid + 5000000")
        assert operations.rebase_log() > 0
        record(make_person(), bought("A2"))
        txids = list(Fact.objects.order_by("id").values_list("txid", flat=True))
        assert txids[1] > txids[0]
        assert operations.rebase_log() == 0
        cursor.execute("select set_config('egard.log_base', '', false)")
        transaction.set_rollback(True)


def test_a_fact_is_corrected_once_and_then_its_correction(make_person, record):
    person = make_person()
    wrong = record(person, bought("A1", 10))
    better = record(person, bought("A1", 12), key="fix:1", corrects=wrong.uuid)
    with pytest.raises(operations.AlreadyCorrected):
        record(person, bought("A1", 13), key="fix:2", corrects=wrong.uuid)
    assert record(person, bought("A1", 12), key="fix:1", corrects=wrong.uuid).uuid == better.uuid
    assert record(person, bought("A1", 13), key="fix:2", corrects=better.uuid)


def test_a_search_looks_at_values_and_folds_as_everywhere(make_person, record, everything):
    person = make_person()
    record(person, bought("A1", note="Cœur de bœuf, Straße"))
    assert [len(queries.timeline(everything, person, q=q).items) for q in ("coeur", "CŒUR", "strasse", "A1")] == [1] * 4
    assert [len(queries.timeline(everything, person, q=q).items) for q in ("total", "currency", "order_number")] == [
        0
    ] * 3


def test_nested_personal_fields_are_marked_in_the_schema():
    from egard.kernel.registry import FactType

    schema = schemas.json_schema(FactType("test.nested", 1, Outer, "x"))
    assert schema["properties"]["name"]["x-personal"] is True
    assert schema["$defs"]["Inner"]["properties"]["words"]["x-personal"] is True
    assert "x-personal" not in schema["$defs"]["Inner"]["properties"]["size"]


def test_a_schema_grows_inside_too_and_a_changed_inside_is_seen():
    schema = schemas.json_schema(registry.facts["purchases.made/1"])
    import copy

    smaller = copy.deepcopy(schema)
    del smaller["$defs"]["Line"]["properties"]["unit"]
    assert kinds._is_extension(smaller, schema)
    changed = copy.deepcopy(schema)
    changed["$defs"]["Line"]["properties"]["quantity"]["type"] = "string"
    assert not kinds._is_extension(changed, schema)
    assert not kinds._is_extension(schema, smaller)
