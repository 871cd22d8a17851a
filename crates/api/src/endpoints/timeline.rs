//! All that happened to one person in one list: what they did, what was sent to them, what they were taken up into,
//! what is known of them. And who else may be the same person.

use crate::caller::Reader;
use crate::endpoints::profiles::by_id;
use crate::listing::{Page, iso, iso_ms};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::Asked;
use axum::Json;
use axum::extract::{Path, State};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::identifier::IdentifierKind;
use domain::normalise::text::search_key;
use kit::{ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(timeline)).routes(routes!(duplicates))
}

/// Pages that are read for one answer while a search finds too little.
const ROUNDS_MAX: usize = 40;
const SEARCH_BYTES_MAX: usize = 100;
const DUPLICATES_MAX: i64 = 20;

const KINDS: &[&str] = &["event", "message", "journey", "segment", "consent", "attribute", "merge"];

/// Something in a person's life with the shop.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineItem {
    /// Unique within the person.
    id: String,
    /// `event`, `message`, `journey`, `segment`, `consent`, `attribute` or `merge`.
    kind: String,
    at: String,
    /// The event's, journey's, segment's or attribute's name; a message's template; a consent's channel and purpose;
    /// the other profile of a merge.
    name: String,
    /// What became of it: a message's or a run's state, `entered` or `left`, a consent's state, `joined` or `apart`.
    state: Option<String>,
    /// Why: a message's or a run's reason, a merge's link, a consent's source.
    reason: Option<String>,
    /// Of what it tells: a message's, run's, segment's or journey's id.
    subject_id: Option<String>,
    channel: Option<String>,
    /// All there is to it.
    #[schema(value_type = Object)]
    data: Value,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TimelineQuery {
    /// Kinds, separated by commas; all when not given.
    kinds: Option<String>,
    /// Part of a name or of what there is to it; tone marks do not matter.
    search: Option<String>,
    /// 1 to 200; 50 when not given.
    limit: Option<i64>,
    cursor: Option<String>,
}

/// How far each kind was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Behind {
    event: (i64, i64),
    message: i64,
    segment: i64,
    attribute: i64,
    journey: usize,
    consent: usize,
    merge: usize,
}

impl Default for Behind {
    fn default() -> Behind {
        let end = i64::MAX;
        Behind {
            event: (end, end),
            message: end,
            segment: end,
            attribute: end,
            journey: 0,
            consent: 0,
            merge: 0,
        }
    }
}

struct Found {
    at: Timestamp,
    item: TimelineItem,
    /// Marks it as read.
    read: Box<dyn Fn(&mut Behind)>,
}

fn found(
    at: Timestamp,
    kind: &str,
    id: impl std::fmt::Display,
    name: String,
    read: impl Fn(&mut Behind) + 'static,
) -> Found {
    let item = TimelineItem {
        id: format!("{kind}-{id}"),
        kind: kind.to_owned(),
        at: iso(at),
        name,
        state: None,
        reason: None,
        subject_id: None,
        channel: None,
        data: json!({}),
    };
    Found { at, item, read: Box::new(read) }
}

/// Up to `limit` of each kind that is wanted, newest first.
fn read(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    no: ProfileNo,
    kinds: &BTreeSet<&str>,
    behind: &Behind,
    limit: i64,
) -> Result<Vec<Found>, StoreError> {
    let take = usize::try_from(limit).unwrap_or(0);
    let mut all = Vec::new();
    if kinds.contains("event") {
        let before = (Timestamp::from_ms(behind.event.0), behind.event.1);
        for row in tx.event_page(workspace, no, before, None, limit)? {
            let key = (row.at.ms(), row.event_no);
            let mut one = found(row.at, "event", row.event_no, row.name, move |behind| behind.event = key);
            one.item.data = serde_json::from_str(&row.body).unwrap_or_default();
            all.push(one);
        }
    }
    if kinds.contains("message") {
        for row in tx.messages_of_profile(workspace, no, behind.message, limit)? {
            let key = row.message_no;
            let name = row.template_id.clone().unwrap_or_default();
            let mut one = found(row.decided_at, "message", key, name, move |behind| behind.message = key);
            let state = if row.state == super::messages::ACCEPTED { "sent".to_owned() } else { row.state };
            one.item.state = Some(state);
            one.item.reason = Some(row.reason).filter(|reason| !reason.is_empty());
            one.item.subject_id = Some(row.id);
            one.item.channel = Some(row.channel);
            one.item.data = json!({
                "purpose": row.purpose, "origin": row.origin, "address": row.address, "detail": row.detail,
                "journey_id": row.journey_id, "campaign_id": row.campaign_id,
                "sent_at": row.accepted_at.map(iso), "attempts": row.attempts,
            });
            all.push(one);
        }
    }
    if kinds.contains("segment") {
        let names: std::collections::HashMap<String, String> =
            tx.segments(workspace)?.into_iter().map(|row| (row.segment_id, row.name)).collect();
        for row in tx.transitions_of_profile(workspace, no, behind.segment, limit)? {
            let key = row.transition_no;
            let name = names.get(&row.segment_id).cloned().unwrap_or_else(|| row.segment_id.clone());
            let mut one = found(row.at, "segment", key, name, move |behind| behind.segment = key);
            one.item.state = Some(if row.entered { "entered" } else { "left" }.to_owned());
            one.item.subject_id = Some(row.segment_id);
            all.push(one);
        }
    }
    if kinds.contains("attribute") {
        for row in tx.attribute_changes(workspace, no, behind.attribute, limit)? {
            let key = row.change_no;
            let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
            let mut one = found(row.at, "attribute", key, row.name, move |behind| behind.attribute = key);
            one.item.reason = Some(row.source);
            one.item.data = json!({ "old": row.old.as_deref().map(value), "new": value(&row.new) });
            all.push(one);
        }
    }
    if kinds.contains("journey") {
        let names: std::collections::HashMap<String, String> =
            tx.journeys(workspace)?.into_iter().map(|row| (row.journey_id, row.name)).collect();
        let mut turns = Vec::new();
        for row in tx.runs_of_profile(workspace, no)? {
            turns.push((row.started_at, "started".to_owned(), row.clone()));
            if let Some(ended) = row.ended_at {
                turns.push((ended, row.state.clone(), row));
            }
        }
        turns.sort_by(|a, b| (b.0, &b.2.run_id, &b.1).cmp(&(a.0, &a.2.run_id, &a.1)));
        for (at, (when, state, row)) in turns.into_iter().enumerate().skip(behind.journey).take(take) {
            let name = names.get(&row.journey_id).cloned().unwrap_or_else(|| row.journey_id.clone());
            let id = format!("{}-{state}", row.run_id);
            let mut one = found(when, "journey", id, name, move |behind| behind.journey = at + 1);
            one.item.state = Some(state);
            one.item.subject_id = Some(row.run_id);
            one.item.data = json!({ "journey_id": row.journey_id, "version": row.version });
            all.push(one);
        }
    }
    if kinds.contains("consent") {
        let mut records = tx.consents(workspace, no)?;
        records.sort_by_key(|record| std::cmp::Reverse(record.at));
        for (at, record) in records.into_iter().enumerate().skip(behind.consent).take(take) {
            let name = format!("{}.{}", record.channel, record.purpose);
            let mut one = found(record.at(), "consent", at, name, move |behind| behind.consent = at + 1);
            one.item.state = Some(record.state.to_string());
            one.item.reason = Some(record.source);
            one.item.channel = Some(record.channel.to_string());
            one.item.data =
                json!({ "wording": record.wording, "ip": record.ip, "user_agent": record.user_agent });
            all.push(one);
        }
    }
    if kinds.contains("merge") {
        let mut rows = tx.merges(workspace, no)?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.at));
        for (at, row) in rows.into_iter().enumerate().skip(behind.merge).take(take) {
            let mut one = found(row.at, "merge", at, row.other_id, move |behind| behind.merge = at + 1);
            one.item.state = Some(if row.joined { "joined" } else { "apart" }.to_owned());
            one.item.reason = Some(row.reason);
            one.item.data = json!({ "link": row.link });
            all.push(one);
        }
    }
    Ok(all)
}

/// One list of all that happened
///
/// Newest first. A search looks through a stretch of it and says how to go on where it found too little.
#[utoipa::path(get, path = "/profiles/{id}/timeline", tag = "profiles", params(("id" = String, Path), TimelineQuery), responses((status = 200, body = Page<TimelineItem>)))]
async fn timeline(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(query): Asked<TimelineQuery>,
) -> Answer<Json<Page<TimelineItem>>> {
    let workspace = caller.workspace;
    let limit = match query.limit.unwrap_or(50) {
        limit @ 1..=200 => limit,
        _ => return Err(Problem::bad_request("invalid_limit", "limit is from 1 to 200")),
    };
    let kinds: BTreeSet<&'static str> = match query.kinds.as_deref().filter(|told| !told.is_empty()) {
        None => KINDS.iter().copied().collect(),
        Some(told) => {
            let known = |word: &str| KINDS.iter().find(|kind| **kind == word).copied();
            let kinds: Option<BTreeSet<_>> = told.split(',').map(known).collect();
            kinds.ok_or_else(|| Problem::field("kinds", format!("of {}", KINDS.join(", "))))?
        }
    };
    if query.search.as_ref().is_some_and(|text| text.len() > SEARCH_BYTES_MAX) {
        return Err(Problem::field("search", format!("at most {SEARCH_BYTES_MAX} bytes")));
    }
    let search = search_key(query.search.as_deref().unwrap_or_default());
    let behind = match &query.cursor {
        None => Behind::default(),
        Some(cursor) => {
            let told = URL_SAFE_NO_PAD.decode(cursor).ok();
            let told = told.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            told.ok_or_else(crate::listing::bad_cursor)?
        }
    };
    let no = by_id(&services, workspace, &id).await?.profile.no;
    let page = services
        .read(move |tx| {
            let mut behind = behind;
            let mut items = Vec::new();
            let wanted = usize::try_from(limit).unwrap_or(0);
            for _ in 0..ROUNDS_MAX {
                let mut all = read(tx, workspace, no, &kinds, &behind, limit)?;
                let more = !all.is_empty();
                // Stable: what has one instant stays in the order of its kind.
                all.sort_by_key(|one| std::cmp::Reverse(one.at));
                // Only the first `limit` are certain: behind them a kind may have more that is newer.
                let whole = all.len() < wanted;
                for one in all.into_iter().take(wanted) {
                    if items.len() == wanted {
                        break;
                    }
                    (one.read)(&mut behind);
                    let fits = search.is_empty()
                        || search_key(&one.item.name).contains(&search)
                        || search_key(&one.item.data.to_string()).contains(&search);
                    if fits {
                        items.push(one.item);
                    }
                }
                if !more || whole {
                    return Ok(Page { items, next: None });
                }
                if items.len() == wanted {
                    break;
                }
            }
            let next = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&behind).unwrap_or_default());
            Ok(Page { items, next: Some(next) })
        })
        .await?;
    Ok(Json(page))
}

/// Somebody who may be the same person.
#[derive(Debug, Serialize, ToSchema)]
struct DuplicateView {
    id: String,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    orders: u32,
    revenue: i64,
    created_at: String,
    /// `same_name`, or why the two were kept apart: `shared_device`, `contradicting_identifiers`,
    /// `too_many_identifiers`, `too_many_merges`.
    reason: String,
    /// What linked the two: an identifier, `alias`, `staff`; empty for a name.
    link: String,
}

/// Who may be the same person
///
/// Profiles that were kept apart from this one though something linked them, and those of exactly the same name. At
/// most 20.
#[utoipa::path(get, path = "/profiles/{id}/duplicates", tag = "profiles", params(("id" = String, Path)), responses((status = 200, body = Page<DuplicateView>)))]
async fn duplicates(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<Page<DuplicateView>>> {
    let workspace = caller.workspace;
    let stored = by_id(&services, workspace, &id).await?;
    let items = services
        .read(move |tx| {
            let own = stored.profile;
            let mut seen = BTreeSet::from([own.no.0]);
            let mut views = Vec::new();
            let mut take = |profile: domain::profile::Profile, reason: &str, link: &str| {
                if seen.insert(profile.no.0) && views.len() < DUPLICATES_MAX as usize {
                    views.push(DuplicateView {
                        id: profile.id.to_string(),
                        name: profile.full_name(),
                        email: profile.address(&IdentifierKind::Email).map(str::to_owned),
                        phone: profile.address(&IdentifierKind::Phone).map(str::to_owned),
                        orders: profile.totals.orders,
                        revenue: profile.totals.revenue,
                        created_at: iso_ms(profile.created_at),
                        reason: reason.to_owned(),
                        link: link.to_owned(),
                    });
                }
            };
            for row in tx.merges(workspace, own.no)?.into_iter().filter(|row| !row.joined) {
                if let Some(other) = tx.profile(workspace, row.other_no)? {
                    take(other.profile, &row.reason, &row.link);
                }
            }
            // One word is too common a name to say anything.
            if let Some(name) =
                own.full_name().map(|name| search_key(&name)).filter(|name| name.contains(' '))
            {
                let found = tx.search_profiles(workspace, &name, ProfileNo(i64::MAX), DUPLICATES_MAX)?;
                for other in found {
                    if other.profile.full_name().is_some_and(|theirs| search_key(&theirs) == name) {
                        take(other.profile, "same_name", "");
                    }
                }
            }
            Ok(views)
        })
        .await?;
    Ok(Json(Page::whole(items)))
}
