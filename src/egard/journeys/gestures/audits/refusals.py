"""What control refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Forbidden, Refusal


class BadPlan(Refusal):
    """A plan of control says what is looked at; the fields say which part of it does not hold."""

    code = "gestures.bad_plan"
    title = _("This plan cannot be kept")
    message = _("Correct what is marked: {why}")


class PlanEnded(Conflict):
    """Another plan took the place of this one; draw by that one."""

    code = "gestures.plan_ended"
    title = _("This plan has ended")
    message = _("This plan has ended. Draw by a plan that is in force.")


class NotOver(Refusal):
    """What is drawn from must be over: while gestures are still granted, nobody knows what there is to draw from."""

    code = "gestures.period_not_over"
    title = _("This period is not over")
    message = _("A draw is made of a period that is over. Choose an end that has passed.")


class NothingToDraw(Refusal):
    """No gesture was granted in the period, in the currency of the plan."""

    code = "gestures.nothing_to_draw"
    title = _("There is nothing to draw from")
    message = _("No gesture was granted in this period, in the currency of the plan. Choose another one.")


class AlreadyDrawn(Conflict):
    """A period is drawn once by a plan: who may draw again until the sample pleases has not drawn at all."""

    code = "gestures.already_drawn"
    title = _("This period was drawn already")
    message = _("This plan has already drawn from a part of this period. Look at that draw, or begin where it ended.")


class OwnAct(Forbidden):
    """Whoever granted a gesture, or agreed to it, does not control it: a colleague does."""

    code = "gestures.own_act"
    title = _("This is your own act")
    message = _("You granted this gesture or agreed to it. A colleague has to look at it.")


class NoAuditor(Refusal):
    """A finding is somebody's: a program names the colleague whose it is, and she may control."""

    code = "gestures.no_auditor"
    title = _("Whose finding is it?")
    message = _("Name a colleague who may control gestures: a finding is always somebody’s.")


class BadFinding(Refusal):
    """A deviation says what deviates, and no more is in error than was given."""

    code = "gestures.bad_finding"
    title = _("This finding is not whole")
    message = _("Correct what is marked: {why}")


class JudgedMeanwhile(Conflict):
    """A colleague found something of the same act since the page was opened; read it first."""

    code = "gestures.judged_meanwhile"
    title = _("A colleague has just looked at it")
    message = _("A colleague wrote a finding of this act since you opened it. Read it, then write yours if you must.")


class DrawClosed(Conflict):
    """A closed draw stays as it is: its result was read."""

    code = "gestures.draw_closed"
    title = _("This draw is closed")
    message = _("This draw is closed, and its result stands. What you found later belongs to a case.")


class NotAllJudged(Conflict):
    """Without all its acts a sample says nothing: those that are left may be the worst."""

    code = "gestures.not_all_judged"
    title = _("Not all acts were looked at")
    message = _("{left} acts of this draw were not looked at yet. A sample says something once it is whole.")


class StillSecret(Conflict):
    """The seed is shown when the draw is closed: until then it would tell which acts are looked at."""

    code = "gestures.still_secret"
    title = _("The seed is shown once the draw is closed")
    message = _("Until the draw is closed its seed stays secret: it would tell which acts are looked at.")
