"""Any letter is read: none of those that break parsers breaks ours."""

from __future__ import annotations

from email.message import EmailMessage
from email.mime.application import MIMEApplication

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import fixtures, letter

from egard.kernel.messages.rules import arrivals, markup, mime


@pytest.mark.parametrize("name", sorted(fixtures("test_email_data")))
def test_every_message_of_cpythons_tests_is_read(name):
    read = mime.read(fixtures("test_email_data")[name])
    assert "\x00" not in read.text + read.html + read.subject
    assert all(isinstance(file.content, bytes) and file.name for file in read.files)


def test_their_words_and_files_are_found():
    data = fixtures("test_email_data")
    assert mime.read(data["msg_01.txt"]).sender == "bbb@ddd.com"
    assert "Hi there" in mime.read(data["msg_07.txt"]).text
    assert mime.read(data["msg_07.txt"]).files[0].content[:4] == b"GIF8"
    assert [file.name for file in mime.read(data["msg_02.txt"]).files] == ["message.eml"] * 5
    assert len(mime.read(data["msg_43.txt"]).reports) == 25


def _raw(charset: str, content: bytes, subject: bytes = b"x") -> bytes:
    head = b"From: a@example.org\nSubject: " + subject + b"\nContent-Transfer-Encoding: 8bit\nContent-Type: text/plain"
    return head + f"; charset={charset}".encode() + b"\n\n" + content


@pytest.mark.parametrize(
    ("charset", "really"),
    [
        ("us-ascii", "utf-8"), ("utf-8", "cp1252"), ("iso-8859-1", "utf-8"), ("iso-8859-1", "cp1252"),
        ("x-made-up", "utf-8"), ("rot13", "utf-8"), ("ascii", "cp1252"), ("utf-8", "utf-8"), ("utf-16-le", "utf-16-le"),
    ],
)  # fmt: skip
def test_charsets_that_lie_are_seen_through(charset, really):
    text = "Où est passée ma commande d’été ? « Merci »"
    assert mime.read(_raw(charset, text.encode(really))).text.strip() == text


def test_a_subject_without_its_encoding_is_still_words():
    assert mime.read(_raw("utf-8", b"x", "Réponse à votre courrier".encode())).subject == "Réponse à votre courrier"
    assert mime.read(_raw("utf-8", b"x", "Réponse".encode("cp1252"))).subject == "Réponse"
    assert mime.read(_raw("utf-8", b"x", b"=?utf-8?q?R=C3=A9ponse?= =?x-no?b?w6k=?=")).subject.startswith("Réponse")


def _nested(deep: int) -> bytes:
    body = b"Content-Type: text/plain\n\nhello from the deep\n"
    for level in range(deep):
        mark = b"b%d" % level
        body = b'Content-Type: multipart/mixed; boundary="' + mark + b'"\n\n--' + mark + b"\n" + body
        body += b"\n--" + mark + b"--\n"
    return b"From: a@example.org\nSubject: deep\n" + body


@pytest.mark.parametrize("deep", [50, 400, 3000])
def test_boxes_within_boxes_are_opened_and_nothing_is_lost(deep):
    read = mime.read(_nested(deep))
    assert read.subject == "deep"
    assert "hello from the deep" in read.text


def test_a_file_has_no_folder():
    made = EmailMessage()
    made["From"] = "a@example.org"
    made.set_content("See the file.")
    made.add_attachment(b"x", maintype="text", subtype="plain", filename="../../etc/passwd\x07")
    made.add_attachment(b"x", maintype="text", subtype="plain", filename="C:\\temp\\facture.pdf")
    assert [file.name for file in mime.read(made.as_bytes()).files] == ["passwd", "facture.pdf"]


def test_a_letter_in_two_dresses_is_read_once():
    made = EmailMessage()
    made["From"] = "a@example.org"
    made.set_content("Bonjour")
    made.add_alternative("<p>Bonjour</p>", subtype="html")
    made.attach(MIMEApplication(b"%PDF-1.7", name="bon.pdf"))
    read = mime.read(made.as_bytes())
    assert (read.text.strip(), read.html.strip(), [f.name for f in read.files]) == (
        "Bonjour",
        "<p>Bonjour</p>",
        ["bon.pdf"],
    )


def test_markup_of_strangers_says_its_words_and_does_nothing():
    nasty = (
        "<style>p{}</style><p onclick=steal()>Bonjour <b>vous</b></p><script>steal()</script><img src=http://spy/1.gif>"
        "<a href='javascript:steal()'>ici</a><a href='https://maison.example/'>là</a><form action=x><input></form>"
        "<blockquote>Votre colis<br>est parti</blockquote><svg onload=steal()>"
    )
    clean = markup.clean(nasty)
    assert "steal" not in clean
    assert "img" not in clean
    assert 'href="https://maison.example/" rel="noopener noreferrer nofollow"' in clean
    assert markup.text_of(nasty) == "Bonjour vous\n\nicilà\n\n> Votre colis\n> est parti"
    assert markup.text_of("<div><blockquote>" * 50_000 + "deep") == "deep"  # minutes, if all these boxes were opened
    assert markup.text_of("<div><blockquote>" * 100 + "deep").endswith("> deep")


@given(st.binary(max_size=400), st.sampled_from(sorted(fixtures("test_email_data"))), st.integers(0, 2000))
def test_what_is_torn_or_made_up_is_read_too(junk, name, at):
    raw = fixtures("test_email_data")[name]
    for broken in (junk, raw[:at] + junk + raw[at + 40 :]):
        read = mime.read(broken)
        assert isinstance(read.text, str)
        arrivals.is_automatic(read)
        arrivals.authenticity(read, {"mx.maison.example"})
        arrivals.reports(read)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X_Auto_Response_Suppress": "OOF, AutoReply"},
        {"Return_Path": "<>"}, {"List_Id": "<news.example.org>"}, {"sender": "mailer-daemon@example.org"},
        {"sender": "no-reply@example.org"},
    ],
)  # fmt: skip
def test_what_machines_write_is_known_by_rfc_3834(headers):
    assert arrivals.is_automatic(mime.read(letter(**headers)))
    assert not arrivals.is_automatic(mime.read(letter(Auto_Submitted="no")))


@pytest.mark.parametrize(
    ("found", "trust"),
    [
        ("mx.maison.example; dmarc=pass header.from=example.org", "verified"),
        ("mx.maison.example; dkim=pass header.d=example.org", "verified"),
        ("mx.maison.example (postfix); dkim=pass (good; really) header.d=mail.example.org", "unverified"),
        ("mx.maison.example; spf=pass smtp.mailfrom=anne@example.org", "verified"),
        ("mx.maison.example; spf=pass smtp.mailfrom=x@evil.example", "unverified"),
        ("mx.maison.example; dkim=pass header.d=org", "unverified"),
        ("mx.maison.example; dmarc=fail header.from=example.org; spf=pass smtp.mailfrom=a@example.org", "forged"),
        ("mx.evil.example; dmarc=pass header.from=example.org", "unverified"),
        ("mx.maison.example; none", "unverified"),
        ("", "unverified"),
    ],
)
def test_a_sender_is_believed_where_our_own_server_vouches_for_the_domain(found, trust):
    raw = letter(verified=False, **({"Authentication_Results": found} if found else {}))
    assert arrivals.authenticity(mime.read(raw), {"mx.maison.example"}) == trust


def test_two_senders_or_a_second_opinion_further_down_are_not_believed():
    ours, theirs = "mx.maison.example; dmarc=none", "mx.maison.example; dmarc=pass header.from=example.org"
    raw = f"Authentication-Results: {ours}\nAuthentication-Results: {theirs}\nFrom: a@example.org\n\nx".encode()
    assert arrivals.authenticity(mime.read(raw), {"mx.maison.example"}) == "unverified"
    raw = f"Authentication-Results: {theirs}\nFrom: a@example.org\nFrom: b@evil.example\n\nx".encode()
    assert arrivals.authenticity(mime.read(raw), {"mx.maison.example"}) == "unverified"


@pytest.mark.parametrize(
    ("told", "read_as"),
    [
        ("=?utf-8?q?Anne_Leb=C5=93uf?= <Anne@example.org>", ("Anne Lebœuf", "anne@example.org")),
        ('"Martin, Anne" <anne@example.org>', ("Martin, Anne", "anne@example.org")),
        ("anne@example.org (Anne Martin)", ("Anne Martin", "anne@example.org")),
        ("Anne <anne@example.org", ("Anne", "anne@example.org")),
        ("The house: anne@example.org, zoe@example.org;", ("", "anne@example.org")),
        ("undisclosed-recipients:;", ("", "")),
    ],
)
def test_a_name_stands_beside_its_address_however_they_are_written(told, read_as):
    found = mime.read(f"From: {told}\n\nBonjour".encode())
    assert (found.sender_name, found.sender) == read_as
