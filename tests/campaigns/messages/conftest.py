"""The mail server of the room that sends."""

from tests.campaigns.sending.conftest import box

__all__ = ["box"]
