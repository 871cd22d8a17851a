//! What customers choose: topics, how often, a pause, the language; and how agreeing and refusing are confirmed.

use super::agreed;
use super::world::{SHOP, World};
use domain::consent::{Aspect, Channel, ConsentState, Often, Purpose};
use domain::settings::Topic;
use engine::Link;
use kit::{Clock, DAY_MS, HOUR_MS, MINUTE_MS};

fn with_topics() -> World {
    let mut world = World::new();
    world.set(|settings| {
        settings.topics = vec![
            Topic { id: "sale".into(), name: "Khuyến mãi".into(), name_en: "Offers".into() },
            Topic { id: "new-in".into(), name: "Hàng <mới>".into(), name_en: String::new() },
        ];
    });
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_chosen_is_kept_with_its_proof_and_shown_again() {
    let mut world = with_topics();
    let message = world.send(SHOP, "an", Channel::Email);
    let path = world.path(Link::Preferences, &message);
    let page = world.get(&path).await.text;
    assert!(page.contains("Khuyến mãi") && page.contains("Hàng &lt;mới&gt;"), "{page}");
    let form = "was_email=on&email=on&was_sms=on&sms=on&was_topic_sale=on&was_topic_new-in=on&topic_new-in=on\
                &often=weekly&was_language=vi&language=en&do=save";
    let saved = world.post(&path, form).await.text;
    assert!(saved.contains("No messages about Offers") && saved.contains("At most once a week"), "{saved}");
    world.arrive().await;
    let profile = world.profile(SHOP, "an");
    assert!(profile.wishes.refuses("sale") && !profile.wishes.refuses("new-in"));
    assert_eq!(profile.wishes.often(), Often::Weekly);
    assert_eq!(profile.attribute("language").unwrap(), "en");
    assert_eq!(agreed(&world, Channel::Email), Some(ConsentState::Granted), "the channel stays on");
    let records = world.services.store.read(|tx| tx.consents(SHOP, message.profile)).unwrap();
    let off = records.iter().find(|record| record.aspect == Aspect::Topic("sale".into())).unwrap();
    assert_eq!((off.state, off.source.as_str()), (ConsentState::Denied, "preference_page"));
    assert_eq!(off.ip.as_deref(), Some("113.161.1.1"));
    assert_eq!(off.proof.evidence.as_deref(), Some(message.id.as_str()));
    let words = off.wording.as_deref().unwrap();
    assert_eq!(off.proof.wording_hash.as_deref(), Some(domain::consent::wording_hash(words).as_str()));
    // Next time the page is in the language that was chosen, and shows what was chosen.
    let again = world.get(&path).await.text;
    assert!(
        again.contains("<html lang=\"en\">") && again.contains("name=\"topic_sale\" value=\"on\">"),
        "{again}"
    );
    assert!(world.get(&format!("{path}?lang=vi")).await.text.contains("<html lang=\"vi\">"));
    // The same again says nothing new.
    let form =
        form.replace("was_topic_sale=on", "was_topic_sale=off").replace("was_language=vi", "was_language=en");
    assert!(world.post(&path, &form).await.text.contains("Your choices are as before"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_advertisements_back_and_ends() {
    let mut world = with_topics();
    let message = world.send(SHOP, "an", Channel::Email);
    let path = world.path(Link::Preferences, &message);
    let paused = world.post(&path, "was_email=on&email=on&do=pause").await.text;
    assert!(paused.contains("value=\"resume\""), "{paused}");
    world.arrive().await;
    assert_eq!(world.send(SHOP, "an", Channel::Email).reason, "paused");
    world.clock.advance_ms(30 * DAY_MS);
    assert_eq!(world.send(SHOP, "an", Channel::Email).state, "accepted");
    world.post(&path, "was_email=on&email=on&do=pause").await;
    world.arrive().await;
    world.clock.advance_ms(MINUTE_MS);
    world.post(&path, "was_email=on&email=on&do=resume").await;
    world.arrive().await;
    assert_eq!(world.send(SHOP, "an", Channel::Email).state, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_one_a_week_gets_one_a_week_on_all_channels() {
    let mut world = with_topics();
    let message = world.send(SHOP, "an", Channel::Email);
    let path = world.path(Link::Preferences, &message);
    world.post(&path, "was_email=on&email=on&was_sms=on&sms=on&often=weekly&do=save").await;
    world.arrive().await;
    assert_eq!(world.send(SHOP, "an", Channel::Sms).reason, "personal_cap");
    world.clock.advance_ms(7 * DAY_MS);
    assert_eq!(world.send(SHOP, "an", Channel::Sms).state, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_confirmed_once_by_the_same_channel() {
    let mut world = World::new();
    let message = world.send(SHOP, "an", Channel::Email);
    let path = world.path(Link::Unsubscribe, &message);
    world.post(&path, "List-Unsubscribe=One-Click").await;
    world.post(&path, "stop=1").await;
    world.arrive().await;
    let told = world.deliver(Channel::Email);
    assert_eq!(told.len(), 1);
    let (row, words) = &told[0];
    assert_eq!((row.origin.as_str(), row.purpose.as_str()), ("notice", "transactional"));
    assert!(words.contains("Nắng <Lụa>") && words.contains("/e/p/"), "{words}");
    assert!(!words.contains("{{"), "{words}");
    world.clock.advance_ms(HOUR_MS);
    world.post(&path, "stop=1").await;
    world.arrive().await;
    assert!(world.deliver(Channel::Email).is_empty(), "said again, it is not confirmed again");
    // On the preference page each channel that is refused is confirmed by itself.
    let preferences = world.path(Link::Preferences, &message);
    world.post(&preferences, "was_email=off&was_sms=on&do=stop_all").await;
    world.arrive().await;
    assert!(world.deliver(Channel::Email).is_empty());
    let told = world.deliver(Channel::Sms);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].1.is_ascii() || told[0].1.contains("Nắng <Lụa>"),
        "one part where the shop's name allows it"
    );
    // A shop may leave it to the page.
    world.set(|settings| settings.consent.confirm_stops = false);
    world.says("an", "Consent Given", "email");
    world.clock.advance_ms(HOUR_MS);
    world.says("an", "Consent Given", "email");
    let message = world.send(SHOP, "an", Channel::Email);
    world.post(&world.path(Link::Unsubscribe, &message), "stop=1").await;
    world.arrive().await;
    assert_eq!(agreed(&world, Channel::Email), Some(ConsentState::Denied));
    assert!(world.deliver(Channel::Email).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_up_is_asked_once_and_answers_with_one_button() {
    let mut world = World::new();
    world.identify(SHOP, "binh", "Bình", &[]);
    world.says("binh", "Consent Requested", "email");
    let asked = world.deliver(Channel::Email);
    assert_eq!(asked.len(), 1);
    let (row, words) = asked[0].clone();
    let path = world.path(Link::Confirm, &row);
    assert!(words.contains(&path), "{words}");
    assert_eq!(world.send(SHOP, "binh", Channel::Email).reason, "consent_pending");
    // Signing up again asks nobody twice, and looking at the page agrees to nothing.
    world.says("binh", "Consent Requested", "email");
    assert!(world.deliver(Channel::Email).is_empty());
    let page = world.get(&path).await.text;
    assert!(page.contains("name=\"confirm\""), "{page}");
    world.arrive().await;
    assert_eq!(world.send(SHOP, "binh", Channel::Email).reason, "consent_pending");
    assert!(world.post(&path, "confirm=1").await.text.contains("Cảm ơn bạn đã xác nhận"));
    world.arrive().await;
    let profile = world.profile(SHOP, "binh");
    assert_eq!(profile.consents.state(Channel::Email, Purpose::Marketing), Some(ConsentState::Granted));
    let records = world.services.store.read(|tx| tx.consents(SHOP, profile.no)).unwrap();
    assert_eq!(records[0].source, "double_opt_in");
    assert_eq!(records[0].proof.evidence.as_deref(), Some(row.id.as_str()));
    assert!(records[0].wording.as_deref().unwrap().contains("Nắng <Lụa>"));
    assert_eq!(world.send(SHOP, "binh", Channel::Email).state, "accepted");
    // The link of another message is no confirmation.
    let other = world.send(SHOP, "binh", Channel::Email);
    assert_eq!(world.get(&world.path(Link::Confirm, &other)).await.status, axum::http::StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_for_a_day_is_a_refusal() {
    let mut world = World::new();
    world.identify(SHOP, "binh", "Bình", &[]);
    world.says("binh", "Consent Requested", "email");
    let (row, _) = world.deliver(Channel::Email).remove(0);
    world.clock.advance_ms(24 * HOUR_MS);
    assert_eq!(world.send(SHOP, "binh", Channel::Email).reason, "consent_denied");
    let path = world.path(Link::Confirm, &row);
    let page = world.post(&path, "confirm=1").await.text;
    assert!(page.contains("Lời mời này đã hết hạn"), "{page}");
    world.arrive().await;
    assert_eq!(world.send(SHOP, "binh", Channel::Email).reason, "consent_denied");
    world.says("binh", "Consent Requested", "email");
    assert!(world.deliver(Channel::Email).is_empty(), "nobody is asked twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_on_the_register_is_asked_or_advertised_to() {
    let mut world = World::new();
    world.identify(SHOP, "binh", "Bình", &["sms"]);
    let profile = world.profile(SHOP, "binh");
    let number = profile.address(&domain::identifier::IdentifierKind::Phone).unwrap().to_owned();
    assert_eq!(world.send(SHOP, "binh", Channel::Sms).state, "accepted");
    let mut changes = store::Changeset::new();
    changes.list_do_not_call(SHOP, &number, world.clock.now());
    world.store(changes);
    assert_eq!(world.send(SHOP, "binh", Channel::Sms).reason, "do_not_call");
    world.says("binh", "Consent Requested", "sms");
    assert!(world.deliver(Channel::Sms).is_empty());
}

/// A send that was allowed, and withdrawn before it was handed over.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_stopped_by_a_refusal_on_every_way_in() {
    let mut world = World::new();
    let first = world.send(SHOP, "an", Channel::Email);
    world.queue(SHOP, "an", Channel::Email, "a-journey");
    world.queue(SHOP, "an", Channel::Email, "a-campaign");
    world.post(&world.path(Link::Unsubscribe, &first), "List-Unsubscribe=One-Click").await;
    world.arrive().await;
    let told = world.deliver(Channel::Email);
    assert_eq!(told.iter().map(|(row, _)| row.origin.as_str()).collect::<Vec<_>>(), ["notice"]);
    let rows =
        world.services.store.read(|tx| tx.message_page(SHOP, i64::MAX, 10, "refused", "", "")).unwrap();
    assert_eq!(rows.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(), ["consent_denied"; 2]);
}
