//! Stories as text, run in virtual time; what came of them is one line that is compared whole.
//!
//! ```text
//! journey welcome: on signup -> send email:hello -> wait 2d unless order -> send sms:nudge -> exit
//! +0h   event an signup        +0h  event binh signup
//! +26h  event an order total=200000
//! +3d   crash-and-restart
//! => 0h an email:hello | 0h binh email:hello | 26h an exit(order) | 48h binh sms:nudge | 48h binh exit(end)
//! ```
//!
//! Times count from [`START`], a Monday at 09:00 in Hanoi, or are local dates (`2027-02-28T09:00`). Without a time:
//! `start DATE` (first), `segment NAME: CONDITION`, `journey NAME: ...`, `template NAME: ...`, `settings ...`,
//! `person WHO ...`, `provider ...`,
//! `until TIME`. The rest stands behind a time:
//!
//! | statement | |
//! |---|---|
//! | `event WHO NAME k=v ...` | `at=-2h` when it happened, `sent=..` the client's clock, `id=..` its message id, `historical` |
//! | `identify WHO k=v ...` | traits; `_` stands for a space |
//! | `consent WHO give\|withdraw\|request CHANNEL` | |
//! | `alias OLD NEW`, `merge A B` | by the client, by staff |
//! | `open WHO`, `click WHO [URL]`, `unsubscribe WHO` | the newest message that reached them; `maybe click WHO` if one did |
//! | `trigger JOURNEY WHO k=v ...` | the API |
//! | `try TEMPLATE WHO ADDRESS` | a trial of an e-mail, as WHO would get it |
//! | `journey NAME: ...` | the next version |
//! | `pause JOURNEY`, `resume JOURNEY`, `settings ...`, `template NAME: ...` | |
//! | `campaign NAME: JSON` | made and launched; its template has its name unless it says otherwise |
//! | `pause-campaign NAME`, `resume-campaign NAME`, `cancel-campaign NAME` | |
//! | `show-campaign NAME` | how it stands, into the timeline |
//! | `outage CHANNEL 3h` | from now on; `all` for every channel |
//! | `down 2d` | no process runs; clients' requests wait |
//! | `crash-and-restart` | |
//! | `show WHO orders\|tags\|consents\|ATTRIBUTE` | into the timeline |
//!
//! WHO is a user id (`an`; introduced with an e-mail address, a phone and consent at first mention, unless `person`
//! says otherwise), a device (`~d1`), or both (`an~d1`).

use crate::Database;
use crate::notation::{self, event_name, literal};
use crate::provider::Answer;
use crate::world::{Crashes, SHOP, World};
use domain::consent::Channel;
use domain::gate::{Cap, Hours, Window};
use domain::identifier::{Identifier, IdentifierKind};
use domain::local_time::{Zone, parse_duration, parse_instant};
use domain::settings::Settings;
use engine::{Note, Response};
use kit::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// 2026-03-02T09:00:00+07:00.
pub const START: Timestamp = Timestamp::from_ms(1_772_416_800_000);

/// One statement with its instant, in the order in which they are done.
struct Statement {
    at: Timestamp,
    text: String,
}

struct Script {
    start: Timestamp,
    /// Done before the first instant.
    setting: Vec<String>,
    statements: Vec<Statement>,
    until: Option<Timestamp>,
    expected: String,
}

/// Where a time stands at the start of a word: `+3d`, or a local date.
fn is_time(word: &str) -> bool {
    word.strip_prefix('+').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        || (word.len() >= 10
            && word.as_bytes()[4] == b'-'
            && word.as_bytes()[..4].iter().all(u8::is_ascii_digit))
}

fn instant(word: &str, start: Timestamp) -> Timestamp {
    match word.strip_prefix('+') {
        Some(after) => start.plus_ms(parse_duration(after).expect("a duration stands behind +")),
        None => parse_instant(word, &Zone::vietnam()).expect("a local date"),
    }
}

fn script(text: &str) -> Script {
    let mut script = Script {
        start: START,
        setting: Vec::new(),
        statements: Vec::new(),
        until: None,
        expected: String::new(),
    };
    let mut expects = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(expected) = line.strip_prefix("=>") {
            expects = true;
            script.expected.push_str(expected);
        } else if expects {
            script.expected.push(' ');
            script.expected.push_str(line);
        } else if let Some(date) = line.strip_prefix("start ") {
            script.start = instant(date.trim(), START);
        } else if let Some(until) = line.strip_prefix("until ") {
            script.until = Some(instant(until.trim(), script.start));
        } else if is_time(line.split_whitespace().next().unwrap_or_default()) {
            for word in line.split_whitespace() {
                let last = script.statements.last_mut();
                match last {
                    // A journey's line may hold words that look like times.
                    Some(last)
                        if last.text.is_empty()
                            || !is_time(word)
                            || last.text.starts_with("journey")
                            || last.text.starts_with("campaign") =>
                    {
                        last.text.push_str(word);
                        last.text.push(' ');
                    }
                    _ => {
                        let at = instant(word, script.start);
                        script.statements.push(Statement { at, text: String::new() });
                    }
                }
            }
            script.close_line();
        } else {
            script.setting.push(line.to_owned());
        }
    }
    script.statements.sort_by_key(|statement| statement.at);
    script
}

impl Script {
    /// A marker, so that the first time of the next line begins a statement even after a journey.
    fn close_line(&mut self) {
        if let Some(last) = self.statements.last_mut() {
            last.text = format!(" {}", last.text.trim());
        }
    }
}

#[derive(Clone, Default)]
struct Person {
    traits: Map<String, Value>,
    silent_about_consent: bool,
    introduced: bool,
}

struct Stage {
    world: World,
    start: Timestamp,
    people: BTreeMap<String, Person>,
    order: Vec<String>,
    shown: Vec<(Timestamp, String, String)>,
    sent: u64,
    down_until: Option<Timestamp>,
}

/// Runs a story and compares its timeline with the one it tells; then again with a crash at every point that
/// leaves no message half handed over, which must change nothing.
///
/// # Panics
/// When a timeline differs, or the story is not of this language.
pub fn check(text: &str) {
    let expected = tidy(&script(text).expected);
    let told = timeline(text, Database::sqlite(), Crashes::Never);
    assert_eq!(told, expected, "\n{text}\nthe timeline was:\n=> {told}\n");
    let crashed = timeline(text, Database::sqlite(), Crashes::AtEveryHarmlessPoint);
    assert_eq!(crashed, expected, "\n{text}\nwith crashes the timeline was:\n=> {crashed}\n");
    if let Some(url) = crate::database::postgres_url() {
        let told = timeline(text, Database::postgres(&url), Crashes::Never);
        assert_eq!(told, expected, "\n{text}\non PostgreSQL the timeline was:\n=> {told}\n");
    }
}

fn tidy(expected: &str) -> String {
    let entries = expected.split('|').map(|entry| entry.split_whitespace().collect::<Vec<_>>().join(" "));
    entries.filter(|entry| !entry.is_empty()).collect::<Vec<_>>().join(" | ")
}

/// Runs a story and tells what came of it.
pub fn timeline(text: &str, database: Database, crashes: Crashes) -> String {
    let mut settings = Settings::default();
    settings.shop.name = "Shop".into();
    let mut world = World::new(database, 1, start_of(text), settings);
    world.crashes = crashes;
    play(world, text).0
}

/// When a story begins.
pub fn start_of(text: &str) -> Timestamp {
    script(text).start
}

/// Plays a story in a world that stands at its start, and tells what came of it.
pub fn play(world: World, text: &str) -> (String, World) {
    let script = script(text);
    let mut stage = Stage {
        world,
        start: script.start,
        people: BTreeMap::new(),
        order: Vec::new(),
        shown: Vec::new(),
        sent: 0,
        down_until: None,
    };
    for line in &script.setting {
        stage.perform(line);
    }
    for statement in &script.statements {
        stage.live_to(statement.at);
        stage.perform(statement.text.trim());
    }
    let end = script.until.or(script.statements.last().map(|last| last.at)).unwrap_or(script.start);
    stage.live_to(end);
    // Without an end, up to the end of all that is under way.
    stage.live_to(if script.until.is_none() { end.plus_ms(120 * DAY_MS) } else { end.plus_ms(1) });
    (stage.tell(), stage.world)
}

/// `k=v` words, and the words that are none.
fn words_of(words: &[&str]) -> (Map<String, Value>, BTreeSet<String>) {
    let (mut pairs, mut plain) = (Map::new(), BTreeSet::new());
    for word in words {
        match word.split_once('=') {
            Some((key, value)) => {
                pairs.insert(key.to_owned(), literal(value));
            }
            None => {
                plain.insert((*word).to_owned());
            }
        }
    }
    (pairs, plain)
}

impl Stage {
    /// Up to an instant. What is due at it is not done yet: what comes from outside at the same instant is first.
    fn live_to(&mut self, at: Timestamp) {
        match self.down_until {
            // Nobody is there to do anything.
            Some(until) if at < until => self.world.now = at,
            Some(until) => {
                self.down_until = None;
                self.world.now = until;
                self.world.crash();
                self.world.advance_to(at);
            }
            None if at > self.world.now => {
                self.world.advance_to(at.plus_ms(-1));
                self.world.now = at;
            }
            None => {}
        }
    }

    /// What is due now is done, unless nobody is there to do it.
    fn settle(&mut self) {
        if self.down_until.is_none() {
            self.world.drain();
        }
    }

    fn perform(&mut self, line: &str) {
        if let Some((head, rest)) = line.split_once(':') {
            let words: Vec<&str> = head.split_whitespace().collect();
            match words.as_slice() {
                ["journey", name] => return self.journey(name, rest),
                ["template", name] => return self.template(name, rest),
                ["campaign", name] => return self.campaign(name, rest),
                ["segment", name] => return self.segment(name, rest),
                _ => {}
            }
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["show" | "open" | "click" | "unsubscribe" | "merge" | "trigger" | "try", ..] =
            words.as_slice()
        {
            self.settle();
        }
        match words.as_slice() {
            ["event", who, name, more @ ..] => self.event(who, &event_name(name), more),
            ["identify", who, more @ ..] => self.identify(who, more),
            ["person", who, more @ ..] => {
                let (traits, plain) = words_of(more);
                let person = Person {
                    traits,
                    silent_about_consent: plain.contains("no-consent"),
                    introduced: plain.contains("unknown"),
                };
                self.people.insert((*who).to_owned(), person);
            }
            ["consent", who, what, channel] => {
                let name = match *what {
                    "give" => "Consent Given",
                    "withdraw" => "Consent Withdrawn",
                    _ => "Consent Requested",
                };
                let channel = format!("channel={channel}");
                self.event(who, name, &[&channel]);
            }
            ["alias", old, new] => {
                let item =
                    json!({ "type": "alias", "previousId": old.trim_start_matches('~'), "userId": new });
                self.send(item, false);
            }
            ["merge", a, b] => {
                let (profile_id, other_id) = (self.profile_id(a), self.profile_id(b));
                self.note(Note::Merge { profile_id, other_id, at: self.world.now.into() });
            }
            ["open", who] => self.respond(who, Response::Opened, None),
            ["click", who] => self.respond(who, Response::Clicked, None),
            ["maybe", "click", who] => {
                self.settle();
                if self.reached(who).is_some() {
                    self.respond(who, Response::Clicked, None);
                }
            }
            ["click", who, url] => self.respond(who, Response::Clicked, Some(url)),
            ["unsubscribe", who] => self.respond(who, Response::Unsubscribed, None),
            ["trigger", journey, who, more @ ..] => {
                self.sent += 1;
                let note = Note::Trigger {
                    journey_id: World::journey_id(journey),
                    profile_id: self.profile_id(who),
                    call_id: format!("call-{}", self.sent),
                    properties: Value::Object(words_of(more).0),
                    at: self.world.now.into(),
                };
                self.note(note);
            }
            ["try", template, who, address] => {
                self.sent += 1;
                let note = Note::Send {
                    profile_id: self.profile_id(who),
                    template_id: (*template).to_owned(),
                    channel: Channel::Email,
                    purpose: domain::consent::Purpose::Marketing,
                    origin: "test".into(),
                    address: Some((*address).to_owned()),
                    key: format!("try-{}", self.sent),
                    properties: json!({}),
                    ways: Default::default(),
                    at: self.world.now.into(),
                };
                self.note(note);
            }
            ["pause", journey] => self.world.pause(journey),
            ["resume", journey] => {
                self.world.resume(journey);
                self.world.drain();
            }
            ["pause-campaign", name] => self.world.conduct_campaign(engine::campaigns::pause, name),
            ["resume-campaign", name] => {
                self.world.conduct_campaign(engine::campaigns::resume, name);
                self.settle();
            }
            ["cancel-campaign", name] => self.world.conduct_campaign(engine::campaigns::cancel, name),
            ["show-campaign", name] => {
                self.settle();
                let told = self.world.campaign_told(name);
                self.shown.push((self.world.now, (*name).to_owned(), told));
            }
            ["settings", more @ ..] => self.settings(more),
            ["outage", channel, duration] => {
                let (from, length) = (self.world.now, parse_duration(duration).expect("a duration"));
                let channel = if *channel == "all" { String::new() } else { (*channel).to_owned() };
                self.world.provider.outages.push((channel, from, from.plus_ms(length)));
            }
            ["provider", answer, address] => {
                let answer = match *answer {
                    "bounces" => Answer::HardBounce,
                    "refuses" => Answer::Policy,
                    "takes-silently" => Answer::Silent { taken: true },
                    "loses" => Answer::Silent { taken: false },
                    "full" => Answer::MailboxFull,
                    "throttles" => Answer::Throttled,
                    other => panic!("no such provider: {other}"),
                };
                self.world.provider.always.insert((*address).to_owned(), answer);
            }
            ["down", duration] => {
                let length = parse_duration(duration).expect("a duration");
                self.down_until = Some(self.world.now.plus_ms(length));
            }
            ["crash-and-restart"] => self.world.crash(),
            ["show", who, what] => self.show(who, what),
            _ => panic!("no such statement: {line}"),
        }
    }

    fn journey(&mut self, name: &str, text: &str) {
        let compiled = match text.trim().strip_prefix("json ") {
            Some(document) => {
                let definition: Value = serde_json::from_str(document).expect("a definition as JSON");
                notation::Compiled { definition, templates: Vec::new() }
            }
            None => notation::compile(name, text),
        };
        for (template, channel) in compiled.templates {
            let known = self.world.read(|tx| tx.template(SHOP, &template)).is_some();
            if !known {
                self.put_template(&template, &channel, &template);
            }
        }
        self.world.publish(name, &compiled.definition);
        self.world.drain();
    }

    fn segment(&mut self, name: &str, text: &str) {
        self.world.put_segment(name, &notation::condition(text));
        self.world.drain();
    }

    fn campaign(&mut self, name: &str, text: &str) {
        let mut told: Value = serde_json::from_str(text).expect("a campaign as JSON");
        for (key, value) in [("name", name), ("template", name)] {
            if told.get(key).is_none() {
                told[key] = json!(value);
            }
        }
        let template = told["template"].as_str().expect("a name").to_owned();
        let channel = told["channel"].as_str().unwrap_or("email").to_owned();
        if self.world.read(|tx| tx.template(SHOP, &template)).is_none() {
            self.put_template(&template, &channel, &template);
        }
        self.world.launch_campaign(name, &told);
        self.settle();
    }

    /// `template CHANNEL:NAME` or `template NAME`, an e-mail's.
    fn template(&mut self, name: &str, body: &str) {
        self.put_template(name, "email", body.trim());
    }

    fn put_template(&mut self, name: &str, channel: &str, body: &str) {
        self.world.put_plain_template(name, channel, body);
    }

    fn settings(&mut self, words: &[&str]) {
        let channel = |word: &str| word.parse::<Channel>().expect("a channel");
        match words {
            ["hours", on, hours] => {
                let (from, to) = hours.split_once('-').expect("hours HH:MM-HH:MM");
                let minutes = |text: &str| {
                    let (hour, minute) = text.split_once(':').expect("HH:MM");
                    hour.parse::<u16>().expect("an hour") * 60 + minute.parse::<u16>().expect("a minute")
                };
                let hours = Hours::of(channel(on), minutes(from), minutes(to));
                self.world.change_settings(|settings| settings.policy.hours.push(hours));
            }
            ["cap", on, cap] => {
                let (count, hours) = cap.split_once('/').expect("cap COUNT/HOURSh, COUNT/day or COUNT/week");
                let on = (*on != "all").then(|| channel(on));
                let count = count.parse().expect("a count");
                let cap = match hours {
                    "day" => Cap { window: Window::Day, ..Cap::sliding(on, count, 24) },
                    "week" => Cap { window: Window::Week, ..Cap::sliding(on, count, 24) },
                    hours => Cap::sliding(on, count, hours.trim_end_matches('h').parse().expect("hours")),
                };
                self.world.change_settings(|settings| settings.policy.caps.push(cap));
            }
            ["holdout", percent] => {
                let percent = percent.parse().expect("a percentage");
                self.world.change_settings(|settings| settings.policy.holdout_percent = percent);
            }
            ["cart", minutes] => {
                let minutes = minutes.trim_end_matches('m').parse().expect("minutes");
                self.world.change_settings(|settings| settings.cart_abandoned_after_minutes = minutes);
            }
            ["zone", zone] => self.world.change_settings(|settings| settings.time_zone = (*zone).to_owned()),
            _ => panic!("no such setting: {words:?}"),
        }
    }

    /// The ids of WHO in an item; introduces a person that is mentioned for the first time.
    fn address(&mut self, who: &str) -> (Option<String>, Option<String>) {
        let (user, device) = who.split_once('~').map_or((who, None), |(user, device)| (user, Some(device)));
        let user = (!user.is_empty()).then(|| user.to_owned());
        for name in [user.clone(), device.map(|device| format!("~{device}"))].into_iter().flatten() {
            if !self.order.contains(&name) {
                self.order.push(name);
            }
        }
        if let Some(name) = &user {
            let mut person = self.people.get(name).cloned().unwrap_or_default();
            if !person.introduced {
                person.introduced = true;
                let number = self.order.iter().position(|held| held == name).unwrap_or_default();
                let mut traits = json!({
                    "email": format!("{name}@example.com"), "phone": format!("09012345{number:02}"),
                });
                if !person.silent_about_consent {
                    traits["consents"] = json!([
                        { "channel": "email", "state": "granted" }, { "channel": "sms", "state": "granted" },
                    ]);
                }
                for (key, value) in &person.traits {
                    traits[key] = value.clone();
                }
                self.people.insert(name.clone(), person);
                self.send(json!({ "type": "identify", "userId": name, "traits": traits }), false);
            }
        }
        (user, device.map(str::to_owned))
    }

    fn identify(&mut self, who: &str, more: &[&str]) {
        let (user, device) = self.address(who);
        let (mut traits, plain) = words_of(more);
        let at = traits.remove("at").map(|at| self.moved(&at));
        let item = json!({ "type": "identify", "userId": user, "anonymousId": device, "traits": traits,
                           "timestamp": at });
        self.send(item, plain.contains("historical"));
    }

    /// An instant so far from now, such as `-2h`, as clients write it.
    fn moved(&self, by: &Value) -> String {
        let text = by.as_str().unwrap_or_default();
        let (sign, length) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let at = self.world.now.plus_ms(sign * parse_duration(length).expect("a duration"));
        jiff::Timestamp::from_millisecond(at.ms()).map(|at| at.to_string()).unwrap_or_default()
    }

    fn event(&mut self, who: &str, name: &str, more: &[&str]) {
        let (user, device) = self.address(who);
        let (mut properties, plain) = words_of(more);
        let mut item = json!({ "type": "track", "event": name, "userId": user, "anonymousId": device });
        if let Some(at) = properties.remove("at") {
            item["timestamp"] = json!(self.moved(&at));
        }
        if let Some(sent) = properties.remove("sent") {
            item["sentAt"] = json!(self.moved(&sent));
        }
        if let Some(id) = properties.remove("id") {
            item["messageId"] = json!(id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        }
        if name.starts_with("Order ") && !properties.contains_key("order_id") {
            let order = properties.remove("order").unwrap_or_else(|| json!(format!("o{}", self.sent)));
            properties.insert("order_id".into(), order);
        }
        if name.starts_with("Product ") && !properties.contains_key("product_id") {
            properties.insert("product_id".into(), json!("ao"));
            properties.entry("price").or_insert(json!(100_000));
        }
        item["properties"] = Value::Object(properties);
        self.send(item, plain.contains("historical"));
    }

    fn send(&mut self, mut item: Value, historical: bool) {
        self.sent += 1;
        if item.get("messageId").is_none() {
            item["messageId"] = json!(format!("m{}", self.sent));
        }
        if let Some(fields) = item.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        self.world.send_items(vec![item], historical);
        self.settle();
    }

    fn note(&mut self, note: Note) {
        self.world.note(&note);
        self.world.drain();
    }

    fn profile(&self, who: &str) -> domain::profile::Profile {
        let identifier = match who.strip_prefix('~') {
            Some(device) => Identifier::new(IdentifierKind::Anonymous, device),
            None => Identifier::new(IdentifierKind::UserId, who),
        };
        let identifier = identifier.expect("an identifier");
        let found = self.world.read(|tx| {
            let no = tx.find_identifiers(&[(SHOP, &identifier)])?.into_iter().next().flatten();
            no.map_or(Ok(None), |no| tx.profile(SHOP, no))
        });
        found.unwrap_or_else(|| panic!("nobody is called {who}")).profile
    }

    fn profile_id(&mut self, who: &str) -> String {
        self.address(who);
        self.profile(who).id.to_string()
    }

    fn respond(&mut self, who: &str, response: Response, url: Option<&str>) {
        let message_no = self.reached(who).expect("a message that reached them");
        let note = Note::Response {
            message_no,
            response,
            at: self.world.now.into(),
            machine: None,
            url: url.map(str::to_owned),
        };
        self.note(note);
    }

    /// The newest message that reached somebody. Where a crash leaves it open whether one did, the story goes on as if
    /// it had.
    fn reached(&self, who: &str) -> Option<i64> {
        let no = self.profile(who).no;
        let messages = self.world.read(|tx| tx.messages_of_profile(SHOP, no, i64::MAX, 100));
        let found = messages.iter().find(|m| matches!(m.state.as_str(), "accepted" | "unknown"));
        found.map(|message| message.message_no)
    }

    fn show(&mut self, who: &str, what: &str) {
        let profile = self.profile(who);
        let told = match what {
            "orders" => {
                let totals = &profile.totals;
                format!("orders={} revenue={} refunded={}", totals.orders, totals.revenue, totals.refunded)
            }
            "tags" => format!("tags={}", profile.active_tags().collect::<Vec<_>>().join(",")),
            "consents" => {
                let all = profile.consents.iter().map(|(slot, held)| format!("{slot}={}", held.state));
                all.collect::<Vec<_>>().join(" ")
            }
            "identifiers" => {
                let mut all: Vec<String> =
                    profile.identifiers.iter().map(|known| known.identifier.to_string()).collect();
                all.sort_unstable();
                all.join(" ")
            }
            name => match profile.attribute(name) {
                Some(Value::String(text)) => format!("{name}={text}"),
                Some(value) => format!("{name}={value}"),
                None => format!("{name} is not set"),
            },
        };
        self.shown.push((self.world.now, who.to_owned(), told));
    }

    /// All that happened, in the order of time; of one instant by person, messages before ends.
    fn tell(&mut self) -> String {
        let mut entries: Vec<(Timestamp, usize, u8, i64, String)> = Vec::new();
        let place = |who: &str| self.order.iter().position(|held| held == who).unwrap_or(usize::MAX);
        for stored in self.world.read(|tx| tx.profile_page(SHOP, kit::ProfileNo(i64::MAX), 1_000)) {
            let profile = stored.profile;
            let held = |kind: &IdentifierKind, mark: &str| {
                let mut names: Vec<String> =
                    profile.identifiers_of(kind).map(|name| format!("{mark}{name}")).collect();
                names.sort_by_key(|name| place(name));
                names.into_iter().next()
            };
            let who = held(&IdentifierKind::UserId, "").or_else(|| held(&IdentifierKind::Anonymous, "~"));
            let who = who.unwrap_or_else(|| "?".into());
            let at_place = place(&who);
            for message in self.world.read(|tx| tx.messages_of_profile(SHOP, profile.no, i64::MAX, 1_000)) {
                let (what, at, fate) = self.fate(&message);
                let text = [who.as_str(), &what, &fate].join(" ");
                entries.push((at, at_place, 0, message.message_no, text.trim().to_owned()));
            }
            for run in self.world.read(|tx| tx.runs_of_profile(SHOP, profile.no)) {
                let doc: Value = serde_json::from_str(&run.doc).expect("a run");
                let reason = doc["state"]["reason"].as_str().unwrap_or_default();
                let end = match run.state.as_str() {
                    "exited" => format!("exit({reason})"),
                    "failed" => format!("failed({reason})"),
                    "goal_reached" => "goal".to_owned(),
                    "completed" => "done".to_owned(),
                    _ => "waits".to_owned(),
                };
                let at = run.ended_at.or(run.due_at).unwrap_or(self.world.now);
                entries.push((at, at_place, 1, 0, format!("{who} {end}")));
            }
        }
        for (number, (at, who, told)) in self.shown.iter().enumerate() {
            entries.push((*at, place(who), 2, number as i64, format!("{who} {told}")));
        }
        entries.sort();
        assert!(self.world.provider.doubled.is_empty(), "taken twice: {:?}", self.world.provider.doubled);
        let told = entries.into_iter().map(|(at, .., text)| format!("{} {text}", self.clock(at)));
        told.collect::<Vec<_>>().join(" | ")
    }

    fn fate(&self, message: &store::messages::MessageRow) -> (String, Timestamp, String) {
        let body = self.world.read(|tx| tx.body(SHOP, message.message_no));
        let subject = body.map(|body| body.subject).unwrap_or_default();
        let what = match (&message.template_id, message.origin.as_str()) {
            (Some(template), _) => format!("{}:{template}", message.channel),
            (None, "staff") => format!("staff:{} {subject}", message.address.clone().unwrap_or_default()),
            _ => format!("{}:{subject}", message.channel),
        };
        if message.state == "accepted" {
            let taken = self.world.provider.taken.iter().filter(|taken| taken.key == message.id).count();
            assert_eq!(taken, 1, "the ledger says accepted and the provider has it {taken} times");
            return (what.trim().to_owned(), message.accepted_at.expect("an instant"), String::new());
        }
        let log = self.world.read(|tx| tx.message_log(SHOP, message.message_no));
        let at = match message.state.as_str() {
            "cancelled" => message.decided_at,
            "queued" => message.due_at,
            _ => log.last().map_or(message.decided_at, |line| line.at),
        };
        (what.trim().to_owned(), at, format!("{}({})", message.state, message.reason))
    }

    fn clock(&self, at: Timestamp) -> String {
        let mut rest = at.since_ms(self.start);
        let mut told = String::new();
        // Beyond ten days nobody counts in hours.
        let units: &[(i64, &str)] = if rest >= 10 * DAY_MS {
            &[(DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m"), (SECOND_MS, "s")]
        } else {
            &[(HOUR_MS, "h"), (MINUTE_MS, "m"), (SECOND_MS, "s")]
        };
        for (unit, name) in units {
            if rest >= *unit {
                told.push_str(&format!("{}{name}", rest / unit));
                rest %= unit;
            }
        }
        if told.is_empty() { "0h".into() } else { told }
    }
}
