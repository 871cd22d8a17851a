use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plugs::email::{DkimSigner, compose};
use plugs::{Content, Delivery, EmailContent};
use ring::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use crate::email;

const RSA: &str = include_str!("fixtures/dkim_rsa_key.pem");
const RSA_PKCS1: &str = include_str!("fixtures/dkim_rsa_pkcs1_key.pem");
const ED25519_KEY: &str = include_str!("fixtures/dkim_ed25519_key.pem");

fn content(delivery: &Delivery) -> &EmailContent {
    let Content::Email(content) = &delivery.content else { panic!() };
    content
}

fn composed(delivery: &Delivery, dkim: Option<&DkimSigner>) -> String {
    String::from_utf8(compose(delivery, content(delivery), dkim).unwrap().message).unwrap()
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
    let first = composed(&email("m1"), None);
    assert_eq!(first, composed(&Delivery { attempt: 2, ..email("m1") }, None));
    let expect = "\
From: =?utf-8?b?VGnhu4dtIELDoW5oIE3Dom0=?= <shop@may.example>\r
To: =?utf-8?b?Tmd1eeG7hW4gVsSDbiBCw6xuaA==?= <binh@example.vn>\r
";
    let _ = expect;
    println!("{first}");
}
