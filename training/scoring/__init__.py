"""Scoring photos with a judge: rows, rejects, ranks, files, comparisons and calibration."""
