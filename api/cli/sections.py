"""The sections of a company's file that nobody wrote down: each holds what one publishing command says."""

from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, get_type_hints

from commands.decider import Decider, owners
from domain.values import outside_name, value


@dataclass(frozen=True)
class Section:
    """What is published of one kind: the command that does it, and the same as an entry of the file, called by `id`."""

    decider: Decider[Any, Any]
    command: type
    entry: type
    after: frozenset[str] = frozenset()  # The sections that its rule may look at, and those that theirs may.

    @classmethod
    def of(cls, decider: Decider[Any, Any], command: type) -> "Section":
        hints = get_type_hints(command, include_extras=True)
        own = decider.id_field
        names = {field.name: "id" if field.name == own else field.name for field in fields(command)}
        defaults = {names[each.name]: each.default for each in fields(command) if each.default is not MISSING}
        annotations = {names[name]: hints[name] for name in names}
        entry = type(command.__name__, (), {"__annotations__": annotations, "__module__": __name__, **defaults})
        return cls(decider, command, value(entry))

    @property
    def name(self) -> str:
        return self.decider.plural

    @property
    def kind(self) -> str:
        """What one of them is called: `pool`, `sla policy`."""
        return self.decider.name.replace("-", " ")

    def asked(self, entry: Any) -> Any:
        """The command that an entry of the file wants."""
        own = self.decider.id_field
        names = [field.name for field in fields(self.command)]
        return self.command(**{name: getattr(entry, "id" if name == own else name) for name in names})

    def place(self, step: str) -> str:
        """What the file calls a field of the command."""
        return "id" if step == self.decider.id_field else outside_name(step)


def sections(deciders: Iterable[Decider[Any, Any]]) -> dict[str, Section]:
    """By name, in an order in which they can be published: what a rule looks at goes before."""
    found = {decider.name: Section.of(decider, command) for decider in deciders for command in publishing(decider)}
    owner = owners(each.decider for each in found.values())
    ordered: dict[str, Section] = {}
    under_way: set[str] = set()

    def put(section: Section) -> None:
        if section.name not in under_way:
            under_way.add(section.name)
            after: set[str] = set()
            for needed in needs(section, owner):
                put(found[needed.name])
                if needed.plural in ordered:  # Else each looks at the other, and neither can wait for it.
                    after |= {needed.plural, *ordered[needed.plural].after}
            ordered[section.name] = replace(section, after=frozenset(after))

    for section in found.values():
        put(section)
    return ordered


def publishing(decider: Decider[Any, Any]) -> Iterator[type]:
    """The command that publishes, of a kind of which that is all: a policy, or what is asked for nothing else.

    What is drafted before it is published is no such kind: its command says nothing but the id.
    """
    for command, rule in decider.rules.items():
        opens = any(decider.states[0] in need.types for name, need in rule.needs.items() if name not in rule.where)
        if command.__name__.startswith("Publish") and opens and (decider.governs or len(decider.rules) == 1):
            yield command


def needs(section: Section, owner: Any) -> Iterator[Decider[Any, Any]]:
    """What else is published that its rule looks at."""
    for need in section.decider.rules[section.command].needs.values():
        if need.types[0] in owner and owner[need.types[0]] is not section.decider:
            yield owner[need.types[0]]
