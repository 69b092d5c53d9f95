"""Pages by key, never by offset: page 10,000 costs what page 1 costs."""

from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    """Newest first by id, up to 1,000 rows a page (`?limit=`)."""

    ordering = "-id"
    page_size_query_param = "limit"
    max_page_size = 1000
