"""What the API says of archives."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Export, ExportStatus


class ExportSerializer(serializers.ModelSerializer[Export]):
    """An archive of all that is known about a person."""

    status = serializers.ChoiceField(ExportStatus.choices)
    error = serializers.CharField(help_text=_("Why it failed: `internal_error` or `attempts_exhausted`; else empty."))
    sha256 = serializers.CharField(help_text=_("Of the archive, in hexadecimal; empty until it is made."))
    download_url = serializers.SerializerMethodField(help_text=_("Where the archive is, with the same token; null while there is none."))

    class Meta:
        model = Export
        fields = ("id", "status", "size", "sha256", "error", "created_at", "finished_at", "expires_at", "download_url")
        read_only_fields = fields

    def get_download_url(self, export: Export) -> str | None:
        """Return the archive's address."""
        if export.status != ExportStatus.SUCCEEDED:
            return None
        return settings.HUNTAZE_URL + reverse("users-export-archive", args=[export.id])
