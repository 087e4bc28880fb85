"""A small company as a file, and what is read of it."""

from pathlib import Path

from api.cli.company import Parts, parts_of
from api.cli.outline import Outline

COMPANY = """\
teams: [north, north/harbour, south]
staff:
  - {id: ann, name: Ann, role: sales, team: north/harbour, capacity: {held: 50, daily_claims: 5}}
  - id: bob
    name: Bob
    role: sales_manager
    team: north
    available: false
pools:
  - id: north
    name: North
    members: [north]
    terms: {protection_days: 7}
catalogs:
  - id: lost-reasons
    entries:
      - {code: price, zh: 价格, en: Price}
"""


def outline(file: Path, text: str) -> Outline[Parts]:
    file.write_text(text)
    return parts_of(file)
