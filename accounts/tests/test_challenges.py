"""Sign-ups that wait for their address, and addresses that are confirmed."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import check_password
from django.db.models.functions import Now
from django.utils import timezone

from accounts import services
from accounts.models import EmailChallenge, User
from accounts.services import challenges
from accounts.tests.factories import PASSWORD, make_user
from accounts.tests.letters import answer_all, templates, token_in
from accounts.tests.parallel import in_parallel
from huntaze import leases
from huntaze.models import AuditEntry, OutgoingEmail

pytestmark = pytest.mark.django_db
SIGN_UP = {"email": "Ann@Example.com", "password": PASSWORD, "name": "Ann", "accept_terms": True}
ANNS = "/api/v1/auth/signup"


@pytest.fixture
def mandatory(settings):
    """Ask each address to be confirmed before its first sign-in."""
    settings.EMAIL_VERIFICATION = "mandatory"


def sign_up(client, **changes):
    return client.post(ANNS, SIGN_UP | changes, HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")


def bytes_of(answer) -> bytes:
    return answer.content.replace(answer["X-Request-ID"].encode(), b"")


@pytest.mark.usefixtures("mandatory")
def test_sign_up_answers_the_same_bytes_whether_or_not_the_address_has_an_account(anonymous, owner):
    free, taken = sign_up(anonymous), sign_up(anonymous, email=owner.email)
    assert (free.status_code, free.json(), bytes_of(free)) == (202, {"status": "verification_sent"}, bytes_of(taken))


@pytest.mark.usefixtures("mandatory")
def test_sign_up_makes_as_many_queries_whether_or_not_the_address_has_an_account(anonymous, owner, django_assert_num_queries):
    for email in ("ann@example.com", owner.email):
        with django_assert_num_queries(1):
            sign_up(anonymous, email=email)


@pytest.mark.usefixtures("mandatory")
def test_account_is_made_once_its_address_is_confirmed(anonymous, settings):
    sign_up(anonymous)
    (email,) = answer_all()
    none_yet = User.objects.exists()
    confirmed = anonymous.post("/api/v1/auth/verify-email", {"token": token_in(email)})
    user = User.objects.get()
    assert (none_yet, confirmed.status_code, confirmed.content, user.email, user.terms_version) == (
        False,
        204,
        b"",
        "ann@example.com",
        settings.TERMS_VERSION,
    )
    assert (user.declared_adult_at, user.terms_accepted_at is not None, services.has_verified_email(user)) == (
        user.terms_accepted_at,
        True,
        True,
    )
    assert anonymous.post("/api/v1/auth/signin", {"email": user.email, "password": PASSWORD}).status_code == 200


@pytest.mark.usefixtures("mandatory")
def test_sign_up_stores_a_hash_of_the_password_only(anonymous):
    sign_up(anonymous)
    assert check_password(PASSWORD, EmailChallenge.objects.get().password)


@pytest.mark.usefixtures("mandatory")
def test_taken_address_is_told_that_it_has_an_account(anonymous, owner):
    sign_up(anonymous, email=owner.email)
    (email,) = answer_all()
    assert (email.to, templates(), EmailChallenge.objects.get().token_hash) == (owner.email, ["already_registered"], None)


@pytest.mark.usefixtures("mandatory")
def test_each_sign_up_has_its_own_password_and_its_own_link(anonymous):
    sign_up(anonymous)
    sign_up(anonymous, password="seven lanterns over brackish water", name="Mallory")
    mine, other = answer_all()
    services.verify_email(token=token_in(mine))
    with pytest.raises(services.InvalidEmailToken):
        services.verify_email(token=token_in(other))
    user = User.objects.get()
    assert (user.check_password(PASSWORD), user.name, "Mallory" in other.text) == (True, "Ann", True)


@pytest.mark.usefixtures("mandatory")
def test_name_that_a_stranger_chose_is_no_link_in_the_email(anonymous):
    sign_up(anonymous, name="Win at http://evil.example/now")
    (email,) = answer_all()
    assert ("evil.example" in email.text, "Win at http evil example now" in email.text) == (False, True)


@pytest.mark.usefixtures("mandatory")
def test_email_says_which_device_asked(anonymous):
    sign_up(anonymous)
    (email,) = answer_all()
    assert "from Firefox, Linux at 127.0.0.1." in email.text


@pytest.mark.usefixtures("mandatory")
def test_sign_up_is_written_to_in_the_language_of_its_browser(anonymous):
    anonymous.post(ANNS, SIGN_UP, HTTP_ACCEPT_LANGUAGE="fr-CA, en;q=0.5")
    (email,) = answer_all()
    services.verify_email(token=token_in(email))
    assert (email.subject, User.objects.get().language) == ("Confirmez votre adresse e-mail", "fr")


@pytest.mark.usefixtures("mandatory")
def test_resend_of_a_sign_up_mails_a_new_link_and_ends_the_old(anonymous):
    sign_up(anonymous)
    (first,) = answer_all()
    services.resend_verification(email="ann@example.com", language="en")
    (second,) = answer_all()
    with pytest.raises(services.InvalidEmailToken):
        services.verify_email(token=token_in(first))
    services.verify_email(token=token_in(second))
    assert User.objects.get().email == "ann@example.com"


def test_resend_answers_the_same_whether_or_not_the_address_waits(anonymous, owner):
    answers = [anonymous.post("/api/v1/auth/verify-email/resend", {"email": email}) for email in (owner.email, "nobody@example.com")]
    assert (answers[0].status_code, answers[0].json(), bytes_of(answers[0])) == (202, {"status": "accepted"}, bytes_of(answers[1]))


def test_only_an_address_that_waits_is_mailed_again(owner):
    verified = make_user(email="verified@example.com")
    services.verify_email_of(verified)
    for email in (owner.email, verified.email, "nobody@example.com"):
        services.resend_verification(email=email, language="en")
    assert [email.to for email in answer_all()] == [owner.email]


def test_optional_sign_up_signs_in_and_mails_a_link(anonymous):
    answer = sign_up(anonymous)
    (email,) = answer_all()
    services.verify_email(token=token_in(email))
    assert (answer.status_code, services.has_verified_email(User.objects.get()), templates()) == (
        201,
        True,
        ["verify_email", "email_verified"],
    )


def test_confirming_an_address_is_audited(owner):
    services.resend_verification(email=owner.email, language="en")
    (email,) = answer_all()
    services.verify_email(token=token_in(email))
    entry = AuditEntry.objects.get(action="user.verify_email")
    assert (entry.subject_id, entry.actor_id) == (owner.id, owner.id)


def test_token_works_once(owner):
    services.resend_verification(email=owner.email, language="en")
    token = token_in(answer_all()[0])
    services.verify_email(token=token)
    with pytest.raises(services.InvalidEmailToken):
        services.verify_email(token=token)


def test_token_expires(owner):
    services.resend_verification(email=owner.email, language="en")
    token = token_in(answer_all()[0])
    EmailChallenge.objects.update(expires_at=Now())
    with pytest.raises(services.InvalidEmailToken):
        services.verify_email(token=token)


@pytest.mark.parametrize("token", ["", "garbage", "é" * 43])
def test_unknown_token_is_refused(token):
    with pytest.raises(services.InvalidEmailToken):
        services.verify_email(token=token)


def test_token_of_an_address_that_was_changed_since_is_refused(owner):
    services.resend_verification(email=owner.email, language="en")
    token = token_in(answer_all()[0])
    User.objects.filter(id=owner.id).update(email="other@example.com")
    with pytest.raises(services.InvalidEmailToken):
        services.verify_email(token=token)


def test_token_for_a_password_confirms_no_address(owner):
    services.forgot_password(email=owner.email, language="en")
    with pytest.raises(services.InvalidEmailToken):
        services.verify_email(token=token_in(answer_all()[0]))


def test_address_of_a_deleted_account_can_be_confirmed_again(owner):
    services.verify_email_of(owner)
    User.objects.filter(id=owner.id).update(deleted_at=timezone.now())
    again = make_user(email=owner.email)
    services.verify_email_of(again)
    assert list(EmailAddress.objects.filter(verified=True).values_list("user", flat=True)) == [again.id]


def test_one_asker_gets_five_emails_an_hour_to_an_address(owner):
    for _ in range(7):
        services.forgot_password(email=owner.email, language="en")
    assert len(answer_all()) == challenges.MAILS_AN_HOUR_FOR_ONE


def test_only_hashes_of_tokens_are_stored(owner):
    services.forgot_password(email=owner.email, language="en")
    token = token_in(answer_all()[0])
    assert (len(bytes(EmailChallenge.objects.get().token_hash)), EmailChallenge.objects.filter(token_hash=token.encode()).exists()) == (
        32,
        False,
    )


def test_worker_that_lost_its_lease_mails_nothing(owner):
    services.forgot_password(email=owner.email, language="en")
    challenge = EmailChallenge.objects.get()
    leases.claim(EmailChallenge, challenge.pk)
    challenges.answer(challenge_id=challenge.pk)
    assert not OutgoingEmail.objects.exists()


def test_lost_challenge_is_given_up_after_its_last_try(owner):
    services.forgot_password(email=owner.email, language="en")
    EmailChallenge.objects.update(attempts=EmailChallenge.max_attempts - 1)
    leases.claim(EmailChallenge, EmailChallenge.objects.get().pk)
    EmailChallenge.objects.update(lease_expires_at=Now(), wake_at=Now())
    challenges.sweep()
    assert EmailChallenge.objects.get().status == "ignored"


def test_challenges_are_deleted_when_nobody_can_answer_them(owner):
    for _ in range(2):
        services.forgot_password(email=owner.email, language="en")
    old = EmailChallenge.objects.order_by("pk").first()
    EmailChallenge.objects.filter(pk=old.pk).update(created_at=Now() - timedelta(hours=24))
    challenges.expire()
    assert EmailChallenge.objects.get().pk != old.pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("mandatory")
def test_link_followed_twice_at_once_makes_one_account(anonymous):
    sign_up(anonymous)
    token = token_in(answer_all()[0])
    results = in_parallel(lambda: services.verify_email(token=token), 4)
    assert (sorted(type(result).__name__ for result in results), User.objects.count()) == (
        ["InvalidEmailToken"] * 3 + ["NoneType"],
        1,
    )
