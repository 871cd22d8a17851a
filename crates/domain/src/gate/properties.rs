//! Whatever the customers, clocks, zones, rules and streams of messages: nothing that the gate lets through breaks a
//! consent, a cap, an hour, a topic, a pause or a wish. The rules are counted anew here, without the gate's code.

use super::*;
use crate::consent::{Aspect, ConsentRecord, Consents, Often};
use crate::local_time::{local_weekday, minute_of_day};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

/// With jumps of an hour, of half an hour, at midnight, and of none.
const ZONES: [&str; 8] = [
    "Asia/Ho_Chi_Minh",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
    "Pacific/Apia",
];
const TOPICS: [&str; 2] = ["sale", "news"];

#[derive(Clone, Debug)]
enum Happening {
    /// A message is due, to one of two people, at one of two addresses that they exchange.
    Message {
        person: usize,
        address: usize,
        channel: Channel,
        purpose: Purpose,
        topic: Option<&'static str>,
    },
    Says {
        person: usize,
        record: ConsentRecord,
    },
    Suppressed {
        address: usize,
        why: Option<Suppression>,
    },
}

fn channel() -> impl Strategy<Value = Channel> {
    select(&[Channel::Email, Channel::Sms, Channel::Zalo][..])
}

fn purpose() -> impl Strategy<Value = Purpose> {
    prop_oneof![
        6 => Just(Purpose::Marketing),
        1 => Just(Purpose::Ads),
        2 => Just(Purpose::Transactional),
    ]
}

fn cap() -> impl Strategy<Value = Cap> {
    let window = select(&[Window::Sliding, Window::Day, Window::Week][..]);
    let purpose = proptest::option::of(select(&[Purpose::Marketing, Purpose::Ads][..]));
    (proptest::option::of(channel()), purpose, 0u32..5, 1u32..100, window)
        .prop_map(|(channel, purpose, count, hours, window)| Cap { channel, purpose, count, hours, window })
}

fn hours() -> impl Strategy<Value = Hours> {
    (channel(), proptest::option::of(purpose()), 0u16..1_400, 30u16..900).prop_map(
        |(channel, purpose, from, length)| Hours { channel, purpose, from, to: (from + length).min(1_440) },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    let lists = (proptest::collection::vec(cap(), 0..3), proptest::collection::vec(hours(), 0..3));
    let country = select(&["vn", "vn", "us", "eu", "none"][..]);
    let set_aside = proptest::bool::ANY;
    (country, lists, 0u8..40, 24u32..200, set_aside).prop_map(
        |(country, (caps, hours), holdout_percent, wait_hours_max, set_aside)| {
            let aside = |rule: &str| Override {
                rule: rule.into(),
                reason: "a reason that is long enough".into(),
                by: String::new(),
                at: Ms::default(),
            };
            // A rule that is firm is named too, and holds all the same.
            let overrides =
                if set_aside { vec![aside("vn.cap.sms"), aside("vn.hours.sms")] } else { Vec::new() };
            Policy { country: country.into(), caps, hours, holdout_percent, wait_hours_max, overrides }
        },
    )
}

fn record() -> impl Strategy<Value = ConsentRecord> {
    let state = select(
        &[ConsentState::Granted, ConsentState::Granted, ConsentState::Pending, ConsentState::Denied][..],
    );
    let aspect = prop_oneof![
        4 => Just(Aspect::Whole),
        2 => select(&TOPICS[..]).prop_map(|topic| Aspect::Topic(topic.into())),
        1 => select(Often::ALL).prop_map(Aspect::Often),
        1 => Just(Aspect::Pause),
    ];
    let ends = proptest::option::weighted(0.3, 1i64..400);
    (channel(), purpose(), state, aspect, ends).prop_map(|(channel, purpose, state, aspect, ends)| {
        let mut record = ConsentRecord::new(channel, purpose, state, Timestamp::from_ms(0), "test");
        record.aspect = aspect;
        // Hours from the record's own instant, which the stream gives it.
        record.proof.expires_at = ends.map(Ms::from_ms);
        record
    })
}

fn happening() -> impl Strategy<Value = Happening> {
    let topic = proptest::option::of(select(&TOPICS[..]));
    let why = proptest::option::of(select(
        &[Suppression::HardBounce, Suppression::Complaint, Suppression::DoNotCall, Suppression::Manual][..],
    ));
    prop_oneof![
        12 => (0usize..2, 0usize..2, channel(), purpose(), topic).prop_map(
            |(person, address, channel, purpose, topic)| Happening::Message { person, address, channel, purpose, topic }),
        3 => (0usize..2, record()).prop_map(|(person, record)| Happening::Says { person, record }),
        1 => (0usize..2, why).prop_map(|(address, why)| Happening::Suppressed { address, why }),
    ]
}

#[derive(Default)]
struct Person {
    consents: Consents,
    wishes: Wishes,
    said: Vec<ConsentRecord>,
}

/// What somebody said last of what fits, the stricter of two at one instant.
fn last(said: &[ConsentRecord], fits: impl Fn(&ConsentRecord) -> bool) -> Option<&ConsentRecord> {
    said.iter().filter(|record| fits(record)).max_by_key(|record| (record.at(), record.state))
}

struct Gone {
    person: usize,
    address: usize,
    sent: Sent,
}

/// Faults of a message that goes out at `now`, counted from what happened alone.
#[expect(clippy::too_many_arguments, reason = "all that happened")]
fn faults(
    policy: &Policy,
    zone: &Zone,
    said: &[ConsentRecord],
    suppressed: Option<Suppression>,
    gone: &[Gone],
    message: (usize, usize, Channel, Purpose, Option<&'static str>),
    bucket: u8,
    now: Timestamp,
) -> Vec<String> {
    let mut found = Vec::new();
    let (person, address, channel, purpose, topic) = message;
    let minute = minute_of_day(now, zone);
    let is_ad = purpose != Purpose::Transactional;
    if suppressed == Some(Suppression::HardBounce) || (is_ad && suppressed.is_some()) {
        found.push(format!("to an address that is {suppressed:?}"));
    }
    let consent = last(said, |r| r.aspect == Aspect::Whole && r.channel == channel && r.purpose == purpose);
    if consent.is_some_and(|record| record.state == ConsentState::Denied) {
        found.push("against a refusal".into());
    }
    let vietnam = policy.country == "vn";
    if vietnam && channel == Channel::Sms && purpose == Purpose::Marketing && !(420..1_320).contains(&minute)
    {
        found.push(format!("an advertising SMS at minute {minute}"));
    }
    for hours in policy.hours.iter().filter(|hours| hours.channel == channel) {
        let holds = hours.purpose.map_or(is_ad, |held| held == purpose);
        if holds && !(hours.from..hours.to).contains(&minute) {
            found.push(format!("at minute {minute} in spite of {hours:?}"));
        }
    }
    if !is_ad {
        return found;
    }
    let agreed = consent.is_some_and(|record| {
        record.state == ConsentState::Granted && record.proof.expires_at.is_none_or(|end| end.0 > now)
    });
    if !agreed {
        found.push(format!("without a consent that holds: {consent:?}"));
    }
    if let Some(topic) = topic {
        let wish = last(said, |r| r.aspect == Aspect::Topic(topic.into()));
        if wish.is_some_and(|record| record.state != ConsentState::Granted) {
            found.push(format!("on {topic}, which is off"));
        }
    }
    let pause = said
        .iter()
        .filter(|record| record.aspect == Aspect::Pause)
        .max_by_key(|r| (r.at(), r.proof.expires_at.filter(|_| r.state != ConsentState::Granted)));
    let until = pause.filter(|r| r.state != ConsentState::Granted).and_then(|r| r.proof.expires_at);
    if until.is_some_and(|until| until.0 > now) {
        found.push("in a pause".into());
    }
    if bucket < policy.holdout_percent {
        found.push("to somebody in the holdout".into());
    }
    let mut caps: Vec<Cap> = policy.caps.clone();
    if vietnam {
        let three = |channel| Cap { purpose: Some(Purpose::Marketing), ..Cap::sliding(Some(channel), 3, 24) };
        caps.push(three(Channel::Email));
        if policy.overrides.is_empty() {
            caps.push(three(Channel::Sms));
        }
    }
    let often = said
        .iter()
        .filter_map(|r| if let Aspect::Often(often) = r.aspect { Some((r.at(), often)) } else { None })
        .max();
    match often {
        Some((_, Often::Weekly)) => caps.push(Cap::sliding(None, 1, 7 * 24)),
        Some((_, Often::Monthly)) => caps.push(Cap::sliding(None, 1, 30 * 24)),
        _ => {}
    }
    let fits = |cap: &Cap, sent: &Sent| {
        cap.channel.is_none_or(|c| c == sent.channel)
            && cap.purpose.map_or(sent.purpose != Purpose::Transactional, |p| p == sent.purpose)
    };
    let this = Sent { channel, purpose, at: now };
    for cap in caps.iter().filter(|cap| fits(cap, &this)) {
        let within = |sent: &Sent| match cap.window {
            Window::Sliding => now.since_ms(sent.at) < i64::from(cap.hours) * HOUR_MS,
            Window::Day => local_date(sent.at, zone) == local_date(now, zone),
            Window::Week => {
                let monday = |at| {
                    let back = i64::from(local_weekday(at, zone).to_monday_zero_offset());
                    local_date(at, zone).checked_sub(Span::new().days(back)).unwrap()
                };
                monday(sent.at) == monday(now)
            }
        };
        let of = |one: &Gone| one.person == person || (one.address == address && one.sent.channel == channel);
        let count = gone.iter().filter(|one| of(one) && fits(cap, &one.sent) && within(&one.sent)).count();
        if count >= cap.count as usize {
            found.push(format!("as number {} in spite of {cap:?}", count + 1));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn nothing_that_goes_out_breaks_a_rule(
        policy in policy(),
        zone in select(&ZONES[..]),
        // 2026-03 to 2027-03: every zone jumps in it.
        start in 1_772_323_200_000i64..1_803_859_200_000,
        bucket in 0u8..100,
        all in proptest::collection::vec((0i64..20 * HOUR_MS, happening()), 1..60),
    ) {
        let zone = Zone::named(zone).unwrap();
        let mut now = Timestamp::from_ms(start);
        let mut people = [Person::default(), Person::default()];
        let mut suppressed: BTreeMap<usize, Suppression> = BTreeMap::new();
        let mut gone: Vec<Gone> = Vec::new();
        for channel in [Channel::Email, Channel::Sms, Channel::Zalo] {
            for person in &mut people {
                let given = ConsentRecord::new(channel, Purpose::Marketing, ConsentState::Granted, now, "form");
                person.consents.apply(&given);
                person.said.push(given);
            }
        }
        for (after, happening) in all {
            now = now.plus_ms(after);
            match happening {
                Happening::Says { person, mut record } => {
                    record.at = now.into();
                    record.proof.expires_at =
                        record.proof.expires_at.map(|hours| now.plus_ms(hours.0.ms() * HOUR_MS).into());
                    let person = &mut people[person];
                    person.consents.apply(&record);
                    person.wishes.apply(&record);
                    person.said.push(record);
                }
                Happening::Suppressed { address, why } => match why {
                    Some(why) => drop(suppressed.insert(address, why)),
                    None => drop(suppressed.remove(&address)),
                },
                Happening::Message { person, address, channel, purpose, topic } => {
                    let recent: Vec<Sent> = gone
                        .iter()
                        .filter(|one| one.person == person || (one.address == address && one.sent.channel == channel))
                        .map(|one| one.sent)
                        .collect();
                    let asked_at = now;
                    // Asked again whenever the gate says so, as the dispatcher does.
                    for _ in 0..40 {
                        let held = &people[person];
                        let request = Request {
                            channel,
                            purpose,
                            topic,
                            has_address: true,
                            suppression: suppressed.get(&address).copied(),
                            consent: held.consents.current(channel, purpose),
                            wishes: &held.wishes,
                            recent: &recent,
                            ahead: &[],
                            holdout_bucket: bucket,
                            time_zone: &zone,
                            decided_at: asked_at,
                        };
                        match decide(&policy, &request, now) {
                            Decision::Send => {
                                let told = (person, address, channel, purpose, topic);
                                let of = suppressed.get(&address).copied();
                                let found = faults(&policy, &zone, &held.said, of, &gone, told, bucket, now);
                                prop_assert!(found.is_empty(), "{channel} {purpose} at {now:?} {found:?}");
                                gone.push(Gone { person, address, sent: Sent { channel, purpose, at: now } });
                                break;
                            }
                            Decision::Wait(until, _) => {
                                prop_assert!(until > now, "a wait that is over");
                                let waited = until.since_ms(asked_at);
                                prop_assert!(waited <= i64::from(policy.wait_hours_max) * HOUR_MS);
                                now = until;
                            }
                            Decision::Refuse(_) => break,
                        }
                    }
                }
            }
        }
    }

    /// What is not sent is not sent for a rule: with none in the way a message goes.
    #[test]
    fn nothing_is_held_back_without_a_rule(channel in channel(), hour in 8i64..21, topic in proptest::option::of(select(&TOPICS[..]))) {
        let zone = Zone::vietnam();
        let now = Timestamp::from_ms(1_795_107_600_000).plus_ms(hour * HOUR_MS);
        let mut consents = Consents::default();
        consents.apply(&ConsentRecord::new(channel, Purpose::Marketing, ConsentState::Granted, now, "form"));
        let wishes = Wishes::default();
        let request = Request {
            channel,
            purpose: Purpose::Marketing,
            topic,
            has_address: true,
            suppression: None,
            consent: consents.current(channel, Purpose::Marketing),
            wishes: &wishes,
            recent: &[],
            ahead: &[],
            holdout_bucket: 99,
            time_zone: &zone,
            decided_at: now,
        };
        prop_assert_eq!(decide(&Policy::default(), &request, now), Decision::Send);
    }
}
