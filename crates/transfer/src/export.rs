//! Lists written out as CSV or JSON Lines, a page at a time, in constant memory; everything at once as an archive.

use crate::importer::{Step, TransferError};
use crate::jobs::{self, Held, Outcome};
use crate::rejected::harmless;
use domain::commerce::Product;
use domain::condition::{Facts, Wants};
use domain::habits::is_habit;
use domain::profile::Profile;
use engine::segments::scan::pasts_of_profiles;
use engine::{Insight, ProfileFacts, zone_of};
use kit::{Currency, ProfileNo, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map as Object, Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use store::transfers::JobRow;
use store::{Changeset, Store};

/// Rows that are read at a time.
const PAGE_ROWS: i64 = 1_000;
/// Progress is stored at least this often.
const TELL_EVERY_MS: i64 = 1_000;
pub const COLUMNS_MAX: usize = 500;

macro_rules! lists {
    ($($name:ident = $text:literal),+ $(,)?) => {
        /// What can be exported.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
        pub enum List { $(#[serde(rename = $text)] $name),+ }
        impl List {
            pub const ALL: &'static [List] = &[$(List::$name),+];
            pub const fn as_str(self) -> &'static str { match self { $(List::$name => $text),+ } }
        }
    };
}

lists! {
    Profiles = "profiles", Orders = "orders", Events = "events", Products = "products", Messages = "messages",
    Consents = "consents", Segments = "segments", SegmentMembers = "segment-members", Journeys = "journeys",
    Everything = "everything",
}

impl FromStr for List {
    type Err = String;

    fn from_str(text: &str) -> Result<List, String> {
        let names = List::ALL.iter().map(|list| list.as_str()).collect::<Vec<_>>().join(", ");
        List::ALL
            .iter()
            .find(|list| list.as_str() == text)
            .copied()
            .ok_or_else(|| format!("{text:?} is none of: {names}"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    Csv,
    #[default]
    Jsonl,
}

/// What is to be exported: the plan of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportSpec {
    pub list: List,
    pub format: ExportFormat,
    /// Orders placed, events that happened, messages and consents from this instant on, in milliseconds.
    #[serde(default)]
    pub since: Option<i64>,
    /// Only members of this segment, for profiles and segment-members.
    #[serde(default)]
    pub segment: Option<String>,
    /// Columns of a CSV file in their order; `attribute:city` is one of a profile, and what is computed of a person has
    /// the name by which conditions ask for it: `predicted.clv`, `rfm.group`, `favourite.category`. All the usual ones
    /// when empty.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Only the people whose numbers the job's folder holds, for profiles.
    #[serde(default)]
    pub chosen: bool,
}

impl ExportSpec {
    /// What the file is called.
    pub fn file_name(&self) -> String {
        match (self.list, self.format) {
            (List::Everything, _) => "everything.zip".into(),
            (list, ExportFormat::Csv) => format!("{}.csv", list.as_str()),
            (list, ExportFormat::Jsonl) => format!("{}.jsonl", list.as_str()),
        }
    }

    pub fn check(&self) -> Result<(), String> {
        if self.columns.len() > COLUMNS_MAX {
            return Err(format!("at most {COLUMNS_MAX} columns"));
        }
        if self.chosen && (self.list != List::Profiles || self.segment.is_some()) {
            return Err("only profiles can be cut to chosen people".into());
        }
        match (self.list, &self.segment) {
            (List::SegmentMembers, None) => Err("segment-members needs the id of a segment".into()),
            (List::Profiles | List::SegmentMembers, _) | (_, None) => Ok(()),
            _ => Err("only profiles and segment-members can be cut to a segment".into()),
        }
    }
}

/// How far an export has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExportProgress {
    pub list: String,
    pub rows: u64,
    pub bytes: u64,
    pub started_at: i64,
    pub ended_at: i64,
    pub error: Option<String>,
}

enum Sink {
    Plain(BufWriter<File>),
    Zip(Box<zip::ZipWriter<BufWriter<File>>>),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Sink::Plain(file) => file.write(bytes),
            Sink::Zip(archive) => archive.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Sink::Plain(file) => file.flush(),
            Sink::Zip(archive) => archive.flush(),
        }
    }
}

/// Where a list was left.
#[derive(Clone, Debug, Default)]
struct Cursor {
    number: i64,
    source: String,
    id: String,
}

/// Writes one export. One that was broken off is written anew.
pub struct Exporter {
    store: Arc<Store>,
    workspace: WorkspaceId,
    spec: ExportSpec,
    lists: Vec<List>,
    at: usize,
    cursor: Cursor,
    sink: Option<Sink>,
    partial: PathBuf,
    target: PathBuf,
    currency: Currency,
    now: Option<Timestamp>,
    members: Option<std::vec::IntoIter<ProfileNo>>,
    pub progress: ExportProgress,
}

impl Exporter {
    pub fn new(
        store: Arc<Store>,
        workspace: WorkspaceId,
        spec: ExportSpec,
        target: &Path,
    ) -> Result<Exporter, TransferError> {
        spec.check().map_err(TransferError::State)?;
        let partial = target.with_extension("part");
        let file = BufWriter::with_capacity(256 << 10, File::create(&partial)?);
        let (lists, sink) = match spec.list {
            List::Everything => {
                let all = List::ALL.iter().copied();
                let lists =
                    all.filter(|list| !matches!(list, List::Everything | List::SegmentMembers)).collect();
                (lists, Sink::Zip(Box::new(zip::ZipWriter::new(file))))
            }
            list => (vec![list], Sink::Plain(file)),
        };
        let home = crate::importer::home_of(&store, workspace)?;
        let members = match &spec.segment {
            Some(segment) => Some(members(&store, workspace, segment)?.into_iter()),
            None if spec.chosen => {
                let path = target.with_file_name(crate::bulk::PEOPLE_FILE);
                Some(crate::bulk::read_people(&path)?.into_iter())
            }
            None => None,
        };
        let mut exporter = Exporter {
            store,
            workspace,
            spec,
            lists,
            at: 0,
            cursor: Cursor::default(),
            sink: Some(sink),
            partial,
            target: target.to_owned(),
            currency: home.currency,
            now: None,
            members,
            progress: ExportProgress::default(),
        };
        exporter.begin_list()?;
        Ok(exporter)
    }

    fn is_csv(&self) -> bool {
        self.spec.format == ExportFormat::Csv && self.spec.list != List::Everything
    }

    fn columns(&self, list: List) -> Vec<String> {
        if !self.spec.columns.is_empty() {
            return self.spec.columns.clone();
        }
        usual_columns(list).iter().map(|name| (*name).to_owned()).collect()
    }

    fn begin_list(&mut self) -> Result<(), TransferError> {
        let Some(list) = self.lists.get(self.at).copied() else { return Ok(()) };
        self.cursor = Cursor { number: -1, ..Cursor::default() };
        self.progress.list = list.as_str().to_owned();
        if let Some(Sink::Zip(archive)) = &mut self.sink {
            let options = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Deflated)
                .large_file(true);
            let name = format!("{}.jsonl", list.as_str());
            archive.start_file(name, options).map_err(std::io::Error::other)?;
        }
        if self.is_csv() {
            let head = self.columns(list);
            self.put(b"\xef\xbb\xbf")?;
            self.put_record(head)?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), TransferError> {
        if let Some(sink) = &mut self.sink {
            sink.write_all(bytes)?;
            self.progress.bytes += bytes.len() as u64;
        }
        Ok(())
    }

    fn put_record(&mut self, cells: Vec<String>) -> Result<(), TransferError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&cells).map_err(std::io::Error::other)?;
        let bytes = writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
        self.put(&bytes)
    }

    /// Writes the next page.
    pub fn step(&mut self) -> Result<Step, TransferError> {
        let Some(list) = self.lists.get(self.at).copied() else { return self.finish() };
        let rows = self.page(list)?;
        let ended = rows.is_empty();
        for row in rows {
            self.progress.rows += 1;
            if self.is_csv() {
                let cells = self.columns(list).iter().map(|name| cell(&row, name)).collect();
                self.put_record(cells)?;
            } else {
                let mut line = serde_json::to_vec(&row).map_err(std::io::Error::from)?;
                line.push(b'\n');
                self.put(&line)?;
            }
        }
        if ended {
            self.at += 1;
            self.begin_list()?;
        }
        Ok(Step::Worked)
    }

    fn finish(&mut self) -> Result<Step, TransferError> {
        let file = match self.sink.take() {
            None => return Ok(Step::Ended),
            Some(Sink::Plain(file)) => file,
            Some(Sink::Zip(archive)) => archive.finish().map_err(std::io::Error::other)?,
        };
        let file = file.into_inner().map_err(|error| error.into_error())?;
        file.sync_all()?;
        self.progress.bytes = file.metadata()?.len();
        std::fs::rename(&self.partial, &self.target)?;
        Ok(Step::Ended)
    }

    /// As of when what was learned of people is told; without it, it is left out.
    pub fn ask_at(&mut self, now: Timestamp) {
        self.now = Some(now);
    }

    /// Adds the columns that are computed of a person: forecasts, habits, the chances of the open cart.
    fn add_learned<'a>(
        &self,
        profiles: impl Iterator<Item = &'a Profile>,
        rows: &mut [Object<String, Value>],
    ) -> Result<(), TransferError> {
        let is_learned = |name: &&String| {
            let root = name.split('.').next().unwrap_or_default();
            is_habit(name) || matches!(root, "predicted" | "rfm" | "cart" | "lead")
        };
        let columns: Vec<&String> = self.spec.columns.iter().filter(is_learned).collect();
        let Some(now) = self.now.filter(|_| !columns.is_empty()) else { return Ok(()) };
        let mut wants = Wants::default();
        for name in &columns {
            wants.merge(&Wants::of_path(name));
        }
        let people: Vec<&Profile> = profiles.collect();
        let numbers: Vec<ProfileNo> = people.iter().map(|profile| profile.no).collect();
        self.store.read(|tx| {
            let shop = tx.workspaces()?.into_iter().find(|row| row.workspace == self.workspace);
            let Some(settings) = shop.map(|row| row.settings) else { return Ok(()) };
            let (shop_zone, insight) = (settings.zone(), Insight::read(tx, self.workspace)?);
            let pasts = pasts_of_profiles(tx, self.workspace, &numbers, &wants, now)?;
            for ((profile, past), row) in people.into_iter().zip(&pasts).zip(rows) {
                let facts = ProfileFacts {
                    profile,
                    zone: &zone_of(profile, &shop_zone),
                    now,
                    currency: self.currency,
                    past,
                    insight: &insight,
                    segments: None,
                };
                for name in &columns {
                    row.insert((*name).clone(), facts.value(name).unwrap_or_default());
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    /// The next rows of a list; none at its end.
    fn page(&mut self, list: List) -> Result<Vec<Object<String, Value>>, TransferError> {
        let (workspace, cursor) = (self.workspace, self.cursor.clone());
        let since = self.spec.since.map_or(Timestamp::MIN, Timestamp::from_ms);
        let currency = self.currency;
        let store = Arc::clone(&self.store);
        let mut after = cursor.clone();
        let rows = match list {
            List::Profiles | List::SegmentMembers if self.members.is_some() => {
                let wanted: Vec<_> = self
                    .members
                    .iter_mut()
                    .flatten()
                    .take(PAGE_ROWS as usize)
                    .map(|no| (workspace, no))
                    .collect();
                let found = store.read(|tx| tx.profiles(&wanted))?;
                let whole = list == List::Profiles;
                let mut rows: Vec<_> =
                    found.iter().map(|(_, stored)| profile_row(&stored.profile, currency, whole)).collect();
                self.add_learned(found.iter().map(|(_, stored)| &stored.profile), &mut rows)?;
                if rows.is_empty() && !wanted.is_empty() {
                    // All of the page are gone; an empty page would end the list.
                    rows = self.page(list)?;
                }
                return Ok(rows);
            }
            List::Profiles | List::SegmentMembers => {
                let found =
                    store.read(|tx| tx.export_profiles(workspace, ProfileNo(cursor.number), PAGE_ROWS))?;
                if let Some(last) = found.last() {
                    after.number = last.profile.no.0;
                }
                let mut rows: Vec<_> =
                    found.iter().map(|stored| profile_row(&stored.profile, currency, true)).collect();
                self.add_learned(found.iter().map(|stored| &stored.profile), &mut rows)?;
                rows
            }
            List::Orders => {
                let behind = (cursor.source.as_str(), cursor.id.as_str());
                let found = store.read(|tx| tx.export_orders(workspace, behind, since, PAGE_ROWS))?;
                if let Some(last) = found.last() {
                    after.source.clone_from(&last.order.source);
                    after.id.clone_from(&last.order.order_id);
                }
                found.into_iter().map(order_row).collect()
            }
            List::Events => {
                let found = store.read(|tx| tx.export_events(workspace, cursor.number, since, PAGE_ROWS))?;
                if let Some((last, _)) = found.last() {
                    after.number = last.event_no;
                }
                found
                    .into_iter()
                    .map(|(event, profile)| event_row(event, profile.map(|id| id.to_string())))
                    .collect()
            }
            List::Products => {
                let found = store.read(|tx| tx.product_page(workspace, &cursor.id, PAGE_ROWS))?;
                if let Some(last) = found.last() {
                    after.id.clone_from(&last.product_id);
                }
                found.into_iter().map(product_row).collect()
            }
            List::Messages => {
                let found =
                    store.read(|tx| tx.export_messages(workspace, cursor.number, since, PAGE_ROWS))?;
                if let Some((last, _)) = found.last() {
                    after.number = *last;
                }
                found.into_iter().map(|(_, columns)| named(columns)).collect()
            }
            List::Consents => {
                let found =
                    store.read(|tx| tx.export_consents(workspace, cursor.number, since, PAGE_ROWS))?;
                if let Some((last, ..)) = found.last() {
                    after.number = *last;
                }
                let row = |(_, record, profile): (i64, domain::consent::ConsentRecord, Option<kit::Id>)| {
                    let mut row = object(serde_json::to_value(&record).unwrap_or_default());
                    row.insert("at".into(), time(record.at.0));
                    row.insert("profile_id".into(), json!(profile.map(|id| id.to_string())));
                    row
                };
                found.into_iter().map(row).collect()
            }
            List::Segments | List::Journeys if cursor.number >= 0 => Vec::new(),
            List::Segments => {
                after.number = 0;
                store.read(|tx| tx.export_segments(workspace))?.into_iter().map(named).collect()
            }
            List::Journeys => {
                after.number = 0;
                store.read(|tx| tx.export_journeys(workspace))?.into_iter().map(named).collect()
            }
            List::Everything => Vec::new(),
        };
        self.cursor = after;
        Ok(rows)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if self.sink.is_some() {
            // Half an export must not be taken for one.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

fn members(store: &Store, workspace: WorkspaceId, segment: &str) -> Result<Vec<ProfileNo>, TransferError> {
    let found = store.read(|tx| {
        let mut census = engine::segments::Census::read(tx, workspace)?;
        Ok(census.members(tx, segment)?.map(|members| members.iter().collect::<Vec<_>>()))
    })?;
    found.ok_or_else(|| TransferError::State(format!("there is no segment {segment} that is computed")))
}

fn object(value: Value) -> Object<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

pub(crate) fn time(at: Timestamp) -> Value {
    match jiff::Timestamp::from_millisecond(at.ms()) {
        Ok(at) => Value::String(format!("{at:.3}")),
        Err(_) => Value::Null,
    }
}

fn named(columns: store::transfers::ExportedRow) -> Object<String, Value> {
    let one = |(name, value): (&'static str, Value)| {
        let value = match (&value, name) {
            (Value::Number(ms), name) if name.ends_with("_at") => {
                ms.as_i64().map_or(Value::Null, |ms| time(Timestamp::from_ms(ms)))
            }
            (Value::String(text), "definition") => serde_json::from_str(text).unwrap_or(value),
            _ => value,
        };
        (name.to_owned(), value)
    };
    columns.into_iter().map(one).collect()
}

fn profile_row(profile: &domain::profile::Profile, currency: Currency, whole: bool) -> Object<String, Value> {
    let identifiers: Vec<Value> = profile
        .identifiers
        .iter()
        .map(|known| {
            json!({ "kind": known.identifier.kind.to_string(), "value": known.identifier.value, "since": time(known.at.0) })
        })
        .collect();
    let mut row = Object::new();
    row.insert("profile_id".into(), json!(profile.id.to_string()));
    row.insert("identifiers".into(), Value::Array(identifiers));
    if !whole {
        return row;
    }
    row.insert("created_at".into(), time(profile.created_at.0));
    row.insert("first_seen_at".into(), time(profile.first_seen_at.0));
    row.insert("last_seen_at".into(), time(profile.last_seen_at.0));
    let attributes: Object<String, Value> = profile
        .attributes
        .iter()
        .filter(|(_, held)| !held.value.is_null())
        .map(|(name, held)| (name.clone(), held.value.clone()))
        .collect();
    row.insert("attributes".into(), Value::Object(attributes));
    row.insert("tags".into(), json!(profile.active_tags().collect::<Vec<_>>()));
    row.insert("lists".into(), json!(profile.active_lists().collect::<Vec<_>>()));
    let consents: Object<String, Value> = profile
        .consents
        .iter()
        .map(|(slot, held)| {
            let told = json!({ "state": held.state, "at": time(held.at.0), "source": held.source });
            (slot.to_owned(), told)
        })
        .collect();
    row.insert("consents".into(), Value::Object(consents));
    row.insert("orders".into(), json!(profile.totals.orders));
    row.insert("revenue".into(), json!(profile.totals.revenue));
    row.insert("refunded".into(), json!(profile.totals.refunded));
    row.insert("cancelled".into(), json!(profile.totals.cancelled));
    row.insert("currency".into(), json!(currency.code()));
    row.insert("first_order_at".into(), profile.totals.first_at.map_or(Value::Null, |at| time(at.0)));
    row.insert("last_order_at".into(), profile.totals.last_at.map_or(Value::Null, |at| time(at.0)));
    row
}

fn order_row(told: store::transfers::ExportedOrder) -> Object<String, Value> {
    let order = &told.order;
    let refunded = if order.is_cancelled() { 0 } else { order.refunded() };
    let mut row = Object::new();
    row.insert("source".into(), json!(order.source));
    row.insert("order_id".into(), json!(order.order_id));
    row.insert("profile_id".into(), json!(told.profile_id.map(|id| id.to_string())));
    row.insert("placed_at".into(), time(order.placed_at.0));
    row.insert("status".into(), json!(order.status()));
    row.insert("currency".into(), json!(order.currency));
    row.insert("gross".into(), json!(order.gross()));
    row.insert("refunded".into(), json!(refunded));
    row.insert("net".into(), json!(order.net()));
    row.extend(object(serde_json::to_value(&order.contents).unwrap_or_default()));
    row
}

fn event_row(event: store::history::EventRow, profile: Option<String>) -> Object<String, Value> {
    let mut row = Object::new();
    row.insert("event".into(), json!(event.name));
    row.insert("at".into(), time(event.at));
    row.insert("profile_id".into(), json!(profile));
    row.insert("message_id".into(), json!(event.message_id));
    row.insert("historical".into(), json!(event.historical));
    row.insert("received_at".into(), time(event.received_at));
    row.extend(object(serde_json::from_str(&event.body).unwrap_or_default()));
    row
}

fn product_row(product: Product) -> Object<String, Value> {
    let updated_at = time(product.updated_at.0);
    let mut row = object(serde_json::to_value(&product).unwrap_or_default());
    row.insert("updated_at".into(), updated_at);
    let instants = [
        ("created_at", product.created_at),
        ("restocked_at", product.restocked_at),
        ("dropped_at", product.dropped_at),
    ];
    for (name, at) in instants {
        if let Some(at) = at {
            row.insert(name.into(), time(at.0));
        }
    }
    row
}

fn usual_columns(list: List) -> &'static [&'static str] {
    match list {
        List::Profiles => &[
            "profile_id",
            "user_id",
            "email",
            "phone",
            "attribute:name",
            "attribute:first_name",
            "attribute:last_name",
            "tags",
            "lists",
            "consents",
            "orders",
            "revenue",
            "refunded",
            "currency",
            "first_order_at",
            "last_order_at",
            "created_at",
            "last_seen_at",
            "attributes",
        ],
        List::SegmentMembers => &["profile_id", "user_id", "email", "phone"],
        List::Orders => &[
            "order_id",
            "source",
            "profile_id",
            "placed_at",
            "status",
            "currency",
            "gross",
            "refunded",
            "net",
            "discount",
            "shipping",
            "tax",
            "coupon",
            "lines",
        ],
        List::Events => &["event", "at", "profile_id", "message_id", "properties", "traits", "context"],
        List::Products => &[
            "product_id",
            "name",
            "sku",
            "category",
            "categories",
            "brand",
            "price",
            "currency",
            "compare_at_price",
            "cost",
            "stock",
            "in_stock",
            "hidden",
            "url",
            "image_url",
            "created_at",
            "updated_at",
        ],
        List::Messages => &[
            "message_id",
            "profile_id",
            "channel",
            "purpose",
            "template_id",
            "journey_id",
            "state",
            "reason",
            "decided_at",
            "accepted_at",
            "opens",
            "clicks",
            "unsubscribed_at",
        ],
        List::Consents => &["profile_id", "channel", "purpose", "state", "at", "source", "wording"],
        List::Segments => &["segment_id", "name", "description", "state", "version", "definition"],
        List::Journeys | List::Everything => {
            &["journey_id", "name", "status", "published", "version", "definition"]
        }
    }
}

/// Columns of money, which CSV shows with its decimals.
const MONEY: [&str; 9] =
    ["revenue", "refunded", "gross", "net", "discount", "shipping", "tax", "total", "price"];

fn cell(row: &Object<String, Value>, name: &str) -> String {
    let identifiers = || row.get("identifiers").and_then(Value::as_array).into_iter().flatten();
    let value = match name.strip_prefix("attribute:") {
        Some(attribute) => row.get("attributes").and_then(|attributes| attributes.get(attribute)).cloned(),
        None => match row.get(name) {
            Some(Value::Number(minor)) if MONEY.contains(&name) => {
                let currency = row.get("currency").and_then(Value::as_str).and_then(|code| code.parse().ok());
                minor.as_i64().zip(currency).map(|(minor, currency)| Value::String(decimal(minor, currency)))
            }
            Some(value) => Some(value.clone()),
            None => {
                // The newest of a kind stands last.
                let of = |known: &&Value| known.get("kind").and_then(Value::as_str) == Some(name);
                identifiers().rfind(of).and_then(|known| known.get("value")).cloned()
            }
        },
    };
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text,
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";")
        }
        Some(other) => other.to_string(),
    };
    harmless(&text).into_owned()
}

/// Minor units with the point before the decimals.
fn decimal(minor: i64, currency: Currency) -> String {
    let places = currency.exponent() as usize;
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let sign = if minor < 0 { "-" } else { "" };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Writes a new export down.
pub fn begin_export(
    store: &Store,
    workspace: WorkspaceId,
    job_id: String,
    spec: &ExportSpec,
    created_by: &str,
    now: Timestamp,
) -> Result<JobRow, TransferError> {
    spec.check().map_err(TransferError::State)?;
    let job = JobRow {
        name: spec.file_name(),
        plan: jobs::written(spec),
        progress: jobs::written(&ExportProgress::default()),
        ..jobs::new_job(workspace, job_id, "export", created_by, now)
    };
    Ok(jobs::insert(store, job)?)
}

/// An export as a job: [`Exporter`] with its progress stored.
pub struct ExportJob {
    held: Held,
    work: PathBuf,
    exporter: Option<Exporter>,
    stored_at: Timestamp,
}

impl ExportJob {
    pub fn open(store: Arc<Store>, job: JobRow, work: PathBuf) -> ExportJob {
        ExportJob { held: Held { store, job }, work, exporter: None, stored_at: Timestamp::MIN }
    }

    pub fn step(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        let stepped = self.attempt(now);
        match self.held.outcome(stepped)? {
            Outcome::Stepped(step) => Ok(step),
            Outcome::Turned(job) => {
                self.held.job = job;
                Ok(Step::Worked)
            }
            Outcome::Failed(error) => {
                let progress = ExportProgress { error: Some(error.to_string()), ..ExportProgress::default() };
                self.end("failed", progress, now)
            }
        }
    }

    fn attempt(&mut self, now: Timestamp) -> Result<Step, TransferError> {
        match self.held.job.state.as_str() {
            "cancelling" => {
                let progress = self.exporter.take().map(|held| held.progress.clone()).unwrap_or_default();
                return self.end("cancelled", progress, now);
            }
            "waiting" | "running" => {}
            _ => return Ok(Step::Ended),
        }
        if self.exporter.is_none() {
            let spec: ExportSpec = jobs::read(&self.held.job.plan)?;
            let target = self.work.join(spec.file_name());
            let mut exporter =
                Exporter::new(Arc::clone(&self.held.store), self.held.job.workspace, spec, &target)?;
            exporter.progress.started_at = now.ms();
            exporter.ask_at(now);
            self.held.job.state = "running".into();
            self.exporter = Some(exporter);
        }
        let Some(exporter) = &mut self.exporter else { return Ok(Step::Worked) };
        let step = exporter.step()?;
        let progress = exporter.progress.clone();
        match step {
            Step::Ended => self.end("completed", progress, now),
            other => {
                if now.since_ms(self.stored_at) >= TELL_EVERY_MS {
                    self.save(&progress, now)?;
                }
                Ok(other)
            }
        }
    }

    fn end(
        &mut self,
        state: &str,
        mut progress: ExportProgress,
        now: Timestamp,
    ) -> Result<Step, TransferError> {
        self.held.job.state = state.into();
        progress.ended_at = now.ms();
        self.exporter = None;
        self.save(&progress, now)?;
        Ok(Step::Ended)
    }

    fn save(&mut self, progress: &ExportProgress, now: Timestamp) -> Result<(), TransferError> {
        self.held.save(progress, Changeset::new(), now)?;
        self.stored_at = now;
        Ok(())
    }
}
