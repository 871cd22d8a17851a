//! The audit log.

use super::{A, B, TEXTS, at, get, on_stores, pages, put};
use kit::Timestamp;
use store::Store;
use store::audit::{AuditEntry, AuditFilter, AuditRow};

pub const METHODS: &[&str] = &["log_audit", "expire_audit", "audit_page", "old_audit_count"];

fn entry(n: i64) -> AuditEntry {
    AuditEntry {
        at: at(n),
        actor: format!("account:{}", n % 2),
        role: "owner".into(),
        action: if n % 3 == 0 { "sign_in".into() } else { "PATCH /settings".into() },
        object: format!("profiles/{}", n % 4),
        detail: format!("{{\"text\":{:?}}}", TEXTS[(n as usize) % TEXTS.len()]),
        ip: "113.161.77.0/24".into(),
    }
}

fn all() -> AuditFilter {
    AuditFilter {
        before: i64::MAX,
        from: Timestamp::MIN,
        to: Timestamp::MAX,
        action: String::new(),
        kind: String::new(),
        actor: None,
        object: None,
    }
}

fn found(store: &Store, filter: &AuditFilter) -> Vec<AuditEntry> {
    get(store, |tx| tx.audit_page(A, filter, 100)).into_iter().map(|row| row.entry).collect()
}

#[test]
fn entries_come_newest_first_and_by_filter() {
    on_stores(|store| {
        for n in 0..12 {
            put(store, |c| {
                c.log_audit(A, entry(n));
                c.log_audit(B, AuditEntry { actor: "key:other".into(), ..entry(n) });
            });
        }
        let newest: Vec<AuditEntry> = (0..12).rev().map(entry).collect();
        assert_eq!(found(store, &all()), newest);
        let of = |keep: &dyn Fn(&AuditEntry) -> bool| {
            newest.iter().filter(|e| keep(e)).cloned().collect::<Vec<_>>()
        };
        let filter = AuditFilter { actor: Some("account:1".into()), ..all() };
        assert_eq!(found(store, &filter), of(&|e| e.actor == "account:1"));
        let filter = AuditFilter { object: Some("profiles/3".into()), ..all() };
        assert_eq!(found(store, &filter), of(&|e| e.object == "profiles/3"));
        let filter = AuditFilter { action: "sign_in".into(), from: at(3), to: at(9), ..all() };
        assert_eq!(found(store, &filter), of(&|e| e.action == "sign_in" && e.at >= at(3) && e.at < at(9)));
        for (kind, expect) in [("profiles", 12), ("profiles/3", 3), ("profile", 0), ("settings", 0)] {
            let filter = AuditFilter { kind: kind.into(), ..all() };
            assert_eq!(found(store, &filter).len(), expect, "{kind}");
            let of_one = AuditFilter { actor: Some("account:1".into()), ..filter };
            assert!(found(store, &of_one).len() <= expect);
        }
        let whole = get(store, |tx| tx.audit_page(A, &all(), 100));
        pages(&whole, |last: Option<&AuditRow>, limit| {
            let before = last.map_or(i64::MAX, |row| row.audit_no);
            get(store, |tx| tx.audit_page(A, &AuditFilter { before, ..all() }, limit))
        });
    });
}

#[test]
fn the_oldest_go_a_slice_at_a_time() {
    on_stores(|store| {
        put(store, |c| {
            for n in 0..6 {
                c.log_audit(A, entry(n));
                c.log_audit(B, entry(n));
            }
        });
        let old = |workspace| get(store, |tx| tx.old_audit_count(workspace, at(4)));
        assert_eq!(old(A), 4);
        put(store, |c| c.expire_audit(A, at(4), 3));
        assert_eq!((old(A), old(B)), (1, 4));
        put(store, |c| c.expire_audit(A, at(4), 3));
        assert_eq!(found(store, &all()), [entry(5), entry(4)]);
    });
}
