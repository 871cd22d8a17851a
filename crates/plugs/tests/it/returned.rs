//! Mail that comes back, in the forms of the servers that send it.

use plugs::email::returned::{Kind, MAIL_BYTES_MAX, read};
use plugs::{RejectClass, Told};

const TOKEN: &str = "abcdefghijklmnopqrst";

macro_rules! mail {
    ($name:literal) => {
        include_bytes!(concat!("fixtures/returned/", $name, ".eml")).as_slice()
    };
}

#[test]
fn mail_that_comes_back_is_understood() {
    use Kind::*;
    let failed = |class| Some(Told::Failed { class });
    type Case = (&'static str, &'static [u8], Kind, Option<Told>, bool, Option<u32>);
    let table: [Case; 10] = [
        // (name, the mail, its kind, what it tells, whether a token names the message, the number in its Message-ID)
        ("gmail", mail!("gmail"), Report, failed(RejectClass::HardBounce), true, Some(0)),
        ("exchange", mail!("exchange"), Report, Some(Told::SoftBounced), false, Some(1)),
        ("exim", mail!("exim"), Report, failed(RejectClass::HardBounce), true, Some(2)),
        ("qmail", mail!("qmail"), OldReport, Some(Told::SoftBounced), true, Some(3)),
        ("delayed", mail!("delayed"), Report, Some(Told::Delayed), true, None),
        ("group", mail!("group"), Report, Some(Told::Delivered), true, None),
        ("policy", mail!("policy"), Report, failed(RejectClass::Policy), true, None),
        ("arf", mail!("arf"), Complaint, Some(Told::Complained), true, Some(4)),
        ("vacation", mail!("vacation"), Automatic, None, false, None),
        (
            "reply",
            mail!("reply"),
            Reply,
            Some(Told::Said { text: "Dừng lại giúp mình".into() }),
            false,
            Some(6),
        ),
    ];
    for (name, raw, kind, told, has_token, id) in table {
        let mail = read(raw, &[]);
        assert_eq!(mail.kind, kind, "{name}");
        assert!(mail.told == told, "{name}: {:?}", mail.told);
        assert_eq!(mail.tokens, if has_token { vec![TOKEN.to_owned()] } else { vec![] }, "{name}");
        let ids: Vec<String> =
            id.iter().map(|number| format!("01JD000000000000000000000{number}@may.example")).collect();
        assert_eq!(mail.message_ids, ids, "{name}");
        assert!(!mail.detail.contains('@') && mail.detail.chars().count() <= 301, "{name}: {}", mail.detail);
        assert_eq!(mail.receipt("m1").is_some(), mail.told.is_some(), "{name}");
    }
    assert!(read(mail!("gmail"), &[]).detail.starts_with("5.1.1 550-5.1.1 The email account"));
    assert!(read(mail!("policy"), &[]).detail.contains("5.7.515"));
}

#[test]
fn an_address_of_the_envelope_names_the_message() {
    let to = vec![format!("Bounce+{}@may.example", TOKEN.to_uppercase())];
    assert_eq!(read(mail!("exchange"), &to).tokens, [TOKEN]);
    // An address that anybody can write is none of ours without a token.
    assert_eq!(read(mail!("reply"), &["shop@may.example".into()]).tokens, Vec::<String>::new());
}

#[test]
fn the_same_mail_has_the_same_name() {
    assert_eq!(read(mail!("gmail"), &[]).id, read(mail!("gmail"), &[]).id);
    assert_ne!(read(mail!("gmail"), &[]).id, read(mail!("exim"), &[]).id);
}

#[test]
fn complaints_of_other_kinds_are_told_apart() {
    let arf = String::from_utf8(mail!("arf").to_vec()).unwrap();
    let check = |kind: &str, expect: Option<Told>| {
        let mail = read(arf.replace("Type: abuse", &format!("Type: {kind}")).as_bytes(), &[]);
        assert!(mail.kind == Kind::Complaint && mail.told == expect, "{kind}");
    };
    check("fraud", Some(Told::Complained));
    check("opt-out", Some(Told::Stopped));
    check("not-spam", None);
    check("auth-failure", None);
}

#[test]
fn whatever_comes_it_is_read_within_limits() {
    for raw in [mail!("gmail"), mail!("arf"), mail!("qmail"), mail!("exchange")] {
        for length in (0..raw.len()).step_by(7) {
            let _ = read(&raw[..length], &[]);
        }
    }
    let huge = [mail!("gmail"), &vec![b'x'; 3 * MAIL_BYTES_MAX]].concat();
    assert!(read(&huge, &[]).told == read(mail!("gmail"), &[]).told);
    // Messages within messages, parts within parts.
    let mut nested = String::from("From: a@b.vn\r\n\r\nx");
    for depth in 0..200 {
        nested = format!(
            "From: a@b.vn\r\nContent-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\nContent-Type: message/rfc822\r\n\r\n{nested}\r\n--b{depth}--\r\n"
        );
    }
    let _ = read(nested.as_bytes(), &[]);
    let _ = read(b"\0\xff\xfe\r\n\r\n", &[]);
}
