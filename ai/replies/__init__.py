"""Suggested replies and personal messages: what must go to a person, what a text may say, and the words for when no model writes.

All of it is pure: no model, no database. docs/ai-replies.md tells the rules.
"""
