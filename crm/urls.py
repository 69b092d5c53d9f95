"""Addresses of what is done to a customer, and of products, data, privacy and settings."""

from django.urls import include, path

from crm.api import segment
from crm.views import activity, consents, customers, imports, keys, privacy, products, settings

app_name = "crm"
urlpatterns = [
    path("customers/<uuid:uuid>/reveal/", customers.customer_reveal, name="customer_reveal"),
    path("customers/<uuid:uuid>/consent/", consents.withdraw, name="customer_withdraw"),
    path("customers/<uuid:uuid>/consent/<slug:key>/", consents.grant, name="customer_grant"),
    path("customers/<uuid:uuid>/lift/", customers.customer_lift, name="customer_lift"),
    path("customers/<uuid:uuid>/erase/", customers.customer_erase, name="customer_erase"),
    path("products/", products.products, name="products"),
    path("products/<int:pk>/", products.product, name="product"),
    path("products/<int:pk>/exclude/", products.product_exclude, name="product_exclude"),
    path("data/imports/", imports.imports, name="imports"),
    path("data/imports/<int:pk>/", imports.import_run, name="import"),
    path("data/imports/<int:pk>/map/", imports.import_map, name="import_map"),
    path("data/imports/<int:pk>/cancel/", imports.import_cancel, name="import_cancel"),
    path("data/imports/<int:pk>/rejects/", imports.import_rejects, name="import_rejects"),
    path("data/keys/", keys.api_keys, name="api_keys"),
    path("data/keys/<int:pk>/revoke/", keys.api_key_revoke, name="api_key_revoke"),
    path("privacy/", privacy.centre, name="privacy"),
    path("privacy/inventory/<str:form>/", privacy.inventory_file, name="privacy_inventory"),
    path("privacy/certificates/<str:name>/", privacy.certificate, name="privacy_certificate"),
    path("activity/", activity.activity, name="activity"),
    path("settings/", settings.settings_page, name="settings"),
    path("settings/language/", settings.own_language, name="settings_language"),
    path("settings/team/", settings.team_add, name="team_add"),
    path("settings/team/<int:pk>/", settings.team_change, name="team_change"),
    path("settings/team/<int:pk>/password/", settings.team_reset, name="team_reset"),
    path("v1/", include(segment.urlpatterns)),
]
