//! Turns a body into segments of HTML and Liquid: MJML is compiled here, once, with the Liquid tags kept safe.
//!
//! The MJML compiler knows nothing of Liquid: it fails on `{% if a < 3 %}` and on tags between its elements. So
//! every Liquid tag is replaced by a word that stands nowhere else (a mark), MJML is compiled, and the marks are
//! replaced by the tags again. A mark between elements is wrapped into `mj-raw`.

use mrml::prelude::parser::Error as ParseError;

use super::html::{self, Piece};
use super::lex::Segment;
use super::limits::{
    MJML_ATTRIBUTE_BYTES_MAX, MJML_DEFAULTS_BYTES_MAX, MJML_ELEMENTS_MAX, MJML_NESTING_MAX, OUTPUT_BYTES_MAX,
};
use super::links::NO_TRACK;
use super::parse::Fault;

/// A word of letters and a number for every Liquid tag of one source.
struct Marks {
    word: String,
}

impl Marks {
    fn for_segments(segments: &[Segment]) -> Self {
        let mut word = "lqmark".to_owned();
        let taken =
            |word: &str| segments.iter().any(|s| matches!(s, Segment::Literal(text) if text.contains(word)));
        while taken(&word) {
            word.push('q');
        }
        Marks { word }
    }

    fn write(&self, number: usize, out: &mut String) {
        out.push_str(&format!("{}{number}z", self.word));
    }

    /// The first mark in `text`: where it starts, where it ends, its number.
    fn find(&self, text: &str) -> Option<(usize, usize, usize)> {
        let start = text.find(&self.word)?;
        let digits = start + self.word.len();
        let end = digits + text[digits..].find('z')?;
        Some((start, end + 1, text[digits..end].parse().ok()?))
    }

    fn is_in(&self, text: &str) -> bool {
        text.contains(&self.word)
    }
}

/// The source with marks for its Liquid tags.
fn marked(segments: &[Segment], marks: &Marks) -> String {
    let mut text = String::new();
    for (number, segment) in segments.iter().enumerate() {
        match segment {
            Segment::Literal(literal) => text.push_str(literal),
            _ => marks.write(number, &mut text),
        }
    }
    text
}

/// The segments that the marks in `text` stand for, and the text between them.
fn unmarked(text: &str, segments: &[Segment], marks: &Marks, into: &mut Vec<Segment>) {
    let mut rest = text;
    while let Some((start, end, number)) = marks.find(rest) {
        if start > 0 {
            into.push(Segment::Literal(rest[..start].to_owned()));
        }
        into.extend(segments.get(number).cloned());
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        into.push(Segment::Literal(rest.to_owned()));
    }
}

fn line_of(segment: &Segment) -> usize {
    match segment {
        Segment::Literal(_) => 0,
        Segment::Output { line, .. } | Segment::Tag { line, .. } => *line,
    }
}

/// The line of the source that byte `at` of the marked text came from.
fn source_line(text: &str, at: usize, segments: &[Segment], marks: &Marks) -> usize {
    let mut before = text.get(..at.min(text.len())).unwrap_or(text);
    let mut line = 1;
    // White space control may have swallowed line breaks; every mark knows its true line.
    if let Some(start) = before.rfind(&marks.word)
        && let Some((_, end, number)) = marks.find(&before[start..])
        && let Some(segment) = segments.get(number)
    {
        line = line_of(segment);
        before = &before[start + end..];
    }
    line + before.matches('\n').count()
}

/// Elements between whose children Liquid tags may stand.
const STRUCTURAL: [&str; 6] = ["mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"];

/// Elements that hold other elements and nothing else, where the compiler takes no `mj-raw`.
const CLOSED: [&str; 7] =
    ["mjml", "mj-head", "mj-attributes", "mj-social", "mj-navbar", "mj-accordion", "mj-carousel"];

/// Compiles MJML. Fails with the line in the source when the compiler does not understand it, when Liquid stands
/// where it cannot, and when a limit of [`super::limits`] is passed.
pub(super) fn compile(segments: &[Segment]) -> Result<Vec<Segment>, Fault> {
    let marks = Marks::for_segments(segments);
    let text = marked(segments, &marks);
    // `{% assign %}` before and after the document stays outside of it.
    let start = text.find('<').unwrap_or(text.len());
    let end = text.rfind('>').map_or(start, |at| at + 1).max(start);
    let wrapped =
        Wrapper { segments, marks: &marks, text: &text, stack: Vec::new(), elements: 0, defaults: 0 }
            .wrap(start, end)?;
    let parsed = mrml::parse(&wrapped).map_err(|error| told(&error, &wrapped, segments, &marks))?;
    let compiled =
        parsed.element.render(&mrml::prelude::render::RenderOptions::default()).map_err(|error| {
            Fault::at(
                0,
                format!("the MJML cannot be turned into HTML ({error}): look for a wrong size or colour"),
            )
        })?;
    if compiled.len() > OUTPUT_BYTES_MAX {
        let message =
            format!("the MJML makes more than {} KiB of HTML: make it smaller", OUTPUT_BYTES_MAX / 1024);
        return Err(Fault::at(0, message));
    }
    let mut found = Vec::new();
    unmarked(&text[..start], segments, &marks, &mut found);
    found.retain(|segment| !matches!(segment, Segment::Literal(_)));
    unmarked(&compiled, segments, &marks, &mut found);
    unmarked(text[end..].trim_end(), segments, &marks, &mut found);
    Ok(found)
}

/// The compiler takes an unknown element for HTML and prints it, where no mail program would show it.
const KNOWN: [&str; 32] = [
    "mj-accordion",
    "mj-accordion-element",
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-all",
    "mj-attributes",
    "mj-body",
    "mj-breakpoint",
    "mj-button",
    "mj-carousel",
    "mj-carousel-image",
    "mj-class",
    "mj-column",
    "mj-divider",
    "mj-font",
    "mj-group",
    "mj-head",
    "mj-hero",
    "mj-image",
    "mj-navbar",
    "mj-navbar-link",
    "mj-preview",
    "mj-raw",
    "mj-section",
    "mj-social",
    "mj-social-element",
    "mj-spacer",
    "mj-style",
    "mj-table",
    "mj-text",
    "mj-title",
    "mj-wrapper",
];

struct Wrapper<'s> {
    segments: &'s [Segment],
    marks: &'s Marks,
    text: &'s str,
    /// Open elements and where they begin.
    stack: Vec<(&'s str, usize)>,
    elements: usize,
    /// Bytes of tags in `mj-attributes`, which the compiler gives to every element.
    defaults: usize,
}

impl<'s> Wrapper<'s> {
    fn fault(&self, at: usize, message: String) -> Fault {
        Fault::at(source_line(self.text, at, self.segments, self.marks), message)
    }

    fn wrap(mut self, start: usize, end: usize) -> Result<String, Fault> {
        let source = &self.text[start..end];
        let mut out = String::with_capacity(source.len() + 256);
        let mut next = start;
        for piece in html::pieces(source) {
            let at = next;
            next += piece.source().len();
            match piece {
                Piece::Open(tag) => {
                    self.open(tag, at)?;
                    let mark = tag.attributes().find(|attribute| attribute.name == NO_TRACK);
                    match mark.filter(|_| tag.name.starts_with("mj-")) {
                        Some(mark) => {
                            out.push_str(&tag.source[..mark.span.0]);
                            out.push_str(&format!("rel=\"{NO_TRACK}\""));
                            out.push_str(&tag.source[mark.span.1..]);
                        }
                        None => out.push_str(tag.source),
                    }
                }
                Piece::Close(tag) => {
                    self.close(tag.name, at)?;
                    out.push_str(tag.source);
                }
                Piece::Text(text) => self.text(text, at, &mut out)?,
                other => out.push_str(other.source()),
            }
        }
        if let Some((name, at)) = self.stack.last() {
            return Err(self.fault(*at, format!("`<{name}>` is never closed: add `</{name}>`")));
        }
        if self.defaults.saturating_mul(self.elements) > MJML_DEFAULTS_BYTES_MAX {
            let message = "`mj-attributes` sets too much for so many elements: make one of both smaller";
            return Err(Fault::at(0, message.to_owned()));
        }
        Ok(out)
    }

    fn open(&mut self, tag: html::Tag<'s>, at: usize) -> Result<(), Fault> {
        self.elements += 1;
        if self.elements > MJML_ELEMENTS_MAX {
            return Err(self.fault(at, format!("the MJML has more than {MJML_ELEMENTS_MAX} elements")));
        }
        if tag.name == "mj-include" {
            return Err(self.fault(at, "`<mj-include>` is not available: paste the content here".to_owned()));
        }
        if tag.name.starts_with("mj-") && !KNOWN.contains(&tag.name) {
            return Err(self.fault(at, format!("there is no element `<{}>`: check its name", tag.name)));
        }
        if self.stack.iter().any(|(name, _)| *name == "mj-attributes") {
            self.defaults += tag.source.len();
        }
        if self.marks.is_in(tag.name) || tag.attributes().any(|attribute| self.marks.is_in(attribute.name)) {
            let message = "Liquid can stand in the value of an attribute, not between attributes: write \
                           `name=\"{% if ... %}...{% endif %}\"`";
            return Err(self.fault(at, message.to_owned()));
        }
        for attribute in tag.attributes() {
            if attribute.value.len() > MJML_ATTRIBUTE_BYTES_MAX {
                let message = format!(
                    "the attribute `{}` is longer than {} KiB: upload images and link to them",
                    attribute.name,
                    MJML_ATTRIBUTE_BYTES_MAX / 1024
                );
                return Err(self.fault(at, message));
            }
        }
        if !tag.source.ends_with("/>") && !is_void(tag.name) {
            self.stack.push((tag.name, at));
            if self.stack.len() > MJML_NESTING_MAX {
                let message = format!("more than {MJML_NESTING_MAX} elements inside each other");
                return Err(self.fault(at, message));
            }
        }
        Ok(())
    }

    fn close(&mut self, name: &str, at: usize) -> Result<(), Fault> {
        match self.stack.last() {
            Some((open, _)) if *open == name => {
                self.stack.pop();
                Ok(())
            }
            Some((open, open_at)) => {
                let line = source_line(self.text, *open_at, self.segments, self.marks);
                let message = format!("`</{name}>` stands where `<{open}>` of line {line} is still open");
                Err(self.fault(at, message))
            }
            None => Err(self.fault(at, format!("`</{name}>` closes nothing: remove it"))),
        }
    }

    fn text(&self, text: &str, at: usize, out: &mut String) -> Result<(), Fault> {
        let parent = self.stack.last().map_or("", |(name, _)| *name);
        if STRUCTURAL.contains(&parent) {
            let mut rest = text;
            while let Some((start, end, _)) = self.marks.find(rest) {
                out.push_str(&rest[..start]);
                out.push_str("<mj-raw>");
                out.push_str(&rest[start..end]);
                out.push_str("</mj-raw>");
                rest = &rest[end..];
            }
            out.push_str(rest);
            return Ok(());
        }
        if CLOSED.contains(&parent)
            && let Some((start, ..)) = self.marks.find(text)
        {
            let message = format!(
                "Liquid cannot stand directly in `<{parent}>`: put it around the whole element or inside one"
            );
            return Err(self.fault(at + start + 1, message));
        }
        out.push_str(text);
        Ok(())
    }
}

fn is_void(name: &str) -> bool {
    ["br", "hr", "img", "input", "meta", "link", "col", "wbr", "area", "base", "source"].contains(&name)
}

/// The compiler's error in words for the author.
fn told(error: &ParseError, text: &str, segments: &[Segment], marks: &Marks) -> Fault {
    let shown = |start: usize, end: usize| {
        let mut shown = String::new();
        let mut found = Vec::new();
        unmarked(text.get(start..end).unwrap_or(""), segments, marks, &mut found);
        for segment in found {
            match segment {
                Segment::Literal(text) => shown.push_str(&text),
                Segment::Output { code, .. } => shown.push_str(&format!("{{{{ {code} }}}}")),
                Segment::Tag { name, code, .. } => shown.push_str(&format!("{{% {name} {code} %}}")),
            }
        }
        shown.trim().chars().take(60).collect::<String>()
    };
    let at = |position: usize| source_line(text, position, segments, marks);
    match error {
        ParseError::UnexpectedElement { position, .. } => Fault::at(
            at(position.start),
            format!(
                "`<{}>` cannot stand here: check its name and its place",
                shown(position.start, position.end)
            ),
        ),
        ParseError::UnexpectedToken { position, .. } => Fault::at(
            at(position.start),
            format!(
                "`{}` cannot stand here: check that every element is closed",
                shown(position.start, position.end)
            ),
        ),
        ParseError::MissingAttribute { name, position, .. } => {
            Fault::at(at(position.start), format!("the attribute `{name}` is missing"))
        }
        ParseError::InvalidAttribute { position, .. } | ParseError::InvalidFormat { position, .. } => {
            Fault::at(
                at(position.start),
                format!("`{}` is not valid here", shown(position.start, position.end)),
            )
        }
        ParseError::ParserError { source, .. } => {
            let row = source.pos().row as usize;
            let start = text.split_inclusive('\n').take(row.saturating_sub(1)).map(str::len).sum();
            Fault::at(
                at(start),
                "the MJML is not well formed: check `<`, quotes and closing tags here".to_owned(),
            )
        }
        ParseError::EndOfStream { .. } => {
            Fault::at(0, "the MJML ends too early: check that every element is closed".to_owned())
        }
        ParseError::NoRootNode => Fault::at(
            0,
            "the body is not MJML: it must begin with `<mjml>` and end with `</mjml>`".to_owned(),
        ),
        ParseError::SizeLimit { .. } => Fault::at(0, "the MJML is too large".to_owned()),
        ParseError::IncludeLoaderError { position, .. } => Fault::at(
            at(position.start),
            "`<mj-include>` is not available: paste the content here".to_owned(),
        ),
    }
}

/// Finds printed values that escaping cannot make safe: outside of quotes in a tag, in scripts, in `on...`
/// attributes. Values through `raw` are the author's responsibility.
pub(super) fn unsafe_places(segments: &[Segment]) -> Vec<Fault> {
    let marks = Marks::for_segments(segments);
    let mut text = String::new();
    for (number, segment) in segments.iter().enumerate() {
        match segment {
            Segment::Literal(literal) => text.push_str(literal),
            Segment::Output { code, .. } if code.rsplit('|').next().map(str::trim) != Some("raw") => {
                marks.write(number, &mut text);
            }
            Segment::Tag { name, .. } if name == "echo" || name == "cycle" => marks.write(number, &mut text),
            _ => {}
        }
    }
    let mut faults = Vec::new();
    let mut tell = |place: &str, message: &str| {
        if let Some((_, _, number)) = marks.find(place) {
            faults.push(Fault::at(segments.get(number).map_or(0, line_of), message.to_owned()));
        }
    };
    let mut script = false;
    for piece in html::pieces(&text) {
        match piece {
            Piece::Open(tag) => {
                script = tag.name.eq_ignore_ascii_case("script");
                if !marks.is_in(tag.source) {
                    continue;
                }
                tell(tag.name, "a value cannot be the name of an element: write the name");
                for attribute in tag.attributes() {
                    let unquoted = !tag.source[attribute.value_span.0..].starts_with(['"', '\'']);
                    tell(attribute.name, "a value in a tag must stand in quotes: `name=\"{{ value }}\"`");
                    if unquoted {
                        tell(attribute.value, "put quotes around this value: `name=\"{{ value }}\"`");
                    } else if attribute.name.get(..2).is_some_and(|on| on.eq_ignore_ascii_case("on")) {
                        tell(attribute.value, "values cannot stand in a script: remove this one");
                    } else if attribute.name.eq_ignore_ascii_case("srcdoc") {
                        tell(attribute.value, "values cannot stand in `srcdoc`: remove this one");
                    }
                }
            }
            Piece::Close(tag) => tell(tag.source, "a value cannot be the name of an element: write the name"),
            Piece::Verbatim(text) if script => {
                tell(text, "values cannot stand in a script: remove this one");
            }
            // A `<` that starts no complete tag: with the value behind it, it might.
            Piece::Text(text) if text.starts_with('<') => {
                tell(text, "the tag before this value has no `>`: add it");
            }
            _ => {}
        }
    }
    faults
}
