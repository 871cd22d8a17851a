//! What crosses the border to a database: values, rows, and the registry of named queries.

use crate::StoreError;
use kit::{Id, ProfileNo, Timestamp, WorkspaceId};
use std::borrow::Cow;

/// A parameter of a query or a column of a [`Row`], in the types that both databases share.
///
/// Text may not hold a NUL character and a real may not be NaN: PostgreSQL cannot store the one and SQLite
/// cannot store the other, so both are refused with [`StoreError::Invalid`] before anything is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Val<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    /// SQLite keeps it as 0 or 1; [`Row::bool`] reads both.
    Bool(bool),
}

impl Val<'_> {
    /// The same value without its borrow, for a [`crate::Write`] made from borrowed data.
    pub fn into_owned(self) -> Val<'static> {
        match self {
            Val::Null => Val::Null,
            Val::Int(x) => Val::Int(x),
            Val::Real(x) => Val::Real(x),
            Val::Text(x) => Val::Text(Cow::Owned(x.into_owned())),
            Val::Bytes(x) => Val::Bytes(Cow::Owned(x.into_owned())),
            Val::Bool(x) => Val::Bool(x),
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Val::Null)
    }

    fn kind(&self) -> &'static str {
        match self {
            Val::Null => "null",
            Val::Int(_) => "an integer",
            Val::Real(_) => "a real",
            Val::Text(_) => "text",
            Val::Bytes(_) => "bytes",
            Val::Bool(_) => "a boolean",
        }
    }

    /// Bytes that the value holds on the heap, for the limits of the write queue.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Val::Text(x) => x.len(),
            Val::Bytes(x) => x.len(),
            _ => 0,
        }
    }
}

macro_rules! val_from {
    ($($source:ty, $value:ident => $made:expr;)*) => {
        $(impl<'a> From<$source> for Val<'a> {
            fn from($value: $source) -> Self {
                $made
            }
        })*
    };
}

val_from! {
    i64, x => Val::Int(x);
    i32, x => Val::Int(i64::from(x));
    u32, x => Val::Int(i64::from(x));
    u16, x => Val::Int(i64::from(x));
    u8, x => Val::Int(i64::from(x));
    f64, x => Val::Real(x);
    bool, x => Val::Bool(x);
    &'a str, x => Val::Text(Cow::Borrowed(x));
    &'a String, x => Val::Text(Cow::Borrowed(x));
    String, x => Val::Text(Cow::Owned(x));
    Cow<'a, str>, x => Val::Text(x);
    &'a [u8], x => Val::Bytes(Cow::Borrowed(x));
    &'a Vec<u8>, x => Val::Bytes(Cow::Borrowed(x));
    Vec<u8>, x => Val::Bytes(Cow::Owned(x));
    Timestamp, x => Val::Int(x.ms());
    WorkspaceId, x => Val::Int(x.0);
    ProfileNo, x => Val::Int(x.0);
    Id, x => Val::Text(Cow::Owned(x.to_string()));
}

impl<'a, T> From<Option<T>> for Val<'a>
where
    Val<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Val::Null, Val::from)
    }
}

/// An array of [`Val`]s from anything that converts: `vals![workspace, no, "name", None::<i64>]`.
#[macro_export]
macro_rules! vals {
    ($($value:expr),* $(,)?) => { [$($crate::Val::from($value)),*] };
}

/// One row of a result. Columns are counted from 0. Every getter answers [`StoreError::Bug`] for a column that
/// is missing or has another type, and the plain getters do so for null too.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    stmt: &'static str,
    values: Vec<Val<'static>>,
}

macro_rules! row_getters {
    ($($get:ident, $opt:ident, $out:ty, $what:literal, $pattern:pat => $value:expr;)*) => {
        $(
            pub fn $get(&self, column: usize) -> Result<$out, StoreError> {
                match self.get(column)? {
                    $pattern => Ok($value),
                    other => Err(self.mismatch(column, other, $what)),
                }
            }

            /// `None` when the column is null.
            pub fn $opt(&self, column: usize) -> Result<Option<$out>, StoreError> {
                match self.get(column)? {
                    Val::Null => Ok(None),
                    $pattern => Ok(Some($value)),
                    other => Err(self.mismatch(column, other, $what)),
                }
            }
        )*
    };
}

impl Row {
    pub(crate) fn new(stmt: &'static str, columns: usize) -> Self {
        Row { stmt, values: Vec::with_capacity(columns) }
    }

    pub(crate) fn push(&mut self, value: Val<'static>) {
        self.values.push(value);
    }

    /// The slot of `column`, made null first where it is new: a streamed row is filled again and again.
    pub(crate) fn slot(&mut self, column: usize) -> &mut Val<'static> {
        if self.values.len() <= column {
            self.values.resize(column + 1, Val::Null);
        }
        &mut self.values[column]
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn get(&self, column: usize) -> Result<&Val<'static>, StoreError> {
        self.values.get(column).ok_or_else(|| {
            StoreError::Bug(format!(
                "query {}: there is no column {column}, only {}",
                self.stmt,
                self.values.len()
            ))
        })
    }

    fn mismatch(&self, column: usize, found: &Val<'_>, wanted: &str) -> StoreError {
        StoreError::Bug(format!("query {}: column {column} is {}, not {wanted}", self.stmt, found.kind()))
    }

    row_getters! {
        int, opt_int, i64, "an integer", Val::Int(x) => *x;
        text, opt_text, &str, "text", Val::Text(x) => x;
        bytes, opt_bytes, &[u8], "bytes", Val::Bytes(x) => x;
        at, opt_at, Timestamp, "an instant", Val::Int(x) => Timestamp::from_ms(*x);
        workspace, opt_workspace, WorkspaceId, "a workspace", Val::Int(x) => WorkspaceId(*x);
        profile, opt_profile, ProfileNo, "a profile number", Val::Int(x) => ProfileNo(*x);
    }

    pub fn bool(&self, column: usize) -> Result<bool, StoreError> {
        self.opt_bool(column)?.ok_or_else(|| self.mismatch(column, &Val::Null, "a boolean"))
    }

    /// `None` when the column is null.
    pub fn opt_bool(&self, column: usize) -> Result<Option<bool>, StoreError> {
        match self.get(column)? {
            Val::Null => Ok(None),
            Val::Bool(x) => Ok(Some(*x)),
            Val::Int(0) => Ok(Some(false)),
            Val::Int(1) => Ok(Some(true)),
            other => Err(self.mismatch(column, other, "a boolean")),
        }
    }

    /// An integer is taken too: SQLite computes `sum` of integral reals and the like as integers.
    pub fn real(&self, column: usize) -> Result<f64, StoreError> {
        self.opt_real(column)?.ok_or_else(|| self.mismatch(column, &Val::Null, "a real"))
    }

    /// `None` when the column is null.
    pub fn opt_real(&self, column: usize) -> Result<Option<f64>, StoreError> {
        match self.get(column)? {
            Val::Null => Ok(None),
            Val::Real(x) => Ok(Some(*x)),
            Val::Int(x) => Ok(Some(*x as f64)),
            other => Err(self.mismatch(column, other, "a real")),
        }
    }

    pub fn id(&self, column: usize) -> Result<Id, StoreError> {
        self.opt_id(column)?.ok_or_else(|| self.mismatch(column, &Val::Null, "an id"))
    }

    /// `None` when the column is null.
    pub fn opt_id(&self, column: usize) -> Result<Option<Id>, StoreError> {
        match self.opt_text(column)? {
            None => Ok(None),
            Some(text) => match text.parse() {
                Ok(id) => Ok(Some(id)),
                Err(_) => Err(self.mismatch(column, &Val::Text(Cow::Borrowed("")), "an id")),
            },
        }
    }

    /// The text of `column` without a copy; the column is null afterwards.
    pub fn take_text(&mut self, column: usize) -> Result<String, StoreError> {
        self.text(column)?;
        match std::mem::replace(self.slot(column), Val::Null) {
            Val::Text(x) => Ok(x.into_owned()),
            other => Err(self.mismatch(column, &other, "text")),
        }
    }

    /// The bytes of `column` without a copy; the column is null afterwards.
    pub fn take_bytes(&mut self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.bytes(column)?;
        match std::mem::replace(self.slot(column), Val::Null) {
            Val::Bytes(x) => Ok(x.into_owned()),
            other => Err(self.mismatch(column, &other, "bytes")),
        }
    }

    /// [`Row::take_text`] for a row that is not needed afterwards.
    pub fn into_text(mut self, column: usize) -> Result<String, StoreError> {
        self.take_text(column)
    }
}

/// A handle to a named query, made by [`crate::queries!`]. It is an index, so that finding a prepared statement
/// is a look into a vector.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stmt(u16);

impl Stmt {
    #[doc(hidden)]
    pub const fn at(index: u16) -> Self {
        Stmt(index)
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The texts of the `.sql` files and the names that the code uses, as [`crate::queries!`] gathers them.
#[derive(Clone, Copy, Debug)]
pub struct Queries {
    /// File name and content.
    pub files: &'static [(&'static str, &'static str)],
    /// In the order of their [`Stmt`] index, in capitals.
    pub names: &'static [&'static str],
}

/// Everything that a store is opened with: its queries and its migrations, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Catalog {
    pub queries: Queries,
    pub migrations: &'static [crate::Migration],
}

/// Declares one [`Stmt`] constant a named query, and `QUERIES` for the [`Catalog`]. Invoke it once in a module
/// of its own; paths are relative to that file, and `PROFILE_BY_NO` stands for `-- name: profile_by_no`.
///
/// ```text
/// pub(crate) mod q {
///     crate::queries! {
///         files: ["../sql/profile.sql"];
///         PROFILE_BY_NO, PROFILE_INSERT,
///     }
/// }
/// ```
///
/// Opening a store fails when a name has no query, a query has no name here, or a name stands twice.
#[macro_export]
macro_rules! queries {
    (files: [$($file:literal),* $(,)?]; $($name:ident),* $(,)?) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Index { $($name),* }
        $(pub const $name: $crate::Stmt = $crate::Stmt::at(Index::$name as u16);)*
        pub const QUERIES: $crate::Queries = $crate::Queries {
            files: &[$(($file, include_str!($file))),*],
            names: &[$(stringify!($name)),*],
        };
    };
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        }
    }

    /// `text` with the lines `-- @sqlite ...` and `-- @postgres ...` un-commented for their dialect and dropped
    /// for the other, and without whole-line comments.
    pub(crate) fn choose(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.lines() {
            let bare = line.trim_start();
            let kept = match bare.strip_prefix("-- @").map(|rest| rest.split_once(' ').unwrap_or((rest, "")))
            {
                Some((dialect, rest)) if dialect == self.name() => rest,
                Some(_) => continue,
                None if bare.starts_with("--") => continue,
                None => line,
            };
            out.push_str(kept.trim_end());
            out.push('\n');
        }
        out
    }
}

/// One query in the words of one dialect.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) name: &'static str,
    pub(crate) sql: String,
    /// How many parameters it takes: the highest `$n`.
    pub(crate) params: usize,
}

/// All queries in the words of one dialect, in [`Stmt`] order.
#[derive(Debug)]
pub(crate) struct Registry {
    queries: Vec<Query>,
}

impl Registry {
    pub(crate) fn load(source: &Queries, dialect: Dialect) -> Result<Registry, StoreError> {
        let bug = |what: String| Err(StoreError::Bug(what));
        let names: Vec<String> = source.names.iter().map(|name| name.to_ascii_lowercase()).collect();
        // For each name: the text for all dialects, and the text for this one, which wins.
        let mut found: Vec<[Option<(&'static str, String)>; 2]> =
            names.iter().map(|_| [None, None]).collect();
        for (file, text) in source.files {
            for block in blocks(file, text)? {
                let Some(at) = names.iter().position(|name| name == block.name) else {
                    return bug(format!("{file}: query {} is used by nothing", block.name));
                };
                let slot = match block.dialect {
                    None => 0,
                    Some("sqlite") | Some("postgres") if block.dialect == Some(dialect.name()) => 1,
                    Some("sqlite") | Some("postgres") => continue,
                    Some(other) => {
                        return bug(format!("{file}: query {} is for unknown @{other}", block.name));
                    }
                };
                let text = dialect.choose(&block.text);
                if found[at][slot].replace((block.name, text)).is_some() {
                    return bug(format!("{file}: query {} stands twice", block.name));
                }
            }
        }
        let mut queries = Vec::with_capacity(names.len());
        for (at, [common, own]) in found.into_iter().enumerate() {
            if names[..at].contains(&names[at]) {
                return bug(format!("query {} is declared twice", names[at]));
            }
            let Some((name, text)) = own.or(common) else {
                return bug(format!("query {} has no text for {}", names[at], dialect.name()));
            };
            let (sql, params) = placeholders(name, text.trim().trim_end_matches(';').trim_end(), dialect)?;
            if sql.is_empty() {
                return bug(format!("query {name} is empty"));
            }
            queries.push(Query { name, sql, params });
        }
        Ok(Registry { queries })
    }

    pub(crate) fn get(&self, stmt: Stmt) -> Result<&Query, StoreError> {
        self.queries
            .get(stmt.index())
            .ok_or_else(|| StoreError::Bug(format!("{stmt:?} belongs to another catalog")))
    }

    pub(crate) fn len(&self) -> usize {
        self.queries.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Stmt, &Query)> {
        self.queries.iter().enumerate().map(|(at, query)| (Stmt(at as u16), query))
    }

    /// Refuses what one of the databases would refuse late or store as something else. Answers the query.
    pub(crate) fn check(&self, stmt: Stmt, params: &[Val<'_>]) -> Result<&Query, StoreError> {
        let query = self.get(stmt)?;
        if params.len() != query.params {
            return Err(StoreError::Bug(format!(
                "query {} takes {} parameters and got {}",
                query.name,
                query.params,
                params.len()
            )));
        }
        for (at, value) in params.iter().enumerate() {
            let what = match value {
                Val::Text(text) if text.as_bytes().contains(&0) => "text with a NUL character",
                Val::Real(x) if x.is_nan() => "a real that is not a number",
                _ => continue,
            };
            return Err(StoreError::Invalid {
                stmt: query.name,
                what: format!("parameter {} is {what}", at + 1),
            });
        }
        Ok(query)
    }
}

struct Block {
    name: &'static str,
    dialect: Option<&'static str>,
    text: String,
}

fn blocks(file: &str, text: &'static str) -> Result<Vec<Block>, StoreError> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("-- name:") {
            let mut words = rest.split_whitespace();
            let (name, dialect) = (words.next(), words.next());
            let dialect = match dialect.map(|word| word.strip_prefix('@')) {
                None => None,
                Some(Some(dialect)) => Some(dialect),
                Some(None) => return Err(StoreError::Bug(format!("{file}: unreadable line: {line}"))),
            };
            let Some(name) = name else {
                return Err(StoreError::Bug(format!("{file}: a query without a name")));
            };
            blocks.push(Block { name, dialect, text: String::new() });
        } else if let Some(block) = blocks.last_mut() {
            block.text.push_str(line);
            block.text.push('\n');
        } else if !line.trim().is_empty() && !line.trim_start().starts_with("--") {
            return Err(StoreError::Bug(format!("{file}: text before the first query: {line}")));
        }
    }
    Ok(blocks)
}

/// `$n` as the dialect writes it, and the highest `n`. Every number from 1 to it must stand in the text, since
/// PostgreSQL cannot guess the type of a parameter that it never sees.
fn placeholders(name: &str, text: &str, dialect: Dialect) -> Result<(String, usize), StoreError> {
    let mut out = String::with_capacity(text.len());
    let mut seen: Vec<bool> = Vec::new();
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            // A comment may hold a lone quote.
            None if c == '-' && chars.peek() == Some(&'-') => {
                while chars.next_if(|c| *c != '\n').is_some() {}
                continue;
            }
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c == '$' => {
                let mut number = 0usize;
                while let Some(digit) = chars.peek().and_then(|d| d.to_digit(10)) {
                    number = number * 10 + digit as usize;
                    chars.next();
                }
                if number == 0 || number > 999 {
                    return Err(StoreError::Bug(format!("query {name}: unreadable placeholder")));
                }
                if seen.len() < number {
                    seen.resize(number, false);
                }
                seen[number - 1] = true;
                let mark = if dialect == Dialect::Sqlite { '?' } else { '$' };
                out.push(mark);
                out.push_str(&number.to_string());
                continue;
            }
            None => {}
        }
        out.push(c);
    }
    match seen.iter().position(|seen| !seen) {
        Some(gap) => Err(StoreError::Bug(format!("query {name}: ${} is missing", gap + 1))),
        None => Ok((out, seen.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(
        text: &'static str,
        names: &'static [&'static str],
        dialect: Dialect,
    ) -> Result<Registry, StoreError> {
        let files: &'static [(&str, &str)] = Box::leak(Box::new([("t.sql", text)]));
        Registry::load(&Queries { files, names }, dialect)
    }

    #[test]
    fn placeholders_follow_the_dialect_and_quotes_are_left_alone() {
        let text = "-- about\n-- name: a\nSELECT '$9', $1, -- don't\n$2, $1;\n";
        let sqlite = load(text, &["A"], Dialect::Sqlite).unwrap();
        assert_eq!(sqlite.get(Stmt(0)).unwrap().sql, "SELECT '$9', ?1, \n?2, ?1");
        assert_eq!(sqlite.get(Stmt(0)).unwrap().params, 2);
        let postgres = load(text, &["A"], Dialect::Postgres).unwrap();
        assert_eq!(postgres.get(Stmt(0)).unwrap().sql, "SELECT '$9', $1, \n$2, $1");
    }

    #[test]
    fn a_dialect_has_its_own_query_or_its_own_line() {
        let text = "-- name: a\nSELECT 1\n-- @postgres FOR UPDATE\n-- name: a @sqlite\nSELECT 2\n";
        assert_eq!(load(text, &["A"], Dialect::Sqlite).unwrap().get(Stmt(0)).unwrap().sql, "SELECT 2");
        assert_eq!(
            load(text, &["A"], Dialect::Postgres).unwrap().get(Stmt(0)).unwrap().sql,
            "SELECT 1\nFOR UPDATE"
        );
    }

    #[test]
    fn bad_files_are_refused() {
        let check = |text: &'static str, names: &'static [&'static str], expect: &str| {
            let error = load(text, names, Dialect::Sqlite).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check("-- name: a\nSELECT 1", &["A", "B"], "query b has no text");
        check("-- name: a\nSELECT 1\n-- name: b\nSELECT 1", &["A"], "query b is used by nothing");
        check("-- name: a\nSELECT 1\n-- name: a\nSELECT 1", &["A"], "stands twice");
        check("-- name: a\nSELECT $2", &["A"], "$1 is missing");
        check("-- name: a @mysql\nSELECT 1", &["A"], "unknown @mysql");
        check("SELECT 1", &[], "before the first query");
        check("-- name: a\n-- only a comment", &["A"], "empty");
    }
}
