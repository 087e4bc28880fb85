"""What is written of the views is what they are."""

from tests.read_models import DOCUMENT, document


def test_the_document_says_what_they_tell() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "python -m tests.read_models"
