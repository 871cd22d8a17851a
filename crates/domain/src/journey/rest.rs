//! Where a run rests: how long, and what makes it go on.

use super::definition::Node;
use super::local::{self, ClockTime};
use super::log::Code;
use super::run::{KeptEvent, Waiting};
use super::step::{Onward, Walk};
use super::wait::{Awaited, BEST_HOUR_READS_MIN, BestHour, Delay, Otherwise, Until, UntilAttribute, WaitFor};
use crate::condition::{EventView, Facts, PastMessage, look_up};
use crate::consent::Channel;
use crate::habits;
use crate::local_time::minute_of_day;
use kit::Timestamp;
use serde_json::{Value, json};

impl Walk<'_> {
    pub(super) fn due(&mut self) {
        let Some(node) = self.run.node.clone() else {
            return self.fail("is active and at no node".to_string());
        };
        let next = match (self.run.waiting.take(), self.definition.nodes.get(&node)) {
            (Some(waiting @ Waiting::ForCondition { .. }), Some(Node::WaitFor(_))) => {
                self.run.waiting = Some(waiting);
                return self.look();
            }
            (Some(waiting @ (Waiting::Until { until } | Waiting::ForEvent { until, .. })), _)
                if self.now < until =>
            {
                self.run.waiting = Some(waiting);
                return;
            }
            (Some(Waiting::Until { until }), Some(Node::Delay(delay))) => {
                let params = json!({ "until": self.written(until) });
                self.note(Some(&node), Code::DelayOver, params);
                delay.next.clone()
            }
            (Some(Waiting::ForEvent { until, .. }), Some(Node::WaitFor(wait))) => {
                let params = json!({ "event": wait.told(), "until": self.written(until) });
                self.note(Some(&node), Code::WaitTimedOut, params);
                wait.on_timeout.clone()
            }
            _ => {
                return self.fail(format!(
                    "waits at \"{node}\", which is no such node of version {}",
                    self.run.version
                ));
            }
        };
        self.go(next);
    }

    /// An event of the run's that ended it neither well nor otherwise: goes on if it waits for it.
    pub(super) fn heard(&mut self, event: &EventView<'_>) {
        let Some(node) = self.run.node.clone() else { return };
        let Some(Node::WaitFor(wait)) = self.definition.nodes.get(&node) else { return };
        let until = match &self.run.waiting {
            Some(Waiting::ForEvent { until, .. }) => *until,
            _ => return self.look(),
        };
        if event.at > until {
            return;
        }
        let mut events = wait.events().into_iter();
        let Some((.., next)) = events.find(|(name, filters, _)| self.is(event, name, filters)) else {
            return;
        };
        self.run.awaited = Some(KeptEvent::new(event));
        self.run.waiting = None;
        self.note(Some(&node), Code::WaitMet, json!({ "event": event.name }));
        self.go(next.clone());
    }

    /// Goes on if the condition that it waits for holds now, or its time is up.
    pub(super) fn look(&mut self) {
        let Some(node) = self.run.node.clone() else { return };
        let (Some(Node::WaitFor(wait)), Some(Waiting::ForCondition { until, .. })) =
            (self.definition.nodes.get(&node), &self.run.waiting)
        else {
            return;
        };
        let until = *until;
        let Awaited::Condition { when, on_met } = &wait.what else { return };
        let told = when.evaluate(&self.context());
        let params = json!({ "event": wait.told(), "until": self.written(until) });
        if told.holds {
            let compared = self.explain(when).1;
            self.run.waiting = None;
            self.note(Some(&node), Code::WaitMet, json!({ "event": wait.told(), "compared": compared }));
            self.go(on_met.clone());
        } else if self.now >= until {
            self.run.waiting = None;
            self.note(Some(&node), Code::WaitTimedOut, params);
            self.go(wait.on_timeout.clone());
        } else {
            let look_at = told.changes_at.filter(|at| *at > self.now && *at < until);
            self.run.waiting = Some(Waiting::ForCondition { until, look_at });
        }
    }

    pub(super) fn wait_for(&mut self, id: &str, wait: &WaitFor) -> Onward {
        let until = self.now.plus_ms(wait.timeout.ms());
        let params = json!({ "event": wait.told(), "until": self.written(until) });
        self.note(Some(id), Code::WaitBegun, params.clone());
        if let Awaited::Condition { when, on_met } = &wait.what {
            let told = when.evaluate(&self.context());
            if told.holds {
                let compared = self.explain(when).1;
                let params = json!({ "event": wait.told(), "compared": compared });
                self.note(Some(id), Code::WaitMet, params);
                return Onward::To(on_met.clone());
            }
            if until > self.now {
                let look_at = told.changes_at.filter(|at| *at > self.now && *at < until);
                self.run.waiting = Some(Waiting::ForCondition { until, look_at });
                return Onward::Rest;
            }
        }
        if until <= self.now {
            self.note(Some(id), Code::WaitTimedOut, params);
            return Onward::To(wait.on_timeout.clone());
        }
        self.run.waiting = Some(Waiting::ForEvent { event: wait.told(), until });
        Onward::Rest
    }

    pub(super) fn delay(&mut self, id: &str, delay: &Delay) -> Onward {
        let (now, zone) = (self.now, self.facts.time_zone());
        let mut why = None;
        let until = match &delay.until {
            Until::For(duration) => Ok(now.plus_ms(duration.ms())),
            Until::Time(time) => Ok(time.next(zone, now)),
            Until::Weekday { weekday, time } => Ok(time.next_on(*weekday, zone, now)),
            Until::Attribute(until) => self.until_attribute(until),
            Until::BestHour(best_hour) => {
                let (time, known_by) = self.best_hour(best_hour, delay.next.as_deref());
                why = Some(known_by);
                Ok(time.next(zone, now))
            }
        };
        match until {
            Ok(until) if until > now => {
                let mut params = json!({ "until": self.written(until) });
                if let Some(why) = why {
                    params["best_hour"] = json!(why);
                }
                self.note(Some(id), Code::DelayBegun, params);
                self.run.waiting = Some(Waiting::Until { until });
                Onward::Rest
            }
            Ok(until) => {
                let reason = format!("it is already {}", self.written(until));
                self.note(Some(id), Code::DelayPassed, json!({ "reason": reason }));
                Onward::To(delay.next.clone())
            }
            Err((reason, otherwise)) => {
                self.note(Some(id), Code::DelayPassed, json!({ "reason": reason }));
                match otherwise {
                    Otherwise::Continue => Onward::To(delay.next.clone()),
                    Otherwise::Exit => {
                        self.exit(reason.clone(), json!({ "reason": reason }));
                        Onward::Rest
                    }
                }
            }
        }
    }

    fn until_attribute(&self, until: &UntilAttribute) -> Result<Timestamp, (String, Otherwise)> {
        let (zone, name) = (self.facts.time_zone(), &until.attribute);
        let missing = |what: &str| (format!("{name} {what}"), until.when_missing);
        let value = look_up(&self.facts, name).ok_or_else(|| missing("is not set"))?;
        let at = match until.yearly {
            true => local::next_anniversary(&value, until.time, until.offset, zone, self.now),
            false => local::named_instant(&value, until.time, until.offset, zone),
        };
        let at = at.ok_or_else(|| missing("is no date"))?;
        if at < self.now {
            return Err((format!("{name} is past: {}", self.written(at)), until.when_past));
        }
        Ok(at)
    }

    /// The time of day at which the profile reads, and how that is known.
    fn best_hour(&self, best_hour: &BestHour, next: Option<&str>) -> (ClockTime, &'static str) {
        let told = look_up(&self.facts, "attributes.best_hour").and_then(|value| match value {
            Value::Number(hour) => hour.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        });
        if let Some(hour) = told.filter(|hour| *hour < 24) {
            return (ClockTime::at_hour(hour as u8), "attribute");
        }
        if let Some(time) = self.learned_hour(next) {
            return (time, "learned");
        }
        let zone = self.facts.time_zone();
        let mut hours = [0usize; 24];
        let mut reads = 0;
        for message in &self.facts.past().messages {
            // A click is the surer sign; each message counts once.
            let Some(at) = message.clicked_at.or(message.opened_at).filter(|at| *at <= self.now) else {
                continue;
            };
            reads += 1;
            hours[usize::from(minute_of_day(at, zone) / 60) % 24] += 1;
        }
        if reads < BEST_HOUR_READS_MIN {
            return (best_hour.otherwise, "otherwise");
        }
        // Of hours with as many reads the earliest.
        let most = hours.iter().copied().max().unwrap_or(0);
        let hour = hours.iter().position(|count| *count == most).unwrap_or(0);
        (ClockTime::at_hour(hour as u8), "reads")
    }

    /// The hour that was learned for the channel that is written to next, once the profile read something there: of
    /// somebody of whom nothing is known the author's own time stands.
    fn learned_hour(&self, next: Option<&str>) -> Option<ClockTime> {
        let channel = self.channel_ahead(next);
        let is_read = |message: &PastMessage| {
            channel.is_none_or(|channel| message.channel == channel.as_str())
                && habits::read_at(message).is_some_and(|at| at <= self.now)
        };
        if !self.facts.past().messages.iter().any(is_read) {
            return None;
        }
        let channel = channel.map_or(habits::ANY_CHANNEL, |channel| channel.as_str());
        let hour = look_up(&self.facts, &format!("best_time.{channel}.hour"))?.as_u64()?;
        u8::try_from(hour).ok().filter(|hour| *hour < 24).map(ClockTime::at_hour)
    }

    /// The channel of the first message on the straight way on.
    fn channel_ahead(&self, next: Option<&str>) -> Option<Channel> {
        let mut next = next.map(str::to_owned);
        for _ in 0..self.definition.nodes.len() {
            let node = self.definition.nodes.get(&next?)?;
            if let Node::Send(send) = node {
                return Some(send.channel);
            }
            let ways = node.ways_on();
            let [(_, only)] = ways.as_slice() else { return None };
            next = Some((*only).to_owned());
        }
        None
    }
}
