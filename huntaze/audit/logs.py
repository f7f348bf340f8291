"""Logs: append-only tables whose entries are chained and signed by one mechanism; the audit log is one of them."""

from dataclasses import dataclass
from typing import Any

from huntaze.models import AuditCheckpoint, AuditEntry


@dataclass(frozen=True)
class Log:
    """One such table, and the table of its chains' signed heads.

    Entries have `id`, `chain`, `sequence`, `previous_hash` and `hash`, heads the columns of `AuditCheckpoint`. `linked` is what the hash
    of an entry is made of, besides its place and the hash before: all of the entry but its seal. Where an entry's payload stands in
    an erasable row, `payload` is that row's table, `payload_digest` the SQL that makes its digest anew, and the last of `linked` is the
    digest that was sealed.
    """

    name: str
    entries: type[Any]
    checkpoints: type[Any]
    linked: tuple[str, ...]
    payload: str = ""
    payload_digest: str = "NULL"

    @property
    def format(self) -> str:
        """Return what stands first in what is hashed."""
        return f"huntaze.{self.name}.1"


AUDIT = Log(
    name="audit",
    entries=AuditEntry,
    checkpoints=AuditCheckpoint,
    linked=(
        "id",
        "created_at",
        "workspace_id",
        "actor_kind",
        "actor_id",
        "credential_id",
        "impersonated_by",
        "via",
        "action",
        "subject_id",
        "request_id",
        "payload_digest",
    ),
    payload="huntaze_auditpayload",
    # Made by the database, whose text form of JSON is the only one that can be made again from what it stores.
    payload_digest="sha256(p.salt || convert_to(jsonb_build_array(p.address, p.user_agent, p.changes)::text, 'UTF8'))",
)
