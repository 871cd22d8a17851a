//! Messages whose provider tells what became of them only when it is asked.

use super::Dispatcher;
use crate::{EngineError, Note};
use domain::consent::Channel;
use domain::delivery::Receipt;
use kit::{HOUR_MS, MINUTE_MS, Timestamp, WorkspaceId};
use store::messages::AskRow;
use store::{Changeset, Store};

/// How long after a message was accepted its provider is asked, each time longer. eSMS keeps what it knows for seven
/// days.
const ASK_AFTER_MS: [i64; 8] = [
    10 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    6 * HOUR_MS,
    18 * HOUR_MS,
    48 * HOUR_MS,
    96 * HOUR_MS,
    160 * HOUR_MS,
];

/// When a provider is asked next about a message that it accepted at an instant; `None`: not any more.
pub(super) fn next_ask(accepted_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    ASK_AFTER_MS.iter().map(|after| accepted_at.plus_ms(*after)).find(|at| *at > now)
}

impl Dispatcher {
    /// Accepted messages whose fate is to be asked for now, at most `limit`. Nothing is written.
    pub fn asks_due(&self, now: Timestamp, limit: i64) -> Result<Vec<AskRow>, EngineError> {
        Ok(self.store.read(|tx| tx.asks_due(now, limit))?)
    }

    /// Notes before the call that these are asked for, so that a provider that hangs is not asked over and over.
    pub fn asks(&mut self, messages: &[AskRow], now: Timestamp) -> Result<(), EngineError> {
        let mut changes = Changeset::new();
        for message in messages {
            changes.set_ask(message.message_no, next_ask(message.accepted_at, now));
        }
        if !changes.is_empty() {
            self.store.apply(changes)?;
        }
        Ok(())
    }
}

/// What a provider told when it was asked goes the way of what providers tell by themselves.
pub fn take_fates(
    store: &Store,
    (workspace, channel): (WorkspaceId, Channel),
    provider: &str,
    receipts: Vec<Receipt>,
    now: Timestamp,
) -> Result<(), EngineError> {
    if receipts.is_empty() {
        return Ok(());
    }
    let note = Note::Receipts { channel, provider: provider.to_owned(), receipts, at: now.into() };
    let mut changes = Changeset::new();
    changes.append(note.arrival(workspace, now));
    store.apply(changes)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_asked_less_and_less_often_and_not_for_ever() {
        let accepted = Timestamp::from_ms(0);
        let mut asked = Vec::new();
        let mut now = accepted;
        while let Some(next) = next_ask(accepted, now) {
            asked.push(next.since_ms(now));
            now = next;
        }
        assert_eq!(asked.len(), ASK_AFTER_MS.len());
        assert!(asked.is_sorted() && now.ms() < 7 * kit::DAY_MS, "{asked:?}");
    }
}
