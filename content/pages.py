"""Addresses of the home: `/` for the default workspace of who is signed in, and below /home/ each of their workspaces."""

from django.urls import path
from django.views.generic import RedirectView

from content.views import home

urlpatterns = [
    path("", home.start, name="home"),
    path("home/", RedirectView.as_view(pattern_name="home"), name="home_start"),
    path("home/<uuid:workspace_id>/", home.workspace, name="home_workspace"),
    path("home/<uuid:workspace_id>/generations/<uuid:pk>/", home.generation, name="home_generation"),
    path("home/<uuid:workspace_id>/generations/<uuid:pk>/events", home.events, name="home_events"),
    path("home/<uuid:workspace_id>/generations/<uuid:pk>/stop/", home.stop, name="home_stop"),
    path("home/<uuid:workspace_id>/generations/<uuid:pk>/rate/", home.rate, name="home_rate"),
]
