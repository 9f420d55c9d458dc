"""What may be refused of a case, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Forbidden, Refusal


class UnknownType(Refusal):
    """No type of case has this name, or this version."""

    code = "cases.unknown_type"
    message = _("No type of case is called “{name}”. Known types: {known}.")


class BadType(Refusal):
    """The file is no case type; the findings say where and why."""

    code = "cases.bad_type"
    message = _("This file is no type of case. Line {line}: {why}")


class UnknownStep(Refusal):
    """The case has no step of this name."""

    code = "cases.unknown_step"
    message = _("This case has no step “{step}”.")


class NotYet(Conflict):
    """The step still waits for something; the question “why” says for what."""

    code = "cases.not_yet"
    title = _("It is not this step’s turn yet")
    message = _("“{title}” cannot be done yet: {why}.")


class NotBegun(Conflict):
    """The step is begun by somebody before it is completed."""

    code = "cases.not_begun"
    message = _("Begin “{title}” first: somebody has to take it on.")


class AlreadySettled(Conflict):
    """The step was done, skipped or cancelled before; it can be done again with a reason."""

    code = "cases.already_settled"
    title = _("This step is settled")
    message = _("“{title}” is settled already. Where it must be done again, say so with a reason.")


class NotSettled(Conflict):
    """Only what was done, skipped or cancelled can be done again."""

    code = "cases.not_settled"
    message = _("“{title}” has not been done yet: there is nothing to do again.")


class EvidenceMissing(Refusal):
    """The step asks for answers that are missing or of the wrong form; the fields say which."""

    code = "cases.evidence_missing"
    title = _("Some answers are missing")
    message = _("Give these first: {names}.")


class BadData(Refusal):
    """The data is not that of this type of case; the fields say which and why."""

    code = "cases.bad_data"
    title = _("Some answers are not right")
    message = _("Correct these: {names}.")


class ChangedMeanwhile(Conflict):
    """Somebody changed the same fields since they were read; what they are now is in the case."""

    code = "cases.changed_meanwhile"
    title = _("Somebody changed this meanwhile")
    message = _("Somebody else changed this since you read it: {names}. Look at it, then change it again if need be.")


class NotYours(Forbidden):
    """The step belongs to a role or a department that the viewer is not of."""

    code = "cases.not_yours"
    title = _("This step is somebody else’s")
    message = _("“{title}” is for: {role}.")


class ReasonNeeded(Refusal):
    """What leaves the method is done for a reason, which stands in the history."""

    code = "cases.reason_needed"
    message = _("Say why, in 1 to {most} characters.")


class CaseClosed(Conflict):
    """The case is closed; reopen it first."""

    code = "cases.closed"
    title = _("The case is closed")
    message = _("The case is closed. Reopen it to go on.")


class NotClosed(Conflict):
    """Only a closed case is reopened."""

    code = "cases.not_closed"
    message = _("The case is open already.")


class CannotClose(Conflict):
    """Something required is still to be done; a manager may close it nevertheless, with a reason."""

    code = "cases.cannot_close"
    title = _("The case cannot be closed yet")
    message = _("Before it is closed: {why}. A manager may close it nevertheless, with a reason.")


class UnknownOutcome(Refusal):
    """The type names its outcomes; this is none of them."""

    code = "cases.unknown_outcome"
    message = _("“{outcome}” is no outcome of this type of case. Outcomes: {known}.")


class NotPlannable(Conflict):
    """The menu does not offer this step now: its stage is not active, its rule does not hold, or it is planned."""

    code = "cases.not_plannable"
    message = _("“{step}” cannot be planned now.")


class UnknownDepartment(Refusal):
    """The type names the departments that may be asked; any team may be asked by its code too."""

    code = "cases.unknown_department"
    message = _("No department is called “{department}”. Departments: {known}.")


class TooManySteps(Conflict):
    """So many steps were added that nobody can follow them."""

    code = "cases.too_many_steps"
    message = _("A case has at most {most} added steps.")


class KeyReused(Conflict):
    """The key names something else that was done on this case."""

    code = "cases.key_reused"
    message = _("The key “{key}” already names something else that was done on this case.")


class UnknownOutside(Refusal):
    """No type of case awaits an event of this name."""

    code = "cases.unknown_event"
    message = _("No type of case awaits “{name}”. Known events: {known}.")


class AlreadyAttached(Conflict):
    """The event belongs to a case already."""

    code = "cases.already_attached"
    message = _("This event belongs to a case already.")


class BadPlan(Refusal):
    """The plan names what is not there."""

    code = "cases.bad_plan"
    message = _("The plan names what is not there: {names}.")


class AlreadyReverted(Conflict):
    """The migration was reverted before."""

    code = "cases.already_reverted"
    message = _("This migration was reverted already.")
