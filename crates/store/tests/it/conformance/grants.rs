//! What providers grant.

use super::{A, B, TEXTS, apply, at, conflicts, duplicates, get, on_stores, put};
use kit::WorkspaceId;
use store::StoreError;
use store::grants::{AuthorisationRow, ChannelTokenRow, ProviderTemplateRow};

pub const METHODS: &[&str] = &[
    "swap_channel_token",
    "insert_authorisation",
    "take_authorisation",
    "expire_authorisations",
    "set_provider_templates",
    "turn_provider_template",
    "channel_token",
    "authorisation",
    "provider_templates",
];

#[test]
fn tokens_are_written_by_whoever_has_read_them_last() {
    on_stores(|store| {
        assert_eq!(get(store, |tx| tx.channel_token(A, "zalo")), None);
        put(store, |c| c.swap_channel_token(A, "zalo", 0, vec![1, 0, 255]));
        duplicates(store, "channel_token_insert", |c| c.swap_channel_token(A, "zalo", 0, vec![2]));
        let held = |version, sealed: &[u8]| Some(ChannelTokenRow { sealed: sealed.to_vec(), version });
        assert_eq!(get(store, |tx| tx.channel_token(A, "zalo")), held(1, &[1, 0, 255]));
        put(store, |c| c.swap_channel_token(A, "zalo", 1, vec![3]));
        conflicts(store, "channel_token_update", |c| c.swap_channel_token(A, "zalo", 1, vec![4]));
        assert_eq!(get(store, |tx| tx.channel_token(A, "zalo")), held(2, &[3]));
        assert_eq!(get(store, |tx| tx.channel_token(B, "zalo")), None);
        assert_eq!(get(store, |tx| tx.channel_token(A, "sms")), None);
        conflicts(store, "channel_token_update", |c| c.swap_channel_token(B, "zalo", 2, vec![5]));
    });
}

/// Many at once, from the same version: one gets through.
#[test]
fn of_many_who_swap_at_once_one_gets_through() {
    on_stores(|store| {
        put(store, |c| c.swap_channel_token(A, "zalo", 0, vec![0]));
        let won: usize = std::thread::scope(|scope| {
            let swaps: Vec<_> = (0..8u8)
                .map(|n| scope.spawn(move || apply(store, |c| c.swap_channel_token(A, "zalo", 1, vec![n]))))
                .collect();
            swaps
                .into_iter()
                .map(|swap| match swap.join().unwrap() {
                    Ok(_) => 1,
                    Err(StoreError::Conflict { .. }) => 0,
                    Err(other) => panic!("{other:?}"),
                })
                .sum()
        });
        assert_eq!(won, 1);
        assert_eq!(get(store, |tx| tx.channel_token(A, "zalo")).unwrap().version, 2);
    });
}

fn row(state: u8, workspace: WorkspaceId, login_id: Option<&str>) -> AuthorisationRow {
    AuthorisationRow {
        state_hash: vec![state; 32],
        workspace,
        channel: "zalo".into(),
        login_id: login_id.map(str::to_owned),
        sealed: vec![9, 0],
        expires_at: at(1_000 * i64::from(state)),
    }
}

#[test]
fn an_authorisation_is_brought_back_once() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_authorisation(row(1, A, Some("login")));
            c.insert_authorisation(row(2, B, None));
        });
        duplicates(store, "channel_authorisation_insert", |c| c.insert_authorisation(row(1, B, None)));
        assert_eq!(get(store, |tx| tx.authorisation(&[1; 32])), Some(row(1, A, Some("login"))));
        assert_eq!(get(store, |tx| tx.authorisation(&[2; 32])), Some(row(2, B, None)));
        put(store, |c| c.take_authorisation(vec![1; 32]));
        conflicts(store, "channel_authorisation_delete", |c| c.take_authorisation(vec![1; 32]));
        assert_eq!(get(store, |tx| tx.authorisation(&[1; 32])), None);
        put(store, |c| c.expire_authorisations(at(2_000)));
        assert!(get(store, |tx| tx.authorisation(&[2; 32])).is_some(), "it ends then");
        put(store, |c| c.expire_authorisations(at(2_001)));
        assert_eq!(get(store, |tx| tx.authorisation(&[2; 32])), None);
    });
}

#[test]
fn templates_are_those_of_the_last_look() {
    on_stores(|store| {
        let template = |id: &str, name: &str| ProviderTemplateRow {
            template_id: id.into(),
            name: name.into(),
            status: "ENABLE".into(),
            doc: TEXTS[3].into(),
            synced_at: at(5),
        };
        put(store, |c| {
            c.set_provider_templates(A, "zalo", vec![template("2", TEXTS[2]), template("1", "")]);
            c.set_provider_templates(B, "zalo", vec![template("1", "b")]);
        });
        let of = |workspace| get(store, |tx| tx.provider_templates(workspace, "zalo"));
        assert_eq!(of(A), [template("1", ""), template("2", TEXTS[2])]);
        put(store, |c| c.turn_provider_template(A, "zalo", "1", "REJECT"));
        // Not the other's of the same number, nor on another channel, nor one that nobody knows.
        put(store, |c| c.turn_provider_template(A, "sms", "2", "REJECT"));
        put(store, |c| c.turn_provider_template(A, "zalo", "9", "REJECT"));
        let rejected = ProviderTemplateRow { status: "REJECT".into(), ..template("1", "") };
        assert_eq!((of(A), of(B)), (vec![rejected, template("2", TEXTS[2])], vec![template("1", "b")]));
        put(store, |c| c.set_provider_templates(A, "zalo", vec![template("3", "c")]));
        assert_eq!((of(A), of(B)), (vec![template("3", "c")], vec![template("1", "b")]));
        put(store, |c| c.set_provider_templates(A, "zalo", vec![]));
        assert_eq!(of(A), []);
    });
}
