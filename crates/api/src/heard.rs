//! What was heard at the tracking API of late: enough for whoever sets a website up to see that it speaks. Names of
//! events, where they come from and why some are refused; nothing about who did them.

use kit::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Messages that are remembered for one workspace.
const KEPT: usize = 100;
/// Of one request.
const OF_REQUEST: usize = 5;
/// Requests of one workspace that are looked into in a second; what is beyond is not remembered.
const LOOKED_AT_A_SECOND: u32 = 20;
const TEXT_CHARS: usize = 100;
/// A key's use is written down so often.
const USE_WRITTEN_MS: i64 = kit::MINUTE_MS;

#[derive(Clone, Debug, PartialEq, Default)]
pub struct HeardItem {
    /// Counts up, so that a page can tell what is new.
    pub no: u64,
    pub at: Timestamp,
    pub key_id: String,
    /// `track`, `page`, `identify`...
    pub kind: String,
    /// Of the event, where it has one.
    pub name: String,
    /// The host of the page that it was sent from.
    pub host: String,
    /// The library that sent it, with its version.
    pub library: String,
    /// A stable code; empty when it was taken.
    pub refused: String,
    pub detail: String,
}

#[derive(Debug, Default)]
struct Ear {
    items: VecDeque<HeardItem>,
    last_no: u64,
    second: i64,
    looked_at: u32,
}

#[derive(Debug, Default)]
pub struct Heard {
    ears: Mutex<HashMap<i64, Ear>>,
    uses: Mutex<HashMap<String, Timestamp>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(default, rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(default, borrow)]
    event: Option<&'a RawValue>,
    #[serde(default, borrow)]
    name: Option<&'a RawValue>,
    #[serde(default, borrow)]
    context: Option<&'a RawValue>,
    #[serde(default, borrow)]
    batch: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Context {
    #[serde(default)]
    page: Page,
    #[serde(default)]
    library: Library,
}

#[derive(Deserialize, Default)]
struct Page {
    #[serde(default)]
    url: Option<String>,
}

#[derive(Deserialize, Default)]
struct Library {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
}

fn text(raw: Option<&RawValue>) -> String {
    let read = raw.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    cut(&read.unwrap_or_default())
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS).collect()
}

/// `https://shop.vn/gio-hang?sdt=...` is `shop.vn`: an address may hold what is nobody's business.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    cut(host.rsplit('@').next().unwrap_or_default())
}

fn context_of(raw: Option<&RawValue>) -> (String, String) {
    let read = raw.and_then(|raw| serde_json::from_str::<Context>(raw.get()).ok()).unwrap_or_default();
    let library = [read.library.name, read.library.version].into_iter().flatten().collect::<Vec<_>>();
    (host_of(&read.page.url.unwrap_or_default()), cut(&library.join(" ")))
}

/// What a body tells of, the last of its messages first.
fn items_of(body: &[u8], kind: Option<&str>) -> Vec<HeardItem> {
    let Ok(outer) = serde_json::from_slice::<Item<'_>>(body) else { return Vec::new() };
    let (outer_host, outer_library) = context_of(outer.context);
    let read = |item: Item<'_>, kind: Option<&str>| {
        let (host, library) = context_of(item.context);
        let or = |own: String, other: &String| if own.is_empty() { other.clone() } else { own };
        let name = text(item.event);
        HeardItem {
            kind: kind.map_or_else(|| text(item.kind), str::to_owned),
            name: if name.is_empty() { text(item.name) } else { name },
            host: or(host, &outer_host),
            library: or(library, &outer_library),
            ..HeardItem::default()
        }
    };
    match (kind, outer.batch) {
        (None, Some(batch)) => {
            let list: Vec<&RawValue> = serde_json::from_str(batch.get()).unwrap_or_default();
            let last = list.into_iter().rev().take(OF_REQUEST);
            last.filter_map(|raw| serde_json::from_str(raw.get()).ok()).map(|item| read(item, None)).collect()
        }
        (kind, _) => vec![read(outer, kind)],
    }
}

impl Heard {
    /// Whether the next request of a workspace is to be remembered: of a flood few are.
    pub fn listens(&self, workspace: i64, now: Timestamp) -> bool {
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        let ear = ears.entry(workspace).or_default();
        let second = now.ms().div_euclid(kit::SECOND_MS);
        if ear.second != second {
            (ear.second, ear.looked_at) = (second, 0);
        }
        ear.looked_at += 1;
        ear.looked_at <= LOOKED_AT_A_SECOND
    }

    /// Remembers a request of a key. `refused`: code and detail.
    pub fn note(
        &self,
        workspace: i64,
        key_id: &str,
        kind: Option<&str>,
        body: &[u8],
        refused: Option<(&str, &str)>,
        now: Timestamp,
    ) {
        let mut items = items_of(body, kind);
        if items.is_empty() {
            items.push(HeardItem { kind: kind.unwrap_or("batch").to_owned(), ..HeardItem::default() });
        }
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        let ear = ears.entry(workspace).or_default();
        for item in items.into_iter().rev() {
            ear.last_no += 1;
            let (refused, detail) = refused.unwrap_or_default();
            ear.items.push_front(HeardItem {
                no: ear.last_no,
                at: now,
                key_id: key_id.to_owned(),
                refused: refused.to_owned(),
                detail: cut(detail),
                ..item
            });
        }
        ear.items.truncate(KEPT);
    }

    /// Newest first.
    pub fn recent(&self, workspace: i64) -> Vec<HeardItem> {
        let ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        ears.get(&workspace).map(|ear| ear.items.iter().cloned().collect()).unwrap_or_default()
    }

    /// Whether the use of a key at this instant is to be written down: not every one is.
    pub fn is_use_to_write(&self, key_id: &str, now: Timestamp) -> bool {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() > 10_000 {
            uses.clear();
        }
        let is_due = uses.get(key_id).is_none_or(|last| now.since_ms(*last) >= USE_WRITTEN_MS);
        if is_due {
            uses.insert(key_id.to_owned(), now);
        }
        is_due
    }
}

/// How many of the remembered items each key has sent, and when it was heard last.
pub fn by_key(items: &[HeardItem]) -> BTreeMap<String, (usize, Timestamp)> {
    let mut keys: BTreeMap<String, (usize, Timestamp)> = BTreeMap::new();
    for item in items {
        let (count, last) = keys.entry(item.key_id.clone()).or_insert((0, item.at));
        *count += 1;
        *last = (*last).max(item.at);
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    #[test]
    fn what_was_heard_names_events_and_places_and_nobody() {
        let heard = Heard::default();
        let body = br#"{"batch":[
            {"type":"track","event":"Order Completed","userId":"u1","context":{"page":{"url":"https://shop.vn/cam-on?sdt=0901"}}},
            {"type":"identify","userId":"u1","traits":{"phone":"0901234567"}}
        ],"context":{"library":{"name":"analytics.js","version":"2.1"}}}"#;
        heard.note(1, "key", None, body, None, NOW);
        heard.note(
            1,
            "key",
            Some("page"),
            br#"{"name":"Home","context":{"page":{"url":"https://a:b@x.vn:8443/"}}}"#,
            None,
            NOW,
        );
        heard.note(
            1,
            "key",
            Some("track"),
            b"not json",
            Some(("invalid_json", "the body is not valid")),
            NOW,
        );
        let told: Vec<String> = heard
            .recent(1)
            .iter()
            .map(|item| [&*item.kind, &*item.name, &*item.host, &*item.library, &*item.refused].join("|"))
            .collect();
        assert_eq!(
            told,
            [
                "track||||invalid_json",
                "page|Home|x.vn:8443||",
                "identify|||analytics.js 2.1|",
                "track|Order Completed|shop.vn|analytics.js 2.1|",
            ]
        );
        assert!(!format!("{:?}", heard.recent(1)).contains("0901"));
        assert_eq!(heard.recent(2), []);
    }

    #[test]
    fn a_flood_is_looked_into_now_and_then_and_little_is_kept() {
        let heard = Heard::default();
        for n in 0..1_000 {
            if heard.listens(1, NOW.plus_ms(n)) {
                heard.note(1, "key", Some("track"), br#"{"event":"x"}"#, None, NOW.plus_ms(n));
            }
        }
        assert_eq!(heard.recent(1).len(), 20);
        for n in 0..1_000 {
            heard.note(1, "key", Some("track"), br#"{"event":"x"}"#, None, NOW.plus_ms(n));
        }
        assert_eq!(heard.recent(1).len(), KEPT);
        assert!(heard.is_use_to_write("key", NOW));
        assert!(!heard.is_use_to_write("key", NOW.plus_ms(59_000)));
        assert!(heard.is_use_to_write("key", NOW.plus_ms(60_000)));
    }
}
