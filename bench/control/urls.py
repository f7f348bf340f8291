"""The twin's addresses, those of Huntaze."""

from django.urls import path
from rest_framework_simplejwt.views import TokenRefreshView

from bench.control.views import AssetsView, MeView, SignOutView

urlpatterns = [
    path("api/v1/auth/refresh", TokenRefreshView.as_view(throttle_classes=[])),
    path("api/v1/auth/signout", SignOutView.as_view()),
    path("api/v1/users/me", MeView.as_view()),
    path("api/v1/content/assets", AssetsView.as_view()),
]
