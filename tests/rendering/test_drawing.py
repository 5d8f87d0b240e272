from disentangle_cli.rendering.drawing import number, shorten, width_of


def test_labels() -> None:
    assert [number(v) for v in (-0.001, 0.25, -1.0, 1.5555)] == ["0", "0.25", "-1", "1.56"]
    short = shorten("x" * 100 + "end", 12, 80)
    assert short.startswith("...")
    assert short.endswith("end")
    assert width_of(short, 12) <= 80
