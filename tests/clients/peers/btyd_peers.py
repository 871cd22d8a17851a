"""Draws customers and parameters, has `btyd_values` answer for them, and compares with PyPI lifetimes and btyd.

Runs in a Python of its own (../requirements-peers.txt), started by ../test_btyd_peers.py:

    btyd_peers.py PROGRAM COUNT

prints JSON: by model and function how many were compared, how many agreed with a peer, how many with mpmath (50 digits)
where the peer is at a loss (poles, overflow, cancellation), the largest difference of each, and the first that agreed
with neither.
"""

from __future__ import annotations

import importlib.util
import json
import math
import random
import subprocess
import sys
import types
import warnings
from collections import defaultdict
from pathlib import Path

import mpmath
import numpy
import pandas
from scipy import special

mpmath.mp.dps = 50
warnings.filterwarnings("ignore")
numpy.seterr(all="ignore")

# With a peer, which computes in doubles by formulas that cancel; and with mpmath.
PEER, EXACT = 1e-7, 1e-9
NAMES = {
    "bg-nbd": ("r", "alpha", "a", "b"),
    "mbg-nbd": ("r", "alpha", "a", "b"),
    "pareto-nbd": ("r", "alpha", "s", "beta"),
    "gamma-gamma": ("p", "q", "v"),
}


def fitters_of(package: str):
    """The classes of a package. btyd's own __init__ asks for PyMC, which its closed formulas do not need."""
    if package == "btyd":
        spec = importlib.util.find_spec("btyd")
        if spec is None:
            return None
        bare = types.ModuleType("btyd")
        bare.__path__ = list(spec.submodule_search_locations)
        sys.modules["btyd"] = bare
    load = lambda module, name: getattr(importlib.import_module(f"{package}.fitters.{module}"), name)  # noqa: E731
    return {
        "bg-nbd": load("beta_geo_fitter", "BetaGeoFitter"),
        "mbg-nbd": load("modified_beta_geo_fitter", "ModifiedBetaGeoFitter"),
        "pareto-nbd": load("pareto_nbd_fitter", "ParetoNBDFitter"),
        "gamma-gamma": load("gamma_gamma_fitter", "GammaGammaFitter"),
    }


# -- combinations ------------------------------------------------------------------------------------------------------


def draw(count: int) -> list[dict]:
    rng = random.Random(20251122)
    drawn = []
    for n in range(count):
        model = ["bg-nbd", "mbg-nbd", "mbg-cnbd-k", "pareto-nbd", "gamma-gamma"][n % 5]
        # One in eight is from the corners.
        is_corner = n % 8 == 7
        spread = 5.0 if is_corner else 2.0
        parameters = [math.exp(rng.uniform(-spread, spread)) for _ in range(4)]
        if model == "gamma-gamma":
            drawn.append(
                {
                    "model": model,
                    "parameters": [parameters[0], 1.05 + parameters[1], 10 * parameters[2]],
                    "x": rng.choice([1, 2, 3, 10, 400]),
                    "mean": math.exp(rng.uniform(-2, 8)),
                }
            )
            continue
        parameters[1] = math.exp(rng.uniform(-spread / 2, spread))
        if model == "pareto-nbd":
            parameters[3] = math.exp(rng.uniform(-spread / 2, spread))
        elif model == "mbg-cnbd-k":
            parameters.append(math.exp(rng.uniform(-0.7, 2.0)))
        elif is_corner and rng.random() < 0.3:
            # Poles of the usual formulas.
            parameters[2:4] = rng.choice([[1.0, parameters[3]], [0.4, 0.6], [0.75, 0.25]])
        if is_corner and model == "pareto-nbd" and rng.random() < 0.3:
            parameters[2] = 1.0
        x = rng.choice([0, 0, 1, 1, 2, 3, 5, 9, 20, rng.randrange(60)])
        if is_corner:
            x = rng.choice([0, 1, 60, 200, 1_500])
        tx = 0.0 if x == 0 else rng.uniform(0.2, 150.0)
        t = tx + (0.0 if rng.random() < 0.05 else rng.uniform(0.05, 120.0))
        gaps = x * math.log(max(tx, 1e-9) / x) - rng.random() if x else 0.0
        h = rng.choice([1.0, 4.3, 12.9, 39.0, 52.0, 104.0])
        drawn.append(
            {"model": model, "parameters": parameters, "x": x, "tx": tx, "t": t, "ln_gaps": gaps, "h": h}
        )
    return drawn


# -- peers -------------------------------------------------------------------------------------------------------------


def of_peer(fitters: dict, asked: dict) -> dict[str, float]:
    """What a package says; what it cannot say is missing or not a finite number."""
    name, x = asked["model"], asked["x"]
    if name not in fitters:
        return {}
    model = fitters[name]()
    model.params_ = pandas.Series(dict(zip(NAMES[name], asked["parameters"])))
    logs = numpy.log(asked["parameters"])
    one = lambda value: numpy.array([value], dtype=float)  # noqa: E731
    if name == "gamma-gamma":
        return {
            "expected_value": model.conditional_expected_average_profit(float(x), asked["mean"]),
            "log_likelihood": -model._negative_log_likelihood(logs, one(x), one(asked["mean"]), one(1), 0.0),
        }
    tx, t, h = asked["tx"], asked["t"], asked["h"]
    held = {
        "p_alive": numpy.ravel(model.conditional_probability_alive(float(x), tx, t))[0],
        "expected": numpy.ravel(
            model.conditional_expected_number_of_purchases_up_to_time(h, one(x), one(tx), one(t))
        )[0],
        "new": numpy.ravel(model.expected_number_of_purchases_up_to_time(h))[0],
        "log_likelihood": -model._negative_log_likelihood(
            asked["parameters"] if name == "pareto-nbd" else logs, one(x), one(tx), one(t), one(1), 0.0
        ),
    }
    if name == "bg-nbd":
        for n in range(3):
            held[f"new_counts {n}"] = model.probability_of_n_purchases_up_to_time(h, n)
    if name == "pareto-nbd":
        for n in range(3):
            counts = model.conditional_probability_of_n_purchases_up_to_time(n, h, one(x), one(tx), one(t))
            held[f"counts {n}"] = numpy.ravel(counts)[0]
    return {name: float(value) for name, value in held.items()}


def of_scipy(asked: dict) -> dict[str, float]:
    """Even gaps, which no package has with a real k: by SciPy's incomplete beta function."""
    r, alpha, a, b, k = asked["parameters"]
    x, tx, t, h = asked["x"], asked["tx"], asked["t"], asked["h"]
    m = r + k * x
    silent = lambda gap: special.betainc(m, k, (alpha + tx) / (alpha + tx + gap))  # noqa: E731
    alive = 1 / (1 + a / ((b + x) * silent(t - tx)))
    middle = 1 / special.betaincinv(m, k, 0.5) - 1
    held = {
        "p_alive": alive,
        "p_buy": alive * (1 - silent(t - tx + h) / silent(t - tx)),
        "rhythm": (alpha + tx) * middle,
    }
    share = a / (b + x)
    if 0 < share < 1:
        held["due"] = (alpha + tx) * (1 / special.betaincinv(m, k, share) - 1)
    return {name: float(value) for name, value in held.items() if name in ("p_alive", "p_buy") or value < 5_000}


# -- fifty digits ------------------------------------------------------------------------------------------------------


def exact(asked: dict, name: str):
    mp = mpmath.mpf
    # A little beside the poles, which are removable.
    p = [mp(value) * (1 + mp(10) ** -25 * (n + 1)) for n, value in enumerate(asked["parameters"])]
    x = asked["x"]
    ln_gamma = mpmath.loggamma
    if asked["model"] == "gamma-gamma":
        (p, q, v), mean = p, mp(asked["mean"])
        if name == "expected_value":
            return p * (v + x * mean) / (p * x + q - 1)
        return (
            ln_gamma(p * x + q) - ln_gamma(p * x) - ln_gamma(q) + q * mpmath.log(v)
            + (p * x - 1) * mpmath.log(mean) + p * x * mpmath.log(x) - (p * x + q) * mpmath.log(x * mean + v)
        )  # fmt: skip
    tx, t, h = mp(asked["tx"]), mp(asked["t"]), mp(asked["h"])
    if asked["model"] == "mbg-cnbd-k":
        return even(p, x, tx, t, h, mp(asked["ln_gaps"]), name)
    if asked["model"] == "pareto-nbd":
        return pareto(p, x, tx, t, h, name)
    return beta_geometric(p, x, tx, t, h, asked["model"] == "mbg-nbd", name)


def beta_geometric(p, x, tx, t, h, is_modified, name):
    r, alpha, a, b = p
    if name == "new" or name.startswith("new_counts"):
        x, tx, t = 0, mpmath.mpf(0), mpmath.mpf(0)
    more = 1 if is_modified else 0
    ended = a / (b + x - 1 + more) * ((alpha + t) / (alpha + tx)) ** (r + x) if x or is_modified else 0
    alive = 1 / (1 + ended)
    shape, scale, stay = r + x, alpha + t, b + x + more
    if name == "p_alive":
        return alive
    if name == "p_buy":
        return alive * (1 - (scale / (scale + h)) ** shape)
    if name in ("expected", "new"):
        c = a + stay - 1
        z = h / (scale + h)
        with mpmath.workdps(120):
            bracket = 1 - (scale / (scale + h)) ** shape * mpmath.hyp2f1(shape, stay, c, z, maxterms=10**6)
            return alive * c / (a - 1) * bracket
    if name == "log_likelihood":
        survived = x + more
        lost = a / (b + x - 1 + more) * (alpha + tx) ** -(r + x) if x or is_modified else 0
        return (
            mpmath.loggamma(r + x) - mpmath.loggamma(r) + r * mpmath.log(alpha)
            + mpmath.log(mpmath.beta(a, b + survived) / mpmath.beta(a, b))
            + mpmath.log((alpha + t) ** -(r + x) + lost)
        )  # fmt: skip
    n = int(name.split()[1])
    random_ = lambda n: (  # noqa: E731
        mpmath.gammaprod([shape + n], [shape, n + 1]) * (scale / (scale + h)) ** shape * (h / (scale + h)) ** n
    )
    stays = lambda n: mpmath.beta(a, stay + n) / mpmath.beta(a, stay)  # noqa: E731
    held = alive * stays(n) * random_(n)
    if n:
        ends = mpmath.beta(a + 1, stay + n - 1) / mpmath.beta(a, stay)
        return held + alive * ends * (1 - sum(random_(j) for j in range(n)))
    return held + 1 - alive


def even(p, x, tx, t, h, ln_gaps, name):
    r, alpha, a, b, k = p
    m = r + k * x
    silent = lambda gap: mpmath.betainc(m, k, 0, (alpha + tx) / (alpha + tx + gap), regularized=True)  # noqa: E731
    held = silent(t - tx) if t > tx else mpmath.mpf(1)
    alive = 1 / (1 + a / ((b + x) * held)) if held else mpmath.mpf(0)
    if name == "p_alive":
        return alive
    if name == "p_buy":
        return alive * (1 - silent(t - tx + h) / held) if held else mpmath.mpf(0)
    if name == "log_likelihood":
        return (
            mpmath.loggamma(m) - mpmath.loggamma(r) + r * mpmath.log(alpha) - m * mpmath.log(alpha + tx)
            + mpmath.log(mpmath.beta(a + 1, b + x) + mpmath.beta(a, b + x + 1) * held)
            - mpmath.log(mpmath.beta(a, b)) + (k - 1) * ln_gaps - x * mpmath.loggamma(k)
        )  # fmt: skip
    return None


def pareto(p, x, tx, t, h, name):
    r, alpha, s, beta = p
    if name == "new":
        return r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + h)) ** (s - 1))

    def tail(lo, by_lo, hi, by_hi, start):
        """The integral of (lo + u)^-by_lo (hi + u)^-by_hi from `start` on, by Gauss's function."""
        if lo > hi:
            lo, by_lo, hi, by_hi = hi, by_hi, lo, by_lo
        all_ = by_lo + by_hi - 1
        z = (hi - lo) / (hi + start)
        with mpmath.workdps(80):
            return mpmath.hyp2f1(by_lo, all_, all_ + 1, z, maxterms=10**6) / (all_ * (hi + start) ** all_)

    here = (alpha + t) ** -(r + x) * (beta + t) ** -s
    gone = s * (tail(alpha, r + x, beta, s + 1, tx) - tail(alpha, r + x, beta, s + 1, t)) if t > tx else 0
    alive = here / (here + gone)
    if name == "p_alive":
        return alive
    if name == "expected":
        factor = (1 - ((beta + t) / (beta + t + h)) ** (s - 1)) / (s - 1)
        return alive * (r + x) * (beta + t) / (alpha + t) * factor
    if name == "p_buy":
        some = tail(alpha + t, r + x + 1, beta + t, s, 0) - tail(alpha + t, r + x + 1, beta + t, s, h)
        return alive * (r + x) * (alpha + t) ** (r + x) * (beta + t) ** s * some
    if name == "log_likelihood":
        return (
            mpmath.loggamma(r + x) - mpmath.loggamma(r) + r * mpmath.log(alpha) + s * mpmath.log(beta)
            + mpmath.log(here + gone)
        )  # fmt: skip
    n = int(name.split()[1])
    shape, scale, age = r + x, alpha + t, beta + t
    random_ = lambda u: (  # noqa: E731
        mpmath.gammaprod([shape + n], [shape, n + 1]) * (scale / (scale + u)) ** shape * (u / (scale + u)) ** n
    )
    until = mpmath.quad(
        lambda v: s * mpmath.exp(-s * v) * random_(age * mpmath.expm1(v)),
        mpmath.linspace(0, mpmath.log1p(h / age), 9),
    )
    return (0 if n else 1 - alive) + alive * ((age / (age + h)) ** s * random_(h) + until)


# -- comparison --------------------------------------------------------------------------------------------------------


def off(name: str, held: float, wanted: float) -> float:
    """Relative; a logarithm of a likelihood near nought by what that is of the likelihood."""
    return abs(held - wanted) / max(abs(wanted), 1.0 if name == "log_likelihood" else 1e-12)


def main() -> None:
    program, count = sys.argv[1], int(sys.argv[2])
    asked = draw(count)
    lines = "\n".join(json.dumps(one) for one in asked) + "\n"
    answered = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout
    answers = [json.loads(line) for line in answered.splitlines()]
    assert len(answers) == len(asked), (len(answers), len(asked))
    peers = {name: fitters for name in ("lifetimes", "btyd") if (fitters := fitters_of(name))}
    told: dict = defaultdict(lambda: {"compared": 0, "exact": 0, "worst_exact": 0.0})
    failures = []
    for at, (one, answer) in enumerate(zip(asked, answers)):
        for values in ("counts", "new_counts"):
            answer.update({f"{values} {n}": value for n, value in enumerate(answer.get(values, []))})
        said = {name: of_peer(fitters, one) for name, fitters in peers.items()}
        if one["model"] == "mbg-cnbd-k":
            said = {"scipy": of_scipy(one)}
        names = {name for values in said.values() for name in values}
        if one["model"] == "mbg-cnbd-k":
            names.add("log_likelihood")
        elif one["model"] != "gamma-gamma" and at // 5 % 4 == 0:
            # No package says this. Fifty digits take their time.
            names.add("p_buy")
        for name in sorted(names):
            held = answer[name]
            kind = told[f"{one['model']} {name}"]
            kind["compared"] += 1
            agreed = False
            for peer, values in said.items():
                value = values.get(name, math.nan)
                if math.isfinite(value) and held is not None and off(name, held, value) <= PEER:
                    kind[peer] = kind.get(peer, 0) + 1
                    agreed = True
            if agreed and name != "p_buy":
                continue
            wanted = exact(one, name)
            if wanted is None or held is None:
                failures.append({**one, "name": name, "held": held, "peers": {n: v.get(name) for n, v in said.items()}})
                continue
            difference = off(name, held, float(wanted.real))
            if difference <= EXACT or abs(held - float(wanted.real)) <= 1e-15:
                kind["exact"] += 1
                if difference <= EXACT:
                    kind["worst_exact"] = max(kind["worst_exact"], difference)
            else:
                failures.append({**one, "name": name, "held": held, "wanted": float(wanted.real), "off": difference})
    told = {name: told[name] for name in sorted(told)}
    print(json.dumps({"peers": sorted(peers), "told": told, "failed": len(failures), "failures": failures[:20]}))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
