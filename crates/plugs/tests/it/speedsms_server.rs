//! A server that takes what SpeedSMS takes, and refuses what it would refuse.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http_server::{Answer, HttpServer, Request};

pub const TOKEN: &str = "speed-bi-mat";

pub struct SpeedsmsServer {
    pub http: HttpServer,
    pub taken: Arc<Mutex<Vec<Value>>>,
}

impl SpeedsmsServer {
    /// `answer`: what a good message is answered with; one that is lost on the way was taken all the same.
    pub async fn start(answer: Option<Answer>) -> SpeedsmsServer {
        let taken: Arc<Mutex<Vec<Value>>> = Arc::default();
        let list = taken.clone();
        let http = HttpServer::judging(move |request| judged(request, answer.as_ref(), &list)).await;
        SpeedsmsServer { http, taken }
    }
}

fn ok(body: &Value) -> Answer {
    Answer::Full("200 OK", vec![], body.to_string())
}

pub fn fault(code: &str, message: &str) -> Answer {
    ok(&json!({ "status": "error", "code": code, "message": message }))
}

fn judged(request: &Request, answer: Option<&Answer>, taken: &Mutex<Vec<Value>>) -> Answer {
    if request.header("authorization") != Some(&format!("Basic {}", STANDARD.encode(format!("{TOKEN}:x")))) {
        let body = json!({ "name": "Unauthorized", "message": "You are requesting with an invalid credential.", "status": 401 });
        return Answer::Full("401 Unauthorized", vec![], body.to_string());
    }
    if request.line == "GET /index.php/user/info HTTP/1.1" {
        let data = json!({ "email": "shop@may.example", "balance": "125000", "currency": "VND" });
        return ok(&json!({ "status": "success", "code": "00", "data": data }));
    }
    if request.line != "POST /index.php/sms/send HTTP/1.1"
        || request.header("content-type") != Some("application/json")
    {
        return Answer::Full("404 Not Found", vec![], String::new());
    }
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return fault("101", "Invalid parameters");
    };
    let fields: BTreeSet<&str> =
        body.as_object().map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default();
    let kind = body["sms_type"].as_u64().unwrap_or_default();
    let sender = body["sender"].as_str();
    let is_complete = fields == BTreeSet::from(["content", "sender", "sms_type", "to"])
        && (1..=5).contains(&kind)
        && sender.is_some();
    if !is_complete || body["content"].as_str().is_none_or(str::is_empty) || kind == 3 && sender == Some("") {
        return fault("101", "Invalid or missing parameters");
    }
    let Some([to]) = body["to"].as_array().map(Vec::as_slice) else {
        return fault("105", "Phone number invalid");
    };
    let to = to.as_str().unwrap_or_default();
    if !to.starts_with("84") || to.len() != 11 || !to.bytes().all(|b| b.is_ascii_digit()) {
        return fault("105", &format!("Phone number invalid: {to}"));
    }
    match answer {
        Some(answer @ Answer::Full(..)) => answer.clone(),
        _ => {
            taken.lock().unwrap().push(body);
            let data = json!({ "tranId": 1_000_000 + taken.lock().unwrap().len(), "totalSMS": 1, "totalPrice": 250, "invalidPhone": [] });
            answer.cloned().unwrap_or_else(|| ok(&json!({ "status": "success", "code": "00", "data": data })))
        }
    }
}
