//! A server that takes what Stringee takes: it reads the token as Stringee would.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use crate::http_server::{Answer, HttpServer, Request};

pub const KEY_SID: &str = "SK.0.tiemmay";
pub const KEY_SECRET: &str = "stringee-bi-mat";
/// What the clock of this server says: the instant of the tests' attempts, in seconds.
const NOW_S: i64 = 1_700_000_000;

pub struct StringeeServer {
    pub http: HttpServer,
    pub taken: Arc<Mutex<Vec<Value>>>,
}

impl StringeeServer {
    /// `answer`: what a good message is answered with; one that is lost on the way was taken all the same.
    pub async fn start(answer: Option<Answer>) -> StringeeServer {
        let taken: Arc<Mutex<Vec<Value>>> = Arc::default();
        let list = taken.clone();
        let http = HttpServer::judging(move |request| judged(request, answer.as_ref(), &list)).await;
        StringeeServer { http, taken }
    }
}

/// Why a token is not believed; nothing when it is.
fn doubt(token: &str) -> Option<&'static str> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Some("three parts") };
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let (Some(header_told), Some(told)) = (read(header), read(claims)) else { return Some("JSON") };
    if header_told != json!({ "typ": "JWT", "alg": "HS256", "cty": "stringee-api;v=1" }) {
        return Some("the header");
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY_SECRET.as_bytes());
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    if hmac::verify(&key, format!("{header}.{claims}").as_bytes(), &signature).is_err() {
        return Some("the signature");
    }
    let expires = told["exp"].as_i64().unwrap_or_default();
    let is_own = told["iss"] == KEY_SID
        && told["jti"].as_str().is_some_and(|jti| jti.starts_with(&format!("{KEY_SID}_")))
        && told["rest_api"] == true;
    (!is_own || !(NOW_S..=NOW_S + 3_600).contains(&expires)).then_some("the claims")
}

fn ok(body: &Value) -> Answer {
    Answer::Full("200 OK", vec![], body.to_string())
}

pub fn refusal(code: i64, message: &str) -> Answer {
    ok(&json!({ "smsSent": "0", "result": [{ "price": 0, "smsType": 0, "r": code, "msg": message }] }))
}

fn judged(request: &Request, answer: Option<&Answer>, taken: &Mutex<Vec<Value>>) -> Answer {
    if request.line != "POST /v1/sms HTTP/1.1" || request.header("content-type") != Some("application/json") {
        return Answer::Full("404 Not Found", vec![], String::new());
    }
    if let Some(doubt) = doubt(request.header("x-stringee-auth").unwrap_or_default()) {
        return Answer::Full("401 Unauthorized", vec![], json!({ "r": 401, "msg": doubt }).to_string());
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let Some([one]) = body["sms"].as_array().map(Vec::as_slice) else { return refusal(1, "sms is missing") };
    let fields: BTreeSet<&str> =
        one.as_object().map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default();
    let word = |name: &str| one[name].as_str().unwrap_or_default();
    let is_number = word("to").starts_with("84") && word("to").bytes().all(|b| b.is_ascii_digit());
    if fields != BTreeSet::from(["from", "text", "to"])
        || word("from").is_empty()
        || word("text").is_empty()
        || !is_number
    {
        return refusal(2, &format!("wrong parameters for {}", word("to")));
    }
    match answer {
        Some(answer @ Answer::Full(..)) => answer.clone(),
        _ => {
            taken.lock().unwrap().push(one.clone());
            let result = json!([{ "price": "830", "smsType": 1, "r": 0, "msg": "Success" }]);
            answer.cloned().unwrap_or_else(|| ok(&json!({ "smsSent": "1", "result": result })))
        }
    }
}
