"""Letters on paper: a message of the channel `post` as a PDF, her address where the envelope has its window."""

from __future__ import annotations

import json
from datetime import datetime

import segno
import typst
from django.utils import formats, timezone, translation

from egard.kernel.messages import addresses
from egard.kernel.messages.brand import organisation
from egard.kernel.messages.models import Message
from egard.kernel.messages.texts import language_for
from egard.kernel.people.members import fill
from egard.kernel.people.models import Person

PAGE = """
#let it = json(bytes(sys.inputs.letter))
#set document(title: it.subject, author: it.house)
#set page(paper: "a4", margin: (x: 25mm, top: 20mm, bottom: 25mm), numbering: none)
#set text(size: 11pt, lang: it.language)
#set par(justify: false, leading: 0.75em, spacing: 1.2em)
#text(weight: "bold", size: 13pt)[#it.house]
#place(top + left, dx: 75mm, dy: 25mm)[#it.address.map(line => [#line]).join(linebreak())]
#v(62mm)
#if it.code != "" {
  place(bottom + right, float: true, image(bytes(it.code), format: "svg", width: 22mm))
}
#align(right)[#it.date]
#v(6mm)
#if it.subject != "" [#text(weight: "bold")[#it.subject] #v(4mm)]
#for part in it.parts [#part.map(line => [#line]).join(linebreak()) #parbreak()]
"""
"""What is written stands in it as data: nothing of a message is read as markup. The window is that of NF Z 10-011."""


def pdf(message: Message, *, now: datetime) -> bytes:
    """The letter, in its language, dated `now` (the day on which it is printed)."""
    person = message.thread.person
    language = language_for(message.language, message.thread.language)
    with translation.override(language):
        date = formats.date_format(timezone.localtime(now), "j F Y")
    told = {
        "house": organisation(),
        "address": address_lines(person) if person else [],
        "date": f"1er{date[1:]}" if language == "fr" and date.startswith("1 ") else date,
        "subject": message.subject,
        "language": language,
        "code": _code(message),
        "parts": [part.strip().split("\n") for part in message.text.split("\n\n") if part.strip()],
    }
    return typst.compile(PAGE.encode(), sys_inputs={"letter": json.dumps(told)})


def _code(message: Message) -> str:
    """What names the conversation, for a reader of codes: when the letter or its slip comes back, it is known whose it
    is (`noting.take_down`). Empty where no domain takes answers.
    """
    reference = addresses.reply_address(message.thread_id)
    return segno.make_qr(reference, error="m").svg_inline(border=2) if reference else ""


def address_lines(person: Person) -> list[str]:
    """Her name and address as they stand on the envelope."""
    held = fill(person)
    return [held.name, *filter(None, (line.strip() for line in held.address.splitlines()))]
