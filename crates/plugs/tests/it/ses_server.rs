//! A server that takes what Amazon SES takes: it computes the signature of each request by itself.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::http_server::{Answer, HttpServer, Request};

pub const KEY_ID: &str = "AKIATEST";
pub const SECRET: &str = "bi/mat+cua/tiem";
pub const REGION: &str = "ap-southeast-1";

pub struct SesServer {
    pub http: HttpServer,
    /// The messages that were taken: the raw mail and the request.
    pub taken: Arc<Mutex<Vec<(String, Value)>>>,
}

impl SesServer {
    /// `answer`: what a good message is answered with, instead of taking it.
    pub async fn start(answer: Option<Answer>) -> SesServer {
        let taken: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let list = taken.clone();
        let http = HttpServer::judging(move |request| judged(request, answer.as_ref(), &list)).await;
        SesServer { http, taken }
    }
}

fn fault(status: &'static str, error: &str, message: &str) -> Answer {
    let headers = vec![
        format!("x-amzn-ErrorType: {error}:http://internal.amazon.com/coral/com.amazonaws.ses/"),
        "Date: Tue, 14 Nov 2023 22:13:20 GMT".into(),
    ];
    Answer::Full(status, headers, json!({ "message": message }).to_string())
}

fn judged(request: &Request, answer: Option<&Answer>, taken: &Mutex<Vec<(String, Value)>>) -> Answer {
    let mut line = request.line.split(' ');
    let (method, path) = (line.next().unwrap(), line.next().unwrap());
    if request.header("authorization").is_none() {
        return fault("403 Forbidden", "MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    if let Err(why) = check_signature(request, method, path) {
        return fault("403 Forbidden", "InvalidSignatureException", &why);
    }
    match (method, path) {
        ("GET", "/v2/email/account") => {
            let account = json!({
                "EnforcementStatus": "HEALTHY", "ProductionAccessEnabled": true, "SendingEnabled": true,
                "SendQuota": { "Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 12.0 },
            });
            Answer::Full("200 OK", vec![], account.to_string())
        }
        ("POST", "/v2/email/outbound-emails") => {
            let bad = |message: &str| fault("400 Bad Request", "BadRequestException", message);
            let Ok(told) = serde_json::from_slice::<Value>(&request.body) else { return bad("no JSON") };
            let known = [
                "FromEmailAddress",
                "Destination",
                "Content",
                "ConfigurationSetName",
                "EmailTags",
                "FeedbackForwardingEmailAddress",
            ];
            if told.as_object().unwrap().keys().any(|name| !known.contains(&name.as_str())) {
                return bad("an unknown field");
            }
            let raw = told["Content"]["Raw"]["Data"].as_str().and_then(|data| STANDARD.decode(data).ok());
            let Some(raw) = raw.and_then(|raw| String::from_utf8(raw).ok()) else {
                return bad("no raw message");
            };
            if told["Destination"]["ToAddresses"].as_array().is_none_or(|to| to.len() != 1) {
                return bad("no recipient");
            }
            if !raw.contains("\r\nSubject: ") || !raw.contains("\r\n\r\n") || raw.contains("DKIM-Signature") {
                return bad("not the mail that SES wants");
            }
            if let Some(answer) = answer {
                return answer.clone();
            }
            taken.lock().unwrap().push((raw, told));
            let id = json!({ "MessageId": "010001234567-aaaa" });
            Answer::Full("200 OK", vec![], id.to_string())
        }
        _ => fault("404 Not Found", "UnknownOperationException", ""),
    }
}

fn check_signature(request: &Request, method: &str, path: &str) -> Result<(), String> {
    let told = request.header("authorization").unwrap();
    let told = told.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("another algorithm")?;
    let part = |name: &str| {
        let mut parts = told.split(", ");
        parts
            .find_map(|part| part.strip_prefix(&format!("{name}=")))
            .map(str::to_owned)
            .ok_or(format!("no {name}"))
    };
    let (credential, names, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let at = request.header("x-amz-date").ok_or("no x-amz-date")?;
    let scope = format!("{}/{REGION}/ses/aws4_request", &at[..8]);
    if credential != format!("{KEY_ID}/{scope}") {
        return Err(format!("the scope is {credential}"));
    }
    if !names.split(';').any(|name| name == "host") || !names.split(';').any(|name| name == "x-amz-date") {
        return Err("host and x-amz-date are to be signed".into());
    }
    if request.header("content-type").is_some() && !names.contains("content-type") {
        return Err("content-type is to be signed".into());
    }
    let mut canonical = format!("{method}\n{path}\n\n");
    for name in names.split(';') {
        canonical += &format!("{name}:{}\n", request.header(name).ok_or(format!("no {name}"))?.trim());
    }
    canonical += &format!("\n{names}\n{}", hex(&Sha256::digest(&request.body)));
    let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let day = mac(format!("AWS4{SECRET}").as_bytes(), &at[..8]);
    let key = mac(&mac(&mac(&day, REGION), "ses"), "aws4_request");
    let expect = hex(&mac(&key, &text));
    if expect == signature {
        Ok(())
    } else {
        Err("The request signature we calculated does not match".into())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
