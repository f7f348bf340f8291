"""The AI providers."""

from huntaze.settings.base import env

# AI providers: the router asks of all that are configured; `local` is the embedded model.
OPENAI_API_KEY = env.text("OPENAI_API_KEY", secret=True, help="Key of the OpenAI API.")
OPENAI_BASE_URL = env.url("OPENAI_BASE_URL", "https://api.openai.com/v1", schemes=("http", "https"), help="Address of the OpenAI API.")
AZURE_OPENAI_ENDPOINT = env.url(
    "AZURE_OPENAI_ENDPOINT", schemes=("http", "https"), help="Azure OpenAI resource, as https://name.openai.azure.com."
)
AZURE_OPENAI_API_KEY = env.text("AZURE_OPENAI_API_KEY", secret=True, help="Key of the Azure OpenAI resource.")
AZURE_OPENAI_API_VERSION = env.text("AZURE_OPENAI_API_VERSION", help="Date of a dated Azure API; empty for the v1 API.")
ANTHROPIC_API_KEY = env.text("ANTHROPIC_API_KEY", secret=True, help="Key of the Anthropic API.")
ANTHROPIC_BASE_URL = env.url(
    "ANTHROPIC_BASE_URL", "https://api.anthropic.com", schemes=("http", "https"), help="Address of the Anthropic API, without a path."
)
AI_BASE_URL = env.url(
    "AI_BASE_URL", schemes=("http", "https"), help="Any OpenAI-compatible server (Ollama, llama.cpp, vLLM), ending in /v1."
)
AI_API_KEY = env.text("AI_API_KEY", secret=True, help="Key of the server at AI_BASE_URL, if it wants one.")
AI_MODEL = env.text("AI_MODEL", help="Name of the only catalogue model that may write; empty for the router's choice.")
AI_REFERENCE_MODEL = env.text(
    "AI_REFERENCE_MODEL", help="Model, as provider/name, against whose price savings are measured; empty for the cheapest strong one."
)
AI_SHADOW_PERCENT = env.integer(
    "AI_SHADOW_PERCENT",
    1,
    minimum=0,
    help="Share of orders for which the reference model is asked too, to measure how much it would write; billed to the workspace.",
)
AI_CACHE_SECONDS = env.integer(
    "AI_CACHE_SECONDS", 86_400, minimum=0, help="How long an order with a seed is answered by what was written for it before; 0 for never."
)
LOCAL_AI_URL = env.url("LOCAL_AI_URL", schemes=("http",), help="The embedded model's server; written by `manage.py up`.")
HUNTAZE_LOCAL_MODEL = env.text("HUNTAZE_LOCAL_MODEL", help="A GGUF file that replaces the embedded model.")
AI_CONNECT_TIMEOUT_SECONDS = env.integer(
    "AI_CONNECT_TIMEOUT_SECONDS", 5, minimum=1, help="How long a provider may take to accept a connection."
)
AI_FIRST_BYTE_TIMEOUT_SECONDS = env.integer("AI_FIRST_BYTE_TIMEOUT_SECONDS", 60, minimum=1, help="How long a provider may stay silent.")
AI_TOTAL_TIMEOUT_SECONDS = env.integer(
    "AI_TOTAL_TIMEOUT_SECONDS", 180, minimum=1, help="How long one answer of a provider may take in all."
)
AI_MODERATION_THRESHOLDS = env.bounds(
    "AI_MODERATION_THRESHOLDS",
    "*=0.5:0.8,sexual=0.8,sexual/minors=0.2:0.2",
    help="From which score a category is a warning and a danger, as `category=warning:danger,…`; `*` is every other.",
)
