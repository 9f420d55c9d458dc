"""The reasons of proposals, in words that an adviser would say, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from egard.base.money import Money
from egard.journeys.gestures.rules.catalogue import Catalogue, Kind
from egard.kernel.cases.rules.text import Text, fill, joined


@dataclass(frozen=True, slots=True)
class Reason:
    """Why; `code` is stable."""

    code: str
    words: Text


def money(amount: int, currency: str) -> Text:
    """An amount as each language writes it."""
    told = Money(amount, currency)
    return Text(fr=told.words("fr"), en=told.words("en"))


_GIVEN = Text(
    fr="{amount} ont déjà été donnés pour cette affaire : c’est déduit.",
    en="{amount} was given for this matter already: that is taken off.",
)
_EFFORT = Text(
    fr="{n} contacts sur le même sujet : l’effort déjà demandé compte plus que la somme.",
    en="{n} contacts about the same matter: the effort asked so far weighs more than the sum.",
)
_BROKEN = Text(
    fr="Une de nos promesses n’a pas été tenue : ce geste peut la réparer.",
    en="A promise of ours was broken: this gesture can make up for it.",
)
_GOOD = Text(
    fr="Un bon client : {amount} d’achats en douze mois.",
    en="A good client: {amount} spent in twelve months.",
)
_OFTEN = Text(
    fr="{n} gestes en douze mois : regardez l’historique avant de donner ; rien n’est refusé pour autant.",
    en="{n} gestures in twelve months: look at the history first; nothing is refused for that.",
)
_WHOSE = {
    "ours": Text(fr="C’est notre faute.", en="It is our fault."),
    "shared": Text(fr="La faute est partagée.", en="The fault is shared."),
    "nobody": Text(
        fr="Ce n’est la faute de personne, mais nous pouvons aider.", en="It is nobody’s fault, but we can help."
    ),
    "theirs": Text(
        fr="La faute n’est pas de notre côté : une attention suffit.",
        en="The fault is not on our side: a kind word is enough.",
    ),
}
_HOW = {
    1: Text(fr="C’est un désagrément.", en="It is a nuisance."),
    2: Text(fr="C’est un vrai préjudice.", en="It is a real harm."),
    3: Text(fr="C’est grave.", en="It is grave."),
}
_PRICE = Text(
    fr="Viser {share} % des {price} payés ; au-delà de {enough} % on gagne peu, au-delà de {most} % plus rien.",
    en="Aim at {share}% of the {price} paid; beyond {enough}% little is gained, beyond {most}% nothing.",
)
_AT_ONCE = Text(fr="Rien à faire pour en profiter.", en="Nothing to do to have the use of it.")
_STEPS = Text(fr="À faire par le client : {steps}.", en="To be done by the client: {steps}.")
_PROOF = Text(fr="Au-dessus de {amount}, une preuve est vue d’abord.", en="Above {amount} a proof is seen first.")
_NO_PROOF = Text(fr="Aucune preuve à demander.", en="No proof to ask for.")
_ALONE = Text(
    fr="Vous décidez seul jusqu’à {amount} pour cette affaire.", en="You decide alone up to {amount} for this matter."
)
_FREE = Text(fr="Vous décidez seul.", en="You decide alone.")
_SECOND = Text(
    fr="C’est plus que ce que vous décidez seul ({amount}) : une deuxième personne donne son accord.",
    en="It is more than you decide alone ({amount}): a second person agrees.",
)
_BUDGET = Text(
    fr="Il reste {amount} dans le budget de l’équipe : un responsable l’augmente d’abord.",
    en="{amount} is left in the team’s budget: a manager raises it first.",
)

_NO_BUDGET = Text(
    fr="Aucun budget n’est en cours pour votre équipe : une deuxième personne donne son accord.",
    en="No budget runs for your team: a second person agrees.",
)
_RESTORES = Text(fr="Le client reçoit ce qu’il avait acheté.", en="The client gets what was bought.")


def restores() -> Reason:
    return Reason("restores", _RESTORES)


def given(amount: int, currency: str) -> Reason:
    return Reason("given", fill(_GIVEN, amount=money(amount, currency)))


def effort(contacts: int) -> Reason:
    return Reason("effort", fill(_EFFORT, n=str(contacts)))


def broken() -> Reason:
    return Reason("broken", _BROKEN)


def good_client(amount: int, currency: str) -> Reason:
    return Reason("client", fill(_GOOD, amount=money(amount, currency)))


def often(n: int) -> Reason:
    return Reason("often", fill(_OFTEN, n=str(n)))


def responsibility(whose: str) -> Reason:
    return Reason("responsibility", _WHOSE[whose])


def severity(grade: int) -> Reason:
    return Reason("severity", _HOW[grade])


def price(catalogue: Catalogue, paid: int, share: int) -> Reason:
    rules = catalogue.rules
    words = {"share": str(share), "enough": str(rules.enough), "most": str(rules.most)}
    return Reason("price", fill(_PRICE, price=money(paid, catalogue.currency), **words))


def of_kind(catalogue: Catalogue, kind: Kind, amount: int, *, proof_first: bool) -> list[Reason]:
    """What it asks of the client, and whether a proof is needed."""
    told = [
        Reason("steps", fill(_STEPS, steps=joined(list(kind.steps), fr=" ; ", en="; ")) if kind.steps else _AT_ONCE)
    ]
    if proof_first and kind.proof_above is not None:
        above = money(catalogue.minor(kind.proof_above), catalogue.currency)
        told.append(Reason("proof", fill(_PROOF, amount=above)))
    elif amount:
        told.append(Reason("proof", _NO_PROOF))
    return told


def of_room(currency: str, *, waits: str, alone: int | None, budget: int | None) -> Reason:
    """Whether the adviser decides alone."""
    if waits == "authority":
        return Reason("authority", fill(_SECOND, amount=money(alone or 0, currency)))
    if waits == "no_budget":
        return Reason("budget", _NO_BUDGET)
    if waits == "budget":
        return Reason("budget", fill(_BUDGET, amount=money(max(0, budget or 0), currency)))
    return Reason("authority", _FREE if alone is None else fill(_ALONE, amount=money(alone, currency)))
