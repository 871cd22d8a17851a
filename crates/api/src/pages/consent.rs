//! How customers say no, and choose: `/e/u` stops the channel that a message came by, `/e/p` shows every channel.
//!
//! A GET never changes anything: mail filters follow every link. What is said is answered when it is durable.

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
use domain::consent::{Channel, ConsentRecord, ConsentState, Purpose};
use domain::identifier::IdentifierKind;
use domain::profile::Profile;
use engine::{Note, Response as Act};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The source that the engine writes for the unsubscribe link.
const LINK_SOURCE: &str = "unsubscribe_link";
const UNDO_SOURCE: &str = "unsubscribe_undo";
const PREFERENCES_SOURCE: &str = "preference_page";

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
    ConsentRecord {
        channel,
        purpose: Purpose::Marketing,
        state,
        at: visit.now.into(),
        source: source.to_owned(),
        wording,
        ip: visit.ip.map(|ip| ip.to_string()),
        user_agent: visit.user_agent.clone(),
        aspect: domain::consent::Aspect::Whole,
        proof: domain::consent::Proof::default(),
    }
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

/// `GET /e/p/{token}`.
pub async fn preferences(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let (_, visit) = message_of(&services, "p", &token, &parts).await?;
    let profile = profile_of(&services, &visit).await?;
    Ok(preference_page(&visit, &choices(&profile), None))
}

/// `POST /e/p/{token}`: what changed is written with its proof; the page then shows what was asked for, whether or
/// not the engine has come to it.
pub async fn choose(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
    body: Bytes,
) -> Result<Response, Refusal> {
    let (_, visit) = message_of(&services, "p", &token, &parts).await?;
    let profile = profile_of(&services, &visit).await?;
    let form = Form::read(&body);
    let stops_all = form.has("do", "stop_all");
    let mut choices = choices(&profile);
    let mut changed = Vec::new();
    for choice in &mut choices {
        let name = choice.channel.as_str();
        // A channel that the page did not show is not chosen by its absence.
        let Some(was_on) = form.value(&format!("was_{name}")).map(|value| value == "on") else {
            if !stops_all {
                continue;
            }
            choice.state = Some(ConsentState::Denied);
            changed.push((choice.channel, false));
            continue;
        };
        let wants = !stops_all && form.value(name).is_some();
        // Against what the page showed and against what holds: the engine may not have come to an earlier answer.
        let is_refused = choice.state == Some(ConsentState::Denied);
        let differs = wants != was_on || wants != choice.is_on();
        if differs || (stops_all && !is_refused) {
            choice.state = Some(if wants { ConsentState::Granted } else { ConsentState::Denied });
            changed.push((choice.channel, wants));
        }
    }
    if !changed.is_empty() {
        let records = changed.iter().map(|(channel, wants)| {
            let state = if *wants { ConsentState::Granted } else { ConsentState::Denied };
            let wording = wording(&visit, *channel);
            statement(&visit, *channel, state, PREFERENCES_SOURCE, Some(wording))
        });
        let note = Note::Consent { profile_id: profile.id.to_string(), records: records.collect() };
        tell(&services, &visit, &note).await?;
    }
    Ok(preference_page(&visit, &choices, Some(&changed)))
}

/// The sentence beside a switch: what is agreed to, and kept as proof.
fn wording(visit: &Visit, channel: Channel) -> String {
    let spoken = channel_within(channel.as_str(), visit.language);
    fill(visit.language.texts().consent_wording, &[("shop", visit.shop_name()), ("channel", spoken)])
}

fn preference_page(visit: &Visit, choices: &[Choice], changed: Option<&[(Channel, bool)]>) -> Response {
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
        @if choices.is_empty() {
            p { (fill(t.no_channels, &shop)) }
        } @else {
            form method="post" {
                fieldset {
                    legend.hidden { (t.preferences_legend) }
                    ul.switches {
                        @for choice in choices { (switch(visit, choice)) }
                    }
                }
                button type="submit" name="do" value="save" { (t.save) }
                button.quiet type="submit" name="do" value="stop_all" { (t.stop_all) }
            }
        }
    };
    layout::card(language, StatusCode::OK, visit.shop_front(), t.preferences_title, inside)
}

fn saved(visit: &Visit, changed: &[(Channel, bool)]) -> Markup {
    let t = visit.language.texts();
    html! {
        div.note role="status" {
            strong { (t.saved_heading) }
            @if changed.is_empty() {
                p { (t.saved_nothing) }
            } @else {
                ul {
                    @for (channel, wants) in changed {
                        @let spoken = channel_within(channel.as_str(), visit.language);
                        @let text = if *wants { t.saved_on } else { t.saved_off };
                        li { (fill(text, &[("channel", spoken)])) }
                    }
                }
            }
        }
    }
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
        let fields = query.split('&').take(100).filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
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
