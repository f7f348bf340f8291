"""The audit log: one entry for each change that anyone makes, chained so that no later change of the log goes unseen.

`docs/audit.md` says what is written, hashed and signed, so that anyone can check it without this code.
"""

from huntaze.audit.chain import seal
from huntaze.audit.checkpoints import BadCheckpoint, is_signed, read_checkpoint, sign_message, write_checkpoint
from huntaze.audit.entries import erase, first_id_at, record
from huntaze.audit.logs import AUDIT, Log
from huntaze.audit.verification import ENTRIES_IN_A_REQUEST, Damage, Finding, Report, chains, compare, verify, verify_end

__all__ = [
    "AUDIT",
    "ENTRIES_IN_A_REQUEST",
    "BadCheckpoint",
    "Damage",
    "Finding",
    "Log",
    "Report",
    "chains",
    "compare",
    "erase",
    "first_id_at",
    "is_signed",
    "read_checkpoint",
    "record",
    "seal",
    "sign_message",
    "verify",
    "verify_end",
    "write_checkpoint",
]
