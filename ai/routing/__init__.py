"""Which model is asked first, and when a stronger one is (docs/ai-routing.md): a pure decision, and the proof of what it saves."""
