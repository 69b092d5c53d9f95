"""Pages by key, never by offset: page 10,000 costs what page 1 costs."""

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from lib.outside import whole


class KeysetPagination(CursorPagination):
    """Newest first by id, up to 1,000 rows a page (`?limit=`)."""

    ordering = "-id"
    page_size_query_param = "limit"
    max_page_size = 1000

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return where the page begins.

        Raises NotFound for a cursor that is none of ours.
        """
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None and whole(str(cursor.position)) is None:
            raise NotFound(self.invalid_cursor_message)
        return cursor
