"""Every address of the installation."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from huntaze import views

handler400 = "huntaze.api.errors.bad_request"
handler403 = "huntaze.api.errors.forbidden"
handler404 = "huntaze.api.errors.not_found"
handler500 = "huntaze.api.errors.internal_error"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.pages")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(template_name="huntaze/docs.html", url_name="schema", http_method_names=["get", "head"]),
        name="docs",
    ),
    path("api/docs/errors", views.errors, name="errors"),
    path("", include("content.pages")),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("ai.urls")),
    path("api/v1/", include("content.urls")),
    re_path("^api/v1/", views.Nowhere.as_view()),
]
