//! From JSON to rules, telling the place of a mistake.

use super::{Audience, Grade, Handover, Per, Rule, Rules, What, problem};
use crate::condition::{Condition, EventPattern, Problem, join, read_filters};
use serde_json::{Map, Value};

type Object<'a> = &'a Map<String, Value>;

/// All that does not read, at once: the reader takes what it can.
struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn say(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        self.problems.push(problem(path, code, message));
    }

    fn object<'a>(&mut self, value: &'a Value, path: &str, known: &[&str]) -> Option<Object<'a>> {
        let Some(object) = value.as_object() else {
            self.say(path, "json.type", "expected an object");
            return None;
        };
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = format!("unknown key \"{key}\"; known here: {}", known.join(", "));
            self.say(&join(path, key), "json.unknown_key", message);
        }
        Some(object)
    }

    fn missing(&mut self, path: &str, key: &str) {
        self.say(&join(path, key), "json.missing_key", format!("\"{key}\" is missing"));
    }

    fn whole(&mut self, object: Object<'_>, key: &str, path: &str) -> Option<i64> {
        match object.get(key) {
            None | Some(Value::Null) => None,
            Some(value) => {
                let whole = value.as_i64().or_else(|| {
                    let value = value.as_f64()?;
                    (value.fract() == 0.0 && value.abs() < 1e15).then_some(value as i64)
                });
                if whole.is_none() {
                    self.say(&join(path, key), "json.type", "expected a whole number");
                }
                whole
            }
        }
    }

    fn days(&mut self, object: Object<'_>, key: &str, path: &str) -> Option<u32> {
        let days = self.whole(object, key, path)?;
        let fits = u32::try_from(days).ok();
        if fits.is_none() {
            self.say(&join(path, key), "lead.days", "expected a number of days");
        }
        fits
    }

    fn text(&mut self, object: Object<'_>, key: &str, path: &str) -> String {
        match object.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(_) => {
                self.say(&join(path, key), "json.type", "expected text");
                String::new()
            }
            None => {
                self.missing(path, key);
                String::new()
            }
        }
    }

    fn list<'a>(&mut self, object: Object<'a>, key: &str) -> &'a [Value] {
        match object.get(key) {
            None => &[],
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.say(key, "json.type", "expected a list");
                &[]
            }
        }
    }

    fn rule(&mut self, value: &Value, path: &str) -> Option<Rule> {
        let known = ["id", "name", "when", "on", "points", "cap", "per", "half_life_days"];
        let object = self.object(value, path, &known)?;
        let what = match (object.get("when"), object.get("on")) {
            (Some(when), None) => match Condition::from_value(when, &join(path, "when")) {
                Ok(condition) => Some(What::When(condition)),
                Err(problem) => {
                    self.problems.push(problem);
                    None
                }
            },
            (None, Some(on)) => self.pattern(on, &join(path, "on")).map(What::On),
            _ => {
                self.say(path, "lead.kind", "a rule has either \"when\" (a condition) or \"on\" (an event)");
                None
            }
        };
        let points = self.whole(object, "points", path);
        if points.is_none() && !object.contains_key("points") {
            self.missing(path, "points");
        }
        let per = object.get("per").filter(|per| !per.is_null()).and_then(|per| {
            let path = join(path, "per");
            let per = self.object(per, &path, &["points", "days"])?;
            let (points, days) = (self.whole(per, "points", &path), self.days(per, "days", &path));
            for (key, is_there) in [("points", points.is_some()), ("days", days.is_some())] {
                if !is_there && !per.contains_key(key) {
                    self.missing(&path, key);
                }
            }
            Some(Per { points: points?, days: days? })
        });
        Some(Rule {
            id: self.text(object, "id", path),
            name: self.text(object, "name", path),
            what: what?,
            points: points?,
            cap: self.whole(object, "cap", path),
            per,
            half_life_days: self.days(object, "half_life_days", path),
        })
    }

    fn pattern(&mut self, value: &Value, path: &str) -> Option<EventPattern> {
        let object = self.object(value, path, &["event", "where"])?;
        let event = self.text(object, "event", path);
        let filters = match object.get("where").map(|list| read_filters(list, &join(path, "where"))) {
            None => Vec::new(),
            Some(Ok(filters)) => filters,
            Some(Err(problem)) => {
                self.problems.push(problem);
                return None;
            }
        };
        Some(EventPattern { event, filters })
    }

    fn grade(&mut self, value: &Value, path: &str) -> Option<Grade> {
        let object = self.object(value, path, &["name", "from"])?;
        let from = self.whole(object, "from", path);
        if from.is_none() && !object.contains_key("from") {
            self.missing(path, "from");
        }
        Some(Grade { name: self.text(object, "name", path), from: from? })
    }

    fn handover(&mut self, value: &Value) -> Option<Handover> {
        let path = "handover";
        let known = ["from", "rearm_below", "again_after_days", "assignees", "notify"];
        let object = self.object(value, path, &known)?;
        let from = self.whole(object, "from", path);
        if from.is_none() && !object.contains_key("from") {
            self.missing(path, "from");
        }
        let mut assignees = Vec::new();
        match object.get("assignees") {
            None => {}
            Some(Value::Array(list)) => {
                for (at, who) in list.iter().enumerate() {
                    match who.as_str() {
                        Some(who) => assignees.push(who.to_owned()),
                        None => self.say(&join("handover.assignees", at), "json.type", "expected text"),
                    }
                }
            }
            Some(_) => self.say("handover.assignees", "json.type", "expected a list"),
        }
        let notify = match object.get("notify") {
            None => !assignees.is_empty(),
            Some(Value::Bool(notify)) => *notify,
            Some(_) => {
                self.say("handover.notify", "json.type", "expected true or false");
                false
            }
        };
        let from = from?;
        Some(Handover {
            from,
            rearm_below: self.whole(object, "rearm_below", path).unwrap_or(from),
            again_after_days: self.days(object, "again_after_days", path),
            assignees,
            notify,
        })
    }
}

pub(super) fn rules(value: &Value) -> Result<Rules, Vec<Problem>> {
    let mut reader = Reader { problems: Vec::new() };
    let known = ["audience", "floor", "ceiling", "rules", "grades", "handover"];
    let Some(object) = reader.object(value, "", &known) else { return Err(reader.problems) };
    let audience = match object.get("audience").map(Value::as_str) {
        None | Some(Some("prospects")) => Audience::Prospects,
        Some(Some("everyone")) => Audience::Everyone,
        Some(_) => {
            reader.say("audience", "lead.audience", "expected one of: prospects, everyone");
            Audience::Prospects
        }
    };
    let floor = reader.whole(object, "floor", "").unwrap_or(0);
    let ceiling = reader.whole(object, "ceiling", "").unwrap_or(100);
    let list = reader.list(object, "rules");
    let rules = list.iter().enumerate().filter_map(|(at, rule)| reader.rule(rule, &join("rules", at)));
    let rules: Vec<Rule> = rules.collect();
    let list = reader.list(object, "grades");
    let grades = list.iter().enumerate().filter_map(|(at, grade)| reader.grade(grade, &join("grades", at)));
    let grades: Vec<Grade> = grades.collect();
    let handover = object.get("handover").filter(|value| !value.is_null());
    let handover = handover.and_then(|value| reader.handover(value));
    if reader.problems.is_empty() {
        Ok(Rules { audience, rules, floor, ceiling, grades, handover })
    } else {
        Err(reader.problems)
    }
}
