//! What is worth another look before a message goes out: what mail programs cut, what filters dislike, what people
//! who see badly cannot read, what the law asks for.
//!
//! Findings have stable codes; their words for people are the app's. None of them keeps anybody from sending.

use super::blocks::contrast;
use super::html::{self, Piece, Tag};
use crate::normalise::text::search_key;
use serde::Serialize;

/// Beyond it Gmail cuts a message off.
pub const GMAIL_BYTES_MAX: usize = 102 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
    Hint,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `subject_missing`.
    pub code: &'static str,
    pub severity: Severity,
    /// What was found: a word, an address, a number.
    pub detail: String,
    /// In English.
    pub message: &'static str,
}

/// A message as somebody would get it.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    pub subject: &'a str,
    pub preheader: &'a str,
    pub html: &'a str,
    pub is_marketing: bool,
    /// Whether the template itself asks for the link to unsubscribe.
    pub has_unsubscribe: bool,
    pub has_address: bool,
}

/// As people write them, without marks, with what they must not stand within.
const SPAM: &[&str] = &[
    "100% mien phi",
    "mien phi 100%",
    "trung thuong",
    "chuc mung ban da trung",
    "kiem tien nhanh",
    "kiem tien online",
    "lam giau",
    "thu nhap thu dong",
    "vay tien",
    "lai suat 0",
    "cam ket 100%",
    "giam can nhanh",
    "nhan tien ngay",
    "bam vao day ngay",
    "mua ngay keo lo",
    "khong mat phi",
    "viagra",
    "casino",
    "winner",
    "you have won",
    "100% free",
    "free money",
    "make money fast",
    "earn extra cash",
    "risk free",
    "risk-free",
    "no obligation",
    "act now",
    "click below",
    "cash bonus",
    "double your",
    "lose weight fast",
    "order now!!!",
    "this is not spam",
];

const SHORTENERS: &[&str] = &["bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "cutt.ly", "is.gd"];

const VAGUE: &[&str] = &[
    "bam vao day",
    "click vao day",
    "tai day",
    "o day",
    "nhan vao day",
    "click here",
    "here",
    "link",
    "read more",
];

struct Linter {
    found: Vec<Finding>,
}

impl Linter {
    fn tell(
        &mut self,
        severity: Severity,
        code: &'static str,
        detail: impl Into<String>,
        message: &'static str,
    ) {
        let detail = detail.into();
        let same = self.found.iter().filter(|finding| finding.code == code);
        // The same mistake ten times is one mistake; the first few tell where.
        if same.clone().count() >= 5 || same.clone().any(|finding| finding.detail == detail) {
            return;
        }
        self.found.push(Finding { code, severity, detail, message });
    }
}

/// What to look at again, the most serious first.
pub fn lint(letter: &Letter<'_>) -> Vec<Finding> {
    let mut linter = Linter { found: Vec::new() };
    linter.headers(letter);
    linter.body(letter);
    if letter.is_marketing && !letter.has_unsubscribe {
        linter.tell(
            Severity::Warning,
            "unsubscribe_missing",
            "",
            "the template has no link to unsubscribe: a plain one is put at its end",
        );
    }
    if letter.is_marketing && !letter.has_address {
        linter.tell(
            Severity::Warning,
            "address_missing",
            "",
            "the shop's postal address is not set: advertisements must show it",
        );
    }
    linter.found.sort_by_key(|finding| finding.severity);
    linter.found
}

fn is_emoji(c: char) -> bool {
    matches!(c as u32, 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0x2B50 | 0x2B55)
}

/// Words of SPAM in a text, as whole words.
fn spam_in(text: &str) -> Vec<&'static str> {
    let key = format!(" {} ", search_key(text));
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let stands = |word: &str| {
        key.match_indices(word).any(|(at, _)| {
            is_edge(key[..at].chars().next_back()) && is_edge(key[at + word.len()..].chars().next())
        })
    };
    SPAM.iter().copied().filter(|word| stands(word)).collect()
}

impl Linter {
    fn headers(&mut self, letter: &Letter<'_>) {
        use Severity::{Error, Hint, Warning};
        let subject = letter.subject.trim();
        let length = subject.chars().count();
        if length == 0 {
            self.tell(Error, "subject_missing", "", "the subject is empty");
        } else if length > 70 {
            self.tell(
                Warning,
                "subject_long",
                length.to_string(),
                "phones show 35 to 50 characters of a subject",
            );
        } else if length < 8 {
            self.tell(
                Hint,
                "subject_short",
                length.to_string(),
                "a subject of so few characters says little",
            );
        }
        let letters: Vec<char> = subject.chars().filter(|c| c.is_alphabetic()).collect();
        let capitals = letters.iter().filter(|c| c.is_uppercase()).count();
        if letters.len() >= 10 && capitals * 10 > letters.len() * 6 {
            self.tell(Warning, "subject_capitals", "", "capitals in most of a subject look like spam");
        }
        if subject.matches(['!', '?']).count() > 2 || subject.contains("!!") {
            self.tell(Warning, "subject_exclamation", "", "many exclamation marks look like spam");
        }
        if subject.chars().filter(|c| is_emoji(*c)).count() > 2 {
            self.tell(Warning, "subject_emoji", "", "more than two emojis look like spam");
        }
        for word in spam_in(subject) {
            self.tell(Warning, "spam_word", word, "filters look for this phrase");
        }
        let preheader = letter.preheader.trim();
        match preheader.chars().count() {
            0 => self.tell(
                Warning,
                "preheader_missing",
                "",
                "without a preview text mail programs show the first words of the message",
            ),
            length @ 1..=24 => {
                self.tell(
                    Hint,
                    "preheader_short",
                    length.to_string(),
                    "a preview text has room for 40 to 90 characters",
                );
            }
            length if length > 140 => {
                self.tell(
                    Hint,
                    "preheader_long",
                    length.to_string(),
                    "mail programs cut a preview text at 90 to 140 characters",
                );
            }
            _ => {}
        }
    }

    fn body(&mut self, letter: &Letter<'_>) {
        use Severity::{Error, Hint, Warning};
        let source = letter.html;
        if source.len() > GMAIL_BYTES_MAX {
            let size = (source.len() / 1024).to_string();
            self.tell(Error, "too_large", size, "Gmail cuts messages above 102 kB: make it shorter");
        } else if source.len() > GMAIL_BYTES_MAX * 8 / 10 {
            let size = (source.len() / 1024).to_string();
            self.tell(Hint, "rather_large", size, "Gmail cuts messages above 102 kB; this one comes close");
        }
        let mut walk = Walk::default();
        for piece in html::pieces(source) {
            match piece {
                Piece::Outlook(_) => walk.outlook = true,
                Piece::OutlookEnd(_) => walk.outlook = false,
                _ if walk.outlook => {}
                Piece::Open(tag) => self.open(tag, &mut walk),
                Piece::Close(tag) => self.close(tag, &mut walk),
                Piece::Text(text) => self.text(text, &mut walk),
                _ => {}
            }
        }
        if walk.images > 0 && walk.shown.chars().count() < 150 * walk.images.min(3) / 2 {
            let detail = format!("{} / {}", walk.images, walk.shown.chars().count());
            self.tell(
                Warning,
                "image_heavy",
                detail,
                "much picture and little text: filters dislike it, and pictures may be off",
            );
        }
        if walk.headings.is_empty() && walk.shown.chars().count() > 400 {
            self.tell(
                Hint,
                "heading_missing",
                "",
                "a heading helps people who listen to a message find their way",
            );
        }
        for word in spam_in(&walk.shown) {
            self.tell(Warning, "spam_word", word, "filters look for this phrase");
        }
        if walk.links == 0 && letter.is_marketing {
            self.tell(Hint, "link_missing", "", "nothing leads to the shop");
        }
        if walk.links > 60 {
            self.tell(
                Hint,
                "too_many_links",
                walk.links.to_string(),
                "so many links leave nobody knowing where to click",
            );
        }
        if !walk.has_language {
            self.tell(Hint, "language_missing", "", "without `lang` a screen reader guesses the language");
        }
    }

    fn open(&mut self, tag: Tag<'_>, walk: &mut Walk) {
        use Severity::{Error, Hint, Warning};
        let name = tag.name.to_ascii_lowercase();
        let style = tag.attribute("style").unwrap_or_default();
        let rule = |property: &str| {
            style
                .split(';')
                .filter_map(|rule| rule.split_once(':'))
                .filter(|(name, _)| name.trim().eq_ignore_ascii_case(property))
                .map(|(_, value)| value.trim().to_ascii_lowercase())
                .next_back()
        };
        let hidden = rule("display").is_some_and(|value| value.starts_with("none"));
        match name.as_str() {
            "html" => walk.has_language |= tag.attribute("lang").is_some_and(|lang| !lang.is_empty()),
            "img" => {
                let source = tag.attribute("src").unwrap_or_default();
                let is_pixel = tag.attribute("width") == Some("1") || tag.attribute("height") == Some("1");
                if !is_pixel && !walk.is_hidden() {
                    walk.images += 1;
                    let shown = source.rsplit('/').next().unwrap_or_default();
                    if tag.attribute("alt").is_none_or(|alt| alt.trim().is_empty()) {
                        let in_link = walk.link.is_some();
                        let severity = if in_link { Error } else { Warning };
                        self.tell(
                            severity,
                            "alt_missing",
                            shown,
                            "say what the picture shows: many people do not see it",
                        );
                    } else if let Some(link) = &mut walk.link {
                        link.text.push_str(tag.attribute("alt").unwrap_or_default());
                    }
                    if source.trim().is_empty() {
                        self.tell(Error, "image_missing", "", "a picture has no address");
                    }
                    if source.starts_with("http://") && !is_local(source) {
                        self.tell(
                            Warning,
                            "image_insecure",
                            shown,
                            "mail programs do not load pictures over http",
                        );
                    }
                    if source.starts_with("data:") {
                        self.tell(
                            Error,
                            "image_embedded",
                            "",
                            "Gmail and Outlook do not show pictures inside the message",
                        );
                    }
                    if shown
                        .split('?')
                        .next()
                        .is_some_and(|file| file.to_ascii_lowercase().ends_with(".webp"))
                    {
                        self.tell(
                            Hint,
                            "image_webp",
                            shown,
                            "Outlook on Windows shows no WebP: use PNG or JPEG",
                        );
                    }
                }
            }
            "a" => {
                let target = tag.attribute("href").unwrap_or_default().trim().to_owned();
                walk.link = Some(Link { hidden: hidden || walk.is_hidden(), ..Link::default() });
                if !hidden && !walk.is_hidden() {
                    walk.links += 1;
                    self.address(&target);
                }
            }
            "h1" | "h2" | "h3" | "h4" => {
                let level = name.as_bytes()[1] - b'0';
                let before = walk.headings.last().copied();
                if before.is_some_and(|before| level > before + 1) {
                    self.tell(Hint, "heading_order", name.as_str(), "a level of headings is left out");
                }
                if level == 1 && walk.headings.contains(&1) {
                    self.tell(Hint, "heading_order", "h1", "a message has one main heading");
                }
                walk.headings.push(level);
            }
            "script" | "form" | "iframe" | "object" | "embed" | "video" => {
                self.tell(Error, "element_refused", name.as_str(), "mail programs remove this element");
            }
            _ => {}
        }
        let is_void = ["br", "hr", "img", "input", "meta", "link", "col", "wbr", "area", "base", "source"]
            .contains(&name.as_str());
        if is_void || tag.source.ends_with("/>") {
            return;
        }
        let above = walk.stack.last();
        let colour = |told: Option<String>, inherited: Option<&String>| match told {
            Some(told) if told.starts_with('#') => {
                Some(told.split_whitespace().next().unwrap_or_default().to_owned())
            }
            Some(told) if told == "transparent" || told == "inherit" => inherited.cloned(),
            // Names and pictures: nobody can tell here.
            Some(_) => None,
            None => inherited.cloned(),
        };
        let back = rule("background-color").or_else(|| rule("background"));
        let back = back.or_else(|| tag.attribute("bgcolor").map(str::to_ascii_lowercase));
        let level = Level {
            color: colour(rule("color"), above.and_then(|level| level.color.as_ref())),
            background: colour(back, above.and_then(|level| level.background.as_ref())),
            hidden: hidden
                || above.is_some_and(|level| level.hidden)
                || ["head", "title", "style"].contains(&name.as_str()),
            large: above.is_some_and(|level| level.large)
                || rule("font-size")
                    .and_then(|size| size.trim_end_matches("px").parse::<f64>().ok())
                    .is_some_and(|size| size >= 24.0)
                || matches!(name.as_str(), "h1" | "h2"),
            name,
        };
        walk.stack.push(level);
    }

    fn address(&mut self, target: &str) {
        use Severity::{Error, Warning};
        let lower = target.to_ascii_lowercase();
        if lower.is_empty() || lower == "#" {
            self.tell(Error, "link_empty", "", "a link leads nowhere");
            return;
        }
        let Some((scheme, rest)) = lower.split_once("://") else { return };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if scheme == "http" && !is_local(&lower) {
            self.tell(Warning, "link_insecure", host, "links lead to https, or browsers warn people");
        }
        if SHORTENERS.contains(&host) {
            self.tell(Warning, "link_shortened", host, "filters distrust shortened links");
        }
        let is_number =
            host.split('.').count() == 4 && host.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ':');
        if is_number && !is_local(&lower) {
            self.tell(Warning, "link_number", host, "filters distrust links to bare numbers");
        }
        if rest.contains("example.com") || rest.contains("example.org") {
            self.tell(Warning, "link_example", host, "this address is an example");
        }
    }

    fn close(&mut self, tag: Tag<'_>, walk: &mut Walk) {
        let name = tag.name.to_ascii_lowercase();
        if name == "a"
            && let Some(link) = walk.link.take()
            && !link.hidden
        {
            let words = search_key(&html::decoded(&link.text));
            if words.is_empty() {
                self.tell(
                    Severity::Error,
                    "link_wordless",
                    "",
                    "a link has no words that a screen reader could say",
                );
            } else if VAGUE.contains(&words.as_str()) {
                self.tell(Severity::Hint, "link_vague", link.text.trim(), "say where the link leads");
            }
        }
        if let Some(at) = walk.stack.iter().rposition(|level| level.name == name) {
            walk.stack.truncate(at);
        }
    }

    fn text(&mut self, text: &str, walk: &mut Walk) {
        if walk.is_hidden() {
            return;
        }
        let words = html::decoded(text);
        let words = words.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200c}' | '\u{a0}'));
        if words.is_empty() {
            return;
        }
        if let Some(link) = &mut walk.link {
            link.text.push_str(words);
        }
        walk.shown.push_str(words);
        walk.shown.push(' ');
        if words.contains("{{") || words.contains("{%") {
            self.tell(Severity::Error, "liquid_shown", "", "people would see a field instead of its value");
        }
        if let Some(level) = walk.stack.last()
            && let (Some(color), Some(background)) = (&level.color, &level.background)
            && let Some(ratio) = contrast(color, background)
        {
            let least = if level.large { 3.0 } else { 4.5 };
            if ratio < least {
                let detail = format!("{color} / {background} ({ratio:.1})");
                self.tell(
                    Severity::Warning,
                    "contrast_low",
                    detail,
                    "the text stands out too little from what is behind it",
                );
            }
        }
    }
}

/// A server on this machine, as in a trial.
fn is_local(url: &str) -> bool {
    ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start))
}

#[derive(Default)]
struct Link {
    text: String,
    hidden: bool,
}

struct Level {
    name: String,
    color: Option<String>,
    background: Option<String>,
    hidden: bool,
    large: bool,
}

#[derive(Default)]
struct Walk {
    outlook: bool,
    stack: Vec<Level>,
    link: Option<Link>,
    images: usize,
    links: usize,
    headings: Vec<u8>,
    shown: String,
    has_language: bool,
}

impl Walk {
    fn is_hidden(&self) -> bool {
        self.stack.last().is_some_and(|level| level.hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(subject: &str, preheader: &str, html: &str) -> Vec<&'static str> {
        let letter =
            Letter { subject, preheader, html, is_marketing: true, has_unsubscribe: true, has_address: true };
        lint(&letter).into_iter().map(|finding| finding.code).collect()
    }

    const GOOD: &str = "Ưu đãi cuối tuần dành riêng cho bạn";
    const BEHIND: &str = "Chọn món bạn thích, giao trong ngày tại Hà Nội";

    #[test]
    fn headers_are_looked_at() {
        let check = |subject: &str, preheader: &str, expect: &[&str]| {
            let body = "<html lang=\"vi\"><body><p>Chào bạn</p><a href=\"https://shop.vn/\">Xem cửa hàng</a></body></html>";
            assert_eq!(codes(subject, preheader, body), expect, "{subject}");
        };
        check(GOOD, BEHIND, &[]);
        check("", BEHIND, &["subject_missing"]);
        check(GOOD, "", &["preheader_missing"]);
        check(GOOD, "Xem ngay", &["preheader_short"]);
        check("GIẢM GIÁ SỐC HÔM NAY", BEHIND, &["subject_capitals"]);
        check("Giảm giá hôm nay!!!", BEHIND, &["subject_exclamation"]);
        check("Chúc mừng, bạn trúng thưởng", BEHIND, &["spam_word"]);
        check("🎁🎁🎁 Quà cho bạn đây", BEHIND, &["subject_emoji"]);
        check(&"rất dài ".repeat(10), BEHIND, &["subject_long"]);
        // Words within words are no words.
        check("Khuyến mại chậu cây trung thuongg", BEHIND, &[]);
    }

    #[test]
    fn bodies_are_looked_at() {
        let check = |inside: &str, expect: &[&str]| {
            let body = format!(
                "<html lang=\"vi\"><body style=\"background-color:#ffffff;color:#222222\"><a href=\"https://shop.vn/\">Xem cửa hàng</a>{inside}</body></html>"
            );
            assert_eq!(codes(GOOD, BEHIND, &body), expect, "{inside}");
        };
        let words = "Một đoạn văn đủ dài để bức ảnh không đứng một mình trong thư. ".repeat(4);
        check("<p>Chào</p>", &[]);
        check(&format!("<p>{words}</p><img src=\"https://a.vn/x.png\">"), &["alt_missing"]);
        check(&format!("<p>{words}</p><img src=\"https://a.vn/x.webp\" alt=\"Áo\">"), &["image_webp"]);
        check("<img src=\"https://a.vn/x.png\" alt=\"Áo\">", &["image_heavy"]);
        check("<a href=\"\">Xem áo mới</a>", &["link_empty"]);
        check("<a href=\"http://a.vn/\">Xem áo mới</a>", &["link_insecure"]);
        check("<a href=\"https://bit.ly/x\">Xem áo mới</a>", &["link_shortened"]);
        check("<a href=\"https://a.vn/\">Bấm vào đây</a>", &["link_vague"]);
        check("<a href=\"https://a.vn/\"></a>", &["link_wordless"]);
        check("<h1>Một</h1><h3>Ba</h3>", &["heading_order"]);
        check("<p style=\"color:#bbbbbb\">mờ</p>", &["contrast_low"]);
        check("<div style=\"background:#1F6F5C\"><p style=\"color:#ffffff\">rõ</p></div>", &[]);
        check("<script>x</script>", &["element_refused"]);
        check("<div style=\"display:none\"><p style=\"color:#fff\">ẩn</p></div>", &[]);
        check(&format!("<!-- {} -->", "x".repeat(GMAIL_BYTES_MAX)), &["too_large"]);
    }

    #[test]
    fn what_the_law_asks_for() {
        let html = "<html lang=\"vi\"><a href=\"https://shop.vn\">Xem cửa hàng</a></html>";
        let letter = Letter {
            subject: GOOD,
            preheader: BEHIND,
            html,
            is_marketing: true,
            has_unsubscribe: false,
            has_address: false,
        };
        let found: Vec<_> = lint(&letter).into_iter().map(|finding| finding.code).collect();
        assert_eq!(found, ["unsubscribe_missing", "address_missing"]);
        assert_eq!(lint(&Letter { is_marketing: false, ..letter }), []);
    }
}
