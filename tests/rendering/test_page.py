import base64
import io
import json
import re

import numpy as np
from PIL import Image

from disentangle_cli.rendering.page import draw_page
from disentangle_cli.traversal import Traversal


def test_page_is_self_contained_and_shows_the_images(shades: Traversal) -> None:
    page = draw_page(shades, 2, "<b>& model</b>")
    assert "&lt;b&gt;&amp; model&lt;/b&gt;" in page
    assert "<b>" not in page
    assert not re.search(r"https?://|src=|<link", page)
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert text
    data = json.loads(text[1])
    assert [(row["name"], row["labels"]) for row in data["rows"]] == [
        ("c1", ["-1", "0", "1"]),
        ("c2", ["-1", "0", "1"]),
    ]
    sprite = base64.b64decode(data["rows"][1]["sprite"].partition(",")[2])
    with Image.open(io.BytesIO(sprite)) as sheet:
        assert sheet.size == (24, 8)
        assert np.asarray(sheet)[0, ::8].tolist() == [40, 50, 60]
