//! The second factor of staff: codes of an authenticator app (RFC 6238 with SHA-1, six digits, half a minute) and
//! recovery codes for when its device is lost.
//!
//! The secret is sealed at rest. A code counts in its own half minute, the one before and the one after, and once:
//! the step of time that it belongs to is written down, and no earlier one counts after it.

use crate::audit::Happened;
use crate::keys::hash_key;
use crate::problem::{Answer, Problem};
use crate::services::Services;
use crate::session::Visitor;
use axum::http::StatusCode;
use kit::{SECOND_MS, Timestamp};
use qrcodegen::{QrCode, QrCodeEcc};
use ring::hmac;
use std::fmt::Write;
use std::sync::Arc;
use store::accounts::{AccountRow, SecondFactorRow};
use store::{Changeset, StoreError};

const STEP_MS: i64 = 30 * SECOND_MS;
const DIGITS: u32 = 6;
/// Steps before and after the present one whose codes count too: clocks differ.
const WINDOW: i64 = 1;
/// As RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
pub const RECOVERY_CODES: usize = 10;
/// Without what looks alike: 16 of them are about 79 bits.
const RECOVERY_LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
const RECOVERY_CHARS: usize = 16;

/// What a second factor is shown by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proof<'a> {
    pub code: Option<&'a str>,
    pub recovery_code: Option<&'a str>,
}

/// The code of a step of time.
fn code_at(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag.last().copied().unwrap_or(0) & 0x0f);
    let word =
        tag.get(at..at + 4).map_or(0, |four| four.iter().fold(0u32, |n, byte| (n << 8) | u32::from(*byte)));
    (word & 0x7fff_ffff) % 10u32.pow(DIGITS)
}

/// The step whose code this is, if it is one of those that count now.
fn step_of(secret: &[u8], told: &str, now: Timestamp) -> Option<i64> {
    let digits: String = told.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != DIGITS as usize || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let told: u32 = digits.parse().ok()?;
    let present = now.ms().div_euclid(STEP_MS);
    (present - WINDOW..=present + WINDOW).find(|step| code_at(secret, *step) == told)
}

/// RFC 4648, as authenticator apps read it.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut held, mut bits) = (String::new(), 0u32, 0u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(LETTERS[(held >> bits) as usize & 31]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(LETTERS[(held << (5 - bits)) as usize & 31]));
    }
    text
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A picture of black squares on white: the path of an SVG whose every square is one unit.
pub struct Picture {
    pub size: i32,
    pub path: String,
}

fn picture(text: &str) -> Answer<Picture> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium)
        .map_err(|_| Problem::internal("an address for an authenticator app is too long for a picture"))?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let from = x;
            while x < code.size() && code.get_module(x, y) {
                x += 1;
            }
            if x > from {
                let _ = write!(path, "M{from} {y}h{0}v1h-{0}z", x - from);
            }
            x += 1;
        }
    }
    Ok(Picture { size: code.size(), path })
}

/// A second factor that was begun, as its owner's authenticator app is told of it.
pub struct Begun {
    pub secret: String,
    pub uri: String,
    pub picture: Picture,
}

fn about(account_id: &str) -> String {
    format!("second factor {account_id}")
}

fn secret_of(services: &Services, account_id: &str, row: &SecondFactorRow) -> Answer<Vec<u8>> {
    let opened = services.desk.unseal(&about(account_id), &row.sealed);
    opened.map_err(|error| Problem::internal(&format!("a second factor cannot be read: {error}")))
}

fn in_force() -> Problem {
    Problem::conflict("second_factor_on", "a second factor is in force; turn it off first")
}

fn wrong_code() -> Problem {
    let detail =
        "the code is wrong or too old; look at the app again, and see that the clock of its device is right";
    Problem::new(StatusCode::UNAUTHORIZED, "wrong_code", detail)
}

async fn row_of(services: &Arc<Services>, account_id: &str) -> Answer<Option<SecondFactorRow>> {
    let id = account_id.to_owned();
    services.read(move |tx| tx.second_factor(&id)).await
}

pub async fn begin(services: &Arc<Services>, account: &AccountRow) -> Answer<Begun> {
    if row_of(services, &account.account_id).await?.is_some_and(|row| row.confirmed_at.is_some()) {
        return Err(in_force());
    }
    let mut secret = [0u8; SECRET_BYTES];
    (services.fill_random)(&mut secret);
    let sealed = services.desk.seal(&about(&account.account_id), &secret);
    let sealed =
        sealed.map_err(|error| Problem::internal(&format!("a second factor cannot be sealed: {error}")))?;
    let mut changes = Changeset::new();
    changes.begin_second_factor(&account.account_id, sealed, services.now());
    services.apply(changes).await?;
    let secret = base32(&secret);
    let label = percent_encoded(&format!("Quaylai:{}", account.email));
    let uri =
        format!("otpauth://totp/{label}?secret={secret}&issuer=Quaylai&algorithm=SHA1&digits=6&period=30");
    Ok(Begun { picture: picture(&uri)?, secret, uri })
}

fn may_try(services: &Services, account_id: &str) -> Answer<()> {
    services.memory.second_factors.take(account_id, services.now()).map_err(|retry_after_s| {
        let minutes = retry_after_s.div_ceil(60).max(1);
        Problem::too_many(
            format!("too many wrong codes; wait {minutes} minutes and try again"),
            retry_after_s,
        )
    })
}

/// Puts a second factor that was begun in force; answers its recovery codes.
pub async fn confirm(services: &Arc<Services>, account_id: &str, code: &str) -> Answer<Vec<String>> {
    let row = row_of(services, account_id).await?;
    let row =
        row.ok_or_else(|| Problem::conflict("second_factor_not_begun", "begin the second factor first"))?;
    if row.confirmed_at.is_some() {
        return Err(in_force());
    }
    may_try(services, account_id)?;
    let secret = secret_of(services, account_id, &row)?;
    let step = step_of(&secret, code, services.wall.now()).ok_or_else(wrong_code)?;
    let codes = new_recovery_codes(services);
    let mut changes = Changeset::new();
    changes.confirm_second_factor(account_id, step, services.now());
    changes.set_recovery_codes(account_id, codes.iter().map(|code| hash_of(code)).collect());
    services.apply(changes).await?;
    services.memory.second_factors.forget(account_id);
    Ok(codes)
}

/// New recovery codes; those before no longer work.
pub async fn renew_recovery_codes(services: &Arc<Services>, account_id: &str) -> Answer<Vec<String>> {
    if row_of(services, account_id).await?.is_none_or(|row| row.confirmed_at.is_none()) {
        return Err(Problem::conflict("second_factor_off", "there is no second factor; turn it on first"));
    }
    let codes = new_recovery_codes(services);
    let mut changes = Changeset::new();
    changes.set_recovery_codes(account_id, codes.iter().map(|code| hash_of(code)).collect());
    services.apply(changes).await?;
    Ok(codes)
}

/// Ten codes such as `k7mw-2hqp-xd9c-u4ra`.
fn new_recovery_codes(services: &Services) -> Vec<String> {
    let one = || {
        let mut code = String::new();
        while code.len() < RECOVERY_CHARS + 3 {
            let mut bytes = [0u8; 32];
            (services.fill_random)(&mut bytes);
            // 248 is the largest multiple of 31 below 256: what is above would make some letters likelier.
            for byte in bytes.iter().filter(|byte| **byte < 248) {
                if code.len() == RECOVERY_CHARS + 3 {
                    break;
                }
                if code.len() % 5 == 4 {
                    code.push('-');
                }
                code.push(char::from(RECOVERY_LETTERS[usize::from(*byte) % 31]));
            }
        }
        code
    };
    std::iter::repeat_with(one).take(RECOVERY_CODES).collect()
}

fn hash_of(code: &str) -> Vec<u8> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    hash_key(&plain.to_ascii_lowercase()).to_vec()
}

/// Lets somebody on whose password was right, if no second factor is in force or they show that they have it.
pub async fn demand(
    services: &Arc<Services>,
    account: &AccountRow,
    proof: Proof<'_>,
    visitor: &Visitor,
) -> Answer<()> {
    let id = account.account_id.as_str();
    let row = row_of(services, id).await?.filter(|row| row.confirmed_at.is_some());
    let Some(row) = row else { return Ok(()) };
    if proof.code.is_none() && proof.recovery_code.is_none() {
        let detail =
            "the password is right; send the code of the authenticator app, or a recovery code, beside it";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "second_factor_needed", detail));
    }
    may_try(services, id)?;
    let mut changes = Changeset::new();
    let mut known = true;
    if let Some(code) = proof.recovery_code {
        changes.use_recovery_code(id, hash_of(code));
        Happened::to_account(account, "recovery_code_used", &format!("account:{id}"), visitor)
            .add_to(&mut changes, services.now());
    } else {
        let secret = secret_of(services, id, &row)?;
        match step_of(&secret, proof.code.unwrap_or_default(), services.wall.now()) {
            Some(step) => changes.use_second_factor(id, step),
            None => known = false,
        }
    }
    let used = if known {
        crate::endpoints::users::store_apply(services, changes).await
    } else {
        Err(StoreError::Conflict { stmt: "second_factor_use" })
    };
    match used {
        Ok(()) => {
            services.memory.second_factors.forget(id);
            Ok(())
        }
        Err(StoreError::Conflict { .. }) => {
            let failed = Happened::to_account(account, "second_factor_failed", "nobody", visitor);
            failed.log(services, services.now()).await?;
            Err(wrong_code())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B: eight digits there, of which ours are the last six.
        let vectors = [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ];
        for (seconds, expect) in vectors {
            assert_eq!(code_at(SECRET, seconds / 30), expect % 1_000_000, "at {seconds}");
        }
        // RFC 4226, appendix D.
        let counted =
            [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (count, expect) in counted.into_iter().enumerate() {
            assert_eq!(code_at(SECRET, count as i64), expect, "count {count}");
        }
    }

    #[test]
    fn a_code_counts_for_a_step_before_and_after_its_own() {
        let at = |seconds: i64| Timestamp::from_ms(seconds * 1_000);
        let check = |told: &str, seconds: i64, expect: Option<i64>| {
            assert_eq!(step_of(SECRET, told, at(seconds)), expect, "{told:?} at {seconds}");
        };
        for (seconds, expect) in [(29, None), (30, Some(2)), (59, Some(2)), (119, Some(2)), (120, None)] {
            // The code of step 2, from 60 to 89 seconds.
            check("359152", seconds, expect);
        }
        check(" 359 152 ", 60, Some(2));
        for wrong in ["", "35915", "3591522", "35915a", "٣٥٩١٥٢", "-35915"] {
            check(wrong, 60, None);
        }
        // A code may begin with zeros.
        check("081804", 1_111_111_109, Some(1_111_111_109 / 30));
    }

    #[test]
    fn secrets_are_written_as_the_standard_says() {
        let vectors = [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
        ];
        for (plain, expect) in vectors {
            assert_eq!(base32(plain.as_bytes()), expect);
        }
        assert_eq!(base32(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(percent_encoded("Quaylai:hạnh@shop.vn"), "Quaylai%3Ah%E1%BA%A1nh%40shop.vn");
    }

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        assert_eq!(hash_of("k7mw-2hqp-xd9c-u4ra"), hash_of(" K7MW 2HQP XD9C U4RA"));
        assert_ne!(hash_of("k7mw-2hqp-xd9c-u4ra"), hash_of("k7mw-2hqp-xd9c-u4rb"));
    }

    #[test]
    fn a_picture_holds_its_squares_in_rows() {
        let picture = picture("otpauth://totp/x").unwrap();
        assert!(picture.path.starts_with("M0 0h7v1h-7z"), "{}", picture.path);
        assert_eq!(picture.size, 25);
    }
}
