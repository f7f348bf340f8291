"""What every operation of the API shares."""

import pytest
from django.test import Client

from huntaze import valkey
from huntaze.api.errors import Problem
from huntaze.env import BASE_DIR

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"
ASSETS = "/api/v1/content/assets"
MEMBERS = {"type", "title", "status", "detail", "code", "request_id", "retryable"}


def test_problem_has_every_member_of_the_convention(anonymous):
    refused = anonymous.get(ME)
    assert (refused["Content-Type"], set(refused.json())) == ("application/problem+json", MEMBERS)


def test_unknown_address_answers_a_problem(anonymous):
    refused = anonymous.get("/api/v1/nowhere")
    assert (refused.status_code, refused.json()["code"], refused["Content-Type"]) == (404, "not_found", "application/problem+json")


def test_id_that_is_no_uuid_is_not_found(api):
    assert api.get(f"{ASSETS}/1").json()["code"] == "not_found"


def test_wrong_method_is_refused_with_those_allowed(api):
    refused = api.put(ASSETS, {})
    assert (refused.status_code, refused.json()["code"], refused["Allow"]) == (405, "method_not_allowed", "GET, POST, HEAD, OPTIONS")


def test_media_type_that_cannot_be_served_is_refused_and_counted(api):
    refused = api.get(ASSETS, headers={"Accept": "text/csv"})
    assert (refused.status_code, refused.json()["code"], refused["RateLimit"]) == (
        406,
        "not_acceptable",
        '"read";r=599;t=60, "day";r=999;t=86400',
    )


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v1/", f"{ASSETS}/1", f"{ASSETS}/", f"{ASSETS}/%0A"])
def test_address_that_does_not_exist_is_counted_like_others(api, path):
    assert api.get(path)["RateLimit"] == '"read";r=599;t=60, "day";r=999;t=86400'


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_pages_of_the_api_answer_a_wrong_method_with_a_problem(anonymous, path, method):
    refused = getattr(anonymous, method)(path)
    assert (refused.status_code, refused["Content-Type"], refused.json()["code"]) == (
        405,
        "application/problem+json",
        "method_not_allowed",
    )


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/favicon.ico", "/api/docs/errors"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("checks", [True, False])
def test_page_that_takes_nothing_answers_a_wrong_method_with_a_problem(path, method, checks):
    refused = getattr(Client(enforce_csrf_checks=checks), method)(path)
    assert (refused.status_code, refused["Content-Type"], refused.json()["code"], refused["Allow"]) == (
        405,
        "application/problem+json",
        "method_not_allowed",
        "GET, HEAD, OPTIONS",
    )


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/nowhere/", "/accounts/login/more"])
def test_page_that_does_not_exist_is_a_page_for_people(path):
    answer = Client().get(path)
    assert (answer.status_code, answer["Content-Type"], b'href="/accounts/"' in answer.content) == (404, "text/html; charset=utf-8", True)


def test_unknown_address_answers_a_wrong_method_with_not_found():
    refused = Client(enforce_csrf_checks=True).post("/nowhere")
    assert (refused.status_code, refused["Content-Type"]) == (404, "application/problem+json")


def test_form_of_the_admin_without_its_token_answers_a_page():
    refused = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a", "password": "b"})
    assert (refused.status_code, refused["Content-Type"], "<h1>This form has expired</h1>" in refused.content.decode()) == (
        403,
        "text/html; charset=utf-8",
        True,
    )


def test_docs_page_refuses_options(anonymous):
    assert (anonymous.options("/api/docs/").status_code, anonymous.head("/api/docs/").status_code) == (405, 200)


def test_body_of_unsaid_length_is_refused(api):
    refused = api.post(ASSETS, {"title": "a", "type": "post"}, headers={"Transfer-Encoding": "chunked"})
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_request")


def test_compressed_body_is_refused(api):
    refused = api.post(ASSETS, {"title": "a", "type": "post"}, headers={"Content-Encoding": "gzip"})
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


def test_body_that_says_it_is_huge_is_refused_unread(api, settings):
    refused = api.post(ASSETS, {"title": "a", "type": "post"}, headers={"Content-Length": str(settings.API_MAX_BODY_BYTES + 1)})
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(("levels", "status"), [(62, 201), (63, 400), (300, 400), (900, 400), (100_000, 400)])
def test_body_nested_deeper_than_an_answer_can_be_is_refused(api, levels, status):
    body = f'{{"title": "a", "type": "post", "metadata": {{"a": {"[" * levels}{"]" * levels}}}}}'
    assert api.post(ASSETS, body, content_type="application/json").status_code == status


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("-9223372036854775808", 201),
        ("18446744073709551615", 201),
        ("1e-300", 201),
        ("-0.0", 201),
        ("18446744073709551616", 400),
        ("1e20", 400),
        ("-1e19", 400),
        ("1e308", 400),
        ("1e400", 400),
        ("NaN", 400),
    ],
)
def test_number_is_taken_if_it_can_be_read_again(api, number, status):
    created = api.post(ASSETS, f'{{"title": "a", "type": "post", "metadata": {{"n": {number}}}}}', content_type="application/json")
    assert (created.status_code, api.get(ASSETS).status_code) == (status, 200)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"title": "a", "type": "post"}', 201),
        ('{"title": "a", "title": "a", "type": "post"}', 400),
        ('{"title": "a", "t\\u0069tle": "b", "type": "post"}', 400),
        ('{"title": "a", "type": "post", "metadata": {"a": [{"b": 1, "b": 1}]}}', 400),
        ('{"title": "a", "type": "post", "metadata": {"a": {"b": 1}, "b": {"a": 1}}}', 201),
        ('{"title": "\\"a\\": 1, \\"a\\": 1", "type": "post"}', 201),
    ],
)
def test_name_that_stands_twice_in_an_object_is_refused(api, body, status):
    assert api.post(ASSETS, body, content_type="application/json").status_code == status


def test_name_that_stands_twice_is_a_malformed_request(api):
    refused = api.post(ASSETS, '{"title": "a", "title": "b"}', content_type="application/json").json()
    assert (refused["code"], refused["detail"]) == ("malformed_request", "An object must not have a name twice.")


@pytest.mark.parametrize("media_type", ["*/*", "application/*", "application/json5", "text/plain", "application/json, text/plain"])
def test_body_that_is_not_said_to_be_json_is_refused(api, media_type):
    refused = api.post(ASSETS, '{"title": "a", "type": "post"}', content_type=media_type)
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON", "application/json; charset=utf-8"])
def test_body_that_is_said_to_be_json_is_taken(api, media_type):
    assert api.post(ASSETS, '{"title": "a", "type": "post"}', content_type=media_type).status_code == 201


def test_unknown_fields_beyond_the_first_are_not_listed(api):
    refused = api.post(ASSETS, {f"field{number}": number for number in range(1000)})
    assert (refused.status_code, [error["pointer"] for error in refused.json()["errors"]]) == (
        422,
        [f"/field{number}" for number in range(20)],
    )


def test_list_that_is_too_long_is_one_error(api):
    refused = api.post(ASSETS, {"title": "a", "type": "post", "tags": [{}] * 10_000})
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [("/tags", "max_length")]


def faults(refused):
    """Return the status of a refusal, and its faults."""
    return refused.status_code, refused.json()["errors"]


def test_choice_that_does_not_exist_is_refused_with_those_that_do(api):
    refused = api.post(ASSETS, {"title": "a", "type": "novel"})
    detail = "This must be one of: post, story, video, image, caption."
    assert faults(refused) == (422, [{"pointer": "/type", "code": "invalid_choice", "detail": detail}])


@pytest.mark.parametrize("body", ["[]", '"a"', "1", "true"])
def test_body_that_is_no_object_is_one_fault_of_the_whole_body(api, body):
    refused = api.post(ASSETS, body, content_type="application/json")
    assert faults(refused) == (422, [{"pointer": "", "code": "invalid", "detail": "This must be an object."}])


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("limit=0", {"parameter": "limit", "code": "invalid", "detail": "The limit is a whole number from 1 to 200."}),
        ("limit=1&limit=2", {"parameter": "limit", "code": "repeated", "detail": "This stands more than once."}),
        ("tag=a&tag=a", {"parameter": "tag", "code": "repeated", "detail": "This stands more than once."}),
        ("colour=red", {"parameter": "colour", "code": "unknown_field", "detail": "This operation has no such field."}),
        ("tag=", {"parameter": "tag", "code": "blank", "detail": "This field may not be blank."}),
    ],
)
def test_wrong_parameter_is_refused_by_its_name(api, query, fault):
    assert faults(api.get(f"{ASSETS}?{query}")) == (422, [fault])


def test_wrong_header_is_refused_by_its_name(api):
    refused = api.post(ASSETS, {"title": "a", "type": "post"}, headers={"Idempotency-Key": ""})
    fault = {"header": "Idempotency-Key", "code": "invalid", "detail": "A key is 1 to 255 printable ASCII characters."}
    assert faults(refused) == (422, [fault])


def test_parameter_that_stands_twice_is_refused_where_none_is_read(api):
    assert faults(api.get(f"{ME}?a=1&a=2"))[1] == [{"parameter": "a", "code": "repeated", "detail": "This stands more than once."}]


@pytest.mark.parametrize(
    ("body", "media_type", "told"),
    [
        ('{"title":\n nope}', "application/json", (400, "The body is not JSON in UTF-8: see line 2, column 2.")),
        (b'{"title": "\xff"}', "application/json", (400, "The body is not JSON in UTF-8: see line 1, column 1.")),
        ("title=a", "application/x-www-form-urlencoded", (415, "The body must be application/json.")),
    ],
)
def test_body_that_cannot_be_read_is_refused_in_our_words(api, body, media_type, told):
    refused = api.post(ASSETS, body, content_type=media_type)
    assert (refused.status_code, refused.json()["detail"]) == told


def test_wrong_method_and_media_type_are_refused_in_our_words(api):
    answers = [api.put(ASSETS, {}), api.get(ASSETS, headers={"Accept": "text/csv"})]
    assert [answer.json()["detail"] for answer in answers] == [
        "This address does not take that method.",
        "None of the media types in Accept can be served.",
    ]


def test_codes_are_given_to_one_problem_each():
    kinds = list(Problem.__subclasses__())
    assert sorted(kind.code for kind in kinds) == sorted(Problem.registry)


def test_request_id_is_echoed(anonymous):
    answer = anonymous.get(ME, headers={"X-Request-ID": "mine-1"})
    assert (answer["X-Request-ID"], answer.json()["request_id"]) == ("mine-1", "mine-1")


def test_request_id_that_could_forge_a_log_line_is_replaced(anonymous):
    assert anonymous.get("/healthz", headers={"X-Request-ID": "a b"})["X-Request-ID"] != "a b"


def test_cookies_never_authenticate_the_api(owner):
    browser = Client()
    browser.force_login(owner)
    assert browser.get(ME).status_code == 401


def test_limiter_says_what_is_left_of_each_quota(api, settings):
    answer = api.get(ME)
    assert (answer["RateLimit-Policy"], answer["RateLimit"]) == (
        '"read";q=600;w=60, "day";q=1000;w=86400',
        '"read";r=599;t=60, "day";r=999;t=86400',
    )


def test_limiter_refuses_what_exceeds_a_quota(api, settings):
    settings.API_REQUESTS_PER_MINUTE = {**settings.API_REQUESTS_PER_MINUTE, "read": 2}
    answers = [api.get(ME) for _request in range(3)]
    refused = answers[2].json()
    assert ([answer.status_code for answer in answers], refused["code"], refused["limit"], answers[2]["Retry-After"]) == (
        [200, 200, 429],
        "rate_limited",
        {"name": "read", "value": 2},
        "60",
    )


def test_limiter_counts_wrong_tokens_against_their_address(anonymous, settings):
    settings.API_ANONYMOUS_REQUESTS_PER_MINUTE = 2
    answers = [anonymous.get(ME, headers={"Authorization": "Bearer guess"}) for _guess in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]


def test_limiter_ignores_forwarded_addresses_without_a_proxy(anonymous, settings):
    settings.API_ANONYMOUS_REQUESTS_PER_MINUTE = 1
    answers = [anonymous.get(ME, headers={"X-Forwarded-For": f"10.0.0.{host}"}) for host in range(2)]
    assert [answer.status_code for answer in answers] == [401, 429]


def test_limiter_tells_callers_behind_the_proxy_apart(anonymous, settings):
    settings.HUNTAZE_PROXY_COUNT, settings.API_ANONYMOUS_REQUESTS_PER_MINUTE = 1, 1
    answers = [anonymous.get(ME, headers={"X-Forwarded-For": f"6.6.6.6, 10.0.0.{host}"}) for host in range(2)]
    assert [answer.status_code for answer in answers] == [401, 401]


def test_limiter_makes_one_round_trip(api):
    api.get(ME)
    before = valkey.connection().info("stats")["total_commands_processed"]
    api.get(ME)
    counted = valkey.connection().info("stats")["total_commands_processed"] - before
    # EVALSHA with its INCR, PTTL, INCR, PTTL inside, and the INFO that asked.
    assert counted == 6


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        (ME, "default-src 'none'; frame-ancestors 'none'"),
        (
            "/healthz",
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
        ),
    ],
)
def test_answers_carry_a_content_security_policy(anonymous, path, policy):
    assert anonymous.get(path)["Content-Security-Policy"] == policy


def test_answers_carry_the_usual_headers(anonymous):
    answer = anonymous.get(ME)
    names = ("X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Cross-Origin-Opener-Policy")
    assert [answer[name] for name in names] == ["nosniff", "same-origin", "DENY", "same-origin"]


def test_browser_app_on_the_list_may_call_the_api(anonymous, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    answer = anonymous.options(ASSETS, headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"})
    assert answer["Access-Control-Allow-Origin"] == "https://app.example"


def test_browser_app_off_the_list_may_not(anonymous):
    answer = anonymous.options(ASSETS, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
    assert "Access-Control-Allow-Origin" not in answer


def test_foreign_host_is_refused_with_the_usual_headers(anonymous):
    refused = anonymous.get(ME, headers={"Host": "evil.example", "X-Request-ID": "mine-1"})
    assert (refused.status_code, refused.json()["request_id"], refused["X-Request-ID"], refused["Content-Security-Policy"]) == (
        400,
        "mine-1",
        "mine-1",
        "default-src 'none'; frame-ancestors 'none'",
    )


def test_browsers_find_the_mark_and_keep_it(anonymous):
    answer = anonymous.get("/favicon.ico")
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"], answer.content) == (
        200,
        "image/svg+xml",
        "public, max-age=86400",
        (BASE_DIR / "huntaze/static/huntaze/mark.svg").read_bytes(),
    )


def test_health_says_alive(anonymous):
    assert anonymous.get("/healthz").json() == {"status": "alive"}


def test_readiness_names_its_parts(anonymous):
    assert anonymous.get("/readyz").json() == {"status": "ready", "database": "ok", "valkey": "ok"}


def test_error_page_lists_every_code(anonymous):
    page = anonymous.get("/api/docs/errors").content.decode()
    assert [code for code in sorted(Problem.registry) if f'id="{code}"' not in page] == []
