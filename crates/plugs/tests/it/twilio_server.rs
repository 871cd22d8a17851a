//! A server that takes what Twilio takes, and refuses what it would refuse.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::http_server::{Answer, HttpServer, Request};

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const TOKEN: &str = "12345";

/// The fields of a form, by name.
pub type Form = Vec<(String, String)>;

pub struct TwilioServer {
    pub http: HttpServer,
    pub taken: Arc<Mutex<Vec<Form>>>,
}

impl TwilioServer {
    /// `answer`: what a good message is answered with; one that is lost on the way was taken all the same.
    pub async fn start(answer: Option<Answer>) -> TwilioServer {
        let taken: Arc<Mutex<Vec<Form>>> = Arc::default();
        let list = taken.clone();
        let http = HttpServer::judging(move |request| judged(request, answer.as_ref(), &list)).await;
        TwilioServer { http, taken }
    }
}

pub fn fault(status: &'static str, code: u32, message: &str) -> Answer {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    let number: u16 = status[..3].parse().unwrap();
    let body = json!({ "code": code, "message": message, "more_info": more, "status": number });
    Answer::Full(status, vec![], body.to_string())
}

/// `%XX` and `+`, strictly.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn form_of(body: &[u8]) -> Option<Form> {
    let body = std::str::from_utf8(body).ok()?;
    body.split('&')
        .map(|pair| pair.split_once('='))
        .map(|pair| {
            let (name, value) = pair?;
            Some((decoded(name)?, decoded(value)?))
        })
        .collect()
}

fn judged(request: &Request, answer: Option<&Answer>, taken: &Mutex<Vec<Form>>) -> Answer {
    let basic = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
    if request.header("authorization") != Some(&basic) {
        return fault("401 Unauthorized", 20003, "Authenticate");
    }
    if request.line == format!("GET /2010-04-01/Accounts/{ACCOUNT}/Balance.json HTTP/1.1") {
        let body = json!({ "account_sid": ACCOUNT, "balance": "12.34", "currency": "USD" });
        return Answer::Full("200 OK", vec![], body.to_string());
    }
    let is_form = request.header("content-type") == Some("application/x-www-form-urlencoded");
    if request.line != format!("POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1") || !is_form {
        return fault("404 Not Found", 20404, "The requested resource was not found");
    }
    let Some(form) = form_of(&request.body) else {
        return fault("400 Bad Request", 20001, "the form is malformed");
    };
    let field = |name: &str| {
        form.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let known = ["To", "From", "MessagingServiceSid", "Body", "StatusCallback"];
    if form.iter().any(|(name, _)| !known.contains(&name.as_str())) {
        return fault("400 Bad Request", 20001, "an unknown parameter");
    }
    if field("Body").is_empty() {
        return fault("400 Bad Request", 21602, "Message body is required.");
    }
    if field("From").is_empty() == field("MessagingServiceSid").is_empty() {
        return fault("400 Bad Request", 21603, "A 'From' phone number is required.");
    }
    let is_number =
        field("To").strip_prefix('+').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    if !is_number {
        return fault("400 Bad Request", 21211, &format!("Invalid 'To' Phone Number: {}", field("To")));
    }
    match answer {
        Some(answer @ Answer::Full(..)) => answer.clone(),
        _ => {
            taken.lock().unwrap().push(form);
            let sid = format!("SM{:032}", taken.lock().unwrap().len());
            let body = json!({ "sid": sid, "status": "queued", "error_code": null });
            answer.cloned().unwrap_or_else(|| Answer::Full("201 Created", vec![], body.to_string()))
        }
    }
}
