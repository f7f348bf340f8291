"""The settings module as the web server reads it."""

import subprocess
import sys


def test_settings_import_nothing_that_django_builds_on_threads():
    # gunicorn reads them before gevent patches the process; connections kept by thread from before would be shared by greenlets.
    script = "import sys, huntaze.settings; print([name for name in ('django.db', 'django.urls') if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed == "[]\n"
