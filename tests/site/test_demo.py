"""The demo: loaded once, by the imports that users have, equal to its files; its logins stay on this machine."""

from __future__ import annotations

import csv
import gzip
import random
import re
import stat
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import authenticate
from django.db.models import Count, Max, Q, Sum
from django.test import RequestFactory
from django.urls import reverse

from egard.console.models import SavedView
from egard.journeys.friction import evaluating
from egard.journeys.friction.models import Evaluation
from egard.journeys.gestures.models import AuditDraw, Finding, Gesture, Redemption
from egard.journeys.purchases.models import Value
from egard.journeys.reach.models import Call
from egard.journeys.reach.rules.times import expected_wait
from egard.journeys.reach.staffing import staffing
from egard.journeys.reach.state import situation
from egard.kernel.access.models import Change, Site, User
from egard.kernel.messages.models import Message
from egard.kernel.people.models import Consent, Identifier, Person, Relationship
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact
from egard.site import demo, demo_reach, demo_staff, paths, prepare
from egard.site.demo_accounts import is_at_this_machine

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def _ask_again():
    demo.forget()
    yield
    demo.forget()


def lines(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / name, "rt", newline="") as file:
        return list(csv.DictReader(file))


def orders() -> dict[tuple[str, str, bool], tuple[int, datetime]]:
    """(client, number, cancelled) → total in cents and first moment: added up by these few lines alone."""
    totals: dict[tuple[str, str, bool], Decimal] = defaultdict(Decimal)
    first: dict[tuple[str, str, bool], datetime] = {}
    for row in lines("demo-purchases.csv.gz"):
        place = row["customer_number"], row["order_number"], row["cancelled"] == "yes"
        totals[place] += int(row["quantity"]) * Decimal(row["unit_price"])
        at = datetime.fromisoformat(row["bought_at"])
        first[place] = min(first.get(place, at), at)
    return {place: (round(100 * total), first[place]) for place, total in totals.items()}


def counted() -> dict[str, int]:
    models = (Person, Identifier, Consent, Relationship, Fact, Value, User, Site, Change, Promise)
    return {model.__name__: model.objects.count() for model in models}


@pytest.mark.django_db(transaction=True)
def test_the_demo_is_its_files_and_is_loaded_once(now, client, settle):
    assert demo.ensure_demo(loopback=True, now=now)
    settle()
    real = orders()
    made = {place: told for place, told in real.items() if not place[2]}
    cancelled = {place: told for place, told in real.items() if place[2]}
    numbers = {row["customer_number"] for row in lines("demo-people.csv.gz")}

    facts = Fact.objects.filter(corrects__isnull=True)
    assert facts.filter(kind__name="purchases.made").count() == len(made)
    assert facts.filter(kind__name="purchases.cancelled").count() == len(cancelled)
    assert set(Identifier.objects.filter(kind="customer_number").values_list("value", flat=True)) == numbers
    assert Person.objects.count() == len(numbers)
    sums = Value.objects.aggregate(Sum("spent_minor"), Sum("cancelled_minor"), Sum("orders"), Sum("cancellations"))
    assert sums == {
        "spent_minor__sum": sum(total for total, _at in made.values()),
        "cancelled_minor__sum": -sum(total for total, _at in cancelled.values()),
        "orders__sum": len(made),
        "cancellations__sum": len(cancelled),
    }

    weeks = demo.loaded().weeks
    for place in list(real)[::97]:
        customer, number, is_cancelled = place
        fact = facts.get(key=f"{'cancelled' if is_cancelled else 'made'}:{number}", person__identifiers__value=customer)
        assert fact.at == (real[place][1] + timedelta(weeks=weeks)).replace(tzinfo=PARIS)
    newest = facts.filter(kind__name__startswith="purchases.").aggregate(newest=Max("at"))["newest"]
    assert timedelta(days=2) <= now - newest <= timedelta(days=9, hours=1)

    invented = lines("demo-people.csv.gz")
    assert Relationship.objects.count() == sum(bool(row["adviser"]) for row in invented)
    assert Consent.objects.filter(given=False, proof__gt="").count() == sum(
        bool(row["withdrew_at"]) for row in invented
    )
    assert Fact.objects.filter(corrects__isnull=False).exists()
    assert set(Promise.objects.values_list("state", flat=True)) == {"open", "paused", "kept", "broken", "released"}
    assert Person.objects.annotate(n=Count("roles", filter=Q(roles__until__isnull=True))).filter(n__gt=1).exists()

    acts = Gesture.objects.filter(place=0)
    states = dict(acts.values_list("state").annotate(n=Count("pk")).order_by("state"))
    assert states["waiting"] == 2
    assert states["granted"] > 40
    assert not acts.exclude(granted_at=None).filter(budget=None).exists()
    assert Redemption.objects.exists()
    assert [AuditDraw.objects.filter(closed_at__isnull=is_open).count() for is_open in (True, False)] == [1, 1]
    assert Finding.objects.filter(verdict="deviation").count() == 2

    evaluating.evaluate(now=now)  # what the first worker does
    found = Evaluation.objects.get()
    assert found.figures["relation"]["told"]
    assert found.figures["relation"]["slope"]["low"] > 1
    assert found.level
    assert [one["points"] is not None for one in found.figures["changes"]] == [True]
    mails = Message.objects.filter(direction="in", channel="email")
    assert mails.filter(trust="verified").count() > 30
    assert mails.exclude(trust="verified").count() == 1  # left so on purpose
    assert SavedView.objects.filter(worklist="people", everybody=True).count() == 2

    before = counted()
    assert demo.ensure_demo(loopback=True, now=now + timedelta(days=30))
    assert counted() == before

    assert demo.is_loaded()
    client.force_login(User.objects.get(email=demo.logins()[0]["email"]))
    page = client.get(reverse("about_demo"), headers={"Accept-Language": "fr"}).content.decode()
    assert "10.24432/C5BW33" in page
    assert f"{weeks} semaines" in page
    for invented in ("messages", "appels", "promesses", "gestes", "réclamations", "visites"):
        assert invented in page


@pytest.mark.django_db
def test_a_house_that_knows_people_already_is_left_alone(make_person, now):
    make_person("Anne", "Le Gall")
    assert not demo.ensure_demo(loopback=True, now=now)
    assert Person.objects.count() == 1
    assert not User.objects.exists()
    assert not demo.is_loaded()
    assert demo.logins() == []


@pytest.mark.django_db
def test_without_the_demo_there_is_no_page_on_it(make_user, client):
    client.force_login(make_user("agent"))
    assert client.get(reverse("about_demo")).status_code == 404


@pytest.fixture
def staff(db, now):
    return demo_staff.hire(now=now)


def request_from(address: str, host: str = "127.0.0.1:8000", **headers: str):
    return RequestFactory().post("/accounts/login/", REMOTE_ADDR=address, headers={"host": host, **headers})


def sign_in(request, login):
    return authenticate(request, email=login["email"], password=login["password"])


def test_every_login_shown_signs_in_at_this_machine(staff):
    logins = demo.logins()
    assert {user.role for user in demo_staff.STAFF} == {
        next(m.role for m in demo_staff.STAFF if m.email == login["email"]) for login in logins
    }
    for login in logins:
        assert sign_in(request_from("127.0.0.1"), login).email == login["email"]
        assert login["role"]
    assert sign_in(request_from("::1", "localhost"), logins[0])


@pytest.mark.parametrize(
    ("address", "host", "headers"),
    [
        ("192.168.1.20", "127.0.0.1:8000", {}),
        ("127.0.0.1", "clients.example.org", {}),
        ("127.0.0.1", "127.0.0.1.example.org", {}),
        ("127.0.0.1", "127.0.0.1:8000", {"x-forwarded-for": "203.0.113.9"}),
        ("127.0.0.1", "127.0.0.1:8000", {"forwarded": "for=203.0.113.9"}),
        ("::ffff:192.168.1.20", "localhost", {}),
        ("", "localhost", {}),
    ],
)
def test_a_demo_login_is_refused_and_not_shown_to_whoever_is_elsewhere(staff, client, settings, address, host, headers):
    settings.ALLOWED_HOSTS = ["*"]
    login = demo.logins()[0]
    assert sign_in(request_from(address, host, **headers), login) is None
    page = client.get("/accounts/login/", REMOTE_ADDR=address, headers={"host": host, **headers}).content.decode()
    assert "<form" in page
    assert login["email"] not in page
    assert login["password"] not in page


def test_the_sign_in_page_shows_the_demo_logins_at_this_machine_until_it_has_a_public_address(staff, client, settings):
    login = demo.logins()[0]
    here = {"headers": {"host": "127.0.0.1:8000"}}
    assert f'data-password="{login["password"]}"' in client.get("/accounts/login/", **here).content.decode()
    settings.URL = "https://clients.example.org"
    assert login["password"] not in client.get("/accounts/login/", **here).content.decode()


def test_a_proxy_that_hides_behind_this_machines_name_is_known_by_its_http(staff):
    request = request_from("127.0.0.1")
    request.scope = {"http_version": "1.0"}
    assert sign_in(request, demo.logins()[0]) is None
    request.scope = {"http_version": "1.1"}
    assert sign_in(request, demo.logins()[0])


def test_each_installation_has_a_demo_password_of_its_own(staff, now, monkeypatch, tmp_path):
    login = demo.logins()[0]
    before = paths.demo_password()
    monkeypatch.setenv("EGARD_DATA", str(tmp_path / "elsewhere"))
    assert re.fullmatch("[a-z]{4}(-[a-z]{4}){3}", paths.demo_password())
    assert paths.demo_password() != before
    assert stat.S_IMODE((tmp_path / "elsewhere" / "demo.password").stat().st_mode) == 0o600
    demo_staff.open_or_close(loopback=True, now=now)
    assert sign_in(request_from("127.0.0.1"), login) is None
    assert sign_in(request_from("127.0.0.1"), demo.logins()[0])


def test_where_the_product_has_a_public_address_nobody_is_here(staff, settings):
    settings.URL = "https://clients.example.org"
    assert not is_at_this_machine(request_from("127.0.0.1"))
    assert sign_in(request_from("127.0.0.1"), demo.logins()[0]) is None


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8011", True),
        ("http://localhost", True),
        ("http://[::1]:8000", True),
        ("http://localhost.example.org", False),
        ("http://192.168.1.20:8000", False),
    ],
)
def test_an_address_of_this_very_machine_is_no_public_one_and_only_logins_that_work_are_told(
    staff, settings, monkeypatch, url, here
):
    settings.URL = url
    assert is_at_this_machine(request_from("127.0.0.1")) is here
    assert (sign_in(request_from("127.0.0.1"), demo.logins()[0]) is not None) is here
    assert not is_at_this_machine(request_from("192.168.1.20"))
    monkeypatch.setattr(demo, "ensure_demo", lambda loopback: True)
    assert bool(prepare.ensure_demo(loopback=True)) is here
    assert prepare.has_public_url() is not here


def test_a_demo_user_who_changed_her_address_stays_here_too(staff):
    user = staff["claire.dubourg"]
    User.objects.filter(pk=user.pk).update(email="claire@example.org")
    login = {"email": "claire@example.org", "password": paths.demo_password()}
    assert sign_in(request_from("127.0.0.1"), login) == user
    assert sign_in(request_from("192.168.1.20"), login) is None


def test_others_sign_in_from_anywhere(make_user):
    user = make_user("agent", email="anne@example.org", password="a long secret")
    login = {"email": "anne@example.org", "password": "a long secret"}
    assert sign_in(request_from("192.168.1.20", "clients.example.org"), login) == user


def test_a_server_that_others_can_reach_suspends_the_demos_logins(staff, now):
    login = demo.logins()[0]
    demo_staff.open_or_close(loopback=False, now=now)
    assert demo.logins() == []
    assert sign_in(request_from("127.0.0.1"), login) is None
    demo.ensure_demo(loopback=None, now=now)  # as `egard demo` does: the suspended stay so
    assert demo.logins() == []
    demo_staff.open_or_close(loopback=True, now=now)
    assert sign_in(request_from("127.0.0.1"), login)


def test_enough_people_call_in_the_demo_for_staffing_and_waits_to_be_reckoned(staff, now, everything, monkeypatch):
    monkeypatch.setattr(demo_reach, "SHOPS", "office")
    began = now - timedelta(days=demo_reach.DAYS + 1)
    desks = demo_reach._desks(staff, now=began)
    demo_reach._crowd(random.Random(1), desks, began, now)
    found = {day: staffing(everything, weekday=day, now=now) for day in (2, 5)}
    for told in found.values():
        assert sum(hour.advisers is not None for hour in told.hours) >= 5
        assert told.patience_seconds
    assert found[2].hours != found[5].hours
    camille = situation(staff["camille.roussel"].pk, now=now).adviser
    assert expected_wait(camille.lengths, elapsed=60, before=0).high
    assert Call.objects.filter(transfers__gt=0).count() > 10
