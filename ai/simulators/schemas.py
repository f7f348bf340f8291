"""JSON schemas as vendors take them: what their strict modes refuse, and an answer that fits."""

from typing import Any


def objection(schema: Any, *, place: str = "") -> str | None:
    """Return what a strict mode refuses in `schema`, or None: every object lists all its properties and allows no others."""
    if isinstance(schema, list):
        found = [objection(item, place=f"{place}/{number}") for number, item in enumerate(schema)]
        return next((problem for problem in found if problem), None)
    if not isinstance(schema, dict):
        return None
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return f"In context={place}/, 'additionalProperties' is required to be supplied and to be false."
        if sorted(schema.get("required", [])) != sorted(schema.get("properties", {})):
            return f"In context={place}/, 'required' is required to be supplied and to be an array including every key in properties."
    found = [objection(value, place=f"{place}/{name}") for name, value in schema.items() if name not in ("enum", "const", "required")]
    return next((problem for problem in found if problem), None)


def instance(schema: dict[str, Any], *, prose: str) -> Any:
    """Return data that fits `schema`, with `prose` in the place of texts."""
    return _instance(schema, prose=prose, root=schema)


def _instance(schema: dict[str, Any], *, prose: str, root: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _instance(_referred(root, schema["$ref"]), prose=prose, root=root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _instance(schema["anyOf"][0], prose=prose, root=root)
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: _instance(inner, prose=prose, root=root) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [_instance(schema["items"], prose=prose, root=root) for _ in range(schema.get("minItems", 1))]
    if kind == "string":
        return prose[: schema.get("maxLength", 200)]
    return {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 0.5), "boolean": True, "null": None}[kind]


def _referred(root: dict[str, Any], reference: str) -> dict[str, Any]:
    found = root
    for name in reference.removeprefix("#/").split("/"):
        found = found[name] if name != "#" else root
    return found
