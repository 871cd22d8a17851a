//! Workspaces, keys, channels, and answers remembered.

use super::{A, B, TEXTS, at, conflicts, duplicates, get, on_stores, put};
use domain::settings::Settings;
use kit::WorkspaceId;
use store::access::{ChannelRow, KeyRow, RememberedAnswer, Workspace};

pub const METHODS: &[&str] = &[
    "insert_workspace",
    "update_workspace",
    "set_channel",
    "insert_key",
    "revoke_key",
    "key_was_used",
    "key_uses",
    "remember_answer",
    "forget_answers",
    "workspaces",
    "channel",
    "channels",
    "key_by_hash",
    "keys",
    "remembered_answer",
];

fn workspace(id: WorkspaceId, slug: &str, name: &str) -> Workspace {
    Workspace {
        workspace: id,
        slug: slug.into(),
        name: name.into(),
        settings: Settings::default(),
        salt: format!("salt of {slug} 'ạ'"),
        version: 1,
    }
}

#[test]
fn a_workspace_comes_back_as_it_was() {
    on_stores(|store| {
        let mut rows: Vec<_> = TEXTS
            .iter()
            .enumerate()
            .map(|(n, text)| workspace(WorkspaceId(n as i64), &format!("s{n}{text}"), text))
            .collect();
        rows[1].settings.currency = "USD".into();
        rows[1].settings.shop.name = "Cửa hàng \"Ánh\" 🛒".into();
        rows[1].settings.body_retention_days = u32::MAX;
        rows[2].workspace = B;
        put(store, |c| rows.iter().for_each(|row| c.insert_workspace(row, at(0))));
        duplicates(store, "workspace_insert", |c| c.insert_workspace(&workspace(B, "new", ""), at(0)));
        let taken = workspace(WorkspaceId(77), &rows[0].slug, "");
        duplicates(store, "workspace_insert", |c| c.insert_workspace(&taken, at(0)));
        rows.sort_by_key(|row| row.workspace.0);
        assert_eq!(get(store, |tx| tx.workspaces()), rows);
    });
}

#[test]
fn settings_are_stored_over_the_version_that_was_read() {
    on_stores(|store| {
        let (first, other) = (workspace(A, "a", "a"), workspace(B, "b", "b"));
        put(store, |c| {
            c.insert_workspace(&first, at(0));
            c.insert_workspace(&other, at(0));
        });
        let mut changed = Workspace { name: "Tên mới".into(), ..first.clone() };
        changed.settings.language = "en".into();
        put(store, |c| c.update_workspace(&changed));
        let mut expect = vec![Workspace { version: 2, ..changed.clone() }, other];
        assert_eq!(get(store, |tx| tx.workspaces()), expect);
        conflicts(store, "workspace_update", |c| {
            c.touch_configuration();
            c.update_workspace(&changed);
        });
        assert_eq!(get(store, |tx| tx.progress(store::inbox::CONFIGURATION)), None);
        conflicts(store, "workspace_update", |c| c.update_workspace(&workspace(WorkspaceId(9), "", "")));
        assert_eq!(get(store, |tx| tx.workspaces()), expect);
        // The slug and the salt are given once.
        let renamed = Workspace { slug: "z".into(), salt: "z".into(), ..expect[0].clone() };
        put(store, |c| c.update_workspace(&renamed));
        expect[0].version = 3;
        assert_eq!(get(store, |tx| tx.workspaces()), expect);
    });
}

#[test]
fn a_channel_is_set_and_set_again() {
    on_stores(|store| {
        let row = |workspace, channel: &str, sealed: Vec<u8>, enabled| ChannelRow {
            workspace,
            channel: channel.into(),
            sealed,
            enabled,
            updated_at: at(3),
        };
        let rows = [
            row(B, "email", vec![], false),
            row(A, "sms", (0..=255).collect(), true),
            row(A, "email", vec![0], true),
        ];
        put(store, |c| {
            c.set_channel(ChannelRow { updated_at: at(1), ..row(A, "sms", vec![9], false) });
            rows.iter().for_each(|row| c.set_channel(row.clone()));
        });
        for row in &rows {
            assert_eq!(get(store, |tx| tx.channel(row.workspace, &row.channel)).as_ref(), Some(row));
        }
        assert_eq!(get(store, |tx| tx.channel(B, "sms")), None);
        let [there, sms, email] = rows;
        assert_eq!(get(store, |tx| tx.channels()), [email, sms, there]);
    });
}

fn key(key_id: &str, workspace: WorkspaceId, created: i64) -> KeyRow {
    KeyRow {
        key_id: key_id.into(),
        workspace,
        kind: "secret".into(),
        name: "Khoá \"chính\"".into(),
        scopes: String::new(),
        hint: "qk_1".into(),
        created_at: at(created),
        revoked_at: None,
    }
}

#[test]
fn keys_are_found_by_their_hash_and_revoked_once() {
    on_stores(|store| {
        let rows = [key("c", A, 5), key("a", A, 5), key("b", A, 1), key("d", B, 0)];
        put(store, |c| {
            for (n, row) in rows.iter().enumerate() {
                c.insert_key(row.clone(), vec![n as u8; 32]);
            }
        });
        duplicates(store, "key_insert", |c| c.insert_key(key("new", B, 0), vec![0; 32]));
        duplicates(store, "key_insert", |c| c.insert_key(key("a", B, 0), vec![99; 32]));
        let by_hash = |n: u8| get(store, |tx| tx.key_by_hash(&[n; 32]));
        for (n, row) in rows.iter().enumerate() {
            assert_eq!(by_hash(n as u8).as_ref(), Some(row));
        }
        assert_eq!((by_hash(99), get(store, |tx| tx.key_by_hash(&[]))), (None, None));
        let keys = |workspace| get(store, |tx| tx.keys(workspace));
        let [c, a, b, d] = rows.clone();
        assert_eq!(keys(A), [b.clone(), a.clone(), c.clone()], "oldest first, then by id");
        assert_eq!(keys(B), [d]);
        conflicts(store, "key_revoke", |changes| changes.revoke_key(B, "a", at(9)));
        put(store, |changes| changes.revoke_key(A, "a", at(9)));
        conflicts(store, "key_revoke", |changes| changes.revoke_key(A, "a", at(10)));
        conflicts(store, "key_revoke", |changes| changes.revoke_key(A, "none", at(10)));
        let revoked = KeyRow { revoked_at: Some(at(9)), ..a };
        assert_eq!(by_hash(1).as_ref(), Some(&revoked));
        assert_eq!(keys(A), [b, revoked, c]);
    });
}

fn answer(fingerprint: u8, body: &str) -> RememberedAnswer {
    RememberedAnswer { fingerprint: vec![fingerprint; 32], status: 201, body: body.into() }
}

#[test]
fn an_answer_is_remembered_by_workspace_and_key() {
    on_stores(|store| {
        let ask = |workspace, key: &str, after: i64| {
            get(store, |tx| tx.remembered_answer(workspace, key, at(after)))
        };
        for (n, text) in TEXTS.iter().enumerate() {
            let told = RememberedAnswer { status: i64::MAX, ..answer(n as u8, text) };
            put(store, |c| {
                c.remember_answer(A, &format!("k{text}"), told.clone(), at(0));
                c.remember_answer(B, &format!("k{text}"), answer(99, "there"), at(0));
            });
            assert_eq!(ask(A, &format!("k{text}"), -1), Some(told));
            assert_eq!(ask(B, &format!("k{text}"), -1), Some(answer(99, "there")));
        }
        assert_eq!(ask(A, "K", -1), None);
        assert_eq!((ask(A, "k", 0), ask(A, "k", 1)), (None, None), "after the instant, not at it");
    });
}

#[test]
fn a_key_that_was_used_long_ago_is_new_again() {
    on_stores(|store| {
        let ask = |after: i64| get(store, |tx| tx.remembered_answer(A, "k", at(after)));
        put(store, |c| c.remember_answer(A, "k", answer(1, "first"), at(0)));
        // Too old to count, and not swept out yet: what is answered now must be remembered all the same.
        assert_eq!(ask(10), None);
        put(store, |c| {
            c.remember_answer(A, "k", answer(2, "second"), at(20));
            c.forget_answers(at(10));
        });
        assert_eq!(ask(10), Some(answer(2, "second")));
        put(store, |c| c.forget_answers(at(20)));
        assert_eq!(ask(10), Some(answer(2, "second")), "from before the instant, not at it");
        put(store, |c| c.forget_answers(at(21)));
        assert_eq!(ask(10), None);
    });
}

#[test]
fn the_last_use_of_a_key_is_kept() {
    on_stores(|store| {
        put(store, |c| {
            c.key_was_used(A, "one", at(5));
            c.key_was_used(A, "one", at(3));
            c.key_was_used(B, "one", at(9));
        });
        assert_eq!(get(store, |tx| tx.key_uses(A)), [("one".to_owned(), at(5))]);
        assert_eq!(get(store, |tx| tx.key_uses(B)), [("one".to_owned(), at(9))]);
    });
}
