//! How good a fit is and by what that is known: the model page of the API.

use super::naive::Rule;
use super::replay::WinBackReport;
use crate::measure::{Group, Scores};
use domain::btyd::Fit;
use domain::btyd::spend::{Independence, SpendFit};
use domain::commerce::Day;
use serde::{Deserialize, Serialize};

/// What a fit was made from.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Data {
    pub customers: usize,
    /// Customers with a second order.
    pub repeaters: usize,
    /// Days with an order, over all customers.
    pub purchases: usize,
    /// First and last day, counted from 1970-01-01.
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub weeks: f64,
    /// Orders of days that cannot be: in the future, or too long ago.
    pub left_out: u64,
    /// Customers by whom trees were taught and candidates were judged, where all would be too many.
    pub sampled: Option<usize>,
}

/// Why what serves serves, and what to know about it. Stable words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The mean of the model of buying and boosted trees was the best on the shop's own past.
    AverageIsBest,
    /// The model of buying was the best.
    ModelIsBest,
    /// Less than 1,000 customers, or less than twice the horizon of history: nothing to teach trees with.
    TooLittleForTrees,
    /// A naive rule was better than every model on the shop's own past, so it serves.
    RuleIsBetter,
    /// The model's forecasts are multiplied by what came over what was forecast.
    Corrected,
    /// No customers: what shops are like is all there is.
    NoData,
    /// Fewer than 300 customers with a second order: drawn towards what shops are like, with wide intervals.
    PooledPrior,
    /// The history is too short to train before a day and judge after it.
    NotBackTested,
    /// The orders do not tell that anybody leaves: there is no chance to be a customer still.
    DropOutNotIdentified,
    /// How much customers spend an order goes with how often they buy: worth is misjudged for frequent buyers.
    ValueDependsOnFrequency,
    /// Worth is the geometric mean of forecast and past payments, which ranked customers better.
    WorthBlended,
    /// No order has an amount in the shop's currency.
    NoAmounts,
    /// The accepted waste cannot be kept with any win-back day before the cap.
    WasteNotKept,
    /// Too few silences to learn win-back days from: the model alone says when.
    WinBackNotBackTested,
    /// The search for the parameters did not end where it should.
    NotConverged,
    /// Orders of impossible days were left out.
    OrdersLeftOut,
    /// Trees and back-test saw only a part of the customers.
    Sampled,
}

/// A model that was fitted to all orders.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fitted {
    pub name: String,
    /// `pooled`, `weak` or `none`.
    pub prior: String,
    pub fit: Fit,
}

/// One way to forecast, judged after the cut.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Judged {
    pub name: String,
    /// Whether it is a rule that needs no model.
    pub is_naive: bool,
    pub scores: Scores,
}

/// What was forecast of payments, judged after the cut.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ValueScores {
    /// All that was forecast, before it was scaled, over all that came.
    pub bias: Option<f64>,
    /// Normalised Gini of what each customer paid: 1 is the best order of customers, 0 is chance.
    pub gini: Option<f64>,
    pub spearman: Option<f64>,
    /// Gini of the geometric mean of forecast and past payments; where it is clearly better it serves for CLV.
    pub gini_blended: Option<f64>,
    /// Of ranking customers by what they had paid so far.
    pub gini_past_spend: Option<f64>,
    /// Share of what came that the best fifth by forecast paid.
    pub top_fifth: Option<f64>,
}

/// Trained before a day and judged after it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct BackTest {
    /// The last day that was known.
    pub cut: Day,
    /// The last day that was judged.
    pub until: Day,
    pub weeks: f64,
    pub customers: usize,
    /// Days with an order after the cut, over those customers.
    pub orders: f64,
    pub candidates: Vec<Judged>,
    /// Name of the candidate that serves.
    pub serves: String,
    /// Tenths of the customers by forecast, of the one that serves.
    pub calibration: Vec<Group>,
    /// Share of customers inside their 80 % interval of orders. Above 0.8 where most have few: counts are whole.
    pub coverage: Option<f64>,
    pub value: ValueScores,
}

/// What came since the serving document was learned, beside what it had forecast.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Drift {
    pub from: Day,
    pub until: Day,
    pub expected: f64,
    pub came: f64,
    /// What came over what was expected.
    pub ratio: Option<f64>,
    /// Whether that is further from 1 than chance and a usual season explain: above 1.25 or below 0.8 with at least
    /// 100 orders expected.
    pub has_drifted: bool,
    pub scores: Scores,
}

/// All of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    pub learned_on: Day,
    pub data: Data,
    /// The one that serves first.
    pub models: Vec<Fitted>,
    pub spend: Option<SpendFit>,
    pub independence: Option<Independence>,
    pub back_test: Option<BackTest>,
    pub win_back: WinBackReport,
    /// `model`, `average`, or the name of a rule.
    pub serves: String,
    pub rule: Option<Rule>,
    pub reasons: Vec<Reason>,
}

/// Whether a new fit takes the place of what serves.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    pub is_better: bool,
    /// Stable words: `no_back_test`, `new_terms`, `older_than_a_month`, `as_good_and_newer`, `better_rmse`,
    /// `worse_auc` and so on.
    pub reasons: Vec<String>,
    pub old: Option<Scores>,
    pub new: Option<Scores>,
    pub drift: Option<Drift>,
}
