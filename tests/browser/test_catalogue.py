"""Every page, in two themes, two languages and two widths: silent, translated, within the screen, accessible."""

from __future__ import annotations

import functools
import gc
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation import trans_real
from furnished import cases_of, chat_of, delegation_of, portal_session_of, promises_of, purse_of, second_step, thread_of
from pages_shown import DRAWER, addresses, catalogue

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.money import Money
from egard.journeys.purchases.facts import Amount, PurchaseMade
from egard.kernel.access.models import Team
from egard.kernel.cases.rules.text import Text
from egard.kernel.messages.operations import send
from egard.kernel.messages.unsubscribing import token_of
from egard.kernel.payments import carrying, reconciling
from egard.kernel.payments import operations as payments
from egard.kernel.payments.models import Difference
from egard.kernel.payments.sandbox import Sandbox
from egard.kernel.people import operations as people
from egard.kernel.timeline.operations import record
from egard.portal.pages import COOKIE

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
PAGES = catalogue().pages
GROUP = 14
"""Pages of one test: parallel processes share the groups."""
GROUPS = [PAGES[start : start + GROUP] for start in range(0, len(PAGES), GROUP)]
ROLES = ("agent", "adviser", "supervisor", "analyst", "auditor", "administrator")
WIDE, NARROW = 1280, 360
LOOKS = [("en", "light", WIDE, NARROW), ("fr", "dark", NARROW, WIDE)]
"""Opened in a language, a theme and a width; then the other width and the other theme are put on."""
ALL = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}

SETTLED = """() => !document.querySelector('[aria-busy="true"], .htmx-request')"""
OVERFLOW = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => `${e.tagName.toLowerCase()}.${e.className}`).slice(0, 5)"""
VIOLATIONS = """async ([run, without]) => {
    const found = await axe.run(without ? {exclude: [without]} : document,
        {preload: false, resultTypes: ["violations"], runOnly: run});
    return found.violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.target.join(" ")).join(" | ")}`);
}"""
THEME = "(theme) => { document.documentElement.dataset.bsTheme = theme }"
TEXTS = """() => {
    const said = [document.title], names = ["aria-label", "title", "placeholder", "alt", "aria-description"];
    const foreign = e => e.closest("[lang]")?.lang !== document.documentElement.lang
        || e.closest("code, kbd, [translate=no]");
    for (const e of document.querySelectorAll("body, body *")) {
        if (foreign(e)) continue;
        for (const name of names) if (e.getAttribute(name)) said.push(e.getAttribute(name));
    }
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const runs = [];
    while (walk.nextNode()) {
        const e = walk.currentNode.parentElement;
        if (e.closest("script, style, template, noscript")) continue;
        const found = e.tagName === "MARK" || e.matches(":has(> mark)");  // part of a word may be marked as found
        runs.push(foreign(e) ? " " : (found ? "" : "\\n") + walk.currentNode.textContent);
    }
    return [...said, runs.join("")];
}"""


def test_every_address_is_in_the_catalogue_or_says_why_it_is_no_page():
    known = {page.name for page in PAGES} | set(catalogue().no_pages)
    assert set(addresses()) - known == set(), "add it to pages_shown.py, or to tests/pages.py of its journey"


def test_the_catalogue_names_nothing_that_is_gone():
    assert set(catalogue().no_pages) - set(addresses()) == set()


@pytest.fixture
def world(transactional_db, make_user, make_person, me):
    """One installation with somebody well known and somebody hardly known, and a user for each who looks."""
    now = utc_now()
    password, more = {"password": "a-warm-welcome"}, {"name": "Camille Lefèvre"}
    users = {role: make_user(role, email=f"{role}@example.org", **more, **password) for role in ROLES}
    users["two steps"] = make_user("agent", email="steps@example.org", **more, **password)
    users["asked again"] = make_user("agent", email="again@example.org", **more, **password)
    users["plain"] = make_user(email="plain@example.org", **more, **password)
    anne = make_person("Anne", "Lebœuf", email="anne@example.org", phone="06 12 34 56 78", roles=["customer"])
    nameless = make_person(customer_number="17850")
    twin = make_person("Anne", "Lebœuf", email="anne.leboeuf@example.org", phone="06 12 34 56 78")
    hidden = make_person("Zoé", "Martin", email="zoe@example.org")
    people.protect(hidden, True, by=me, now=now)
    people.set_adviser(anne, users["agent"], since=now - timedelta(days=400), by=me, now=now)
    people.record_consent(anne, "offers", "email", given=True, by=me, now=now)
    people.record_consent(anne, "events", "sms", given=False, by=me, now=now)
    for n in range(45):
        bought = PurchaseMade(order_number=f"{536365 + n}", total=Amount(1250, "EUR"), lines=[])
        at = now - timedelta(days=9 * n, minutes=1)
        record(anne, bought, at=at, by=me, channel="shop", key=str(n), now=now, history=True)
    promised = promises_of(anne, users["agent"], me, now)
    second_step(users["two steps"])
    second_step(users["asked again"])
    message = send(
        "portal.code", "anne@example.org", key="one", fields={"code": "123456", "minutes": 10}, by=me, now=now
    )
    case, closed = cases_of(make_person("Inès", "Ferrand"), make_person("Nora", "Benali"), now=now)
    users["agent"].teams.set(Team.objects.filter(code="security"))
    found = {"anne": anne, "nameless": nameless, "twin": twin, "hidden": hidden, "message": message}
    found |= {"promise": promised, "case": case, "closed": closed, "account": purse_of(anne, me, now)}
    found["payment"], found["challenged"] = payments_of(anne, me, now)
    found["delegation"] = delegation_of(users["agent"], users["auditor"], me, now)
    found |= {
        "thread": thread_of(me, now),
        "chat": chat_of(anne, me, now),
        "unsubscribing": token_of(anne, "offers", "email"),
    }
    return SimpleNamespace(users=users, **found)


def payments_of(anne, me, now):
    """Money taken and given back in part, a card that asks the client first; and a refund by hand elsewhere."""
    made = []
    for kind in ("decline", "timeout", "lapse", "approve", "challenge"):
        card = payments.save_instrument(anne, f"sandbox_{kind}", key=f"card-{new_id()}", by=me, now=now)
        asked = payments.charge(anne, card, Money(20_00, "EUR"), key=f"pay-{new_id()}", by=me, now=now)
        made.append(carrying.settle(asked, now=now))
    *_others, paid, challenged = made
    payments.refund(paid, Money(5_00, "EUR"), to="wallet", reason="Anne", key="wallet", by=me, now=now)
    payments.refund(paid, Money(5_00, "EUR"), key="card", by=me, now=now)
    carrying.settle(paid, now=now)
    Sandbox().refund(paid.reference, Money(1_00, "EUR"), key=str(new_id()), now=now)
    for _twice in range(2):
        reconciling.reconcile(since=now - timedelta(hours=1), until=now + timedelta(hours=1), by=me, now=now)
    reconciling.settle_difference(Difference.objects.first().pk, note="Anne", by=me, now=now)
    Sandbox().refund(paid.reference, Money(1_00, "EUR"), key=str(new_id()), now=now)
    reconciling.reconcile(since=now - timedelta(hours=1), until=now + timedelta(hours=1), by=me, now=now)
    return paid, challenged


def session_of(user, *, trusted: bool) -> str:
    """A session; `trusted` where the reader said a moment ago once more who she is, as some pages ask."""
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    session = client.session
    at = utc_now().timestamp() - (0 if trusted else 24 * 3600)
    session["account_authentication_methods"] = [
        {"method": "password", "at": at, "email": user.email, "reauthenticated": trusted}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def visit(browser, live_server, world):
    """Opens a page of the catalogue as who it asks for: `with_look = visit("fr", 360, "dark")`, `with_look(shown)`."""
    contexts: dict[str, object] = {}

    def in_look(language: str, width: int, theme: str):
        def page_of(who: str):
            if who not in contexts:
                context = browser.new_context(
                    viewport={"width": width, "height": 800}, base_url=live_server.url, reduced_motion="reduce"
                )
                context.add_init_script(path=AXE)
                cookies = {"egard_language": language, "egard_theme": theme}
                if who == "anne":
                    cookies[COOKIE] = portal_session_of(world.anne)
                elif who != "nobody":
                    cookies[settings.SESSION_COOKIE_NAME] = session_of(world.users[who], trusted=who != "asked again")
                context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
                contexts[who] = context.new_page()
            return contexts[who]

        def open_one(shown, width=width):
            page, complaints = page_of(shown.who), []
            note = lambda told: told.type in ("error", "warning") and complaints.append(f"console: {told.text}")  # noqa: E731
            fail = lambda error: complaints.append(f"script: {error}")  # noqa: E731
            page.on("console", note)
            page.on("pageerror", fail)
            address = shown.url(world)  # asked once: some carry the second in which they were signed
            answer = page.goto(address)
            page.wait_for_function(SETTLED)
            for selector in shown.opened:
                if width < 400 or selector != DRAWER:
                    page.locator(selector).first.click()
            asked, came = (url.split("?")[0] for url in (address, page.url.removeprefix(live_server.url)))
            if asked != came:
                complaints.append(f"led to {came}")
            if answer.status != shown.status:
                complaints.append(f"answered {answer.status}, not {shown.status}")
            page.remove_listener("console", note)
            page.remove_listener("pageerror", fail)
            if shown.status >= 400:  # Chromium notes each such answer itself; this one was asked for
                complaints = [told for told in complaints if f"status of {shown.status}" not in told]
            return page, complaints

        return open_one

    yield in_look
    for page in contexts.values():
        page.context.close()


@pytest.mark.parametrize("group", range(len(GROUPS)))
@pytest.mark.parametrize(("language", "theme", "width", "other"), LOOKS)
def test_every_page_is_silent_within_the_screen_and_accessible(visit, language, theme, width, other, group):
    """Drawn once by the server for each language; the reader's choice and the turned screen put on the rest."""
    second = "dark" if theme == "light" else "light"
    open_one, wrong = visit(language, width, theme), []
    for shown in GROUPS[group]:
        page, found = open_one(shown)
        found += looked_at(page, shown, f"{width} {theme}", ALL)
        page.evaluate(THEME, second)
        found += looked_at(page, shown, f"{width} {second}", CONTRAST)
        page.set_viewport_size({"width": other, "height": 800})
        if shown.opened:  # what opens where depends on the screen
            found += open_one(shown, other)[1]
            page.evaluate(THEME, second)
        page.wait_for_function(SETTLED)
        found += looked_at(page, shown, f"{other} {second}", ALL)
        page.evaluate(THEME, theme)
        found += looked_at(page, shown, f"{other} {theme}", CONTRAST)
        page.set_viewport_size({"width": width, "height": 800})
        wrong += [f"{shown}: {what}" for what in found]
    assert not wrong, "\n" + "\n".join(wrong)


def looked_at(page, shown, look: str, rules: dict) -> list[str]:
    found = [f"wider than the screen: {what}" for what in page.evaluate(OVERFLOW)]
    found += page.evaluate(VIOLATIONS, [rules, shown.without])
    return [f"({look}) {what}" for what in found]


class Marked:
    """A catalogue of translations that puts ⟦ ⟧ around each, so that what was never translated shows."""

    def __init__(self, catalogue) -> None:
        self.catalogue = catalogue

    def get(self, key, default=None):
        found = self.catalogue.get(key, None)
        return default if found is None else f"⟦{found}⟧" if found else found

    def __getitem__(self, key):
        return f"⟦{self.catalogue[key]}⟧"

    def __contains__(self, key) -> bool:
        return key in self.catalogue

    def plural(self, msgid, n):
        return f"⟦{self.catalogue.plural(msgid, n)}⟧"


@pytest.fixture
def marked_french(monkeypatch):
    """French in which every translated text is marked; nothing translated before is remembered."""
    french = trans_real.translation("fr")
    forget_translations()
    monkeypatch.setattr(french, "_catalog", Marked(french._catalog))
    monkeypatch.setattr(Text, "said", lambda text, language: f"⟦{text.fr}⟧")  # what files of case types say in French
    yield
    forget_translations()


def forget_translations() -> None:
    for one in gc.get_objects():
        if type(one) is functools._lru_cache_wrapper and (one.__module__ or "").startswith("egard."):
            one.cache_clear()


DATA = re.compile(
    r"[\w.+-]+@[\w.-]+|https?://\S+|Egard|Sandbox|Anne|Lebœuf|Camille|Lefèvre|CES?T|TOTP|"
    r"Test|ba-a|be-a|Firefox|\bEUR\b|Français|English|"
    # teams that departments of case types became
    r"Accounting|Legal|Logistics|Quality|Security|"
    # codes and names of accounts of the ledger
    r"\b(?:weekdays|funds|house|payments|received|sandbox|wallet)\b|"
    # what the component page and the timeline are shown with
    r"\bCL\b|\bNB\b|Nora Benali|Lyon Bellecour|Paris Le Marais|Zoé Martin|Zoé|Martin|Inès Ferrand|nobodyiscalledthis|"
    r"nothingofthiskind|Inès|Ferrand|Nora|Benali|"
    # codes of teams, places and types of case, and what the files of types and of rules say in the house's language
    r"\b(?:accounting|legal|logistics|lyon|quality|security)\b|"
    r"\b(?:stolen_phone|late_delivery|wrong_charge|damaged_goods|data_request|complaint|incident)\b|"
    r"Demander les images du magasin|Obtenir le procès-verbal|Réponse au client|ACPR|"
    r"Comptabilité|Juridique|Logistique|Qualité|Sécurité|"
    r"[\d.]+rem|#[0-9a-f]{6}|\b[A-Z2-7]{16,}\b|[0-9a-f]{4,}(?:-[0-9a-f]{4,})+|\bFR\b|\bLyon\b",
)


def unmarked(text: str) -> list[str]:
    """The words outside of every ⟦ ⟧, without names and other data."""
    outside, depth = [], 0
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        outside.append(character if depth == 0 and character != "⟧" else " ")
    left = DATA.sub(" ", "".join(outside))
    return re.findall(r"[^\W\d_]{2,}(?:[ ’'-]+[^\W\d_]+)*", left)


def test_every_word_on_every_page_is_translated(visit, marked_french):
    """A text that misses `translate`, or its French, stands without its mark."""
    open_one, wrong = visit("fr", 1280, "light"), {}
    for shown in PAGES:
        if shown.data or shown.without:
            continue
        page, complaints = open_one(shown)
        if found := complaints + sorted({word for text in page.evaluate(TEXTS) for word in unmarked(text)}):
            wrong[str(shown)] = found
    assert not wrong, "".join(f"\n{page}: {', '.join(words)}" for page, words in wrong.items())


def test_a_forgotten_word_would_be_found():
    assert unmarked("⟦Rôle⟧\nForgotten here\n⟦a {⟦b⟧} c⟧ anne@example.org 12:30") == ["Forgotten here"]
