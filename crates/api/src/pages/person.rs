//! All that the shop knows of one person, on one page.

use super::layout::Place;
use super::message::{run_line, way};
use super::outbox::{Names, brief, name_of};
use super::people::stage;
use super::reasons;
use super::staff::{Seat, seat};
use super::visit::{Refusal, offer};
use super::written::{date, date_time, fill, money};
use crate::Services;
use axum::extract::{Path, Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use domain::commerce::{CartLine, Order};
use domain::consent::ConsentRecord;
use domain::profile::Profile;
use kit::{Currency, DAY_MS, Id, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::history::EventRow;
use store::journeys::{RunRow, StepRow};
use store::messages::MessageRow;

const EVENTS_SHOWN: usize = 40;
const ORDERS_SHOWN: i64 = 20;
const MESSAGES_SHOWN: i64 = 20;
const RUNS_SHOWN: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Behind {
    /// The instant and number of the last event seen: `1795107900000.42`.
    before: Option<String>,
}

impl Behind {
    fn cursor(&self) -> (Timestamp, i64) {
        let read = |text: &String| {
            let (at, no) = text.split_once('.')?;
            Some((Timestamp::from_ms(at.parse().ok()?), no.parse().ok()?))
        };
        self.before.as_ref().and_then(read).unwrap_or((Timestamp::MAX, i64::MAX))
    }
}

struct Known {
    profile: Profile,
    consents: Vec<ConsentRecord>,
    orders: Vec<Order>,
    events: Vec<EventRow>,
    runs: Vec<(RunRow, Vec<StepRow>)>,
    journeys: BTreeMap<String, String>,
    messages: Vec<MessageRow>,
    names: Names,
}

/// `GET /people/{id}`.
pub async fn show(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    Query(behind): Query<Behind>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let seat = seat(&services, &parts).await?;
    let workspace = seat.id();
    let Ok(id) = id.parse::<Id>() else { return Err(Refusal::Missing(seat.language)) };
    let cursor = behind.cursor();
    let known = offer(&services, seat.language, move |tx| {
        let Some(stored) = tx.profile_by_id(workspace, id)? else { return Ok(None) };
        let no = stored.profile.no;
        let messages = tx.messages_of_profile(workspace, no, i64::MAX, MESSAGES_SHOWN)?;
        let mut runs = Vec::new();
        let mut journeys = BTreeMap::new();
        for run in tx.runs_of_profile(workspace, no)?.into_iter().take(RUNS_SHOWN) {
            if !journeys.contains_key(&run.journey_id)
                && let Some(journey) = tx.journey(workspace, &run.journey_id)?
            {
                journeys.insert(run.journey_id.clone(), journey.name);
            }
            let steps = tx.steps(workspace, &run.run_id)?;
            runs.push((run, steps));
        }
        Ok(Some(Known {
            consents: tx.consents(workspace, no)?,
            orders: tx.order_page(workspace, no, 0, ORDERS_SHOWN)?,
            events: tx.event_page(workspace, no, cursor, None, EVENTS_SHOWN as i64 + 1)?,
            names: Names::read(tx, workspace, &messages)?,
            profile: stored.profile,
            messages,
            runs,
            journeys,
        }))
    })
    .await?;
    let Some(known) = known else { return Err(Refusal::Missing(seat.language)) };
    let t = seat.texts();
    let p = &known.profile;
    let since = fill(t.since, &[("at", &date(p.first_seen_at.0, &seat.zone))]);
    let inside = html! {
        p.trail { a href="/people" { "← " (t.people_title) } }
        div.head {
            div {
                h1 { (name_of(p, &seat)) }
                p.soft {
                    (since)
                    @if p.merges > 0 {
                        " · " (fill(t.merged, &[("count", &seat.number(i64::from(p.merges)))]))
                    }
                }
            }
            div { (stage(&seat, p)) }
        }
        (figures(&seat, p))
        div.split {
            div {
                (timeline(&seat, &known))
                (orders(&seat, &known.orders))
            }
            div {
                (identifiers(&seat, p))
                (consents(&seat, &known))
                (cart(&seat, p))
                (messages(&seat, &known))
                (runs(&seat, &known))
                (attributes(&seat, p))
            }
        }
    };
    Ok(seat.page(Place::People, t.people_title, false, inside))
}

fn currency(code: &str, seat: &Seat) -> Currency {
    code.parse().unwrap_or_else(|_| seat.workspace.settings.currency())
}

fn figures(seat: &Seat, profile: &Profile) -> Markup {
    let (t, totals) = (seat.texts(), &profile.totals);
    let unit = seat.workspace.settings.currency();
    let last = totals.last_at.map(|at| match seat.now.since_ms(at.0).div_euclid(DAY_MS) {
        ..=0 => t.today.to_owned(),
        days => fill(t.days_ago, &[("days", &seat.number(days))]),
    });
    let shown = [
        (t.number_orders, seat.number(i64::from(totals.orders))),
        (t.number_revenue, money(totals.revenue, unit)),
        (t.number_average, totals.average().map_or_else(|| "–".into(), |average| money(average, unit))),
        (t.number_last, last.unwrap_or_else(|| "–".into())),
    ];
    html! {
        ul.figures {
            @for (label, value) in shown {
                li { span.value { (value) } span.label { (label) } }
            }
        }
    }
}

fn identifiers(seat: &Seat, profile: &Profile) -> Markup {
    let t = seat.texts();
    html! {
        section.panel {
            h2 { (t.identifiers) }
            dl.facts.inside {
                @for known in &profile.identifiers {
                    dt { (reasons::identifier_kind(&known.identifier.kind.to_string(), seat.language)) }
                    dd { (short(&known.identifier.value, 60)) }
                }
            }
        }
    }
}

fn short(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn attributes(seat: &Seat, profile: &Profile) -> Markup {
    let t = seat.texts();
    let held = profile.attributes.iter().filter(|(_, attribute)| !attribute.value.is_null());
    let tags: Vec<&str> = profile.active_tags().collect();
    html! {
        @if !tags.is_empty() {
            section.panel {
                h2 { (t.tags) }
                p.inside { @for tag in tags { span.tag { (tag) } " " } }
            }
        }
        @if profile.attributes.values().any(|attribute| !attribute.value.is_null()) {
            section.panel {
                h2 { (t.attributes) }
                dl.facts.inside {
                    @for (name, attribute) in held.take(100) {
                        dt { (name) }
                        dd { (match &attribute.value { Value::String(text) => short(text, 200), other => short(&other.to_string(), 200) }) }
                    }
                }
            }
        }
    }
}

fn consents(seat: &Seat, known: &Known) -> Markup {
    let (t, language) = (seat.texts(), seat.language);
    html! {
        section.panel {
            h2 { (t.consents) }
            div.inside {
                @if known.consents.is_empty() { p.soft { (t.consents_none) } }
                ul.lines {
                    @for (slot, current) in known.profile.consents.iter() {
                        @let (channel, purpose) = slot.split_once('.').unwrap_or((slot, ""));
                        @let class = match current.state.as_str() { "granted" => "chip good", "pending" => "chip wait", _ => "chip calm" };
                        li.pair {
                            span {
                                (reasons::channel(channel, language)) " · " (reasons::purpose(purpose, language))
                            }
                            span class=(class) { (reasons::consent_state(current.state.as_str(), language)) }
                        }
                    }
                }
                @if !known.consents.is_empty() {
                    details {
                        summary.small { (t.consent_proof) }
                        ol.lines.small {
                            @for record in &known.consents { (proof(seat, record)) }
                        }
                    }
                }
            }
        }
    }
}

fn proof(seat: &Seat, record: &ConsentRecord) -> Markup {
    let (t, language) = (seat.texts(), seat.language);
    html! {
        li {
            div.pair {
                strong {
                    (reasons::consent_state(record.state.as_str(), language)) " · "
                    (reasons::channel(record.channel.as_str(), language)) " · "
                    (reasons::purpose(record.purpose.as_str(), language))
                }
                (seat.time(record.at()))
            }
            p.soft {
                (fill(t.consent_source, &[("source", &record.source)]))
                @if let Some(ip) = &record.ip { " · " (ip) }
            }
            @if let Some(wording) = &record.wording { p { "“" (wording) "”" } }
            @if let Some(agent) = &record.user_agent { p.soft { (agent) } }
        }
    }
}

fn goods(lines: &[CartLine], unit: Currency) -> Markup {
    html! {
        ul.lines {
            @for line in lines {
                li.pair {
                    span {
                        (line.name.as_ref().unwrap_or(&line.product_id))
                        @if let Some(variant) = &line.variant { span.soft { " · " (variant) } }
                        @if line.quantity != 1 { span.soft.number { " × " (line.quantity) } }
                    }
                    span.number { (money(line.total(), unit)) }
                }
            }
        }
    }
}

fn cart(seat: &Seat, profile: &Profile) -> Markup {
    let t = seat.texts();
    html! {
        section.panel {
            h2 { (t.cart) }
            div.inside {
                @match profile.cart() {
                    None => p.soft { (t.cart_none) },
                    Some(cart) => {
                        @let unit = currency(&cart.currency, seat);
                        @let (text, at) = match cart.abandoned_at {
                            Some(at) => (t.cart_left, at),
                            None => (t.cart_since, cart.updated_at),
                        };
                        (goods(&cart.lines, unit))
                        p.pair.lines {
                            span.small.soft { (fill(text, &[("at", &date_time(at.0, &seat.zone))])) }
                            strong.number { (money(cart.total(), unit)) }
                        }
                    }
                }
            }
        }
    }
}

fn orders(seat: &Seat, orders: &[Order]) -> Markup {
    let t = seat.texts();
    html! {
        section.panel {
            h2 { (t.orders) }
            div.inside {
                @if orders.is_empty() { p.soft { (t.orders_none) } }
                ol.lines {
                    @for order in orders {
                        @let unit = currency(&order.currency, seat);
                        li {
                            details {
                                summary {
                                    strong { (order.order_id) } " "
                                    span class=(if order.is_cancelled() { "chip calm" } else { "chip good" }) {
                                        (reasons::order_status(order.status(), seat.language))
                                    } " "
                                    span.number { (money(order.gross(), unit)) }
                                    @if order.refunded() > 0 {
                                        span.small.soft.number {
                                            " " (fill(t.order_refunded, &[("amount", &money(order.refunded(), unit))]))
                                        }
                                    }
                                    " " span.small.soft { (seat.time(order.placed_at.0)) }
                                }
                                (goods(&order.contents.lines, unit))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn timeline(seat: &Seat, known: &Known) -> Markup {
    let t = seat.texts();
    let has_older = known.events.len() > EVENTS_SHOWN;
    let shown = &known.events[..known.events.len().min(EVENTS_SHOWN)];
    html! {
        section.panel {
            h2 { (t.timeline) }
            div.inside {
                @if shown.is_empty() { p.soft { (t.timeline_none) } }
                ol.trace {
                    @for event in shown { (happening(seat, event)) }
                }
                @if let Some(last) = shown.last().filter(|_| has_older) {
                    @let behind = format!("{}.{}", last.at.ms(), last.event_no);
                    p { a href=(seat.here_with("before", Some(&behind))) { (t.timeline_older) } }
                }
            }
        }
    }
}

/// What an event was about, in a few words, from the properties that shops send most.
fn gist(body: &Value) -> String {
    let properties = &body["properties"];
    let named = ["name", "title", "query", "order_id", "orderId", "category", "link_url", "url", "path"];
    let first = properties["products"].get(0).and_then(|product| product["name"].as_str());
    let word = named.iter().find_map(|key| match &properties[key] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    short(&word.or_else(|| first.map(str::to_owned)).unwrap_or_default(), 80)
}

fn happening(seat: &Seat, event: &EventRow) -> Markup {
    let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
    let gist = gist(&body);
    let whole = serde_json::to_string_pretty(&body).unwrap_or_default();
    html! {
        li {
            details {
                summary {
                    strong { (reasons::event(&event.name, seat.language)) }
                    @if !gist.is_empty() { " · " (gist) }
                }
                pre tabindex="0" { (whole) }
            }
            p.small.soft {
                (seat.time(event.at))
                @if event.historical { " · " (seat.texts().timeline_past) }
            }
        }
    }
}

fn messages(seat: &Seat, known: &Known) -> Markup {
    let t = seat.texts();
    html! {
        section.panel {
            h2 { (t.messages) }
            div.inside {
                @if known.messages.is_empty() { p.soft { (t.messages_none) } }
                (brief(seat, &known.messages, &known.names))
            }
        }
    }
}

fn runs(seat: &Seat, known: &Known) -> Markup {
    let t = seat.texts();
    html! {
        section.panel {
            h2 { (t.runs) }
            div.inside {
                @if known.runs.is_empty() { p.soft { (t.runs_none) } }
                ol.lines {
                    @for (run, steps) in &known.runs {
                        li {
                            details {
                                summary {
                                    strong { (known.journeys.get(&run.journey_id).unwrap_or(&run.journey_id)) }
                                    " " span.small.soft { (run_line(seat, run)) }
                                }
                                (way(seat, steps))
                            }
                        }
                    }
                }
            }
        }
    }
}
