//! The filters: Liquid's own, and those a Vietnamese shop needs (`money`, `given_name`, `date_vn`, `phone`).
//!
//! A filter never sees nil as its input and never a missing variable as an argument: those pass through
//! unchanged until a `default`, see [`super::eval`].

use std::cmp::Ordering;
use std::collections::BTreeSet;

use kit::{Currency, Money};
use serde_json::Value as Json;

use super::eval::{Budget, Surroundings};
use super::html;
use super::value::{Number, Str, Val};

pub(super) struct Call<'c, 'a> {
    pub args: &'c [Val<'a>],
    pub around: &'c Surroundings<'a>,
    pub budget: &'c mut Budget,
}

type Run = for<'a> fn(Val<'a>, Call<'_, 'a>) -> Result<Val<'a>, String>;

pub(super) struct FilterSpec {
    pub name: &'static str,
    pub args_min: usize,
    pub args_max: usize,
    pub run: Run,
}

const fn spec(name: &'static str, args_min: usize, args_max: usize, run: Run) -> FilterSpec {
    FilterSpec { name, args_min, args_max, run }
}

/// Sorted by name.
static FILTERS: [FilterSpec; 61] = [
    spec("abs", 0, 0, abs),
    spec("append", 1, 1, append),
    spec("at_least", 1, 1, at_least),
    spec("at_most", 1, 1, at_most),
    spec("capitalize", 0, 0, capitalize),
    spec("ceil", 0, 0, ceil),
    spec("compact", 0, 1, compact),
    spec("concat", 1, 1, concat),
    spec("date", 1, 1, date),
    spec("date_vn", 0, 0, date_vn),
    // Handled where missing values are: super::eval.
    spec("default", 1, 1, |value, _| Ok(value)),
    spec("divided_by", 1, 1, divided_by),
    spec("downcase", 0, 0, |value, call| mapped(value, call, str::to_lowercase)),
    spec("escape", 0, 0, escape),
    spec("escape_once", 0, 0, escape_once),
    spec("find", 1, 2, find_item),
    spec("first", 0, 0, |value, _| Ok(value.field("first"))),
    spec("floor", 0, 0, floor),
    spec("given_name", 0, 0, given_name),
    spec("join", 0, 1, join),
    spec("last", 0, 0, |value, _| Ok(value.field("last"))),
    spec("lstrip", 0, 0, |value, call| trimmed(value, call, str::trim_start)),
    spec("map", 1, 1, map),
    spec("minus", 1, 1, minus),
    spec("modulo", 1, 1, modulo),
    spec("money", 0, 1, money),
    spec("newline_to_br", 0, 0, newline_to_br),
    spec("phone", 0, 0, phone),
    spec("plus", 1, 1, plus),
    spec("prepend", 1, 1, prepend),
    spec("raw", 0, 0, raw),
    spec("reject", 1, 2, reject),
    spec("remove", 1, 1, |value, call| replaced(value, call, Which::All)),
    spec("remove_first", 1, 1, |value, call| replaced(value, call, Which::First)),
    spec("remove_last", 1, 1, |value, call| replaced(value, call, Which::Last)),
    spec("replace", 2, 2, |value, call| replaced(value, call, Which::All)),
    spec("replace_first", 2, 2, |value, call| replaced(value, call, Which::First)),
    spec("replace_last", 2, 2, |value, call| replaced(value, call, Which::Last)),
    spec("reverse", 0, 0, reverse),
    spec("round", 0, 1, round),
    spec("rstrip", 0, 0, |value, call| trimmed(value, call, str::trim_end)),
    spec("size", 0, 0, size),
    spec("slice", 1, 2, slice),
    spec("sort", 0, 1, |value, call| sorted(value, call, |text| text.to_owned())),
    spec("sort_natural", 0, 1, |value, call| sorted(value, call, |text| text.to_lowercase())),
    spec("split", 1, 1, split),
    spec("squish", 0, 0, |value, call| {
        mapped(value, call, |text| text.split_whitespace().collect::<Vec<_>>().join(" "))
    }),
    spec("strip", 0, 0, |value, call| trimmed(value, call, str::trim)),
    spec("strip_html", 0, 0, strip_html),
    spec("strip_newlines", 0, 0, |value, call| mapped(value, call, |text| text.replace(['\r', '\n'], ""))),
    spec("sum", 0, 1, sum),
    spec("times", 1, 1, times),
    spec("truncate", 0, 2, truncate),
    spec("truncatewords", 0, 2, truncatewords),
    spec("uniq", 0, 1, uniq),
    spec("upcase", 0, 0, |value, call| mapped(value, call, str::to_uppercase)),
    spec("url_decode", 0, 0, |value, call| mapped(value, call, url_decoded)),
    spec("url_encode", 0, 0, |value, call| mapped(value, call, url_encoded)),
    spec("url_escape", 0, 0, |value, call| mapped(value, call, |text| url_encoded(text).replace('+', "%20"))),
    spec("where", 1, 2, where_filter),
    spec("xml_escape", 0, 0, escape),
];

pub(super) fn find(name: &str) -> Option<&'static FilterSpec> {
    FILTERS.binary_search_by(|spec| spec.name.cmp(name)).ok().map(|at| &FILTERS[at])
}

/// Filters whose result holds items of their input, unchanged.
pub(super) fn keeps_items(name: &str) -> bool {
    ["compact", "reject", "reverse", "slice", "sort", "sort_natural", "uniq", "where"].contains(&name)
}

/// The filter a mistyped name most likely meant.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let distances = FILTERS.iter().map(|spec| (edits(name, spec.name), spec.name));
    distances.filter(|(distance, _)| *distance <= 2 && *distance < name.len()).min().map(|(_, name)| name)
}

/// Levenshtein's distance between two short names.
fn edits(a: &str, b: &str) -> usize {
    if a.len() > 20 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.chars().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(0)
}

// ---- text ----

fn text<'a>(value: &Val<'a>) -> Result<Str<'a>, String> {
    match value {
        Val::Text(text) | Val::Html(text) => Ok(text.clone()),
        value => {
            let mut text = String::new();
            if !value.write_text(&mut text) {
                return Err("needs a text, not a group of values".to_owned());
            }
            Ok(Str::Made(text.into()))
        }
    }
}

fn mapped<'a>(
    value: Val<'a>,
    call: Call<'_, 'a>,
    change: impl Fn(&str) -> String,
) -> Result<Val<'a>, String> {
    let text = text(&value)?;
    // No case mapping and no encoding makes more than three bytes of one.
    call.budget.make_text(text.len())?;
    Ok(Val::made(change(&text)))
}

fn trimmed<'a>(value: Val<'a>, call: Call<'_, 'a>, trim: fn(&str) -> &str) -> Result<Val<'a>, String> {
    let is_html = matches!(value, Val::Html(_));
    let text = match text(&value)? {
        Str::Borrowed(text) => Str::Borrowed(trim(text)),
        Str::Made(text) => {
            call.budget.make_text(text.len())?;
            Str::Made(trim(&text).into())
        }
    };
    Ok(if is_html { Val::Html(text) } else { Val::Text(text) })
}

/// Two texts after one another; when one of them is HTML the other one is escaped to fit.
fn joined<'a>(first: &Val<'a>, second: &Val<'a>, budget: &mut Budget) -> Result<Val<'a>, String> {
    let is_html = matches!(first, Val::Html(_)) || matches!(second, Val::Html(_));
    let mut whole = String::new();
    for value in [first, second] {
        let text = text(value)?;
        budget.make_text(whole.len() + text.len())?;
        if is_html && !matches!(value, Val::Html(_)) {
            html::escape_into(&text, &mut whole);
        } else {
            whole.push_str(&text);
        }
    }
    Ok(if is_html { Val::html(whole) } else { Val::made(whole) })
}

fn append<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    joined(&value, &call.args[0], call.budget)
}

fn prepend<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    joined(&call.args[0], &value, call.budget)
}

fn capitalize<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    mapped(value, call, |text| {
        let mut chars = text.chars();
        let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
        first + &chars.as_str().to_lowercase()
    })
}

#[derive(Clone, Copy)]
enum Which {
    All,
    First,
    Last,
}

/// `replace` and `remove`: HTML stays HTML, what is put into it is escaped.
fn replaced<'a>(value: Val<'a>, call: Call<'_, 'a>, which: Which) -> Result<Val<'a>, String> {
    let is_html = matches!(value, Val::Html(_));
    let whole = text(&value)?;
    let from = text(&call.args[0])?;
    let mut to = String::new();
    match call.args.get(1) {
        Some(Val::Html(text)) => to.push_str(text),
        Some(value) if is_html => html::escape_into(&text(value)?, &mut to),
        Some(value) => to.push_str(&text(value)?),
        None => {}
    }
    call.budget.work(whole.len() / 8)?;
    let count = match which {
        Which::All => whole.matches(&*from).count(),
        Which::First | Which::Last => 1,
    };
    call.budget.make_text(whole.len().saturating_add(count.saturating_mul(to.len())))?;
    let text = match which {
        Which::All => whole.replace(&*from, &to),
        Which::First => whole.replacen(&*from, &to, 1),
        Which::Last => match whole.rfind(&*from) {
            Some(at) => format!("{}{to}{}", &whole[..at], &whole[at + from.len()..]),
            None => (*whole).to_owned(),
        },
    };
    Ok(if is_html { Val::html(text) } else { Val::made(text) })
}

fn parts<'s>(whole: &'s str, separator: &str) -> Vec<&'s str> {
    let mut parts: Vec<&str> = match separator {
        "" => whole.char_indices().map(|(at, c)| &whole[at..at + c.len_utf8()]).collect(),
        " " => whole.split_whitespace().collect(),
        separator => whole.split(separator).collect(),
    };
    while parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
    }
    parts
}

fn split<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let whole = text(&value)?;
    let separator = text(&call.args[0])?;
    call.budget.work(whole.len() / 8)?;
    let items: Vec<Val<'a>> = match &whole {
        Str::Borrowed(whole) => parts(whole, &separator).into_iter().map(Val::borrowed).collect(),
        Str::Made(whole) => {
            call.budget.make_text(whole.len())?;
            parts(whole, &separator).into_iter().map(|part| Val::made(part.to_owned())).collect()
        }
    };
    call.budget.make_list(items.len())?;
    Ok(Val::List(items.into()))
}

fn slice<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let start = whole(&call.args[0]);
    let length = call.args.get(1).map_or(1, whole).max(0);
    let cut = |size: usize| {
        let size = size as i64;
        let from = if start < 0 { start.saturating_add(size) } else { start };
        if from < 0 || from > size {
            return 0..0;
        }
        from as usize..from.saturating_add(length).min(size) as usize
    };
    if let Some(items) = list(&value, &mut call)? {
        return Ok(Val::List(items[cut(items.len())].into()));
    }
    mapped(value, call, |text| {
        let range = cut(text.chars().count());
        text.chars().skip(range.start).take(range.len()).collect()
    })
}

fn truncate<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let length = usize::try_from(call.args.first().map_or(50, whole)).unwrap_or(0);
    let ellipsis = call.args.get(1).map_or(Ok(Str::Borrowed("...")), text)?;
    call.budget.make_text(ellipsis.len())?;
    mapped(value, call, |text| {
        if text.chars().count() <= length {
            return text.to_owned();
        }
        let kept = length.saturating_sub(ellipsis.chars().count());
        text.chars().take(kept).chain(ellipsis.chars()).collect()
    })
}

fn truncatewords<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let length = usize::try_from(call.args.first().map_or(15, whole)).unwrap_or(0).max(1);
    let ellipsis = call.args.get(1).map_or(Ok(Str::Borrowed("...")), text)?;
    call.budget.make_text(ellipsis.len())?;
    mapped(value, call, |text| {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.len() <= length {
            return text.to_owned();
        }
        words[..length].join(" ") + &ellipsis
    })
}

fn url_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte as char),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Percent-encoding for a query value, as UTM parameters need it.
pub(super) fn query_encoded(text: &str) -> String {
    url_encoded(text)
}

fn url_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| (*byte as char).to_digit(16);
                match (digit(high), digit(low)) {
                    (Some(high), Some(low)) => {
                        bytes.push((high * 16 + low) as u8);
                        rest = after;
                    }
                    _ => bytes.push(b'%'),
                }
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

// ---- HTML ----

/// HTML in an HTML part, where it will not be escaped again; plain text elsewhere.
fn as_html<'a>(text: String, around: &Surroundings<'_>) -> Val<'a> {
    if around.escape { Val::html(text) } else { Val::made(text) }
}

fn raw<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let text = text(&value)?;
    Ok(if call.around.escape { Val::Html(text) } else { Val::Text(text) })
}

fn escape<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    if let Val::Html(_) = value {
        return Ok(value);
    }
    let text = text(&value)?;
    call.budget.make_text(text.len())?;
    let mut escaped = String::with_capacity(text.len());
    html::escape_into(&text, &mut escaped);
    Ok(as_html(escaped, call.around))
}

fn escape_once<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let text = text(&value)?;
    call.budget.make_text(text.len())?;
    Ok(as_html(html::escaped_once(&text), call.around))
}

/// In a text part line breaks stay line breaks.
fn newline_to_br<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    if !call.around.escape {
        return Ok(value);
    }
    let text = text(&value)?;
    call.budget.make_text(text.len().saturating_mul(6))?;
    let mut escaped = String::with_capacity(text.len());
    match &value {
        Val::Html(text) => escaped.push_str(text),
        _ => html::escape_into(&text, &mut escaped),
    }
    Ok(Val::html(escaped.replace("\r\n", "\n").replace('\n', "<br />\n")))
}

fn strip_html<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let text = text(&value)?;
    call.budget.make_text(text.len())?;
    let stripped = html::without_tags(&text);
    // Entities of the source stay what they are: `&amp;` must not become `&amp;amp;`.
    Ok(if call.around.escape { Val::html(html::escaped_once(&stripped)) } else { Val::made(stripped) })
}

// ---- numbers ----

fn whole(value: &Val<'_>) -> i64 {
    match value.number() {
        Number::Int(number) => number,
        Number::Float(number) => number as i64,
    }
}

/// Rounds the noise of binary fractions away: 0.1 × 3 is 0.3.
fn tidy<'a>(number: f64) -> Result<Val<'a>, String> {
    let tidied = match number.fract() == 0.0 {
        true => number,
        false => format!("{number:.12e}").parse().unwrap_or(number),
    };
    if f64::is_finite(tidied) { Ok(Val::Float(tidied)) } else { Err("the number is too large".to_owned()) }
}

fn arithmetic<'a>(
    value: &Val<'a>,
    call: &Call<'_, 'a>,
    exact: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
) -> Result<Val<'a>, String> {
    let (a, b) = (value.number(), call.args[0].number());
    if let (Number::Int(a), Number::Int(b)) = (a, b)
        && let Some(result) = exact(a, b)
    {
        return Ok(Val::Int(result));
    }
    tidy(real(a.float(), b.float()))
}

fn plus<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    arithmetic(&value, &call, i64::checked_add, |a, b| a + b)
}

fn minus<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    arithmetic(&value, &call, i64::checked_sub, |a, b| a - b)
}

fn times<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    arithmetic(&value, &call, i64::checked_mul, |a, b| a * b)
}

/// Whole numbers divide to whole numbers, rounded down, as in Liquid.
fn divided_by<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    if call.args[0].number().float() == 0.0 {
        return Err("cannot divide by zero".to_owned());
    }
    arithmetic(
        &value,
        &call,
        |a, b| {
            let quotient = a.checked_div(b)?;
            Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
        },
        |a, b| a / b,
    )
}

fn modulo<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    if call.args[0].number().float() == 0.0 {
        return Err("cannot divide by zero".to_owned());
    }
    arithmetic(
        &value,
        &call,
        |a, b| {
            let rest = a.checked_rem(b)?;
            Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
        },
        |a, b| a - b * (a / b).floor(),
    )
}

fn abs<'a>(value: Val<'a>, _: Call<'_, 'a>) -> Result<Val<'a>, String> {
    Ok(match value.number() {
        Number::Int(number) => Val::Int(number.saturating_abs()),
        Number::Float(number) => Val::Float(number.abs()),
    })
}

fn rounded<'a>(value: &Val<'a>, round: fn(f64) -> f64) -> Val<'a> {
    match value.number() {
        Number::Int(number) => Val::Int(number),
        Number::Float(number) => Val::Int(round(number) as i64),
    }
}

fn ceil<'a>(value: Val<'a>, _: Call<'_, 'a>) -> Result<Val<'a>, String> {
    Ok(rounded(&value, f64::ceil))
}

fn floor<'a>(value: Val<'a>, _: Call<'_, 'a>) -> Result<Val<'a>, String> {
    Ok(rounded(&value, f64::floor))
}

fn round<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let digits = call.args.first().map_or(0, whole).clamp(0, 12);
    match value.number() {
        Number::Float(number) if digits > 0 => {
            let scale = 10f64.powi(digits as i32);
            tidy((number * scale).round() / scale)
        }
        _ => Ok(rounded(&value, f64::round)),
    }
}

fn at_least<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let (a, b) = (value.number(), call.args[0].number());
    Ok(if a.float() < b.float() { b.value() } else { a.value() })
}

fn at_most<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let (a, b) = (value.number(), call.args[0].number());
    Ok(if a.float() > b.float() { b.value() } else { a.value() })
}

// ---- lists ----

fn list<'a>(value: &Val<'a>, call: &mut Call<'_, 'a>) -> Result<Option<Vec<Val<'a>>>, String> {
    match value {
        Val::Json(Json::Array(_)) | Val::List(_) | Val::Range(..) => {
            call.budget.make_list(value.extent())?;
            Ok(value.items())
        }
        _ => Ok(None),
    }
}

/// The items of a list, or the value itself as a list of one.
fn items<'a>(value: &Val<'a>, call: &mut Call<'_, 'a>) -> Result<Vec<Val<'a>>, String> {
    Ok(list(value, call)?.unwrap_or_else(|| vec![value.clone()]))
}

/// The field named by argument `at`, or the item itself without that argument.
fn key<'a>(item: &Val<'a>, call: &Call<'_, 'a>, at: usize) -> Result<Val<'a>, String> {
    Ok(match call.args.get(at) {
        Some(name) => item.field(&text(name)?),
        None => item.clone(),
    })
}

fn size<'a>(value: Val<'a>, _: Call<'_, 'a>) -> Result<Val<'a>, String> {
    // An object may have a field of this name; the filter means the number of fields.
    Ok(match &value {
        Val::Json(Json::Object(fields)) => Val::Int(fields.len() as i64),
        value => match value.field("size") {
            Val::Nil(_) => Val::Int(0),
            size => size,
        },
    })
}

fn join<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let items = items(&value, &mut call)?;
    let separator = call.args.first().map_or(Ok(Str::Borrowed(" ")), text)?;
    let mut joined = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            joined.push_str(&separator);
        }
        let before = joined.len();
        if !item.write_text(&mut joined) {
            return Err("the list holds groups of values: `map` it to one of their fields first".to_owned());
        }
        call.budget.make_text(joined.len() - before + separator.len())?;
    }
    call.budget.make_text(joined.len())?;
    Ok(Val::made(joined))
}

fn map<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let items = items(&value, &mut call)?;
    let fields: Result<Vec<_>, _> = items.iter().map(|item| key(item, &call, 0)).collect();
    Ok(Val::List(fields?.into()))
}

fn kept<'a>(value: &Val<'a>, call: &mut Call<'_, 'a>, keep: bool) -> Result<Vec<Val<'a>>, String> {
    let mut found = items(value, call)?;
    let mut fault = None;
    found.retain(|item| match key(item, call, 0) {
        Ok(field) => keep == call.args.get(1).map_or_else(|| field.truthy(), |wanted| field.equals(wanted)),
        Err(message) => {
            fault = Some(message);
            false
        }
    });
    fault.map_or(Ok(found), Err)
}

fn where_filter<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    Ok(Val::List(kept(&value, &mut call, true)?.into()))
}

fn reject<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    Ok(Val::List(kept(&value, &mut call, false)?.into()))
}

fn find_item<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    Ok(kept(&value, &mut call, true)?.into_iter().next().unwrap_or(Val::Nil(None)))
}

fn compact<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let mut found = Vec::new();
    for item in items(&value, &mut call)? {
        if !key(&item, &call, 0)?.is_nil() {
            found.push(item);
        }
    }
    Ok(Val::List(found.into()))
}

fn concat<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let mut found = items(&value, &mut call)?;
    let more = call.args[0].clone();
    found.extend(list(&more, &mut call)?.ok_or("needs a list to add")?);
    call.budget.make_list(found.len())?;
    Ok(Val::List(found.into()))
}

fn reverse<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let mut found = items(&value, &mut call)?;
    found.reverse();
    Ok(Val::List(found.into()))
}

/// A total order, as sorting needs: numbers, then texts, then everything else as it came, nil last.
fn order(a: &(Val<'_>, String), b: &(Val<'_>, String)) -> Ordering {
    let rank = |value: &Val<'_>| match value {
        Val::Int(_) | Val::Float(_) => 0,
        Val::Text(_) | Val::Html(_) => 1,
        Val::Nil(_) => 3,
        _ => 2,
    };
    rank(&a.0).cmp(&rank(&b.0)).then_with(|| match rank(&a.0) {
        0 => a.0.number().float().total_cmp(&b.0.number().float()),
        _ => a.1.cmp(&b.1),
    })
}

fn sorted<'a>(value: Val<'a>, mut call: Call<'_, 'a>, fold: fn(&str) -> String) -> Result<Val<'a>, String> {
    let mut keyed = Vec::new();
    for item in items(&value, &mut call)? {
        let key = key(&item, &call, 0)?;
        let folded = match &key {
            Val::Text(text) | Val::Html(text) => fold(text),
            _ => String::new(),
        };
        call.budget.make_text(folded.len())?;
        call.budget.work(8)?;
        keyed.push(((key, folded), item));
    }
    keyed.sort_by(|a, b| order(&a.0, &b.0));
    Ok(Val::List(keyed.into_iter().map(|(_, item)| item).collect()))
}

fn uniq<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for item in items(&value, &mut call)? {
        let identity = match key(&item, &call, 0)? {
            Val::Json(json) => (0, json.to_string()),
            Val::Text(text) | Val::Html(text) => (1, (*text).to_owned()),
            scalar => {
                let mut text = String::new();
                scalar.write_text(&mut text);
                (2, text)
            }
        };
        call.budget.make_text(identity.1.len())?;
        if seen.insert(identity) {
            found.push(item);
        }
    }
    Ok(Val::List(found.into()))
}

fn sum<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let mut total = Number::Int(0);
    for item in items(&value, &mut call)? {
        let more = key(&item, &call, 0)?.number();
        total = match (total, more) {
            (Number::Int(a), Number::Int(b)) => {
                a.checked_add(b).map_or(Number::Float(a as f64 + b as f64), Number::Int)
            }
            (a, b) => Number::Float(a.float() + b.float()),
        };
    }
    match total {
        Number::Int(total) => Ok(Val::Int(total)),
        Number::Float(total) => tidy(total),
    }
}

// ---- dates ----

/// The instant a value means, in the time zone of the shop. Whole numbers are milliseconds, or seconds when
/// they are too small for milliseconds after 1973. A date without a time is midnight in the shop's time zone.
/// `None` when the text is no date.
fn instant(value: &Val<'_>, around: &Surroundings<'_>) -> Result<Option<jiff::Zoned>, String> {
    let zone = jiff::tz::TimeZone::get(around.time_zone)
        .map_err(|_| format!("there is no time zone `{}`", around.time_zone))?;
    let from_number = |number: i64| {
        let ms = if number.unsigned_abs() < 100_000_000_000 { number * 1_000 } else { number };
        jiff::Timestamp::from_millisecond(ms).ok().map(|at| at.to_zoned(zone.clone()))
    };
    Ok(match value {
        Val::Int(number) => from_number(*number),
        Val::Float(number) => from_number(*number as i64),
        Val::Text(text) | Val::Html(text) => {
            let text = text.trim();
            if text == "now" || text == "today" {
                let now = around.now.ok_or("the time of sending is not known here")?;
                return Ok(from_number(now.ms()));
            }
            if let Ok(number) = text.parse() {
                return Ok(from_number(number));
            }
            if let Ok(at) = text.parse::<jiff::Timestamp>() {
                return Ok(Some(at.to_zoned(zone)));
            }
            if let Ok(at) = jiff::Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", text) {
                return Ok(Some(at.to_zoned(zone)));
            }
            text.parse::<jiff::civil::DateTime>().ok().and_then(|at| at.to_zoned(zone).ok())
        }
        _ => None,
    })
}

fn formatted<'a>(value: Val<'a>, call: &mut Call<'_, 'a>, format: &str) -> Result<Val<'a>, String> {
    call.budget.work(32 + format.len())?;
    let Some(at) = instant(&value, call.around)? else { return Ok(value) };
    let text =
        jiff::fmt::strtime::format(format, &at).map_err(|_| format!("`{format}` is not a date format"))?;
    call.budget.make_text(text.len())?;
    Ok(Val::made(text))
}

/// `strftime`; what is no date stays as it is, as in Liquid.
fn date<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let format = text(&call.args[0])?;
    if format.len() > 200 {
        return Err("the date format is too long".to_owned());
    }
    formatted(value, &mut call, &format)
}

/// dd/mm/yyyy
fn date_vn<'a>(value: Val<'a>, mut call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    formatted(value, &mut call, "%d/%m/%Y")
}

// ---- what a Vietnamese shop needs ----

/// An amount in the major unit (đồng, dollars), as the context holds it, in the currency given as argument,
/// else in the shop's, else in đồng.
fn money<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    let currency = match call.args.first() {
        Some(code) => text(code)?.parse().map_err(|error: kit::MoneyError| error.to_string())?,
        None => {
            let of_shop = call.around.context.get("shop").and_then(|shop| shop.get("currency"));
            of_shop.and_then(Json::as_str).and_then(|code| code.parse().ok()).unwrap_or(Currency::VND)
        }
    };
    let amount = match &value {
        Val::Int(number) => Money::parse(&number.to_string(), currency),
        Val::Float(number) => Money::from_f64(*number, currency),
        value => Money::parse(&text(value)?, currency),
    };
    let amount = amount
        .map_err(|error| format!("{error}: {}", shortened(&text(&value).unwrap_or(Str::Borrowed("")))))?;
    Ok(Val::made(amount.display()))
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The last word of a full name: Vietnamese people are addressed by it.
fn given_name<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    mapped(value, call, |name| name.split_whitespace().next_back().unwrap_or("").to_owned())
}

/// A Vietnamese number as people write it, `0912 345 678`; others stay as they are.
fn phone<'a>(value: Val<'a>, call: Call<'_, 'a>) -> Result<Val<'a>, String> {
    mapped(value, call, |number| {
        let digits: String = number.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')')).collect();
        let national = ["+84", "0084", "84"].iter().find_map(|prefix| {
            let rest = digits.strip_prefix(prefix)?;
            Some(format!("0{}", rest.strip_prefix('0').unwrap_or(rest)))
        });
        let national = national.unwrap_or(digits);
        if !national.starts_with('0') || !national.bytes().all(|b| b.is_ascii_digit()) {
            return number.trim().to_owned();
        }
        match national.len() {
            10 => format!("{} {} {}", &national[..4], &national[4..7], &national[7..]),
            // Landlines: area code with two digits behind the 0, then seven or eight.
            11 => format!("{} {} {}", &national[..3], &national[3..7], &national[7..]),
            _ => number.trim().to_owned(),
        }
    })
}
