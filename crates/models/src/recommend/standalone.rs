//! `quaylai recommend`: a file of interactions in, each customer's list out, with what the methods were worth on a part of
//! the file that they were not shown.

use super::{
    Ask, Choice, HoldOut, Interaction, Item, Kind, Options, Rail, Recommender, Report, Scored, Why, choose,
};
use crate::table::{
    Bad, CUSTOMER, Column, DayOrder, Names, PRODUCT, Row, TIME, Table, TableError, number, plain,
};
use serde::Serialize;
use std::sync::Arc;

const WEIGHT: Column = Column {
    name: "weight",
    known_as: &[
        "weight", "quantity", "qty", "count", "times", "rating", "strength", "units", "soluong", "sl",
        "trongso",
    ],
    needed: false,
};

const KIND: Column = Column {
    name: "kind",
    known_as: &[
        "kind",
        "behavior",
        "behaviour",
        "behaviortype",
        "event",
        "eventtype",
        "eventname",
        "action",
        "type",
        "interaction",
        "interactiontype",
        "hanhvi",
        "loai",
        "sukien",
    ],
    needed: false,
};

const TITLE: Column = Column {
    name: "title",
    known_as: &["title", "name", "description", "productname", "itemname", "ten", "tensanpham", "mota"],
    needed: false,
};
const CATEGORY: Column = Column {
    name: "category",
    known_as: &[
        "category",
        "categoryname",
        "producttype",
        "productcategory",
        "department",
        "danhmuc",
        "nhomhang",
        "loai",
    ],
    needed: false,
};
const BRAND: Column = Column {
    name: "brand",
    known_as: &["brand", "vendor", "manufacturer", "thuonghieu", "nhanhieu"],
    needed: false,
};
const PRICE: Column = Column {
    name: "price",
    known_as: &["price", "unitprice", "listprice", "gia", "giaban", "dongia"],
    needed: false,
};

/// What was read of the file of interactions.
#[derive(Debug, Default)]
pub struct Interactions {
    pub done: Vec<Interaction>,
    pub customers: Names,
    pub products: Names,
    /// What the rows tell of the products, by number: a name, a category, a brand, a price, the last that was told.
    pub items: Vec<Item>,
    pub rows: u64,
    pub bad: Bad,
    /// Names of the columns that were found, by ours.
    pub columns: std::collections::BTreeMap<&'static str, String>,
}

/// What a row's word says was done; `None` for what says nothing of the kind.
fn kind_of(word: &str) -> Option<Kind> {
    let word = plain(word);
    let has = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    if word.is_empty() || has(&["remove"]) {
        None
    } else if has(&["cart", "basket", "giohang", "checkout"]) || word == "add" {
        Some(Kind::Cart)
    } else if has(&["buy", "purchase", "order", "transaction", "paid", "sale", "mua"]) {
        Some(Kind::Purchase)
    } else if has(&["view", "click", "pv", "wish", "fav", "detail", "visit", "xem", "like"]) {
        Some(Kind::View)
    } else {
        None
    }
}

/// Reads interactions; those with times in their order. The whole file counts: nothing is left out but bad rows.
pub fn read(bytes: &[u8]) -> Result<Interactions, TableError> {
    let columns = [CUSTOMER, PRODUCT, TIME, WEIGHT, KIND, TITLE, CATEGORY, BRAND, PRICE];
    let mut table = Table::open(bytes, &columns)?;
    let mut read = Interactions { columns: table.columns.clone(), ..Interactions::default() };
    let (timed, weighted, kinds) = (table.has(2), table.has(3), table.has(4));
    let order = if timed {
        // Day or month first is told by the file as a whole.
        let mut seen = Table::open(bytes, &columns)?;
        let mut texts: Vec<String> = Vec::new();
        let mut ignored = Bad::default();
        while texts.len() < 20_000
            && let Some((row, _)) = seen.next_row(&mut ignored)
        {
            texts.push(row.text(2).to_owned());
        }
        DayOrder::seen(texts.iter().map(String::as_str))
    } else {
        DayOrder::default()
    };
    let mut bad = Bad::default();
    while let Some((row, line)) = table.next_row(&mut bad) {
        read.rows += 1;
        let (customer, product) = (row.text(0), row.text(1));
        if customer.is_empty() {
            bad.count("no customer", line);
            continue;
        }
        if product.is_empty() {
            bad.count("no product", line);
            continue;
        }
        let at = match row.text(2) {
            _ if !timed => None,
            text => match order.instant(text) {
                Some(at) => Some(at),
                None => {
                    bad.count("no time that can be read", line);
                    continue;
                }
            },
        };
        let weight = match row.text(3) {
            _ if !weighted => 1.0,
            text => match number(text) {
                Some(weight) if weight != 0.0 => weight as f32,
                Some(_) => {
                    bad.count("weight 0", line);
                    continue;
                }
                None => {
                    bad.count("no weight that can be read", line);
                    continue;
                }
            },
        };
        let kind = match row.text(4) {
            _ if !kinds => Kind::Purchase,
            text => match kind_of(text) {
                Some(kind) => kind,
                None => {
                    bad.count("neither view nor cart nor purchase", line);
                    continue;
                }
            },
        };
        let customer = read.customers.number(customer);
        let item = read.products.number(product);
        if read.items.len() <= item as usize {
            read.items.push(Item::default());
        }
        tell(&mut read.items[item as usize], row, 5);
        read.done.push(Interaction { customer, item, at, weight, kind });
    }
    read.rows += bad.reasons.get("not readable").copied().unwrap_or(0);
    read.bad = bad;
    if timed {
        read.done.sort_by_key(|done| done.at);
    }
    // A file of views alone: what was looked at is all that there is to like.
    if !read.done.iter().any(|done| done.kind == Kind::Purchase) {
        let strongest =
            if read.done.iter().any(|done| done.kind == Kind::Cart) { Kind::Cart } else { Kind::View };
        for done in read.done.iter_mut().filter(|done| done.kind == strongest) {
            done.kind = Kind::Purchase;
        }
    }
    Ok(read)
}

/// What a row says of its product, in the columns title, category, brand and price from `first` on; what it leaves out
/// stays as it was.
fn tell(item: &mut Item, row: Row<'_>, first: usize) {
    if !row.text(first).is_empty() && row.text(first) != item.title {
        row.text(first).clone_into(&mut item.title);
    }
    for (column, held) in [(first + 1, &mut item.category), (first + 2, &mut item.brand)] {
        let text = row.text(column);
        if !text.is_empty() && held.as_deref() != Some(text) {
            *held = Some(text.to_owned());
        }
    }
    let price = number(row.text(first + 3)).filter(|price| *price > 0.0 && *price < 1e15);
    item.price = price.map(|price| (price * 100.0).round() as i64).or(item.price);
}

/// Reads the catalogue for the products of the interactions (and adds those that nobody touched yet); gives the items
/// by number, told on top of what is known of them, and how many rows could not be read.
pub fn read_items(
    bytes: &[u8],
    products: &mut Names,
    known: Vec<Item>,
) -> Result<(Vec<Item>, Bad), TableError> {
    let mut table = Table::open(bytes, &[PRODUCT, TITLE, CATEGORY, BRAND, PRICE])?;
    let mut bad = Bad::default();
    let mut items = known;
    items.resize_with(products.len(), Item::default);
    while let Some((row, line)) = table.next_row(&mut bad) {
        let product = row.text(0);
        if product.is_empty() {
            bad.count("no product", line);
            continue;
        }
        let place = products.number(product) as usize;
        if items.len() <= place {
            items.resize_with(place + 1, Item::default);
        }
        tell(&mut items[place], row, 1);
    }
    Ok((items, bad))
}

/// How to answer.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Products a customer.
    pub top: usize,
    /// What to hold out; what suits the file when left out.
    pub hold_out: Option<HoldOut>,
    pub threads: usize,
}

/// A product of somebody's list.
#[derive(Clone, Debug, Serialize)]
pub struct Line<'a> {
    pub product: &'a str,
    pub score: f32,
    #[serde(flatten)]
    pub why: Reason<'a>,
}

/// [`Why`], with the file's own names.
#[derive(Clone, Debug, Serialize)]
pub struct Reason<'a> {
    pub reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because_of: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// One customer's lists.
#[derive(Clone, Debug, Serialize)]
pub struct ForCustomer<'a> {
    pub customer: &'a str,
    /// The best of what is bought again and what is new.
    pub items: Vec<Line<'a>>,
    /// Bought before, and likely to be bought again; where customers of the file do that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<Vec<Line<'a>>>,
    /// Not bought before; where that differs from `items`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Vec<Line<'a>>>,
}

/// Ready to answer for each customer of a file.
pub struct Answers<'a> {
    read: &'a Interactions,
    shop: Recommender,
    wanted: Wanted,
    now: i64,
    pub choice: Choice,
    pub report: Report,
}

/// Share of repeats in what was held out from which both rails are shown.
const REPEATS: f64 = 0.02;

impl<'a> Answers<'a> {
    /// Tries the methods on the file, takes the best, and learns it from all of the file.
    pub fn of(read: &'a Interactions, items: &[Item], wanted: Wanted) -> Answers<'a> {
        let options = Options::default();
        let hold_out = wanted.hold_out.unwrap_or_else(|| HoldOut::suited(&read.done));
        let (choice, report) = choose(&read.done, items, options, hold_out, wanted.threads);
        let now = read.done.iter().filter_map(|done| done.at).max().unwrap_or(0);
        let mut shop = Recommender::build(&read.done, items, options, now);
        let taste = shop.learn(&choice, wanted.threads);
        shop.set_taste(choice.clone(), taste.map(Arc::new));
        Answers { read, shop, wanted, now, choice, report }
    }

    /// Whether what is bought is mostly what was bought before.
    pub fn repeats_dominate(&self) -> bool {
        self.report.repeats >= 0.5
    }

    fn rails(&self) -> bool {
        self.report.repeats >= REPEATS
    }

    /// The customers of the file, in the order in which they came.
    pub fn customers(&self) -> u32 {
        self.read.customers.len() as u32
    }

    pub fn for_customer(&self, customer: u32) -> ForCustomer<'_> {
        let history = self.shop.history(customer);
        let ask = Ask::any(self.wanted.top);
        let rails = self.rails();
        let items = if rails {
            self.shop.everything(history, self.now, ask)
        } else {
            self.shop.for_you(history, self.now, ask)
        };
        ForCustomer {
            customer: self.read.customers.name(customer),
            items: self.lines(items),
            again: rails.then(|| self.lines(self.shop.buy_again(history, self.now, ask))),
            new: rails.then(|| self.lines(self.shop.for_you(history, self.now, ask))),
        }
    }

    fn lines(&self, scored: Vec<Scored>) -> Vec<Line<'_>> {
        let line = |scored: Scored| Line {
            product: self.read.products.name(scored.item),
            score: scored.score,
            why: self.reason(scored.why),
        };
        scored.into_iter().map(line).collect()
    }

    fn reason(&self, why: Why) -> Reason<'_> {
        let plain = |reason| Reason { reason, because_of: None, customers: None, times: None };
        let of = |reason, item, customers: u32| Reason {
            because_of: Some(self.read.products.name(item)),
            customers: (customers > 0).then_some(customers),
            ..plain(reason)
        };
        match why {
            Why::BoughtWith { item, customers } => of("bought_with", item, customers),
            Why::ViewedWith { item, customers } => of("viewed_with", item, customers),
            Why::SimilarTo { item } => of("similar_to", item, 0),
            Why::SameCategory { item } => of("same_category", item, 0),
            Why::YouBoughtBefore { times, .. } => Reason { times: Some(times), ..plain("you_bought_before") },
            Why::YouWanted { kind: Kind::Cart, .. } => plain("you_put_it_in_the_cart"),
            Why::YouWanted { .. } => plain("you_looked_at_it"),
            Why::PopularNow => plain("popular_now"),
            Why::PopularInSegment => plain("popular_in_segment"),
            Why::Trending => plain("trending"),
            Why::New => plain("new"),
        }
    }

    /// One JSON object: [`Answers::summary`] with `recommendations`, a [`ForCustomer`] a customer.
    pub fn write_json(&self, mut out: impl std::io::Write) -> std::io::Result<()> {
        let summary = serde_json::to_string(&self.summary())?;
        out.write_all(&summary.as_bytes()[..summary.len() - 1])?;
        out.write_all(b",\"recommendations\":[")?;
        for customer in 0..self.customers() {
            out.write_all(if customer == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut out, &self.for_customer(customer))?;
        }
        out.write_all(b"\n]}\n")
    }

    /// All but the lists: what was read, what was tried, what serves.
    pub fn summary(&self) -> Summary<'_> {
        let chosen = self.report.of_chosen(if self.rails() { Rail::All } else { Rail::New });
        let name = if self.rails() { &self.report.chosen.all } else { &self.report.chosen.new };
        Summary {
            rows: self.read.rows,
            bad: &self.read.bad,
            columns: &self.read.columns,
            customers: self.read.customers.len(),
            products: self.read.products.len(),
            interactions: self.read.done.len(),
            method: name,
            recall_at_20: chosen.map(|measures| measures.recall_20),
            ndcg_at_10: chosen.map(|measures| measures.ndcg_10),
            repeats_dominate: self.repeats_dominate(),
            test: &self.report,
        }
    }
}

/// See [`Answers::summary`].
#[derive(Clone, Debug, Serialize)]
pub struct Summary<'a> {
    pub rows: u64,
    pub bad: &'a Bad,
    pub columns: &'a std::collections::BTreeMap<&'static str, String>,
    pub customers: usize,
    pub products: usize,
    pub interactions: usize,
    /// What answers `items` of each customer.
    pub method: &'a str,
    /// Of that method, on what was held out; `None` where too little was.
    pub recall_at_20: Option<f64>,
    pub ndcg_at_10: Option<f64>,
    pub repeats_dominate: bool,
    pub test: &'a Report,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(file: &str, top: usize) -> (String, Vec<String>) {
        let read = read(file.as_bytes()).unwrap();
        let answers = Answers::of(&read, &[], Wanted { top, hold_out: None, threads: 2 });
        let lists = (0..answers.customers())
            .map(|customer| serde_json::to_string(&answers.for_customer(customer)).unwrap())
            .collect();
        (serde_json::to_string(&answers.summary()).unwrap(), lists)
    }

    #[test]
    fn the_smallest_files_have_answers() {
        let (summary, lists) = answers("customer,product\n", 5);
        assert!(lists.is_empty() && summary.contains("\"recall_at_20\":null"), "{summary}");
        let (_, lists) = answers("customer,product\nan,tea\n", 5);
        assert_eq!(lists, [r#"{"customer":"an","items":[]}"#], "nothing else is known");
        let (_, lists) = answers("customer,product\nan,tea\nbinh,tea\nbinh,cup\nan,tea\n", 5);
        assert!(lists[0].contains("cup") && lists[1].contains("binh"), "{lists:?}");
    }

    #[test]
    fn bad_rows_are_counted_by_reason() {
        let file = "khách hàng;sản phẩm;ngày;số lượng;hành vi\nan;tea;31/01/2026;1;mua\n;tea;31/01/2026;1;mua\n\
                    an;;31/01/2026;1;mua\nan;cup;soon;1;mua\nan;cup;01/02/2026;NaN;mua\nan;cup;01/02/2026;0;mua\n\
                    an;cup;01/02/2026;-1;mua\nan;pot;01/02/2026;1;xem\nan;pot;01/02/2026;1;nghĩ\n";
        let read = read(file.as_bytes()).unwrap();
        assert_eq!((read.rows, read.bad.rows, read.done.len()), (9, 6, 3));
        assert_eq!(read.bad.first_line, Some(3));
        assert_eq!(read.bad.reasons["no weight that can be read"], 1);
        assert_eq!(read.done[2].kind, Kind::View);
    }

    #[test]
    fn the_same_file_gives_the_same_answer_with_any_number_of_threads() {
        let mut rng = kit::Rng::seeded(5);
        let mut file = String::from("user,item,date\n");
        for customer in 0..120 {
            for _ in 0..8 {
                // Three tastes, and repeats.
                let item = (customer % 3) * 20 + rng.below(20) * rng.below(2);
                file.push_str(&format!(
                    "u{customer},i{item},2026-0{}-1{}\n",
                    1 + rng.below(6),
                    rng.below(10)
                ));
            }
        }
        let read = read(file.as_bytes()).unwrap();
        let all = |threads| {
            let answers = Answers::of(&read, &[], Wanted { top: 5, hold_out: None, threads });
            assert!(answers.rails(), "{}", answers.report.repeats);
            let lists: Vec<_> = (0..answers.customers())
                .map(|customer| serde_json::to_string(&answers.for_customer(customer)).unwrap())
                .collect();
            (serde_json::to_string(&answers.summary()).unwrap(), lists)
        };
        assert_eq!(all(1), all(3));
    }
}
