"""Copy checkpoints with their weights in half precision, at about half the size.

For example: python examples/halve.py ckpts/*.pt --out examples/pool
"""

import argparse
from pathlib import Path

from disentangle_cli.checkpoint import load_checkpoint, save_checkpoint


def main() -> None:
    """Write a copy of each checkpoint under its name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the copies")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for path in options.checkpoints:
        print(save_checkpoint(options.out / path.name, load_checkpoint(path).halved()))


if __name__ == "__main__":
    main()
