//! The secret of an installation: signs public links and seals what must not lie open in the database.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Name of the key file in the data folder. Without it sealed settings cannot be read and links in sent messages
/// lead nowhere: it belongs into every backup.
pub const SECRET_FILE: &str = "secret.key";

const SEAL_VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;

#[derive(Clone)]
pub struct Secret([u8; 32]);

pub fn fill_random(bytes: &mut [u8]) {
    // Without a source of chance no key is safe; there is nothing to go on with.
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the operating system gives no random numbers: {error}");
    }
}

impl Secret {
    /// Reads the key of the folder, or makes one that only its owner can read.
    pub fn open(folder: &Path) -> Result<Secret> {
        let path = folder.join(SECRET_FILE);
        match std::fs::read(&path) {
            Ok(bytes) => match <[u8; 32]>::try_from(bytes.as_slice()) {
                Ok(key) => Ok(Secret(key)),
                Err(_) => {
                    bail!("{} is not a key of ours: it has {} bytes, not 32", path.display(), bytes.len())
                }
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut key = [0u8; 32];
                fill_random(&mut key);
                let written = folder.join(format!("{SECRET_FILE}.{}", std::process::id()));
                write_private(&written, &key).with_context(|| format!("writing {}", written.display()))?;
                // Of two processes that start at once the first one's key counts: a link never overwrites.
                let linked = std::fs::hard_link(&written, &path);
                let _ = std::fs::remove_file(&written);
                match linked {
                    Ok(()) => Ok(Secret(key)),
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Secret::open(folder),
                    Err(error) => Err(error).with_context(|| format!("writing {}", path.display())),
                }
            }
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn cipher(&self) -> Aes256Gcm {
        let key = Sha256::new().chain_update(b"quaylai sealing v1").chain_update(self.0).finalize();
        Aes256Gcm::new(&key)
    }

    /// Seals settings for the database (AES-256-GCM). `about` binds them to their place: moved elsewhere they do
    /// not open.
    pub fn seal(&self, about: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0u8; NONCE_BYTES];
        fill_random(&mut nonce);
        let payload = Payload { msg: plain, aad: about.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| anyhow::anyhow!("sealing failed"))?;
        let mut out = vec![SEAL_VERSION];
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    pub fn unseal(&self, about: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let Some((&SEAL_VERSION, rest)) = sealed.split_first() else { bail!("sealed by another version") };
        let Some((nonce, rest)) = rest.split_at_checked(NONCE_BYTES) else { bail!("cut short") };
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().context("cut short")?;
        let payload = Payload { msg: rest, aad: about.as_bytes() };
        self.cipher().decrypt(&Nonce::from(nonce), payload).map_err(|_| {
            anyhow::anyhow!(
                "sealed with another key: is {SECRET_FILE} the one that belongs to this database?"
            )
        })
    }
}

#[cfg(unix)]
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(not(unix))]
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::write(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let mut random = [0u8; 8];
        fill_random(&mut random);
        let folder = std::env::temp_dir().join(format!("quaylai-{name}-{:x}", u64::from_le_bytes(random)));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place_and_with_its_key() {
        let (here, there) = (folder("seal-a"), folder("seal-b"));
        let secret = Secret::open(&here).unwrap();
        let sealed = secret.seal("1/email", b"password").unwrap();
        assert!(!sealed.windows(8).any(|window| window == b"password"));
        assert_eq!(Secret::open(&here).unwrap().unseal("1/email", &sealed).unwrap(), b"password");
        assert!(secret.unseal("2/email", &sealed).is_err());
        assert!(Secret::open(&there).unwrap().unseal("1/email", &sealed).is_err());
        let mut damaged = sealed.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(secret.unseal("1/email", &damaged).is_err());
        std::fs::remove_dir_all(here).unwrap();
        std::fs::remove_dir_all(there).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let here = folder("mode");
        Secret::open(&here).unwrap();
        let mode = std::fs::metadata(here.join(SECRET_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_dir_all(here).unwrap();
    }
}
