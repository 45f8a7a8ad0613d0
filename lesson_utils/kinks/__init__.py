"""A function at a point where it may have no derivative."""
