"""What people may ask of their data, over HTTP."""

from uuid import UUID

from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import Export
from accounts.serializers.privacy import ExportSerializer
from huntaze.api.renderers import JSONRenderer
from huntaze.api.serializers import show
from huntaze.api.views import ApiView


class ArchiveRenderer(BaseRenderer):
    """Lets clients ask for `application/zip`; the archive itself is sent by the view."""

    media_type = "application/zip"
    format = "zip"
    charset = None

    def render(self, data: object, accepted_media_type: str | None = None, renderer_context: object = None) -> bytes:
        """Return the body of an error."""
        return JSONRenderer().render(data)


class Exports(ApiView):
    resource = "account"

    @extend_schema(operation_id="users_export", request=None, responses={202: ExportSerializer})
    def post(self, request: Request) -> Response:
        """Order an archive of all that is known about the person who calls; while one is being made, return that one."""
        export = services.request_export(user_id=self.caller.id, workspace_id=self.caller.workspace_id)
        return Response(show(ExportSerializer, export), status=202, headers={"Location": f"/api/v1/users/me/exports/{export.id}"})


class ExportDetail(ApiView):
    resource = "account"

    @extend_schema(operation_id="users_export_status", responses={200: ExportSerializer})
    def get(self, request: Request, id: UUID) -> Response:
        """Return an archive's status; once it is made, also its size, its SHA-256, where it is and until when."""
        return Response(show(ExportSerializer, _export_of(self.caller.id, id)))


class ExportArchive(ApiView):
    resource = "account"
    requires_recent_sign_in = frozenset({"GET", "HEAD"})
    renderer_classes = [ArchiveRenderer, JSONRenderer]

    @extend_schema(operation_id="users_export_archive", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: UUID) -> FileResponse:
        """Download an archive. It holds everything about a person, so they must have proved lately who they are; a key cannot."""
        export = _export_of(self.caller.id, id)
        headers = {"Cache-Control": "no-store"}
        name = f"huntaze-{export.id}.zip"
        return FileResponse(
            services.open_archive(export), as_attachment=True, filename=name, content_type="application/zip", headers=headers
        )


def _export_of(user_id: UUID, export_id: UUID) -> Export:
    export = Export.objects.filter(user_id=user_id, id=export_id).first()
    if export is None:
        raise Http404
    return export
