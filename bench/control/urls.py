"""The twin's addresses, those of Huntaze."""

from django.urls import path

from bench.control.views import AssetsView, MeView, SignOutView

urlpatterns = [
    path("api/v1/auth/signout", SignOutView.as_view()),
    path("api/v1/users/me", MeView.as_view()),
    path("api/v1/content/assets", AssetsView.as_view()),
]
