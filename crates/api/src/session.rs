//! The owner's session: a random token in a cookie, whose hash is stored. Pages use it as the API does.

use crate::keys::{hash_key, random_text};
use crate::password::password_is_right;
use crate::problem::{Answer, Problem};
use crate::services::Services;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use kit::{DAY_MS, SECOND_MS};
use std::sync::Arc;
use store::Changeset;
use store::access::{AccountRow, LoginRow};

pub const COOKIE: &str = "quaylai_session";
/// A session ends after this time, used or not.
const SESSION_MS: i64 = 14 * DAY_MS;
/// In the demo shop, whose clock may run through weeks while somebody looks at it.
const DEMO_SESSION_MS: i64 = 3_650 * DAY_MS;

/// Checks an e-mail address and a password, and begins a session: the account, its session, and the cookie to set.
pub async fn sign_in(
    services: &Arc<Services>,
    email: &str,
    password: &str,
    ip: Option<&str>,
) -> Answer<(AccountRow, LoginRow, HeaderValue)> {
    let email = email.trim().to_lowercase();
    let now = services.now();
    let memory = &services.memory;
    let from = ip.unwrap_or("unknown");
    let of_account = format!("{email:.300}");
    let may_try =
        memory.sign_ins.take(from, now).and_then(|()| memory.sign_ins_of_account.take(&of_account, now));
    may_try.map_err(|retry_after_s| {
        Problem::too_many("too many attempts to sign in; wait a few minutes", retry_after_s)
    })?;
    let looked_up = email.clone();
    let account = services.read(move |tx| tx.account_by_email(&looked_up)).await?;
    let permit = services.memory.comparisons.acquire().await;
    let (hash, password) = (account.as_ref().map(|row| row.password_hash.clone()), password.to_owned());
    let is_right = services.aside(move |_| Ok(password_is_right(&password, hash.as_deref()))).await?;
    drop(permit);
    let Some(account) = account.filter(|_| is_right) else {
        let detail = "the e-mail address or the password is wrong";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "wrong_credentials", detail));
    };
    services.memory.sign_ins.forget(from);
    services.memory.sign_ins_of_account.forget(&of_account);
    let token = random_text(services.fill_random);
    let login = LoginRow {
        account_id: account.account_id.clone(),
        workspace: account.workspace,
        expires_at: now.plus_ms(if services.config.is_demo { DEMO_SESSION_MS } else { SESSION_MS }),
    };
    let mut changes = Changeset::new();
    changes.insert_login(hash_key(&token).to_vec(), login.clone(), now);
    services.apply(changes).await?;
    let cookie = cookie(services, &token, SESSION_MS / SECOND_MS)?;
    Ok((account, login, cookie))
}

/// The session that a request's cookie names, with its account.
pub async fn of_request(
    services: &Arc<Services>,
    headers: &HeaderMap,
) -> Answer<Option<(AccountRow, LoginRow)>> {
    let Some(token) = token_of(headers) else { return Ok(None) };
    let (hash, now) = (hash_key(token), services.now());
    services
        .read(move |tx| {
            let Some(login) = tx.login(&hash)?.filter(|login| login.expires_at > now) else {
                return Ok(None);
            };
            Ok(tx.account(&login.account_id)?.map(|account| (account, login)))
        })
        .await
}

/// Ends the session of a request, and answers the cookie that takes it out of the browser.
pub async fn sign_out(services: &Arc<Services>, headers: &HeaderMap) -> Answer<HeaderValue> {
    if let Some(token) = token_of(headers) {
        let mut changes = Changeset::new();
        changes.delete_login(hash_key(token).to_vec());
        services.apply(changes).await?;
    }
    cookie(services, "", 0)
}

fn token_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, token)| token).filter(|token| !token.is_empty())
}

fn cookie(services: &Services, token: &str, seconds: i64) -> Answer<HeaderValue> {
    let secure = if services.config.secure_cookies { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).map_err(|_| Problem::internal("a session cookie could not be written"))
}

/// Whether a write that comes with a cookie was meant by the page that shows it. A browser names the origin of every
/// write; a program that is no browser says so by a header that no form can send.
pub fn is_from_our_pages(services: &Services, headers: &HeaderMap) -> bool {
    match headers.get(header::ORIGIN) {
        None => headers.contains_key("x-quaylai-csrf"),
        Some(origin) => {
            let origin = origin.to_str().unwrap_or_default();
            let of_host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let named = origin.split_once("://").map(|(_, host)| host);
            origin == services.config.public_url.trim_end_matches('/')
                || (of_host.is_some() && named == of_host)
        }
    }
}
