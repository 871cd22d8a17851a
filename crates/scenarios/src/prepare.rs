use crate::document::{Language, Letter, Scenario, Template};
use crate::letter;
use crate::parameter::{Kind, ParameterProblem, settle};
use domain::consent::{Channel, Purpose};
use domain::template::{Body, TemplateSource};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A scenario in one language with all its parameters filled in: what a shop gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    pub segments: Vec<PreparedSegment>,
    pub templates: Vec<PreparedTemplate>,
    pub journeys: Vec<PreparedJourney>,
    /// The values that were used.
    pub parameters: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PreparedSegment {
    pub id: String,
    pub name: String,
    pub definition: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PreparedTemplate {
    /// `welcome-hello-vi`
    pub id: String,
    pub name: String,
    pub channel: Channel,
    pub purpose: Purpose,
    pub intended_channel: Option<Channel>,
    pub source: TemplateSource,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PreparedJourney {
    pub id: String,
    /// The word by which the API knows it: the scenario's slug, and behind a hyphen its key if it is not `main`.
    pub word: String,
    pub name: String,
    pub definition: Value,
}

/// The word of a part of a scenario.
fn word_of(slug: &str, key: &str) -> String {
    if key == "main" { slug.to_owned() } else { format!("{slug}-{key}") }
}

impl Scenario {
    /// Fills in the parameters that are told, the defaults of the others, and the ids that `id_of` gives to
    /// `("journey" | "segment", word)`.
    ///
    /// # Errors
    /// What is wrong with the parameters told.
    pub fn prepare(
        &self,
        language: Language,
        told: &Map<String, Value>,
        id_of: &dyn Fn(&str, &str) -> String,
    ) -> Result<Prepared, Vec<ParameterProblem>> {
        let parameters = settle(&self.parameters, language, told)?;
        let mut marks: BTreeMap<String, Value> =
            parameters.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        // Texts say percent, conditions on a chance a share of 1.
        for parameter in self.parameters.iter().filter(|parameter| parameter.kind == Kind::Percent) {
            let percent = parameters.get(&parameter.name).and_then(Value::as_f64).unwrap_or(100.0);
            marks.insert(format!("{}/100", parameter.name), json!(percent / 100.0));
        }
        for segment in &self.segments {
            let id = id_of("segment", &word_of(&self.slug, &segment.key));
            marks.insert(format!("segment.{}", segment.key), id.into());
        }
        for journey in &self.journeys {
            let id = id_of("journey", &word_of(&self.slug, &journey.key));
            marks.insert(format!("journey.{}", journey.key), id.into());
        }
        for template in &self.templates {
            let id = format!("{}-{}-{language}", self.slug, template.key);
            marks.insert(format!("template.{}", template.key), id.into());
        }
        let fill = Filler { marks, language };
        let segments = self.segments.iter().map(|segment| PreparedSegment {
            id: fill.text(&format!("[[segment.{}]]", segment.key)),
            name: fill.name(segment.name.in_language(language)),
            definition: fill.value(&segment.definition),
        });
        let journeys = self.journeys.iter().map(|journey| {
            let definition = fill.value(&journey.definition);
            PreparedJourney {
                id: fill.text(&format!("[[journey.{}]]", journey.key)),
                word: word_of(&self.slug, &journey.key),
                name: definition["name"].as_str().unwrap_or(&self.slug).to_owned(),
                definition,
            }
        });
        Ok(Prepared {
            segments: segments.collect(),
            templates: self.templates.iter().map(|template| fill.template(template)).collect(),
            journeys: journeys.collect(),
            parameters,
        })
    }
}

/// `90d` as people say it; whatever else it is stays as it is.
fn spoken(value: &str, language: Language) -> String {
    let Some(unit) = value.chars().last() else { return String::new() };
    let Ok(count) = value.trim_end_matches(unit).parse::<u32>() else { return value.to_owned() };
    let said = match (unit, language) {
        ('m', Language::Vi) => "phút",
        ('h', Language::Vi) => "giờ",
        ('d', Language::Vi) => "ngày",
        ('w', Language::Vi) => "tuần",
        ('m', Language::En) => "minute",
        ('h', Language::En) => "hour",
        ('d', Language::En) => "day",
        ('w', Language::En) => "week",
        _ => return value.to_owned(),
    };
    let plural = if language == Language::En && count != 1 { "s" } else { "" };
    format!("{count} {said}{plural}")
}

/// Puts values where `[[name]]` stands, and one language where there are two.
struct Filler {
    marks: BTreeMap<String, Value>,
    language: Language,
}

impl Filler {
    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let whole = text.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]"));
                match whole.and_then(|name| self.marks.get(name)) {
                    // A number stays a number.
                    Some(value) => value.clone(),
                    None => Value::String(self.text(text)),
                }
            }
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => match (fields.get("vi"), fields.get("en"), fields.len()) {
                (Some(vi), Some(en), 2) => self.value(if self.language == Language::Vi { vi } else { en }),
                _ => {
                    let filled = fields.iter().map(|(name, field)| (name.clone(), self.value(field)));
                    Value::Object(filled.collect())
                }
            },
            plain => plain.clone(),
        }
    }

    fn text(&self, text: &str) -> String {
        self.filled(text, &str::to_owned)
    }

    /// As [`Filler::text`], for people: lengths of time in words.
    fn name(&self, text: &str) -> String {
        self.filled(text, &|value| spoken(value, self.language))
    }

    fn filled(&self, text: &str, say: &dyn Fn(&str) -> String) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("[[") {
            filled.push_str(&rest[..start]);
            rest = &rest[start..];
            let Some(end) = rest.find("]]") else { break };
            match self.marks.get(&rest[2..end]) {
                Some(Value::String(value)) => filled.push_str(&say(value)),
                Some(value) => filled.push_str(&value.to_string()),
                None => filled.push_str(&rest[..end + 2]),
            }
            rest = &rest[end + 2..];
        }
        filled.push_str(rest);
        filled
    }

    fn template(&self, template: &Template) -> PreparedTemplate {
        let Letter { name, subject, preheader, body } = template.in_language(self.language);
        let channel = self.text(&template.channel).parse().unwrap_or(Channel::Email);
        let body = self.text(body.trim());
        let source = match channel {
            Channel::Email => TemplateSource {
                subject: self.text(subject),
                preheader: self.text(preheader),
                body: Body::Mjml(letter::mjml(&body, self.language, template.purpose)),
                text: Some(letter::plain(&body, self.language)),
            },
            _ => TemplateSource { body: Body::Text(body), ..TemplateSource::default() },
        };
        PreparedTemplate {
            id: self.text(&format!("[[template.{}]]", template.key)),
            name: self.text(name),
            channel,
            purpose: template.purpose,
            intended_channel: template.intended_channel,
            source,
        }
    }
}
