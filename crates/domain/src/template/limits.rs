//! Every bound of the template language, in one place.
//!
//! A template is written by a shop's staff, but it may also be pasted from anywhere, and one render runs inside
//! the sender for every recipient: no template may hold it up or eat its memory.

/// Bytes of one authored part: subject, preheader, body or text.
pub const SOURCE_BYTES_MAX: usize = 256 * 1024;
/// Elements in an MJML body, HTML inside `mj-text` and `mj-raw` included.
pub const MJML_ELEMENTS_MAX: usize = 3_000;
/// Elements inside each other in an MJML body; the MJML compiler recurses once per level.
pub const MJML_NESTING_MAX: usize = 40;
/// Bytes of one attribute's value in an MJML body; the compiler may repeat it for every child.
pub const MJML_ATTRIBUTE_BYTES_MAX: usize = 8 * 1024;
/// Bytes of tags in `mj-attributes`, times the number of elements that may take them over.
pub const MJML_DEFAULTS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// `{% if %}`, `{% for %}`, ... inside each other.
pub const BLOCK_NESTING_MAX: usize = 32;
/// `a[b[c[...]]]` inside each other.
pub const INDEX_NESTING_MAX: usize = 8;
/// Names made by `assign`, `capture` and `increment` in one part.
pub const NAMES_MAX: usize = 256;
/// Filters after one another in one `{{ }}`.
pub const FILTERS_MAX: usize = 32;
/// Comparisons joined by `and` and `or` in one condition.
pub const CONDITIONS_MAX: usize = 64;
/// Numbers in a range such as `(1..10)`.
pub const RANGE_WIDTH_MAX: i64 = 1_000;
/// Turns of all loops together in one part of one render.
pub const LOOP_STEPS_MAX: usize = 20_000;
/// Nodes visited, list items and 64-byte blocks of text handled by filters, in one part of one render.
pub const WORK_MAX: usize = 1_000_000;
/// Bytes of one value made by a filter or a `capture`.
pub const VALUE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of all values made by filters and captures in one part of one render; bounds memory.
pub const MADE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Items of a list made by a filter.
pub const LIST_ITEMS_MAX: usize = 10_000;
/// Bytes of one rendered part (body, text).
pub const OUTPUT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a rendered subject or preheader.
pub const HEADER_BYTES_MAX: usize = 2 * 1024;
