"""A long case that changes: a phone stolen in a shop, from the call to the replacement, by API and pages.

The system pushes the method; people leave it where they know better, ask another department, go back on what was
closed; the method itself changes meanwhile, and running cases follow.
"""

from __future__ import annotations

import json

import pytest
from django.conf import settings as django_settings
from django.test import Client

from egard.base.clock import utc_now
from egard.kernel.access.models import Team
from egard.kernel.access.operations import create_api_key
from egard.kernel.cases.history import rebuilt
from egard.kernel.cases.models import Case, CaseType
from egard.kernel.promises.models import Promise

pytestmark = pytest.mark.django_db
SCOPES = ["people.read", "cases.read", "cases.work", "cases.manage", "cases.define"]


def api(secret):
    def call(method, path, body=None):
        answer = Client().generic(
            method, f"/api/v1/{path}", json.dumps(body) if body is not None else "", "application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )  # fmt: skip
        assert answer.status_code < 500, answer.content
        return answer.status_code, json.loads(answer.content or b"null")

    return call


@pytest.fixture
def desk(me):
    return api(create_api_key(name="desk", scopes=SCOPES, expires_at=None, by=me, now=utc_now())[1])


@pytest.fixture
def browser_of(make_user):
    def make(*roles, **more):
        browser = Client()
        user = make_user(*roles, language="fr", **more)
        browser.force_login(user, django_settings.AUTHENTICATION_BACKENDS[0])
        return browser

    return make


def state_of(case, step):
    return next(one["state"] for one in case["steps"] if one["key"] == step)


def test_a_stolen_phone_from_the_call_to_the_replacement(desk, browser_of, make_person):
    zelie = make_person("Zélie", "Marchand", phone="06 12 34 56 78")

    # The call: the case pushes what must not wait, and says why.
    code, opened = desk("POST", "cases", {"type": "stolen_phone", "person": str(zelie.uuid), "channel": "phone"})
    assert code == 201, opened
    case = f"cases/{opened['id']}"
    first = desk("GET", f"{case}/next-steps")[1][0]
    assert first["key"] == "block"
    assert first["reasons"]
    assert desk("POST", f"{case}/steps/decide/completion", {"data": {"decision": "replace"}})[0] == 409  # not yet
    code, said = desk("POST", f"{case}/steps/block/completion", {"data": {"line": "06 12 34 56 78"}})
    assert (code, said["code"]) == (422, "cases.evidence_missing")
    block = {"line": "06 12 34 56 78", "blocked_at": "2026-03-10T08:20:00Z"}
    assert desk("POST", f"{case}/steps/block/completion", {"data": block})[0] < 300
    facts = {"taken_at": "2026-03-10T07:40:00Z", "shop": "Lyon", "insured": False}
    assert desk("POST", f"{case}/steps/facts/completion", {"data": facts})[0] < 300

    # She travels tomorrow: no file foresaw that. A step of its own, with its own promise, in the same list.
    code, own = desk(
        "POST", f"{case}/steps", {"title": "Prêter un téléphone", "within": "1 business day", "stage": "protect"}
    )
    assert code == 201, own
    whole = desk("GET", case)[1]
    added = next(one for one in whole["steps"] if one["added"])
    assert Promise.objects.filter(subject=f"case:{opened['id']}/{added['key']}", state="open").count() == 1
    assert desk("POST", f"{case}/steps/{added['key']}/completion", {"data": {}})[0] < 300

    # The footage is the security department's: it sees the case because it is asked, and answers on it.
    assert Team.objects.filter(code="security").exists()
    assert state_of(desk("GET", case)[1], "footage") == "available"
    assert Promise.objects.get(subject=f"case:{opened['id']}/footage").team.code == "security"
    assert desk("POST", f"{case}/steps/footage/completion", {"data": {"seen": "theft"}})[0] < 300
    assert desk("POST", f"{case}/notes", {"text": "On voit le vol à 8 h 40, caméra 3", "step": "footage"})[0] == 201

    the_method_changes(desk, browser_of, opened, case)
    it_ends_and_is_opened_again(desk, opened, case)


def the_method_changes(desk, browser_of, opened, case):
    # Meanwhile the method changes: what people keep adding becomes a planned step, published from the draft.
    claire = browser_of("administrator")
    draft = claire.post("/cases/types/stolen_phone/draft/", {"title": "Prêter un téléphone", "stage": "protect"})
    assert draft.status_code == 200
    source = draft.context["source"]
    assert "preter_un_telephone" in source
    answer = claire.post("/cases/types/stolen_phone/publication/", {"source": source})
    assert answer.status_code == 302
    newest = CaseType.objects.filter(name="stolen_phone").order_by("-number").first()
    assert newest.number == 2
    page = claire.get("/cases/types/stolen_phone/figures/").content.decode()
    assert "Version\u00a02" in page
    assert browser_of("agent").post("/cases/types/stolen_phone/publication/", {"source": source}).status_code == 403

    # The running case keeps its version until a plan moves it: first a dry run, then for good.
    assert desk("GET", case)[1]["version"] != newest.version
    versions = list(CaseType.objects.filter(name="stolen_phone").order_by("number").values_list("version", flat=True))
    plan = {"type": "stolen_phone", "old": versions[0], "new": versions[1]}
    code, dry = desk("POST", "case-migrations", {**plan, "dry_run": True, "reason": "essai"})
    assert code in (200, 201), dry
    assert (dry["total"], dry["passing"]) == (1, 1)
    assert Case.objects.get(uuid=opened["id"]).type.version == versions[0]
    code, moved = desk("POST", "case-migrations", {**plan, "dry_run": False, "reason": "prêt de téléphone"})
    assert code in (200, 201), moved
    row = Case.objects.select_related("type").get(uuid=opened["id"])
    assert row.type.version == versions[1]
    assert state_of(desk("GET", case)[1], "footage") == "done"


def it_ends_and_is_opened_again(desk, opened, case):
    # The report comes, the manager decides, a phone is sent, she is told: the case closes by itself.
    for step, data in (
        ("report", {"report_number": "PV-2291"}),
        ("decide", {"decision": "replace"}),
        ("replace", {"shipment": "6A00991"}),
        ("tell", {}),
    ):
        code, said = desk("POST", f"{case}/steps/{step}/completion", {"data": data})
        assert code < 300, (step, said)
    assert desk("GET", case)[1]["status"] == "closed"

    # The phone that came is broken: the case is opened again, with all that is known, and the sending is done anew.
    assert desk("DELETE", f"{case}/closure?reason=Le+nouveau+ne+s%E2%80%99allume+pas")[0] < 300
    code, said = desk("POST", f"{case}/steps/replace/redo", {"reason": "Un autre téléphone"})
    assert code < 300, said
    assert desk("POST", f"{case}/steps/replace/completion", {"data": {"shipment": "6A00992"}})[0] < 300
    whole = desk("GET", case)[1]
    if whole["status"] == "open":
        assert desk("POST", f"{case}/closure", {})[0] < 300
    row = Case.objects.get(uuid=opened["id"])
    assert row.status == "closed"
    assert rebuilt(row.pk) == row.snapshot
    kinds = [one["kind"] for one in desk("GET", f"{case}/events?limit=200")[1]["items"]]
    assert {"opened", "completed", "added", "noted", "moved", "reopened", "redone"} <= set(kinds)
