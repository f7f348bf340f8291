from django.apps import AppConfig
from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class HuntazeConfig(AppConfig):
    """The ground floor: knows no domain."""

    name = "huntaze"
    verbose_name = _("Records")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, make the Celery application the one that tasks belong to, and keep the admin ours."""
        from huntaze import celery, checks  # noqa: F401  (imported for their registrations)

        _remove_foreign_screens()


def _remove_foreign_screens() -> None:
    """Take the screens of other packages out of the admin: they write without an audit entry, and some show secrets."""
    from huntaze.admin import AuditedAdmin

    screens = admin.site._registry  # noqa: SLF001  (Django has no other list of them)
    admin.site.unregister([model for model, screen in screens.items() if not isinstance(screen, AuditedAdmin)])
