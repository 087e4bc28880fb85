"""What is fitted to customers or learned of them while somebody waits; what is on record by its digest, once more."""

from collections.abc import Sequence
from typing import Any

from api.churn.asking import by_maker
from api.churn.facts import ChurnFacts, When
from consumers.churn.questions import Wanted
from consumers.churn.refused import NotLearnedAgain
from domain.churn_model import ChurnModelFitted
from domain.errors import Refused


async def of_buying(churn: ChurnFacts, when: When, wanted: Wanted) -> tuple[Any, Any]:
    """A model, as what records it; and as of when. While its parameters are looked for others are answered."""
    with churn.place():
        rows, extract = await churn.run(churn.thread, churn.asked, when, by_maker("histories"))
        return await churn.run(churn.learning, by_maker("fit", wanted), rows, extract), extract


async def learned(churn: ChurnFacts, when: When, wanted: Wanted) -> tuple[Any, Any]:
    """Of customers as they were on an earlier day, which is a moment like any other: bounded as that is, and kept. In
    between, others are answered; and that it takes long to learn holds up nobody but who wants to learn.
    """
    with churn.place():
        async with churn.holding(when) as later:
            extract = later.extract
            before = await churn.run(churn.thread, by_maker("before", wanted), extract.day)
            then = When(before, str(extract.position))
            known = await churn.run(churn.thread, churn.asked, then, by_maker("known"))
            left = await churn.run(churn.thread, by_maker("left", known, before), later.facts)
        return await churn.run(churn.learning, by_maker("learned", wanted, known, left)), extract


async def told(churn: ChurnFacts, when: When, names: Sequence[str], days: int, discount: float) -> tuple[Any, Any]:
    """What models on record say of customers, and as of when."""
    events = await churn.ask(when, by_maker("picked", churn, names))
    trees = await churn.run(churn.telling, by_maker("trees_among", events, names))
    if trees is None:
        return await churn.ask(when, by_maker("scored", events, names, days, discount))
    return await churn.ask(when, by_maker("by_trees", trees, await again(churn, trees)))


async def again(churn: ChurnFacts, event: ChurnModelFitted) -> Any:
    """Trees as they were recorded. Raises NotLearnedAgain and OtherTrees, and what a moment is refused for."""
    then, seen, name = event.learned, event.seen, f"{event.model_id}@{event.number}"
    assert then is not None, "a model that learns is recorded with what it has learned"
    if (known := churn.trees.get(name)) is None:
        wanted = Wanted("boosted-trees", days=then.days, seed=then.seed)
        try:
            found, _ = await learned(churn, When(seen.last, str(seen.position)), wanted)
        except Refused as no:
            raise NotLearnedAgain(name=name, because=str(no)) from no
        known = await churn.run(churn.learning, by_maker("as_recorded", event), found)
        churn.trees.clear()  # One is enough for who reads page by page.
        churn.trees[name] = known
    return known
