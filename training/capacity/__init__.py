"""What the whole recipe takes in GPU hours, dollars, disk and time, and how that grows.

    joppo plan --profile paper --photos 1000000

`config` holds what one item costs, each value with its source; `counts` computes how many items
follow from a number of photos and the profile's configs; `plan` multiplies the two, stage by stage;
`growth` and `engines` look at many sizes; `page` writes the tables.
"""
