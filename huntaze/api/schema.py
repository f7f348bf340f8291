"""The OpenAPI document: what drf-spectacular cannot see by itself, said once for all operations."""

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "required": ["type", "title", "status", "detail", "code", "request_id", "retryable"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; see the list of errors."},
        "request_id": {"type": "string"},
        "retryable": {"type": "boolean"},
        "retry_after": {"type": "integer", "description": "Seconds to wait."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "description": "One fault: of `pointer`, `parameter` and `header` it has the one that says where.",
                "required": ["code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the body; empty for the body as a whole."},
                    "parameter": {"type": "string", "description": "Name of a query parameter."},
                    "header": {"type": "string", "description": "Name of a header."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "limit": {"type": "object", "additionalProperties": True},
        "upstream": {"type": "object", "additionalProperties": True},
    },
}
_ALWAYS = {
    "400": "The request is malformed.",
    "401": "The token is missing or not valid.",
    "429": "Too many requests; `Retry-After` says when.",
    "503": "A part that is needed does not answer; `Retry-After` says when.",
}
_WITH_BODY = {
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "Some fields are not valid.",
}
_METHODS = ("get", "post", "put", "patch", "delete")


class OperationSchema(AutoSchema):
    """Describe one operation: its group is the first part of its path, its parameters include the conventions'."""

    def get_tags(self) -> list[str]:
        """Return the group under which the docs list the operation."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_summary(self) -> str:
        """Return what the operation does in a few words: the first clause of the view's docstring."""
        return re.split(r"[.;:](?:\s|$)", super().get_description(), maxsplit=1)[0]

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular itself does
        """Return the view's docstring, where it says more than the summary."""
        description = super().get_description()
        return "" if description == f"{self.get_summary()}." else description

    def get_override_parameters(self) -> list[Any]:
        """Return the headers that every authenticated, and every unsafe, operation takes."""
        parameters: list[Any] = []
        query = getattr(self.view, "query_serializer_class", None)
        if query is not None and self._is_list_view():
            parameters.append(query)
        if any(self.get_auth()):
            description = "Id of the workspace to act in; your default one without it."
            parameters.append(
                OpenApiParameter(
                    "Huntaze-Workspace", {"type": "string", "format": "uuid"}, OpenApiParameter.HEADER, description=description
                )
            )
        if self.method in ("POST", "PUT", "PATCH", "DELETE") and any(self.get_auth()) and getattr(self.view, "stores_answers", False):
            description = "1 to 255 printable ASCII characters; a repeat within 24 hours has no further effect and the same answer."
            schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
            parameters.append(OpenApiParameter("Idempotency-Key", schema, OpenApiParameter.HEADER, description=description))
        return parameters


def describe_conventions(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add the problem document and the errors that any operation may end in; close the bodies (a drf-spectacular postprocessing hook)."""
    schemas = result["components"].setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for item in result["paths"].values():
        for method, operation in item.items():
            if method in _METHODS:
                _add_problems(operation)
                for media in operation.get("requestBody", {}).get("content", {}).values():
                    schemas[media["schema"]["$ref"].rpartition("/")[2]]["additionalProperties"] = False
    return result


def _add_problems(operation: dict[str, Any]) -> None:
    problems = dict(_ALWAYS)
    if "requestBody" in operation:
        problems |= _WITH_BODY
    if any(parameter["in"] == "query" for parameter in operation.get("parameters", [])):
        problems["422"] = _WITH_BODY["422"]
    if operation.get("security"):
        problems["403"] = "The role, or the API key, does not allow it, or it asks for a recent sign-in."
        problems["404"] = "There is no such thing in this workspace."
        problems["422"] = _WITH_BODY["422"]
        problems["409"] = "It is in another state, or a request with this key is in flight."
        problems["402"] = "A limit of the plan is reached; `limit` says which."
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, description in problems.items():
        operation["responses"].setdefault(status, {"description": description})
    for status, response in operation["responses"].items():
        if status >= "400":
            response["content"] = content
