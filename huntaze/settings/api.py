"""The API's limits, formats and document."""

from huntaze.settings.base import env

API_MAX_BODY_BYTES = env.integer("API_MAX_BODY_BYTES", 1_000_000, minimum=1_000, help="Largest request body of the API, in bytes.")
# What a key, a person or, for what guards secrets and money, an address may do in a minute.
API_REQUESTS_PER_MINUTE = {
    "read": env.integer("API_READS_PER_MINUTE", 600, minimum=1, help="Reads a minute of one person or API key."),
    "write": env.integer("API_WRITES_PER_MINUTE", 300, minimum=1, help="Writes a minute of one person or API key."),
    "ai": env.integer("API_AI_REQUESTS_PER_MINUTE", 60, minimum=1, help="Requests a minute that spend AI, of one person or API key."),
    "money": env.integer("API_MONEY_REQUESTS_PER_MINUTE", 30, minimum=1, help="Requests a minute about payments, of one person."),
    "auth": env.integer("API_AUTH_REQUESTS_PER_MINUTE", 30, minimum=1, help="Requests a minute to sign in and the like, of one address."),
}
API_ATTEMPTS_PER_ACCOUNT = env.integer(
    "API_ATTEMPTS_PER_ACCOUNT", 20, minimum=1, help="Guesses in 15 minutes at the password and codes of one account, from anywhere."
)
API_ANONYMOUS_REQUESTS_PER_MINUTE = env.integer(
    "API_ANONYMOUS_REQUESTS_PER_MINUTE", 60, minimum=1, help="Other requests a minute from one address without a token."
)
REQUEST_BODY_SECONDS = env.integer("REQUEST_BODY_SECONDS", 30, minimum=1, help="How long a client may take to send the body of a request.")
DATA_UPLOAD_MAX_MEMORY_SIZE = API_MAX_BODY_BYTES
CORS_ALLOWED_ORIGINS = env.items("CORS_ALLOWED_ORIGINS", help="Origins of browser apps that may call the API, as https://host,…")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "huntaze-workspace", "idempotency-key", "last-event-id", "x-request-id"]
CORS_EXPOSE_HEADERS = ["idempotent-replayed", "location", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.MayCall"],
    "DEFAULT_RENDERER_CLASSES": ["huntaze.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["huntaze.api.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "huntaze.api.pagination.KeysetPagination",
    "DEFAULT_THROTTLE_CLASSES": ["huntaze.api.throttling.RequestRateThrottle"],
    "DEFAULT_SCHEMA_CLASS": "huntaze.api.schema.OperationSchema",
    "EXCEPTION_HANDLER": "huntaze.api.errors.problem_from_exception",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Huntaze API",
    "DESCRIPTION": "The back office of a creator business.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ActorKind": "huntaze.models.ActorKind",
        "AuditDamage": "huntaze.audit.Damage",
        "GenerationKind": "ai.models.GenerationKind",
        "ContentKind": "ai.models.CONTENT_CHOICES",
        "Plan": "accounts.models.Plan",
        "AssetStatus": "content.models.AssetStatus",
        "GenerationStatus": "ai.models.GenerationStatus",
        "TextLanguage": "ai.models.LANGUAGES",
        "InvitedRole": "accounts.models.workspaces.INVITED_ROLES",
        "MemberRole": "accounts.models.MemberRole",
        "Role": "accounts.models.Role",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "huntaze.api.schema.describe_conventions"],
}
