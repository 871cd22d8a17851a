use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plugs::email::{DkimSigner, compose};
use plugs::{Content, Delivery, EmailContent};
use ring::signature::{ED25519, KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use crate::{RECIPIENT, email};

const RSA: &str = include_str!("fixtures/dkim_rsa_key.pem");
const RSA_PKCS1: &str = include_str!("fixtures/dkim_rsa_pkcs1_key.pem");
const ED25519_KEY: &str = include_str!("fixtures/dkim_ed25519_key.pem");
/// RFC 8463, appendix A.2.
const ED25519_PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn composed(delivery: &Delivery, dkim: Option<&DkimSigner>) -> Result<String, String> {
    let Content::Email(content) = &delivery.content else { panic!() };
    compose(delivery, content, dkim).map(|mail| String::from_utf8(mail.message).unwrap())
}

fn changed(change: impl FnOnce(&mut EmailContent)) -> Delivery {
    let mut delivery = email("m1");
    if let Content::Email(content) = &mut delivery.content {
        change(content);
    }
    delivery
}

#[test]
fn a_message_is_the_same_on_every_attempt() {
    let expect = "\
Date: Tue, 14 Nov 2023 22:13:20 +0000
From: =?utf-8?b?VGnhu4dtIELDoW5oIE3Donk=?= <shop@may.example>
To: =?utf-8?b?Tmd1eeG7hW4gVsSDbiBCw6xuaA==?= <binh@example.vn>
Subject: =?utf-8?b?Q2jDoG8gQsOsbmgs?= quay =?utf-8?b?bOG6oWkgbmjDqQ==?=
Message-ID: <m1@may.example>
List-Unsubscribe: <https://may.example/e/u/t0ken>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: multipart/alternative;
 boundary=\"=_ca0df2c95aa144c1d0ff2ff3c8f967fd\"

--=_ca0df2c95aa144c1d0ff2ff3c8f967fd
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

QsOhbmggbeG7m2kgcmEgbMOyDQouDQouLmjhur90DQo=
--=_ca0df2c95aa144c1d0ff2ff3c8f967fd
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>B=C3=A1nh m=E1=BB=9Bi ra l=C3=B2</p>
--=_ca0df2c95aa144c1d0ff2ff3c8f967fd--
";
    for attempt in [1, 2] {
        let message = composed(&Delivery { attempt, ..email("m1") }, None).unwrap();
        assert_eq!(message, expect.replace('\n', "\r\n"));
    }
    let plain = composed(&changed(|content| content.html = None), None).unwrap();
    assert!(plain.contains("Content-Type: text/plain; charset=utf-8\r\n") && !plain.contains("multipart"));
}

#[test]
fn nothing_gets_in_between_the_lines() {
    let names = |message: &str| -> Vec<String> {
        let (headers, _) = message.split_once("\r\n\r\n").unwrap();
        let lines = headers.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split(':').next().unwrap().to_owned()).collect()
    };
    let usual = names(&composed(&email("m1"), None).unwrap());
    let evil = "x\r\nBcc: spy@example.com\r\n\r\nbody";
    for message in [
        composed(&changed(|content| content.subject = evil.into()), None).unwrap(),
        composed(&changed(|content| content.from.name = evil.into()), None).unwrap(),
        composed(&changed(|content| content.to_name = Some(evil.into())), None).unwrap(),
        composed(&changed(|content| content.to_name = Some("Chào\nBcc: spy@example.com".into())), None)
            .unwrap(),
    ] {
        assert_eq!(names(&message), usual, "{message}");
    }
    let refused: [(&str, Delivery); 12] = [
        ("recipient", Delivery { to: "a@b.vn>\r\nRCPT TO:<c@d.vn".into(), ..email("m1") }),
        ("recipient", Delivery { to: "\"a b\"@b.vn".into(), ..email("m1") }),
        ("recipient", Delivery { to: "a@b.vn, c@d.vn".into(), ..email("m1") }),
        ("recipient", Delivery { to: "nobody".into(), ..email("m1") }),
        ("recipient", Delivery { to: String::new(), ..email("m1") }),
        ("sender", changed(|content| content.from.address = "a@b.vn\r\n".repeat(2))),
        ("return path", changed(|content| content.return_path = Some("<a@b.vn>".into()))),
        ("reply address", changed(|content| content.reply_to = Some("a@b.vn\nBcc: c@d.vn".into()))),
        ("message id", changed(|content| content.message_id = "a>\r\nBcc: c@d.vn".into())),
        ("header", changed(|content| content.headers = vec![("X-A".into(), "a\r\nBcc: c@d.vn".into())])),
        ("header", changed(|content| content.headers = vec![("X-A: b\r\nBcc".into(), "c@d.vn".into())])),
        ("header", changed(|content| content.headers = vec![("bcc".into(), "c@d.vn".into())])),
    ];
    for (expect, delivery) in refused {
        let problem = composed(&delivery, None).unwrap_err();
        assert!(problem.contains(expect), "{expect}: {problem}");
        assert!(!problem.contains('@'), "{problem}");
    }
}

#[test]
fn envelopes_take_domains_in_ascii_and_the_null_sender() {
    let mail = |delivery: &Delivery| {
        let Content::Email(content) = &delivery.content else { panic!() };
        compose(delivery, content, None).unwrap()
    };
    let abroad = mail(&Delivery { to: "binh@bánhmây.vn".into(), ..email("m1") });
    assert_eq!(abroad.recipient, "binh@xn--bnhmy-xqak.vn");
    assert!(!abroad.needs_utf8());
    assert!(mail(&Delivery { to: "bình@example.vn".into(), ..email("m1") }).needs_utf8());
    assert_eq!(mail(&changed(|content| content.return_path = Some(String::new()))).return_path, "");
    assert_eq!(mail(&changed(|content| content.return_path = None)).return_path, "shop@may.example");
    assert_eq!(mail(&email("m1")).recipient, RECIPIENT);
}

/// RFC 6376 once more, by the reader's side and in the plainest way: undo the folding, shrink the white space, take
/// the headers that `h=` names and check both digests.
fn verify(message: &str, verify: impl Fn(&[u8], &[u8]) -> bool) -> Vec<String> {
    let (head, body) = message.split_once("\r\n\r\n").unwrap();
    let shrink = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let headers: Vec<(String, String)> = head
        .replace("\r\n ", " ")
        .replace("\r\n\t", " ")
        .split("\r\n")
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_lowercase(), shrink(value)))
        .collect();
    assert_eq!(headers[0].0, "dkim-signature");
    let signature = &headers[0].1;
    let tag = |name: &str| -> String {
        let found = signature
            .split(';')
            .find_map(|tag| tag.trim().strip_prefix(&format!("{name}=")).map(str::to_owned));
        found.unwrap().replace(' ', "")
    };
    assert_eq!(
        (tag("v"), tag("c"), tag("d"), tag("s")),
        ("1".into(), "relaxed/relaxed".into(), "may.example".into(), "q1".into())
    );
    assert_eq!(tag("t"), "1700000000");

    let lines: Vec<&str> = body.trim_end_matches("\r\n").split("\r\n").collect();
    // No line of these messages has white space that the relaxed form would touch.
    assert!(lines.iter().all(|line| !line.contains("  ") && !line.ends_with(' ') && !line.contains('\t')));
    assert_eq!(tag("bh"), STANDARD.encode(Sha256::digest(lines.join("\r\n") + "\r\n")));

    let names: Vec<String> = tag("h").split(':').map(str::to_owned).collect();
    let mut rest = headers[1..].to_vec();
    let mut signed = String::new();
    for name in &names {
        if let Some(at) = rest.iter().rposition(|(own, _)| own == name) {
            let (name, value) = rest.remove(at);
            signed.push_str(&format!("{name}:{value}\r\n"));
        }
    }
    let (before, _) = signature.rsplit_once("b=").unwrap();
    signed.push_str(&format!("dkim-signature:{before}b="));
    assert!(verify(signed.as_bytes(), &STANDARD.decode(tag("b")).unwrap()));
    assert!(!verify(format!("{signed} ").as_bytes(), &STANDARD.decode(tag("b")).unwrap()));
    names
}

#[test]
fn signatures_hold() {
    let PrivateKeyDer::Pkcs8(key) = PrivateKeyDer::from_pem_slice(RSA.as_bytes()).unwrap() else { panic!() };
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let by_rsa = |signed: &[u8], signature: &[u8]| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key())
            .verify(signed, signature)
            .is_ok()
    };
    let public = STANDARD.decode(ED25519_PUBLIC).unwrap();
    let by_ed25519 = |signed: &[u8], signature: &[u8]| {
        UnparsedPublicKey::new(&ED25519, &public).verify(&Sha256::digest(signed), signature).is_ok()
    };
    for (pem, algorithm) in [(RSA, "rsa-sha256"), (RSA_PKCS1, "rsa-sha256"), (ED25519_KEY, "ed25519-sha256")]
    {
        let signer = DkimSigner::new("may.example", "q1", pem).unwrap();
        for delivery in [email("m1"), changed(|content| content.html = None)] {
            let message = composed(&delivery, Some(&signer)).unwrap();
            assert!(message.contains(&format!("a={algorithm};")));
            assert!(message.split("\r\n").all(|line| line.len() <= 78), "{message}");
            let names = if algorithm == "rsa-sha256" {
                verify(&message, by_rsa)
            } else {
                verify(&message, by_ed25519)
            };
            for name in
                ["from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post"]
            {
                assert!(names.iter().any(|signed| signed == name), "{name} in {names:?}");
            }
            // Once more than it is there: nobody can add another one.
            assert_eq!(names.iter().filter(|name| *name == "from").count(), 2);
        }
        assert!(!format!("{signer:?}").contains("PRIVATE"));
    }
}
