"""The demo shop: invented people with planted habits, so that every stage has something true to find."""
