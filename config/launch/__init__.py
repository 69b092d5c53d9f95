"""`make run`: everything of Relata in one foreground process group."""
