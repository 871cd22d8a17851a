//! Who the people are: the documents of profiles, as the engine folds them from an `identify` and what follows.

use super::past::Tally;
use demo::{Person, Purpose};
use domain::commerce::Cart;
use domain::consent::ConsentRecord;
use domain::identifier::{Identifier, IdentifierKind};
use domain::profile::{KnownIdentifier, Profile};
use kit::{Id, ProfileNo, Rng, Timestamp};
use serde_json::{Map, Value, json};

pub const CONSENT_SOURCE: &str = "signup_form";
/// The list that some are on.
pub const LIST: &str = "ban-tin";

/// What an `identify` told of a person.
pub fn traits(seed: u64, person: &Person, at: i64) -> Map<String, Value> {
    let mut rng = chance(seed, person.no);
    let mut traits = Map::new();
    let mut put = |key: &str, value: Value| traits.insert(key.to_owned(), value);
    put("name", person.name.as_str().into());
    put("lastName", person.family_name.into());
    put("firstName", person.given_name.as_str().into());
    put("createdAt", iso(at).into());
    for (key, value) in [("email", &person.email), ("phone", &person.phone), ("birthday", &person.birthday)] {
        if let Some(value) = value {
            put(key, value.as_str().into());
        }
    }
    if person.gender_told {
        put("gender", if person.is_female { "female" } else { "male" }.into());
    }
    put("city", person.province.into());
    put("address", json!({ "country": "VN", "province": person.province, "ward": person.ward }));
    put("points", ((rng.unit().powi(3) * 5_000.0) as i64).into());
    traits
}

fn iso(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

fn chance(seed: u64, no: u64) -> Rng {
    Rng::seeded(seed ^ no.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x7472_6169_7473)
}

pub struct PersonRow {
    pub profile: Profile,
    pub consents: Vec<ConsentRecord>,
}

/// A profile and the proof of its consents.
pub fn row(seed: u64, no: u32, tally: &Tally, cart: Option<Cart>) -> PersonRow {
    let person = Person::of(seed, u64::from(no));
    let at = Timestamp::from_ms(tally.known_at);
    let mut rng = chance(seed ^ 1, person.no);
    let mut profile = Profile::new(ProfileNo(i64::from(no) + 1), Id::new(at, &mut rng), at);
    let device = demo::device_of(seed, person.no);
    let told = [
        (IdentifierKind::UserId, Some(&person.user_id)),
        (IdentifierKind::Email, person.email.as_ref()),
        (IdentifierKind::Phone, person.phone.as_ref()),
        (IdentifierKind::Anonymous, Some(&device)),
    ];
    for (kind, value) in told {
        if let Some(Ok(identifier)) = value.map(|value| Identifier::new(kind, value)) {
            profile.add_identifier(KnownIdentifier { identifier, at: at.into() });
        }
    }
    for (name, value) in traits(seed, &person, tally.known_at) {
        // Names and values of this program's own are within the limits.
        let _ = profile.set_attribute(&name, value, at);
    }
    for (tag, share) in [("vip", 0.03), ("si", 0.01), ("thich-lua", 0.12)] {
        if rng.chance(share) {
            profile.set_tag(tag, true, at);
        }
    }
    let mut consents = Vec::new();
    for given in person.consents.iter().filter(|consent| consent.purpose == Purpose::Marketing) {
        let (Ok(channel), Ok(purpose)) = (given.channel.code().parse(), given.purpose.code().parse()) else {
            continue;
        };
        let record = ConsentRecord {
            channel,
            purpose,
            state: domain::consent::ConsentState::Granted,
            at: at.into(),
            source: CONSENT_SOURCE.into(),
            wording: Some(given.wording().into()),
            ip: None,
            user_agent: None,
            aspect: domain::consent::Aspect::Whole,
            proof: domain::consent::Proof::default(),
        };
        profile.consents.apply(&record);
        consents.push(record);
    }
    if !consents.is_empty() && rng.chance(0.6) {
        profile.set_list(LIST, true, at);
    }
    profile.carts.extend(cart);
    profile.totals = tally.totals();
    profile.shopped_at = tally.shopped_at.map(domain::profile::Ms::from_ms);
    PersonRow { profile, consents }
}
