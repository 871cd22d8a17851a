//! How a verdict goes on in time when nothing else happens.

use kit::Timestamp;

/// A verdict at an instant, and up to when it is certain to stay: at `until` it may turn, it need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub holds: bool,
    pub until: Option<Timestamp>,
}

impl Step {
    pub(super) const fn for_ever(holds: bool) -> Step {
        Step { holds, until: None }
    }
}

/// The earlier of two instants of which each may never come.
pub(super) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A leaf's verdict from an instant on, turn by turn.
pub(super) struct Course<'a> {
    look: Box<dyn FnMut(Timestamp) -> Step + 'a>,
    step: Step,
    /// The turn found ahead, and what comes with it.
    ahead: Option<(Timestamp, Step)>,
    /// How many more instants may be looked at; after them a turn may be told early.
    looks_left: usize,
}

impl<'a> Course<'a> {
    pub(super) fn for_ever(holds: bool) -> Course<'a> {
        Course::of(Timestamp::MIN, 0, move |_| Step::for_ever(holds))
    }

    /// `look` is asked for ascending instants, the first of them `now`.
    pub(super) fn of(
        now: Timestamp,
        looks_max: usize,
        mut look: impl FnMut(Timestamp) -> Step + 'a,
    ) -> Course<'a> {
        let step = look(now);
        Course { look: Box::new(look), step, ahead: None, looks_left: looks_max }
    }

    pub(super) fn holds(&self) -> bool {
        self.step.holds
    }

    /// The next instant at which the verdict turns. When the looks are used up it may be an instant at which it
    /// does not, never one after a turn.
    pub(super) fn turn(&mut self) -> Option<Timestamp> {
        if let Some((at, _)) = self.ahead {
            return Some(at);
        }
        while let Some(at) = self.step.until {
            if self.looks_left == 0 {
                return Some(at);
            }
            self.looks_left -= 1;
            let next = (self.look)(at);
            if next.holds != self.step.holds {
                self.ahead = Some((at, next));
                return Some(at);
            }
            self.step = next;
        }
        None
    }

    /// Goes on past the turn that [`Course::turn`] told. False when there is nothing certain behind it.
    pub(super) fn pass(&mut self) -> bool {
        match self.ahead.take() {
            Some((_, step)) => {
                self.step = step;
                true
            }
            None => false,
        }
    }
}
