//! Zalo: its authorisation, messages and templates. It refuses what Zalo would, and writes down what no program that
//! has read the documents would send.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::http_server::{Answer, HttpServer, Request};

pub const APP_ID: &str = "4242";
pub const APP_SECRET: &str = "bi-mat-cua-ung-dung";
pub const OA_ID: &str = "777000777";

#[derive(Default)]
pub struct State {
    access_token: String,
    refresh_token: String,
    used: BTreeSet<String>,
    issued: u32,
    /// Codes that were not taken yet, with their challenges.
    pub codes: Vec<(String, String)>,
    /// Refresh tokens that came a second time.
    pub used_twice: u32,
    pub renewals: u32,
    /// What a refresh token is answered with, after it was used up.
    pub answer_renewals: Option<Answer>,
    /// What the token endpoint says before it looks at anything.
    pub refuse_tokens: Option<Answer>,
    /// What messages are answered with instead of being taken; the first one first.
    pub answer_messages: Vec<Answer>,
    /// Whether that goes on for good.
    pub answers_stay: bool,
    pub messages: Vec<(String, Value)>,
    /// What no request should be like.
    pub faults: Vec<String>,
    remaining: i64,
}

impl State {
    /// The access token is no longer good.
    pub fn expire(&mut self) {
        self.access_token = "over".into();
    }

    fn issue(&mut self) -> Answer {
        self.issued += 1;
        self.access_token = format!("access-{}", self.issued);
        self.refresh_token = format!("refresh-{}", self.issued);
        said(
            json!({ "access_token": self.access_token, "refresh_token": self.refresh_token, "expires_in": "90000" }),
        )
    }
}

pub struct ZaloServer {
    pub state: Arc<Mutex<State>>,
    http: HttpServer,
}

pub fn said(value: Value) -> Answer {
    Answer::Full("200 OK", vec!["content-type: application/json".into()], value.to_string())
}

pub fn error(code: i64) -> Answer {
    said(json!({ "error": code, "message": format!("said {code}") }))
}

impl ZaloServer {
    pub async fn start() -> ZaloServer {
        let state = Arc::new(Mutex::new(State { remaining: 500, ..State::default() }));
        let own = state.clone();
        let http = HttpServer::judging(move |request| answer(&mut own.lock().unwrap(), request)).await;
        ZaloServer { state, http }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.http.address)
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.http.requests.lock().unwrap().len()
    }
}

/// A code as it would be brought back, for a challenge.
pub fn grant_code(state: &mut State, challenge: &str) -> String {
    let code = format!("code-{}", state.codes.len());
    state.codes.push((code.clone(), challenge.to_owned()));
    code
}

fn fault(state: &mut State, what: impl Into<String>) -> Answer {
    let what = what.into();
    state.faults.push(what.clone());
    Answer::Full("400 Bad Request", vec![], what)
}

fn answer(state: &mut State, request: &Request) -> Answer {
    let mut line = request.line.split(' ');
    let (method, target) = (line.next().unwrap().to_owned(), line.next().unwrap().to_owned());
    let url = Url::parse(&format!("http://zalo{target}")).unwrap();
    match (method.as_str(), url.path()) {
        ("POST", "/v4/oa/access_token") => tokens(state, request),
        ("POST", "/message/template") => message(state, request, template),
        ("POST", "/v3.0/oa/message/cs" | "/v3.0/oa/message/transaction" | "/v3.0/oa/message/promotion") => {
            message(state, request, own_message)
        }
        ("GET", "/message/quota") => reading(
            state,
            request,
            |state| json!({ "dailyQuota": "500", "remainingQuota": state.remaining.to_string() }),
        ),
        ("GET", "/template/all") => {
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            let number = |name: &str| pairs.iter().find(|(own, _)| own == name)?.1.parse::<usize>().ok();
            let (Some(offset), Some(limit)) = (number("offset"), number("limit")) else {
                return fault(state, "templates without offset or limit");
            };
            if limit > 100 {
                return error(-132);
            }
            if request.header("access_token") != Some(&state.access_token) {
                return error(-124);
            }
            let all = [
                json!({"templateId": 320131, "templateName": "Đơn hàng", "createdTime": 1_700_000_000_000_i64, "status": "ENABLE", "templateQuality": "HIGH"}),
                json!({"templateId": 320132, "templateName": "Chờ duyệt", "createdTime": 1_700_000_000_000_i64, "status": "PENDING_REVIEW", "templateQuality": "UNDEFINED"}),
            ];
            let page: Vec<&Value> = all.iter().skip(offset).take(limit).collect();
            said(
                json!({ "error": 0, "message": "Success", "data": page, "metadata": { "total": all.len() } }),
            )
        }
        ("GET", "/template/info/v2") => {
            if url.query() != Some("template_id=320131") {
                return error(-109);
            }
            reading(state, request, |_| {
                let parameter = |name: &str, most: u32| json!({"name": name, "require": true, "type": "STRING", "maxLength": most, "minLength": 0, "acceptNull": false});
                json!({
                    "templateId": "320131", "templateName": "Đơn hàng", "status": "ENABLE", "templateTag": "TRANSACTION",
                    "previewUrl": "https://zalo.example/p", "listParams": [parameter("customer_name", 10), parameter("order_code", 30)],
                })
            })
        }
        _ => fault(state, request.line.clone()),
    }
}

fn tokens(state: &mut State, request: &Request) -> Answer {
    if let Some(answer) = &state.refuse_tokens {
        return answer.clone();
    }
    if request.header("content-type") != Some("application/x-www-form-urlencoded") {
        return fault(state, "tokens are asked for by a form");
    }
    if request.header("secret_key") != Some(APP_SECRET) {
        return said(
            json!({"error": -14004, "error_name": "Invalid secret key", "error_description": "Secret key is invalid"}),
        );
    }
    let body = String::from_utf8(request.body.clone()).unwrap();
    let form: Vec<(String, String)> =
        Url::parse(&format!("http://form/?{body}")).unwrap().query_pairs().into_owned().collect();
    let field =
        |name: &str| form.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value).to_owned();
    if field("app_id") != APP_ID {
        return said(json!({"error": -14002, "error_name": "Invalid app id"}));
    }
    match (field("grant_type").as_str(), form.len()) {
        ("refresh_token", 3) => {
            let token = field("refresh_token");
            if token != state.refresh_token {
                state.used_twice += u32::from(state.used.contains(&token));
                return said(
                    json!({"error": -14014, "error_name": "Invalid refresh token", "error_description": "Refresh token is invalid"}),
                );
            }
            state.renewals += 1;
            state.used.insert(token);
            let issued = state.issue();
            state.answer_renewals.take().unwrap_or(issued)
        }
        ("authorization_code", 4) => {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier").as_bytes()));
            let code = (field("code"), challenge);
            match state.codes.iter().position(|known| *known == code) {
                Some(at) if field("code_verifier").len() >= 43 => {
                    state.codes.remove(at);
                    state.issue()
                }
                _ => said(json!({"error": -14012, "error_name": "Invalid authorization code"})),
            }
        }
        _ => fault(state, format!("a form of {form:?}")),
    }
}

fn reading(state: &mut State, request: &Request, data: impl Fn(&State) -> Value) -> Answer {
    if request.header("access_token") != Some(&state.access_token) {
        return error(-124);
    }
    said(json!({ "error": 0, "message": "Success", "data": data(state) }))
}

fn message(state: &mut State, request: &Request, check: fn(&Value) -> Result<Option<i64>, String>) -> Answer {
    let kind = request.header("content-type").unwrap_or_default();
    if kind != "application/json" || request.header("authorization").is_some() {
        return fault(state, "messages are JSON, with the token in a header of its own");
    }
    let path = request.line.split(' ').nth(1).unwrap().to_owned();
    if !state.answer_messages.is_empty() {
        return match state.answers_stay {
            true => state.answer_messages[0].clone(),
            false => state.answer_messages.remove(0),
        };
    }
    if request.header("access_token") != Some(&state.access_token) {
        return error(if path == "/message/template" { -124 } else { -216 });
    }
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else { return fault(state, "no JSON") };
    match check(&body) {
        Err(what) => return fault(state, format!("{path}: {what}")),
        Ok(Some(code)) => return error(code),
        Ok(None) => {}
    }
    state.remaining -= 1;
    state.messages.push((path.clone(), body));
    let id = format!("zalo-{}", state.messages.len());
    said(match path.as_str() {
        "/message/template" => json!({"error": 0, "message": "Success", "data": {
            "msg_id": id, "sent_time": "1700000000402", "sending_mode": null,
            "quota": {"dailyQuota": "500", "remainingQuota": state.remaining.to_string()},
        }}),
        _ => json!({"error": 0, "message": "Success", "data": {"message_id": id, "user_id": "555"}}),
    })
}

/// The number that Zalo would refuse it with; an error for what is no such message at all.
fn template(body: &Value) -> Result<Option<i64>, String> {
    let fields = body.as_object().ok_or("an object")?;
    let known = ["phone", "user_id", "template_id", "template_data", "tracking_id", "mode", "sending_mode"];
    if let Some(odd) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("a field {odd}"));
    }
    let digits =
        |text: &str, least: usize| text.len() >= least && text.bytes().all(|byte| byte.is_ascii_digit());
    match (body["phone"].as_str(), body["user_id"].as_str()) {
        (Some(phone), None) if phone.starts_with("84") && digits(phone, 11) => {}
        (Some(_), None) => return Ok(Some(-108)),
        (None, Some(user)) if digits(user, 3) => {}
        _ => return Err("a phone or a user".into()),
    }
    let tracking = body["tracking_id"].as_str().ok_or("no tracking id")?;
    if tracking.is_empty()
        || tracking.len() > 48
        || tracking.contains(|c: char| !c.is_ascii_alphanumeric() && c != '-')
    {
        return Err(format!("the tracking id {tracking}"));
    }
    if fields.get("mode").is_some_and(|mode| mode != "development") {
        return Err("the mode".into());
    }
    if fields.get("sending_mode").is_some_and(|mode| mode != "1" && mode != "3") {
        return Err("the sending mode".into());
    }
    if body["template_id"] != "320131" {
        return Ok(Some(-109));
    }
    let data = body["template_data"].as_object().ok_or("no data")?;
    for (name, most) in [("customer_name", 10), ("order_code", 30)] {
        let Some(value) = data.get(name) else { return Ok(Some(-1122)) };
        let value = value.as_str().ok_or("values are texts")?;
        if value.contains(['\u{300}', '\u{301}', '\u{323}']) {
            return Err("decomposed letters".into());
        }
        if value.chars().count() > most {
            return Ok(Some(-1121));
        }
    }
    Ok(None)
}

fn own_message(body: &Value) -> Result<Option<i64>, String> {
    let fields = body.as_object().ok_or("an object")?;
    if fields.keys().any(|name| name != "recipient" && name != "message") {
        return Err("a field too many".into());
    }
    body["recipient"]["user_id"].as_str().ok_or("no user")?;
    if body["message"]["text"].is_string() {
        return Ok(None);
    }
    let attachment = &body["message"]["attachment"];
    let payload = &attachment["payload"];
    if attachment["type"] != "template"
        || payload["language"] != "VI"
        || !payload["template_type"].is_string()
    {
        return Err("the attachment".into());
    }
    for element in payload["elements"].as_array().ok_or("no elements")? {
        let long = |value: &Value, most: usize| value.as_str().is_none_or(|text| text.chars().count() > most);
        let bad = match element["type"].as_str().unwrap_or_default() {
            "banner" => !element["image_url"].is_string(),
            "header" => long(&element["content"], 100),
            "text" => long(&element["content"], 1_000) || !element["align"].is_string(),
            "table" => element["content"].as_array().is_none_or(|rows| {
                rows.len() > 5 || rows.iter().any(|row| long(&row["key"], 25) || long(&row["value"], 100))
            }),
            _ => true,
        };
        if bad {
            return Ok(Some(-201));
        }
    }
    Ok(None)
}
