"""What the apps above are told of."""

from django.dispatch import Signal

# Sent with `workspace` in the transaction that makes it, so that its plan exists as soon as it does.
workspace_created = Signal()
