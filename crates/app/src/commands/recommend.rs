use anyhow::{Context, Result, bail};
use clap::Args;
use models::recommend::standalone::{Answers, Wanted, read, read_items};
use models::recommend::{HoldOut, Rail};
use models::table::DayOrder;
use std::io::{BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Recommend products to the customers of a file, without a server: which method suits it, and each customer's list.
#[derive(Args, Debug)]
pub struct Recommend {
    /// CSV with the columns customer and product; time, weight (or quantity), kind (view, cart, purchase), title,
    /// category, brand and price if there.
    interactions: PathBuf,
    /// CSV of the catalogue: product, title, category, brand, price.
    #[arg(long, value_name = "FILE")]
    items: Option<PathBuf>,
    /// Products for each customer.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// What the methods are tried on: "auto", "one" (a product of each customer), or purchases from a date on.
    #[arg(long, value_name = "HOW", default_value = "auto")]
    holdout: String,
    #[arg(long)]
    json: bool,
}

impl Recommend {
    pub fn run(self) -> Result<()> {
        let hold_out = match self.holdout.as_str() {
            "auto" => None,
            "one" => Some(HoldOut::OneEach { seed: 1 }),
            date => match DayOrder::default().instant(date) {
                Some(at) => Some(HoldOut::Since { at }),
                None => bail!("--holdout {date:?} is neither auto nor one nor a date such as 2026-01-31"),
            },
        };
        let name = self.interactions.display();
        let bytes = whole(&self.interactions)?;
        let mut interactions = read(&bytes).with_context(|| format!("{name} cannot be read"))?;
        drop(bytes);
        let items = match &self.items {
            None => std::mem::take(&mut interactions.items),
            Some(path) => {
                let known = std::mem::take(&mut interactions.items);
                let read = read_items(&whole(path)?, &mut interactions.products, known);
                read.with_context(|| format!("{} cannot be read", path.display()))?.0
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let wanted = Wanted { top: self.top.clamp(1, 1000), hold_out, threads };
        let answers = Answers::of(&interactions, &items, wanted);
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            answers.write_json(&mut out)?;
        } else {
            table(&answers, &mut out)?;
        }
        Ok(out.flush()?)
    }
}

/// A file, unpacked where it is gzipped.
fn whole(path: &Path) -> Result<Vec<u8>> {
    let mut file =
        std::fs::File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut bytes = Vec::new();
    let mut magic = [0; 2];
    let packed = file.read(&mut magic)? == 2 && magic == [0x1f, 0x8b];
    file.rewind()?;
    if packed {
        flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes)?;
    } else {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// What was tried, with what it is about.
const RAILS: [(Rail, &str); 4] = [
    (Rail::All, "all products"),
    (Rail::New, "not bought before"),
    (Rail::Again, "bought before"),
    (Rail::Cold, "not bought before, 5 buyers or fewer"),
];

/// Lists for this many customers are shown to people; all of them are in the JSON.
const SHOWN: u32 = 10;

fn table(answers: &Answers<'_>, out: &mut impl Write) -> Result<()> {
    let summary = answers.summary();
    let (customers, products, count) = (summary.customers, summary.products, summary.interactions);
    writeln!(out, "{count} interactions of {customers} customers with {products} products")?;
    if summary.bad.rows > 0 {
        let reasons: Vec<String> =
            summary.bad.reasons.iter().map(|(reason, rows)| format!("{reason}: {rows}")).collect();
        let first = summary.bad.first_line.unwrap_or(0);
        writeln!(
            out,
            "{} rows left out, the first in line {first} ({})",
            summary.bad.rows,
            reasons.join(", ")
        )?;
    }
    let report = &answers.report;
    writeln!(out, "\nTried on purchases held out of {} customers:\n", report.asked)?;
    for (rail, title) in RAILS {
        writeln!(out, "  {title:<48} Recall@20   NDCG@10")?;
        let chosen = report.chosen.of(rail);
        for tried in report.tried.iter().filter(|tried| tried.rail == rail && tried.measures.cases > 0) {
            let mark = if tried.method == chosen { "*" } else { " " };
            let (recall, ndcg) = (tried.measures.recall_20, tried.measures.ndcg_10);
            writeln!(out, "  {mark} {:<46} {recall:>9.4} {ndcg:>9.4}", tried.method)?;
        }
    }
    if report.too_little {
        writeln!(out, "  Too few customers bought twice to choose by: the default serves.")?;
    }
    if answers.repeats_dominate() {
        let share = report.repeats * 100.0;
        writeln!(
            out,
            "\n{share:.0} % of what was held out had been bought before: show what is bought again first."
        )?;
    }
    writeln!(out, "\n{} answers. With --json for all customers; the first are:", summary.method)?;
    for customer in 0..answers.customers().min(SHOWN) {
        let lists = answers.for_customer(customer);
        let products: Vec<&str> = lists.items.iter().take(5).map(|line| line.product).collect();
        writeln!(out, "  {:<24} {}", lists.customer, products.join("  "))?;
    }
    Ok(())
}
