"""Which Session a browser's cookie stands for, and what browsers can do at this installation's address."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

SESSION_KEY = "huntaze_session"  # where the cookie's data keep the id of the Session
INVITATION_KEY = "huntaze_invitation"  # and there, until it is accepted, by which hash an invitation is found whose link was opened


def session_id_of(request: HttpRequest) -> UUID | None:
    """Return the id of the browser's Session; None where nobody is signed in."""
    text = request.session.get(SESSION_KEY)
    return UUID(text) if text else None


def passkeys(request: HttpRequest) -> dict[str, Any]:
    """Let templates ask why browsers take no passkeys here; a context processor. The text is empty where they take them."""
    return {"no_passkeys": SimpleLazyObject(lambda: why_no_passkeys(request.get_host()))}


def why_no_passkeys(host: str) -> str:
    """Return why browsers take no passkeys at a page of `host`, or nothing.

    Passkeys are for the host of HUNTAZE_URL. Browsers make them for a domain only, with TLS but for localhost (Web Authentication
    Level 2, 5.1.3 and 13.4.9), and use them on its own pages only.
    """
    address = urlsplit(settings.HUNTAZE_URL)
    name = address.hostname or ""
    if _is_number(name):
        return _("Passkeys need a name such as localhost, or a domain with https: browsers make none for an address of digits.")
    if address.scheme != "https" and name != "localhost" and not name.endswith(".localhost"):
        return _("Passkeys need https, which this installation does not have.")
    here = urlsplit(f"//{host}").hostname or ""
    if here != name and not here.endswith(f".{name}"):
        return _("Passkeys work at %(address)s only.") % {"address": settings.HUNTAZE_URL}
    return ""


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
