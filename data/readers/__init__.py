"""Readers: label files of public datasets -> `Label` and `Reject` streams."""
