//! Devices that take notifications, messages that wait for a page, and ways to the shop's staff.

use super::{A, B, TEXTS, at, conflicts, get, no, on_stores, put};
use kit::{ProfileNo, Timestamp, WorkspaceId};
use store::Store;
use store::devices::{ContactRow, DeviceRow, OnsiteRow};

pub const METHODS: &[&str] = &[
    "set_device",
    "device_dies",
    "remove_device",
    "insert_onsite",
    "onsite_shown",
    "onsite_closed",
    "expire_onsite",
    "set_contact",
    "delete_contact",
    "device",
    "devices_of",
    "onsite_pending",
    "onsite",
    "contacts",
    "contact",
];

fn device(address: &str, profile: i64, seen: i64) -> DeviceRow {
    DeviceRow {
        address: address.into(),
        profile: no(profile),
        kind: "browser".into(),
        keys: TEXTS[3].into(),
        user_agent: Some(TEXTS[2].into()),
        created_at: at(0),
        last_seen_at: at(seen),
        dead_at: None,
    }
}

fn addresses(store: &Store, workspace: WorkspaceId, profile: i64) -> Vec<String> {
    let found = get(store, |tx| tx.devices_of(&[(workspace, no(profile)), (workspace, no(99))]));
    assert!(found[1].is_empty());
    found[0].iter().map(|row| row.address.clone()).collect()
}

#[test]
fn devices_live_move_and_die() {
    on_stores(|store| {
        put(store, |c| {
            c.set_device(A, device("https://push.example/1", 7, 1));
            c.set_device(A, device("fcm:2", 7, 3));
            c.set_device(A, device("fcm:3", 7, 2));
            c.set_device(A, device("fcm:4", 8, 9));
            c.set_device(B, device("fcm:2", 7, 3));
        });
        assert_eq!(
            addresses(store, A, 7),
            ["fcm:2", "fcm:3", "https://push.example/1"],
            "seen last comes first"
        );
        assert_eq!(get(store, |tx| tx.device(A, "fcm:3")), Some(device("fcm:3", 7, 2)));
        assert_eq!(get(store, |tx| tx.device(B, "fcm:3")), None);
        // Somebody else signs in on it.
        let taken = DeviceRow { user_agent: None, keys: "{}".into(), ..device("fcm:3", 8, 10) };
        put(store, |c| c.set_device(A, taken.clone()));
        assert_eq!(addresses(store, A, 8), ["fcm:3", "fcm:4"]);
        assert_eq!(get(store, |tx| tx.device(A, "fcm:3")), Some(taken));
        put(store, |c| {
            c.device_dies(A, "fcm:2", at(20));
            c.device_dies(A, "fcm:nobody", at(20));
        });
        put(store, |c| c.device_dies(A, "fcm:2", at(30)));
        let dead = get(store, |tx| tx.device(A, "fcm:2")).unwrap();
        assert_eq!(dead.dead_at, Some(at(20)));
        assert_eq!(addresses(store, A, 7), ["https://push.example/1"]);
        assert_eq!(addresses(store, B, 7), ["fcm:2"]);
        put(store, |c| c.set_device(A, dead));
        assert_eq!(addresses(store, A, 7).len(), 2, "who subscribes again lives again");
        put(store, |c| c.remove_device(A, "fcm:2"));
        assert_eq!((addresses(store, A, 7).len(), addresses(store, B, 7).len()), (1, 1));
        // What the device keeps is nobody's business in a log.
        assert!(!format!("{:?}", device("fcm:secret", 1, 1)).contains("secret"));
    });
}

fn waiting(message_no: i64, profile: i64, expires: i64) -> OnsiteRow {
    OnsiteRow {
        message_no,
        message_id: format!("m{message_no}"),
        profile: no(profile),
        purpose: "marketing".into(),
        content: TEXTS[2].into(),
        created_at: at(0),
        expires_at: at(expires),
        shown_at: None,
        closed_at: None,
    }
}

fn pending(store: &Store, workspace: WorkspaceId, profile: i64, now: Timestamp) -> Vec<i64> {
    let found = get(store, |tx| tx.onsite_pending(workspace, ProfileNo(profile), now, 10));
    found.iter().map(|row| row.message_no).collect()
}

#[test]
fn messages_wait_for_a_page_until_they_are_closed_or_too_old() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_onsite(A, waiting(1, 7, 100));
            c.insert_onsite(A, waiting(2, 7, 200));
            c.insert_onsite(A, waiting(3, 8, 200));
            c.insert_onsite(B, waiting(1, 7, 200));
        });
        assert_eq!(pending(store, A, 7, at(50)), [2, 1], "the newest first");
        assert_eq!(pending(store, A, 7, at(100)), [2]);
        assert_eq!(get(store, |tx| tx.onsite_pending(A, no(7), at(50), 1)), [waiting(2, 7, 200)]);
        put(store, |c| c.onsite_shown(A, 2, at(60)));
        put(store, |c| c.onsite_shown(A, 2, at(61)));
        let shown = OnsiteRow { shown_at: Some(at(60)), ..waiting(2, 7, 200) };
        assert_eq!(get(store, |tx| tx.onsite(A, "m2")), Some(shown.clone()));
        assert_eq!(get(store, |tx| tx.onsite(B, "m2")), None);
        assert_eq!(pending(store, A, 7, at(50)), [2, 1], "shown is not closed");
        put(store, |c| c.onsite_closed(A, 2, at(70)));
        put(store, |c| c.onsite_closed(A, 2, at(71)));
        assert_eq!(get(store, |tx| tx.onsite(A, "m2")), Some(OnsiteRow { closed_at: Some(at(70)), ..shown }));
        assert_eq!((pending(store, A, 7, at(50)), pending(store, B, 7, at(50))), (vec![1], vec![1]));
        put(store, |c| c.expire_onsite(A, at(150)));
        assert_eq!(get(store, |tx| tx.onsite(A, "m1")), None);
        assert_eq!(pending(store, A, 8, at(50)), [3]);
        assert_eq!(get(store, |tx| tx.onsite(B, "m1")), Some(waiting(1, 7, 200)));
    });
}

#[test]
fn ways_to_staff_are_kept_by_name() {
    on_stores(|store| {
        let contact = |workspace, name: &str, sealed: &[u8]| ContactRow {
            workspace,
            name: name.into(),
            sealed: sealed.to_vec(),
            updated_at: at(0),
        };
        put(store, |c| {
            c.set_contact(contact(A, "telegram:ops", &[0, 255]));
            c.set_contact(contact(A, "slack:ban", &[1]));
            c.set_contact(contact(B, "telegram:ops", &[2]));
        });
        put(store, |c| c.set_contact(contact(A, "telegram:ops", &[3])));
        assert_eq!(
            get(store, |tx| tx.contacts()),
            [
                contact(A, "slack:ban", &[1]),
                contact(A, "telegram:ops", &[3]),
                contact(B, "telegram:ops", &[2])
            ]
        );
        assert_eq!(get(store, |tx| tx.contact(B, "telegram:ops")), Some(contact(B, "telegram:ops", &[2])));
        assert_eq!(get(store, |tx| tx.contact(B, "slack:ban")), None);
        put(store, |c| c.delete_contact(A, "telegram:ops"));
        conflicts(store, "contact_delete", |c| c.delete_contact(A, "telegram:ops"));
        assert_eq!(get(store, |tx| tx.contacts()).len(), 2);
    });
}
