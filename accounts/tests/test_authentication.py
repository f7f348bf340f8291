import json
from datetime import timedelta
from uuid import UUID, uuid4

import jwt
import pytest
from django.utils import timezone

from accounts import services, tokens
from accounts.models import MemberRole, User
from accounts.serializers.people import ProfileSerializer
from accounts.tests.factories import add_member, client_with, make_workspace, sign_in
from huntaze import context
from huntaze.models import AuditEntry

ME = "/api/v1/users/me"
pytestmark = pytest.mark.django_db


def body(response):
    """Return an answer's document but for its request id."""
    return {name: value for name, value in response.json().items() if name != "request_id"}


def test_me_tells_who_calls_and_where(api, owner):
    workspace = owner.default_workspace
    assert api.get(ME).json() == {
        "id": str(owner.id),
        "email": "owner@example.com",
        "name": "Olive Owner",
        "avatar": "",
        "role": "creator",
        "subscription": "free",
        "workspace": {"id": str(workspace.id), "name": "Olive Owner", "role": "owner", "plan": "free"},
        "created_at": owner.created_at.isoformat().replace("+00:00", "Z"),
    }


def test_me_answers_what_its_serializer_describes(owner):
    profile = sign_in(owner).principal.profile()
    assert json.loads(json.dumps(ProfileSerializer(profile).data, default=str)) == client_with(sign_in(owner).access_token).get(ME).json()


def test_me_makes_one_query(api, django_assert_num_queries):
    with django_assert_num_queries(1):
        api.get(ME)


def test_principal_carries_the_plan_and_its_limits(owner):
    principal = sign_in(owner).principal
    assert (principal.plan, principal.daily_requests, principal.limits["content_assets"]) == (
        "free",
        1000,
        {"value": 5, "lifted_by": "pro"},
    )


def test_no_token_is_refused(anonymous):
    response = anonymous.get(ME)
    assert (response.status_code, response["WWW-Authenticate"], response.json()["code"]) == (401, "Bearer", "unauthenticated")


def broken_tokens(good: str) -> dict[str, str]:
    """Return a token for each way in which one can be wrong."""
    claims = jwt.decode(good, options={"verify_signature": False})
    key = tokens.signing_key()
    sign = {"key": key.access, "algorithm": "HS256", "headers": {"kid": key.kid}}
    header, payload, signature = good.split(".")
    return {
        "expired": jwt.encode({**claims, "exp": claims["iat"] - 1}, **sign),
        "altered payload": ".".join([header, payload[:-2] + ("AA" if payload[-2:] != "AA" else "BB"), signature]),
        "altered signature": ".".join([header, payload, "A" * len(signature)]),
        "no algorithm": jwt.encode(claims, None, "none", headers={"kid": key.kid}),
        "wrong audience": jwt.encode({**claims, "aud": "elsewhere"}, **sign),
        "wrong issuer": jwt.encode({**claims, "iss": "elsewhere"}, **sign),
        "wrong key id": jwt.encode(claims, key.access, "HS256", headers={"kid": "nobody"}),
        "absent session": jwt.encode({**claims, "sid": str(uuid4())}, **sign),
        "garbage": "garbage",
        "empty": "",
    }


@pytest.mark.parametrize("fault", list(broken_tokens(tokens.sign_access_token(user_id=uuid4(), session_id=uuid4()))))
def test_wrong_token_is_refused_in_the_same_words(fault, owner, anonymous):
    token = broken_tokens(sign_in(owner).access_token)[fault]
    answer = client_with(token).get(ME)
    assert (answer.status_code, body(answer)) == (401, body(anonymous.get(ME)))


@pytest.mark.parametrize("header", ["Basic b3duZXI6cGFzc3dvcmQ=", "Bearer", "Token abc", "", "Bearer \xff"])
def test_wrong_scheme_is_refused(header, anonymous):
    anonymous.credentials(HTTP_AUTHORIZATION=header)
    assert anonymous.get(ME).status_code == 401


def test_scheme_may_be_in_any_case(owner, anonymous):
    anonymous.credentials(HTTP_AUTHORIZATION=f"bEaReR {sign_in(owner).access_token}")
    assert anonymous.get(ME).status_code == 200


def test_wrong_token_costs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client_with("garbage").get(ME).status_code == 401


def test_ended_session_is_refused_at_once(owner, anonymous):
    signed_in = sign_in(owner)
    services.sign_out(session_id=signed_in.principal.session_id)
    assert body(client_with(signed_in.access_token).get(ME)) == body(anonymous.get(ME))


def test_deleted_person_is_refused_at_once(api, owner, anonymous):
    User.objects.filter(id=owner.id).update(deleted_at=timezone.now())
    assert body(api.get(ME)) == body(anonymous.get(ME))


def test_access_token_outlives_fifteen_minutes_by_nothing(owner, settings):
    settings.ACCESS_TOKEN_LIFETIME = timedelta(0)
    assert client_with(sign_in(owner).access_token).get(ME).status_code == 401


def test_header_chooses_the_workspace(api, owner):
    other = make_workspace(plan="pro")
    add_member(other, owner, MemberRole.EDITOR)
    me = api.get(ME, HTTP_HUNTAZE_WORKSPACE=str(other.id)).json()
    assert (me["workspace"], me["subscription"]) == ({"id": str(other.id), "name": other.name, "role": "editor", "plan": "pro"}, "free")


@pytest.mark.parametrize("text", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_foreign_and_absent_workspaces_answer_the_same(text, api, stranger):
    foreign = api.get(ME, HTTP_HUNTAZE_WORKSPACE=str(stranger.default_workspace_id))
    absent = api.get(ME, HTTP_HUNTAZE_WORKSPACE=text)
    assert (foreign.status_code, foreign.json()["code"], body(absent)) == (404, "workspace_not_found", body(foreign))


def test_request_knows_its_actor_and_workspace(owner, api):
    api.post("/api/v1/auth/signout")
    entry = AuditEntry.objects.get(action="session.revoke")
    assert (entry.actor_id, entry.workspace_id, entry.address) == (owner.id, owner.default_workspace_id, "127.0.0.1")


def test_request_context_names_the_caller(owner, rf):
    from rest_framework.request import Request

    from accounts.authentication import BearerAuthentication

    context.begin(context.RequestContext())
    request = Request(rf.get(ME, HTTP_AUTHORIZATION=f"Bearer {sign_in(owner).access_token}"))
    BearerAuthentication().authenticate(request)
    assert (context.current().actor_id, context.current().workspace_id) == (owner.id, owner.default_workspace_id)


def test_principal_is_made_of_plain_values(owner):
    principal = sign_in(owner).principal
    assert [type(value) for value in (principal.id, principal.workspace_id, principal.role)] == [UUID, UUID, str]
