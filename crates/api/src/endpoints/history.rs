//! What happened to one profile: its timeline, consents, changes and joins.

use crate::caller::{Reader, Writer};
use crate::endpoints::profiles::{ConsentView, by_id};
use crate::endpoints::segments::{SegmentOfProfile, segments_of_profile};
use crate::listing::{Page, Paging, bad_cursor, instant, iso, iso_ms};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::consent::{Aspect, Channel, ConsentRecord, ConsentState, Proof, Purpose};
use engine::Note;
use kit::{MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::history::EventRow;
use store::people::MergeRow;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(timeline))
        .routes(routes!(segments))
        .routes(routes!(consents, consent))
        .routes(routes!(changes))
        .routes(routes!(merges))
}

/// Something that a person did, or that happened to them.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    pub id: String,
    /// The name of a track call, of a page or of a screen; else the kind.
    pub name: String,
    /// `track`, `identify`, `page`, `screen`, `group` or `alias`.
    pub kind: String,
    /// When it happened, corrected for the client's clock.
    pub at: String,
    pub received_at: String,
    /// Imported: it started no journey.
    pub historical: bool,
    pub message_id: String,
    #[schema(value_type = Object)]
    pub properties: Value,
    #[schema(value_type = Object)]
    pub traits: Value,
    #[schema(value_type = Object)]
    pub context: Value,
}

impl EventView {
    fn of(row: EventRow) -> EventView {
        let mut body: Value = serde_json::from_str(&row.body).unwrap_or_default();
        let mut part = |name: &str| match body.get_mut(name).map(Value::take) {
            Some(Value::Null) | None => Value::Object(Default::default()),
            Some(part) => part,
        };
        let (properties, traits, context) = (part("properties"), part("traits"), part("context"));
        EventView {
            id: row.event_no.to_string(),
            kind: body["type"].as_str().unwrap_or("track").to_owned(),
            name: row.name,
            at: iso(row.at),
            received_at: iso(row.received_at),
            historical: row.historical,
            message_id: row.message_id,
            properties,
            traits,
            context,
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TimelineQuery {
    /// Only events of this name.
    name: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// A profile's timeline
///
/// Newest first.
#[utoipa::path(get, path = "/profiles/{id}/events", tag = "profiles", params(("id" = String, Path), TimelineQuery), responses((status = 200, body = Page<EventView>)))]
async fn timeline(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(query): Asked<TimelineQuery>,
) -> Answer<Json<Page<EventView>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = paging.limit()?;
    let before = match paging.after::<2>()? {
        None => (Timestamp::MAX, i64::MAX),
        Some([at, no]) => match (at.parse(), no.parse()) {
            (Ok(at), Ok(no)) => (Timestamp::from_ms(at), no),
            _ => return Err(bad_cursor()),
        },
    };
    let no = by_id(&services, workspace, &id).await?.profile.no;
    let rows = services
        .read(move |tx| tx.event_page(workspace, no, before, query.name.as_deref(), limit + 1))
        .await?;
    let behind = |row: &EventRow| [row.at.ms().to_string(), row.event_no.to_string()];
    Ok(Json(Page::of(rows, limit, behind, EventView::of)))
}

/// The segments that a profile is in
#[utoipa::path(get, path = "/profiles/{id}/segments", tag = "profiles", params(("id" = String, Path)), responses((status = 200, body = Page<SegmentOfProfile>)))]
async fn segments(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<Page<SegmentOfProfile>>> {
    Ok(Json(Page::whole(segments_of_profile(&services, caller.workspace, &id).await?)))
}

/// One statement by or about a person, with what proves it.
#[derive(Debug, Serialize, ToSchema)]
struct ConsentRecordView {
    channel: String,
    purpose: String,
    /// `granted`, `pending` or `denied`.
    state: String,
    at: String,
    source: String,
    wording: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
    /// `whole`, `topic`, `often` or `pause`: what of the messages it is about.
    aspect: String,
    /// The id of the topic, or how often.
    about: Option<String>,
    /// Who made it.
    actor: Option<String>,
    /// Where more is to be found: a message's id, a file's row.
    evidence: Option<String>,
    expires_at: Option<String>,
    /// SHA-256 of the words: names the version that was shown.
    wording_hash: Option<String>,
}

impl ConsentRecordView {
    fn of(record: ConsentRecord) -> ConsentRecordView {
        let (aspect, about) = match record.aspect {
            Aspect::Whole => ("whole", None),
            Aspect::Topic(topic) => ("topic", Some(topic)),
            Aspect::Often(often) => ("often", Some(often.as_str().to_owned())),
            Aspect::Pause => ("pause", None),
        };
        ConsentRecordView {
            channel: record.channel.to_string(),
            purpose: record.purpose.to_string(),
            state: record.state.to_string(),
            at: iso_ms(record.at),
            source: record.source,
            wording: record.wording,
            ip: record.ip,
            user_agent: record.user_agent,
            aspect: aspect.to_owned(),
            about,
            actor: record.proof.actor,
            evidence: record.proof.evidence,
            expires_at: record.proof.expires_at.map(iso_ms),
            wording_hash: record.proof.wording_hash,
        }
    }
}

/// The proof of consent
///
/// Every statement, newest first, at most 500. What holds now is in the profile.
#[utoipa::path(get, path = "/profiles/{id}/consents", tag = "profiles", params(("id" = String, Path)), responses((status = 200, body = Page<ConsentRecordView>)))]
async fn consents(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<Page<ConsentRecordView>>> {
    let workspace = caller.workspace;
    let no = by_id(&services, workspace, &id).await?.profile.no;
    let records = services.read(move |tx| tx.consents(workspace, no)).await?;
    Ok(Json(Page::whole(records.into_iter().map(ConsentRecordView::of).collect())))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewConsent {
    /// `email`, `sms`, `zalo`, `push`, `onsite` or `webhook`.
    channel: String,
    /// `marketing` when not given; also `transactional`, `profiling`, `ads`.
    purpose: Option<String>,
    /// Given or taken back; or name the `state`.
    granted: Option<bool>,
    /// `granted`, `pending` (asked for, not yet confirmed) or `denied`.
    state: Option<String>,
    /// When the person said so; now when not given.
    at: Option<String>,
    /// Where: `form:footer`, `counter`. `api` when not given.
    source: Option<String>,
    /// The words that the person agreed to.
    wording: Option<String>,
    /// The person's own address and program, as proof.
    ip: Option<String>,
    user_agent: Option<String>,
    /// Only for one of the shop's topics, on every channel: its id.
    topic: Option<String>,
    /// Until when it holds; for good when not given.
    expires_at: Option<String>,
    /// Where more is to be found: the number of a call, a file and its row.
    evidence: Option<String>,
}

/// Record a consent
///
/// The later statement holds; of two at one instant the stricter.
#[utoipa::path(post, path = "/profiles/{id}/consents", tag = "profiles", params(("id" = String, Path)), request_body = NewConsent, responses((status = 201, body = BTreeMap<String, ConsentView>)))]
async fn consent(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    Told(told): Told<NewConsent>,
) -> Answer<(StatusCode, Json<BTreeMap<String, ConsentView>>)> {
    let workspace = caller.workspace;
    let stored = by_id(&services, workspace, &id).await?;
    let now = services.now();
    let at = told.at.as_deref().map(|text| instant("at", text)).transpose()?.unwrap_or(now);
    if at > now.plus_ms(5 * MINUTE_MS) {
        return Err(Problem::field("at", "not in the future"));
    }
    let state = match (told.granted, &told.state) {
        (Some(true), None) => ConsentState::Granted,
        (Some(false), None) => ConsentState::Denied,
        (None, Some(word)) => word.parse().map_err(|error: String| Problem::field("state", error))?,
        _ => return Err(Problem::field("granted", "either granted or state is needed")),
    };
    let text = |field: &str, text: Option<String>, most: usize| match text {
        Some(text) if text.len() > most => Err(Problem::field(field, format!("at most {most} bytes"))),
        text => Ok(text),
    };
    let wording_hash = told.wording.as_deref().map(domain::consent::wording_hash);
    let record = ConsentRecord {
        channel: told.channel.parse::<Channel>().map_err(|error| Problem::field("channel", error))?,
        purpose: match &told.purpose {
            Some(word) => word.parse::<Purpose>().map_err(|error| Problem::field("purpose", error))?,
            None => Purpose::Marketing,
        },
        state,
        at: at.min(now).into(),
        source: text("source", told.source, 200)?.unwrap_or_else(|| "api".into()),
        wording: text("wording", told.wording, 8_000)?,
        ip: text("ip", told.ip, 100)?,
        user_agent: text("user_agent", told.user_agent, 500)?,
        aspect: match text("topic", told.topic, 100)? {
            Some(topic) if topic.is_empty() => return Err(Problem::field("topic", "the id of a topic")),
            Some(topic) => Aspect::Topic(topic),
            None => Aspect::Whole,
        },
        proof: Proof {
            actor: Some(caller.source),
            evidence: text("evidence", told.evidence, 500)?,
            expires_at: told
                .expires_at
                .as_deref()
                .map(|text| instant("expires_at", text))
                .transpose()?
                .map(Into::into),
            wording_hash,
        },
    };
    let note = Note::Consent { profile_id: stored.profile.id.to_string(), records: vec![record] };
    services.note(workspace, &note).await?;
    let fresh = by_id(&services, workspace, &id).await?;
    let in_force = fresh.profile.consents.iter().map(|(slot, held)| {
        let view =
            ConsentView { state: held.state.to_string(), at: iso_ms(held.at), source: held.source.clone() };
        (slot.to_owned(), view)
    });
    Ok((StatusCode::CREATED, Json(in_force.collect())))
}

/// An attribute that became another.
#[derive(Debug, Serialize, ToSchema)]
struct ChangeView {
    name: String,
    at: String,
    /// Null when there was none.
    old: Value,
    /// Null when it was removed.
    new: Value,
    source: String,
}

/// The history of attributes
///
/// Newest first.
#[utoipa::path(get, path = "/profiles/{id}/changes", tag = "profiles", params(("id" = String, Path), Paging), responses((status = 200, body = Page<ChangeView>)))]
async fn changes(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<ChangeView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let before = paging.after_number()?.unwrap_or(i64::MAX);
    let no = by_id(&services, workspace, &id).await?.profile.no;
    let rows = services.read(move |tx| tx.attribute_changes(workspace, no, before, limit + 1)).await?;
    let read = |text: &str| serde_json::from_str(text).unwrap_or_default();
    let page = Page::of(
        rows,
        limit,
        |row| [row.change_no.to_string()],
        |row| ChangeView {
            old: row.old.as_deref().map_or(Value::Null, read),
            new: read(&row.new),
            name: row.name,
            at: iso(row.at),
            source: row.source,
        },
    );
    Ok(Json(page))
}

/// Two profiles that were found to be one person, or that stay apart.
#[derive(Debug, Serialize, ToSchema)]
struct MergeView {
    at: String,
    other_id: String,
    joined: bool,
    /// Stable code.
    reason: String,
    /// What linked the two: an identifier, `alias` or `staff`.
    link: String,
    /// The decision in words.
    explanation: String,
}

impl MergeView {
    fn of(row: MergeRow) -> MergeView {
        let by = match row.link.as_str() {
            "alias" => "an alias call named both".to_owned(),
            "staff" => "staff said that they are one person".to_owned(),
            identifier => format!("both are known by {identifier}"),
        };
        let explanation = match (row.joined, row.reason.as_str()) {
            (true, _) => format!("joined, because {by}"),
            (false, "shared_device") => {
                format!("kept apart: {by}, which is a device, and their user ids, e-mails or phones differ")
            }
            (false, "contradicting_identifiers") => {
                format!("kept apart: {by}, but two of user id, e-mail and phone differ")
            }
            (false, "too_many_identifiers") => {
                format!("kept apart: {by}, but together they would hold too many identifiers of one kind")
            }
            (false, "too_many_merges") => {
                format!("kept apart: {by}, but so many profiles were joined already that it must be shared")
            }
            (false, other) => format!("kept apart ({other}): {by}"),
        };
        MergeView {
            at: iso(row.at),
            other_id: row.other_id,
            joined: row.joined,
            reason: row.reason,
            link: row.link,
            explanation,
        }
    }
}

/// Why profiles were joined, or not
///
/// Newest first, at most 500.
#[utoipa::path(get, path = "/profiles/{id}/merges", tag = "profiles", params(("id" = String, Path)), responses((status = 200, body = Page<MergeView>)))]
async fn merges(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<Page<MergeView>>> {
    let workspace = caller.workspace;
    let no = by_id(&services, workspace, &id).await?.profile.no;
    let rows = services.read(move |tx| tx.merges(workspace, no)).await?;
    Ok(Json(Page::whole(rows.into_iter().map(MergeView::of).collect())))
}
