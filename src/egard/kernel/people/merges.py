"""Saying that two rows are one person, and taking it back: a link is written, and cut.

Merges and their undoing take turns, over all persons: two at once can make no circle, and none sees a tree half
changed. They lock the rows of both persons in the order of ids, as everything does that locks several.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, NotFound
from egard.kernel.access.actors import Actor
from egard.kernel.people.indexing import write_search
from egard.kernel.people.live import tell_person
from egard.kernel.people.models import Duplicate, Merge, Person, SearchRow
from egard.kernel.people.operations import Erased


class WithHerself(Conflict):
    """Both are the same row: choose another person to merge with."""

    code = "people.merge_with_herself"
    message = _("A person cannot be merged with herself. Choose another one.")


class AlreadyMerged(Conflict):
    """One of the two was merged already, with the other or with somebody else; look at her page as it is now."""

    code = "people.already_merged"
    message = _("One of the two was merged already. Open the page again to see whom she is one with now.")


class TwoAccounts(Conflict):
    """Each of the two signs in to the portal with an account of her own; end one of the accounts first."""

    code = "people.two_accounts"
    message = _("Each of the two has an account of her own here. End one of the accounts before you merge them.")


class AlreadyUndone(Conflict):
    """The merge was undone before; nothing is left to undo."""

    code = "people.merge_undone"
    message = _("This merge was undone already; the two are apart.")


def turn() -> None:
    """Wait until nobody else merges, undoes or erases; nobody does until the transaction ends.

    Taken before any lock of a row.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('egard.people.merges'))")


def rows_of(*persons: int) -> list[Person]:
    """The rows of persons and of those merged into them, locked in the order of ids; facts can still be written."""
    wanted = Person.objects.filter(Q(pk__in=persons) | Q(root__in=persons))
    return list(wanted.select_for_update(no_key=True).order_by("pk"))


def whole(row: Person) -> tuple[int, ...]:
    """The ids of all rows of the person to whom a row belongs. Holds as long as the turn is ours."""
    root = row.root_id or row.pk
    return tuple(Person.objects.filter(Q(pk=root) | Q(root=root)).order_by("pk").values_list("pk", flat=True))


def refuse(survivor: Person, absorbed: Person, rows: list[Person]) -> None:
    """Raise the refusal of a merge that cannot be; `rows` are all rows of both, as they are now."""
    if survivor.pk == absorbed.pk:
        raise WithHerself
    now = {row.pk: row for row in rows}
    both = now[survivor.pk], now[absorbed.pk]
    if any(row.erased_at for row in both):
        raise Erased
    if any(row.root_id for row in both):
        raise AlreadyMerged
    if len({row.user_id for row in rows if row.user_id}) > 1:
        raise TwoAccounts


@transaction.atomic
def link(survivor: Person, absorbed: Person, *, reason: str, by: Actor, now: datetime) -> Merge:
    """Write that `absorbed`, with all merged into her, is `survivor`. Both stand for themselves before it.

    Raises `WithHerself`, `Erased`, `AlreadyMerged`, `TwoAccounts`.
    """
    turn()
    rows = rows_of(survivor.pk, absorbed.pk)
    refuse(survivor, absorbed, rows)
    merge = Merge.objects.create(
        survivor=survivor, absorbed=absorbed, at=now, by=str(by), reason=reason.strip()[:500].replace("\x00", "")
    )
    Person.objects.filter(Q(pk=absorbed.pk) | Q(root=absorbed.pk)).update(root=survivor.pk)
    SearchRow.objects.filter(person=absorbed.pk).delete()
    merge.survivor, merge.absorbed = _fresh(survivor.pk, absorbed.pk)
    write_search(merge.survivor)
    tell_person(merge.survivor)
    return merge


def _fresh(*pks: int) -> list[Person]:
    found = Person.objects.in_bulk(pks)
    return [found[pk] for pk in pks]


_BELOW = """
with recursive below(id) as (
    select %s::bigint
    union
    select m.absorbed_id from people_merge m join below on m.survivor_id = below.id where m.undone_at is null
)
select id from below
"""


@transaction.atomic
def cut(merge: Merge, *, by: Actor, now: datetime) -> tuple[Person, Person]:
    """Take a merge back: the absorbed stands for herself again, with those merged into her; the others stay as they
    are. Returns the person whom she leaves, and her. Raises `AlreadyUndone`, `Erased`, `NotFound`.
    """
    turn()
    held = Merge.objects.select_for_update().filter(pk=merge.pk).first()
    if held is None:
        raise NotFound
    if held.undone_at:
        raise AlreadyUndone
    root = Person.objects.values_list("root", flat=True).get(pk=held.absorbed_id)
    rows = {row.pk: row for row in rows_of(root)}
    if any(row.erased_at for row in rows.values()):
        raise Erased
    held.undone_at, held.undone_by = now, str(by)
    held.save(update_fields=["undone_at", "undone_by"])
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, [held.absorbed_id])
        leaving = [row[0] for row in cursor.fetchall() if row[0] != held.absorbed_id]
    Person.objects.filter(pk__in=leaving).update(root=held.absorbed_id)
    Person.objects.filter(pk=held.absorbed_id).update(root=None)
    _dismiss(held, by=by, now=now)
    left, alone = _fresh(root, held.absorbed_id)
    for person in (left, alone):
        write_search(person)
        tell_person(person)
    return left, alone


def _dismiss(merge: Merge, *, by: Actor, now: datetime) -> None:
    """Whoever takes a merge back says that the two are not one: they are not proposed again."""
    low, high = sorted((merge.survivor_id, merge.absorbed_id))
    Duplicate.objects.update_or_create(
        a_id=low,
        b_id=high,
        defaults={"dismissed_at": now, "dismissed_by": str(by)},
        create_defaults={"score": 0, "found_at": now, "dismissed_at": now, "dismissed_by": str(by)},
    )
