"""Pages that show several applications at once, and the table of addresses they share with the pages of crm."""
