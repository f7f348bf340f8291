"""Addresses of the account pages, under /accounts/."""

from django.urls import include, path

urlpatterns = [path("", include("allauth.urls"))]
