"""Nobody is shown a page who has not said who he is, and nothing is done for a form of somebody else's page."""

from collections.abc import Iterator

import pytest

from api.web.desk import back_to
from tests.api.house import ANN, House

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def proxied() -> Iterator[House]:
    with House.opened() as house:
        yield house.settle()


@pytest.mark.parametrize("path", ["/desk/", "/desk/sales", "/desk/sales?search=1"])
def test_who_has_not_signed_in_is_sent_to_where_that_is_done_and_comes_back(proxied: House, path: str) -> None:
    found = proxied.get(path)
    assert found.status_code == 303
    assert found.headers["location"].startswith("/desk/sign-in?back=%2Fdesk%2F")


def test_behind_a_proxy_nobody_chooses_who_he_is(proxied: House) -> None:
    assert proxied.get("/desk/sign-in").status_code == 401
    sent = proxied.ask("POST", "/desk/sign-in", content="staff_id=ann", headers=OURS)
    assert (sent.status_code, "set-cookie" in sent.headers) == (404, False)


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://house"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://house"}, True),
        ({"Origin": "http://elsewhere"}, False),
        ({"Origin": "null"}, False),
        ({}, True),  # No browser, which sends one or the other with a form; nor has it our cookie.
    ],
)
def test_only_a_form_of_ours_changes_something(proxied: House, headers: dict[str, str], ours: bool) -> None:
    settings = proxied.ask("POST", "/desk/settings", content="language=zh", headers=headers)
    assert (settings.status_code == 303) is ours
    lead = "01932c07-209d-7c4e-9a52-5d0e4c0f8b11"
    before = proxied.position
    claim = proxied.ask("POST", f"/desk/commands/ClaimLead/{lead}", ANN, content="", headers=headers)
    assert (claim.status_code == 404 and claim.json()["type"] == "/problems/not-found") is not ours
    assert proxied.position == before or ours


def test_a_command_that_no_page_offers_is_not_there(proxied: House) -> None:
    assert proxied.get("/desk/commands/OnboardStaff/ann", ANN).status_code == 404


def test_what_cannot_be_understood_changes_nothing(proxied: House) -> None:
    body = "language=xx&theme=%00&back=http://elsewhere/"
    found = proxied.ask("POST", "/desk/settings", content=body, headers=OURS)
    assert (found.headers["location"], "set-cookie" in found.headers) == ("/desk/", False)


@pytest.mark.parametrize(
    ("back", "to"),
    [
        ("/desk/sales?search=1#pool", "/desk/sales?search=1#pool"),
        ("//elsewhere/desk/", "/desk/"),
        ("https://elsewhere/desk/", "/desk/"),
        ("/desk/\\elsewhere", "/desk/"),
        ("/desk/\r\nSet-Cookie: x=y", "/desk/"),
        ("/deskx", "/desk/"),
        (None, "/desk/"),
    ],
)
def test_somebody_is_sent_back_to_a_page_of_ours_alone(back: str | None, to: str) -> None:
    assert back_to(back).headers["location"] == to
