"""Errors of the content app."""

from django.utils.translation import gettext_lazy as _

from huntaze.api.errors import Problem


class VariantAlreadySaved(Problem):
    status = 409
    code = "variant_already_saved"
    title = _("This variant is in the library already.")
