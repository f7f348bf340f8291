"""The mail server."""

from urllib.parse import parse_qsl, unquote, urlsplit

from huntaze.env import EnvError
from huntaze.settings.base import HOME_DIR, env


def mail_settings_from_url(url: str) -> dict[str, object]:
    """Return Django's settings for the mail server at `url`.

    `smtp://user:password@host:587?tls=1` (STARTTLS), `smtps://…` (TLS from the start), `anymail+postmark:?server_token=…` for a
    backend of django-anymail with its options, `file:///folder`, `console:`; without one, files in `HUNTAZE_HOME/mail`.
    """
    url = url or (HOME_DIR / "mail").as_uri()
    parts, options = urlsplit(url), dict(parse_qsl(url.partition("?")[2]))
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme == "file" and parts.path.strip("/"):
        return {"EMAIL_BACKEND": "huntaze.mail.PrivateFiles", "EMAIL_FILE_PATH": unquote(parts.path)}
    if parts.scheme in ("smtp", "smtps") and parts.hostname:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_SSL": parts.scheme == "smtps",
            "EMAIL_USE_TLS": options.get("tls") == "1",
        }
    if url.startswith("anymail+"):  # a name with an underscore is no scheme to urlsplit
        sender = url.removeprefix("anymail+").partition(":")[0].lower()
        anymail = {f"{sender}_{name}".upper(): value for name, value in options.items()}
        return {"EMAIL_BACKEND": f"anymail.backends.{sender}.EmailBackend", "ANYMAIL": anymail}
    raise EnvError(
        "EMAIL_URL", "must look like smtp://user:password@host:587?tls=1, smtps://…, anymail+amazon_ses:, file:///folder or console:"
    )


EMAIL_URL = env.text("EMAIL_URL", secret=True, help="The mail server; without it e-mails are files in HUNTAZE_HOME/mail.")
globals().update(mail_settings_from_url(EMAIL_URL))
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Huntaze <huntaze@localhost>", help="Sender of e-mails.")
