//! API keys: how they look, what is stored of them, and which of them were seen lately.

use kit::{SECOND_MS, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::access::KeyRow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// May send events and nothing else: it stands in web pages for everybody to read.
    Write,
    Secret,
}

impl KeyKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyKind::Write => "write",
            KeyKind::Secret => "secret",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            KeyKind::Write => "qw_",
            KeyKind::Secret => "qs_",
        }
    }
}

impl std::str::FromStr for KeyKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "write" => Ok(KeyKind::Write),
            "secret" => Ok(KeyKind::Secret),
            other => Err(format!("{other:?} is none of: write, secret")),
        }
    }
}

/// What a secret key may do. A key without scopes may do everything.
pub use domain::roles::Scope;

/// A key as it is shown once, and what is stored of it.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// `qw_` or `qs_` and 43 letters and digits.
    pub key: String,
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    /// Its beginning and end, to recognise it by.
    pub hint: String,
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 32 random bytes as 43 letters and digits, so that a double click selects all of it.
pub(crate) fn random_text(fill_random: fn(&mut [u8])) -> String {
    let mut bytes = [0u8; 32];
    fill_random(&mut bytes);
    // Long division of the 256-bit number by 62, a digit at a time.
    let mut digits = [0u8; 43];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0u32;
        for byte in &mut bytes {
            let value = (rest << 8) | u32::from(*byte);
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *digit = BASE62[rest as usize];
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// Makes a key.
pub fn new_key(kind: KeyKind, fill_random: fn(&mut [u8])) -> NewKey {
    let key = format!("{}{}", kind.prefix(), random_text(fill_random));
    let hint = format!("{}…{}", &key[..7], &key[key.len() - 4..]);
    NewKey { hash: hash_key(&key).to_vec(), hint, key }
}

pub fn hash_key(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// How long a key is believed without asking the store: a key revoked by another process works for no longer.
const BELIEVED_MS: i64 = 3 * SECOND_MS;
/// Keys that are remembered; beyond it all are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// By the hash of a key, what the store said of it and when; `None` for a key that does not exist.
type Seen = HashMap<[u8; 32], (Option<KeyRow>, Timestamp)>;

/// Keys seen lately. Unknown ones are remembered too.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<Seen>);

impl KeyCache {
    fn entries(&self) -> MutexGuard<'_, Seen> {
        // A map of whole entries: a thread that panicked left none half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: ask the store. `Some(None)`: there is no such key.
    pub fn find(&self, hash: &[u8; 32], now: Timestamp) -> Option<Option<KeyRow>> {
        let entries = self.entries();
        let (key, since) = entries.get(hash)?;
        (0..BELIEVED_MS).contains(&now.since_ms(*since)).then(|| key.clone())
    }

    pub fn put(&self, hash: [u8; 32], key: Option<KeyRow>, now: Timestamp) {
        let mut entries = self.entries();
        if entries.len() >= REMEMBERED_MAX {
            entries.clear();
        }
        entries.insert(hash, (key, now));
    }

    pub fn forget_all(&self) {
        self.entries().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_form_and_differ() {
        fn ones(bytes: &mut [u8]) {
            bytes.fill(0xFF);
        }
        fn sevens(bytes: &mut [u8]) {
            bytes.fill(7);
        }
        let (a, b) = (new_key(KeyKind::Write, ones), new_key(KeyKind::Secret, sevens));
        assert!(a.key.starts_with("qw_") && b.key.starts_with("qs_"));
        assert_eq!((a.key.len(), b.key.len()), (46, 46));
        assert!(a.key[3..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "{}", a.key);
        assert_ne!(a.key[3..], b.key[3..]);
        assert_eq!(a.hash, hash_key(&a.key));
        assert!(a.hint.chars().count() < 14);
    }

    #[test]
    fn a_key_is_believed_for_seconds_only() {
        let cache = KeyCache::default();
        let at = Timestamp::from_ms(1_000);
        cache.put([1; 32], None, at);
        assert_eq!(cache.find(&[1; 32], at.plus_ms(2_999)), Some(None));
        assert_eq!(cache.find(&[1; 32], at.plus_ms(3_000)), None);
        assert_eq!(cache.find(&[1; 32], at.plus_ms(-1)), None, "a clock that was set back");
        assert_eq!(cache.find(&[2; 32], at), None);
    }
}
