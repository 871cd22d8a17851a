//! What an Official Account has granted the shop's app: two tokens, and where their renewal stands.
//!
//! A refresh token is taken once. Whoever is about to use it writes that down first, in one step with reading that
//! nobody else is about to: of two nodes one gets through. Should its answer be lost, the token may have been used up
//! or not; when the time of the renewal is over, one more try with the same token is the only chance there is. Where
//! that is refused, the shop has to authorise again, and the grant says so.

use kit::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};
use serde::{Deserialize, Serialize};

use super::oauth::Issued;
use crate::Secret;

/// How long a renewal may take before somebody else may try. It is much longer than a call may take.
pub const LEASE_MS: i64 = 90 * SECOND_MS;
/// After a failure that left the token as good as before, the next try comes so much later.
const PAUSE_MS: i64 = MINUTE_MS;
/// Refresh tokens live for three months.
const REFRESH_MS: i64 = 90 * DAY_MS;

/// The document in the vault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// The app that it was given to, and the servers that may see it: it goes nowhere else.
    place: String,
    pub oa_id: String,
    pub access_token: Secret,
    pub refresh_token: Secret,
    /// Milliseconds since 1970, as are all times here.
    pub issued_at: i64,
    pub expires_at: i64,
    pub refresh_expires_at: i64,
    /// Counts the pairs of tokens: whoever was refused with one says which, so that a newer one is not renewed.
    pub serial: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renewal: Option<Renewal>,
    /// The refresh token is worth nothing any more, and why: the shop has to authorise again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lapsed: Option<String>,
    /// Why the last renewal did not work, where another may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// It is up to the shop: the app or its secret key is not known.
    #[serde(default)]
    is_fault_of_settings: bool,
    #[serde(default)]
    not_before: i64,
}

/// Somebody uses the refresh token now, or did and was not heard of again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Renewal {
    by: String,
    until: i64,
}

/// What became of a wish to renew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// There is a new pair of tokens.
    Done,
    /// There was nothing to do: it is not time yet, or somebody else has done it.
    Needless,
    /// Somebody else is at it, at most until this instant.
    Elsewhere { until: Timestamp },
    /// The shop has to authorise again.
    Lapsed(String),
    /// It did not work, and may later.
    Fault(String),
}

/// How the authorisation stands, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has authorised the app yet, or it was another app or account.
    Missing,
    Good {
        oa_id: String,
        expires_at: Timestamp,
        refresh_expires_at: Timestamp,
        /// Why the last renewal did not work.
        fault: Option<String>,
    },
    Lapsed {
        oa_id: String,
        why: String,
    },
}

impl Grant {
    /// What was just issued; `before` is what it takes the place of.
    pub(super) fn of(
        place: &str,
        oa_id: &str,
        issued: Issued,
        before: Option<&Grant>,
        now: Timestamp,
    ) -> Grant {
        Grant {
            place: place.to_owned(),
            oa_id: oa_id.to_owned(),
            access_token: issued.access_token,
            refresh_token: issued.refresh_token,
            issued_at: now.ms(),
            expires_at: now.plus_ms(issued.lives_ms).ms(),
            refresh_expires_at: now.plus_ms(REFRESH_MS).ms(),
            serial: before.map_or(0, |before| before.serial) + 1,
            renewal: None,
            lapsed: None,
            fault: None,
            is_fault_of_settings: false,
            not_before: 0,
        }
    }

    pub(super) fn parse(value: Option<&Secret>) -> Option<Grant> {
        serde_json::from_str(value?.expose()).ok()
    }

    pub(super) fn written(&self) -> Secret {
        // Texts and numbers: nothing that JSON could not hold.
        Secret::new(serde_json::to_string(self).unwrap_or_default())
    }

    /// Why the last renewal did not work, and whether it is up to the shop.
    pub(super) fn fault(&self) -> Option<(&str, bool)> {
        self.fault.as_deref().map(|why| (why, self.is_fault_of_settings))
    }

    /// These tokens, in place of others than were known.
    pub(super) fn after(self, before: Option<&Grant>) -> Grant {
        Grant { serial: before.map_or(0, |before| before.serial) + 1, ..self }
    }

    fn is_busy(&self, now: Timestamp) -> bool {
        self.renewal.as_ref().is_some_and(|renewal| renewal.until > now.ms())
    }

    /// Whether it is time to renew: at a third of the access token's life, or when a renewal was not heard of again.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let third = self.issued_at.saturating_add((self.expires_at - self.issued_at) / 3);
        let wanted = now.ms() >= third || self.renewal.is_some();
        wanted && self.lapsed.is_none() && !self.is_busy(now) && now.ms() >= self.not_before
    }

    /// Whether a renewal may begin now. `refused` is the serial of a pair whose access token was refused.
    pub(super) fn hindrance(&self, refused: Option<i64>, now: Timestamp) -> Option<Renewed> {
        if let Some(why) = &self.lapsed {
            return Some(Renewed::Lapsed(why.clone()));
        }
        if let Some(renewal) = self.renewal.as_ref().filter(|_| self.is_busy(now)) {
            return Some(Renewed::Elsewhere { until: Timestamp::from_ms(renewal.until) });
        }
        match refused {
            Some(serial) if serial != self.serial => Some(Renewed::Needless),
            _ if now.ms() < self.not_before => Some(Renewed::Fault(
                self.fault.clone().unwrap_or_else(|| "it is tried again in a minute".into()),
            )),
            Some(_) => None,
            None => (!self.is_due(now)).then_some(Renewed::Needless),
        }
    }

    /// Whether a renewal with this very token was begun once and not heard of again.
    pub(super) fn is_second_try(&self) -> bool {
        self.renewal.is_some()
    }

    pub(super) fn begun(&self, by: &str, now: Timestamp) -> Grant {
        let renewal = Renewal { by: by.to_owned(), until: now.plus_ms(LEASE_MS).ms() };
        Grant { renewal: Some(renewal), ..self.clone() }
    }

    /// The other side has certainly not taken the token.
    pub(super) fn failed(&self, why: &str, is_fault_of_settings: bool, now: Timestamp) -> Grant {
        let not_before = now.plus_ms(PAUSE_MS).ms();
        let fault = Some(why.to_owned());
        Grant { renewal: None, fault, is_fault_of_settings, not_before, ..self.clone() }
    }

    /// Nobody knows whether the other side has taken the token: the renewal stays as begun until its time is over.
    pub(super) fn unsure(&self, why: &str) -> Grant {
        Grant { fault: Some(why.to_owned()), ..self.clone() }
    }

    pub(super) fn over(&self, why: &str) -> Grant {
        Grant { renewal: None, fault: None, lapsed: Some(why.to_owned()), ..self.clone() }
    }

    pub(super) fn is_for(&self, place: &str) -> bool {
        self.place == place
    }

    /// How it stands for an app and an account; an empty `oa_id` is any.
    pub(super) fn standing(grant: Option<&Grant>, place: &str, oa_id: &str) -> Standing {
        let Some(grant) = grant else { return Standing::Missing };
        if !grant.is_for(place) || !(oa_id.is_empty() || oa_id == grant.oa_id) {
            return Standing::Missing;
        }
        match &grant.lapsed {
            Some(why) => Standing::Lapsed { oa_id: grant.oa_id.clone(), why: why.clone() },
            None => Standing::Good {
                oa_id: grant.oa_id.clone(),
                expires_at: Timestamp::from_ms(grant.expires_at),
                refresh_expires_at: Timestamp::from_ms(grant.refresh_expires_at),
                fault: grant.fault.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(now: Timestamp) -> Grant {
        let issued = Issued {
            access_token: Secret::new("a1"),
            refresh_token: Secret::new("r1"),
            lives_ms: 90_000_000,
        };
        Grant::of("1", "2", issued, None, now)
    }

    #[test]
    fn a_renewal_is_due_at_a_third_of_the_life_and_when_one_was_lost() {
        let start = Timestamp::from_ms(1_700_000_000_000);
        let fresh = grant(start);
        assert!(!fresh.is_due(start.plus_ms(29_999_999)));
        assert!(fresh.is_due(start.plus_ms(30_000_000)));
        let begun = fresh.begun("x", start);
        assert!(!begun.is_due(start.plus_ms(LEASE_MS - 1)));
        assert!(begun.is_due(start.plus_ms(LEASE_MS)), "nobody has heard of it again");
        assert!(begun.is_second_try() && !fresh.is_second_try());
        let failed = begun.failed("down", false, start);
        assert!(!failed.is_due(start.plus_ms(30_000_000 - 1)) && failed.is_due(start.plus_ms(30_000_000)));
        assert!(!begun.over("used up").is_due(start.plus_ms(80_000_000)));
    }

    #[test]
    fn one_renews_and_only_what_was_refused() {
        let now = Timestamp::from_ms(1_700_000_000_000);
        let fresh = grant(now);
        assert_eq!(fresh.hindrance(None, now), Some(Renewed::Needless), "it is not time");
        assert_eq!(fresh.hindrance(Some(1), now), None, "its access token was refused");
        assert_eq!(fresh.hindrance(Some(0), now), Some(Renewed::Needless), "that was the pair before");
        let begun = fresh.begun("x", now);
        assert_eq!(begun.hindrance(Some(1), now), Some(Renewed::Elsewhere { until: now.plus_ms(LEASE_MS) }));
        assert_eq!(begun.hindrance(Some(1), now.plus_ms(LEASE_MS)), None, "one more try");
        assert_eq!(fresh.over("no").hindrance(Some(1), now), Some(Renewed::Lapsed("no".into())));
        assert_eq!(
            fresh.failed("down", false, now).hindrance(Some(1), now),
            Some(Renewed::Fault("down".into()))
        );
    }

    #[test]
    fn the_document_reads_back_and_prints_no_token() {
        let grant = grant(Timestamp::from_ms(5)).begun("x", Timestamp::from_ms(6));
        assert_eq!(Grant::parse(Some(&grant.written())), Some(grant.clone()));
        let shown = format!("{grant:?}");
        assert!(!shown.contains("a1") && !shown.contains("r1"), "{shown}");
        assert_eq!(Grant::standing(Some(&grant), "9", ""), Standing::Missing, "another app or server");
        assert_eq!(Grant::standing(Some(&grant), "1", "3"), Standing::Missing, "another account");
    }
}
