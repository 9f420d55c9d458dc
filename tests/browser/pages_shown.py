"""The catalogue of pages: each address of the product is opened here, or says why it is no page.

A journey lists its own pages in `tests/pages.py` of its folder, as `PAGES` and `NO_PAGES` of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from inspect import getclosurevars
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse


@dataclass(frozen=True, slots=True)
class Shown:
    """One page in one state.

    `name` is its address in the URL conf; `args(world)` its arguments; `who` is signed in (a role, `nobody`);
    `opened` are selectors clicked once it is there; `status` is the answer that it comes with; `path` stands for an
    address of no name; `without` is a part that others drew, which is not ours to mend; `data`
    says that words of messages or of rules stand there, in the language of whoever gets them.
    """

    name: str
    args: Callable[[Any], dict[str, Any]] = lambda world: {}
    query: str = ""
    who: str = "agent"
    opened: tuple[str, ...] = ()
    status: int = 200
    path: str = ""
    without: str = ""
    data: bool = False

    def url(self, world: Any) -> str:
        return self.path or reverse(self.name, kwargs=self.args(world)) + self.query.format(twin=world.twin.uuid)

    def __str__(self) -> str:
        return " ".join(part for part in (self.path or self.name, self.query, *self.opened, f"({self.who})") if part)


DRAWER = ".side-toggle"
"""What opens the menu where the screen is narrow; there is nothing to click where it is wide."""


def anne(world: Any) -> dict[str, Any]:
    return {"uuid": world.anne.uuid}


def nameless(world: Any) -> dict[str, Any]:
    return {"uuid": world.nameless.uuid}


def promise(world: Any) -> dict[str, Any]:
    return {"uuid": world.promise.uuid}


def thread(world: Any) -> dict[str, Any]:
    return {"uuid": world.thread.uuid}


def chat(world: Any) -> dict[str, Any]:
    return {"uuid": world.chat.uuid}


def unsubscribing(world: Any) -> dict[str, Any]:
    return {"token": world.unsubscribing}


def delegation(world: Any) -> dict[str, Any]:
    return {"uuid": world.delegation.pk}


def payment(world: Any) -> dict[str, Any]:
    return {"uuid": world.payment.pk}


def case(world: Any) -> dict[str, Any]:
    return {"uuid": world.case.uuid}


PAGES: tuple[Shown, ...] = (
    Shown("console:people"),
    Shown("console:people", query="?q=leb"),
    Shown("console:people", query="?q=nobodyiscalledthis"),
    Shown("console:people", opened=(DRAWER, ".whoami")),
    Shown("console:home", who="plain"),
    Shown("console:person", anne, opened=("#ways .edit summary", "#consents .edit summary")),
    Shown("console:person", nameless),
    Shown("console:person", anne, query="?in=nothingofthiskind"),
    Shown("console:components"),
    Shown("console:worklists", who="adviser"),
    Shown("console:worklist", lambda world: {"name": "clients"}, who="adviser"),
    Shown("console:details", anne),
    Shown("console:worklist", lambda world: {"name": "promises"}, opened=(".work-row .work-open",)),
    Shown("console:promise", promise, opened=(".promise-whole .edit summary",)),
    Shown("console:cockpit", who="administrator", opened=(".cockpit-head summary",)),
    Shown("console:cockpit_list", who="administrator", query="?months=12&state=broken"),
    Shown("console:admin_promises", who="administrator", opened=(".calendar summary",)),
    Shown("console:inbox", opened=(".work-row .work-open",), data=True),
    Shown("console:thread", thread, opened=(".said-folded summary",), data=True),
    Shown("console:thread", thread, opened=(".answer-texts summary",), data=True),
    Shown("console:texts", who="administrator", data=True),
    Shown("console:text_new", query="?kind=whole", who="administrator", data=True),
    Shown("console:text_many", lambda world: {"code": "be-a", "language": "fr"}, who="administrator", data=True),
    Shown("console:text", lambda world: {"code": "ba-a", "language": "fr"}, who="administrator", data=True),
    Shown("portal:unsubscribe", unsubscribing, who="nobody"),
    Shown("portal:messages", who="anne", data=True),
    Shown("portal:conversation", chat, who="anne", data=True),
    Shown("portal:promises", who="nobody"),
    Shown("console:case", case),
    Shown("console:case", case, query="?step=decide", opened=("[data-press=why] summary",)),
    Shown("console:case", case, query="?step=block", who="administrator", opened=("[data-press=close] > summary",)),
    Shown("console:case", lambda world: {"uuid": world.closed.uuid}),
    Shown("console:case_data", case),
    Shown("console:case_outside"),
    Shown("console:case_types"),
    Shown("console:case_type", lambda world: {"name": "stolen_phone"}),
    Shown("console:worklist", lambda world: {"name": "cases"}),
    Shown("console:worklist", lambda world: {"name": "cases"}, query="?whose=all"),
    Shown("console:worklist", lambda world: {"name": "case-mentions"}),
    Shown("about_demo", status=404),
    Shown("account_login", who="nobody"),
    Shown("account_signup", who="nobody"),
    Shown("account_reset_password", who="nobody"),
    Shown("account_reset_password_done", who="nobody"),
    Shown("account_reset_password_from_key", lambda world: {"uidb36": "1", "key": "over"}, who="nobody"),
    Shown("account_reset_password_from_key_done", who="nobody"),
    Shown("account_inactive", who="nobody"),
    Shown("account_logout"),
    Shown("account_reauthenticate", who="asked again"),
    Shown("mfa_reauthenticate", who="asked again"),
    Shown("account_change_password"),
    Shown("mfa_index"),
    Shown("mfa_activate_totp"),
    Shown("mfa_index", who="two steps"),
    Shown("mfa_view_recovery_codes", who="two steps"),
    Shown("mfa_generate_recovery_codes", who="two steps"),
    Shown("mfa_deactivate_totp", who="two steps"),
    Shown("api docs", path="/api/v1/docs", who="nobody", without="#swagger-ui"),
    Shown("console:duplicates", who="administrator"),
    Shown("console:merge", anne),
    Shown("console:merge", anne, query="?q=martin"),
    Shown("console:merge", anne, "?with={twin}"),
    Shown("console:sights", anne, who="auditor"),
    Shown("console:person", lambda world: {"uuid": world.hidden.uuid}, status=403),
    Shown("console:admin", who="administrator"),
    Shown("console:users", who="administrator"),
    Shown("console:user", lambda world: {"uuid": world.users["agent"].pk}, who="administrator"),
    Shown("console:keys", who="administrator"),
    Shown("console:places", who="administrator"),
    Shown("console:ledger", who="administrator"),
    Shown("console:ledger", who="auditor", query="?q=nothingofthisname"),
    Shown("console:ledger_account", lambda world: {"uuid": world.account.uuid}, who="administrator"),
    Shown("console:delegations", who="administrator"),
    Shown("console:delegations", who="auditor", query="?over=1"),
    Shown("console:delegation", delegation, who="administrator"),
    Shown("console:trainings", who="administrator"),
    Shown("console:my_authority"),
    Shown("console:my_authority", who="plain"),
    Shown("console:payments", who="administrator"),
    Shown("console:payment", payment, who="administrator"),
    Shown("console:payment", lambda world: {"uuid": world.challenged.pk}),
    Shown("console:payment_differences", who="administrator", query="?settled=1"),
    Shown("console:payment_sandbox"),
    Shown("console:audit", who="auditor"),
    Shown("console:audit_changes", who="auditor"),
    Shown("console:audit_figures", who="auditor"),
    Shown("console:sent", who="administrator", data=True),
    Shown("console:sent_one", lambda world: {"uuid": world.message.uuid}, who="administrator", data=True),
    Shown("console:imports", who="administrator"),
    Shown("console:case_figures", lambda world: {"name": "stolen_phone"}, who="administrator"),
    Shown("portal:sign_in", who="nobody"),
    *(
        Shown(f"portal:{name}", who="anne")
        for name in ("home", "data", "name", "address", "phone", "email", "copy", "erasure", "consents", "sights")
    ),
    Shown("portal:devices", who="anne"),
    Shown("portal:erased", who="nobody"),
    Shown("nothing here", path="/nothing-here", status=404),
    Shown("not open", path="/people/", who="analyst", status=403),
    Shown("no such part", path="/people/?cursor=wrong", status=422),
)

NO_PAGES: dict[str, str] = {
    "/": "leads to where each begins",
    "console:timeline": "a part of the person's page",
    "console:thread_file": "a file",
    "console:thread_letter": "a file",
    "console:panel": "a part of the person's page",
    "console:part": "a part of the person's page",
    "console:here": "a part of the person's page",
    "console:live": "a stream",
    "portal:message_file": "a file",
    "portal:live": "a stream",
    "portal:reception": "a part of portal:messages",
    "portal:conversation_reception": "a part of portal:conversation",
    "console:cases": "leads to the list of cases",
    "console:case_part": "a part of console:case",
    "/cases/<uuid:uuid>": "the same page as console:case, without the last slash",
    "console:worklist_item": "a part of console:worklist",
    "console:worklist_matching": "a part of console:worklist",
    "console:choices": "a part of the palette; test_workbench.py opens it",
    "console:palette_people": "a part of the palette; test_workbench.py opens it",
    "console:colleagues": "for the page's script: names after an @",
    "console:drafts": "for the page's script: what was written and not sent",
    "/people/<uuid:uuid>": "the same page as console:person, without the last slash",
    "account_email": "stands behind the page that says who gives addresses",
    "account_email_verification_sent": "stands behind the page that says who gives addresses",
    "account_confirm_email": "stands behind the page that says who gives addresses",
    "account_set_password": "leads to the change of a password: nobody is without one",
    "account_confirm_login_code": "only inside a sign-in by code, which staff do not use",
    "mfa_authenticate": "only inside a sign-in; tests/console/test_second_step.py goes through it",
    "mfa_download_recovery_codes": "a file",
    "console:sent_drawn": "the mail itself, in a frame of console:sent_one: not our page",
    "console:audit_export": "a file",
    "console:ledger_statement": "a file",
    "console:import": "needs a file that was sent; test_import_page.py goes through it",
    "console:import_progress": "a part of console:import",
    "console:import_map_file": "a file",
    "console:import_rejects": "a file",
    "portal:code": "only inside a sign-in; the portal's own tests go through it",
    "portal:who": "only inside a sign-in; the portal's own tests go through it",
    "portal:email_code": "only inside a change of address; the portal's own tests go through it",
    "intake_sms": "for providers, who sign what they bring",
    "healthz": "for machines",
    "readyz": "for machines",
}


@dataclass(slots=True)
class Catalogue:
    """All pages, and all addresses that are none."""

    pages: list[Shown] = field(default_factory=list)
    no_pages: dict[str, str] = field(default_factory=dict)


def catalogue() -> Catalogue:
    """This file's pages, then each journey's own."""
    found = Catalogue(list(PAGES), dict(NO_PAGES))
    for app in settings.JOURNEYS:
        module = f"{app}.tests.pages"
        if find_spec(f"{app}.tests") and find_spec(module):
            own = import_module(module)
            found.pages += own.PAGES
            found.no_pages |= getattr(own, "NO_PAGES", {})
    return found


def addresses(resolver: URLResolver | None = None, spaces: tuple[str, ...] = (), path: str = "/") -> Iterator[str]:
    """The names of all addresses, an unnamed one by its pattern; those of the API are held by its own tests."""
    for entry in (resolver or get_resolver()).url_patterns:
        here = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            within = (*spaces, entry.namespace) if entry.namespace else spaces
            yield from addresses(entry, within, here)
            continue
        nameless = not entry.name and here.startswith("/^accounts/")
        if not nameless and not here.startswith(("/api/", "/^api/")) and is_read(entry):
            yield ":".join((*spaces, entry.name)) if entry.name else here


def is_read(entry: URLPattern) -> bool:
    """Whether an address takes GET, by its `require_POST` and the like; what only takes something in is no page."""
    return "GET" in getclosurevars(entry.callback).nonlocals.get("request_method_list", ["GET"])
