//! Texts with a little markup: what the editor writes, cut down to what mail programs show.

use super::super::html::{self, Piece, Tag};
use super::super::lex;

const KEPT: [&str; 17] =
    ["p", "br", "strong", "b", "em", "i", "u", "s", "a", "ul", "ol", "li", "span", "h2", "h3", "sub", "sup"];

/// Escapes a text; its Liquid stays.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in liquid_apart(text) {
        match piece {
            Ok(plain) => html::escape_into(plain, &mut out),
            Err(liquid) => out.push_str(liquid),
        }
    }
    out
}

/// For an attribute in double quotes. The Liquid's own quotes do no harm: its tags are taken out before MJML is read.
pub fn attribute(text: &str) -> String {
    escaped(text.trim())
}

/// `Ok` text and `Err` Liquid, in their order.
fn liquid_apart(text: &str) -> Vec<Result<&str, &str>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find("{{").into_iter().chain(rest.find("{%")).min();
        let Some(start) = start else { break };
        let end_mark = if rest[start..].starts_with("{{") { "}}" } else { "%}" };
        let Some(length) = rest[start..].find(end_mark) else { break };
        let end = start + length + 2;
        if start > 0 {
            found.push(Ok(&rest[..start]));
        }
        found.push(Err(&rest[start..end]));
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        found.push(Ok(rest));
    }
    found
}

/// Whether the Liquid of a text is closed and readable.
pub fn liquid_fault(text: &str) -> Option<String> {
    match lex::lex(text) {
        Ok(segments) => super::super::parse::parse(segments)
            .err()
            .and_then(|faults| faults.into_iter().next())
            .map(|fault| fault.message),
        Err(fault) => Some(fault.message),
    }
}

/// Keeps the elements that stand in [`KEPT`], closes what is left open, and drops every attribute but addresses of
/// links and colours of texts.
pub fn cleaned(source: &str) -> String {
    // Liquid may hold `<`: words that stand nowhere else keep its places.
    let pieces = liquid_apart(source);
    if pieces.iter().all(Result::is_ok) {
        return walked(source, &[]);
    }
    let mut word = "lqrich".to_owned();
    while source.contains(&word) {
        word.push('q');
    }
    let mut marked = String::with_capacity(source.len());
    let mut kept = Vec::new();
    for piece in pieces {
        match piece {
            Ok(text) => marked.push_str(text),
            Err(liquid) => {
                marked.push_str(&format!("{word}{}z", kept.len()));
                kept.push(liquid);
            }
        }
    }
    let names: Vec<(String, &str)> =
        kept.iter().enumerate().map(|(number, liquid)| (format!("{word}{number}z"), *liquid)).collect();
    walked(&marked, &names)
}

fn walked(source: &str, liquid: &[(String, &str)]) -> String {
    let mut out = String::with_capacity(source.len());
    let mut open: Vec<String> = Vec::new();
    let mut skipping: Option<String> = None;
    for piece in html::pieces(source) {
        match piece {
            Piece::Open(tag) => {
                let name = tag.name.to_ascii_lowercase();
                if ["script", "style", "iframe", "object"].contains(&name.as_str()) {
                    skipping = Some(name);
                    continue;
                }
                if skipping.is_some() || !KEPT.contains(&name.as_str()) {
                    continue;
                }
                if name == "br" {
                    out.push_str("<br />");
                    continue;
                }
                out.push_str(&opening(&name, tag));
                open.push(name);
            }
            Piece::Close(tag) => {
                let name = tag.name.to_ascii_lowercase();
                if skipping.as_deref() == Some(name.as_str()) {
                    skipping = None;
                    continue;
                }
                if let Some(at) = open.iter().rposition(|held| *held == name) {
                    while open.len() > at {
                        let Some(held) = open.pop() else { break };
                        out.push_str(&format!("</{held}>"));
                    }
                }
            }
            Piece::Text(text) if skipping.is_none() => {
                out.push_str(&html::escaped_once(text).replace("&#39;", "'"))
            }
            _ => {}
        }
    }
    while let Some(held) = open.pop() {
        out.push_str(&format!("</{held}>"));
    }
    // From the last to the first, so that `z1` is not found in `z12`: the marks end with a letter anyway.
    for (mark, tag) in liquid.iter().rev() {
        out = out.replace(mark.as_str(), tag);
    }
    out
}

fn opening(name: &str, tag: Tag<'_>) -> String {
    match name {
        "a" => {
            let target = tag.attribute("href").unwrap_or_default();
            let lower = target.trim().to_ascii_lowercase();
            if lower.starts_with("javascript:")
                || lower.starts_with("data:")
                || lower.starts_with("vbscript:")
            {
                return "<a>".to_owned();
            }
            format!("<a href=\"{}\">", html::escaped_once(target.trim()))
        }
        "span" => {
            let style = tag.attribute("style").unwrap_or_default();
            let colour = style.split(';').find_map(|rule| {
                let (property, value) = rule.split_once(':')?;
                let value = value.trim();
                (property.trim().eq_ignore_ascii_case("color") && is_plain_colour(value))
                    .then(|| value.to_owned())
            });
            colour.map_or_else(|| "<span>".to_owned(), |colour| format!("<span style=\"color:{colour}\">"))
        }
        "p" | "h2" | "h3" => {
            let style = tag.attribute("style").unwrap_or_default().replace(' ', "");
            let align =
                ["center", "right"].into_iter().find(|side| style.contains(&format!("text-align:{side}")));
            align.map_or_else(|| format!("<{name}>"), |side| format!("<{name} style=\"text-align:{side}\">"))
        }
        _ => format!("<{name}>"),
    }
}

fn is_plain_colour(value: &str) -> bool {
    super::check::is_colour(value)
        || (value.starts_with("rgb(")
            && value.ends_with(')')
            && value.len() < 24
            && !value.contains(['"', '<']))
}
