//! Which message an order is credited to: the last one that its customer opened or clicked before it, if that was
//! within the window; the rule of `domain::campaign::credited`, for many people and senders at once.

use kit::{DAY_MS, ProfileNo, Timestamp, WorkspaceId};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use store::campaigns::CampaignFilter;
use store::home::{Deed, Sale, Span};
use store::{ReadTx, StoreError};

/// For how long after an open or a click an order counts, where no campaign says otherwise.
pub const DAYS: u32 = 5;
/// Campaigns whose own window is asked for: the newest.
const CAMPAIGNS_MAX: i64 = 500;

/// What sent the message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Sender {
    Campaign(String),
    Journey(String),
    Other,
}

/// The windows of campaigns that have one of their own.
fn windows(tx: &mut ReadTx<'_>, workspace: WorkspaceId) -> Result<HashMap<String, u32>, StoreError> {
    let all = CampaignFilter::default();
    let rows = tx.campaign_page(workspace, (Timestamp::MAX, ""), CAMPAIGNS_MAX, all)?;
    let days = |definition: &str| -> Option<u32> {
        let definition: Value = serde_json::from_str(definition).ok()?;
        u32::try_from(definition.get("attribution_days")?.as_u64()?).ok()
    };
    let own = rows.into_iter().filter_map(|row| Some((days(&row.definition)?, row.campaign_id)));
    Ok(own.filter(|(days, _)| *days != DAYS).map(|(days, id)| (id, days)).collect())
}

/// The sender of the message that an event is about; `None` when it is none of ours, or a test.
fn sender_of(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    event_no: i64,
) -> Result<Option<Sender>, StoreError> {
    let Some(event) = tx.event(workspace, event_no)? else { return Ok(None) };
    let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
    let word = |name: &str| body["properties"][name].as_str().map(str::to_owned);
    let Some(message_id) = word("email_id") else { return Ok(None) };
    if let Some(campaign) = word("campaign_id") {
        return Ok(Some(Sender::Campaign(campaign)));
    }
    if let Some(journey) = word("journey_id") {
        return Ok(Some(Sender::Journey(journey)));
    }
    let message = tx.message(workspace, &message_id)?;
    Ok(message.filter(|m| m.origin != "test" && m.origin != "staff").map(|_| Sender::Other))
}

/// For each sale the sender that it is credited to.
pub fn credit(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    sales: &[Sale],
    span: Span,
) -> Result<Vec<Option<Sender>>, StoreError> {
    if sales.is_empty() {
        return Ok(Vec::new());
    }
    let windows = windows(tx, workspace)?;
    let widest = windows.values().copied().max().unwrap_or(DAYS).max(DAYS);
    let asked = Span { from: span.from.plus_ms(-i64::from(widest) * DAY_MS), to: span.to };
    let buyers: HashSet<ProfileNo> = sales.iter().map(|sale| sale.profile).collect();
    let mut deeds: HashMap<ProfileNo, Vec<Deed>> = HashMap::new();
    for name in ["Email Opened", "Email Link Clicked"] {
        for deed in tx.deeds(workspace, name, asked)? {
            if buyers.contains(&deed.profile) {
                deeds.entry(deed.profile).or_default().push(deed);
            }
        }
    }
    deeds.values_mut().for_each(|of_one| of_one.sort_by_key(|deed| (deed.at, deed.event_no)));
    let mut senders: HashMap<i64, Option<Sender>> = HashMap::new();
    let mut credited = Vec::with_capacity(sales.len());
    for sale in sales {
        let before = deeds
            .get(&sale.profile)
            .map_or(&[][..], |of_one| &of_one[..of_one.partition_point(|deed| deed.at <= sale.at)]);
        let mut found = None;
        for deed in before.iter().rev() {
            let passed_ms = sale.at.since_ms(deed.at);
            if passed_ms > i64::from(widest) * DAY_MS {
                break;
            }
            let sender = match senders.get(&deed.event_no) {
                Some(known) => known.clone(),
                None => {
                    let sender = sender_of(tx, workspace, deed.event_no)?;
                    senders.insert(deed.event_no, sender.clone());
                    sender
                }
            };
            let Some(sender) = sender else { continue };
            let days = match &sender {
                Sender::Campaign(id) => windows.get(id).copied().unwrap_or(DAYS),
                _ => DAYS,
            };
            // The last message decides, whether its window has passed or not.
            found = (passed_ms <= i64::from(days) * DAY_MS).then_some(sender);
            break;
        }
        credited.push(found);
    }
    Ok(credited)
}
