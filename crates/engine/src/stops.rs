//! Agreeing and refusing, as the law wants them done: a refusal holds at once and is confirmed by one message that
//! advertises nothing; whoever signed up is asked once whether it was them.
//!
//! What waits for the person needs no search: the gate asks for the consent at the moment of sending.

use crate::EngineError;
use crate::dispatch::address_of;
use crate::world::{ProfileKey, World};
use domain::consent::{Channel, ConsentRecord, ConsentState, Purpose};
use domain::local_time::format_datetime_vn;
use domain::profile::Profile;
use domain::settings::Settings;
use kit::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

/// Ways of refusing after which the person waits for a word of ours. Providers and spam filters tell the person
/// themselves, and whoever reported spam wants no further mail; staff and programs refuse in somebody's name.
const CONFIRMED: [&str; 5] = ["unsubscribe_link", "one_click", "preference_page", "reply", "reply_stop"];

/// The event of a sign-up that is yet to be confirmed.
const ASKED_EVENT: &str = "Consent Requested";

/// What a message of ours says that no template of the shop makes.
struct Words {
    subject: &'static str,
    text: &'static str,
}

fn stopped_words(channel: Channel, language: &str) -> Words {
    let text = match (channel, language) {
        (Channel::Sms, "en") => {
            "{{ notice.shop }}: your request to stop advertising was received at {{ notice.at }}. It stopped then."
        }
        // Without tone marks: it fits into one part.
        (Channel::Sms, _) => {
            "{{ notice.shop }}: da nhan yeu cau tu choi tin quang cao luc {{ notice.at }}. Viec gui dung tu luc do."
        }
        (_, "en") => {
            "{{ notice.shop }} received your request to stop advertising by {{ notice.channel }} at {{ notice.at }}. It stopped at that moment.\n\nMessages about your orders still reach you. You can change this at any time:\n{{ preferences_url }}"
        }
        _ => {
            "{{ notice.shop }} đã nhận yêu cầu từ chối tin quảng cáo qua {{ notice.channel }} của bạn lúc {{ notice.at }}. Việc gửi đã dừng từ thời điểm đó.\n\nThông báo về đơn hàng vẫn được gửi như thường. Bạn có thể thay đổi lựa chọn bất cứ lúc nào:\n{{ preferences_url }}"
        }
    };
    let subject =
        if language == "en" { "You are unsubscribed" } else { "Bạn đã ngừng nhận tin quảng cáo" };
    Words { subject, text }
}

fn asking_words(channel: Channel, language: &str) -> Words {
    let text = match (channel, language) {
        (Channel::Sms, "en") => {
            "{{ notice.shop }}: to confirm your sign-up open {{ confirm_url }} No answer within 24 hours means no."
        }
        (Channel::Sms, _) => {
            "{{ notice.shop }}: xac nhan dang ky nhan tin tai {{ confirm_url }} Khong tra loi trong 24 gio la tu choi."
        }
        (_, "en") => {
            "Somebody, probably you, signed up for messages from {{ notice.shop }} with this address.\n\nIf it was you, open this page and press the button:\n{{ confirm_url }}\n\nIf not, there is nothing to do: no answer within 24 hours means no, and we do not ask again."
        }
        _ => {
            "Có người, có lẽ là bạn, vừa đăng ký nhận tin của {{ notice.shop }} bằng địa chỉ này.\n\nNếu đúng là bạn, hãy mở trang sau và bấm nút xác nhận:\n{{ confirm_url }}\n\nNếu không phải, bạn không cần làm gì: sau 24 giờ không có trả lời, chúng tôi hiểu là bạn từ chối và không hỏi lại."
        }
    };
    let subject =
        if language == "en" { "Please confirm your sign-up" } else { "Xác nhận đăng ký nhận tin" };
    Words { subject, text }
}

fn said<'a>(own: &'a str, ours: &'a str) -> &'a str {
    if own.trim().is_empty() { ours } else { own }
}

/// The language that a person chose, else the shop's.
pub(crate) fn language_of<'a>(profile: &'a Profile, settings: &'a Settings) -> &'a str {
    let chosen = profile.attribute("language").and_then(serde_json::Value::as_str);
    let known =
        chosen.and_then(|code| code.split(['-', '_']).next()).filter(|code| ["vi", "en"].contains(code));
    known.unwrap_or(&settings.language)
}

fn channel_named(channel: Channel, language: &str) -> &'static str {
    match (channel, language) {
        (Channel::Email, "en") => "e-mail",
        (Channel::Email, _) => "email",
        (Channel::Sms, _) => "SMS",
        (Channel::Zalo, _) => "Zalo",
        (Channel::Push, "en") => "push notification",
        (Channel::Push, _) => "thông báo đẩy",
        (Channel::Onsite | Channel::Webhook, _) => channel.as_str(),
    }
}

impl World<'_> {
    /// The person refuses advertisements on the channel of the record. The first time it is confirmed to them, where
    /// the law asks for it; saying it again changes nothing.
    pub(crate) fn refuse_from_now(
        &mut self,
        key: ProfileKey,
        record: ConsentRecord,
    ) -> Result<(), EngineError> {
        let (channel, purpose, at) = (record.channel, record.purpose, record.at());
        let is_confirmed = CONFIRMED.contains(&record.source.as_str()) && purpose == Purpose::Marketing;
        let state = |world: &Self| {
            world.people.get(&key).and_then(|person| person.profile.consents.state(channel, purpose))
        };
        let before = state(self);
        self.take_consent(key, record)?;
        let has_stopped = before != Some(ConsentState::Denied) && state(self) == Some(ConsentState::Denied);
        if has_stopped && is_confirmed { self.confirm_stop(key, channel, at) } else { Ok(()) }
    }

    /// Whether what holds for the person is that they were asked by this record.
    pub(crate) fn awaits_answer(&self, key: ProfileKey, record: &ConsentRecord) -> bool {
        let person = self.people.get(&key);
        let held = person.and_then(|person| person.profile.consents.current(record.channel, record.purpose));
        held.is_some_and(|held| (held.state, held.at) == (ConsentState::Pending, record.at))
    }

    fn confirm_stop(&mut self, key: ProfileKey, channel: Channel, at: Timestamp) -> Result<(), EngineError> {
        let settings = self.shop(key.0)?.workspace.settings.clone();
        if !settings.consent.confirm_stops || !settings.policy.law().confirm_stop.contains(&channel) {
            return Ok(());
        }
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let ours = stopped_words(channel, language_of(&person.profile, &settings));
        let subject = said(&settings.consent.stopped_subject, ours.subject).to_owned();
        let text = said(&settings.consent.stopped_text, ours.text).to_owned();
        let name = format!("stopped:{}:{channel}:{}", person.profile.id, at.ms());
        self.notice(key, channel, &name, &subject, &text, at)
    }

    /// Somebody signed up and is to confirm that it was them. They are asked once: again only if they agreed in
    /// between, and refused later.
    pub(crate) fn ask_to_confirm(
        &mut self,
        key: ProfileKey,
        record: &ConsentRecord,
    ) -> Result<(), EngineError> {
        let (channel, purpose) = (record.channel, record.purpose);
        let settings = self.shop(key.0)?.workspace.settings.clone();
        if !settings.consent.ask_on.contains(&channel) || purpose == Purpose::Transactional {
            return Ok(());
        }
        // A shop whose own journey starts by this event asks in its own words.
        if self.shop(key.0)?.started_by.get(ASKED_EVENT).is_some_and(|journeys| !journeys.is_empty()) {
            return Ok(());
        }
        let Some(person) = self.people.get(&key) else { return Ok(()) };
        let Some(address) = address_of(&person.profile, channel) else { return Ok(()) };
        let ours = asking_words(channel, language_of(&person.profile, &settings));
        let subject = said(&settings.consent.ask_subject, ours.subject).to_owned();
        let text = said(&settings.consent.ask_text, ours.text).to_owned();
        let store = self.store;
        let (records, listed) = store.read(|tx| {
            let listed = tx.suppressions_of(&[(key.0, channel.as_str(), &address)])?;
            Ok((tx.consents(key.0, key.1)?, listed.into_iter().flatten().next()))
        })?;
        if listed.is_some() {
            // Whoever may not be advertised to may not be asked either.
            return Ok(());
        }
        let of_this_batch = self.consent_records.iter().filter(|(w, no, _)| (*w, *no) == key);
        let agreed = records.iter().chain(of_this_batch.map(|(.., record)| record)).filter(|held| {
            (held.channel, held.purpose, held.state) == (channel, purpose, ConsentState::Granted)
                && held.aspect.is_whole()
        });
        let agreed_at = agreed.map(|held| held.at().ms()).max().unwrap_or(0);
        let hash: String =
            Sha256::digest(address.as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("confirm:{channel}:{purpose}:{hash}:{agreed_at}");
        self.notice(key, channel, &name, &subject, &text, record.at())
    }

    /// One message that is no advertisement; `name` names the decision, so it goes once.
    fn notice(
        &mut self,
        key: ProfileKey,
        channel: Channel,
        name: &str,
        subject: &str,
        text: &str,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let store = self.store;
        if store.read(|tx| tx.message_key_is_taken(key.0, name))?
            || self.messages.iter().any(|message| message.workspace == key.0 && message.key == name)
        {
            return Ok(());
        }
        let workspace = self.shop(key.0)?.workspace.clone();
        let settings = &workspace.settings;
        let shop = if settings.shop.name.is_empty() { &workspace.name } else { &settings.shop.name };
        let language = match self.people.get(&key) {
            Some(person) => language_of(&person.profile, settings).to_owned(),
            None => settings.language.clone(),
        };
        let now = self.at.max(at);
        let mut message = self.new_message(key, name, now);
        message.origin = "notice".into();
        message.channel = channel.to_string();
        message.purpose = Purpose::Transactional.to_string();
        message.context = json!({ "notice": {
            "subject": subject,
            "message": text,
            "shop": shop,
            "channel": channel_named(channel, &language),
            "at": format_datetime_vn(at, &settings.zone()),
        } })
        .to_string();
        self.messages.push(message);
        Ok(())
    }
}
