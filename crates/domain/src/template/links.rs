//! Links of a rendered message: campaign parameters, click tracking, and no scripts.

use rustc_hash::{FxHashMap, FxHashSet};

use super::filters::query_encoded;
use super::html::{self, Piece};

/// Campaign parameters, added to every tracked link that does not have them itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Utm {
    pub source: Option<String>,
    pub medium: Option<String>,
    pub campaign: Option<String>,
    pub content: Option<String>,
    pub term: Option<String>,
}

/// Gives a link's number and address, asks for the address to print instead.
pub type RewriteLink<'o> = &'o dyn Fn(usize, &str) -> String;

pub(super) struct Tracker<'o> {
    /// `(key, encoded value)`
    parameters: Vec<(&'static str, String)>,
    rewrite: Option<RewriteLink<'o>>,
    exempt: FxHashSet<String>,
    /// Addresses of marked links, which stay as they are in a text part too.
    marked: FxHashSet<String>,
    numbers: FxHashMap<String, usize>,
    pub links: Vec<String>,
}

impl<'o> Tracker<'o> {
    pub fn new(
        utm: Option<&Utm>,
        rewrite: Option<RewriteLink<'o>>,
        exempt: impl IntoIterator<Item = &'o str>,
    ) -> Self {
        let mut parameters = Vec::new();
        if let Some(Utm { source, medium, campaign, content, term }) = utm {
            let all = [
                ("utm_source", source),
                ("utm_medium", medium),
                ("utm_campaign", campaign),
                ("utm_content", content),
                ("utm_term", term),
            ];
            for (key, value) in all {
                if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                    parameters.push((key, query_encoded(value)));
                }
            }
        }
        Tracker {
            parameters,
            rewrite,
            exempt: exempt.into_iter().map(str::to_owned).collect(),
            marked: FxHashSet::default(),
            numbers: FxHashMap::default(),
            links: Vec::new(),
        }
    }

    /// The address to print instead of `url`; `None` leaves it as it is.
    fn tracked(&mut self, url: &str) -> Option<String> {
        if !is_web(url) || self.exempt.contains(url) {
            return None;
        }
        let url = with_parameters(url, &self.parameters);
        let number = match self.numbers.get(&url) {
            Some(number) => *number,
            None => {
                self.links.push(url.clone());
                self.numbers.insert(url.clone(), self.links.len() - 1);
                self.links.len() - 1
            }
        };
        Some(match self.rewrite {
            Some(rewrite) => rewrite(number, &url),
            None => url,
        })
    }

    /// Rewrites the links of HTML and defuses addresses that would run scripts.
    /// Links marked `data-no-track` lose the mark and stay, and so do their addresses in a text part.
    pub fn html(&mut self, source: &str) -> String {
        let mut out = String::with_capacity(source.len() + source.len() / 8);
        for piece in html::pieces(source) {
            match piece {
                Piece::Open(tag) => self.tag(tag, &mut out),
                other => out.push_str(other.source()),
            }
        }
        out
    }

    fn tag(&mut self, tag: html::Tag<'_>, out: &mut String) {
        let carries_link = ["a", "area"].iter().any(|name| tag.name.eq_ignore_ascii_case(name))
            || tag.name.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("v:"));
        let is_mark = |attribute: &html::Attribute<'_>| {
            attribute.name.eq_ignore_ascii_case(NO_TRACK)
                || (attribute.name.eq_ignore_ascii_case("rel") && attribute.value == NO_TRACK)
        };
        let untracked = carries_link && tag.attributes().any(|attribute| is_mark(&attribute));
        let mut copied = 0;
        for attribute in tag.attributes() {
            if is_mark(&attribute) {
                out.push_str(tag.source[copied..attribute.span.0].trim_end());
                copied = attribute.span.1;
                continue;
            }
            if !ADDRESSES.iter().any(|name| attribute.name.eq_ignore_ascii_case(name)) {
                continue;
            }
            let address = html::decoded(attribute.value);
            let address = address.trim();
            let replaced = if runs_script(address) {
                Some("#".to_owned())
            } else if !carries_link || !attribute.name.eq_ignore_ascii_case("href") {
                None
            } else if untracked {
                self.marked.insert(address.to_owned());
                None
            } else {
                self.tracked(address)
            };
            if let Some(address) = replaced {
                out.push_str(&tag.source[copied..attribute.value_span.0]);
                out.push('"');
                html::escape_into(&address, out);
                out.push('"');
                copied = attribute.value_span.1;
            }
        }
        out.push_str(&tag.source[copied..]);
    }

    /// Rewrites the bare addresses of a text.
    pub fn text(&mut self, source: &str) -> String {
        let mut out = String::with_capacity(source.len());
        let mut rest = source;
        while let Some(at) = find_web(rest) {
            out.push_str(&rest[..at]);
            let url = bare_url(&rest[at..]);
            let tracked = if self.marked.contains(url) { None } else { self.tracked(url) };
            match tracked {
                Some(url) => out.push_str(&url),
                None => out.push_str(url),
            }
            rest = &rest[at + url.len()..];
        }
        out.push_str(rest);
        out
    }
}

/// The attribute that marks a link. Elements of MJML pass no attribute through that they do not know, so there
/// [`super::mjml`] makes it a `rel` of this value.
pub(super) const NO_TRACK: &str = "data-no-track";

/// Attributes that hold an address a program may follow.
const ADDRESSES: [&str; 8] =
    ["href", "src", "action", "formaction", "xlink:href", "background", "poster", "data"];

/// Browsers ignore white space and control characters in a scheme, so does this.
fn runs_script(address: &str) -> bool {
    let Some(colon) = address.find(':') else { return false };
    let scheme = address[..colon].chars().filter(|c| !c.is_whitespace() && !c.is_control());
    let scheme: String = scheme.take(12).collect::<String>().to_ascii_lowercase();
    match scheme.as_str() {
        "javascript" | "vbscript" => true,
        "data" => !address[colon + 1..].trim_start().to_ascii_lowercase().starts_with("image/"),
        _ => false,
    }
}

fn is_web(address: &str) -> bool {
    let starts = |scheme: &str| address.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
    (starts("https://") || starts("http://")) && !address.ends_with("//")
}

/// Where the next `http://` or `https://` starts that is not the end of a longer word.
fn find_web(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].find("://") {
        let colon = from + found;
        let scheme = ["https", "http"].iter().find(|scheme| {
            text[..colon].len() >= scheme.len()
                && text.as_bytes()[colon - scheme.len()..colon].eq_ignore_ascii_case(scheme.as_bytes())
        });
        if let Some(scheme) = scheme {
            let start = colon - scheme.len();
            if !text[..start].ends_with(|c: char| c.is_alphanumeric()) {
                return Some(start);
            }
        }
        from = colon + 3;
    }
    None
}

/// The address at the start of `text`, without the punctuation of the sentence around it.
fn bare_url(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"'));
    let mut url = &text[..end.unwrap_or(text.len())];
    // Closing brackets without an opening one belong to the sentence.
    let surplus =
        |open: char, close: char| url.matches(close).count().saturating_sub(url.matches(open).count());
    let (mut round, mut square) = (surplus('(', ')'), surplus('[', ']'));
    while let Some(last) = url.chars().next_back() {
        match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '”' | '’' | '…' => {}
            ')' if round > 0 => round -= 1,
            ']' if square > 0 => square -= 1,
            _ => break,
        }
        url = &url[..url.len() - last.len_utf8()];
    }
    url
}

/// Adds parameters that the address does not have, before its fragment.
fn with_parameters(url: &str, parameters: &[(&'static str, String)]) -> String {
    let (head, fragment) = match url.find('#') {
        Some(at) => url.split_at(at),
        None => (url, ""),
    };
    let query = head.split_once('?').map(|(_, query)| query);
    let has = |key: &str| {
        query.is_some_and(|query| {
            query
                .split('&')
                .any(|pair| pair.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case(key)))
        })
    };
    let mut out = head.to_owned();
    let mut separator = match query {
        None => "?",
        Some(query) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    for (key, value) in parameters.iter().filter(|(key, _)| !has(key)) {
        out.push_str(separator);
        out.push_str(key);
        out.push('=');
        out.push_str(value);
        separator = "&";
    }
    out.push_str(fragment);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utm() -> Utm {
        Utm { source: Some("quaylai".into()), campaign: Some("Tết 2026".into()), ..Utm::default() }
    }

    #[test]
    fn parameters_join_the_query_and_keep_the_fragment() {
        let check = |url: &str, expect: &str| {
            let utm = Utm { source: Some("q".into()), medium: Some("e".into()), ..Utm::default() };
            let mut tracker = Tracker::new(Some(&utm), None, []);
            assert_eq!(tracker.tracked(url).as_deref().unwrap_or("left"), expect, "{url}");
        };
        check("https://a.vn", "https://a.vn?utm_source=q&utm_medium=e");
        check("HTTPS://a.vn/x#y", "HTTPS://a.vn/x?utm_source=q&utm_medium=e#y");
        check("https://a.vn/?", "https://a.vn/?utm_source=q&utm_medium=e");
        check("https://a.vn/?a=1", "https://a.vn/?a=1&utm_source=q&utm_medium=e");
        check("https://a.vn/?a=1&#z?", "https://a.vn/?a=1&utm_source=q&utm_medium=e#z?");
        check("https://a.vn/?UTM_source=x", "https://a.vn/?UTM_source=x&utm_medium=e");
        check("https://a.vn/?utm_source=x&utm_medium=", "https://a.vn/?utm_source=x&utm_medium=");
        for url in ["mailto:a@b.vn", "tel:+84", "#top", "/path", "//a.vn", "https://", "ftp://a.vn", ""] {
            check(url, "left");
        }
    }

    #[test]
    fn html_links_are_numbered_and_rewritten() {
        let check = |source: &str, expect: &str, links: &[&str]| {
            let rewrite = |number: usize, _: &str| format!("https://t.vn/{number}?a&b");
            let mut tracker = Tracker::new(None, Some(&rewrite), ["https://t.vn/unsubscribe?x=1&y=2"]);
            assert_eq!(tracker.html(source), expect, "{source}");
            assert_eq!(tracker.links, links, "{source}");
        };
        check(
            r#"<a href="https://a.vn/?x=1&amp;y=2">1</a><a class=b href='https://a.vn/?x=1&y=2'>2</a>"#,
            r#"<a href="https://t.vn/0?a&amp;b">1</a><a class=b href="https://t.vn/0?a&amp;b">2</a>"#,
            &["https://a.vn/?x=1&y=2"],
        );
        check("<AREA HREF=https://b.vn>", r#"<AREA HREF="https://t.vn/0?a&amp;b">"#, &["https://b.vn"]);
        check(
            "<!--[if mso]><v:rect href='https://c.vn' x='1'/><![endif]-->",
            r#"<!--[if mso]><v:rect href="https://t.vn/0?a&amp;b" x='1'/><![endif]-->"#,
            &["https://c.vn"],
        );
        let untouched = [
            r#"<a href="https://t.vn/unsubscribe?x=1&amp;y=2">x</a>"#,
            "<link href='https://fonts.vn/a.css'><img src='https://i.vn/a.png'>",
            "<a href='mailto:a@b.vn'><a href='tel:1'><a href='#x'><a>",
            "<!-- <a href='https://a.vn'> -->https://a.vn",
        ];
        for source in untouched {
            check(source, source, &[]);
        }
        check("<a rel='data-no-track' href='https://a.vn'>x", "<a href='https://a.vn'>x", &[]);
        check(
            "<a href='https://a.vn' data-no-track>x<a rel=b href='https://a.vn'>y",
            "<a href='https://a.vn'>x<a rel=b href=\"https://t.vn/0?a&amp;b\">y",
            &["https://a.vn"],
        );
        check("<a data-no-track href='https://a.vn'>x", "<a href='https://a.vn'>x", &[]);
        check("<a href='https://a.vn' data-no-track=''>x", "<a href='https://a.vn'>x", &[]);
    }

    #[test]
    fn scripts_are_defused() {
        let hostile = [
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "java\nscript:alert(1)",
            "java&#10;script&colon;alert(1)",
            "&#x6a;avascript:alert(1)",
            "vbscript:x",
            "data:text/html,x",
        ];
        for address in hostile {
            let mut tracker = Tracker::new(None, None, []);
            let html = tracker.html(&format!("<a href=\"{address}\">x</a><img src='{address}'>"));
            assert_eq!(html, "<a href=\"#\">x</a><img src=\"#\">", "{address}");
        }
        let mut tracker = Tracker::new(None, None, []);
        let image = "<img src='data:image/png;base64,AAAA'><img src='/a:b'>";
        assert_eq!(tracker.html(image), image);
    }

    #[test]
    fn bare_addresses_in_text() {
        let check = |source: &str, expect: &str| {
            let rewrite = |number: usize, url: &str| format!("[{number} {url}]");
            let utm = utm();
            let mut tracker = Tracker::new(Some(&utm), Some(&rewrite), ["https://q.vn/u"]);
            let expect = expect.replace('$', "utm_source=quaylai&utm_campaign=T%E1%BA%BFt+2026");
            assert_eq!(tracker.text(source), expect, "{source}");
        };
        check("Xem https://a.vn/x.", "Xem [0 https://a.vn/x?$].");
        check("(https://a.vn/x_(y)) https://b.vn!", "([0 https://a.vn/x_(y)?$]) [1 https://b.vn?$]!");
        check("https://a.vn https://a.vn", "[0 https://a.vn?$] [0 https://a.vn?$]");
        check("ngừng: https://q.vn/u", "ngừng: https://q.vn/u");
        check("xhttp://a.vn ftp://b.vn :// https://", "xhttp://a.vn ftp://b.vn :// https://");
        check("ớ://a.vn", "ớ://a.vn");
    }
}
