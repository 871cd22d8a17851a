"""Fits and asks `lifetimes` over a CSV of customers, and prints seconds and peak memory as JSON.

Arguments: the CSV, the part (bg-nbd, mbg-nbd, pareto-nbd-few, gamma-gamma), customers of a part that ends with -few, and
the horizon in weeks.
"""

import json
import resource
import sys
import time
import warnings

import pandas
from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter

warnings.filterwarnings("ignore")
path, part, few, horizon = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
people = pandas.read_csv(path, nrows=few if part.endswith("-few") else None)
if part == "gamma-gamma":
    # All orders, the first too.
    people["frequency"] += 1
    model = GammaGammaFitter()
    start = time.perf_counter()
    model.fit(people["frequency"], people["monetary_value"])
    fitted = time.perf_counter()
    total = model.conditional_expected_average_profit(people["frequency"], people["monetary_value"]).sum()
else:
    kinds = {"bg-nbd": BetaGeoFitter, "mbg-nbd": ModifiedBetaGeoFitter, "pareto-nbd": ParetoNBDFitter}
    model = kinds[part.removesuffix("-few")]()
    known = people["frequency"], people["recency"], people["T"]
    start = time.perf_counter()
    model.fit(*known)
    fitted = time.perf_counter()
    total = model.conditional_expected_number_of_purchases_up_to_time(horizon, *known).sum()
done = time.perf_counter()
print(
    json.dumps(
        {
            "fit_s": round(fitted - start, 3),
            "predict_s": round(done - fitted, 3),
            "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            "parameters": [float(value) for value in model.params_],
            "total": float(total),
        }
    )
)
