"""Where this installation answers, and its keys."""

import os
from urllib.parse import urlsplit

from huntaze.env import Environment

env = Environment(os.environ)
HOME_DIR = env.home

# Where this installation answers. Every link is built from HUNTAZE_URL, never from the Host header.
HUNTAZE_URL = env.url("HUNTAZE_URL", "http://127.0.0.1:8000", schemes=("http", "https"), help="Public address of this installation.")
HUNTAZE_EMBEDDED = env.flag("HUNTAZE_EMBEDDED", False, help="Set by `manage.py up`: this process belongs to its embedded run.")
HUNTAZE_HOST = env.text("HUNTAZE_HOST", "127.0.0.1", help="Address that the web server listens on.")
HUNTAZE_PORT = env.integer("HUNTAZE_PORT", 8000, minimum=1, help="Port that the web server listens on.")
WEB_WORKERS = env.integer("WEB_WORKERS", 2, minimum=1, help="Processes of the web server.")
WORKER_CONCURRENCY = env.integer("WORKER_CONCURRENCY", 8, minimum=1, help="Tasks that one worker of `manage.py up` runs at once.")
DEBUG = env.flag("DEBUG", False, help="Django's debug pages. Never in production; not needed in development.")
DEFAULT_SECRET_KEY = "insecure-only-for-commands-that-sign-nothing"
SECRET_KEY = env.text("SECRET_KEY", DEFAULT_SECRET_KEY, secret=True, help="Django's signing key.")
AUTH_TOKEN_KEYS = env.items(
    "AUTH_TOKEN_KEYS", secret=True, help="Keys of access and refresh tokens as `kid:secret,…`; the first signs, all verify."
)
ENCRYPTION_KEYS = env.items(
    "ENCRYPTION_KEYS", secret=True, help="Keys of secrets at rest as `kid:secret,…`; the first encrypts, all decrypt."
)
AUDIT_SIGNING_KEYS = env.items(
    "AUDIT_SIGNING_KEYS", secret=True, help="Keys of the audit log's checkpoints as `kid:secret,…`; the first signs, all verify."
)
ALLOWED_HOSTS = sorted(
    {
        str(urlsplit(HUNTAZE_URL).hostname),
        "127.0.0.1",
        "localhost",
        *env.items("HUNTAZE_ALLOWED_HOSTS", help="More host names that may appear in the Host header."),
    }
)
HUNTAZE_PROXY_COUNT = env.integer("HUNTAZE_PROXY_COUNT", 0, help="Reverse proxies in front whose X-Forwarded-For entries are believed.")
SECURE = HUNTAZE_URL.startswith("https://")
