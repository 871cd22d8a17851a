//! The laws that the gate knows, as their documents say.

use crate::caller::Reader;
use crate::listing::Page;
use axum::Json;
use domain::consent::{Channel, Purpose};
use domain::gate::{Cap, Hours, Window};
use domain::law::{Law, Named, Weight, laws};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<crate::services::Services>> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Debug, Serialize, ToSchema)]
struct InTwoLanguages {
    vi: String,
    en: String,
}

impl InTwoLanguages {
    fn of(named: &Named) -> InTwoLanguages {
        InTwoLanguages { vi: named.vi.clone(), en: named.en.clone() }
    }
}

/// At most so many messages.
#[derive(Debug, Serialize, ToSchema)]
struct LawCapView {
    /// What an override names.
    rule: String,
    /// `firm`, `default` (an override sets it aside) or `advice`.
    weight: String,
    source: String,
    /// Null: all together.
    channel: Option<String>,
    /// Null: every purpose but the transactional one.
    purpose: Option<String>,
    count: u32,
    hours: u32,
    /// `sliding`, `day` or `week`.
    window: String,
}

/// Only between two minutes of the customer's day.
#[derive(Debug, Serialize, ToSchema)]
struct LawHoursView {
    rule: String,
    /// `firm`, `default` or `advice`.
    weight: String,
    source: String,
    channel: String,
    purpose: Option<String>,
    from: u16,
    to: u16,
}

/// What an advertisement begins with.
#[derive(Debug, Serialize, ToSchema)]
struct LawLabelView {
    rule: String,
    channel: String,
    any_of: Vec<String>,
    source: String,
}

/// The law of a country, as far as the gate keeps to it.
#[derive(Debug, Serialize, ToSchema)]
struct LawView {
    /// What `policy.country` names.
    code: String,
    name: InTwoLanguages,
    about: InTwoLanguages,
    caps: Vec<LawCapView>,
    hours: Vec<LawHoursView>,
    labels: Vec<LawLabelView>,
    /// Channels on which each advertisement says how to stop.
    opt_out: Vec<String>,
    /// No answer for so long is a refusal.
    answer_within_hours: Option<u32>,
    /// Channels on which a refusal is confirmed.
    confirm_stop: Vec<String>,
    /// Whether there is a register of numbers that nobody may advertise to.
    do_not_call: bool,
}

fn weight(weight: Weight) -> String {
    let word = match weight {
        Weight::Firm => "firm",
        Weight::Default => "default",
        Weight::Advice => "advice",
    };
    word.to_owned()
}

impl LawView {
    fn of(law: &Law) -> LawView {
        let words = |channels: &[Channel]| channels.iter().map(ToString::to_string).collect();
        let purpose = |purpose: Option<Purpose>| purpose.map(|purpose| purpose.to_string());
        let caps = law.caps.iter().map(|held| {
            let Cap { channel, purpose: of, count, hours, window } = held.cap;
            let window = match window {
                Window::Sliding => "sliding",
                Window::Day => "day",
                Window::Week => "week",
            };
            LawCapView {
                rule: held.rule.clone(),
                weight: weight(held.weight),
                source: held.source.clone(),
                channel: channel.map(|channel| channel.to_string()),
                purpose: purpose(of),
                count,
                hours,
                window: window.to_owned(),
            }
        });
        let hours = law.hours.iter().map(|held| {
            let Hours { channel, purpose: of, from, to } = held.hours;
            LawHoursView {
                rule: held.rule.clone(),
                weight: weight(held.weight),
                source: held.source.clone(),
                channel: channel.to_string(),
                purpose: purpose(of),
                from,
                to,
            }
        });
        let labels = law.labels.iter().map(|label| LawLabelView {
            rule: label.rule.clone(),
            channel: label.channel.to_string(),
            any_of: label.any_of.clone(),
            source: label.source.clone(),
        });
        LawView {
            code: law.code.clone(),
            name: InTwoLanguages::of(&law.name),
            about: InTwoLanguages::of(&law.about),
            caps: caps.collect(),
            hours: hours.collect(),
            labels: labels.collect(),
            opt_out: words(&law.opt_out),
            answer_within_hours: law.answer_within_hours,
            confirm_stop: words(&law.confirm_stop),
            do_not_call: law.do_not_call,
        }
    }
}

/// List the laws
///
/// What the gate keeps to beside the shop's own rules, by country; `policy.country` of the settings names one. An
/// engineer's reading, not legal advice.
#[utoipa::path(get, path = "/policies", tag = "workspace", responses((status = 200, body = Page<LawView>)))]
async fn list(Reader(_): Reader) -> Json<Page<LawView>> {
    Json(Page::whole(laws().iter().map(LawView::of).collect()))
}
