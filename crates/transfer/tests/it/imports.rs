//! Imports from the file to the store: with an engine in the same thread, and broken off anywhere.

use crate::reading::Folder;
use engine::Engine;
use kit::{Timestamp, WorkspaceId};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use store::access::Workspace;
use store::{CATALOG, Changeset, SqliteOptions, Store};
use transfer::export::{ExportFormat, ExportSpec, Exporter, List};
use transfer::{Importer, Kind, Map, Progress, Spec, Step};

const SHOP: WorkspaceId = WorkspaceId(1);
const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

struct World {
    folder: Folder,
    store: Arc<Store>,
    engine: Engine,
    now: Timestamp,
}

impl World {
    fn new(name: &str) -> World {
        let folder = Folder::new(name);
        let store =
            Store::open_sqlite(&SqliteOptions::new(folder.0.join("db.sqlite3")), &CATALOG, NOW).unwrap();
        let mut changes = Changeset::new();
        let workspace = Workspace {
            workspace: SHOP,
            slug: "shop".into(),
            name: "shop".into(),
            settings: Default::default(),
            salt: "salt".into(),
            version: 1,
        };
        changes.insert_workspace(&workspace, NOW);
        let store = Arc::new(store);
        engine::configure(&store, changes).unwrap();
        let engine = Engine::open(Arc::clone(&store), 7).unwrap();
        World { folder, store, engine, now: NOW }
    }

    fn begin(&mut self, id: &str, kind: Kind, text: &str, map: Map) -> Importer {
        let file = self.folder.file(&format!("{id}.csv"), text.as_bytes());
        let spec = Spec { kind, file, map };
        let job = transfer::begin_import(
            &self.store,
            SHOP,
            id.into(),
            &spec,
            "server",
            id,
            "test",
            "waiting",
            self.now,
        );
        self.open(job.unwrap())
    }

    fn open(&self, job: store::transfers::JobRow) -> Importer {
        let work = transfer::work_folder(&self.folder.0, &job.job_id).unwrap();
        Importer::open(Arc::clone(&self.store), job, work).unwrap()
    }

    /// Drives an import to its end.
    fn drive(&mut self, mut importer: Importer) -> Progress {
        loop {
            self.now = self.now.plus_ms(10);
            match importer.step(self.now).unwrap() {
                Step::Ended => return importer.progress().clone(),
                Step::Worked => {}
                Step::Waiting => {
                    self.engine.tick(self.now).unwrap();
                }
            }
        }
    }

    fn import(&mut self, id: &str, kind: Kind, text: &str, map: Map) -> Progress {
        let importer = self.begin(id, kind, text, map);
        self.drive(importer)
    }

    fn undo(&mut self, id: &str) -> Progress {
        let job = self.store.read(|tx| tx.job(SHOP, id)).unwrap().unwrap();
        let job = transfer::request_undo(&self.store, job, self.now).unwrap();
        let importer = self.open(job);
        let progress = self.drive(importer);
        while !self.engine.tick(self.now).unwrap().did_nothing() {}
        progress
    }

    /// Everything that a shop could take with it.
    fn everything(&self) -> String {
        let mut all = String::new();
        for list in [List::Profiles, List::Orders, List::Events, List::Products, List::Consents] {
            let spec = ExportSpec {
                list,
                format: ExportFormat::Jsonl,
                since: None,
                segment: None,
                columns: vec![],
                chosen: false,
            };
            let target = self.folder.0.join("out.jsonl");
            let mut exporter = Exporter::new(Arc::clone(&self.store), SHOP, spec, &target).unwrap();
            while exporter.step().unwrap() == Step::Worked {}
            all.push_str(&std::fs::read_to_string(&target).unwrap());
        }
        all
    }

    fn rejected(&self, id: &str) -> String {
        let work = transfer::work_folder(&self.folder.0, id).unwrap();
        std::fs::read_to_string(Importer::rejected_path(&work)).unwrap()
    }
}

fn map(text: &str) -> Map {
    Map::read_json(text).unwrap()
}

fn orders_map() -> Map {
    map(r#"{ "source": "till", "currency": "USD", "time_zone": "UTC",
        "columns": { "id": "order_id", "day": "ordered_at", "who": "user_id", "code": "product_id", "name": "product_name",
                     "n": "quantity", "price": "price", "city": "attribute:city" },
        "orders": { "cancelled_prefixes": ["C"], "not_products": ["POST", "gift_*"], "ignored_prefixes": ["X"] } }"#)
}

const ORDERS: &str = "id,day,who,code,name,n,price,city\n\
    1,2026-01-05 10:00,u1,a,Áo,2,10.05,Huế\n\
    2,2026-01-06,,a,Áo,1,10.05,\n\
    1,2026-01-05 10:00,u1,b,Nón,1,0.10,Huế\n\
    C3,2026-01-07,u1,a,Áo,-2,10.05,Huế\n\
    1,2026-01-05 10:00,u1,POST,Postage,1,4.00,Huế\n\
    4,2026-01-08,u2,a,Áo,1,x,Hà Nội\n\
    4,2026-01-08,u2,b,Nón,1,0.10,Hà Nội\n\
    5,2026-01-09,,gift_10,Card,1,10,\n\
    X6,2026-01-09,u9,a,Áo,1,10,\n\
    7,2026-01-10,u2,c,Giày,3,0.335,Hà Nội\n";

fn order_of(world: &World, id: &str) -> Option<store::transfers::ExportedOrder> {
    let all = world.store.read(|tx| tx.export_orders(SHOP, ("", ""), Timestamp::MIN, 100)).unwrap();
    all.into_iter().find(|row| row.order.order_id == id)
}

#[test]
fn lines_become_orders_by_the_rules() {
    let mut world = World::new("orders");
    let progress = world.import("j1", Kind::Orders, ORDERS, orders_map());
    assert_eq!((progress.counts.orders, progress.counts.rows_rejected), (4, 2));
    assert_eq!(progress.counts.rows_left_out.get("no_product"), Some(&2));
    assert_eq!(progress.counts.rows_left_out.get("order_ignored"), Some(&1));
    let one = order_of(&world, "1").unwrap().order;
    assert_eq!(
        (one.contents.lines.len(), one.net()),
        (2, 2_020),
        "postage left out, lines apart brought together"
    );
    assert_eq!(order_of(&world, "7").unwrap().order.net(), 101, "3 x 0.335 is rounded once");
    let cancelled = order_of(&world, "C3").unwrap().order;
    assert!(cancelled.is_cancelled() && cancelled.net() == 0);
    assert!(order_of(&world, "4").is_none() && order_of(&world, "5").is_none());
    let rejected = world.rejected("j1");
    assert!(rejected.contains("7,number_unreadable,price"), "{rejected}");
    assert!(rejected.contains("8,order_incomplete"), "{rejected}");
    // The guest is nobody whom another order could be.
    let guest = order_of(&world, "2").unwrap().profile;
    let profile = world.store.read(|tx| tx.profile(SHOP, guest)).unwrap().unwrap().profile;
    assert!(!profile.is_known());
    assert_eq!(world.store.read(|tx| tx.profile_count(SHOP)).unwrap(), 3, "u1, u2 and a guest");
}

#[test]
fn the_same_file_twice_changes_nothing_and_undo_leaves_no_trace() {
    let mut world = World::new("twice");
    world.import(
        "before",
        Kind::Profiles,
        "user_id,city\nu1,Vinh\n",
        map(r#"{"columns":{"user_id":"user_id","city":"attribute:city"}}"#),
    );
    let before = world.everything();
    world.import("j1", Kind::Orders, ORDERS, orders_map());
    let once = world.everything();
    assert_ne!(before, once);
    world.import("j2", Kind::Orders, ORDERS, orders_map());
    assert_eq!(world.everything(), once, "again");
    let undone = world.undo("j2");
    assert_eq!((undone.undo_total, world.everything()), (0, once.clone()), "the second one brought nothing");
    let undone = world.undo("j1");
    assert!(undone.undo_total > 0);
    assert_eq!(world.everything(), before);
    let left = world.store.read(|tx| tx.touch_count(SHOP, "j1")).unwrap();
    assert_eq!(left, 0);
    world.import("j3", Kind::Orders, ORDERS, orders_map());
    let plain = |text: &str| -> Vec<Value> {
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter(|row| row.get("order_id").is_some())
            .map(|mut row| {
                row.as_object_mut().unwrap().remove("profile_id");
                row
            })
            .collect()
    };
    assert_eq!(plain(&world.everything()), plain(&once), "and it can be imported again");
}

#[test]
fn an_undone_import_takes_the_looks_that_it_brought() {
    let mut world = World::new("looks");
    let map = || map(r#"{"columns":{"id":"user_id","ev":"event","at":"at","p":"property:product_id"}}"#);
    let seen = |world: &World, user: &str| {
        let identifier = format!("user_id:{user}").parse().unwrap();
        let no = world.store.read(|tx| tx.find_identifiers(&[(SHOP, &identifier)])).unwrap()[0];
        let of = no.unwrap_or(kit::ProfileNo(0));
        let mut rows = world.store.read(|tx| tx.seen_of(&[(SHOP, of)])).unwrap().remove(0);
        rows.sort_by(|a, b| a.product_id.cmp(&b.product_id));
        rows
    };
    let first = "id,ev,at,p\nu1,Product Viewed,2026-05-01T08:00:00Z,tea\nu1,Product Viewed,2026-05-03T08:00:00Z,tea\n";
    world.import("j1", Kind::Events, first, map());
    let before = seen(&world, "u1");
    assert_eq!((before.len(), before[0].views), (1, 2));
    let second = "id,ev,at,p\nu1,Product Viewed,2026-05-05T08:00:00Z,tea\nu1,Product Viewed,2026-05-02T08:00:00Z,tea\nu1,Product Viewed,2026-05-05T09:00:00Z,cup\nu2,Product Viewed,2026-05-05T09:00:00Z,cup\n";
    world.import("j2", Kind::Events, second, map());
    assert_eq!((seen(&world, "u1").len(), seen(&world, "u1")[1].views, seen(&world, "u2").len()), (2, 4, 1));
    world.undo("j2");
    assert_eq!(seen(&world, "u1"), before, "as it was");
    assert_eq!(seen(&world, "u2"), [], "and who came with it is gone");
    world.undo("j1");
    let mut left = Vec::new();
    let all = (kit::ProfileNo(0), kit::ProfileNo(i64::MAX));
    world.store.read(|tx| tx.scan_seen(SHOP, all, &mut |no, row| left.push((no, row)))).unwrap();
    assert_eq!(left, []);
}

#[test]
fn what_others_changed_stays_when_an_import_is_undone() {
    let mut world = World::new("shared");
    let map =
        || map(r#"{"columns":{"id":"user_id","city":"attribute:city","size":"attribute:size","t":"tags"}}"#);
    world.import("j1", Kind::Profiles, "id,city,size,t\nu1,Huế,M,vip\nu2,Vinh,L,vip\n", map());
    let id = |world: &World, user: &str| {
        let identifier = format!("user_id:{user}").parse().unwrap();
        world.store.read(|tx| tx.find_identifiers(&[(SHOP, &identifier)])).unwrap()[0].unwrap()
    };
    let no = id(&world, "u1");
    let profile_id = world.store.read(|tx| tx.profile(SHOP, no)).unwrap().unwrap().profile.id.to_string();
    let mut attributes = serde_json::Map::new();
    attributes.insert("size".into(), "S".into());
    let note: engine::Note = serde_json::from_value(serde_json::json!({
        "note": "change", "profile_id": profile_id, "at": world.now.ms() + 5, "attributes": attributes, "source": "staff"
    }))
    .unwrap();
    let mut changes = Changeset::new();
    world.now = world.now.plus_ms(100);
    changes.append(note.arrival(SHOP, world.now));
    world.store.apply(changes).unwrap();
    while !world.engine.tick(world.now).unwrap().did_nothing() {}
    world.undo("j1");
    let kept = world.store.read(|tx| tx.profile(SHOP, no)).unwrap().unwrap().profile;
    assert_eq!(kept.attribute("size"), Some(&Value::from("S")), "staff said so");
    assert_eq!((kept.attribute("city"), kept.has_tag("vip")), (None, false), "only the import said so");
    assert_eq!(world.store.read(|tx| tx.profile_count(SHOP)).unwrap(), 1, "u2 was the import's alone");
}

#[test]
fn consent_needs_a_source_and_lifts_no_refusal() {
    let mut world = World::new("consent");
    let columns = r#""columns":{"email":"email","ok":"consent:email.marketing"}"#;
    let mut importer =
        world.begin("j0", Kind::Profiles, "email,ok\na@shop.vn,có\n", map(&format!("{{{columns}}}")));
    let refused = loop {
        match importer.step(world.now) {
            Ok(Step::Worked) => {}
            other => break other,
        }
    };
    assert!(refused.unwrap_err().to_string().contains("consent_source"), "no consent is invented");
    assert_eq!(world.store.read(|tx| tx.job(SHOP, "j0")).unwrap().unwrap().state, "failed");
    assert_eq!(world.store.read(|tx| tx.profile_count(SHOP)).unwrap(), 0);
    let with = |extra: &str| map(&format!("{{\"consent_source\":\"till\",{extra}{columns}}}"));
    world.import("j1", Kind::Profiles, "email,ok\na@shop.vn,không\nb@shop.vn,có\n", with(""));
    world.import("j2", Kind::Profiles, "email,ok\na@shop.vn,có\nb@shop.vn,có\n", with(""));
    let state = |world: &World, email: &str| {
        let identifier = format!("email:{email}").parse().unwrap();
        let no = world.store.read(|tx| tx.find_identifiers(&[(SHOP, &identifier)])).unwrap()[0].unwrap();
        let profile = world.store.read(|tx| tx.profile(SHOP, no)).unwrap().unwrap().profile;
        profile
            .consents
            .iter()
            .map(|(slot, held)| format!("{slot} {:?} {}", held.state, held.source))
            .collect::<Vec<_>>()
    };
    assert_eq!(state(&world, "a@shop.vn"), ["email.marketing Denied import:j1 till"]);
    assert_eq!(state(&world, "b@shop.vn"), ["email.marketing Granted import:j1 till"]);
    world.undo("j1");
    assert_eq!(world.store.read(|tx| tx.profile_count(SHOP)).unwrap(), 0, "nobody else knew them");
}

#[test]
fn an_import_that_is_broken_off_anywhere_goes_on_where_it_stood() {
    let mut lines = String::from("id,day,who,code,name,n,price,city\n");
    for n in 0..6_000 {
        lines.push_str(&format!(
            "{},2026-01-05,u{},p{},P,1,1.00,c{}\n",
            n * 7 % 3_000,
            n * 7 % 3_000 % 500,
            n % 50,
            n % 3
        ));
    }
    let mut whole = World::new("whole");
    whole.import("j", Kind::Orders, &lines, orders_map());
    let sums = |world: &World| {
        let (orders, net) = world.store.read(|tx| tx.order_count(SHOP, Timestamp::MIN)).unwrap();
        let events = world.store.read(|tx| tx.event_count(SHOP)).unwrap();
        (orders, net, events, world.store.read(|tx| tx.profile_count(SHOP)).unwrap())
    };
    for steps in [1, 3, 5, 6, 7] {
        let mut world = World::new("broken");
        let mut importer = world.begin("j", Kind::Orders, &lines, orders_map());
        let mut tries = 0;
        let progress = loop {
            // As after a kill: all that was in memory is gone, what was stored is there.
            for _ in 0..steps {
                if importer.step(world.now).unwrap() == Step::Waiting && tries % 2 == 0 {
                    world.engine.tick(world.now).unwrap();
                }
            }
            tries += 1;
            let job = world.store.read(|tx| tx.job(SHOP, "j")).unwrap().unwrap();
            if tries > 3 || job.state == "completed" {
                let importer = world.open(job);
                break world.drive(importer);
            }
            importer = world.open(job);
        };
        assert_eq!((sums(&world), progress.appended), (sums(&whole), 3_000), "in pieces of {steps} steps");
    }
}

#[test]
fn a_dry_run_tells_all_and_writes_nothing() {
    let mut world = World::new("dry");
    world.import("j1", Kind::Profiles, "email\na@shop.vn\n", map(r#"{"columns":{"email":"email"}}"#));
    let before = world.everything();
    let file =
        world.folder.file("dry.csv", b"email,phone\na@shop.vn,\nb@shop.vn,0901234567\nB@shop.vn,\nxxx,\n");
    let columns = vec!["email".to_owned(), "phone".to_owned()];
    let spec = Spec { kind: Kind::Profiles, file, map: Map::suggested(Kind::Profiles, &columns) };
    let work: &Path = &world.folder.0;
    let done = transfer::dry_run(&world.store, SHOP, &spec, work, world.now, &mut |_| {}).unwrap();
    assert_eq!((done.counts.rows_read, done.counts.rows_taken, done.counts.rows_rejected), (4, 3, 1));
    assert_eq!((done.new, done.updated), (1, 2));
    assert_eq!((done.rejected[0].line, done.rejected[0].code.as_str()), (5, "identifier_malformed"));
    assert_eq!(done.sample.len(), 3);
    assert_eq!(world.everything(), before);
}
