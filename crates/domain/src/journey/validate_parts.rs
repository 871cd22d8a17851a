//! What each trigger and each node of a definition has to fulfil.

use super::definition::{Experiment, Node, is_staff_contact};
use super::local::Offset;
use super::trigger::{FeastTrigger, OneOrMore, Period, ScheduleDay, ScheduleTrigger, Trigger, Turn};
use super::validate::{Check, NAME_CHARS_MAX, PATHS_MAX, WEIGHT_MAX};
use super::wait::{AWAITED_EVENTS_MAX, Awaited, Until};
use crate::condition::{Operand, PropertyFilter, Scope, check_filters, check_reference, join};
use crate::consent::Purpose;
use crate::normalise::email;
use crate::profile::{NAME_BYTES_MAX, VALUE_BYTES_MAX};
use kit::DAY_MS;
use std::collections::{BTreeMap, BTreeSet};

/// Longest id of a node, in bytes.
const NODE_ID_BYTES_MAX: usize = 64;
const URL_BYTES_MAX: usize = 2_000;
const HEADERS_MAX: usize = 20;
const HEADER_BYTES_MAX: usize = 1_000;
const BODY_BYTES_MAX: usize = 64 * 1024;
const STAFF_MAX: usize = 20;
const MESSAGE_BYTES_MAX: usize = 10_000;
/// Most properties that one journey hands to another.
const PROPERTIES_MAX: usize = 20;
/// Most times of day of a schedule.
const TIMES_MAX: usize = 24;

impl Check {
    pub(super) fn trigger(&mut self, trigger: &Trigger) {
        match trigger {
            // Its filters cannot refer to the event: they are about it.
            Trigger::Event(pattern) => {
                self.event(&pattern.event, &pattern.filters, Scope::PROFILE, "trigger")
            }
            Trigger::Date(date) => {
                self.line(&date.attribute, "trigger.attribute", NAME_CHARS_MAX);
                self.days(date.offset);
            }
            Trigger::Api(_) => {}
            Trigger::Segment(segment) => {
                self.id(&segment.segment, "trigger.segment");
                if segment.existing && segment.on == Turn::Left {
                    let message =
                        "those who are in the segment cannot start by leaving it; take \"on\": \"entered\"";
                    self.say("trigger.existing", "trigger.existing", message);
                }
            }
            Trigger::Anniversary(anniversary) => {
                self.line(&anniversary.attribute, "trigger.attribute", NAME_CHARS_MAX);
                self.days(anniversary.offset);
            }
            Trigger::Feast(FeastTrigger { offset, segment, .. }) => {
                self.days(*offset);
                segment.iter().for_each(|segment| self.id(segment, "trigger.segment"));
            }
            Trigger::Schedule(schedule) => self.schedule(schedule),
            Trigger::Threshold(threshold) => {
                self.line(&threshold.attribute, "trigger.attribute", NAME_CHARS_MAX);
                if threshold.attribute.starts_with("lead.") {
                    let message = "a score turns by time too; take the trigger \"score\", or a segment on it";
                    self.say("trigger.attribute", "trigger.threshold", message);
                }
            }
            Trigger::Journey(journey) => self.id(&journey.journey, "trigger.journey"),
            Trigger::Message(message) => {
                let named = [
                    ("template", &message.template),
                    ("journey", &message.journey),
                    ("campaign", &message.campaign),
                ];
                for (key, name) in named {
                    name.iter().for_each(|name| self.id(name, &join("trigger", key)));
                }
                self.own_filters(&message.filters);
            }
            Trigger::Form(form) => {
                self.id(&form.form, "trigger.form");
                self.own_filters(&form.filters);
            }
            Trigger::Score(score) => self.line(&score.grade, "trigger.grade", NAME_CHARS_MAX),
        }
    }

    fn id(&mut self, id: &str, path: &str) {
        self.line(id, path, NAME_CHARS_MAX);
    }

    fn own_filters(&mut self, filters: &[PropertyFilter]) {
        check_filters(filters, Scope::PROFILE, "trigger", &mut self.problems);
    }

    fn days(&mut self, offset: Offset) {
        if !offset.is_whole_days() || offset.ms().abs() > 366 * DAY_MS {
            let message = "takes whole days, at most 366 before or after";
            self.say("trigger.offset", "duration.range", message);
        }
    }

    fn schedule(&mut self, schedule: &ScheduleTrigger) {
        if !(1..=TIMES_MAX).contains(&schedule.at.as_slice().len()) {
            self.say("trigger.at", "schedule.times", format!("takes 1 to {TIMES_MAX} times of day"));
        }
        let days = schedule.on.as_ref().map_or(&[][..], OneOrMore::as_slice);
        let (fits, message) = match schedule.every {
            Period::Day => (schedule.on.is_none(), "every day has no \"on\""),
            Period::Week => (
                !days.is_empty() && days.iter().all(|day| matches!(day, ScheduleDay::OfWeek(_))),
                "every week is on days of the week: \"mon\", [\"tue\", \"fri\"]",
            ),
            Period::Month => (
                !days.is_empty()
                    && days
                        .iter()
                        .all(|day| matches!(day, ScheduleDay::OfMonth(1..=31) | ScheduleDay::Last(_))),
                "every month is on days of the month: 1, [1, 15], \"last\"",
            ),
        };
        if !fits || days.len() > 31 {
            self.say("trigger.on", "schedule.days", message);
        }
        let months = schedule.months.as_ref().map_or(&[][..], OneOrMore::as_slice);
        let unknown = months.iter().any(|month| !(1..=12).contains(month));
        if unknown || months.len() > 12 || (schedule.months.is_some() && months.is_empty()) {
            self.say("trigger.months", "schedule.months", "takes months by number, 1 to 12");
        }
        schedule.segment.iter().for_each(|segment| self.id(segment, "trigger.segment"));
    }

    fn experiment(&mut self, experiment: &Experiment, path: &str) {
        self.line(&experiment.name, join(path, "name"), NAME_CHARS_MAX);
        if !(2..=PATHS_MAX).contains(&experiment.variants.len()) {
            let message = format!("takes 2 to {PATHS_MAX} variants");
            self.say(join(path, "variants"), "paths.count", message);
        }
        let mut names = BTreeSet::new();
        for (i, variant) in experiment.variants.iter().enumerate() {
            let path = format!("{path}.variants.{i}");
            self.line(&variant.name, join(&path, "name"), NAME_CHARS_MAX);
            if !names.insert(&variant.name) {
                let message = format!("there are two variants \"{}\"", variant.name);
                self.say(join(&path, "name"), "experiment.name", message);
            }
            if !(1..=WEIGHT_MAX).contains(&variant.weight) {
                let message = format!("takes a whole number from 1 to {WEIGHT_MAX}");
                self.say(join(&path, "weight"), "split.weight", message);
            }
        }
    }

    fn operand(&mut self, operand: &Operand, path: String) {
        match operand {
            Operand::From(reference) => {
                check_reference(reference, self.run, &path, &mut self.problems);
            }
            Operand::Literal(value) if value.to_string().len() > VALUE_BYTES_MAX => {
                self.say(path, "text.length", format!("takes at most {VALUE_BYTES_MAX} bytes"));
            }
            Operand::Literal(_) => {}
        }
    }

    pub(super) fn node(&mut self, id: &str, node: &Node) {
        let path = format!("nodes.{id}");
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if id.is_empty() || id.len() > NODE_ID_BYTES_MAX || !id.bytes().all(good) {
            let message = format!("a node's id is 1 to {NODE_ID_BYTES_MAX} of a-z, A-Z, 0-9, _ and -");
            self.say(&path, "node.id", message);
        }
        match node {
            Node::Send(send) => {
                self.line(&send.template, join(&path, "template"), NAME_CHARS_MAX);
                for (field, message) in send.ways.problems(send.channel) {
                    self.say(join(&path, field), "send.ways", message);
                }
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
                match &wait.what {
                    Awaited::Event { pattern, .. } => {
                        self.event(&pattern.event, &pattern.filters, self.run, &path);
                    }
                    Awaited::AnyOf { events, .. } => {
                        if !(1..=AWAITED_EVENTS_MAX).contains(&events.len()) {
                            let message = format!("takes 1 to {AWAITED_EVENTS_MAX} events");
                            self.say(join(&path, "any_of"), "paths.count", message);
                        }
                        for (i, event) in events.iter().enumerate() {
                            let path = format!("{path}.any_of.{i}");
                            self.event(&event.event, &event.filters, self.run, &path);
                        }
                    }
                    Awaited::Condition { when, .. } => {
                        when.validate(self.run, &join(&path, "when"), &mut self.problems);
                    }
                }
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
                self.operand(&set.value, join(&path, "value"));
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
                    if email::normalise(address).is_err() && !is_staff_contact(address) {
                        let message = format!(
                            "\"{address}\" is no e-mail address, and no contact such as telegram:ops"
                        );
                        self.say(format!("{path}.to.{i}"), "staff.address", message);
                    }
                }
                self.line(&notice.subject, join(&path, "subject"), NAME_CHARS_MAX);
                if notice.message.trim().is_empty() || notice.message.len() > MESSAGE_BYTES_MAX {
                    let message = format!("takes 1 to {MESSAGE_BYTES_MAX} bytes of text");
                    self.say(join(&path, "message"), "text.length", message);
                }
            }
            Node::Experiment(experiment) => self.experiment(experiment, &path),
            Node::AddToList(change) | Node::RemoveFromList(change) => {
                self.name_of_profile(&change.list, join(&path, "list"));
            }
            Node::StartJourney(node) => {
                self.line(&node.journey, join(&path, "journey"), NAME_CHARS_MAX);
                if node.properties.len() > PROPERTIES_MAX {
                    let message = format!("takes at most {PROPERTIES_MAX} properties");
                    self.say(join(&path, "properties"), "journey.too_large", message);
                }
                for (name, value) in &node.properties {
                    let path = format!("{path}.properties.{name}");
                    self.line(name, path.clone(), NAME_CHARS_MAX);
                    self.operand(value, path);
                }
            }
            Node::StopJourney(node) => {
                self.line(&node.journey, join(&path, "journey"), NAME_CHARS_MAX);
                if let Some(reason) = &node.reason {
                    self.line(reason, join(&path, "reason"), NAME_CHARS_MAX);
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
}
