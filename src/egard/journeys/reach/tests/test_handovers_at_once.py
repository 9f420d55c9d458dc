"""A handover that several workers do at once, or that is killed midway: each client goes once, whole, told once."""

from __future__ import annotations

import os
import random
import time
from datetime import timedelta

import pytest
from tests.killing import Workers
from tests.racing import at_once

from egard.base.clock import utc_now
from egard.journeys.reach.handovers import operations as handing
from egard.journeys.reach.handovers import wording
from egard.journeys.reach.models import Handed
from egard.kernel.access.actors import Actor
from egard.kernel.messages.arriving import receive_chat
from egard.kernel.messages.models import Message, Thread
from egard.kernel.people.models import Relationship
from egard.kernel.people.operations import set_adviser
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db(transaction=True)
DEEP = os.environ.get("EGARD_DEEP") == "1"
CLIENTS, KILLS = (200, 60) if DEEP else (24, 6)
WORK = """
from django.db import connections
from egard.base.clock import utc_now
from egard.journeys.reach.handovers.operations import hand_over
def run(word):
    connections.close_all()
    hand_over(handover=int(word), now=utc_now())
"""


@pytest.fixture
def planned(house, make_person, me):
    """A portfolio in which each client waits for an answer."""
    now = utc_now()
    for n in range(CLIENTS):
        one = make_person("A", f"B{n}", email=f"a{n}@example.org", language="fr")
        set_adviser(one, house.claire, since=now - timedelta(days=9), by=me, now=now)
        receive_chat(one, "hello", assignee=house.claire, key=str(n), now=now)
    by = Actor("user", str(house.claire.pk), house.claire.name)
    return handing.plan(house.claire, house.hugo, wording.ours(), by=by, now=now - timedelta(minutes=1))


def all_went_once(house) -> None:
    n = CLIENTS + 1  # Élodie, who has a telephone
    assert Handed.objects.exclude(at=None).count() == n
    hers = Relationship.objects.filter(kind="adviser", until=None)
    assert (hers.filter(staff=house.hugo).count(), hers.filter(staff=house.claire).count()) == (n, 0)
    assert Message.objects.filter(direction="out").count() == n
    assert not Promise.objects.filter(owner=house.claire).exists()
    assert not Thread.objects.filter(assignee=house.claire).exists()
    assert Fact.objects.filter(kind__name="reach.handed_over").count() == n


def test_workers_at_the_same_moment_hand_each_client_over_once(house, planned):
    while Handed.objects.filter(at=None).exists() or not Handed.objects.exists():
        at_once([lambda: handing.hand_over(handover=planned.pk, now=utc_now())] * 3)
    all_went_once(house)


def test_a_worker_that_is_killed_in_the_middle_leaves_nobody_half_way(house, planned):
    drawn = random.Random(6)
    workers = Workers(WORK)
    try:
        for _kill in range(KILLS):
            pid = workers.begin(str(planned.pk))
            time.sleep(drawn.uniform(0.05, 0.4))
            workers.kill(pid)
            done = set(Handed.objects.exclude(at=None).values_list("person", flat=True))
            hugo = set(Relationship.objects.filter(staff=house.hugo, until=None).values_list("person", flat=True))
            told = set(Message.objects.filter(direction="out").values_list("thread__person", flat=True))
            assert done == hugo == told
    finally:
        workers.close()
    while Handed.objects.filter(at=None).exists():
        handing.hand_over(handover=planned.pk, now=utc_now())
    all_went_once(house)
