//! A profile as conditions, journeys and templates see it.

use crate::insight::Insight;
use domain::commerce::in_units;
use domain::condition::Past;
use domain::consent::{Channel, Purpose};
use domain::habits::is_habit;
use domain::identifier::IdentifierKind;
use domain::journey::Facts;
use domain::local_time::Zone;
use domain::profile::{Ms, Profile};
use kit::{Currency, Timestamp};
use serde_json::{Value, json};

pub struct ProfileFacts<'a> {
    pub profile: &'a Profile,
    pub zone: &'a Zone,
    pub now: Timestamp,
    pub currency: Currency,
    /// As much of the past as whoever asks wants.
    pub past: &'a Past,
    /// What was learned of the shop.
    pub insight: &'a Insight,
    /// The live segments that the profile is in, where that is known.
    pub segments: Option<&'a dyn Fn(&str) -> bool>,
}

fn iso(at: Ms) -> Value {
    match jiff::Timestamp::from_millisecond(at.0.ms()) {
        Ok(at) => Value::from(at.to_string()),
        Err(_) => Value::Null,
    }
}

impl Facts for ProfileFacts<'_> {
    fn value(&self, path: &str) -> Option<Value> {
        let p = self.profile;
        if is_habit(path) {
            return self.habit(path, self.now).0;
        }
        let (root, rest) = path.split_once('.').unwrap_or((path, ""));
        let value = match (root, rest) {
            ("predicted" | "rfm", field) => {
                let field = (root == "rfm", field);
                return self.insight.foreseen(p, field, self.currency, self.now).0;
            }
            ("lead", field) => return self.lead_at(field, self.now).0,
            ("id", "") => json!(p.id.to_string()),
            ("name", "") => json!(p.full_name()?),
            ("given_name", "") => json!(p.greeting_name()?),
            ("email", "") => json!(p.address(&IdentifierKind::Email)?),
            ("phone", "") => json!(p.address(&IdentifierKind::Phone)?),
            ("user_id", "") => json!(p.address(&IdentifierKind::UserId)?),
            ("lifecycle", "") => json!(p.lifecycle(self.now).0.as_str()),
            ("tags", "") => json!(p.active_tags().collect::<Vec<_>>()),
            ("created_at", "") => iso(p.created_at),
            ("first_seen_at", "") => iso(p.first_seen_at),
            ("last_seen_at", "") => iso(p.last_seen_at),
            ("orders", "count") => json!(p.totals.orders),
            ("orders", "cancelled") => json!(p.totals.cancelled),
            ("orders", "revenue") => in_units(p.totals.revenue, self.currency),
            ("orders", "refunded") => in_units(p.totals.refunded, self.currency),
            ("orders", "average") => in_units(p.totals.average()?, self.currency),
            ("orders", "first_at") => iso(p.totals.first_at?),
            ("orders", "last_at") => iso(p.totals.last_at?),
            ("cart", _) => {
                let cart = p.cart()?;
                match rest {
                    "id" => json!(cart.cart_id),
                    "total" => in_units(cart.total(), self.currency),
                    "quantity" => json!(cart.quantity()),
                    "item_count" => json!(cart.lines.len()),
                    "updated_at" => iso(cart.updated_at),
                    "abandoned_at" => iso(cart.abandoned_at?),
                    "url" => json!(cart.url.as_ref()?),
                    "buys_alone" | "best_delay_minutes" => self.cart_chance(cart, rest, self.now).0?,
                    _ => return None,
                }
            }
            ("consents", _) => {
                let (channel, purpose) = rest.split_once('.')?;
                let state =
                    p.consents.state(channel.parse::<Channel>().ok()?, purpose.parse::<Purpose>().ok()?);
                json!(state?.as_str())
            }
            ("attributes", _) => return nested(p, rest),
            _ => return None,
        };
        Some(value).filter(|value| !value.is_null())
    }

    fn value_at(&self, path: &str, at: Timestamp) -> (Option<Value>, Option<Timestamp>) {
        if let Some((is_rfm, field)) = foreseen(path) {
            return self.insight.foreseen(self.profile, (is_rfm, field), self.currency, at);
        }
        if is_habit(path) {
            return self.habit(path, at);
        }
        if let Some(field @ "buys_alone") = path.strip_prefix("cart.") {
            return self.profile.cart().map_or((None, None), |cart| self.cart_chance(cart, field, at));
        }
        if let Some(field) = path.strip_prefix("lead.") {
            return self.lead_at(field, at);
        }
        if path == "lifecycle" {
            let (stage, until) = self.profile.lifecycle(at);
            return (Some(json!(stage.as_str())), until);
        }
        (self.value(path), None)
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.profile.has_tag(tag)
    }

    fn in_list(&self, list: &str) -> bool {
        self.profile.in_list(list)
    }

    fn in_segment(&self, segment: &str) -> Option<bool> {
        self.segments.map(|contains| contains(segment))
    }

    fn past(&self) -> &Past {
        self.past
    }

    fn currency(&self) -> Currency {
        self.currency
    }

    fn time_zone(&self) -> &Zone {
        self.zone
    }
}

/// The field of a forecast that a path names, and whether it is one of `rfm`.
fn foreseen(path: &str) -> Option<(bool, &str)> {
    match path.split_once('.') {
        Some(("predicted", field)) => Some((false, field)),
        Some(("rfm", field)) => Some((true, field)),
        _ => None,
    }
}

/// The attribute of this name, or the part of an object that the dotted rest names.
fn nested(profile: &Profile, path: &str) -> Option<Value> {
    if let Some(value) = profile.attribute(path) {
        return Some(value.clone());
    }
    let (name, rest) = path.split_once('.')?;
    let pointer: String = rest.split('.').flat_map(|part| ["/", part]).collect();
    profile.attribute(name)?.pointer(&pointer).filter(|value| !value.is_null()).cloned()
}

/// The zone of a person: their own attribute `timezone` or `time_zone` when it names one, else the shop's.
pub fn zone_of(profile: &Profile, shop: &Zone) -> Zone {
    ["timezone", "time_zone"]
        .iter()
        .filter_map(|name| profile.attribute(name)?.as_str())
        .find_map(|name| Zone::named(name).ok())
        .unwrap_or_else(|| shop.clone())
}
