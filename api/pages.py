"""Pages for people who write programs against this: the document in readable form, and what each problem means."""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from starlette.responses import HTMLResponse

from api.problems import Kind, NotFound, kinds

STYLE = (Path(__file__).parent / "static" / "docs.css").read_text(encoding="utf-8")
SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
}


def router(app: FastAPI) -> APIRouter:
    found = APIRouter(include_in_schema=False)

    @found.get("/openapi.json")
    async def openapi() -> Response:
        return Response(json.dumps(app.openapi(), ensure_ascii=False), media_type="application/json")

    @found.get("/docs")
    async def docs() -> Response:
        return page("lifeledger", "".join(document_page(app.openapi())))

    @found.get("/docs.css")
    async def style() -> Response:
        return Response(STYLE, media_type="text/css", headers=SAFE)

    @found.get("/problems")
    async def problems() -> Response:
        rows = "".join(f"<li>{link(kind)} {kind.status}: {escape(kind.title)}</li>" for kind in kinds())
        return page("Problems", f"<h1>Problems</h1><ul>{rows}</ul>")

    @found.get("/problems/{name}")
    async def problem(name: str) -> Response:
        for kind in kinds():
            if kind.name == name:
                return page(kind.name, problem_page(kind))
        raise NotFound

    return found


def page(title: str, body: str) -> Response:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    style = '<link rel="stylesheet" href="/docs.css">'
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head>{head}{style}</head><body><main>{body}</main></body></html>',
        headers=SAFE,
    )


# Problems

ADVICE = {
    400: "Correct the request; sent again as it is, it will fail again.",
    401: "Say who sends it.",
    403: "Somebody else may do this.",
    404: "Look for the id or the address. What you may not see is answered like what does not exist.",
    405: "See the header Allow.",
    408: "Send it again, and faster.",
    409: "This is an answer, kept with the command: the same command id will be told the same. Look at the facts, and "
    "ask for something else, or later under a new id.",
    412: "Read the subject again, and decide again. Nothing has been kept.",
    413: "Send less, or send lines.",
    415: "See what is wanted, and set Content-Type.",
    422: "Correct the request: errors[] names each place by a JSON Pointer. Nothing has been changed.",
    500: "Tell the operator the trace id. The same command id may be sent again without harm.",
    503: "Send the same command id again after Retry-After seconds; what had been done is not done twice.",
}


def problem_page(kind: Kind) -> str:
    facts = "".join(f"<li><code>{escape(fact)}</code></li>" for fact in kind.facts)
    return (
        f"<h1><code>{kind.name}</code></h1><p>{escape(kind.title)}</p><p>Status {kind.status}. "
        f"{escape(ADVICE.get(kind.status, ''))}</p>"
        + (f"<p>It comes with these facts:</p><ul>{facts}</ul>" if facts else "")
        + '<p><a href="/problems">All problems</a> · <a href="/docs">The interface</a></p>'
    )


def link(kind: Kind) -> str:
    return f'<a href="/problems/{kind.name}"><code>{kind.name}</code></a>'


# The document


def document_page(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h1>{escape(document['info']['title'])} {escape(document['info']['version'])}</h1>"
    yield prose(document["info"]["description"])
    yield '<p><a href="/openapi.json">openapi.json</a> · <a href="/problems">problems</a></p>'
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation.get("tags", ["other"])[0], []).append((method, path, operation))
    for tag, operations in groups.items():
        names = (escape(operation["operationId"]) for _, _, operation in operations)
        links = "".join(f'<li><a href="#{name}">{name}</a></li>' for name in names)
        yield f"<h2>{escape(tag)}</h2><nav><ul>{links}</ul></nav>"
        for method, path, operation in operations:
            yield from operation_article(document, method, path, operation)


def operation_article(
    document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]
) -> Iterator[str]:
    name = escape(operation["operationId"])
    yield f'<article id="{name}"><header><span class="method">{method.upper()}</span><code>{escape(path)}</code>'
    yield f'<h3><a href="#{name}">{name}</a></h3></header>'
    yield f"<p>{escape(operation.get('summary', ''))}</p>{prose(operation.get('description', ''))}"
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        rows = list(field_rows(document, content["schema"]))
        if rows:
            head = f"<thead><tr><th>{escape(media_type)}<th>type</thead>"
            yield f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"
        if "example" in content:
            yield f"<pre>{escape(content['example'])}</pre>"
    yield "<details><summary>Headers and parameters</summary><table><tbody>"
    for each in operation.get("parameters", ()):
        parameter = resolved(document, each)
        needed = " (required)" if parameter.get("required") else ""
        told = inline(parameter.get("description", ""))
        yield f"<tr><td><code>{escape(parameter['name'])}</code>{needed}<td>{escape(parameter['in'])}<td>{told}"
    yield "</tbody></table></details><details><summary>Answers</summary>"
    for status, each in operation["responses"].items():
        yield f"<p><strong>{escape(str(status))}</strong></p>{prose(resolved(document, each)['description'])}"
    yield "</details></article>"


def field_rows(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    found = resolved(document, schema)
    for each in found.get("anyOf", ()):
        found = {**found, **resolved(document, each)} if each.get("type") != "null" else found
    for name, field in found.get("properties", {}).items():
        needed = " (required)" if name in found.get("required", ()) else ""
        yield f"<tr><td><code>{escape(name)}</code>{needed}<td>{escape(type_of(document, field))}"


def resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rpartition("/")[2]
    kind = schema["$ref"].split("/")[2]
    found: Mapping[str, Any] = document["components"][kind][name]
    return found


def type_of(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    match schema:
        case {"$ref": str()}:
            inner = resolved(document, schema)
            parts = (f"{name}: {type_of(document, each)}" for name, each in inner.get("properties", {}).items())
            return f"{{{', '.join(parts)}}}"
        case {"anyOf": [*choices]}:
            return " | ".join(dict.fromkeys(type_of(document, each) for each in choices))
        case {"enum": [*values]}:
            return " | ".join(map(str, values))
        case {"const": value}:
            return str(value)
        case {"type": "array", "items": items}:
            return f"[{type_of(document, items)}]"
        case {"format": form}:
            return str(form)
        case _:
            return str(schema.get("type", "any"))


def prose(text: str) -> str:
    """Paragraphs, lists, `code` and **strong**, and nothing else of Markdown."""
    told = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        if lines and all(line.startswith("- ") for line in lines):
            told.append("<ul>" + "".join(f"<li>{inline(line[2:])}</li>" for line in lines) + "</ul>")
        elif lines:
            told.append(f"<p>{inline(' '.join(lines))}</p>")
    return "".join(told)


def inline(text: str) -> str:
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
