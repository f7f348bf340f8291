"""What the ai app tells the apps above it."""

from django.dispatch import Signal

# Sent with `generation`, in the transaction that finished it. What receivers write stands with it; one that fails undoes only itself.
generation_finished = Signal()
