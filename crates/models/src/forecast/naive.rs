//! Rules that need no model: what every forecast has to be better than.

use super::features::weeks;
use super::purchases::Summary;
use domain::commerce::Day;
use serde::{Deserialize, Serialize};

/// Rules that say how many orders come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Nobody buys again.
    Zeros,
    /// Everybody goes on at the rate of their repeat orders so far.
    PastRate,
    /// Everybody buys as often as in the last time of the same length.
    StatusQuo,
}

impl Rule {
    pub const ALL: [Rule; 3] = [Rule::Zeros, Rule::PastRate, Rule::StatusQuo];

    pub fn name(self) -> &'static str {
        match self {
            Rule::Zeros => "zeros",
            Rule::PastRate => "past_rate",
            Rule::StatusQuo => "status_quo",
        }
    }

    /// Days with an order in the next `horizon` weeks.
    pub fn mean(self, customer: &Summary, today: Day, horizon: f64) -> f64 {
        let age = weeks(customer.first, today);
        match self {
            Rule::Zeros => 0.0,
            // A customer of less than a week has no rate yet.
            Rule::PastRate => f64::from(customer.repeats()) / age.max(1.0) * horizon,
            Rule::StatusQuo => {
                let latest = customer.latest();
                let recent = latest.iter().filter(|day| weeks(**day, today) < horizon).count() as f64;
                let oldest = latest.first().map_or(0.0, |day| weeks(*day, today));
                if recent < latest.len() as f64 || latest.len() as u32 == customer.days {
                    return recent;
                }
                // Older days are known only as a sum: as many a week as there were before, as far as the time reaches.
                let before = f64::from(customer.days) - recent;
                let reach = (age - oldest).max(1.0 / 7.0);
                recent + before * ((horizon - oldest) / reach).clamp(0.0, 1.0)
            }
        }
    }
}

/// Rules that only say who is likelier to buy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ranking {
    /// The shorter the silence, the likelier.
    Recency,
    /// The sum of the three scores of [`super::rfm`].
    RfmSum,
}

impl Ranking {
    pub const ALL: [Ranking; 2] = [Ranking::Recency, Ranking::RfmSum];

    pub fn name(self) -> &'static str {
        match self {
            Ranking::Recency => "recency",
            Ranking::RfmSum => "rfm_sum",
        }
    }
}
