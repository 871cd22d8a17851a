//! Message templates: what a user authors, compiled once, rendered for every recipient.
//!
//! A body is MJML, HTML or text; every part may hold Liquid, as shops know it from Sapo, Haravan and Shopify. The
//! language is interpreted here rather than by a library, because a message to a customer needs what those do
//! not give: values escaped where they are printed, missing values refused by name instead of printed as nothing
//! (or refused even behind `default`), and budgets that end every loop. See [`limits`] for all bounds. Not
//! available: `include`, `render`, `offset: continue` and the `liquid` tag.
//!
//! Start with [`TemplateSource::compile`], then [`CompiledTemplate::render`]. This module must never read a clock,
//! do IO, or let a value of the context reach HTML unescaped unless the author wrote `raw`.
//!
//! # Reference context
//! Amounts are in the currency's major unit (đồng, dollars); instants are milliseconds or ISO 8601 text.
//!
//! | variable | fields |
//! |---|---|
//! | `customer` | `id`, `name`, `given_name`, `email`, `phone`, and every attribute of the profile |
//! | `event` | `name`, `properties.*`: what started the journey |
//! | `order` | `id`, `number`, `total`, `currency`, `status`, `url`, `items[]` as in `cart` |
//! | `cart` | `items[]` (`id`, `name`, `url`, `image_url`, `price`, `quantity`), `total`, `url` |
//! | `products[]` | what the event tells of |
//! | `recommendations.<place or rail>[]` | `id`, `name`, `url`, `image_url`, `price`, `compare_at_price`, `price_before`, `category`, `brand`, `reason`: what the shop recommends at the moment of sending |
//! | `shop` | `name`, `url`, `currency` (ISO 4217), `timezone` (IANA), `address` |
//! | `unsubscribe_url`, `preferences_url`, `view_url` | links that are never tracked |
//! | `base_url` | where this server is reached: `{{ base_url }}/media/...` |
//!
//! # Values
//! * `{{ customer.nick }}` without a value refuses the message ([`RenderError::Missing`]); null is no value, the
//!   empty text is one. `{{ customer.nick | default: 'bạn' }}` and `{% if customer.nick %}` accept its absence.
//!   The same holds for what filters make of a missing value, also across `assign`.
//! * In HTML every printed value is escaped once, whatever `escape` was applied; `raw` prints trusted HTML.
//! * Own filters: `money`, `given_name`, `date_vn`, `phone`.

pub mod blocks;
pub mod design;
mod eval;
mod expr;
mod filters;
mod html;
mod lex;
pub mod limits;
mod links;
pub mod lint;
mod mjml;
mod parse;
mod plain;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use eval::{Output, Surroundings};
use lex::Segment;
use limits::{HEADER_BYTES_MAX, OUTPUT_BYTES_MAX, SOURCE_BYTES_MAX};
use links::Tracker;
pub use links::{RewriteLink, Utm};
use parse::{Fault, Nodes};

/// What a user authors, stored as one JSON document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSource {
    #[serde(default)]
    pub subject: String,
    /// The text that mail programs show behind the subject.
    #[serde(default)]
    pub preheader: String,
    pub body: Body,
    /// The text part; made from the HTML when absent. Without meaning for a text body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "source", rename_all = "snake_case")]
pub enum Body {
    Mjml(String),
    Html(String),
    /// SMS, Zalo and other channels without HTML.
    Text(String),
}

impl Default for Body {
    fn default() -> Self {
        Body::Text(String::new())
    }
}

/// The part of a template that a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Subject,
    Preheader,
    Body,
    Text,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::Subject => "subject",
            Place::Preheader => "preheader",
            Place::Body => "body",
            Place::Text => "text",
        })
    }
}

/// Why a template cannot be used, in words for its author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateProblem {
    pub place: Place,
    /// Counted from 1; `None` when it is about the whole part.
    pub line: Option<usize>,
    pub message: String,
}

impl TemplateProblem {
    fn new(place: Place, fault: Fault) -> Self {
        TemplateProblem { place, line: Some(fault.line).filter(|line| *line > 0), message: fault.message }
    }
}

impl fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.place, self.message),
            None => write!(f, "{}: {}", self.place, self.message),
        }
    }
}

/// Why a message was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Printed without a value and without `default`; in the order of their first use.
    #[error("no value for {}", variables.join(", "))]
    Missing { variables: Vec<String> },
    /// A limit, or a filter that cannot work with its value.
    #[error("{0}")]
    Stopped(TemplateProblem),
}

/// What differs from send to send. The default tracks nothing and adds nothing.
#[derive(Clone, Default)]
pub struct RenderOptions<'o> {
    pub utm: Option<Utm>,
    /// Gets the index in [`Rendered::links`] and the address with its campaign parameters.
    pub rewrite_link: Option<RewriteLink<'o>>,
    /// Addresses never tracked, besides `unsubscribe_url`, `preferences_url` and `view_url` of the context.
    pub exempt_urls: Vec<String>,
    pub open_pixel_url: Option<String>,
    pub footer: Option<Footer>,
    /// IANA name; else `shop.timezone` of the context, else Asia/Ho_Chi_Minh.
    pub time_zone: Option<String>,
    /// What `'now' | date` means; without it that is refused.
    pub now: Option<kit::Timestamp>,
    /// For previews: prints nothing for missing values and lists them in [`Rendered::missing`].
    pub allow_missing: bool,
}

/// Put at the end as it is: no Liquid, no escaping, no tracking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footer {
    pub html: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line without control characters.
    pub subject: String,
    /// One line without control characters; the HTML holds it already.
    pub preheader: String,
    /// `None` for a text body.
    pub html: Option<String>,
    pub text: String,
    /// Tracked addresses, each once, with campaign parameters and before rewriting.
    pub links: Vec<String>,
    /// Empty unless [`RenderOptions::allow_missing`].
    pub missing: Vec<String>,
}

/// A template ready to render; share it in an `Arc`.
pub struct CompiledTemplate {
    subject: Part,
    preheader: Part,
    html: Option<Part>,
    /// `None` when the text is made from the HTML.
    text: Option<Part>,
    variables: Vec<String>,
}

/// One part as a tree. Literal text makes up most of a message, so its size tells the size of the result.
struct Part {
    place: Place,
    nodes: Nodes,
    size_hint: usize,
}

impl fmt::Debug for CompiledTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledTemplate").field("variables", &self.variables).finish_non_exhaustive()
    }
}

/// The variable that holds the address to unsubscribe at.
const UNSUBSCRIBE_URL: &str = "unsubscribe_url";
const UNTRACKED: [&str; 3] = [UNSUBSCRIBE_URL, "preferences_url", "view_url"];

impl TemplateSource {
    /// Checks and prepares all parts. Takes milliseconds; do it once per version of a template.
    pub fn compile(&self) -> Result<CompiledTemplate, Vec<TemplateProblem>> {
        let mut compiler = Compiler::default();
        let subject = compiler.plain(Place::Subject, &self.subject);
        let preheader = compiler.plain(Place::Preheader, &self.preheader);
        let (html, mut text) = match &self.body {
            Body::Mjml(source) => (compiler.html(source, true), None),
            Body::Html(source) => (compiler.html(source, false), None),
            Body::Text(source) => (None, compiler.plain(Place::Body, source)),
        };
        if let (Some(source), false) = (&self.text, matches!(self.body, Body::Text(_))) {
            text = compiler.plain(Place::Text, source);
        }
        match (subject, preheader) {
            (Some(subject), Some(preheader)) if compiler.problems.is_empty() => Ok(CompiledTemplate {
                subject,
                preheader,
                html,
                text,
                variables: compiler.variables.into_iter().collect(),
            }),
            _ => Err(compiler.problems),
        }
    }
}

#[derive(Default)]
struct Compiler {
    problems: Vec<TemplateProblem>,
    variables: BTreeSet<String>,
}

impl Compiler {
    fn refuse(&mut self, place: Place, faults: impl IntoIterator<Item = Fault>) {
        self.problems.extend(faults.into_iter().map(|fault| TemplateProblem::new(place, fault)));
    }

    fn segments(&mut self, place: Place, source: &str) -> Option<Vec<Segment>> {
        if source.len() > SOURCE_BYTES_MAX {
            let message = format!("longer than {} KiB: make it shorter", SOURCE_BYTES_MAX / 1024);
            self.refuse(place, [Fault::at(0, message)]);
            return None;
        }
        lex::lex(source).map_err(|fault| self.refuse(place, [fault])).ok()
    }

    fn part(&mut self, place: Place, segments: Vec<Segment>) -> Option<Part> {
        let literal_bytes = |segment: &Segment| match segment {
            Segment::Literal(text) => text.len(),
            _ => 32,
        };
        let size_hint = segments.iter().map(literal_bytes).sum();
        match parse::parse(segments) {
            Ok(parsed) => {
                self.variables.extend(parsed.names.wanted);
                Some(Part { place, nodes: parsed.nodes, size_hint })
            }
            Err(faults) => {
                self.refuse(place, faults);
                None
            }
        }
    }

    fn plain(&mut self, place: Place, source: &str) -> Option<Part> {
        let segments = self.segments(place, source)?;
        self.part(place, segments)
    }

    fn html(&mut self, source: &str, is_mjml: bool) -> Option<Part> {
        let place = Place::Body;
        let mut segments = self.segments(place, source)?;
        if is_mjml {
            // Mistakes in the Liquid are best told before MJML moves the tags around.
            self.part(place, segments.clone())?;
            segments = mjml::compile(&segments).map_err(|fault| self.refuse(place, [fault])).ok()?;
        }
        let unsafe_places = mjml::unsafe_places(&segments);
        if !unsafe_places.is_empty() {
            self.refuse(place, unsafe_places);
            return None;
        }
        self.part(place, segments)
    }
}

impl CompiledTemplate {
    /// Paths of the variables that come from outside, sorted: `cart.items`, `cart.items[].name`.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Whether some part of the template asks for `unsubscribe_url`.
    pub fn uses_unsubscribe_link(&self) -> bool {
        self.variables.iter().any(|variable| variable == UNSUBSCRIBE_URL)
    }

    /// The places and rails of which the template shows what is recommended, sorted.
    pub fn recommendations(&self) -> Vec<&str> {
        let named: BTreeSet<&str> = self
            .variables
            .iter()
            .filter_map(|variable| variable.strip_prefix("recommendations."))
            .map(|rest| rest.split(['.', '[']).next().unwrap_or_default())
            .filter(|named| crate::recommend::is_name(named))
            .collect();
        named.into_iter().collect()
    }

    /// Makes one message. `context` is an object as described at the top of this module.
    pub fn render(
        &self,
        context: &serde_json::Value,
        options: &RenderOptions<'_>,
    ) -> Result<Rendered, RenderError> {
        let text_at = |path: &str| context.pointer(path).and_then(serde_json::Value::as_str);
        let around = Surroundings {
            context,
            time_zone: options
                .time_zone
                .as_deref()
                .or(text_at("/shop/timezone"))
                .unwrap_or("Asia/Ho_Chi_Minh"),
            now: options.now,
            escape: false,
        };
        let mut missing = Vec::new();
        let subject = header_line(&self.subject.render(around, HEADER_BYTES_MAX, &mut missing)?);
        let preheader = header_line(&self.preheader.render(around, HEADER_BYTES_MAX, &mut missing)?);
        let html = match &self.html {
            Some(part) => {
                Some(part.render(Surroundings { escape: true, ..around }, OUTPUT_BYTES_MAX, &mut missing)?)
            }
            None => None,
        };
        let text = match &self.text {
            Some(part) => Some(part.render(around, OUTPUT_BYTES_MAX, &mut missing)?),
            None => None,
        };
        if !missing.is_empty() && !options.allow_missing {
            return Err(RenderError::Missing { variables: missing });
        }

        let exempt = UNTRACKED.iter().filter_map(|name| context.get(*name)?.as_str());
        let exempt = exempt.chain(options.exempt_urls.iter().map(String::as_str));
        let mut tracker = Tracker::new(options.utm.as_ref(), options.rewrite_link, exempt);
        let html = html.map(|html| tracker.html(&html));
        let mut text = match (text, &html) {
            (Some(text), _) => tracker.text(&text),
            // The links are rewritten already, and those not to be tracked are told apart.
            (None, Some(html)) => plain::from_html(html),
            (None, None) => String::new(),
        };
        if let Some(footer) = options.footer.as_ref().filter(|footer| !footer.text.is_empty()) {
            text.push_str("\n\n");
            text.push_str(&footer.text);
        }
        let html = html.map(|html| with_extras(html, &preheader, options));
        Ok(Rendered { subject, preheader, html, text, links: tracker.links, missing })
    }
}

impl Part {
    fn render(
        &self,
        around: Surroundings<'_>,
        bytes_max: usize,
        missing: &mut Vec<String>,
    ) -> Result<String, RenderError> {
        let stopped = |fault| RenderError::Stopped(TemplateProblem::new(self.place, fault));
        let Output { text, missing: found } =
            eval::render(&self.nodes, around, self.size_hint + self.size_hint / 4).map_err(stopped)?;
        if text.len() > bytes_max {
            return Err(stopped(Fault::at(0, format!("longer than {bytes_max} bytes with its values"))));
        }
        for label in found {
            if !missing.iter().any(|known| known == label) {
                missing.push(label.to_owned());
            }
        }
        Ok(text)
    }
}

/// One line for a mail header: a line break in a value must not start a new header, and characters that turn
/// the direction of writing must not make a subject say something else.
fn header_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {}
            c if c == ' ' || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                if !line.is_empty() && !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            c => line.push(c),
        }
    }
    line.truncate(line.trim_end_matches(' ').len());
    line
}

/// So many pairs of invisible characters keep the body out of the line that mail programs show.
const PREHEADER_PADDING: usize = 80;

fn with_extras(html: String, preheader: &str, options: &RenderOptions<'_>) -> String {
    let mut start = String::new();
    if !preheader.is_empty() {
        start.push_str(
            "<div style=\"display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;\
             overflow:hidden;mso-hide:all\">",
        );
        html::escape_into(preheader, &mut start);
        start.push_str(&"&zwnj;&nbsp;".repeat(PREHEADER_PADDING));
        start.push_str("</div>");
    }
    let mut end = String::new();
    if let Some(footer) = &options.footer {
        end.push_str(&footer.html);
    }
    if let Some(url) = &options.open_pixel_url {
        end.push_str("<img src=\"");
        html::escape_into(url, &mut end);
        end.push_str("\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">");
    }
    if start.is_empty() && end.is_empty() {
        return html;
    }
    let mut start_at = 0;
    let mut at = 0;
    for piece in html::pieces(&html) {
        at += piece.source().len();
        if let html::Piece::Open(tag) = piece
            && tag.name.eq_ignore_ascii_case("body")
        {
            start_at = at;
            break;
        }
    }
    let end_at = html.rfind("</body").or_else(|| html.rfind("</BODY")).unwrap_or(html.len()).max(start_at);
    let mut whole = String::with_capacity(html.len() + start.len() + end.len());
    whole.push_str(&html[..start_at]);
    whole.push_str(&start);
    whole.push_str(&html[start_at..end_at]);
    whole.push_str(&end);
    whole.push_str(&html[end_at..]);
    whole
}
