"""Losses of the VAE family against closed forms and hand-computed values."""

import math

import pytest
import torch
from torch import Tensor

from disentangle_cli.config import Ramp
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.autoencoder import reconstruction_loss
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.beta_tcvae import total_correlation
from disentangle_cli.models.dip_vae_i import covariance, distance_from_identity
from disentangle_cli.models.vae import Posterior
from disentangle_cli.networks.gaussian import kl_divergence
from disentangle_cli.training import configure
from tests.modelling.stepping import step


def make(name: str, side: int = 8, **settings: object):
    model = MODELS.get(name)
    base = {"architecture": "mlp", "iterations": 10, "batch_size": 4, "latents": {"codes": NORMAL}}
    return model(model.Config.model_validate(base | settings), (1, side, side), 0, torch.device("cpu"), False)


NORMAL = {"kind": "normal", "dim": 2}


def posterior(mean: list[list[float]], variance: list[list[float]]) -> Posterior:
    means, variances = torch.tensor(mean), torch.tensor(variance)
    return Posterior(means, variances.log(), means.clone())


def test_reconstruction_is_summed_over_pixels_and_averaged_over_images() -> None:
    logits = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]]).view(2, 1, 1, 2)
    images = torch.tensor([[0.25, 1.0], [1.0, 0.0]]).view(2, 1, 1, 2)
    expected = (math.log(2) - math.log(0.75) + 2 * math.log(2)) / 2
    assert float(reconstruction_loss(logits, images)) == pytest.approx(expected, rel=1e-6)


def test_kl_against_closed_form() -> None:
    rng = torch.Generator().manual_seed(0)
    mean, logvar = torch.randn(50, 3, generator=rng), torch.randn(50, 3, generator=rng)
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mean, (logvar / 2).exp()), normal(0.0, 1.0))
    torch.testing.assert_close(kl_divergence(mean, logvar), expected.mean(0))
    # N(1, 4) in one dimension: (1 + 4 - log 4 - 1) / 2
    value = kl_divergence(torch.ones(1, 1), torch.full((1, 1), math.log(4)))
    assert float(value) == pytest.approx(2 - math.log(2), rel=1e-6)


def test_samples_have_the_moments_of_the_posterior() -> None:
    encoded = torch.tensor([[1.0, -2.0, math.log(0.25), math.log(9.0)]]).repeat(20_000, 1)
    model = make("vae")
    drawn = model.posterior(encoded, LoneEngine(model)).sample
    assert drawn.mean(0).tolist() == pytest.approx([1.0, -2.0], abs=0.05)
    assert drawn.std(0).tolist() == pytest.approx([0.5, 3.0], rel=0.03)


def test_annealing_end_points() -> None:
    ramp = Ramp(end=25.0, over=100_000)
    assert [ramp.at(t) for t in (0, 50_000, 100_000, 299_999)] == [0.0, 12.5, 25.0, 25.0]
    study = configure("annealed-vae", "study")
    assert study.capacity == ramp
    assert study.gamma == 1000.0
    short = configure("annealed-vae", "study", iterations=300)
    assert [short.capacity.at(t) for t in (0, 50, 100, 299)] == [0.0, 12.5, 25.0, 25.0]


def test_annealed_penalty_is_the_distance_from_the_capacity() -> None:
    model = make("annealed-vae", gamma=10.0, capacity={"end": 4.0, "over": 4})
    q = posterior([[0.0, 0.0]], [[1.0, 1.0]])
    below = model.regulariser(q, torch.tensor(3.0), model.prepare(4))
    above = model.regulariser(q, torch.tensor(3.0), model.prepare(2))
    assert (float(below.value), float(above.value)) == (10.0, 10.0)


MEANS = [[1.0, 1.0], [-1.0, -1.0], [1.0, 1.0], [-1.0, -1.0]]
# columns with mean 0, mean squares 1 and 1.5, and mean product (1 - 1 + 0 + 2) / 4
HALF = [[1.0, 1.0], [-1.0, 1.0], [1.0, 0.0], [-1.0, -2.0]]
VARIANCES = [[0.1, 0.4], [0.1, 0.4], [0.3, 0.8], [0.3, 0.8]]


def test_covariance_divides_by_the_batch() -> None:
    assert covariance(torch.tensor(MEANS)).tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert covariance(torch.tensor(HALF)).tolist() == [[1.0, 0.5], [0.5, 1.5]]


def test_dip_i_penalty_by_hand() -> None:
    model = make("dip-vae-i", off_diagonal=2.0, diagonal_factor=10.0)
    penalty = model.regulariser(posterior(HALF, VARIANCES), torch.tensor(7.0), None)
    assert float(penalty.value) == pytest.approx(7 + 2 * (2 * 0.5**2) + 20 * (0.0 + 0.5**2))


def test_dip_ii_penalty_by_hand() -> None:
    model = make("dip-vae-ii", off_diagonal=2.0, diagonal_factor=3.0)
    q = posterior(HALF, VARIANCES)
    assert model.covariance(q).flatten().tolist() == pytest.approx([1.2, 0.5, 0.5, 2.1])
    penalty = model.regulariser(q, torch.tensor(7.0), None)
    right = 7 + 2 * (2 * 0.5**2) + 6 * (0.2**2 + 1.1**2)
    assert float(penalty.value) == pytest.approx(right)
    # The form found elsewhere: the mean over the diagonal of the (batch, code) matrix, added to every entry.
    wrong = covariance(q.mean) + torch.diag(q.logvar.exp()).mean(0)
    off_diagonal, diagonal = distance_from_identity(wrong)
    assert abs(float(7 + 2 * off_diagonal + 6 * diagonal) - right) > 2


def test_dip_ii_covariance_is_that_of_the_samples() -> None:
    model = make("dip-vae-ii")
    encoded = torch.tensor([mean + [math.log(v) for v in variance]
                            for mean, variance in zip(HALF, VARIANCES, strict=True)])  # fmt: skip
    engine = LoneEngine(model)
    drawn = model.posterior(encoded.repeat(20_000, 1), engine).sample
    torch.testing.assert_close(
        covariance(drawn), model.covariance(model.posterior(encoded, engine)), atol=0.02, rtol=0
    )


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.9])
def test_total_correlation_of_a_gaussian(rho: float) -> None:
    """Means of N(0, S) with noise of variance s give z of N(0, S + s I), whose TC is known."""
    rng = torch.Generator().manual_seed(0)
    noise = 0.2
    root = torch.linalg.cholesky(torch.tensor([[1.0, rho], [rho, 1.0]]))
    mean = torch.randn(1200, 2, generator=rng) @ root.T
    sample = mean + math.sqrt(noise) * torch.randn(1200, 2, generator=rng)
    estimate = total_correlation(Posterior(mean, torch.full_like(mean, math.log(noise)), sample))
    expected = -math.log(1 - (rho / (1 + noise)) ** 2) / 2
    assert float(estimate) == pytest.approx(expected, abs=0.05)


def test_total_correlation_is_the_published_estimator_up_to_a_constant() -> None:
    rng = torch.Generator().manual_seed(1)
    mean, logvar, sample = torch.randn(3, 5, 3, generator=rng).double()

    def log_density(j: int, i: int, k: int) -> Tensor:
        return torch.distributions.Normal(mean[i, k], (logvar[i, k] / 2).exp()).log_prob(sample[j, k])

    total = torch.zeros((), dtype=torch.float64)
    for j in range(5):
        joint = sum(sum(log_density(j, i, k) for k in range(3)).exp() for i in range(5)).log()
        marginals = sum(sum(log_density(j, i, k).exp() for i in range(5)).log() for k in range(3))
        total += joint - marginals
    found = total_correlation(Posterior(mean, logvar, sample))
    assert float(found) == pytest.approx(float(total / 5 + 2 * math.log(5)), rel=1e-9)


def test_beta_weighs_kl_and_tc() -> None:
    q = posterior(HALF, VARIANCES)
    kl = torch.tensor(7.0)
    assert float(make("vae").regulariser(q, kl, None).value) == 7.0
    assert float(make("beta-vae", beta=4.0).regulariser(q, kl, None).value) == 28.0
    tc = float(total_correlation(q))
    assert tc != 0
    assert float(make("beta-tcvae", beta=6.0).regulariser(q, kl, None).value) == pytest.approx(7 + 5 * tc)
    assert float(make("beta-tcvae", beta=1.0).regulariser(q, kl, None).value) == pytest.approx(7.0)


def test_step_descends_reconstruction_plus_penalty() -> None:
    """The first Adam step moves every weight by the rate against the sign of the gradient of the loss."""
    model = make("beta-vae", beta=3.0, optim={"rate": 1e-3})
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    twin = torch.Generator()
    twin.set_state(model.rng.get_state())
    parameters = [*model.encoder.parameters(), *model.decoder.parameters()]
    before = [p.detach().clone() for p in parameters]
    mean, logvar = model.encoder(images).chunk(2, 1)
    z = mean + (logvar / 2).exp() * torch.randn(mean.shape, generator=twin)
    p = model.decoder(z).sigmoid()
    cross_entropy = -(images * p.log() + (1 - images) * (1 - p).log()).sum((1, 2, 3)).mean()
    loss = cross_entropy + 3 * ((mean**2 + logvar.exp() - logvar - 1) / 2).sum(1).mean()
    gradients = torch.autograd.grad(loss, parameters)
    scalars = step(model, images, 0)
    assert float(scalars["loss"]) == pytest.approx(float(loss.detach()), rel=1e-5)
    for old, new, gradient in zip(before, parameters, gradients, strict=True):
        clear = gradient.abs() > 1e-3
        assert clear.any()
        torch.testing.assert_close((old - new)[clear], 1e-3 * gradient.sign()[clear], rtol=0.01, atol=1e-6)


def test_learning_rate_decays_linearly_to_zero() -> None:
    model = make(
        "factor-vae", optim={"rate": 1e-2, "decay_from": 0.5}, discriminator={"width": 4, "rate": 2e-2}
    )
    rates = []
    for iteration in (0, 5, 7, 10):
        model.prepare(iteration)
        rates.append([o.param_groups[0]["lr"] for o in model.optimisers.values()])
    assert rates == [pytest.approx([1e-2 * f, 2e-2 * f]) for f in (1, 1, 0.6, 0)]


@pytest.mark.parametrize(
    ("name", "latents", "message"),
    [
        ("vae", {"codes": {"kind": "uniform", "dim": 2}}, "kind normal"),
        ("beta-vae", {"codes": {"kind": "normal", "dim": 2, "std": 2.0}}, "std 1"),
        ("factor-vae", {"codes": NORMAL, "noise": {"dim": 2}}, "drop the noise"),
        ("ql-ae", {"codes": NORMAL}, "kind grid"),
    ],
)
def test_latents_that_do_not_fit_are_refused(name: str, latents: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(name, latents=latents)


def test_gan_architectures_are_refused() -> None:
    with pytest.raises(UsageError, match="cannot be trained as an autoencoder"):
        make("vae", 64, architecture="infogan-64")
