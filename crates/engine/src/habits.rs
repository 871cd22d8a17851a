//! A person's habits and open cart, as conditions, journeys, templates and exports ask for them. The values are computed
//! when they are asked; who does not want to be profiled has none.

use crate::facts::{ProfileFacts, zone_of};
use crate::insight::Insight;
use domain::commerce::Cart;
use domain::condition::{Past, PastMessage};
use domain::consent::Channel;
use domain::habits::{Asked, Habits, ROOTS, read_at};
use domain::local_time::Zone;
use domain::profile::Profile;
use kit::{MINUTE_MS, ProfileNo, Timestamp, WorkspaceId};
use models::carts::{DEFAULT_DELAY_MINUTES, Seen};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::access::Workspace;
use store::{ReadTx, StoreError};

/// The attribute in which a customer's preferred channel stands: `zalo`, `sms`, `email` or `push`.
pub(crate) const PREFERRED_CHANNEL: &str = "preferred_channel";

/// The channel that somebody told the shop they prefer.
pub(crate) fn stated_channel(profile: &Profile) -> Option<Channel> {
    profile.attribute(PREFERRED_CHANNEL)?.as_str()?.to_lowercase().parse().ok()
}

impl ProfileFacts<'_> {
    fn asked(&self, at: Timestamp) -> Option<Asked<'_>> {
        self.profile.may_be_profiled().then(|| Asked {
            past: self.past,
            norms: self.insight.norms.as_ref(),
            zone: self.zone,
            shop_zone: self.insight.zone.as_ref().unwrap_or(self.zone),
            stated: stated_channel(self.profile),
            at,
        })
    }

    /// The value of a habit, and up to when it stays when nothing else happens.
    pub(crate) fn habit(&self, path: &str, at: Timestamp) -> (Option<Value>, Option<Timestamp>) {
        self.asked(at).map_or((None, None), |asked| asked.value(path))
    }

    /// All habits, as far as the past at hand tells.
    pub fn habits(&self) -> Option<Habits> {
        self.asked(self.now).map(|asked| asked.all())
    }

    /// All habits by the names under which templates find them.
    pub(crate) fn habit_values(&self) -> Map<String, Value> {
        let named = |root: &str| Some((root.to_owned(), self.habit(root, self.now).0?));
        ROOTS.into_iter().filter_map(named).collect()
    }

    /// `buys_alone` and `best_delay_minutes` of the open cart.
    pub(crate) fn cart_chance(
        &self,
        cart: &Cart,
        field: &str,
        at: Timestamp,
    ) -> (Option<Value>, Option<Timestamp>) {
        if !self.profile.may_be_profiled() {
            return (None, None);
        }
        let model = self.insight.carts.as_ref();
        if field == "best_delay_minutes" {
            return (Some(json!(best_delay_minutes(model, self.profile, cart, self.zone))), None);
        }
        let silent = at.since_ms(cart.updated_at.0).div_euclid(MINUTE_MS);
        let told = model.and_then(|model| model.buys_alone(&Seen::of(self.profile, cart, self.zone), silent));
        let Some((share, next)) = told else { return (None, None) };
        let until = cart.updated_at.0.plus_ms(next * MINUTE_MS);
        (Some(json!((share * 10_000.0).round() / 10_000.0)), Some(until).filter(|until| *until > at))
    }
}

/// What habits are told from: the orders and the messages of a person.
pub fn past_of(tx: &mut ReadTx<'_>, workspace: WorkspaceId, profile: ProfileNo) -> Result<Past, StoreError> {
    let orders = tx.past_orders_of(&[(workspace, profile)])?.into_iter().flatten().collect();
    Ok(Past { orders, messages: tx.past_messages(workspace, profile)?, ..Past::default() })
}

/// What is told of an open cart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CartChance {
    /// 0 to 1.
    pub buys_alone: Option<f64>,
    pub best_delay_minutes: i64,
}

/// The habits of a person and the chances of their open cart; `None` of somebody who does not want to be profiled.
pub fn told_of(
    tx: &mut ReadTx<'_>,
    shop: &Workspace,
    profile: &Profile,
    insight: &Insight,
    now: Timestamp,
) -> Result<Option<(Habits, Option<CartChance>)>, StoreError> {
    let past = past_of(tx, shop.workspace, profile.no)?;
    let zone = zone_of(profile, &shop.settings.zone());
    let currency = shop.settings.currency();
    let facts = ProfileFacts { profile, zone: &zone, now, currency, past: &past, insight, segments: None };
    let cart = profile.cart().map(|cart| CartChance {
        buys_alone: facts.cart_chance(cart, "buys_alone", now).0.and_then(|share| share.as_f64()),
        best_delay_minutes: best_delay_minutes(insight.carts.as_ref(), profile, cart, &zone),
    });
    Ok(facts.habits().map(|habits| (habits, cart)))
}

/// The hours at which some people read on a channel, 0 to 23; who read nothing there yet, or does not want to be
/// profiled, is left out.
pub(crate) fn best_hours<'a>(
    tx: &mut ReadTx<'_>,
    (workspace, zone): (WorkspaceId, &Zone),
    insight: &Insight,
    people: impl Iterator<Item = &'a Profile>,
    channel: Channel,
    now: Timestamp,
) -> Result<BTreeMap<ProfileNo, i8>, StoreError> {
    let mut found = BTreeMap::new();
    if insight.norms.is_none() {
        return Ok(found);
    }
    for profile in people.filter(|profile| profile.may_be_profiled()) {
        let past = past_of(tx, workspace, profile.no)?;
        let is_read = |message: &PastMessage| {
            message.channel == channel.as_str() && read_at(message).is_some_and(|at| at <= now)
        };
        if !past.messages.iter().any(is_read) {
            continue;
        }
        let zone = zone_of(profile, zone);
        let asked = Asked {
            past: &past,
            norms: insight.norms.as_ref(),
            zone: &zone,
            shop_zone: insight.zone.as_ref().unwrap_or(&zone),
            stated: None,
            at: now,
        };
        let hour = asked.value(&format!("best_time.{channel}.hour")).0.and_then(|hour| hour.as_i64());
        if let Some(hour) =
            hour.and_then(|hour| i8::try_from(hour).ok()).filter(|hour| (0..24).contains(hour))
        {
            found.insert(profile.no, hour);
        }
    }
    Ok(found)
}

/// How long to wait after the last touch of a cart; the usual hour where nothing was learned.
pub(crate) fn best_delay_minutes(
    model: Option<&models::carts::Model>,
    profile: &Profile,
    cart: &Cart,
    zone: &Zone,
) -> i64 {
    model.map_or(DEFAULT_DELAY_MINUTES, |model| model.best_delay_minutes(&Seen::of(profile, cart, zone)))
}
