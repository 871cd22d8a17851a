use base64::Engine;
use kit::{HOUR_MS, SECOND_MS, Timestamp};
use reqwest::Url;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

use super::super::device::BASE64URL;
use super::super::jwt;
use crate::Secret;

/// How long a token is good for. Push services refuse more than 24 hours.
const TOKEN_LIFE_MS: i64 = 12 * HOUR_MS;

/// The pair of keys by which push services know the shop (RFC 8292). Browsers subscribe for the public one, so
/// another pair makes every subscription worthless.
pub struct VapidKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl VapidKey {
    /// A new pair: the public and the private key in base64url, as browsers and other programs write them.
    pub fn generate() -> Result<(String, Secret), String> {
        let fault = || "no key could be made".to_owned();
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| fault())?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).map_err(|_| fault())?;
        let public = pair.public_key().as_ref();
        // ECPrivateKey (RFC 5915) inside: version 1, then an octet string of 32 bytes. That the right bytes were
        // found is proven by making the pair of them.
        let mark: &[u8] = &[0x02, 0x01, 0x01, 0x04, 0x20];
        let document = document.as_ref();
        let at = document.windows(mark.len()).position(|bytes| bytes == mark).ok_or_else(fault)? + mark.len();
        let private = document.get(at..at + 32).ok_or_else(fault)?;
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public, &random)
            .map_err(|_| fault())?;
        Ok((BASE64URL.encode(public), Secret::new(BASE64URL.encode(private))))
    }

    /// Errors: which of the two cannot be used, in words for the shop.
    pub fn new(public: &str, private: &Secret) -> Result<VapidKey, (&'static str, String)> {
        let public = BASE64URL.decode(public.trim()).ok().filter(|bytes| bytes.len() == 65);
        let public = public
            .ok_or_else(|| ("public_key", "65 bytes in base64url, as `web-push` writes it".to_owned()))?;
        let private = BASE64URL.decode(private.expose().trim()).ok().filter(|bytes| bytes.len() == 32);
        let private = private
            .ok_or_else(|| ("private_key", "32 bytes in base64url, as `web-push` writes it".to_owned()))?;
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, &public, &random)
            .map_err(|_| ("private_key", "it does not belong to the public key".to_owned()))?;
        Ok(VapidKey { pair, random })
    }

    /// The value of `Authorization` for the push service of `endpoint`.
    pub fn authorization(&self, endpoint: &Url, subject: &str, now: Timestamp) -> Result<String, String> {
        let claims = json!({
            "aud": endpoint.origin().ascii_serialization(),
            "exp": now.plus_ms(TOKEN_LIFE_MS).ms() / SECOND_MS,
            "sub": subject,
        });
        let token = jwt::signed(&json!({ "typ": "JWT", "alg": "ES256" }), &claims, |text| {
            let signature = self.pair.sign(&self.random, text);
            signature
                .map(|bytes| bytes.as_ref().to_vec())
                .map_err(|_| "the token could not be signed".to_owned())
        })?;
        Ok(format!("vapid t={token}, k={}", BASE64URL.encode(self.pair.public_key().as_ref())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    #[test]
    fn a_new_pair_signs_what_its_public_key_verifies() {
        let (public, private) = VapidKey::generate().unwrap();
        let key = VapidKey::new(&public, &private).unwrap_or_else(|_| panic!("a key of our own"));
        let endpoint = Url::parse("https://push.example:8443/send/abc?x=1").unwrap();
        let now = Timestamp::from_ms(1_700_000_000_000);
        let value = key.authorization(&endpoint, "mailto:shop@may.example", now).unwrap();
        let (token, told) = value.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        assert_eq!(told, public);
        let (text, signature) = token.rsplit_once('.').unwrap();
        let public = BASE64URL.decode(told).unwrap();
        let signature = BASE64URL.decode(signature).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public).verify(text.as_bytes(), &signature).unwrap();
        let part = |at: usize| {
            let bytes = BASE64URL.decode(text.split('.').nth(at).unwrap()).unwrap();
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
        };
        assert_eq!(part(0), json!({ "typ": "JWT", "alg": "ES256" }));
        let claims = json!({ "aud": "https://push.example:8443", "exp": 1_700_043_200, "sub": "mailto:shop@may.example" });
        assert_eq!(part(1), claims);
        let (_, other) = VapidKey::generate().unwrap();
        assert_eq!(VapidKey::new(told, &other).err().unwrap().0, "private_key");
        assert_eq!(VapidKey::new("AAAA", &other).err().unwrap().0, "public_key");
    }
}
