//! Cuts a source into literal text and Liquid tags, with whitespace control, `raw` and comments resolved.

use super::parse::Fault;

/// One piece of a source. Liquid tags keep their line, because MJML compilation moves them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Segment {
    Literal(String),
    /// The inside of `{{ }}`.
    Output {
        code: String,
        line: usize,
    },
    /// `{% name code %}`.
    Tag {
        name: String,
        code: String,
        line: usize,
    },
}

/// Fails on a tag that is never closed, and on `raw` or `comment` without its end.
pub(super) fn lex(source: &str) -> Result<Vec<Segment>, Fault> {
    let mut lexer = Lexer { source, at: 0, line: 1, counted_to: 0, trim_next: false, segments: Vec::new() };
    while let Some(open) = lexer.find_open() {
        lexer.literal(open);
        lexer.tag(open)?;
    }
    lexer.literal(source.len());
    Ok(lexer.segments)
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    line: usize,
    counted_to: usize,
    trim_next: bool,
    segments: Vec<Segment>,
}

impl<'s> Lexer<'s> {
    fn find_open(&self) -> Option<usize> {
        let rest = &self.source[self.at..];
        let mut from = 0;
        while let Some(brace) = rest[from..].find('{') {
            let here = from + brace;
            match rest.as_bytes().get(here + 1) {
                Some(b'{' | b'%') => return Some(self.at + here),
                _ => from = here + 1,
            }
        }
        None
    }

    fn line_at(&mut self, position: usize) -> usize {
        self.line += self.source[self.counted_to..position].bytes().filter(|b| *b == b'\n').count();
        self.counted_to = position;
        self.line
    }

    fn literal(&mut self, end: usize) {
        let mut text = &self.source[self.at..end];
        if self.trim_next {
            text = text.trim_start();
        }
        if self.source[end..].get(2..3) == Some("-") {
            text = text.trim_end();
        }
        self.trim_next = false;
        self.push_literal(text);
    }

    fn push_literal(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.segments.last_mut() {
            Some(Segment::Literal(before)) => before.push_str(text),
            _ => self.segments.push(Segment::Literal(text.to_owned())),
        }
    }

    /// The inside of the tag that opens at `open`; moves behind it.
    fn inside(&mut self, open: usize) -> Result<&'s str, Fault> {
        let (close, kind) = match self.source.as_bytes()[open + 1] {
            b'{' => ("}}", "{{"),
            _ => ("%}", "{%"),
        };
        let start = open + 2;
        let line = self.line_at(open);
        let length = self.source[start..]
            .find(close)
            .ok_or_else(|| Fault::at(line, format!("`{kind}` is never closed: add `{close}`")))?;
        let mut code = &self.source[start..start + length];
        if code.contains(kind) {
            return Err(Fault::at(
                line,
                format!("`{kind}` is not closed before the next one: add `{close}`"),
            ));
        }
        code = code.strip_prefix('-').unwrap_or(code);
        self.trim_next = code.ends_with('-');
        code = code.strip_suffix('-').unwrap_or(code);
        self.at = start + length + 2;
        Ok(code.trim())
    }

    fn tag(&mut self, open: usize) -> Result<(), Fault> {
        let output = self.source.as_bytes()[open + 1] == b'{';
        let code = self.inside(open)?;
        let line = self.line;
        if output {
            self.segments.push(Segment::Output { code: code.to_owned(), line });
            return Ok(());
        }
        let name_end = code.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(code.len());
        let (name, rest) = code.split_at(name_end);
        match name {
            "" if code.starts_with('#') => Ok(()),
            "raw" => self.raw(line),
            "comment" => self.comment(line),
            _ => {
                let (name, code) = (name.to_owned(), rest.trim().to_owned());
                self.segments.push(Segment::Tag { name, code, line });
                Ok(())
            }
        }
    }

    fn raw(&mut self, line: usize) -> Result<(), Fault> {
        let start = self.at;
        let trim_start = self.trim_next;
        loop {
            let open = self
                .find_open()
                .ok_or_else(|| Fault::at(line, "`{% raw %}` has no end: add `{% endraw %}`".to_owned()))?;
            self.at = open + 2;
            let rest = &self.source[self.at..];
            let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start();
            let Some(rest) = rest.strip_prefix("endraw") else { continue };
            let rest = rest.trim_start();
            let trim_next = rest.starts_with('-');
            let Some(rest) = rest.strip_prefix('-').unwrap_or(rest).strip_prefix("%}") else { continue };
            let mut text = &self.source[start..open];
            if trim_start {
                text = text.trim_start();
            }
            if self.source[open..].get(2..3) == Some("-") {
                text = text.trim_end();
            }
            self.push_literal(text);
            self.at = self.source.len() - rest.len();
            self.trim_next = trim_next;
            return Ok(());
        }
    }

    fn comment(&mut self, line: usize) -> Result<(), Fault> {
        let mut depth = 1;
        while let Some(open) = self.find_open() {
            self.at = open + 2;
            let rest = &self.source[self.at..];
            if self.source.as_bytes()[open + 1] == b'{' {
                continue;
            }
            let word = rest.strip_prefix('-').unwrap_or(rest).trim_start();
            if word.starts_with("comment") {
                depth += 1;
            } else if word.starts_with("endcomment") {
                depth -= 1;
                if depth == 0 {
                    self.inside(open)?;
                    return Ok(());
                }
            }
        }
        Err(Fault::at(line, "`{% comment %}` has no end: add `{% endcomment %}`".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> String {
        match lex(source) {
            Ok(segments) => segments
                .into_iter()
                .map(|segment| match segment {
                    Segment::Literal(text) => format!("'{text}'"),
                    Segment::Output { code, line } => format!("<{code}>{line}"),
                    Segment::Tag { name, code, line } => format!("<%{name}:{code}>{line}"),
                })
                .collect(),
            Err(fault) => format!("{}: {}", fault.line, fault.message),
        }
    }

    #[test]
    fn sources_are_cut_into_segments() {
        let check = |source: &str, expect: &str| assert_eq!(shown(source), expect, "{source}");
        check("", "");
        check("a { b } %} }}", "'a { b } %} }}'");
        check("a\n{{ b }}\n\n{% if c %}", "'a\n'<b>2'\n\n'<%if:c>4");
        check("a  {{- b -}}  c", "'a'<b>1'c'");
        check("a  {%- if x -%}  c", "'a'<%if:x>1'c'");
        check("x{% raw %}{{ a }}{% if %}{% endraw %}y", "'x{{ a }}{% if %}y'");
        check("x {%- raw -%} {{ a }} {%- endraw -%} y", "'x{{ a }}y'");
        check("x{% comment %} {{ {% comment %} {% endcomment %} {% endcomment %}y", "'xy'");
        check("x{% # a note %}y", "'xy'");
        check("{{ khách }}", "<khách>1");
        check("\n{{ a", "2: `{{` is never closed: add `}}`");
        check("{{ a {{ b }}", "1: `{{` is not closed before the next one: add `}}`");
        check("{% raw %}", "1: `{% raw %}` has no end: add `{% endraw %}`");
        check("\n\n{% comment %}", "3: `{% comment %}` has no end: add `{% endcomment %}`");
    }
}
