//! The methods on real data: better than naming what is popular and what is bought again.
//! Figures beside other programs: `tests/clients/peers_recommend.py`.

use models::recommend::{HoldOut, Interaction, Kind, Options, Rail, choose, standalone};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

/// A gzipped file of the public data that lie beside the project; where they do not, the test says that it was
/// skipped.
fn data(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    let Ok(file) = std::fs::File::open(path) else {
        eprintln!("skipped: {name} is not there");
        return None;
    };
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).expect("the packed data unpack");
    Some(bytes)
}

/// A part of the file that is tried in seconds without optimisation: every `step`th customer, the `items` products
/// that they did most with.
fn part(done: &[Interaction], step: u32, items: usize) -> Vec<Interaction> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for done in done.iter().filter(|done| done.customer % step == 0) {
        *counts.entry(done.item).or_default() += 1;
    }
    let mut most: Vec<(usize, u32)> = counts.into_iter().map(|(item, count)| (count, item)).collect();
    most.sort_unstable_by(|a, b| b.cmp(a));
    let place: BTreeMap<u32, u32> =
        most.iter().take(items).zip(0..).map(|((_, item), at)| (*item, at)).collect();
    let kept = done.iter().filter(|done| done.customer % step == 0);
    kept.filter_map(|done| Some(Interaction { item: *place.get(&done.item)?, ..*done })).collect()
}

#[test]
fn what_serves_is_better_than_the_naive_rules_on_a_shop_with_repeats() {
    let Some(bytes) = data("online_retail/online_retail_2009_2010.csv.gz") else { return };
    let mut read = standalone::read(&bytes).unwrap();
    assert_eq!(read.rows, 525_461);
    assert_eq!(read.bad.reasons["no customer"], 107_927);
    read.done.retain(|done| done.weight > 0.0);
    let done = part(&read.done, 4, 300);
    let at = 1_275_955_200_000; // 2010-06-08
    let (choice, report) = choose(&done, &[], Options::default(), HoldOut::Since { at }, 2);
    assert!(!report.too_little && choice.all.is_some(), "{report:#?}");
    let of = |rail, method: &str| {
        let tried = report.tried.iter().find(|tried| tried.rail == rail && tried.method == method);
        tried.map(|tried| tried.measures.worth()).unwrap()
    };
    let (new, all) = (report.of_chosen(Rail::New).unwrap(), report.of_chosen(Rail::All).unwrap());
    assert!(new.worth() > 1.2 * of(Rail::New, "popular"), "{report:#?}");
    assert!(all.worth() > 1.03 * of(Rail::All, "buy_again"), "{report:#?}");
    assert!(all.worth() >= of(Rail::All, "again_then_new"), "{report:#?}");
}

#[test]
fn carts_tell_what_is_bought_where_there_are_no_times() {
    let Some(bytes) = data("multi_behavior/taobao_interactions_train.csv.gz") else { return };
    let read = standalone::read(&bytes).unwrap();
    assert_eq!((read.done.len(), read.bad.rows), (404_769, 0));
    assert_eq!(read.done.iter().filter(|done| done.kind == Kind::Cart).count(), 193_747);
    assert_eq!(HoldOut::suited(&read.done), HoldOut::OneEach { seed: 1 });
    let done = part(&read.done, 16, 400);
    let (_, report) = choose(&done, &[], Options::default(), HoldOut::OneEach { seed: 1 }, 2);
    let popular = report.tried.iter().find(|tried| tried.method == "popular").unwrap().measures;
    let new = report.of_chosen(Rail::New).unwrap();
    assert!(new.recall_20 > 1.2 * popular.recall_20 && new.ndcg_10 > 1.5 * popular.ndcg_10, "{report:#?}");
    assert_eq!(report.repeats, 0.0, "a purchase that is held out is held out wholly");
}

#[test]
fn the_catalogue_finds_what_few_bought_yet() {
    let Some(bytes) = data("online_retail/online_retail_2009_2010.csv.gz") else { return };
    let mut read = standalone::read(&bytes).unwrap();
    assert_eq!(read.items.len(), read.products.len());
    assert!(read.items.iter().filter(|item| !item.title.is_empty() && item.price.is_some()).count() > 3_900);
    read.done.retain(|done| done.weight > 0.0 && done.customer % 4 == 0);
    let options = Options { ease_items: 300, ..Options::default() };
    let at = 1_275_955_200_000; // 2010-06-08
    let (choice, report) = choose(&read.done, &read.items, options, HoldOut::Since { at }, 2);
    let of = |rail, method: &str| report.of(rail, method).map(|measures| measures.ndcg_10).unwrap();
    let cold = of(Rail::Cold, "content");
    assert!(cold > 0.06 && cold > 3.0 * of(Rail::Cold, &choice.recipe.name()), "{report:#?}");
    assert!(cold > 1.5 * of(Rail::Cold, "popular"), "{report:#?}");
    let without = choose(&read.done, &[], options, HoldOut::Since { at }, 2).1;
    let worth = |report: &models::recommend::Report| report.of_chosen(Rail::New).unwrap().worth();
    assert!(worth(&report) > worth(&without), "{report:#?} {without:#?}");
    assert!(report.of(Rail::New, "content").is_some() && without.of(Rail::New, "content").is_none());
}
