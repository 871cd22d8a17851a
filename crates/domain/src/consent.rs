//! Who may be told what, where: consent for a channel and a purpose, with its proof.

use crate::profile::Ms;
use crate::words::words;
use kit::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// The way a message travels.
    Channel { Email = "email", Sms = "sms", Zalo = "zalo", Push = "push", Onsite = "onsite", Webhook = "webhook" }
}

words! {
    /// What a message is for.
    Purpose {
        Marketing = "marketing",
        /// About something that the person did: an order, an account.
        Transactional = "transactional",
        Profiling = "profiling",
        Ads = "ads",
    }
}

words! {
    ConsentState {
        Granted = "granted",
        /// Asked for, and not yet confirmed by the person (double opt-in).
        Pending = "pending",
        Denied = "denied",
    }
}

/// How often somebody wants advertisements at most, over all channels together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Often {
    /// As often as the shop's rules let them.
    #[default]
    All,
    /// At most one in any 7 days.
    Weekly,
    /// At most one in any 30 days.
    Monthly,
}

impl Often {
    pub const ALL: &[Often] = &[Often::All, Often::Weekly, Often::Monthly];

    pub const fn as_str(self) -> &'static str {
        match self {
            Often::All => "all",
            Often::Weekly => "weekly",
            Often::Monthly => "monthly",
        }
    }

    pub fn parse(word: &str) -> Option<Often> {
        Often::ALL.iter().copied().find(|often| often.as_str() == word)
    }

    /// Hours in which at most one advertisement goes; `None`: no limit of the person's own.
    pub const fn hours(self) -> Option<u32> {
        match self {
            Often::All => None,
            Often::Weekly => Some(7 * 24),
            Often::Monthly => Some(30 * 24),
        }
    }
}

/// What of the messages of a purpose a statement is about.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// All of them on the channel.
    #[default]
    Whole,
    /// Those on one topic of the shop, on every channel.
    Topic(String),
    /// How many, on all channels together; the state says nothing.
    Often(Often),
    /// All, on every channel, until [`Proof::expires_at`]; a granted one ends the pause.
    Pause,
}

impl Aspect {
    pub fn is_whole(&self) -> bool {
        *self == Aspect::Whole
    }
}

/// What proves a statement, beside its words and where they came from.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Proof {
    /// Who made it: `customer`, or a sign-in or key of the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Where more is to be found: a message's id, `file.csv#12`, the number of a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// A consent that holds no longer than this; the end of a pause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Ms>,
    /// SHA-256 of the words, of which the record keeps the beginning at least: names the version that was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wording_hash: Option<String>,
}

/// The hash that names a version of the words somebody agreed to, as 64 hexadecimal digits.
pub fn wording_hash(words: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(words.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One statement by or about a person, with what proves it. Records are only ever added.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ConsentRecord {
    pub channel: Channel,
    pub purpose: Purpose,
    pub state: ConsentState,
    pub at: Ms,
    /// Where it was given or taken back: `form:footer`, `import`, `one_click`, `preference_page`, `api`.
    pub source: String,
    /// The words that the person agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Aspect::is_whole")]
    pub aspect: Aspect,
    #[serde(flatten, default)]
    pub proof: Proof,
}

/// The consents in force, folded from the records.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Consents(BTreeMap<String, CurrentConsent>);

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CurrentConsent {
    pub state: ConsentState,
    pub at: Ms,
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Ms>,
}

impl CurrentConsent {
    /// What it comes to at `now`: a consent that has run out is none, and somebody who was asked and did not answer
    /// within `answer_hours` has refused.
    pub fn in_force(&self, answer_hours: Option<u32>, now: Timestamp) -> Option<ConsentState> {
        let silent = |hours: u32| now.since_ms(self.at.0) >= i64::from(hours) * kit::HOUR_MS;
        match self.state {
            ConsentState::Granted if self.expires_at.is_some_and(|end| end.0 <= now) => None,
            ConsentState::Pending if answer_hours.is_some_and(silent) => Some(ConsentState::Denied),
            state => Some(state),
        }
    }
}

/// What a person wishes within what they agreed to, folded from the records.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// By the id of the topic: whether they want it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub topics: BTreeMap<String, Wish<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub often: Option<Wish<Often>>,
    /// Until when they want nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Wish<Option<Ms>>>,
}

/// Something wished, and since when.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Wish<T> {
    #[serde(rename = "v")]
    pub value: T,
    #[serde(rename = "t")]
    pub at: Ms,
}

/// Topics that one person can have wishes about.
pub const TOPICS_MAX: usize = 200;

impl Wishes {
    pub fn is_empty(&self) -> bool {
        *self == Wishes::default()
    }

    pub fn refuses(&self, topic: &str) -> bool {
        self.topics.get(topic).is_some_and(|wish| !wish.value)
    }

    pub fn often(&self) -> Often {
        self.often.map_or(Often::All, |wish| wish.value)
    }

    /// The end of the pause that holds at `now`.
    pub fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.pause.and_then(|wish| wish.value).map(|until| until.0).filter(|until| *until > now)
    }

    /// Folds one record in: the later statement holds; of two at one instant the stricter. Returns whether anything
    /// changed. A statement about a whole channel is no wish.
    pub fn apply(&mut self, record: &ConsentRecord) -> bool {
        match &record.aspect {
            Aspect::Whole => false,
            Aspect::Topic(topic) => {
                let wanted = record.state == ConsentState::Granted;
                if self.topics.len() >= TOPICS_MAX && !self.topics.contains_key(topic) {
                    return false;
                }
                let held = self
                    .topics
                    .entry(topic.clone())
                    .or_insert(Wish { value: true, at: Ms::from_ms(i64::MIN) });
                later(held, Wish { value: wanted, at: record.at }, |wanted| u8::from(!*wanted))
            }
            Aspect::Often(often) => {
                let held = self.often.get_or_insert(Wish { value: Often::All, at: Ms::from_ms(i64::MIN) });
                later(held, Wish { value: *often, at: record.at }, |often| *often)
            }
            Aspect::Pause => {
                let until = record.proof.expires_at.filter(|_| record.state != ConsentState::Granted);
                let held = self.pause.get_or_insert(Wish { value: None, at: Ms::from_ms(i64::MIN) });
                later(held, Wish { value: until, at: record.at }, |until| *until)
            }
        }
    }

    /// Joins the wishes of two profiles that turn out to be one person: the stricter holds.
    pub fn merge(&mut self, other: &Wishes) {
        fn stricter<T: Copy, R: Ord>(ours: &mut Wish<T>, theirs: &Wish<T>, strictness: impl Fn(&T) -> R) {
            if (strictness(&theirs.value), theirs.at) > (strictness(&ours.value), ours.at) {
                *ours = *theirs;
            }
        }
        for (topic, theirs) in &other.topics {
            let ours = self.topics.entry(topic.clone()).or_insert(*theirs);
            stricter(ours, theirs, |wanted| !*wanted);
        }
        if let Some(theirs) = &other.often {
            stricter(self.often.get_or_insert(*theirs), theirs, |often| *often);
        }
        if let Some(theirs) = &other.pause {
            stricter(self.pause.get_or_insert(*theirs), theirs, |until| *until);
        }
    }
}

fn later<T: Copy + PartialEq, R: Ord>(
    held: &mut Wish<T>,
    next: Wish<T>,
    strictness: impl Fn(&T) -> R,
) -> bool {
    if (next.at, strictness(&next.value)) <= (held.at, strictness(&held.value)) {
        return false;
    }
    let changed = held.value != next.value;
    *held = next;
    changed
}

fn slot(channel: Channel, purpose: Purpose) -> String {
    format!("{channel}.{purpose}")
}

impl Consents {
    pub fn state(&self, channel: Channel, purpose: Purpose) -> Option<ConsentState> {
        self.current(channel, purpose).map(|current| current.state)
    }

    pub fn current(&self, channel: Channel, purpose: Purpose) -> Option<&CurrentConsent> {
        self.0.get(&slot(channel, purpose))
    }

    /// `email.marketing` and the like, in order, with the consent in force.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CurrentConsent)> {
        self.0.iter().map(|(slot, current)| (slot.as_str(), current))
    }

    /// Folds one record in: the later statement holds; of two at one instant the stricter. Returns whether the
    /// consent in force changed. What is about a part only is none of it: see [`Wishes::apply`].
    pub fn apply(&mut self, record: &ConsentRecord) -> bool {
        if !record.aspect.is_whole() {
            return false;
        }
        let next = CurrentConsent {
            state: record.state,
            at: record.at,
            source: record.source.clone(),
            expires_at: record.proof.expires_at,
        };
        match self.0.get_mut(&slot(record.channel, record.purpose)) {
            None => {
                self.0.insert(slot(record.channel, record.purpose), next);
                true
            }
            Some(current) if (next.at, next.state) > (current.at, current.state) => {
                let changed = current.state != next.state;
                *current = next;
                changed
            }
            Some(_) => false,
        }
    }

    /// Takes away what was said later than this; what it took the place of is not known any more.
    pub fn forget_after(&mut self, at: Timestamp) {
        self.0.retain(|_, current| current.at.0 <= at);
    }

    /// Joins the consents of two profiles that turn out to be one person: the stricter of two statements holds,
    /// whichever came later, because a refusal made under one name must not be lost with it.
    pub fn merge(&mut self, other: &Consents) {
        for (slot, theirs) in &other.0 {
            match self.0.get_mut(slot) {
                None => {
                    self.0.insert(slot.clone(), theirs.clone());
                }
                Some(ours) => {
                    let rank = |c: &CurrentConsent| (c.state, c.at, c.source.clone());
                    if rank(theirs) > rank(ours) {
                        *ours = theirs.clone();
                    }
                }
            }
        }
    }

    pub fn granted_anywhere(&self, purpose: Purpose) -> bool {
        Channel::ALL.iter().any(|channel| self.state(*channel, purpose) == Some(ConsentState::Granted))
    }
}

impl ConsentRecord {
    /// A statement with nothing yet that proves it.
    pub fn new(
        channel: Channel,
        purpose: Purpose,
        state: ConsentState,
        at: Timestamp,
        source: &str,
    ) -> ConsentRecord {
        ConsentRecord {
            channel,
            purpose,
            state,
            at: at.into(),
            source: source.to_owned(),
            wording: None,
            ip: None,
            user_agent: None,
            aspect: Aspect::Whole,
            proof: Proof::default(),
        }
    }

    /// With the words that were shown, of which at most 2 000 characters are kept, and their hash.
    pub fn worded(mut self, words: &str) -> ConsentRecord {
        self.proof.wording_hash = Some(wording_hash(words));
        self.wording = Some(words.chars().take(2_000).collect());
        self
    }

    pub fn at(&self) -> Timestamp {
        self.at.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Ms;

    fn record(state: ConsentState, at: i64) -> ConsentRecord {
        ConsentRecord::new(Channel::Email, Purpose::Marketing, state, Timestamp::from_ms(at), "form")
    }

    #[test]
    fn wishes_fold_in_any_order_and_say_nothing_about_consent() {
        let about = |aspect, state, at| ConsentRecord { aspect, ..record(state, at) };
        let topic = || Aspect::Topic("sale".into());
        let mut pause = about(Aspect::Pause, ConsentState::Denied, 5);
        pause.proof.expires_at = Some(Ms::from_ms(900));
        let records = [
            about(topic(), ConsentState::Denied, 3),
            about(topic(), ConsentState::Granted, 2),
            about(Aspect::Often(Often::Weekly), ConsentState::Granted, 4),
            about(Aspect::Often(Often::Monthly), ConsentState::Granted, 3),
            pause,
        ];
        let mut forward = Wishes::default();
        let mut backward = Wishes::default();
        let mut consents = Consents::default();
        for record in &records {
            forward.apply(record);
            assert!(!consents.apply(record));
        }
        for record in records.iter().rev() {
            backward.apply(record);
        }
        assert_eq!(forward, backward);
        assert_eq!(consents, Consents::default());
        assert!(forward.refuses("sale") && !forward.refuses("news"));
        assert_eq!(forward.often(), Often::Weekly);
        assert_eq!(forward.paused_until(Timestamp::from_ms(899)), Some(Timestamp::from_ms(900)));
        assert_eq!(forward.paused_until(Timestamp::from_ms(900)), None);
        let text = serde_json::to_string(&forward).unwrap();
        assert_eq!(serde_json::from_str::<Wishes>(&text).unwrap(), forward);
        let text = serde_json::to_string(&records[4]).unwrap();
        assert_eq!(serde_json::from_str::<ConsentRecord>(&text).unwrap(), records[4]);
    }

    #[test]
    fn the_stricter_wish_survives_a_merge() {
        let one = |state, often, at| {
            let mut wishes = Wishes::default();
            wishes.apply(&ConsentRecord { aspect: Aspect::Topic("sale".into()), ..record(state, at) });
            wishes.apply(&ConsentRecord { aspect: Aspect::Often(often), ..record(state, at) });
            wishes
        };
        let mut a = one(ConsentState::Denied, Often::All, 1);
        let mut b = one(ConsentState::Granted, Often::Monthly, 9);
        let (left, right) = (a.clone(), b.clone());
        a.merge(&right);
        b.merge(&left);
        assert_eq!(a, b);
        assert!(a.refuses("sale"));
        assert_eq!(a.often(), Often::Monthly);
    }

    #[test]
    fn a_consent_ends_and_silence_is_a_refusal() {
        let hour = kit::HOUR_MS;
        let at = Timestamp::from_ms;
        let mut consents = Consents::default();
        let mut given = record(ConsentState::Granted, 0);
        given.proof.expires_at = Some(Ms::from_ms(10 * hour));
        consents.apply(&given);
        let force = |consents: &Consents, now| {
            consents.current(Channel::Email, Purpose::Marketing).unwrap().in_force(Some(24), at(now))
        };
        assert_eq!(force(&consents, 10 * hour - 1), Some(ConsentState::Granted));
        assert_eq!(force(&consents, 10 * hour), None);
        consents.apply(&record(ConsentState::Pending, 20 * hour));
        assert_eq!(force(&consents, 44 * hour - 1), Some(ConsentState::Pending));
        assert_eq!(force(&consents, 44 * hour), Some(ConsentState::Denied));
    }

    #[test]
    fn the_later_statement_holds_in_any_order() {
        let check = |records: &[(ConsentState, i64)], expect: ConsentState| {
            for reversed in [false, true] {
                let mut consents = Consents::default();
                let mut list: Vec<_> = records.iter().map(|(state, at)| record(*state, *at)).collect();
                if reversed {
                    list.reverse();
                }
                for record in &list {
                    consents.apply(record);
                }
                assert_eq!(consents.state(Channel::Email, Purpose::Marketing), Some(expect), "{records:?}");
            }
        };
        use ConsentState::*;
        check(&[(Granted, 1), (Denied, 2)], Denied);
        check(&[(Denied, 1), (Granted, 2)], Granted);
        check(&[(Granted, 1), (Denied, 1)], Denied);
        check(&[(Pending, 1), (Granted, 2)], Granted);
    }

    #[test]
    fn a_merge_keeps_the_stricter_and_commutes() {
        let one = |state, at| {
            let mut consents = Consents::default();
            consents.apply(&record(state, at));
            consents
        };
        let mut a = one(ConsentState::Granted, 9);
        let mut b = one(ConsentState::Denied, 1);
        let (left, right) = (a.clone(), b.clone());
        a.merge(&right);
        b.merge(&left);
        assert_eq!(a, b);
        assert_eq!(a.state(Channel::Email, Purpose::Marketing), Some(ConsentState::Denied));
        a.merge(&Consents::default());
        assert_eq!(a, b);
    }
}
