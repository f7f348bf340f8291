"""The Celery application; `celery -A huntaze worker` runs the tasks, `celery -A huntaze beat` the schedule."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huntaze.settings")

app = Celery("huntaze")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_shutting_down.connect
def give_work_back(**kwargs: Any) -> None:
    """Let a worker that is asked to stop give back the rows that it cannot finish in time."""
    from huntaze import leases  # needs the settings, which are not read yet when Celery loads this module

    leases.stop_soon()
