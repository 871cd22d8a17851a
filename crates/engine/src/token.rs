//! The addresses in messages: short, signed, and without anything personal in them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::consent::Channel;
use hmac::{Hmac, KeyInit, Mac};
use kit::WorkspaceId;
use sha2::Sha256;

/// What a public link is for. The letter stands in its path: `/e/c/...`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    Open,
    /// The link of this number in the message.
    Click(u32),
    /// A link that no person sees: who follows it is a program.
    Honeypot,
    Unsubscribe,
    Preferences,
    View,
    /// Whoever signed up says that it was them.
    Confirm,
}

impl Link {
    pub const fn letter(self) -> char {
        match self {
            Link::Open => 'o',
            Link::Click(_) => 'c',
            Link::Honeypot => 'h',
            Link::Unsubscribe => 'u',
            Link::Preferences => 'p',
            Link::View => 'v',
            Link::Confirm => 'k',
        }
    }

    const fn number(self) -> u32 {
        match self {
            Link::Click(number) => number,
            _ => 0,
        }
    }

    fn parse(letter: char, number: u32) -> Option<Link> {
        Some(match letter {
            'o' => Link::Open,
            'c' => Link::Click(number),
            'h' => Link::Honeypot,
            'u' => Link::Unsubscribe,
            'p' => Link::Preferences,
            'v' => Link::View,
            'k' => Link::Confirm,
            _ => return None,
        })
    }
}

/// Bytes of the signature that a link carries: 80 bits, one in 10^24 guesses.
const TAG_BYTES: usize = 10;
/// The letter under which addresses of callbacks are signed; no link has it.
const CALLBACK: char = 'k';

/// Signs public links. Made from the secret of the installation; links stay good as long as it does.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(..)")
    }
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value as u8) | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Of the addresses that undeliverable mail returns to; no link has it.
const RETURN: char = 'r';
/// Base 32 (RFC 4648) in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[(held >> bits) as usize & 31]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(BASE32[(held << (5 - bits)) as usize & 31]));
    }
    text
}

/// In capitals too. `None`: another sign, or bits that stand for nothing.
fn unbase32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut held, mut bits) = (0u32, 0);
    for sign in text.bytes() {
        let value = BASE32.iter().position(|own| *own == sign.to_ascii_lowercase())?;
        held = (held << 5) | value as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    (held == 0 && bits < 5).then_some(bytes)
}

impl TokenKey {
    /// A key for links only, derived from the installation's secret.
    pub fn from_secret(secret: &[u8]) -> TokenKey {
        TokenKey(tag(secret, b"quaylai public links v1"))
    }

    /// The path of a link, such as `/e/c/AQsC...`.
    pub fn path(&self, link: Link, workspace: WorkspaceId, message_no: i64) -> String {
        let mut bytes = Vec::with_capacity(24);
        put_varint(&mut bytes, workspace.0.unsigned_abs());
        put_varint(&mut bytes, message_no.unsigned_abs());
        put_varint(&mut bytes, u64::from(link.number()));
        let signature = self.sign(link.letter(), &bytes);
        bytes.extend_from_slice(&signature[..TAG_BYTES]);
        format!("/e/{}/{}", link.letter(), URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a link says, if it is one of ours.
    pub fn read(&self, letter: &str, token: &str) -> Option<(Link, WorkspaceId, i64)> {
        let letter = letter.chars().next().filter(|_| letter.len() == 1)?;
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let mut rest = self.believed(letter, &bytes)?;
        let workspace = take_varint(&mut rest)?;
        let message_no = take_varint(&mut rest)?;
        let number = u32::try_from(take_varint(&mut rest)?).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let workspace = WorkspaceId(i64::try_from(workspace).ok()?);
        Some((Link::parse(letter, number)?, workspace, i64::try_from(message_no).ok()?))
    }

    /// The path at which a provider tells what became of a channel's messages: `/hooks/...`. It is as good as a
    /// password for providers that sign nothing.
    pub fn callback_path(&self, workspace: WorkspaceId, channel: Channel) -> String {
        let mut bytes = Vec::with_capacity(24);
        put_varint(&mut bytes, workspace.0.unsigned_abs());
        bytes.extend_from_slice(channel.as_str().as_bytes());
        let signature = self.sign(CALLBACK, &bytes);
        bytes.extend_from_slice(&signature[..TAG_BYTES]);
        format!("/hooks/{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Whose callbacks a token of [`TokenKey::callback_path`] is for.
    pub fn read_callback(&self, token: &str) -> Option<(WorkspaceId, Channel)> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let mut rest = self.believed(CALLBACK, &bytes)?;
        let workspace = WorkspaceId(i64::try_from(take_varint(&mut rest)?).ok()?);
        Some((workspace, std::str::from_utf8(rest).ok()?.parse().ok()?))
    }

    /// What was signed, if it was signed by us.
    fn believed<'b>(&self, letter: char, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let (said, signature) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        let expected = self.sign(letter, said);
        // Constant time: every byte is looked at.
        let difference = expected.iter().zip(signature).fold(0u8, |all, (a, b)| all | (a ^ b));
        (difference == 0).then_some(said)
    }

    /// What stands behind the `+` of the address to which a message returns when it cannot be delivered: lower-case
    /// letters and digits, for servers do as they like with capitals in addresses.
    pub fn return_token(&self, workspace: WorkspaceId, message_no: i64) -> String {
        let mut bytes = Vec::with_capacity(24);
        put_varint(&mut bytes, workspace.0.unsigned_abs());
        put_varint(&mut bytes, message_no.unsigned_abs());
        let signature = self.sign(RETURN, &bytes);
        bytes.extend_from_slice(&signature[..TAG_BYTES]);
        base32(&bytes)
    }

    /// The message that a return is about, if the token is one of ours.
    pub fn read_return(&self, token: &str) -> Option<(WorkspaceId, i64)> {
        let bytes = unbase32(token)?;
        let mut rest = self.believed(RETURN, &bytes)?;
        let workspace = i64::try_from(take_varint(&mut rest)?).ok()?;
        let message_no = i64::try_from(take_varint(&mut rest)?).ok()?;
        rest.is_empty().then_some((WorkspaceId(workspace), message_no))
    }

    fn sign(&self, letter: char, said: &[u8]) -> [u8; 32] {
        let mut message = Vec::with_capacity(said.len() + 1);
        message.push(letter as u8);
        message.extend_from_slice(said);
        tag(&self.0, &message)
    }
}

fn tag(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of every length.
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(message);
            mac.finalize().into_bytes().into()
        }
        Err(_) => [0; 32],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_read_back_and_forgeries_do_not() {
        let key = TokenKey::from_secret(b"secret");
        for link in [
            Link::Open,
            Link::Click(7),
            Link::Unsubscribe,
            Link::View,
            Link::Honeypot,
            Link::Preferences,
            Link::Confirm,
        ] {
            let path = key.path(link, WorkspaceId(3), 1_234_567);
            let (letter, token) = path.strip_prefix("/e/").unwrap().split_once('/').unwrap();
            assert_eq!(key.read(letter, token), Some((link, WorkspaceId(3), 1_234_567)));
            assert!(path.len() < 40, "{path}");
            let other = if letter == "u" { "o" } else { "u" };
            assert_eq!(key.read(other, token), None, "a link for one thing does another");
            assert_eq!(TokenKey::from_secret(b"other").read(letter, token), None);
            let mut forged = token.to_owned();
            forged.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
            assert_eq!(key.read(letter, &forged), None);
        }
        let path = key.callback_path(WorkspaceId(3), Channel::Zalo);
        let token = path.strip_prefix("/hooks/").unwrap();
        assert_eq!(key.read_callback(token), Some((WorkspaceId(3), Channel::Zalo)));
        assert_eq!(TokenKey::from_secret(b"other").read_callback(token), None);
        assert_eq!(key.read_callback(&token[1..]), None);
        assert_eq!(key.read("k", token), None);
        assert_eq!(key.read("c", ""), None);
        assert_eq!(key.read("", "AAAA"), None);
    }

    #[test]
    fn addresses_of_returns_read_back_and_forgeries_do_not() {
        let key = TokenKey::from_secret(b"secret");
        for (workspace, no) in [(1, 1), (3, 1_234_567), (i64::MAX, i64::MAX)] {
            let token = key.return_token(WorkspaceId(workspace), no);
            assert!(
                (16..=52).contains(&token.len()) && token.bytes().all(|b| BASE32.contains(&b)),
                "{token}"
            );
            assert_eq!(key.read_return(&token), Some((WorkspaceId(workspace), no)));
            assert_eq!(key.read_return(&token.to_uppercase()), Some((WorkspaceId(workspace), no)));
            assert_eq!(TokenKey::from_secret(b"other").read_return(&token), None);
            for at in 0..token.len() {
                let mut forged = token.clone();
                forged.replace_range(at..=at, if &token[at..=at] == "a" { "b" } else { "a" });
                assert_eq!(key.read_return(&forged), None, "{forged}");
            }
            assert_eq!(key.read_return(&token[1..]), None);
        }
        assert_eq!(key.read_return(""), None);
        // RFC 4648, section 10.
        assert_eq!((base32(b"foobar").as_str(), base32(b"fo").as_str()), ("mzxw6ytboi", "mzxq"));
        assert_eq!(unbase32("mzxw6ytb").as_deref(), Some(b"fooba".as_slice()));
    }
}
