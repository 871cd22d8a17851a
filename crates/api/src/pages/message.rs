//! One message: what was sent, to whom, why, and what became of it.

use super::layout::{self, Place};
use super::outbox::{Names, name_of};
use super::reasons;
use super::staff::{Seat, seat};
use super::view::for_staff;
use super::visit::{Refusal, offer};
use super::written::fill;
use crate::Services;
use axum::extract::{Path, Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;
use store::journeys::{RunRow, StepRow};
use store::messages::{Body, MessageLogRow, MessageRow, Responses};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Shown {
    /// `narrow`: as on a phone.
    width: String,
}

struct Told {
    message: MessageRow,
    names: Names,
    body: Option<Body>,
    log: Vec<MessageLogRow>,
    responses: Responses,
    run: Option<(RunRow, Vec<StepRow>)>,
}

/// `GET /outbox/{id}`.
pub async fn show(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let seat = seat(&services, &parts).await?;
    let workspace = seat.id();
    let told = offer(&services, seat.language, move |tx| {
        let Some(message) = tx.message(workspace, &id)? else { return Ok(None) };
        let names = Names::read(tx, workspace, std::slice::from_ref(&message))?;
        let run = match &message.run_id {
            None => None,
            Some(run_id) => match tx.run(workspace, run_id)? {
                Some(run) => Some((run, tx.steps(workspace, run_id)?)),
                None => None,
            },
        };
        Ok(Some(Told {
            names,
            body: tx.body(workspace, message.message_no)?,
            log: tx.message_log(workspace, message.message_no)?,
            responses: tx.responses(workspace, message.message_no)?,
            run,
            message,
        }))
    })
    .await?;
    let Some(told) = told else { return Err(Refusal::Missing(seat.language)) };
    let t = seat.texts();
    let inside = html! {
        p.trail { a href="/outbox" { "← " (t.outbox_title) } }
        div.head {
            div { h1 { (told.names.of_message(&told.message, &seat)) } }
            div { (seat.state(&told.message)) }
        }
        @let was_written = told.body.is_some();
        div.split {
            div {
                // What was sent comes first; of what was not, the way that led there.
                @if was_written {
                    (preview(&seat, &told, shown.width == "narrow"))
                    (links(&seat, &told))
                } @else {
                    (log(&seat, &told.log))
                    (run(&seat, &told))
                }
            }
            div {
                (envelope(&seat, &told))
                @if was_written {
                    (responses(&seat, &told))
                    (log(&seat, &told.log))
                    (run(&seat, &told))
                }
            }
        }
    };
    Ok(seat.page(Place::Outbox, t.message_title, false, inside))
}

/// `GET /outbox/{id}/body`: the message alone, for the frame. It can run nothing and reach nobody.
pub async fn body(
    State(services): State<Arc<Services>>,
    Path(id): Path<String>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let seat = seat(&services, &parts).await?;
    let workspace = seat.id();
    let found = offer(&services, seat.language, move |tx| {
        let Some(message) = tx.message(workspace, &id)? else { return Ok(None) };
        Ok(tx.body(workspace, message.message_no)?.map(|body| (message.message_no, body)))
    })
    .await?;
    match found {
        Some((message_no, Body { html: Some(html), links, .. })) => {
            let html = for_staff(html, &links, &services.token_key, workspace, message_no);
            Ok(layout::letter(html, "'self'"))
        }
        _ => Err(Refusal::Missing(seat.language)),
    }
}

fn preview(seat: &Seat, told: &Told, is_narrow: bool) -> Markup {
    let t = seat.texts();
    let body = told.body.as_ref();
    let has_html = body.is_some_and(|body| body.html.is_some());
    let text = body.and_then(|body| body.text.as_deref()).unwrap_or_default();
    let subject = body.map(|body| body.subject.as_str()).unwrap_or_default();
    let current = |narrow: bool| (narrow == is_narrow).then_some("true");
    html! {
        section.panel {
            div.title {
                h2 { @if has_html && subject.is_empty() { (t.message_no_subject) }
                     @else if subject.is_empty() { (t.preview) } @else { (subject) } }
                @if has_html {
                    div.toggle {
                        a href=(seat.here_with("width", None)) aria-current=[current(false)] { (t.width_wide) }
                        a href=(seat.here_with("width", Some("narrow"))) aria-current=[current(true)] {
                            (t.width_narrow)
                        }
                    }
                }
            }
            @if has_html {
                div class=(if is_narrow { "frame narrow" } else { "frame" }) {
                    iframe src={ "/outbox/" (told.message.id) "/body" } title=(t.preview_frame)
                        sandbox="allow-popups allow-popups-to-escape-sandbox" {}
                }
            } @else if text.is_empty() {
                div.inside { p.soft { (t.body_none) } }
            } @else {
                div.inside { pre tabindex="0" { (text) } }
            }
        }
        @if has_html && !text.is_empty() {
            section.panel {
                h2 { (t.text_part) }
                div.inside { pre tabindex="0" { (text) } }
            }
        }
    }
}

fn links(seat: &Seat, told: &Told) -> Markup {
    let t = seat.texts();
    let Some(body) = &told.body else { return html! {} };
    html! {
        section.panel {
            h2 { (t.links) }
            div.inside {
                @if body.links.is_empty() {
                    p.soft { (t.links_none) }
                } @else {
                    ol.lines.small {
                        @for link in &body.links {
                            li {
                                @if layout::is_web(link) { a href=(link) rel="noreferrer" target="_blank" { (link) } }
                                @else { (link) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn envelope(seat: &Seat, told: &Told) -> Markup {
    let (t, language, m) = (seat.texts(), seat.language, &told.message);
    let template = m.template_id.as_ref().map(|id| {
        let name = told.names.templates.get(id).unwrap_or(id);
        match m.template_version {
            Some(version) => {
                fill(t.template_version, &[("template", name), ("version", &version.to_string())])
            }
            None => name.clone(),
        }
    });
    html! {
        section.panel {
            h2 { (t.envelope) }
            dl.facts.inside {
                dt { (t.column_person) }
                dd {
                    @match told.names.people.get(&m.profile) {
                        Some(profile) => a href={ "/people/" (profile.id) } { (name_of(profile, seat)) },
                        None => (t.gone_person),
                    }
                }
                @if let Some(address) = m.address.as_deref().filter(|address| !address.is_empty()) {
                    dt { (t.to) } dd { (address) }
                }
                dt { (t.column_channel) } dd { (reasons::channel(&m.channel, language)) }
                dt { (t.purpose) } dd { (reasons::purpose(&m.purpose, language)) }
                @if let Some(template) = template { dt { (t.template) } dd { (template) } }
                @if let Some(id) = &m.journey_id {
                    dt { (t.journey) } dd { (told.names.journeys.get(id).unwrap_or(id)) }
                }
                dt { (t.decided) } dd { (seat.time(m.decided_at)) }
                @if m.state == "queued" { dt { (t.due) } dd { (seat.time(m.due_at)) } }
                dt { (t.attempts) } dd.number { (m.attempts) }
                @if let Some(at) = m.accepted_at { dt { (t.accepted_at) } dd { (seat.time(at)) } }
                @if let Some(id) = &m.provider_id { dt { (t.provider_id) } dd.small { (id) } }
                @if !m.detail.is_empty() { dt { (t.detail) } dd.small { (m.detail) } }
            }
        }
    }
}

fn responses(seat: &Seat, told: &Told) -> Markup {
    let (t, r) = (seat.texts(), &told.responses);
    html! {
        section.panel {
            h2 { (t.responses) }
            div.inside {
                table {
                    thead { tr {
                        th scope="col" { span.hidden { (t.responses) } }
                        th.number scope="col" { (t.responses_people) }
                        th.number scope="col" { (t.responses_machines) }
                    } }
                    tbody {
                        tr {
                            th scope="row" { (t.responses_opens) }
                            td.number { (seat.number(r.opens)) }
                            td.number { (seat.number(r.machine_opens)) }
                        }
                        tr {
                            th scope="row" { (t.responses_clicks) }
                            td.number { (seat.number(r.clicks)) }
                            td.number { (seat.number(r.machine_clicks)) }
                        }
                    }
                }
                @if let Some(at) = r.unsubscribed_at {
                    p { (fill(t.responses_stopped, &[("at", &super::written::date_time(at, &seat.zone))])) }
                }
                p.small.soft { (t.responses_note) }
            }
        }
    }
}

fn log(seat: &Seat, log: &[MessageLogRow]) -> Markup {
    let t = seat.texts();
    html! {
        section.panel {
            h2 { (t.log) }
            div.inside {
                @if log.is_empty() { p.soft { (t.log_none) } }
                ol.trace {
                    @for row in log {
                        @let (said, rest) = reasons::turn(&row.what, &row.detail, seat.language);
                        li {
                            p { (said) }
                            @if !rest.is_empty() { p.small.soft { (rest) } }
                            p.small.soft { (seat.time(row.at)) }
                        }
                    }
                }
            }
        }
    }
}

fn run(seat: &Seat, told: &Told) -> Markup {
    let t = seat.texts();
    html! {
        section.panel {
            h2 { (t.run) }
            div.inside {
                @match &told.run {
                    None => p.soft { (t.run_none) },
                    Some((row, steps)) => {
                        p.small.soft { (run_line(seat, row)) }
                        (way(seat, steps))
                    }
                }
            }
        }
    }
}

/// The state of a run and since when.
pub fn run_line(seat: &Seat, run: &RunRow) -> String {
    let t = seat.texts();
    let state = match run.state.as_str() {
        "active" => t.run_state_active,
        "completed" => t.run_state_completed,
        "exited" => t.run_state_exited,
        "goal_reached" => t.run_state_goal_reached,
        "failed" => t.run_state_failed,
        other => other,
    };
    let at = super::written::date_time(run.started_at, &seat.zone);
    format!("{state}, {}", fill(t.run_since, &[("at", &at)]))
}

/// The steps of a run in words.
pub fn way(seat: &Seat, steps: &[StepRow]) -> Markup {
    html! {
        ol.trace {
            @for step in steps {
                li {
                    p { (reasons::step(&step.code, &step.params, seat.language)) }
                    p.small.soft { (seat.time(step.at)) }
                }
            }
        }
    }
}
