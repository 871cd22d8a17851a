//! What a document's answers are made from that is the same for everybody: computed when somebody asks first, never
//! stored.

use super::answer::SPANS;
use super::outlook::Outlook;
use domain::btyd::{Tables, WEEK_DAYS};
use domain::commerce::Day;
use std::sync::OnceLock;

/// Parts of the time over which a worth is counted, each discounted as of its middle.
pub const WORTH_PARTS: u32 = 4;

#[derive(Debug)]
pub struct Prepared {
    pub tables: Tables,
    /// Until when each part of a worth reaches, in weeks, and what money of it is worth today.
    pub worth: [(f64, f64); WORTH_PARTS as usize],
    /// Days of silence until the win-back day of those who bought once: one number for all of them.
    pub once_silence: OnceLock<Day>,
}

impl Prepared {
    fn of(outlook: &Outlook) -> Prepared {
        let (days, parts) = (f64::from(outlook.terms.clv_days), f64::from(WORTH_PARTS));
        let worth = std::array::from_fn(|part| {
            let part = part as f64 + 1.0;
            let years = days / 365.25 * (part - 0.5) / parts;
            (days / WEEK_DAYS * part / parts, (1.0 + outlook.terms.discount_rate).powf(-years))
        });
        let spans = SPANS.iter().map(|days| f64::from(*days) / WEEK_DAYS);
        let horizons = spans.chain([outlook.horizon_weeks]).chain(worth.iter().map(|(until, _)| *until));
        Prepared { tables: Tables::new(outlook.timing, horizons), worth, once_silence: OnceLock::new() }
    }
}

/// Of one document. A copy of it, which may be changed, begins without.
#[derive(Debug, Default)]
pub struct Ready(OnceLock<Box<Prepared>>);

impl Ready {
    pub fn get(&self, outlook: &Outlook) -> &Prepared {
        let held = self.0.get_or_init(|| Box::new(Prepared::of(outlook)));
        debug_assert!(
            held.tables.model() == &outlook.timing,
            "the model of buying was changed after it was asked"
        );
        held
    }
}

impl Clone for Ready {
    fn clone(&self) -> Ready {
        Ready::default()
    }
}

impl PartialEq for Ready {
    /// It follows from the rest of the document.
    fn eq(&self, _: &Ready) -> bool {
        true
    }
}
