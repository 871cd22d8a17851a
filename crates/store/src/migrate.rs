//! Forward-only migrations: which of them a database still needs, and whether it belongs to this program at all.

use crate::StoreError;
use crate::sql::Dialect;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// One file of `sql/migrations`.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// 1, 2, 3 and so on, without gaps.
    pub version: i64,
    pub name: &'static str,
    pub sql: &'static str,
}

/// A migration read: what is recorded of it, and what to run.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    /// SHA-256 of the file with Unix line ends, in hexadecimal.
    pub(crate) checksum: String,
    pub(crate) sql: String,
}

/// A row of `schema_migration`.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) checksum: String,
}

pub(crate) const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";

pub(crate) const SELECT_APPLIED: &str =
    "SELECT version, name, checksum FROM schema_migration ORDER BY version";

/// The migrations in the words of `dialect`.
pub(crate) fn steps(migrations: &[Migration], dialect: Dialect) -> Result<Vec<Step>, StoreError> {
    migrations
        .iter()
        .zip(1..)
        .map(|(migration, version)| {
            if migration.version != version {
                return Err(StoreError::Bug(format!(
                    "migration {} ({}) stands where {version} should",
                    migration.version, migration.name
                )));
            }
            Ok(Step {
                version,
                name: migration.name,
                checksum: checksum(migration.sql),
                sql: ddl(&dialect.choose(migration.sql), dialect),
            })
        })
        .collect()
}

/// The steps that the database lacks, oldest first. Refuses a database that is newer than this program, and one
/// that was made by other migrations than this program's.
pub(crate) fn missing<'s>(steps: &'s [Step], applied: &[Applied]) -> Result<&'s [Step], StoreError> {
    if let Some(newest) = applied.last()
        && newest.version > steps.len() as i64
    {
        return Err(StoreError::Migration(format!(
            "the database is at migration {} ({}), and this program knows only up to {}: use a newer program",
            newest.version,
            newest.name,
            steps.len()
        )));
    }
    for (at, done) in applied.iter().enumerate() {
        let step = &steps[at];
        if done.version != step.version || done.checksum != step.checksum {
            return Err(StoreError::Migration(format!(
                "migration {} ({}) differs from the one that made this database ({} {}): restore the original file \
                 and add a new migration instead",
                step.version, step.name, done.version, done.name
            )));
        }
    }
    Ok(&steps[applied.len()..])
}

fn checksum(sql: &str) -> String {
    let mut hash = Sha256::new();
    // A checkout with Windows line ends is the same migration.
    for line in sql.lines() {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The types of a migration in the words of `dialect`.
///
/// SQLite gives an unknown type such as BYTEA numeric affinity; BLOB has none and keeps bytes as they are.
/// BIGINT, TEXT and DOUBLE PRECISION get integer, text and real affinity, and BOOLEAN numeric, which is right
/// for the 0 and 1 that are stored. PostgreSQL sorts text by the language of its database; with the collation
/// "C" it sorts by bytes, as SQLite does.
fn ddl(sql: &str, dialect: Dialect) -> String {
    let (from, to) = match dialect {
        Dialect::Sqlite => ("BYTEA", "BLOB"),
        Dialect::Postgres => ("TEXT", "TEXT COLLATE \"C\""),
    };
    sql.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .map(|piece| match piece.strip_prefix(from) {
            // What is left is the character that ended the word, or another word.
            Some(rest) if !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') => {
                Cow::Owned(format!("{to}{rest}"))
            }
            _ => Cow::Borrowed(piece),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Migration =
        Migration { version: 1, name: "base", sql: "CREATE TABLE a (x BYTEA, bytea_y TEXT);" };

    fn applied(step: &Step) -> Applied {
        Applied { version: step.version, name: step.name.into(), checksum: step.checksum.clone() }
    }

    #[test]
    fn each_database_has_its_own_words() {
        assert_eq!(
            steps(&[BASE], Dialect::Sqlite).unwrap()[0].sql.trim(),
            "CREATE TABLE a (x BLOB, bytea_y TEXT);"
        );
        assert_eq!(
            steps(&[BASE], Dialect::Postgres).unwrap()[0].sql.trim(),
            "CREATE TABLE a (x BYTEA, bytea_y TEXT COLLATE \"C\");"
        );
    }

    #[test]
    fn versions_have_no_gaps() {
        let third = Migration { version: 3, name: "more", sql: "" };
        assert!(steps(&[BASE, third], Dialect::Sqlite).unwrap_err().to_string().contains("where 2 should"));
    }

    #[test]
    fn only_the_missing_tail_is_applied() {
        let second = Migration { version: 2, name: "more", sql: "CREATE TABLE b (x BIGINT);\n" };
        let all = steps(&[BASE, second], Dialect::Sqlite).unwrap();
        assert_eq!(missing(&all, &[]).unwrap().len(), 2);
        assert_eq!(missing(&all, &[applied(&all[0])]).unwrap()[0].name, "more");
        assert!(missing(&all, &[applied(&all[0]), applied(&all[1])]).unwrap().is_empty());
        let newer = missing(&all[..1], &[applied(&all[0]), applied(&all[1])]).unwrap_err();
        assert!(newer.to_string().contains("use a newer program"), "{newer}");
        let edited = Applied { checksum: "other".into(), ..applied(&all[0]) };
        assert!(missing(&all, &[edited]).unwrap_err().to_string().contains("differs"));
    }

    #[test]
    fn line_ends_do_not_count_as_an_edit() {
        assert_eq!(checksum("a\r\nb\r\n"), checksum("a\nb"));
        assert_ne!(checksum("a\nb"), checksum("a\nc"));
    }
}
