"""What a calibration takes where nothing else is said; apart, so that naming it loads nothing heavy."""

PICTURES = 20_000
"""Most pictures that are compared: 200 million pairs."""

COPIES_OF = 1_000
"""Most pictures that copies are made of; each takes about half a second of one core."""

PER_MILLION = 1.0
"""False pairs that a recommended rule may take, of a million."""

SEED = 1
