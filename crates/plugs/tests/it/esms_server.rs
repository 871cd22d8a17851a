//! A server that takes what eSMS takes, knows a request by its id, and refuses what eSMS would refuse.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http_server::{Answer, HttpServer, Request};

pub const API_KEY: &str = "ESMS-API-KEY";
pub const SECRET_KEY: &str = "esms-bi-mat";
pub const BRANDNAME: &str = "MAYBAKERY";

#[derive(Default)]
pub struct Esms {
    /// Customer care, as it came.
    pub care: Vec<Value>,
    /// Advertising, as it came.
    pub batches: Vec<Value>,
    /// `SMSID` by `RequestId`.
    pub by_request: BTreeMap<String, String>,
    /// What the next good messages are answered with. One that is lost on the way was taken all the same.
    pub script: VecDeque<Answer>,
    /// Of `GetSmsReceiverStatus_get`, by `SMSID`.
    pub fates: BTreeMap<String, Value>,
    /// What is answered instead, by `SMSID`.
    pub troubles: BTreeMap<String, Value>,
}

pub struct EsmsServer {
    pub http: HttpServer,
    pub esms: Arc<Mutex<Esms>>,
}

impl EsmsServer {
    pub async fn start() -> EsmsServer {
        let esms: Arc<Mutex<Esms>> = Arc::default();
        let shared = esms.clone();
        let http = HttpServer::judging(move |request| judged(request, &mut shared.lock().unwrap())).await;
        EsmsServer { http, esms }
    }
}

fn ok(body: Value) -> Answer {
    Answer::Full("200 OK", vec![], body.to_string())
}

fn fault(code: &str, message: &str) -> Answer {
    ok(json!({ "CodeResult": code, "CountRegenerate": 0, "ErrorMessage": message }))
}

fn judged(request: &Request, esms: &mut Esms) -> Answer {
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    if let Some(query) = path.strip_prefix("/MainService.svc/json/GetSmsReceiverStatus_get?") {
        if !request.line.starts_with("GET ") {
            return Answer::Full("405 Method Not Allowed", vec![], String::new());
        }
        let keys = format!("ApiKey={API_KEY}&SecretKey={SECRET_KEY}&RefId=");
        let Some(id) = query.strip_prefix(&keys) else { return fault("101", "Authorize Failed") };
        if let Some(trouble) = esms.troubles.get(id) {
            return ok(trouble.clone());
        }
        return match esms.fates.get(id) {
            Some(list) => ok(json!({ "CodeResult": "100", "ReceiverList": list })),
            None => fault("105", "RefId not exist"),
        };
    }
    if !request.line.starts_with("POST ") || request.header("content-type") != Some("application/json") {
        return Answer::Full("400 Bad Request", vec![], String::new());
    }
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return ok(json!({ "error": "Invalid request" }));
    };
    let is_known = body["ApiKey"] == API_KEY && body["SecretKey"] == SECRET_KEY;
    match path {
        "/MainService.svc/json/GetBalance_json" if is_known => {
            ok(json!({ "Balance": 36693, "CodeResponse": "100", "UserID": 9999 }))
        }
        "/MainService.svc/json/GetBalance_json" => {
            ok(json!({ "Balance": 0, "CodeResponse": "101", "ErrorMessage": "Authorize Failed" }))
        }
        _ if !is_known => fault("101", "Authorize Failed"),
        "/MainService.svc/json/SendMultipleMessage_V4_post_json/" => care(&body, esms),
        "/MainService.svc/json/SendMultipleSMSBrandname_json/" => advertising(&body, esms),
        _ => Answer::Full("404 Not Found", vec![], String::new()),
    }
}

/// All fields are texts, but for the list of numbers, and none is unknown.
fn is_malformed(body: &Value, own: &[&str]) -> bool {
    let common =
        ["ApiKey", "SecretKey", "Content", "Brandname", "SmsType", "RequestId", "Sandbox", "campaignid"];
    !body.as_object().is_some_and(|fields| {
        fields.iter().all(|(name, value)| {
            (common.contains(&name.as_str()) || own.contains(&name.as_str()))
                && (value.is_string() || name == "Phones")
        })
    })
}

fn fault_of(body: &Value, kind: &str) -> Option<Answer> {
    let word = |name: &str| body[name].as_str().unwrap_or_default();
    if word("SmsType").is_empty() {
        return Some(fault("300", "SmsType is missing"));
    }
    if word("SmsType") != kind {
        return Some(fault("118", "SmsType is not supported"));
    }
    if word("Brandname") != BRANDNAME {
        return Some(fault("104", "Brand name code is not exist"));
    }
    let is_bad = word("Content").is_empty() || !(1..=50).contains(&word("RequestId").chars().count());
    (is_bad || !matches!(word("Sandbox"), "" | "0" | "1")).then(|| ok(json!({ "error": "Invalid request" })))
}

fn is_phone(number: &str) -> bool {
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    digits
        && (number.starts_with("84") && number.len() == 11 || number.starts_with('0') && number.len() == 10)
}

fn care(body: &Value, esms: &mut Esms) -> Answer {
    if is_malformed(body, &["Phone", "IsUnicode", "CallbackUrl"]) {
        return ok(json!({ "error": "Invalid request" }));
    }
    if let Some(fault) = fault_of(body, "2") {
        return fault;
    }
    let text = body["Content"].as_str().unwrap();
    // Letters beyond ASCII that are not announced arrive as question marks.
    if !text.is_ascii() && body["IsUnicode"] != "1" {
        return fault("146", "Sai template Brandname CSKH");
    }
    if !is_phone(body["Phone"].as_str().unwrap_or_default()) {
        return fault("108", &format!("Phone {} is not valid", body["Phone"]));
    }
    if body["CallbackUrl"].as_str().is_some_and(|url| !url.starts_with("https://")) {
        return ok(json!({ "error": "Invalid request" }));
    }
    taken(body, esms, false)
}

fn advertising(body: &Value, esms: &mut Esms) -> Answer {
    if is_malformed(body, &["Phones"]) {
        return ok(json!({ "error": "Invalid request" }));
    }
    if let Some(fault) = fault_of(body, "1") {
        return fault;
    }
    let Some(phones) = body["Phones"].as_array() else { return fault("108", "Phones are missing") };
    let numbers: BTreeSet<&str> =
        phones.iter().filter_map(Value::as_str).filter(|number| is_phone(number)).collect();
    if numbers.len() < 30 {
        return fault("107", "Each request has at least 30 numbers to be approved");
    }
    if phones.len() > 5_000 {
        return fault("120", "The list is over the limit");
    }
    taken(body, esms, true)
}

fn taken(body: &Value, esms: &mut Esms, is_batch: bool) -> Answer {
    let request = body["RequestId"].as_str().unwrap().to_owned();
    let script = esms.script.pop_front();
    if let Some(answer @ Answer::Full(..)) = script {
        return answer;
    }
    if esms.by_request.contains_key(&request) {
        let body = json!({ "CodeResult": "124", "CountRegenerate": 0, "ErrorMessage": "Request exist 1", "SendStatus": "5" });
        return script.unwrap_or_else(|| ok(body));
    }
    let id = format!("d533459ee42b2b9525ba{:04}", esms.by_request.len() + 1);
    esms.by_request.insert(request, id.clone());
    if is_batch {
        esms.batches.push(body.clone())
    } else {
        esms.care.push(body.clone())
    }
    match script {
        Some(lost) => lost,
        None => ok(json!({ "CodeResult": "100", "CountRegenerate": 0, "SMSID": id })),
    }
}
