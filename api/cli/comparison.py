"""Says how a view that is built anew compares with the one that answers, and whether it is to take its place."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from api.cli.say import Failure, document
from consumers.comparing import Compared
from projections.projection import Projection


@dataclass
class Comparison:
    """It is asked in the middle of a rebuild. What is not the same is swapped only where that is `accepted`; nothing is
    where somebody `only` wants to know.
    """

    view: Projection
    only: bool
    accepted: bool
    json: bool
    seen: list[Compared] = field(default_factory=list)

    def judge(self, compared: Compared) -> bool:
        self.seen.append(compared)
        if self.json:
            document({"phase": "compared", **asdict(compared), "differing": compared.differing}, lines=True)
        else:
            print("\n".join(lines(compared)), flush=True)
        return not self.only and (self.accepted or not compared.differing)

    def must_be_settled(self) -> None:
        """Raises Failure where something differs that was not accepted."""
        for compared in self.seen:
            if compared.differing and not self.accepted:
                said = f"{compared.differing:,} rows of {self.view.name} are not the same, and nothing was changed"
                raise Failure(said if self.only else f"{said}; --accept-differences swaps it all the same")


def lines(compared: Compared) -> Iterator[str]:
    yield f"compared at position {compared.position:,}: {compared.same:,} rows are the same, {told(compared)}"
    if compared.answering != compared.version:
        yield f"  version {compared.answering} answers, and version {compared.version} was built: it may differ"
    if compared.apart:
        yield f"  columns that were not compared, since one of them lacks them: {', '.join(compared.apart)}"
    if compared.columns:
        yield f"  columns that differ: {', '.join(f'{name} ({rows:,})' for name, rows in compared.columns.items())}"
    for each in compared.first:
        key = ", ".join(f"{name} {value}" for name, value in each.key.items())
        yield f"  {key}: {each.where}" + (f", {', '.join(each.columns)}" if each.columns else "")
    if (more := compared.differing - len(compared.first)) > 0:
        yield f"  and {more:,} more"


def told(compared: Compared) -> str:
    if not compared.differing:
        return "none differs"
    return (
        f"{compared.different:,} differ, {compared.only_answering:,} are only in the one that answers,"
        f" {compared.only_new:,} only in the new build"
    )
