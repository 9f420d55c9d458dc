"""Making plans, drawing, finding, closing: each one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from egard.journeys.gestures.audits.kinds import KINDS
from egard.journeys.gestures.audits.models import (
    DEVIATION,
    OK,
    AuditAct,
    AuditDraw,
    AuditPlan,
    AuditTaken,
    FeedbackRead,
)
from egard.journeys.gestures.audits.models import Finding as FindingRow
from egard.journeys.gestures.audits.refusals import (
    AlreadyDrawn,
    BadFinding,
    BadPlan,
    DrawClosed,
    JudgedMeanwhile,
    NotAllJudged,
    NothingToDraw,
    NotOver,
    OwnAct,
    PlanEnded,
)
from egard.journeys.gestures.audits.rules import drawing
from egard.journeys.gestures.audits.rules.drawing import METHODS, Act
from egard.journeys.gestures.audits.rules.sizes import Unmeasurable, sample_size
from egard.journeys.gestures.models import Gesture
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.live import tell
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_change
from egard.kernel.delegations.models import Course
from egard.kernel.registry import Done

SEED_BYTES = 32
NAME_MAX, WORDS_MAX, TOLERATED_MAX, LEAST_MAX = 100, 1000, 20, 50
AMOUNT_MAX = 10**12


# --- plans ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def make_plan(
    name: str,
    *,
    currency: str,
    method: str = "acts",
    threshold: int | None,
    tolerable: int = 50,
    tolerated: int = 0,
    least: int = 2,
    tolerable_amount: int | None = None,
    by: Actor,
    now: datetime,
) -> AuditPlan:
    """A plan of control: amounts in minor units of `currency`, `tolerable` in thousandths of the acts.

    Raises `BadPlan`.
    """
    wrong: dict[str, str] = {}
    name = name.replace("\x00", "").strip()
    if not 0 < len(name) <= NAME_MAX:
        wrong["name"] = _("a name of 1 to 100 characters")
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        wrong["currency"] = _("a currency of three letters, as EUR")
    if method not in METHODS:
        wrong["method"] = _("“acts” or “money”")
    if threshold is not None and not 0 < threshold <= AMOUNT_MAX:
        wrong["threshold"] = _("an amount above zero, or none")
    if not 0 < tolerable < 1000:
        wrong["tolerable"] = _("more than nothing, and less than all")
    if not 0 <= tolerated <= TOLERATED_MAX:
        wrong["tolerated"] = _("0 to 20 deviations")
    if not 0 < least <= LEAST_MAX:
        wrong["least"] = _("1 to 50 acts of each colleague: nobody is out of reach")
    if method == "money" and not 0 < (tolerable_amount or 0) <= AMOUNT_MAX:
        wrong["tolerable_amount"] = _("an amount above zero")
    if not wrong:
        try:
            sample_size(Fraction(tolerable, 1000), tolerated)
        except Unmeasurable:
            wrong["tolerable"] = _("so few that nobody could look at as many acts as that takes")
    if wrong:
        raise BadPlan(why="; ".join(wrong.values()), fields=wrong)
    plan = AuditPlan.objects.create(
        name=name, currency=currency, method=method, threshold=threshold, tolerable=tolerable, tolerated=tolerated,
        least=least, tolerable_amount=tolerable_amount if method == "money" else None, made_at=now, by=str(by),
    )  # fmt: skip
    log_change("gestures.plan_made", by=by, now=now, subject=str(plan.uuid), name=name)
    return plan


@transaction.atomic
def end_plan(plan: AuditPlan, *, by: Actor, now: datetime) -> None:
    """Nothing more is drawn by it; ending it twice keeps the first date."""
    if AuditPlan.objects.filter(pk=plan.pk, ended_at=None).update(ended_at=now):
        log_change("gestures.plan_ended", by=by, now=now, subject=str(plan.uuid), name=plan.name)


# --- draws ------------------------------------------------------------------------------------------------------------

# The order of the two first statements is the point: what there is to draw from is fixed before anybody, the product
# included, has a seed.


def draw(plan: AuditPlan, since: datetime, until: datetime, *, by: Actor, now: datetime) -> AuditDraw:
    """Draw from the gestures granted from `since` to `until` (not included), and from those of earlier periods of this
    plan that came after their draw: freeze them, take a seed from the system's randomness, and write both, the
    commitment to them and the acts drawn.

    Raises `PlanEnded`, `NotOver`, `NothingToDraw`, `AlreadyDrawn`, `BadPlan` where the sample could not be borne.
    """
    if plan.ended_at is not None:
        raise PlanEnded
    if not since < until <= now:
        raise NotOver(fields={"until": str(NotOver.title)})
    try:
        with transaction.atomic():
            AuditPlan.objects.select_for_update(no_key=True).get(pk=plan.pk)  # draws of a plan come one after another
            acts, rows, left_out = _freeze(plan, since, until)
            seed = secrets.token_hex(SEED_BYTES)
            return _write(plan, since, until, acts, rows, left_out, seed, by=by, now=now)
    except IntegrityError as error:
        if "gestures_draw_apart" in str(error):
            raise AlreadyDrawn from error
        raise
    except Unmeasurable as error:
        raise BadPlan(why=str(error)) from error


def _freeze(plan: AuditPlan, since: datetime, until: datetime) -> tuple[list[Act], dict[str, int], int]:
    """The acts of a period, their rows by their ids, and how many are in other currencies. What was taken back later
    was granted all the same. A transaction that was still open when an earlier period was drawn committed its acts
    behind that draw's back: they are in this one.
    """
    granted = Gesture.objects.filter(granted_at__gte=since, granted_at__lt=until)
    before = AuditDraw.objects.filter(plan=plan, since__lte=OuterRef("granted_at"), until__gt=OuterRef("granted_at"))
    missed = Exists(before) & ~Exists(AuditTaken.objects.filter(plan=plan, gesture=OuterRef("pk")))
    found = Gesture.objects.filter(Q(granted_at__gte=since, granted_at__lt=until) | missed, currency=plan.currency)
    acts, rows = [], {}
    columns = ("pk", "uuid", "granted_by_id", "by", "amount")
    for pk, uuid, user, actor, amount in found.values_list(*columns):
        acts.append(Act(str(uuid), f"user:{user}" if user else actor.replace(" ", "_"), amount))
        rows[str(uuid)] = pk
    if not acts:
        raise NothingToDraw(fields={"since": str(NothingToDraw.title)})
    return acts, rows, granted.exclude(currency=plan.currency).count()


def _write(
    plan: AuditPlan, since: datetime, until: datetime, acts: list[Act], rows: dict[str, int], left_out: int, seed: str,
    *, by: Actor, now: datetime,
) -> AuditDraw:  # fmt: skip
    population = drawing.frozen(acts)
    digest = drawing.digest(population)
    drawn = drawing.draw(acts, plan.as_rules(), seed)
    certain = set(drawn.certain)
    pks = list(rows.values())
    late = Gesture.objects.filter(pk__in=pks).exclude(granted_at__gte=since, granted_at__lt=until).count()
    made = AuditDraw.objects.create(
        plan=plan, since=since, until=until, drawn_at=now, by=str(by), population=population, digest=digest, seed=seed,
        commitment=drawing.commitment(digest, seed), size=len(acts), sampled=len(drawn.certain) + len(drawn.chosen),
        late=late, left_out=left_out,
    )  # fmt: skip
    AuditTaken.objects.bulk_create((AuditTaken(plan=plan, draw=made, gesture_id=pk) for pk in pks), batch_size=5_000)
    # In the order of their lots: whoever looks at them one after the other looks at every colleague's in between.
    order = sorted([*drawn.certain, *drawn.chosen], key=lambda key: drawing.ticket(seed, key))
    AuditAct.objects.bulk_create(
        AuditAct(draw=made, gesture_id=rows[key], position=n, certain=key in certain) for n, key in enumerate(order, 1)
    )
    log_change(
        "gestures.drawn", by=by, now=now, subject=str(made.uuid), digest=digest, commitment=made.commitment,
        size=made.size, sampled=made.sampled,
    )  # fmt: skip
    tell("gesture_audits")
    return made


@transaction.atomic
def close_draw(row: AuditDraw, *, by: Actor, now: datetime) -> AuditDraw:
    """All was looked at: the result stands, and the seed is shown. Closing twice changes nothing.

    Raises `NotAllJudged`.
    """
    held = AuditDraw.objects.select_for_update().defer("population").get(pk=row.pk)
    if held.closed_at is not None:
        return held
    left = AuditAct.objects.filter(draw=held, findings=None).count()
    if left:
        raise NotAllJudged(left=left)
    AuditDraw.objects.filter(pk=held.pk).update(closed_at=now, closed_by=str(by))
    log_change("gestures.draw_closed", by=by, now=now, subject=str(held.uuid), seed=held.seed)
    tell("gesture_audits")
    held.closed_at, held.closed_by = now, str(by)
    return held


# --- findings ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def judge(
    act: AuditAct,
    verdict: str,
    *,
    kind: str = "",
    error: int | None = None,
    words: str = "",
    feedback: str = "",
    training: str = "",
    auditor: User,
    seen: int | None = None,
    by: Actor,
    now: datetime,
) -> FindingRow:
    """Write what was found of an act; the finding before it stays, and holds no longer. `seen` is the last finding that
    the auditor knows (its `pk`, 0 for none). Raises `OwnAct`, `BadFinding`, `JudgedMeanwhile`, `DrawClosed`.
    """
    draw_row = AuditDraw.objects.select_for_update().only("pk", "closed_at", "uuid").get(pk=act.draw_id)
    gesture = Gesture.objects.select_related("granted_by").get(pk=act.gesture_id)
    if auditor.pk in (gesture.granted_by_id, gesture.second_by_id):
        raise OwnAct
    if draw_row.closed_at is not None:
        raise DrawClosed
    last = FindingRow.objects.filter(act=act).order_by("-pk").values_list("pk", flat=True).first() or 0
    if seen is not None and seen != last:
        raise JudgedMeanwhile
    told = _checked(gesture, verdict, kind, error, words, feedback, training)
    found = FindingRow.objects.create(act=act, auditor=auditor, by=str(by), at=now, **told)
    tell("gesture_audits", *([f"user:{gesture.granted_by_id}"] if gesture.granted_by_id and found.feedback else []))
    return found


def _checked(
    gesture: Gesture, verdict: str, kind: str, error: int | None, words: str, feedback: str, training: str
) -> dict[str, Any]:
    """What a finding holds, whole. Raises `BadFinding`."""
    wrong: dict[str, str] = {}
    texts = {"words": words, "feedback": feedback}
    texts = {name: text.replace("\x00", "").replace("\r\n", "\n").strip() for name, text in texts.items()}
    wrong |= {name: _("at most 1,000 characters") for name, text in texts.items() if len(text) > WORDS_MAX}
    if verdict not in (OK, DEVIATION):
        wrong["verdict"] = _("in order, or a deviation")
    if training and not Course.objects.filter(pk=training).exists():
        wrong["training"] = _("a training of the house")
    if verdict == OK:
        kind, error = "", 0
    elif kind not in KINDS:
        wrong["kind"] = _("what deviates")
    if verdict == DEVIATION and error is None:
        wrong["error"] = _("how much is in error; 0 where no money is")
    elif error is not None and not 0 <= error <= gesture.amount:
        wrong["error"] = _("not below zero, and not more than was given")
    if wrong:
        raise BadFinding(why="; ".join(wrong.values()), fields=wrong)
    return {"verdict": verdict, "kind": kind, "error": error, "training": training, **texts}


def read_feedback(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """The agent read what was said of her gestures: it leaves her list."""
    wanted = [int(one) for one in ids if one.isdecimal() and len(one) < 19]
    mine = FindingRow.objects.filter(act__gesture__granted_by=viewer.user_id, pk__in=wanted).exclude(feedback="")
    rows = [FeedbackRead(finding_id=pk, at=now) for pk in mine.values_list("pk", flat=True)]
    FeedbackRead.objects.bulk_create(rows, ignore_conflicts=True)
    said = ngettext("Read.", "%(n)s remarks read.", len(rows)) % {"n": len(rows)}
    return Done(said, {str(row.finding_id): now.isoformat() for row in rows})


def unread_feedback(viewer: Viewer, former: Mapping[str, Any], *, now: datetime) -> Collection[str]:
    """It waits again."""
    mine = FeedbackRead.objects.filter(
        finding__act__gesture__granted_by=viewer.user_id, finding__in=[int(one) for one in former]
    )
    back = [str(pk) for pk in mine.values_list("pk", flat=True)]
    mine.delete()
    return back
