//! Lists come in pages with a cursor; instants are ISO 8601 texts.

use crate::problem::{Answer, Problem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::profile::Ms;
use kit::Timestamp;
use serde::{Deserialize, Serialize};

/// A part of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Send it as `cursor` for what comes after these; null at the end.
    pub next: Option<String>,
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Items in a page, 1 to 500; 50 when not given.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl Paging {
    pub fn limit(&self) -> Answer<i64> {
        match self.limit.unwrap_or(50) {
            limit @ 1..=500 => Ok(limit),
            _ => Err(Problem::bad_request("invalid_limit", "limit is from 1 to 500")),
        }
    }

    /// The parts of the cursor that [`Page::of`] was given.
    pub fn after<const N: usize>(&self) -> Answer<Option<[String; N]>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let parts = URL_SAFE_NO_PAD.decode(cursor).ok();
        let parts = parts.and_then(|bytes| serde_json::from_slice::<Vec<String>>(&bytes).ok());
        let parts = parts.and_then(|parts| <[String; N]>::try_from(parts).ok());
        parts.map(Some).ok_or_else(bad_cursor)
    }

    /// A cursor of one number.
    pub fn after_number(&self) -> Answer<Option<i64>> {
        match self.after::<1>()? {
            None => Ok(None),
            Some([text]) => text.parse().map(Some).map_err(|_| bad_cursor()),
        }
    }
}

/// The cursor that leads behind a row with these parts.
pub fn cursor(parts: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_string(parts).unwrap_or_default())
}

pub fn bad_cursor() -> Problem {
    Problem::bad_request("invalid_cursor", "cursor is what a page before gave as `next`, for the same list")
}

impl<T> Page<T> {
    /// `rows` are up to `limit` + 1 of them: one more than shown says that there is a next page, which begins behind
    /// the parts that `behind` gives for the last row shown.
    pub fn of<R, const N: usize>(
        mut rows: Vec<R>,
        limit: i64,
        behind: impl Fn(&R) -> [String; N],
        mut show: impl FnMut(R) -> T,
    ) -> Page<T> {
        let limit = usize::try_from(limit).unwrap_or(50);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| cursor(behind(last).as_slice()));
        Page { items: rows.into_iter().map(&mut show).collect(), next }
    }

    /// A list that is always whole.
    pub fn whole(items: Vec<T>) -> Page<T> {
        Page { items, next: None }
    }
}

/// RFC 3339 in UTC with milliseconds.
pub fn iso(at: Timestamp) -> String {
    // Beyond the year 9999 there is no such text; the store holds nothing from there.
    jiff::Timestamp::from_millisecond(at.ms()).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

pub fn iso_ms(at: Ms) -> String {
    iso(at.0)
}

pub fn iso_opt(at: Option<Timestamp>) -> Option<String> {
    at.map(iso)
}

/// An instant that a caller named.
pub fn instant(field: &str, text: &str) -> Answer<Timestamp> {
    domain::event::parse_instant(text)
        .ok_or_else(|| Problem::field(field, "an instant in ISO 8601, such as 2026-11-21T09:30:00+07:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_they_are_read() {
        for text in [
            "1970-01-01T00:00:00.000Z",
            "2024-02-29T23:59:59.999Z",
            "2100-03-01T12:00:00.001Z",
            "1969-12-31T23:59:59.000Z",
        ] {
            let at = domain::event::parse_instant(text).unwrap();
            assert_eq!(iso(at), text);
        }
    }

    #[test]
    fn a_cursor_leads_on_and_forgeries_are_refused() {
        let page: Page<i64> = Page::of(vec![5, 4, 3], 2, |n| [n.to_string()], |n| n);
        assert_eq!(page.items, [5, 4]);
        let paging = Paging { limit: Some(2), cursor: page.next };
        assert_eq!(paging.after_number(), Ok(Some(4)));
        assert!(paging.after::<2>().is_err(), "a cursor of another list");
        for bad in ["x", "", "bm9uc2Vuc2U"] {
            assert!(Paging { limit: None, cursor: Some(bad.into()) }.after_number().is_err(), "{bad}");
        }
        let last: Page<i64> = Page::of(vec![5, 4], 2, |n| [n.to_string()], |n| n);
        assert_eq!(last.next, None);
    }
}
