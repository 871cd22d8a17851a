//! What all pages share: the frame, the headers that keep them private and harmless, the mark, and the two files that
//! they load.

use super::language::Language;
use axum::extract::Path;
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

const STYLE: &str = include_str!("look.css");
const FAVICON: &str = concat!(
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\" fill=\"none\" stroke=\"#B4532A\" ",
    "stroke-width=\"3.2\" stroke-linecap=\"round\" stroke-linejoin=\"round\">",
    "<path d=\"M4 26h14.5a9.5 9.5 0 1 0-9.5-9.5v1\"/><path d=\"M4.5 14.5L9 19l4.5-4.5\"/></svg>"
);

/// Pages load nothing but our own stylesheet and pictures; each page names what it needs beyond that.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Addresses of the files, with a hash of their content, so that browsers may keep them for good.
struct Files {
    style: String,
    favicon: String,
}

fn files() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| {
        let hashed = |content: &str| {
            Sha256::digest(content).iter().take(6).map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        Files {
            style: format!("look.{}.css", hashed(STYLE)),
            favicon: format!("mark.{}.svg", hashed(FAVICON)),
        }
    })
}

/// Under the same prefix as public links, so that a proxy which lets only those through serves whole pages.
fn address_of(file: &str) -> String {
    format!("/e/-/{file}")
}

/// `GET /e/-/{name}`. A name of an earlier build gets today's file, which its page is better off with than with
/// none, but does not keep it.
pub async fn file(Path(name): Path<String>) -> Response {
    let files = files();
    let known =
        [(&files.style, "text/css; charset=utf-8", STYLE), (&files.favicon, "image/svg+xml", FAVICON)];
    let kind_of = |name: &str| {
        name.split_once('.').map(|(stem, rest)| (stem.to_owned(), rest.rsplit('.').next().map(str::to_owned)))
    };
    for (current, content_type, content) in known {
        let keep = if *current == name {
            "public, max-age=31536000, immutable"
        } else if kind_of(current) == kind_of(&name) {
            "no-store"
        } else {
            continue;
        };
        let headers = [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, keep),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        return (headers, content).into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}

/// Adds to an answer what every page and every public link has: nobody indexes it, nobody learns where a reader
/// came from, and no copy stays behind.
pub fn guarded(policy: &str, mut response: Response) -> Response {
    const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ROBOTS, HeaderValue::from_static("noindex, nofollow"));
    response
}

/// A drawing at the head of a card.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Letter,
    Done,
    Question,
}

pub fn sign(sign: Sign) -> Markup {
    let (class, path) = match sign {
        Sign::Letter => ("sign", "M3 6h18v12H3zM3 7l9 6.5L21 7"),
        Sign::Done => ("sign done", "M4.5 12.5l5 5 10-11"),
        Sign::Question => ("sign", "M9 9a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 1.9v.3M12 17.5v.1"),
    };
    html! {
        svg class=(class) viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false" {
            path d=(path) {}
        }
    }
}

fn document(language: Language, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex, nofollow";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" type="image/svg+xml" href=(address_of(&files().favicon));
                link rel="stylesheet" href=(address_of(&files().style));
            }
            body { (body) }
        }
    }
}

fn answer(status: StatusCode, policy: &str, page: Markup) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    guarded(policy, (status, headers, page.into_string()).into_response())
}

/// Whose page it is: the shop that a customer deals with.
#[derive(Clone, Copy, Default)]
pub struct ShopFront<'a> {
    pub name: &'a str,
    /// Only `https://` and `http://` are linked.
    pub url: &'a str,
}

/// A page of one card, for the shop's customers.
pub fn card(
    language: Language,
    status: StatusCode,
    shop: ShopFront<'_>,
    title: &str,
    inside: Markup,
) -> Response {
    let t = language.texts();
    let body = html! {
        div.alone {
            @if !shop.name.is_empty() {
                header.shop { span { (shop.name) } }
            }
            main.card { (inside) }
            footer.foot {
                @if is_web(shop.url) { a href=(shop.url) rel="noreferrer" { (t.to_shop) } }
                a href={ "?lang=" (language.other().code()) } lang=(language.other().code())
                    hreflang=(language.other().code()) { (t.other_language) }
                span { (t.sent_with) }
            }
        }
    };
    answer(status, POLICY, document(language, title, &body))
}

/// What mail looks like: its own styles and pictures, and nothing that runs or sends. `ancestors` may show it in a
/// frame.
pub fn letter(html: String, ancestors: &str) -> Response {
    let policy = format!(
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; \
         img-src 'self' https: http: data:; font-src https: data:; form-action 'none'; base-uri 'none'; \
         frame-ancestors {ancestors}"
    );
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    guarded(&policy, (headers, html).into_response())
}

/// The friendly page for a link that is wrong or worn out.
pub fn missing(language: Language, shop: ShopFront<'_>) -> Response {
    let t = language.texts();
    let inside = html! {
        (sign(Sign::Question))
        h1 { (t.missing_title) }
        p.soft { (t.missing_text) }
    };
    card(language, StatusCode::NOT_FOUND, shop, t.missing_title, inside)
}

/// When the store does not answer.
pub fn trouble(language: Language) -> Response {
    let t = language.texts();
    let inside = html! {
        (sign(Sign::Question))
        h1 { (t.trouble_title) }
        p.soft { (t.trouble_text) }
    };
    let mut response =
        card(language, StatusCode::SERVICE_UNAVAILABLE, ShopFront::default(), t.trouble_title, inside);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    response
}

/// Whether an address may be linked and redirected to: the web, and no scheme that runs something.
pub fn is_web(url: &str) -> bool {
    let starts =
        |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("https://") || starts("http://")
}
