"""What the house's checks say of a text while somebody types it. Nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from egard.base.clock import utc_now
from egard.base.text import utf16_places
from egard.console.context import viewer_of
from egard.console.inbox.order import some
from egard.console.pages import staff_page
from egard.kernel.messages import checking, conversing, queries, templating
from egard.kernel.messages.checking import Verdict
from egard.kernel.registry import Finding

SHOWN = 2
WHOLE = 90
"""A finding over so many characters is about its sentence: it is listed, and marked when one looks at it."""
ORDER = {"broken": 0, "risk": 1, "waiting": 2}


@require_POST
@staff_page
def advice(request: HttpRequest) -> HttpResponse:
    """The remarks on a `text`: of an answer in a conversation (`thread`), else of a template."""
    viewer, now, post = viewer_of(request), utc_now(), request.POST
    viewer.require(queries.CONVERSE if post.get("thread") else queries.TEMPLATES)
    text = post.get("text", "").replace("\r\n", "\n")[: conversing.TEXT_MAX]
    moment = post.get("moment", "")[:64]
    if post.get("thread"):
        thread = some(viewer, [post["thread"]])[0]
        draft = conversing.draft_of(thread, conversing.Words(text=text, moment=moment), by=viewer.actor, now=now)
    else:
        asked = {name: post.get(name, "")[:64] for name in ("code", "language", "label")}
        draft = templating.draft_of(templating.Draught(**asked, text=text, moment=moment), by=viewer.actor, now=now)
    name = post.get("advised", "")
    verdict = checking.check(draft) if text.strip() else None
    return render(request, "console/inbox/_advice.html", {"advised": name, **shown(text, verdict)})


def shown(text: str, verdict: Verdict | None) -> dict[str, Any]:
    """Score and remarks as the template needs them."""
    if verdict is None:
        return {"verdict": None}
    rows = listed(text, verdict.findings)
    spans = [{name: row[name] for name in ("number", "start", "end", "tone", "is_whole")} for row in rows]
    rows.sort(key=lambda row: (ORDER[row["tone"]], row["start"]))
    told = {"first": rows[:SHOWN], "more": rows[SHOWN:], "n": len(rows), "spans": json.dumps(spans)}
    return {"verdict": verdict, "tone": tone_of(verdict.score), **told}


def tone_of(score: int | None) -> str:
    return "" if score is None else "kept" if score >= 70 else "risk" if score >= 45 else "broken"


def listed(text: str, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Each remark with its place in the units of browsers."""
    places = utf16_places(text)
    return [
        {
            "number": number,
            "start": places[one.start],
            "end": places[one.end],
            "text": one.text,
            "suggestion": one.suggestion,
            "message": one.message,
            "tone": one.tone,
            "is_whole": one.end - one.start > WHOLE or one.suggestion.startswith(one.text),
            "added": one.suggestion[len(one.text) :].strip() if one.suggestion.startswith(one.text) else "",
        }
        for number, one in enumerate(findings)
    ]
