"""The embedded base judge: a Qwen2.5-VL of about a million parameters, made from scratch.

`python -m joppo.training.tiny_judge.pretrain --out DIR` makes it; the result is shipped in
`training/weights/tiny-judge` and loads like any other local model folder.
"""
