"""How visits are kept: against a count by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from egard.journeys.visits import booking, refusals
from egard.journeys.visits.booking import Told
from egard.journeys.visits.figures.queries import figures
from egard.journeys.visits.models import Visit
from egard.journeys.visits.placing import Wish
from egard.kernel.access.queries import system_viewer

MINUTE = timedelta(minutes=1)


def test_they_are_what_a_count_by_hand_gives(shop, book_lived, everything, now):
    since, later = now, now + timedelta(days=1)
    found = figures(everything, since, later, site=shop.site.pk, now=later)
    assert (found.booked, found.cancelled, found.walked_in) == (6, 1, 1)
    assert (found.kept.hits, found.kept.n, found.missed.hits) == (4, 5, 1)
    # At the hour, 4 minutes late, 20 minutes late; the fourth came 10 minutes late and was received 3 minutes after.
    assert (found.on_time.hits, found.on_time.n) == (3, 4)
    assert (found.at_hour.hits, found.at_hour.n) == (2, 3)
    # Waits: 0, 4, 20, 3 and, of who walked in, 8 minutes.
    assert found.wait_median == 4 * 60
    assert found.wait_mean == 7 * 60
    # Claire 8 hours, Nadia 8, Hugo 4, less what was before now; five visits of 20 minutes.
    assert found.use == pytest.approx(100 / (20 * 60))


def test_they_cost_as_many_queries_whatever_happened_and_refuse_ten_years(shop, book_lived, everything, now):
    with CaptureQueriesContext(connection) as queries:
        figures(everything, now, now + timedelta(days=1), now=now + timedelta(days=1))
    assert len(queries) == 4
    with pytest.raises(refusals.ManyDays):
        figures(system_viewer("test"), now, now + timedelta(days=3660), now=now)


@pytest.fixture
def book_lived(shop, now, me, make_person):
    """Seven visits of one day."""

    def booked(hour, state="ended", came=None, begun=None):
        starts = now.replace(hour=hour, minute=0)
        person = make_person("P", str(hour), email=f"p{hour}@example.org")
        made = booking.book(
            shop.shop, shop.discovery, person, Wish(starts), told=Told(), key=str(hour), by=me,
            now=now - timedelta(days=1),
        )  # fmt: skip
        _lived(made, starts, state, came, begun)

    def _lived(made, starts, state, came, begun):
        Visit.objects.filter(pk=made.pk).update(
            state=state,
            arrived_at=None if came is None else starts + came * MINUTE,
            started_at=None if begun is None else starts + begun * MINUTE,
            ended_at=None if begun is None else starts + (begun + 20) * MINUTE,
        )

    booked(8, came=-3, begun=0)
    booked(9, came=0, begun=4)
    booked(10, came=-1, begun=20)
    booked(11, came=10, begun=13)
    booked(12, state="missed")
    booked(13, state="cancelled")
    walked = Visit.objects.create(
        site=shop.site, reason=shop.back, state="arrived", starts_at=now.replace(hour=14), ends_at=now.replace(hour=15),
        reference="W", walked_in=True, language="fr", channel="counter", key="w", made_at=now, changed_at=now, by="x",
    )  # fmt: skip
    _lived(walked, walked.starts_at, "ended", 0, 8)
