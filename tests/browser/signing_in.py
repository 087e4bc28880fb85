"""How somebody comes to a desk: who he is, in which language he reads, and whether by light or in the dark.

What the desk has agreed on about that stands here and nowhere else among the specs.
"""

from typing import Any, Literal

from playwright.sync_api import BrowserContext

Language = Literal["zh", "en"]
Theme = Literal["light", "dark"]

LOCALES = {"zh": "zh-CN", "en": "en-GB"}


def window(language: Language, theme: Theme) -> dict[str, Any]:
    """How his browser is set."""
    return {"locale": LOCALES[language], "color_scheme": theme, "timezone_id": "Asia/Shanghai"}


def sign_in(context: BrowserContext, origin: str, staff_id: str, language: Language) -> None:
    """The cookie `desk` is then in the context."""
    context.add_cookies([{"name": "language", "value": language, "url": origin}])
    answer = context.request.post(f"{origin}/desk/sign-in", form={"staff_id": staff_id}, headers={"Origin": origin})
    assert answer.ok, f"{answer.status}: {answer.text()}"
    assert any(each["name"] == "desk" for each in context.cookies(f"{origin}/desk/")), "no cookie came back"
