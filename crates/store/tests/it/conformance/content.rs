//! Drafts and versions of templates, and the library of pictures.

use super::{A, B, TEXTS, at, conflicts, duplicates, get, on_stores, pages, put};
use store::content::{MediaRow, TemplateDraftRow, TemplateVersionRow};
use store::messages::TemplateRow;

pub const METHODS: &[&str] = &[
    "delete_template",
    "set_template_draft",
    "delete_template_draft",
    "insert_media",
    "update_media",
    "delete_media",
    "template_versions",
    "template_draft",
    "template_drafts",
    "media",
    "media_page",
    "media_total",
    "media_content",
];

fn template(template_id: &str) -> TemplateRow {
    TemplateRow {
        template_id: template_id.into(),
        name: "Chào".into(),
        channel: "email".into(),
        version: 1,
        created_at: at(0),
        updated_at: at(0),
        source: "{\"v\":1}".into(),
    }
}

fn picture(media_id: &str, name: &str) -> MediaRow {
    MediaRow {
        media_id: media_id.into(),
        name: name.into(),
        file: "a.png".into(),
        kind: "image/png".into(),
        size: 3,
        width: 600,
        height: 400,
        alt: name.into(),
        search: name.to_lowercase(),
        created_at: at(1),
        created_by: "account:a".into(),
    }
}

#[test]
fn a_template_is_drafted_and_deleted_with_its_versions() {
    on_stores(|store| {
        put(store, |c| {
            c.insert_template(A, &template("t"));
            c.insert_template(B, &template("t"));
        });
        for version in 1..4 {
            let row = TemplateRow { version, source: format!("{{\"v\":{}}}", version + 1), ..template("t") };
            put(store, |c| c.update_template(A, &row));
        }
        let whole: Vec<_> = (1..=4)
            .rev()
            .map(|version| TemplateVersionRow {
                version,
                source: format!("{{\"v\":{version}}}"),
                created_at: at(0),
            })
            .collect();
        pages(&whole, |last, limit| {
            let below = last.map_or(i64::MAX, |row| row.version);
            get(store, |tx| tx.template_versions(A, "t", below, limit))
        });
        let draft = |text: &str| TemplateDraftRow {
            base_version: 4,
            doc: text.into(),
            updated_at: at(5),
            updated_by: "account:a".into(),
        };
        for text in TEXTS {
            put(store, |c| c.set_template_draft(A, "t", draft(text)));
            assert_eq!(get(store, |tx| tx.template_draft(A, "t")), Some(draft(text)));
        }
        put(store, |c| c.set_template_draft(B, "t", draft("there")));
        put(store, |c| c.set_template_draft(A, "new", draft("x")));
        let drafts =
            [("new".to_owned(), "x".to_owned()), ("t".to_owned(), TEXTS[TEXTS.len() - 1].to_owned())];
        assert_eq!(get(store, |tx| tx.template_drafts(A)), drafts);
        put(store, |c| c.delete_template_draft(A, "new"));
        put(store, |c| c.delete_template_draft(A, "none"));
        put(store, |c| c.delete_template(A, "t"));
        conflicts(store, "template_delete", |c| c.delete_template(A, "t"));
        assert_eq!(get(store, |tx| tx.template(A, "t")), None);
        assert!(get(store, |tx| tx.template_versions(A, "t", i64::MAX, 9)).is_empty());
        assert!(get(store, |tx| tx.template_drafts(A)).is_empty());
        assert_eq!(get(store, |tx| tx.template(B, "t")), Some(template("t")));
        assert_eq!(get(store, |tx| tx.template_draft(B, "t")), Some(draft("there")));
    });
}

#[test]
fn pictures_are_kept_with_their_bytes() {
    on_stores(|store| {
        let rows: Vec<_> =
            (0..5).map(|n| picture(&format!("M{n}"), if n % 2 == 0 { "Hoa" } else { "la" })).collect();
        for row in &rows {
            put(store, |c| c.insert_media(A, row.clone(), vec![0, 255, b'\'']));
        }
        put(store, |c| c.insert_media(B, picture("N", "hoa"), vec![]));
        duplicates(store, "media_insert", |c| c.insert_media(A, rows[0].clone(), vec![1]));
        assert_eq!(get(store, |tx| tx.media(A, "M1")), Some(rows[1].clone()));
        assert_eq!(get(store, |tx| tx.media(B, "M1")), None);
        let content = ("image/png".to_owned(), vec![0, 255, b'\'']);
        assert_eq!(get(store, |tx| tx.media_content("M1")), Some(content));
        assert_eq!(get(store, |tx| tx.media_content("none")), None);
        let newest: Vec<_> = rows.iter().rev().cloned().collect();
        pages(&newest, |last, limit| {
            let below = last.map_or("~".to_owned(), |row| row.media_id.clone());
            get(store, |tx| tx.media_page(A, &below, "", limit))
        });
        let found = get(store, |tx| tx.media_page(A, "~", "hoa", 9));
        assert_eq!(found.iter().map(|row| row.media_id.as_str()).collect::<Vec<_>>(), ["M4", "M2", "M0"]);
        assert_eq!(get(store, |tx| tx.media_total(A)), (5, 15));
        put(store, |c| c.update_media(A, "M1", "Mới", "chữ", "moi chu"));
        let changed = get(store, |tx| tx.media(A, "M1")).unwrap();
        assert_eq!((changed.name.as_str(), changed.alt.as_str()), ("Mới", "chữ"));
        conflicts(store, "media_update", |c| c.update_media(B, "M1", "", "", ""));
        conflicts(store, "media_delete", |c| c.delete_media(B, "M1"));
        put(store, |c| c.delete_media(A, "M1"));
        assert_eq!(get(store, |tx| tx.media_content("M1")), None);
        assert_eq!(get(store, |tx| tx.media_total(A)), (4, 12));
    });
}
