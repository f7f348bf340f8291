"""Addresses of accounts, under /api/v1/."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("auth/signup", views.SignUp.as_view(), name="auth-signup"),
    path("auth/signin", views.SignIn.as_view(), name="auth-signin"),
    path("auth/refresh", views.Refresh.as_view(), name="auth-refresh"),
    path("auth/signout", views.SignOut.as_view(), name="auth-signout"),
    path("users/me", views.Me.as_view(), name="users-me"),
]
