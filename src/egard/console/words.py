"""Names that travel as codes (roles, channels, purposes), in words. An unknown code is shown as it is, readable."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.base.text import fold

ROLES: dict[str, Any] = {
    "customer": _("Customer"),
    "candidate": _("Candidate"),
    "employee": _("Employee"),
    "member": _("Member"),
    "driver": _("Driver"),
    "partner": _("Partner"),
}
ROLES_AWAITING: dict[str, Any] = {}
"""What a role of staff will see, where no page is there for it yet."""
CHANNELS: dict[str, Any] = {
    "email": _("E-mail"),
    "sms": _("Text message"),
    "voice": _("Phone"),
    "phone": _("Phone"),
    "call": _("Phone"),
    "chat": _("Chat"),
    "web": _("Web site"),
    "counter": _("In the shop"),
    "shop": _("In the shop"),
    "post": _("Post"),
    "mobile": _("Mobile application"),
    "app": _("Mobile application"),
    "api": _("Application"),
    "import": _("File"),
}
PURPOSES: dict[str, Any] = {
    "news": _("News"),
    "newsletter": _("Newsletter"),
    "offers": _("Offers"),
    "marketing": _("Offers"),
    "events": _("Invitations"),
    "service": _("Service messages"),
    "surveys": _("Surveys"),
    "survey": _("Surveys"),
}
PURPOSES_OFFERED = ("offers", "newsletter", "events", "surveys", "service")
REACH_CHANNELS = ("email", "sms", "voice", "post")
"""What a consent recorded by hand may be for, and on which channels."""
LANGUAGES: dict[str, Any] = {"fr": _("French"), "en": _("English")}


def channels_named(q: str) -> list[str]:
    """The channels whose words, as the reader sees them, hold the typed text; none where nothing is typed."""
    text = fold(q.strip())
    return [code for code, said in CHANNELS.items() if text and text in fold(str(said))]


def word(table: dict[str, Any], code: str) -> str:
    return str(table.get(code) or code.replace("_", " ").replace("-", " ").capitalize())


SIGHTS: dict[str, Any] = {
    "person": _("opened the file"),
    "reason": _("said why"),
    "timeline": _("read the history"),
    "panel": _("read a panel"),
    "identifiers": _("read the ways to reach"),
    "roles": _("read the roles"),
    "consents": _("read the consents"),
    "adviser": _("read who advises"),
    "export": _("took a copy"),
    "list": _("searched"),
    "sights": _("read who saw the file"),
    "audit": _("read the log"),
    "import": _("took refused rows"),
    "merge": _("compared two records"),
    "merges": _("read the merges"),
    "message": _("read a message"),
    "promise": _("read a promise"),
    "payment": _("read a payment"),
    "complaint": _("read a complaint"),
    "account": _("read an account"),
    "visit": _("read a visit"),
    "visits.feed": _("read the calendar of visits"),
}
"""What a sight is, by its kind."""
DOORS: dict[str, Any] = {
    "page": _("on the pages"),
    "api": _("through a program"),
    "command": _("on the server"),
    "portal": _("in her own space"),
}
SYSTEM: dict[str, Any] = {
    "command": _("A command on the server"),
    "import": _("An import"),
    "demo": _("The demo"),
    "prepare": _("The installation"),
    "setup": _("The installation"),
    "portal": _("The personal spaces"),
}
CHANGES: dict[str, Any] = {
    "access.user_created": _("created a user"),
    "access.user_suspended": _("suspended a user"),
    "access.user_resumed": _("let a user in again"),
    "access.password_set": _("set a password"),
    "access.role_granted": _("gave a role"),
    "access.role_ended": _("took a role back"),
    "access.places_set": _("changed teams and sites"),
    "access.key_created": _("created a key"),
    "messages.template_set": _("wrote a template"),
    "messages.sent_to_many": _("sent one text to many people"),
    "messages.template_retired": _("retired a template"),
    "signature.published": _("published our style"),
    "messages.address_revived": _("marked an address as working again"),
    "access.key_revoked": _("revoked a key"),
    "access.site_created": _("created a site"),
    "access.site_changed": _("changed a site"),
    "access.team_created": _("created a team"),
    "access.team_changed": _("changed a team"),
    "people.protected": _("protected a file"),
    "people.unprotected": _("ended the protection of a file"),
    "people.adviser_named": _("named an adviser"),
    "people.adviser_removed": _("took an adviser away"),
    "people.adviser_put_back": _("undid the naming of an adviser"),
    "people.erased": _("erased a person"),
    "people.merged": _("merged two persons"),
    "people.unmerged": _("undid a merge"),
    "import.done": _("brought in a file"),
    "portal.signed_in": _("let a person into her space"),
    "portal.corrected": _("corrected her details"),
    "portal.phone_added": _("added a phone"),
    "portal.phone_removed": _("took a phone away"),
    "portal.address_changed": _("changed her e-mail address"),
    "cases.migrated": _("moved cases to another version"),
    "cases.migration_reverted": _("took a move of cases back"),
    "cases.type_published": _("published a kind of case"),
    "complaints.rules_set": _("changed the rules of complaints"),
    "ledger.closed": _("closed the books"),
    "gestures.plan_made": _("made a plan of control"),
    "gestures.plan_ended": _("ended a plan of control"),
    "gestures.drawn": _("drew gestures to control"),
    "gestures.draw_closed": _("closed a draw"),
    "promises.calendar_set": _("changed opening hours"),
    "promises.published": _("published kinds of promises"),
    "reach.page_opened": _("opened the page on which anybody asks to be called"),
    "reach.page_closed": _("closed the page on which anybody asks to be called"),
    "promises.unpublished": _("took kinds of promises back"),
    "delegations.granted": _("delegated a decision"),
    "gestures.catalogue_published": _("published the catalogue of gestures"),
    "gestures.budget_set": _("set a budget of gestures"),
    "gestures.redemption_undone": _("undid the use of a voucher"),
    "visits.shop_set": _("set how a shop receives people"),
    "visits.reason_set": _("set a reason to come"),
    "visits.reason_ended": _("ended a reason to come"),
    "visits.host_set": _("set whom somebody receives"),
    "visits.room_set": _("set a room of a shop"),
    "visits.day_closed": _("closed a shop for a day"),
    "visits.feed_set": _("set somebody’s other calendar"),
    "visits.feed_renewed": _("made a calendar address for visits"),
    "visits.feed_ended": _("ended a calendar address for visits"),
    "visits.waited_openly": _("put her name on a waiting list"),
    "visits.host_relieved": _("took somebody off visits"),
    "reach.desk_set": _("set an adviser’s desk"),
    "reach.absence_added": _("added an absence"),
    "reach.absence_ended": _("ended an absence"),
    "reach.handover_planned": _("planned to hand a portfolio over"),
    "reach.handover_withdrawn": _("withdrew the handover of a portfolio"),
    "reach.handed_over": _("handed a portfolio over"),
    "delegations.changed": _("changed a delegation"),
    "delegations.ended": _("ended a delegation"),
    "delegations.training_set": _("named a training"),
    "delegations.trained": _("recorded a training"),
    "delegations.training_withdrawn": _("withdrew a training"),
    "friction.change_declared": _("declared a change of a process"),
    "friction.change_ended": _("ended a change of a process"),
    "friction.reckoned": _("had the figures of friction reckoned"),
    "demo.started": _("began the demo"),
    "demo.gestures": _("gave the demo’s gestures"),
    "demo.reach": _("took the demo’s calls"),
    "demo.payments": _("took the demo’s payments"),
    "demo.loaded": _("brought in the demo"),
}
SCOPES: dict[str, Any] = {
    "": _("as the role says"),
    "own": _("her own clients"),
    "team": _("her team’s clients"),
    "site": _("her sites’ clients"),
    "all": _("everybody"),
}
"""How far a role reaches."""
