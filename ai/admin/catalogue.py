"""The catalogue of models and prices."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from ai.models import AiModel, ModelPrice
from huntaze.admin import AuditedAdmin


class ModelPriceInline(TabularInline):
    """A model's prices, the latest first: a change is a new row with its start."""

    model = ModelPrice
    extra = 0
    hide_title = True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what has not begun is changed on its own page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what has not begun is removed on its own page."""
        return False


@admin.register(AiModel)
class AiModelAdmin(AuditedAdmin):
    """The models that may write; edits take effect with the next generation."""

    list_display = ("name", "provider", "tier", "deployment", "enabled", "rank", "retires_on")
    list_editable = ("enabled", "rank")
    list_filter = ("provider", "tier", "enabled")
    search_fields = ("name", "deployment")
    inlines = (ModelPriceInline,)


def _in_dollars(name: str, description: Any) -> Callable[[ModelPrice], str | None]:
    """Return a column that shows a price, of a million tokens, in dollars."""

    def column(price: ModelPrice) -> str | None:
        value = getattr(price, name)
        return None if value is None else f"{value / 1e6:.4f}"

    column.__name__ = name  # what the style sheet aligns it by
    return admin.display(column, description=description, ordering=name)


@admin.register(ModelPrice)
class ModelPriceAdmin(AuditedAdmin):
    """Every price with its start; one that has begun stays as it is."""

    list_display = (
        "model",
        "starts_at",
        _in_dollars("input_price", _("input, US$ a million")),
        _in_dollars("cached_price", _("cached input, US$ a million")),
        _in_dollars("cache_write_price", _("cache write, US$ a million")),
        _in_dollars("output_price", _("output, US$ a million")),
        _in_dollars("batch_input_price", _("batch input, US$ a million")),
        _in_dollars("batch_output_price", _("batch output, US$ a million")),
    )
    list_filter = ("model__provider", "starts_at")
    list_select_related = ("model",)
    search_fields = ("model__name",)

    def has_change_permission(self, request: HttpRequest, obj: ModelPrice | None = None) -> bool:
        """Return whether this member of staff may edit the price: never one that has begun."""
        return _is_to_come(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ModelPrice | None = None) -> bool:
        """Return whether this member of staff may remove the price: never one that has begun."""
        return _is_to_come(obj) and super().has_delete_permission(request, obj)


def _is_to_come(price: ModelPrice | None) -> bool:
    return price is None or price.starts_at > timezone.now()
