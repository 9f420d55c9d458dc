"""One connection listens for all pages of a process, and a page holds none."""

from __future__ import annotations

import time
import urllib.request

import pytest
from django.db import connection, transaction
from django.test import Client

from egard.base.clock import utc_now
from egard.journeys.purchases.facts import Amount, PurchaseMade
from egard.kernel.access import live_hub
from egard.kernel.access.live_stream import BEAT_SECONDS
from egard.kernel.access.operations import end_role, ensure_site, set_user_active
from egard.kernel.people import operations as people
from egard.kernel.timeline.operations import record


def bought(person, key, me, *, at=None):
    now = utc_now()
    return record(
        person,
        PurchaseMade(order_number=f"N{key}", total=Amount(1250, "EUR"), lines=[]),
        at=at or now,
        by=me,
        channel="shop",
        key=key,
        now=now,
    )


def topic(person, part=""):
    return f"person:{person.uuid}{part}"


def get(web, client, path):
    asked = urllib.request.Request(f"{web.url}{path}", headers={"Cookie": web.cookie(client)})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return answer.status


def listening() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and application_name = %s",
            [live_hub.APPLICATION_NAME],
        )
        return cursor.fetchone()[0]


def test_a_fact_is_heard_on_commit_by_those_who_follow_the_person_and_never_when_it_is_rolled_back(
    listen, signed, make_person, me
):
    anne, zoe = make_person("Anne", "Lebrun"), make_person("Zoé", "Martin")
    agent = signed("agent")
    streams = [listen(agent, topic(anne)).begun() for _n in range(3)]
    other = listen(agent, topic(zoe)).begun()
    with transaction.atomic():
        bought(anne, "1", me)
        assert streams[0].hear("told", 0.7) is None  # not committed yet
        committed = time.monotonic()
    assert [stream.hear("told", 2) for stream in streams] == [topic(anne, "/facts")] * 3
    assert time.monotonic() - committed < 1
    with transaction.atomic():
        bought(anne, "2", me)
        transaction.set_rollback(True)
    assert streams[0].hear("told", 0.7) is None
    assert other.hear("told", 0.1) is None
    assert listening() == 1


def test_thirty_open_pages_hold_no_connection_of_a_pool_of_twelve(live_server, listen, signed, make_person, me):
    anne = make_person("Anne", "Lebrun")
    agent = signed("agent")
    streams = [listen(agent, f"{topic(anne)},people") for _n in range(30)]
    assert {stream.status for stream in streams} == {200}
    assert all(stream.hear("beat", 10) for stream in streams)
    began = time.monotonic()
    assert [get(live_server, agent, f"/people/{anne.uuid}/") for _n in range(5)] == [200] * 5
    assert time.monotonic() - began < 5
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] <= live_server.pool + 1
    assert listening() == 1
    people.update_person(anne, family_name="Leblanc", by=me, now=utc_now())
    assert all(stream.hears(topic(anne, "/who"), 3) for stream in streams)


def test_what_she_may_not_see_is_not_told_to_her_either(listen, signed, make_person, me):
    here = ensure_site("here", by=me, now=utc_now())
    elsewhere = ensure_site("elsewhere", by=me, now=utc_now())
    near, far = make_person("Anne", "Lebrun", site=here), make_person("Zoé", "Martin", site=elsewhere)
    host = signed("host", sites=[here])
    assert listen(host, topic(near)).status == 200
    assert listen(host, topic(far)).status == 404
    assert listen(host, f"presence:{topic(far)}").status == 404
    assert listen(host, topic(near), here=topic(far), tab="0" * 32).status == 404
    assert listen(host, f"user:{signed('agent').user.pk}").status == 404
    assert listen(host, "secrets:everything").status == 422
    assert listen(Client(), topic(near)).status == 204  # nobody: her browser does not try again


def test_a_stream_ends_when_its_reader_is_suspended_or_may_see_no_more(listen, signed, make_person, me):
    anne = make_person("Anne", "Lebrun")
    suspended, moved, stays = signed("agent"), signed("agent"), signed("agent")
    streams = [listen(client, topic(anne)).begun() for client in (suspended, moved, stays)]
    set_user_active(suspended.user, False, by=me, now=utc_now())
    end_role(moved.user, "agent", by=me, now=utc_now())
    assert streams[0].hear("end", 2) == "refused"
    assert streams[1].hear("end", 2) == "refused"
    bought(anne, "1", me)
    assert streams[2].hear("told", 2) == topic(anne, "/facts")


def test_a_stream_ends_when_its_reader_signs_out_in_another_window(listen, signed, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    agent = signed("agent")
    stream = listen(agent, "people").begun()
    agent.post("/accounts/logout/")
    assert stream.hear("end", 2) == "refused"


@pytest.mark.deep
def test_a_stream_ends_within_seconds_of_its_session(listen, signed):
    agent = signed("agent")
    stream = listen(agent, "people").begun()
    agent.session.flush()
    assert stream.hear("end", BEAT_SECONDS + 2) == "refused"


def test_a_page_that_was_away_is_told_what_it_missed_once_and_nothing_before(listen, signed, make_person, me):
    anne = make_person("Anne", "Lebrun")
    agent = signed("agent")
    first = listen(agent, topic(anne)).begun()
    bought(anne, "1", me)
    assert first.hear("told", 2) == topic(anne, "/facts")
    heard = first.last["id"]
    time.sleep(live_hub.BEFORE_MS / 1000 + 0.2)
    first.close()
    quiet = listen(agent, topic(anne), since=str(live_hub.clock_ms()))
    assert quiet.hear("told", 1) is None  # it was there all the time
    bought(anne, "2", me)
    quiet.close()
    back = listen(agent, topic(anne), since=heard)
    assert back.hears(topic(anne, "/facts"), 2)
    assert not back.hears(topic(anne, "/facts"), 1)
    for_hours = listen(agent, topic(anne), since="1")
    assert for_hours.hear("told", 2) == "*"  # longer than anybody remembers: everything is asked for again


def test_the_listening_connection_comes_back_when_the_database_cut_it(listen, signed, make_person, me):
    anne = make_person("Anne", "Lebrun")
    stream = listen(signed("agent"), topic(anne)).begun()
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = %s",
            [live_hub.APPLICATION_NAME],
        )
    assert stream.hear("told", 5) == "*"  # nobody knows what was said meanwhile
    bought(anne, "1", me)
    assert stream.hear("told", 2) == topic(anne, "/facts")


def test_the_server_ends_quickly_with_pages_open(live_server, listen, signed):
    streams = [listen(signed("agent"), "people").begun() for _n in range(3)]
    assert live_server.stop() < 4
    assert [stream.hear("end", 1) for stream in streams] == ["away"] * 3
