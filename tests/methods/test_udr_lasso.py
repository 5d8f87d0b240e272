import numpy as np
from sklearn.linear_model import Lasso

from disentangle_cli.methods.udr_lasso import lasso
from disentangle_cli.selection import udr


def test_lasso_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    shared = rng.uniform(-1, 1, size=(300, 4))
    for noise in (1.0, 0.01):  # nearly dependent predictors stop short of the optimum, at the same place
        predictors = udr.standardised(shared @ rng.normal(size=(4, 6)) + noise * rng.normal(size=(300, 6)))
        predictors[:, 2] = 0
        codes = np.tanh(shared @ rng.normal(size=(4, 9))) + 0.1 * rng.normal(size=(300, 9))
        targets = udr.standardised(codes)
        targets[:, 5] = 0
        fitted = Lasso(alpha=0.1).fit(predictors, targets).coef_.T
        np.testing.assert_allclose(lasso(predictors, targets, 0.1), fitted, atol=1e-9)
        assert (fitted != 0).any()
    exact = Lasso(alpha=0.1, tol=1e-12, max_iter=100_000).fit(predictors, targets).coef_.T
    assert np.abs(exact - fitted).max() > 1e-4
