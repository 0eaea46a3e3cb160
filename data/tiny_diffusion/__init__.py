"""A Stable-Diffusion-shaped pipeline small enough to train and run on one CPU core.

Real diffusers classes throughout, so the pipeline loads with `from_pretrained` like SD 1.5:

    python -m joppo.data.tiny_diffusion.train --out data/weights/tiny-diffusion

The images are 64 x 64, the latents 16 x 16 x 16. A factor of 4 with 16 channels holds as many
numbers as a factor of 2 with 4, keeps thin lines, and lets the UNet work on a quarter of the
places.
"""
