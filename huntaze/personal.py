"""What is known about people: one declaration beside each model, from which exports and erasures are made.

Each column that can hold something about a person is named with what becomes of it when the person is erased. A test fails
on a model with such a column, or with a relation to a person or a workspace, that is not declared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from graphlib import TopologicalSorter
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


@dataclass(frozen=True)
class Fate:
    """What becomes of a column when its person is erased; one that is not `exported` proves something and tells nothing."""

    deletes_row: bool = False
    replacement: Any = None
    reason: str = ""
    exported: bool = True


WITH_ROW = Fate(deletes_row=True)
SECRET = Fate(deletes_row=True, exported=False)


def replaced(by: Any = "", *, exported: bool = True) -> Fate:
    """Return the fate of a column that is overwritten with `by`, a value or an expression, in a row that stays."""
    return Fate(replacement=by, exported=exported)


def kept(reason: str) -> Fate:
    """Return the fate of a column that stays as it is, with the reason that people are told."""
    return Fate(reason=reason)


@dataclass(frozen=True)
class Subject:
    """Whom an export or an erasure is about.

    `workspace_ids` are the workspaces that are theirs alone. Rows that name one of the `addresses` are theirs up to
    `addresses_until`, since an address may have passed on to another account.
    """

    person_id: UUID
    addresses: tuple[str, ...]
    workspace_ids: tuple[UUID, ...]
    addresses_until: datetime


@dataclass(frozen=True)
class Table:
    """A declared model; see `declare`."""

    model: type[models.Model]
    fields: Mapping[str, Fate]
    person: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    workspace: str = ""
    about: str = ""
    find: Callable[[Subject], Iterable[Any]] | None = None
    exported: bool = True

    @property
    def name(self) -> str:
        """Return `app.model`, which archives and receipts call the table."""
        return self.model._meta.label_lower

    @property
    def deletes_rows(self) -> bool:
        """Return whether a row goes with its person, rather than losing some columns."""
        return any(fate.deletes_row for fate in self.fields.values())

    @property
    def exported_columns(self) -> dict[str, str]:
        """Return the columns that the person may read, each with what it means."""
        hidden = {name for name, fate in self.fields.items() if not fate.exported}
        shown = (column for column in self.model._meta.concrete_fields if column.name not in hidden)
        return {column.attname: str(column.verbose_name) for column in shown}

    def exported_rows(self, subject: Subject) -> "models.QuerySet[Any]":
        """Return the rows about or by the person, and those of their workspaces, oldest first."""
        written = _any(self.author, subject.person_id)
        return self._rows(self._personal(subject) | written | self._of_workspaces(subject) | self._about([subject.person_id])).order_by(
            "pk"
        )

    def erase(self, subject: Subject, gone: list[UUID]) -> int:
        """Erase the rows about the person, of their workspaces, and about rows whose ids are in `gone`; return how many."""
        rows = self._rows(self._personal(subject) | self._of_workspaces(subject) | self._about(gone))
        if self.deletes_rows:
            return _delete(rows)
        values = {name: fate.replacement for name, fate in self.fields.items() if not fate.reason}
        return rows.update(**values) if values else 0

    def ids_of_person(self, subject: Subject) -> list[UUID]:
        """Return the ids of the rows that go with the person, those of their workspaces left out, where ids mean one table only."""
        if not self.deletes_rows or not isinstance(self.model._meta.pk, models.UUIDField):
            return []
        return list(self._rows(self._personal(subject)).values_list("pk", flat=True))

    def _rows(self, condition: Q) -> "models.QuerySet[Any]":
        rows = self.model._base_manager.all()
        return rows.filter(pk__in=rows.filter(condition).values("pk")) if condition else rows.none()

    def _personal(self, subject: Subject) -> Q:
        condition = _any(self.person, subject.person_id)
        for lookup in self.address:
            condition |= Q(**{f"{lookup}__in": subject.addresses}, created_at__lte=subject.addresses_until)
        if self.find is not None:
            condition |= Q(pk__in=list(self.find(subject)))
        return condition

    def _of_workspaces(self, subject: Subject) -> Q:
        return Q(**{f"{self.workspace}__in": subject.workspace_ids}) if self.workspace and subject.workspace_ids else Q()

    def _about(self, ids: list[UUID]) -> Q:
        return Q(**{f"{self.about}__in": [str(each) for each in ids]}) if self.about and ids else Q()


@dataclass
class _Registry:
    tables: dict[type[models.Model], Table] = field(default_factory=dict)
    impersonal: dict[type[models.Model], str] = field(default_factory=dict)
    stores: dict[str, Callable[[Subject], int]] = field(default_factory=dict)


_registry = _Registry()


def declare(model: type[models.Model], *, fields: Mapping[str, Fate], exported: bool = True, **found_by: Any) -> None:
    """Say which columns of `model` can hold something about a person, what becomes of each, and how a person's rows are found.

    `found_by` names lookups, one or a tuple of them: `person` leads to the id of whom the row is about; `author` to the id of
    who wrote it for somebody else's workspace, where it stays, by an anonymous author; `address` to an e-mail address (the model
    has `created_at`). `workspace` is the one lookup to the id of the workspace that the row goes with; `about` the column that holds the
    id of another row, with which what is said here is erased; `find(subject)` returns ids where no lookup leads. Not
    `exported` is what only repeats other tables. Raises ValueError where one column deletes the row and another outlives it.
    """
    plural = {name: (value,) if isinstance(value, str) else tuple(value) for name, value in found_by.items() if name in _PLURAL}
    table = Table(model, fields, exported=exported, **(found_by | plural))
    if table.deletes_rows and not all(fate.deletes_row for fate in fields.values()):
        raise ValueError(f"{table.name}: a column cannot outlive its row")
    _registry.tables[model] = table


def declare_impersonal(*models_: type[models.Model], reason: str) -> None:
    """Say that these models hold nothing about anybody, and why."""
    _registry.impersonal.update(dict.fromkeys(models_, reason))


def declare_store(name: str, erase: Callable[[Subject], int]) -> None:
    """Let `erase(subject)` remove what stands outside of the database, and return how much; it runs before the rows are erased."""
    _registry.stores[name] = erase


def tables() -> list[Table]:
    """Return every declared table, those that refer to others before them, so that no row is deleted under another."""
    graph: dict[type[models.Model], set[type[models.Model]]] = {model: set() for model in _registry.tables}
    for model in graph:
        for column in model._meta.concrete_fields:
            target = column.related_model
            if target in graph and target is not model:
                graph[target].add(model)
    return [_registry.tables[model] for model in TopologicalSorter(graph).static_order()]


def impersonal() -> dict[type[models.Model], str]:
    """Return the models that hold nothing about anybody, with the reason."""
    return dict(_registry.impersonal)


def erase(subject: Subject) -> dict[str, int]:
    """Erase all that is declared about `subject`, in the caller's transaction; return how many rows of each table.

    Other stores go first, then what is said about the person's rows, then these. Memory is bounded by the ids of the rows about
    the person themselves, not by their workspaces.
    """
    counts = {name: erase_store(subject) for name, erase_store in _registry.stores.items()}
    ordered = tables()
    gone = [subject.person_id, *subject.workspace_ids]
    for table in ordered:
        gone += table.ids_of_person(subject)
    for table in sorted(ordered, key=lambda table: not table.about):  # stable: otherwise as ordered
        counts[table.name] = table.erase(subject, gone)
    return {name: count for name, count in sorted(counts.items()) if count}


def undeclared(installed: Iterable[type[models.Model]], owners: tuple[type[models.Model], ...]) -> Iterator[str]:
    """Yield what is missing: `app.model.column` for each column of `installed` models that can be personal and is not declared.

    Columns that can be: text, JSON, bytes, addresses and files, unless their values are a closed list, and relations to `owners`.
    """
    for model in installed:
        table = _registry.tables.get(model)
        declared = set() if table is None else {*table.fields, *(lookup.split("__")[0] for lookup in _lookups(table))}
        for column in model._meta.concrete_fields:
            names = {column.name, column.attname}
            if model in _registry.impersonal:
                missing = column.related_model in owners
            else:
                missing = (_can_be_personal(column) or column.related_model in owners) and not names & declared
            if missing:
                yield f"{model._meta.label_lower}.{column.name}"


_PLURAL = frozenset({"person", "author", "address"})
_TELLING = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.GenericIPAddressField, models.FileField)


def _lookups(table: Table) -> list[str]:
    return [*table.person, *table.author, *table.address, table.workspace, table.about]


def _can_be_personal(column: "models.Field[Any, Any]") -> bool:
    if isinstance(column, ArrayField):
        return _can_be_personal(column.base_field)
    return isinstance(column, _TELLING) and not column.choices


def _any(lookups: tuple[str, ...], value: Any) -> Q:
    condition = Q()
    for lookup in lookups:
        condition |= Q(**{lookup: value})
    return condition


def _delete(rows: "models.QuerySet[Any]") -> int:
    """Delete rows by one statement. Nothing cascades: what refers to them is declared, and went before; else the commit fails."""
    count: int = rows._raw_delete(rows.db)  # noqa: SLF001  (Django's own cascade loads every row)
    return count
