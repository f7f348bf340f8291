"""The WSGI application that a web server loads: `gunicorn -c huntaze/gunicorn.conf.py huntaze.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huntaze.settings")

application = get_wsgi_application()
