use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

/// The headers that a signature covers where the message has them. A one-click unsubscribe counts only when both of
/// its headers are signed (RFC 8058, section 4).
const SIGNED: [&str; 15] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "sender",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "feedback-id",
    "in-reply-to",
];

/// Signs messages for a domain by RFC 6376, `relaxed/relaxed`, with RSA or Ed25519 (RFC 8463) and SHA-256.
#[derive(Clone)]
pub struct DkimSigner {
    domain: String,
    selector: String,
    key: Arc<Key>,
}

enum Key {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl DkimSigner {
    /// `private_key_pem` is PKCS#1 (`BEGIN RSA PRIVATE KEY`) or PKCS#8 (`BEGIN PRIVATE KEY`, RSA or Ed25519); RSA
    /// has 2048 to 4096 bits. The error says what is wrong, without any of the key.
    pub fn new(domain: &str, selector: &str, private_key_pem: &str) -> Result<DkimSigner, String> {
        let pem = PrivateKeyDer::from_pem_slice(private_key_pem.trim().as_bytes())
            .map_err(|_| "not a private key in PEM form")?;
        let unusable = "not an RSA key of 2048 to 4096 bits, nor an Ed25519 key";
        let key = match &pem {
            PrivateKeyDer::Pkcs1(der) => {
                Key::Rsa(RsaKeyPair::from_der(der.secret_pkcs1_der()).map_err(|_| unusable)?)
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                    Ok(key) => Key::Ed25519(key),
                    Err(_) => Key::Rsa(RsaKeyPair::from_pkcs8(der).map_err(|_| unusable)?),
                }
            }
            _ => return Err(unusable.to_owned()),
        };
        Ok(DkimSigner { domain: domain.to_owned(), selector: selector.to_owned(), key: Arc::new(key) })
    }

    /// The `DKIM-Signature` header, with its line end, that belongs in front of `message` (headers, an empty line,
    /// body; lines end in CRLF). `signed_at_s` is in seconds since 1970.
    pub fn sign(&self, message: &str, signed_at_s: i64) -> Result<String, String> {
        let (headers, body) = message.split_once("\r\n\r\n").unwrap_or((message, ""));
        let headers = fields(headers);
        let mut names: Vec<&str> =
            SIGNED.into_iter().filter(|name| headers.iter().any(|field| field.is_named(name))).collect();
        // Named once more than it is there: a second From that somebody adds breaks the signature (RFC 6376, 8.15).
        names.push("from");
        let algorithm = match &*self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let unsigned = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={};\r\n s={}; t={signed_at_s};\r\n h={};\r\n \
             bh={};\r\n b=",
            self.domain,
            self.selector,
            folded_names(&names),
            STANDARD.encode(Sha256::digest(relaxed_body(body))),
        );
        let input = signed_text(&headers, &names, &unsigned);
        let signature = match &*self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
                    .map_err(|_| "the DKIM key cannot sign")?;
                signature
            }
            // RFC 8463, section 3: Ed25519 signs the SHA-256 of what RSA-SHA256 would sign.
            Key::Ed25519(key) => key.sign(&Sha256::digest(input.as_bytes())).as_ref().to_vec(),
        };
        let mut header = unsigned;
        for (at, letter) in STANDARD.encode(signature).chars().enumerate() {
            if at > 0 && at % 72 == 0 {
                header.push_str("\r\n ");
            }
            header.push(letter);
        }
        header.push_str("\r\n");
        Ok(header)
    }
}

/// The value of `h=`, on lines of at most 78 characters.
fn folded_names(names: &[&str]) -> String {
    let (mut text, mut column) = (String::new(), " h=".len());
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            text.push(':');
            column += 1;
            if column + name.len() > 76 {
                text.push_str("\r\n  ");
                column = 2;
            }
        }
        text.push_str(name);
        column += name.len();
    }
    text
}

impl fmt::Debug for DkimSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DkimSigner")
            .field("domain", &self.domain)
            .field("selector", &self.selector)
            .finish_non_exhaustive()
    }
}

/// A header with its folded lines, without the last line end.
struct Field<'a>(&'a str);

impl Field<'_> {
    fn is_named(&self, name: &str) -> bool {
        self.0.split(':').next().is_some_and(|own| own.trim_end().eq_ignore_ascii_case(name))
    }

    /// RFC 6376, section 3.4.2: lower-case name, unfolded, every run of white space one space, none at the ends.
    fn relaxed(&self) -> String {
        let (name, value) = self.0.split_once(':').unwrap_or((self.0, ""));
        let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
        format!("{}:{}", name.trim_end().to_ascii_lowercase(), words.join(" "))
    }
}

fn fields(headers: &str) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    let mut start = 0;
    for (at, _) in headers.match_indices("\r\n") {
        if !headers[at + 2..].starts_with([' ', '\t']) {
            fields.push(Field(&headers[start..at]));
            start = at + 2;
        }
    }
    if start < headers.len() {
        fields.push(Field(&headers[start..]));
    }
    fields
}

/// What is signed (RFC 6376, section 3.7): the named fields, of several with one name the last first, and the
/// signature's own field with an empty `b=`.
fn signed_text(headers: &[Field<'_>], names: &[&str], signature: &str) -> String {
    let mut used = vec![false; headers.len()];
    let mut text = String::new();
    for name in names {
        let found = (0..headers.len()).rev().find(|&at| !used[at] && headers[at].is_named(name));
        if let Some(at) = found {
            used[at] = true;
            text.push_str(&headers[at].relaxed());
            text.push_str("\r\n");
        }
    }
    text.push_str(&Field(signature).relaxed());
    text
}

/// RFC 6376, section 3.4.4: runs of white space become one space, none before a line end, no empty lines at the end,
/// and a line end after the last line unless nothing is left.
fn relaxed_body(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    for line in body.split("\r\n") {
        let mut after_space = false;
        for letter in line.trim_end_matches([' ', '\t']).chars() {
            let space = letter == ' ' || letter == '\t';
            match (space, after_space) {
                (true, true) => {}
                (true, false) => text.push(' '),
                (false, _) => text.push(letter),
            }
            after_space = space;
        }
        text.push_str("\r\n");
    }
    let end = text.trim_end_matches("\r\n").len();
    text.truncate(end);
    if !text.is_empty() {
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    /// The message, key and signature of RFC 8463, appendix A.
    const RFC_8463_MESSAGE: &str = "From: Joe SixPack <joe@football.example.com>\r\n\
        To: Suzie Q <suzie@shopping.example.net>\r\n\
        Subject: Is dinner ready?\r\n\
        Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
        Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\
        \r\n\
        Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
    const RFC_8463_SIGNATURE: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n \
        d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n \
        subject : date : message-id : from : subject : date;\r\n \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
    const RFC_8463_VALUE: &str =
        "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";
    const RFC_8463_PUBLIC_KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    #[test]
    fn canonical_forms_agree_with_rfc_8463() {
        let (headers, body) = RFC_8463_MESSAGE.split_once("\r\n\r\n").unwrap();
        assert_eq!(
            STANDARD.encode(Sha256::digest(relaxed_body(body))),
            "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
        );
        let names = ["from", "to", "subject", "date", "message-id", "from", "subject", "date"];
        let text = signed_text(&fields(headers), &names, RFC_8463_SIGNATURE);
        UnparsedPublicKey::new(&ED25519, STANDARD.decode(RFC_8463_PUBLIC_KEY).unwrap())
            .verify(&Sha256::digest(text), &STANDARD.decode(RFC_8463_VALUE).unwrap())
            .unwrap();
    }

    #[test]
    fn bodies_are_relaxed() {
        let check = |body: &str, expect: &str| assert_eq!(relaxed_body(body), expect, "{body:?}");
        // RFC 6376, section 3.4.5.
        check(" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n");
        check("", "");
        check("\r\n\r\n", "");
        check("no line end", "no line end\r\n");
    }

    #[test]
    fn a_bad_key_is_named_but_not_shown() {
        for bad in ["", "secret", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"] {
            let error = DkimSigner::new("shop.example", "q1", bad).unwrap_err();
            assert!(!error.contains("c2Vj") && !error.contains("secret"), "{error}");
        }
    }
}
