//! Accounts, what they are where, sessions, invitations, ways to a new password.

use super::{A, B, at, conflicts, duplicates, get, on_stores, put};
use domain::settings::Settings;
use kit::{Timestamp, WorkspaceId};
use store::Store;
use store::access::Workspace;
use store::accounts::{
    AccountIdentity, AccountRow, InvitationRow, LoginRow, Membership, Personal, SecondFactorRow,
};

pub const METHODS: &[&str] = &[
    "insert_account",
    "insert_member",
    "change_role",
    "remove_member",
    "rename_account",
    "set_account_language",
    "begin_second_factor",
    "confirm_second_factor",
    "use_second_factor",
    "delete_second_factor",
    "set_recovery_codes",
    "use_recovery_code",
    "personal",
    "second_factor",
    "second_factors",
    "set_password",
    "insert_login",
    "touch_login",
    "replace_login",
    "move_login",
    "delete_login",
    "end_session",
    "end_other_sessions",
    "insert_invitation",
    "renew_invitation",
    "accept_invitation",
    "revoke_invitation",
    "insert_reset",
    "use_reset",
    "account_of_email",
    "account_by_email",
    "account",
    "accounts",
    "memberships",
    "login",
    "logins",
    "invitation_by_token",
    "invitation",
    "invitations",
    "reset",
];

fn session(login_id: &str, account_id: &str, expires: i64) -> LoginRow {
    LoginRow {
        login_id: login_id.into(),
        account_id: account_id.into(),
        workspace: A,
        created_at: at(0),
        token_at: at(0),
        used_at: at(0),
        expires_at: at(expires),
        replaced: false,
        ip: "113.161.77.0/24".into(),
        agent: "Trình duyệt".into(),
    }
}

fn account(account_id: &str, workspace: WorkspaceId, email: &str) -> AccountRow {
    AccountRow {
        account_id: account_id.into(),
        workspace,
        email: email.into(),
        name: "Nguyễn Thị Ánh".into(),
        role: "owner".into(),
        password_hash: format!("$argon2id$ {account_id}"),
    }
}

fn sign_in(store: &Store, token: u8, account_id: &str, expires: i64, now: i64) {
    let row = session(&format!("s{token}"), account_id, expires);
    put(store, |c| c.insert_login(vec![token; 32], row, at(now)));
}

/// Until when the session of a token lasts, if it is known.
fn signed_in(store: &Store, token: u8) -> Option<Timestamp> {
    get(store, |tx| tx.login(&[token; 32])).map(|login| login.expires_at)
}

#[test]
fn accounts_are_found_by_email_and_id() {
    on_stores(|store| {
        let rows = [
            account("3", A, "c@shop.vn"),
            account("1", A, "a@shop.vn"),
            account("2", B, "ánh@shop.vn"),
            account("4", A, "b@shop.vn"),
        ];
        put(store, |c| {
            for (row, created) in rows.iter().zip([5, 5, 0, 1]) {
                c.insert_account(row.clone(), at(created));
            }
        });
        // One person, one account, whatever the workspace.
        duplicates(store, "account_insert", |c| c.insert_account(account("9", B, "a@shop.vn"), at(0)));
        duplicates(store, "account_insert", |c| c.insert_account(account("1", B, "new@shop.vn"), at(0)));
        for row in &rows {
            assert_eq!(get(store, |tx| tx.account_by_email(&row.email)).as_ref(), Some(row));
            assert_eq!(get(store, |tx| tx.account(row.workspace, &row.account_id)).as_ref(), Some(row));
        }
        assert_eq!(get(store, |tx| tx.account_by_email("none")), None);
        assert_eq!(get(store, |tx| tx.account(A, "none")), None);
        let [c, a, there, b] = rows;
        assert_eq!(get(store, |tx| tx.accounts(A)), [b, a, c], "oldest first, then by address");
        assert_eq!(get(store, |tx| tx.accounts(B)), [there]);
    });
}

#[test]
fn a_new_password_ends_every_session_of_the_account() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_account(account("1", A, "a@shop.vn"), at(0));
            c.insert_account(account("2", A, "b@shop.vn"), at(0));
        });
        for (token, account_id) in [(1, "1"), (2, "1"), (3, "2")] {
            sign_in(store, token, account_id, 100, 0);
        }
        put(store, |c| c.set_password("1", "new $hash".into()));
        assert_eq!([1, 2, 3].map(|token| signed_in(store, token)), [None, None, Some(at(100))]);
        assert_eq!(get(store, |tx| tx.account(A, "1")).unwrap().password_hash, "new $hash");
        assert_eq!(get(store, |tx| tx.account(A, "2")), Some(account("2", A, "b@shop.vn")));
        conflicts(store, "account_password", |c| c.set_password("none", "x".into()));
    });
}

#[test]
fn sessions_are_remembered_by_their_token_until_they_expire() {
    on_stores(|store| {
        sign_in(store, 1, "a", 10, 0);
        sign_in(store, 2, "Ạ", 20, 0);
        let found = get(store, |tx| tx.login(&[2; 32]));
        assert_eq!(found, Some(session("s2", "Ạ", 20)));
        duplicates(store, "login_insert", |c| {
            c.insert_login(vec![1; 32], session("s9", "b", 99), at(0));
        });
        // The next one to sign in sweeps out what has expired.
        sign_in(store, 3, "a", 30, 10);
        assert_eq!(
            [1, 2, 3].map(|token| signed_in(store, token)),
            [Some(at(10)), Some(at(20)), Some(at(30))]
        );
        sign_in(store, 4, "a", 40, 11);
        assert_eq!([1, 2].map(|token| signed_in(store, token)), [None, Some(at(20))]);
        put(store, |c| c.delete_login(vec![2; 32]));
        put(store, |c| c.delete_login(vec![2; 32]));
        assert_eq!([2, 3].map(|token| signed_in(store, token)), [None, Some(at(30))]);
        assert_eq!(get(store, |tx| tx.login(&[])), None);
    });
}

fn with_workspaces(store: &Store) {
    put(store, |c| {
        for (id, slug) in [(A, "a"), (B, "b")] {
            let row = Workspace {
                workspace: id,
                slug: slug.into(),
                name: slug.to_uppercase(),
                settings: Settings::default(),
                salt: "salt".into(),
                version: 1,
            };
            c.insert_workspace(&row, at(0));
        }
    });
}

fn role_in(store: &Store, workspace: WorkspaceId, account_id: &str) -> Option<String> {
    get(store, |tx| tx.account(workspace, account_id)).map(|row| row.role)
}

#[test]
fn the_last_owner_stays() {
    on_stores(|store| {
        put(store, |c| c.insert_account(account("1", A, "a@shop.vn"), at(0)));
        let analyst = AccountRow { role: "analyst".into(), ..account("2", A, "b@shop.vn") };
        put(store, |c| c.insert_account(analyst, at(1)));
        // An owner of another workspace is none here.
        put(store, |c| c.insert_account(account("3", B, "c@shop.vn"), at(1)));
        conflicts(store, "member_role", |c| c.change_role(A, "1", "owner", "admin"));
        conflicts(store, "member_delete", |c| c.remove_member(A, "1"));
        conflicts(store, "member_role", |c| c.change_role(A, "2", "support", "owner"));
        put(store, |c| c.change_role(A, "2", "analyst", "owner"));
        put(store, |c| c.change_role(A, "1", "owner", "admin"));
        conflicts(store, "member_delete", |c| c.remove_member(A, "2"));
        put(store, |c| c.remove_member(A, "1"));
        assert_eq!(role_in(store, A, "1"), None);
        assert_eq!(role_in(store, A, "2").as_deref(), Some("owner"));
        assert_eq!(get(store, |tx| tx.account_of_email("a@shop.vn")), None, "nobody is left without a place");
        conflicts(store, "member_delete", |c| c.remove_member(A, "1"));
    });
}

#[test]
fn one_account_works_in_several_workspaces() {
    on_stores(|store| {
        with_workspaces(store);
        put(store, |c| {
            c.insert_account(account("1", A, "a@shop.vn"), at(0));
            c.insert_account(account("2", A, "b@shop.vn"), at(0));
            c.insert_account(account("3", B, "c@shop.vn"), at(0));
            c.insert_member(B, "1", "support", at(5));
            c.rename_account("1", "Tên mới");
        });
        duplicates(store, "member_insert", |c| c.insert_member(B, "1", "owner", at(6)));
        conflicts(store, "account_rename", |c| c.rename_account("9", "x"));
        let place = |workspace, slug: &str, role: &str| Membership {
            workspace,
            slug: slug.into(),
            name: slug.to_uppercase(),
            role: role.into(),
        };
        let expect = [place(A, "a", "owner"), place(B, "b", "support")];
        assert_eq!(get(store, |tx| tx.memberships("1")), expect);
        assert_eq!(get(store, |tx| tx.memberships("9")), []);
        let first = get(store, |tx| tx.account_by_email("a@shop.vn")).unwrap();
        assert_eq!((first.workspace, first.name.as_str()), (A, "Tên mới"));
        let who = AccountIdentity {
            account_id: "1".into(),
            email: "a@shop.vn".into(),
            name: "Tên mới".into(),
            password_hash: "$argon2id$ 1".into(),
        };
        assert_eq!(get(store, |tx| tx.account_of_email("a@shop.vn")), Some(who));
        sign_in(store, 1, "1", 100, 0);
        sign_in(store, 2, "1", 100, 0);
        put(store, |c| c.move_login(vec![2; 32], B));
        put(store, |c| c.remove_member(A, "1"));
        assert_eq!((signed_in(store, 1), signed_in(store, 2)), (None, Some(at(100))));
        assert!(get(store, |tx| tx.account_of_email("a@shop.vn")).is_some(), "there is another place");
    });
}

#[test]
fn a_session_outlives_its_token() {
    on_stores(|store| {
        sign_in(store, 1, "a", 100, 0);
        sign_in(store, 2, "a", 100, 0);
        sign_in(store, 3, "b", 100, 0);
        put(store, |c| c.touch_login(vec![1; 32], at(7), "1.2.3.0/24"));
        let touched = get(store, |tx| tx.login(&[1; 32])).unwrap();
        assert_eq!((touched.used_at, touched.ip.as_str()), (at(7), "1.2.3.0/24"));
        put(store, |c| {
            c.replace_login(vec![1; 32], at(20));
            c.insert_login(vec![9; 32], LoginRow { token_at: at(10), ..touched.clone() }, at(10));
        });
        conflicts(store, "login_replace", |c| c.replace_login(vec![1; 32], at(90)));
        let old = get(store, |tx| tx.login(&[1; 32])).unwrap();
        assert_eq!((old.replaced, old.expires_at), (true, at(20)));
        let ids = |account: &str| {
            get(store, |tx| tx.logins(account)).into_iter().map(|row| row.login_id).collect::<Vec<_>>()
        };
        assert_eq!(ids("a"), ["s1", "s2"], "the old token is no session of its own");
        put(store, |c| c.end_session("b", "s1"));
        assert_eq!(ids("a"), ["s1", "s2"]);
        put(store, |c| c.end_session("a", "s1"));
        assert_eq!([1, 2, 9].map(|token| signed_in(store, token).is_some()), [false, true, false]);
        sign_in(store, 4, "a", 100, 0);
        put(store, |c| c.end_other_sessions("a", "s4"));
        assert_eq!((ids("a"), ids("b")), (vec!["s4".to_owned()], vec!["s3".to_owned()]));
    });
}

fn invitation(n: i64) -> InvitationRow {
    InvitationRow {
        workspace: A,
        invitation_id: format!("i{n}"),
        email: "mới@shop.vn".into(),
        role: "support".into(),
        invited_by: "account:1".into(),
        created_at: at(n),
        expires_at: at(100),
        accepted_at: None,
        revoked_at: None,
    }
}

#[test]
fn an_invitation_is_taken_up_once() {
    on_stores(|store| {
        put(store, |c| {
            for n in 1..=4 {
                c.insert_invitation(&invitation(n), vec![n as u8; 32]);
            }
        });
        duplicates(store, "invitation_insert", |c| c.insert_invitation(&invitation(1), vec![77; 32]));
        let by_token = |token: u8| get(store, |tx| tx.invitation_by_token(&[token; 32]));
        assert_eq!(by_token(1), Some(invitation(1)));
        assert_eq!(by_token(9), None);
        conflicts(store, "invitation_accept", |c| c.accept_invitation(B, "i1", at(9)));
        put(store, |c| c.accept_invitation(A, "i1", at(9)));
        conflicts(store, "invitation_accept", |c| c.accept_invitation(A, "i1", at(10)));
        conflicts(store, "invitation_revoke", |c| c.revoke_invitation(A, "i1", at(10)));
        put(store, |c| c.revoke_invitation(A, "i2", at(9)));
        conflicts(store, "invitation_accept", |c| c.accept_invitation(A, "i2", at(10)));
        conflicts(store, "invitation_renew", |c| c.renew_invitation(A, "i2", vec![20; 32], at(200)));
        conflicts(store, "invitation_accept", |c| c.accept_invitation(A, "i3", at(100)));
        put(store, |c| c.renew_invitation(A, "i3", vec![30; 32], at(200)));
        assert_eq!((by_token(3), by_token(30).map(|row| row.expires_at)), (None, Some(at(200))));
        put(store, |c| c.accept_invitation(A, "i3", at(100)));
        let found = get(store, |tx| tx.invitations(A));
        let ids: Vec<&str> = found.iter().map(|row| row.invitation_id.as_str()).collect();
        assert_eq!(ids, ["i4", "i3", "i2", "i1"]);
        assert_eq!(get(store, |tx| tx.invitations(B)), []);
        assert_eq!(get(store, |tx| tx.invitation(A, "i2")).unwrap().revoked_at, Some(at(9)));
        assert_eq!(get(store, |tx| tx.invitation(B, "i2")), None);
    });
}

#[test]
fn a_way_to_a_new_password_works_once() {
    on_stores(|store| {
        let reset = |token: u8| get(store, |tx| tx.reset(&[token; 32]));
        put(store, |c| c.insert_account(account("1", A, "a@shop.vn"), at(0)));
        put(store, |c| c.insert_reset(vec![1; 32], "1", at(0), at(10)));
        put(store, |c| c.insert_reset(vec![2; 32], "1", at(1), at(11)));
        assert_eq!((reset(1), reset(2)), (None, Some(("1".into(), at(11)))), "the later one counts");
        put(store, |c| {
            c.use_reset(vec![2; 32]);
            c.set_password("1", "new".into());
        });
        conflicts(store, "reset_use", |c| c.use_reset(vec![2; 32]));
        put(store, |c| c.insert_reset(vec![3; 32], "1", at(1), at(11)));
        put(store, |c| c.insert_reset(vec![4; 32], "2", at(12), at(20)));
        assert_eq!(reset(3), None, "swept out");
    });
}

#[test]
fn a_second_factor_holds_once_it_was_shown_and_each_code_works_once() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_account(account("1", A, "a@shop.vn"), at(0));
            c.insert_account(account("2", A, "b@shop.vn"), at(0));
            c.insert_member(B, "1", "owner", at(1));
        });
        let factor = |id: &str| get(store, |tx| tx.second_factor(id));
        let of = |id: &str| get(store, |tx| tx.personal(id));
        let bare = Personal {
            language: String::new(),
            created_at: at(0),
            second_factor_since: None,
            recovery_codes: 0,
        };
        assert_eq!((factor("1"), of("1"), of("9")), (None, Some(bare.clone()), None));
        put(store, |c| c.begin_second_factor("1", vec![1, 2], at(5)));
        put(store, |c| c.begin_second_factor("1", vec![3], at(6)));
        let begun = SecondFactorRow { sealed: vec![3], begun_at: at(6), confirmed_at: None, last_step: 0 };
        assert_eq!(factor("1"), Some(begun.clone()));
        conflicts(store, "second_factor_use", |c| c.use_second_factor("1", 7));
        assert_eq!(get(store, |tx| tx.second_factors(A)), Vec::<String>::new());
        put(store, |c| {
            c.confirm_second_factor("1", 10, at(7));
            c.set_recovery_codes("1", vec![vec![1; 32], vec![2; 32]]);
            c.set_account_language("1", "en");
        });
        let confirmed = SecondFactorRow { confirmed_at: Some(at(7)), last_step: 10, ..begun };
        assert_eq!(factor("1"), Some(confirmed));
        let full = Personal {
            language: "en".into(),
            second_factor_since: Some(at(7)),
            recovery_codes: 2,
            ..bare.clone()
        };
        assert_eq!(of("1"), Some(full));
        conflicts(store, "account_language", |c| c.set_account_language("9", "vi"));
        conflicts(store, "second_factor_begin", |c| c.begin_second_factor("1", vec![9], at(8)));
        conflicts(store, "second_factor_confirm", |c| c.confirm_second_factor("1", 11, at(8)));
        conflicts(store, "second_factor_confirm", |c| c.confirm_second_factor("2", 11, at(8)));
        for used in [9, 10] {
            conflicts(store, "second_factor_use", |c| c.use_second_factor("1", used));
        }
        put(store, |c| c.use_second_factor("1", 12));
        conflicts(store, "second_factor_use", |c| c.use_second_factor("1", 12));
        conflicts(store, "second_factor_use", |c| c.use_second_factor("2", 12));
        conflicts(store, "recovery_use", |c| c.use_recovery_code("2", vec![1; 32]));
        put(store, |c| c.use_recovery_code("1", vec![1; 32]));
        conflicts(store, "recovery_use", |c| c.use_recovery_code("1", vec![1; 32]));
        for workspace in [A, B] {
            assert_eq!(get(store, |tx| tx.second_factors(workspace)), ["1"]);
        }
        // Somebody who is left without any place leaves nothing behind; who has another place keeps it.
        put(store, |c| c.set_recovery_codes("1", vec![vec![4; 32]]));
        put(store, |c| c.remove_member(A, "1"));
        assert!(factor("1").is_some());
        put(store, |c| {
            c.insert_member(B, "2", "owner", at(2));
            c.begin_second_factor("2", vec![5], at(9));
            c.delete_second_factor("2");
        });
        assert_eq!((factor("2"), of("2")), (None, Some(bare)));
        put(store, |c| c.remove_member(B, "1"));
        assert_eq!((factor("1"), of("1")), (None, None));
        conflicts(store, "recovery_use", |c| c.use_recovery_code("1", vec![4; 32]));
    });
}
