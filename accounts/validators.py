"""What a password must withstand besides Django's own validators; the API and the pages ask all of them by AUTH_PASSWORD_VALIDATORS."""

import hashlib
import logging
import time
import unicodedata
import urllib.request
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)

JOINERS = ("\u200c", "\u200d")
MAXIMUM_LENGTH = 256
ESTIMATED_LENGTH = 50  # the estimate takes a quarter of a second for 72 characters; what these hold is held by more
BREACH_SECONDS = 2.0
BREACH_BYTES = 1_000_000


def validate_name(name: str) -> None:
    """Raise ValidationError for a name that is not one visible line: it goes into e-mails, their subjects and lists.

    Joiners are let through, since scripts and emoji are written with them.
    """
    hidden = [char for char in name if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char not in JOINERS]
    if hidden or not name.strip("".join(JOINERS) + " "):
        raise ValidationError(_("A name is one line of visible characters."), code="invalid_name")


class MaximumLengthValidator:
    """At most 256 characters."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a longer one."""
        if len(password) > MAXIMUM_LENGTH:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        """Return the rule for people."""
        return _("Your password can have %(length)d characters at most.") % {"length": MAXIMUM_LENGTH}


class GuessesValidator:
    """A score by zxcvbn, from 0 (guessed at once) to 4, of at least `PASSWORD_MINIMUM_SCORE`."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a password that would be guessed soon; the person's own words count as known."""
        from zxcvbn import zxcvbn  # its word lists take a tenth of a second to load

        if settings.PASSWORD_MINIMUM_SCORE == 0:
            return
        known = [getattr(user, name, "") for name in ("email", "name", "display_name")]
        score = zxcvbn(password[:ESTIMATED_LENGTH], user_inputs=[word for word in known if word])["score"]
        if score < settings.PASSWORD_MINIMUM_SCORE:
            raise ValidationError(
                _("This password would be guessed too soon. Add words that have nothing to do with each other."),
                code="password_too_guessable",
            )

    def get_help_text(self) -> str:
        """Return the rule for people."""
        return _("Your password should be hard to guess: several words that have nothing to do with each other.")


class BreachValidator:
    """Not among known leaked passwords, where `BREACH_CHECK_URL` is set.

    The service is asked by k-anonymity: it learns the first five of the forty digits of the password's SHA-1, and answers with all
    leaked ones that begin so, as lines of `rest:count`. While it is away passwords pass.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a leaked password."""
        if settings.BREACH_CHECK_URL and _times_leaked(password):
            raise ValidationError(_("This password is in lists of stolen ones. Choose another."), code="password_breached")

    def get_help_text(self) -> str:
        """Return the rule for people."""
        return _("Your password must not be known from a theft of other passwords.") if settings.BREACH_CHECK_URL else ""


def _times_leaked(password: str) -> int:
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    try:
        lines = _leaked(digest[:5]).splitlines()
    except (OSError, ValueError) as error:
        log.warning("The breach check does not answer, and passwords pass without it: %s", error)
        return 0
    counts = dict(line.split(":") for line in lines if line.count(":") == 1)
    count = counts.get(digest[5:], "0").strip()
    return int(count) if count.isdigit() else 0


def _leaked(prefix: str) -> str:
    """Return the service's answer; raises OSError when it is not there within `BREACH_SECONDS`, or ValueError when it is too long."""
    # The operator named the address; padding hides how many there are from who sees the answer's length.
    request = urllib.request.Request(  # noqa: S310
        f"{settings.BREACH_CHECK_URL}/{prefix}", headers={"Add-Padding": "true", "User-Agent": "Huntaze"}
    )
    deadline, body = time.monotonic() + BREACH_SECONDS, b""
    with urllib.request.urlopen(request, timeout=BREACH_SECONDS) as response:  # noqa: S310
        while more := response.read1(65_536):
            body += more
            if len(body) > BREACH_BYTES:
                raise ValueError("the answer is too long")
            if time.monotonic() > deadline:
                raise TimeoutError("the answer takes too long")
    return body.decode()
