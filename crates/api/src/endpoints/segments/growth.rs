//! How segments grew, and on which channels their members can be reached.

use super::counting::SegmentReach;
use super::members::population;
use super::{UseView, row_of};
use crate::caller::Reader;
use crate::listing::Page;
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Asked;
use axum::Json;
use axum::extract::{Path, State};
use domain::consent::Purpose;
use domain::local_time::{Zone, local_date, start_of_day};
use engine::segments::{Census, reach, save};
use kit::{DAY_MS, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::segments::SegmentRow;
use store::{ReadTx, StoreError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(growth)).routes(routes!(reachable)).routes(routes!(uses))
}

const SEGMENTS_MAX: usize = 100;
const DAYS_MAX: i64 = 366;
const DAYS: i64 = 30;
/// The newest versions of a segment whose changes are told.
const VERSIONS: i64 = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct GrowthQuery {
    /// Ids of at most 100 segments, with commas between them.
    ids: String,
    /// Days up to and with today, 1 to 366; 30 when not given.
    days: Option<i64>,
}

/// A day of a segment, by the calendar of the workspace's zone.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
struct GrowthDay {
    /// `2026-02-28`
    day: String,
    /// Members at its end; null before the segment was made.
    count: Option<i64>,
    /// How many entered and left.
    entered: i64,
    left: i64,
    /// How many more members a change of the definition made.
    redefined: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct GrowthView {
    id: String,
    days: Vec<GrowthDay>,
}

/// The beginnings of the last days, oldest first, that of today last.
fn beginnings(now: Timestamp, days: i64, zone: &Zone) -> Vec<Timestamp> {
    let mut found = vec![start_of_day(now, zone)];
    while (found.len() as i64) < days {
        let Some(first) = found.last() else { break };
        // A day may have 23 or 25 hours.
        found.push(start_of_day(first.plus_ms(-DAY_MS / 2), zone));
    }
    found.reverse();
    found
}

/// What happened on the days, from what is known of them, and the members at their ends, counted back from now.
fn told(
    beginnings: &[Timestamp],
    zone: &Zone,
    turns: &[(Timestamp, bool, i64)],
    redefined: &[(Timestamp, i64)],
    made: Timestamp,
    members: Option<i64>,
) -> Vec<GrowthDay> {
    let day_of = |at: Timestamp| beginnings.partition_point(|begins| *begins <= at).checked_sub(1);
    let mut days: Vec<GrowthDay> = beginnings
        .iter()
        .map(|begins| GrowthDay {
            day: local_date(*begins, zone).to_string(),
            count: None,
            entered: 0,
            left: 0,
            redefined: 0,
        })
        .collect();
    for (at, entered, count) in turns {
        let Some(day) = day_of(*at).and_then(|day| days.get_mut(day)) else { continue };
        *(if *entered { &mut day.entered } else { &mut day.left }) += count;
    }
    for (at, change) in redefined {
        if let Some(day) = day_of(*at).and_then(|day| days.get_mut(day)) {
            day.redefined += change;
        }
    }
    let mut count = members;
    for (at, day) in days.iter_mut().enumerate().rev() {
        let ends = beginnings.get(at + 1).copied().unwrap_or(Timestamp::MAX);
        day.count = count.filter(|_| ends > made);
        count = count.map(|count| (count - day.entered + day.left - day.redefined).max(0));
    }
    days
}

fn growth_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    row: &SegmentRow,
    members: Option<u64>,
    beginnings: &[Timestamp],
    zone: &Zone,
) -> Result<GrowthView, StoreError> {
    let id = row.segment_id.clone();
    let from = beginnings.first().copied().unwrap_or(Timestamp::MAX);
    let turns = tx.scan_transitions(workspace, &id, (from, Timestamp::MAX))?;
    let versions = tx.segment_versions(workspace, &id, i64::MAX, VERSIONS)?;
    let change = |(_, added, removed): (i64, i64, i64)| added - removed;
    let redefined: Vec<_> =
        versions.into_iter().filter_map(|row| Some((row.created_at, change(row.change?)))).collect();
    let members = members.map(|members| i64::try_from(members).unwrap_or(i64::MAX));
    Ok(GrowthView { days: told(beginnings, zone, &turns, &redefined, row.created_at, members), id })
}

/// How segments grew
///
/// Day by day: the members at its end, how many entered, left, and came by another definition.
#[utoipa::path(get, path = "/segments/growth", tag = "segments", params(GrowthQuery), responses((status = 200, body = Page<GrowthView>)))]
async fn growth(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<GrowthQuery>,
) -> Answer<Json<Page<GrowthView>>> {
    let workspace = caller.workspace;
    let ids: Vec<String> = query.ids.split(',').map(str::to_owned).filter(|id| !id.is_empty()).collect();
    if ids.len() > SEGMENTS_MAX {
        return Err(Problem::field("ids", format!("at most {SEGMENTS_MAX} segments")));
    }
    let days = query.days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::field("days", format!("from 1 to {DAYS_MAX}")));
    }
    let now = services.now();
    let views = services
        .read(move |tx| {
            let zone = workspace_of(tx, workspace)?.settings.zone();
            let beginnings = beginnings(now, days, &zone);
            let rows = tx.segments(workspace)?;
            let mut census = Census::read(tx, workspace)?;
            let mut views = Vec::with_capacity(ids.len());
            for row in rows.iter().filter(|row| ids.contains(&row.segment_id)) {
                let members = census.members(tx, &row.segment_id)?.map(|members| members.len());
                views.push(growth_of(tx, workspace, row, members, &beginnings, &zone)?);
            }
            Ok(views)
        })
        .await?;
    Ok(Json(Page::whole(views)))
}

/// Where the members of a segment can be reached
///
/// By channel: to how many an advertisement would get, and why not to the others.
#[utoipa::path(get, path = "/segments/{id}/reach", tag = "segments", params(("id" = String, Path)), responses((status = 200, body = SegmentReach)))]
async fn reachable(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Answer<Json<SegmentReach>> {
    let workspace = caller.workspace;
    let row = row_of(&services, workspace, &id).await?;
    let members = population(&services, workspace, &row).await?;
    let now = services.now();
    let view = services
        .read(move |tx| {
            let shop = workspace_of(tx, workspace)?;
            Ok(SegmentReach::of(&reach::reach(tx, &shop, &members, Purpose::Marketing, now)?, members.len()))
        })
        .await?;
    Ok(Json(view))
}

/// Where a segment is used.
#[derive(Debug, Serialize, ToSchema)]
struct SegmentUses {
    id: String,
    used_by: Vec<UseView>,
}

/// Where all segments are used
///
/// Those that nothing refers to are left out.
#[utoipa::path(get, path = "/segments/uses", tag = "segments", responses((status = 200, body = Page<SegmentUses>)))]
async fn uses(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
) -> Answer<Json<Page<SegmentUses>>> {
    let workspace = caller.workspace;
    let uses = services.read(move |tx| save::usages(tx, workspace)).await?;
    let view = |(id, uses): (String, Vec<save::Use>)| SegmentUses {
        id,
        used_by: uses.into_iter().map(UseView::of).collect(),
    };
    Ok(Json(Page::whole(uses.into_iter().map(view).collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_back_from_now() {
        let zone = Zone::vietnam();
        let now = Timestamp::from_ms(1_795_150_800_000); // 2026-11-20 12:00 in Vietnam
        let begins = beginnings(now, 3, &zone);
        assert_eq!(begins.len(), 3);
        assert_eq!(begins[2].since_ms(begins[1]), DAY_MS);
        let turns =
            [(begins[2], true, 5), (begins[2].plus_ms(-1), false, 2), (begins[1].plus_ms(9), true, 4)];
        let redefined = [(begins[2].plus_ms(7), -10)];
        let days = told(&begins, &zone, &turns, &redefined, begins[1].plus_ms(1), Some(20));
        let brief: Vec<_> =
            days.iter().map(|day| (day.day.as_str(), day.count, day.entered, day.left)).collect();
        assert_eq!(
            brief,
            [("2026-11-18", None, 0, 0), ("2026-11-19", Some(25), 4, 2), ("2026-11-20", Some(20), 5, 0)]
        );
        assert_eq!(days[2].redefined, -10);
        assert!(told(&begins, &zone, &[], &[], begins[0], None).iter().all(|day| day.count.is_none()));
    }

    #[test]
    fn days_may_have_23_and_25_hours() {
        let zone = Zone::named("Europe/Berlin").unwrap_or_else(|_| Zone::vietnam());
        let now = Timestamp::from_ms(1_774_864_800_000); // 2026-03-30, the day after the clock was put forward
        let begins = beginnings(now, 3, &zone);
        assert!(begins.windows(2).all(|two| two[0] < two[1]));
    }
}
