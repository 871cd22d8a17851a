//! A journey tried on one person with a virtual clock.

use crate::caller::Reader;
use crate::endpoints::journeys::{definition_of, journey_id};
use crate::endpoints::profiles::Whom;
use crate::listing::iso;
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, State};
use domain::consent::{Channel, ConsentState};
use domain::identifier::{Identifier, IdentifierKind};
use domain::journey::{Action, Definition};
use domain::local_time::{parse_duration, parse_instant};
use domain::profile::{KnownIdentifier, Profile};
use engine::rehearsal::{self, Known, Rehearsal, Wanted, What, Words, rehearse};
use engine::{Occasion, Response};
use kit::{DAY_MS, Id, ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::{Arc, PoisonError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Things that a script tells, at most.
const SCRIPT_MAX: usize = 200;
/// How far a rehearsal looks, at most and when it is not said.
const HORIZON_MS_MAX: i64 = 400 * DAY_MS;
const HORIZON_MS: i64 = 90 * DAY_MS;
/// Longest text of a message that is shown, in characters.
const TEXT_CHARS_MAX: usize = 2_000;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(dry_run)).routes(routes!(dry_run_of_draft))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DryRun {
    profile_id: Option<String>,
    identifier: Option<String>,
    /// Instead of a profile of the shop: one that is made up for this.
    profile: Option<MadeUp>,
    /// Of the stored journey; the latest one when not given.
    version: Option<i64>,
    /// A draft, instead of a stored version.
    #[schema(value_type = Option<Object>)]
    definition: Option<Value>,
    /// When the journey is started: an instant, or a date with a time on the shop's clock. Now when not given.
    start_at: Option<String>,
    /// What the event, the call or the journey before brings.
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
    /// What happens afterwards, at most 200 things.
    #[serde(default)]
    script: Vec<Scripted>,
    /// How far to look: `30d`. 90 days when not given, at most 400.
    horizon: Option<String>,
}

/// A person as they would be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct MadeUp {
    email: Option<String>,
    phone: Option<String>,
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    tags: Vec<String>,
    lists: Vec<String>,
    /// Channels on which they have agreed to marketing; all when not given.
    consents: Option<Vec<String>>,
}

/// One thing that happens: an event, a change, or something that the person does with the last message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Scripted {
    /// So long after the start: `2h`, `1d12h`.
    after: String,
    event: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    #[serde(default)]
    tags_added: Vec<String>,
    #[serde(default)]
    tags_removed: Vec<String>,
    /// `opened`, `clicked` or `unsubscribed`.
    message: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Timeline {
    started_at: String,
    horizon: String,
    lines: Vec<RehearsedLine>,
    /// Whether there was more than 2,000 lines.
    cut: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct RehearsedLine {
    at: String,
    /// Which run it is about, from 1; null for what comes from outside.
    run: Option<usize>,
    node: Option<String>,
    /// `told`, `step`, `message`, `webhook` or `staff`.
    kind: &'static str,
    /// Of a step, as in a run's log.
    code: Option<&'static str>,
    /// In English.
    text: String,
    #[schema(value_type = Option<Object>)]
    params: Option<Value>,
    message: Option<RehearsedMessage>,
}

/// The gate's word on a message.
#[derive(Debug, Serialize, ToSchema)]
struct RehearsedMessage {
    channel: String,
    purpose: String,
    template: String,
    /// `sent`, `waits`, `refused` or `cancelled`.
    verdict: &'static str,
    /// Why it does not go out at once: as in the ledger.
    reason: Option<String>,
    until: Option<String>,
    subject: Option<String>,
    preheader: Option<String>,
    text: Option<String>,
    /// Values that the person lacks and that have no default.
    missing: Vec<String>,
}

fn scripted(told: Scripted, at: Timestamp, place: usize) -> Answer<rehearsal::Told> {
    let _ = at;
    let field = |name: &str| format!("script.{place}.{name}");
    let changes = !told.attributes.is_empty() || !told.tags_added.is_empty() || !told.tags_removed.is_empty();
    match (told.event, told.message.as_deref()) {
        (Some(name), None) if !changes => {
            if name.is_empty() || name.len() > 200 {
                return Err(Problem::field(&field("event"), "from 1 to 200 bytes"));
            }
            Ok(rehearsal::Told::Event { name, properties: told.properties })
        }
        (None, Some(word)) if !changes => {
            let response = match word {
                "opened" => Response::Opened,
                "clicked" => Response::Clicked,
                "unsubscribed" => Response::Unsubscribed,
                _ => return Err(Problem::field(&field("message"), "opened, clicked or unsubscribed")),
            };
            Ok(rehearsal::Told::Response(response))
        }
        (None, None) if changes => Ok(rehearsal::Told::Change {
            attributes: told.attributes,
            tags_added: told.tags_added,
            tags_removed: told.tags_removed,
        }),
        _ => Err(Problem::field(
            &field("event"),
            "exactly one of: an event, a message, or changes (attributes, tags_added, tags_removed)",
        )),
    }
}

fn made_up(told: MadeUp, id: Id, at: Timestamp) -> Answer<Profile> {
    let mut profile = Profile::new(ProfileNo(i64::MAX), id, at);
    for (kind, text, field) in [
        (IdentifierKind::Email, &told.email, "profile.email"),
        (IdentifierKind::Phone, &told.phone, "profile.phone"),
    ] {
        if let Some(text) = text {
            let identifier =
                Identifier::new(kind, text).map_err(|error| Problem::field(field, error.to_string()))?;
            profile.add_identifier(KnownIdentifier { identifier, at: at.into() });
        }
    }
    for (name, value) in told.attributes {
        if let Err(refused) = profile.set_attribute(&name, value, at) {
            return Err(Problem::field("profile.attributes", refused.code()));
        }
    }
    told.tags.iter().for_each(|tag| {
        profile.set_tag(tag, true, at);
    });
    told.lists.iter().for_each(|list| {
        profile.set_list(list, true, at);
    });
    let all = || Channel::ALL.iter().map(|channel| channel.as_str().to_owned()).collect();
    for word in told.consents.unwrap_or_else(all) {
        let channel = word.parse::<Channel>().map_err(|_| Problem::field("profile.consents", "channels"))?;
        let purpose = domain::consent::Purpose::Marketing;
        let record =
            domain::consent::ConsentRecord::new(channel, purpose, ConsentState::Granted, at, "rehearsal");
        profile.consents.apply(&record);
    }
    Ok(profile)
}

/// Try a journey
///
/// What would happen to a profile, or to one that is made up: every node, decision and message with its words and the
/// gate's verdict, over a virtual clock. Nothing is written and nothing goes out.
#[utoipa::path(post, path = "/journeys/{id}/dry-run", tag = "journeys", params(("id" = String, Path)), request_body = DryRun, responses((status = 200, body = Timeline)))]
async fn dry_run(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Told(told): Told<DryRun>,
) -> Answer<Json<Timeline>> {
    let id = journey_id(&id)?;
    play(&services, caller.workspace, Some(id), told).await
}

/// Try a draft
///
/// As the dry run of a journey, for a definition that is not stored.
#[utoipa::path(post, path = "/journeys/dry-run", tag = "journeys", request_body = DryRun, responses((status = 200, body = Timeline)))]
async fn dry_run_of_draft(
    State(services): State<Arc<Services>>,
    Reader(caller): Reader,
    Told(told): Told<DryRun>,
) -> Answer<Json<Timeline>> {
    if told.definition.is_none() {
        return Err(Problem::field("definition", "a definition is needed"));
    }
    play(&services, caller.workspace, None, told).await
}

async fn definition_for(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    id: Option<String>,
    draft: Option<Value>,
    version: Option<i64>,
) -> Answer<Definition> {
    if let Some(draft) = draft {
        if version.is_some() {
            return Err(Problem::field("version", "either a version or a definition"));
        }
        return definition_of(draft);
    }
    let id = id.unwrap_or_default();
    let found = services
        .read(move |tx| {
            let Some(row) = tx.journey(workspace, &id)? else { return Ok(None) };
            tx.journey_version(workspace, &id, version.unwrap_or(row.latest))
        })
        .await?;
    let (text, _) = found.ok_or_else(|| Problem::not_found("the journey, or this version of it"))?;
    definition_of(serde_json::from_str(&text).unwrap_or_default())
}

async fn play(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    id: Option<String>,
    told: DryRun,
) -> Answer<Json<Timeline>> {
    let journey = id.clone().and_then(|id| id.parse::<Id>().ok());
    let mut definition = definition_for(services, workspace, id, told.definition, told.version).await?;
    definition.resolve_journeys(&engine::journey_id_of);
    let now = services.now();
    let settings = services.read(move |tx| workspace_of(tx, workspace)).await?;
    let start_at = match &told.start_at {
        None => now,
        Some(text) => parse_instant(text, &settings.settings.zone())
            .ok_or_else(|| Problem::field("start_at", "an instant (2026-02-28T09:00:00+07:00)"))?,
    };
    let horizon_ms = match &told.horizon {
        None => HORIZON_MS,
        Some(text) => parse_duration(text)
            .ok()
            .filter(|ms| (1..=HORIZON_MS_MAX).contains(ms))
            .ok_or_else(|| Problem::field("horizon", "a duration of at most 400d"))?,
    };
    if told.script.len() > SCRIPT_MAX {
        return Err(Problem::field("script", format!("at most {SCRIPT_MAX}")));
    }
    let mut script = Vec::with_capacity(told.script.len());
    for (place, scripted_told) in told.script.into_iter().enumerate() {
        let after = parse_duration(&scripted_told.after)
            .map_err(|error| Problem::field(&format!("script.{place}.after"), error.to_string()))?;
        let at = start_at.plus_ms(after);
        script.push((at, scripted(scripted_told, at, place)?));
    }
    script.sort_by_key(|(at, _)| *at);
    let stored = told.profile.is_none();
    let profile = match told.profile {
        Some(_) if told.profile_id.is_some() || told.identifier.is_some() => {
            return Err(Problem::field("profile", "either a profile of the shop or one that is made up"));
        }
        Some(made) => made_up(made, services.new_id(), start_at)?,
        None => {
            let whom = Whom { profile_id: told.profile_id, identifier: told.identifier };
            whom.find(services, workspace).await?.profile
        }
    };
    let properties = Value::Object(told.properties);
    let journey_id = journey.unwrap_or_else(|| services.new_id());
    let acted = move |services: &Services| -> Answer<Timeline> {
        let (settings, known, templates, insight) = services.store.read(|tx| {
            let settings = workspace_of(tx, workspace)?;
            let known = Known::read(tx, &settings, &definition, &profile, stored, start_at)?;
            // The rehearsal takes what it knows with it; the words are made of the same.
            Ok((settings, known, tx.templates(workspace)?, engine::Insight::read(tx, workspace)?))
        })?;
        let mut words = |wanted: &Wanted<'_>| -> Words {
            let by_id = templates.iter().find(|row| row.template_id == wanted.template);
            let Some(row) = by_id.or_else(|| templates.iter().find(|row| row.name == wanted.template)) else {
                let refused = Some(("template_missing".to_owned(), "no template of this name".to_owned()));
                return Words { refused, ..Words::default() };
            };
            let campaign = journey_id.to_string();
            let occasion = Occasion {
                workspace: &settings,
                insight: &insight,
                message_no: 0,
                channel: wanted.channel.as_str(),
                purpose: wanted.purpose,
                campaign: &campaign,
                context: wanted.context,
                order: wanted.order,
                now: wanted.now,
                preview: true,
            };
            // The composer only remembers compiled templates: one that panicked left none half made.
            let mut composer = services.composer.lock().unwrap_or_else(PoisonError::into_inner);
            match composer.compose(row, wanted.profile, &occasion) {
                Ok(composed) => Words {
                    subject: composed.body.subject,
                    preheader: composed.preheader,
                    text: composed.body.text.unwrap_or_default().chars().take(TEXT_CHARS_MAX).collect(),
                    missing: composed.missing,
                    refused: None,
                },
                Err(failure) => {
                    Words { refused: Some((failure.code().to_owned(), failure.detail())), ..Words::default() }
                }
            }
        };
        let horizon = start_at.plus_ms(horizon_ms);
        let given = Rehearsal {
            workspace: &settings,
            journey_id,
            definition: &definition,
            profile,
            past: known.past,
            insight: known.insight,
            segments: known.segments,
            suppressed: known.suppressed,
            recent: known.recent,
            start_at,
            horizon,
            properties,
            script,
        };
        let (lines, cut) = rehearse(given, &mut words);
        let lines = lines.into_iter().map(shown).collect();
        Ok(Timeline { started_at: iso(start_at), horizon: iso(horizon), lines, cut })
    };
    Ok(Json(services.aside(acted).await?))
}

fn shown(line: rehearsal::Line) -> RehearsedLine {
    let mut view = RehearsedLine {
        at: iso(line.at),
        run: line.run,
        node: line.node,
        kind: "step",
        code: None,
        text: String::new(),
        params: None,
        message: None,
    };
    match line.what {
        What::Told(text) => {
            view.kind = "told";
            view.text = text;
        }
        What::Logged(entry) => {
            view.code = Some(entry.code.as_str());
            view.text = entry.to_string();
            view.params = Some(Value::Object(entry.params));
        }
        What::Message { channel, purpose, template, verdict, reason, until, words } => {
            view.kind = "message";
            let until = until.map(iso);
            view.text = match (verdict, &until) {
                ("waits", Some(until)) => format!("{channel} {template} waits until {until}: {reason}"),
                ("sent", _) => format!("{channel} {template} goes out"),
                _ => format!("{channel} {template} does not go out: {reason}"),
            };
            let words = words.unwrap_or_default();
            let told = |text: String| (!text.is_empty()).then_some(text);
            view.message = Some(RehearsedMessage {
                channel: channel.to_string(),
                purpose: purpose.to_string(),
                template,
                verdict,
                reason: told(reason),
                until,
                subject: told(words.subject),
                preheader: told(words.preheader),
                text: told(words.text),
                missing: words.missing,
            });
        }
        What::Asked(Action::Webhook { url, body, .. }) => {
            view.kind = "webhook";
            view.text = format!("would call {url}");
            view.params = Some(json!({ "url": url, "body": body }));
        }
        What::Asked(Action::NotifyStaff { to, subject, message }) => {
            view.kind = "staff";
            view.text = format!("would write to {}", to.join(", "));
            view.params = Some(json!({ "to": to, "subject": subject, "message": message }));
        }
        What::Asked(other) => view.text = format!("{other:?}"),
    }
    view
}
