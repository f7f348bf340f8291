"""What people want to be told by e-mail."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from huntaze import personal
from huntaze.models import Record
from huntaze.personal import WITH_ROW


class NoticePreference(Record):
    """Whether a person wants e-mails of one kind of notice; without a row they do. Kinds of security are mailed all the same."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name=_("user"))
    kind = models.CharField(_("kind"), max_length=64)
    by_email = models.BooleanField(_("by e-mail"))

    class Meta:
        verbose_name = _("notice preference")
        verbose_name_plural = _("notice preferences")
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_preference_per_kind")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}"


personal.declare(NoticePreference, person="user", fields={"kind": WITH_ROW})
