"""The pages of a case: what is to do and why, answers checked beside their fields, what was changed meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from egard.base.clock import utc_now
from egard.console.models import CaseMention
from egard.kernel.access.queries import viewer_for
from egard.kernel.cases import articles, operations, outside, queries
from egard.kernel.cases.models import ArticleWord, Case

pytestmark = pytest.mark.django_db
BLOCKED = {"f_line": "06 12 34 56 78", "w_line": "", "f_blocked_at": "2026-03-10T09:00", "w_blocked_at": ""}


@pytest.fixture
def zelie(make_person):
    return make_person("Zélie", "Marchand", email="zelie@example.org")


@pytest.fixture
def phone(everything, zelie):
    """A phone was stolen a moment ago."""
    return operations.open_case(everything, "stolen_phone", zelie, now=utc_now()).uuid


def part(client, uuid, name, **query):
    return client.get(f"/cases/{uuid}/parts/{name}/", query, headers={"HX-Request": "true"}).content.decode()


def do(client, uuid, act, **typed):
    return client.post(f"/cases/{uuid}/do/{act}/", typed, headers={"HX-Request": "true"})


def words(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page if isinstance(page, str) else page.content.decode()))


def test_the_page_says_what_is_next_and_why_and_asks_for_what_the_step_needs(read_as, phone):
    client = read_as("agent")
    page = client.get(f"/cases/{phone}/").content.decode()
    said = words(page)
    assert "Next Step before" not in said
    for expected in (
        "Block the line and the SIM",
        "Promised within 24 hours",
        "Do it during the call.",
        "Zélie Marchand",
        "The case was opened",
        "the stage “Establish the facts” has not begun",
    ):
        assert expected in said, expected
    assert 'name="f_line"' in page
    assert 'type="datetime-local"' in page
    assert 'class="promise promise-row"' in page  # counting down beside its step


def test_answers_are_checked_beside_their_fields_and_a_step_done_leads_to_the_next(read_as, phone):
    client = read_as("agent")
    wrong = do(client, phone, "done", step="block", f_line="06 12 34 56 78", f_blocked_at="this morning", key="k1")
    assert (wrong.status_code, wrong.headers["X-Egard-Refusal"]) == (422, "cases.bad_data")
    page = wrong.content.decode()
    assert 'id="do-blocked_at-error"' in page
    assert "must be a date and time" in words(page)
    assert "06 12 34 56 78</textarea>" in page  # what was typed stays
    done = do(client, phone, "done", step="block", key="k2", **BLOCKED)
    said = words(done)
    assert "“Block the line and the SIM” is done." in said
    assert "Take down what happened" in said
    assert 'id="case-steps" hx-swap-oob="morph"' in done.content.decode()
    again = do(client, phone, "done", step="block", key="k2", **BLOCKED)
    assert again.status_code == 200  # the same post twice is one act
    held = Case.objects.get(uuid=phone)
    assert held.snapshot["data"]["blocked_at"] == "2026-03-10T08:00:00Z"
    assert held.version == 2


def test_leaving_the_method_asks_why_and_the_history_keeps_it(read_as, phone):
    client = read_as("agent")
    bare = do(client, phone, "skip", step="facts", reason=" ")
    assert bare.headers["X-Egard-Refusal"] == "cases.reason_needed"
    assert "data-filled" in bare.content.decode()
    do(client, phone, "skip", step="facts", reason="the shop told us already")
    do(client, phone, "done", step="block", **BLOCKED)
    do(client, phone, "redo", step="block", reason="another line")
    do(client, phone, "add", title="Call the prefecture", within="2 h", reason="it is theirs")
    do(client, phone, "ask", title="Was she in the shop?", department="security")
    do(client, phone, "aside", step="facts")
    said = words(part(client, phone, "lines"))
    for told in (
        "“Take down what happened” was skipped",
        "the shop told us already",
        "“Block the line and the SIM” is to be done again",
        "A step was added: “Call the prefecture”",
        "Security was asked: “Was she in the shop?”",
    ):
        assert told in said, told
    misspelt = do(client, phone, "add", title="X", within="soon")
    assert misspelt.status_code == 422
    assert "Waits" in words(part(client, phone, "steps"))
    assert "run 2" in words(do(client, phone, "done", step="block", **BLOCKED))


def test_who_may_not_do_a_step_is_told_whose_it_is(read_as, phone, everything):
    now = utc_now()
    operations.complete_step(everything, phone, "block", {"line": "1", "blocked_at": "2026-03-10T08:00:00Z"}, now=now)
    story = {"taken_at": "2026-03-10T08:00:00Z", "shop": "Lyon", "insured": False}
    operations.complete_step(everything, phone, "facts", story, now=now)
    client = read_as("agent")
    page = words(client.get(f"/cases/{phone}/?step=footage"))
    assert "This step is for: Security." in page
    refused = do(client, phone, "done", step="footage", f_seen="theft")
    assert refused.headers["X-Egard-Refusal"] == "cases.not_yours"
    assert "Locate the phone" in words(part(client, phone, "now"))  # the menu suggests it
    planned = do(client, phone, "plan", step="locate")
    assert planned.headers["HX-Replace-Url"] == f"/cases/{phone}/?step=locate"


def test_what_somebody_changed_meanwhile_is_chosen_between(read_as, phone, everything):
    client = read_as("agent")
    form = client.get(f"/cases/{phone}/known/", headers={"HX-Request": "true"}).content.decode()
    base = re.search(r'name="base" value="(\d+)"', form)[1]
    operations.edit_data(everything, phone, {"shop": "Paris", "line": "06 99"}, now=utc_now())
    typed = {"base": base, "f_shop": "Lyon", "w_shop": "", "f_insured": "yes", "w_insured": "", "key": "k"}
    clash = client.post(f"/cases/{phone}/known/", typed, headers={"HX-Request": "true"})
    assert clash.status_code == 409
    assert "Recorded meanwhile: Paris" in words(clash)
    page = clash.content.decode()
    assert 'name="w_shop" value="Paris"' in page
    assert ">06 99</textarea>" in page  # what only the other changed comes along
    base = re.search(r'name="base" value="(\d+)"', page)[1]
    told = {"base": base, "f_shop": "Lyon", "w_shop": "Paris", "c_shop": "theirs", "f_insured": "yes", "w_insured": ""}
    told |= {"f_line": "06 99", "w_line": "06 99", "key": "k2"}
    saved = client.post(f"/cases/{phone}/known/", told, headers={"HX-Request": "true"})
    assert saved.status_code == 200
    assert queries.case_view(everything, phone).data == {"shop": "Paris", "line": "06 99", "insured": True}


def test_money_numbers_and_choices_are_read_as_they_are_typed(read_as, everything, zelie):
    case = operations.open_case(everything, "wrong_charge", zelie, now=utc_now()).uuid
    client = read_as("agent")
    bad = do(
        client, case, "done", step="identify", f_charged="much", f_charged_currency="EUR", f_charged_on="2026-03-01"
    )
    assert "must be an amount" in words(bad)
    do(client, case, "done", step="identify", f_charged="1 234,5", f_charged_currency="eur", f_charged_on="2026-03-01")
    data = queries.case_view(everything, case).data
    assert data == {"charged": {"amount": 123450, "currency": "EUR"}, "charged_on": "2026-03-01"}
    assert "€1,234.50" in words(part(client, case, "side"))


def test_a_case_closes_with_its_outcome_against_its_rules_only_by_a_manager_and_opens_again(read_as, phone, client):
    agent = read_as("agent")
    refused = do(agent, phone, "close")
    assert refused.headers["X-Egard-Refusal"] == "cases.cannot_close"
    assert "A manager may close it nevertheless" in words(refused)
    manager = read_as("supervisor")
    do(manager, phone, "close", override="he found it")
    said = words(manager.get(f"/cases/{phone}/"))
    assert "The case was closed against its rules" in said
    assert "he found it" in said
    assert "Was still needed" in said
    do(manager, phone, "reopen", reason="stolen again")
    assert Case.objects.get(uuid=phone).status == "open"


def test_a_colleague_named_in_a_note_finds_it_until_she_is_done_with_it(read_as, make_user, phone, client):
    hugo = make_user("agent", name="Hugo Delmas", language="en")
    writer = read_as("agent", name="Ana Roux")
    do(writer, phone, "note", text="Ask @Hugo Delmas, he knows the shop", mention=str(hugo.pk), key="n1")
    do(writer, phone, "note", text="Ask @Hugo Delmas, he knows the shop", mention=str(hugo.pk), key="n1")
    assert CaseMention.objects.count() == 1
    client.force_login(hugo)
    assert "Ana Roux names you: Phone stolen in a shop" in words(client.get("/worklist/case-mentions/"))
    row = str(CaseMention.objects.get().pk)
    assert "he knows the shop" in words(client.get("/worklist/case-mentions/item/", {"id": row}))
    client.post("/do/console.finish_case_mentions/", {"id": row})
    assert "Ana Roux" not in words(client.get("/worklist/case-mentions/"))


def test_the_list_shows_whose_turn_it_is_finds_by_name_and_number_and_gives_many_away(
    read_as, make_user, everything, zelie
):
    client, now = read_as("agent", name="Ana Roux"), utc_now()
    mine = viewer_for(client.user, now=now)
    first = operations.open_case(mine, "stolen_phone", zelie, owner=client.user, now=now - timedelta(hours=5)).uuid
    second = operations.open_case(mine, "stolen_phone", None, owner=client.user, now=now).uuid
    operations.edit_data(everything, second, {"report_number": "PV 77"}, now=now)
    other = operations.open_case(everything, "complaint", zelie, now=now).uuid

    def listed(**query):
        return re.findall(r'data-row="([^"]+)"', client.get("/worklist/cases/", query).content.decode())

    assert listed() == [str(first), str(second)]  # hers, the nearest promise first
    assert listed(whose="all") == [str(first), str(second), str(other)]
    assert listed(whose="all", q="zelie") == [str(first), str(other)]
    assert listed(whose="all", q="pv77") == [str(second)]
    assert listed(status="late") == [str(first)]
    assert listed(whose="all", type="complaint") == [str(other)]
    assert listed(whose="all", status="nobody") == [str(other)]
    page = words(client.get("/worklist/cases/"))
    assert "Zélie Marchand Phone stolen in a shop · Block the line and the SIM · Ana Roux" in page
    pane = words(client.get("/worklist/cases/item/", {"id": str(first)}))
    assert "Its promise is broken: do it first" in pane
    hugo = make_user("agent", name="Hugo Delmas")
    done = client.post("/do/console.assign_cases/", {"id": [str(first), str(second)], "choice": str(hugo.pk)})
    assert "2 cases are now Hugo Delmas’s." in words(done)
    assert listed() == []
    client.post("/undo/")
    assert listed() == [str(first), str(second)]
    client.post("/do/console.snooze:cases/", {"id": str(first), "choice": "tomorrow"})
    assert listed() == [str(second)]


def test_a_persons_page_shows_her_cases_and_opens_another(read_as, phone, zelie):
    client = read_as("agent")
    panel = client.get(f"/people/{zelie.uuid}/panels/cases/", headers={"HX-Request": "true"})
    assert "Phone stolen in a shop" in words(panel)
    assert "Wrong" not in words(panel)
    choices = client.get("/do/console.open_case/choices/", {"q": "disp"}).json()["choices"]
    assert [one["value"] for one in choices] == ["wrong_charge"]
    opened = client.post("/do/console.open_case/", {"id": str(zelie.uuid), "choice": "wrong_charge"})
    case = Case.objects.latest("pk")
    assert opened.headers["HX-Redirect"] == f"/cases/{case.uuid}/"
    assert (case.person_id, case.owner_id) == (zelie.pk, client.user.pk)


def test_a_map_draws_the_order_the_conditions_and_who_stands_where(read_as, phone, everything):
    client = read_as("agent")
    operations.open_case(everything, "stolen_phone", None, now=utc_now())
    page = client.get("/cases/types/stolen_phone/").content.decode()
    said = words(page)
    assert re.search(r'id="step-replace".*?</li>', page, re.S)[0].count("after") == 1
    assert 'class="map-step level-1 is-conditional" id="step-replace"' in page
    order = [part.split('"')[0] for part in page.split('id="step-')[1:]]
    assert order.index("insurance") == order.index("report") + 1, "it hangs from the step that it follows"
    assert "if “Decision” is “Replace”" in said
    assert "2 running cases" in said
    assert re.search(r"Block the line and the SIM 2 ", said)
    assert "case: stolen_phone" in said  # the file itself
    assert "2 running cases" in words(client.get("/cases/types/"))
    do(client, phone, "word", step="block", text="The line is **reversible** for 60 days now", kind="correction")
    assert "Proposed correction" in words(client.get(f"/cases/{phone}/"))
    assert "reversible" in words(client.get("/cases/types/stolen_phone/"))
    word = ArticleWord.objects.get()
    assert client.post(f"/cases/types/stolen_phone/words/{word.pk}/").status_code == 403
    read_as("administrator").post(f"/cases/types/stolen_phone/words/{word.pk}/")
    assert ArticleWord.objects.get().settled_at is not None
    with pytest.raises(Exception, match="unknown_step"):
        articles.say_of_step(everything, "stolen_phone", "blok", "x", now=utc_now())


def test_what_found_no_case_waits_until_somebody_attaches_it(read_as, phone, everything):
    outside.receive(everything, "police_report", "PV 99", {"report": "scan 12"}, key="d1", now=utc_now())
    client = read_as("agent")
    page = words(client.get("/cases/outside/"))
    assert "Police report sent PV 99" in page
    assert "Zélie Marchand · Phone stolen in a shop" in page
    waiting = queries.waiting_events(everything)[0]
    client.post(f"/cases/outside/{waiting.pk}/", {"case": str(phone)})
    assert "Police report sent" in words(part(client, phone, "lines"))
    assert "Nothing waits here" in words(client.get("/cases/outside/"))


def test_a_case_asks_the_database_the_same_whatever_happened_on_it(
    read_as, phone, everything, django_assert_max_num_queries
):
    client, now = read_as("agent"), utc_now()

    def asked(url: str) -> int:
        client.get(url)
        with django_assert_max_num_queries(60) as found:
            client.get(url)
        return len(found)

    pages = [f"/cases/{phone}/", "/worklist/cases/?whose=all", "/cases/types/stolen_phone/", "/cases/types/"]
    before = [asked(url) for url in pages]
    for n in range(12):
        operations.write_note(everything, phone, f"note {n}", now=now)
        operations.add_step(everything, phone, f"step {n}", within="2 h", now=now)
        operations.open_case(everything, "stolen_phone", None, now=now)
    assert [asked(url) for url in pages] == before
    older = part(client, phone, "lines", before="5")
    assert "The case was opened" in older


def test_a_protected_file_asks_why_before_its_case_and_a_case_of_others_is_not_found(
    read_as, phone, zelie, me, make_user
):
    from egard.kernel.access.operations import grant_role
    from egard.kernel.people import operations as people

    people.protect(zelie, True, by=me, now=utc_now())
    asked = read_as("agent").get(f"/cases/{phone}/")
    assert (asked.status_code, asked.headers["X-Egard-Refusal"]) == (403, "people.reason_needed")
    client = read_as()
    assert client.get(f"/cases/{phone}/").status_code == 403
    grant_role(client.user, "agent", scope="team", by=me, now=utc_now())
    assert client.get(f"/cases/{phone}/").status_code == 404
