//! How the shop does: revenue and orders, what came of messages, day by day and against the period before.

mod attention;
mod credit;

use crate::caller::Reader;
use crate::listing::iso;
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Asked;
use axum::Json;
use axum::extract::State;
use credit::Sender;
use domain::local_time::{Zone, local_date, parse_date};
use jiff::civil::Date;
use kit::{Id, ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use store::access::Workspace;
use store::home::{Answer as Did, Sale, Span};
use store::{ReadTx, StoreError};
use store::{Topic, TopicCounts};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const DAYS_MAX: i64 = 366;
/// Journeys and campaigns shown with what they brought.
const TOP: usize = 8;
/// What was reckoned serves for so long, whatever has changed since. Shorter than the web app waits after it has heard
/// of a change, so that what it then gets is not from before.
const FRESH_MS: i64 = 1_000;
const REMEMBERED_MAX: usize = 32;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(overview)).merge(attention::router())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OverviewQuery {
    /// The first day, such as 2026-11-01, in the shop's time zone; 30 days back when not given.
    from: Option<String>,
    /// The last day; today when not given. At most 366 days.
    to: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Overview {
    time_zone: String,
    currency: String,
    /// When it was reckoned.
    made_at: String,
    period: PeriodView,
    /// The same number of days before.
    before: PeriodView,
    totals: OverviewTotals,
    totals_before: OverviewTotals,
    days: Vec<OverviewDay>,
    /// The days of the period before, in the same order.
    days_before: Vec<OverviewDay>,
    channels: Vec<ChannelNumbers>,
    /// Journeys and campaigns by the revenue credited to them, then by messages.
    journeys: Vec<TopRow>,
    campaigns: Vec<TopRow>,
    /// An order is credited to the last message that its customer opened or clicked before it, if that was within so
    /// many days; a campaign with `attribution_days` of its own keeps them.
    attribution_days: u32,
    /// Whether the shop has any order at all; without, revenue is unknown rather than nothing.
    has_orders: bool,
    /// Whether any message was ever handed over.
    has_messages: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PeriodView {
    /// The first and the last day.
    from: String,
    to: String,
}

#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct OverviewTotals {
    /// Orders that count (not cancelled, not refunded wholly) in the shop's currency, after refunds.
    revenue: i64,
    orders: i64,
    buyers: i64,
    /// Of the buyers, those who had not bought before.
    first_buyers: i64,
    /// Of the revenue and the orders, what is credited to messages.
    credited_revenue: i64,
    credited_orders: i64,
    /// Of those, by campaigns, journeys, and messages of programs.
    credited_to_campaigns: i64,
    credited_to_journeys: i64,
    /// Profiles that were made, those that a file brought in included.
    new_people: i64,
    /// Messages that a channel took.
    sent: i64,
    /// Messages decided on that did not go, by what stopped them.
    refused: i64,
    failed: i64,
    unknown: i64,
    cancelled: i64,
    /// Messages that a person opened, or followed a link of, for the first time.
    opened: i64,
    clicked: i64,
    unsubscribed: i64,
    /// Messages of the period that machines opened or followed links of; no person is counted here.
    machine_opened: i64,
    machine_clicked: i64,
    /// Addresses that refused mail for good, and people who complained.
    bounced: i64,
    complained: i64,
}

#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct OverviewDay {
    date: String,
    revenue: i64,
    orders: i64,
    credited_revenue: i64,
    /// Who bought for the first time.
    first_buyers: i64,
    new_people: i64,
    sent: i64,
    opened: i64,
    clicked: i64,
    unsubscribed: i64,
}

#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct ChannelNumbers {
    channel: String,
    sent: i64,
    /// Not sent, by state and reason.
    refused: BTreeMap<String, i64>,
    failed: BTreeMap<String, i64>,
    unknown: i64,
    cancelled: i64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TopRow {
    id: String,
    name: String,
    state: String,
    /// Messages of the period.
    sent: i64,
    orders: i64,
    revenue: i64,
}

/// What was reckoned lately.
#[derive(Debug, Default)]
pub(crate) struct Overviews(Mutex<HashMap<(WorkspaceId, Date, Date), Remembered>>);

#[derive(Debug, Clone)]
struct Remembered {
    counts: TopicCounts,
    at: Timestamp,
    overview: Arc<Overview>,
}

impl Overviews {
    fn get(
        &self,
        key: &(WorkspaceId, Date, Date),
        counts: &TopicCounts,
        now: Timestamp,
    ) -> Option<Arc<Overview>> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = remembered.get(key)?;
        let concerns = [
            Topic::Events,
            Topic::Messages,
            Topic::People,
            Topic::Campaigns,
            Topic::Journeys,
            Topic::Settings,
        ];
        let is_same = concerns.iter().all(|topic| found.counts.of(*topic) == counts.of(*topic));
        let is_fresh = (0..FRESH_MS).contains(&now.since_ms(found.at));
        (is_same || is_fresh).then(|| Arc::clone(&found.overview))
    }

    fn put(&self, key: (WorkspaceId, Date, Date), one: Remembered) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(key, one);
    }
}

/// Whole days on the shop's calendar.
#[derive(Clone, Debug)]
struct Days {
    first: Date,
    last: Date,
    /// When each day begins, and when the one behind the last does.
    starts: Vec<Timestamp>,
}

impl Days {
    fn of(first: Date, last: Date, zone: &Zone) -> Days {
        let mut starts = Vec::new();
        let mut day = first;
        loop {
            starts.push(domain::local_time::parse_instant(&day.to_string(), zone).unwrap_or(Timestamp::MAX));
            if day > last {
                break;
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        Days { first, last, starts }
    }

    fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    fn span(&self) -> Span {
        let ends = |at: Option<&Timestamp>| at.copied().unwrap_or(Timestamp::MIN);
        Span { from: ends(self.starts.first()), to: ends(self.starts.last()) }
    }

    /// The place of an instant's day.
    fn place(&self, at: Timestamp) -> Option<usize> {
        let after = self.starts.partition_point(|start| *start <= at);
        (1..=self.len()).contains(&after).then(|| after - 1)
    }

    fn dates(&self) -> impl Iterator<Item = Date> {
        self.first.series(jiff::Span::new().days(1)).take(self.len())
    }
}

fn asked_days(query: &OverviewQuery, now: Timestamp, zone: &Zone) -> Answer<(Days, Days)> {
    let read = |field: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => match parse_date(text) {
            Some(date) => Ok(Some(date)),
            None => Err(Problem::field(field, "a day, such as 2026-11-21")),
        },
    };
    let (from, to) = (read("from", &query.from)?, read("to", &query.to)?);
    let days = |n: i64| jiff::Span::new().days(n);
    let last = to.unwrap_or_else(|| local_date(now, zone));
    let first = from.unwrap_or_else(|| last.checked_sub(days(29)).unwrap_or(last));
    let length = i64::from((last - first).get_days()) + 1;
    if !(1..=DAYS_MAX).contains(&length) {
        return Err(Problem::field(
            "from",
            format!("a day not behind `to`, and at most {DAYS_MAX} days before it"),
        ));
    }
    let early = || Problem::field("from", "a day of our time");
    let before_last = first.checked_sub(days(1)).map_err(|_| early())?;
    let before_first = first.checked_sub(days(length)).map_err(|_| early())?;
    Ok((Days::of(first, last, zone), Days::of(before_first, before_last, zone)))
}

/// Report on the shop
///
/// Revenue, orders, new people, messages and what people did with them, by the day, beside the same number of days
/// before; what journeys and campaigns brought. People only: what machines opened is told apart.
#[utoipa::path(get, path = "/reports/overview", tag = "reports", params(OverviewQuery), responses((status = 200, body = Overview)))]
async fn overview(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Asked(query): Asked<OverviewQuery>,
) -> Answer<Json<Overview>> {
    let workspace = caller.workspace;
    let row = services.read(move |tx| workspace_of(tx, workspace)).await?;
    let zone = row.settings.zone();
    let now = services.now();
    let (days, before) = asked_days(&query, now, &zone)?;
    let key = (workspace, days.first, days.last);
    let counts = services.aside(move |services| Ok(services.store.topics(workspace)?)).await?;
    if let Some(known) = services.memory.overviews.get(&key, &counts, now) {
        return Ok(Json(known.as_ref().clone()));
    }
    let made = services.read(move |tx| reckon(tx, &row, &days, &before, now)).await?;
    services.memory.overviews.put(key, Remembered { counts, at: now, overview: Arc::new(made.clone()) });
    Ok(Json(made))
}

/// What one period came to.
struct Reckoned {
    totals: OverviewTotals,
    days: Vec<OverviewDay>,
    channels: BTreeMap<String, ChannelNumbers>,
    by_sender: HashMap<Sender, (i64, i64)>,
}

fn reckon(
    tx: &mut ReadTx<'_>,
    shop: &Workspace,
    days: &Days,
    before: &Days,
    now: Timestamp,
) -> Result<Overview, StoreError> {
    let workspace = shop.workspace;
    let currency = &shop.settings.currency;
    let ours = period(tx, workspace, currency, days)?;
    let earlier = period(tx, workspace, currency, before)?;
    let mut sent: HashMap<Sender, i64> = HashMap::new();
    for row in tx.senders(workspace, days.span())? {
        let sender = match (row.campaign_id, row.journey_id) {
            (Some(id), _) => Sender::Campaign(id),
            (None, Some(id)) => Sender::Journey(id),
            (None, None) => Sender::Other,
        };
        *sent.entry(sender).or_default() += row.count;
    }
    let (journeys, campaigns) = top(tx, workspace, &ours.by_sender, &sent)?;
    let show = |days: &Days| PeriodView { from: days.first.to_string(), to: days.last.to_string() };
    let has_orders = ours.totals.orders > 0 || tx.first_sale_at(workspace)?.is_some();
    let has_messages = ours.totals.sent > 0 || tx.first_sent_at(workspace)?.is_some();
    Ok(Overview {
        time_zone: shop.settings.time_zone.clone(),
        currency: currency.clone(),
        made_at: iso(now),
        period: show(days),
        before: show(before),
        totals: ours.totals,
        totals_before: earlier.totals,
        days: ours.days,
        days_before: earlier.days,
        channels: ours.channels.into_values().collect(),
        journeys,
        campaigns,
        attribution_days: credit::DAYS,
        has_orders,
        has_messages,
    })
}

fn period(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    currency: &str,
    days: &Days,
) -> Result<Reckoned, StoreError> {
    let span = days.span();
    let mut totals = OverviewTotals::default();
    let mut by_day: Vec<OverviewDay> =
        days.dates().map(|date| OverviewDay { date: date.to_string(), ..OverviewDay::default() }).collect();
    let sales = tx.sales(workspace, span, currency)?;
    let by_sender = add_sales(tx, workspace, &sales, days, &mut totals, &mut by_day)?;
    let ranges: Vec<(String, String)> =
        days.starts.windows(2).map(|pair| (id_floor(pair[0]), id_floor(pair[1]))).collect();
    for (day, people) in by_day.iter_mut().zip(tx.people_between(workspace, &ranges)?) {
        day.new_people = people;
        totals.new_people += people;
    }
    let mut channels: BTreeMap<String, ChannelNumbers> = BTreeMap::new();
    fn of<'c>(channels: &'c mut BTreeMap<String, ChannelNumbers>, name: &str) -> &'c mut ChannelNumbers {
        channels
            .entry(name.to_owned())
            .or_insert_with(|| ChannelNumbers { channel: name.to_owned(), ..ChannelNumbers::default() })
    }
    let mut first_no = i64::MAX;
    for row in tx.sent(workspace, span)? {
        totals.sent += row.count;
        of(&mut channels, &row.channel).sent += row.count;
        first_no = first_no.min(row.first_no);
        if let Some(day) = days.place(row.at).and_then(|place| by_day.get_mut(place)) {
            day.sent += row.count;
        }
    }
    for row in tx.not_sent(workspace, span)? {
        let numbers = of(&mut channels, &row.channel);
        match row.state.as_str() {
            "refused" => {
                totals.refused += row.count;
                *numbers.refused.entry(row.reason).or_default() += row.count;
            }
            "failed" => {
                totals.failed += row.count;
                *numbers.failed.entry(row.reason).or_default() += row.count;
            }
            "unknown" => {
                totals.unknown += row.count;
                numbers.unknown += row.count;
            }
            _ => {
                totals.cancelled += row.count;
                numbers.cancelled += row.count;
            }
        }
    }
    for did in [Did::Opened, Did::Clicked, Did::Unsubscribed] {
        for (at, count) in tx.answers(workspace, did, span)? {
            let mut spare = OverviewDay::default();
            let day = days.place(at).and_then(|place| by_day.get_mut(place)).unwrap_or(&mut spare);
            let (total, of_day) = match did {
                Did::Opened => (&mut totals.opened, &mut day.opened),
                Did::Clicked => (&mut totals.clicked, &mut day.clicked),
                Did::Unsubscribed => (&mut totals.unsubscribed, &mut day.unsubscribed),
            };
            *total += count;
            *of_day += count;
        }
    }
    if totals.sent > 0 {
        (totals.machine_opened, totals.machine_clicked) = tx.machine_answers(workspace, first_no, span)?;
    }
    for (_, reason, count) in tx.suppressed(workspace, span)? {
        match reason.as_str() {
            "hard_bounce" => totals.bounced += count,
            "complaint" => totals.complained += count,
            _ => {}
        }
    }
    Ok(Reckoned { totals, days: by_day, channels, by_sender })
}

/// The smallest id that can be made at an instant.
fn id_floor(at: Timestamp) -> String {
    Id::from_u128((at.ms().max(0) as u128 & ((1 << 48) - 1)) << 80).to_string()
}

fn add_sales(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    sales: &[Sale],
    days: &Days,
    totals: &mut OverviewTotals,
    by_day: &mut [OverviewDay],
) -> Result<HashMap<Sender, (i64, i64)>, StoreError> {
    let credited = credit::credit(tx, workspace, sales, days.span())?;
    let mut by_sender: HashMap<Sender, (i64, i64)> = HashMap::new();
    let mut first: BTreeMap<ProfileNo, Timestamp> = BTreeMap::new();
    for (sale, sender) in sales.iter().zip(credited) {
        totals.orders += 1;
        totals.revenue = totals.revenue.saturating_add(sale.net);
        first.entry(sale.profile).or_insert(sale.at);
        let day = days.place(sale.at).and_then(|place| by_day.get_mut(place));
        if let Some(day) = day {
            day.orders += 1;
            day.revenue = day.revenue.saturating_add(sale.net);
            if sender.is_some() {
                day.credited_revenue = day.credited_revenue.saturating_add(sale.net);
            }
        }
        let Some(sender) = sender else { continue };
        totals.credited_orders += 1;
        totals.credited_revenue = totals.credited_revenue.saturating_add(sale.net);
        match &sender {
            Sender::Campaign(_) => totals.credited_to_campaigns += sale.net,
            Sender::Journey(_) => totals.credited_to_journeys += sale.net,
            Sender::Other => {}
        }
        let sum = by_sender.entry(sender).or_default();
        *sum = (sum.0 + 1, sum.1.saturating_add(sale.net));
    }
    totals.buyers = first.len() as i64;
    let people: Vec<(ProfileNo, Timestamp)> = first.into_iter().collect();
    let bought = tx.bought_before(workspace, &people)?;
    for ((_, at), _) in people.iter().zip(bought).filter(|(_, before)| !before) {
        totals.first_buyers += 1;
        if let Some(day) = days.place(*at).and_then(|place| by_day.get_mut(place)) {
            day.first_buyers += 1;
        }
    }
    Ok(by_sender)
}

/// The journeys and the campaigns that brought most.
fn top(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    credited: &HashMap<Sender, (i64, i64)>,
    sent: &HashMap<Sender, i64>,
) -> Result<(Vec<TopRow>, Vec<TopRow>), StoreError> {
    let mut journeys: BTreeMap<&str, TopRow> = BTreeMap::new();
    let mut campaigns: BTreeMap<&str, TopRow> = BTreeMap::new();
    for sender in sent.keys().chain(credited.keys()) {
        let (rows, id) = match sender {
            Sender::Journey(id) => (&mut journeys, id),
            Sender::Campaign(id) => (&mut campaigns, id),
            Sender::Other => continue,
        };
        let (orders, revenue) = credited.get(sender).copied().unwrap_or_default();
        let sent = sent.get(sender).copied().unwrap_or(0);
        let (id, name, state) = (id.clone(), String::new(), String::new());
        let row = TopRow { id, name, state, sent, orders, revenue };
        match sender {
            Sender::Journey(id) | Sender::Campaign(id) => rows.insert(id.as_str(), row),
            Sender::Other => None,
        };
    }
    let best = |rows: BTreeMap<&str, TopRow>| {
        let mut rows: Vec<TopRow> = rows.into_values().collect();
        rows.sort_by(|a, b| (b.revenue, b.sent).cmp(&(a.revenue, a.sent)).then_with(|| a.id.cmp(&b.id)));
        rows.truncate(TOP);
        rows
    };
    let (mut journeys, mut campaigns) = (best(journeys), best(campaigns));
    for row in &mut journeys {
        if let Some(found) = tx.journey(workspace, &row.id)? {
            (row.name, row.state) = (found.name, found.status);
        }
    }
    for row in &mut campaigns {
        if let Some(found) = tx.campaign(workspace, &row.id)? {
            (row.name, row.state) = (found.name, found.state);
        }
    }
    // What was deleted since has no name to be shown by.
    journeys.retain(|row| !row.name.is_empty());
    campaigns.retain(|row| !row.name.is_empty());
    Ok((journeys, campaigns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(from: Option<&str>, to: Option<&str>) -> OverviewQuery {
        OverviewQuery { from: from.map(str::to_owned), to: to.map(str::to_owned) }
    }

    #[test]
    fn a_period_has_the_days_that_were_asked_for_and_as_many_before() {
        let zone = Zone::vietnam();
        let now = domain::event::parse_instant("2026-11-21T20:00:00Z").unwrap();
        let (days, before) = asked_days(&query(None, None), now, &zone).unwrap();
        assert_eq!((days.len(), before.len()), (30, 30));
        assert_eq!(
            (days.last.to_string().as_str(), before.last.to_string().as_str()),
            ("2026-11-22", "2026-10-23")
        );
        let (days, before) = asked_days(&query(Some("2026-11-01"), Some("01/11/2026")), now, &zone).unwrap();
        assert_eq!((days.len(), before.first.to_string().as_str()), (1, "2026-10-31"));
        assert_eq!(iso(days.starts[0]), "2026-10-31T17:00:00.000Z");
        let at = |text| domain::event::parse_instant(text).unwrap();
        assert_eq!(days.place(at("2026-11-01T16:59:59Z")), Some(0));
        assert_eq!(days.place(at("2026-11-01T17:00:00Z")), None);
        for (from, to) in [("2026-11-02", "2026-11-01"), ("2020-01-01", "2026-01-01"), ("x", "2026-01-01")] {
            assert!(asked_days(&query(Some(from), Some(to)), now, &zone).is_err(), "{from} {to}");
        }
    }

    #[test]
    fn a_day_may_have_25_hours() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let day = parse_date("2026-10-25").unwrap();
        let days = Days::of(day, day, &zone);
        assert_eq!(days.starts[1].since_ms(days.starts[0]), 25 * kit::HOUR_MS);
    }

    #[test]
    fn ids_are_counted_by_their_time() {
        let at = Timestamp::from_ms(1_790_000_000_000);
        let made = Id::new(at, &mut kit::Rng::seeded(1)).to_string();
        assert!(id_floor(at) <= made && made < id_floor(at.plus_ms(1)));
    }
}
