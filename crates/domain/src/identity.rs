//! Whose message is this, and which profiles does it show to be one person?
//!
//! Strong identifiers join profiles. A device does not: an anonymous id joins its profile to a person only while
//! the two say nothing that contradicts. Every decision is returned, so that it can be logged and explained.

use crate::identifier::{Identifier, IdentifierKind};
use crate::profile::Profile;
use std::collections::BTreeSet;

/// Profiles that may be joined into one, counting all joins of its life; beyond it somebody's id is a shop
/// counter's, and joining on would swallow the base.
pub const MERGES_MAX: u32 = 200;

/// Why two profiles that share an identifier stay apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Apart {
    /// The link is a device, and the two have different user ids, e-mails or phones.
    SharedDevice,
    /// One shared address, but two of user id, e-mail and phone differ: a family, or a shop counter.
    Contradiction,
    /// The joined profile would hold too many identifiers of one kind.
    TooManyIdentifiers,
    TooManyMerges,
}

impl Apart {
    pub const fn code(self) -> &'static str {
        match self {
            Apart::SharedDevice => "shared_device",
            Apart::Contradiction => "contradicting_identifiers",
            Apart::TooManyIdentifiers => "too_many_identifiers",
            Apart::TooManyMerges => "too_many_merges",
        }
    }
}

/// How a message links two profiles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link<'a> {
    /// Both hold, or one holds and the message brings, this identifier.
    Identifier(&'a Identifier),
    /// The shop said so with an alias call.
    Alias,
    /// A person of the shop's staff said so.
    Staff,
}

fn distinct<'a>(profile: &'a Profile, kind: &'a IdentifierKind) -> BTreeSet<&'a str> {
    profile.identifiers_of(kind).collect()
}

fn contradicts(a: &Profile, b: &Profile, kind: &IdentifierKind) -> bool {
    let (ours, theirs) = (distinct(a, kind), distinct(b, kind));
    !ours.is_empty() && !theirs.is_empty() && ours.is_disjoint(&theirs)
}

/// Whether `a` and `b` may become one profile.
pub fn may_join(a: &Profile, b: &Profile, link: Link<'_>) -> Result<(), Apart> {
    if a.merges + b.merges + 1 > MERGES_MAX {
        return Err(Apart::TooManyMerges);
    }
    let kinds = [IdentifierKind::UserId, IdentifierKind::Email, IdentifierKind::Phone];
    let contradictions = kinds.iter().filter(|kind| contradicts(a, b, kind)).count();
    if let Link::Identifier(identifier) = link {
        if !identifier.kind.is_strong() && contradictions > 0 {
            return Err(Apart::SharedDevice);
        }
        if contradictions > 1 {
            return Err(Apart::Contradiction);
        }
    }
    let mut kinds: BTreeSet<&IdentifierKind> = BTreeSet::new();
    kinds.extend(a.identifiers.iter().chain(&b.identifiers).map(|known| &known.identifier.kind));
    for kind in kinds {
        let mut values = distinct(a, kind);
        values.extend(distinct(b, kind));
        if values.len() > kind.limit() {
            return Err(Apart::TooManyIdentifiers);
        }
    }
    Ok(())
}

/// Which of two profiles keeps its id: the known one before a visitor, then the older, then the lower number.
pub fn survivor_is_first(a: &Profile, b: &Profile) -> bool {
    let rank = |p: &Profile| (!p.is_known(), p.created_at, p.no);
    rank(a) <= rank(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{KnownIdentifier, Ms};
    use kit::{Id, ProfileNo, Rng, Timestamp};

    fn profile(no: i64, identifiers: &[&str]) -> Profile {
        let at = Timestamp::from_ms(no);
        let mut profile = Profile::new(ProfileNo(no), Id::new(at, &mut Rng::seeded(no as u64)), at);
        for text in identifiers {
            profile.add_identifier(KnownIdentifier { identifier: text.parse().unwrap(), at: Ms(at) });
        }
        profile
    }

    #[test]
    fn who_is_joined_and_who_stays_apart() {
        let check = |a: &[&str], b: &[&str], link: &str, expect: Result<(), Apart>| {
            let link: Identifier = link.parse().unwrap();
            let (a, b) = (profile(1, a), profile(2, b));
            assert_eq!(may_join(&a, &b, Link::Identifier(&link)), expect, "{link}");
            assert_eq!(may_join(&b, &a, Link::Identifier(&link)), expect, "{link}, the other way");
        };
        let device = "anonymous_id:a";
        check(&["user_id:1"], &[device], device, Ok(()));
        check(&["user_id:1"], &["email:an@shop.vn", device], device, Ok(()));
        check(&["user_id:1", device], &["user_id:2"], device, Err(Apart::SharedDevice));
        check(&["email:an@shop.vn"], &["email:binh@shop.vn", device], device, Err(Apart::SharedDevice));
        let email = "email:an@shop.vn";
        check(&["user_id:1", email], &["user_id:2", email], email, Ok(()));
        let phone = "phone:0901234567";
        check(
            &["user_id:1", email, phone],
            &["user_id:2", "email:binh@shop.vn", phone],
            phone,
            Err(Apart::Contradiction),
        );
        check(
            &["user_id:1", "user_id:2", "user_id:3", email],
            &["user_id:4", "user_id:5", "user_id:6", email],
            email,
            Err(Apart::TooManyIdentifiers),
        );
    }

    #[test]
    fn merges_have_an_end() {
        let mut a = profile(1, &["user_id:1"]);
        a.merges = MERGES_MAX;
        assert_eq!(may_join(&a, &profile(2, &[]), Link::Alias), Err(Apart::TooManyMerges));
    }

    #[test]
    fn the_known_then_the_older_survives() {
        let visitor = profile(1, &["anonymous_id:a"]);
        let person = profile(2, &["user_id:1"]);
        assert!(!survivor_is_first(&visitor, &person));
        assert!(survivor_is_first(&person, &profile(3, &["user_id:2"])));
    }
}
