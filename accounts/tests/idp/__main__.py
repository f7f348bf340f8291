"""Run the provider: `python -m accounts.tests.idp --fd 9 --redirect URI --person anna@example.com,verified`.

It answers on a listening socket that it inherits, so that its address is known before it runs.
It knows one app, `huntaze` with the secret `huntaze-secret`, and the persons, whose password is their address.
"""

import argparse
import os
import socket
import tempfile
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

CLIENT_ID = "huntaze"
CLIENT_SECRET = "huntaze-secret"


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each request: a browser holds several connections."""

    daemon_threads = True

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname(), WSGIRequestHandler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = listener.getsockname()
        self.setup_environ()


def main() -> None:
    """Make the database, the app and the persons, then serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--redirect", required=True)
    parser.add_argument("--person", action="append", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="huntaze-idp-") as home:
        start(Path(home))
        fill(options.redirect, options.person)
        serve(options.fd)


def start(home: Path) -> None:
    """Load Django with a new key and an empty database in `home`."""
    import django

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (home / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    os.environ.update(IDP_HOME=str(home), DJANGO_SETTINGS_MODULE="accounts.tests.idp.settings")
    django.setup()


def fill(redirect_uri: str, persons: list[str]) -> None:
    """Write the tables, the app and the persons."""
    from allauth.account.models import EmailAddress
    from allauth.idp.oidc.models import Client
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    Client.objects.create(
        id=CLIENT_ID,
        name="Huntaze",
        secret=make_password(CLIENT_SECRET),
        scopes="openid\nprofile\nemail",
        redirect_uris=redirect_uri,
    )
    for person in persons:
        email, _, state = person.partition(",")
        name = email.partition("@")[0].title()
        user = User.objects.create_user(username=email, email=email, password=email, first_name=name, last_name="Tester")
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=state == "verified")


def serve(fd: int) -> None:
    """Answer on the inherited socket."""
    from django.core.wsgi import get_wsgi_application

    server = Server(socket.socket(fileno=fd))
    server.set_app(get_wsgi_application())
    server.serve_forever()


if __name__ == "__main__":
    main()
