use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::{RsaPrivateKey, RsaPublicKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::DkimSigner;
use crate::Secret;

/// Every receiver verifies keys of this length, and a TXT record of two strings holds them.
const RSA_BITS: usize = 2_048;

/// A key that signs for a domain, and its public half as the DNS has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimKey {
    pub private_key_pem: Secret,
    /// `rsa` or `ed25519`.
    pub kind: &'static str,
    /// In base64.
    pub public_key: String,
}

impl DkimKey {
    /// Takes a second or so.
    pub fn generate() -> Result<DkimKey, String> {
        let key = RsaPrivateKey::new(&mut OsRng, RSA_BITS).map_err(|_| "no key could be made")?;
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| "the key cannot be written")?;
        DkimKey::import(&pem)
    }

    /// Of a private key as [`DkimSigner::new`] takes it.
    pub fn import(private_key_pem: &str) -> Result<DkimKey, String> {
        // What cannot sign is no use, whatever it is.
        DkimSigner::new("localhost", "key", private_key_pem)?;
        let unusable = |_| "the public half cannot be read from the key".to_owned();
        let pem = private_key_pem.trim();
        let (kind, public) = match PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
            Ok(PrivateKeyDer::Pkcs1(_)) => {
                ("rsa", of_rsa(&RsaPrivateKey::from_pkcs1_pem(pem).map_err(|e| unusable(e.to_string()))?)?)
            }
            Ok(PrivateKeyDer::Pkcs8(der)) => {
                match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()) {
                    Ok(key) => ("ed25519", key.public_key().as_ref().to_vec()),
                    Err(_) => {
                        let key = RsaPrivateKey::from_pkcs8_pem(pem).map_err(|e| unusable(e.to_string()))?;
                        ("rsa", of_rsa(&key)?)
                    }
                }
            }
            _ => return Err(unusable(String::new())),
        };
        Ok(DkimKey { private_key_pem: Secret::new(pem), kind, public_key: STANDARD.encode(public) })
    }
}

fn of_rsa(key: &RsaPrivateKey) -> Result<Vec<u8>, String> {
    let der = RsaPublicKey::from(key).to_public_key_der();
    Ok(der.map_err(|_| "the public half cannot be written")?.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_signs_and_reads_back() {
        let key = DkimKey::generate().unwrap();
        assert_eq!(key.kind, "rsa");
        // SubjectPublicKeyInfo of 2048 bits: 294 bytes.
        assert_eq!(STANDARD.decode(&key.public_key).unwrap().len(), 294);
        assert_eq!(DkimKey::import(key.private_key_pem.expose()).unwrap(), key);
        assert_ne!(DkimKey::generate().unwrap(), key);
    }

    #[test]
    fn an_ed25519_key_is_named_as_such() {
        // openssl genpkey -algorithm ed25519; openssl pkey -pubout -outform DER | tail -c 32 | base64
        let pem = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                   -----END PRIVATE KEY-----\n";
        let key = DkimKey::import(pem).unwrap();
        assert_eq!(
            (key.kind, key.public_key.as_str()),
            ("ed25519", "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")
        );
        assert!(DkimKey::import("no key").unwrap_err().contains("PEM"));
    }
}
