//! The way in and out for the shop's staff.

use super::language::Language;
use super::layout;
use super::texts::Texts;
use super::visit::{Refusal, asked_language};
use super::written::fill;
use crate::second_factor::Proof;
use crate::{Services, session};
use axum::Form;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
pub struct Credentials {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

fn language_of(parts: &Parts) -> Language {
    Language::of_staff(asked_language(parts).as_deref(), &parts.headers, "vi")
}

async fn is_signed_in(services: &Arc<Services>, parts: &Parts) -> Result<bool, Refusal> {
    let found = session::of_request(services, &parts.headers).await;
    found.map(|found| found.is_some()).map_err(|_| Refusal::Trouble(language_of(parts)))
}

/// `GET /`.
pub async fn start(State(services): State<Arc<Services>>, parts: Parts) -> Result<Response, Refusal> {
    let to = if is_signed_in(&services, &parts).await? { "/outbox" } else { "/sign-in" };
    Ok(Redirect::to(to).into_response())
}

/// `GET /sign-in`.
pub async fn ask(State(services): State<Arc<Services>>, parts: Parts) -> Result<Response, Refusal> {
    if is_signed_in(&services, &parts).await? {
        return Ok(Redirect::to("/outbox").into_response());
    }
    let language = language_of(&parts);
    let mut response = form(language, StatusCode::OK, None, "");
    if asked_language(&parts).is_some()
        && let Ok(cookie) = HeaderValue::from_str(&language.cookie())
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `POST /sign-in`.
pub async fn enter(
    State(services): State<Arc<Services>>,
    parts: Parts,
    Form(told): Form<Credentials>,
) -> Response {
    let language = language_of(&parts);
    let t: &Texts = language.texts();
    if !session::is_from_our_pages(&services, &parts.headers) {
        return form(language, StatusCode::FORBIDDEN, Some(t.sign_in_foreign.to_owned()), &told.email);
    }
    if told.email.trim().is_empty() || told.password.is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return form(language, status, Some(t.sign_in_empty.to_owned()), &told.email);
    }
    let visitor = session::Visitor::of(&services, &parts.headers, &parts.extensions);
    match session::sign_in(&services, &told.email, &told.password, Proof::default(), &visitor).await {
        Ok((_, _, cookie)) => {
            let mut response = Redirect::to("/outbox").into_response();
            response.headers_mut().append(SET_COOKIE, cookie);
            response
        }
        Err(problem) => {
            let said = match problem.status {
                StatusCode::UNAUTHORIZED => t.sign_in_wrong.to_owned(),
                StatusCode::TOO_MANY_REQUESTS => {
                    let minutes = problem.retry_after_s.unwrap_or(60).div_ceil(60).max(1).to_string();
                    fill(t.sign_in_too_many, &[("minutes", &minutes)])
                }
                _ => return layout::trouble(language),
            };
            form(language, problem.status, Some(said), &told.email)
        }
    }
}

/// `POST /sign-out`.
pub async fn leave(State(services): State<Arc<Services>>, parts: Parts) -> Result<Response, Refusal> {
    let language = language_of(&parts);
    if !session::is_from_our_pages(&services, &parts.headers) {
        return Ok(form(
            language,
            StatusCode::FORBIDDEN,
            Some(language.texts().sign_in_foreign.to_owned()),
            "",
        ));
    }
    let cookie =
        session::sign_out(&services, &parts.headers).await.map_err(|_| Refusal::Trouble(language))?;
    let mut response = Redirect::to("/sign-in").into_response();
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

fn form(language: Language, status: StatusCode, wrong: Option<String>, email: &str) -> Response {
    let t = language.texts();
    let describes = wrong.is_some().then_some("wrong");
    let inside = html! {
        div.stack {
            h1 { (t.sign_in_heading) }
            p.soft { (t.sign_in_text) }
        }
        @if let Some(wrong) = &wrong {
            p #wrong .note.bad role="alert" { (wrong) }
        }
        form method="post" action="/sign-in" {
            div.field {
                label for="email" { (t.sign_in_email) }
                input #email type="email" name="email" value=(email) autocomplete="username" required
                    autofocus[email.is_empty()] aria-describedby=[describes];
            }
            div.field {
                label for="password" { (t.sign_in_password) }
                input #password type="password" name="password" autocomplete="current-password" required
                    autofocus[!email.is_empty()] aria-describedby=[describes];
            }
            button type="submit" { (t.sign_in_button) }
        }
        p.small { a href="/forgot-password" { (t.sign_in_forgot) } }
    };
    layout::door(language, status, t.sign_in_title, inside)
}
