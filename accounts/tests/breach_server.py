"""A service that knows leaked passwords: `python -m accounts.tests.breach_server --port N [--drip]`.

It speaks the range protocol of Pwned Passwords and knows one password. It pads its answers with lines whose count is 0, as the
real one does when asked to, and refuses what is not five hexadecimal digits. With `--drip` an answer never ends.
"""

import argparse
import hashlib
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LEAKED = "velvet anchors drift past noon"
PADDED = "amber giraffe under a tin roof"


def digits(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


class Handler(BaseHTTPRequestHandler):
    drip = False

    def do_GET(self) -> None:
        prefix = self.path.rpartition("/")[2]
        is_good = re.fullmatch(r"[0-9A-F]{5}", prefix) and self.headers["Add-Padding"] == "true"
        self.send_response(200 if is_good else 400)
        self.end_headers()
        while self.drip:
            self.wfile.write(b"0" * 35 + b":0\r\n")
            time.sleep(0.2)
        for password, count in ((LEAKED, 42), (PADDED, 0)):
            if digits(password).startswith(prefix):
                self.wfile.write(f"{digits(password)[5:]}:{count}\r\n".encode())
        self.wfile.write(b"0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n")

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--drip", action="store_true")
    arguments = parser.parse_args()
    Handler.drip = arguments.drip
    ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler).serve_forever()
