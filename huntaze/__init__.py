"""Huntaze: the back office of a creator business. This package is the project and the ground floor of its apps."""

from huntaze.celery import app as celery_app

__all__ = ["celery_app"]
