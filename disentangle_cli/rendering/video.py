"""Frames as a film that every player shows: H.264 in an MP4 file, through the optional package PyAV."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from disentangle_cli.extras import need
from disentangle_cli.rendering import palette

RATE = Fraction(100, 9)
"""Frames a second: 90 milliseconds each."""
QUALITY = "16"
"""x264's rate factor; 18 counts as without visible loss."""


def check_video() -> None:
    """Refuse films where what writes them is not installed.

    Raises:
        UsageError: it says what to install.
    """
    need("video", "av", what="an MP4 file", name="PyAV")


def save_film(frames: Sequence[Image.Image], repeats: Sequence[int], path: Path) -> None:
    """Write frames of one size, each as often in a row as ``repeats`` says."""
    import av

    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        # players want even sides, and colours at half the resolution
        stream.width, stream.height = (side + side % 2 for side in frames[0].size)
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": QUALITY, "preset": "medium", "threads": "1"}  # one thread: the same bytes
        for frame, times in zip(frames, repeats, strict=True):
            whole = Image.new("RGB", (stream.width, stream.height), palette.PAPER)
            whole.paste(frame)
            for _ in range(times):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(whole), format="rgb24")))
        container.mux(stream.encode())
