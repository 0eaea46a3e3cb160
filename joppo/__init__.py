"""A vision-language judge of photographs, and the data pipeline that makes it.

The folders `data`, `training`, `tasks` and `flows` of the repository are subpackages of this one:
`joppo.data`, `joppo.training`, and so on. Links beside this file lead to them.
"""
