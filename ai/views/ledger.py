"""The ledger, usage and budgets over HTTP."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.serializers.audit import VerificationQuerySerializer, VerificationSerializer
from accounts.views.audit import verification
from ai import queries, services
from ai.models import LEDGER, LedgerEntry
from ai.serializers import (
    BudgetsSerializer,
    BudgetStatesSerializer,
    LedgerEntrySerializer,
    LedgerQuerySerializer,
    UsageQuerySerializer,
    UsageSerializer,
)
from huntaze.api.serializers import read, read_query, show
from huntaze.api.views import ApiView, WorkspaceViewSet

_COLUMNS = tuple(LedgerEntrySerializer().fields)


@extend_schema_view(list=extend_schema(operation_id="ai_ledger_list", summary="List the ledger, the newest entries first"))
class LedgerViewSet(ListModelMixin, WorkspaceViewSet):
    """Every reservation, settlement and release."""

    resource = "generations"
    queryset = LedgerEntry.objects.values(*_COLUMNS)
    serializer_class = LedgerEntrySerializer
    query_serializer_class = LedgerQuerySerializer

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return what was held, settled and let go. Each entry is sealed within seconds."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([row | {"hash": row["hash"] and bytes(row["hash"]).hex()} for row in page or ()])


class VerifyLedger(ApiView):
    resource = "generations"

    @extend_schema(
        operation_id="ai_ledger_verify",
        summary="Check that the ledger is whole",
        parameters=[VerificationQuerySerializer],
        responses={200: VerificationSerializer},
    )
    def get(self, request: Request) -> Response:
        """Hash the ledger's entries again, and say whether the chain is whole and ends where its checkpoint says.

        A call looks at no more than `limit`. While `has_more` is true go on with `next_cursor`: the ledger is whole when each answer is
        valid.
        """
        return verification(request, self.caller.workspace_id, LEDGER)


class UsageView(ApiView):
    resource = "generations"

    @extend_schema(
        operation_id="ai_usage", summary="Sum up tokens and costs", parameters=[UsageQuerySerializer], responses={200: UsageSerializer}
    )
    def get(self, request: Request) -> Response:
        """Return what was settled in some days, by model, task, member or day, the dearest first."""
        query = read_query(UsageQuerySerializer, request.query_params.dict())
        days = {"first": query["from"], "last": query["to"]}
        return Response(show(UsageSerializer, queries.usage(workspace_id=self.caller.workspace_id, group_by=query["group_by"], **days)))


class BudgetsView(ApiView):
    resource = "budgets"

    @extend_schema(operation_id="ai_budgets", summary="Read the budgets", responses={200: BudgetStatesSerializer})
    def get(self, request: Request) -> Response:
        """Return every budget with what is used: the plan's allowance first, then the workspace's, the members' and the keys'."""
        return Response(show(BudgetStatesSerializer, {"data": queries.budgets_of(self.caller.workspace_id)}))

    @extend_schema(
        operation_id="ai_budgets_set", summary="Set the budgets", request=BudgetsSerializer, responses={200: BudgetStatesSerializer}
    )
    def put(self, request: Request) -> Response:
        """Make these all budgets of the workspace. An order that would pass one of them is refused with 402 `budget_exceeded`."""
        budgets = read(BudgetsSerializer, request.data)["budgets"]
        keys = [(budget["level"], budget.get("subject_id"), budget["period"]) for budget in budgets]
        if len(set(keys)) < len(keys):
            raise ValidationError({"budgets": [_("Each budget stands once.")]}, code="invalid")
        try:
            services.set_budgets(workspace_id=self.caller.workspace_id, budgets=budgets)
        except services.NoSuchSubject as error:
            faults: Any = {error.number: {"subject_id": [str(error)]}}
            raise ValidationError({"budgets": faults}, code="not_found") from None
        return self.get(request)
