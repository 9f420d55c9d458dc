"""Why something may not be decided alone, and what to do then. Each reason is a refusal with a code of its own."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Forbidden, NotFound, Refusal


class Reason(Forbidden):
    """One reason of a decision: `code` for programs, `words` for people."""

    code = "delegations.refused"
    title = _("You may not decide this alone")

    @property
    def words(self) -> str:
        return self.detail


class NoAuthority(Reason):
    """Nobody delegated this to the colleague: somebody who may has to decide it."""

    code = "delegations.none"
    message = _("This is not delegated to you. Ask a colleague who may decide it.")


class NotBegun(Reason):
    """The delegation begins later."""

    code = "delegations.not_begun"
    message = _("Your authority begins on {at}. Until then, ask a colleague who may decide it.")


class DelegationEnded(Reason):
    """The delegation has ended, be it a minute ago: it is renewed by whoever sets delegations."""

    code = "delegations.ended"
    message = _(
        "Your authority ended on {at}. Ask a colleague who may decide it, or an administrator to renew your authority."
    )


class Untrained(Reason):
    """The delegation asks for a training that the colleague has not had."""

    code = "delegations.untrained"
    message = _("This asks for the training “{training}”. Follow it first; until then, ask a colleague who has.")


class TrainingLapsed(Reason):
    """The training has lapsed, and the authority with it; both come back when it is renewed."""

    code = "delegations.training_lapsed"
    message = _(
        "Your training “{training}” lapsed on {at}, and your authority with it. Renew it; until then, ask a colleague."
    )


class OverAct(Reason):
    """More than the limit of one act: a second person decides."""

    code = "delegations.over_act"
    message = _("You may decide up to {limit} alone; a second person has to agree to more.")


class OverCase(Reason):
    """Together with what the case got already it is more than one act may be: a second person decides."""

    code = "delegations.over_case"
    message = _(
        "With what was given in this case already, it passes {limit}: {left} is left. A second person has to agree."
    )


class OverPerson(Reason):
    """Together with what the person got lately it is too much: a second person decides."""

    code = "delegations.over_person"
    message = _(
        "With what this person was given lately, it passes what one may give alone: {left} is left."
        " A second person has to agree."
    )


class OverDay(Reason):
    """More than the colleague may still decide today: a second person decides, or it waits until tomorrow."""

    code = "delegations.over_day"
    message = _("You may still decide {left} today. A second person has to agree to more.")


class OwnFile(Reason):
    """The person is the colleague herself: somebody else decides."""

    code = "delegations.own_file"
    message = _("Nobody decides for oneself. Ask a colleague.")


class FourEyes(Reason):
    """The second pair of eyes are somebody else's."""

    code = "delegations.four_eyes"
    title = _("A second person has to agree")
    message = _("You asked for it yourself: somebody else has to agree.")


class UnknownAuthority(Refusal):
    """No journey declares this authority; the list of authorities gives those that there are."""

    code = "delegations.unknown_authority"
    message = _("“{authority}” is nothing that can be delegated here. What can: {known}.")


class BadAmount(Refusal):
    """An amount is a whole number above zero, of the smallest piece of its unit."""

    code = "delegations.bad_amount"
    title = _("Not an amount")
    message = _("An amount is a whole number above zero, in the smallest piece of {unit}, and of a size that can be.")


class WrongUnit(Refusal):
    """The authority counts in another unit or currency; amounts are not converted."""

    code = "delegations.wrong_unit"
    title = _("Another currency")
    message = _("This is decided in {unit}, not in {given}.")


class KeyReused(Conflict):
    """The key names another decision; another decision is another key."""

    code = "delegations.key_reused"
    message = _("The key “{key}” already names another decision.")


class UnknownUse(NotFound):
    """Nothing was decided under this key."""

    code = "delegations.unknown_use"
    message = _("Nothing was decided under the key “{key}”.")


class BadDelegation(Refusal):
    """The delegation contradicts itself; the fields say where."""

    code = "delegations.bad_delegation"
    title = _("This cannot be delegated so")
    message = _("Correct these: {names}.")


class ToOneself(Forbidden):
    """Nobody gives authority to oneself; another administrator does."""

    code = "delegations.to_oneself"
    message = _("Nobody gives authority to oneself. Ask another administrator.")


class ChangedMeanwhile(Conflict):
    """Somebody changed the delegation since it was read: read it again."""

    code = "delegations.changed_meanwhile"
    message = _("Somebody changed this delegation meanwhile. Look at what holds now, and change that.")


class Over(Conflict):
    """What has ended is not changed any more: delegate it anew."""

    code = "delegations.over"
    message = _("This delegation has ended. Delegate it anew.")


class UnknownTraining(Refusal):
    """No training has this code; the list of trainings gives those that there are."""

    code = "delegations.unknown_training"
    message = _("No training is called “{code}”. Known trainings: {known}.")


class BadTraining(Refusal):
    """A training has a code, a name, and ends after it began."""

    code = "delegations.bad_training"
    message = _(
        "A training needs a code of letters, digits and hyphens, a name of 1 to 200 characters,"
        " and an end after its beginning."
    )
