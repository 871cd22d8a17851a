//! What is forecast of one customer.

use domain::commerce::Day;
use serde::{Deserialize, Serialize};

/// The spans of days for which orders and spend are forecast.
pub const SPANS: [u32; 3] = [30, 90, 365];

/// What to expect, and between which bounds it falls with 80 % chance.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Expected<T> {
    /// The mean of a count or of money; the median of a day.
    pub value: T,
    pub low: T,
    pub high: T,
}

/// How near somebody is to being gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Churn {
    /// Silent no longer than four in five of their own gaps.
    Active,
    /// Silent for longer, but likely enough to come back by themselves.
    Cooling,
    /// Unlikely enough to come back by themselves that winning them back pays: from their win-back day on.
    AtRisk,
    /// Hardly anybody came back after such a silence.
    Lost,
    /// Never bought anything.
    Unknown,
}

impl Churn {
    /// The word in conditions, exports and the API.
    pub fn name(self) -> &'static str {
        match self {
            Churn::Active => "active",
            Churn::Cooling => "cooling",
            Churn::AtRisk => "at_risk",
            Churn::Lost => "lost",
            Churn::Unknown => "unknown",
        }
    }
}

/// Who somebody is to the shop by recency, frequency and spend.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RfmGroup {
    Champions,
    Loyal,
    PotentialLoyal,
    New,
    Promising,
    NeedAttention,
    AboutToSleep,
    AtRisk,
    CannotLose,
    Hibernating,
    Lost,
}

impl RfmGroup {
    pub const ALL: [RfmGroup; 11] = [
        RfmGroup::Champions,
        RfmGroup::Loyal,
        RfmGroup::PotentialLoyal,
        RfmGroup::New,
        RfmGroup::Promising,
        RfmGroup::NeedAttention,
        RfmGroup::AboutToSleep,
        RfmGroup::AtRisk,
        RfmGroup::CannotLose,
        RfmGroup::Hibernating,
        RfmGroup::Lost,
    ];

    /// The word in conditions, exports and the API.
    pub fn name(self) -> &'static str {
        match self {
            RfmGroup::Champions => "champions",
            RfmGroup::Loyal => "loyal",
            RfmGroup::PotentialLoyal => "potential_loyal",
            RfmGroup::New => "new",
            RfmGroup::Promising => "promising",
            RfmGroup::NeedAttention => "need_attention",
            RfmGroup::AboutToSleep => "about_to_sleep",
            RfmGroup::AtRisk => "at_risk",
            RfmGroup::CannotLose => "cannot_lose",
            RfmGroup::Hibernating => "hibernating",
            RfmGroup::Lost => "lost",
        }
    }
}

/// Scores from 1 (worst) to 5 by the shop's frozen bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rfm {
    pub recency: u8,
    pub frequency: u8,
    pub monetary: u8,
    pub group: RfmGroup,
}

impl Rfm {
    /// The three scores as three digits, such as "545".
    pub fn cell(&self) -> String {
        format!("{}{}{}", self.recency, self.frequency, self.monetary)
    }
}

/// Everything that is forecast of one customer on one day. What is not known yet is absent.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Forecast {
    /// Chance that they are still a customer, 0 to 1; `None` where the shop's history does not show that anybody ever
    /// leaves.
    pub alive: Option<f64>,
    /// Chance of an order in the next 30 days.
    pub buys_30d: Option<f64>,
    /// Days with an order in the next [`SPANS`] days.
    pub orders: [Option<Expected<f64>>; 3],
    /// What they pay in the next [`SPANS`] days, in minor units of the shop's currency.
    pub spend: [Option<Expected<i64>>; 3],
    /// What they are worth from today on: the margin of what they pay, discounted, in minor units.
    pub clv: Option<i64>,
    /// The day of the next order of a customer who comes back at all: median and bounds, never before today.
    pub next_order: Option<Expected<Day>>,
    /// Half of their gaps are shorter; from the second order on.
    pub rhythm_days: Option<f64>,
    /// First day on which winning them back pays, counted from their last order.
    pub win_back_at: Option<Day>,
    /// Whether that day has come.
    pub win_back_due: bool,
    pub churn: Churn,
    pub rfm: Option<Rfm>,
}

impl Forecast {
    /// Of somebody who never bought anything.
    pub const UNKNOWN: Forecast = Forecast {
        alive: None,
        buys_30d: None,
        orders: [None; 3],
        spend: [None; 3],
        clv: None,
        next_order: None,
        rhythm_days: None,
        win_back_at: None,
        win_back_due: false,
        churn: Churn::Unknown,
        rfm: None,
    };
}
