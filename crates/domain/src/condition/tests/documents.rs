//! docs/segments.md is right.

use crate::condition::*;
use serde_json::Value;

/// Every JSON block of the guide is a whole condition, and a good one; together they show everything there is.
#[test]
fn the_guide_is_right() {
    let guide = include_str!("../../../../../docs/segments.md");
    let blocks = guide.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    let mut all = String::new();
    let mut count = 0;
    for block in blocks {
        let json: Value = serde_json::from_str(block).unwrap_or_else(|error| panic!("{block}\n{error}"));
        let condition =
            Condition::from_value(&json, "").unwrap_or_else(|problem| panic!("{block}\n{problem}"));
        let mut problems = Vec::new();
        condition.validate(Scope::PROFILE, "", &mut problems);
        assert_eq!(problems, [], "{block}");
        let again = serde_json::to_value(&condition).unwrap();
        assert_eq!(Condition::from_value(&again, "").as_ref(), Ok(&condition), "{block}");
        all.push_str(&json.to_string());
        count += 1;
    }
    assert!(count > 20, "{count} examples");
    let operators = Op::ALL.iter().map(|op| format!("\"op\":\"{}\"", op.name()));
    let kinds = [
        "all",
        "any",
        "none",
        "attribute",
        "tag",
        "list",
        "segment",
        "consent",
        "did",
        "first",
        "last",
        "orders",
        "first_order",
        "last_order",
        "message",
        "journey",
        "bucket",
        "where",
        "lines",
        "window",
        "measure",
        "not_followed_by",
        "within",
        "from_ago",
        "to_ago",
        "from",
        "to",
        "this",
        "sum",
        "average",
        "min",
        "max",
        "distinct",
        "calendar",
        "at",
        "property",
        "channel",
        "purpose",
        "template",
        "campaign",
        "state",
    ];
    let keys = kinds.iter().map(|key| format!("\"{key}\":"));
    let words = Happened::ALL.iter().map(|did| did.name());
    let words = words.chain(RunState::ALL.iter().map(|state| state.name()));
    let words = words.chain(Period::ALL.iter().map(|period| period.name())).map(|word| format!("\"{word}\""));
    for shown in operators.chain(keys).chain(words) {
        assert!(all.contains(&shown), "the guide has no example of {shown}");
    }
    for field in ORDER_FIELDS.iter().chain(&LINE_FIELDS) {
        assert!(guide.contains(&format!("`{field}`")), "the guide does not name {field}");
    }
    for limit in
        [DEPTH_MAX, PREDICATES_MAX, FILTERS_MAX, LIST_MAX, TURNS_MAX, EXPANDED_MAX, SEGMENTS_DEEP_MAX]
    {
        let shown =
            if limit < 1_000 { limit.to_string() } else { format!("{},{:03}", limit / 1_000, limit % 1_000) };
        assert!(guide.contains(&shown), "the guide does not tell the limit of {shown}");
    }
}
