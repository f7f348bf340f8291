"""The audit log of a workspace, and whether it is whole."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.serializers.audit import AuditEntrySerializer, AuditQuerySerializer, VerificationQuerySerializer, VerificationSerializer
from huntaze import audit
from huntaze.api.serializers import read_query
from huntaze.api.views import ApiView, WorkspaceViewSet
from huntaze.models import AuditEntry

_PLAIN = ("id", "created_at", "action", "subject_id", "via", "request_id", "address", "user_agent", "changes", "sequence")
_ACTOR = ("actor_kind", "actor_id", "credential_id", "impersonated_by")


class AuditLogViewSet(ListModelMixin, WorkspaceViewSet):
    """Who did what, from where."""

    resource = "audit_log"
    queryset = AuditEntry.objects.annotate(
        actor_name=models.Subquery(User.everyone.filter(id=models.OuterRef("actor_id")).values("name"))
    ).values(*_PLAIN, *_ACTOR, "actor_name", "hash")
    serializer_class = AuditEntrySerializer
    query_serializer_class = AuditQuerySerializer

    def narrow(self, queryset: Any, *, to: datetime | None = None, **filters: Any) -> Any:
        """Return the entries that match every filter; times are found through the ids, which hold them to the millisecond."""
        if "from" in filters:
            filters["id__gte"] = audit.first_id_at(filters.pop("from"))
        if to is not None:
            filters["id__lt"] = audit.first_id_at(to)
        return queryset.filter(**filters)

    @extend_schema(operation_id="audit_log_list")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the workspace's entries, the newest first. Each is sealed within seconds."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([_shown(row) for row in page or ()])


class VerifyAuditLog(ApiView):
    resource = "audit_log"

    @extend_schema(
        operation_id="audit_log_verify",
        summary="Check that the audit log is whole",
        parameters=[VerificationQuerySerializer],
        responses={200: VerificationSerializer},
    )
    def get(self, request: Request) -> Response:
        """Hash the entries of the workspace again, and say whether the chain is whole and ends where its checkpoint says.

        A call looks at no more than `limit`. While `has_more` is true go on with `next_cursor`: the log is whole when each answer is valid.
        """
        return verification(request, self.caller.workspace_id, audit.AUDIT)


def verification(request: Request, workspace_id: UUID, log: audit.Log) -> Response:
    """Return what an operation answers that verifies the chain of a workspace in this log, as its query asks."""
    query = read_query(VerificationQuerySerializer, request.query_params.dict())
    report = audit.verify(workspace_id, log, after=query["cursor"], limit=query["limit"])
    head, checkpoint = report.head, report.checkpoint
    return Response(
        {
            "valid": report.valid,
            "has_more": report.has_more,
            "next_cursor": str(head.sequence) if head and report.has_more else None,
            "entries": report.sealed + report.unsealed,
            "sealed": report.sealed,
            "unsealed": report.unsealed,
            "erased": report.erased,
            "head": head and {"sequence": head.sequence, "hash": head.hash.hex()},
            "checkpoint": checkpoint and _shown_checkpoint(checkpoint),
            "findings": [
                {"kind": found.kind.value, "sequence": found.sequence, "entry_id": found.entry_id, "detail": found.kind.label}
                for found in report.findings
            ],
        }
    )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    kind, id_, credential_id, impersonated_by = (row[name] for name in _ACTOR)
    actor = {"kind": kind, "id": id_, "name": row["actor_name"], "credential_id": credential_id, "impersonated_by": impersonated_by}
    return {name: row[name] for name in _PLAIN} | {"actor": actor, "hash": _hex(row["hash"])}


def _shown_checkpoint(checkpoint: Any) -> dict[str, Any]:
    plain = {name: getattr(checkpoint, name) for name in ("sequence", "made_at", "kid")}
    return plain | {"hash": _hex(checkpoint.hash), "signature": _hex(checkpoint.signature)}


def _hex(value: Any) -> str | None:
    return None if value is None else bytes(value).hex()
