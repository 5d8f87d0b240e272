"""What the names of an encoder's outputs say."""

import pytest

from disentangle_cli.errors import UsageError
from disentangle_cli.importing.onnx_outputs import Outputs, choose_outputs, kinds_of


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("mean mu z_mean zMean Mu fc_mu loc embedding q/mean:0 mean_1", "mean"),
        (
            "logvar log_var z_logvar zLogVar log_variance lnvar log_covariance log_sigma2 logsigma_sq",
            "logvar",
        ),
        ("logstd log_sigma z_log_sigma logSigma log_scale log-std ln_stddev", "logstd"),
        ("var variance z_var sigma2 sigma_squared covariance", "var"),
        ("std sigma z_std stddev std_dev scale zSigma sigmas", "std"),
    ],
)
def test_known_names(names: str, kind: str) -> None:
    for name in names.split():
        assert kinds_of(name) == [kind], name


@pytest.mark.parametrize(
    "name", ["a", "z", "raw_sigma", "log_prec", "half_log_var", "prestd", "meander", "variant", "10"]
)
def test_unknown_names(name: str) -> None:
    assert kinds_of(name) == []


@pytest.mark.parametrize(
    ("names", "asked", "expected"),
    [
        (["sigma", "mu"], None, Outputs(["mu", "sigma"], "std")),
        (["z", "z_mean", "z_log_var"], None, Outputs(["z_mean", "z_log_var"], "logvar")),
        (["out"], None, Outputs(["out"], "logvar", told=False)),
        (["mu_sigma"], None, Outputs(["mu_sigma"], "std")),
        (["mu_sigma", "z"], ["mu_sigma"], Outputs(["mu_sigma"], "std")),
        (["mu_sigma"], ["mu_sigma:mean"], Outputs(["mu_sigma"], "logvar", told=False)),
        (["out"], ["out:std"], Outputs(["out"], "std")),
        (["a", "b"], ["a"], Outputs(["a"], "logvar", told=False)),
        (["a", "b"], ["b", "a:logvar"], Outputs(["b", "a"], "logvar")),
        (["a", "b"], ["b", "a:VAR"], Outputs(["b", "a"], "var")),
        (["a", "b"], ["b:std", "a:mean"], Outputs(["a", "b"], "std")),
        (["a", "b"], ["STD", "MEAN"], Outputs(["b", "a"], "std")),
        (["a", "sigma"], ["a", "sigma"], Outputs(["a", "sigma"], "std")),
        (["mu", "sigma"], ["mu", "sigma:logvar"], Outputs(["mu", "sigma"], "logvar")),
        (["f:0", "f:1"], ["f:0", "f:1:std"], Outputs(["f:0", "f:1"], "std")),
    ],
)
def test_outputs_are_chosen(names: list[str], asked: list[str] | None, expected: Outputs) -> None:
    assert choose_outputs(names, asked) == expected


@pytest.mark.parametrize(
    ("names", "asked", "message"),
    [
        (["a", "b"], None, "a, b, do not tell what they are"),
        (["mu", "z"], None, "do not tell"),
        (["mu", "mean", "std"], None, "do not tell"),
        (["sigma"], None, "is a std by its name"),
        (["a", "b"], ["c"], "no 'c' .* it has a, b"),
        (["a", "b"], ["a", "b"], "the name b does not tell which kind of spread"),
        (["a", "b"], ["a", "b:prec"], "no 'prec'"),
        (["a", "b"], ["a", "a:std"], "the means first"),
        (["sigma", "mu"], ["sigma", "mu"], "the means first"),
        (["a", "b", "c"], ["a", "b", "c"], "the means first"),
    ],
)
def test_what_names_do_not_tell_is_refused(names: list[str], asked: list[str] | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose_outputs(names, asked)
