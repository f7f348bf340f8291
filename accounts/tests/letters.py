"""What addresses were told, read before it is delivered."""

import re

from accounts.models import EmailChallenge
from accounts.services import challenges
from huntaze.models import OutgoingEmail


def answer_all() -> list[OutgoingEmail]:
    """Do the worker's part for every challenge that waits; return the e-mails that came of it."""
    before = set(OutgoingEmail.objects.values_list("pk", flat=True))
    for challenge in EmailChallenge.objects.filter(status="queued").order_by("pk"):
        challenges.answer(challenge_id=challenge.pk)
    return list(OutgoingEmail.objects.exclude(pk__in=before).order_by("pk"))


def token_in(email: OutgoingEmail) -> str:
    """Return the token of the link that the e-mail holds."""
    return re.search(r"/accounts/[a-z/-]+/([\w-]{43})/", email.text)[1]


def mailed_token(email: str = "guest@example.com") -> str:
    """Return the code of the last invitation that was mailed to this address."""
    text = OutgoingEmail.objects.filter(to=email, template="accounts/mail/invitation").latest("id").text
    return re.search(r"^([\w-]{43})$", text, re.MULTILINE)[1]


def templates() -> list[str]:
    """Return which e-mails were written, in order, by the last part of their template's name."""
    return [name.rpartition("/")[2] for name in OutgoingEmail.objects.order_by("pk").values_list("template", flat=True)]
