"""The form of the home that orders a text."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ai.models import CONTENT_CHOICES
from content.serializers import GenerateSerializer
from huntaze.api.serializers import read

# The names that people read for what the API takes; a test holds them to it.
TONE_NAMES = {
    "professional": _("Professional"),
    "casual": _("Casual"),
    "creative": _("Creative"),
    "humorous": _("Humorous"),
    "friendly": _("Friendly"),
    "flirty": _("Flirty"),
    "playful": _("Playful"),
    "intimate": _("Intimate"),
}
LENGTH_NAMES = {"short": _("Short"), "medium": _("Medium"), "long": _("Long")}
LANGUAGE_NAMES = {"en": "English", "fr": "Français", "es": "Español", "de": "Deutsch", "it": "Italiano", "pt": "Português"}
PLATFORM_NAMES = {"tiktok": "TikTok", "instagram": "Instagram", "onlyfans": "OnlyFans"}


class OrderForm(forms.Form):
    """What is to be written; the API's serializer makes an order of it."""

    prompt = forms.CharField(
        label=_("What is it about?"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("A sentence or two: what happened, for whom, what people should do."),
    )
    kind = forms.ChoiceField(label=_("What is to be written"), choices=CONTENT_CHOICES)
    tone = forms.ChoiceField(label=_("Tone"), choices=TONE_NAMES.items(), initial="friendly")
    length = forms.ChoiceField(label=_("Length"), choices=LENGTH_NAMES.items(), initial="medium")
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGE_NAMES.items(), initial="en")
    variants = forms.IntegerField(label=_("How many to choose from"), min_value=1, max_value=5, initial=1)
    audience = forms.CharField(label=_("For whom (optional)"), max_length=200, required=False)
    platforms = forms.MultipleChoiceField(
        label=_("Where it will be posted (optional)"),
        choices=PLATFORM_NAMES.items(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def order(self) -> dict[str, Any]:
        """Return the order that a valid form makes, as the API would read it."""
        return read(GenerateSerializer, self.cleaned_data)

    @property
    def first(self) -> list[forms.BoundField]:
        """Return the fields that every order fills in."""
        return [self["prompt"], self["kind"], self["length"]]

    @property
    def more(self) -> list[forms.BoundField]:
        """Return the fields that have good answers already, but for the platforms, which are several boxes."""
        return [self["tone"], self["language"], self["variants"], self["audience"]]
