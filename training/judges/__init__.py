"""Judges, one file per kind. Each is a `training.judge.Judge`."""
