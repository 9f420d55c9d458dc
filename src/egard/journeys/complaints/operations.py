"""Taking in a complaint, joining two that are one, and following what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.money import Money
from egard.base.refusal import Conflict, Refusal
from egard.journeys.complaints import facts, queries, rules
from egard.journeys.complaints.following import record_fact
from egard.journeys.complaints.models import Complaint, Contact
from egard.journeys.complaints.rules import RuleSet
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_change
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import operations as cases
from egard.kernel.cases import types
from egard.kernel.cases.models import CaseType
from egard.kernel.people.models import Person
from egard.kernel.people.operations import BadIdentifier, normalise
from egard.kernel.registry import registry
from egard.portal.operations import keyed

WORDS_MAX = 10_000
CONTACT_MAX = 200
HOUR, PLACE_KEPT = timedelta(hours=1), timedelta(days=1)
GIVE = "gestures.grant"
PER_HOUR = 20
"""So many complaints are taken in from one place: a family, a shop's customers behind one address."""


class NothingSaid(Refusal):
    """A complaint needs words: what happened, or at least what it is about."""

    code = "complaints.nothing_said"
    title = _("Nothing is written")
    message = _("Write what happened, in a few words.")


class TooManyWords(Refusal):
    """One of the texts is longer than its field."""

    code = "complaints.too_long"
    message = _("At most {most} characters.")


class TooMany(Refusal):
    """Many complaints came from this place within the hour: wait, or call."""

    code = "complaints.too_many"
    status = 429
    title = _("Many complaints came from here")
    message = _("Many complaints came from your connection within the hour. Please try again later, or call us.")


class NotReachable(Refusal):
    """Who asks to be answered says where: an e-mail address or a phone number."""

    code = "complaints.not_reachable"
    title = _("We could not reach you there")
    message = _("Write an e-mail address or a phone number, or leave it empty.")


class NoGesture(Refusal):
    """A gesture goes with a complaint of a known person that is settled at once."""

    code = "complaints.no_gesture"
    message = _("A gesture is given to somebody known, when the complaint is settled at once.")


class NotTheirs(Conflict):
    """A complaint is joined to an open one of the same person."""

    code = "complaints.not_theirs"
    title = _("This is somebody else’s complaint, or it is closed")
    message = _("A complaint can be joined to an open one of the same person only.")


class NotARuleSet(Refusal):
    """A rule set says `name`, `title`, `acknowledge` and `answer`."""

    code = "complaints.bad_rules"
    message = _("This is no rule set: {why}.")


def receive(
    viewer: Viewer,
    words: str,
    *,
    person: Person | None = None,
    contact: str = "",
    subject: str = "",
    category: str = "",
    order_number: str = "",
    channel: str,
    settled: str = "",
    outcome: str = rules.NOT_ASKED,
    gesture: tuple[str, int | Money | None] | None = None,
    into: UUID | None = None,
    key: str,
    now: datetime,
) -> Complaint:
    """Take in a complaint of anybody, by any channel. `contact` is how to reach somebody who is no client.

    `settled`: what was done about it at once, in the same contact; then it is answered and closed, is the agent's own,
    and has the `outcome` that the person told (`rules.SAID_OF_IT`). `gesture`: what a
    known person is given with it, a kind of the catalogue and an amount; where that waits for a second person the
    complaint stays open, as nothing is settled yet. `into`: the open
    complaint of the same person to which it belongs, where the agent says so. The same `key` is one complaint.
    Raises `NotAllowed`, `NothingSaid`, `TooManyWords`, `NotTheirs`, `EvidenceMissing`, `BadData`.
    """
    viewer.require(queries.RECEIVE)
    words, subject = _clean("words", words, WORDS_MAX), _clean("subject", subject, facts.SUBJECT_MAX)
    contact, order_number = _clean("contact", contact, CONTACT_MAX), _clean("order_number", order_number, 64)
    if gesture and (person is None or not settled or not registry.has(GIVE)):
        raise NoGesture
    if not words and not subject:
        raise NothingSaid(fields={"words": str(NothingSaid.message)})
    told = {"words": words, "subject": subject or _first_words(words), "category": category,
            "order_number": order_number, "contact": contact}  # fmt: skip
    acting = replace(system_viewer("complaints"), actor=viewer.actor, user_id=viewer.user_id)
    try:
        with transaction.atomic():
            if held := _before(key):
                return held
            if into is not None:
                return _join(viewer, acting, into, told, person=person, channel=channel, key=key, now=now)
            data = {name: value for name, value in told.items() if value}
            answered = {"once_and_done": True, "answer": settled[:WORDS_MAX]} if settled else {}
            give = _giving(viewer, person, gesture, settled, channel, now=now) if gesture and person else None
            try:
                with transaction.atomic():
                    return _opened(acting, person, data | answered, give, outcome, channel=channel, key=key, now=now)
            except _Waits:  # nothing is settled while somebody else must agree
                return _opened(acting, person, data, give, channel=channel, key=key, now=now)
    except IntegrityError:  # sent twice at the same moment
        if held := _before(key):
            return held
        raise


class _Waits(Exception):
    """What should settle it waits for a second person."""


def _opened(
    acting: Viewer,
    person: Person | None,
    data: dict[str, Any],
    give: Callable[[UUID], bool] | None,
    outcome: str = "",
    *,
    channel: str,
    key: str,
    now: datetime,
) -> Complaint:
    """A case of it; settled and closed where `data` says so. Raises `_Waits`."""
    settled = bool(data.get("once_and_done"))
    owner = User.objects.filter(pk=acting.user_id).first() if settled and acting.user_id else None
    case = cases.open_case(acting, rules.TYPE, person, data=data, owner=owner, channel=channel, now=now)
    _came(case.id, channel=channel, by=acting.actor, key=key, now=now)
    if give and not give(case.uuid) and settled:
        raise _Waits
    if settled or data.get("category"):
        cases.complete_step(acting, case.uuid, "listen", {}, now=now)
    if settled:
        cases.close_case(acting, case.uuid, outcome=outcome, now=now)
    return Complaint.objects.select_related("case").get(pk=case.id)


def _giving(
    viewer: Viewer,
    person: Person,
    gesture: tuple[str, int | Money | None],
    why: str,
    channel: str,
    *,
    now: datetime,
) -> Callable[[UUID], bool]:
    """What gives a gesture for a case, in the same transaction; whether it was given at once."""
    kind, amount = gesture

    def give(case: UUID) -> bool:
        made = registry.call(
            GIVE, viewer, person, kind, amount, subject=f"case:{case}", reason=why[:500], responsibility="ours",
            severity=2, channel=channel, key=f"complaint:{case}", now=now,
        )  # fmt: skip
        return made.state == "granted"

    return give


def _before(key: str) -> Complaint | None:
    held = Contact.objects.filter(key=key).select_related("complaint__case").first()
    return held.complaint if held else None


def _came(complaint_id: int, *, channel: str, by: Actor, key: str, now: datetime) -> None:
    Contact.objects.create(complaint_id=complaint_id, at=now, channel=channel, by=str(by), key=key)


def _join(
    viewer: Viewer, acting: Viewer, into: UUID, told: dict[str, str], *, person: Person | None, channel: str, key: str,
    now: datetime,
) -> Complaint:  # fmt: skip
    """She comes again about the same: it stands on the open complaint, and no longer waits for her."""
    held = queries.complaint(viewer, into)
    same = held.case.person_id in person.members if person else _same_contact(held, told["contact"])
    if not same or held.case.status != "open":
        raise NotTheirs
    said = "\n".join(text for text in (told["subject"], told["words"]) if text)
    cases.write_note(acting, into, said, key=f"complaint:{key}"[:200], now=now)
    if (held.case.snapshot or {}).get("data", {}).get("waits_for_client"):
        cases.edit_data(acting, into, {"waits_for_client": False}, now=now)
    _came(held.pk, channel=channel, by=viewer.actor, key=key, now=now)
    contacts = Contact.objects.filter(complaint=held).count()
    Complaint.objects.filter(pk=held.pk).update(contacts=contacts)
    fact = facts.ComplaintReceived(into, told["subject"], told["category"], again=True)
    record_fact(held.case.person_id, fact, f"again:{key}", at=now, by=viewer.actor, channel=channel, now=now)
    return queries.complaint(viewer, into)


def _same_contact(held: Complaint, contact: str) -> bool:
    return held.case.person_id is None and bool(held.contact) and held.contact == rules.contact_key(contact)


@transaction.atomic
def join(viewer: Viewer, complaint: UUID, into: UUID, *, now: datetime) -> Complaint:
    """Two open complaints of one person are one: what the first says goes on the other, and it is closed as joined.

    Raises `NotAllowed`, `NotFound`, `NotTheirs`.
    """
    viewer.require(queries.RECEIVE)
    first, other = queries.complaint(viewer, complaint), queries.complaint(viewer, into)
    if complaint == into or first.case.status != "open" or (first.case.person_id is not None and (
        other.case.person_id not in _person(first.case.person_id).members
    )):  # fmt: skip
        raise NotTheirs
    acting = replace(system_viewer("complaints"), actor=viewer.actor, user_id=viewer.user_id)
    data, person = (first.case.snapshot or {}).get("data", {}), _person(first.case.person_id)
    told = {name: data.get(name, "") for name in ("words", "subject", "category", "order_number", "contact")}
    _join(viewer, acting, into, told, person=person, channel=first.channel, key=f"join:{complaint}", now=now)
    cases.close_case(acting, complaint, outcome="joined", override=f"→ {into}", now=now)
    return queries.complaint(viewer, into)


def _person(pk: int | None) -> Any:
    return Person.objects.get(pk=pk) if pk else None


def _clean(name: str, text: str, most: int) -> str:
    clean = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(clean) > most:
        raise TooManyWords(most=most, fields={name: str(TooManyWords.message).format(most=most)})
    return clean


def _first_words(words: str) -> str:
    """What it is about, where nobody said: its first sentence, or its first words."""
    line = words.split("\n")[0].split(". ")[0]
    return line if len(line) <= 100 else line[:100].rsplit(" ", 1)[0] + "…"


# --- what is promised -------------------------------------------------------------------------------------------------

RULE_SETS = Path(__file__).parent / "rule_sets"
DEFAULT = "acpr-2022-r-01"


def use_rules(viewer: Viewer, source: str, *, now: datetime) -> CaseType:
    """From now on complaints are promised what a rule set says: another version of the type of case, which is else as
    it was. Running complaints keep what they were promised. Raises `NotAllowed`, `NotARuleSet`, `BadType`.
    """
    viewer.require(queries.DEFINE)
    chosen = read(source)
    current = CaseType.objects.get(pk=types.current(rules.TYPE).pk)
    try:
        edited = rules.with_rules(current.source, chosen)
    except rules.BadRules as error:
        raise NotARuleSet(why=str(error)) from error
    made = types.publish(edited, by=viewer.actor, now=now)
    if made.pk != current.pk:
        log_change("complaints.rules_set", by=viewer.actor, now=now, subject=chosen.name, version=made.version)
    return made


def shipped(name: str) -> str:
    """The file of a rule set that ships. Raises `NotARuleSet`."""
    known = {path.stem: path for path in sorted(RULE_SETS.glob("*.yaml"))}
    if name not in known:
        raise NotARuleSet(why=", ".join(known))
    return known[name].read_text(encoding="utf-8")


def complain(
    person: Person, words: str, *, category: str = "", order_number: str = "", key: str, now: datetime
) -> Complaint:
    """What she writes herself, in her own space. Raises as `receive`."""
    herself = replace(system_viewer("portal"), actor=Actor("person", str(person.uuid)))
    return receive(
        herself, words, person=person, category=category, order_number=order_number, channel="web", key=key, now=now
    )


def complain_openly(
    words: str,
    *,
    contact: str = "",
    category: str = "",
    order_number: str = "",
    place: str,
    key: str,
    now: datetime,
) -> Complaint:
    """What anybody writes, without a space of her own. `contact` says how to reach her; nobody becomes a client by it,
    and nobody's file is opened by it. `place` is where it is sent from: many from one are refused. Raises as `receive`,
    `NotReachable` and `TooMany`.
    """
    anybody = replace(system_viewer("complaints"), actor=Actor("system", "public"))
    contact, where = _reachable(contact), keyed("complaints.place", place.encode())
    with transaction.atomic():
        held = _before(key)
        if held is None:
            _require_room(where, now=now)
            held = receive(
                anybody, words, contact=contact, category=category, order_number=order_number, channel="web", key=key,
                now=now,
            )  # fmt: skip
            Contact.objects.filter(key=key).update(place=where)
    return held


def _reachable(contact: str) -> str:
    """Where somebody is to be answered, who says it herself; nothing where she stays unknown. Raises `NotReachable`."""
    typed = contact.strip()
    for kind in ("email", "phone"):
        try:
            return normalise(kind, typed) if typed else ""
        except BadIdentifier:
            continue
    raise NotReachable(fields={"contact": str(NotReachable.message)})


def _require_room(place: bytes, *, now: datetime) -> None:
    with connection.cursor() as cursor:  # who sends at once is counted one after the other
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 7))", [place.hex()])
    Contact.objects.filter(place__isnull=False, at__lt=now - PLACE_KEPT).update(place=None)
    if Contact.objects.filter(place=place, at__gt=now - HOUR).count() >= PER_HOUR:
        raise TooMany


def read(source: str) -> RuleSet:
    """Raises `NotARuleSet`."""
    try:
        return rules.read_rules(source)
    except rules.BadRules as error:
        raise NotARuleSet(why=str(error)[:200]) from error


def erase(person: Person, *, now: datetime) -> None:
    """How to reach her goes; that she complained and what came of it stays. The words are the case's."""
    Complaint.objects.filter(case__person=person).exclude(contact="").update(contact="")
