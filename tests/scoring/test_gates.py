"""Thresholds on metrics."""

from typing import Any

import pytest

from disentangle_cli.errors import GateError, UsageError
from disentangle_cli.scoring import check_gates, parse_gates
from disentangle_cli.scoring.gates import Gate


def entry(model: str = "a.pt", protocol: str = "infogan-cr", **metrics: Any) -> dict[str, Any]:
    return {"model": model, "protocol": protocol, "metrics": metrics}


def test_gates() -> None:
    result = entry(mig={"score": 0.4}, dci={"score": 0.6, "completeness": 0.3, "per_code": [0.1]})
    names = ["mig", "dci"]
    check_gates([result], parse_gates(["mig=0.4", "dci.completeness=0.3", "dci.score=0.5"], names))
    with pytest.raises(GateError, match=r"mig is 0.4000, 0.1 under 0.5; .*completeness is 0.3000, 0.2 under"):
        check_gates([result], parse_gates(["mig=0.5", "dci.completeness=0.5", "dci=0.1"], names))
    with pytest.raises(UsageError, match="no part 'complete' that can be gated; it has score, disentangle"):
        parse_gates(["dci.complete=0.5"], names)
    for text, named in [("dci.per_code=0.5", "per_code.0"), ("dci.completeness.1=0", "one number")]:
        with pytest.raises(UsageError, match=named):
            parse_gates([text], names)
    check_gates([result], parse_gates(["dci.per_code.0=0.1"], names))
    with pytest.raises(UsageError, match=r"no part 'per_code\.7'"):
        check_gates([result], parse_gates(["dci.per_code.7=0.1"], names))
    with pytest.raises(GateError, match=r"mig\.worst is null"):
        check_gates([entry(mig={"score": 1.0, "worst": float("nan")})], [Gate("mig.worst", 0.0)])
    with pytest.raises(GateError, match=r"mig is null .*too few"):
        check_gates([entry(mig={"score": None, "reason": "too few"})], parse_gates(["mig=0"], names))
    with pytest.raises(UsageError, match="'mig' is given twice"):
        parse_gates(["mig=0.1", "dci=0.1", "mig=0.2"], names)
    for text in ("mig", "mig=", "mig=1_0", "mig=a", "mig=nan", "sap=0.5"):
        with pytest.raises(UsageError, match="--fail-under"):
            parse_gates([text], names)


def test_gates_with_intervals() -> None:
    def entry(score: float, reach: float) -> dict[str, Any]:
        metric = {"score": score, "interval": [score - reach, score + reach]}
        return {"model": "a.pt", "protocol": "infogan-cr", "metrics": {"mig": metric}}

    gates = parse_gates(["mig=0.48"], ["mig"], "--fail-under-ci")
    check_gates([entry(0.50, 0.01)], [], gates)
    check_gates([entry(0.50, 0.03)], gates)
    with pytest.raises(GateError, match=r"mig \(lower end\) is 0\.4700"):
        check_gates([entry(0.50, 0.03)], [], gates)
    bare = entry(0.5, 0.0)
    del bare["metrics"]["mig"]["interval"]
    with pytest.raises(UsageError, match="no interval"):
        check_gates([bare], [], gates)
