"""Pages that show all applications at once: dashboard, search, customers, the walk round the circle, the demo shop."""
