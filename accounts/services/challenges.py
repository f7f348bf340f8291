"""Questions to e-mail addresses: a request only stores one, a worker decides what the address is told, its token comes back once.

Nobody who asks learns whether an address has an account: the request's work is the same, and the answer goes to the address.

Anybody may start a sign-up with somebody else's address, so each is a row of its own with a token of its own: a later one cannot
put its password under an earlier one's link, as it could if the last won. The mail says which name is being signed up, and from which
device. Following a link makes the account and signs nobody in: whoever follows one that they did not ask for holds
an account with a password that is not theirs, which a reset of the password, by mail, takes away from its maker with all sessions.
"""

import hashlib
import logging
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from accounts import devices, tasks
from accounts.models import ChallengeStatus, EmailChallenge, Purpose, User
from accounts.models.challenges import LONGEST_LIFETIME
from accounts.services.people import has_verified_email
from huntaze import context, leases, mail
from huntaze.api.errors import Problem

log = logging.getLogger(__name__)

MAXIMUM_USER_AGENT_LENGTH = 400
AN_HOUR = timedelta(hours=1)
MAILS_AN_HOUR, MAILS_AN_HOUR_FOR_ONE = 20, 5
LIFETIMES = {Purpose.SIGN_UP: LONGEST_LIFETIME, Purpose.VERIFY_EMAIL: LONGEST_LIFETIME, Purpose.RESET_PASSWORD: AN_HOUR}
# The account pages that take a token, below HUNTAZE_URL; the API takes the same tokens.
PAGES = {
    Purpose.SIGN_UP: "/accounts/verify-email/{token}/",
    Purpose.VERIFY_EMAIL: "/accounts/verify-email/{token}/",
    Purpose.RESET_PASSWORD: "/accounts/password/reset/{token}/",
}
_UNLINKED = re.compile(r"[./:@]+")  # a stranger chose the name: it must not become a link in the mail


class InvalidEmailToken(Problem):
    status = 400
    code = "invalid_email_token"
    title = _("The link is not valid: it was used, or its time is over. Ask for a new one.")


def ask(*, purpose: Purpose, email: str, language: str, user_agent: str = "", **sign_up: Any) -> None:
    """Store a challenge to the address, and wake the worker that decides what to tell it; `sign_up` are its further columns."""
    challenge = EmailChallenge.objects.create(
        purpose=purpose,
        email=email.lower(),
        language=language,
        address=context.current().address or None,
        user_agent=user_agent[:MAXIMUM_USER_AGENT_LENGTH],
        **sign_up,
    )
    transaction.on_commit(lambda: leases.wake(tasks.answer_challenge, challenge.id))


def answer(*, challenge_id: UUID | str) -> None:
    """Tell the address of a challenge that waits what was asked of it, or nothing; do nothing where another worker holds it."""
    lease = leases.claim(EmailChallenge, UUID(str(challenge_id)))
    if lease is None:
        return
    challenge = EmailChallenge.objects.get(pk=lease.pk)
    user = User.objects.with_email(challenge.email).first()
    with transaction.atomic():
        linked = _linked(challenge, user)
        is_told = (linked is not None or _is_registered(challenge, user)) and not _is_too_much(challenge)
        if lease.finish(status=ChallengeStatus.SENT if is_told else ChallengeStatus.IGNORED) and is_told:
            _send(challenge, linked, user)


def find(*, token: str, purposes: Iterable[Purpose]) -> EmailChallenge:
    """Return the challenge that the token answers, locked where the caller has a transaction; raises InvalidEmailToken."""
    open_ones = EmailChallenge.objects.filter(purpose__in=purposes, status=ChallengeStatus.SENT, expires_at__gt=Now())
    if connection.in_atomic_block:
        open_ones = open_ones.select_for_update()
    challenge = open_ones.filter(token_hash=_hash(token)).first()
    if challenge is None:
        raise InvalidEmailToken
    return challenge


def take(*, token: str, purposes: Iterable[Purpose]) -> EmailChallenge:
    """Return the challenge that the token answers, and delete it with the others of its purpose to its address.

    Runs in the caller's transaction. Raises InvalidEmailToken.
    """
    challenge = find(token=token, purposes=purposes)
    EmailChallenge.objects.filter(purpose=challenge.purpose, email=challenge.email).delete()
    return challenge


def sweep() -> None:
    """Wake a worker for each challenge that waits or whose worker was lost; give up those with no tries left."""
    due = leases.sweep(EmailChallenge)
    for challenge_id in due.wake:
        leases.wake(tasks.answer_challenge, challenge_id)
    for challenge_id in due.dead:
        if leases.bury(EmailChallenge, challenge_id, status=ChallengeStatus.IGNORED):
            log.error("Challenge %s is a dead letter: its workers were lost", challenge_id)


def expire() -> None:
    """Delete the challenges that nobody can answer any more."""
    EmailChallenge.objects.filter(created_at__lt=Now() - LONGEST_LIFETIME).delete()


def _linked(challenge: EmailChallenge, user: User | None) -> EmailChallenge | None:
    """Return the challenge whose link the address is sent: this one, or the sign-up that it asks to hear of again."""
    if challenge.purpose == Purpose.SIGN_UP:
        return challenge if user is None else None
    if challenge.purpose == Purpose.RESET_PASSWORD:
        return challenge if user is not None and user.is_active else None
    if user is not None:
        return None if has_verified_email(user) else challenge
    sign_ups = EmailChallenge.objects.filter(purpose=Purpose.SIGN_UP, email=challenge.email, status=ChallengeStatus.SENT)
    return sign_ups.filter(expires_at__gt=Now()).select_for_update().order_by("-pk").first()


def _is_registered(challenge: EmailChallenge, user: User | None) -> bool:
    return challenge.purpose == Purpose.SIGN_UP and user is not None


def _is_too_much(challenge: EmailChallenge) -> bool:
    """Return whether the address has had its fill of e-mails in the last hour, from whoever asked for this one or from all."""
    sent = EmailChallenge.objects.filter(email=challenge.email, status=ChallengeStatus.SENT, created_at__gt=Now() - AN_HOUR)
    counts = sent.aggregate(all=Count("pk"), same=Count("pk", filter=Q(address=challenge.address)))
    return bool(counts["all"] >= MAILS_AN_HOUR or counts["same"] >= MAILS_AN_HOUR_FOR_ONE)


def _send(challenge: EmailChallenge, linked: EmailChallenge | None, user: User | None) -> None:
    context = {
        "name": user.name if user else _UNLINKED.sub(" ", linked.name if linked else "")[:40],
        "device": devices.name(challenge.user_agent),
        "address": challenge.address,
    }
    if linked is None:
        template = "already_registered"
    else:
        template = linked.purpose
        context["link"] = _new_link(linked, user)
    mail.send(
        to=challenge.email,
        template=f"accounts/mail/{template}",
        language=user.language if user else challenge.language,
        context=context,
        person_id=user.id if user else None,
    )


def _new_link(challenge: EmailChallenge, user: User | None) -> str:
    """Give the challenge a token, in the place of one that it may have, and return the address of the page that takes it."""
    token = secrets.token_urlsafe(32)
    expires_at = Coalesce("expires_at", Now() + LIFETIMES[Purpose(challenge.purpose)])
    EmailChallenge.objects.filter(pk=challenge.pk).update(token_hash=_hash(token), user=user, expires_at=expires_at)
    return settings.HUNTAZE_URL + PAGES[Purpose(challenge.purpose)].format(token=token)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
