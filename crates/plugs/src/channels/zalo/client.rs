use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kit::{SECOND_MS, Timestamp};
use reqwest::{Method, Request, Url};
use serde_json::Value;

use super::grant::{Grant, Renewed, Standing};
use super::oauth::{self, Issued, NotIssued};
use super::wire::{self, Judged, Lengths, Template};
use super::{KIND, ZaloConfig};
use crate::channel::Rate;
use crate::channels::Surroundings;
use crate::detail::quoted;
use crate::http::{Http, NoReply};
use crate::{BoxFuture, Channel, Content, Delivery, Held, Outcome, RejectClass, RetryClass, Secret, Vault};

/// A document in the vault that changes under our hands is read again so often.
const SWAPS_MAX: usize = 50;
/// Messages that wait for a renewal are tried again after this time.
const RENEWAL_WAIT_MS: i64 = 3 * SECOND_MS;
const TEMPLATES_A_PAGE: usize = 100;
/// Of more templates the rest is left out.
const TEMPLATES_MAX: usize = 500;

/// How many messages by template may go out today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub daily: i64,
    pub remaining: i64,
}

impl Quota {
    /// From the fields `dailyQuota` and `remainingQuota`, which are numbers in strings, and at times numbers.
    fn of(told: &Value) -> Option<Quota> {
        let number = |name: &str| match &told[name] {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_i64(),
        };
        Some(Quota { daily: number("dailyQuota")?, remaining: number("remainingQuota")? })
    }
}

/// An Official Account with what it granted. Accepted means: Zalo answered `error: 0`.
pub struct ZaloChannel {
    config: ZaloConfig,
    http: Http,
    vault: Option<Arc<dyn Vault>>,
    /// Who waits for a renewal in this process waits for one.
    renewing: tokio::sync::Mutex<()>,
    /// The lengths that parameters may have, of templates where one was too long.
    lengths: Mutex<BTreeMap<String, Lengths>>,
    quota: Mutex<Option<Quota>>,
}

/// Why there is no access token to call with.
enum Trouble {
    /// The shop has to do something.
    Shop(String),
    /// It passes.
    Passing(String),
}

impl Trouble {
    fn into_text(self) -> String {
        match self {
            Trouble::Shop(text) | Trouble::Passing(text) => text,
        }
    }

    fn into_outcome(self) -> Outcome {
        match self {
            Trouble::Shop(detail) => Outcome::Misconfigured { detail },
            Trouble::Passing(detail) => {
                Outcome::Retry { class: RetryClass::Rescheduled, after_ms: Some(RENEWAL_WAIT_MS), detail }
            }
        }
    }
}

impl ZaloChannel {
    /// Errors: the HTTP client can't be set up.
    pub fn new(config: &ZaloConfig, surroundings: &Surroundings) -> Result<ZaloChannel, String> {
        let http = Http::new(&surroundings.egress)?.waiting(Duration::from_millis(config.timeout_ms));
        Ok(ZaloChannel {
            config: config.clone(),
            http,
            vault: surroundings.vault.clone(),
            renewing: tokio::sync::Mutex::new(()),
            lengths: Mutex::default(),
            quota: Mutex::default(),
        })
    }

    fn vault(&self) -> Result<&Arc<dyn Vault>, String> {
        self.vault.as_ref().ok_or_else(|| "there is no place for the tokens of the authorisation".to_owned())
    }

    async fn held(&self) -> Result<(Held, Option<Grant>), String> {
        let held = self.vault()?.read().await?;
        let grant = Grant::parse(held.value.as_ref());
        Ok((held, grant))
    }

    /// How the authorisation stands. Errors: the vault cannot be read.
    pub async fn standing(&self) -> Result<Standing, String> {
        let (_, grant) = self.held().await?;
        Ok(Grant::standing(grant.as_ref(), &self.config.place(), &self.config.oa_id))
    }

    /// The pair of tokens that is to be renewed now, by its serial: a third of its life is over, or a renewal was not
    /// heard of again. Errors: the vault cannot be read.
    pub async fn due(&self, now: Timestamp) -> Result<Option<i64>, String> {
        let (_, grant) = self.held().await?;
        let own = grant.filter(|grant| grant.is_for(&self.config.place()));
        Ok(own.filter(|grant| grant.is_due(now)).map(|grant| grant.serial))
    }

    async fn grant(&self) -> Result<Grant, Trouble> {
        let (_, grant) = self.held().await.map_err(Trouble::Passing)?;
        match Grant::standing(grant.as_ref(), &self.config.place(), &self.config.oa_id) {
            Standing::Missing => {
                Err(Trouble::Shop("the Official Account has not authorised the app yet: authorise it".into()))
            }
            Standing::Lapsed { why, .. } => {
                Err(Trouble::Shop(format!("authorise the Official Account again: {why}")))
            }
            Standing::Good { .. } => {
                grant.ok_or_else(|| Trouble::Passing("the authorisation cannot be read".into()))
            }
        }
    }

    /// Tokens in place of those that were refused.
    async fn renewed(&self, refused: &Grant) -> Result<Grant, Trouble> {
        let _one = self.renewing.lock().await;
        let grant = self.grant().await?;
        if grant.serial != refused.serial {
            return Ok(grant);
        }
        let vault = self.vault().map_err(Trouble::Passing)?;
        vault.renew(refused.serial).await.map_err(Trouble::Passing)?;
        let grant = self.grant().await?;
        if grant.serial != refused.serial {
            return Ok(grant);
        }
        match grant.fault() {
            Some((why, true)) => Err(Trouble::Shop(format!("the authorisation cannot be renewed: {why}"))),
            Some((why, false)) => {
                Err(Trouble::Passing(format!("the authorisation cannot be renewed now: {why}")))
            }
            None => Err(Trouble::Passing("the authorisation is being renewed".into())),
        }
    }

    fn request(
        &self,
        method: Method,
        url: Url,
        token: &Secret,
        body: Option<&Value>,
    ) -> Result<Request, String> {
        let mut request = self.http.client().request(method, url).header("access_token", token.expose());
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request.build().map_err(|_| "the access token is no header value".to_owned())
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let known = match &delivery.content {
            Content::Template(content) => self.known_lengths(&content.template_id),
            _ => None,
        };
        let outcome = self.attempt_with(delivery, known.as_ref()).await;
        let (Judged::TooLong(detail), Content::Template(content)) = (&outcome, &delivery.content) else {
            return settled(outcome);
        };
        // It was certainly refused. Once its lengths are known it can be cut; if they are, that did not help.
        let learnt = if known.is_none() { self.learn_lengths(&content.template_id).await } else { None };
        match learnt {
            Some(lengths) => settled(self.attempt_with(delivery, Some(&lengths)).await),
            None => Outcome::Rejected { class: RejectClass::Invalid, detail: detail.clone() },
        }
    }

    async fn attempt_with(&self, delivery: &Delivery, lengths: Option<&Lengths>) -> Judged {
        let call = match wire::encode(&self.config, delivery, lengths) {
            Ok(call) => call,
            Err(outcome) => return Judged::Outcome(outcome),
        };
        let mut grant = match self.grant().await {
            Ok(grant) => grant,
            Err(trouble) => return Judged::Outcome(trouble.into_outcome()),
        };
        let mut is_second = false;
        loop {
            let request = self.request(Method::POST, call.url.clone(), &grant.access_token, Some(&call.body));
            let request = match request {
                Ok(request) => request,
                Err(detail) => return Judged::Outcome(Outcome::Misconfigured { detail }),
            };
            let reply = match self.http.call(request).await {
                Ok(reply) => reply,
                // Nothing says that Zalo knows a message that it has seen before.
                Err(none) => return Judged::Outcome(none.once()),
            };
            match wire::judged(&reply, delivery.attempted_at) {
                Judged::TokenRefused(detail) if is_second => {
                    let detail = format!("Zalo refuses a token that it has just issued: {detail}");
                    return Judged::Outcome(Outcome::Misconfigured { detail });
                }
                Judged::TokenRefused(_) => match self.renewed(&grant).await {
                    Ok(renewed) => grant = renewed,
                    Err(trouble) => return Judged::Outcome(trouble.into_outcome()),
                },
                judged => {
                    if let Some(quota) = Quota::of(&reply.json()["data"]["quota"]) {
                        self.remember(quota);
                    }
                    return judged;
                }
            }
            is_second = true;
        }
    }

    fn remember(&self, quota: Quota) {
        *self.quota.lock().unwrap_or_else(PoisonError::into_inner) = Some(quota);
    }

    fn known_lengths(&self, template_id: &str) -> Option<Lengths> {
        self.lengths.lock().unwrap_or_else(PoisonError::into_inner).get(template_id).cloned()
    }

    async fn learn_lengths(&self, template_id: &str) -> Option<Lengths> {
        let template = self.template(template_id).await.ok()?;
        let lengths = wire::lengths_of(&template);
        let mut all = self.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(template_id.to_owned(), lengths.clone());
        Some(lengths)
    }

    /// Reads from the API of templates: the answer with `error: 0`.
    async fn ask(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, String> {
        let mut url = oauth::address(&self.config.business_base_url, path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut grant = self.grant().await.map_err(Trouble::into_text)?;
        let mut is_second = false;
        loop {
            let request = self.request(Method::GET, url.clone(), &grant.access_token, None)?;
            let reply = self.http.call(request).await.map_err(NoReply::told)?;
            let told = reply.json();
            match wire::error_of(&told) {
                Some(0) => return Ok(told),
                Some(-124 | -216 | -220) if !is_second => {
                    grant = self.renewed(&grant).await.map_err(Trouble::into_text)?;
                    is_second = true;
                }
                Some(code) => {
                    let said = told["message"].as_str().unwrap_or_default();
                    return Err(quoted(&format!("Zalo said {code} {said}")));
                }
                None => return Err(quoted(&format!("HTTP {}: {}", reply.status, reply.text))),
            }
        }
    }

    /// How many messages by template are left for today. Errors: in words for the shop.
    pub async fn quota(&self) -> Result<Quota, String> {
        let told = self.ask("/message/quota", &[]).await?;
        let quota = Quota::of(&told["data"]).ok_or("Zalo told no quota")?;
        self.remember(quota);
        Ok(quota)
    }

    async fn template(&self, template_id: &str) -> Result<Template, String> {
        let told = self.ask("/template/info/v2", &[("template_id", template_id)]).await?;
        wire::template_of(&told["data"]).ok_or_else(|| "Zalo told nothing of the template".to_owned())
    }

    /// The account's templates, with the parameters of those that may be used. Errors: in words for the shop.
    pub async fn templates(&self) -> Result<Vec<Template>, String> {
        let mut all: Vec<Template> = Vec::new();
        loop {
            let (offset, limit) = (all.len().to_string(), TEMPLATES_A_PAGE.to_string());
            let told = self.ask("/template/all", &[("offset", &offset), ("limit", &limit)]).await?;
            let (page, total) = wire::listed(&told);
            let is_last = page.is_empty() || (total.is_none() && page.len() < TEMPLATES_A_PAGE);
            all.extend(page);
            if is_last || total.is_some_and(|total| all.len() >= total) || all.len() >= TEMPLATES_MAX {
                break;
            }
        }
        for template in all.iter_mut().filter(|template| template.status == "ENABLE") {
            let told = self.template(&template.template_id).await?;
            // The list knows the quality, the details know the rest.
            let quality = std::mem::take(&mut template.quality);
            *template = Template {
                quality: if told.quality.is_empty() { quality } else { told.quality.clone() },
                ..told
            };
        }
        Ok(all)
    }

    /// Where the shop grants the app its account. Errors: the settings' address is none.
    pub fn authorise_url(&self, redirect_uri: &str, state: &str, challenge: &str) -> Result<String, String> {
        oauth::authorise_url(&self.config, redirect_uri, state, challenge)
    }

    /// Turns the code of a callback into tokens and keeps them. Errors: in words for the shop.
    pub async fn authorise(
        &self,
        code: &str,
        oa_id: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Result<(), String> {
        let own = self.config.oa_id.as_str();
        if !own.is_empty() && own != oa_id {
            return Err("another Official Account than the one in the settings was authorised".into());
        }
        let fields = [
            ("code", code),
            ("app_id", self.config.app_id.as_str()),
            ("grant_type", "authorization_code"),
            ("code_verifier", verifier),
        ];
        let answer = self.exchange(&fields).await;
        let mut issued = Some(answer.map_err(|not| match not {
            NotIssued::Worthless(said) => {
                format!("Zalo no longer takes this authorisation, begin again: {said}")
            }
            NotIssued::Settings(said) => format!("Zalo does not know the app or its secret key: {said}"),
            NotIssued::Later(said) | NotIssued::Unsure(said) => {
                format!("Zalo issued no tokens, begin again: {said}")
            }
        })?);
        let mut fresh: Option<Grant> = None;
        for _ in 0..SWAPS_MAX {
            let (held, before) = self.held().await?;
            let next = match (issued.take(), fresh.take()) {
                (Some(issued), _) => Grant::of(&self.config.place(), oa_id, issued, before.as_ref(), now),
                (None, Some(again)) => again.after(before.as_ref()),
                (None, None) => break,
            };
            if self.vault()?.swap(held.version, next.written()).await? {
                return Ok(());
            }
            fresh = Some(next);
        }
        Err("the tokens could not be written down, begin again".into())
    }

    async fn exchange(&self, fields: &[(&str, &str)]) -> Result<Issued, NotIssued> {
        let url = oauth::address(&self.config.oauth_base_url, "/v4/oa/access_token")
            .map_err(NotIssued::Settings)?;
        let request = self
            .http
            .client()
            .post(url)
            .header("secret_key", self.config.secret())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(oauth::form(fields))
            .build()
            .map_err(|_| NotIssued::Settings("the app's secret key has characters that none has".into()))?;
        match self.http.call(request).await {
            Ok(reply) => oauth::issued(&reply),
            Err(none) => Err(match (none.is_unseen, none.outcome) {
                (true, Outcome::Misconfigured { detail }) => NotIssued::Settings(detail),
                (true, outcome) => NotIssued::Later(outcome.detail().to_owned()),
                (false, outcome) => NotIssued::Unsure(outcome.detail().to_owned()),
            }),
        }
    }

    /// Renews the tokens when it is time, or when `refused` is the serial of the pair whose access token is no longer
    /// accepted. `by` names who does it, for whoever looks into the vault.
    ///
    /// What is called is called only after it was written down that it will be; what was answered is written down
    /// before it is used. A process that may be ended at any moment is no place for it. Errors: the vault.
    pub async fn renew(&self, refused: Option<i64>, by: &str, now: Timestamp) -> Result<Renewed, String> {
        let mut begun = None;
        for _ in 0..SWAPS_MAX {
            let (held, grant) = self.held().await?;
            let Some(grant) = grant.filter(|grant| grant.is_for(&self.config.place())) else {
                return Ok(Renewed::Needless);
            };
            if let Some(hindrance) = grant.hindrance(refused, now) {
                return Ok(hindrance);
            }
            if self.vault()?.swap(held.version, grant.begun(by, now).written()).await? {
                begun = Some(grant);
                break;
            }
        }
        let Some(before) = begun else { return Err("the vault is written all the time".into()) };
        let fields = [
            ("refresh_token", before.refresh_token.expose()),
            ("app_id", self.config.app_id.as_str()),
            ("grant_type", "refresh_token"),
        ];
        let (next, renewed) = match self.exchange(&fields).await {
            Ok(issued) => {
                (Grant::of(&self.config.place(), &before.oa_id, issued, Some(&before), now), Renewed::Done)
            }
            Err(NotIssued::Worthless(said)) => {
                let why = match before.is_second_try() {
                    true => format!(
                        "a renewal was interrupted, and Zalo no longer takes what it was done with ({said})"
                    ),
                    false => format!("Zalo no longer takes the authorisation ({said})"),
                };
                (before.over(&why), Renewed::Lapsed(why))
            }
            Err(NotIssued::Settings(why)) => (before.failed(&why, true, now), Renewed::Fault(why)),
            Err(NotIssued::Later(why)) => (before.failed(&why, false, now), Renewed::Fault(why)),
            Err(NotIssued::Unsure(why)) => (before.begun(by, now).unsure(&why), Renewed::Fault(why)),
        };
        for _ in 0..SWAPS_MAX {
            let (held, current) = self.held().await?;
            // Whoever used another token since then knows better; new tokens are news in any case.
            let is_same = current.is_some_and(|current| current.refresh_token == before.refresh_token);
            if !is_same {
                return Ok(Renewed::Needless);
            }
            if self.vault()?.swap(held.version, next.written()).await? {
                return Ok(renewed);
            }
        }
        Err("the vault is written all the time".into())
    }
}

fn settled(judged: Judged) -> Outcome {
    match judged {
        Judged::Outcome(outcome) => outcome,
        // Both are dealt with before; a token that is refused was not used.
        Judged::TokenRefused(detail) => Outcome::Misconfigured { detail },
        Judged::TooLong(detail) => Outcome::Rejected { class: RejectClass::Invalid, detail },
    }
}

impl Channel for ZaloChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        self.config.concurrency
    }

    fn rate(&self) -> Option<Rate> {
        Some(Rate { count: self.config.rate_per_second, per_ms: SECOND_MS })
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(delivery))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async {
            let left = |quota: Quota| {
                format!("{} of {} messages by template are left for today", quota.remaining, quota.daily)
            };
            match self.quota().await {
                Ok(quota) => Ok(format!("Zalo answers; {}", left(quota))),
                Err(why) => {
                    let known = *self.quota.lock().unwrap_or_else(PoisonError::into_inner);
                    Err(known.map_or_else(
                        || why.clone(),
                        |quota| format!("{why}; at the last message {}", left(quota)),
                    ))
                }
            }
        })
    }
}
