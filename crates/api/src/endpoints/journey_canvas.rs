//! What the app keeps beside a journey: places on the canvas, notes and a draft; versions, what is wrong with a draft,
//! and the numbers of all journeys.

use crate::audit::Audit;
use crate::caller::{Reader, Writer};
use crate::endpoints::journeys::{journey_id, problems_of, row_of};
use crate::listing::{Page, Paging, iso};
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::told::{Asked, Told};
use axum::Json;
use axum::extract::{Path, State};
use domain::journey::{DEFINITION_BYTES_MAX, Definition};
use kit::{Currency, DAY_MS, Money, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Changeset;
use store::journeys::{CanvasRow, Revenue};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Nodes that may have a place: more than a journey has, as a draft may be over the limit for a while.
const PLACES_MAX: usize = 400;
const NOTES_MAX: usize = 100;
const NOTE_CHARS_MAX: usize = 2_000;
const ID_BYTES_MAX: usize = 64;
/// Farthest place from the middle of the canvas.
const PLACE_MAX: f64 = 1_000_000.0;
const COLOURS: [&str; 5] = ["yellow", "blue", "green", "pink", "grey"];
/// For how long after a message an order counts, where the journey's goal does not say.
const REVENUE_DAYS: i64 = 7;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(canvas, put_canvas))
        .routes(routes!(versions))
        .routes(routes!(check))
        .routes(routes!(numbers))
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Place {
    x: f64,
    y: f64,
}

impl Place {
    fn is_good(self) -> bool {
        self.x.is_finite() && self.y.is_finite() && self.x.abs() <= PLACE_MAX && self.y.abs() <= PLACE_MAX
    }
}

/// A note on the canvas, for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CanvasNote {
    id: String,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    text: String,
    /// `yellow`, `blue`, `green`, `pink` or `grey`.
    colour: String,
}

/// How the picture of a journey is arranged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct CanvasDocument {
    /// Whether nodes stand where they were put; else they are arranged by themselves.
    free: bool,
    /// By the ids of the nodes; `trigger` is the start.
    places: BTreeMap<String, Place>,
    notes: Vec<CanvasNote>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CanvasView {
    journey_id: String,
    /// 0 before the first change; a change names the one that it was made on.
    revision: i64,
    canvas: CanvasDocument,
    /// What is being written and is no version yet; it may not be whole. Null: the latest version is what is worked on.
    #[schema(value_type = Option<Object>)]
    draft: Option<Value>,
    updated_at: Option<String>,
    /// `user:an@shop.example`, `key:3`.
    updated_by: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutCanvas {
    /// That of the canvas on which this was made.
    revision: i64,
    canvas: CanvasDocument,
    /// A definition, whole or not; null or absent: there is no draft.
    #[schema(value_type = Option<Object>)]
    draft: Option<Map<String, Value>>,
}

fn canvas_view(journey_id: String, row: Option<CanvasRow>) -> CanvasView {
    let Some(row) = row else {
        return CanvasView {
            journey_id,
            revision: 0,
            canvas: CanvasDocument::default(),
            draft: None,
            updated_at: None,
            updated_by: None,
        };
    };
    CanvasView {
        journey_id,
        revision: row.revision,
        canvas: serde_json::from_str(&row.document).unwrap_or_default(),
        draft: row.draft.and_then(|draft| serde_json::from_str(&draft).ok()),
        updated_at: Some(iso(row.updated_at)),
        updated_by: Some(row.updated_by),
    }
}

/// Read a journey's canvas
///
/// Where its nodes stand, notes, and the draft that is being written. No run ever reads any of it.
#[utoipa::path(get, path = "/journeys/{id}/canvas", tag = "journeys", params(("id" = String, Path)), responses((status = 200, body = CanvasView)))]
async fn canvas(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<CanvasView>> {
    let workspace = caller.workspace;
    let journey_id = row_of(&services, workspace, &id).await?.journey_id;
    let looked_up = journey_id.clone();
    let row = services.read(move |tx| tx.canvas(workspace, &looked_up)).await?;
    Ok(Json(canvas_view(journey_id, row)))
}

fn checked(told: &PutCanvas) -> Answer<()> {
    let named = |id: &str| (1..=ID_BYTES_MAX).contains(&id.len());
    let canvas = &told.canvas;
    if canvas.places.len() > PLACES_MAX {
        return Err(Problem::field("canvas.places", format!("at most {PLACES_MAX}")));
    }
    if !canvas.places.iter().all(|(id, place)| named(id) && place.is_good()) {
        return Err(Problem::field("canvas.places", format!("numbers of at most {PLACE_MAX}")));
    }
    if canvas.notes.len() > NOTES_MAX {
        return Err(Problem::field("canvas.notes", format!("at most {NOTES_MAX} notes")));
    }
    for (place, note) in canvas.notes.iter().enumerate() {
        let field = |name: &str| format!("canvas.notes.{place}.{name}");
        if !named(&note.id) {
            return Err(Problem::field(&field("id"), format!("1 to {ID_BYTES_MAX} bytes")));
        }
        if note.text.chars().count() > NOTE_CHARS_MAX {
            return Err(Problem::field(&field("text"), format!("at most {NOTE_CHARS_MAX} characters")));
        }
        if !COLOURS.contains(&note.colour.as_str()) {
            return Err(Problem::field(&field("colour"), COLOURS.join(", ")));
        }
        let size = |length: f64| (20.0..=4_000.0).contains(&length);
        if !Place::is_good(Place { x: note.x, y: note.y }) || !size(note.width) || !size(note.height) {
            return Err(Problem::field(&field("width"), "a size from 20 to 4000, a place on the canvas"));
        }
    }
    Ok(())
}

/// Write a journey's canvas
///
/// The whole of it, over the revision that was read: who was faster is not written over. The journey itself, its
/// versions and its runs stay as they are.
#[utoipa::path(put, path = "/journeys/{id}/canvas", tag = "journeys", params(("id" = String, Path)), request_body = PutCanvas, responses((status = 200, body = CanvasView)))]
async fn put_canvas(
    State(services): State<Arc<Services>>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    audit: Audit,
    Told(told): Told<PutCanvas>,
) -> Answer<Json<CanvasView>> {
    let workspace = caller.workspace;
    checked(&told)?;
    let draft = told.draft.map(|draft| Value::Object(draft).to_string());
    if draft.as_ref().is_some_and(|draft| draft.len() > DEFINITION_BYTES_MAX) {
        let most = DEFINITION_BYTES_MAX / 1024;
        return Err(Problem::field("draft", format!("at most {most} KB of JSON")));
    }
    let journey = row_of(&services, workspace, &id).await?;
    if journey.status == "archived" {
        let detail = "an archived journey cannot be changed; make a new one";
        return Err(Problem::conflict("journey_archived", detail));
    }
    let looked_up = journey.journey_id.clone();
    let held = services.read(move |tx| tx.canvas(workspace, &looked_up)).await?;
    let revision = held.as_ref().map_or(0, |row| row.revision);
    if revision != told.revision {
        let detail = "somebody else changed this canvas meanwhile; read it again and repeat the change";
        return Err(Problem::conflict("canvas_changed", detail));
    }
    audit.detail("draft", draft.is_some());
    // A draft is saved as it is typed: one line for its beginning and one for its end are enough.
    if held.is_some_and(|row| row.draft.is_some() == draft.is_some()) {
        audit.leave_out();
    }
    let document =
        serde_json::to_string(&told.canvas).map_err(|error| Problem::internal(&error.to_string()))?;
    let row = CanvasRow { document, draft, revision, updated_at: services.now(), updated_by: caller.source };
    let mut changes = Changeset::new();
    changes.set_canvas(workspace, &journey.journey_id, row.clone());
    services.apply(changes).await?;
    Ok(Json(canvas_view(journey.journey_id, Some(CanvasRow { revision: revision + 1, ..row }))))
}

#[derive(Debug, Serialize, ToSchema)]
struct JourneyVersionView {
    version: i64,
    created_at: String,
    /// Whether new runs take it.
    published: bool,
    /// Unfinished runs that follow it.
    active_runs: i64,
}

/// List a journey's versions
///
/// The newest first.
#[utoipa::path(get, path = "/journeys/{id}/versions", tag = "journeys", params(("id" = String, Path), Paging), responses((status = 200, body = Page<JourneyVersionView>)))]
async fn versions(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Answer<Json<Page<JourneyVersionView>>> {
    let workspace = caller.workspace;
    let limit = paging.limit()?;
    let below = paging.after_number()?.unwrap_or(i64::MAX);
    let journey = row_of(&services, workspace, &id).await?;
    let id = journey.journey_id;
    let (rows, active) = services
        .read(move |tx| {
            Ok((
                tx.journey_versions(workspace, &id, below, limit + 1)?,
                tx.journey_active_nodes(workspace, &id)?,
            ))
        })
        .await?;
    let show = |(version, created_at): (i64, Timestamp)| JourneyVersionView {
        version,
        created_at: iso(created_at),
        published: version == journey.published,
        active_runs: active.iter().filter(|(of, ..)| *of == version).map(|(.., count)| count).sum(),
    };
    Ok(Json(Page::of(rows, limit, |(version, _)| [version.to_string()], show)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CheckDraft {
    /// The journey that the draft is of, if it is stored.
    id: Option<String>,
    #[schema(value_type = Object)]
    definition: Value,
}

/// One thing that keeps a definition from being published.
#[derive(Debug, Serialize, ToSchema)]
pub struct JourneyProblem {
    /// Where, as `nodes.hello.template`; empty for the whole.
    pub path: String,
    /// Stable: `node.unreachable`, `template.missing`.
    pub code: String,
    /// In English.
    pub message: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct JourneyCheck {
    problems: Vec<JourneyProblem>,
}

/// Check a draft
///
/// Everything that keeps a definition from being published, each at its path: what cannot run, and templates, segments and
/// journeys that are not there. Nothing is written.
#[utoipa::path(post, path = "/journeys/check", tag = "journeys", request_body = CheckDraft, responses((status = 200, body = JourneyCheck)))]
async fn check(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<CheckDraft>,
) -> Answer<Json<JourneyCheck>> {
    let workspace = caller.workspace;
    let own = told.id.as_deref().map(journey_id).transpose()?.unwrap_or_default();
    let definition = match Definition::from_value(&told.definition) {
        Ok(definition) => definition,
        Err(problems) => {
            let problems = problems.into_iter().map(|problem| JourneyProblem {
                path: problem.path,
                code: problem.code.to_owned(),
                message: problem.message,
            });
            return Ok(Json(JourneyCheck { problems: problems.collect() }));
        }
    };
    let problems = services.read(move |tx| problems_of(tx, workspace, &own, &definition)).await?;
    Ok(Json(JourneyCheck { problems }))
}

#[derive(Debug, Serialize, ToSchema)]
struct JourneyRevenue {
    currency: String,
    orders: i64,
    buyers: i64,
    /// In minor units, after refunds.
    minor: i64,
    /// In the currency's own unit.
    revenue: f64,
}

/// What came of a journey since it was made, in short.
#[derive(Debug, Serialize, ToSchema)]
struct JourneyNumbers {
    journey_id: String,
    entered: i64,
    active: i64,
    completed: i64,
    goal_reached: i64,
    exited: i64,
    failed: i64,
    /// Of those that are over, how many reached the goal, from 0 to 1; null when none is over or there is no goal.
    goal_rate: Option<f64>,
    /// Orders that followed a message of the journey, as in its report.
    revenue: Vec<JourneyRevenue>,
}

/// The numbers of all journeys
///
/// Since they were made, archived ones too. A journey in which nobody ever was has none.
#[utoipa::path(get, path = "/journeys/numbers", tag = "journeys", responses((status = 200, body = Page<JourneyNumbers>)))]
async fn numbers(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<JourneyNumbers>>> {
    let workspace = caller.workspace;
    let (rows, totals, active, revenue) = services
        .read(move |tx| {
            let totals = tx.journey_totals(workspace)?;
            let rows = tx.journeys(workspace)?;
            let mut revenue: BTreeMap<String, (bool, Vec<Revenue>)> = BTreeMap::new();
            for row in rows.iter().filter(|row| row.published > 0) {
                let text = tx.journey_version(workspace, &row.journey_id, row.published)?;
                let goal =
                    text.and_then(|(text, _)| Definition::parse(&text).ok()).and_then(|read| read.goal);
                let within = goal.as_ref().and_then(|goal| goal.within);
                let within = within.map_or(REVENUE_DAYS * DAY_MS, |within| within.ms());
                let followed = tx.journey_revenue(workspace, &row.journey_id, within)?;
                revenue.insert(row.journey_id.clone(), (goal.is_some(), followed));
            }
            Ok((rows, totals, tx.journey_active_totals(workspace)?, revenue))
        })
        .await?;
    let mut items = Vec::new();
    for row in rows {
        let id = row.journey_id;
        let total = |code: &str| -> i64 {
            let of = totals.iter().filter(|(journey, counted, _)| *journey == id && counted == code);
            of.map(|(.., count)| count).sum()
        };
        let (completed, goal_reached) = (total("run.completed"), total("run.goal_reached"));
        let (exited, failed) = (total("run.exited"), total("run.failed"));
        let over = completed + goal_reached + exited + failed;
        let (has_goal, followed) = revenue.get(&id).cloned().unwrap_or_default();
        let followed = followed.into_iter().map(|row| {
            let currency = row.currency.parse::<Currency>().unwrap_or(Currency::VND);
            JourneyRevenue {
                currency: row.currency,
                orders: row.orders,
                buyers: row.buyers,
                minor: row.net,
                revenue: Money { minor: row.net, currency }.to_f64(),
            }
        });
        items.push(JourneyNumbers {
            entered: total("run.started"),
            active: active.iter().filter(|(journey, ..)| *journey == id).map(|(.., count)| count).sum(),
            completed,
            goal_reached,
            exited,
            failed,
            goal_rate: (has_goal && over > 0).then(|| goal_reached as f64 / over as f64),
            revenue: followed.collect(),
            journey_id: id,
        });
    }
    Ok(Json(Page::whole(items)))
}
