"""Prepare people for the benches of the doors: `python -m bench.people passwords|product|control`.

`passwords` gives everybody in Huntaze the password `PASSWORD`; the others print refresh tokens of new sessions, as a JSON list.
"""

import json
import sys

import django

PASSWORD = "copper kettle on the ninth floor"
SESSIONS = 200


def set_passwords() -> list[str]:
    """Give everybody the same password, by one hash."""
    from django.contrib.auth.hashers import make_password

    from accounts.models import User

    User.objects.update(password=make_password(PASSWORD))
    return []


def open_sessions() -> list[str]:
    """Return the refresh tokens of new sessions in Huntaze."""
    from accounts import services
    from accounts.models import User

    user = User.objects.earliest("id")
    return [services.open_session(user=user).refresh_token for _ in range(SESSIONS)]


def open_control_sessions() -> list[str]:
    """Return new refresh tokens of the stock twin."""
    from rest_framework_simplejwt.tokens import RefreshToken

    from bench.control.models import User

    user = User.objects.earliest("id")
    return [str(RefreshToken.for_user(user)) for _ in range(SESSIONS)]


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps({"passwords": set_passwords, "product": open_sessions, "control": open_control_sessions}[sys.argv[1]]()))
