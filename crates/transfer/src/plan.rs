//! A map held against a file: which column is what, how its values are written, and what is wrong with it.

use crate::map::{Field, Kind, Map, Target, ValueKind};
use crate::reading::{RawRow, Table};
use crate::values::{DateEvidence, DayOrder, Notation, NumberEvidence};
use domain::consent::Purpose;
use jiff::tz::TimeZone;
use kit::Currency;
use serde::Serialize;

/// Rows from which notations are found out.
const ROWS_LOOKED_AT: usize = 10_000;
/// Values that are shown of a column.
const SAMPLES: usize = 5;

/// One thing that is wrong with a map, or worth knowing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Remark {
    pub column: Option<String>,
    pub code: &'static str,
    pub message: String,
}

/// How one column is read.
#[derive(Clone, Debug)]
pub struct ColumnPlan {
    pub place: usize,
    pub name: String,
    pub target: Target,
    pub kind: ValueKind,
    pub notation: Notation,
    pub dates: DayOrder,
    pub separator: String,
}

/// Everything that reading a row needs.
#[derive(Clone, Debug)]
pub struct Plan {
    pub kind: Kind,
    pub map: Map,
    pub columns: Vec<ColumnPlan>,
    pub width: usize,
    pub zone: TimeZone,
    pub currency: Currency,
    pub source: String,
    /// Worth knowing, and no reason to stop.
    pub warnings: Vec<Remark>,
}

/// What is seen of a column before anything is imported.
#[derive(Clone, Debug, Serialize)]
pub struct SeenColumn {
    pub name: String,
    pub samples: Vec<String>,
    pub filled: usize,
    pub suggestion: Option<String>,
}

#[derive(Clone, Default)]
struct Evidence {
    numbers: NumberEvidence,
    dates: DateEvidence,
    samples: Vec<String>,
    filled: usize,
}

/// What the first rows of a file tell.
pub struct Seen {
    evidence: Vec<Evidence>,
    pub rows: usize,
    pub faults: usize,
}

impl Seen {
    /// Reads the first rows of a table; the table cannot be used for anything else afterwards.
    pub fn of(table: &mut Table) -> Result<Seen, crate::ReadError> {
        let mut seen = Seen { evidence: vec![Evidence::default(); table.columns.len()], rows: 0, faults: 0 };
        let mut row = RawRow::default();
        while seen.rows < ROWS_LOOKED_AT && table.next_row(&mut row)? {
            seen.rows += 1;
            if row.fault.is_some() {
                seen.faults += 1;
                continue;
            }
            for (evidence, cell) in seen.evidence.iter_mut().zip(&row.cells) {
                let cell = cell.trim();
                if cell.is_empty() {
                    continue;
                }
                evidence.filled += 1;
                evidence.numbers.see(cell);
                evidence.dates.see(cell);
                if evidence.samples.len() < SAMPLES && !evidence.samples.iter().any(|held| held == cell) {
                    evidence.samples.push(cell.chars().take(100).collect());
                }
            }
        }
        Ok(seen)
    }

    pub fn columns(&self, table: &Table, map: &Map) -> Vec<SeenColumn> {
        let named = table.columns.iter().zip(&self.evidence);
        named
            .map(|(name, evidence)| SeenColumn {
                name: name.clone(),
                samples: evidence.samples.clone(),
                filled: evidence.filled,
                suggestion: map.columns.get(name).map(|column| column.detail().to),
            })
            .collect()
    }
}

/// The workspace's own ways, where a map says nothing.
#[derive(Clone, Debug)]
pub struct Home {
    pub zone: String,
    pub currency: Currency,
}

impl Plan {
    /// # Errors
    /// Everything that is wrong with the map, so that it can be mended at once.
    pub fn of(
        kind: Kind,
        map: Map,
        columns: &[String],
        seen: &Seen,
        home: &Home,
    ) -> Result<Plan, Vec<Remark>> {
        let mut wrong: Vec<Remark> = Vec::new();
        let mut warnings: Vec<Remark> = Vec::new();
        let remark = |column: Option<&str>, code: &'static str, message: String| Remark {
            column: column.map(str::to_owned),
            code,
            message,
        };
        let currency = match map.currency.as_deref().map(str::parse::<Currency>) {
            Some(Ok(currency)) => currency,
            Some(Err(error)) => {
                wrong.push(remark(None, "currency_unknown", error.to_string()));
                home.currency
            }
            None => home.currency,
        };
        let zone_name = map.time_zone.as_deref().unwrap_or(&home.zone);
        let zone = TimeZone::get(zone_name).unwrap_or_else(|_| {
            let message = format!("{zone_name:?} is no time zone, such as Asia/Ho_Chi_Minh");
            wrong.push(remark(None, "time_zone_unknown", message));
            TimeZone::UTC
        });
        let source = map.source.clone().unwrap_or_else(|| "import".into()).trim().to_lowercase();
        if source.is_empty() || source.len() > 60 || source.contains(|c: char| c.is_control() || c == ':') {
            let message = "a source has 1 to 60 characters and no colon".to_owned();
            wrong.push(remark(None, "source_invalid", message));
        }
        let mut plans = Vec::new();
        for (name, column) in &map.columns {
            let detail = column.detail();
            let Some(place) = columns.iter().position(|held| held == name) else {
                let message = format!("the file has no such column; it has: {}", columns.join(", "));
                wrong.push(remark(Some(name), "column_missing", message.chars().take(1_000).collect()));
                continue;
            };
            let target = match Target::parse(&detail.to, kind) {
                Ok(Target::Ignore) => continue,
                Ok(target) => target,
                Err(message) => {
                    wrong.push(remark(Some(name), "target_unknown", message));
                    continue;
                }
            };
            let value = match &target {
                Target::Field(field) if field.is_money() || *field == Field::Quantity => ValueKind::Number,
                Target::Field(field) if field.is_time() => ValueKind::Time,
                Target::ConsentAt | Target::UpdatedAt => ValueKind::Time,
                Target::Consent(..) => ValueKind::Boolean,
                Target::Tags | Target::Lists => ValueKind::List,
                _ => detail.kind.unwrap_or(ValueKind::Text),
            };
            let evidence = seen.evidence.get(place).cloned().unwrap_or_default();
            let (mut notation, mut dates) = (Notation::Point, DayOrder::Dmy);
            match value {
                ValueKind::Number => {
                    let (found, sure) = evidence.numbers.verdict(currency);
                    notation = detail.notation.unwrap_or(found);
                    let ambiguous = |text: &String| text.contains(['.', ',']);
                    if detail.notation.is_none() && !sure && evidence.samples.iter().any(ambiguous) {
                        let message = format!(
                            "nothing tells whether the last mark stands before decimals; read as {}",
                            if found == Notation::Point { "1,234.5" } else { "1.234,5" }
                        );
                        warnings.push(remark(Some(name), "notation_assumed", message));
                    }
                }
                ValueKind::Date | ValueKind::Time => {
                    let (found, sure) = evidence.dates.verdict();
                    dates = detail.dates.unwrap_or(found);
                    let slashed = |text: &String| {
                        !text.get(..4).is_some_and(|year| year.bytes().all(|b| b.is_ascii_digit()))
                    };
                    if detail.dates.is_none() && !sure && evidence.samples.iter().any(slashed) {
                        let message =
                            "no day is above 12, so nothing tells day from month; read as dd/mm".to_owned();
                        warnings.push(remark(Some(name), "dates_assumed", message));
                    }
                    if evidence.dates.dmy > 0 && evidence.dates.mdy > 0 {
                        let message = format!(
                            "{} dates can only be dd/mm and {} only mm/dd; the fewer ones are rejected",
                            evidence.dates.dmy, evidence.dates.mdy
                        );
                        warnings.push(remark(Some(name), "dates_mixed", message));
                    }
                }
                _ => {}
            }
            plans.push(ColumnPlan {
                place,
                name: name.clone(),
                target,
                kind: value,
                notation,
                dates,
                separator: detail.separator.unwrap_or_else(|| ";".into()),
            });
        }
        plans.sort_by_key(|column| column.place);
        let has = |field: Field| plans.iter().any(|column| column.target == Target::Field(field));
        let identifies = plans.iter().any(|column| matches!(column.target, Target::Identifier(_)));
        let mut need = |met: bool, code: &'static str, message: &str| {
            if !met {
                wrong.push(remark(None, code, message.to_owned()));
            }
        };
        match kind {
            Kind::Profiles => {
                need(identifies, "identifier_missing", "no column says who it is: e-mail, phone or an id")
            }
            Kind::Orders => {
                need(has(Field::OrderId), "order_id_missing", "no column holds the order's number");
                need(has(Field::OrderedAt), "ordered_at_missing", "no column says when it was ordered");
            }
            Kind::Products => {
                need(has(Field::ProductId), "product_id_missing", "no column holds the product's id")
            }
            Kind::Events => {
                need(identifies, "identifier_missing", "no column says who it is: e-mail, phone or an id");
                need(has(Field::At), "at_missing", "no column says when it happened");
                let named = has(Field::EventName) || map.event.is_some();
                need(named, "event_missing", "no column holds the event's name; give a column or `event`");
            }
        }
        if map.consent_source.as_deref().unwrap_or("").trim().is_empty() {
            for column in &plans {
                if matches!(column.target, Target::Consent(_, purpose) if purpose != Purpose::Transactional) {
                    let message = "say where these people agreed (consent_source, --consent-source): \
                                   a consent without its origin proves nothing and is not taken"
                        .to_owned();
                    wrong.push(remark(Some(&column.name), "consent_source_missing", message));
                }
            }
        }
        if kind == Kind::Orders && currency != home.currency {
            let message = format!(
                "these orders are in {theirs} and the shop counts in {shop}: customers' revenue is made of orders in \
                 {shop} alone. If the shop sells in {theirs}, set its currency; totals are then added up anew",
                theirs = currency.code(),
                shop = home.currency.code()
            );
            warnings.push(remark(None, "currency_differs", message));
        }
        if seen.faults * 2 > seen.rows.max(1) {
            let message =
                "more than half of the first rows have another number of columns than the first row";
            warnings.push(remark(None, "rows_ragged", message.to_owned()));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Plan { kind, map, columns: plans, width: columns.len(), zone, currency, source, warnings })
    }
}
