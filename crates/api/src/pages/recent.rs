//! What this process remembers for a few seconds of the requests that a message brought: enough to tell a program
//! that follows every link from a person. Lost at a restart, which costs a wrong count and nothing else.

use domain::bots::{BURST_MS, HONEYPOT_MS, REOPEN_MS};
use kit::{SECOND_MS, Timestamp, WorkspaceId};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// A message in one workspace.
pub type MessageRef = (WorkspaceId, i64);

/// Messages remembered at one time; beyond it the one that was heard of first is forgotten.
const MESSAGES_MAX: usize = 20_000;
/// Clicks remembered of one message.
const CLICKS_MAX: usize = 64;
/// A message is remembered this long after it was last heard of.
const KEEP_MS: i64 = 60 * SECOND_MS;

#[derive(Default)]
struct Trace {
    last_at: Timestamp,
    clicks: Vec<(Timestamp, u32)>,
    honeypot_at: Option<Timestamp>,
    /// By a person, by a machine.
    opened_at: [Option<Timestamp>; 2],
    /// What was asked last about advertisements by this message's links, and when.
    answered: Option<(Timestamp, Answer)>,
}

/// An answer of a person that is on its way through the inbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Unsubscribed,
    /// Took the unsubscription back.
    Returned,
}

#[derive(Default)]
struct Traces {
    by_message: HashMap<MessageRef, Trace>,
    /// Every message remembered, once.
    order: VecDeque<MessageRef>,
}

#[derive(Default)]
pub struct Recent(Mutex<Traces>);

fn within(at: Option<Timestamp>, now: Timestamp, ms: i64) -> bool {
    at.is_some_and(|at| now.since_ms(at).abs() < ms)
}

impl Recent {
    fn with<T>(&self, message: MessageRef, now: Timestamp, act: impl FnOnce(&mut Trace) -> T) -> T {
        let mut traces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        traces.forget_old(now);
        if !traces.by_message.contains_key(&message) {
            traces.order.push_back(message);
        }
        let trace = traces.by_message.entry(message).or_default();
        trace.last_at = now;
        act(trace)
    }

    /// Notes a click on the link of this number. Returns how many different links were followed within
    /// [`BURST_MS`], this one included, and whether the hidden link was.
    pub fn click(&self, message: MessageRef, link: u32, now: Timestamp) -> (u32, bool) {
        self.with(message, now, |trace| {
            trace.clicks.retain(|(at, number)| now.since_ms(*at) <= BURST_MS && *number != link);
            if trace.clicks.len() >= CLICKS_MAX {
                trace.clicks.remove(0);
            }
            trace.clicks.push((now, link));
            (trace.clicks.len() as u32, within(trace.honeypot_at, now, HONEYPOT_MS))
        })
    }

    /// Notes that the hidden link was followed. Returns whether this is news.
    pub fn honeypot(&self, message: MessageRef, now: Timestamp) -> bool {
        self.with(message, now, |trace| {
            let is_known = within(trace.honeypot_at, now, HONEYPOT_MS);
            trace.honeypot_at = Some(now);
            !is_known
        })
    }

    pub fn honeypot_was_hit(&self, message: MessageRef, now: Timestamp) -> bool {
        self.with(message, now, |trace| within(trace.honeypot_at, now, HONEYPOT_MS))
    }

    /// Whether an open counts: the same message is opened at most once in a few seconds, by people and by
    /// machines apart.
    pub fn open_counts(&self, message: MessageRef, is_person: bool, now: Timestamp) -> bool {
        self.with(message, now, |trace| {
            let last = &mut trace.opened_at[usize::from(!is_person)];
            if within(*last, now, REOPEN_MS) {
                return false;
            }
            *last = Some(now);
            true
        })
    }

    pub fn answer(&self, message: MessageRef, answer: Answer, now: Timestamp) {
        self.with(message, now, |trace| trace.answered = Some((now, answer)));
    }

    /// What was answered within the last minute.
    pub fn answered(&self, message: MessageRef, now: Timestamp) -> Option<Answer> {
        self.with(message, now, |trace| {
            trace.answered.filter(|(at, _)| now.since_ms(*at) < KEEP_MS).map(|(_, answer)| answer)
        })
    }
}

impl Traces {
    fn forget_old(&mut self, now: Timestamp) {
        // A few at a time: each call adds at most one.
        for _ in 0..4 {
            let Some(oldest) = self.order.front().copied() else { return };
            let last_at = self.by_message.get(&oldest).map(|trace| trace.last_at);
            let is_old = last_at.is_none_or(|at| now.since_ms(at) > KEEP_MS);
            if !is_old && self.order.len() < MESSAGES_MAX {
                return;
            }
            self.order.pop_front();
            self.by_message.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(1_000_000 + ms)
    }

    const MESSAGE: MessageRef = (WorkspaceId(1), 7);

    #[test]
    fn different_links_within_the_window_are_counted() {
        let recent = Recent::default();
        assert_eq!(recent.click(MESSAGE, 0, at(0)), (1, false));
        assert_eq!(recent.click(MESSAGE, 0, at(500)), (1, false), "the same link again");
        assert_eq!(recent.click(MESSAGE, 1, at(600)), (2, false));
        assert_eq!(recent.click(MESSAGE, 2, at(2_550)), (2, false), "the first is out of the window");
        assert_eq!(recent.click((WorkspaceId(2), 7), 3, at(2_600)), (1, false), "another workspace");
    }

    #[test]
    fn a_hidden_link_marks_the_message_for_a_while() {
        let recent = Recent::default();
        assert!(recent.honeypot(MESSAGE, at(0)));
        assert!(!recent.honeypot(MESSAGE, at(10)));
        assert_eq!(recent.click(MESSAGE, 0, at(4_000)), (1, true));
        assert_eq!(recent.click(MESSAGE, 1, at(60_000)), (1, false));
    }

    #[test]
    fn an_open_counts_once_in_a_while() {
        let recent = Recent::default();
        assert!(recent.open_counts(MESSAGE, true, at(0)));
        assert!(!recent.open_counts(MESSAGE, true, at(100)));
        assert!(recent.open_counts(MESSAGE, false, at(100)));
        assert!(recent.open_counts(MESSAGE, true, at(6_000)));
    }

    #[test]
    fn memory_is_bounded() {
        let recent = Recent::default();
        for no in 0..3 * MESSAGES_MAX as i64 {
            recent.click((WorkspaceId(1), no), 0, at(0));
        }
        let traces = recent.0.lock().unwrap();
        assert!(traces.by_message.len() <= MESSAGES_MAX);
        assert_eq!(traces.by_message.len(), traces.order.len());
    }
}
