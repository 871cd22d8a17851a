//! Journeys on one line: `on signup -> send email:hello -> wait 2d unless order -> exit`, compiled to the document
//! that a marketer's canvas would store.
//!
//! | after `on` | |
//! |---|---|
//! | an event's word (`signup`, `order`, ... or any name, `_` for a space) | starts at that event |
//! | `date ATTRIBUTE HH:MM [yearly] [offset -7d]` | starts at a date |
//! | `api` | starts on request |
//! | `segment ID [left] [existing]`, `threshold PATH NUMBER [down]`, `journey NAME [ENDING]` | |
//! | `anniversary ATTRIBUTE HH:MM [month] [lunar] [offset -7d]`, `feast DAY HH:MM [offset -7d] [segment ID]` | |
//! | `schedule day HH:MM [segment ID]`, `schedule week HH:MM on mon`, `schedule month HH:MM on 15` | |
//! | `message DID [template NAME]`, `form ID` | |
//! | `(once)`, `(always)`, `(cooldown 3d)`, `(where total>=5)`, `(if city=Huế)`, `(goal order)`, `(exit-if tag:vip)`, `(exit-on order)` | who enters and what ends a run |
//!
//! | step | |
//! |---|---|
//! | `send CHANNEL:TEMPLATE [transactional]` | |
//! | `wait 2d [unless EVENT]`, `wait-until 09:00`, `wait-until mon 09:00` | `unless` also ends the run at any other place |
//! | `wait-for EVENT 24h [? STEP : STEP]` | what is done when it came, and when it did not; both go on to the next step |
//! | `wait-when 24h CONDITION [? STEP : STEP]`, `wait-any EVENT|EVENT 24h [? STEP : STEP]`, `wait-best 09:00` | |
//! | `if CONDITION ? STEP : STEP`, `split 50 ? STEP : STEP`, `experiment NAME ? STEP : STEP` | variants `a` and `b` |
//! | `list +vip`, `list -vip`, `start-journey NAME [k=v]`, `stop-journey NAME` | |
//! | `set NAME=VALUE`, `tag +vip`, `tag -vip`, `webhook URL [BODY]`, `notify ADDRESS SUBJECT` | |
//! | `go` | does nothing: for one side of a `?` |
//! | `exit [REASON]` | |
//!
//! A condition is `PATH=VALUE`, `PATH>=VALUE`, `PATH<VALUE`, `tag:NAME`, `list:NAME`, `segment:ID` or JSON.

use crate::world::World;
use serde_json::{Map, Value, json};

/// A journey as it is stored, and the templates that it names with their channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    pub definition: Value,
    pub templates: Vec<(String, String)>,
}

/// The name of an event behind its word.
pub fn event_name(word: &str) -> String {
    match word {
        "signup" => "Signed Up",
        "order" => "Order Completed",
        "refund" => "Order Refunded",
        "cancel" => "Order Cancelled",
        "shipped" => "Order Shipped",
        "cart" => "Product Added",
        "uncart" => "Product Removed",
        "abandoned" => "Cart Abandoned",
        "view" => "Product Viewed",
        "opened" => "Email Opened",
        "clicked" => "Email Link Clicked",
        other => return other.replace('_', " "),
    }
    .to_owned()
}

/// Compiles `on ... -> ... -> ...`.
///
/// # Panics
/// On a text that is not of this language: it is written by whoever writes the test.
pub fn compile(name: &str, text: &str) -> Compiled {
    let mut parts = text.split("->").map(str::trim);
    let head = parts.next().unwrap_or_default();
    let mut compiler = Compiler { nodes: Map::new(), exits: Vec::new(), templates: Vec::new(), made: 0 };
    let steps: Vec<&str> = parts.collect();
    assert!(!steps.is_empty(), "a journey has steps: {text}");
    let mut definition = compiler.head(name, head);
    let mut next: Option<String> = None;
    for step in steps.iter().rev() {
        next = compiler.step(step, next);
    }
    definition["start"] = json!(next.expect("the first step is a node"));
    definition["nodes"] = Value::Object(compiler.nodes);
    if !compiler.exits.is_empty() {
        definition["exit_when"] = json!(compiler.exits);
    }
    Compiled { definition, templates: compiler.templates }
}

struct Compiler {
    nodes: Map<String, Value>,
    exits: Vec<Value>,
    templates: Vec<(String, String)>,
    made: u32,
}

/// The options in brackets, and the text without them.
fn brackets(text: &str) -> (String, Vec<String>) {
    let (mut rest, mut found) = (String::new(), Vec::new());
    let mut tail = text;
    while let Some((before, after)) = tail.split_once('(') {
        let (inside, after) = after.split_once(')').expect("a bracket that is opened is closed");
        rest.push_str(before);
        found.push(inside.trim().to_owned());
        tail = after;
    }
    rest.push_str(tail);
    (rest.trim().to_owned(), found)
}

/// A word as JSON: a number, true, false, a list or an object as it stands, or text.
pub fn literal(word: &str) -> Value {
    if word.starts_with(['[', '{']) {
        return serde_json::from_str(word).expect("a list or an object as JSON");
    }
    let plain = word.parse::<i64>().map(Value::from).or_else(|_| word.parse::<bool>().map(Value::from));
    plain.unwrap_or_else(|_| Value::from(word.replace('_', " ")))
}

fn comparison(text: &str) -> (String, &'static str, Value) {
    for (sign, op) in [(">=", "gte"), ("<=", "lte"), ("!=", "ne"), ("=", "eq"), (">", "gt"), ("<", "lt")] {
        if let Some((path, value)) = text.split_once(sign) {
            return (path.trim().to_owned(), op, literal(value.trim()));
        }
    }
    panic!("no comparison: {text}");
}

/// A condition as JSON.
///
/// # Panics
/// On a text that is not of this language.
pub fn condition(text: &str) -> Value {
    let text = text.trim();
    if text.starts_with('{') {
        return serde_json::from_str(text).expect("a condition as JSON");
    }
    match text.split_once(':') {
        Some((leaf @ ("tag" | "list" | "segment"), name)) => json!({ leaf: name }),
        _ => {
            let (path, op, value) = comparison(text);
            json!({ "attribute": path, "op": op, "value": value })
        }
    }
}

/// The trigger with `WORD VALUE` of the words that it knows.
fn with_words(mut trigger: Value, words: &[&str], known: &[&str]) -> Value {
    for pair in words.windows(2).filter(|pair| known.contains(&pair[0])) {
        trigger[pair[0]] = if pair[0] == "on" { literal(pair[1]) } else { json!(pair[1]) };
    }
    trigger
}

fn any_of(events: &str, timeout: &str) -> Value {
    let events: Vec<Value> = events.split('|').map(|event| json!({ "event": event_name(event) })).collect();
    json!({ "any_of": events, "timeout": timeout })
}

impl Compiler {
    fn head(&mut self, name: &str, head: &str) -> Value {
        let (head, options) = brackets(head);
        let words: Vec<&str> = head.split_whitespace().collect();
        let mut trigger = match words.as_slice() {
            ["on", "api"] => json!({ "type": "api" }),
            ["on", "date", attribute, at, more @ ..] => {
                let mut trigger = json!({ "type": "date", "attribute": attribute, "at": at });
                if more.contains(&"yearly") {
                    trigger["yearly"] = json!(true);
                }
                if let Some(place) = more.iter().position(|word| *word == "offset") {
                    trigger["offset"] = json!(more[place + 1]);
                }
                trigger
            }
            ["on", "segment", id, more @ ..] => json!({
                "type": "segment", "segment": id, "on": if more.contains(&"left") { "left" } else { "entered" },
                "existing": more.contains(&"existing"),
            }),
            ["on", "threshold", path, number, more @ ..] => json!({
                "type": "threshold", "attribute": path, "crosses": literal(number),
                "direction": if more.contains(&"down") { "down" } else { "up" },
            }),
            ["on", "journey", name, more @ ..] => json!({
                "type": "journey", "journey": World::journey_id(name), "on": more.first().unwrap_or(&"completed"),
            }),
            ["on", "anniversary", attribute, at, more @ ..] => {
                let mut trigger = json!({ "type": "anniversary", "attribute": attribute, "at": at });
                trigger["every"] = json!(if more.contains(&"month") { "month" } else { "year" });
                trigger["calendar"] = json!(if more.contains(&"lunar") { "lunar" } else { "solar" });
                with_words(trigger, more, &["offset"])
            }
            ["on", "feast", feast, at, more @ ..] => {
                with_words(json!({ "type": "feast", "feast": feast, "at": at }), more, &["offset", "segment"])
            }
            ["on", "schedule", every, at, more @ ..] => {
                let trigger = json!({ "type": "schedule", "every": every, "at": at });
                with_words(trigger, more, &["on", "segment"])
            }
            ["on", "message", did, more @ ..] => {
                with_words(json!({ "type": "message", "did": did }), more, &["template"])
            }
            ["on", "form", form] => json!({ "type": "form", "form": form }),
            ["on", word] => json!({ "type": "event", "event": event_name(word) }),
            _ => panic!("a journey begins with `on EVENT`: {head}"),
        };
        let mut definition = json!({ "schema": 1, "name": name });
        let mut entry = json!({});
        for option in options {
            let (word, rest) = option.split_once(' ').unwrap_or((&option, ""));
            match word {
                "once" => entry["reentry"] = json!("once"),
                "always" => entry["reentry"] = json!("always"),
                "cooldown" => entry["cooldown"] = json!(rest),
                "if" => entry["when"] = condition(rest),
                "where" => {
                    let (property, op, value) = comparison(rest);
                    trigger["where"] = json!([{ "property": property, "op": op, "value": value }]);
                }
                "goal" => definition["goal"] = json!({ "event": event_name(rest) }),
                "exit-if" => self.exits.push(json!({ "when": condition(rest), "reason": rest })),
                "exit-on" => self.exits.push(json!({ "event": event_name(rest), "reason": rest })),
                _ => panic!("no such option: ({option})"),
            }
        }
        definition["trigger"] = trigger;
        definition["entry"] = entry;
        definition
    }

    fn node(&mut self, kind: &str, mut node: Value, next: Option<String>) -> Option<String> {
        self.made += 1;
        let id = format!("{kind}{}", self.made);
        node["type"] = json!(kind);
        if let Some(next) = next {
            node["next"] = json!(next);
        }
        self.nodes.insert(id.clone(), node);
        Some(id)
    }

    /// A step of the main line, with what follows it.
    fn step(&mut self, step: &str, next: Option<String>) -> Option<String> {
        match step.split_once('?') {
            None => self.plain(step, next),
            Some((what, ways)) => {
                let (yes, no) = ways.rsplit_once(" : ").expect("a `?` has two ways: `? STEP : STEP`");
                let yes = self.plain(yes.trim(), next.clone());
                let no = self.plain(no.trim(), next);
                let words: Vec<&str> = what.split_whitespace().collect();
                match words.as_slice() {
                    ["if", ..] => {
                        let when = condition(what.trim().trim_start_matches("if "));
                        let node = json!({ "paths": [{ "when": when, "next": yes }], "otherwise": no });
                        self.node("branch", node, None)
                    }
                    ["split", percent] => {
                        let percent: u32 = percent.parse().expect("a split is in percent");
                        let paths = json!([{ "weight": percent, "next": yes },
                                           { "weight": 100 - percent, "next": no }]);
                        self.node("split", json!({ "paths": paths }), None)
                    }
                    ["wait-for", event, timeout] => {
                        let node = json!({ "event": event_name(event), "timeout": timeout,
                                           "on_event": yes, "on_timeout": no });
                        self.node("wait_for", node, None)
                    }
                    ["wait-any", events, timeout] => {
                        let mut node = any_of(events, timeout);
                        node["on_event"] = json!(yes);
                        node["on_timeout"] = json!(no);
                        self.node("wait_for", node, None)
                    }
                    ["wait-when", timeout, ..] => {
                        let when = condition(what.trim().splitn(3, ' ').nth(2).unwrap_or_default());
                        let node =
                            json!({ "when": when, "timeout": timeout, "on_met": yes, "on_timeout": no });
                        self.node("wait_for", node, None)
                    }
                    ["experiment", name] => {
                        let variants = json!([{ "name": "a", "weight": 1, "next": yes },
                                              { "name": "b", "weight": 1, "next": no }]);
                        self.node("experiment", json!({ "name": name, "variants": variants }), None)
                    }
                    _ => panic!("no such step: {step}"),
                }
            }
        }
    }

    fn plain(&mut self, step: &str, next: Option<String>) -> Option<String> {
        let words: Vec<&str> = step.split_whitespace().collect();
        match words.as_slice() {
            ["go"] => next,
            ["send", what, more @ ..] => {
                let (channel, template) = what.split_once(':').expect("send CHANNEL:TEMPLATE");
                self.templates.push((template.to_owned(), channel.to_owned()));
                let mut node = json!({ "channel": channel, "template": template });
                if more.contains(&"transactional") {
                    node["purpose"] = json!("transactional");
                }
                self.node("send", node, next)
            }
            ["wait", duration] => self.node("delay", json!({ "for": duration }), next),
            ["wait", duration, "unless", event] => {
                self.exits.push(json!({ "event": event_name(event), "reason": event }));
                self.node("delay", json!({ "for": duration }), next)
            }
            ["wait-until", time] => self.node("delay", json!({ "until_time": time }), next),
            ["wait-until", day, time] => {
                self.node("delay", json!({ "until_weekday": day, "time": time }), next)
            }
            ["wait-for", event, timeout] => {
                let node = json!({ "event": event_name(event), "timeout": timeout,
                                   "on_event": next, "on_timeout": next });
                self.node("wait_for", node, None)
            }
            ["wait-any", events, timeout] => {
                let mut node = any_of(events, timeout);
                node["on_event"] = json!(next);
                node["on_timeout"] = json!(next);
                self.node("wait_for", node, None)
            }
            ["wait-when", timeout, ..] => {
                let when = condition(step.trim().splitn(3, ' ').nth(2).unwrap_or_default());
                let node = json!({ "when": when, "timeout": timeout, "on_met": next, "on_timeout": next });
                self.node("wait_for", node, None)
            }
            ["wait-best", time] => {
                self.node("delay", json!({ "until_best_hour": { "otherwise": time } }), next)
            }
            ["list", what] => {
                let kind = if what.starts_with('+') { "add_to_list" } else { "remove_from_list" };
                self.node(kind, json!({ "list": &what[1..] }), next)
            }
            ["start-journey", name, more @ ..] => {
                let pairs = more.iter().filter_map(|word| word.split_once('='));
                let properties: Map<String, Value> =
                    pairs.map(|(key, value)| (key.to_owned(), literal(value))).collect();
                let node = json!({ "journey": World::journey_id(name), "properties": properties });
                self.node("start_journey", node, next)
            }
            ["stop-journey", name] => {
                self.node("stop_journey", json!({ "journey": World::journey_id(name) }), next)
            }
            ["set", what] => {
                let (name, value) = what.split_once('=').expect("set NAME=VALUE");
                self.node("set_attribute", json!({ "name": name, "value": literal(value) }), next)
            }
            ["tag", what] => {
                let kind = if what.starts_with('+') { "add_tag" } else { "remove_tag" };
                self.node(kind, json!({ "tag": &what[1..] }), next)
            }
            ["webhook", url] => self.node("webhook", json!({ "url": url }), next),
            ["webhook", url, body @ ..] => {
                self.node("webhook", json!({ "url": url, "body": body.join(" ") }), next)
            }
            ["notify", address, subject @ ..] => {
                let node = json!({ "to": [address], "subject": subject.join(" "), "message": "{{ customer.email }}" });
                self.node("notify_staff", node, next)
            }
            ["exit"] => self.node("exit", json!({ "reason": "end" }), None),
            ["exit", reason] => self.node("exit", json!({ "reason": reason }), None),
            _ => panic!("no such step: {step}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_makes_is_a_journey() {
        let check = |text: &str| {
            let made = compile("a", text).definition.to_string();
            domain::journey::Definition::parse(&made)
                .unwrap_or_else(|problems| panic!("{problems:?}\n{made}"));
        };
        check("on signup -> send email:hello -> wait 2d unless order -> send sms:nudge -> exit");
        check("on date birthday 09:00 yearly offset -7d (cooldown 300d) -> send email:gift");
        check("on api (always) -> set code=5 -> tag +vip -> if tag:vip ? send email:a : go -> exit done");
        check("on order (where total>=5) (exit-if tag:vip) -> split 30 ? send sms:a : send sms:b -> wait 1h");
        check(
            "on cart (once) (goal order) -> wait-for view 3h ? send email:a : exit late -> wait-until mon 09:00",
        );
        check("on cart -> webhook https://example.com/a -> notify staff@example.com Look here");
        check(
            "on segment vip left -> list +old -> wait-best 09:00 -> start-journey b code=5 -> stop-journey c",
        );
        check("on feast tet 09:00 offset -7d segment vip -> wait-when 2d tag:x ? send email:a : go -> exit");
        check(
            "on schedule week 08:00 on fri -> wait-any view|cart 2h -> experiment e ? send email:a : go -> exit",
        );
        check("on anniversary birthday 09:00 month lunar offset -1d -> list -old");
        check("on threshold orders.revenue 1000000 down -> wait-when 1d {\"segment\":\"vip\"} -> exit");
        check("on journey welcome any -> exit");
        check("on message clicked template hello -> exit");
        check("on form size -> exit");
    }
}
