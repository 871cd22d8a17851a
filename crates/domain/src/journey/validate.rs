//! What keeps a definition from running, said to the one who wrote it: everything at once, each at its path.

use super::definition::{
    DEFINITION_BYTES_MAX, Definition, Entry, ExitRule, Goal, Node, RUNS_AT_ONCE_MAX, Reentry, SCHEMA,
    Trigger, Until,
};
use super::step::NODES_PER_STEP_MAX;
use crate::condition::{
    Condition, Operand, Problem, PropertyFilter, Scope, check_filters, check_reference, join, read_filters,
};
use crate::consent::Purpose;
use crate::normalise::email;
use crate::profile::{NAME_BYTES_MAX, VALUE_BYTES_MAX};
use kit::{DAY_MS, MINUTE_MS};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Most nodes of a journey.
pub const NODES_MAX: usize = 200;
/// Most paths of a branch or a split.
pub const PATHS_MAX: usize = 20;
/// Most exit rules.
pub const EXIT_RULES_MAX: usize = 20;
/// Largest weight of a split's path.
pub const WEIGHT_MAX: u32 = 1_000_000;
/// Longest name of a journey, reason, subject or template, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// Longest id of a node, in bytes.
const NODE_ID_BYTES_MAX: usize = 64;
const URL_BYTES_MAX: usize = 2_000;
const HEADERS_MAX: usize = 20;
const HEADER_BYTES_MAX: usize = 1_000;
const BODY_BYTES_MAX: usize = 64 * 1024;
const STAFF_MAX: usize = 20;
const MESSAGE_BYTES_MAX: usize = 10_000;
/// A cycle must take at least this long to go round.
const CYCLE_MS_MIN: i64 = MINUTE_MS;

const KEYS: [&str; 9] =
    ["schema", "name", "description", "trigger", "entry", "goal", "exit_when", "start", "nodes"];

fn problem(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Problem {
    Problem { path: path.into(), code, message: message.into() }
}

fn too_large() -> Vec<Problem> {
    let most = DEFINITION_BYTES_MAX / 1024;
    vec![problem("", "journey.too_large", format!("a definition is at most {most} KB of JSON"))]
}

pub(super) fn parse(text: &str) -> Result<Definition, Vec<Problem>> {
    if text.len() > DEFINITION_BYTES_MAX {
        return Err(too_large());
    }
    let document: Value = serde_json::from_str(text)
        .map_err(|error| vec![problem("", "json.syntax", format!("not JSON: {error}"))])?;
    read(&document)
}

pub(super) fn from_value(document: &Value) -> Result<Definition, Vec<Problem>> {
    if document.to_string().len() > DEFINITION_BYTES_MAX {
        return Err(too_large());
    }
    read(document)
}

/// Part by part, because a whole document read at once knows one mistake and not its place.
fn read(document: &Value) -> Result<Definition, Vec<Problem>> {
    let Some(object) = document.as_object() else {
        return Err(vec![problem("", "json.type", "expected a journey: an object")]);
    };
    let mut problems = Vec::new();
    for key in object.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let message = format!("unknown key \"{key}\"; known here: {}", KEYS.join(", "));
        problems.push(problem(key, "json.unknown_key", message));
    }
    // A document of another schema would only be reported as nonsense below.
    match object.get("schema") {
        Some(schema) if schema.as_u64() == Some(u64::from(SCHEMA)) => {}
        Some(other) => {
            let message = format!("schema {other} is not known here; this version reads schema {SCHEMA}");
            return Err(vec![problem("schema", "schema.unknown", message)]);
        }
        None => problems.push(missing("schema")),
    }
    let read = Definition {
        schema: SCHEMA,
        name: required(object, "name", &mut problems).unwrap_or_default(),
        description: optional(object, "description", &mut problems).unwrap_or_default(),
        trigger: read_trigger(object, &mut problems).unwrap_or(Trigger::Api(Default::default())),
        entry: optional::<Entry>(object, "entry", &mut problems).unwrap_or_default(),
        goal: optional::<Goal>(object, "goal", &mut problems),
        exit_when: read_exits(object, &mut problems),
        start: required(object, "start", &mut problems).unwrap_or_default(),
        nodes: read_nodes(object, &mut problems),
    };
    if problems.is_empty() {
        problems = validate(&read);
    }
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

fn missing(key: &str) -> Problem {
    problem("", "json.missing_key", format!("\"{key}\" is missing"))
}

fn part<T: DeserializeOwned>(value: &Value, path: &str, problems: &mut Vec<Problem>) -> Option<T> {
    // Conditions know the path of their own mistakes, which serde does not hand through.
    let before = problems.len();
    read_conditions(value, path, problems);
    if problems.len() > before {
        return None;
    }
    match serde_json::from_value(value.clone()) {
        Ok(part) => Some(part),
        Err(error) => {
            problems.push(problem(path, "json.type", error.to_string()));
            None
        }
    }
}

fn read_conditions(value: &Value, path: &str, problems: &mut Vec<Problem>) {
    if let Some(condition) = value.get("when") {
        problems.extend(Condition::from_value(condition, &join(path, "when")).err());
    }
    if let Some(filters) = value.get("where") {
        problems.extend(read_filters(filters, &join(path, "where")).err());
    }
    for (i, inner) in value.get("paths").and_then(Value::as_array).into_iter().flatten().enumerate() {
        read_conditions(inner, &join(path, format_args!("paths.{i}")), problems);
    }
}

fn required<T: DeserializeOwned>(
    object: &Map<String, Value>,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    match object.get(key) {
        Some(value) => part(value, key, problems),
        None => {
            problems.push(missing(key));
            None
        }
    }
}

fn optional<T: DeserializeOwned>(
    object: &Map<String, Value>,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    part(object.get(key).filter(|value| !value.is_null())?, key, problems)
}

/// A tagged part whose kind this version may not know.
fn of_known_kind<T: DeserializeOwned>(
    value: &Value,
    path: &str,
    (what, code, known): (&str, &'static str, &[&str]),
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let kind = value.get("type").and_then(Value::as_str);
    if kind.is_some_and(|kind| known.contains(&kind)) {
        return part(value, path, problems);
    }
    let message = match kind {
        Some(kind) => format!("\"{kind}\" is no {what} of this version; known: {}", known.join(", ")),
        None => format!("a {what} is an object with a \"type\": {}", known.join(", ")),
    };
    problems.push(problem(join(path, "type"), code, message));
    None
}

fn read_trigger(object: &Map<String, Value>, problems: &mut Vec<Problem>) -> Option<Trigger> {
    let Some(trigger) = object.get("trigger") else {
        problems.push(missing("trigger"));
        return None;
    };
    of_known_kind(trigger, "trigger", ("trigger", "trigger.unknown", &Trigger::KINDS), problems)
}

fn read_exits(object: &Map<String, Value>, problems: &mut Vec<Problem>) -> Vec<ExitRule> {
    let rules = match object.get("exit_when") {
        None => return Vec::new(),
        Some(Value::Array(rules)) => rules,
        Some(_) => {
            problems.push(problem("exit_when", "json.type", "expected a list of exit rules"));
            return Vec::new();
        }
    };
    let rules = rules.iter().enumerate();
    rules.filter_map(|(i, rule)| part(rule, &format!("exit_when.{i}"), problems)).collect()
}

fn read_nodes(object: &Map<String, Value>, problems: &mut Vec<Problem>) -> BTreeMap<String, Node> {
    let nodes = match object.get("nodes") {
        Some(Value::Object(nodes)) => nodes,
        Some(_) => {
            problems.push(problem("nodes", "json.type", "expected an object of nodes by their ids"));
            return BTreeMap::new();
        }
        None => {
            problems.push(missing("nodes"));
            return BTreeMap::new();
        }
    };
    let read = nodes.iter().filter_map(|(id, node)| {
        let path = format!("nodes.{id}");
        let node = of_known_kind(node, &path, ("node", "node.unknown", &Node::KINDS), problems)?;
        Some((id.clone(), node))
    });
    read.collect()
}

pub(super) fn validate(definition: &Definition) -> Vec<Problem> {
    let mut check = Check { problems: Vec::new(), run: Scope::in_run(&definition.trigger) };
    check.head(definition);
    check.entry(&definition.entry, &definition.trigger);
    check.ends(definition);
    if definition.nodes.len() > NODES_MAX {
        let count = definition.nodes.len();
        check.say("nodes", "journey.too_large", format!("{count} nodes; at most {NODES_MAX}"));
        return check.problems;
    }
    for (id, node) in &definition.nodes {
        check.node(id, node);
    }
    check.graph(definition);
    check.problems
}

impl Scope {
    /// What the conditions of a run may refer to, which follows from how it starts.
    fn in_run(trigger: &Trigger) -> Scope {
        Scope { run: true, ..Scope::at_entry(trigger) }
    }

    fn at_entry(trigger: &Trigger) -> Scope {
        Scope { event: !matches!(trigger, Trigger::Date(_)), run: false }
    }
}

struct Check {
    problems: Vec<Problem>,
    run: Scope,
}

impl Check {
    fn say(&mut self, path: impl Into<String>, code: &'static str, message: impl Into<String>) {
        self.problems.push(problem(path, code, message));
    }

    /// One line of text: 1 to `most` characters.
    fn line(&mut self, text: &str, path: impl Into<String>, most: usize) {
        if text.trim().is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
            self.say(path, "text.length", format!("takes one line of 1 to {most} characters"));
        }
    }

    fn event(&mut self, name: &str, filters: &[PropertyFilter], scope: Scope, path: &str) {
        self.line(name, join(path, "event"), NAME_CHARS_MAX);
        check_filters(filters, scope, path, &mut self.problems);
    }

    fn head(&mut self, definition: &Definition) {
        if definition.schema != SCHEMA {
            self.say("schema", "schema.unknown", format!("this version reads schema {SCHEMA}"));
        }
        self.line(&definition.name, "name", NAME_CHARS_MAX);
        if definition.description.chars().count() > DESCRIPTION_CHARS_MAX {
            let message = format!("takes at most {DESCRIPTION_CHARS_MAX} characters");
            self.say("description", "text.length", message);
        }
        match &definition.trigger {
            // Its filters cannot refer to the event: they are about it.
            Trigger::Event(pattern) => {
                self.event(&pattern.event, &pattern.filters, Scope::PROFILE, "trigger")
            }
            Trigger::Date(date) => {
                self.line(&date.attribute, "trigger.attribute", NAME_CHARS_MAX);
                if !date.offset.is_whole_days() || date.offset.ms().abs() > 366 * DAY_MS {
                    let message = "takes whole days, at most 366 before or after";
                    self.say("trigger.offset", "duration.range", message);
                }
            }
            Trigger::Api(_) => {}
        }
    }

    fn entry(&mut self, entry: &Entry, trigger: &Trigger) {
        if let Some(when) = &entry.when {
            when.validate(Scope::at_entry(trigger), "entry.when", &mut self.problems);
        }
        if entry.cooldown.is_some_and(|cooldown| cooldown.ms() == 0) {
            self.say("entry.cooldown", "duration.range", "a cooldown of nothing; leave it out");
        }
        match (entry.reentry, entry.max_runs_at_once) {
            (_, None) | (Reentry::Always, Some(1..=RUNS_AT_ONCE_MAX)) => {}
            (Reentry::Always, Some(_)) => {
                let message = format!("takes 1 to {RUNS_AT_ONCE_MAX}");
                self.say("entry.max_runs_at_once", "entry.range", message);
            }
            (_, Some(_)) => {
                let message = "goes with reentry \"always\"; otherwise there is one run at a time";
                self.say("entry.max_runs_at_once", "entry.range", message);
            }
        }
    }

    fn ends(&mut self, definition: &Definition) {
        if let Some(goal) = &definition.goal {
            self.event(&goal.event, &goal.filters, self.run, "goal");
            if goal.within.is_some_and(|within| within.ms() == 0) {
                self.say("goal.within", "duration.range", "takes more than nothing");
            }
        }
        if definition.exit_when.len() > EXIT_RULES_MAX {
            self.say("exit_when", "journey.too_large", format!("at most {EXIT_RULES_MAX} rules"));
        }
        for (i, rule) in definition.exit_when.iter().enumerate() {
            let path = format!("exit_when.{i}");
            match (&rule.event, &rule.when) {
                (Some(event), _) => self.event(event, &rule.filters, self.run, &path),
                (None, None) => self.say(&path, "exit.empty", "needs an \"event\", a \"when\", or both"),
                (None, Some(_)) if !rule.filters.is_empty() => {
                    self.say(join(&path, "where"), "exit.where", "\"where\" goes with an \"event\"");
                }
                (None, Some(_)) => {}
            }
            if let Some(when) = &rule.when {
                when.validate(self.run, &join(&path, "when"), &mut self.problems);
            }
            if let Some(reason) = &rule.reason {
                self.line(reason, join(&path, "reason"), NAME_CHARS_MAX);
            }
        }
    }

    fn node(&mut self, id: &str, node: &Node) {
        let path = format!("nodes.{id}");
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if id.is_empty() || id.len() > NODE_ID_BYTES_MAX || !id.bytes().all(good) {
            let message = format!("a node's id is 1 to {NODE_ID_BYTES_MAX} of a-z, A-Z, 0-9, _ and -");
            self.say(&path, "node.id", message);
        }
        match node {
            Node::Send(send) => {
                self.line(&send.template, join(&path, "template"), NAME_CHARS_MAX);
                if !matches!(send.purpose, Purpose::Marketing | Purpose::Transactional) {
                    let message = "a message is \"marketing\" or \"transactional\"";
                    self.say(join(&path, "purpose"), "send.purpose", message);
                }
            }
            Node::Delay(delay) => {
                if let Until::Attribute(until) = &delay.until {
                    self.line(&until.attribute, join(&path, "until_attribute"), NAME_CHARS_MAX);
                }
            }
            Node::WaitFor(wait) => {
                self.event(&wait.event, &wait.filters, self.run, &path);
                if wait.timeout.ms() == 0 {
                    self.say(join(&path, "timeout"), "duration.range", "takes more than nothing");
                }
            }
            Node::Branch(branch) => {
                if !(1..=PATHS_MAX).contains(&branch.paths.len()) {
                    self.say(join(&path, "paths"), "paths.count", format!("takes 1 to {PATHS_MAX} paths"));
                }
                for (i, branch_path) in branch.paths.iter().enumerate() {
                    let path = format!("{path}.paths.{i}.when");
                    branch_path.when.validate(self.run, &path, &mut self.problems);
                }
            }
            Node::Split(split) => {
                if !(2..=PATHS_MAX).contains(&split.paths.len()) {
                    self.say(join(&path, "paths"), "paths.count", format!("takes 2 to {PATHS_MAX} paths"));
                }
                for (i, split_path) in split.paths.iter().enumerate() {
                    if !(1..=WEIGHT_MAX).contains(&split_path.weight) {
                        let path = format!("{path}.paths.{i}.weight");
                        self.say(
                            path,
                            "split.weight",
                            format!("takes a whole number from 1 to {WEIGHT_MAX}"),
                        );
                    }
                }
            }
            Node::SetAttribute(set) => {
                self.name_of_profile(&set.name, join(&path, "name"));
                let path = join(&path, "value");
                match &set.value {
                    Operand::From(reference) => {
                        check_reference(reference, self.run, &path, &mut self.problems);
                    }
                    Operand::Literal(value) if value.to_string().len() > VALUE_BYTES_MAX => {
                        self.say(path, "text.length", format!("takes at most {VALUE_BYTES_MAX} bytes"));
                    }
                    Operand::Literal(_) => {}
                }
            }
            Node::AddTag(change) | Node::RemoveTag(change) => {
                self.name_of_profile(&change.tag, join(&path, "tag"));
            }
            Node::Webhook(hook) => self.webhook(&path, &hook.url, &hook.headers, hook.body.as_deref()),
            Node::NotifyStaff(notice) => {
                if !(1..=STAFF_MAX).contains(&notice.to.len()) {
                    self.say(join(&path, "to"), "staff.count", format!("takes 1 to {STAFF_MAX} addresses"));
                }
                for (i, address) in notice.to.iter().enumerate() {
                    if email::normalise(address).is_err() {
                        let message = format!("\"{address}\" is no e-mail address");
                        self.say(format!("{path}.to.{i}"), "staff.address", message);
                    }
                }
                self.line(&notice.subject, join(&path, "subject"), NAME_CHARS_MAX);
                if notice.message.trim().is_empty() || notice.message.len() > MESSAGE_BYTES_MAX {
                    let message = format!("takes 1 to {MESSAGE_BYTES_MAX} bytes of text");
                    self.say(join(&path, "message"), "text.length", message);
                }
            }
            Node::Exit(exit) => {
                if let Some(reason) = &exit.reason {
                    self.line(reason, join(&path, "reason"), NAME_CHARS_MAX);
                }
            }
        }
    }

    /// The name of an attribute or a tag, as the profile takes it.
    fn name_of_profile(&mut self, name: &str, path: String) {
        if name.starts_with("attributes.") {
            self.say(path, "attribute.name", "leave \"attributes.\" out: only attributes can be set");
        } else if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control)
        {
            self.say(path, "text.length", format!("takes 1 to {NAME_BYTES_MAX} bytes of text"));
        }
    }

    fn webhook(&mut self, path: &str, url: &str, headers: &BTreeMap<String, String>, body: Option<&str>) {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let has_host =
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
        let is_plain = url.len() <= URL_BYTES_MAX && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !has_host || !is_plain {
            let message =
                format!("takes an address https://... or http://... of at most {URL_BYTES_MAX} bytes");
            self.say(join(path, "url"), "webhook.url", message);
        }
        if headers.len() > HEADERS_MAX {
            self.say(join(path, "headers"), "webhook.headers", format!("at most {HEADERS_MAX} headers"));
        }
        for (name, value) in headers {
            let path = join(path, format_args!("headers.{name}"));
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            let ours = ["host", "content-length", "transfer-encoding", "connection"];
            if name.is_empty() || name.len() > HEADER_BYTES_MAX || !name.bytes().all(is_token) {
                self.say(path, "webhook.headers", "is no name of a header");
            } else if ours.iter().any(|taken| name.eq_ignore_ascii_case(taken)) {
                self.say(path, "webhook.headers", "is set by the sender itself");
            } else if value.len() > HEADER_BYTES_MAX || value.chars().any(char::is_control) {
                let message = format!("takes one line of at most {HEADER_BYTES_MAX} bytes");
                self.say(path, "webhook.headers", message);
            }
        }
        if body.is_some_and(|body| body.len() > BODY_BYTES_MAX) {
            let message = format!("takes at most {} KB", BODY_BYTES_MAX / 1024);
            self.say(join(path, "body"), "text.length", message);
        }
    }

    fn graph(&mut self, definition: &Definition) {
        let nodes = &definition.nodes;
        if nodes.is_empty() {
            return self.say("nodes", "journey.empty", "a journey has at least one node");
        }
        let mut is_whole = true;
        if !nodes.contains_key(&definition.start) {
            self.say("start", "node.dangling", format!("there is no node \"{}\"", definition.start));
            is_whole = false;
        }
        for (id, node) in nodes {
            for (field, next) in node.ways_on() {
                if !nodes.contains_key(next) {
                    let path = format!("nodes.{id}.{field}");
                    self.say(path, "node.dangling", format!("there is no node \"{next}\""));
                    is_whole = false;
                }
            }
        }
        // A way that leads nowhere would make nodes look unreachable that are only misspelt.
        if !is_whole {
            return;
        }
        self.reach(definition);
        self.rounds(definition);
    }

    fn reach(&mut self, definition: &Definition) {
        let mut reached = BTreeSet::from([definition.start.as_str()]);
        let mut open = vec![definition.start.as_str()];
        while let Some(id) = open.pop() {
            for (_, next) in definition.nodes.get(id).map(Node::ways_on).into_iter().flatten() {
                if reached.insert(next) {
                    open.push(next);
                }
            }
        }
        for id in definition.nodes.keys().filter(|id| !reached.contains(id.as_str())) {
            let message = "no way leads here from the start";
            self.say(format!("nodes.{id}"), "node.unreachable", message);
        }
    }

    /// Between two nodes that take time there is a chain that ends, and is short enough for one step.
    fn rounds(&mut self, definition: &Definition) {
        let mut lengths = BTreeMap::new();
        for id in definition.nodes.keys() {
            let mut chain = Vec::new();
            if let Err(cycle) = chain_length(definition, id, &mut chain, &mut lengths) {
                let message = format!(
                    "{} goes round without a delay \"for\" or a wait of at least {} s",
                    cycle.join(" -> "),
                    CYCLE_MS_MIN / 1_000
                );
                return self.say(format!("nodes.{}", cycle[0]), "node.cycle", message);
            }
        }
        // One entry of the step is for the node that takes time at the chain's end, or for the end itself.
        let most = NODES_PER_STEP_MAX - 1;
        if let Some((id, length)) = lengths.iter().max_by_key(|(_, length)| **length)
            && *length > most
        {
            let message = format!("{length} nodes follow one another without a wait; at most {most}");
            self.say(format!("nodes.{id}"), "journey.too_large", message);
        }
    }
}

/// Whether a run always stays here for a while, whatever the time and the profile.
fn takes_time(node: &Node) -> bool {
    match node {
        Node::Delay(delay) => matches!(&delay.until, Until::For(duration) if duration.ms() >= CYCLE_MS_MIN),
        Node::WaitFor(wait) => wait.timeout.ms() >= CYCLE_MS_MIN,
        _ => false,
    }
}

/// Nodes on the longest chain from `id` up to the next that takes time, which is not counted.
fn chain_length<'a>(
    definition: &'a Definition,
    id: &'a str,
    chain: &mut Vec<&'a str>,
    lengths: &mut BTreeMap<&'a str, usize>,
) -> Result<usize, Vec<String>> {
    let Some(node) = definition.nodes.get(id).filter(|node| !takes_time(node)) else { return Ok(0) };
    if let Some(length) = lengths.get(id) {
        return Ok(*length);
    }
    if let Some(at) = chain.iter().position(|earlier| *earlier == id) {
        let cycle = chain[at..].iter().copied().chain([id]);
        return Err(cycle.map(str::to_string).collect());
    }
    chain.push(id);
    let mut longest = 0;
    for (_, next) in node.ways_on() {
        longest = longest.max(chain_length(definition, next, chain, lengths)?);
    }
    chain.pop();
    lengths.insert(id, longest + 1);
    Ok(longest + 1)
}
