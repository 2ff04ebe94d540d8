"""Duplicates among many pictures: matched all with all, grouped, and which of each group to keep."""
