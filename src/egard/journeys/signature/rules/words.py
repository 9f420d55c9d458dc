"""The reasons of what is found by the score itself, in words that a writer understands, in both languages."""

from __future__ import annotations

from egard.journeys.signature.rules import Part
from egard.kernel.cases.rules.text import Text

COMPANY = Text(
    fr="Cette phrase parle de la maison, pas de la personne : dites ce que cela change pour elle.",
    en="This sentence speaks of the company, not of the person: say what it changes for her.",
)
NOBODY = Text(
    fr="Le message ne s’adresse à personne : parlez à la personne qui le lit.",
    en="The message speaks to nobody: speak to the person who reads it.",
)
NO_FACT = Text(
    fr="Rien ici n’appartient à cette personne : le même message pourrait partir"
    " à tous. Un fait d’elle (sa commande, sa date,"
    " ce qu’elle a demandé) vaut mieux que son prénom.",
    en="Nothing here is this person’s own: the same message could go to everybody."
    " A fact of hers (her order, her date, what"
    " she asked) is worth more than her first name.",
)
VOUS = Text(fr="La maison vouvoie : « {text} » tutoie.", en="The brand says “vous”: “{text}” is “tu”.")
TU = Text(fr="La maison tutoie : « {text} » vouvoie.", en="The brand says “tu”: “{text}” is “vous”.")
NAME = Text(
    fr="Personne ne signe : un nom, pour qu’elle sache à qui parler.",
    en="Nobody signs: give a name, so that she knows whom to talk to.",
)
NEXT_STEP = Text(
    fr="Que se passe-t-il maintenant ? Dites ce qu’elle peut faire, ou ce que vous faites.",
    en="What happens next? Say what she can do, or what you do.",
)
WHEN = Text(fr="Quand ? Une date vaut une promesse.", en="When? A date is a promise.")
DIRECT_LINE = Text(
    fr="Rien pour vous joindre : le numéro de la maison, votre lien d’appel, ou une adresse où quelqu’un répond.",
    en="No way to reach you: the number of the house, your call link, or an address where somebody answers.",
)
BANNED = Text(fr="« {text} » n’est pas un mot de la maison.", en="“{text}” is not a word of this brand.")

PARTS: dict[Part, Text] = {
    "focus": Text(fr="Centré sur la personne", en="About the client"),
    "facts": Text(fr="Faits qui lui appartiennent", en="Facts of her own"),
    "posture": Text(fr="Posture", en="Posture"),
    "usefulness": Text(fr="Utilité", en="Usefulness"),
    "clarity": Text(fr="Clarté", en="Clarity"),
}


def focus_said(client: int, company: int) -> Text:
    return Text(
        fr=f"{client} mention{'s' if client > 1 else ''} de la personne, {company} de la maison",
        en=f"the client is mentioned {_times(client)}, the company {_times(company)}",
    )


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def facts_said(facts: list[str], wanted: int) -> Text:
    if not facts:
        return Text(fr="rien qui ne puisse être dit à tous", en="nothing that could not be said to everybody")
    shown = facts[:6]
    return Text(
        fr=f"{len(facts)} sur {wanted} : " + ", ".join(f"« {one} »" for one in shown),
        en=f"{len(facts)} of {wanted}: " + ", ".join(f"“{one}”" for one in shown),
    )


def posture_said(serving: int, wrong: int) -> Text:
    return Text(
        fr=f"{serving} engagement{'s' if serving > 1 else ''} de service, {wrong} maladresse{'s' if wrong > 1 else ''}",
        en=f"{serving} commitment{'' if serving == 1 else 's'} of service, {wrong} slip{'' if wrong == 1 else 's'}",
    )


_GIVEN = {
    "next_step": Text(fr="une suite", en="a next step"),
    "when": Text(fr="une date", en="a date"),
    "name": Text(fr="un nom", en="a name"),
    "direct_line": Text(fr="de quoi vous joindre", en="a way to reach you"),
}


def usefulness_said(given: list[str], missing: list[str]) -> Text:
    def listed(names: list[str], language: str, nothing: str) -> str:
        return ", ".join(_GIVEN[name].said(language) for name in names) or nothing

    return Text(
        fr=f"il y a : {listed(given, 'fr', 'rien')} ; il manque : {listed(missing, 'fr', 'rien')}",
        en=f"there is: {listed(given, 'en', 'nothing')}; missing: {listed(missing, 'en', 'nothing')}",
    )


def clarity_said(findings: int, words: int) -> Text:
    return Text(
        fr=f"{findings} point{'s' if findings > 1 else ''} à reprendre en {words} mot{'s' if words > 1 else ''}",
        en=f"{findings} point{'' if findings == 1 else 's'} to mend in {words} word{'' if words == 1 else 's'}",
    )


def too_long(words: int, most: int) -> Text:
    return Text(
        fr=f"{words} mots : ici, {most} au plus. Gardez ce qui sert à la personne.",
        en=f"{words} words, where {most} are the most. Keep what is of use to the person.",
    )
