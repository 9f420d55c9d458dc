"""One text to very many: by a job that may be killed and goes on, each person once; and whom filters name."""

from __future__ import annotations

import os
import random
import time

import pytest
from tests.killing import Workers

from egard.kernel.access.queries import viewer_for
from egard.kernel.messages import campaigns, sendings
from egard.kernel.messages.models import Message, Sending
from egard.kernel.messages.templating import Draught, set_template
from egard.kernel.people import lists
from egard.kernel.people.models import Identifier, Person
from egard.kernel.people.operations import record_consent

DEEP = os.environ.get("EGARD_DEEP") == "1"
WORK = """
from egard.base.clock import utc_now
from egard.kernel.messages import campaigns, sendings
campaigns.BATCH = 25
def run(word):
    sendings.write_sending(sending=int(word), now=utc_now())
"""


@pytest.fixture
def julien(make_user):
    return viewer_for(make_user("supervisor", name="Julien Abadie"))


@pytest.fixture
def spring(me, now):
    draught = Draught(
        code="spring", language="fr", label="S", subject="S", text="Bonjour {{ given_name }}", purpose="service"
    )
    return set_template(draught, by=me, now=now)


@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_killed_again_and_again_writes_to_each_once(julien, spring, now):
    n = 20_000 if DEEP else 200
    rows = [Person(given_name=f"P{i}", sort_key=f"p{i}", created_at=now) for i in range(n)]
    Person.objects.bulk_create(rows)
    same = {"kind": "email", "exclusive": True, "added_at": now}
    Identifier.objects.bulk_create(Identifier(person=row, value=f"{row.sort_key}@example.org", **same) for row in rows)
    held = sendings.begin(julien, spring, {}, key="k", now=now)
    assert sendings.begin(julien, spring, {}, key="k", now=now) == held
    rng, workers, kills = random.Random(4), Workers(WORK), 0
    try:
        while not Sending.objects.get().ended_at and kills < (400 if DEEP else 60):
            running = workers.begin(str(held.pk))
            time.sleep(0.05 + rng.random() * 0.15)
            workers.kill(running)
            kills += 1
        assert kills > 2
    finally:
        workers.close()
    sendings.write_sending(sending=held.pk, now=now)
    done = Sending.objects.get()
    assert (done.total, done.done, done.tally, done.filters) == (n, n, {"queued": n}, {})
    assert Message.objects.values("thread__person").distinct().count() == Message.objects.count() == n


@pytest.mark.django_db
def test_the_latest_word_says_who_agreed_also_of_who_was_merged(julien, make_person, me, now):
    yes, no, merged, never = (make_person(name, email=f"{name}@example.org") for name in ("yes", "no", "merged", "x"))
    for one in (yes, no, merged):
        record_consent(one, "offers", "email", given=True, by=me, now=now)
    record_consent(no, "offers", "email", given=False, by=me, now=now)
    Person.objects.filter(pk=merged.pk).update(root=never)
    assert set(lists.sought(julien, {"agreed": "offers"})) == {yes, never}
    with pytest.raises(lists.UnknownFilter):
        lists.sought(julien, {"language": "elvish"})
    assert campaigns.BATCH == 1000
