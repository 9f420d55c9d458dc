"""Codes of vouchers: nobody guesses one, anybody can read one out, and a slip is noticed before anything is asked."""

from __future__ import annotations

import secrets

ALPHABET = "23456789BCDFGHJKLMNPQRSTVWXYZ"
"""29 signs, a prime: no vowels, so no words; none that is taken for another when it is read aloud or by bad light."""
LENGTH = 12
GROUP = 4
_AT = {sign: n for n, sign in enumerate(ALPHABET)}
_TAKEN_FOR = str.maketrans({"1": "L", "I": "L", "U": "V"})
"""What people type for a sign that looks like it."""


def new_code() -> str:
    """A code of eleven random signs (53 bits) and the one that checks them."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return drawn + check(drawn)


def check(signs: str) -> str:
    """The last sign: with it the sum of all, each times its place, is a multiple of 29. As 29 is a prime and the places
    differ, no single wrong sign and no two that changed places go unnoticed.
    """
    total = sum(place * _AT[sign] for place, sign in enumerate(signs, start=1))
    place = len(signs) + 1
    return ALPHABET[-total * pow(place, -1, len(ALPHABET)) % len(ALPHABET)]


def read_code(typed: str) -> str | None:
    """The code that somebody typed or scanned, with or without its dashes; None for what is none."""
    plain = "".join(sign for sign in typed.upper().translate(_TAKEN_FOR) if sign.isalnum())
    if len(plain) != LENGTH or any(sign not in _AT for sign in plain):
        return None
    return plain if check(plain[:-1]) == plain[-1] else None


def shown(code: str) -> str:
    """As people read it: `7KQ3-MZ4T-9XBD`."""
    return "-".join(code[n : n + GROUP] for n in range(0, len(code), GROUP))


def hidden(code: str) -> str:
    """Enough to recognise it, too little to use it."""
    return f"••••-••••-{code[-GROUP:]}"
