"""What the ai app tells the apps above it."""

from django.dispatch import Signal

# Sent with `generation`, in the transaction that finished it, so that what receivers write stands or falls with it.
generation_finished = Signal()
