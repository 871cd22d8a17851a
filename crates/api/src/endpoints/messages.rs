//! The ledger of messages: a row a decision, with its reason; and messages that the shop's own programs send.

use crate::caller::{Reader, Sending};
use crate::endpoints::campaigns::campaign_id;
use crate::endpoints::journeys::journey_id;
use crate::endpoints::profiles::{Whom, by_id};
use crate::endpoints::templates::row_of;
use crate::idempotency::IdempotencyKey;
use crate::listing::{Page, Paging, bad_cursor, cursor, instant, iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use domain::consent::{Channel, Purpose};
use domain::identifier::IdentifierKind;
use domain::normalise::text::search_key;
use domain::profile::Profile;
use domain::ways::Ways;
use engine::{Draft, Note};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::messages::{Course, LedgerOf, MessageRow};
use store::{ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(of_profile)).routes(routes!(list, send)).routes(routes!(find))
}

/// One decision about one message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageView {
    id: String,
    profile_id: String,
    /// `queued` (or waits, see the reason), `held` (its campaign is paused), `sending`, `sent` (the provider took it), `refused` (by us), `failed` (by
    /// the provider), `unknown` (nobody can say; not sent again) or `cancelled`.
    state: String,
    /// Stable code, empty while nothing speaks against it: `no_consent`, `frequency_cap`, `hard_bounce`.
    reason: String,
    detail: String,
    channel: String,
    purpose: String,
    /// `journey`, `campaign`, `api`, `test`, `staff` or `notice`.
    origin: String,
    template: Option<String>,
    template_version: Option<i64>,
    journey_id: Option<String>,
    run_id: Option<String>,
    node: Option<String>,
    campaign_id: Option<String>,
    campaign_run: Option<i64>,
    address: Option<String>,
    decided_at: String,
    /// When it is tried next, while it is queued.
    due_at: Option<String>,
    attempts: i64,
    attempted_at: Option<String>,
    sent_at: Option<String>,
    provider_id: Option<String>,
}

/// The ledger's word for what callers know as `sent`.
pub const ACCEPTED: &str = "accepted";

impl MessageView {
    pub fn of(row: MessageRow, profile_id: String) -> MessageView {
        let due_at = (row.state == "queued").then(|| iso(row.due_at));
        MessageView {
            id: row.id,
            profile_id,
            state: if row.state == ACCEPTED { "sent".into() } else { row.state },
            reason: row.reason,
            detail: row.detail,
            channel: row.channel,
            purpose: row.purpose,
            origin: row.origin,
            template: row.template_id,
            template_version: row.template_version,
            journey_id: row.journey_id,
            run_id: row.run_id,
            node: row.node,
            campaign_id: row.campaign_id,
            campaign_run: row.campaign_run,
            address: row.address.filter(|address| !address.is_empty()),
            decided_at: iso(row.decided_at),
            due_at,
            attempts: row.attempts,
            attempted_at: iso_opt(row.attempted_at),
            sent_at: iso_opt(row.accepted_at),
            provider_id: row.provider_id,
        }
    }
}

/// A profile's messages
///
/// Newest first.
#[utoipa::path(get, path = "/profiles/{id}/messages", tag = "profiles", params(("id" = String, Path), Paging), responses((status = 200, body = Page<MessageView>)))]
async fn of_profile(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<MessageView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let before = paging.after_number()?.unwrap_or(i64::MAX);
    let profile = by_id(&services, workspace, &id).await?.profile;
    let rows =
        services.read(move |tx| tx.messages_of_profile(workspace, profile.no, before, limit + 1)).await?;
    let show = |row: MessageRow| MessageView::of(row, profile.id.to_string());
    Ok(Json(Page::of(rows, limit, |row| [row.message_no.to_string()], show)))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of the name, the e-mail address or the number of whom it is to; tone marks do not matter. The newest 50
    /// people that fit are looked at.
    search: Option<String>,
    /// Of one profile.
    profile_id: Option<String>,
    /// As in a message; several with commas between them.
    state: Option<String>,
    /// `no_consent`, for example.
    reason: Option<String>,
    channel: Option<String>,
    purpose: Option<String>,
    /// `journey`, `campaign`, `api`, `test`, `staff` or `notice`.
    origin: Option<String>,
    /// The id of a template.
    template: Option<String>,
    /// Of one journey, by its id or your own word for it.
    journey_id: Option<String>,
    /// Of one campaign, by its id or your own word for it.
    campaign_id: Option<String>,
    /// Decided from this instant on.
    since: Option<String>,
    /// Decided before this instant.
    until: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// A message in a list, with the names of what it refers to.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageLine {
    #[serde(flatten)]
    message: MessageView,
    /// Whom it is to; null for people who are gone.
    name: Option<String>,
    /// As long as the words are kept.
    subject: Option<String>,
    template_name: Option<String>,
    journey_name: Option<String>,
    campaign_name: Option<String>,
    /// The provider's word that it arrived, where it gives one.
    delivered_at: Option<String>,
    /// What it cost, in minor units of the shop's currency; null: not known, or nobody took it.
    price: Option<i64>,
}

/// Rows that one call looks at, so that it answers at once however few of them fit.
const LOOKED_AT_MAX: usize = 20_000;
/// Rows that are read together, at first and at most.
const CHUNK: (i64, i64) = (200, 4_000);
/// People whose messages a search looks at.
const FOUND_PEOPLE_MAX: i64 = 50;

/// What a list is asked for.
#[derive(Debug, Default)]
struct Filter {
    search: String,
    profile_id: Option<String>,
    states: Vec<String>,
    reason: String,
    channel: String,
    purpose: String,
    origin: String,
    template: String,
    journey_id: String,
    campaign_id: String,
    since: Option<Timestamp>,
}

impl Filter {
    fn passes(&self, row: &MessageRow) -> bool {
        let is = |wanted: &str, held: &str| wanted.is_empty() || wanted == held;
        let names = |wanted: &str, held: &Option<String>| is(wanted, held.as_deref().unwrap_or_default());
        (self.states.is_empty() || self.states.contains(&row.state))
            && is(&self.reason, &row.reason)
            && is(&self.channel, &row.channel)
            && is(&self.purpose, &row.purpose)
            && is(&self.origin, &row.origin)
            && names(&self.template, &row.template_id)
            && names(&self.journey_id, &row.journey_id)
            && names(&self.campaign_id, &row.campaign_id)
    }

    /// By what the ledger is read, the narrowest first.
    fn by(&self) -> LedgerOf<'_> {
        let rare = ["refused", "failed", "unknown", "cancelled", "held"];
        match self.states.as_slice() {
            _ if !self.campaign_id.is_empty() => LedgerOf::Campaign(&self.campaign_id),
            _ if !self.reason.is_empty() => LedgerOf::Reason(&self.reason),
            [state] if rare.contains(&state.as_str()) => LedgerOf::State(state),
            _ => LedgerOf::Whole,
        }
    }

    /// Up to `limit` rows that pass, and where to go on from when there may be more.
    fn read(
        &self,
        tx: &mut ReadTx<'_>,
        workspace: WorkspaceId,
        before: Place,
        limit: usize,
    ) -> Result<(Vec<MessageRow>, Option<Place>), StoreError> {
        let Some(people) = self.people(tx, workspace)? else {
            return self.walk(tx, workspace, self.by(), before, limit);
        };
        let mut rows = Vec::new();
        let mut goes_on = None;
        for no in people {
            let (found, more) = self.walk(tx, workspace, LedgerOf::Profile(no), before, limit)?;
            rows.extend(found);
            goes_on = goes_on.max(more);
        }
        rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
        // What is behind the place to which somebody's messages were looked at is not known yet.
        if let Some(known_to) = goes_on {
            rows.retain(|row| place(row) >= known_to);
        }
        if rows.len() > limit {
            rows.truncate(limit);
            goes_on = rows.last().map(place);
        }
        Ok((rows, goes_on))
    }

    /// Whose messages are asked for; `None` for everybody's.
    fn people(
        &self,
        tx: &mut ReadTx<'_>,
        workspace: WorkspaceId,
    ) -> Result<Option<Vec<ProfileNo>>, StoreError> {
        if let Some(id) = &self.profile_id {
            let found = match id.parse() {
                Ok(id) => tx.profile_by_id(workspace, id)?,
                Err(_) => None,
            };
            return Ok(Some(found.map(|stored| stored.profile.no).into_iter().collect()));
        }
        let key = search_key(&self.search);
        if key.is_empty() {
            return Ok(None);
        }
        let found = tx.search_profiles(workspace, &key, ProfileNo(i64::MAX), FOUND_PEOPLE_MAX)?;
        Ok(Some(found.into_iter().map(|stored| stored.profile.no).collect()))
    }

    fn walk(
        &self,
        tx: &mut ReadTx<'_>,
        workspace: WorkspaceId,
        of: LedgerOf<'_>,
        before: Place,
        limit: usize,
    ) -> Result<(Vec<MessageRow>, Option<Place>), StoreError> {
        let since = self.since.unwrap_or(Timestamp::MIN);
        let (mut at, mut looked_at, mut chunk) = (before, 0, CHUNK.0);
        let mut rows = Vec::new();
        loop {
            let read = tx.ledger(workspace, of, at, since, chunk)?;
            let is_last = (read.len() as i64) < chunk;
            for row in read {
                (at, looked_at) = (place(&row), looked_at + 1);
                if self.passes(&row) {
                    rows.push(row);
                    if rows.len() == limit {
                        return Ok((rows, Some(at)));
                    }
                }
            }
            if is_last {
                return Ok((rows, None));
            }
            if looked_at >= LOOKED_AT_MAX {
                return Ok((rows, Some(at)));
            }
            chunk = (chunk * 2).min(CHUNK.1);
        }
    }
}

/// When it was decided, and its number: the order of the ledger.
type Place = (Timestamp, i64);

fn place(row: &MessageRow) -> Place {
    (row.decided_at, row.message_no)
}

/// Rows with what they name.
pub fn lines(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    rows: Vec<MessageRow>,
) -> Result<Vec<MessageLine>, StoreError> {
    let people: BTreeSet<ProfileNo> = rows.iter().map(|row| row.profile).collect();
    let people: Vec<_> = people.into_iter().map(|no| (workspace, no)).collect();
    let people: BTreeMap<ProfileNo, Profile> =
        tx.profiles(&people)?.into_iter().map(|(_, stored)| (stored.profile.no, stored.profile)).collect();
    let numbers: Vec<_> = rows.iter().map(|row| (workspace, row.message_no)).collect();
    let subjects = tx.subjects(&numbers)?;
    let mut courses = Vec::with_capacity(rows.len());
    for row in &rows {
        courses.push(tx.course(workspace, row.message_no)?);
    }
    let (mut templates, mut journeys, mut campaigns) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for row in &rows {
        if let Some(id) = row.template_id.as_ref().filter(|id| !templates.contains_key(*id)) {
            templates.insert(id.clone(), tx.template(workspace, id)?.map(|row| row.name));
        }
        if let Some(id) = row.journey_id.as_ref().filter(|id| !journeys.contains_key(*id)) {
            journeys.insert(id.clone(), tx.journey(workspace, id)?.map(|row| row.name));
        }
        if let Some(id) = row.campaign_id.as_ref().filter(|id| !campaigns.contains_key(*id)) {
            campaigns.insert(id.clone(), tx.campaign(workspace, id)?.map(|row| row.name));
        }
    }
    let named = |names: &BTreeMap<String, Option<String>>, id: &Option<String>| {
        id.as_ref().and_then(|id| names.get(id).cloned().flatten())
    };
    let line = |((row, subject), course): ((MessageRow, Option<String>), Course)| {
        let person = people.get(&row.profile);
        MessageLine {
            name: person.map(name_of),
            subject: subject.filter(|subject| !subject.is_empty()),
            template_name: named(&templates, &row.template_id),
            journey_name: named(&journeys, &row.journey_id),
            campaign_name: named(&campaigns, &row.campaign_id),
            delivered_at: iso_opt(course.delivered_at),
            price: course.price,
            message: MessageView::of(row, person.map(|person| person.id.to_string()).unwrap_or_default()),
        }
    };
    Ok(rows.into_iter().zip(subjects).zip(courses).map(line).collect())
}

/// A person's name; of one who told none the newest address.
fn name_of(profile: &Profile) -> String {
    let address =
        || profile.address(&IdentifierKind::Email).or_else(|| profile.address(&IdentifierKind::Phone));
    profile.full_name().or_else(|| address().map(str::to_owned)).unwrap_or_default()
}

/// List messages
///
/// The newest decision first. A call looks at 20,000 decisions at most: when few of them fit, a page holds fewer than
/// asked for, or none, and still has a `next`.
#[utoipa::path(get, path = "/messages", tag = "messages", params(ListQuery), responses((status = 200, body = Page<MessageLine>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Page<MessageLine>>> {
    let workspace = caller.workspace;
    let paging = Paging { limit: query.limit, cursor: query.cursor };
    let limit = usize::try_from(paging.limit()?).unwrap_or(50);
    let states = query.state.unwrap_or_default();
    let states = states.split(',').map(str::trim).filter(|state| !state.is_empty());
    let filter = Filter {
        search: query.search.unwrap_or_default().chars().take(200).collect(),
        profile_id: query.profile_id,
        states: states.map(|state| if state == "sent" { ACCEPTED } else { state }.to_owned()).collect(),
        reason: query.reason.unwrap_or_default(),
        channel: query.channel.unwrap_or_default(),
        purpose: query.purpose.unwrap_or_default(),
        origin: query.origin.unwrap_or_default(),
        template: query.template.unwrap_or_default(),
        journey_id: query.journey_id.as_deref().map(journey_id).transpose()?.unwrap_or_default(),
        campaign_id: query.campaign_id.as_deref().map(campaign_id).transpose()?.unwrap_or_default(),
        since: query.since.as_deref().map(|text| instant("since", text)).transpose()?,
    };
    let until = query.until.as_deref().map(|text| instant("until", text)).transpose()?;
    let before = match paging.after::<2>()? {
        None => (until.unwrap_or(Timestamp::MAX), if until.is_some() { i64::MIN } else { i64::MAX }),
        Some([at, no]) => {
            let number = |text: String| text.parse::<i64>().map_err(|_| bad_cursor());
            (Timestamp::from_ms(number(at)?), number(no)?)
        }
    };
    let (items, goes_on) = services
        .read(move |tx| {
            let (rows, goes_on) = filter.read(tx, workspace, before, limit)?;
            Ok((lines(tx, workspace, rows)?, goes_on))
        })
        .await?;
    let next = goes_on.map(|(at, no)| cursor(&[at.ms().to_string(), no.to_string()]));
    Ok(Json(Page { items, next }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageLog)]
struct LogView {
    at: String,
    what: String,
    detail: String,
}

/// What people did with a message; what machines did stands apart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageResponses)]
struct ResponsesView {
    opens: i64,
    clicks: i64,
    machine_opens: i64,
    machine_clicks: i64,
    first_opened_at: Option<String>,
    first_clicked_at: Option<String>,
    unsubscribed_at: Option<String>,
}

/// The words that were sent. They are forgotten after some time, see the settings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageBody)]
struct BodyView {
    subject: String,
    html: Option<String>,
    text: Option<String>,
    links: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct WholeMessage {
    #[serde(flatten)]
    line: MessageLine,
    /// The person saw it, where the other side tells.
    seen_at: Option<String>,
    log: Vec<LogView>,
    responses: ResponsesView,
    body: Option<BodyView>,
}

/// Read a message
///
/// With its log, what came back, and its words.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages", params(("id" = String, Path)), responses((status = 200, body = WholeMessage)))]
async fn find(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<WholeMessage>> {
    let workspace = caller.workspace;
    let found = services.read(move |tx| whole(tx, workspace, &id)).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("the message"))
}

fn whole(tx: &mut ReadTx<'_>, workspace: WorkspaceId, id: &str) -> Result<Option<WholeMessage>, StoreError> {
    let Some(row) = tx.message(workspace, id)? else { return Ok(None) };
    let no = row.message_no;
    let log = tx.message_log(workspace, no)?;
    let responses = tx.responses(workspace, no)?;
    let body = tx.body(workspace, no)?;
    let course = tx.course(workspace, no)?;
    let Some(line) = lines(tx, workspace, vec![row])?.pop() else { return Ok(None) };
    Ok(Some(WholeMessage {
        line,
        seen_at: iso_opt(course.seen_at),
        log: log
            .into_iter()
            .map(|line| LogView { at: iso(line.at), what: line.what, detail: line.detail })
            .collect(),
        responses: ResponsesView {
            opens: responses.opens,
            clicks: responses.clicks,
            machine_opens: responses.machine_opens,
            machine_clicks: responses.machine_clicks,
            first_opened_at: iso_opt(responses.first_opened_at),
            first_clicked_at: iso_opt(responses.first_clicked_at),
            unsubscribed_at: iso_opt(responses.unsubscribed_at),
        },
        body: body.map(|body| BodyView {
            subject: body.subject,
            html: body.html,
            text: body.text,
            links: body.links,
        }),
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMessage {
    profile_id: Option<String>,
    identifier: Option<String>,
    /// The id of a template.
    template: String,
    /// The template's when not given.
    purpose: Option<String>,
    /// What the template sees as `event.properties`.
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Value,
    /// Names the message: it is never sent twice. Else the Idempotency-Key, else none.
    key: Option<String>,
    /// Further ways, for when it cannot go by the template's channel: `also` (a list of `channel` and `template`),
    /// `choose` (`listed`: in this order; `best`: what the customer prefers, else what worked for them) and
    /// `fall_back_after_minutes` (without a sign of delivery).
    #[schema(value_type = Object)]
    ways: Option<Ways>,
}

/// Send a message
///
/// To one profile, on the template's channel. It passes the gate like every other: consent, suppression, hours, caps.
/// The answer is its row in the ledger; read it again to see what became of it.
#[utoipa::path(post, path = "/messages", tag = "messages", request_body = NewMessage, responses((status = 202, body = MessageView)))]
async fn send(
    State(services): State<Arc<Services>>,
    Sending(caller): Sending,
    idempotency: Option<Extension<IdempotencyKey>>,
    Told(told): Told<NewMessage>,
) -> Answer<(StatusCode, Json<MessageView>)> {
    let workspace = caller.workspace;
    let template = row_of(&services, workspace, &told.template).await.map_err(|problem| {
        if problem.code == "not_found" {
            Problem::field("template", "no template has this id")
        } else {
            problem
        }
    })?;
    let whom = Whom { profile_id: told.profile_id, identifier: told.identifier };
    let profile = whom.find(&services, workspace).await?.profile;
    let draft: Option<Draft> = serde_json::from_str(&template.source).ok();
    let purpose = match told.purpose.as_deref() {
        None => draft.map_or(Purpose::Marketing, |draft| draft.purpose),
        Some("marketing") => Purpose::Marketing,
        Some("transactional") => Purpose::Transactional,
        Some(_) => return Err(Problem::field("purpose", "marketing or transactional")),
    };
    let key = told.key.or(idempotency.map(|Extension(key)| key.0));
    if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 200) {
        return Err(Problem::field("key", "from 1 to 200 bytes"));
    }
    let ways = told.ways.unwrap_or_default();
    let channel = template.channel.parse::<Channel>().unwrap_or(Channel::Email);
    if let Some((field, message)) = ways.problems(channel).into_iter().next() {
        return Err(Problem::field(field, message));
    }
    for way in &ways.also {
        let found = row_of(&services, workspace, &way.template).await;
        if !found.is_ok_and(|found| found.channel == way.channel.as_str()) {
            return Err(Problem::field("ways.also", format!("no template of {} has this id", way.channel)));
        }
    }
    let key = format!("api:{}", key.unwrap_or_else(|| services.new_id().to_string()));
    let note = Note::Send {
        profile_id: profile.id.to_string(),
        template_id: template.template_id,
        channel: template.channel.parse().unwrap_or(Channel::Email),
        purpose,
        origin: "api".into(),
        address: None,
        key: key.clone(),
        properties: told.properties,
        ways,
        at: services.now().into(),
    };
    services.note(workspace, &note).await?;
    let message = sent_under(&services, workspace, profile.no, &key).await?;
    Ok((StatusCode::ACCEPTED, Json(message)))
}

/// The message that a profile was to get under a key.
pub async fn sent_under(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    profile: ProfileNo,
    key: &str,
) -> Answer<MessageView> {
    let key = key.to_owned();
    let found = services
        .read(move |tx| {
            let Some(stored) = tx.profile(workspace, profile)? else { return Ok(None) };
            let Some(row) = tx.message_by_key(workspace, &key)? else { return Ok(None) };
            Ok(Some(MessageView::of(row, stored.profile.id.to_string())))
        })
        .await?;
    found.ok_or_else(Problem::late)
}
