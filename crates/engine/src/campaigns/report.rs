//! How far a campaign is, and what came of it.

use super::{Doc, definition_of};
use crate::EngineError;
use domain::campaign::{Campaign, Order, Touch, credited};
use kit::{HOUR_MS, ProfileNo, Timestamp, WorkspaceId};
use std::collections::BTreeMap;
use store::campaigns::{Answers, CampaignRow, CampaignRunRow, DomainRow, LinkRow, OrderMark, RunKey};
use store::{ReadTx, StoreError};

/// Runs that a report adds up and shows.
const RUNS_MAX: i64 = 200;
/// Links that a run's report shows.
const LINKS_MAX: i64 = 20;

/// Domains of a run that are added up, and that are shown.
const DOMAINS_MAX: i64 = 1_000;
const DOMAINS_SHOWN_MAX: usize = 50;

/// What became of an audience. It adds up: `audience` is the sum of `accepted`, `refused`, `failed`, `unknown`,
/// `queued` and `cancelled`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Who was to get it: each person once, those left out who are no longer there.
    pub audience: i64,
    /// Handed over, and taken by the provider.
    pub accepted: i64,
    /// Not sent by our own rules, by reason.
    pub refused: BTreeMap<String, i64>,
    /// Refused by the provider, by reason.
    pub failed: BTreeMap<String, i64>,
    pub unknown: i64,
    /// Still to come: waits in line, is held, is being handed over, or its turn has not come.
    pub queued: i64,
    /// Of those queued: wait for the reason named, such as quiet hours.
    pub delayed: BTreeMap<String, i64>,
    /// Called off, by reason.
    pub cancelled: BTreeMap<String, i64>,
    /// Whom the audience named, before anybody was left out.
    pub named: i64,
    /// Who was left out, by reason.
    pub excluded: BTreeMap<String, i64>,
    /// People of the audience who were found to be the same person as another one of it.
    pub merged: i64,
    /// People of the audience who were no longer there when their turn came.
    pub gone: i64,
}

impl Counts {
    fn of(doc: &Doc, states: &[(String, String, i64)]) -> Counts {
        let mut counts = Counts {
            audience: doc.audience - doc.merged - doc.gone,
            queued: doc.to_come(),
            named: doc.named,
            excluded: doc.excluded.clone(),
            merged: doc.merged,
            gone: doc.gone,
            ..Counts::default()
        };
        if doc.called_off > 0 {
            counts.cancelled.insert("campaign_cancelled".into(), doc.called_off);
        }
        for (state, reason, count) in states {
            let by_reason = match state.as_str() {
                "accepted" => {
                    counts.accepted += count;
                    continue;
                }
                "unknown" => {
                    counts.unknown += count;
                    continue;
                }
                // Somebody whose two messages became one person's is one of the audience.
                "cancelled" if reason == "merged" => {
                    counts.merged += count;
                    counts.audience -= count;
                    continue;
                }
                "queued" | "held" | "sending" => {
                    counts.queued += count;
                    if reason.is_empty() {
                        continue;
                    }
                    &mut counts.delayed
                }
                "refused" => &mut counts.refused,
                "failed" => &mut counts.failed,
                _ => &mut counts.cancelled,
            };
            *by_reason.entry(reason.clone()).or_insert(0) += count;
        }
        counts
    }

    fn add(&mut self, other: &Counts) {
        let Counts {
            audience,
            accepted,
            refused,
            failed,
            unknown,
            queued,
            delayed,
            cancelled,
            named,
            excluded,
            merged,
            gone,
        } = other;
        for (ours, theirs) in [
            (&mut self.audience, audience),
            (&mut self.accepted, accepted),
            (&mut self.unknown, unknown),
            (&mut self.queued, queued),
            (&mut self.named, named),
            (&mut self.merged, merged),
            (&mut self.gone, gone),
        ] {
            *ours += theirs;
        }
        for (ours, theirs) in [
            (&mut self.refused, refused),
            (&mut self.failed, failed),
            (&mut self.delayed, delayed),
            (&mut self.cancelled, cancelled),
            (&mut self.excluded, excluded),
        ] {
            for (reason, count) in theirs {
                *ours.entry(reason.clone()).or_insert(0) += count;
            }
        }
    }

    /// Who has come to an end, whatever it was.
    pub fn ended(&self) -> i64 {
        (self.audience - self.queued).max(0)
    }
}

/// How far a run is.
#[derive(Clone, PartialEq, Debug)]
pub struct Progress {
    pub run_no: i64,
    /// `gathering`, `planning`, `sending`, `done` or `cancelled`.
    pub state: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub counts: Counts,
    /// 0 to 100.
    pub percent: f64,
    /// Messages taken by the provider in a minute, over the run so far.
    pub per_minute: f64,
    /// When the last of those who wait for no other reason will have had their turn, as it goes now.
    pub ends_at: Option<Timestamp>,
}

fn key<'a>(workspace: WorkspaceId, campaign_id: &'a str, run: &CampaignRunRow) -> RunKey<'a> {
    RunKey { workspace, campaign_id, run_no: run.run_no }
}

fn counts(tx: &mut ReadTx<'_>, key: RunKey<'_>, doc: &Doc) -> Result<Counts, StoreError> {
    let states = match &doc.tally {
        Some(tally) => tally.clone(),
        None => tx.campaign_states(key)?,
    };
    Ok(Counts::of(doc, &states))
}

/// How far the last run of a campaign is; `None` when none began.
pub fn progress(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    row: &CampaignRow,
    now: Timestamp,
) -> Result<Option<Progress>, EngineError> {
    let asked = RunKey { workspace, campaign_id: &row.campaign_id, run_no: row.run_no };
    let Some(run) = tx.campaign_run(asked)? else { return Ok(None) };
    let (definition, doc) = (definition_of(row)?, Doc::read(&run.doc)?);
    let counts = counts(tx, asked, &doc)?;
    let frozen = run.state != "gathering";
    let percent = match (counts.audience, counts.ended()) {
        (0, _) if frozen => 100.0,
        (0, _) => 0.0,
        (audience, ended) => ended as f64 * 100.0 / audience as f64,
    };
    let took_ms = run.ended_at.unwrap_or(now).since_ms(run.started_at).max(1);
    let per_minute = counts.accepted as f64 * kit::MINUTE_MS as f64 / took_ms as f64;
    let waits: i64 = counts.delayed.values().sum();
    let left = (counts.queued - waits).max(0);
    let mut ends_at = None;
    if row.state == "sending" && frozen && left > 0 {
        let by_speed = (counts.ended() > 0)
            .then(|| now.plus_ms((took_ms as f64 * left as f64 / counts.ended() as f64) as i64));
        let last_wave = tx.audience_waves(asked)?.last().map(|wave| Timestamp::from_ms(*wave));
        let by_rate = definition.rate.map(|rate| now.plus_ms(rate.takes_ms(left)));
        let speed = if doc.local.is_some() { None } else { by_speed };
        ends_at = by_rate.or(speed).max(last_wave.filter(|_| doc.local.is_some()));
    }
    Ok(Some(Progress {
        run_no: run.run_no,
        state: run.state,
        started_at: run.started_at,
        ended_at: run.ended_at,
        counts,
        percent,
        per_minute,
        ends_at,
    }))
}

/// What came back from a run.
#[derive(Clone, PartialEq, Debug)]
pub struct RunReport {
    pub run_no: i64,
    pub state: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub counts: Counts,
    /// People, not machines.
    pub answers: Answers,
    /// Orders credited to the run, and what they come to in minor units.
    pub orders: i64,
    pub revenue: i64,
    /// Accepted, first opened and first clicked in each hour that had any.
    pub hours: BTreeMap<Timestamp, [i64; 3]>,
    pub links: Vec<LinkRow>,
}

/// All runs of a campaign together.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Totals {
    pub runs: i64,
    pub counts: Counts,
    pub answers: Answers,
    pub orders: i64,
    pub revenue: i64,
}

impl Totals {
    fn add(&mut self, counts: &Counts, answers: Answers, orders: i64, revenue: i64) {
        self.runs += 1;
        self.counts.add(counts);
        self.answers.opened += answers.opened;
        self.answers.clicked += answers.clicked;
        self.answers.unsubscribed += answers.unsubscribed;
        self.answers.machine += answers.machine;
        self.orders += orders;
        self.revenue += revenue;
    }
}

/// What the newest 200 runs of a campaign come to, without what [`report`] tells of each.
pub fn totals(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    row: &CampaignRow,
    currency: &str,
) -> Result<Totals, EngineError> {
    let definition = definition_of(row)?;
    let mut totals = Totals::default();
    for run in tx.campaign_runs(workspace, &row.campaign_id, i64::MAX, RUNS_MAX)? {
        let asked = key(workspace, &row.campaign_id, &run);
        let counts = counts(tx, asked, &Doc::read(&run.doc)?)?;
        let answers = tx.campaign_answers(asked)?;
        let (orders, revenue) = credit(tx, asked, &definition, currency)?;
        totals.add(&counts, answers, orders, revenue);
    }
    Ok(totals)
}

/// The domains to which most messages of a campaign's newest 200 runs, or of one of them, went.
pub fn domains(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    row: &CampaignRow,
    of_run: Option<i64>,
) -> Result<Vec<DomainRow>, StoreError> {
    let mut all: BTreeMap<String, DomainRow> = BTreeMap::new();
    for run in tx.campaign_runs(workspace, &row.campaign_id, i64::MAX, RUNS_MAX)? {
        if of_run.is_some_and(|run_no| run_no != run.run_no) {
            continue;
        }
        for found in tx.campaign_domains(key(workspace, &row.campaign_id, &run), DOMAINS_MAX)? {
            match all.get_mut(&found.domain) {
                None => {
                    all.insert(found.domain.clone(), found);
                }
                Some(sum) => {
                    sum.tried += found.tried;
                    sum.accepted += found.accepted;
                    sum.failed += found.failed;
                    sum.opened += found.opened;
                    sum.clicked += found.clicked;
                    sum.unsubscribed += found.unsubscribed;
                }
            }
        }
    }
    let mut all: Vec<DomainRow> = all.into_values().collect();
    all.sort_by(|a, b| b.tried.cmp(&a.tried).then_with(|| a.domain.cmp(&b.domain)));
    all.truncate(DOMAINS_SHOWN_MAX);
    Ok(all)
}

/// The newest 200 runs of a campaign, newest first, and what they come to.
pub fn report(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    row: &CampaignRow,
    currency: &str,
) -> Result<(Totals, Vec<RunReport>), EngineError> {
    let definition = definition_of(row)?;
    let mut totals = Totals::default();
    let mut reports = Vec::new();
    for run in tx.campaign_runs(workspace, &row.campaign_id, i64::MAX, RUNS_MAX)? {
        let asked = key(workspace, &row.campaign_id, &run);
        let doc = Doc::read(&run.doc)?;
        let counts = counts(tx, asked, &doc)?;
        let answers = tx.campaign_answers(asked)?;
        let (orders, revenue) = credit(tx, asked, &definition, currency)?;
        let mut hours: BTreeMap<Timestamp, [i64; 3]> = BTreeMap::new();
        for (what, hour, count) in tx.campaign_hours(asked)? {
            let hour = Timestamp::from_ms(hour.ms().div_euclid(HOUR_MS) * HOUR_MS);
            let place = match what.as_str() {
                "accepted" => 0,
                "opened" => 1,
                _ => 2,
            };
            hours.entry(hour).or_default()[place] += count;
        }
        totals.add(&counts, answers, orders, revenue);
        let links = tx.campaign_links(asked, LINKS_MAX)?;
        reports.push(RunReport {
            run_no: run.run_no,
            state: run.state,
            started_at: run.started_at,
            ended_at: run.ended_at,
            counts,
            answers,
            orders,
            revenue,
            hours,
            links,
        });
    }
    Ok((totals, reports))
}

/// The orders that are credited to a run, and what they come to.
fn credit(
    tx: &mut ReadTx<'_>,
    run: RunKey<'_>,
    definition: &Campaign,
    currency: &str,
) -> Result<(i64, i64), StoreError> {
    let mut of: BTreeMap<ProfileNo, Vec<Order>> = BTreeMap::new();
    for OrderMark { profile, placed_at, net, .. } in tx.campaign_orders(run, currency)? {
        of.entry(profile).or_default().push(Order { placed_at, net });
    }
    let people: Vec<ProfileNo> = of.keys().copied().collect();
    let ours = (run.campaign_id.to_owned(), run.run_no);
    let mut sum = (0, 0);
    for (orders, touches) in of.values().zip(tx.touches_of(run.workspace, &people)?) {
        let touches: Vec<_> =
            touches.into_iter().map(|touch| Touch { by: touch.campaign, at: touch.at }).collect();
        let (count, net) = credited(&ours, &touches, orders, definition.attribution_days);
        sum = (sum.0 + count, sum.1 + net);
    }
    Ok(sum)
}
