//! Fitted models, and the purchases that they are fitted to.

use super::history::order;
use super::{A, B, TEXTS, at, get, no, on_stores, put};
use store::models::{ModelMark, ModelRow};

pub const METHODS: &[&str] = &[
    "insert_model",
    "retire_model",
    "prune_models",
    "drop_models",
    "last_model",
    "model",
    "model_history",
    "serving_models",
    "serving_models_of",
    "scan_purchases",
];

fn fit(kind: &str, version: i64, state: &str, document: &str) -> ModelRow {
    ModelRow {
        kind: kind.into(),
        version,
        fitted_at: at(version * 10),
        state: state.into(),
        document: document.into(),
        report: format!("{{\"of\":{version}}}"),
    }
}

#[test]
fn of_a_kind_one_model_serves_and_the_others_are_remembered() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.last_model(A, "purchases")), None);
        put(store, |c| {
            c.insert_model(A, fit("purchases", 1, "serving", "one"));
            c.insert_model(A, fit("carts", 1, "serving", "cart"));
            c.insert_model(B, fit("purchases", 1, "serving", "other"));
        });
        put(store, |c| c.insert_model(A, fit("purchases", 2, "refused", "two")));
        put(store, |c| {
            c.retire_model(A, "purchases");
            c.insert_model(A, fit("purchases", 3, "serving", "three"));
        });
        assert_eq!(get(store, |tx| tx.last_model(A, "purchases")), Some((3, at(30))));
        let serving = get(store, |tx| tx.serving_models());
        let told: Vec<_> =
            serving.iter().map(|(workspace, kind, version)| (workspace.0, kind.as_str(), *version)).collect();
        assert_eq!(told, [(A.0, "carts", 1), (A.0, "purchases", 3), (B.0, "purchases", 1)]);
        assert_eq!(
            get(store, |tx| tx.serving_models_of(A)),
            [fit("carts", 1, "serving", "cart"), fit("purchases", 3, "serving", "three")]
        );
        // What is out of service is not asked any more.
        assert_eq!(get(store, |tx| tx.model(A, "purchases", 1)), Some(fit("purchases", 1, "retired", "")));
        assert_eq!(get(store, |tx| tx.model(A, "purchases", 9)), None);
        let states = |marks: Vec<ModelMark>| -> Vec<(i64, String)> {
            marks.into_iter().map(|mark| (mark.version, mark.state)).collect()
        };
        let history = |limit| states(get(store, |tx| tx.model_history(A, "purchases", limit)));
        assert_eq!(history(2), [(3, "serving".into()), (2, "refused".into())]);
        put(store, |c| c.prune_models(A, "purchases", 3));
        assert_eq!(history(9), [(3, "serving".into())]);
        put(store, |c| c.drop_models(A, "purchases"));
        assert_eq!(history(9), []);
        assert_eq!(get(store, |tx| tx.last_model(B, "purchases")), Some((1, at(10))));
        for (version, text) in (10..).zip(TEXTS) {
            put(store, |c| c.insert_model(A, fit("hours", version, "refused", text)));
            assert_eq!(
                get(store, |tx| tx.model(A, "hours", version)).map(|row| row.document),
                Some(text.to_string())
            );
        }
    });
}

#[test]
fn purchases_are_the_orders_that_count() {
    on_stores(|store| {
        let placed = |id: &str, when, total| order("site", id, when, total);
        let mut dollars = placed("d", 3, 900);
        dollars.currency = "USD".into();
        put(store, |c| {
            c.set_order(A, no(1), &placed("a", 1, 10));
            c.set_order(A, no(2), &placed("b", 2, 0));
            c.set_order(A, no(1), &dollars);
            c.set_order(B, no(1), &placed("a", 1, 99));
        });
        let mut told = Vec::new();
        get(store, |tx| {
            tx.scan_purchases(A, "VND", &mut |no, placed_at, net| told.push((no.0, placed_at, net)))
        });
        told.sort_unstable();
        assert_eq!(told, [(1, at(1), 10), (1, at(3), 0), (2, at(2), 0)]);
    });
}
