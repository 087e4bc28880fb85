"""Signed notes, as others sign and read them too."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.note import NotSigned, Signer, Verifier

# The example of golang.org/x/mod/sumdb/note, on which the specification is based.
NEUMANN = Verifier.read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
SIGNED = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

OURS = Signer("ledger.example/one", bytes(range(32)))
OTHER = Signer("ledger.example/two", bytes(32))
texts = st.text(st.characters(codec="utf-8", min_codepoint=32)).map(lambda found: f"{found}\n")


def test_a_note_that_somebody_else_has_signed_is_read() -> None:
    assert NEUMANN.text_of(SIGNED) == SIGNED.partition("\n\n")[0] + "\n"


def test_who_signs_is_known_by_one_line() -> None:
    line = str(OURS.verifier)
    assert Verifier.read(line) == OURS.verifier
    assert str(NEUMANN) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


@given(texts)
def test_what_is_signed_can_be_read_by_who_knows_the_signer(text: str) -> None:
    assert OURS.verifier.text_of(OURS.note(text)) == text
    with pytest.raises(NotSigned, match="two has not signed"):
        OTHER.verifier.text_of(OURS.note(text))


@given(texts, st.data())
def test_nothing_in_it_can_be_changed(text: str, data: st.DataObject) -> None:
    note = OURS.note(text)
    nth = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.characters(codec="utf-8", exclude_characters=note[nth]))
    with pytest.raises(NotSigned):
        OURS.verifier.text_of(note[:nth] + other + note[nth + 1 :])
    with pytest.raises(NotSigned):
        OURS.verifier.text_of(note[:nth] + note[nth + 1 :])


def test_several_may_sign_and_each_is_read_for_himself() -> None:
    text = "one\ntwo\n"
    both = OURS.note(text) + OTHER.note(text).rpartition("\n\n")[2]
    assert OURS.verifier.text_of(both) == OTHER.verifier.text_of(both) == text


def test_another_key_of_the_same_name_has_signed_nothing() -> None:
    impostor = Signer(OURS.verifier.name, bytes(32))
    with pytest.raises(NotSigned, match="has not signed"):
        OURS.verifier.text_of(impostor.note("mine\n"))


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        OURS.note("text\n").removesuffix("\n"),
        OURS.note("text\n").replace("\n\n", "\n"),
        OURS.note("text\n") + "and more\n",
        OURS.note("text\n").replace("— ", "- "),
        OURS.note("te\txt\n"),
        "text\n\n— nobody\n",
        "text\n\n— nobody not-base64!\n",
        "text\n\n— nobody AAAA\n",
    ],
)
def test_what_is_no_note_is_told(note: str) -> None:
    with pytest.raises(NotSigned):
        OURS.verifier.text_of(note)


@pytest.mark.parametrize(
    ("line", "because"),
    [
        ("", "Ed25519"),
        ("name+00000000+AAAA", "Ed25519"),
        (f"name+00000000+{b64encode(bytes([1, 2])).decode()}", "32 bytes"),
        (f"name+00000000+{b64encode(bytes([1] * 33)).decode()}", "the id 00000000"),
        (f"+00000000+{b64encode(bytes([1] * 33)).decode()}", "name"),
        ("name+00000000+?", "base64"),
    ],
)
def test_what_is_no_signers_line_is_refused(line: str, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        Verifier.read(line)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb"])
def test_a_name_with_spaces_or_a_plus_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Signer(name, bytes(32))
