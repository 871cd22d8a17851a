//! How customers say no, and choose: `/e/u` stops the channel that a message came by, `/e/p` shows every channel,
//! the topics, how often, a pause and the language, `/e/k` is where whoever signed up says that it was them.
//!
//! A GET never changes anything: mail filters follow every link. What is said is answered when it is durable.

use super::language::Language;
use super::layout::{self, Sign, sign};
use super::reasons::channel_within;
use super::recent::{Answer, Recent};
use super::visit::{Refusal, Visit, message_of, offer};
use super::written::{fill, masked};
use crate::Services;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use domain::consent::{Aspect, Channel, ConsentRecord, ConsentState, Often, Purpose, Wishes};
use domain::identifier::IdentifierKind;
use domain::local_time::{format_date_vn, local_date};
use domain::profile::Profile;
use engine::{Note, Response as Act};
use kit::{DAY_MS, Timestamp};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The source that the engine writes for the unsubscribe link.
const LINK_SOURCE: &str = "unsubscribe_link";
const UNDO_SOURCE: &str = "unsubscribe_undo";
const PREFERENCES_SOURCE: &str = "preference_page";
const CONFIRMED_SOURCE: &str = "double_opt_in";
/// Where a person's language is kept.
const LANGUAGE_ATTRIBUTE: &str = "language";
/// How long a pause is.
const PAUSE_DAYS: i64 = 30;

/// The channels that a person can choose, and where each leads to.
const CHOICES: [(Channel, IdentifierKind); 4] = [
    (Channel::Email, IdentifierKind::Email),
    (Channel::Sms, IdentifierKind::Phone),
    (Channel::Zalo, IdentifierKind::ZaloId),
    (Channel::Push, IdentifierKind::PushEndpoint),
];

fn channel_of(visit: &Visit) -> Channel {
    visit.message.channel.parse().unwrap_or(Channel::Email)
}

/// Sends a note on its way and waits until it cannot get lost.
async fn tell(services: &Services, visit: &Visit, note: &Note) -> Result<(), Refusal> {
    let stored = services.append(visit.workspace.workspace, note).await;
    stored.map(|_| ()).map_err(|_| Refusal::Trouble(visit.language))
}

/// What is in force for the person and channel of a message.
struct Standing {
    profile: Option<Profile>,
    state: Option<ConsentState>,
    /// The person had agreed before they used the unsubscribe link: only then there is something to take back.
    had_agreed: bool,
    /// This very message was answered before.
    was_answered: bool,
}

async fn standing(services: &Arc<Services>, visit: &Visit) -> Result<Standing, Refusal> {
    let (workspace, message_no) = visit.message_ref();
    let (profile_no, channel) = (visit.message.profile, channel_of(visit));
    offer(services, visit.language, move |tx| {
        let profile = tx.profile(workspace, profile_no)?.map(|stored| stored.profile);
        let state = profile.as_ref().and_then(|p| p.consents.state(channel, Purpose::Marketing));
        let before = tx.consents(workspace, profile_no)?.into_iter().find(|record| {
            record.channel == channel && record.purpose == Purpose::Marketing && record.source != LINK_SOURCE
        });
        Ok(Standing {
            profile,
            state,
            had_agreed: before.is_some_and(|record| record.state == ConsentState::Granted),
            was_answered: tx.responses(workspace, message_no)?.unsubscribed_at.is_some(),
        })
    })
    .await
}

fn preferences_path(services: &Services, visit: &Visit) -> String {
    let (workspace, message_no) = visit.message_ref();
    services.token_key.path(engine::Link::Preferences, workspace, message_no)
}

/// `GET /e/u/{token}`: one button, and nothing happens before it is pressed.
pub async fn ask_to_stop(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let (_, visit) = message_of(&services, "u", &token, &parts).await?;
    let t = visit.language.texts();
    let channel = channel_within(channel_of(&visit).as_str(), visit.language);
    let inside = html! {
        (sign(Sign::Letter))
        h1 { (fill(t.stop_heading, &[("channel", channel)])) }
        p.soft { (t.stop_text) }
        form method="post" {
            button type="submit" name="stop" value="1" { (t.stop_button) }
        }
        p.after { a href=(preferences_path(&services, &visit)) { (t.stop_choose) } }
    };
    Ok(layout::card(visit.language, StatusCode::OK, visit.shop_front(), t.stop_title, inside))
}

/// `POST /e/u/{token}`: the page's button, the mail program's own (RFC 8058), or the way back (`undo=1`).
///
/// Whatever else the body holds, a POST to this address stops: mail programs differ in how they write the form.
pub async fn stop(
    State(services): State<Arc<Services>>,
    Extension(recent): Extension<Arc<Recent>>,
    Path(token): Path<String>,
    parts: Parts,
    body: Bytes,
) -> Result<Response, Refusal> {
    let (_, visit) = message_of(&services, "u", &token, &parts).await?;
    let form = Form::read(&body);
    if form.has("undo", "1") {
        come_back(&services, &recent, &visit).await
    } else {
        stop_now(&services, &recent, &visit).await
    }
}

async fn stop_now(services: &Arc<Services>, recent: &Recent, visit: &Visit) -> Result<Response, Refusal> {
    let standing = standing(services, visit).await?;
    let on_its_way = recent.answered(visit.message_ref(), visit.now);
    let is_stopped = match on_its_way {
        Some(answer) => answer == Answer::Unsubscribed,
        None => standing.was_answered && standing.state == Some(ConsentState::Denied),
    };
    if !is_stopped {
        let note = Note::Response {
            message_no: visit.message.message_no,
            response: Act::Unsubscribed,
            at: visit.now.into(),
            machine: None,
            url: None,
        };
        tell(services, visit, &note).await?;
        recent.answer(visit.message_ref(), Answer::Unsubscribed, visit.now);
    }
    let t = visit.language.texts();
    let channel = channel_within(channel_of(visit).as_str(), visit.language);
    let inside = html! {
        (sign(Sign::Done))
        h1 { (t.stopped_heading) }
        p { (fill(t.stopped_text, &[("shop", visit.shop_name()), ("channel", channel)])) }
        @if standing.had_agreed {
            form.after method="post" {
                input type="hidden" name="undo" value="1";
                div.beside {
                    span.soft { (t.undo_question) }
                    button.quiet type="submit" { (t.undo_button) }
                }
            }
        }
        p { a href=(preferences_path(services, visit)) { (t.to_preferences) } }
    };
    Ok(layout::card(visit.language, StatusCode::OK, visit.shop_front(), t.stop_title, inside))
}

/// Takes an unsubscription back. Consent that was never given is not given here either.
async fn come_back(services: &Arc<Services>, recent: &Recent, visit: &Visit) -> Result<Response, Refusal> {
    let standing = standing(services, visit).await?;
    let on_its_way = recent.answered(visit.message_ref(), visit.now);
    let t = visit.language.texts();
    let channel = channel_of(visit);
    let spoken = channel_within(channel.as_str(), visit.language);
    let has_stopped = on_its_way == Some(Answer::Unsubscribed) || standing.was_answered;
    let is_back = on_its_way == Some(Answer::Returned)
        || (on_its_way.is_none() && standing.state == Some(ConsentState::Granted));
    let may_return = standing.had_agreed && has_stopped;
    let inside = match standing.profile {
        Some(profile) if may_return || is_back => {
            if !is_back {
                let wording = fill(t.consent_wording, &[("shop", visit.shop_name()), ("channel", spoken)]);
                let record = statement(visit, channel, ConsentState::Granted, UNDO_SOURCE, Some(wording));
                let note = Note::Consent { profile_id: profile.id.to_string(), records: vec![record] };
                tell(services, visit, &note).await?;
                recent.answer(visit.message_ref(), Answer::Returned, visit.now);
            }
            html! {
                (sign(Sign::Done))
                h1 { (t.returned_heading) }
                p { (fill(t.returned_text, &[("shop", visit.shop_name()), ("channel", spoken)])) }
                p { a href=(preferences_path(services, visit)) { (t.to_preferences) } }
            }
        }
        _ => html! {
            (sign(Sign::Question))
            h1 { (t.not_returned_heading) }
            p.soft { (t.not_returned_text) }
            p { a href=(preferences_path(services, visit)) { (t.to_preferences) } }
        },
    };
    Ok(layout::card(visit.language, StatusCode::OK, visit.shop_front(), t.returned_title, inside))
}

fn statement(
    visit: &Visit,
    channel: Channel,
    state: ConsentState,
    source: &str,
    wording: Option<String>,
) -> ConsentRecord {
    let mut record = ConsentRecord::new(channel, Purpose::Marketing, state, visit.now, source);
    if let Some(words) = wording {
        record = record.worded(&words);
    }
    record.ip = visit.ip.map(|ip| ip.to_string());
    record.user_agent = visit.user_agent.clone();
    record.proof.actor = Some("customer".to_owned());
    record.proof.evidence = Some(visit.message.id.clone());
    record
}

/// One line of the preference page.
struct Choice {
    channel: Channel,
    address: String,
    state: Option<ConsentState>,
}

impl Choice {
    fn is_on(&self) -> bool {
        self.state == Some(ConsentState::Granted)
    }
}

fn choices(profile: &Profile) -> Vec<Choice> {
    let choice = |(channel, kind): &(Channel, IdentifierKind)| {
        profile.address(kind).map(|address| Choice {
            channel: *channel,
            address: masked(*channel, address),
            state: profile.consents.state(*channel, Purpose::Marketing),
        })
    };
    CHOICES.iter().filter_map(choice).collect()
}

async fn profile_of(services: &Arc<Services>, visit: &Visit) -> Result<Profile, Refusal> {
    let (workspace, _) = visit.message_ref();
    let no = visit.message.profile;
    let found = offer(services, visit.language, move |tx| tx.profile(workspace, no)).await?;
    found.map(|stored| stored.profile).ok_or_else(|| visit.missing())
}

/// What a person can choose beside channels, as it holds or as they just asked.
struct Wanted {
    /// By the id of the topic.
    topics: BTreeMap<String, bool>,
    often: Often,
    /// The end of the pause.
    paused_until: Option<Timestamp>,
}

impl Wanted {
    fn of(visit: &Visit, wishes: &Wishes) -> Wanted {
        let topics = &visit.workspace.settings.topics;
        Wanted {
            topics: topics.iter().map(|topic| (topic.id.clone(), !wishes.refuses(&topic.id))).collect(),
            often: wishes.often(),
            paused_until: wishes.paused_until(visit.now),
        }
    }
}

/// `GET /e/p/{token}`.
pub async fn preferences(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let (_, mut visit) = message_of(&services, "p", &token, &parts).await?;
    let profile = profile_of(&services, &visit).await?;
    visit.prefer(chosen_language(&profile));
    Ok(preference_page(&visit, &choices(&profile), &Wanted::of(&visit, &profile.wishes), None))
}

/// The language that the person chose on this page once.
fn chosen_language(profile: &Profile) -> Option<Language> {
    profile.attribute(LANGUAGE_ATTRIBUTE).and_then(Value::as_str).and_then(Language::from_code)
}

/// `POST /e/p/{token}`: what changed is written with its proof; the page then shows what was asked for, whether or
/// not the engine has come to it.
pub async fn choose(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
    body: Bytes,
) -> Result<Response, Refusal> {
    let (_, mut visit) = message_of(&services, "p", &token, &parts).await?;
    let profile = profile_of(&services, &visit).await?;
    let form = Form::read(&body);
    let language = form.value("language").and_then(Language::from_code);
    visit.prefer(language.or_else(|| chosen_language(&profile)));
    let stops_all = form.has("do", "stop_all");
    let mut choices = choices(&profile);
    let mut wanted = Wanted::of(&visit, &profile.wishes);
    let mut changed = Vec::new();
    let mut records = Vec::new();
    for choice in &mut choices {
        let name = choice.channel.as_str();
        // A channel that the page did not show is not chosen by its absence.
        let was_on = form.value(&format!("was_{name}")).map(|value| value == "on");
        if was_on.is_none() && !stops_all {
            continue;
        }
        let wants = !stops_all && form.value(name).is_some();
        // Against what the page showed and against what holds: the engine may not have come to an earlier answer.
        let is_refused = choice.state == Some(ConsentState::Denied);
        let differs = was_on.is_none_or(|was_on| wants != was_on) || wants != choice.is_on();
        if differs || (stops_all && !is_refused) {
            let state = if wants { ConsentState::Granted } else { ConsentState::Denied };
            choice.state = Some(state);
            let spoken = channel_within(name, visit.language);
            let text = if wants { visit.language.texts().saved_on } else { visit.language.texts().saved_off };
            changed.push(fill(text, &[("channel", spoken)]));
            let words = wording(&visit, choice.channel);
            records.push(statement(&visit, choice.channel, state, PREFERENCES_SOURCE, Some(words)));
        }
    }
    if !stops_all {
        wish(&visit, &form, &mut wanted, &mut changed, &mut records);
    }
    if !records.is_empty() {
        let note = Note::Consent { profile_id: profile.id.to_string(), records };
        tell(&services, &visit, &note).await?;
    }
    if let Some(language) = language.filter(|language| chosen_language(&profile) != Some(*language))
        && form.value("was_language").is_some_and(|was| was != language.code())
    {
        let note = Note::Change {
            profile_id: profile.id.to_string(),
            at: visit.now.into(),
            attributes: [(LANGUAGE_ATTRIBUTE.to_owned(), Value::from(language.code()))].into_iter().collect(),
            tags_added: Vec::new(),
            tags_removed: Vec::new(),
            lists_added: Vec::new(),
            lists_removed: Vec::new(),
            source: PREFERENCES_SOURCE.to_owned(),
        };
        tell(&services, &visit, &note).await?;
        changed.push(visit.language.texts().saved_language.to_owned());
    }
    Ok(preference_page(&visit, &choices, &wanted, Some(&changed)))
}

/// What the form says of topics, of how often and of a pause.
fn wish(
    visit: &Visit,
    form: &Form,
    wanted: &mut Wanted,
    changed: &mut Vec<String>,
    records: &mut Vec<ConsentRecord>,
) {
    let t = visit.language.texts();
    let channel = channel_of(visit);
    let mut say = |aspect: Aspect, state: ConsentState, words: &str, ends: Option<Timestamp>| {
        let mut record = statement(visit, channel, state, PREFERENCES_SOURCE, Some(words.to_owned()));
        record.aspect = aspect;
        record.proof.expires_at = ends.map(Into::into);
        records.push(record);
        changed.push(words.to_owned());
    };
    for topic in &visit.workspace.settings.topics {
        let Some(is_on) = wanted.topics.get_mut(&topic.id) else { continue };
        let Some(was_on) = form.value(&format!("was_topic_{}", topic.id)).map(|value| value == "on") else {
            continue;
        };
        let wants = form.value(&format!("topic_{}", topic.id)).is_some();
        if wants != was_on || wants != *is_on {
            *is_on = wants;
            let named = [("topic", topic.named(visit.language.code()))];
            let (state, text) = if wants {
                (ConsentState::Granted, t.saved_topic_on)
            } else {
                (ConsentState::Denied, t.saved_topic_off)
            };
            say(Aspect::Topic(topic.id.clone()), state, &fill(text, &named), None);
        }
    }
    if let Some(often) = form.value("often").and_then(Often::parse).filter(|often| *often != wanted.often) {
        wanted.often = often;
        say(Aspect::Often(often), ConsentState::Granted, often_said(visit.language, often), None);
    }
    match form.value("do") {
        Some("pause") => {
            let until = visit.now.plus_ms(PAUSE_DAYS * DAY_MS);
            wanted.paused_until = Some(until);
            let words = fill(t.saved_pause, &[("until", &date_said(visit, until))]);
            say(Aspect::Pause, ConsentState::Denied, &words, Some(until));
        }
        Some("resume") => {
            wanted.paused_until = None;
            say(Aspect::Pause, ConsentState::Granted, t.saved_resume, None);
        }
        _ => {}
    }
}

fn often_said(language: Language, often: Often) -> &'static str {
    let t = language.texts();
    match often {
        Often::All => t.often_all,
        Often::Weekly => t.often_weekly,
        Often::Monthly => t.often_monthly,
    }
}

/// A day as people here write it.
fn date_said(visit: &Visit, at: Timestamp) -> String {
    format_date_vn(local_date(at, &visit.workspace.settings.zone()))
}

/// The sentence beside a switch: what is agreed to, and kept as proof.
fn wording(visit: &Visit, channel: Channel) -> String {
    let spoken = channel_within(channel.as_str(), visit.language);
    fill(visit.language.texts().consent_wording, &[("shop", visit.shop_name()), ("channel", spoken)])
}

fn preference_page(
    visit: &Visit,
    choices: &[Choice],
    wanted: &Wanted,
    changed: Option<&[String]>,
) -> Response {
    let language = visit.language;
    let t = language.texts();
    let shop = [("shop", visit.shop_name())];
    let inside = html! {
        @if let Some(changed) = changed {
            (saved(visit, changed))
        } @else {
            (sign(Sign::Letter))
        }
        h1 { (fill(t.preferences_heading, &shop)) }
        p.soft { (t.preferences_text) }
        @if let Some(until) = wanted.paused_until {
            p.note { (fill(t.paused_until, &[("until", &date_said(visit, until))])) }
        }
        @if choices.is_empty() {
            p { (fill(t.no_channels, &shop)) }
        } @else {
            form.preferences method="post" {
                fieldset {
                    legend.hidden { (t.preferences_legend) }
                    ul.switches {
                        @for choice in choices { (switch(visit, choice)) }
                    }
                }
                @if !visit.workspace.settings.topics.is_empty() { (topics(visit, wanted)) }
                fieldset.options {
                    legend { (t.often_legend) }
                    @for often in Often::ALL {
                        label {
                            input type="radio" name="often" value=(often.as_str()) checked[*often == wanted.often];
                            span { (often_said(language, *often)) }
                        }
                    }
                }
                fieldset.options {
                    legend { (t.language_legend) }
                    input type="hidden" name="was_language" value=(language.code());
                    @for one in Language::ALL {
                        label {
                            input type="radio" name="language" value=(one.code()) checked[one == language];
                            span lang=(one.code()) { (one.own_name()) }
                        }
                    }
                }
                button type="submit" name="do" value="save" { (t.save) }
                @if wanted.paused_until.is_some() {
                    button.quiet type="submit" name="do" value="resume" { (t.resume) }
                } @else {
                    button.quiet type="submit" name="do" value="pause" { (t.pause) }
                }
                button.quiet type="submit" name="do" value="stop_all" { (t.stop_all) }
            }
        }
    };
    layout::card(language, StatusCode::OK, visit.shop_front(), t.preferences_title, inside)
}

fn topics(visit: &Visit, wanted: &Wanted) -> Markup {
    let t = visit.language.texts();
    html! {
        fieldset {
            legend { (t.topics_legend) }
            ul.switches {
                @for topic in &visit.workspace.settings.topics {
                    @let is_on = wanted.topics.get(&topic.id).copied().unwrap_or(true);
                    @let name = format!("topic_{}", topic.id);
                    li {
                        label {
                            span.what { strong { (topic.named(visit.language.code())) } }
                            input.switch type="checkbox" role="switch" name=(name) value="on" checked[is_on];
                        }
                        input type="hidden" name={ "was_" (name) } value=(if is_on { "on" } else { "off" });
                    }
                }
            }
        }
    }
}

fn saved(visit: &Visit, changed: &[String]) -> Markup {
    let t = visit.language.texts();
    html! {
        div.note role="status" {
            strong { (t.saved_heading) }
            @if changed.is_empty() {
                p { (t.saved_nothing) }
            } @else {
                ul {
                    @for line in changed { li { (line) } }
                }
            }
        }
    }
}

/// What the link of a confirmation can still do.
enum Question {
    /// The person is asked, and may answer.
    Open(Box<Profile>),
    Agreed,
    /// Too late, or refused meanwhile.
    Closed,
}

async fn question(services: &Arc<Services>, visit: &Visit) -> Result<Question, Refusal> {
    if visit.message.origin != "notice" {
        return Err(visit.missing());
    }
    let profile = profile_of(services, visit).await?;
    let held = profile.consents.current(channel_of(visit), Purpose::Marketing);
    let answer_hours = visit.workspace.settings.policy.law().answer_within_hours;
    Ok(match held.and_then(|held| held.in_force(answer_hours, visit.now)) {
        Some(ConsentState::Granted) => Question::Agreed,
        Some(ConsentState::Pending) => Question::Open(Box::new(profile)),
        Some(ConsentState::Denied) | None => Question::Closed,
    })
}

/// `GET /e/k/{token}`: one button, and nothing happens before it is pressed.
pub async fn ask_to_confirm(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let (_, visit) = message_of(&services, "k", &token, &parts).await?;
    let question = question(&services, &visit).await?;
    Ok(confirm_page(&services, &visit, &question))
}

/// `POST /e/k/{token}`: whoever signed up says that it was them.
pub async fn confirm(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let (_, visit) = message_of(&services, "k", &token, &parts).await?;
    let mut question = question(&services, &visit).await?;
    if let Question::Open(profile) = &question {
        let channel = channel_of(&visit);
        let words = wording(&visit, channel);
        let record = statement(&visit, channel, ConsentState::Granted, CONFIRMED_SOURCE, Some(words));
        let note = Note::Consent { profile_id: profile.id.to_string(), records: vec![record] };
        tell(&services, &visit, &note).await?;
        question = Question::Agreed;
    }
    Ok(confirm_page(&services, &visit, &question))
}

fn confirm_page(services: &Services, visit: &Visit, question: &Question) -> Response {
    let t = visit.language.texts();
    let channel = channel_of(visit);
    let named = [("shop", visit.shop_name()), ("channel", channel_within(channel.as_str(), visit.language))];
    let inside = match question {
        Question::Open(_) => html! {
            (sign(Sign::Letter))
            h1 { (fill(t.confirm_heading, &named)) }
            p { (wording(visit, channel)) }
            p.soft { (t.confirm_text) }
            form method="post" {
                button type="submit" name="confirm" value="1" { (t.confirm_button) }
            }
        },
        Question::Agreed => html! {
            (sign(Sign::Done))
            h1 { (t.confirmed_heading) }
            p { (fill(t.confirmed_text, &named)) }
            p { a href=(preferences_path(services, visit)) { (t.to_preferences) } }
        },
        Question::Closed => html! {
            (sign(Sign::Question))
            h1 { (t.not_confirmed_heading) }
            p.soft { (t.not_confirmed_text) }
            p { a href=(preferences_path(services, visit)) { (t.to_preferences) } }
        },
    };
    layout::card(visit.language, StatusCode::OK, visit.shop_front(), t.confirm_title, inside)
}

fn switch(visit: &Visit, choice: &Choice) -> Markup {
    let t = visit.language.texts();
    let name = choice.channel.as_str();
    let state = match choice.state {
        Some(ConsentState::Granted) => t.state_granted,
        Some(ConsentState::Pending) => t.state_pending,
        Some(ConsentState::Denied) => t.state_denied,
        None => t.state_none,
    };
    let shows_address = matches!(choice.channel, Channel::Email | Channel::Sms);
    html! {
        li {
            label {
                span.what {
                    strong { (super::reasons::channel(name, visit.language)) }
                    @if shows_address { span.small.number { (choice.address) } }
                    span.small { (wording(visit, choice.channel)) }
                    span.small.soft { (state) }
                }
                input.switch type="checkbox" role="switch" name=(name) value="on" checked[choice.is_on()];
            }
            input type="hidden" name={ "was_" (name) } value=(if choice.is_on() { "on" } else { "off" });
        }
    }
}

/// The fields of a posted form; of two with one name the last counts. What is no form has no fields.
struct Form(BTreeMap<String, String>);

impl Form {
    fn read(body: &[u8]) -> Form {
        let query = String::from_utf8_lossy(body);
        let fields = query.split('&').take(300).filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let plain =
                |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            // All that our forms send is made of these letters.
            (plain(name) && plain(value)).then(|| (name.to_owned(), value.to_owned()))
        });
        Form(fields.collect())
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.value(name) == Some(value)
    }
}
