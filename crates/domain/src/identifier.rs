//! What a profile can be recognised by, and which of these may join two profiles.

use crate::normalise::{email, phone};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Longest value of any identifier, in bytes; longer ones are refused, never cut.
pub const IDENTIFIER_BYTES_MAX: usize = 300;

/// The kind of an identifier. Text form, as the API writes it: `email`, `buyer:shopee`, `custom:card`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum IdentifierKind {
    UserId,
    Email,
    Phone,
    ZaloId,
    PushEndpoint,
    /// A buyer of one marketplace; the name is the source, such as `shopee`.
    Buyer(String),
    Custom(String),
    Anonymous,
}

impl IdentifierKind {
    /// Whether two profiles that share this identifier are one person. A device can be shared, so an anonymous
    /// id only links a visitor to a person, under the rule of [`crate::identity`].
    pub fn is_strong(&self) -> bool {
        !matches!(self, IdentifierKind::Anonymous)
    }

    /// How many of this kind one profile may hold before a further one no longer joins profiles.
    pub fn limit(&self) -> usize {
        match self {
            IdentifierKind::Anonymous => 100,
            IdentifierKind::PushEndpoint => 20,
            _ => 5,
        }
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdentifierKind::UserId => f.write_str("user_id"),
            IdentifierKind::Email => f.write_str("email"),
            IdentifierKind::Phone => f.write_str("phone"),
            IdentifierKind::ZaloId => f.write_str("zalo_id"),
            IdentifierKind::PushEndpoint => f.write_str("push"),
            IdentifierKind::Buyer(source) => write!(f, "buyer:{source}"),
            IdentifierKind::Custom(name) => write!(f, "custom:{name}"),
            IdentifierKind::Anonymous => f.write_str("anonymous_id"),
        }
    }
}

/// A kind and a normalised value. Text form: `email:an@example.com`, `buyer:shopee:12345`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identifier {
    pub kind: IdentifierKind,
    pub value: String,
}

/// Why a text is no identifier. The code is stable; it is stored with the item it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IdentifierError {
    Empty,
    TooLong,
    UnknownKind,
    /// Not an address or a number.
    Malformed,
    /// Hidden by a marketplace (`******12`): it could be anybody's.
    Masked,
    /// Typed to get past a form (`0000000000`, `test@test.com`).
    Placeholder,
}

impl IdentifierError {
    pub fn code(&self) -> &'static str {
        match self {
            IdentifierError::Empty => "identifier_empty",
            IdentifierError::TooLong => "identifier_too_long",
            IdentifierError::UnknownKind => "identifier_kind_unknown",
            IdentifierError::Malformed => "identifier_malformed",
            IdentifierError::Masked => "identifier_masked",
            IdentifierError::Placeholder => "identifier_placeholder",
        }
    }
}

impl fmt::Display for IdentifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IdentifierError::Empty => "the identifier is empty",
            IdentifierError::TooLong => "the identifier is longer than 300 bytes",
            IdentifierError::UnknownKind => {
                "the kind must be user_id, email, phone, zalo_id, anonymous_id, push, buyer:<source> or custom:<name>"
            }
            IdentifierError::Malformed => "not a valid address or number",
            IdentifierError::Masked => "a masked value identifies nobody",
            IdentifierError::Placeholder => "a placeholder value identifies nobody",
        })
    }
}

impl std::error::Error for IdentifierError {}

impl Identifier {
    /// Normalises `raw` for its kind: e-mail to lower case, phones to E.164, others trimmed.
    pub fn new(kind: IdentifierKind, raw: &str) -> Result<Identifier, IdentifierError> {
        let raw = raw.trim();
        if raw.is_empty() {
            return Err(IdentifierError::Empty);
        }
        let limit = if kind == IdentifierKind::PushEndpoint { 2_000 } else { IDENTIFIER_BYTES_MAX };
        if raw.len() > limit {
            return Err(IdentifierError::TooLong);
        }
        let value = match &kind {
            IdentifierKind::Email => {
                email::normalise(raw).map(|address| address.address).map_err(|error| match error {
                    email::EmailError::Masked => IdentifierError::Masked,
                    email::EmailError::Placeholder => IdentifierError::Placeholder,
                    _ => IdentifierError::Malformed,
                })?
            }
            IdentifierKind::Phone => phone::normalise(raw, phone::Region::VN)
                .map(|number| number.e164)
                .map_err(|error| match error {
                    phone::PhoneError::Masked => IdentifierError::Masked,
                    phone::PhoneError::Placeholder => IdentifierError::Placeholder,
                    _ => IdentifierError::Malformed,
                })?,
            _ if raw.contains(char::is_control) => return Err(IdentifierError::Malformed),
            _ => raw.to_owned(),
        };
        Ok(Identifier { kind, value })
    }

    pub fn key(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

impl From<Identifier> for String {
    fn from(identifier: Identifier) -> String {
        identifier.to_string()
    }
}

impl TryFrom<String> for Identifier {
    type Error = IdentifierError;

    /// Reads the text form as it was written. What is stored was normalised on its way in; doing it again for each
    /// profile that is read would take longer than the rest of the reading.
    fn try_from(text: String) -> Result<Self, IdentifierError> {
        let (kind, value) = IdentifierKind::split(&text)?;
        Ok(Identifier { kind, value })
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    /// Reads the text form and normalises the value, so that `email: AN@Example.com` finds the profile.
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let (kind, value) = IdentifierKind::split(text)?;
        Identifier::new(kind, &value)
    }
}

impl IdentifierKind {
    /// The kind that a text form names, and the value behind it as it stands there.
    fn split(text: &str) -> Result<(IdentifierKind, String), IdentifierError> {
        let (kind, rest) = text.split_once(':').ok_or(IdentifierError::UnknownKind)?;
        let named = |rest: &str| -> Result<(String, String), IdentifierError> {
            let (name, value) = rest.split_once(':').ok_or(IdentifierError::UnknownKind)?;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
            if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
                return Err(IdentifierError::UnknownKind);
            }
            Ok((name.to_owned(), value.to_owned()))
        };
        let (kind, value) = match kind {
            "user_id" => (IdentifierKind::UserId, rest.to_owned()),
            "email" => (IdentifierKind::Email, rest.to_owned()),
            "phone" => (IdentifierKind::Phone, rest.to_owned()),
            "zalo_id" => (IdentifierKind::ZaloId, rest.to_owned()),
            "push" => (IdentifierKind::PushEndpoint, rest.to_owned()),
            "anonymous_id" => (IdentifierKind::Anonymous, rest.to_owned()),
            "buyer" => named(rest).map(|(name, value)| (IdentifierKind::Buyer(name), value))?,
            "custom" => named(rest).map(|(name, value)| (IdentifierKind::Custom(name), value))?,
            _ => return Err(IdentifierError::UnknownKind),
        };
        Ok((kind, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_normalise_and_round_trip() {
        let check = |text: &str, expect: Result<&str, IdentifierError>| {
            assert_eq!(
                text.parse::<Identifier>().map(|i| i.to_string()),
                expect.map(str::to_owned),
                "{text}"
            );
        };
        check("email: An@Example.COM ", Ok("email:an@example.com"));
        check("phone:0901234567", Ok("phone:+84901234567"));
        check("user_id: 42 ", Ok("user_id:42"));
        check("buyer:shopee:9917", Ok("buyer:shopee:9917"));
        check("buyer:9917", Err(IdentifierError::UnknownKind));
        check("phone:******12", Err(IdentifierError::Masked));
        check("email:", Err(IdentifierError::Empty));
        check("fax:1", Err(IdentifierError::UnknownKind));
        check("email:nobody", Err(IdentifierError::Malformed));
    }

    #[test]
    fn long_values_are_refused_not_cut() {
        let text = format!("user_id:{}", "x".repeat(301));
        assert_eq!(text.parse::<Identifier>(), Err(IdentifierError::TooLong));
    }
}
