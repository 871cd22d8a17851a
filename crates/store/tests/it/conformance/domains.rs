//! Sending domains.

use super::{A, B, TEXTS, at, conflicts, duplicates, get, on_stores, put};
use kit::WorkspaceId;
use store::domains::SendingDomainRow;

pub const METHODS: &[&str] =
    &["insert_domain", "update_domain", "delete_domain", "domain_checked", "domains", "domain"];

fn row(workspace: WorkspaceId, domain: &str) -> SendingDomainRow {
    SendingDomainRow {
        workspace,
        domain: domain.into(),
        selector: "quaylai".into(),
        sealed: vec![0, 1, 255],
        doc: TEXTS[3].into(),
        created_at: at(0),
        checked_at: None,
        found: "[]".into(),
    }
}

#[test]
fn a_domain_is_kept_with_its_key_and_what_was_found() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_domain(row(A, "mail.shop.vn"));
            c.insert_domain(row(A, "shop.vn"));
            c.insert_domain(row(B, "shop.vn"));
        });
        duplicates(store, "domain_insert", |c| c.insert_domain(row(A, "shop.vn")));
        assert_eq!(
            get(store, |tx| tx.domains()),
            [row(A, "mail.shop.vn"), row(A, "shop.vn"), row(B, "shop.vn")]
        );
        put(store, |c| c.domain_checked(A, "shop.vn", at(5), "[1]".into()));
        let checked = SendingDomainRow { checked_at: Some(at(5)), found: "[1]".into(), ..row(A, "shop.vn") };
        assert_eq!(get(store, |tx| tx.domain(A, "shop.vn")), Some(checked));
        assert_eq!(get(store, |tx| tx.domain(B, "shop.vn")), Some(row(B, "shop.vn")));
        let other = SendingDomainRow { selector: "s2".into(), sealed: vec![9], ..row(A, "shop.vn") };
        put(store, |c| c.update_domain(other.clone()));
        assert_eq!(get(store, |tx| tx.domain(A, "shop.vn")), Some(other), "what was found counts no more");
        conflicts(store, "domain_update", |c| c.update_domain(row(B, "mail.shop.vn")));
        put(store, |c| c.delete_domain(A, "shop.vn"));
        conflicts(store, "domain_delete", |c| c.delete_domain(A, "shop.vn"));
        assert_eq!(get(store, |tx| tx.domains()), [row(A, "mail.shop.vn"), row(B, "shop.vn")]);
    });
}
