"""Routes of the REST API."""

from django.urls import path

from crm.api.catalog import ProductDetail, ProductList
from crm.api.customers import CustomerDetail, CustomerList
from crm.api.interactions import InteractionList

urlpatterns = [
    path("customers/", CustomerList.as_view(), name="api_customers"),
    path("customers/<uuid:uuid>/", CustomerDetail.as_view(), name="api_customer"),
    path("products/", ProductList.as_view(), name="api_products"),
    path("products/<int:pk>/", ProductDetail.as_view(), name="api_product"),
    path("interactions/", InteractionList.as_view(), name="api_interactions"),
]
