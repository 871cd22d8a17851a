//! Passwords of accounts: Argon2id with the parameters that OWASP's cheat sheet recommends (19 MiB, two passes),
//! which are the crate's defaults.

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};

/// Shorter ones are guessed.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longer ones only cost time.
pub const PASSWORD_BYTES_MAX: usize = 1_000;

/// Long enough, and among the first that anybody tries; compared in lower case without what is no letter or digit.
const COMMON: [&str; 36] = [
    "password12",
    "password123",
    "password1234",
    "passw0rd123",
    "1234567890",
    "0123456789",
    "12345678910",
    "123456789a",
    "qwertyuiop",
    "qwerty12345",
    "qwerty123456",
    "1q2w3e4r5t",
    "q1w2e3r4t5",
    "asdfghjkl123",
    "iloveyou123",
    "iloveyou1234",
    "letmein1234",
    "welcome123",
    "welcome1234",
    "administrator",
    "admin12345",
    "admin123456",
    "matkhau123",
    "matkhau1234",
    "matkhau12345",
    "mậtkhẩu123",
    "anhyeuem123",
    "anhyeuem12",
    "emyeuanh123",
    "khongbiet123",
    "vietnam123",
    "vietnam1234",
    "quaylai123",
    "quaylai1234",
    "quaylaiquaylai",
    "changeme123",
];

/// Why a password will not do, in words.
fn weakness(password: &str) -> Option<String> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Some(format!("a password has at least {PASSWORD_CHARS_MIN} characters"));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Some(format!("a password has at most {PASSWORD_BYTES_MAX} bytes"));
    }
    let plain: String = password.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let first = password.chars().next();
    let is_one_letter = password.chars().all(|c| Some(c) == first);
    let is_row = password.as_bytes().windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    if COMMON.contains(&plain.as_str()) || is_one_letter || is_row {
        return Some("this password is among the first that anybody tries; take another".into());
    }
    None
}

/// The hash of a password, to be stored. Takes tens of milliseconds and 19 MiB.
///
/// # Errors
/// A password that is too short, too long or too common, in words.
pub fn hash_password(password: &str, fill_random: fn(&mut [u8])) -> Result<String, String> {
    if let Some(weakness) = weakness(password) {
        return Err(weakness);
    }
    let mut salt = [0u8; 16];
    fill_random(&mut salt);
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
}

/// Compares with a stored hash. `None` (nobody of that name) takes as long and is never right, so that an answer's
/// time does not tell which accounts exist.
pub fn password_is_right(password: &str, stored: Option<&str>) -> bool {
    /// Of a password that nobody has, with the same parameters as real ones.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    let Ok(hash) = PasswordHash::new(stored.unwrap_or(NOBODY)) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zeros(bytes: &mut [u8]) {
        bytes.fill(0);
    }

    #[test]
    fn right_wrong_and_nobody() {
        let hash = hash_password("mật khẩu dài", zeros).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(password_is_right("mật khẩu dài", Some(&hash)));
        assert!(!password_is_right("mật khẩu daì", Some(&hash)));
        assert!(!password_is_right("mật khẩu dài", None));
        assert!(!password_is_right("mật khẩu dài", Some("not a hash")));
        for weak in ["short", "Password-123", "aaaaaaaaaaaa", "abcdefghijkl", "Mat Khau 123"] {
            assert!(hash_password(weak, zeros).is_err(), "{weak}");
        }
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let hash = PasswordHash::new(
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        );
        assert!(hash.is_ok(), "the hash of nobody must be one that is computed");
    }
}
