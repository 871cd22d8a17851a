use crate::document::{Language, Words};
use domain::local_time::parse_duration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest text that a parameter may have, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// Something that a shop may choose when it installs a scenario.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    pub kind: Kind,
    pub label: Words,
    /// One value, or one a language.
    default: Value,
    /// Bounds of a number, a percentage or an amount; of a duration in whole hours.
    #[serde(default)]
    pub min: Option<i64>,
    #[serde(default)]
    pub max: Option<i64>,
    /// Of a choice.
    #[serde(default)]
    pub options: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `2d`, `1h30m`.
    Duration,
    /// Whole days before or after: `-3d`, `0d`.
    Offset,
    /// A time of day, `09:00`.
    Time,
    Number,
    /// 1 to 100.
    Percent,
    /// In the currency's own unit, as the shop writes prices: đồng, dollars.
    Amount,
    /// One line of at most 200 characters, for messages.
    Text,
    /// A code that customers type in: letters, digits, hyphen.
    Code,
    /// A path of the shop's site, from its slash.
    Path,
    Choice,
}

/// Why a parameter cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParameterProblem {
    pub parameter: String,
    pub message: String,
}

impl Parameter {
    pub fn default_in(&self, language: Language) -> Value {
        let of_language = self.default.get(language.as_str());
        of_language.unwrap_or(&self.default).clone()
    }

    fn check(&self, value: &Value) -> Result<(), String> {
        let text = || value.as_str().ok_or_else(|| "a text is needed".to_owned());
        let within = |number: i64, unit: &str| {
            let (min, max) = (self.min.unwrap_or(i64::MIN), self.max.unwrap_or(i64::MAX));
            match (min..=max).contains(&number) {
                true => Ok(()),
                false => Err(format!("from {min} to {max}{unit}")),
            }
        };
        match self.kind {
            Kind::Duration => {
                let length_ms = parse_duration(text()?).map_err(|_| "a duration such as 2d or 1h30m")?;
                within(length_ms / 3_600_000, " hours")
            }
            Kind::Offset => {
                let days = text()?.strip_suffix('d').and_then(|days| days.parse::<i64>().ok());
                within(days.ok_or("whole days such as -3d")?, " days")
            }
            Kind::Time => {
                let told = text()?;
                let minutes = told.split_once(':').and_then(|(hour, minute)| {
                    let shaped = hour.len() == 2 && minute.len() == 2;
                    Some((hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?)).filter(|_| shaped)
                });
                match minutes {
                    Some((0..=23, 0..=59)) => Ok(()),
                    _ => Err("a time of day such as 09:00".to_owned()),
                }
            }
            Kind::Number | Kind::Amount => within(value.as_i64().ok_or("a whole number")?, ""),
            Kind::Percent => match value.as_i64() {
                Some(1..=100) => Ok(()),
                _ => Err("a whole number from 1 to 100".to_owned()),
            },
            Kind::Text => {
                let told = text()?;
                let long = told.chars().count() > TEXT_CHARS_MAX;
                // The text becomes part of a template, where these would be more than text.
                let code = ["{{", "{%", "[[", "]]"].iter().any(|mark| told.contains(mark));
                match told.trim().is_empty() || long || code || told.chars().any(char::is_control) {
                    false => Ok(()),
                    true => Err(format!("one line of 1 to {TEXT_CHARS_MAX} characters, without {{{{ and [[")),
                }
            }
            Kind::Code => {
                let told = text()?;
                let plain = told.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
                match (1..=40).contains(&told.len()) && plain {
                    true => Ok(()),
                    false => Err("1 to 40 letters without marks, digits and hyphens".to_owned()),
                }
            }
            Kind::Path => {
                let told = text()?;
                let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.?=&%".contains(c);
                match told.starts_with('/') && told.len() <= TEXT_CHARS_MAX && told.chars().all(plain) {
                    true => Ok(()),
                    false => Err("a path of the shop's site such as /danh-muc/khan".to_owned()),
                }
            }
            Kind::Choice => {
                let told = text()?;
                match self.options.iter().any(|option| option == told) {
                    true => Ok(()),
                    false => Err(format!("one of {}", self.options.join(", "))),
                }
            }
        }
    }
}

/// The values of all parameters: those told, and the defaults of the others.
pub(crate) fn settle(
    parameters: &[Parameter],
    language: Language,
    told: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<ParameterProblem>> {
    let mut problems = Vec::new();
    for name in told.keys().filter(|name| !parameters.iter().any(|known| known.name == **name)) {
        let names: Vec<&str> = parameters.iter().map(|known| known.name.as_str()).collect();
        let message = format!("the scenario has no such parameter; it has {}", names.join(", "));
        problems.push(ParameterProblem { parameter: name.clone(), message });
    }
    let mut values = Map::new();
    for parameter in parameters {
        let value = told.get(&parameter.name).cloned().unwrap_or_else(|| parameter.default_in(language));
        if let Err(message) = parameter.check(&value) {
            problems.push(ParameterProblem { parameter: parameter.name.clone(), message });
        }
        values.insert(parameter.name.clone(), value);
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}
