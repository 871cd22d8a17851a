//! `aes128gcm` for web push (RFC 8291, RFC 8188).

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::{SecureRandom, SystemRandom};

/// Push services take bodies of 4096 bytes; head and tag take 103 of them.
pub(super) const PLAIN_BYTES_MAX: usize = 3_993;

const RECORD_BYTES: u32 = 4_096;
/// Behind the text of the last record.
const LAST_RECORD: u8 = 2;

/// The sender's part: a new one for every message.
pub(super) struct Agreed {
    /// 65 bytes, an uncompressed point.
    pub public: Vec<u8>,
    /// What both sides reckon from their own private and the other's public key: 32 bytes.
    pub shared: Vec<u8>,
    pub salt: [u8; 16],
}

impl Agreed {
    /// With the browser's public key. Errors: it is no point on P-256, or the system has no chance to give.
    pub fn with(p256dh: &[u8]) -> Result<Agreed, String> {
        let random = SystemRandom::new();
        let fault = |_| "no key could be made for the message".to_owned();
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &random).map_err(fault)?;
        let public = own.compute_public_key().map_err(fault)?.as_ref().to_vec();
        let shared = agree_ephemeral(own, &UnparsedPublicKey::new(&ECDH_P256, p256dh), <[u8]>::to_vec)
            .map_err(|_| "the browser's key is no public key on P-256".to_owned())?;
        let mut salt = [0; 16];
        random.fill(&mut salt).map_err(fault)?;
        Ok(Agreed { public, shared, salt })
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expanded<const N: usize>(key: &Prk, info: &[&[u8]]) -> Result<[u8; N], String> {
    let mut out = [0; N];
    let filled = key.expand(info, Length(N)).and_then(|okm| okm.fill(&mut out));
    filled.map(|()| out).map_err(|_| "no key could be derived".into())
}

/// The body of the request: the head of RFC 8188 with the sender's key, and one record.
pub(super) fn sealed(agreed: &Agreed, p256dh: &[u8], auth: &[u8], plain: &[u8]) -> Result<Vec<u8>, String> {
    let key = Salt::new(HKDF_SHA256, auth).extract(&agreed.shared);
    let ikm: [u8; 32] = expanded(&key, &[b"WebPush: info\0", p256dh, &agreed.public])?;
    let key = Salt::new(HKDF_SHA256, &agreed.salt).extract(&ikm);
    let content_key: [u8; 16] = expanded(&key, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = expanded(&key, &[b"Content-Encoding: nonce\0"])?;

    let mut record = plain.to_vec();
    record.push(LAST_RECORD);
    let fault = |_| "the message could not be sealed".to_owned();
    // The nonce is derived from a salt that is used once.
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &content_key).map_err(fault)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
        .map_err(fault)?;

    let mut body = agreed.salt.to_vec();
    body.extend_from_slice(&RECORD_BYTES.to_be_bytes());
    body.push(u8::try_from(agreed.public.len()).map_err(|_| "the key is too long")?);
    body.extend_from_slice(&agreed.public);
    body.extend_from_slice(&record);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::super::super::device::BASE64URL;
    use super::*;
    use base64::Engine;
    use p256::ecdh::diffie_hellman;
    use p256::elliptic_curve::sec1::ToSec1Point;
    use p256::{PublicKey, SecretKey};

    fn bytes(text: &str) -> Vec<u8> {
        BASE64URL.decode(text).unwrap()
    }

    /// RFC 8291, appendix A.
    #[test]
    fn the_example_of_the_rfc_comes_out() {
        let sender = SecretKey::from_slice(&bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).unwrap();
        let p256dh =
            bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let browser = PublicKey::from_sec1_bytes(&p256dh).unwrap();
        let shared = diffie_hellman(sender.to_nonzero_scalar(), browser.as_affine());
        let agreed = Agreed {
            public: bytes(
                "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
            ),
            shared: shared.raw_secret_bytes().to_vec(),
            salt: bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap(),
        };
        let auth = bytes("BTBZMqHH6r4Tts7J_aSIgg");
        let body = sealed(&agreed, &p256dh, &auth, b"When I grow up, I want to be a watermelon").unwrap();
        assert_eq!(
            BASE64URL.encode(body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn the_largest_message_fills_a_body() {
        let browser = SecretKey::from_slice(&[7; 32]).unwrap();
        let p256dh = browser.public_key().to_sec1_point(false).as_bytes().to_vec();
        let one = Agreed::with(&p256dh).unwrap();
        let body = sealed(&one, &p256dh, &[1; 16], &[b'x'; PLAIN_BYTES_MAX]).unwrap();
        assert_eq!(body.len(), 4_096);
        let other = Agreed::with(&p256dh).unwrap();
        assert!(one.salt != other.salt && one.public != other.public, "nothing is used twice");
        assert!(Agreed::with(&[4; 65]).is_err());
    }
}
