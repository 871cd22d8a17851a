//! The ledger as a list: every message that was decided on, the newest first, and why it went or did not.

use super::layout::Place;
use super::reasons;
use super::staff::{Seat, empty, seat};
use super::visit::{Refusal, offer};
use super::written::fill;
use crate::Services;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use domain::normalise::text::search_key;
use domain::profile::Profile;
use kit::{DAY_MS, ProfileNo, WorkspaceId};
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::messages::MessageRow;
use store::{ReadTx, StoreError};

const PAGE_ROWS: usize = 50;
/// People whose messages a search shows.
const FOUND_PEOPLE_MAX: i64 = 30;
/// Messages of each of them that a search looks through.
const FOUND_MESSAGES_MAX: i64 = 300;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    q: String,
    state: String,
    channel: String,
    before: Option<i64>,
    live: Option<String>,
}

impl Filter {
    fn is_set(&self) -> bool {
        !(self.q.trim().is_empty() && self.state.is_empty() && self.channel.is_empty())
    }
}

/// Who and what the rows of a list name.
#[derive(Default)]
pub struct Names {
    pub people: BTreeMap<ProfileNo, Profile>,
    pub templates: BTreeMap<String, String>,
    pub journeys: BTreeMap<String, String>,
}

impl Names {
    pub fn read(
        tx: &mut ReadTx<'_>,
        workspace: WorkspaceId,
        rows: &[MessageRow],
    ) -> Result<Names, StoreError> {
        let numbers: BTreeSet<ProfileNo> = rows.iter().map(|row| row.profile).collect();
        let keys: Vec<_> = numbers.into_iter().map(|no| (workspace, no)).collect();
        let people = tx.profiles(&keys)?;
        let used: BTreeSet<&String> = rows.iter().filter_map(|row| row.template_id.as_ref()).collect();
        let mut templates = BTreeMap::new();
        for id in used {
            if let Some(template) = tx.template(workspace, id)? {
                templates.insert(id.clone(), template.name);
            }
        }
        let used: BTreeSet<&String> = rows.iter().filter_map(|row| row.journey_id.as_ref()).collect();
        let mut journeys = BTreeMap::new();
        for id in used {
            if let Some(journey) = tx.journey(workspace, id)? {
                journeys.insert(id.clone(), journey.name);
            }
        }
        let people = people.into_iter().map(|(_, stored)| (stored.profile.no, stored.profile)).collect();
        Ok(Names { people, templates, journeys })
    }

    /// The name of the template, or what else the message is.
    pub fn of_message(&self, row: &MessageRow, seat: &Seat) -> String {
        let t = seat.texts();
        match &row.template_id {
            Some(id) => self.templates.get(id).unwrap_or(id).clone(),
            None if row.channel == "webhook" => row.node.clone().unwrap_or_default(),
            None => t.origin_staff.to_owned(),
        }
    }

    /// Where the message comes from.
    pub fn origin_of(&self, row: &MessageRow, seat: &Seat) -> String {
        let t = seat.texts();
        match (&row.journey_id, row.origin.as_str()) {
            (_, "test") => t.origin_test.to_owned(),
            (Some(id), _) => {
                let name = self.journeys.get(id).unwrap_or(id);
                fill(t.origin_journey, &[("journey", name)])
            }
            (None, "staff") => t.origin_staff.to_owned(),
            (None, _) => t.origin_api.to_owned(),
        }
    }
}

/// A person's name; of one who told none the newest address.
pub fn name_of(profile: &Profile, seat: &Seat) -> String {
    use domain::identifier::IdentifierKind::{Email, Phone};
    let address = || profile.address(&Email).or_else(|| profile.address(&Phone)).map(str::to_owned);
    profile.full_name().or_else(address).unwrap_or_else(|| seat.texts().nameless.to_owned())
}

fn found(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    before: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    let limit = PAGE_ROWS as i64 + 1;
    let key = search_key(filter.q.trim());
    if key.is_empty() {
        return tx.message_page(workspace, before, limit, &filter.state, &filter.channel, "");
    }
    let mut rows = Vec::new();
    for stored in tx.search_profiles(workspace, &key, ProfileNo(i64::MAX), FOUND_PEOPLE_MAX)? {
        rows.extend(tx.messages_of_profile(workspace, stored.profile.no, before, FOUND_MESSAGES_MAX)?);
    }
    let fits = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
    rows.retain(|row| fits(&filter.state, &row.state) && fits(&filter.channel, &row.channel));
    rows.sort_by_key(|row| std::cmp::Reverse(row.message_no));
    rows.truncate(PAGE_ROWS + 1);
    Ok(rows)
}

/// `GET /outbox`.
pub async fn list(
    State(services): State<Arc<Services>>,
    Query(mut filter): Query<Filter>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let seat = seat(&services, &parts).await?;
    filter.q = filter.q.chars().take(200).collect();
    filter.state.retain(|c| c.is_ascii_alphanumeric() || c == '_');
    filter.channel.retain(|c| c.is_ascii_alphanumeric() || c == '_');
    let workspace = seat.id();
    let since = seat.now.plus_ms(-DAY_MS);
    let (filter, mut rows, names, states) = offer(&services, seat.language, move |tx| {
        let rows = found(tx, workspace, &filter, filter.before.unwrap_or(i64::MAX))?;
        let names = Names::read(tx, workspace, &rows)?;
        Ok((filter, rows, names, tx.message_states(workspace, since)?))
    })
    .await?;
    let has_older = rows.len() > PAGE_ROWS;
    rows.truncate(PAGE_ROWS);
    let is_live = filter.live.is_some() && filter.before.is_none();
    let t = seat.texts();
    let inside = html! {
        div.head {
            div { h1 { (t.outbox_title) } p.soft { (t.outbox_lead) } }
            @if filter.before.is_none() {
                @if is_live {
                    a.button.quiet href=(seat.here_with("live", None)) { (t.live_is_on) }
                } @else {
                    a.button.quiet href=(seat.here_with("live", Some("1"))) { (t.live_on) }
                }
            }
        }
        (figures(&seat, &states))
        (filters(&seat, &filter))
        (ledger(&seat, &filter, &rows, &names))
        @if has_older || filter.before.is_some() {
            nav.pager {
                @if filter.before.is_some() {
                    a.button.quiet href=(seat.here_with("before", None)) { (t.newer) }
                } @else { span {} }
                @if let Some(last) = rows.last().filter(|_| has_older) {
                    a.button.quiet href=(seat.here_with("before", Some(&last.message_no.to_string()))) { (t.older) }
                }
            }
        }
    };
    Ok(seat.page(Place::Outbox, t.outbox_title, is_live, inside))
}

fn figures(seat: &Seat, states: &[(String, String, String, i64)]) -> Markup {
    let t = seat.texts();
    let sum = |wanted: &[&str]| -> i64 {
        states.iter().filter(|row| wanted.contains(&row.1.as_str())).map(|row| row.3).sum()
    };
    let shown = [
        (t.sum_accepted, sum(&["accepted"])),
        (t.sum_waiting, sum(&["queued", "held", "sending"])),
        (t.sum_refused, sum(&["refused", "cancelled"])),
        (t.sum_failed, sum(&["failed", "unknown"])),
    ];
    html! {
        ul #figures .figures.counts {
            @for (label, value) in shown {
                li {
                    span.value { (seat.number(value)) }
                    span.label { (label) span.when { " · " (t.last_day) } }
                }
            }
        }
    }
}

fn filters(seat: &Seat, filter: &Filter) -> Markup {
    let (t, language) = (seat.texts(), seat.language);
    html! {
        form.filters method="get" action="/outbox" role="search" aria-label=(t.filter_label) {
            div.field.wide {
                label for="q" { (t.filter_person) }
                input #q type="search" name="q" value=(filter.q) autocomplete="off";
            }
            div.field {
                label for="state" { (t.filter_state) }
                select #state name="state" {
                    option value="" { (t.filter_any) }
                    @for state in reasons::states() {
                        option value=(state) selected[state == filter.state] { (reasons::state(state, language)) }
                    }
                }
            }
            div.field {
                label for="channel" { (t.filter_channel) }
                select #channel name="channel" {
                    option value="" { (t.filter_any) }
                    @for channel in reasons::channels() {
                        option value=(channel) selected[channel == filter.channel] {
                            (reasons::channel(channel, language))
                        }
                    }
                }
            }
            @if filter.live.is_some() { input type="hidden" name="live" value="1"; }
            div.deeds.wide {
                button type="submit" { (t.filter_button) }
                @if filter.is_set() { a.button.quiet href="/outbox" { (t.filter_clear) } }
            }
        }
    }
}

fn ledger(seat: &Seat, filter: &Filter, rows: &[MessageRow], names: &Names) -> Markup {
    let t = seat.texts();
    html! {
        section #list .panel aria-label=(t.outbox_title) {
            @if rows.is_empty() && filter.is_set() {
                (empty(t.outbox_none_heading, t.outbox_none_text))
            } @else if rows.is_empty() {
                (empty(t.outbox_empty_heading, t.outbox_empty_text))
            } @else {
                div.columns aria-hidden="true" {
                    span { (t.column_time) }
                    span { (t.column_person) }
                    span { (t.column_message) }
                    span { (t.column_state) }
                }
                ol.rows {
                    @for row in rows { (line(seat, row, names)) }
                }
            }
        }
    }
}

fn line(seat: &Seat, row: &MessageRow, names: &Names) -> Markup {
    let t = seat.texts();
    html! {
        li {
            span.small.soft { (seat.time(row.decided_at)) }
            div.stack {
                @match names.people.get(&row.profile) {
                    Some(profile) => {
                        a.name.above href={ "/people/" (profile.id) } { (name_of(profile, seat)) }
                    }
                    None => span { (t.gone_person) },
                }
                span.small.soft { (reasons::channel(&row.channel, seat.language)) }
            }
            div.stack {
                a.name.whole href={ "/outbox/" (row.id) } { (names.of_message(row, seat)) }
                span.small.soft { (names.origin_of(row, seat)) }
            }
            div.stack { (seat.state(row)) }
        }
    }
}

/// The messages of one person, for their page.
pub fn brief(seat: &Seat, rows: &[MessageRow], names: &Names) -> Markup {
    html! {
        ol.lines {
            @for row in rows {
                li {
                    div.pair {
                        a href={ "/outbox/" (row.id) } { (names.of_message(row, seat)) }
                        span.small.soft { (seat.time(row.decided_at)) }
                    }
                    div.stack { (seat.state(row)) }
                }
            }
        }
    }
}
