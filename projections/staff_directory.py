"""The staff directory: who works here and where. Lists join it when they are read, so a move needs no new rows."""

from domain.staff import StaffDeparted, StaffMoved, StaffOnboarded
from domain.values import OrgPath, StaffId
from projections.projection import projection
from projections.rows import Row, replace, table


@table
class Colleague(Row):
    """Who has departed stays: what he holds still lies in his organisation."""

    staff_id: StaffId
    name: str
    role: str
    org_path: OrgPath
    active: bool = True


@projection(
    "staff_directory",
    key=("staff_id",),
    version=1,
    scoped=False,
    prompt=True,
    sorts=("name", "org_path"),
    filters=("staff_id", "role", "org_path", "active"),
)
def staff_directory(row: Colleague | None, event: StaffOnboarded | StaffMoved | StaffDeparted) -> Colleague | None:
    match row, event:
        case _, StaffOnboarded(staff_id=staff_id, name=name, role=role, org_path=org_path):
            return Colleague(staff_id=staff_id, name=name, role=role, org_path=org_path)
        case Colleague(), StaffMoved(role=role, to=to):
            return replace(row, role=role, org_path=to)
        case Colleague(), StaffDeparted():
            return replace(row, active=False)
        case _:
            return row
