"""The audit room: one act after the other with two keys, and what they say, through pages and the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from egard.base.clock import utc_now
from egard.journeys.gestures.audits.models import AuditDraw, AuditPlan, Finding
from egard.journeys.gestures.audits.operations import draw, make_plan
from egard.journeys.gestures.tests.making import gesture
from egard.kernel.access.models import Sight
from egard.kernel.access.operations import create_api_key


@pytest.fixture(autouse=True)
def _in_english(client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"


@pytest.fixture
def given(make_user, make_person, me):
    """Thirty gestures of two colleagues, a week ago; and who controls."""
    now = utc_now()
    zoe, tom = make_user("agent", name="Zoé"), make_user("agent", name="Tom")
    person = make_person("Anne", "Lebœuf")
    for n in range(30):
        gesture(person, 500, by=zoe if n % 2 else tom, at=now - timedelta(days=7, minutes=n), reason="Plat renversé")
    make_plan("Each month", currency="EUR", threshold=10_000, by=me, now=now)
    return zoe, tom, person


@pytest.fixture
def agnes(client, make_user):
    user = make_user("auditor", name="Agnès")
    client.force_login(user)
    return user


def drawn(client):
    plan, now = AuditPlan.objects.get(), utc_now()
    told = {
        "plan": plan.uuid,
        "since": f"{now - timedelta(days=20):%Y-%m-%d}",
        "until": f"{now - timedelta(days=2):%Y-%m-%d}",
    }
    return client.post(reverse("gestures:audit_draw"), told)


def test_from_the_draw_to_the_result_act_by_act(given, agnes, client):
    answer = drawn(client)
    draw = AuditDraw.objects.get()
    assert answer.url == reverse("gestures:audit", args=[draw.uuid])
    place = 1
    for n in range(draw.sampled):
        url = reverse("gestures:audit_act", args=[draw.uuid, place])
        page = client.get(url).content.decode()
        assert "Plat renversé" in page
        told = {"verdict": "ok", "seen": "0", "feedback": ""}
        if n == 3:
            told = {"verdict": "deviation", "seen": "0", "kind": "too_much", "error": "1,50", "words": "Trop"}
        answer = client.post(url, told)
        place = int(answer.url.rstrip("/").rpartition("/")[2]) if n < draw.sampled - 1 else 0
    assert answer.url == reverse("gestures:audit", args=[draw.uuid])
    assert Finding.objects.get(verdict="deviation").error == 150
    page = client.get(answer.url).content.decode()
    assert "Likely" in page
    assert "Close the draw" in page
    assert draw.seed not in page
    client.post(reverse("gestures:audit_close", args=[draw.uuid]))
    proof = client.get(reverse("gestures:audit_proof", args=[draw.uuid])).content.decode()
    assert draw.seed in proof
    assert client.get(reverse("gestures:audit_population", args=[draw.uuid])).content.decode() == draw.population


def test_each_act_that_is_opened_is_a_sight_of_the_person(given, agnes, client):
    drawn(client)
    client.get(reverse("gestures:audit_act", args=[AuditDraw.objects.get().uuid, 1]))
    seen = Sight.objects.filter(kind="person", person_id=given[2].pk, actor=f"user:{agnes.pk}")
    assert [one.detail.split()[0] for one in seen] == ["gesture-audit"]


@pytest.mark.parametrize("typed", ["", "-1", "5,001", "1e9", "NaN", "five", "5 000"])
def test_an_amount_in_error_that_is_none_is_refused_and_nothing_typed_is_lost(given, agnes, client, typed):
    drawn(client)
    url = reverse("gestures:audit_act", args=[AuditDraw.objects.get().uuid, 1])
    told = {"verdict": "deviation", "kind": "split", "error": typed, "words": "Trois fois le même jour", "seen": "0"}
    answer = client.post(url, told)
    assert answer.status_code == 422
    assert "Trois fois le même jour" in answer.content.decode()
    assert not Finding.objects.exists()


def test_a_period_that_is_not_over_is_refused_on_the_page(given, agnes, client):
    plan, today = AuditPlan.objects.get(), utc_now()
    told = {"plan": plan.uuid, "since": f"{today:%Y-%m-%d}", "until": f"{today + timedelta(days=3):%Y-%m-%d}"}
    answer = client.post(reverse("gestures:audit_draw"), told)
    assert answer.status_code == 422
    assert "period that is over" in answer.content.decode()
    assert client.post(reverse("gestures:audit_draw"), {"plan": "x"}).status_code == 404


def test_a_plan_is_made_and_ended_on_the_page_and_a_wrong_one_says_so(given, agnes, client):
    url = reverse("gestures:audit_plan")
    told = {"name": "Tight", "threshold": "250", "tolerable": "2,5", "tolerated": "1", "least": "3", "method": "acts"}
    assert client.post(url, told).status_code == 302
    plan = AuditPlan.objects.get(name="Tight")
    assert (plan.threshold, plan.tolerable, plan.tolerated, plan.least) == (25_000, 25, 1, 3)
    answer = client.post(url, told | {"tolerable": "0", "name": "Kept as typed"})
    assert answer.status_code == 422
    assert "Kept as typed" in answer.content.decode()
    client.post(reverse("gestures:audit_plan_end", args=[plan.uuid]))
    assert "Tight" not in client.get(reverse("gestures:audits")).content.decode().split("Draws")[0]


def test_the_progress_of_draws_is_asked_for_by_itself(given, agnes, client):
    drawn(client)
    headers = {"HX-Request": "true", "HX-Target": "draws"}
    part = client.get(reverse("gestures:audits"), headers=headers).content.decode()
    assert part.startswith('<section class="part" id="draws"')
    assert 'data-live="gesture_audits"' in part
    assert "Make a plan" not in part


def test_the_room_is_closed_to_those_who_decide(given, client, make_user):
    client.force_login(given[0])
    assert client.get(reverse("gestures:audits")).status_code == 403
    client.force_login(make_user("analyst"))
    assert client.get(reverse("gestures:audits")).status_code == 403
    assert client.get(reverse("gestures:outcomes")).status_code == 200


def test_an_agents_list_says_what_the_controller_said(given, agnes, client):
    drawn(client)
    draw = AuditDraw.objects.get()
    act = draw.acts.filter(gesture__granted_by=given[0]).first()
    url = reverse("gestures:audit_act", args=[draw.uuid, act.position])
    client.post(url, {"verdict": "ok", "seen": "0", "feedback": "Bien expliqué, merci"})
    client.force_login(given[0])
    page = client.get(reverse("console:worklist", args=["gesture-feedback"])).content.decode()
    assert "Bien expliqué, merci" in page
    row = Finding.objects.get().pk
    item = client.get(reverse("console:worklist_item", args=["gesture-feedback"]), {"id": row}).content.decode()
    assert "Agnès looked at a gesture of yours" in item


def test_the_whole_draw_is_looked_at_without_a_mouse(open_page, make_user, make_person, me):
    """Two keys for what is in order; a deviation is written, and sent, without leaving the keyboard."""
    now = utc_now()
    make_user("auditor", email="agnes@example.org", name="Agnès", password="a-warm-welcome")
    zoe, person = make_user("agent", name="Zoé"), make_person("Anne", "Lebœuf")
    for n in range(3):
        gesture(person, 900, by=zoe, at=now - timedelta(days=7, minutes=n))
    plan = make_plan("Each month", currency="EUR", threshold=10_000, by=me, now=now)
    held = draw(plan, now - timedelta(days=20), now - timedelta(days=1), by=me, now=now)
    page = open_page()
    page.goto("/accounts/login/")
    page.fill("input[name=login]", "agnes@example.org")
    page.fill("input[name=password]", "a-warm-welcome")
    page.click("form.entrance-sign-in button[type=submit]")
    page.wait_for_url("**/people/")
    page.goto(f"/gestures/audits/{held.uuid}/1/")
    page.keyboard.press("o")
    page.wait_for_url("**/2/")
    page.keyboard.press("d")
    page.keyboard.press("M")  # the kind, by its first letter
    page.keyboard.press("Tab")
    page.keyboard.type("2.50")  # what stands there is selected when the field is entered
    page.keyboard.press("Tab")
    page.keyboard.type("Half of it was eaten")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/3/")
    page.keyboard.press("o")
    page.wait_for_url(f"**/{held.uuid}/")
    page.get_by_role("button", name="Close the draw").wait_for()
    found = Finding.objects.get(verdict="deviation")
    assert (found.kind, found.error, found.words) == ("too_much", 250, "Half of it was eaten")


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def program(client, me):
    """Calls with a key that may control and see people."""
    scopes = ["gestures.audit", "gestures.plan_audits", "gestures.compare", "people.read"]
    _key, secret = create_api_key(name="test", scopes=scopes, by=me, now=utc_now())
    headers = {"Authorization": f"Bearer {secret}"}

    def call(verb: str, path: str, /, **told):
        more = {"data": told, "content_type": "application/json"} if verb == "post" else {}
        return getattr(client, verb)(f"/api/v1/{path}", headers=headers, **more)

    return call


def test_a_program_draws_and_reads_and_a_finding_is_somebodys(given, make_user, program):
    auditor, now = make_user("auditor"), utc_now()
    (plan,) = program("get", "gesture-audit-plans").json()
    period = {"since": (now - timedelta(days=20)).isoformat(), "until": (now - timedelta(days=1)).isoformat()}
    made = program("post", "gesture-audits", plan=plan["id"], **period)
    assert made.status_code == 201
    draw = made.json()
    assert draw["size"] == 30
    assert program("post", "gesture-audits", plan=plan["id"], **period).json()["code"] == "gestures.already_drawn"
    path = f"gesture-audits/{draw['id']}"
    assert program("get", f"{path}/proof").json()["code"] == "gestures.still_secret"
    acts = []
    page = program("get", f"{path}/acts").json()
    while True:
        acts += page["items"]
        if not page["next"]:
            break
        page = program("get", f"{path}/acts?cursor={page['next']}").json()
    assert len(acts) == draw["sampled"]
    first = acts[0]
    nobody = program("post", f"{path}/findings", gesture=first["gesture"], verdict="ok")
    assert nobody.json()["code"] == "gestures.no_auditor"
    agent = program("post", f"{path}/findings", gesture=first["gesture"], verdict="ok", auditor=str(given[0].pk))
    assert agent.json()["code"] == "gestures.no_auditor"
    assert program("post", f"{path}/closure").json()["code"] == "gestures.not_all_judged"
    for act in acts:
        found = program("post", f"{path}/findings", gesture=act["gesture"], verdict="ok", auditor=str(auditor.pk))
        assert found.status_code == 201
    told = program("get", path).json()
    assert told["result"]["passed"] is True
    assert told["result"]["rate"]["at_most"] < 0.05
    assert program("post", f"{path}/closure").json()["closed_at"]
    assert program("get", f"{path}/proof").json()["holds"] is True
    assert len(program("get", f"{path}/findings").json()) == len(acts)
    assert [row["id"] for row in program("get", "gesture-audits").json()["items"]] == [draw["id"]]


def test_plans_and_outcomes_by_the_api(given, program):
    made = program("post", "gesture-audit-plans", name="By money", method="money", tolerable_amount=90_000)
    assert made.status_code == 201
    assert program("post", f"gesture-audit-plans/{made.json()['id']}/ending").json()["ended_at"]
    assert program("post", "gesture-audit-plans", name="x", method="money").json()["code"] == "gestures.bad_plan"
    told = program("get", "gesture-outcomes").json()
    assert "no cause" in told["note"]
    assert told["with_gesture"]["complaints"] == 0
