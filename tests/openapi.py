"""Checks what clients send against the services' own OpenAPI documents, ../shared/contracts.

The documents are amended first, where the contracts (trakt-api.md section 13, bangumi-api.md section 9) say that the
services do otherwise. Give :func:`checker` to ``StandIns(observer=…)``: what it finds is a breach ``openapi``.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jsonschema_path import SchemaPath
from openapi_core import OpenAPI
from openapi_core.templating.paths.exceptions import PathError
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.testing import MockRequest, MockResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bgmsync.standins.exchange import Exchange

CONTRACTS = Path(__file__).resolve().parents[2] / "shared" / "contracts"

HOST = "http://service"
METHODS = {"get", "post", "put", "patch", "delete"}
PAGES = ["/activate", "/oauth/authorize"]

WATCHED = {"page": "integer", "limit": "integer", "start_at": "string", "end_at": "string"}
WATCHED_MAPS = WATCHED | {"specials": "boolean", "season_numbers": "boolean"}


class Document:
    """One service's amended document."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = bare(raw)
        self._api = OpenAPI.from_dict(self.raw)
        self._finder = APICallPathFinder(SchemaPath.from_dict(self.raw))

    def problems(self, exchange: Exchange) -> Iterator[str]:
        """Name what is wrong with a request: path, parameters that are unknown or of a wrong type, body."""
        request = asked(exchange)
        try:
            known = self._parameters(request)
        except PathError as error:
            yield str(error)
            return
        for name in exchange.params.keys() - known:
            yield f"{exchange.method} {exchange.path} knows no parameter {name!r}"
        for error in self._api.iter_request_errors(request):
            yield explained(error)

    def answer_problems(self, exchange: Exchange, status: int, body: bytes) -> Iterator[str]:
        """Name what is wrong with a JSON answer."""
        response = MockResponse(body, status_code=status, content_type="application/json")
        for error in self._api.iter_response_errors(asked(exchange), response):
            yield explained(error)

    def _parameters(self, request: MockRequest) -> set[str]:
        """Return the query parameters that a request may have; raise ``PathError`` when there is no such request."""
        found = self._finder.find(request.method, HOST + request.path)
        rows = [row for place in (found.path, found.operation) if "parameters" in place for row in place / "parameters"]
        return {row["name"] for row in rows if row["in"] == "query"}


def asked(exchange: Exchange) -> MockRequest:
    return MockRequest(
        HOST,
        exchange.method.lower(),
        exchange.path,
        args=exchange.params,
        headers=exchange.headers,
        data=exchange.body or None,
        content_type=exchange.headers.get("content-type", "application/json").partition(";")[0],
    )


def explained(error: Exception) -> str:
    details = getattr(error.__cause__, "schema_errors", ())
    return "; ".join([type(error).__name__, *(detail.message for detail in details)]) if details else str(error)


def checker() -> Callable[[Exchange], list[str]]:
    """Return an observer for the stand-ins that checks both services' requests."""
    documents = {"trakt": trakt(), "bangumi": bangumi()}

    def observe(exchange: Exchange) -> list[str]:
        is_page = exchange.path in PAGES
        is_undocumented = exchange.service == "bangumi" and not exchange.path.startswith("/v0/")
        return [] if is_page or is_undocumented else list(documents[exchange.service].problems(exchange))

    return observe


def bangumi() -> Document:
    """Read Bangumi's document, less its deviations 2 and 3, refusing unknown fields as the server does."""
    raw = yaml.safe_load((CONTRACTS / "bangumi-openapi-v0.yaml").read_text(encoding="utf-8"))
    paths, schemas = raw["paths"], raw["components"]["schemas"]
    limit_of(paths["/v0/episodes"]["get"], 1000)
    limit_of(paths["/v0/users/{username}/collections"]["get"], 100)
    schemas["UserSubjectCollectionModifyPayload"]["additionalProperties"] = False
    for path in ("/v0/users/-/collections/{subject_id}/episodes", "/v0/users/-/collections/-/episodes/{episode_id}"):
        for method in paths[path].keys() & {"patch", "put"}:
            body = paths[path][method]["requestBody"]["content"]["application/json"]["schema"]
            body["additionalProperties"] = False
    return Document(raw)


def limit_of(operation: dict[str, Any], maximum: int) -> None:
    parameters = [row for row in operation["parameters"] if not is_limit(row)]
    schema = {"type": "integer", "minimum": 1, "maximum": maximum}
    operation["parameters"] = [*parameters, {"name": "limit", "in": "query", "schema": schema}]


def is_limit(parameter: dict[str, Any]) -> bool:
    return parameter.get("name") == "limit" or parameter.get("$ref", "").endswith("/default_query_limit")


def trakt() -> Document:
    """Read Trakt's document, with the paths, parameters and optional fields that came after its snapshot."""
    raw = json.loads((CONTRACTS / "trakt-openapi.json").read_text(encoding="utf-8"))
    paths = raw["paths"]
    for path, source in {
        "/sync/history": "/sync/history/{type}/{id}",
        "/sync/history/{type}": "/sync/history/{type}/{id}",
        "/sync/ratings": "/sync/ratings/{type}/{rating}",
        "/sync/ratings/{type}": "/sync/ratings/{type}/{rating}",
        "/sync/watchlist": "/sync/watchlist/{type}/{sort_by}/{sort_how}",
        "/sync/watchlist/{type}": "/sync/watchlist/{type}/{sort_by}/{sort_how}",
        "/users/hidden/{section}": "/sync/history/{type}/{id}",
    }.items():
        paths.setdefault(path, {})["get"] = shortened(paths[source]["get"], path)
    paths["/users/hidden/{section}"]["get"]["parameters"].append(path_parameter("section"))
    add_parameters(paths["/users/hidden/{section}"]["get"], {"type": "string"})
    add_parameters(paths["/sync/watched/{type}"]["get"], WATCHED_MAPS)
    add_parameters(paths["/sync/collection/shows"]["get"], WATCHED)
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/device/token"):
        make_secret_optional(paths[path]["post"]["requestBody"])
    return Document(raw)


def shortened(operation: dict[str, Any], path: str) -> dict[str, Any]:
    """Copy an operation for a shorter path, without the parameters that the path no longer has."""
    copied = copy.deepcopy(operation)
    copied["parameters"] = [row for row in copied["parameters"] if row["in"] != "path" or f"{{{row['name']}}}" in path]
    copied.pop("operationId", None)
    copied["responses"] = {"200": {"description": "200"}}
    return copied


def path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def add_parameters(operation: dict[str, Any], types: dict[str, str]) -> None:
    known = {row["name"] for row in operation["parameters"]}
    operation["parameters"] += [
        {"name": name, "in": "query", "schema": {"type": kind}} for name, kind in types.items() if name not in known
    ]


def make_secret_optional(body: dict[str, Any]) -> None:
    schema = body["content"]["application/json"]["schema"]
    for variant in schema.get("oneOf") or schema.get("anyOf") or [schema]:
        variant["required"] = [name for name in variant["required"] if name != "client_secret"]


def bare(raw: dict[str, Any]) -> dict[str, Any]:
    """Drop what says who may call, and where: the stand-ins check tokens themselves, and have one address each."""
    for path in raw["paths"].values():
        path.pop("servers", None)
        for method in path.keys() & METHODS:
            path[method].pop("security", None)
            path[method].pop("servers", None)
    return {key: value for key, value in raw.items() if key != "security"} | {"servers": [{"url": HOST}]}
