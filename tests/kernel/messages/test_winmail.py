"""`winmail.dat` is unpacked: its files are files of the letter, its words are read where there are no others."""

from __future__ import annotations

import struct
import time
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from egard.kernel.messages.rules import mime, tnef


def _attribute(level: int, what: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BHHI", level, what, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def _properties(*told: tuple[int, int, bytes]) -> bytes:
    made = struct.pack("<I", len(told))
    for key, kind, value in told:
        made += struct.pack("<HH", kind, key)
        if key >= 0x8000:
            made += b"s" * 16 + struct.pack("<II", 0, 7)
        if kind in (tnef.STRING, tnef.UNICODE, tnef.OBJECT, tnef.BINARY):
            made += struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)
        else:
            made += value
    return made


def _file(title: bytes, content: bytes, *told: tuple[int, int, bytes]) -> bytes:
    made = _attribute(2, tnef.NEXT_FILE, 6, b"\1\0" + b"\xff" * 4 + b"\0" * 8) + _attribute(2, 0x8010, 1, title + b"\0")
    made += _attribute(2, tnef.FILE_BYTES, 6, content) if content else b""
    return made + (_attribute(2, tnef.FILE_PROPERTIES, 6, _properties(*told)) if told else b"")


def winmail(*parts: bytes) -> bytes:
    head = _attribute(1, 0x9006, 8, struct.pack("<I", 0x10000)) + _attribute(1, 0x9007, 6, struct.pack("<II", 1252, 0))
    return tnef.SIGNATURE + b"\1\0" + head + b"".join(parts)


def _letter(content: bytes, words: str = "") -> mime.Letter:
    made = EmailMessage()
    made["From"] = "a@example.org"
    made.set_content(words)
    made.add_attachment(content, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    return mime.read(made.as_bytes())


RICH = (tnef.RICH_TEXT, tnef.BINARY, b"rtf")
NAME = "../facture du 3 février.pdf\0"
INNER = winmail(_file(b"photo.jpg", b"\xff\xd8photo"))
WHOLE = winmail(
    _attribute(1, tnef.BODY, 2, b"Voici les pi\xe8ces.\0"),
    _attribute(1, tnef.PROPERTIES, 6, _properties((0x17, 3, b"\1\0\0\0"), (0x8001, 0x0B, b"\1\0\0\0"), RICH)),
    _file(b"FACTUR~1.PDF", b"%PDF-1.7", (tnef.LONG_NAME, tnef.UNICODE, NAME.encode("utf-16-le"))),
    _file(b"Lettre", b"", (tnef.DATA, tnef.OBJECT, b"m" * 16 + INNER)),
    _file(b"vide.txt", b"."),
)  # fmt: skip


def test_what_outlook_wrapped_is_files_and_words_of_the_letter():
    read = _letter(WHOLE)
    assert read.text == "Voici les pièces."
    assert [(file.name, file.content) for file in read.files] == [
        ("facture du 3 février.pdf", b"%PDF-1.7"),
        ("photo.jpg", b"\xff\xd8photo"),
        ("vide.txt", b"."),
    ]
    assert _letter(WHOLE, "Bonjour").text == "Bonjour"  # the letter's own words are hers
    dressed = _attribute(1, tnef.PROPERTIES, 6, _properties((0x1013, tnef.BINARY, "<b>Déjà</b>\0".encode())))
    assert _letter(winmail(dressed)).text == "Déjà"


def test_what_cannot_be_unpacked_stays_a_file_beside_what_could():
    torn = _letter(WHOLE[:-10], "Bonjour")
    assert [file.name for file in torn.files] == ["facture du 3 février.pdf", "photo.jpg", "winmail.dat"]
    assert [file.name for file in _letter(tnef.SIGNATURE + b"rest").files] == ["winmail.dat"]
    only_rich = winmail(_attribute(1, tnef.PROPERTIES, 6, _properties(RICH)))
    assert [file.name for file in _letter(only_rich).files] == ["winmail.dat"]
    inner = winmail(_attribute(1, tnef.BODY, 2, b"Words of a letter within.\0"))
    within = winmail(_file(b"Lettre", b"", (tnef.DATA, tnef.OBJECT, b"m" * 16 + inner)))
    assert [file.name for file in _letter(within, "Bonjour").files] == ["winmail.dat"]


def test_boxes_within_boxes_and_numbers_that_lie_cost_no_more_than_their_bytes():
    deep = INNER
    for _n in range(50):
        deep = winmail(_file(b"Lettre", b"", (tnef.DATA, tnef.OBJECT, b"m" * 16 + deep)))
    many = winmail(*(_file(b"a.txt", b"x") for _n in range(5000)))
    nothing = struct.pack("<IHHI", 2**32 - 1, 0x1001, 0x3001, 2**32 - 1)  # four billion times nothing
    lies = winmail(_attribute(1, tnef.PROPERTIES, 6, nothing), _attribute(1, tnef.PROPERTIES, 6, b"\xff" * 400_000))
    started = time.process_time()
    assert [file.name for file in _letter(deep).files] == ["winmail.dat"]
    assert len(_letter(many).files) == mime.FILES_MAX
    assert [file.name for file in _letter(lies).files] == ["winmail.dat"]
    assert time.process_time() - started < 5


@given(st.binary(max_size=60), st.integers(0, len(WHOLE)), st.integers(0, 40))
def test_no_bytes_at_all_break_it(junk, at, over):
    for content in (WHOLE[:at] + junk + WHOLE[at + over :], tnef.SIGNATURE + junk, junk):
        found = tnef.unpack(content)
        assert sum(len(inner) for _name, inner in found.files) <= len(content)
