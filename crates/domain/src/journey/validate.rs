//! What keeps a definition from running, said to the one who wrote it: everything at once, each at its path.

use super::definition::{
    DEFINITION_BYTES_MAX, Definition, Entry, ExitRule, Goal, Node, RUNS_AT_ONCE_MAX, Reentry, SCHEMA,
};
use super::step::NODES_PER_STEP_MAX;
use super::trigger::Trigger;
use super::wait::{Awaited, Until};
use crate::condition::{Condition, Problem, PropertyFilter, Scope, check_filters, join, read_filters};
use kit::MINUTE_MS;
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
/// A cycle must take at least this long to go round.
const CYCLE_MS_MIN: i64 = MINUTE_MS;

const KEYS: [&str; 10] =
    ["schema", "name", "description", "trigger", "entry", "goal", "exit_when", "priority", "start", "nodes"];

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
        priority: optional(object, "priority", &mut problems).unwrap_or_default(),
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
    for (i, inner) in value.get("any_of").and_then(Value::as_array).into_iter().flatten().enumerate() {
        read_conditions(inner, &join(path, format_args!("any_of.{i}")), problems);
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
    to_come: &[(&str, &str)],
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let kind = value.get("type").and_then(Value::as_str);
    if let Some((kind, with)) = to_come.iter().find(|(name, _)| Some(*name) == kind) {
        let message = format!("\"{kind}\" is not there yet: it comes with {with}");
        problems.push(problem(join(path, "type"), "json.not_yet", message));
        return None;
    }
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
    let known = ("trigger", "trigger.unknown", &Trigger::KINDS[..]);
    of_known_kind(trigger, "trigger", known, &Trigger::KINDS_TO_COME, problems)
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
        let known = ("node", "node.unknown", &Node::KINDS[..]);
        let node = of_known_kind(node, &path, known, &Node::KINDS_TO_COME, problems)?;
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
        Scope { event: trigger.brings_event(), run: false }
    }
}

pub(super) struct Check {
    pub(super) problems: Vec<Problem>,
    pub(super) run: Scope,
}

impl Check {
    pub(super) fn say(&mut self, path: impl Into<String>, code: &'static str, message: impl Into<String>) {
        self.problems.push(problem(path, code, message));
    }

    /// One line of text: 1 to `most` characters.
    pub(super) fn line(&mut self, text: &str, path: impl Into<String>, most: usize) {
        if text.trim().is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
            self.say(path, "text.length", format!("takes one line of 1 to {most} characters"));
        }
    }

    pub(super) fn event(&mut self, name: &str, filters: &[PropertyFilter], scope: Scope, path: &str) {
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
        self.trigger(&definition.trigger);
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
        // A condition may hold at once.
        Node::WaitFor(wait) => {
            !matches!(wait.what, Awaited::Condition { .. }) && wait.timeout.ms() >= CYCLE_MS_MIN
        }
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
