//! The text part of a message that has only HTML.

use super::html::{self, Piece, Tag};

/// What a reader of the HTML sees, as text: links become `text (address)`, blocks become lines.
pub(super) fn from_html(source: &str) -> String {
    let mut writer = Writer::default();
    // While an element is left out: its name and how many of that name are open.
    let mut skipping: Option<(String, usize)> = None;
    let mut outlook = false;
    for piece in html::pieces(source) {
        match piece {
            Piece::Outlook(_) => outlook = true,
            Piece::OutlookEnd(_) => outlook = false,
            _ if outlook => {}
            Piece::Open(tag) => match &mut skipping {
                Some((name, open)) => *open += usize::from(tag.name.eq_ignore_ascii_case(name)),
                None if left_out(tag) => {
                    if !tag.source.ends_with("/>") && !is_void(tag.name) {
                        skipping = Some((tag.name.to_owned(), 1));
                    }
                }
                None => writer.open(tag),
            },
            Piece::Close(Tag { name, .. }) => match &mut skipping {
                Some((skipped, open)) if name.eq_ignore_ascii_case(skipped) => {
                    *open -= 1;
                    if *open == 0 {
                        skipping = None;
                    }
                }
                Some(_) => {}
                None => writer.close(name),
            },
            Piece::Text(text) if skipping.is_none() => writer.text(text),
            Piece::Text(_) | Piece::Aside(_) | Piece::Verbatim(_) => {}
        }
    }
    writer.finish()
}

fn is_void(name: &str) -> bool {
    ["br", "hr", "img", "input", "meta", "link"].iter().any(|void| name.eq_ignore_ascii_case(void))
}

/// Heads, and what is hidden from readers, such as preview texts.
fn left_out(tag: Tag<'_>) -> bool {
    if ["head", "title", "template"].iter().any(|name| tag.name.eq_ignore_ascii_case(name)) {
        return true;
    }
    let hides = |style: &str| {
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
        style
            .to_ascii_lowercase()
            .split(';')
            .any(|rule| rule == "display:none" || rule == "display:none!important")
    };
    tag.source.contains("none") && tag.attribute("style").is_some_and(hides)
}

#[derive(Default)]
struct Writer {
    out: String,
    /// A space is due before the next word.
    space: bool,
    /// Line breaks due before the next word: 1 or 2.
    breaks: usize,
    /// Addresses of the open links, and where their texts start.
    links: Vec<(String, usize)>,
    decoded: String,
}

/// How many line breaks stand around an element; `None` when it runs on in the line.
fn breaks_around(name: &str) -> Option<usize> {
    let is = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    if is(&["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "pre"]) {
        Some(2)
    } else if is(&[
        "div", "table", "tr", "li", "section", "header", "footer", "center", "article", "dt", "dd",
    ]) {
        Some(1)
    } else {
        None
    }
}

impl Writer {
    fn open(&mut self, tag: Tag<'_>) {
        let name = tag.name.to_ascii_lowercase();
        if let Some(breaks) = breaks_around(&name) {
            self.break_line(breaks);
        }
        match name.as_str() {
            "br" => {
                // Two of them leave an empty line.
                let breaks = self.breaks + 1;
                self.break_line(breaks);
            }
            "hr" => {
                self.break_line(1);
                self.word("---");
                self.break_line(1);
            }
            "li" => {
                self.word("-");
                self.space = true;
            }
            "td" | "th" => self.space = true,
            "a" => {
                let address = html::decoded(tag.attribute("href").unwrap_or("")).trim().to_owned();
                self.links.push((address, self.out.len()));
            }
            "img" => {
                if let Some(alt) = tag.attribute("alt") {
                    self.text(alt);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("a") {
            self.close_link();
        } else if name.eq_ignore_ascii_case("td") || name.eq_ignore_ascii_case("th") {
            self.space = true;
        } else if let Some(breaks) = breaks_around(name) {
            self.break_line(breaks);
        }
    }

    fn close_link(&mut self) {
        let Some((address, start)) = self.links.pop() else { return };
        let shown = self.out[start..].trim();
        let written = address.strip_prefix("mailto:").or(address.strip_prefix("tel:")).unwrap_or(&address);
        if written.is_empty() || address.starts_with('#') || shown == written {
            return;
        }
        if shown.is_empty() {
            let address = written.to_owned();
            self.word(&address);
            return;
        }
        // The address belongs to its text, even when that is a block.
        let breaks = std::mem::take(&mut self.breaks);
        self.space = true;
        let address = format!("({written})");
        self.word(&address);
        self.breaks = breaks;
    }

    fn break_line(&mut self, breaks: usize) {
        self.breaks = self.breaks.max(breaks).min(2);
        self.space = false;
    }

    fn word(&mut self, word: &str) {
        if !self.out.is_empty() {
            if self.breaks > 0 {
                self.out.extend(std::iter::repeat_n('\n', self.breaks));
            } else if self.space {
                self.out.push(' ');
            }
        }
        self.breaks = 0;
        self.space = false;
        self.out.push_str(word);
    }

    fn text(&mut self, text: &str) {
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        html::decode_into(text, &mut decoded);
        decoded.retain(|c| !matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{feff}'));
        let is_space = |c: char| c.is_ascii_whitespace();
        self.space |= decoded.starts_with(is_space);
        for word in decoded.split(is_space).filter(|word| !word.is_empty()) {
            // A line of nothing but a no-break space is how editors write an empty cell.
            if word.chars().all(|c| c == '\u{a0}') && (self.breaks > 0 || self.out.is_empty()) {
                continue;
            }
            self.word(word);
            self.space = true;
        }
        if !decoded.is_empty() {
            self.space = decoded.ends_with(is_space) || (self.space && decoded.trim().is_empty());
        }
        self.decoded = decoded;
    }

    fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_reads_as_text() {
        let check = |source: &str, expect: &str| assert_eq!(from_html(source), expect, "{source}");
        check("", "");
        check("a\n  b&nbsp;&amp; <b>c</b>d", "a b\u{a0}& cd");
        check("<p>Chào Lan,</p><p>Cảm ơn.</p>", "Chào Lan,\n\nCảm ơn.");
        check("a<br>b<br/><br>c", "a\nb\n\nc");
        check("<div><div>a</div></div><div>b</div>", "a\nb");
        check("<ul><li>một</li><li>hai</li></ul>x", "- một\n- hai\n\nx");
        check("<h1>Tên</h1>x<hr>y", "Tên\n\nx\n---\ny");
        check("<table><tr><td>Áo</td><td>2</td></tr><tr><td>Nón</td></tr></table>", "Áo 2\nNón");
        check("<a href='https://a.vn/?x=1&amp;y'>Xem <b>ngay</b></a>!", "Xem ngay (https://a.vn/?x=1&y)!");
        check("<a href='https://a.vn'>https://a.vn</a>", "https://a.vn");
        check("<a href='https://a.vn'><img src=x alt='Ảnh'></a>", "Ảnh (https://a.vn)");
        check("<a href='https://a.vn'><img src=x></a>", "https://a.vn");
        check("<p>x</p><a href='https://a.vn'><img src=x></a>", "x\n\nhttps://a.vn");
        check("<a href='https://a.vn'><div>Mua</div></a>x", "Mua (https://a.vn)\nx");
        check("<a href='#top'>lên</a> <a href='mailto:a@b.vn'>viết</a>", "lên viết (a@b.vn)");
        check("<a href='tel:1900'>1900</a> <a>x</a>", "1900 x");
        check("<head><title>t</title><style>p{}</style></head>x<script>1</script>", "x");
        check("<div style='DISPLAY : none;max-height:0'>ẩn <div>x</div> y</div>z", "z");
        check("<!--[if mso]><p>Outlook</p><![endif]--><!--[if !mso]><!-->y<!--<![endif]-->", "y");
        check("a &zwnj;&nbsp;&zwnj; b", "a \u{a0} b");
        check("</p></a></td>x", "x");
    }
}
