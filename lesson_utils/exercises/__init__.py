"""Exercises: answers that are checked, and mistakes that are known."""
