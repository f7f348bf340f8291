"""The documentation says what the code does: names, defaults, codes and lists are compared for equality, in both directions."""

import inspect
import re
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.password_validation import get_default_password_validators
from django.core.management import BaseCommand, load_command_class
from django.urls import get_resolver

from ai import prompts
from ai.providers.base import ERROR_DETAILS
from ai.replies.suggesting import ESCALATIONS
from ai.services import PLACEHOLDERS
from bench.__main__ import BENCHES
from huntaze import settings
from huntaze.api.errors import Problem
from huntaze.api.serializers import QuerySerializer
from huntaze.env import BASE_DIR

DOCS = BASE_DIR / "docs"
README = BASE_DIR / "README.md"
PAGES = [*BASE_DIR.glob("*.md"), *DOCS.rglob("*.md")]
REQUIREMENTS = ("requirements.in", "requirements-embedded.in", "requirements-dev.in", "bench/requirements.txt")
APPS = ("huntaze", "accounts", "billing", "ai", "content")
WRITERS = ("ai/services/generations.py", "ai/writing.py")
OPERATIONS = {
    "POST /auth/signup",
    "POST /auth/signin",
    "POST /auth/refresh",
    "POST /auth/oauth/token",
    "GET /auth/providers",
    "POST /auth/signout",
    "POST /auth/signout-all",
    "GET /auth/sessions",
    "DELETE /auth/sessions/{id}",
    "POST /auth/verify-email",
    "POST /auth/verify-email/resend",
    "POST /auth/password/forgot",
    "POST /auth/password/reset",
    "POST /auth/password/change",
    "POST /auth/reauthenticate",
    "GET /auth/mfa/totp",
    "POST /auth/mfa/totp",
    "POST /auth/mfa/totp/confirm",
    "DELETE /auth/mfa/totp",
    "POST /auth/mfa/recovery-codes",
    "GET /users/me",
    "PATCH /users/me",
    "DELETE /users/me",
    "GET /users/profile",
    "PATCH /users/profile",
    "GET /users/onboarding",
    "PATCH /users/onboarding",
    "POST /users/me/export",
    "GET /users/me/exports/{id}",
    "GET /users/me/exports/{id}/archive",
    "GET /workspaces",
    "POST /workspaces",
    "GET /workspaces/{workspace_id}",
    "PATCH /workspaces/{workspace_id}",
    "GET /workspaces/{workspace_id}/members",
    "PATCH /workspaces/{workspace_id}/members/{user_id}",
    "DELETE /workspaces/{workspace_id}/members/{user_id}",
    "GET /workspaces/{workspace_id}/invitations",
    "POST /workspaces/{workspace_id}/invitations",
    "DELETE /workspaces/{workspace_id}/invitations/{id}",
    "POST /invitations/accept",
    "GET /api-keys",
    "POST /api-keys",
    "PATCH /api-keys/{id}",
    "DELETE /api-keys/{id}",
    "POST /api-keys/{id}/rotate",
    "GET /audit-log",
    "GET /audit-log/verify",
    "GET /content/assets",
    "POST /content/assets",
    "GET /content/assets/{id}",
    "PATCH /content/assets/{id}",
    "DELETE /content/assets/{id}",
    "POST /content/generate",
    "GET /ai/models",
    "POST /ai/estimate",
    "GET /ai/ledger",
    "GET /ai/ledger/verify",
    "GET /ai/usage",
    "GET /ai/budgets",
    "PUT /ai/budgets",
    "GET /ai/config",
    "PUT /ai/config",
    "GET /ai/quick-replies",
    "PUT /ai/quick-replies",
    "POST /ai/quick-replies/suggest",
    "POST /ai/messages/personalize",
    "GET /ai/status",
    "GET /ai/azure",
    "POST /ai/azure/smoke",
    "GET /ai/generations",
    "GET /ai/generations/{id}",
    "POST /ai/generations/{id}/cancel",
    "POST /ai/generations/{id}/feedback",
    "GET /ai/generations/{id}/stream",
}
LONGEST_SUMMARY = 80  # what a line of the docs page has room for
# What every command takes.
DJANGO_OPTIONS = set(BaseCommand().create_parser("manage.py", "")._option_string_actions)


def read(path: str) -> str:
    return (BASE_DIR / path).read_text(encoding="utf-8")


def table(page: str, heading: str) -> list[list[str]]:
    """Return the rows of the tables below a heading, up to the next of its level, without the marks of cells that are all code."""
    level = heading.split(maxsplit=1)[0]
    _, _, rest = read(page).partition(f"\n{heading}\n")
    body = re.split(rf"^{level} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line.strip().strip("|") for line in body.splitlines() if line.startswith("|")]
    rows = [[plain(cell) for cell in line.split("|")] for line in lines]
    rules = [number for number, row in enumerate(rows) if set("".join(row)) <= {"-", ":"}]
    return [row for number, row in enumerate(rows) if number not in rules and number + 1 not in rules]


def plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:-1] if cell.count("`") == 2 and cell[0] == cell[-1] == "`" else cell


def column(page: str, heading: str, number: int = 0) -> list[str]:
    return sorted(row[number] for row in table(page, heading))


def found(pattern: str, *paths: str) -> list[str]:
    """Return what a pattern's group finds in sources, once each, sorted."""
    return sorted({match for path in paths for match in re.findall(pattern, read(path))})


def test_configuration_page_shows_every_variable_as_declared():
    page = "docs/configuration.md"
    shown = [row for heading in re.findall(r"^## .+$", read(page), re.MULTILINE) for row in table(page, heading)]
    assert sorted(shown) == sorted(
        [variable.name, variable.default, variable.help, "yes" if variable.secret else ""] for variable in settings.env.declared.values()
    )


def test_env_example_has_every_variable_with_its_default():
    lines = re.findall(r"^# ?([A-Z_]+)=(.*)$", read(".env.example"), re.MULTILINE)
    assert sorted(lines) == sorted((variable.name, variable.default) for variable in settings.env.declared.values())


def test_env_example_sets_nothing():
    assert [line for line in read(".env.example").splitlines() if line and not line.startswith("#")] == []


def test_operations_page_lists_every_command_with_its_options():
    files = sorted(BASE_DIR.glob("*/management/commands/[a-z]*.py"))
    assert sorted(table("docs/operations.md", "## Commands")) == sorted(
        [f"manage.py {file.stem}", options(file), load_command_class(file.parts[-4], file.stem).help] for file in files
    )


def options(file: Path) -> str:
    if file.stem == "migrate":
        return "Django's"
    parser = load_command_class(file.parts[-4], file.stem).create_parser("manage.py", file.stem)
    own = [action for action in parser._actions if not set(action.option_strings) <= DJANGO_OPTIONS or not action.option_strings]
    return " ".join(action.option_strings[0] if action.option_strings else str(action.metavar or action.dest).upper() for action in own)


def test_operations_page_explains_every_message_of_the_log():
    sources = [str(path.relative_to(BASE_DIR)) for app in APPS for path in (BASE_DIR / app).rglob("*.py") if "tests" not in path.parts]
    messages = found(r'\blog\.(?:warning|error|exception)\(\s*"([^"]+)"', *sources)
    assert column("docs/operations.md", "## Logs") == sorted(re.sub(r"%\w", "…", message) for message in messages)


def test_contributing_page_lists_every_make_target():
    (phony,) = re.findall(r"^\.PHONY: (.+)$", read("Makefile"), re.MULTILINE)
    assert column("CONTRIBUTING.md", "## Commands") == sorted(f"make {target}" for target in phony.split())


def test_errors_page_shows_every_code_as_it_is_answered():
    assert get_resolver().url_patterns  # loads every view, and with it every error
    problems = [problem for problem in Problem.registry.values() if ".tests." not in problem.__module__]
    shown = [row[:4] for row in table("docs/api/errors.md", "## The codes")]
    expected = [[problem.code, str(problem.status), "yes" if problem.retryable else "", str(problem.title)] for problem in problems]
    assert sorted(shown) == sorted(expected)


def test_errors_page_lists_every_code_of_a_field():
    assert get_resolver().url_patterns  # loads every serializer that reads a request
    produced = {code for kind in descendants(QuerySerializer) for code in codes_of(kind())} | codes_of_passwords()
    own = found(r'code(?:=|": )"(\w+)"', *(str(path.relative_to(BASE_DIR)) for app in APPS for path in sources_of_faults(app)))
    assert column("docs/api/errors.md", "## The codes of fields") == sorted(produced | set(own))


def descendants(kind: type) -> Iterator[type]:
    """Yield the product's classes below `kind`, but for those that others only build on."""
    for child in kind.__subclasses__():
        yield from descendants(child)
        if ".tests." not in child.__module__ and child.__module__ != "huntaze.api.serializers":
            yield child


def codes_of(field: Any) -> set[str]:
    """Return the codes with which a field, and what it holds, can refuse what JSON can say."""
    if field.read_only:
        return set()
    # Codes that only come where the field has such a limit, and two of what JSON cannot hold: a date, a time that a zone skips.
    limits = {
        "required": field.required,
        "null": not field.allow_null,
        "blank": not getattr(field, "allow_blank", True),
        "empty": not getattr(field, "allow_empty", True),
        **{name: getattr(field, name, None) is not None for name in ("max_length", "min_length", "max_value", "min_value")},
        "date": False,
        "make_aware": False,
    }
    codes = {code for code in field.error_messages if limits.get(code, True)}
    for validator in field.validators:
        codes |= {validator.code} if hasattr(validator, "code") else codes_in(validator)
    held = [getattr(field, "child", None), *getattr(field, "fields", {}).values()]
    return codes.union(*(codes_of(inner) for inner in held if inner is not None))


def codes_of_passwords() -> set[str]:
    """Return the codes of the password rules that are set."""
    return set().union(*(codes_in(type(rule)) for rule in get_default_password_validators()))


def codes_in(rule: Any) -> set[str]:
    return set(re.findall(r'code="(\w+)"', inspect.getsource(rule)))


def sources_of_faults(app: str) -> list[Path]:
    """Return the files of an app that tell a client of faults of fields."""
    files = [path for path in (BASE_DIR / app).rglob("*.py") if "tests" not in path.parts and "simulators" not in path.parts]
    return [
        path
        for path in files
        if re.search(r"ValidationFailed\(|WrongQuickReply\(|serializers\.ValidationError\(| ValidationError\(\{", path.read_text())
    ]


def test_ai_config_page_lists_every_placeholder():
    assert column("docs/api/ai-config.md", "## Quick replies") == sorted(f"{{{name}}}" for name in PLACEHOLDERS)


def test_generations_page_lists_every_reason_to_fail():
    own = found(r'"code": "(\w+)"', *WRITERS)
    assert column("docs/api/generations.md", "## Why it failed") == sorted([*ERROR_DETAILS, *own])


def test_generations_page_says_what_the_api_says_of_a_provider_failure():
    shown = {code: text for code, text, *_ in table("docs/api/generations.md", "## Why it failed")}
    assert {code: shown[code] for code in ERROR_DETAILS} == {code: str(text) for code, text in ERROR_DETAILS.items()}


def test_generations_page_lists_every_check():
    assert column("docs/api/generations.md", "## The checks") == found(
        r'Failure\(\s*"(\w+)"', "ai/checker.py", "ai/composing.py", "ai/writing.py"
    )


def test_replies_page_lists_every_rule():
    rules = found(r'Failure\(\s*"(\w+)"', "ai/replies/rules.py", "ai/replies/suggesting.py")
    assert column("docs/ai-replies.md", "## What a text never has") == [code for code in rules if code != "empty"]


def test_replies_page_lists_every_reason_to_escalate():
    assert column("docs/ai-replies.md", "## Drafts and escalations") == sorted(ESCALATIONS)


def test_generations_page_lists_every_event_of_the_stream():
    assert column("docs/api/generations.md", "## The stream") == found(r'(?:emit|append)\("(\w+)"', *WRITERS)


def test_generations_page_lists_every_prompt_with_its_amounts():
    loaded = [prompts.load(name) for name in prompts.names()]
    shown = [row[:4] for row in table("docs/api/generations.md", "## What can be written")]
    assert sorted(shown) == [
        [prompt.name, *(prompt.amounts[length] for length in ("short", "medium", "long"))] for prompt in loaded if prompt.amounts
    ]


def test_openapi_document_has_the_promised_operations():
    paths = yaml.safe_load(read("docs/api/openapi.yaml"))["paths"]
    assert {f"{method.upper()} {path.removeprefix('/api/v1')}" for path, item in paths.items() for method in item} == OPERATIONS


def test_every_operation_has_a_short_summary_of_its_own():
    paths = yaml.safe_load(read("docs/api/openapi.yaml"))["paths"]
    summaries = {f"{method} {path}": operation.get("summary", "") for path, item in paths.items() for method, operation in item.items()}
    counts = Counter(summaries.values())
    assert {name: text for name, text in summaries.items() if not 0 < len(text) <= LONGEST_SUMMARY or counts[text] > 1} == {}


def test_readme_lists_the_operations_that_work():
    assert set(column("README.md", "## What works", 0)) == OPERATIONS


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_dependencies_page_lists_every_direct_package(file):
    lines = [line.split("#")[0].strip() for line in read(file).splitlines()]
    assert column("docs/dependencies.md", f"## {file}") == sorted(line for line in lines if line and not line.startswith("-c"))


def test_dependencies_page_shows_the_licences_that_packages_declare():
    shown = {row[0]: row[1] for file in REQUIREMENTS for row in table("docs/dependencies.md", f"## {file}")}
    declared = {spec: licence(spec) for spec in shown}
    assert {spec: shown[spec] for spec in shown if declared[spec]} == {spec: text for spec, text in declared.items() if text}


def licence(spec: str) -> str:
    """Return what the installed package says of its licence; nothing where it is not installed (the bench's control)."""
    try:
        facts = metadata(re.match(r"[\w.-]+", spec)[0])
    except PackageNotFoundError:
        return ""
    text = facts.get("License-Expression") or facts.get("License") or ""
    if text and len(text) <= 40:
        return text
    return next(name.split(" :: ")[-1] for name in facts.get_all("Classifier") if name.startswith("License"))


def test_guarantees_page_names_tests_that_exist():
    assert [name for name in re.findall(r"`([\w/]+\.py::\w+)`", read("docs/guarantees.md")) if not is_there(name)] == []


def is_there(name: str) -> bool:
    path, _, test = name.partition("::")
    return (BASE_DIR / path).is_file() and f"def {test}(" in read(path)


def test_guarantees_page_names_every_fault_test():
    named = re.findall(r"`ai/tests/test_faults(?:_of_vendors)?\.py::(\w+)`", read("docs/guarantees.md"))
    assert sorted(named) == found(
        r"def (test_(?:f\d+|s\d+|stopped)_\w+)\(", "ai/tests/test_faults.py", "ai/tests/test_faults_of_vendors.py"
    )


def test_guarantees_page_names_every_bench():
    assert found(r"`python -m bench (\w+)`", "docs/guarantees.md") == sorted(BENCHES)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file and the anchor of each relative link of a page."""
    for target in re.findall(r"\]\((?!https?://|mailto:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        yield ((page.parent / name).resolve() if name else page), anchor


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE_DIR)))
def test_page_has_no_dead_link(page):
    assert [
        f"{target.name}#{anchor}"
        for target, anchor in links(page)
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target))
    ] == []


def test_readme_leads_to_every_page():
    reached, waiting = set(), {README}
    while waiting:
        page = waiting.pop()
        reached.add(page)
        waiting |= {target for target, _ in links(page) if target.suffix == ".md" and target.exists()} - reached
    assert reached == set(PAGES)
