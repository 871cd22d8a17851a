//! The list of customers: filtered, sorted and read on from anywhere, whatever its length; and one change to all whom
//! it shows.

use super::jobs::{JobView, job};
use super::segments::condition_of;
use crate::audit::Audit;
use crate::caller::{Caller, Member, Reader};
use crate::grids::Selection;
use crate::listing::{iso, iso_ms};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::consent::{Channel, ConsentState, Purpose};
use domain::identifier::IdentifierKind;
use domain::journey::{Definition, Trigger};
use domain::local_time::{Zone, at_local};
use domain::normalise::text::search_key;
use domain::profile::{LifecycleStage, NAME_BYTES_MAX, Profile};
use domain::roles::Permission;
use engine::grid::{Column, Demand, Found, Mark, Query, found_by_text};
use engine::segments::{Census, Population, scan};
use kit::{DAY_MS, Id, ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use transfer::bulk::{self, Action, BulkSpec};
use transfer::export::{ExportFormat, ExportSpec, List};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(query))
        .routes(routes!(facets))
        .routes(routes!(bulk))
        .routes(routes!(undo))
}

const FILTERS_MAX: usize = 30;
const VALUES_MAX: usize = 100;
const COLUMNS_MAX: usize = 20;
const SEARCH_BYTES_MAX: usize = 200;
/// People named one by one in a change to many.
const IDS_MAX: usize = 2_000;
const ROWS_MAX: i64 = 500;
/// How long a search is believed.
const SEARCH_FRESH_MS: i64 = 30_000;

/// One demand on people. Which of the fields count depends on `field`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleFilter {
    /// `segment`, `list`, `tag`, `stage`, `identifier`, `consent`, `restricted`; `orders`, `revenue`, `average`;
    /// `created`, `last_seen`, `first_order`, `last_order`; `condition`.
    pub field: String,
    /// Everybody else.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not: bool,
    /// For `segment`, `list`, `tag`, `stage` and `identifier`: any of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<String>,
    /// For `consent`: `email`, `sms`, `zalo`, `push`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// For `consent`: `marketing` when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// For `consent`: `granted` (when not given), `pending` or `denied`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// For numbers, in minor units for money; both ends belong to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// For instants: from this day of the shop on, as `2026-11-21`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// For instants: up to the end of this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// For instants: within so many days until now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_days: Option<i64>,
    /// For instants: longer ago than so many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beyond_days: Option<i64>,
    /// For instants: there is none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub never: bool,
    /// For `condition`: any condition of docs/segments.md.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub definition: Option<Value>,
}

/// Whom a list shows, and in which order.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleChoice {
    /// Part of a name, an address, a number or an id; tone marks do not matter.
    pub search: String,
    /// All of them have to hold.
    pub filters: Vec<PeopleFilter>,
    /// `last_seen` (when not given), `created`, `first_order`, `last_order`, `orders`, `revenue`, `average`.
    pub sort: Option<String>,
    /// From the smallest to the greatest; the other way round when not given.
    pub ascending: bool,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct PeopleQuery {
    choice: PeopleChoice,
    /// Names of attributes to be told with each person.
    attributes: Vec<String>,
    /// What the first answer gave: the list stands still while it is read on.
    snapshot: Option<String>,
    /// People to be skipped.
    offset: Option<u64>,
    /// Rows, 1 to 500; 50 when not given.
    limit: Option<i64>,
}

/// A customer in brief.
#[derive(Debug, Serialize, ToSchema)]
struct PersonRow {
    /// Their place in the list, from 0.
    index: u64,
    id: String,
    name: Option<String>,
    given_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    /// `visitor`, `subscriber`, `shopper`, `customer`, `repeat_customer`, `lapsing` or `lost`.
    stage: String,
    tags: Vec<String>,
    lists: Vec<String>,
    orders: u32,
    revenue: i64,
    average: Option<i64>,
    first_order_at: Option<String>,
    last_order_at: Option<String>,
    last_seen_at: String,
    created_at: String,
    /// Channels to which advertisement may go.
    reachable: Vec<String>,
    restricted: bool,
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
}

impl PersonRow {
    fn of(index: u64, profile: &Profile, attributes: &[String], now: Timestamp) -> PersonRow {
        let granted = |channel: &&Channel| {
            profile.consents.state(**channel, Purpose::Marketing) == Some(ConsentState::Granted)
        };
        let wanted =
            attributes.iter().filter_map(|name| Some((name.clone(), profile.attribute(name)?.clone())));
        PersonRow {
            index,
            id: profile.id.to_string(),
            name: profile.full_name(),
            given_name: profile.greeting_name(),
            email: profile.address(&IdentifierKind::Email).map(str::to_owned),
            phone: profile.address(&IdentifierKind::Phone).map(str::to_owned),
            stage: profile.lifecycle(now).0.as_str().to_owned(),
            tags: profile.active_tags().map(str::to_owned).collect(),
            lists: profile.active_lists().map(str::to_owned).collect(),
            orders: profile.totals.orders,
            revenue: profile.totals.revenue,
            average: profile.totals.average(),
            first_order_at: profile.totals.first_at.map(iso_ms),
            last_order_at: profile.totals.last_at.map(iso_ms),
            last_seen_at: iso_ms(profile.last_seen_at),
            created_at: iso_ms(profile.created_at),
            reachable: Channel::ALL.iter().filter(granted).map(ToString::to_string).collect(),
            restricted: profile.restricted_at.is_some(),
            attributes: wanted.collect(),
        }
    }
}

/// A part of a list of customers.
#[derive(Debug, Serialize, ToSchema)]
struct PeoplePage {
    items: Vec<PersonRow>,
    /// Everybody who fits.
    total: u64,
    /// Everybody there is.
    everybody: u64,
    currency: String,
    /// Names this list as it stood: send it with the next offset, and with a change to all of them.
    snapshot: String,
    /// When it was made.
    as_of: String,
    took_ms: i64,
}

fn column(word: &str) -> Option<Column> {
    Some(match word {
        "created" => Column::Created,
        "last_seen" => Column::LastSeen,
        "first_order" => Column::FirstOrder,
        "last_order" => Column::LastOrder,
        "orders" => Column::Orders,
        "revenue" => Column::Revenue,
        "average" => Column::Average,
        _ => return None,
    })
}

/// What a filter comes to before anything is looked up.
enum Plan {
    Known(Demand),
    Segments(Vec<String>),
    Condition(Value),
}

/// The first instant of a day of the shop, in seconds; of the day after where `after`.
fn day(field: &str, text: &str, after: bool, zone: &Zone) -> Answer<i64> {
    let told = || Problem::field(field, "a day such as 2026-11-21");
    let date: jiff::civil::Date = text.parse().map_err(|_| told())?;
    let date = if after { date.tomorrow().map_err(|_| told())? } else { date };
    Ok(at_local(date, 0, 0, zone).ms().div_euclid(1_000))
}

fn plan(at: usize, filter: &PeopleFilter, zone: &Zone, now: Timestamp) -> Answer<Plan> {
    let field = |name: &str| format!("filters.{at}.{name}");
    let any = || match filter.any.len() {
        1..=VALUES_MAX => Ok(filter.any.clone()),
        _ => Err(Problem::field(&field("any"), format!("from 1 to {VALUES_MAX} values"))),
    };
    let marks =
        |mark: fn(String) -> Mark| Ok(Plan::Known(Demand::Marks(any()?.into_iter().map(mark).collect())));
    match filter.field.as_str() {
        "segment" => Ok(Plan::Segments(any()?)),
        "list" => marks(Mark::List),
        "tag" => marks(Mark::Tag),
        "identifier" => marks(Mark::Known),
        "restricted" => Ok(Plan::Known(Demand::Marks(vec![Mark::Restricted]))),
        "stage" => {
            let stage = |word: String| {
                let found = LifecycleStage::ALL.iter().find(|stage| stage.as_str() == word).copied();
                found.ok_or_else(|| Problem::field(&field("any"), format!("there is no stage {word:.40}")))
            };
            Ok(Plan::Known(Demand::Stages(any()?.into_iter().map(stage).collect::<Answer<_>>()?)))
        }
        "consent" => {
            let channel: Channel = filter
                .channel
                .as_deref()
                .unwrap_or("email")
                .parse()
                .map_err(|error: String| Problem::field(&field("channel"), error))?;
            let purpose: Purpose = filter
                .purpose
                .as_deref()
                .unwrap_or("marketing")
                .parse()
                .map_err(|error: String| Problem::field(&field("purpose"), error))?;
            let state: ConsentState = filter
                .state
                .as_deref()
                .unwrap_or("granted")
                .parse()
                .map_err(|error: String| Problem::field(&field("state"), error))?;
            let mark = Mark::Consent(format!("{channel}.{purpose}"), state.to_string());
            Ok(Plan::Known(Demand::Marks(vec![mark])))
        }
        "condition" => match &filter.definition {
            Some(definition) => Ok(Plan::Condition(definition.clone())),
            None => Err(Problem::field(&field("definition"), "a condition is needed")),
        },
        other => {
            let Some(column) = column(other) else {
                return Err(Problem::field(
                    &field("field"),
                    "there is no such field; the API's document lists them",
                ));
            };
            if !column.is_instant() {
                return match (filter.min, filter.max) {
                    (None, None) => Err(Problem::field(&field("min"), "min or max is needed")),
                    (min, max) => Ok(Plan::Known(Demand::Range(column, min, max))),
                };
            }
            if filter.never {
                return Ok(Plan::Known(Demand::Never(column)));
            }
            let ago = |days: i64| now.plus_ms(-days.clamp(0, 36_500) * DAY_MS).ms().div_euclid(1_000);
            let from = match (&filter.from, filter.within_days) {
                (Some(text), _) => Some(day(&field("from"), text, false, zone)?),
                (None, Some(days)) => Some(ago(days)),
                (None, None) => None,
            };
            let to = match (&filter.to, filter.beyond_days) {
                (Some(text), _) => Some(day(&field("to"), text, true, zone)? - 1),
                (None, Some(days)) => Some(ago(days)),
                (None, None) => None,
            };
            if from.is_none() && to.is_none() {
                let message = "from, to, within_days, beyond_days or never is needed";
                return Err(Problem::field(&field("from"), message));
            }
            Ok(Plan::Known(Demand::Range(column, from, to)))
        }
    }
}

impl PeopleChoice {
    pub fn check(&self) -> Answer<()> {
        if self.search.len() > SEARCH_BYTES_MAX {
            return Err(Problem::field("search", format!("at most {SEARCH_BYTES_MAX} bytes")));
        }
        if self.filters.len() > FILTERS_MAX {
            return Err(Problem::field("filters", format!("at most {FILTERS_MAX}")));
        }
        match self.sort.as_deref().map(column) {
            Some(None) => Err(Problem::field("sort", "there is no such column to sort by")),
            _ => Ok(()),
        }
    }
}

/// Who fits a choice, from the snapshot where it is still there.
async fn select(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    choice: &PeopleChoice,
    snapshot: Option<&str>,
) -> Answer<Arc<Selection>> {
    choice.check()?;
    let now = services.now();
    let held = services.memory.grids.of(workspace, now);
    let key = serde_json::to_string(choice).unwrap_or_default();
    if let Some(selection) = held.selected(snapshot, &key, now) {
        return Ok(selection);
    }
    let zone = services.read(move |tx| Ok(workspace_of(tx, workspace)?.settings.zone())).await?;
    let mut demands: Vec<(Demand, bool)> = Vec::with_capacity(choice.filters.len() + 1);
    for (at, filter) in choice.filters.iter().enumerate() {
        let demand = match plan(at, filter, &zone, now)? {
            Plan::Known(demand) => demand,
            Plan::Segments(ids) => Demand::Members(Arc::new(members_of(services, workspace, ids).await?)),
            Plan::Condition(definition) => {
                Demand::Members(members_of_condition(services, workspace, definition).await?)
            }
        };
        demands.push((demand, filter.not));
    }
    let text = search_key(&choice.search);
    let sort = choice.sort.as_deref().and_then(column).unwrap_or(Column::LastSeen);
    let descending = !choice.ascending;
    let id = services.new_id().to_string();
    services
        .aside(move |services| {
            if !text.is_empty() {
                let of = format!("text:{text}");
                let found = match held.found(&of, now, SEARCH_FRESH_MS) {
                    Some(found) => found,
                    None => {
                        let last = held.look(&services.store, now, |grid| grid.last())?;
                        let found = found_by_text(&services.store, workspace, &text, last)?;
                        held.keep_found(of, found, now)
                    }
                };
                demands.push((Demand::Members(found), false));
            }
            held.select(&services.store, id, key, &Query { demands, sort, descending }, now)
        })
        .await
}

async fn members_of(services: &Arc<Services>, workspace: WorkspaceId, ids: Vec<String>) -> Answer<Found> {
    let found = services
        .read(move |tx| {
            let mut census = Census::read(tx, workspace)?;
            let mut any = Population::default();
            for id in ids {
                match census.members(tx, &id)? {
                    Some(members) => any = any.or(&members),
                    None => return Ok(Err(id)),
                }
            }
            Ok(Ok(engine::grid::bitmap_of(&any)))
        })
        .await?;
    found.map_err(|id| {
        let detail = format!("segment {id:.60} is not there, or is being computed for the first time");
        Problem::unusable("segment_not_ready", detail)
    })
}

async fn members_of_condition(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    definition: Value,
) -> Answer<Arc<Found>> {
    let now = services.now();
    let held = services.memory.grids.of(workspace, now);
    let key = format!("condition:{definition}");
    if let Some(found) = held.found(&key, now, i64::MAX) {
        return Ok(found);
    }
    let condition = condition_of(services, workspace, definition).await?;
    let id = services.new_id().to_string();
    let running = services.memory.scans.begin(workspace, &id).ok_or_else(|| {
        Problem::too_many("as many counts are under way as this server does at once; try again soon", 2)
    })?;
    services
        .aside(move |services| {
            let scanned = scan::scan(&services.store, workspace, &condition, now, &running.progress);
            // Also when nobody waits for the answer any more.
            services.memory.scans.forget(&id);
            let members = scanned?.unwrap_or_default();
            Ok(held.keep_found(key, engine::grid::bitmap_of(&members), services.now()))
        })
        .await
}

/// Look through the customers
///
/// All filters have to hold. The list can be read from any offset; with the `snapshot` of the first answer it stands
/// still while it is read on. Only reads.
#[utoipa::path(post, path = "/people/query", tag = "profiles", request_body = PeopleQuery, responses((status = 200, body = PeoplePage)))]
async fn query(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<PeopleQuery>,
) -> Answer<Json<PeoplePage>> {
    let workspace = caller.workspace;
    let began = services.now();
    let limit = match told.limit.unwrap_or(50) {
        limit @ 1..=ROWS_MAX => usize::try_from(limit).unwrap_or(50),
        _ => return Err(Problem::field("limit", format!("from 1 to {ROWS_MAX}"))),
    };
    if told.attributes.len() > COLUMNS_MAX {
        return Err(Problem::field("attributes", format!("at most {COLUMNS_MAX}")));
    }
    let selection = select(&services, workspace, &told.choice, told.snapshot.as_deref()).await?;
    let offset = usize::try_from(told.offset.unwrap_or(0)).unwrap_or(usize::MAX);
    let numbers: Vec<u32> = selection.numbers.iter().skip(offset).take(limit).copied().collect();
    let now = services.now();
    let attributes = told.attributes;
    let (items, currency) = services
        .read(move |tx| {
            let of: Vec<_> = numbers.iter().map(|no| (workspace, ProfileNo(i64::from(*no)))).collect();
            let found: BTreeMap<i64, Profile> = tx
                .profiles(&of)?
                .into_iter()
                .map(|(_, stored)| (stored.profile.no.0, stored.profile))
                .collect();
            // Whoever is gone by now leaves a gap.
            let rows = numbers.iter().enumerate().filter_map(|(at, no)| {
                let profile = found.get(&i64::from(*no))?;
                Some(PersonRow::of((offset + at) as u64, profile, &attributes, now))
            });
            Ok((rows.collect(), workspace_of(tx, workspace)?.settings.currency))
        })
        .await?;
    Ok(Json(PeoplePage {
        items,
        total: selection.numbers.len() as u64,
        everybody: selection.everybody,
        currency,
        snapshot: selection.id.clone(),
        as_of: iso(selection.made_at),
        took_ms: services.now().since_ms(began),
    }))
}

/// Something that people have, and how many.
#[derive(Debug, Serialize, ToSchema)]
struct Facet {
    value: String,
    count: u64,
}

/// What people can be told apart by.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Facets {
    everybody: u64,
    /// Most frequent first, at most 500.
    tags: Vec<Facet>,
    /// By the id of the list.
    lists: Vec<Facet>,
    /// Kinds of identifiers.
    identifiers: Vec<Facet>,
}

/// What customers can be filtered by
///
/// Tags, lists and kinds of identifiers, with how many have each.
#[utoipa::path(get, path = "/people/facets", tag = "profiles", responses((status = 200, body = Facets)))]
async fn facets(State(services): State<Arc<Services>>, Reader(caller): Reader) -> Answer<Json<Facets>> {
    let now = services.now();
    let held = services.memory.grids.of(caller.workspace, now);
    let facets = services
        .aside(move |services| {
            held.look(&services.store, now, |grid| {
                let mut facets = Facets { everybody: grid.len(), ..Facets::default() };
                for (mark, count) in grid.marks() {
                    let (place, value) = match mark {
                        Mark::Tag(value) => (&mut facets.tags, value),
                        Mark::List(value) => (&mut facets.lists, value),
                        Mark::Known(value) => (&mut facets.identifiers, value),
                        Mark::Consent(..) | Mark::Restricted => continue,
                    };
                    place.push(Facet { value: value.clone(), count });
                }
                for place in [&mut facets.tags, &mut facets.lists, &mut facets.identifiers] {
                    place.sort_by(|a, b| (b.count, &a.value).cmp(&(a.count, &b.value)));
                    place.truncate(500);
                }
                facets
            })
        })
        .await?;
    Ok(Json(facets))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct BulkCall {
    /// `add_tag`, `remove_tag`, `add_to_list`, `remove_from_list`, `start_journey`, `suppress` or `export`.
    action: String,
    /// The tag, the id of the list or the journey, the channel.
    value: String,
    /// People by their ids, at most 2,000; or everybody whom `choice` shows.
    ids: Vec<String>,
    choice: Option<PeopleChoice>,
    /// With `choice`: but for these, at most 2,000.
    without: Vec<String>,
    /// With `choice`: the list as it stood.
    snapshot: Option<String>,
    /// How many that are, as whoever asks was told: with another number nothing is done.
    expected: Option<u64>,
    /// For `export`: columns of the CSV file, `attribute:city` among them.
    columns: Vec<String>,
}

/// The numbers of people who are named by their ids.
async fn numbers_of(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    field: &str,
    ids: &[String],
) -> Answer<BTreeSet<u32>> {
    if ids.len() > IDS_MAX {
        return Err(Problem::field(field, format!("at most {IDS_MAX} ids")));
    }
    let ids: Result<Vec<Id>, _> = ids.iter().map(|id| id.parse()).collect();
    let ids = ids.map_err(|_| Problem::field(field, "ids of profiles"))?;
    services
        .read(move |tx| {
            let mut numbers = BTreeSet::new();
            for id in ids {
                let found = tx.profile_by_id(workspace, id)?;
                numbers.extend(found.and_then(|stored| u32::try_from(stored.profile.no.0).ok()));
            }
            Ok(numbers)
        })
        .await
}

async fn people_of(services: &Arc<Services>, caller: &Caller, told: &BulkCall) -> Answer<Vec<u32>> {
    let workspace = caller.workspace;
    let people = match (&told.choice, told.ids.len()) {
        (Some(choice), 0) => {
            let selection = select(services, workspace, choice, told.snapshot.as_deref()).await?;
            let without = numbers_of(services, workspace, "without", &told.without).await?;
            selection.numbers.iter().copied().filter(|no| !without.contains(no)).collect()
        }
        (None, 1..) => {
            numbers_of(services, workspace, "ids", &told.ids).await?.into_iter().collect::<Vec<_>>()
        }
        _ => return Err(Problem::field("ids", format!("either 1 to {IDS_MAX} ids or a choice"))),
    };
    if people.is_empty() {
        return Err(Problem::unusable("nobody_chosen", "nobody fits any more; look at the list again"));
    }
    if told.expected.is_some_and(|expected| expected != people.len() as u64) {
        let detail = format!("it would be {} people now; look at the list again", people.len());
        return Err(Problem::conflict("choice_changed", detail));
    }
    Ok(people)
}

/// What a change to many is called, once it is known to be possible.
async fn checked(services: &Arc<Services>, caller: &Caller, action: Action, value: &str) -> Answer<String> {
    let workspace = caller.workspace;
    let wanted = value.to_owned();
    match action {
        Action::AddTag | Action::RemoveTag if value.trim().is_empty() || value.len() > NAME_BYTES_MAX => {
            Err(Problem::field("value", format!("a tag has 1 to {NAME_BYTES_MAX} bytes")))
        }
        Action::AddTag | Action::RemoveTag => Ok(wanted),
        Action::AddToList | Action::RemoveFromList => {
            let found = services.read(move |tx| tx.list(workspace, &wanted)).await?;
            Ok(found.ok_or_else(|| Problem::not_found("the list"))?.name)
        }
        Action::Suppress => {
            let channel: Channel = value.parse().map_err(|error: String| Problem::field("value", error))?;
            Ok(channel.to_string())
        }
        Action::StartJourney => {
            caller.needs(Permission::Send)?;
            let row = super::journeys::row_of(services, workspace, value).await?;
            if row.status != "active" {
                let detail = format!("the journey is {}; publish or resume it first", row.status);
                return Err(Problem::conflict("journey_not_active", detail));
            }
            let (id, published) = (row.journey_id.clone(), row.published);
            let text = services.read(move |tx| tx.journey_version(workspace, &id, published)).await?;
            let by_api = text
                .and_then(|(text, _)| Definition::parse(&text).ok())
                .is_some_and(|definition| matches!(definition.trigger, Trigger::Api(_)));
            if !by_api {
                let detail = "this journey is not started by hand: its trigger is not of the type api";
                return Err(Problem::conflict("trigger_is_not_api", detail));
            }
            Ok(row.name)
        }
    }
}

/// Change many people
///
/// Named by their ids, or everybody whom a choice shows. Goes on in the background: the answer is a job. Tags and
/// lists can be taken back afterwards.
#[utoipa::path(post, path = "/people/bulk", tag = "profiles", request_body = BulkCall, responses((status = 201, body = JobView)))]
async fn bulk(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    Told(told): Told<BulkCall>,
) -> Answer<(StatusCode, Json<JobView>)> {
    let workspace = caller.workspace;
    let job_id = services.new_id().to_string();
    audit.detail("action", told.action.clone());
    if told.action == "export" {
        caller.needs(Permission::ExportPeople)?;
        let spec = ExportSpec {
            list: List::Profiles,
            format: ExportFormat::Csv,
            since: None,
            segment: None,
            columns: told.columns.clone(),
            chosen: true,
        };
        spec.check().map_err(|message| Problem::unusable("export_unusable", message))?;
        let people = people_of(&services, &caller, &told).await?;
        audit.detail("people", people.len() as u64);
        let by = caller.source.clone();
        let job = services
            .aside(move |services| {
                put_people(services, &job_id, &people)?;
                transfer::export::begin_export(&services.store, workspace, job_id, &spec, &by, services.now())
                    .map_err(Problem::from)
            })
            .await?;
        services.jobs_bell.ring();
        return Ok((StatusCode::CREATED, Json(JobView::of(job))));
    }
    let action =
        Action::of(&told.action).ok_or_else(|| Problem::field("action", "there is no such change"))?;
    let value = match action {
        Action::AddTag | Action::RemoveTag => told.value.trim().to_owned(),
        Action::StartJourney => super::journeys::journey_id(&told.value)?,
        _ => told.value.clone(),
    };
    let label = checked(&services, &caller, action, &value).await?;
    audit.detail("value", value.clone());
    let people = people_of(&services, &caller, &told).await?;
    audit.detail("people", people.len() as u64);
    let spec = BulkSpec { action, value, label, source: caller.source.clone() };
    let job = services
        .aside(move |services| {
            put_people(services, &job_id, &people)?;
            let total = people.len() as u64;
            Ok(bulk::begin_bulk(&services.store, workspace, job_id, &spec, total, services.now())?)
        })
        .await?;
    services.jobs_bell.ring();
    Ok((StatusCode::CREATED, Json(JobView::of(job))))
}

fn put_people(services: &Services, job_id: &str, people: &[u32]) -> Answer<()> {
    let written = transfer::work_folder(&services.data, job_id)
        .and_then(|folder| bulk::write_people(&folder.join(bulk::PEOPLE_FILE), people));
    written.map_err(|error| {
        tracing::error!(%error, "a list of people cannot be written");
        let detail = "the server cannot write the list of people: is its disk full?";
        Problem::new(StatusCode::INSUFFICIENT_STORAGE, "upload_not_written", detail)
    })
}

/// Take a change to many back
///
/// Tags and lists become what they were, for those whom the change concerned.
#[utoipa::path(post, path = "/people/bulk/{id}/undo", tag = "profiles", params(("id" = String, Path)), responses((status = 200, body = JobView)))]
async fn undo(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(id): Path<String>,
) -> Answer<Json<JobView>> {
    let job = job(&services, caller.workspace, &id, "bulk").await?;
    let job = services
        .aside(move |services| bulk::undo_bulk(&services.store, job, services.now()).map_err(Problem::from))
        .await?;
    services.jobs_bell.ring();
    Ok(Json(JobView::of(job)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filter_says_what_it_lacks() {
        let zone = domain::settings::Settings::default().zone();
        let check = |told: Value, expect: Option<&str>| {
            let filter: PeopleFilter = serde_json::from_value(told.clone()).unwrap();
            let planned = plan(0, &filter, &zone, Timestamp::from_ms(1_000_000_000_000));
            assert_eq!(
                planned.err().map(|problem| problem.detail.contains("filters.0")),
                expect.map(|_| true),
                "{told}"
            );
        };
        check(json!({ "field": "tag", "any": ["vip"] }), None);
        check(json!({ "field": "tag" }), Some("any"));
        check(json!({ "field": "stage", "any": ["lost"] }), None);
        check(json!({ "field": "stage", "any": ["x"] }), Some("any"));
        check(json!({ "field": "orders", "min": 2 }), None);
        check(json!({ "field": "orders" }), Some("min"));
        check(json!({ "field": "last_order", "never": true }), None);
        check(json!({ "field": "last_order", "from": "2026-02-30" }), Some("from"));
        check(json!({ "field": "consent", "channel": "smoke" }), Some("channel"));
        check(json!({ "field": "nothing" }), Some("field"));
    }
}
