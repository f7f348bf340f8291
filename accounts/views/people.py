"""Who I am, and what I say of myself."""

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import notices, services
from accounts.authentication import Principal
from accounts.models import User
from accounts.serializers.people import MeEditSerializer, PersonSerializer, ProfileSerializer
from huntaze.api.serializers import read
from huntaze.api.views import ApiView


class Me(ApiView):
    resource = "account"
    requires_recent_sign_in = frozenset({"DELETE"})

    @extend_schema(operation_id="users_me", responses={200: ProfileSerializer})
    def get(self, request: Request) -> Response:
        """Return the person who calls, and the workspace that the call acts in."""
        return Response(cast("Principal", request.user).profile())

    @extend_schema(operation_id="users_me_edit", request=MeEditSerializer, responses={200: ProfileSerializer})
    def patch(self, request: Request) -> Response:
        """Change your name; what else a person says of themselves is their profile."""
        principal = cast("Principal", request.user)
        person = services.edit_profile(user_id=principal.id, workspace_id=principal.workspace_id, **read(MeEditSerializer, request.data))
        return Response(principal.profile() | {"name": person["name"]})

    @extend_schema(operation_id="users_me_delete", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Delete the account: tokens, keys and browsers stop at once, and the rest is erased after a delay.

        403 `reauthentication_required` unless the person proved lately who they are. 409 `workspace_has_members` or
        `subscription_running` for a workspace of theirs that must not lose its owner.
        """
        services.delete_account(user_id=self.caller.id)
        return Response(status=204)


class Profile(ApiView):
    resource = "account"

    @extend_schema(operation_id="users_profile", responses={200: PersonSerializer})
    def get(self, request: Request) -> Response:
        """Return what the person who calls says of themselves."""
        person = User.objects.values(*_SHOWN).get(id=self.caller.id)
        return Response(person | {"notices": notices.preferences_of(self.caller.id)})

    @extend_schema(operation_id="users_profile_edit", request=PersonSerializer, responses={200: PersonSerializer})
    def patch(self, request: Request) -> Response:
        """Change what you say of yourself; fields that are not sent stay.

        `notices` says of which notices you are sent e-mails. 422 with `always_mailed` for a notice of security, which cannot be
        switched off.
        """
        caller = self.caller
        fields = read(PersonSerializer, request.data)
        by_email = fields.pop("notices", {})
        person = services.edit_profile(user_id=caller.id, workspace_id=caller.workspace_id, by_email=by_email, **fields)
        return Response({name: person[name] for name in _SHOWN} | {"notices": notices.preferences_of(caller.id)})


_SHOWN = ("display_name", "bio", "timezone", "language", "avatar")
