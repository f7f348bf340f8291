"""The WSGI application of the stock twin."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.control.settings")

application = get_wsgi_application()
