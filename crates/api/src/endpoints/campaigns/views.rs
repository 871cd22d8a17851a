//! What is shown of campaigns.

use crate::listing::{iso, iso_opt};
use engine::campaigns::{Counts, Progress, RunReport, Totals, definition_of};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use store::campaigns::{Answers, CampaignRow};
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignView {
    id: String,
    name: String,
    /// `draft`, `scheduled`, `sending`, `paused`, `done` or `cancelled`.
    state: String,
    /// Why it stands still, when it does.
    detail: String,
    channel: String,
    #[schema(value_type = Object)]
    definition: Value,
    /// In plain words, in the language of the workspace.
    schedule: String,
    /// When the next run begins.
    next_at: Option<String>,
    /// Runs that began.
    runs: i64,
    created_at: String,
    updated_at: String,
    created_by: String,
    /// When it was put away.
    archived_at: Option<String>,
    /// Of the last run; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<ProgressView>,
}

impl CampaignView {
    pub fn of(row: CampaignRow, language: &str, progress: Option<Progress>) -> CampaignView {
        let schedule = definition_of(&row).map_or_else(|_| String::new(), |c| c.schedule.in_words(language));
        CampaignView {
            id: row.campaign_id,
            name: row.name,
            state: row.state,
            detail: row.detail,
            channel: row.channel,
            definition: serde_json::from_str(&row.definition).unwrap_or_default(),
            schedule,
            next_at: iso_opt(row.next_at),
            runs: row.run_no,
            created_at: iso(row.created_at),
            updated_at: iso(row.updated_at),
            created_by: row.created_by,
            archived_at: iso_opt(row.archived_at),
            progress: progress.map(ProgressView::of),
        }
    }
}

/// What became of an audience. `audience` is the sum of `accepted`, `refused`, `failed`, `unknown`, `queued` and
/// `cancelled`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignCounts)]
struct CountsView {
    /// Whom the audience named, before anybody was left out.
    named: i64,
    /// Left out.
    excluded: i64,
    excluded_by: BTreeMap<String, i64>,
    /// People who were found to be the same person as another one of the audience.
    merged: i64,
    /// People who were no longer there when their turn came.
    gone: i64,
    /// Who was to get it.
    audience: i64,
    /// The provider took it.
    accepted: i64,
    /// Not sent by our own rules.
    refused: i64,
    refused_by: BTreeMap<String, i64>,
    /// The provider refused it, or it was given up.
    failed: i64,
    failed_by: BTreeMap<String, i64>,
    /// Nobody can say whether it arrived; it is not sent again.
    unknown: i64,
    /// Still to come.
    queued: i64,
    /// Of those: wait for a reason, such as quiet hours.
    delayed: i64,
    delayed_by: BTreeMap<String, i64>,
    cancelled: i64,
    cancelled_by: BTreeMap<String, i64>,
}

impl CountsView {
    fn of(counts: Counts) -> CountsView {
        let sum = |by: &BTreeMap<String, i64>| by.values().sum();
        CountsView {
            named: counts.named,
            excluded: sum(&counts.excluded),
            excluded_by: counts.excluded,
            merged: counts.merged,
            gone: counts.gone,
            audience: counts.audience,
            accepted: counts.accepted,
            refused: sum(&counts.refused),
            refused_by: counts.refused,
            failed: sum(&counts.failed),
            failed_by: counts.failed,
            unknown: counts.unknown,
            queued: counts.queued,
            delayed: sum(&counts.delayed),
            delayed_by: counts.delayed,
            cancelled: sum(&counts.cancelled),
            cancelled_by: counts.cancelled,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignProgress)]
struct ProgressView {
    run: i64,
    /// `gathering` (finding out who is on the lists), `planning` (finding out each recipient's time zone), `sending`,
    /// `done` or `cancelled`.
    state: String,
    started_at: String,
    ended_at: Option<String>,
    /// 0 to 100.
    percent: f64,
    /// Messages that the provider took in a minute, over the run so far.
    per_minute: f64,
    /// When the last will have had their turn, as it goes now.
    ends_at: Option<String>,
    #[serde(flatten)]
    counts: CountsView,
}

fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

impl ProgressView {
    fn of(progress: Progress) -> ProgressView {
        ProgressView {
            run: progress.run_no,
            state: progress.state,
            started_at: iso(progress.started_at),
            ended_at: iso_opt(progress.ended_at),
            percent: rounded(progress.percent),
            per_minute: rounded(progress.per_minute),
            ends_at: iso_opt(progress.ends_at),
            counts: CountsView::of(progress.counts),
        }
    }
}

/// What came back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignResult)]
pub struct ResultView {
    #[serde(flatten)]
    counts: CountsView,
    /// People, not machines.
    opened: i64,
    clicked: i64,
    unsubscribed: i64,
    /// People of whose messages only machines opened or clicked something: in no other number.
    machine: i64,
    /// Orders placed within `attribution_days` of an open or a click, each credited to the last message that its
    /// customer opened or clicked.
    orders: i64,
    /// In minor units.
    revenue: i64,
}

impl ResultView {
    pub fn of(counts: Counts, answers: Answers, orders: i64, revenue: i64) -> ResultView {
        ResultView {
            counts: CountsView::of(counts),
            opened: answers.opened,
            clicked: answers.clicked,
            unsubscribed: answers.unsubscribed,
            machine: answers.machine,
            orders,
            revenue,
        }
    }
}

/// An hour in which something happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignHour)]
struct HourView {
    hour: String,
    accepted: i64,
    /// Messages that were opened for the first time.
    opened: i64,
    clicked: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignLink)]
struct LinkView {
    url: String,
    people: i64,
    clicks: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignRun)]
struct RunView {
    run: i64,
    state: String,
    started_at: String,
    ended_at: Option<String>,
    #[serde(flatten)]
    result: ResultView,
    timeline: Vec<HourView>,
    /// The 20 that most people clicked.
    links: Vec<LinkView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignReport)]
pub struct ReportView {
    id: String,
    currency: String,
    attribution_days: u32,
    /// Runs that are added up.
    run_count: i64,
    total: ResultView,
    /// Newest first.
    runs: Vec<RunView>,
}

impl ReportView {
    pub fn of(
        id: String,
        currency: String,
        attribution_days: u32,
        totals: Totals,
        runs: Vec<RunReport>,
    ) -> ReportView {
        let run = |run: RunReport| RunView {
            run: run.run_no,
            state: run.state,
            started_at: iso(run.started_at),
            ended_at: iso_opt(run.ended_at),
            result: ResultView::of(run.counts, run.answers, run.orders, run.revenue),
            timeline: run
                .hours
                .into_iter()
                .map(|(hour, [accepted, opened, clicked])| HourView {
                    hour: iso(hour),
                    accepted,
                    opened,
                    clicked,
                })
                .collect(),
            links: run
                .links
                .into_iter()
                .map(|link| LinkView { url: link.url, people: link.people, clicks: link.clicks })
                .collect(),
        };
        ReportView {
            id,
            currency,
            attribution_days,
            run_count: totals.runs,
            total: ResultView::of(totals.counts, totals.answers, totals.orders, totals.revenue),
            runs: runs.into_iter().map(run).collect(),
        }
    }
}
