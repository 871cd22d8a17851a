//! The values a template computes with: borrowed from the context as long as possible, cheap to clone.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::ops::Deref;
use std::rc::Rc;

use serde_json::Value as Json;

/// Text of the context or the template, or text a filter made.
#[derive(Clone, Debug)]
pub(super) enum Str<'a> {
    Borrowed(&'a str),
    Made(Rc<str>),
}

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Str::Borrowed(text) => text,
            Str::Made(text) => text,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Val<'a> {
    /// No value; names the variable when one was asked for in vain.
    Nil(Option<&'a str>),
    Empty,
    Blank,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Str<'a>),
    /// Text that already is HTML and must not be escaped again.
    Html(Str<'a>),
    /// An array or an object of the context.
    Json(&'a Json),
    List(Rc<[Val<'a>]>),
    Range(i64, i64),
    /// `forloop` of the loop at this depth.
    Loop(usize),
}

impl<'a> Val<'a> {
    pub fn borrowed(text: &'a str) -> Self {
        Val::Text(Str::Borrowed(text))
    }

    pub fn made(text: String) -> Self {
        Val::Text(Str::Made(text.into()))
    }

    pub fn html(text: String) -> Self {
        Val::Html(Str::Made(text.into()))
    }

    pub fn from_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Val::Nil(None),
            Json::Bool(yes) => Val::Bool(*yes),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Val::Int(whole),
                None => Val::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Val::borrowed(text),
            Json::Array(_) | Json::Object(_) => Val::Json(json),
        }
    }

    pub fn is_nil(&self) -> bool {
        matches!(self, Val::Nil(_))
    }

    /// Everything but nil and false, the empty text included.
    pub fn truthy(&self) -> bool {
        !matches!(self, Val::Nil(_) | Val::Bool(false))
    }

    /// Empty text, list or object.
    pub fn is_empty(&self) -> bool {
        match self {
            Val::Text(text) | Val::Html(text) => text.is_empty(),
            Val::Json(Json::Array(items)) => items.is_empty(),
            Val::Json(Json::Object(fields)) => fields.is_empty(),
            Val::List(items) => items.is_empty(),
            Val::Range(from, to) => from > to,
            _ => false,
        }
    }

    pub fn is_blank(&self) -> bool {
        match self {
            Val::Nil(_) | Val::Bool(false) => true,
            Val::Text(text) | Val::Html(text) => text.trim().is_empty(),
            other => other.is_empty(),
        }
    }

    /// Items when this is a list, for filters. `None` for everything else.
    pub fn items(&self) -> Option<Vec<Val<'a>>> {
        match self {
            Val::Json(Json::Array(items)) => Some(items.iter().map(Val::from_json).collect()),
            Val::List(items) => Some(items.to_vec()),
            Val::Range(from, to) => Some((*from..=*to).map(Val::Int).collect()),
            _ => None,
        }
    }

    /// Field of an object, or nil.
    pub fn field(&self, key: &str) -> Val<'a> {
        match self {
            Val::Json(Json::Object(fields)) => match fields.get(key) {
                Some(value) => Val::from_json(value),
                None if key == "size" => Val::Int(fields.len() as i64),
                None => Val::Nil(None),
            },
            Val::Json(Json::Array(items)) => match key {
                "size" => Val::Int(items.len() as i64),
                "first" => items.first().map_or(Val::Nil(None), Val::from_json),
                "last" => items.last().map_or(Val::Nil(None), Val::from_json),
                _ => Val::Nil(None),
            },
            Val::List(items) => match key {
                "size" => Val::Int(items.len() as i64),
                "first" => items.first().cloned().unwrap_or(Val::Nil(None)),
                "last" => items.last().cloned().unwrap_or(Val::Nil(None)),
                _ => Val::Nil(None),
            },
            Val::Text(text) | Val::Html(text) if key == "size" => Val::Int(text.chars().count() as i64),
            Val::Range(from, to) => match key {
                "size" => Val::Int((to - from + 1).max(0)),
                "first" => Val::Int(*from),
                "last" => Val::Int(*to),
                _ => Val::Nil(None),
            },
            _ => Val::Nil(None),
        }
    }

    /// Item of a list, from the end when negative; nil out of range.
    pub fn item(&self, index: i64) -> Val<'a> {
        let place = |length: usize| {
            let index = if index < 0 { index.checked_add(length as i64)? } else { index };
            usize::try_from(index).ok()
        };
        match self {
            Val::Json(Json::Array(items)) => {
                place(items.len()).and_then(|at| items.get(at)).map_or(Val::Nil(None), Val::from_json)
            }
            Val::List(items) => {
                place(items.len()).and_then(|at| items.get(at)).cloned().unwrap_or(Val::Nil(None))
            }
            _ => Val::Nil(None),
        }
    }

    /// A number, reading text as one; text that is no number counts as 0, as in Liquid.
    pub fn number(&self) -> Number {
        match self {
            Val::Int(number) => Number::Int(*number),
            Val::Float(number) => Number::Float(*number),
            Val::Text(text) | Val::Html(text) => {
                let text = text.trim();
                match text.parse::<i64>() {
                    Ok(number) => Number::Int(number),
                    Err(_) => text
                        .parse()
                        .ok()
                        .filter(|n: &f64| n.is_finite())
                        .map_or(Number::Int(0), Number::Float),
                }
            }
            _ => Number::Int(0),
        }
    }

    /// Appends the value as text. `false` when it has none: objects do not.
    pub fn write_text(&self, out: &mut String) -> bool {
        match self {
            Val::Nil(_) | Val::Empty | Val::Blank => true,
            Val::Bool(yes) => {
                out.push_str(if *yes { "true" } else { "false" });
                true
            }
            // Writing to a string cannot fail.
            Val::Int(number) => write!(out, "{number}").is_ok(),
            // Whole amounts come as 120000.0 from many platforms; Ruby would print that `.0`, nobody wants it.
            Val::Float(number) => write!(out, "{number}").is_ok(),
            Val::Text(text) | Val::Html(text) => {
                out.push_str(text);
                true
            }
            Val::Json(Json::Array(items)) => items.iter().all(|item| match item {
                // Lists in lists would recurse as deep as the data goes.
                Json::Array(_) | Json::Object(_) => false,
                item => Val::from_json(item).write_text(out),
            }),
            Val::List(items) => items.iter().all(|item| match item {
                Val::List(_) | Val::Json(_) => false,
                item => item.write_text(out),
            }),
            Val::Range(from, to) => write!(out, "{from}..{to}").is_ok(),
            Val::Json(_) | Val::Loop(_) => false,
        }
    }

    /// Bytes or items a filter has to look at.
    pub fn extent(&self) -> usize {
        match self {
            Val::Text(text) | Val::Html(text) => text.len() / 64,
            Val::Json(Json::Array(items)) => items.len(),
            Val::Json(Json::Object(fields)) => fields.len(),
            Val::List(items) => items.len(),
            Val::Range(from, to) => usize::try_from(to - from + 1).unwrap_or(0),
            _ => 0,
        }
    }

    pub fn equals(&self, other: &Val<'_>) -> bool {
        match (self, other) {
            (Val::Empty, Val::Empty) | (Val::Blank, Val::Blank) => true,
            (Val::Empty, value) | (value, Val::Empty) => value.is_empty(),
            (Val::Blank, value) | (value, Val::Blank) => value.is_blank(),
            (Val::Nil(_), Val::Nil(_)) => true,
            (Val::Bool(a), Val::Bool(b)) => a == b,
            (Val::Text(a) | Val::Html(a), Val::Text(b) | Val::Html(b)) => **a == **b,
            (Val::Json(a), Val::Json(b)) => a == b,
            (Val::List(a), Val::List(b)) => Rc::ptr_eq(a, b) || same_items(a, b),
            (Val::List(list), Val::Json(Json::Array(items)))
            | (Val::Json(Json::Array(items)), Val::List(list)) => {
                list.len() == items.len()
                    && list.iter().zip(items).all(|(a, b)| flat(a) && a.equals(&Val::from_json(b)))
            }
            (Val::Range(a, b), Val::Range(c, d)) => a == c && b == d,
            (Val::Loop(a), Val::Loop(b)) => a == b,
            _ => self.compare(other) == Some(Ordering::Equal),
        }
    }

    /// Order of two numbers or two texts; nothing else has one.
    pub fn compare(&self, other: &Val<'_>) -> Option<Ordering> {
        match (self, other) {
            (Val::Int(a), Val::Int(b)) => Some(a.cmp(b)),
            (Val::Int(a), Val::Float(b)) => (*a as f64).partial_cmp(b),
            (Val::Float(a), Val::Int(b)) => a.partial_cmp(&(*b as f64)),
            (Val::Float(a), Val::Float(b)) => a.partial_cmp(b),
            (Val::Text(a) | Val::Html(a), Val::Text(b) | Val::Html(b)) => Some((**a).cmp(b)),
            _ => None,
        }
    }
}

fn flat(value: &Val<'_>) -> bool {
    !matches!(value, Val::List(_))
}

/// Lists made by filters hold lists only one level deep; deeper ones never count as equal.
fn same_items(a: &[Val<'_>], b: &[Val<'_>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| flat(a) && flat(b) && a.equals(b))
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub fn float(self) -> f64 {
        match self {
            Number::Int(number) => number as f64,
            Number::Float(number) => number,
        }
    }

    pub fn value<'a>(self) -> Val<'a> {
        match self {
            Number::Int(number) => Val::Int(number),
            Number::Float(number) => Val::Float(number),
        }
    }
}
