"""Judges of photographs: the protocol, one file per kind, and the registry of kinds."""
