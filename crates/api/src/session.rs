//! Sessions of the shop's staff: a random token in a cookie, whose hash is stored. Pages use it as the API does.
//!
//! A session ends two weeks after the sign-in, or when it was not used for three days. Its token is changed every
//! day, so that one that leaked is of use for a day at most while its owner works.

use crate::address::truncated;
use crate::audit::Happened;
use crate::keys::{hash_key, random_text};
use crate::password::password_is_right;
use crate::problem::{Answer, Problem};
use crate::second_factor::{self, Proof};
use crate::services::Services;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use kit::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};
use std::sync::Arc;
use store::Changeset;
use store::accounts::{AccountRow, LoginRow};

pub const COOKIE: &str = "quaylai_session";
/// A session ends after this time, used or not.
const SESSION_MS: i64 = 14 * DAY_MS;
/// One that nobody used for so long has ended.
const IDLE_MS: i64 = 3 * DAY_MS;
/// In the demo shop, whose clock may run through weeks while somebody looks at it.
const DEMO_SESSION_MS: i64 = 3_650 * DAY_MS;
/// A token gives way to a new one after this time.
const TOKEN_MS: i64 = DAY_MS;
/// Requests under way with the token before work on for so long.
const REPLACED_MS: i64 = MINUTE_MS;
/// The last use is written down no more often than this.
const TOUCH_MS: i64 = 5 * MINUTE_MS;
const AGENT_CHARS_MAX: usize = 200;

/// Who signs in from where.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// Whole: for the limit of attempts. What is stored is truncated.
    pub ip: Option<String>,
    pub agent: String,
}

impl Visitor {
    pub fn of(services: &Services, headers: &HeaderMap, extensions: &Extensions) -> Visitor {
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Visitor {
            ip: services.client_ip(headers, extensions),
            agent: agent.chars().take(AGENT_CHARS_MAX).collect(),
        }
    }

    pub fn truncated_ip(&self) -> String {
        truncated(self.ip.as_deref())
    }
}

/// Slows down whoever guesses: passwords, and tokens alike.
pub fn may_try(services: &Services, visitor: &Visitor, of_account: &str, now: Timestamp) -> Answer<()> {
    let memory = &services.memory;
    let from = visitor.ip.as_deref().unwrap_or("unknown");
    let taken =
        memory.sign_ins.take(from, now).and_then(|()| memory.sign_ins_of_account.take(of_account, now));
    taken.map_err(|retry_after_s| {
        let minutes = retry_after_s.div_ceil(60).max(1);
        let detail = format!("too many attempts to sign in; wait {minutes} minutes and try again");
        Problem::too_many(detail, retry_after_s)
    })
}

/// Forgets the attempts of somebody who has proved who they are.
pub fn tried(services: &Services, visitor: &Visitor, of_account: &str) {
    services.memory.sign_ins.forget(visitor.ip.as_deref().unwrap_or("unknown"));
    services.memory.sign_ins_of_account.forget(of_account);
}

/// Whether a password is that of a stored hash; `None` takes as long and is never right.
pub async fn compare(services: &Arc<Services>, password: &str, hash: Option<String>) -> Answer<bool> {
    let permit = services.memory.comparisons.acquire().await;
    let password = password.to_owned();
    let is_right = services.aside(move |_| Ok(password_is_right(&password, hash.as_deref()))).await?;
    drop(permit);
    Ok(is_right)
}

/// Checks an e-mail address, a password and the second factor that the account may have, and begins a session: the account, its session, and the cookie to set.
pub async fn sign_in(
    services: &Arc<Services>,
    email: &str,
    password: &str,
    proof: Proof<'_>,
    visitor: &Visitor,
) -> Answer<(AccountRow, LoginRow, HeaderValue)> {
    let email = email.trim().to_lowercase();
    let now = services.now();
    let of_account = format!("{email:.300}");
    may_try(services, visitor, &of_account, now)?;
    let looked_up = email.clone();
    let account = services.read(move |tx| tx.account_by_email(&looked_up)).await?;
    let hash = account.as_ref().map(|row| row.password_hash.clone());
    let is_right = compare(services, password, hash).await?;
    let Some(account) = account else { return Err(wrong()) };
    if !is_right {
        let failed = Happened::to_account(&account, "sign_in_failed", "nobody", visitor);
        failed.log(services, now).await?;
        return Err(wrong());
    }
    services.memory.sign_ins_of_account.forget(&of_account);
    second_factor::demand(services, &account, proof, visitor).await?;
    let (login, cookie) = begin(services, &account, visitor, now).await?;
    Ok((account, login, cookie))
}

fn wrong() -> Problem {
    let detail = "the e-mail address or the password is wrong";
    Problem::new(StatusCode::UNAUTHORIZED, "wrong_credentials", detail)
}

/// Begins a session for somebody who has proved who they are.
pub async fn begin(
    services: &Arc<Services>,
    account: &AccountRow,
    visitor: &Visitor,
    now: Timestamp,
) -> Answer<(LoginRow, HeaderValue)> {
    services.memory.sign_ins.forget(visitor.ip.as_deref().unwrap_or("unknown"));
    let token = random_text(services.fill_random);
    let lasts_ms = if services.config.is_demo { DEMO_SESSION_MS } else { SESSION_MS };
    let login = LoginRow {
        login_id: services.new_id().to_string(),
        account_id: account.account_id.clone(),
        workspace: account.workspace,
        created_at: now,
        token_at: now,
        used_at: now,
        expires_at: now.plus_ms(lasts_ms),
        replaced: false,
        ip: visitor.truncated_ip(),
        agent: visitor.agent.clone(),
    };
    let mut changes = Changeset::new();
    changes.insert_login(hash_key(&token).to_vec(), login.clone(), now);
    let happened =
        Happened::to_account(account, "sign_in", &format!("account:{}", account.account_id), visitor);
    happened.add_to(&mut changes, now);
    services.apply(changes).await?;
    let cookie = cookie(services, &token, SESSION_MS / SECOND_MS)?;
    Ok((login, cookie))
}

fn is_alive(services: &Services, login: &LoginRow, now: Timestamp) -> bool {
    let idle_ms = if services.config.is_demo { DEMO_SESSION_MS } else { IDLE_MS };
    login.expires_at > now && now.since_ms(login.used_at) < idle_ms
}

/// The session that a request's cookie names, with its account.
pub async fn of_request(
    services: &Arc<Services>,
    headers: &HeaderMap,
) -> Answer<Option<(AccountRow, LoginRow)>> {
    let Some(token) = token_of(headers) else { return Ok(None) };
    let hash = hash_key(token);
    let found = services
        .read(move |tx| {
            let Some(login) = tx.login(&hash)? else { return Ok(None) };
            let account = tx.account(login.workspace, &login.account_id)?;
            Ok(account.map(|account| (account, login)))
        })
        .await?;
    Ok(found.filter(|(_, login)| is_alive(services, login, services.now())))
}

/// Keeps a session that is used alive: writes down that it was, and changes its token when it is a day old.
pub async fn keep(State(services): State<Arc<Services>>, request: Request, next: Next) -> Response {
    let hash = token_of(request.headers()).map(|token| hash_key(token).to_vec());
    let Some(hash) = hash else { return next.run(request).await };
    let visitor = Visitor::of(&services, request.headers(), request.extensions());
    let mut response = next.run(request).await;
    // One that was just begun or ended has nothing to be kept.
    if response.headers().contains_key(header::SET_COOKIE) && ends_or_begins(&response) {
        return response;
    }
    // What fails here fails at the next request again, and costs nothing now.
    if let Ok(Some(cookie)) = renewed(&services, hash, &visitor).await {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn ends_or_begins(response: &Response) -> bool {
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    cookies.filter_map(|value| value.to_str().ok()).any(|value| value.starts_with(COOKIE))
}

async fn renewed(services: &Arc<Services>, hash: Vec<u8>, visitor: &Visitor) -> Answer<Option<HeaderValue>> {
    let now = services.now();
    let asked = hash.clone();
    let Some(login) = services.read(move |tx| tx.login(&asked)).await? else { return Ok(None) };
    if !is_alive(services, &login, now) || login.replaced || services.config.is_demo {
        return Ok(None);
    }
    let mut changes = Changeset::new();
    if now.since_ms(login.token_at) < TOKEN_MS {
        if now.since_ms(login.used_at) >= TOUCH_MS {
            changes.touch_login(hash, now, &visitor.truncated_ip());
            services.apply(changes).await?;
        }
        return Ok(None);
    }
    let token = random_text(services.fill_random);
    let seconds = login.expires_at.since_ms(now) / SECOND_MS;
    changes.replace_login(hash, now.plus_ms(REPLACED_MS));
    let next = LoginRow { token_at: now, used_at: now, ip: visitor.truncated_ip(), ..login };
    changes.insert_login(hash_key(&token).to_vec(), next, now);
    services.apply(changes).await?;
    cookie(services, &token, seconds).map(Some)
}

/// Takes the session of a request to another workspace of its account.
pub async fn enter(services: &Arc<Services>, headers: &HeaderMap, workspace: kit::WorkspaceId) -> Answer<()> {
    let Some(token) = token_of(headers) else { return Ok(()) };
    let mut changes = Changeset::new();
    changes.move_login(hash_key(token).to_vec(), workspace);
    services.apply(changes).await
}

/// Ends the session of a request, and answers the cookie that takes it out of the browser.
pub async fn sign_out(services: &Arc<Services>, headers: &HeaderMap) -> Answer<HeaderValue> {
    if let Some(token) = token_of(headers) {
        let hash = hash_key(token).to_vec();
        let found = of_request(services, headers).await?;
        let mut changes = Changeset::new();
        changes.delete_login(hash);
        if let Some((account, login)) = found {
            changes.end_session(&account.account_id, &login.login_id);
            let actor = format!("account:{}", account.account_id);
            let visitor = Visitor { ip: None, agent: String::new() };
            Happened::to_account(&account, "sign_out", &actor, &visitor).add_to(&mut changes, services.now());
        }
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
