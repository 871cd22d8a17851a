//! What the use-case layer promises, case by case, on both databases.
//!
//! Each module takes one module of the store. Its `METHODS` names what it exercises, and the tests at the end of
//! this file compare that with the store's source, so a new method needs a case.

mod access;
mod accounts;
mod audit;
mod campaigns;
mod content;
mod deliverability;
mod devices;
mod domains;
mod grants;
mod grid;
mod history;
mod home;
mod hooks;
mod inbox;
mod journeys;
mod leads;
mod limits;
mod membership;
mod messages;
mod models;
mod people;
mod plans;
mod privacy;
mod scans;
mod segments;
mod shelf;
mod spending;
mod transfers;

use crate::databases::{NOW, on_each};
use kit::{Id, ProfileNo, Timestamp, WorkspaceId};
use std::fmt::Debug;
use store::{CATALOG, Changeset, Committed, ReadTx, Store, StoreError};

/// Two workspaces that hold the same ids and numbers and must never meet.
pub const A: WorkspaceId = WorkspaceId(1);
pub const B: WorkspaceId = WorkspaceId(i64::MAX);

/// Texts that a database could take for something else.
pub const TEXTS: &[&str] = &[
    "",
    " ",
    "Nguyễn Thị Ánh 🛒 Đà Nẵng",
    "it's \"quoted\" $1 ?1 :a @b -- /* \\ %_ ;",
    "line\r\nline\ttab\u{1}",
    "NULL",
    "0123",
];

pub fn at(offset_ms: i64) -> Timestamp {
    NOW.plus_ms(offset_ms)
}

pub fn id(n: u128) -> Id {
    Id::from_u128(n)
}

pub fn no(n: i64) -> ProfileNo {
    ProfileNo(n)
}

/// Runs `case` on an empty store of each database.
pub fn on_stores(case: impl Fn(&Store)) {
    on_each(|database| case(&database.open(&CATALOG)));
}

pub fn apply(store: &Store, fill: impl FnOnce(&mut Changeset)) -> Result<Committed, StoreError> {
    let mut changes = Changeset::new();
    fill(&mut changes);
    store.apply(changes)
}

pub fn put(store: &Store, fill: impl FnOnce(&mut Changeset)) {
    apply(store, fill).unwrap();
}

pub fn get<T>(store: &Store, ask: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError>) -> T {
    store.read(ask).unwrap()
}

/// The changeset must be refused because `stmt` did not find the row that it expected.
pub fn conflicts(store: &Store, stmt: &'static str, fill: impl FnOnce(&mut Changeset)) {
    assert_eq!(apply(store, fill), Err(StoreError::Conflict { stmt }));
}

/// The changeset must be refused because `stmt` wants a key that is taken.
pub fn duplicates(store: &Store, stmt: &'static str, fill: impl FnOnce(&mut Changeset)) {
    match apply(store, fill) {
        Err(StoreError::Duplicate { stmt: met, .. }) if met == stmt => {}
        other => panic!("{stmt}: {other:?}"),
    }
}

/// Reads a list page by page, in pages of several sizes, and compares each time with the whole of it. `next` gets
/// the last row seen.
pub fn pages<T: PartialEq + Debug>(whole: &[T], next: impl Fn(Option<&T>, i64) -> Vec<T>) {
    for limit in [1, 2, 3, 5, whole.len() as i64, whole.len() as i64 + 1] {
        let mut seen: Vec<T> = Vec::new();
        loop {
            let page = next(seen.last(), limit);
            assert!(page.len() as i64 <= limit, "a page of {limit} holds {}", page.len());
            let is_last = page.is_empty();
            seen.extend(page);
            if is_last || seen.len() > whole.len() {
                break;
            }
        }
        assert_eq!(seen, whole, "in pages of {limit}");
    }
}

struct Module {
    name: &'static str,
    source: &'static str,
    cases: &'static str,
    methods: &'static [&'static str],
}

macro_rules! modules {
    ($($name:ident),*) => {
        &[$(Module {
            name: stringify!($name),
            source: include_str!(concat!("../../../src/", stringify!($name), ".rs")),
            cases: include_str!(concat!(stringify!($name), ".rs")),
            methods: $name::METHODS,
        }),*]
    };
}

const MODULES: &[Module] = modules!(
    campaigns,
    content,
    grants,
    grid,
    membership,
    inbox,
    people,
    history,
    journeys,
    messages,
    models,
    access,
    scans,
    segments,
    accounts,
    audit,
    privacy,
    transfers,
    hooks,
    deliverability,
    devices,
    domains,
    home,
    leads,
    limits,
    shelf,
    spending
);

/// The public methods of changesets and reads in a module of the store.
fn methods_of(source: &'static str) -> Vec<&'static str> {
    let mut inside = false;
    let mut methods = Vec::new();
    for line in source.lines() {
        if line.starts_with("impl ") {
            inside = line.starts_with("impl Changeset ") || line.starts_with("impl ReadTx<'_> ");
        }
        if let (true, Some(rest)) = (inside, line.strip_prefix("    pub fn ")) {
            let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            methods.push(&rest[..end]);
        }
    }
    methods
}

#[test]
fn every_method_of_the_store_has_a_case() {
    for module in MODULES {
        let mut written = methods_of(module.source);
        let mut listed = module.methods.to_vec();
        written.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, written, "{}: METHODS and the store differ", module.name);
        for method in listed {
            let call = format!(".{method}(");
            assert!(module.cases.contains(&call), "{}: nothing calls {method}", module.name);
        }
    }
    let all: usize = MODULES.iter().map(|module| module.methods.len()).sum();
    assert!(all > 100, "the source was not read: {all} methods");
}

#[test]
fn no_module_of_the_store_is_forgotten() {
    let lib = include_str!("../../../src/lib.rs");
    let public: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')))
        .collect();
    let mut known: Vec<&str> = MODULES.iter().map(|module| module.name).collect();
    known.sort_unstable();
    assert_eq!(public, known);
}
