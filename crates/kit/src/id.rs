use crate::{Rng, Timestamp};
use std::fmt;
use std::str::FromStr;

/// The tenant that a row belongs to. Every table and every query carries it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WorkspaceId(pub i64);

/// A profile's dense number inside its workspace, from 1: what bitmaps and foreign keys use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProfileNo(pub i64);

/// A public identifier: 48 bits of milliseconds, then 80 bits of chance, written as 26 characters of
/// Crockford's base 32 (the ULID layout), so that text order is time order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdError;

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id has 26 characters of 0-9 and A-Z without I, L, O and U")
    }
}

impl std::error::Error for IdError {}

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Id {
    pub fn new(now: Timestamp, rng: &mut Rng) -> Self {
        let time = (now.ms().max(0) as u128) & ((1 << 48) - 1);
        let chance = (u128::from(rng.next_u64()) << 16) | u128::from(rng.next_u64() & 0xFFFF);
        Id((time << 80) | chance)
    }

    /// An id that follows from what it names, for keys that must be the same on every try.
    pub const fn from_u128(value: u128) -> Self {
        Id(value)
    }

    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; 26];
        let mut rest = self.0;
        for slot in text.iter_mut().rev() {
            *slot = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 26 || text.as_bytes()[0] > b'7' {
            return Err(IdError);
        }
        text.bytes()
            .try_fold(0u128, |value, byte| {
                let digit = ALPHABET.iter().position(|a| *a == byte.to_ascii_uppercase()).ok_or(IdError)?;
                Ok((value << 5) | digit as u128)
            })
            .map(Id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_sorts_by_time() {
        let mut rng = Rng::seeded(3);
        let early = Id::new(Timestamp::from_ms(1_000), &mut rng);
        let late = Id::new(Timestamp::from_ms(2_000), &mut rng);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn other_text_is_refused() {
        for bad in
            ["", "01ARZ3NDEKTSV4RRFFQ69G5FA", "U1ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FA!"]
        {
            assert_eq!(bad.parse::<Id>(), Err(IdError), "{bad}");
        }
    }
}
