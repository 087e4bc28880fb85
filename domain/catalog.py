"""What people may choose from: reasons, sources, and the fields a company adds to a lead."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from domain.errors import Invalid
from domain.values import CatalogId, fact, value

FieldType = Literal["text", "integer", "decimal", "boolean", "date", "choice"]
CustomValue = str | int | bool

LOST_REASONS = CatalogId("lost-reasons")
INVALID_REASONS = CatalogId("invalid-reasons")
CUSTODY_REASONS = CatalogId("custody-reasons")  # Why a lead goes into a pool.
REASONS = CatalogId("reasons")  # What may go with any command.
LEAD_FIELDS = CatalogId("lead-fields")
CALL_DISPOSITIONS = CatalogId("call-dispositions")  # What came of a call.
TAGS = CatalogId("tags")
NOTIFICATION_TEMPLATES = CatalogId("notification-templates")

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}")


@value
class Entry:
    """One thing to choose: a code that is stored, and what people read."""

    code: str
    zh: str = ""
    en: str = ""
    retired: bool = False


@value
class CustomField:
    """A field of the company's own: typed, checked, and personal or not."""

    name: str
    type: FieldType
    required: bool = False
    personal: bool = False
    choices: tuple[str, ...] = ()


# Facts


@fact("catalog.published")
class CatalogPublished:
    catalog_id: CatalogId
    number: int
    entries: tuple[Entry, ...] = ()
    fields: tuple[CustomField, ...] = ()


CatalogEvent = CatalogPublished


# State. An unpublished catalog is an empty one: nothing can be chosen from it.


@value
class Catalog:
    catalog_id: CatalogId
    number: int = 0
    codes: frozenset[str] = frozenset()
    fields: tuple[CustomField, ...] = ()


def evolve(catalog: Catalog, event: CatalogEvent) -> Catalog:
    match event:
        case CatalogPublished(number=number, entries=entries, fields=fields):
            open_codes = frozenset(entry.code for entry in entries if not entry.retired)
            return Catalog(catalog_id=catalog.catalog_id, number=number, codes=open_codes, fields=fields)


# What a catalog says of a value


def chosen(catalog: Catalog, code: str, field: str) -> str:
    """The code, when it can be chosen; refused with Invalid otherwise. What was given is not told again: the refusal
    is kept, and it may be anything.
    """
    if code not in catalog.codes:
        offered = ", ".join(sorted(catalog.codes)[:12]) or "nothing yet: publish the catalog"
        raise Invalid(field=field, because=f"{catalog.catalog_id} offers {offered}")
    return code


def offered(catalog: Catalog, code: str, field: str) -> str:
    """A code of the catalog; any code, until the catalog is published. Refused with Invalid otherwise."""
    return chosen(catalog, code, field) if catalog.number else coded(field, code)


def coded(field: str, code: str) -> str:
    """A code, by its look: a word for machines, in which nobody is described. Refused with Invalid otherwise."""
    if not CODE.fullmatch(code):
        raise Invalid(field=field, because="this is a code of up to 64 letters, digits and . _ : + -, without blanks")
    return code


def checked(
    catalog: Catalog, given: Mapping[str, CustomValue], *, complete: bool = True
) -> tuple[dict[str, CustomValue], dict[str, CustomValue]]:
    """The given custom fields, split into open and personal ones; refused with Invalid naming the field.

    A correction need not be `complete`: it gives only what was wrong.
    """
    declared = {field.name: field for field in catalog.fields}
    for name in given:
        if name not in declared:
            raise Invalid(field=f"custom/{name}", because=f"{catalog.catalog_id} has no such field")
    for field in catalog.fields:
        if complete and field.required and field.name not in given:
            raise Invalid(field=f"custom/{field.name}", because="this field is required")
    for name, content in given.items():
        if not fits(declared[name], content):
            raise Invalid(field=f"custom/{name}", because=f"this is no {declared[name].type}")
    personal = {name: content for name, content in given.items() if declared[name].personal}
    return {name: given[name] for name in given if name not in personal}, personal


def fits(field: CustomField, content: CustomValue) -> bool:
    match field.type, content:
        case "boolean", bool():
            return True
        case "integer", int():
            return not isinstance(content, bool)
        case "text", str():
            return True
        case "choice", str():
            return content in field.choices
        case "decimal", str():
            return parses(Decimal, content) and Decimal(content).is_finite()
        case "date", str():
            return parses(date.fromisoformat, content)
        case _:
            return False


def parses(read: object, content: str) -> bool:
    assert callable(read)
    try:
        read(content)
    except (ValueError, InvalidOperation):
        return False
    return True
