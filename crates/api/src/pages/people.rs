//! Everybody the shop knows, to be found by name, address or number.

use super::layout::Place;
use super::outbox::name_of;
use super::reasons;
use super::staff::{Seat, empty, seat};
use super::visit::{Refusal, offer};
use super::written::{fill, money};
use crate::Services;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use domain::identifier::IdentifierKind;
use domain::normalise::text::search_key;
use domain::profile::Profile;
use kit::ProfileNo;
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;

const PAGE_ROWS: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Search {
    search: String,
    before: Option<i64>,
}

/// `GET /people`.
pub async fn list(
    State(services): State<Arc<Services>>,
    Query(mut asked): Query<Search>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let seat = seat(&services, &parts).await?;
    asked.search = asked.search.chars().take(200).collect();
    let workspace = seat.id();
    let key = search_key(asked.search.trim());
    let is_search = !key.is_empty();
    let before = ProfileNo(asked.before.unwrap_or(i64::MAX));
    let (mut people, count) = offer(&services, seat.language, move |tx| {
        let limit = PAGE_ROWS as i64 + 1;
        let people = if key.is_empty() {
            tx.profile_page(workspace, before, limit)?
        } else {
            tx.search_profiles(workspace, &key, before, limit)?
        };
        Ok((people, tx.profile_count(workspace)?))
    })
    .await?;
    let has_older = people.len() > PAGE_ROWS;
    people.truncate(PAGE_ROWS);
    let t = seat.texts();
    let inside = html! {
        div.head {
            div {
                h1 { (t.people_title) }
                p.soft.number { (fill(t.people_lead, &[("count", &seat.number(count))])) }
            }
        }
        form.filters.short method="get" action="/people" role="search" {
            div.field {
                label for="search" { (t.people_search) }
                input #search type="search" name="search" value=(asked.search) autocomplete="off";
            }
            button type="submit" { (t.people_button) }
        }
        section.panel aria-label=(t.people_title) {
            @if people.is_empty() && is_search {
                (empty(t.people_none_heading, t.people_none_text))
            } @else if people.is_empty() {
                (empty(t.people_empty_heading, t.people_empty_text))
            } @else {
                div.columns.people aria-hidden="true" {
                    span { (t.column_person) }
                    span { (t.column_stage) }
                    span { (t.column_bought) }
                    span { (t.column_seen) }
                }
                ol.rows.people {
                    @for stored in &people { (line(&seat, &stored.profile)) }
                }
            }
        }
        @if has_older || asked.before.is_some() {
            nav.pager {
                @if asked.before.is_some() {
                    a.button.quiet href=(seat.here_with("before", None)) { (t.newer) }
                } @else { span {} }
                @if let Some(last) = people.last().filter(|_| has_older) {
                    a.button.quiet href=(seat.here_with("before", Some(&last.profile.no.0.to_string()))) { (t.older) }
                }
            }
        }
    };
    Ok(seat.page(Place::People, t.people_title, false, inside))
}

fn line(seat: &Seat, profile: &Profile) -> Markup {
    let addresses: Vec<&str> = [IdentifierKind::Email, IdentifierKind::Phone]
        .iter()
        .filter_map(|kind| profile.address(kind))
        .collect();
    html! {
        li {
            div.stack {
                a.name.whole href={ "/people/" (profile.id) } { (name_of(profile, seat)) }
                @if profile.full_name().is_some() && !addresses.is_empty() {
                    span.small.soft { (addresses.join(" · ")) }
                }
            }
            div.stack { (stage(seat, profile)) }
            span.small.number { (bought(seat, profile)) }
            span.small.soft { (seat.time(profile.last_seen_at.0)) }
        }
    }
}

fn bought(seat: &Seat, profile: &Profile) -> String {
    let (t, totals) = (seat.texts(), &profile.totals);
    let amount = money(totals.revenue, seat.workspace.settings.currency());
    let count = seat.number(i64::from(totals.orders));
    let text = match totals.orders {
        0 => t.bought_nothing,
        1 => t.bought_once,
        _ => t.bought,
    };
    fill(text, &[("count", &count), ("amount", &amount)])
}

/// Where in its life with the shop somebody stands.
pub fn stage(seat: &Seat, profile: &Profile) -> Markup {
    let stage = profile.lifecycle(seat.now).0.as_str();
    let class = match stage {
        "customer" | "repeat_customer" => "chip good",
        "subscriber" | "shopper" => "chip wait",
        "lapsing" => "chip odd",
        _ => "chip calm",
    };
    html! { span class=(class) { (reasons::stage(stage, seat.language)) } }
}
