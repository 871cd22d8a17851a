//! All that is known of one person in one file, for the person: JSON for programs, HTML to read.

use crate::audit::Audit;
use crate::caller::Admin;
use crate::endpoints::profiles::{ProfileView, by_id};
use crate::listing::{iso, iso_ms, iso_opt};
use crate::problem::{Answer, Problem};
use crate::services::{Services, workspace_of};
use crate::told::Asked;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{ReadTx, StoreError};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Rows that one read takes.
const PAGE: i64 = 1_000;

pub fn router() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(export))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// `json` (default) or `html`.
    format: Option<String>,
    /// Of the HTML: `vi` or `en`; the shop's when not given.
    language: Option<String>,
}

/// Export a person
///
/// All that is known of one person: who they are, what they did and bought, what they agreed to with its proof, what was
/// sent to them word for word, the journeys and segments that they were in, and what they asked about their data.
#[utoipa::path(get, path = "/profiles/{id}/export", tag = "privacy", params(("id" = String, Path), ExportQuery), responses((status = 200, body = Object)))]
async fn export(
    State(services): State<Arc<Services>>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    audit: Audit,
    Asked(query): Asked<ExportQuery>,
) -> Answer<Response> {
    let (workspace, now) = (caller.workspace, services.now());
    let format = query.format.unwrap_or_else(|| "json".into());
    if !["json", "html"].contains(&format.as_str()) {
        return Err(Problem::field("format", "json or html"));
    }
    audit.detail("format", format.clone());
    let no = by_id(&services, workspace, &id).await?.profile.no;
    let gathered = services.read(move |tx| gather(tx, workspace, no, now)).await?;
    let (document, language) = gathered.ok_or_else(|| Problem::not_found("the profile"))?;
    let name = format!("attachment; filename=\"person-{id}.{format}\"");
    let disposition = (header::CONTENT_DISPOSITION, name);
    if format == "json" {
        let kind = (header::CONTENT_TYPE, "application/json".to_owned());
        return Ok(([kind, disposition], document.to_string()).into_response());
    }
    let is_english = query.language.unwrap_or(language) == "en";
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned());
    Ok(([kind, disposition], page(&document, is_english).into_string()).into_response())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// The document of a person and the shop's language; `None` when the person is no more.
fn gather(
    tx: &mut ReadTx<'_>,
    workspace: WorkspaceId,
    no: ProfileNo,
    now: Timestamp,
) -> Result<Option<(Value, String)>, StoreError> {
    let Some(stored) = tx.profile(workspace, no)? else { return Ok(None) };
    let row = workspace_of(tx, workspace)?;
    let settings = row.settings;
    let profile = &stored.profile;
    let view = ProfileView::of(profile, &settings.currency, now);
    let mut attributes = Map::new();
    for (name, held) in &profile.attributes {
        attributes.insert(name.clone(), json!({ "value": held.value, "since": iso_ms(held.at) }));
    }
    let named: BTreeMap<String, String> =
        tx.lists(workspace)?.into_iter().map(|list| (list.list_id, list.name)).collect();
    let lists: Vec<Value> = profile
        .lists
        .iter()
        .map(|(list, state)| {
            json!({ "id": list, "name": named.get(list), "on": state.on, "since": iso_ms(state.at) })
        })
        .collect();
    let document = json!({
        "exported_at": iso(now),
        "shop": if settings.shop.name.is_empty() { &row.name } else { &settings.shop.name },
        "profile": view,
        "attributes": attributes,
        "lists": lists,
        "carts": profile.carts,
        "lead": profile.lead.as_ref().map(|lead| json!({
            "status": lead.status,
            "since": iso_ms(lead.status_at),
            "assignee": lead.assignee,
            "handed_to_sales_at": iso_opt(lead.handed_at.map(|at| at.0)),
        })),
        "restricted_since": iso_opt(profile.restricted_at.map(|at| at.0)),
        "attribute_changes": changes(tx, workspace, no)?,
        "consents": consents(tx, workspace, no)?,
        "devices": devices(tx, workspace, no)?,
        "merges": merges(tx, workspace, no)?,
        "events": events(tx, workspace, no)?,
        "orders": orders(tx, workspace, no)?,
        "messages": messages(tx, workspace, no)?,
        "journeys": runs(tx, workspace, no)?,
        "segments": segments(tx, workspace, no)?,
        "requests": requests(tx, workspace, &profile.id.to_string())?,
    });
    Ok(Some((document, settings.language)))
}

fn changes(tx: &mut ReadTx<'_>, workspace: WorkspaceId, no: ProfileNo) -> Result<Vec<Value>, StoreError> {
    let (mut all, mut before) = (Vec::new(), i64::MAX);
    loop {
        let rows = tx.attribute_changes(workspace, no, before, PAGE)?;
        let Some(last) = rows.last() else { return Ok(all) };
        before = last.change_no;
        all.extend(rows.iter().map(|row| {
            let old = row.old.as_deref().map(parsed);
            json!({ "at": iso(row.at), "name": row.name, "old": old, "new": parsed(&row.new),
                    "source": row.source })
        }));
    }
}

fn consents(tx: &mut ReadTx<'_>, workspace: WorkspaceId, no: ProfileNo) -> Result<Vec<Value>, StoreError> {
    let records = tx.consents(workspace, no)?;
    let shown = records.into_iter().map(|record| {
        json!({ "at": iso_ms(record.at), "channel": record.channel, "purpose": record.purpose,
                "state": record.state, "source": record.source, "wording": record.wording,
                "ip": record.ip, "user_agent": record.user_agent })
    });
    Ok(shown.collect())
}

/// Browsers and apps that take notifications. The keys by which messages are sealed for them say nothing to anybody.
fn devices(tx: &mut ReadTx<'_>, workspace: WorkspaceId, no: ProfileNo) -> Result<Vec<Value>, StoreError> {
    let rows = tx.devices_of(&[(workspace, no)])?.into_iter().flatten();
    let shown = rows.map(|row| {
        json!({ "at": iso(row.created_at), "kind": row.kind, "address": row.address,
                "user_agent": row.user_agent, "last_seen_at": iso(row.last_seen_at) })
    });
    Ok(shown.collect())
}

fn merges(tx: &mut ReadTx<'_>, workspace: WorkspaceId, no: ProfileNo) -> Result<Vec<Value>, StoreError> {
    let rows = tx.merges(workspace, no)?;
    let shown = rows.into_iter().map(|row| {
        // Of a profile that stayed apart nothing is told: it is somebody else's.
        let other = row.joined.then_some(row.other_id);
        json!({ "at": iso(row.at), "joined": row.joined, "reason": row.reason, "link": row.link,
                "other_id": other, "other": row.other_doc.as_deref().map(parsed) })
    });
    Ok(shown.collect())
}

fn events(tx: &mut ReadTx<'_>, workspace: WorkspaceId, no: ProfileNo) -> Result<Vec<Value>, StoreError> {
    let (mut all, mut before) = (Vec::new(), (Timestamp::MAX, i64::MAX));
    loop {
        let rows = tx.event_page(workspace, no, before, None, PAGE)?;
        let Some(last) = rows.last() else { return Ok(all) };
        before = (last.at, last.event_no);
        all.extend(rows.iter().map(|row| {
            json!({ "at": iso(row.at), "received_at": iso(row.received_at), "name": row.name,
                    "historical": row.historical, "message_id": row.message_id, "body": parsed(&row.body) })
        }));
    }
}

fn orders(tx: &mut ReadTx<'_>, workspace: WorkspaceId, no: ProfileNo) -> Result<Vec<Value>, StoreError> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let rows = tx.order_page(workspace, no, all.len() as i64, PAGE)?;
        if rows.is_empty() {
            return Ok(all);
        }
        all.extend(rows.iter().map(|order| serde_json::to_value(order).unwrap_or_default()));
    }
}

fn messages(tx: &mut ReadTx<'_>, workspace: WorkspaceId, no: ProfileNo) -> Result<Vec<Value>, StoreError> {
    let (mut all, mut before) = (Vec::new(), i64::MAX);
    loop {
        let rows = tx.messages_of_profile(workspace, no, before, PAGE)?;
        let Some(last) = rows.last() else { return Ok(all) };
        before = last.message_no;
        for row in rows {
            let body = tx.body(workspace, row.message_no)?;
            let body = body.map(|body| {
                json!({ "subject": body.subject, "html": body.html, "text": body.text, "links": body.links })
            });
            let responses = tx.responses(workspace, row.message_no)?;
            let log: Vec<Value> = tx
                .message_log(workspace, row.message_no)?
                .into_iter()
                .map(|line| json!({ "at": iso(line.at), "what": line.what, "detail": line.detail }))
                .collect();
            all.push(json!({
                "id": row.id, "channel": row.channel, "purpose": row.purpose, "address": row.address,
                "origin": row.origin, "journey_id": row.journey_id, "template_id": row.template_id,
                "state": row.state, "reason": row.reason, "detail": row.detail,
                "decided_at": iso(row.decided_at), "sent_at": iso_opt(row.accepted_at),
                "context": parsed(&row.context), "body": body, "log": log,
                "responses": {
                    "opens": responses.opens, "clicks": responses.clicks,
                    "first_opened_at": iso_opt(responses.first_opened_at),
                    "first_clicked_at": iso_opt(responses.first_clicked_at),
                    "unsubscribed_at": iso_opt(responses.unsubscribed_at),
                },
            }));
        }
    }
}

fn runs(tx: &mut ReadTx<'_>, workspace: WorkspaceId, no: ProfileNo) -> Result<Vec<Value>, StoreError> {
    let names: BTreeMap<String, String> =
        tx.journeys(workspace)?.into_iter().map(|journey| (journey.journey_id, journey.name)).collect();
    let mut all = Vec::new();
    for run in tx.runs_of_profile(workspace, no)? {
        let steps: Vec<Value> = tx
            .steps(workspace, &run.run_id)?
            .into_iter()
            .map(|step| {
                json!({ "at": iso(step.at), "node": step.node, "code": step.code,
                        "params": parsed(&step.params) })
            })
            .collect();
        all.push(json!({
            "journey_id": run.journey_id, "journey": names.get(&run.journey_id), "state": run.state,
            "started_at": iso(run.started_at), "ended_at": iso_opt(run.ended_at), "steps": steps,
            "memory": parsed(&run.doc),
        }));
    }
    Ok(all)
}

fn segments(tx: &mut ReadTx<'_>, workspace: WorkspaceId, no: ProfileNo) -> Result<Vec<Value>, StoreError> {
    let names: BTreeMap<String, String> =
        tx.segments(workspace)?.into_iter().map(|segment| (segment.segment_id, segment.name)).collect();
    let (mut all, mut before) = (Vec::new(), i64::MAX);
    loop {
        let rows = tx.transitions_of_profile(workspace, no, before, PAGE)?;
        let Some(last) = rows.last() else { return Ok(all) };
        before = last.transition_no;
        all.extend(rows.iter().map(|row| {
            json!({ "at": iso(row.at), "segment_id": row.segment_id, "segment": names.get(&row.segment_id),
                    "entered": row.entered })
        }));
    }
}

fn requests(tx: &mut ReadTx<'_>, workspace: WorkspaceId, id: &str) -> Result<Vec<Value>, StoreError> {
    let rows = tx.requests_of_profile(workspace, id)?;
    let shown = rows.into_iter().map(|row| {
        json!({ "id": row.request_id, "kind": row.kind, "state": row.state,
                "received_at": iso(row.received_at), "details": parsed(&row.doc) })
    });
    Ok(shown.collect())
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
    color:#222}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #ddd}\
    table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{border:1px solid #ddd;padding:.3rem .5rem;\
    text-align:left;vertical-align:top;overflow-wrap:anywhere}pre{white-space:pre-wrap;margin:0}\
    details{margin:.3rem 0}summary{cursor:pointer}.soft{color:#666}";

/// Parts of the document, and what they are called in Vietnamese and English.
const PARTS: [(&str, &str, &str); 17] = [
    ("profile", "Hồ sơ", "Profile"),
    ("attributes", "Thông tin", "Attributes"),
    ("attribute_changes", "Thông tin đã thay đổi", "Changes of attributes"),
    ("lists", "Danh sách", "Lists"),
    ("consents", "Đồng ý và từ chối", "Consents"),
    ("devices", "Thiết bị nhận thông báo", "Devices that take notifications"),
    ("orders", "Đơn hàng", "Orders"),
    ("carts", "Giỏ hàng", "Carts"),
    ("lead", "Chăm sóc bán hàng", "With sales"),
    ("events", "Hoạt động", "Events"),
    ("messages", "Tin đã gửi", "Messages"),
    ("journeys", "Kịch bản", "Journeys"),
    ("segments", "Phân khúc", "Segments"),
    ("merges", "Hồ sơ đã gộp", "Joined profiles"),
    ("requests", "Yêu cầu về dữ liệu", "Requests about data"),
    ("restricted_since", "Hạn chế xử lý từ", "Processing restricted since"),
    ("shop", "Cửa hàng", "Shop"),
];

fn page(document: &Value, is_english: bool) -> Markup {
    let pick = |vietnamese: &'static str, english: &'static str| {
        if is_english { english } else { vietnamese }
    };
    html! {
        (DOCTYPE)
        html lang=(pick("vi", "en")) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (pick("Dữ liệu của bạn", "Your data")) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { (pick("Dữ liệu của bạn tại ", "Your data at ")) (text(&document["shop"])) }
                p.soft { (pick("Xuất lúc ", "Exported at ")) (text(&document["exported_at"])) }
                @for (key, vietnamese, english) in PARTS {
                    @if key != "shop" && !document[key].is_null() {
                        h2 { (pick(vietnamese, english)) }
                        (shown(&document[key], pick("Không có", "None")))
                    }
                }
            }
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn shown(value: &Value, none: &str) -> Markup {
    html! {
        @match value {
            Value::Array(items) if items.is_empty() => p.soft { (none) },
            Value::Object(fields) if fields.is_empty() => p.soft { (none) },
            Value::Array(items) => @for item in items {
                details { summary { (headline(item)) } (shown(item, none)) }
            },
            Value::Object(fields) => table {
                @for (name, value) in fields {
                    @if !value.is_null() { tr { th { (name) } td { (shown(value, none)) } } }
                }
            },
            other => pre { (text(other)) },
        }
    }
}

/// What stands for an item while it is folded: its instant and its name.
fn headline(item: &Value) -> String {
    let first = |names: &[&str]| names.iter().map(|name| text(&item[*name])).find(|text| !text.is_empty());
    let at = first(&["at", "decided_at", "started_at", "received_at", "placed_at"]);
    let name = first(&["name", "journey", "segment", "order_id", "channel", "kind", "reason", "id"]);
    let parts: Vec<String> = [at, name].into_iter().flatten().collect();
    if parts.is_empty() { item.to_string().chars().take(80).collect() } else { parts.join(" · ") }
}
