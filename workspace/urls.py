"""Addresses of the pages that show all applications at once."""

from django.urls import path

from workspace.views import customer, customers

app_name = "workspace"
urlpatterns = [
    path("customers/", customers.customers, name="customers"),
    path("customers/<uuid:uuid>/", customer.customer, name="customer"),
]
