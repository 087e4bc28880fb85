"""A log of events in XES, read case by case: what each attribute says, and nothing made of it."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

Attributes = dict[str, str]


def traces(path: Path) -> Iterator[tuple[Attributes, list[Attributes]]]:
    """The attributes of each case, and those of its events, in the order of the file; packed or not."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for _, element in ET.iterparse(file):  # noqa: S314 - a published file, or one that a test has made.
            if plain(element.tag) == "trace":
                yield attributes(element), [attributes(child) for child in element if plain(child.tag) == "event"]
                element.clear()


def attributes(element: ET.Element) -> Attributes:
    return {child.attrib["key"]: child.attrib.get("value", "") for child in element if "key" in child.attrib}


def plain(tag: str) -> str:
    """A name without its namespace, which some logs leave out."""
    return tag.rpartition("}")[2]
