"""The Celery application; `celery -A huntaze worker` runs the tasks, `celery -A huntaze beat` the schedule."""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import task_prerun, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huntaze.settings")

app = Celery("huntaze")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
def act_as_task(task_id: str, task: Task[Any, Any], **kwargs: Any) -> None:
    """Make the task the actor of all that it does."""
    from huntaze import context  # loads Django, whose settings are not read yet when Celery loads this module

    context.begin(context.RequestContext(request_id=task_id, actor_kind="task", via=task.name))


@worker_shutting_down.connect
def give_work_back(**kwargs: Any) -> None:
    """Let a worker that is asked to stop give back the rows that it cannot finish in time."""
    from huntaze import leases  # needs the settings, which are not read yet when Celery loads this module

    leases.stop_soon()
