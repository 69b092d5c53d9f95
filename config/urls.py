"""Every address, in one table."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from config import health
from crm.views import signing_in
from workspace.views import dashboard, search, styleguide

urlpatterns = [
    path("", dashboard.dashboard, name="home"),
    path("search/", search.search, name="search"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("jobs/", dashboard.running_jobs, name="jobs"),
    path("circle/", dashboard.walk, name="walk_circle"),
    path("healthz", login_not_required(health.healthz), name="healthz"),
    path("login/", signing_in.SignIn.as_view(), name="login"),
    path("logout/", signing_in.SignOut.as_view(), name="logout"),
    path("password/", signing_in.ChangePassword.as_view(), name="password_change"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/v1/", include("config.api")),
    path("", include("workspace.urls")),
    path("", include("crm.urls")),
    path("segments/", include("segmentation.urls")),
    path("recommendations/", include("recommendations.urls")),
    path("", include("campaigns.urls")),
]
