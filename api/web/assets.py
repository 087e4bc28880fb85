"""Scripts and styles of the pages: under an address that changes with their content, and kept for good."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request, Response

from api.problems import NotFound

FOLDERS = (Path(__file__).parent.parent / "static", Path(__file__).parent.parent / "static" / "vendor")
PLACE = "/desk/static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",  # An image may be opened by itself.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A file as it is sent, and as it is sent to who reads gzip."""

    address: str
    media_type: str
    digest: str
    plain: bytes
    packed: bytes


def asset(name: str) -> str:
    """The address of a file of ours or a vendored one, as `desk.css` or `htmx.js`. Raises KeyError."""
    return f"{PLACE}/{assets()[name].address}"


@cache
def assets() -> Mapping[str, Asset]:
    """By name; read once, since a page names them by what is in them."""
    paths = [path for folder in FOLDERS for path in sorted(folder.iterdir()) if path.suffix in TYPES]
    return {path.name: read(path) for path in paths}


def read(path: Path) -> Asset:
    content = path.read_bytes()
    digest = sha256(content).hexdigest()
    return Asset(
        address=f"{path.stem}-{digest[:8]}{path.suffix}",
        media_type=TYPES[path.suffix],
        digest=digest[:32],
        plain=content,
        packed=gzip.compress(content, 9, mtime=0),
    )


@cache
def addressed() -> Mapping[str, Asset]:
    return {each.address: each for each in assets().values()}


def add_assets(router: APIRouter) -> None:
    """Under /desk/static, whether that is the router of the desk or that of everything."""

    @router.get(f"{PLACE.removeprefix(router.prefix)}/{{address}}", include_in_schema=False)
    async def send(address: str, request: Request) -> Response:
        if (found := addressed().get(address)) is None:
            raise NotFound
        packs = reads_gzip(request.headers.get("accept-encoding", ""))
        tag = f'"{found.digest}{"-gzip" if packs else ""}"'
        headers = HEADERS | {"ETag": tag} | ({"Content-Encoding": "gzip"} if packs else {})
        if tag in (each.strip() for each in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=HEADERS | {"ETag": tag})
        return Response(found.packed if packs else found.plain, headers=headers, media_type=found.media_type)


def reads_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding has gzip in it, and not in order to refuse it (RFC 9110, 12.5.3)."""
    for each in accepted.lower().split(","):
        name, _, weight = each.partition(";")
        if name.strip() in ("gzip", "*"):
            quality = weight.strip().removeprefix("q=") or "1"
            return quality.replace(".", "", 1).strip("0") != ""
    return False
