//! A push service with a browser behind it, and Firebase: both refuse what the real ones refuse.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rsa::KeyPair as RsaPair;
use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::http_server::{Answer, HttpServer, Request};

/// What the clocks of these servers say: the instant of the tests' attempts, in seconds.
const NOW_S: i64 = 1_700_000_000;

/// A browser that is subscribed, and all that came to it.
#[derive(Clone)]
pub struct Browser {
    key: SecretKey,
    auth: [u8; 16],
    pub shown: Arc<Mutex<Vec<Value>>>,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derived<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> [u8; N] {
    let key = Salt::new(HKDF_SHA256, salt).extract(secret);
    let mut out = [0; N];
    key.expand(info, Length(N)).unwrap().fill(&mut out).unwrap();
    out
}

impl Browser {
    pub fn new() -> Browser {
        Browser { key: SecretKey::from_slice(&[9; 32]).unwrap(), auth: [3; 16], shown: Arc::default() }
    }

    fn public(&self) -> Vec<u8> {
        self.key.public_key().to_sec1_point(false).as_bytes().to_vec()
    }

    /// The JSON of its subscription at a push service.
    pub fn subscription(&self, endpoint: &str) -> String {
        let keys = json!({ "p256dh": URL_SAFE_NO_PAD.encode(self.public()), "auth": URL_SAFE_NO_PAD.encode(self.auth) });
        json!({ "endpoint": endpoint, "expirationTime": null, "keys": keys }).to_string()
    }

    /// RFC 8188 and RFC 8291, from the browser's side.
    pub fn open(&self, body: &[u8]) -> Result<Vec<u8>, String> {
        if body.len() > 4_096 || body.len() < 103 {
            return Err(format!("a body of {} bytes", body.len()));
        }
        let (head, record) = body.split_at(86);
        let (salt, rest) = head.split_at(16);
        if u32::from_be_bytes(rest[..4].try_into().unwrap()) != 4_096 || rest[4] != 65 {
            return Err("the head of the body".into());
        }
        let sender = &rest[5..];
        let point = PublicKey::from_sec1_bytes(sender).map_err(|_| "the sender's key")?;
        let shared = diffie_hellman(self.key.to_nonzero_scalar(), point.as_affine());
        let info: [&[u8]; 3] = [b"WebPush: info\0", &self.public(), sender];
        let ikm: [u8; 32] = derived(&self.auth, shared.raw_secret_bytes(), &info);
        let key: [u8; 16] = derived(salt, &ikm, &[b"Content-Encoding: aes128gcm\0"]);
        let nonce: [u8; 12] = derived(salt, &ikm, &[b"Content-Encoding: nonce\0"]);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut record = record.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = key.open_in_place(nonce, Aad::empty(), &mut record).map_err(|_| "the seal")?;
        match plain.split_last() {
            Some((2, text)) => Ok(text.to_vec()),
            _ => Err("the end of the record".into()),
        }
    }
}

fn claims_of(token: &str) -> Option<(Value, Value)> {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let mut json = || serde_json::from_slice(&parts.next()??).ok();
    Some((json()?, json()?))
}

/// What a push service looks at before it takes a message.
fn faults(request: &Request, key: &str, browser: &Browser) -> Option<(&'static str, String)> {
    let bad = |why: &str| Some(("400 Bad Request", why.to_owned()));
    let unauthorized = |why: &str| Some(("403 Forbidden", why.to_owned()));
    if !request.line.starts_with("POST /send/") {
        return Some(("405 Method Not Allowed", request.line.clone()));
    }
    let Some((token, told)) =
        request.header("authorization").and_then(|value| value.strip_prefix("vapid t=")?.split_once(", k="))
    else {
        return Some(("401 Unauthorized", "no VAPID token".into()));
    };
    if told != key {
        return unauthorized("another key than the subscription's");
    }
    let Some((text, signature)) = token.rsplit_once('.') else { return unauthorized("the token") };
    let decoded = (URL_SAFE_NO_PAD.decode(told), URL_SAFE_NO_PAD.decode(signature));
    let (Ok(public), Ok(signature)) = decoded else { return unauthorized("the token's coding") };
    if UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public).verify(text.as_bytes(), &signature).is_err() {
        return unauthorized("the signature");
    }
    let Some((header, claims)) = claims_of(token) else { return unauthorized("the claims") };
    if header["alg"] != "ES256" || header["typ"] != "JWT" {
        return unauthorized("the algorithm");
    }
    let origin = format!("http://{}", request.header("host").unwrap_or_default());
    if claims["aud"] != json!(origin) {
        return unauthorized("the audience");
    }
    if !claims["exp"].as_i64().is_some_and(|exp| exp > NOW_S && exp <= NOW_S + 86_400) {
        return unauthorized("the end of the token");
    }
    let subject = claims["sub"].as_str().unwrap_or_default();
    if !(subject.starts_with("mailto:") && subject.contains('@') || subject.starts_with("https://"))
        || subject.contains("localhost")
    {
        return unauthorized("BadJwtToken");
    }
    if !request.header("ttl").is_some_and(|ttl| ttl.parse::<u32>().is_ok_and(|ttl| ttl <= 2_419_200)) {
        return bad("TTL");
    }
    if request.header("content-encoding") != Some("aes128gcm") {
        return bad("Content-Encoding");
    }
    if request.header("content-type") != Some("application/octet-stream") {
        return bad("Content-Type");
    }
    let urgency = request.header("urgency").unwrap_or("normal");
    if !["very-low", "low", "normal", "high"].contains(&urgency) {
        return bad("Urgency");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if request
        .header("topic")
        .is_some_and(|topic| topic.is_empty() || topic.len() > 32 || !topic.bytes().all(plain))
    {
        return bad("Topic");
    }
    match browser.open(&request.body).map(|text| serde_json::from_slice::<Value>(&text)) {
        Ok(Ok(told)) => browser.shown.lock().unwrap().push(told),
        Ok(Err(_)) => return bad("the text is no JSON"),
        Err(why) => return bad(&why),
    }
    None
}

/// A push service that takes what is right, and then answers to order.
pub async fn push_service(public_key: &str, browser: &Browser, answer: Answer) -> HttpServer {
    let (key, browser) = (public_key.to_owned(), browser.clone());
    HttpServer::judging(move |request| match faults(request, &key, &browser) {
        Some((status, why)) => Answer::Full(status, Vec::new(), why),
        None => answer.clone(),
    })
    .await
}

pub const PROJECT: &str = "may-app";
pub const ACCOUNT: &str = "push@may-app.iam.gserviceaccount.com";
const KEY: &str = include_str!("fixtures/dkim_rsa_key.pem");

pub fn service_account() -> String {
    let key = &KEY[KEY.find("-----BEGIN").unwrap()..];
    json!({
        "type": "service_account", "project_id": PROJECT, "private_key_id": "k1", "private_key": key,
        "client_email": ACCOUNT, "client_id": "1", "token_uri": "https://oauth2.googleapis.com/token",
    })
    .to_string()
}

/// What Firebase knows.
#[derive(Default)]
pub struct Firebase {
    /// Access tokens given out; the last one is good.
    pub given: Mutex<u32>,
    pub messages: Mutex<Vec<Value>>,
    /// The last access token is not good any more.
    pub spoilt: Mutex<bool>,
}

fn error(status: &'static str, code: u16, word: &str, error_code: &str, said: &str) -> Answer {
    let details = json!([{
        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": error_code,
    }]);
    let details = if error_code.is_empty() { json!([]) } else { details };
    let body = json!({ "error": { "code": code, "message": said, "status": word, "details": details } });
    Answer::Full(status, vec!["Content-Type: application/json".into()], body.to_string())
}

pub fn fcm_error(status: &'static str, code: u16, word: &str, error_code: &str) -> Answer {
    error(status, code, word, error_code, "said of the token app-token")
}

fn token_answer(firebase: &Firebase, request: &Request) -> Answer {
    let date = "Date: Tue, 14 Nov 2023 22:13:20 GMT".to_owned();
    let refuse = |why: &str| {
        let body = json!({ "error": "invalid_grant", "error_description": why });
        Answer::Full("400 Bad Request", vec![date.clone()], body.to_string())
    };
    if request.header("content-type") != Some("application/x-www-form-urlencoded") {
        return refuse("the form");
    }
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    let Some(token) = body.strip_prefix(grant) else { return refuse("the grant type") };
    let Some((text, signature)) = token.rsplit_once('.') else { return refuse("the assertion") };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return refuse("the coding") };
    let der = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let pair = RsaPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
    if public.verify(text.as_bytes(), &signature).is_err() {
        return refuse("Invalid JWT Signature.");
    }
    let Some((header, claims)) = claims_of(token) else { return refuse("the claims") };
    let (iat, exp) = (claims["iat"].as_i64().unwrap_or(0), claims["exp"].as_i64().unwrap_or(0));
    if (iat - NOW_S).abs() > 300 || exp <= iat || exp - iat > 3_600 {
        return refuse("Invalid JWT: Token must be a short-lived token (60 minutes)");
    }
    let wanted = json!({
        "iss": ACCOUNT, "scope": "https://www.googleapis.com/auth/firebase.messaging",
        "aud": "https://oauth2.googleapis.com/token", "iat": iat, "exp": exp,
    });
    if header != json!({ "typ": "JWT", "alg": "RS256", "kid": "k1" }) || claims != wanted {
        return refuse("the claims");
    }
    let mut given = firebase.given.lock().unwrap();
    *given += 1;
    *firebase.spoilt.lock().unwrap() = false;
    let body =
        json!({ "access_token": format!("ya29.{given}"), "expires_in": 3_599, "token_type": "Bearer" });
    Answer::Full("200 OK", vec![date], body.to_string())
}

/// Names that the message may have, and no others.
fn unknown_name<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    value.as_object()?.keys().map(String::as_str).find(|name| !names.contains(name))
}

fn send_answer(firebase: &Firebase, request: &Request, answer: &Answer) -> Answer {
    let bearer = format!("Bearer ya29.{}", firebase.given.lock().unwrap());
    if request.header("authorization") != Some(bearer.as_str()) || *firebase.spoilt.lock().unwrap() {
        return error("401 Unauthorized", 401, "UNAUTHENTICATED", "", "invalid authentication credentials");
    }
    let bad = |why: &str| error("400 Bad Request", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", why);
    if !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return bad("Content-Type");
    }
    let told: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let message = &told["message"];
    let names = ["token", "notification", "data", "android", "apns", "webpush"];
    let android = ["ttl", "priority", "collapse_key"];
    let apns_headers = ["apns-priority", "apns-expiration", "apns-collapse-id"];
    let unknown = unknown_name(&told, &["message"])
        .or(unknown_name(message, &names))
        .or(unknown_name(&message["notification"], &["title", "body", "image"]))
        .or(unknown_name(&message["android"], &android))
        .or(unknown_name(&message["apns"], &["headers", "payload"]))
        .or(unknown_name(&message["apns"]["headers"], &apns_headers))
        .or(unknown_name(&message["webpush"], &["fcm_options", "headers", "data", "notification"]));
    if let Some(name) = unknown {
        return bad(&format!("Invalid JSON payload received. Unknown name \"{name}\""));
    }
    if message["token"].as_str().is_none_or(str::is_empty) {
        return bad("Recipient of the message is not set.");
    }
    if message["data"].as_object().into_iter().flatten().any(|(_, value)| !value.is_string()) {
        return bad("data values are strings");
    }
    let ttl = message["android"]["ttl"].as_str().and_then(|ttl| ttl.strip_suffix('s')?.parse::<u32>().ok());
    if ttl.is_none_or(|ttl| ttl > 2_419_200) {
        return bad("android.ttl");
    }
    if !["HIGH", "NORMAL"].contains(&message["android"]["priority"].as_str().unwrap_or_default()) {
        return bad("android.priority");
    }
    if message["apns"]["headers"].as_object().into_iter().flatten().any(|(_, value)| !value.is_string()) {
        return bad("apns.headers");
    }
    firebase.messages.lock().unwrap().push(message.clone());
    match answer {
        Answer::Full("200 OK", ..) => {
            let count = firebase.messages.lock().unwrap().len();
            let body = json!({ "name": format!("projects/{PROJECT}/messages/{count}") });
            Answer::Full("200 OK", Vec::new(), body.to_string())
        }
        other => other.clone(),
    }
}

/// Both hosts in one: it gives access, takes what is right, and then answers to order.
pub async fn firebase(answer: Answer) -> (HttpServer, Arc<Firebase>) {
    let firebase = Arc::new(Firebase::default());
    let known = firebase.clone();
    let server = HttpServer::judging(move |request| match request.line.as_str() {
        "POST /token HTTP/1.1" => token_answer(&known, request),
        "POST /v1/projects/may-app/messages:send HTTP/1.1" => send_answer(&known, request, &answer),
        _ => crate::http_server::answer("404 Not Found"),
    })
    .await;
    (server, firebase)
}
