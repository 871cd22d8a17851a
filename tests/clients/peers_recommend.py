"""Recommendations beside other programs on the same splits of real data.

Not a test but a measurement; it needs packages that the tests do not:

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install implicit pandas pyarrow
    cargo build --release -p models --example recommend
    OPENBLAS_NUM_THREADS=1 /tmp/peers/bin/python tests/clients/peers_recommend.py \
        --program target/release/examples/recommend [--only online_retail,taobao]

Each data set of ../shared/data is cut once: by time (what was bought after a date is asked for) or, where there are no
times, by one purchase of each customer. Everybody learns from the same rows. `quaylai` gets them as a CSV file and
chooses its methods on these rows alone; what was cut off is shown to nobody. A peer that can learn from carts as well
gets both ways, and the better figure counts. NDCG@10 and Recall@20 as docs/recommend.md says.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
ASKED = 6_000
NO_PRODUCT = r"^(POST|DOT|M|D|S|B|m|C2|PADS|BANK CHARGES|AMAZONFEE|ADJUST.*|gift.*|TEST.*)$"


def online_retail():
    lines = pd.read_csv(DATA / "online_retail/online_retail_2009_2010.csv.gz", dtype=str)
    lines["Quantity"], lines["Price"] = lines.Quantity.astype(int), lines.Price.astype(float)
    bought = lines[lines["Customer ID"].notna() & ~lines.Invoice.str.startswith(("C", "A"))]
    bought = bought[(bought.Quantity > 0) & (bought.Price > 0) & ~bought.StockCode.str.match(NO_PRODUCT)]
    rows = bought.rename(columns={"Customer ID": "customer", "StockCode": "product", "InvoiceDate": "time"})
    return by_time(rows[["customer", "product", "time"]].assign(kind="purchase"), "2010-06-08")


def complete_journey():
    lines = pd.read_parquet(DATA / "complete_journey/transactions_weeks_1_39.parquet")
    lines = lines[lines.quantity > 0]
    rows = pd.DataFrame({"customer": lines.household_id.astype(str), "product": lines.product_id.astype(str)})
    rows["time"] = lines.transaction_timestamp.dt.strftime("%Y-%m-%d %H:%M:%S")
    return by_time(rows.assign(kind="purchase"), "2017-07-17")


def by_time(rows, date):
    rows = rows.sort_values("time", kind="stable")
    return rows[rows.time < date], rows[rows.time >= date][["customer", "product"]].drop_duplicates()


def one_each(name):
    rows = pd.read_csv(DATA / f"multi_behavior/{name}_interactions_train.csv.gz", dtype=str)
    rows = rows.rename(columns={"user_id": "customer", "item_id": "product", "behavior": "kind"}).drop(columns="split")
    purchases = rows[rows.kind == "buy"]
    held = purchases.sample(frac=1, random_state=6).drop_duplicates("customer")
    # One of each customer is held out; some thousand of them are asked.
    return rows.drop(held.index), held[["customer", "product"]].head(ASKED)


SETS = {
    "online_retail": online_retail,
    "complete_journey": complete_journey,
    "beibei": lambda: one_each("beibei"),
    "taobao": lambda: one_each("taobao"),
}
GAIN = 1 / np.log2(np.arange(2, 12))


def judge(lists, asked):
    """Means over customers of those asked for."""
    recall, ndcg = [], []
    for customer, bought in asked.items():
        found = lists.get(customer, [])
        recall.append(sum(item in bought for item in found[:20]) / len(bought))
        gained = sum(GAIN[place] for place, item in enumerate(found[:10]) if item in bought)
        ndcg.append(gained / GAIN[: min(10, len(bought))].sum())
    return np.mean(ndcg), np.mean(recall), len(asked)


def peers(known, asked_for):
    """Yields (name, rail, lists, seconds)."""
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender, TFIDFRecommender

    customers = {name: at for at, name in enumerate(known.customer.unique())}
    products = known["product"].unique()
    place = {name: at for at, name in enumerate(products)}
    rows, columns = known.customer.map(customers).to_numpy(), known["product"].map(place).to_numpy()
    bought = known.kind.isin(["purchase", "buy"]).to_numpy()
    shape = (len(customers), len(products))
    purchases = csr_matrix((np.ones(bought.sum(), np.float32), (rows[bought], columns[bought])), shape)
    everything = csr_matrix((np.where(bought, 1.0, 0.4).astype(np.float32), (rows, columns)), shape)
    who = np.array([customers[name] for name in asked_for if name in customers])
    names = [name for name in asked_for if name in customers]

    popularity = np.asarray(purchases.sum(axis=0)).ravel()
    order = np.argsort(-popularity, kind="stable")
    rows_of = [slice(purchases.indptr[at], purchases.indptr[at + 1]) for at in who]
    own = [set(purchases.indices[row]) for row in rows_of]
    yield "popular", "all", {name: [products[i] for i in order[:20]] for name in names}, 0.0
    new = {name: [products[i] for i in order[: 20 + len(seen)] if i not in seen][:20] for name, seen in zip(names, own)}
    yield "popular", "new", new, 0.0
    again = {}
    for name, row in zip(names, rows_of):
        items = purchases.indices[row]
        best = np.lexsort((-popularity[items], -purchases.data[row]))
        again[name] = [products[i] for i in items[best][:20]]
    yield "buy it again (own counts)", "all", again, 0.0
    if "time" in known:
        recent = known.assign(age=(pd.Timestamp(known.time.max()) - pd.to_datetime(known.time)).dt.days)
        recent["fresh"] = 0.5 ** (recent.age / 60)
        fresh = recent.groupby(["customer", "product"]).fresh.sum().reset_index()
        fresh = fresh.sort_values("fresh", ascending=False).groupby("customer")["product"].apply(list)
        yield "buy it again (60 days)", "all", {name: fresh.get(name, []) for name in names}, 0.0

    matrices = [("", purchases)] if bought.all() else [("", purchases), (" with carts", everything)]
    for suffix, matrix in matrices:
        for name, model in [
            ("implicit tf-idf K=50", TFIDFRecommender(K=50)),
            ("implicit BM25 K=50", BM25Recommender(K=50)),
            ("implicit BM25 K=50 K1=100 B=.5", BM25Recommender(K=50, K1=100, B=0.5)),
            ("implicit ALS 64", AlternatingLeastSquares(factors=64, regularization=0.01, alpha=1.0, iterations=15, random_state=1)),
        ]:
            start = time.time()
            model.fit(matrix, show_progress=False)
            seconds = time.time() - start
            # What was bought is taken out afterwards, so that what was only put into the cart may be named.
            many = min(shape[1], 1_000, 20 + max(len(seen) for seen in own))
            found, _ = model.recommend(who, matrix[who], N=many, filter_already_liked_items=False)
            lists = {who_: [products[i] for i in row[:20] if i >= 0] for who_, row in zip(names, found)}
            yield name + suffix, "all", lists, seconds
            lists = {
                who_: [products[i] for i in row if i >= 0 and i not in seen][:20]
                for who_, row, seen in zip(names, found, own)
            }
            yield name + suffix, "new", lists, seconds


def ours(program, known):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "interactions.csv"
        known.to_csv(path, index=False)
        start = time.time()
        out = subprocess.run([*program.split(), str(path), *EXTRA], capture_output=True, check=True).stdout
        seconds = time.time() - start
    answer = json.loads(out)
    assert answer["bad"]["rows"] == 0, answer["bad"]
    lists = {rail: {} for rail in ("all", "new")}
    for row in answer["recommendations"]:
        lists["all"][row["customer"]] = [line["product"] for line in row["items"]]
        lists["new"][row["customer"]] = [line["product"] for line in row.get("new", row["items"])]
    return answer, lists, seconds


EXTRA = ["--lists"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True, help="the example, or 'quaylai recommend' with --command")
    parser.add_argument("--command", action="store_true", help="the program is `quaylai recommend`")
    parser.add_argument("--only", default=",".join(SETS))
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    if options.command:
        EXTRA[:] = ["--json"]
    figures = []
    for name in options.only.split(","):
        known, held = SETS[name]()
        held = held[held.customer.isin(set(known.customer))]
        asked_all = held.groupby("customer")["product"].apply(set).to_dict()
        bought = known[known.kind.isin(["purchase", "buy"])].groupby("customer")["product"].apply(set)
        asked_new = {who: items - bought.get(who, set()) for who, items in asked_all.items()}
        asked = {"all": asked_all, "new": {who: items for who, items in asked_new.items() if items}}
        print(f"\n{name}: {len(known)} rows, {known.customer.nunique()} customers, {known['product'].nunique()} products")
        answer, lists, seconds = ours(options.program, known)
        results = [(f"quaylai: {answer['test']['chosen'][rail]}", rail, lists[rail], seconds) for rail in ("all", "new")]
        results += list(peers(known, list(asked_all)))
        for rail in ("all", "new"):
            rows = [(who, *judge(found, asked[rail]), took) for who, of, found, took in results if of == rail]
            print(f"  {rail}: NDCG@10 Recall@20 customers seconds")
            for who, ndcg, recall, count, took in sorted(rows, key=lambda row: -row[1]):
                print(f"    {who:60} {ndcg:.4f} {recall:.4f} {count:6} {took:6.1f}")
                figures.append({"set": name, "rail": rail, "method": who, "ndcg_at_10": ndcg, "recall_at_20": recall,
                                "customers": count, "seconds": took})
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
