"""imagededup's `encode_images`, run in a Python of its own, as it asks for PyTorch.

`benchmarks.hashing` runs it as a script, so it imports nothing of ours. It works through the folder once for
each line of stdin, and says how many pictures it has encoded.
"""

import logging
import sys


def main() -> None:
    """Encode the folder that is named, with as many workers as are named."""
    from imagededup.methods import AHash

    logging.disable(logging.CRITICAL)
    folder, workers = sys.argv[1], int(sys.argv[2])
    method = AHash(verbose=False)
    for _ in sys.stdin:
        print(len(method.encode_images(image_dir=folder, num_enc_workers=workers)), flush=True)


if __name__ == "__main__":
    main()
