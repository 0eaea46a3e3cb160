"""`python -m joppo.data.synthesis.calibration`; see `calibrate`."""

from joppo.data.synthesis.calibration.calibrate import main

main()
