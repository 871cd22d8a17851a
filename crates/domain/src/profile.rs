//! One person as the shop knows them: the unit of consistency. Everything that decides about a person reads and
//! writes this one value, under one version.

use crate::commerce::{Cart, OrderTotals};
use crate::consent::{Channel, ConsentState, Consents, Purpose, Wishes};
use crate::identifier::{Identifier, IdentifierKind};
use crate::normalise::{name, text};
use kit::{DAY_MS, Id, ProfileNo, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// Attributes that one profile may hold.
pub const ATTRIBUTES_MAX: usize = 1_000;
/// Longest name of an attribute or a tag, in bytes.
pub const NAME_BYTES_MAX: usize = 100;
/// Largest value of an attribute as JSON, in bytes.
pub const VALUE_BYTES_MAX: usize = 8 * 1024;
/// Tags that one profile may hold.
pub const TAGS_MAX: usize = 500;
/// Lists that one profile may be on.
pub const LISTS_MAX: usize = 500;
/// Carts of one profile that are kept; the one untouched for longest goes first.
pub const CARTS_MAX: usize = 5;

/// A [`Timestamp`] that is stored as its milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Ms(pub Timestamp);

impl Ms {
    pub const fn from_ms(ms: i64) -> Self {
        Ms(Timestamp::from_ms(ms))
    }
}

impl From<Timestamp> for Ms {
    fn from(at: Timestamp) -> Self {
        Ms(at)
    }
}

impl Serialize for Ms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.ms())
    }
}

impl<'de> Deserialize<'de> for Ms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Ms::from_ms)
    }
}

/// A value and since when it is known. A null value is a removal, kept so that an older value that arrives late
/// does not come back.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Attribute {
    #[serde(rename = "v")]
    pub value: Value,
    #[serde(rename = "t")]
    pub at: Ms,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct KnownIdentifier {
    #[serde(rename = "i")]
    pub identifier: Identifier,
    /// When it was first seen on this profile.
    #[serde(rename = "t")]
    pub at: Ms,
}

#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct TagState {
    pub on: bool,
    #[serde(rename = "t")]
    pub at: Ms,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Profile {
    #[serde(skip, default = "no_number")]
    pub no: ProfileNo,
    #[serde(with = "id_text")]
    pub id: Id,
    pub created_at: Ms,
    pub first_seen_at: Ms,
    /// When the newest event happened. The events tell it, so it is no part of the stored document: most events
    /// change nothing else of a profile, and a document need not be written for each.
    #[serde(skip)]
    pub last_seen_at: Ms,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<KnownIdentifier>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, TagState>,
    /// By the id of the list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lists: BTreeMap<String, TagState>,
    #[serde(default)]
    pub consents: Consents,
    #[serde(default, skip_serializing_if = "Wishes::is_empty")]
    pub wishes: Wishes,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carts: Vec<Cart>,
    #[serde(default)]
    pub totals: OrderTotals,
    /// Other profiles that were found to be this person.
    #[serde(default)]
    pub merges: u32,
    /// When the person first put something into a cart or went to the checkout, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shopped_at: Option<Ms>,
    /// Since when the person wants their data to be left alone: no advertisement, no profiling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restricted_at: Option<Ms>,
    /// When somebody with an address of this person was erased. No advertisement goes there without a consent that
    /// was given since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_before: Option<Ms>,
    /// When the newest event happened that was kept for long enough and is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Ms>,
    /// What sales made of the lead; `None` for who was never theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<crate::lead::LeadState>,
    /// What they were told of products that they may have waited for.
    #[serde(default, skip_serializing_if = "crate::occasion::OccasionLog::is_empty")]
    pub occasions: crate::occasion::OccasionLog,
}

/// See [`Profile::may_be_profiled`], for who has not read the rest of the profile.
pub fn may_be_profiled(consents: &Consents, restricted_at: Option<Ms>) -> bool {
    let refused =
        |channel: &Channel| consents.state(*channel, Purpose::Profiling) == Some(ConsentState::Denied);
    restricted_at.is_none() && !Channel::ALL.iter().any(refused)
}

fn no_number() -> ProfileNo {
    ProfileNo(0)
}

pub mod id_text {
    use kit::Id;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(id: &Id, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What an attribute was and became, for the history of a profile.
#[derive(Clone, PartialEq, Debug)]
pub struct AttributeChange {
    pub name: String,
    pub at: Timestamp,
    pub old: Option<Value>,
    pub new: Value,
}

/// Why a value was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttributeRefused {
    NameTooLong,
    ValueTooLarge,
    TooMany,
}

impl AttributeRefused {
    pub fn code(self) -> &'static str {
        match self {
            AttributeRefused::NameTooLong => "attribute_name_too_long",
            AttributeRefused::ValueTooLarge => "attribute_value_too_large",
            AttributeRefused::TooMany => "attributes_too_many",
        }
    }
}

/// Where in its life with the shop a person stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifecycleStage {
    Visitor,
    Subscriber,
    Shopper,
    Customer,
    RepeatCustomer,
    /// Silent for longer than this customer's rhythm explains.
    Lapsing,
    Lost,
}

impl LifecycleStage {
    pub const ALL: &[LifecycleStage] = &[
        LifecycleStage::Visitor,
        LifecycleStage::Subscriber,
        LifecycleStage::Shopper,
        LifecycleStage::Customer,
        LifecycleStage::RepeatCustomer,
        LifecycleStage::Lapsing,
        LifecycleStage::Lost,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            LifecycleStage::Visitor => "visitor",
            LifecycleStage::Subscriber => "subscriber",
            LifecycleStage::Shopper => "shopper",
            LifecycleStage::Customer => "customer",
            LifecycleStage::RepeatCustomer => "repeat_customer",
            LifecycleStage::Lapsing => "lapsing",
            LifecycleStage::Lost => "lost",
        }
    }
}

/// All that decides about the stage of a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LifecycleFacts {
    pub orders: u32,
    pub first_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    /// Had something in a cart once.
    pub shopped: bool,
    /// Known by more than a device, with a consent to advertisement.
    pub subscribed: bool,
}

impl LifecycleFacts {
    /// How long this customer usually takes between two orders: at least 30 days, at most a year; `None` before a
    /// rhythm is known.
    pub fn rhythm_ms(&self) -> Option<i64> {
        let (first, last) = (self.first_at?, self.last_at?);
        let gaps = i64::from(self.orders.checked_sub(1)?);
        (gaps > 0).then(|| (last.since_ms(first) / gaps).clamp(30 * DAY_MS, 365 * DAY_MS))
    }

    /// See [`Profile::lifecycle`].
    pub fn stage(&self, now: Timestamp) -> (LifecycleStage, Option<Timestamp>) {
        let orders = self.orders;
        let Some(last) = self.last_at.filter(|_| orders > 0) else {
            let stage = match (self.shopped, self.subscribed) {
                (true, _) => LifecycleStage::Shopper,
                (false, true) => LifecycleStage::Subscriber,
                (false, false) => LifecycleStage::Visitor,
            };
            return (stage, None);
        };
        let gap_ms = self.rhythm_ms().unwrap_or(45 * DAY_MS);
        let (lapse_ms, lose_ms) =
            if orders >= 2 { (2 * gap_ms, 4 * gap_ms) } else { (2 * gap_ms, 6 * gap_ms) };
        let silent_ms = now.since_ms(last);
        if silent_ms >= lose_ms {
            (LifecycleStage::Lost, None)
        } else if silent_ms >= lapse_ms {
            (LifecycleStage::Lapsing, Some(last.plus_ms(lose_ms)))
        } else {
            let stage = if orders >= 2 { LifecycleStage::RepeatCustomer } else { LifecycleStage::Customer };
            (stage, Some(last.plus_ms(lapse_ms)))
        }
    }
}

impl Profile {
    pub fn new(no: ProfileNo, id: Id, at: Timestamp) -> Profile {
        Profile {
            no,
            id,
            created_at: at.into(),
            first_seen_at: at.into(),
            last_seen_at: at.into(),
            identifiers: Vec::new(),
            attributes: BTreeMap::new(),
            tags: BTreeMap::new(),
            lists: BTreeMap::new(),
            consents: Consents::default(),
            wishes: Wishes::default(),
            carts: Vec::new(),
            totals: OrderTotals::default(),
            merges: 0,
            shopped_at: None,
            restricted_at: None,
            erased_before: None,
            seen_at: None,
            lead: None,
            occasions: Default::default(),
        }
    }

    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name).map(|attribute| &attribute.value).filter(|value| !value.is_null())
    }

    /// Takes a value if it is later than the one held; of two at one instant the greater as JSON text, so that
    /// the order of arrival never decides. Returns the change, or `None` when nothing changed.
    pub fn set_attribute(
        &mut self,
        attribute_name: &str,
        value: Value,
        at: Timestamp,
    ) -> Result<Option<AttributeChange>, AttributeRefused> {
        if attribute_name.len() > NAME_BYTES_MAX {
            return Err(AttributeRefused::NameTooLong);
        }
        if json_bytes(&value) > VALUE_BYTES_MAX {
            return Err(AttributeRefused::ValueTooLarge);
        }
        match self.attributes.get_mut(attribute_name) {
            None => {
                if self.attributes.len() >= ATTRIBUTES_MAX {
                    return Err(AttributeRefused::TooMany);
                }
                let change = (!value.is_null()).then(|| AttributeChange {
                    name: attribute_name.to_owned(),
                    at,
                    old: None,
                    new: value.clone(),
                });
                self.attributes.insert(attribute_name.to_owned(), Attribute { value, at: at.into() });
                Ok(change)
            }
            Some(held) if later(at, &value, held) => {
                let changed = held.value != value;
                let old = std::mem::replace(held, Attribute { value: value.clone(), at: at.into() });
                Ok(changed.then(|| AttributeChange {
                    name: attribute_name.to_owned(),
                    at,
                    old: (!old.value.is_null()).then_some(old.value),
                    new: value,
                }))
            }
            Some(_) => Ok(None),
        }
    }

    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.get(tag).is_some_and(|state| state.on)
    }

    pub fn active_tags(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().filter(|(_, state)| state.on).map(|(tag, _)| tag.as_str())
    }

    /// Sets or clears a tag, the later instant winning. Returns whether the profile changed.
    pub fn set_tag(&mut self, tag: &str, on: bool, at: Timestamp) -> bool {
        set_mark(&mut self.tags, TAGS_MAX, tag, on, at)
    }

    pub fn in_list(&self, list: &str) -> bool {
        self.lists.get(list).is_some_and(|state| state.on)
    }

    pub fn active_lists(&self) -> impl Iterator<Item = &str> {
        self.lists.iter().filter(|(_, state)| state.on).map(|(list, _)| list.as_str())
    }

    /// Puts the person on a list or takes them off it, the later instant winning. Returns whether the profile
    /// changed.
    pub fn set_list(&mut self, list: &str, on: bool, at: Timestamp) -> bool {
        set_mark(&mut self.lists, LISTS_MAX, list, on, at)
    }

    pub fn identifiers_of<'a>(&'a self, kind: &'a IdentifierKind) -> impl Iterator<Item = &'a str> {
        self.identifiers
            .iter()
            .filter(move |known| known.identifier.kind == *kind)
            .map(|known| known.identifier.value.as_str())
    }

    /// The newest identifier of a kind: where a message of that channel goes.
    pub fn address(&self, kind: &IdentifierKind) -> Option<&str> {
        self.identifiers
            .iter()
            .filter(|known| known.identifier.kind == *kind)
            .max_by_key(|known| (known.at, &known.identifier.value))
            .map(|known| known.identifier.value.as_str())
    }

    pub fn holds(&self, identifier: &Identifier) -> bool {
        self.identifiers.iter().any(|known| known.identifier == *identifier)
    }

    /// Whether something may be reckoned about what kind of customer the person is: they want it nowhere refused,
    /// and their data are not to be left alone.
    pub fn may_be_profiled(&self) -> bool {
        may_be_profiled(&self.consents, self.restricted_at)
    }

    /// Known by more than a device.
    pub fn is_known(&self) -> bool {
        self.identifiers.iter().any(|known| known.identifier.kind.is_strong())
    }

    /// The whole name in the order in which the person writes it.
    pub fn full_name(&self) -> Option<String> {
        let part = |key: &str| self.attribute(key).and_then(Value::as_str);
        let either = |camel: &str, snake: &str| part(camel).or_else(|| part(snake));
        name::full_name(either("firstName", "first_name"), either("lastName", "last_name"), part("name"))
    }

    pub fn greeting_name(&self) -> Option<String> {
        self.full_name().and_then(|full| name::given_name(&full))
    }

    /// What a search without tone marks finds: names, addresses, numbers and ids on one line.
    pub fn search_text(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        if let Some(full) = self.full_name() {
            parts.push(text::search_key(&full));
        }
        for known in &self.identifiers {
            match &known.identifier.kind {
                IdentifierKind::PushEndpoint => {}
                IdentifierKind::Phone => {
                    // Vietnamese people type 0901..., the store holds +84901...
                    let national = known.identifier.value.strip_prefix("+84").map(|rest| format!("0{rest}"));
                    parts.push(known.identifier.value.clone());
                    parts.extend(national);
                }
                _ => parts.push(text::search_key(&known.identifier.value)),
            }
        }
        parts.push(self.id.to_string().to_lowercase());
        parts.join("\n")
    }

    /// The stage at `now`, and the next instant at which it changes if nothing else happens.
    ///
    /// A customer who ordered at least twice lapses after twice, and is lost after four times, the own mean gap
    /// between orders (at least 30 days); before a rhythm is known the shop's default of 90 and 270 days holds.
    pub fn lifecycle(&self, now: Timestamp) -> (LifecycleStage, Option<Timestamp>) {
        self.lifecycle_facts().stage(now)
    }

    /// See [`LifecycleFacts::rhythm_ms`].
    pub fn rhythm_ms(&self) -> Option<i64> {
        self.lifecycle_facts().rhythm_ms()
    }

    fn lifecycle_facts(&self) -> LifecycleFacts {
        LifecycleFacts {
            orders: self.totals.orders,
            first_at: self.totals.first_at.map(|at| at.0),
            last_at: self.totals.last_at.map(|at| at.0),
            shopped: self.shopped_at.is_some(),
            subscribed: self.is_known() && self.consents.granted_anywhere(Purpose::Marketing),
        }
    }

    /// Takes in all that `other` knows. Which of the two survives does not matter to the result, except for the
    /// number, the id and the order totals, which the caller recomputes from the orders.
    pub fn absorb(&mut self, other: Profile) {
        self.created_at = self.created_at.min(other.created_at);
        self.first_seen_at = self.first_seen_at.min(other.first_seen_at);
        self.last_seen_at = self.last_seen_at.max(other.last_seen_at);
        self.shopped_at = match (self.shopped_at, other.shopped_at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        // The stricter wish holds, whichever of the two it was told of.
        self.restricted_at = match (self.restricted_at, other.restricted_at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.erased_before = self.erased_before.max(other.erased_before);
        self.seen_at = self.seen_at.max(other.seen_at);
        match (&mut self.lead, other.lead) {
            (Some(ours), Some(theirs)) => ours.absorb(theirs),
            (ours @ None, theirs) => *ours = theirs,
            (Some(_), None) => {}
        }
        self.occasions.absorb(other.occasions);
        self.merges += other.merges + 1;
        self.consents.merge(&other.consents);
        self.wishes.merge(&other.wishes);
        for known in other.identifiers {
            self.add_identifier(known);
        }
        for (attribute_name, theirs) in other.attributes {
            match self.attributes.get_mut(&attribute_name) {
                Some(ours) if later(theirs.at.0, &theirs.value, ours) => *ours = theirs,
                Some(_) => {}
                None => {
                    self.attributes.insert(attribute_name, theirs);
                }
            }
        }
        absorb_marks(&mut self.tags, other.tags);
        absorb_marks(&mut self.lists, other.lists);
        for cart in other.carts {
            match self.carts.iter_mut().find(|ours| ours.cart_id == cart.cart_id) {
                Some(ours) => ours.absorb(cart),
                None => self.carts.push(cart),
            }
        }
        self.trim_carts();
    }

    pub fn add_identifier(&mut self, known: KnownIdentifier) {
        match self.identifiers.iter_mut().find(|ours| ours.identifier == known.identifier) {
            Some(ours) => ours.at = ours.at.min(known.at),
            None => {
                self.identifiers.push(known);
                self.identifiers.sort_by(|a, b| (a.at, &a.identifier).cmp(&(b.at, &b.identifier)));
            }
        }
    }

    /// Whether it was there.
    pub fn remove_identifier(&mut self, identifier: &Identifier) -> bool {
        let before = self.identifiers.len();
        self.identifiers.retain(|known| known.identifier != *identifier);
        self.identifiers.len() < before
    }

    pub(crate) fn trim_carts(&mut self) {
        self.carts.sort_by(|a, b| (b.updated_at, &b.cart_id).cmp(&(a.updated_at, &a.cart_id)));
        self.carts.truncate(CARTS_MAX);
    }
}

fn set_mark(
    marks: &mut BTreeMap<String, TagState>,
    most: usize,
    name: &str,
    on: bool,
    at: Timestamp,
) -> bool {
    let full = marks.len() >= most;
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return false;
    }
    match marks.get_mut(name) {
        Some(state) if (at, on) > (state.at.0, state.on) => {
            let changed = state.on != on;
            *state = TagState { on, at: at.into() };
            changed
        }
        Some(_) => false,
        None if full => false,
        None => {
            marks.insert(name.to_owned(), TagState { on, at: at.into() });
            on
        }
    }
}

fn absorb_marks(ours: &mut BTreeMap<String, TagState>, theirs: BTreeMap<String, TagState>) {
    for (name, theirs) in theirs {
        match ours.get_mut(&name) {
            Some(ours) if (theirs.at, theirs.on) > (ours.at, ours.on) => *ours = theirs,
            Some(_) => {}
            None => {
                ours.insert(name, theirs);
            }
        }
    }
}

fn later(at: Timestamp, value: &Value, held: &Attribute) -> bool {
    let text = Value::to_string;
    at > held.at.0 || (at == held.at.0 && text(value) > text(&held.value))
}

/// Size of a value as JSON, in bytes, without writing scalars out.
fn json_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        other => other.to_string().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::Rng;
    use proptest::prelude::*;
    use serde_json::json;

    fn profile(no: i64) -> Profile {
        let at = Timestamp::from_ms(1_000);
        Profile::new(ProfileNo(no), Id::new(at, &mut Rng::seeded(no as u64)), at)
    }

    #[test]
    fn the_later_value_wins_whatever_order_it_arrives_in() {
        let mut a = profile(1);
        a.set_attribute("city", json!("Huế"), Timestamp::from_ms(5)).unwrap();
        assert_eq!(a.set_attribute("city", json!("Hà Nội"), Timestamp::from_ms(3)), Ok(None));
        assert_eq!(a.attribute("city"), Some(&json!("Huế")));
        let change = a.set_attribute("city", Value::Null, Timestamp::from_ms(9)).unwrap().unwrap();
        assert_eq!((change.old, change.new), (Some(json!("Huế")), Value::Null));
        assert_eq!(a.set_attribute("city", json!("Vinh"), Timestamp::from_ms(8)), Ok(None));
        assert_eq!(a.attribute("city"), None);
    }

    #[test]
    fn limits_are_told_not_swallowed() {
        let mut a = profile(1);
        let at = Timestamp::from_ms(1);
        assert_eq!(a.set_attribute(&"n".repeat(101), json!(1), at), Err(AttributeRefused::NameTooLong));
        assert_eq!(a.set_attribute("n", json!("x".repeat(9_000)), at), Err(AttributeRefused::ValueTooLarge));
        for n in 0..ATTRIBUTES_MAX {
            a.set_attribute(&format!("a{n}"), json!(n), at).unwrap();
        }
        assert_eq!(a.set_attribute("one_more", json!(1), at), Err(AttributeRefused::TooMany));
    }

    #[test]
    fn lifecycle_follows_each_customers_own_rhythm() {
        let check = |orders: u32, span_days: i64, silent_days: i64, expect: LifecycleStage| {
            let mut p = profile(1);
            let last = Timestamp::from_ms(1_700_000_000_000);
            p.totals.orders = orders;
            p.totals.last_at = Some(last.into());
            p.totals.first_at = Some(last.plus_ms(-span_days * DAY_MS).into());
            let (stage, changes_at) = p.lifecycle(last.plus_ms(silent_days * DAY_MS));
            assert_eq!(stage, expect, "{orders} orders in {span_days} days, silent {silent_days}");
            if let Some(at) = changes_at {
                assert_eq!(p.lifecycle(at.plus_ms(-1)).0, expect);
                assert_ne!(p.lifecycle(at).0, expect);
            }
        };
        check(1, 0, 89, LifecycleStage::Customer);
        check(1, 0, 90, LifecycleStage::Lapsing);
        check(1, 0, 270, LifecycleStage::Lost);
        check(5, 120, 50, LifecycleStage::RepeatCustomer);
        check(5, 120, 60, LifecycleStage::Lapsing);
        check(3, 730, 600, LifecycleStage::RepeatCustomer);
    }

    #[test]
    fn search_text_finds_without_marks_and_by_local_number() {
        let mut p = profile(1);
        p.set_attribute("name", json!("Nguyễn Thị Ánh"), Timestamp::from_ms(1)).unwrap();
        p.add_identifier(KnownIdentifier {
            identifier: "phone:0901234567".parse().unwrap(),
            at: Ms::from_ms(1),
        });
        let text = p.search_text();
        assert!(text.contains("nguyen thi anh") && text.contains("0901234567"), "{text}");
        assert_eq!(p.greeting_name().as_deref(), Some("Ánh"));
    }

    fn arbitrary_profile(no: i64) -> impl Strategy<Value = Profile> {
        let attributes = proptest::collection::vec((0..4u8, 0..5i64, 0..3i64), 0..12);
        let tags = proptest::collection::vec((0..3u8, any::<bool>(), 0..4i64), 0..8);
        (attributes, tags).prop_map(move |(attributes, tags)| {
            let mut p = profile(no);
            for (key, value, at) in attributes {
                p.set_attribute(&format!("k{key}"), json!(value), Timestamp::from_ms(at)).unwrap();
            }
            for (tag, on, at) in tags {
                p.set_tag(&format!("t{tag}"), on, Timestamp::from_ms(at));
                p.set_list(&format!("l{tag}"), !on, Timestamp::from_ms(at));
            }
            p
        })
    }

    proptest! {
        #[test]
        fn a_merge_commutes(a in arbitrary_profile(1), b in arbitrary_profile(2)) {
            let mut left = a.clone();
            left.absorb(b.clone());
            let mut right = b;
            right.absorb(a);
            prop_assert_eq!(left.attributes, right.attributes);
            prop_assert_eq!(left.tags, right.tags);
            prop_assert_eq!(left.lists, right.lists);
            prop_assert_eq!(left.consents, right.consents);
            prop_assert_eq!(left.identifiers, right.identifiers);
        }

        #[test]
        fn storing_and_reading_back_changes_nothing(a in arbitrary_profile(1)) {
            let text = serde_json::to_string(&a).unwrap();
            let mut back: Profile = serde_json::from_str(&text).unwrap();
            back.no = a.no;
            back.last_seen_at = a.last_seen_at;
            prop_assert_eq!(back, a);
        }
    }
}
