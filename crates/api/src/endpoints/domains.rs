//! The domains that a shop's mail comes from: keys, the records that the DNS should have, and what it has.

use super::domain_checks::{DomainCheck, Facts};
use crate::audit::Audit;
use crate::caller::Member;
use crate::listing::{Page, iso, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::{DomainKey, RecordKind, Services, workspace_of};
use crate::told::Told;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::consent::Channel;
use kit::WorkspaceId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use store::Changeset;
use store::domains::SendingDomainRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the keys are sealed about.
pub const DOMAIN_SEALED_ABOUT: &str = "sending domain";
/// Domains that one shop may have.
const DOMAINS_MAX: usize = 50;
const SELECTOR: &str = "quaylai";

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find, change, remove))
        .routes(routes!(check))
}

/// What is kept of a domain beside its key.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Doc {
    /// `rsa` or `ed25519`.
    kind: String,
    public_key: String,
    /// How the mail relay is named in SPF: `include:_spf.example.com`, `a:mail.example.com`; empty: not known.
    #[serde(default)]
    spf: String,
}

/// What the DNS said of one record when it was asked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Found {
    purpose: String,
    state: String,
    found: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RecordView {
    /// `dkim`, `spf`, `dmarc` or `return_path`.
    pub purpose: String,
    /// `TXT` or `MX`.
    pub kind: String,
    /// Where it stands.
    pub name: String,
    /// What should stand there; empty where the shop's mail provider knows it.
    pub value: String,
    /// `unchecked`, `ok`, `missing`, `different`, `several` where one is allowed, or `unknown` when no name server
    /// answered.
    pub state: String,
    /// What stands there.
    pub found: Vec<String>,
    /// Mail is delivered without it, if perhaps to the spam folder.
    pub is_optional: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct DomainView {
    domain: String,
    selector: String,
    /// `rsa` or `ed25519`.
    key_kind: String,
    /// How the mail relay is named in SPF; empty: not known.
    spf: String,
    /// `unchecked`, `verified` when all that is needed was found, else `incomplete`.
    state: String,
    created_at: String,
    checked_at: Option<String>,
    records: Vec<RecordView>,
    /// What else receivers look at, with what is to be done.
    checks: Vec<DomainCheck>,
    /// Whether the e-mail channel sends from this domain, and signs with its key.
    is_used: bool,
}

/// A record that should be there.
struct Wanted {
    purpose: &'static str,
    kind: RecordKind,
    name: String,
    value: String,
    is_optional: bool,
}

fn doc_of(row: &SendingDomainRow) -> Answer<Doc> {
    serde_json::from_str(&row.doc).map_err(|error| Problem::internal(&format!("a sending domain: {error}")))
}

/// What the domain's DNS should hold. `return_path` is the domain that undeliverable mail goes back to.
fn wanted(row: &SendingDomainRow, doc: &Doc, return_path: &str) -> Vec<Wanted> {
    let domain = &row.domain;
    let spf = if doc.spf.is_empty() { String::new() } else { format!("v=spf1 {} ~all", doc.spf) };
    let of = |purpose, kind, name: String, value: String, is_optional| Wanted {
        purpose,
        kind,
        name,
        value,
        is_optional,
    };
    vec![
        of(
            "dkim",
            RecordKind::Txt,
            format!("{}._domainkey.{domain}", row.selector),
            format!("v=DKIM1; k={}; p={}", doc.kind, doc.public_key),
            false,
        ),
        of("spf", RecordKind::Txt, return_path.to_owned(), spf, false),
        of(
            "dmarc",
            RecordKind::Txt,
            format!("_dmarc.{domain}"),
            format!("v=DMARC1; p=none; rua=mailto:dmarc@{domain}"),
            false,
        ),
        of("return_path", RecordKind::Mx, return_path.to_owned(), String::new(), true),
    ]
}

/// The value of a tag of a record such as `v=DKIM1; p=...`, without white space.
pub fn tag(record: &str, name: &str) -> Option<String> {
    record.split(';').find_map(|part| {
        let (found, value) = part.split_once('=')?;
        (found.trim() == name).then(|| value.split_whitespace().collect())
    })
}

fn begins_with(record: &str, version: &str) -> bool {
    let plain: String = record.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    plain == version || plain.strip_prefix(version).is_some_and(|rest| rest.starts_with([' ', ';']))
}

/// What is to be thought of the records found under a name.
fn judged(wanted: &Wanted, doc: &Doc, found: &[String]) -> &'static str {
    match wanted.purpose {
        "dkim" => {
            let of_key: Vec<&String> = found.iter().filter(|record| tag(record, "p").is_some()).collect();
            let key = doc.public_key.as_str();
            match of_key.as_slice() {
                [] => "missing",
                [one] if tag(one, "p").as_deref() == Some(key) => "ok",
                [_] => "different",
                _ => "several",
            }
        }
        "spf" => {
            let of_spf: Vec<&String> = found.iter().filter(|record| begins_with(record, "v=spf1")).collect();
            let names = |record: &str| {
                let mechanism = doc.spf.to_ascii_lowercase();
                doc.spf.is_empty()
                    || record
                        .split_whitespace()
                        .any(|word| word.trim_start_matches(['+', '?', '~']).eq_ignore_ascii_case(&mechanism))
            };
            match of_spf.as_slice() {
                [] => "missing",
                [one] if names(one) => "ok",
                [_] => "different",
                // RFC 7208, 4.5: more than one is an error, and none counts.
                _ => "several",
            }
        }
        "dmarc" => {
            let of_dmarc: Vec<&String> =
                found.iter().filter(|record| begins_with(record, "v=dmarc1")).collect();
            match of_dmarc.as_slice() {
                [] => "missing",
                [one] if tag(one, "p").is_some() => "ok",
                [_] => "different",
                _ => "several",
            }
        }
        _ if found.is_empty() => "missing",
        _ => "ok",
    }
}

fn view(row: &SendingDomainRow, sender: &SenderNames) -> Answer<DomainView> {
    let doc = doc_of(row)?;
    let found: Vec<Found> = serde_json::from_str(&row.found).unwrap_or_default();
    let return_path = sender.return_path_of(&row.domain);
    let records: Vec<RecordView> = wanted(row, &doc, &return_path)
        .into_iter()
        .map(|wanted| {
            let found = found.iter().find(|found| found.purpose == wanted.purpose);
            RecordView {
                purpose: wanted.purpose.into(),
                kind: wanted.kind.as_str().into(),
                name: wanted.name,
                value: wanted.value,
                state: found.map_or("unchecked", |found| found.state.as_str()).to_owned(),
                found: found.map(|found| found.found.clone()).unwrap_or_default(),
                is_optional: wanted.is_optional && !sender.reads_returns,
            }
        })
        .collect();
    let complete = records.iter().all(|record| record.is_optional || record.state == "ok");
    let state = match row.checked_at {
        None => "unchecked",
        Some(_) if complete => "verified",
        Some(_) => "incomplete",
    };
    let facts = Facts {
        domain: &row.domain,
        provider: &sender.provider,
        from: sender.from.as_deref(),
        return_path: sender.return_path.as_deref(),
        is_https: sender.is_https,
        records: &records,
    };
    let checks = facts.checks();
    Ok(DomainView {
        domain: row.domain.clone(),
        selector: row.selector.clone(),
        key_kind: doc.kind,
        spf: doc.spf,
        state: state.into(),
        created_at: iso(row.created_at),
        checked_at: iso_opt(row.checked_at),
        records,
        checks,
        is_used: sender.from.as_deref().is_some_and(|from| signs_for(&row.domain, from)),
    })
}

/// Whether a domain's key signs mail from an address at `from`: its own, or one below it.
pub fn signs_for(domain: &str, from: &str) -> bool {
    from == domain || from.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// The domains of the e-mail channel's addresses.
#[derive(Default)]
struct SenderNames {
    from: Option<String>,
    return_path: Option<String>,
    /// Whether mail that comes back is read there: then it has to find the way.
    reads_returns: bool,
    provider: String,
    /// Whether links of messages lead to an address with TLS.
    is_https: bool,
}

impl SenderNames {
    fn return_path_of(&self, domain: &str) -> String {
        let own = self.return_path.as_ref().or(self.from.as_ref());
        own.filter(|name| signs_for(domain, name)).cloned().unwrap_or_else(|| domain.to_owned())
    }
}

fn domain_of(address: &Value) -> Option<String> {
    let (_, domain) = address.as_str()?.rsplit_once('@')?;
    Some(domain.trim().trim_end_matches('>').to_ascii_lowercase())
}

async fn sender_names(
    services: &Arc<Services>,
    workspace: WorkspaceId,
) -> Answer<(SenderNames, Option<Value>)> {
    let (row, public_url) = services
        .read(move |tx| {
            let own = workspace_of(tx, workspace)?.settings.public_url;
            Ok((tx.channel(workspace, Channel::Email.as_str())?, own))
        })
        .await?;
    let public_url = if public_url.is_empty() { services.config.public_url.clone() } else { public_url };
    let shown = row.and_then(|row| services.desk.shown(&row.sealed).ok());
    let names = shown.as_ref().map(|shown| SenderNames {
        from: domain_of(&shown["from"]["address"]).or_else(|| domain_of(&shown["from"])),
        return_path: domain_of(&shown["returns"]["address"]).or_else(|| domain_of(&shown["return_path"])),
        reads_returns: domain_of(&shown["returns"]["address"]).is_some(),
        provider: shown["provider"].as_str().unwrap_or_default().to_owned(),
        is_https: public_url.starts_with("https://"),
    });
    Ok((names.unwrap_or_default(), shown))
}

pub(super) async fn row_of(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    domain: &str,
) -> Answer<SendingDomainRow> {
    let domain = domain.to_ascii_lowercase();
    let found = services.read(move |tx| tx.domain(workspace, &domain)).await?;
    found.ok_or_else(|| Problem::not_found("the sending domain"))
}

/// List sending domains
#[utoipa::path(get, path = "/domains", tag = "channels", responses((status = 200, body = Page<DomainView>)))]
async fn list(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
) -> Answer<Json<Page<DomainView>>> {
    let workspace = caller.workspace;
    let (names, _) = sender_names(&services, workspace).await?;
    let rows = services.read(|tx| tx.domains()).await?;
    let own = rows.iter().filter(|row| row.workspace == workspace);
    Ok(Json(Page::whole(own.map(|row| view(row, &names)).collect::<Answer<_>>()?)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDomain {
    /// `shop.vn`
    domain: String,
    /// The label below `_domainkey`; `quaylai` when not given.
    selector: Option<String>,
    /// A key that exists, as PEM; when none is given one is made. It is never shown again.
    private_key_pem: Option<String>,
    /// How the mail relay is named in SPF, as its provider says: `include:_spf.example.com`. When not given it is
    /// guessed from the e-mail channel.
    spf: Option<String>,
}

fn label_problem(field: &str) -> Problem {
    Problem::field(field, "letters, digits and hyphens, such as mail.shop.vn")
}

fn is_name(text: &str, labels_min: usize) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 200 && text.split('.').count() >= labels_min && text.split('.').all(label)
}

fn spf_of(told: &str) -> Answer<String> {
    let told = told.trim();
    let named = told.split_once(':').map(|(kind, name)| (kind.to_ascii_lowercase(), name.to_owned()));
    match named {
        None if told.is_empty() || matches!(told, "a" | "mx") => Ok(told.to_owned()),
        // The name alone is what most providers tell.
        None if is_name(&told.to_ascii_lowercase(), 2) => {
            Ok(format!("include:{}", told.to_ascii_lowercase()))
        }
        Some((kind, name))
            if matches!(kind.as_str(), "include" | "a" | "mx" | "ip4" | "ip6")
                && !name.is_empty()
                && name.len() <= 200
                && !name.contains(char::is_whitespace) =>
        {
            Ok(format!("{kind}:{name}"))
        }
        _ => Err(Problem::field("spf", "as the mail provider says, such as include:_spf.example.com")),
    }
}

/// How the relay of the channel is commonly named in SPF.
fn guessed_spf(shown: Option<&Value>) -> String {
    let host = shown.and_then(|shown| shown["host"].as_str()).unwrap_or_default().to_ascii_lowercase();
    let known = [
        ("amazonaws.com", "include:amazonses.com"),
        ("smtp.gmail.com", "include:_spf.google.com"),
        ("smtp-relay.gmail.com", "include:_spf.google.com"),
        ("sendgrid.net", "include:sendgrid.net"),
        ("mailgun.org", "include:mailgun.org"),
        ("smtp.postmarkapp.com", "include:spf.mtasv.net"),
        ("brevo.com", "include:spf.brevo.com"),
        ("office365.com", "include:spf.protection.outlook.com"),
        ("zoho.com", "include:zoho.com"),
    ];
    if let Some((_, spf)) = known.iter().find(|(end, _)| host.ends_with(end)) {
        return (*spf).to_owned();
    }
    let is_public = is_name(&host, 2) && host.parse::<std::net::IpAddr>().is_err() && !host.ends_with(".lan");
    if is_public { format!("a:{host}") } else { String::new() }
}

/// Makes or takes a key; seals it.
async fn sealed_key(services: &Arc<Services>, told: Option<String>) -> Answer<(DomainKey, Vec<u8>)> {
    services
        .aside(move |services| {
            let told = told.as_deref().map(str::trim).filter(|pem| !pem.is_empty());
            let key = services
                .desk
                .domain_key(told)
                .map_err(|message| Problem::field("private_key_pem", message))?;
            let sealed = services
                .desk
                .seal(DOMAIN_SEALED_ABOUT, key.private_key_pem.as_bytes())
                .map_err(|error| Problem::internal(&error))?;
            Ok((key, sealed))
        })
        .await
}

/// Add a sending domain
///
/// Makes a DKIM key of 2048 bits, or takes one. Mail of the e-mail channel from an address of the domain is signed
/// with it from then on. The answer says what to write into the DNS.
#[utoipa::path(post, path = "/domains", tag = "channels", request_body = NewDomain, responses((status = 201, body = DomainView)))]
async fn create(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    audit: Audit,
    Told(told): Told<NewDomain>,
) -> Answer<(StatusCode, Json<DomainView>)> {
    let workspace = caller.workspace;
    let domain = told.domain.trim().trim_end_matches('.').to_ascii_lowercase();
    if !is_name(&domain, 2) {
        return Err(label_problem("domain"));
    }
    let selector = told.selector.unwrap_or_else(|| SELECTOR.into()).trim().to_ascii_lowercase();
    if !is_name(&selector, 1) {
        return Err(label_problem("selector"));
    }
    let (names, shown) = sender_names(&services, workspace).await?;
    let held = services.read(|tx| tx.domains()).await?;
    let own: Vec<_> = held.iter().filter(|row| row.workspace == workspace).collect();
    if own.iter().any(|row| row.domain == domain) {
        return Err(Problem::conflict("domain_exists", "this domain is there already"));
    }
    if own.len() >= DOMAINS_MAX {
        let detail = format!("a shop has at most {DOMAINS_MAX} sending domains");
        return Err(Problem::conflict("too_many_domains", detail));
    }
    let spf = match &told.spf {
        Some(told) => spf_of(told)?,
        None => guessed_spf(shown.as_ref()),
    };
    let (key, sealed) = sealed_key(&services, told.private_key_pem).await?;
    let doc = Doc { kind: key.kind, public_key: key.public_key, spf };
    audit.object("domains", &domain);
    let row = SendingDomainRow {
        workspace,
        domain,
        selector,
        sealed,
        doc: serde_json::to_string(&doc).unwrap_or_default(),
        created_at: services.now(),
        checked_at: None,
        found: "[]".into(),
    };
    let mut changes = Changeset::new();
    changes.insert_domain(row.clone());
    services.configure(changes).await?;
    Ok((StatusCode::CREATED, Json(view(&row, &names)?)))
}

/// Read a sending domain
#[utoipa::path(get, path = "/domains/{domain}", tag = "channels", params(("domain" = String, Path)), responses((status = 200, body = DomainView)))]
async fn find(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(domain): Path<String>,
) -> Answer<Json<DomainView>> {
    let (names, _) = sender_names(&services, caller.workspace).await?;
    Ok(Json(view(&row_of(&services, caller.workspace, &domain).await?, &names)?))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DomainChange {
    /// How the mail relay is named in SPF.
    spf: Option<String>,
    selector: Option<String>,
    /// A new key, as PEM; `new` makes one. Choose a new selector with it, so that mail under way stays valid.
    private_key_pem: Option<String>,
}

/// Change a sending domain
///
/// What is left out stays. The records are to be checked anew.
#[utoipa::path(patch, path = "/domains/{domain}", tag = "channels", params(("domain" = String, Path)), request_body = DomainChange, responses((status = 200, body = DomainView)))]
async fn change(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(domain): Path<String>,
    Told(told): Told<DomainChange>,
) -> Answer<Json<DomainView>> {
    let mut row = row_of(&services, caller.workspace, &domain).await?;
    let mut doc = doc_of(&row)?;
    if let Some(spf) = &told.spf {
        doc.spf = spf_of(spf)?;
    }
    if let Some(selector) = told.selector {
        row.selector = selector.trim().to_ascii_lowercase();
        if !is_name(&row.selector, 1) {
            return Err(label_problem("selector"));
        }
    }
    if let Some(pem) = told.private_key_pem {
        let (key, sealed) = sealed_key(&services, (pem != "new").then_some(pem)).await?;
        (doc.kind, doc.public_key, row.sealed) = (key.kind, key.public_key, sealed);
    }
    row.doc = serde_json::to_string(&doc).unwrap_or_default();
    (row.checked_at, row.found) = (None, "[]".into());
    let mut changes = Changeset::new();
    changes.update_domain(row.clone());
    services.configure(changes).await?;
    let (names, _) = sender_names(&services, caller.workspace).await?;
    Ok(Json(view(&row, &names)?))
}

/// Remove a sending domain
///
/// With its key; mail from it is no longer signed.
#[utoipa::path(delete, path = "/domains/{domain}", tag = "channels", params(("domain" = String, Path)), responses((status = 204)))]
async fn remove(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(domain): Path<String>,
) -> Answer<StatusCode> {
    let row = row_of(&services, caller.workspace, &domain).await?;
    let mut changes = Changeset::new();
    changes.delete_domain(row.workspace, &row.domain);
    services.configure(changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What stands under the name of a record, and what is to be thought of it.
async fn looked_up(services: &Services, wanted: &Wanted, doc: &Doc) -> (&'static str, Vec<String>) {
    match services.desk.lookup(&wanted.name, wanted.kind).await {
        Ok(found) => (judged(wanted, doc, &found), found),
        Err(_) => ("unknown", Vec::new()),
    }
}

/// Ask the DNS for the records of a domain
///
/// What is found is kept with the time of the question.
#[utoipa::path(post, path = "/domains/{domain}/check", tag = "channels", params(("domain" = String, Path)), responses((status = 200, body = DomainView)))]
async fn check(
    State(services): State<Arc<Services>>,
    Member(caller): Member,
    Path(domain): Path<String>,
) -> Answer<Json<DomainView>> {
    let workspace = caller.workspace;
    let mut row = row_of(&services, workspace, &domain).await?;
    if let Err(wait) = services.memory.trials.take(&format!("dns {} {domain}", workspace.0), services.now()) {
        return Err(Problem::too_many("a domain is checked at most 20 times an hour", wait));
    }
    let doc = doc_of(&row)?;
    let (names, _) = sender_names(&services, workspace).await?;
    let return_path = names.return_path_of(&row.domain);
    let mut all = Vec::new();
    for wanted in wanted(&row, &doc, &return_path) {
        let purpose = wanted.purpose.to_owned();
        let (mut state, mut found) = looked_up(&services, &wanted, &doc).await;
        // A policy of the domain above holds for those below it (RFC 7489, 6.6.3).
        let above = row.domain.split_once('.').map(|(_, above)| above).filter(|above| above.contains('.'));
        if let (true, "missing", Some(above)) = (wanted.purpose == "dmarc", state, above) {
            let wanted = Wanted { name: format!("_dmarc.{above}"), ..wanted };
            let inherited = looked_up(&services, &wanted, &doc).await;
            if inherited.0 == "ok" {
                (state, found) = inherited;
            }
        }
        let found = found.into_iter().take(10).map(|text| text.chars().take(600).collect()).collect();
        all.push(Found { purpose, state: state.into(), found });
    }
    let (now, found) = (services.now(), serde_json::to_string(&all).unwrap_or_default());
    (row.checked_at, row.found) = (Some(now), found.clone());
    let mut changes = Changeset::new();
    changes.domain_checked(workspace, &row.domain, now, found);
    services.apply(changes).await?;
    Ok(Json(view(&row, &names)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_judged_as_receivers_do() {
        let doc = Doc { kind: "rsa".into(), public_key: "MIIB".into(), spf: "include:relay.vn".into() };
        let check = |purpose: &'static str, found: &[&str], expect: &str| {
            let wanted = Wanted {
                purpose,
                kind: RecordKind::Txt,
                name: String::new(),
                value: String::new(),
                is_optional: false,
            };
            let found: Vec<String> = found.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(judged(&wanted, &doc, &found), expect, "{purpose} {found:?}");
        };
        check("dkim", &[], "missing");
        check("dkim", &["google-site-verification"], "missing");
        check("dkim", &["v=DKIM1; k=rsa; p=MI IB"], "ok");
        check("dkim", &["p=MIIB"], "ok");
        check("dkim", &["v=DKIM1; p=MIIC"], "different");
        check("dkim", &["v=DKIM1; p=MIIB", "v=DKIM1; p=MIIC"], "several");
        check("spf", &["v=spf1 include:Relay.vn -all"], "ok");
        check("spf", &["v=spf1 +include:relay.vn mx ~all", "other"], "ok");
        check("spf", &["v=spf1 include:other.vn ~all"], "different");
        check("spf", &["v=spf10 include:relay.vn"], "missing");
        check("spf", &["v=spf1 include:relay.vn", "v=spf1 mx"], "several");
        check("dmarc", &["v=DMARC1; p=reject"], "ok");
        check("dmarc", &["v=DMARC1;p=none"], "ok");
        check("dmarc", &["v=DMARC1; rua=mailto:a@b.vn"], "different");
        check("return_path", &["mx.relay.vn"], "ok");
        check("return_path", &[], "missing");
    }

    #[test]
    fn a_key_signs_for_its_domain_and_below() {
        assert!(signs_for("shop.vn", "shop.vn") && signs_for("shop.vn", "mail.shop.vn"));
        assert!(!signs_for("shop.vn", "myshop.vn") && !signs_for("mail.shop.vn", "shop.vn"));
    }

    #[test]
    fn spf_is_taken_as_providers_tell_it() {
        let check = |told: &str, expect: Option<&str>| {
            assert_eq!(spf_of(told).ok().as_deref(), expect, "{told}");
        };
        check("_spf.google.com", Some("include:_spf.google.com"));
        check("include:amazonses.com", Some("include:amazonses.com"));
        check("ip4:203.0.113.7", Some("ip4:203.0.113.7"));
        check("mx", Some("mx"));
        check("", Some(""));
        check("v=spf1 include:a.vn", None);
        check("redirect:a.vn", None);
        let shown = serde_json::json!({ "host": "email-smtp.ap-southeast-1.amazonaws.com" });
        assert_eq!(guessed_spf(Some(&shown)), "include:amazonses.com");
        assert_eq!(guessed_spf(Some(&serde_json::json!({ "host": "127.0.0.1" }))), "");
        assert_eq!(guessed_spf(Some(&serde_json::json!({ "host": "mail.shop.vn" }))), "a:mail.shop.vn");
    }
}
