"""lifeledger churn, as it is called: what a command needs is imported when it is called."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Json
from consumers.churn.extras import needed
from consumers.churn.questions import OFFERED

churn = typer.Typer(
    help="Who is leaving, what customers are worth, and why we think so, as of any day.", no_args_is_help=True
)


class Model(StrEnum):
    """What can be fitted."""

    BG_NBD = "bg-nbd"
    PARETO_NBD = "pareto-nbd"
    GAMMA_GAMMA = "gamma-gamma"
    LOGISTIC = "logistic"
    BOOSTED_TREES = "boosted-trees"


class Language(StrEnum):
    """In which the report is."""

    ZH = "zh"
    EN = "en"


class Strata(StrEnum):
    """Groups of customers whose curves are compared."""

    PRODUCT_LINE = "product_line"
    TYPE = "type"
    CHANNEL = "channel"
    SEGMENT = "segment"


class Start(StrEnum):
    """From when a customer is one."""

    FIRST_PURCHASE = "first-purchase"
    REGISTRATION = "registration"


def offered(name: str) -> str:
    if name not in OFFERED:
        raise typer.BadParameter(f"there is no table {name}; there are {', '.join(OFFERED)}")
    return name


Name = Annotated[str, typer.Argument(help="Which one.", parser=offered, metavar="NAME", show_default=False)]
OfDay = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="As of the end of this day: of what had happened by then.",
        show_default="what is known now",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(help="As it was recorded up to a position or a time: 812, or 2026-03-01T09:00:00+08:00."),
]
Facts = Annotated[
    Path | None,
    typer.Option(help="Facts that `churn facts` has written, instead of the ledger.", file_okay=False, exists=True),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="A file that ends in .csv or .parquet.", dir_okay=False)
]
Line = Annotated[str | None, typer.Option("--product-line", help="Of one product line alone.")]
ByLine = Annotated[bool, typer.Option("--by-line", help="Each product line for itself.")]
Threshold = Annotated[
    list[str] | None,
    typer.Option(help="From which mean value of an order on somebody is of high value: CNY=500.", metavar="CNY=AMOUNT"),
]
Often = Annotated[int | None, typer.Option(min=1, help="From how many orders in a year on somebody orders often.")]


@churn.command("facts")
def facts(
    folder: Annotated[Path, typer.Argument(help="The folder; what was there is replaced.", file_okay=False)],
    *,
    day: OfDay = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Write the facts of a day as Parquet: for another machine, for Spark, or to be asked several times."""
    needed("ibis")
    from api.cli.churn import write_facts

    write_facts(folder, day, as_of, json=json)


@churn.command("cohorts")
def cohorts(
    *,
    by_line: ByLine = False,
    day: OfDay = None,
    as_of: AsOf = None,
    facts: Facts = None,
    output: Output = None,
    json: Json = False,
) -> None:
    """Of those who first bought in one month: how many came back in each month after it, and for how much."""
    needed("ibis")
    from api.cli.churn import Source, table
    from consumers.churn.questions import Question

    table("cohorts", Question(by="product_line" if by_line else None), Source(day, as_of, facts), output, json=json)


@churn.command("table", help="Any of the tables.\n\n" + "\n\n".join(f"{n}: {o.what}" for n, o in OFFERED.items()))
def table(
    name: Name,
    *,
    by_line: ByLine = False,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The day with which migration compares, or in whose month what goes by months begins.",
        ),
    ] = None,
    threshold: Threshold = None,
    often: Often = None,
    day: OfDay = None,
    as_of: AsOf = None,
    facts: Facts = None,
    output: Output = None,
    json: Json = False,
) -> None:
    needed("ibis")
    from api.cli.churn import Source, table, thresholds
    from consumers.churn.questions import Question

    asked = Question(
        by="product_line" if by_line else None,
        since=None if since is None else since.date(),
        thresholds=thresholds(threshold),
        often=often,
    )
    source = Source(day, as_of, facts)
    if not OFFERED[name].estimated:
        return table(name, asked, source, output, json=json)
    from api.cli.churn_models import estimated

    return estimated(name, asked, source, output, json=json)


@churn.command("survival")
def survival(
    *,
    by: Annotated[
        Strata | None, typer.Option(help="A curve for each of these groups, and whether they differ.")
    ] = None,
    start: Annotated[Start, typer.Option(help="From when customers are counted.")] = Start.FIRST_PURCHASE,
    day: OfDay = None,
    as_of: AsOf = None,
    facts: Facts = None,
    output: Output = None,
    json: Json = False,
) -> None:
    """How long customers stay: Kaplan-Meier, with a band and how many were still seen."""
    needed("ibis")
    from api.cli.churn import Source, survival

    survival(None if by is None else by.value, start.value, Source(day, as_of, facts), output, json=json)


@churn.command("fit")
def fit(
    model: Annotated[Model, typer.Argument(help="Which model.", show_default=False)],
    *,
    product_line: Line = None,
    currency: Annotated[str | None, typer.Option(help="Of which amounts gamma-gamma is.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Under which name it is recorded.", show_default="by what it is of")
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=3_650, help="Within how many days somebody leaves: of what is learned.")
    ] = 90,
    seed: Annotated[
        int, typer.Option(min=0, max=2**31, help="By which is drawn who is held out: of what is learned.")
    ] = 1,
    record: Annotated[bool, typer.Option(help="Whether it is recorded in the ledger.")] = True,
    day: OfDay = None,
    as_of: AsOf = None,
    facts: Facts = None,
    output: Output = None,
    json: Json = False,
) -> None:
    """Fit a model by maximum likelihood, or learn who leaves; and record it with all that it takes to use it again."""
    needed("ibis")
    from api.cli.churn import Source
    from api.cli.churn_models import fit

    source = Source(day, as_of, facts)
    fit(model.value, product_line, currency, name, days, seed, source, output, record=record, json=json)


@churn.command("models")
def models(*, day: OfDay = None, as_of: AsOf = None, output: Output = None, json: Json = False) -> None:
    """The models that are on record; as of a day, those that know nothing of what came after it."""
    needed("ibis")
    from api.cli.churn_models import models

    models(None if day is None else day.date(), as_of, output, json=json)


@churn.command("score")
def score(
    *,
    model: Annotated[
        list[str] | None, typer.Option(help="Models by name, or name@number.", show_default="the last of each kind")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="How far is looked ahead.")] = 365,
    discount: Annotated[float, typer.Option(min=0, max=10, help="What a year's waiting takes off: 0.1 is 10 %.")] = 0.1,
    day: OfDay = None,
    as_of: AsOf = None,
    facts: Facts = None,
    output: Output = None,
    json: Json = False,
) -> None:
    """Of each customer: whether he is one still, how often he will buy, and what that is worth; by which models."""
    needed("ibis")
    from api.cli.churn import Source
    from api.cli.churn_models import score

    score(model or (), days, discount, Source(day, as_of, facts), output, json=json)


@churn.command("report")
def report(
    output: Annotated[Path, typer.Argument(help="The page: FILE.html.", dir_okay=False)],
    *,
    language: Annotated[Language, typer.Option()] = Language.EN,
    by: Annotated[Strata | None, typer.Option(help="Groups whose curves are drawn.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The day with which quadrants are compared.", show_default="90 days ago"
        ),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Models by name, or name@number.", show_default="the last of each kind")
    ] = None,
    day: OfDay = None,
    as_of: AsOf = None,
    facts: Facts = None,
    json: Json = False,
) -> None:
    """Write all of it as one page that needs nothing else."""
    needed("ibis")
    from api.cli.churn import Source
    from api.cli.churn_models import report

    report(
        output,
        language.value,
        None if by is None else by.value,
        None if since is None else since.date(),
        model or (),
        Source(day, as_of, facts),
        json=json,
    )
