"""Which column of a file says what: as a map tells it, and as the header lets guess."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, get_args
from zoneinfo import available_timezones

import phonenumbers

from api.like import like
from api.sheet.cells import Unreadable, bare, custom
from api.sheet.unfit import Fault, Opened, Unfit, unfit
from api.sheet.writing import encoding_of, header_of, is_encoding, is_separator, separator_of
from commands.lead.capture import CaptureLead
from domain.catalog import Catalog, CustomValue, FieldType
from domain.identity import IdentityKind
from domain.values import value

IDENTITIES: tuple[str, ...] = get_args(IdentityKind)
TEXTS = tuple(
    each.name
    for each in fields(CaptureLead)
    if each.name not in {"lead_id", "identities", "requested_amount", "custom"}
)
CUSTOM = "custom/"  # Before the names of the company's own fields.
FIELDS = (*IDENTITIES, *TEXTS, "requested_amount", "currency", "region", "key", "occurred_at")
SAME = (*TEXTS, "currency")  # What may be the same for every row.
UNTOLD = {"source": "import", "channel": "file"}  # Where neither a map nor a column says it.

# Headers that mean a field, without blanks and signs, beside the names of the fields themselves.
GUESSES = {
    word: name
    for name, words in {
        "phone": "phonenumber mobile mobilephone mobilenumber cell cellphone tel telephone telephonenumber "
        "电话 电话号码 手机 手机号 手机号码 联系电话 移动电话",
        "email": "emailaddress mail 邮箱 邮件 电子邮箱 电子邮件 邮箱地址",
        "wechat": "wechatid weixin 微信 微信号",
        "name": "fullname contactname customername leadname 姓名 名字 客户姓名 客户名称 联系人 联系人姓名",
        "source": "leadsource 来源 线索来源 客户来源",
        "channel": "渠道 来源渠道",
        "campaign": "营销活动 市场活动",
        "product_line": "产品线",
    }.items()
    for word in words.split()
} | {name.replace("_", ""): name for name in ("phone", "email", "wechat", *SAME, "requested_amount")}


@value
class Map:
    """What a map file may say. `columns` names for a field its column, or its columns; [] is none, guessed or not.

    `values` are the same for every row, unless its own cell says otherwise. `region` is the country whose phone
    numbers are written without one, `system` the one whose ids `key` and `external` are.
    """

    columns: Mapping[str, str | tuple[str, ...]] | None = None
    values: Mapping[str, str] | None = None
    region: str | None = None
    system: str | None = None
    time_zone: str | None = None
    encoding: str | None = None
    separator: str | None = None


@dataclass(frozen=True)
class Layout:
    """How a file is to be read: its writing, its columns, and which of them says what."""

    encoding: str
    separator: str
    header: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    values: Mapping[str, str]
    currency: str | None = None
    region: str | None = None
    system: str | None = None
    time_zone: str | None = None
    custom: Mapping[str, CustomValue] = field(default_factory=dict)  # The same for every row.
    types: Mapping[str, FieldType] = field(default_factory=dict)  # Of the custom fields that have a column.

    @property
    def history(self) -> bool:
        """Whether the rows tell what was once: then each has its time."""
        return "occurred_at" in self.columns

    @property
    def unmapped(self) -> list[str]:
        used = {column for columns in self.columns.values() for column in columns}
        return [column for column in self.header if column not in used]

    def named(self, place: int) -> str:
        return self.header[place] if place < len(self.header) else f"column {place + 1}"

    def column(self, pointer: str) -> str | None:
        """The column that has what stands at a place in a line."""
        place = pointer.removeprefix("/data").removeprefix("/")
        if place.startswith("identities"):
            return next((self.columns[kind][0] for kind in IDENTITIES if kind in self.columns), None)
        mapped = (name for name in self.columns if place == name or place.startswith(f"{name}/"))
        return next((self.columns[name][0] for name in mapped), None)

    def with_columns(self, told: dict[str, Any]) -> dict[str, Any]:
        """A told problem, with the column beside every place in the line that a column is behind."""
        for error in told["problem"].get("errors", ()):
            if "column" not in error and (column := self.column(error.get("pointer", ""))) is not None:
                error["column"] = column
        return told


def known_region(text: str) -> str:
    region = bare(text).upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise Unreadable(f"{text!r} is no country: CN is one")
    return region


# From a file and its map


def laid_out(opened: Opened, told: Map, region: str | None, longest: int) -> Layout:
    """How a file is to be read. Raises Unfit, with every fault of the map, and of the file as a whole.

    `region` goes before the map's.
    """
    if wrong := list(nonsense(told)):
        raise Unfit(wrong)
    try:
        encoding = told.encoding or encoding_of(opened, longest, lambda column: word(column) in GUESSES)
        separator = told.separator or separator_of(opened, encoding, longest)
        header = header_of(opened, encoding, separator, longest)
    except (UnicodeError, LookupError):
        raise Unfit([Fault(f"{told.encoding!r} is not how it is written", ("encoding",))]) from None
    if not header:
        raise unfit(f"the header cannot be read with {separator!r} between its columns")
    if wrong := list(elsewhere(told, header)):
        raise Unfit(wrong)
    columns = {name: (of,) if isinstance(of, str) else of for name, of in (told.columns or {}).items()}
    columns = {name: of for name, of in {**guessed(header, columns), **columns}.items() if of}
    values = {**UNTOLD, **(told.values or {})}
    return Layout(
        encoding=encoding,
        separator=separator,
        header=header,
        columns=columns,
        values={name: text for name, text in values.items() if name in TEXTS},
        custom={name.removeprefix(CUSTOM): text for name, text in values.items() if name.startswith(CUSTOM)},
        currency=values.get("currency"),
        region=region or (told.region and known_region(told.region)),
        system=told.system,
        time_zone=told.time_zone,
    )


def nonsense(told: Map) -> Iterator[Fault]:
    """What is wrong with a map, whatever the file."""
    for name, columns in (told.columns or {}).items():
        if name not in FIELDS and not name.startswith(CUSTOM):
            yield Fault(f"a lead has no such field{like(name, FIELDS)}", ("columns", name))
        if name not in IDENTITIES and not isinstance(columns, str) and len(columns) > 1:
            yield Fault("only what a lead can be found by has several columns", ("columns", name))
    for name in told.values or {}:
        if name not in SAME and not name.startswith(CUSTOM):
            yield Fault(f"this is not the same for several leads{like(name, SAME)}", ("values", name))
    if told.encoding is not None and not is_encoding(told.encoding):
        yield Fault(f"{told.encoding!r} is unknown: gb18030 and utf-8 are known", ("encoding",))
    if told.separator is not None and not is_separator(told.separator):
        yield Fault("this is one character", ("separator",))
    if told.region is not None and told.region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        yield Fault(f"{told.region!r} is no country: CN is one", ("region",))
    if told.time_zone is not None and told.time_zone not in available_timezones():
        yield Fault(f"{told.time_zone!r} is unknown: Asia/Shanghai is known", ("time_zone",))


def elsewhere(told: Map, header: Sequence[str]) -> Iterator[Fault]:
    """The columns that the map names and the file does not have."""
    for name, columns in (told.columns or {}).items():
        for column in [columns] if isinstance(columns, str) else columns:
            if column not in header:
                yield Fault(f"the file has no column {column!r}{like(column, header)}", ("columns", name))


def must_suffice(layout: Layout) -> None:
    """Raises Unfit where something is lacking without which no row could be a lead."""
    if missing := [Fault(because) for because in lacking(layout)]:
        raise Unfit(missing)


def lacking(layout: Layout) -> Iterator[str]:
    """What no row could do without."""
    if not any(kind in layout.columns for kind in IDENTITIES):
        yield (
            f"none of its columns is known to have a phone, an email, a wechat or an external id: "
            f"name one in a map ({', '.join(layout.header)})"
        )
    if layout.system is None and (needs := [name for name in ("external", "key") if name in layout.columns]):
        yield f"`system` in the map says whose ids {' and '.join(needs)} are"
    if "requested_amount" in layout.columns and "currency" not in layout.columns and layout.currency is None:
        yield "requested_amount needs a currency: a column, or one for all in the map's `values`"


def guessed(header: Sequence[str], told: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What the headers say by themselves, of the columns and fields that a map does not speak of."""
    taken = {column for columns in told.values() for column in columns}
    found: dict[str, tuple[str, ...]] = {}
    for column in header:
        name = column if column == "occurred_at" or column.startswith(CUSTOM) else GUESSES.get(word(column))
        if name is None or name in told or column in taken or (name in found and name not in IDENTITIES):
            continue
        found[name] = (*found.get(name, ()), column)
    return found


def word(column: str) -> str:
    """A header without what is only a matter of taste, nor the number that tells it from others like it."""
    plain = unicodedata.normalize("NFKC", re.sub(r"( \([0-9]+\))+$", "", column)).casefold()
    return "".join(each for each in plain if each.isalnum())


def typed(layout: Layout, catalog: Catalog) -> Layout:
    """With the types that the catalog gives to custom fields. Raises Unfit for those it does not have."""
    kinds = {each.name: each.type for each in catalog.fields}
    mapped = [name.removeprefix(CUSTOM) for name in layout.columns if name.startswith(CUSTOM)]
    told = [*(("columns", name) for name in mapped), *(("values", name) for name in layout.custom)]
    if unknown := [(part, name) for part, name in told if name not in kinds]:
        raise Unfit(
            [
                Fault(f"{catalog.catalog_id} has no field {name!r}{like(name, kinds)}", (part, f"{CUSTOM}{name}"))
                for part, name in unknown
            ]
        )
    same: dict[str, CustomValue] = {}
    for name, text in layout.custom.items():
        try:
            same[name] = custom(kinds[name], str(text))
        except Unreadable as wrong:
            raise Unfit([Fault(str(wrong), ("values", f"{CUSTOM}{name}"))]) from None
    return replace(layout, types={name: kinds[name] for name in mapped}, custom=same)
