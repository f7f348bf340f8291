from django.apps import AppConfig


class HuntazeConfig(AppConfig):
    """The ground floor: knows no domain."""

    name = "huntaze"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and make the Celery application the one that tasks belong to."""
        from huntaze import celery, checks  # noqa: F401  (imported for their registrations)
