"""A table of leads that is a file, with a map that is another: how it is to be read, or what is wrong with which."""

from pathlib import Path
from typing import BinaryIO

from api.cli.outline import Outline, named, read
from api.cli.say import Failure
from api.sheet.layout import Layout, Map, must_suffice
from api.sheet.layout import laid_out as laid_out_so
from api.sheet.layout import typed as typed_so
from api.sheet.unfit import Fault, Unfit
from domain.catalog import Catalog


def laid_out(file: Path, map_file: Path | None, region: str | None, longest: int) -> Layout:
    """How a file is to be read. Raises Failure for every fault of the map, and of the file as a whole."""
    outline = None if map_file is None else read(map_file, Map)

    def opened() -> BinaryIO:
        return file.open("rb")

    try:
        found = laid_out_so(opened, outline.value if outline else Map(), region, longest)
        must_suffice(found)
    except Unfit as no:
        raise Failure("\n".join(told(each, file, outline) for each in no.faults)) from None
    return found


def told(fault: Fault, file: Path, outline: Outline[Map] | None) -> str:
    """Where it stands, and what is wrong there."""
    if fault.place is not None and outline is not None:
        return f"{outline.line(fault.place)}: {named(fault.place)}: {fault.because}"
    return f"{file}{'' if fault.line is None else f':{fault.line}'}: {fault.because}"


def typed(layout: Layout, catalog: Catalog) -> Layout:
    """With the types of custom fields. Raises Failure for those that the catalog does not have."""
    try:
        return typed_so(layout, catalog)
    except Unfit as no:
        raise Failure("\n".join(each.because for each in no.faults)) from None
