//! The codes that the API tells have words in the web app, in both languages.

use domain::consent::{Channel, ConsentState, Purpose};
use domain::profile::LifecycleStage;
use serde_json::Value;

const VIETNAMESE: &str = include_str!("../../../../web/src/texts/vi/reasons.json");
const ENGLISH: &str = include_str!("../../../../web/src/texts/en/reasons.json");

#[test]
fn closed_sets_of_the_domain_have_words() {
    for text in [VIETNAMESE, ENGLISH] {
        let words: Value = serde_json::from_str(text).unwrap();
        let check = |part: &str, code: &str| {
            let found = code.split('.').fold(&words[part], |node, word| &node[word]);
            assert!(found.as_str().is_some_and(|said| !said.is_empty()), "{part}.{code}");
        };
        for channel in Channel::ALL {
            check("channel", channel.as_str());
            check("channelWithin", channel.as_str());
        }
        for purpose in Purpose::ALL {
            check("purpose", purpose.as_str());
        }
        for state in ConsentState::ALL {
            check("consentState", state.as_str());
        }
        for stage in LifecycleStage::ALL {
            check("stage", stage.as_str());
        }
        for code in domain::journey::Code::ALL {
            // A key that ends in `_many` would be a plural.
            check("step", &code.as_str().replace("too_many", "tooMany"));
        }
        for reason in domain::gate::Reason::ALL {
            check("reason", reason.code());
        }
        for state in ["queued", "held", "sending", "sent", "refused", "failed", "unknown", "cancelled"] {
            check("state", state);
        }
    }
}

/// The codes that the engine and the gate write are words between quotation marks: after these beginnings each must
/// be known.
#[test]
fn every_code_that_the_engine_writes_has_words() {
    let sources = [
        include_str!("../../../engine/src/dispatch/claim.rs"),
        include_str!("../../../engine/src/dispatch/fate.rs"),
        include_str!("../../../engine/src/dispatch/mod.rs"),
        include_str!("../../../engine/src/dispatch/settle.rs"),
        include_str!("../../../engine/src/journeys.rs"),
        include_str!("../../../domain/src/gate.rs"),
    ];
    let beginnings = [
        "Fate::Refuse(\"",
        "(\"failed\", \"",
        "(\"queued\", \"",
        "(\"unknown\", \"",
        "RetryClass::Network => \"",
        "RetryClass::Timeout => \"",
        "RetryClass::Throttled => \"",
        "RetryClass::MailboxFull => \"",
        "RetryClass::Temporary => \"",
        "RetryClass::Rescheduled => \"",
        "RejectClass::HardBounce => \"",
        "RejectClass::Policy => \"",
        "RejectClass::TooLarge => \"",
        "RejectClass::Invalid => \"",
        "RejectClass::Refused => \"",
        "RejectClass::Recipient => \"",
        "RejectClass::Stopped => \"",
        "RejectClass::Template => \"",
        "CHANNEL_WAIT_MS), \"",
        "Reason::NoAddress => \"",
        "Reason::Suppressed => \"",
        "Reason::NoConsent => \"",
        "Reason::ConsentPending => \"",
        "Reason::ConsentDenied => \"",
        "Reason::Restricted => \"",
        "Reason::Holdout => \"",
        "Reason::OutsideHours => \"",
        "Reason::Capped => \"",
        "Reason::WaitedTooLong => \"",
    ];
    let words: [Value; 2] = [VIETNAMESE, ENGLISH].map(|text| serde_json::from_str(text).unwrap());
    let mut checked = 0;
    for source in sources {
        for beginning in beginnings {
            for (at, _) in source.match_indices(beginning) {
                let code = source[at + beginning.len()..].split('"').next().unwrap();
                assert!(
                    words.iter().all(|words| words["reason"][code].is_string()),
                    "{code:?} after {beginning:?}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked >= 20, "only {checked} codes were found: the engine says them in another way now");
}
