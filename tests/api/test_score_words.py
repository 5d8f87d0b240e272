import numpy as np
import pytest

from disentangle_cli.api.score_words import of_code, of_factor

FACTORS = ["shape", "size", "x"]


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([0.02, 0.05, 0.7], "encodes x (70%) and hardly anything else (at most 5%, of size)."),
        ([0.02, 0.3, 0.7], "encodes mostly x (70%), but also size (30%)."),
        ([0.02, 0.6, 0.7], "mixes x (70%) and size (60%)."),
        ([0.65, 0.6, 0.7], "mixes x (70%), shape (65%) and size (60%)."),
        ([0.02, 0.04, 0.0], "encodes next to nothing: at most 4%, of size."),
    ],
)
def test_a_code_in_words(shares: list[float], words: str) -> None:
    assert of_code(np.array(shares), FACTORS) == words


def test_one_factor() -> None:
    assert of_code(np.array([0.5]), ["x"]) == "encodes x (50%)."


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([0.7, 0.1], "is told best by c1 (70%)."),
        ([0.3, 0.29], "is spread over c1 (30%) and c2 (29%)."),
        ([0.03, 0.01], "is told by no code: at most 3%, by c1."),
    ],
)
def test_a_factor_in_words(shares: list[float], words: str) -> None:
    assert of_factor(np.array(shares), ["c1", "c2"]) == words
