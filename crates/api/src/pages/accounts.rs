//! The pages behind an invitation and behind a way to a new password.

use super::language::Language;
use super::layout;
use super::texts::Texts;
use super::visit::{Refusal, asked_language};
use super::written::fill;
use crate::Services;
use crate::endpoints::invitations as ways;
use crate::problem::Problem;
use crate::services::workspace_of;
use crate::session::{self, Visitor};
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;
use store::accounts::InvitationRow;

#[derive(Deserialize)]
pub struct Told {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

fn language_of(parts: &Parts) -> Language {
    Language::of_staff(asked_language(parts).as_deref(), &parts.headers, "vi")
}

/// What to say of a problem, in the reader's language.
fn said(t: &Texts, problem: &Problem) -> String {
    match problem.status {
        StatusCode::UNAUTHORIZED => t.sign_in_wrong.to_owned(),
        StatusCode::TOO_MANY_REQUESTS => {
            let minutes = problem.retry_after_s.unwrap_or(60).div_ceil(60).max(1).to_string();
            fill(t.sign_in_too_many, &[("minutes", &minutes)])
        }
        StatusCode::UNPROCESSABLE_ENTITY => t.password_weak.to_owned(),
        StatusCode::NOT_FOUND => t.worn_out_text.to_owned(),
        _ => t.trouble_text.to_owned(),
    }
}

fn worn_out(language: Language) -> Response {
    let t = language.texts();
    let inside = html! {
        div.stack { h1 { (t.worn_out_heading) } p.soft { (t.worn_out_text) } }
        p { a href="/sign-in" { (t.sign_in_button) } }
    };
    layout::door(language, StatusCode::NOT_FOUND, t.worn_out_heading, inside)
}

fn refused(language: Language, problem: &Problem) -> Response {
    match problem.status {
        StatusCode::NOT_FOUND => worn_out(language),
        _ => layout::trouble(language),
    }
}

fn warning(wrong: Option<&str>) -> Markup {
    html! { @if let Some(wrong) = wrong { p #wrong .note.bad role="alert" { (wrong) } } }
}

fn password_field(label: &str, rule: &str, autocomplete: &str) -> Markup {
    html! {
        div.field {
            label for="password" { (label) }
            input #password type="password" name="password" autocomplete=(autocomplete) required
                aria-describedby="rule";
            @if !rule.is_empty() { p #rule .small.soft { (rule) } }
        }
    }
}

/// What the page of an invitation shows.
struct Invited {
    row: InvitationRow,
    shop: String,
    /// The person has an account already, and gives its password.
    is_known: bool,
}

async fn look(services: &Arc<Services>, token: &str) -> Result<Invited, Problem> {
    let row = ways::invitation_of(services, token).await?;
    let workspace = row.workspace;
    let found = services.read(move |tx| workspace_of(tx, workspace)).await?;
    let shop = if found.settings.shop.name.is_empty() { found.name } else { found.settings.shop.name };
    let is_known = ways::has_account(services, &row.email).await?;
    Ok(Invited { row, shop, is_known })
}

fn role_name<'t>(t: &'t Texts, role: &str) -> &'t str {
    match role {
        "owner" => t.role_owner,
        "admin" => t.role_admin,
        "marketer" => t.role_marketer,
        "analyst" => t.role_analyst,
        _ => t.role_support,
    }
}

fn invitation_page(
    language: Language,
    status: StatusCode,
    invited: &Invited,
    wrong: Option<&str>,
) -> Response {
    let t = language.texts();
    let text = if invited.is_known { t.invited_known } else { t.invited_text };
    let role = role_name(t, &invited.row.role);
    let text = fill(text, &[("role", role), ("email", &invited.row.email)]);
    let inside = html! {
        div.stack {
            h1 { (fill(t.invited_heading, &[("shop", &invited.shop)])) }
            p.soft { (text) }
        }
        (warning(wrong))
        form method="post" {
            @if invited.is_known {
                (password_field(t.sign_in_password, "", "current-password"))
            } @else {
                div.field {
                    label for="name" { (t.invited_name) }
                    input #name type="text" name="name" autocomplete="name" maxlength="200" autofocus;
                }
                (password_field(t.password_new, t.password_rule, "new-password"))
            }
            button type="submit" { (t.invited_button) }
        }
    };
    layout::door(language, status, t.invited_title, inside)
}

/// `GET /invitation/{token}`.
pub async fn invited(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Response {
    let language = language_of(&parts);
    match look(&services, &token).await {
        Ok(invited) => invitation_page(language, StatusCode::OK, &invited, None),
        Err(problem) => refused(language, &problem),
    }
}

/// `POST /invitation/{token}`.
pub async fn join(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
    Form(told): Form<Told>,
) -> Response {
    let language = language_of(&parts);
    let t = language.texts();
    let invited = match look(&services, &token).await {
        Ok(invited) => invited,
        Err(problem) => return refused(language, &problem),
    };
    if !session::is_from_our_pages(&services, &parts.headers) {
        return invitation_page(language, StatusCode::FORBIDDEN, &invited, Some(t.sign_in_foreign));
    }
    let visitor = Visitor::of(&services, &parts.headers, &parts.extensions);
    match ways::take_up(&services, &token, &told.name, told.password, Default::default(), &visitor).await {
        Ok((_, cookie)) => {
            let mut response = Redirect::to("/outbox").into_response();
            response.headers_mut().append(SET_COOKIE, cookie);
            response
        }
        Err(problem) => invitation_page(language, problem.status, &invited, Some(&said(t, &problem))),
    }
}

fn forgot_page(language: Language, status: StatusCode, said: Option<(&str, bool)>) -> Response {
    let t = language.texts();
    let inside = html! {
        div.stack { h1 { (t.forgot_title) } p.soft { (t.forgot_text) } }
        @match said {
            Some((text, true)) => p.note role="status" { (text) },
            Some((text, false)) => (warning(Some(text))),
            None => {},
        }
        form method="post" action="/forgot-password" {
            div.field {
                label for="email" { (t.sign_in_email) }
                input #email type="email" name="email" autocomplete="username" required autofocus;
            }
            button type="submit" { (t.forgot_button) }
        }
        p.small { a href="/sign-in" { (t.sign_in_button) } }
    };
    layout::door(language, status, t.forgot_title, inside)
}

/// `GET /forgot-password`.
pub async fn forgot(parts: Parts) -> Response {
    forgot_page(language_of(&parts), StatusCode::OK, None)
}

/// `POST /forgot-password`.
pub async fn send(
    State(services): State<Arc<Services>>,
    parts: Parts,
    Form(told): Form<Told>,
) -> Result<Response, Refusal> {
    let language = language_of(&parts);
    let t = language.texts();
    if !session::is_from_our_pages(&services, &parts.headers) {
        return Ok(forgot_page(language, StatusCode::FORBIDDEN, Some((t.sign_in_foreign, false))));
    }
    let visitor = Visitor::of(&services, &parts.headers, &parts.extensions);
    Ok(match ways::send_reset(&services, &told.email, &visitor).await {
        Ok(()) => forgot_page(language, StatusCode::OK, Some((t.forgot_sent, true))),
        Err(problem) => forgot_page(language, problem.status, Some((&said(t, &problem), false))),
    })
}

fn choose_page(language: Language, status: StatusCode, wrong: Option<&str>) -> Response {
    let t = language.texts();
    let inside = html! {
        div.stack { h1 { (t.new_password_title) } p.soft { (t.new_password_text) } }
        (warning(wrong))
        form method="post" {
            (password_field(t.password_new, t.password_rule, "new-password"))
            button type="submit" { (t.new_password_button) }
        }
    };
    layout::door(language, status, t.new_password_title, inside)
}

/// `GET /new-password/{token}`.
pub async fn choose(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Response {
    let language = language_of(&parts);
    match ways::reset_of(&services, &token).await {
        Ok(_) => choose_page(language, StatusCode::OK, None),
        Err(problem) => refused(language, &problem),
    }
}

/// `POST /new-password/{token}`.
pub async fn save(
    State(services): State<Arc<Services>>,
    Path(token): Path<String>,
    parts: Parts,
    Form(told): Form<Told>,
) -> Response {
    let language = language_of(&parts);
    let t = language.texts();
    if !session::is_from_our_pages(&services, &parts.headers) {
        return choose_page(language, StatusCode::FORBIDDEN, Some(t.sign_in_foreign));
    }
    let visitor = Visitor::of(&services, &parts.headers, &parts.extensions);
    match ways::use_reset(&services, &token, told.password, &visitor).await {
        Ok(()) => {
            let inside = html! {
                p.note role="status" { (t.new_password_saved) }
                p { a href="/sign-in" { (t.sign_in_button) } }
            };
            layout::door(language, StatusCode::OK, t.new_password_title, inside)
        }
        Err(problem) if problem.status == StatusCode::NOT_FOUND => worn_out(language),
        Err(problem) => choose_page(language, problem.status, Some(&said(t, &problem))),
    }
}
