"""The search for the medoid on matrices whose medoid is known."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from disentangle_cli.selection.search import FIRST, PARTS, find_medoid


@dataclass
class Table:
    """An oracle that reads a matrix, with noise that shrinks as the part grows, and counts."""

    matrix: np.ndarray
    spread: float = 0.0
    asked: list[tuple[int, int, float]] = field(default_factory=list)
    calls: list[set[tuple[int, int]]] = field(default_factory=list)

    def __call__(self, pairs: np.ndarray, part: float) -> np.ndarray:
        i, j = pairs.T
        self.asked += [(a, b, part) for a, b in pairs.tolist()]
        self.calls.append({(a, b) for a, b in pairs.tolist()})
        rng = np.random.default_rng(int(100 * part))  # the same pair, the same answer
        noise = rng.normal(size=self.matrix.shape)[i, j] * self.spread
        return self.matrix[i, j] + noise * np.sqrt(1 / part - 1)

    def cost(self, part: float) -> float:
        return part

    def noise(self, scores: np.ndarray, part: float) -> np.ndarray:
        return np.full(len(scores), self.spread**2 * (1 / part - 1))


def pool(n: int, seed: int, spread: float = 0.1) -> np.ndarray:
    """Scores that follow the quality of both sides, and a peculiarity of each pair."""
    rng = np.random.default_rng(seed)
    quality = rng.beta(3, 3, size=n)
    return np.sqrt(np.outer(quality, quality)) + spread * rng.normal(size=(n, n))


def scores_of(matrix: np.ndarray) -> np.ndarray:
    similarity = (matrix + matrix.T) / 2
    np.fill_diagonal(similarity, 0)
    return similarity.sum(axis=1) / (len(matrix) - 1)


@pytest.mark.parametrize("n", [60, 300])
def test_finds_the_medoid_for_a_part_of_the_cost(n: int) -> None:
    lost, spent = [], []
    for seed in range(12):
        oracle = Table(pool(n, seed), spread=0.02)
        truth = scores_of(oracle.matrix)
        found = find_medoid(n, oracle, np.random.default_rng(seed))
        lost.append(truth.max() - truth[found.best])
        spent.append(found.spent / n**2)
        assert found.spent == pytest.approx(sum(part for _, _, part in oracle.asked))
        assert found.confidence >= 0.95
        assert found.settled
    assert np.mean(np.array(lost) <= 0.005) >= 0.9
    assert np.mean(spent) < 20 / n


def test_no_pair_is_asked_twice_and_none_with_itself() -> None:
    oracle = Table(pool(50, 3), spread=0.02)
    find_medoid(50, oracle, np.random.default_rng(0), tolerance=0.0005)
    assert len(set(oracle.asked)) == len(oracle.asked)
    assert all(i != j for i, j, _ in oracle.asked)
    assert {(j, i, part) for i, j, part in oracle.asked} == set(oracle.asked)


def test_with_everything_spent_it_is_exact() -> None:
    # two models that differ by a hair: nothing less than all pairs on all groups tells them apart
    matrix = np.full((20, 20), 0.3)
    matrix[0] = matrix[:, 0] = 0.8
    matrix[1] = matrix[:, 1] = 0.8
    matrix[0, 2] += 1e-4
    oracle = Table(matrix, spread=0.3)
    found = find_medoid(20, oracle, np.random.default_rng(1), tolerance=1e-6)
    assert found.best == 0
    assert found.errors[1] == 0
    assert found.confidence >= 0.95
    truth = scores_of(matrix)
    assert found.scores[0] == pytest.approx(truth[0])
    assert found.scores[1] == pytest.approx(truth[1])
    assert max(part for _, _, part in oracle.asked) == 1


def test_the_budget_is_kept_and_said() -> None:
    n = 80
    matrix = pool(n, 5)
    matrix[:4] = matrix[:, :4] = matrix.max()  # four equals that no budget tells apart
    for budget in (0.045, 0.07):
        found = find_medoid(n, Table(matrix, 0.05), np.random.default_rng(0), tolerance=1e-4, budget=budget)
        assert found.spent <= budget * n * n
        assert not found.settled
        assert found.confidence < 0.95
        assert found.best < 4
    first = 2 * n * FIRST * PARTS[0]
    assert found.spent > first


def test_no_budget_is_overdrawn() -> None:
    n = 80
    matrix = pool(n, 5)
    matrix[:4] = matrix[:, :4] = matrix.max()
    for budget in np.linspace(0.034, 0.07, 37):
        found = find_medoid(n, Table(matrix, 0.05), np.random.default_rng(0), tolerance=1e-4, budget=budget)
        assert found.spent <= budget * n * n


def test_a_short_budget_goes_to_the_riskiest_and_the_leader_keeps_up() -> None:
    n, seed = 80, 0
    order = np.random.default_rng(seed).permutation(n)
    first, new, strong = order[:FIRST], order[FIRST : FIRST * 3 // 2], order[20:36]
    quality = np.full(n, 0.3)
    quality[strong] = np.linspace(0.8, 0.75, 16)  # none of them is a reference of the first two rounds
    matrix = np.sqrt(np.outer(quality, quality))

    def second_round(budget: float) -> set[int]:
        """The models that met new references."""
        oracle = Table(matrix, 0.05)
        find_medoid(n, oracle, np.random.default_rng(seed), tolerance=1e-4, budget=budget)
        return {i for i, j in oracle.calls[1] if j in new and i not in new}

    # what the first round says of each, and so the leader
    pairs = np.array([(i, j) for i in strong for j in first])
    told = Table(matrix, 0.05)(np.concatenate([pairs, pairs[:, ::-1]]), PARTS[0]).reshape(2, 16, FIRST)
    means = dict(zip(strong.tolist(), told.mean(axis=(0, 2)).tolist(), strict=True))
    leader = max(means, key=lambda model: means[model])

    whole, half = second_round(1.0), second_round(0.0328)
    assert leader in half < whole <= set(means)
    assert len(whole) > 6
    assert len(half - {leader}) == len(whole - {leader}) // 2
    kept, dropped = ([means[model] for model in part - {leader}] for part in (half, whole - half))
    assert min(kept) > np.median(dropped)
    assert second_round(0.0305) == set()


def test_errors_know_how_few_references_are_left() -> None:
    # half of all references were met: sampling without replacement leaves about half of the variance
    n, deviations = 24, []
    for seed in range(60):
        matrix = 0.3 + 0.05 * np.random.default_rng(100 + seed).normal(size=(n, n))
        matrix[0] += 0.5  # a leader beyond doubt, so that choosing it biases nothing
        matrix[:, 0] += 0.5
        found = find_medoid(n, Table(matrix), np.random.default_rng(seed), budget=1e-6)
        assert found.references.tolist() == [FIRST] * n
        truth = (
            scores_of(matrix) * (n - 1) / (n - 2)
        )  # a difference leaves out what two models say of each other
        off = (found.scores[0] - found.scores[1:]) - (truth[0] - truth[1:])
        deviations += (off / found.errors[1:]).tolist()
    assert np.std(deviations) == pytest.approx(1, abs=0.15)
    assert np.mean(deviations) == pytest.approx(0, abs=0.15)


def test_more_is_met_by_those_that_matter() -> None:
    oracle = Table(pool(200, 1), spread=0.1)
    found = find_medoid(200, oracle, np.random.default_rng(0))
    order = np.argsort(-scores_of(oracle.matrix))
    assert found.references[order[:5]].min() > found.references[order[100:]].max()
    assert found.references.min() == FIRST


def test_seeded() -> None:
    first, again, other = (
        find_medoid(60, Table(pool(60, 2), 0.1), np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.scores, again.scores)
    assert not np.array_equal(first.scores, other.scores)


def test_confidence_means_what_it_says() -> None:
    # of runs that claim at least 95%, at most about 5% may be off by more than the tolerance
    wrong = claimed = 0
    for seed in range(40):
        oracle = Table(pool(40, 100 + seed), spread=0.02)
        truth = scores_of(oracle.matrix)
        found = find_medoid(40, oracle, np.random.default_rng(seed), tolerance=0.01)
        claimed += found.settled
        wrong += found.settled and truth.max() - truth[found.best] > 0.01
    assert claimed > 30
    assert wrong <= 0.1 * claimed
