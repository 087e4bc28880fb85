"""Who somebody is stands in a cookie that only we can make; everything else in it is a matter of taste."""

from collections.abc import Mapping
from hashlib import blake2b

import pytest
from starlette.requests import Request

from api.web import visitor
from api.web.visitor import opened, sealed, visitor_of


def keyed(kind: str, body: bytes) -> bytes:
    return blake2b(body, key=kind.encode() + b"ours").digest()


def another(kind: str, body: bytes) -> bytes:
    return blake2b(body, key=kind.encode() + b"theirs").digest()


def asked(cookies: Mapping[str, str] | None = None, **headers: str) -> Request:
    told = {name.replace("_", "-"): text for name, text in headers.items()}
    if cookies:
        told["cookie"] = "; ".join(f"{name}={text}" for name, text in cookies.items())
    raw = [(name.encode(), text.encode()) for name, text in told.items()]
    return Request({"type": "http", "method": "GET", "path": "/desk/", "query_string": b"", "headers": raw})


def test_whom_we_have_let_in_we_know_again() -> None:
    assert opened(keyed, sealed(keyed, "安")) == "安"


def test_nobody_is_known_by_what_somebody_else_has_made_or_changed() -> None:
    ours = sealed(keyed, "ann")
    assert opened(another, ours) is None
    for place in range(len(ours)):
        changed = ours[:place] + ("A" if ours[place] != "A" else "B") + ours[place + 1 :]
        assert opened(keyed, changed) in {None, "ann"}, "the last signs of base64 may say nothing"
    assert [opened(keyed, text) for text in ("", "x", "=", "é", "0" * 10_000)] == [None] * 5


def test_who_was_let_in_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor, "HOURS", -1)
    assert opened(keyed, sealed(keyed, "ann")) is None


def test_whom_a_proxy_names_goes_before_whom_somebody_has_chosen() -> None:
    cookies = {"desk": sealed(keyed, "ann")}
    assert visitor_of(asked(cookies), keyed, "UTC", roles=True).staff_id == "ann"
    assert visitor_of(asked(cookies, x_actor="user:bob"), keyed, "UTC", roles=True).staff_id == "bob"


def test_where_roles_are_not_offered_a_choice_is_none() -> None:
    assert visitor_of(asked({"desk": sealed(keyed, "ann")}), keyed, "UTC", roles=False).actor == {}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("fr,zh", "zh"), ("en-GB,zh", "en"), ("fr", "en"), ("", "en")],
)
def test_the_language_is_the_first_of_ours_that_a_browser_names(accepted: str, language: str) -> None:
    assert visitor_of(asked(accept_language=accepted), keyed, "UTC", roles=True).language == language


def test_what_somebody_has_chosen_to_see_goes_before_that_and_nonsense_is_passed_over() -> None:
    found = visitor_of(asked({"language": "zh", "theme": "dark"}, accept_language="en"), keyed, "UTC", roles=True)
    assert (found.language, found.theme, found.after) == ("zh", "dark", None)
    odd = {"language": "xx", "theme": "pink", "desk_after": "1e9", "keys": "off"}
    found = visitor_of(asked(odd), keyed, "UTC", roles=True)
    assert (found.language, found.theme, found.after, found.keys) == ("en", "auto", None, False)
