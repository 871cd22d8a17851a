use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use domain::btyd::Kind;
use models::forecast::{Settings, Terms};
use models::measure::Scores;
use models::standalone::{Asked, Columns, DateOrder, Head, Orders, Predicted, predict};
use std::fs::File;
use std::io::{BufWriter, Read, Write, stdin, stdout};
use std::path::PathBuf;

/// Forecast who of a file's customers buys again, and judge it on what they did. No server is needed.
///
/// The file has a row an order with a customer, a time and an amount; columns are found by their usual names. With
/// --until, the models know only the orders up to and including that day, and are judged on those after it beside
/// rules that need no model. The page docs/predict.md explains what is printed.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  quaylai predict orders.csv
  quaylai predict orders.csv --until 2026-06-30 --horizon 13 --json > forecast.json
  quaylai predict cdnow.csv --until 1997-09-30 --model bg-nbd --json")]
pub struct Predict {
    /// A CSV file, comma, semicolon, tab or bar between columns; - for standard input.
    #[arg(value_name = "ORDERS.csv")]
    orders: PathBuf,
    /// Train on orders up to and including this day, such as 2026-06-30, and judge on those after it.
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Weeks after that day that are forecast and judged; all that the file has when left out.
    #[arg(long, value_name = "WEEKS", allow_negative_numbers = true)]
    horizon: Option<f64>,
    /// One model as its authors fit it, by maximum likelihood; auto judges and corrects by itself.
    #[arg(long, value_enum, default_value_t = Model::Auto)]
    model: Model,
    /// Name of the column with the customer.
    #[arg(long, value_name = "NAME")]
    customer_column: Option<String>,
    /// Name of the column with the day or instant of the order.
    #[arg(long, value_name = "NAME")]
    time_column: Option<String>,
    /// Name of the column with what was paid; below zero for money given back.
    #[arg(long, value_name = "NAME")]
    amount_column: Option<String>,
    /// How dates such as 03/04/2026 are meant; found out from all of them when left out.
    #[arg(long, value_enum)]
    dates: Option<Dates>,
    /// Share of what customers pay that the shop earns, for CLV.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    margin: f64,
    /// Interest a year by which later money is worth less, for CLV.
    #[arg(long, value_name = "RATE", default_value_t = 0.1)]
    discount: f64,
    /// Share of win-back offers that may go to customers who would have come back by themselves.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    waste: f64,
    /// Print one JSON document with everything, each customer's forecast too.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Model {
    Auto,
    BgNbd,
    MbgNbd,
    MbgCnbdK,
    ParetoNbd,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Dates {
    DayFirst,
    MonthFirst,
}

impl Predict {
    pub fn run(self) -> Result<()> {
        for (name, share) in [("--margin", self.margin), ("--waste", self.waste)] {
            if !(0.0..=1.0).contains(&share) {
                bail!("{name} {share} is not between 0 and 1");
            }
        }
        let until = match &self.until {
            None => None,
            Some(text) => {
                let day = models::standalone::day(text);
                Some(day.with_context(|| format!("--until {text:?} is no day, such as 2026-06-30"))?)
            }
        };
        let input: Box<dyn Read> = if self.orders.as_os_str() == "-" {
            Box::new(stdin().lock())
        } else {
            Box::new(
                File::open(&self.orders)
                    .with_context(|| format!("{} cannot be opened", self.orders.display()))?,
            )
        };
        let columns =
            Columns { customer: self.customer_column, time: self.time_column, amount: self.amount_column };
        let dates = self.dates.map(|dates| match dates {
            Dates::DayFirst => DateOrder::DayFirst,
            Dates::MonthFirst => DateOrder::MonthFirst,
        });
        let orders =
            Orders::read(input, &columns, dates).with_context(|| self.orders.display().to_string())?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let terms = Terms {
            margin: self.margin,
            discount_rate: self.discount,
            waste: self.waste,
            ..Terms::default()
        };
        let asked = Asked {
            until,
            horizon_weeks: self.horizon,
            model: match self.model {
                Model::Auto => None,
                Model::BgNbd => Some(Kind::BgNbd),
                Model::MbgNbd => Some(Kind::MbgNbd),
                Model::MbgCnbdK => Some(Kind::MbgCnbdK),
                Model::ParetoNbd => Some(Kind::ParetoNbd),
            },
            settings: Settings { terms, threads, ..Settings::default() },
        };
        let predicted = predict(orders, &asked)?;
        let mut out = BufWriter::new(stdout().lock());
        let written = if self.json { predicted.write_json(&mut out) } else { table(&predicted, &mut out) };
        match written.and_then(|()| out.flush()) {
            // A reader such as `head` that has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }
}

/// What a person wants to see first.
fn table(predicted: &Predicted, out: &mut impl Write) -> std::io::Result<()> {
    let head = &predicted.head;
    let day = |day: Option<models::standalone::On>| day.map_or("-".to_owned(), |day| day.to_string());
    writeln!(
        out,
        "{} customers, {} of them with a second order; {} days with an order from {} to {}",
        head.customers,
        head.repeaters,
        head.purchases,
        day(head.from),
        day(head.until)
    )?;
    if head.file.rows_left_out > 0 {
        writeln!(out, "{} of {} rows were left out:", head.file.rows_left_out, head.file.rows)?;
        for problem in head.file.problems.iter().take(5) {
            writeln!(out, "  line {}: {}", problem.line, problem.why)?;
        }
    }
    fitted(head, out)?;
    if let Some(holdout) = &head.holdout {
        writeln!(
            out,
            "\nJudged on {} orders of {} customers from {} to {} ({:.1} weeks):",
            holdout.orders,
            holdout.customers,
            day(holdout.from),
            day(holdout.until),
            holdout.weeks
        )?;
        writeln!(out, "  {:24}{:>9}{:>10}{:>13}{:>8}", "", "RMSE", "deviance", "calibration", "AUC")?;
        for judged in &holdout.judged {
            let name = if judged.kind == "served" {
                format!("{} (served)", judged.name)
            } else {
                judged.name.clone()
            };
            let Scores { rmse, deviance, calibration, auc, .. } = &judged.scores;
            let [rmse, deviance, calibration, auc] = [rmse, deviance, calibration, auc]
                .map(|value| value.map_or("-".into(), |value| format!("{value:.3}")));
            writeln!(out, "  {name:24}{rmse:>9}{deviance:>10}{calibration:>13}{auc:>8}")?;
        }
        for rule in &holdout.rules_that_are_better {
            writeln!(out, "  The rule {rule} was better here than what is served.")?;
        }
    }
    let win_back = &head.win_back;
    if let Some(point) = &win_back.serves {
        writeln!(
            out,
            "\nWin-back: written to after {:.1} weeks of silence on average, {:.0} % of the offers would go to customers who come back by themselves within {} weeks.",
            point.delay_weeks,
            point.waste * 100.0,
            win_back.within_weeks
        )?;
    }
    let mut best: Vec<_> = predicted.forecasts().collect();
    best.sort_by_key(|(_, forecast)| std::cmp::Reverse(forecast.clv.unwrap_or(0)));
    writeln!(
        out,
        "\n  {:24}{:>8}{:>12}{:>12}{:>14}  churn",
        "worth most", "alive", "orders 90d", "CLV", "next order"
    )?;
    for (name, forecast) in best.iter().take(10) {
        let alive = forecast.alive.map_or("-".into(), |alive| format!("{alive:.2}"));
        let orders = forecast.orders[1].map_or("-".into(), |orders| format!("{:.1}", orders.value));
        let clv = forecast.clv.map_or("-".into(), |clv| format!("{:.0}", clv as f64 / 100.0));
        let next = day(forecast.next_order.and_then(|next| models::standalone::written(next.value)));
        let name: String = name.chars().take(23).collect();
        writeln!(out, "  {name:24}{alive:>8}{orders:>12}{clv:>12}{next:>14}  {}", forecast.churn.name())?;
    }
    writeln!(out, "\nAdd --json for every customer.")
}

fn fitted(head: &Head, out: &mut impl Write) -> std::io::Result<()> {
    for model in &head.models {
        let parameters: Vec<String> = model
            .parameters
            .iter()
            .map(|(name, value)| match model.standard_errors.get(name).copied().flatten() {
                Some(error) => format!("{name} {value:.4} ({error:.4})"),
                None => format!("{name} {value:.4} (not determined)"),
            })
            .collect();
        writeln!(
            out,
            "  {:12} log-likelihood {:.4}: {}",
            model.name,
            model.log_likelihood,
            parameters.join(", ")
        )?;
        if !model.drop_out_identified {
            writeln!(out, "  {:12} the orders do not show that customers leave", "")?;
        }
    }
    writeln!(out, "Served: {}", head.serves)
}
