import subprocess
import sys

from django.contrib.auth.hashers import check_password, make_password

from huntaze.env import BASE_DIR

# Under gevent a hash that ran in a greenlet would stop all others: the ticker would count none meanwhile.
UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import django, gevent
django.setup()
from django.contrib.auth.hashers import check_password, make_password
make_password("warm")
ticks = []
def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.001)
ticker = gevent.spawn(tick)
gevent.sleep(0)
encoded = make_password("correct horse")
hashing = len(ticks)
right = check_password("correct horse", encoded)
ticker.kill()
print(hashing > 5, len(ticks) - hashing > 5, right)
"""


def test_password_hash_has_the_tuned_parameters():
    assert make_password("correct horse").startswith("argon2$argon2id$v=19$m=47104,t=1,p=1$")


def test_right_password_is_told_from_a_wrong_one():
    encoded = make_password("correct horse")
    assert (check_password("correct horse", encoded), check_password("correct hors", encoded)) == (True, False)


def test_hash_lets_other_requests_run_under_gevent():
    done = subprocess.run([sys.executable, "-c", UNDER_GEVENT], cwd=BASE_DIR, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == ("True True True", 0), done.stderr
