"""The control-flow patterns of workflowpatterns.com that a case of ours can say, each as a small file and what it does.

Not here: 38 and 41 (several threads of control inside one activity, which a step does not have), 23 (a fact that came
stays known), 34 to 36 (activities multiplied from a list: people add as many steps as they need), 8 and 42 (a step has
one run at a time).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from moving import Moving, stage

BOTH = "data: {a: {type: yes_no, label: A}, b: {type: yes_no, label: B}, n: {type: whole, label: N}}\n"
A = "a1: {title: A1}"


def sequence() -> None:
    case = Moving(stage(A, "b1: {title: B, after: a1}"))
    assert case.open == {"a1"}
    assert case.done("a1").open == {"b1"}


def parallel_split_and_synchronisation() -> None:
    case = Moving(stage(A, "b1: {title: B, after: a1}", "b2: {title: B, after: a1}", "c: {title: C, after: [b1, b2]}"))
    assert case.done("a1").open == {"b1", "b2"}
    assert case.done("b2").open == {"b1"}
    assert case.done("b1").open == {"c"}


def exclusive_choice_and_simple_merge() -> None:
    text = BOTH + stage(A, "b1: {title: B, after: a1, if: data.a}", "b2: {title: B, after: a1, if: '!data.a'}",
                        "c: {title: C, after: [b1, b2]}")  # fmt: skip
    assert Moving(text).done("a1", a=True).open == {"b1"}
    assert Moving(text).done("a1", a=False).open == {"b2"}
    assert Moving(text).done("a1", a=False).done("b2").open == {"c"}
    assert Moving(text).done("a1").open == set(), "not known yet: neither"


def multi_choice_and_structured_synchronising_merge() -> None:
    text = BOTH + stage(A, "b1: {title: B, after: a1, if: data.a}", "b2: {title: B, after: a1, if: data.b}",
                        "c: {title: C, after: [b1, b2]}")  # fmt: skip
    assert Moving(text).done("a1", a=True, b=True).done("b1").open == {"b2"}
    assert Moving(text).done("a1", a=True, b=True).done("b1", "b2").open == {"c"}
    assert Moving(text).done("a1", a=True, b=False).done("b1").open == {"c"}
    assert Moving(text).done("a1", a=False, b=False).open == {"c"}


def structured_discriminator() -> None:
    case = Moving(
        stage("b1: {title: B}", "b2: {title: B}", 'c: {title: C, when: steps.b1 == "done" || steps.b2 == "done"}')
    )
    assert case.done("b2").open == {"b1", "c"}
    assert case.done("c", "b1").open == set(), "the second one starts nothing again"


def cancelling_discriminator() -> None:
    first = 'steps.b1 == "done" || steps.b2 == "done"'
    case = Moving(
        stage(
            f"b1: {{title: B, until: {first}}}", f"b2: {{title: B, until: {first}}}", f"c: {{title: C, when: {first}}}"
        )
    )
    assert case.done("b1").open == {"c"}
    assert case.is_("b2") == "cancelled"


def partial_join() -> None:
    """2 out of 3."""
    two = " + ".join(f'(steps.b{n} == "done" ? 1 : 0)' for n in (1, 2, 3))
    case = Moving(stage(*(f"b{n}: {{title: B}}" for n in (1, 2, 3)), f"c: {{title: C, when: '{two} >= 2'}}"))
    assert case.done("b3").open == {"b1", "b2"}
    assert case.done("b1").open == {"b2", "c"}


def arbitrary_cycle() -> None:
    """People go back to any step; what waits for it waits again."""
    case = Moving(stage(A, "b1: {title: B, after: a1}", "c: {title: C, after: b1}")).done("a1", "b1")
    case.tell(kind="redone", step="a1", reason="once more")
    assert case.open == {"a1", "c"}, "what is done stays done"
    case.tell(kind="redone", step="b1", reason="this one too")
    assert case.open == {"a1", "b1"}
    assert case.done("a1", "b1").open == {"c"}


def structured_loop() -> None:
    case = Moving(BOTH + stage("a1: {title: A, evidence: n, repeat: data.n < 3}", "b1: {title: B, after: a1}"))
    assert case.done("a1", n=1).open == {"a1"}
    assert case.done("a1", n=2).state["steps"]["a1"]["n"] == 3
    assert case.done("a1", n=3).open == {"b1"}


def implicit_termination() -> None:
    case = Moving(stage(A, "b1: {title: B}") + "closing: {auto: true}")
    assert not case.done("a1").closed
    assert case.done("b1").closed


def explicit_termination() -> None:
    case = Moving(stage(A, "b1: {title: B}"))
    case.tell(kind="closed", outcome="", override="the client withdrew")
    assert case.closed


def multiple_instances_known_at_run_time() -> None:
    """As many as people add; the case closes when all are done."""
    case = Moving(stage(A) + "closing: {auto: true}")
    for n in range(3):
        case.tell(kind="added", step=f"x{n}", added={"step": {"title": f"Ask shop {n}"}, "stage": "one"})
    case.done("a1", "x1", "x2")
    assert case.open == {"x0"}
    assert case.done("x0").closed


def deferred_choice() -> None:
    """Both are offered; whoever begins one takes the other away."""
    begun = 'in ["active", "done"]'
    one, other = (f"b{n}: {{title: B, until: 'steps.b{3 - n} {begun}'}}" for n in (1, 2))
    case = Moving(stage(one, other))
    assert case.open == {"b1", "b2"}
    case.tell(kind="started", step="b2")
    assert case.open == {"b2"}
    assert case.is_("b1") == "cancelled"


def interleaved_routing() -> None:
    """Never two at once: the other is set back while one is under way."""
    case = Moving(stage('b1: {title: B, if: steps.b2 != "active"}', 'b2: {title: B, if: steps.b1 != "active"}'))
    case.tell(kind="started", step="b1")
    assert case.open == {"b1"}
    assert case.done("b1").open == {"b2"}


def milestone() -> None:
    """B is possible once the milestone is reached, and until C is done."""
    between = 'b1: {title: B, when: has(milestones.ready), until: steps.c == "done", required: false}'
    text = stage(A, between, "c: {title: C, after: a1}", more="    milestones: {ready: {title: Ready, after: a1}}\n")
    case = Moving(text)
    assert "b1" not in case.open
    assert case.done("a1").open == {"b1", "c"}
    assert case.done("c").open == set()


def cancel_activity() -> None:
    case = Moving(BOTH + stage("a1: {title: A, until: data.a}", "b1: {title: B}"))
    case.tell(kind="data", data={"a": True})
    assert (case.is_("a1"), case.open) == ("cancelled", {"b1"})


def cancel_case() -> None:
    case = Moving(BOTH + stage("a1: {title: A, promise: 2 h}", "b1: {title: B}"))
    case.tell(kind="closed", outcome="", override="withdrawn")
    assert case.closed
    assert case.clock("a1") == "released"


def cancel_region() -> None:
    case = Moving(
        BOTH
        + "stages:\n  one: {title: One, until: data.a, steps: {a1: {title: A}, a2: {title: A, after: a1}}}\n"
        + "  two: {title: Two, after: one, steps: {b1: {title: B}}}\n"
    )
    case.tell(kind="data", data={"a": True})
    assert (case.is_("a1"), case.open) == ("cancelled", {"b1"})


def cancel_multiple_instances() -> None:
    case = Moving(BOTH + "stages:\n  one: {title: One, until: data.a, steps: {a1: {title: A}}}\n")
    for n in range(3):
        case.tell(kind="added", step=f"x{n}", added={"step": {"title": "More"}, "stage": "one"})
    case.done("x1").tell(kind="data", data={"a": True})
    assert [case.is_(f"x{n}") for n in range(3)] == ["cancelled", "done", "cancelled"]


def persistent_trigger() -> None:
    """A fact that came before anybody waited for it is still known."""
    case = Moving(
        BOTH
        + "events: {paid: {title: Paid, match: n}}\n"
        + stage(A, "b1: {title: B, after: a1, when: has(facts.paid)}")
    )
    case.tell(kind="fact", name="paid", brought={})
    assert case.done("a1").open == {"b1"}


def thread_merge_by_sub_case() -> None:
    """A step that is a case of its own is done when that one is closed."""
    case = Moving(stage("a1: {title: A, case: other}", "b1: {title: B, after: a1}"))
    assert case.open == {"a1"}
    assert case.done("a1").open == {"b1"}


PATTERNS: list[tuple[str, Callable[[], None]]] = [
    ("1", sequence),
    ("2 3", parallel_split_and_synchronisation),
    ("4 5", exclusive_choice_and_simple_merge),
    ("6 7 33 37", multi_choice_and_structured_synchronising_merge),
    ("9 28", structured_discriminator),
    ("29 32", cancelling_discriminator),
    ("30 31", partial_join),
    ("10", arbitrary_cycle),
    ("11", implicit_termination),
    ("12 13 14 15", multiple_instances_known_at_run_time),
    ("16", deferred_choice),
    ("17 39 40", interleaved_routing),
    ("18", milestone),
    ("19", cancel_activity),
    ("20", cancel_case),
    ("21", structured_loop),
    ("22", thread_merge_by_sub_case),
    ("24", persistent_trigger),
    ("25", cancel_region),
    ("26 27", cancel_multiple_instances),
    ("43", explicit_termination),
]


@pytest.mark.parametrize(("_number", "pattern"), PATTERNS, ids=[f"{n}: {p.__name__}" for n, p in PATTERNS])
def test_a_pattern_of_control_flow(_number, pattern):
    pattern()
