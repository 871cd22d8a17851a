//! A server that takes what Mailgun takes, and refuses what it would refuse.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::http_server::{Answer, HttpServer, Request};

pub const API_KEY: &str = "key-bi-mat-cua-tiem";
pub const DOMAIN: &str = "mg.may.example";

/// The fields of a form, by name.
pub type Form = Vec<(String, String)>;

pub struct MailgunServer {
    pub http: HttpServer,
    pub taken: Arc<Mutex<Vec<Form>>>,
}

impl MailgunServer {
    /// `answer`: what a good message is answered with, instead of taking it.
    pub async fn start(answer: Option<Answer>) -> MailgunServer {
        let taken: Arc<Mutex<Vec<Form>>> = Arc::default();
        let list = taken.clone();
        let http = HttpServer::judging(move |request| judged(request, answer.as_ref(), &list)).await;
        MailgunServer { http, taken }
    }
}

fn fault(status: &'static str, message: &str) -> Answer {
    Answer::Full(status, vec![], json!({ "message": message }).to_string())
}

fn judged(request: &Request, answer: Option<&Answer>, taken: &Mutex<Vec<Form>>) -> Answer {
    let basic = format!("Basic {}", STANDARD.encode(format!("api:{API_KEY}")));
    if request.header("authorization") != Some(&basic) {
        return Answer::Full("401 Unauthorized", vec![], "Forbidden".into());
    }
    if request.line == format!("GET /v3/domains/{DOMAIN} HTTP/1.1") {
        let domain = json!({ "domain": { "name": DOMAIN, "state": "active" } });
        return Answer::Full("200 OK", vec![], domain.to_string());
    }
    if request.line != format!("POST /v3/{DOMAIN}/messages.mime HTTP/1.1") {
        return fault("404 Not Found", "Domain not found");
    }
    let Some(form) = form_of(request) else { return fault("400 Bad Request", "the form is malformed") };
    let field = |name: &str| form.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    if !field("to").is_some_and(|to| to.contains('@')) {
        return fault("400 Bad Request", "'to' parameter is not a valid address. please check documentation");
    }
    let Some(message) = field("message") else {
        return fault("400 Bad Request", "Need a 'message' parameter with the MIME");
    };
    if !message.contains("\r\n\r\n") || !message.contains("\r\nMessage-ID: <") {
        return fault("400 Bad Request", "the message is no MIME");
    }
    let known =
        |name: &str| matches!(name, "to" | "message") || name.starts_with("o:") || name.starts_with("v:");
    if form.iter().any(|(name, _)| !known(name)) {
        return fault("400 Bad Request", "an unknown parameter");
    }
    if let Some(answer) = answer {
        return answer.clone();
    }
    let id = message.split("\r\nMessage-ID: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
    taken.lock().unwrap().push(form);
    Answer::Full("200 OK", vec![], json!({ "id": id, "message": "Queued. Thank you." }).to_string())
}

fn form_of(request: &Request) -> Option<Form> {
    let boundary = request.header("content-type")?.strip_prefix("multipart/form-data; boundary=")?;
    let body = std::str::from_utf8(&request.body).ok()?;
    let body = body.strip_suffix(&format!("\r\n--{boundary}--\r\n"))?;
    let mut form = Vec::new();
    for part in format!("\r\n{body}").split(&format!("\r\n--{boundary}\r\n")).skip(1) {
        let (head, value) = part.split_once("\r\n\r\n")?;
        let name = head.split("name=\"").nth(1)?.split('"').next()?;
        form.push((name.to_owned(), value.to_owned()));
    }
    Some(form)
}
