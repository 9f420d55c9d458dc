"""What is folded of a letter: the fixtures of email-reply-parser against the expectations of their own test file."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import replies

from egard.kernel.messages.rules.folding import fold, visible

COMMON = "Fusce bibendum, quam hendrerit"
END = "et mollis ligula rutrum quis. Fusce sed odio id arcu varius aliquet nec nec nibh."
_WHOLE = (
    "email_7 email_8 email_9 email_10 email_11 email_12 email_13 email_14 email_15 email_16 email_17 email_18 "
    "email_22 email_23 email_24 email_25 email_26 email_portuguese email_german email_german_2 email_german_3 "
    "email_german_outlook email_norwegian_gmail email_finnish email_italian email_russian "
    "email_outlook_split_line_from email_gmail_split_line_from email_ios_outlook_fr email_ios_outlook "
    "email_msn email_fr_multiline email_french_2 email_en_multiline_2 email_original_message "
    "email_original_message_2 email_danish_dash_separator email_french_dash_separator "
    "email_tricky_5_mixed_languages email_tricky_10_special_chars_in_name "
    "email_tricky_12_no_space_after_header email_tricky_14_long_quote_header "
    "email_tricky_15_original_message_variations"
)
WHOLE = _WHOLE.split()
"""Of these the five lines that begin with `COMMON` are to be seen, and nothing else."""
SEEN = {
    "email_1": (r"^Hi folks.*-Abhishek Kona$", "riak-users"),
    "email_2": (r"^Hi,.*You can list the keys.*individually\.\"$", "Hi folks|riak-users"),
    "email_3": (r"^Oh thanks\..*-Abhishek Kona$", "Russell"),
    "email_4": (r"^Awesome!.*with it\.$", "Loader"),
    "email_5": (r"^One: Here's.*for a while\.$", "nothing of it"),
    "email_6": (r"^I get proper.*torch of pixels$", "Corey"),
    "email_19": (r"^On Thursday, I get proper rendering\.$", "torch|Corey"),
    "email_20": (r"^On Thursday\.$", "parsing"),
    "correct_sig": (r"correct -- signature\.$", "rick"),
    "sig_no_empty_line": (r"empty line above\.$", "rick"),
    "email_one_is_not_on": (r"One outstanding question.*when I run\.\.\.$", "Tapley"),
    "email_sent_from": (r"^Hi it can happen.*paragraphs\.$", "TypeApp|Valerian"),
    "email_emoji": (r"^🎉.*@pandaland$", "nothing of it"),
    "email_not_a_signature": (r"Super Domain Name Manager$", "nothing of it"),
    "email_not_a_signature_2": (r"-- and also third.*Thanks!$", "nothing of it"),
    "email_reply_header": (r"^This is the latest.*On the other hand.*Stranger$", "mrmister"),
    "email_zoho": (r"running a test\?$", "Java sucks"),
    "email_with_regards": (r"Can you help\?$", "CEO"),
    "email_customer_quote_header_3": (r"^bonjour,.*merci d'avance$", "Envoyé le"),
    "email_custom_quote_header": (r"^Thank you!$", "keltezéssel"),
    "email_blackberry": (r"^Here is another email$", "BlackBerry"),
    "email_sent_from_my_not_signature": (r"my mobile phone\.$", "nothing of it"),
    "email_thread": (r"^This is new email reply.*bellow\.$", "Jim Beam"),
    "email_unquoted_reply": (r"^This is my reply\.$", "my quote"),
    "email_bullets": (r"and another$", "goalengine"),
    "email_tricky_1_on_false_positive": (r"^On the surface.*performance is great\.$", "nothing of it"),
    "email_tricky_2_url_with_wrote": (r"Check out this article.*wrote:\" in them", "nothing of it"),
    "email_tricky_3_code_block": (r"function sendEmail.*actual signatures\.$", "nothing of it"),
    "email_tricky_4_from_in_body": (r"actual message content\.$", "nothing of it"),
    "email_tricky_6_regards_in_sentence": (r"with regards to the payment.*should be visible\.$", "nothing of it"),
    "email_tricky_7_multiple_dashes": (r"Key Points.*separators in my content\.$", "nothing of it"),
    "email_tricky_8_sent_from_in_content": (r"sent from my iPhone app.*main server\.$", "nothing of it"),
    "email_tricky_9_nested_quotes": (r"^I agree with the points below\.$", "forwarding"),
    "email_tricky_11_double_signature": (r"^Thanks for your help!", "Senior|iPhone"),
    "email_tricky_13_timestamp_variations": (r"different timestamp formats.*quote headers\.$", "nothing of it"),
    "email_tricky_16_unicode_signatures": (r"^Thanks for the update!", "nothing of it"),
    "email_tricky_17_forward_header": (r"^See the forwarded message below\.$", "Important update"),
    "email_tricky_18_inline_reply": (r"^I think option A.*Option B has.*Option C is", "your opinion"),
    "email_tricky_19_quote_without_header": (r"^I wanted.*My response.*final thoughts\.$", "angle brackets"),
    "email_tricky_20_html_entities": (r"&gt; 100 and &lt; 200", "nothing of it"),
}
"""What is seen (from its first character to its last where the pattern says so), and what is not."""


@pytest.mark.parametrize("name", WHOLE)
def test_a_reply_is_seen_and_the_letter_that_it_answers_is_folded(name):
    seen = visible(replies()[name]).strip()
    assert seen.startswith(COMMON)
    assert seen.endswith(END)
    assert seen.count("\n") == 4


@pytest.mark.parametrize("name", SEEN)
def test_what_was_written_now_is_seen_and_nothing_else(name):
    wanted, folded = SEEN[name]
    seen = visible(replies()[name]).strip()
    assert re.search(wanted, seen, re.DOTALL), seen
    assert not re.search(folded, seen), seen


def test_a_signature_is_told_from_a_quote():
    text = (
        "Bonjour,\nMerci !\n\nCordialement,\nAnne Martin\nDirectrice des achats\n+33 6 12 34 56 78\n\nLe 3 mars 2026 à"
    )
    text += " 10:00, Maison <reply@maison.example> a écrit :\n> Votre colis est parti.\n"
    assert [span.kind for span in fold(text)] == ["text", "signature", "quote"]
    assert visible(text) == "Bonjour,\nMerci !"


def test_a_name_below_a_closing_formula_belongs_to_the_letter():
    assert visible("Merci de votre aide.\n\nBien cordialement,\nAnne Martin") == (
        "Merci de votre aide.\n\nBien cordialement,\nAnne Martin"
    )


PIECES = st.sampled_from(
    ["On ", "Le ", "From: a@b.fr", "De : ", "> ", "--", "-- ", "__", "\n", "\r\n", "a écrit :", "wrote:", "a@b.org",
     "12:30", "Sent from my iPhone", "Cordialement,", "```", "x" * 120, "-----Original Message-----", "é", " "]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60).map("".join))
def test_spans_cover_any_text_from_end_to_end(text):
    spans = fold(text)
    assert "".join(text[span.start : span.end] for span in spans) == text
    assert all(one.end == other.start for one, other in itertools.pairwise(spans))
    assert visible(text).strip() or not text.strip()
