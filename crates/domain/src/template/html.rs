//! Reading HTML as mail programs do: good enough to find links, text and the places where values stand.

/// Escapes the five characters that can leave a text or a quoted attribute.
pub(super) fn escape_into(text: &str, out: &mut String) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'&' => "&amp;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(entity);
        from = at + 1;
    }
    out.push_str(&text[from..]);
}

/// Escapes, but leaves entities that are there already.
pub(super) fn escaped_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        escape_into(&rest[..at], &mut out);
        rest = &rest[at..];
        match entity(rest) {
            Some((_, length)) => {
                out.push_str(&rest[..length]);
                rest = &rest[length..];
            }
            None => {
                out.push_str("&amp;");
                rest = &rest[1..];
            }
        }
    }
    escape_into(rest, &mut out);
    out
}

const ENTITIES: [(&str, &str); 34] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{a0}"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("hellip", "…"),
    ("mdash", "—"),
    ("ndash", "–"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("bull", "•"),
    ("middot", "·"),
    ("times", "×"),
    ("euro", "€"),
    ("pound", "£"),
    ("rarr", "→"),
    ("larr", "←"),
    ("deg", "°"),
    ("frac12", "½"),
    ("zwnj", "\u{200c}"),
    ("zwj", "\u{200d}"),
    ("shy", "\u{ad}"),
    ("ensp", "\u{2002}"),
    ("emsp", "\u{2003}"),
    ("thinsp", "\u{2009}"),
    ("colon", ":"),
];

/// The character of the entity at the start of `text`, and the entity's bytes.
fn entity(text: &str) -> Option<(Named, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let found = match name.strip_prefix('#') {
        Some(code) => {
            let number = match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => code.parse(),
            };
            Named::Char(char::from_u32(number.ok()?)?)
        }
        None => Named::Text(ENTITIES.iter().find(|(known, _)| *known == name)?.1),
    };
    Some((found, end + 1))
}

enum Named {
    Char(char),
    Text(&'static str),
}

/// Appends `text` with its entities resolved; unknown ones stay as they are.
pub(super) fn decode_into(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match entity(rest) {
            Some((Named::Char(c), length)) => {
                out.push(c);
                length
            }
            Some((Named::Text(text), length)) => {
                out.push_str(text);
                length
            }
            None => {
                out.push('&');
                1
            }
        };
        rest = &rest[length..];
    }
    out.push_str(rest);
}

pub(super) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    decode_into(text, &mut out);
    out
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece<'s> {
    Text(&'s str),
    Open(Tag<'s>),
    /// `</name>`; it has no attributes.
    Close(Tag<'s>),
    /// A comment, doctype or processing instruction.
    Aside(&'s str),
    /// What stands inside `script` and `style`.
    Verbatim(&'s str),
    /// `<!--[if mso]>`: what follows is for Outlook alone, up to [`Piece::OutlookEnd`].
    Outlook(&'s str),
    OutlookEnd(&'s str),
}

impl<'s> Piece<'s> {
    /// The piece as it was written.
    pub fn source(&self) -> &'s str {
        match self {
            Piece::Open(tag) | Piece::Close(tag) => tag.source,
            Piece::Text(text)
            | Piece::Aside(text)
            | Piece::Verbatim(text)
            | Piece::Outlook(text)
            | Piece::OutlookEnd(text) => text,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tag<'s> {
    /// From `<` to `>`.
    pub source: &'s str,
    pub name: &'s str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Attribute<'s> {
    pub name: &'s str,
    /// As written, entities unresolved.
    pub value: &'s str,
    /// Bytes of the whole attribute within its tag, and of its value with the quotes.
    pub span: (usize, usize),
    pub value_span: (usize, usize),
}

/// Cuts HTML into pieces whose sources, put together, are the input again.
pub(super) struct Pieces<'s> {
    source: &'s str,
    at: usize,
    verbatim_until: Option<&'s str>,
}

pub(super) fn pieces(source: &str) -> Pieces<'_> {
    Pieces { source, at: 0, verbatim_until: None }
}

impl<'s> Pieces<'s> {
    fn take(&mut self, length: usize) -> &'s str {
        let piece = &self.source[self.at..self.at + length];
        self.at += length;
        piece
    }

    fn verbatim(&mut self, name: &str) -> Option<Piece<'s>> {
        let rest = &self.source[self.at..];
        let mut from = 0;
        let end = loop {
            let Some(found) = rest[from..].find("</") else { break rest.len() };
            let after = &rest.as_bytes()[from + found + 2..];
            if after.len() >= name.len() && after[..name.len()].eq_ignore_ascii_case(name.as_bytes()) {
                break from + found;
            }
            from += found + 2;
        };
        (end > 0).then(|| Piece::Verbatim(self.take(end)))
    }
}

impl<'s> Iterator for Pieces<'s> {
    type Item = Piece<'s>;

    fn next(&mut self) -> Option<Piece<'s>> {
        if let Some(name) = self.verbatim_until.take()
            && let Some(piece) = self.verbatim(name)
        {
            return Some(piece);
        }
        let rest = &self.source[self.at..];
        if rest.is_empty() {
            return None;
        }
        let mut from = 0;
        let text_end = loop {
            match rest[from..].find('<') {
                None => break rest.len(),
                Some(found) => match rest.as_bytes().get(from + found + 1) {
                    Some(next) if next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?') => {
                        break from + found;
                    }
                    _ => from += found + 1,
                },
            }
        };
        if text_end > 0 {
            return Some(Piece::Text(self.take(text_end)));
        }
        if rest.starts_with("<!--[if") {
            let head = rest.find("]>").map_or(rest.len(), |at| at + 2);
            let after = &rest[head..];
            let shown_elsewhere = ["<!-->", "-->"].iter().find(|mark| after.starts_with(**mark));
            return Some(match shown_elsewhere {
                Some(mark) => Piece::Aside(self.take(head + mark.len())),
                None => Piece::Outlook(self.take(head)),
            });
        }
        if rest.starts_with("<![endif]-->") {
            return Some(Piece::OutlookEnd(self.take("<![endif]-->".len())));
        }
        if let Some(inside) = rest.strip_prefix("<!--") {
            let length = inside.find("-->").map_or(rest.len(), |at| "<!--".len() + at + "-->".len());
            return Some(Piece::Aside(self.take(length)));
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            let length = rest.find('>').map_or(rest.len(), |at| at + 1);
            return Some(Piece::Aside(self.take(length)));
        }
        let Some(length) = tag_length(rest) else {
            return Some(Piece::Text(self.take(rest.len())));
        };
        let source = self.take(length);
        if let Some(inside) = source.strip_prefix("</") {
            return Some(Piece::Close(Tag { source, name: name_at_start(inside) }));
        }
        let name = name_at_start(&source[1..]);
        if (name.eq_ignore_ascii_case("script") || name.eq_ignore_ascii_case("style"))
            && !source.ends_with("/>")
        {
            self.verbatim_until = Some(name);
        }
        Some(Piece::Open(Tag { source, name }))
    }
}

fn name_at_start(text: &str) -> &str {
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or(text.len());
    &text[..end]
}

/// Bytes up to the `>` that ends the tag, which does not stand in a quoted value.
fn tag_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    let mut after_equals = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'>' => return Some(at + 1),
            // Styles make most of a mail: their values are jumped over.
            b'"' | b'\'' if after_equals => {
                at += 1 + text[at + 1..].find(char::from(*byte))?;
                after_equals = false;
            }
            byte if byte.is_ascii_whitespace() => {}
            byte => after_equals = *byte == b'=',
        }
        at += 1;
    }
    None
}

impl<'s> Tag<'s> {
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'s>> {
        let source = self.source;
        let bytes = source.as_bytes();
        let mut at = 1 + self.name.len();
        let end = source.len() - 1;
        let skip = move |mut at: usize, skip: fn(u8) -> bool| {
            while at < end && skip(bytes[at]) {
                at += 1;
            }
            at
        };
        std::iter::from_fn(move || {
            at = skip(at, |byte| byte.is_ascii_whitespace() || byte == b'/');
            if at >= end {
                return None;
            }
            let start = at;
            // A name may start with `=`, strange as it looks; going on by one byte keeps the loop finite.
            at = skip(at + 1, |byte| !byte.is_ascii_whitespace() && byte != b'=' && byte != b'/');
            // Names end at ASCII bytes, but the first byte may begin a longer character.
            let name = source.get(start..at).unwrap_or("");
            let equals = skip(at, |byte| byte.is_ascii_whitespace());
            if equals >= end || bytes[equals] != b'=' {
                return Some(Attribute { name, value: "", span: (start, at), value_span: (at, at) });
            }
            let value_start = skip(equals + 1, |byte| byte.is_ascii_whitespace());
            let (inside, value_end) = match bytes.get(value_start) {
                Some(quote @ (b'"' | b'\'')) if value_start < end => {
                    let inside = value_start + 1;
                    let length =
                        bytes[inside..end].iter().position(|byte| byte == quote).unwrap_or(end - inside);
                    ((inside, inside + length), (inside + length + 1).min(end))
                }
                _ => {
                    let value_end = skip(value_start, |byte| !byte.is_ascii_whitespace());
                    ((value_start, value_end), value_end)
                }
            };
            at = value_end;
            let value = source.get(inside.0..inside.1).unwrap_or("");
            Some(Attribute { name, value, span: (start, at), value_span: (value_start, value_end) })
        })
    }

    pub fn attribute(self, name: &str) -> Option<&'s str> {
        self.attributes().find(|attribute| attribute.name.eq_ignore_ascii_case(name)).map(|found| found.value)
    }
}

/// The text between the tags, entities as they are; scripts, styles and comments left out.
pub(super) fn without_tags(source: &str) -> String {
    let texts = pieces(source).filter_map(|piece| match piece {
        Piece::Text(text) => Some(text),
        _ => None,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> String {
        pieces(source)
            .map(|piece| match piece {
                Piece::Text(text) => format!("'{text}'"),
                Piece::Open(tag) => {
                    let attributes: Vec<String> =
                        tag.attributes().map(|a| format!("{}={}", a.name, a.value)).collect();
                    format!("<{} {}>", tag.name, attributes.join(","))
                }
                Piece::Close(tag) => format!("</{}>", tag.name),
                Piece::Aside(_) => "!".to_owned(),
                Piece::Verbatim(text) => format!("[{text}]"),
                Piece::Outlook(_) => "{".to_owned(),
                Piece::OutlookEnd(_) => "}".to_owned(),
            })
            .collect()
    }

    #[test]
    fn html_is_cut_into_pieces() {
        let check = |source: &str, expect: &str| assert_eq!(shown(source), expect, "{source}");
        check("a < b & c", "'a < b & c'");
        check("<p>x</p >", "<p >'x'</p>");
        check("<a href='/x?a>b' b=c d>t</a>", "<a href=/x?a>b,b=c,d=>'t'</a>");
        check("<a\n href = \"é\" ớ=1/>", "<a href=é,ớ=1/>");
        check("<br/><br />", "<br ><br >");
        check("<!doctype html><!-- <a> -->x", "!!'x'");
        check("<!--[if mso]><b><![endif]-->y", "{<b >}'y'");
        check("<!--[if !mso]><!--><b><!--<![endif]-->", "!<b >!");
        check("<style>a>b{}</style>x", "<style >[a>b{}]</style>'x'");
        check("<SCRIPT>1</b></script>x", "<SCRIPT >[1</b>]</script>'x'");
        check("<script>never closed", "<script >[never closed]");
        check("x<a href='never closed", "'x''<a href='never closed'");
        check("<a =x><a ==><a = >", "<a =x=><a ==><a ==>");
    }

    #[test]
    fn entities() {
        let check = |source: &str, expect: &str| assert_eq!(decoded(source), expect, "{source}");
        check("a &amp; b &lt;&#39;&#x1ea1;&nbsp;", "a & b <'ạ\u{a0}");
        check("&unknown; & &#xffffffff; &", "&unknown; & &#xffffffff; &");
        assert_eq!(escaped_once("a & b &amp; <c> &bad"), "a &amp; b &amp; &lt;c&gt; &amp;bad");
    }
}
