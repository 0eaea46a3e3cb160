"""Evaluation: judges x sets of photos with known truth -> stored predictions -> figures.

`items` and the readers beside it say what is asked, `predictions` keeps what was answered,
`measure` turns both into figures, `results` and `report` write them down.
"""
