"""lifeledger config: what is set, and where each setting comes from."""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from api.cli.say import document, table
from settings import Settings, variables

MASKED = "********"


def config(*, json: bool) -> None:
    """Show the settings as a command would find them."""
    found = list(effective(Settings.from_environment()))
    if json:
        document(found)
    else:
        rows = [[each["setting"], each["value"], each["from"], each["variable"]] for each in found]
        table(["setting", "value", "from", "variable"], rows)


def effective(settings: Settings) -> Iterator[dict[str, Any]]:
    for name, variable in variables().items():
        yield {
            "setting": name,
            "value": shown(name, settings),
            "from": "environment" if os.environ.get(variable) else "default",
            "variable": variable,
        }


def shown(name: str, settings: Settings) -> str | int | None:
    """A setting as it may be read by anybody; what stands in for an empty one is said in brackets."""
    match name, getattr(settings, name):
        case _, SecretStr() as secret:
            return MASKED if secret.get_secret_value() else "(from the file)"
        case "database_url", "":
            return f"(embedded, in {settings.home / 'postgres'})"
        case "database_url", str() as url:
            return without_password(url)
        case "master_key_file", None:
            return f"({settings.key_file})"
        case "kafka", "":
            return "(none: nothing is published)"
        case "relay", "":
            return "(none: nothing is relayed)"
        case _, bool() as switched:
            return "on" if switched else "off"
        case _, int() as number:
            return int(number)
        case _, found:
            return str(found)


def without_password(url: str) -> str:
    """The URL, whoever reads it: a password may stand before the host, or among the parameters."""
    parts = urlsplit(url)
    user, colon, _ = parts.netloc.rpartition("@")[0].partition(":")
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{user}{':' + MASKED if colon else ''}@{host}" if user or colon else host
    query = "&".join(
        f"{name}={MASKED}" if name in {"password", "sslpassword"} else f"{name}={value}"
        for name, _, value in (each.partition("=") for each in parts.query.split("&") if each)
    )
    return urlunsplit(parts._replace(netloc=netloc, query=query))
