"""What the page of one customer is put together from."""
