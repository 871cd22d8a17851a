//! A server that takes what SendGrid takes, and refuses what it would refuse.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http_server::{Answer, HttpServer, Request};

pub const API_KEY: &str = "SG.bi-mat.cua-tiem";

pub struct SendgridServer {
    pub http: HttpServer,
    pub taken: Arc<Mutex<Vec<Value>>>,
}

impl SendgridServer {
    /// `answer`: what a good message is answered with, instead of taking it.
    pub async fn start(answer: Option<Answer>) -> SendgridServer {
        let taken: Arc<Mutex<Vec<Value>>> = Arc::default();
        let list = taken.clone();
        let http = HttpServer::judging(move |request| judged(request, answer.as_ref(), &list)).await;
        SendgridServer { http, taken }
    }
}

fn fault(status: &'static str, message: &str, field: Option<&str>) -> Answer {
    let body = json!({ "errors": [{ "message": message, "field": field, "help": null }] });
    Answer::Full(status, vec![], body.to_string())
}

const RESERVED: [&str; 14] = [
    "x-sg-id",
    "x-sg-eid",
    "received",
    "dkim-signature",
    "content-type",
    "content-transfer-encoding",
    "to",
    "from",
    "subject",
    "reply-to",
    "cc",
    "bcc",
    "date",
    "return-path",
];

fn judged(request: &Request, answer: Option<&Answer>, taken: &Mutex<Vec<Value>>) -> Answer {
    if request.header("authorization") != Some(&format!("Bearer {API_KEY}")) {
        return fault(
            "401 Unauthorized",
            "The provided authorization grant is invalid, expired, or revoked",
            None,
        );
    }
    match request.line.as_str() {
        "GET /v3/scopes HTTP/1.1" => {
            Answer::Full("200 OK", vec![], json!({ "scopes": ["alerts.read", "mail.send"] }).to_string())
        }
        "POST /v3/mail/send HTTP/1.1" => {
            let bad = |message: &str, field: &str| fault("400 Bad Request", message, Some(field));
            if request.header("content-type") != Some("application/json") {
                return fault("415 Unsupported Media Type", "Content-Type should be application/json.", None);
            }
            let Ok(told) = serde_json::from_slice::<Value>(&request.body) else {
                return bad("Bad Request", "");
            };
            let known = [
                "personalizations",
                "from",
                "reply_to",
                "subject",
                "content",
                "headers",
                "tracking_settings",
            ];
            if let Some(name) = told.as_object().unwrap().keys().find(|name| !known.contains(&name.as_str()))
            {
                return bad("Invalid parameter", name);
            }
            let address = |value: &Value| value["email"].as_str().is_some_and(|email| email.contains('@'));
            if !address(&told["from"]) {
                return bad("The from object must be provided for every email send.", "from.email");
            }
            let first = &told["personalizations"][0];
            if !address(&first["to"][0]) {
                return bad("Does not contain a valid address.", "personalizations.0.to.0.email");
            }
            if first["custom_args"]
                .as_object()
                .is_none_or(|args| args.values().any(|value| !value.is_string()))
            {
                return bad("custom_args are strings", "personalizations.0.custom_args");
            }
            let parts = told["content"].as_array().cloned().unwrap_or_default();
            let kinds: Vec<&str> = parts.iter().filter_map(|part| part["type"].as_str()).collect();
            if !matches!(kinds.as_slice(), ["text/plain"] | ["text/html"] | ["text/plain", "text/html"])
                || parts.iter().any(|part| part["value"].as_str().unwrap_or_default().is_empty())
            {
                return bad(
                    "The content value must be a string at least one character in length.",
                    "content.0.value",
                );
            }
            for (name, value) in told["headers"].as_object().unwrap() {
                if RESERVED.contains(&name.to_ascii_lowercase().as_str()) || !value.is_string() {
                    return bad("The headers parameter must not contain a reserved key.", "headers");
                }
            }
            if let Some(answer) = answer {
                return answer.clone();
            }
            taken.lock().unwrap().push(told);
            Answer::Full("202 Accepted", vec!["X-Message-Id: LRzXl_NHStOGhQ4kofSm_A".into()], String::new())
        }
        _ => fault("404 Not Found", "Not Found", None),
    }
}
