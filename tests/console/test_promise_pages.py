"""Promises on the pages: the list with its keys and undo, one promise, the cockpit, the calendars, what all may see."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from egard.base.clock import utc_now
from egard.console import spans
from egard.kernel.access.models import Sight
from egard.kernel.access.operations import ensure_site
from egard.kernel.access.queries import viewer_for
from egard.kernel.promises import figures, sweeping
from egard.kernel.promises.asked import Asked
from egard.kernel.promises.bulk import Story, remember
from egard.kernel.promises.models import CalendarVersion, Notice, Promise, PromiseEvent
from egard.kernel.promises.operations import promise, publish
from egard.kernel.registry import Escalation
from egard.kernel.timeline.models import Fact
from egard.portal import public

pytestmark = pytest.mark.django_db
LIST = "/worklist/promises/"


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Kerouac")


@pytest.fixture
def owed(anne, me):
    def make(key="one", at=None, **more):
        asked = {"within": "2 h", **more}
        return promise(anne, asked.pop("kind", "promises.answer"), key=key, by=me, now=at or utc_now(), **asked)

    return make


@pytest.fixture
def past(anne, me):
    """A year of promises in two places: `kept` of `n` were kept in time."""

    def make(n: int, kept: int, *, site="lyon", channel="email", days=3, tag=""):
        now = utc_now()
        place = ensure_site(site, site.title(), by=me, now=now)
        stories = []
        for i in range(n):
            made_at = now - timedelta(days=days + i % 40)
            late = timedelta(hours=1 if i < kept else 9)
            stories.append(
                Story(
                    kind="promises.answer",
                    key=f"{site}{tag}{i}",
                    within="2 h",
                    made_at=made_at,
                    deeds=[("kept", made_at + late, "")],
                    person_id=anne.pk,
                    site_id=place.pk,
                    channel=channel,
                )
            )
        return place, remember(stories, by=me, now=now)

    return make


def titles(page) -> list[str]:
    return re.findall(r'<span class="work-title">([^<]+)<', page.content.decode())


def test_the_list_is_what_is_owed_the_nearest_first_mine_or_my_teams(owed, read_as):
    client = read_as("agent")
    later, mine = owed("1", within="2 days", note="the loan"), owed("2", note="the card", owner=client.user)
    overdue = owed("3", at=utc_now() - timedelta(days=1), note="the cheque")
    sweeping.sweep(now=utc_now())
    page = client.get(LIST)
    assert titles(page) == ["the cheque", "the card", "the loan"]
    said = page.content.decode()
    assert "Anne Kerouac" in said
    assert "22 hours late" in said
    assert 'data-brief><svg class="ring is-running' in said
    assert titles(client.get(LIST, {"whose": "own"})) == ["the card"]
    assert titles(client.get(LIST, {"state": "broken"})) == ["the cheque"]
    assert client.get(LIST, {"whose": "theirs"}).status_code == 422
    pane = client.get(reverse("console:worklist_item", args=["promises"]), {"id": str(overdue.uuid)}).content.decode()
    assert "Not kept: its moment has passed" in pane
    assert "console.resume_promise" not in pane  # nothing of it is paused
    assert "Anne Kerouac" in pane
    assert {str(later.uuid), str(mine.uuid)} <= set(re.findall(r'data-row="([^"]+)"', said))


def test_the_list_costs_the_same_whatever_its_length(owed, read_as, django_assert_max_num_queries):
    client = read_as("agent")
    for n in range(3):
        owed(str(n), owner=client.user)
    client.get(LIST)
    with django_assert_max_num_queries(40) as few:
        client.get(LIST)
    for n in range(3, 30):
        owed(str(n), owner=client.user)
    with django_assert_max_num_queries(len(few)):
        assert len(titles(client.get(LIST))) == 30


def test_done_from_the_list_in_bulk_and_undone(owed, read_as):
    client = read_as("agent")
    rows = [owed(str(n)) for n in range(3)]
    ids = [str(row.uuid) for row in rows]
    said = client.post("/do/console.keep_promise/", {"id": ids}).content.decode()
    assert "3 promises are kept." in said
    assert titles(client.get(LIST)) == []
    said = client.post(reverse("console:undo_last")).content.decode()
    assert "3 are as they were" in said
    assert len(titles(client.get(LIST))) == 3

    client.post("/do/console.pause_promise/", {"id": ids[:2], "choice": "A document"})
    assert PromiseEvent.objects.filter(what="paused", reason="A document").count() == 2
    assert (
        "Nothing changes" in client.post("/do/console.pause_promise/", {"id": ids[:2], "choice": "x"}).content.decode()
    )
    client.post("/do/console.resume_promise/", {"id": ids[:1]})
    said = client.post(reverse("console:undo_last")).content.decode()  # the pause; one of them runs on already
    assert "stays as it is now" in said
    assert set(Promise.objects.values_list("state", flat=True)) == {"open"}
    client.post("/do/console.release_promise/", {"id": ids[:1], "choice": "She came by"})
    assert Promise.objects.get(uuid=ids[0]).state == "released"
    choices = client.get("/do/console.release_promise/choices/", {"q": "mist"}).json()["choices"]
    assert [one["value"] for one in choices] == ["mist", "It was made by mistake"]


def test_given_to_a_colleague_and_back(owed, read_as, make_user):
    client, colleague = read_as("agent"), make_user("agent", name="Inès")
    mine, nobodys = owed("1", owner=client.user), owed("2")
    ids = [str(mine.uuid), str(nobodys.uuid)]
    said = client.post("/do/console.assign_promise/", {"id": ids, "choice": str(colleague.pk)}).content.decode()
    assert "2 promises are now seen to by Inès." in said
    assert set(Promise.objects.values_list("owner", flat=True)) == {colleague.pk}
    client.post(reverse("console:undo_last"))
    assert dict(Promise.objects.values_list("key", "owner")) == {"1": client.user.pk, "2": None}


def test_what_was_told_to_me_stands_in_a_list_of_its_own(owed, read_as):
    client = read_as("supervisor")
    long_ago = utc_now() - timedelta(days=1)
    told = owed("1", at=long_ago, note="told", escalation=[Escalation("1 h", ("role:supervisor",))])
    owed("2", at=long_ago, note="not told", escalation=[])
    sweeping.sweep(now=utc_now())
    assert list(Notice.objects.values_list("promise", "user")) == [(told.pk, client.user.pk)]
    assert titles(client.get(LIST, {"whose": "told"})) == ["told"]


def test_one_promise_has_its_page_and_what_is_done_there_stands_in_its_history(owed, read_as):
    client, row = read_as("agent"), owed(within="4 business hours", note="the loan")
    url = reverse("console:promise", args=[row.uuid])
    page = client.get(url).content.decode()
    assert "4\u00a0working hours" in page
    assert Sight.objects.filter(kind="promise", person_id=row.person_id).count() == 1
    changes = reverse("console:promise_change", args=[row.uuid])
    assert "Noted." in client.post(changes, {"what": "pause", "reason": "her papers"}, follow=True).content.decode()
    client.post(changes, {"what": "resume"})
    part = client.post(
        changes, {"what": "extend", "within": "2 business days", "reason": "the expert"}, HTTP_HX_REQUEST="true"
    )
    assert part.headers["HX-Trigger"] == "egard:changed"
    assert "First due" in part.content.decode()
    refused = client.post(changes, {"what": "extend", "within": "2 h", "reason": "x"}, HTTP_HX_REQUEST="true")
    assert "must be later" in refused.content.decode()
    client.post(changes, {"what": "keep"})
    assert "It is owed after all" in client.get(url).content.decode()
    client.post(changes, {"what": "reopen"})
    client.post(changes, {"what": "release", "reason": "she came by"})
    assert list(PromiseEvent.objects.order_by("n").values_list("what", flat=True)) == [
        *("made", "paused", "resumed", "extended", "kept", "reopened", "released")
    ]
    assert client.post(changes, {"what": "burn"}).status_code == 404
    assert read_as("analyst").get(url).status_code == 403


def test_on_the_persons_page_it_counts_down(owed, read_as, anne):
    owed(note="the loan")
    page = read_as("agent").get(reverse("console:person", args=[anne.uuid])).content.decode()
    owed_part = page.split('id="owed"')[1].split("</section>")[0]
    assert 'class="promise promise-row"' in owed_part
    assert "the loan" in owed_part


# --- figures -------------------------------------------------------------------------------------------------------


def test_the_cockpit_shows_shares_with_n_and_bounds_and_leads_to_the_list_behind_each(past, read_as):
    lyon, _n = past(30, 27)
    past(10, 10, site="lille", channel="voice")
    client = read_as("administrator")
    page = client.get("/cockpit/").content.decode()
    assert "92.5%" in page  # 37 of 40
    assert "of 40, between 80% and 97%" in page  # Wilson
    rows = {
        cells[0]: cells[1:]
        for cells in (
            [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
            for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.S)
        )
    }
    assert rows["Lyon"][0] == "90%"
    assert rows["Lyon"][-2:] == ["3", "30"]
    assert rows["Lille"][-2:] == ["0", "10"]
    assert rows["Phone"][-2:] == ["0", "10"]
    one = client.get("/cockpit/", {"site": str(lyon.pk)}).content.decode()
    assert "of 30, between" in one
    behind = client.get("/cockpit/promises/", {"site": str(lyon.pk), "state": "broken"}).content.decode()
    assert behind.count("kept late") == 3
    assert "Anne Kerouac" in behind
    assert client.get("/cockpit/", {"months": "7"}).status_code == 422
    assert client.get("/cockpit/", {"site": "x"}).status_code == 422
    assert read_as("host").get("/cockpit/").status_code == 403
    assert "of 40, between" in read_as("analyst").get("/cockpit/").content.decode()


def test_a_share_is_of_all_that_were_due_and_of_nothing_else(past, owed, read_as, me):
    past(8, 6)
    owed("future", within="2 days")
    early = owed("early", within="2 days")
    read_as("agent").post("/do/console.keep_promise/", {"id": [str(early.uuid)]})
    viewer = viewer_for(read_as("supervisor").user)
    now = utc_now()
    whole = figures.total(viewer, Asked(), now=now)
    assert (whole.kept, whole.n) == (6, 8)  # kept early counts when its moment has come
    assert figures.total(viewer, Asked(), now=now + timedelta(days=3)).n == 9
    months = figures.shares(viewer, Asked(), "month", now=now)
    assert sum(one.n for one in months) == 8
    assert [one.name for one in months] == sorted(one.name for one in months)
    first, following = figures.month_of("2026-12")
    assert (first.month, following.month, following.year) == (12, 1, 2027)


def test_the_past_is_remembered_once_and_what_is_owed_of_it_runs_on(past, anne, me):
    _place, n = past(5, 5)
    assert n == 5
    assert past(5, 5)[1] == 0
    assert Fact.objects.filter(kind__name="promises.made", history=True).count() == 5
    now = utc_now()
    still = Story(kind="promises.answer", key="x", within="2 h", made_at=now - timedelta(hours=1), person_id=anne.pk)
    remember([still], by=me, now=now)
    sweeping.sweep(now=now + timedelta(hours=2))
    assert Promise.objects.get(key="x").state == "broken"


def test_what_anybody_may_see_is_off_until_it_is_switched_on_and_names_nobody(past, client, read_as):
    public.forget()
    place, _n = past(40, 38)
    past(5, 0, site="lille")
    assert client.get("/p/promises").status_code == 404
    admin = read_as("administrator")
    said = admin.post("/admin/promises/", {"publish": "yes"}, follow=True).content.decode()
    assert "/p/promises" in said
    client.logout()
    page = client.get("/p/promises", headers={"Accept-Language": "en"}).content.decode()
    assert "84.4%" in page  # 38 of 45
    assert place.name in page
    assert "Lille" not in page  # five are too few: somebody might be known by them
    assert "Kerouac" not in page
    publish(False, by=viewer_for(admin.user).actor, now=utc_now())
    assert client.get("/p/promises").status_code == 404


def test_calendars_are_kept_as_new_versions_and_nonsense_is_given_back(read_as):
    admin = read_as("administrator")
    hours = {"name": "Shop", "zone": "Europe/Paris", "holidays": "FR-57", "mon": "09:00-12:30, 14:00-18:00"}
    admin.post("/admin/promises/", {**hours, "exceptions": "2026-12-24 09:00-12:00\n2026-12-26 closed\n\n"})
    made = CalendarVersion.objects.get(code="shop")
    assert made.data["exceptions"] == {"2026-12-24": ["09:00-12:00"], "2026-12-26": []}
    page = admin.get("/admin/promises/").content.decode()
    assert "09:00-12:30, 14:00-18:00" in page
    assert "2026-12-26 closed" in page
    wrong = admin.post("/admin/promises/", {**hours, "code": "shop", "mon": "25:00-26:00"})
    assert wrong.status_code == 422
    assert "25:00-26:00" in wrong.content.decode()
    admin.post("/admin/promises/", {**hours, "code": "shop", "tue": "09:00-12:00"})
    assert CalendarVersion.objects.filter(code="shop").count() == 2
    assert read_as("agent").get("/admin/promises/").status_code == 403


def test_amounts_of_time_are_said_in_both_languages():
    assert spans.said("10 business days") == "10\u00a0working days"
    with translation.override("fr"):
        assert spans.said("1 business day") == "1\u00a0jour d’ouverture"
        assert spans.said("2 months") == "2\u00a0mois"
    assert spans.said("soon") == "soon"
