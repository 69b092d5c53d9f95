"""The learning half of the circle, walked every night or when somebody asks."""
