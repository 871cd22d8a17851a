//! A small world around the step: scenarios as text, a timeline as text, nothing that sleeps.
//!
//! ```text
//! zone Asia/Ho_Chi_Minh                      the profiles' zone; UTC+7 without it
//! begin 2026-03-01T08:00                     what +0h is, by the clock of that zone
//! +0h   an has {"city": "Huế"}               attributes
//! +0h   an tag vip
//! +0h   an does signup {"plan": "a"}         an event; "at +1h" before the properties for one that is late
//! +5h   pause                                resume, stop REASON
//! +9h   down                                 from here no timer fires until "up"
//! +30d  end
//! ```
//! Events of an instant come before the timers of the same instant, as in the engine.

use crate::condition::{EventView, Facts, Past, PastEvent};
use crate::journey::*;
use crate::local_time::{Zone, parse_duration, parse_instant};
use kit::{Id, ProfileNo, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub struct Person {
    pub zone: Zone,
    pub attributes: BTreeMap<String, Value>,
    pub tags: BTreeSet<String>,
    pub lists: BTreeSet<String>,
    pub past: Past,
}

impl Facts for Person {
    fn value(&self, path: &str) -> Option<Value> {
        if path == "tags" {
            return Some(json!(self.tags));
        }
        self.attributes.get(path.strip_prefix("attributes.")?).cloned()
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.tags.contains(tag)
    }

    fn in_list(&self, list: &str) -> bool {
        self.lists.contains(list)
    }

    fn past(&self) -> &Past {
        &self.past
    }

    fn time_zone(&self) -> &Zone {
        &self.zone
    }
}

impl Person {
    pub fn nobody(zone: Zone) -> Person {
        Person {
            zone,
            attributes: BTreeMap::new(),
            tags: BTreeSet::new(),
            lists: BTreeSet::new(),
            past: Past::default(),
        }
    }

    /// Somebody in Vietnam with these attributes.
    pub fn with(attributes: Value) -> Person {
        let attributes = serde_json::from_value(attributes).unwrap();
        Person { attributes, ..Person::nobody(Zone::vietnam()) }
    }

    /// Something that they did, for conditions on their past.
    pub fn did(&mut self, name: &str, at: Timestamp, properties: &Value) {
        let events = self.past.events.entry(name.to_string()).or_default();
        events.push(PastEvent { no: events.len() as i64, at, properties: properties.clone() });
        events.sort_by_key(|event| event.at);
    }

    pub fn apply(&mut self, effects: &[Effect]) {
        for effect in effects {
            match &effect.action {
                Action::SetAttribute { name, value } => {
                    drop(self.attributes.insert(name.clone(), value.clone()))
                }
                Action::AddTag { tag } => drop(self.tags.insert(tag.clone()).then_some(())),
                Action::RemoveTag { tag } => drop(self.tags.remove(tag).then_some(())),
                Action::AddToList { list } => drop(self.lists.insert(list.clone()).then_some(())),
                Action::RemoveFromList { list } => drop(self.lists.remove(list).then_some(())),
                _ => {}
            }
        }
    }
}

pub struct World {
    definition: Definition,
    zone: Zone,
    begin: Timestamp,
    people: BTreeMap<String, Person>,
    /// In the order of their starts, with whose they are.
    runs: Vec<(String, Run)>,
    timeline: Vec<String>,
    pub keys: Vec<String>,
    /// Every run is stored and loaded again between two steps.
    stores: bool,
    is_paused: bool,
    is_down: bool,
    events: usize,
}

/// The timeline of `scenario`: one line a log entry. Asserts that storing the runs between the steps changes
/// nothing.
pub fn timeline(definition: Value, scenario: &str) -> String {
    let definition = Definition::from_value(&definition).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let kept = World::run(&definition, scenario, false);
    let stored = World::run(&definition, scenario, true);
    assert_eq!(kept.timeline, stored.timeline, "storing a run changed its way");
    assert_eq!(kept.keys, stored.keys);
    let unique: BTreeSet<&String> = kept.keys.iter().collect();
    assert_eq!(unique.len(), kept.keys.len(), "two effects under one key: {:?}", kept.keys);
    kept.timeline.join("\n")
}

/// Asserts the timeline; indentation does not matter.
pub fn check(definition: Value, scenario: &str, expect: &str) {
    let told = |text: &str| {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    let (got, expect) = (told(&timeline(definition, scenario)), told(expect));
    assert!(got == expect, "expected\n{expect}\n\ngot\n{got}\n");
}

impl World {
    fn run(definition: &Definition, scenario: &str, stores: bool) -> World {
        let zone = Zone::vietnam();
        let begin = parse_instant("2026-03-01T08:00", &zone).unwrap();
        let mut world = World {
            definition: definition.clone(),
            zone,
            begin,
            people: BTreeMap::new(),
            runs: Vec::new(),
            timeline: Vec::new(),
            keys: Vec::new(),
            stores,
            is_paused: false,
            is_down: false,
            events: 0,
        };
        for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
            world.line(line);
        }
        world
    }

    fn after(&self, offset: &str) -> Timestamp {
        self.begin.plus_ms(parse_duration(offset.strip_prefix('+').unwrap()).unwrap())
    }

    fn line(&mut self, line: &str) {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match first {
            "zone" => return self.zone = Zone::named(rest).unwrap(),
            "begin" => return self.begin = parse_instant(rest, &self.zone).unwrap(),
            _ => {}
        }
        let now = self.after(first);
        self.timers(now, false);
        let words: Vec<&str> = rest.splitn(3, ' ').collect();
        match words.as_slice() {
            ["end"] => self.timers(now, true),
            ["pause"] => self.is_paused = true,
            ["resume"] => {
                self.is_paused = false;
                self.each_active(None, now, |_, _| Some(Input::Resume));
            }
            ["down"] => self.is_down = true,
            ["up"] => {
                self.is_down = false;
                self.overdue(now);
            }
            ["stop", rest @ ..] => {
                let reason = rest.join(" ");
                self.each_active(None, now, |_, _| Some(Input::Stop(&reason)));
            }
            [name, "has", attributes] => {
                let attributes: BTreeMap<String, Value> = serde_json::from_str(attributes).unwrap();
                self.person(name).attributes.extend(attributes);
                self.each_active(Some(name), now, |_, _| Some(Input::Changed));
            }
            [name, "tag", tag] => {
                self.person(name).tags.insert(tag.to_string());
                self.each_active(Some(name), now, |_, _| Some(Input::Changed));
            }
            [
                name,
                verb @ ("does" | "calls" | "date" | "enters" | "leaves" | "occasion" | "crosses" | "after"),
                rest @ ..,
            ] => {
                let (event, rest) =
                    rest.first().map_or(("", ""), |rest| rest.split_once(' ').unwrap_or((rest, "")));
                let rest = rest.trim();
                let (at, properties) = match rest.strip_prefix("at ") {
                    Some(rest) => {
                        let (at, rest) = rest.split_once(' ').unwrap_or((rest, "{}"));
                        (self.after(at), rest)
                    }
                    None => (now, rest),
                };
                let properties: Value =
                    serde_json::from_str(if properties.is_empty() { "{}" } else { properties }).unwrap();
                self.happens(name, verb, event, at, &properties, now);
            }
            other => panic!("no such line: {other:?}"),
        }
    }

    fn person(&mut self, name: &str) -> &mut Person {
        let zone = self.zone.clone();
        self.people.entry(name.to_string()).or_insert_with(|| Person::nobody(zone))
    }

    fn happens(
        &mut self,
        name: &str,
        verb: &str,
        event: &str,
        at: Timestamp,
        properties: &Value,
        now: Timestamp,
    ) {
        if verb == "does" {
            self.person(name).did(event, at, properties);
        }
        self.person(name);
        self.events += 1;
        let id = format!("event-{}", self.events);
        let event = EventView { id: &id, name: event, at, properties };
        if self.is_paused {
            return;
        }
        let wants = self.definition.wants();
        if verb == "does" && wants.to_step.contains(event.name) {
            self.each_active(Some(name), now, |_, _| Some(Input::Event(event)));
        }
        let cause = match verb {
            "does" if !wants.to_start.contains(event.name) => return,
            "does" => Cause::Event(event),
            "calls" => Cause::Api(event),
            "enters" | "leaves" => {
                Cause::Segment { segment: event.name, entered: verb == "enters", existing: false }
            }
            "occasion" => Cause::Occasion,
            "crosses" => Cause::Threshold,
            "after" => Cause::Journey {
                journey: event.name,
                state: &RunState::Completed,
                event: Some(EventView { name: "order", ..event }),
            },
            _ => Cause::Date,
        };
        let of_person = self.runs.iter().filter(|(owner, _)| owner == name).map(|(_, run)| run);
        let history = History {
            started: of_person.clone().count() as u32,
            active: of_person.clone().filter(|run| !run.is_over()).count() as u32,
            last_started_at: of_person.map(|run| run.started_at).max(),
        };
        let number = self.runs.len() as u128 + 1;
        let new = NewRun {
            run_id: Id::from_u128(number),
            journey_id: Id::from_u128(7),
            version: 1,
            profile: ProfileNo(1),
            depth: 0,
        };
        match start(&self.definition, new, cause, history, &self.people[name], now) {
            Ok(stepped) => {
                self.runs.push((name.to_string(), stepped.run.clone()));
                self.took(self.runs.len() - 1, stepped, now);
            }
            Err(declined) => self.tell(name, &declined.reason),
        }
    }

    fn each_active<'a>(
        &mut self,
        name: Option<&str>,
        now: Timestamp,
        input: impl Fn(&str, &Run) -> Option<Input<'a>>,
    ) {
        for i in 0..self.runs.len() {
            let (owner, run) = &self.runs[i];
            if run.is_over() || name.is_some_and(|name| name != owner) {
                continue;
            }
            if let Some(input) = input(owner, run) {
                let stepped = step(&self.definition, run.clone(), input, &self.people[owner], now);
                self.took(i, stepped, now);
            }
        }
    }

    /// Fires the timers up to `now`, each at its own time; those at `now` itself only when it is `included`.
    fn timers(&mut self, now: Timestamp, included: bool) {
        while !self.is_paused && !self.is_down {
            let due = |(i, (_, run)): (usize, &(String, Run))| Some((run.due_at()?, i));
            let Some((at, i)) = self.runs.iter().enumerate().filter_map(due).min() else { return };
            if at > now || (at == now && !included) {
                return;
            }
            let (owner, run) = &self.runs[i];
            let stepped = step(&self.definition, run.clone(), Input::Due, &self.people[owner], at);
            assert_ne!(stepped.run.due_at(), Some(at), "a due run stayed due");
            self.took(i, stepped, at);
        }
    }

    /// Fires the timers that are late, all at `now`.
    fn overdue(&mut self, now: Timestamp) {
        self.each_active(None, now, |_, run| (run.due_at()? <= now).then_some(Input::Due));
    }

    fn took(&mut self, i: usize, stepped: Stepped, now: Timestamp) {
        let name = self.runs[i].0.clone();
        for entry in &stepped.log {
            assert_eq!(entry.at, now);
            self.tell(&name, entry);
        }
        self.keys.extend(stepped.effects.iter().map(|effect| effect.key.clone()));
        if let Some(person) = self.people.get_mut(&name) {
            person.apply(&stepped.effects);
        }
        let mut run = stepped.run;
        if self.stores {
            run = serde_json::from_str(&serde_json::to_string(&run).unwrap()).unwrap();
        }
        self.runs[i].1 = run;
    }

    fn tell(&mut self, name: &str, entry: &LogEntry) {
        let minutes = entry.at.since_ms(self.begin) / kit::MINUTE_MS;
        let (hours, minutes) = (minutes / 60, minutes % 60);
        let at = if minutes == 0 { format!("+{hours}h") } else { format!("+{hours}h{minutes}m") };
        let node = entry.node.as_deref().unwrap_or("-");
        self.timeline.push(format!("{at} {name} {node}: {entry}"));
    }
}
