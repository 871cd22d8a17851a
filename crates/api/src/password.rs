//! Passwords of accounts: Argon2id with the parameters that OWASP's cheat sheet recommends (19 MiB, two passes),
//! which are the crate's defaults.

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};

/// Shorter ones are guessed.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longer ones only cost time.
pub const PASSWORD_BYTES_MAX: usize = 1_000;

/// The hash of a password, to be stored. Takes tens of milliseconds and 19 MiB.
///
/// # Errors
/// A password that is too short or too long, in words.
pub fn hash_password(password: &str, fill_random: fn(&mut [u8])) -> Result<String, String> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(format!("a password has at least {PASSWORD_CHARS_MIN} characters"));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(format!("a password has at most {PASSWORD_BYTES_MAX} bytes"));
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
        assert!(hash_password("short", zeros).is_err());
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let hash = PasswordHash::new(
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        );
        assert!(hash.is_ok(), "the hash of nobody must be one that is computed");
    }
}
