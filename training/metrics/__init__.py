"""Figures of a judge: correlations, accuracies, their intervals, and tests of differences.

Plain numpy in, plain numbers out; nothing here knows a judge, a dataset or a file.
"""
