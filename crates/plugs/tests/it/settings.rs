use plugs::channels::smtp::{DkimConfig, Security, SmtpConfig};
use plugs::{ChannelConfig, Egress, Secret, Surroundings, build};
use serde_json::{Value, json};

const PASSWORD: &str = "mật khẩu bí mật";
const DKIM_KEY: &str = include_str!("fixtures/dkim_ed25519_key.pem");

fn config(value: Value) -> ChannelConfig {
    serde_json::from_value(value).unwrap()
}

fn smtp() -> Value {
    json!({
        "provider": "smtp", "host": "relay.example", "port": 587, "security": "starttls",
        "username": "may", "password": PASSWORD,
        "dkim": {"domain": "may.example", "selector": "q1", "private_key_pem": DKIM_KEY},
    })
}

fn with(mut value: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, new) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let object = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match new {
            Value::Null => drop(object.remove(name.to_owned().as_str())),
            new => drop(object.insert(name.to_owned(), new.clone())),
        }
    }
    value
}

fn stored_password(config: &ChannelConfig) -> Option<&str> {
    let ChannelConfig::Smtp(smtp) = config else { panic!() };
    smtp.password.as_ref().map(Secret::expose)
}

#[test]
fn settings_keep_their_form() {
    for value in [
        smtp(),
        json!({"provider": "webhook", "secret": "khoa-bi-mat-cua-tiem"}),
        json!({"provider": "file", "folder": "mail/out"}),
        json!({"provider": "memory"}),
        json!({"provider": "blackhole"}),
    ] {
        let read = config(value.clone());
        assert_eq!(read.validate(), []);
        assert_eq!(Value::from(read.provider()), value["provider"]);
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(config(written), read);
    }
    for bad in
        [json!({"provider": "pigeon"}), with(smtp(), &[("/pasword", "typo".into())]), json!({"host": "x"})]
    {
        assert!(serde_json::from_value::<ChannelConfig>(bad).is_err());
    }
}

#[test]
fn secrets_stay_inside() {
    let config = config(smtp());
    let shown = serde_json::to_string(&config.redacted()).unwrap();
    let key_line = DKIM_KEY.lines().nth(2).unwrap();
    for text in [shown.as_str(), &format!("{config:?}"), &format!("{:#?}", config.redacted())] {
        assert!(!text.contains(PASSWORD) && !text.contains(key_line), "{text}");
    }
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&shown["password"], &shown["dkim"]["private_key_pem"]), (&json!("***"), &json!("***")));
    // What was never set is not shown as set.
    let none = ChannelConfig::Smtp(SmtpConfig::new("relay.example", 25, Security::None)).redacted();
    assert!(serde_json::to_value(none).unwrap().get("password").is_none());
    assert_eq!(Secret::new("x").to_string(), "***");
}

#[test]
fn an_update_keeps_the_secrets_it_leaves_out() {
    let stored = config(smtp());
    let check = |changes: &[(&str, Value)], expect: Option<&str>| {
        let update = config(with(smtp(), changes)).merged(&stored);
        assert_eq!(stored_password(&update), expect, "{changes:?}");
    };
    check(&[("/password", Value::Null)], Some(PASSWORD));
    check(&[("/password", "***".into())], Some(PASSWORD));
    check(&[("/password", Value::Null), ("/port", 465.into()), ("/security", "tls".into())], Some(PASSWORD));
    check(&[("/password", "new".into())], Some("new"));
    check(&[("/password", "".into())], None);
    // It must not go to anybody else, nor become readable on the way.
    for change in [
        ("/host", json!("other.example")),
        ("/username", json!("other")),
        ("/security", json!("none")),
        ("/allow_invalid_certificates", json!(true)),
        ("/ca_certificates_pem", json!("-----BEGIN CERTIFICATE-----")),
    ] {
        check(&[("/password", Value::Null), change.clone()], None);
        check(&[("/password", "***".into()), change], None);
    }
    let shown_and_sent_back = config(serde_json::to_value(stored.redacted()).unwrap()).merged(&stored);
    assert_eq!(shown_and_sent_back, stored);
    let other_domain =
        with(smtp(), &[("/dkim/private_key_pem", Value::Null), ("/dkim/domain", "b.example".into())]);
    assert_eq!(config(other_domain).merged(&stored).validate()[0].field, "dkim.private_key_pem");
    let webhook = config(json!({"provider": "webhook", "secret": "khoa-bi-mat-cua-tiem"}));
    assert_eq!(config(json!({"provider": "webhook"})).merged(&webhook), webhook);
}

#[test]
fn problems_are_named_by_field() {
    let check = |changes: &[(&str, Value)], expect: &[&str]| {
        let config = config(with(smtp(), changes));
        let problems = config.validate();
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, expect, "{changes:?} {problems:?}");
        assert!(problems.iter().all(|problem| !problem.message.contains(PASSWORD)));
        assert_eq!(build(&config, &Surroundings::bare(&Egress::default())).is_err(), !expect.is_empty());
    };
    check(&[], &[]);
    for host in ["", "relay.example:25", "smtp://relay", "a b", "a\r\nb", "-".repeat(300).as_str()] {
        check(&[("/host", host.into())], &["host"]);
    }
    check(&[("/port", 0.into())], &["port"]);
    check(&[("/password", Value::Null)], &["password"]);
    check(&[("/password", "***".into())], &["password"]);
    check(&[("/username", Value::Null)], &["username"]);
    check(&[("/security", "none".into())], &["security"]);
    check(&[("/hello_name", "a\r\nMAIL".into())], &["hello_name"]);
    check(&[("/pool_max", 0.into()), ("/idle_ms", 0.into())], &["pool_max", "idle_ms"]);
    check(&[("/timeouts", json!({"reply_ms": 0}))], &["timeouts.reply_ms"]);
    check(&[("/ca_certificates_pem", "nothing".into())], &["ca_certificates_pem"]);
    check(&[("/dkim/private_key_pem", "nothing".into())], &["dkim.private_key_pem"]);
    check(&[("/dkim/domain", "a b".into())], &["dkim.domain"]);
    for (value, field) in [
        (json!({"provider": "webhook", "secret": "short"}), "secret"),
        (json!({"provider": "webhook", "timeout_ms": 0}), "timeout_ms"),
        (json!({"provider": "webhook", "concurrency": 0}), "concurrency"),
        (json!({"provider": "memory", "kept_max": 0}), "kept_max"),
        (json!({"provider": "file", "folder": ""}), "folder"),
        (json!({"provider": "file", "folder": "/etc"}), "folder"),
        (json!({"provider": "file", "folder": "a/../../b"}), "folder"),
    ] {
        assert_eq!(config(value.clone()).validate()[0].field, field, "{value}");
    }
    // A relay without encryption may get a password when it can only be near.
    for host in ["localhost", "mailpit", "10.0.0.5", "[::1]"] {
        let near = config(with(smtp(), &[("/security", "none".into()), ("/host", host.into())]));
        assert_eq!(near.validate(), [], "{host}");
    }
}

#[test]
fn a_dkim_key_is_not_printed() {
    let dkim = DkimConfig {
        domain: "may.example".into(),
        selector: "q1".into(),
        private_key_pem: Some(Secret::new(DKIM_KEY)),
    };
    assert_eq!(
        format!("{dkim:?}"),
        r#"DkimConfig { domain: "may.example", selector: "q1", private_key_pem: Some(***) }"#
    );
}
