mod documents;
mod leaves;
mod random;
mod rules;

use super::*;
use crate::local_time::parse_instant;

/// A person of a made-up shop.
#[derive(Debug)]
struct Shop {
    zone: Zone,
    values: Value,
    past: Past,
    /// When the stage of life turns from `customer` to `lapsing`.
    lapses_at: Option<Timestamp>,
}

impl Shop {
    fn new(values: Value) -> Shop {
        Shop { zone: Zone::vietnam(), values, past: Past::default(), lapses_at: None }
    }
}

impl Facts for Shop {
    fn value(&self, path: &str) -> Option<Value> {
        self.values.get(path).cloned()
    }

    fn value_at(&self, path: &str, at: Timestamp) -> (Option<Value>, Option<Timestamp>) {
        match self.lapses_at.filter(|_| path == "lifecycle") {
            Some(lapses_at) if at < lapses_at => (Some(json!("customer")), Some(lapses_at)),
            Some(_) => (Some(json!("lapsing")), None),
            None => (self.value(path), None),
        }
    }

    fn has_tag(&self, tag: &str) -> bool {
        tag == "vip"
    }

    fn in_list(&self, list: &str) -> bool {
        list == "newsletter"
    }

    fn in_segment(&self, segment: &str) -> Option<bool> {
        Some(segment == "regulars")
    }

    fn past(&self) -> &Past {
        &self.past
    }

    fn time_zone(&self) -> &Zone {
        &self.zone
    }
}

/// At 2026-03-01 08:00 in Vietnam.
fn with_context<T>(values: Value, look: impl FnOnce(&Context<'_>) -> T) -> T {
    let shop = Shop::new(values);
    let now = parse_instant("2026-03-01T08:00", &shop.zone).unwrap();
    look(&Context::of_profile(&shop, now))
}

fn holds(condition: Value, values: Value) -> bool {
    let condition = Condition::from_value(&condition, "").unwrap();
    let mut problems = Vec::new();
    condition.validate(Scope { event: true, run: true }, "", &mut problems);
    assert_eq!(problems, [], "{condition:?}");
    with_context(values, |context| {
        let verdict = condition.explain(context);
        assert_eq!(verdict.holds, condition.holds(context), "explaining changed the verdict");
        verdict.holds
    })
}

#[test]
fn operators() {
    /// Every line: the profile's value, the operator, the operand, whether it holds. `-` is no value, no
    /// operand.
    const TABLE: &str = r#"
        "Huế"       eq  "Huế"       yes
        "Hue\u0302\u0301" eq "Huế"  yes
        "huế"       eq  "Huế"       no
        "Huế"       ne  "Huế"       no
        -           ne  "Huế"       yes
        null        ne  "Huế"       yes
        -           eq  ""          no
        true        eq  true        yes
        "true"      eq  true        no
        5           eq  5.0         yes
        5           eq  "5"         no
        "5"         eq  5           yes
        "5.0"       eq  5           yes
        "5x"        eq  5           no
        "1e3"       eq  1000        no
        ""          eq  0           no
        9007199254740993 eq 9007199254740992 no
        "9007199254740993" gt 9007199254740992 yes
        10          gt  9           yes
        "10"        gt  9           yes
        9           gt  9           no
        9           gte 9           yes
        -0.5        lt  0           yes
        "abc"       lt  0           no
        -           lt  0           no
        9           lte 9           yes
        ["a", "b"]  eq  "b"         yes
        ["a", "b"]  ne  "b"         no
        ["a", "b"]  ne  "c"         yes
        [1, 20]     gt  10          yes
        "áo dài"    contains "dài"  yes
        "áo dài"    contains "Dài"  no
        ["áo dài"]  contains "dài"  no
        ["áo dài"]  contains "áo dài" yes
        [1, 2]      contains 2      yes
        ["áo dài"]  not_contains "dài" yes
        -           not_contains "x" yes
        "+84901"    starts_with "+84" yes
        "a@b.vn"    ends_with ".vn" yes
        "Nguyễn Thị Đào" like "thi dao" yes
        "NGUYEN"    like "nguyễn"   yes
        "Trần"      like "nguyen"   no
        "gold"      in ["gold", 2]  yes
        2           in ["gold", 2]  yes
        "2"         in ["gold", 2]  yes
        -           in ["gold"]     no
        -           not_in ["gold"] yes
        "gold"      not_in ["gold"] no
        ""          exists -        yes
        false       exists -        yes
        null        exists -        no
        -           exists -        no
        -           not_exists -    yes
        0           not_exists -    no
        "2025-12-31" before "2026-01-01" yes
        "2026-01-01" before "2026-01-01" no
        "2026-01-01" after "2025-12-31" yes
        "2025-12-31T16:59:59Z" after "2025-12-31" no
        "2025-12-31T17:00:00Z" after "2025-12-31" yes
        "2026-01-01T00:00:00+07:00" on "2025-12-31T18:00:00Z" yes
        "2026-01-01T10:00:00+07:00" before "2026-01-01T03:00:01Z" yes
        "31/12/2025" before "2026-01-01" yes
        "soon"      before "2026-01-01" no
        1700000000  before "2026-01-01" no
        "2026-02-01" within_last "30d" yes
        "2026-01-30" within_last "30d" no
        "2026-01-30T08:00:00+07:00" within_last "30d" no
        "2026-01-30T08:00:00.001+07:00" within_last "30d" yes
        "2026-03-01T08:00:00+07:00" within_last "30d" yes
        "2026-03-01T08:00:00.001+07:00" within_last "30d" no
        "2026-03-01T08:00:00+07:00" within_next "1h" yes
        "2026-03-01T09:00:00+07:00" within_next "1h" no
        "2026-03-01T07:59:59+07:00" within_next "1h" no
        "2026-01-30T08:00:00+07:00" older_than "30d" yes
        "2026-01-30T08:00:00.001+07:00" older_than "30d" no
        "2026-03-02" older_than "30d" no
        -           older_than "30d" no
        "2026-03-01T09:00:00+07:00" further_than "1h" yes
        "2026-03-01T08:59:59.999+07:00" further_than "1h" no
        "soon"      further_than "1h" no
        "1990-03-01" anniversary_within "0d" yes
        "1990-03-15" anniversary_within "14d" yes
        "1990-03-16" anniversary_within "14d" no
        "1990-02-28" anniversary_within "14d" no
        "2026-03-05" anniversary_within "14d" no
        "2027-03-05" anniversary_within "14d" no
        "--03-05"   anniversary_within "14d" yes
        ["1990-07-01", "2000-03-02"] anniversary_within "1d" yes
        "1990-02-28" anniversary_passed "1d" yes
        "1990-03-01" anniversary_passed "1d" no
        "1992-02-29" anniversary_passed "1d" yes
        "1990-02-26" anniversary_passed "3d" yes
        "1990-02-25" anniversary_passed "3d" no
        "2026-02-28" anniversary_passed "3d" no
    "#;
    let mut count = 0;
    for line in TABLE.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let op = Op::ALL.iter().find(|op| line.contains(&format!(" {} ", op.name()))).unwrap();
        let (value, rest) = line.split_once(&format!(" {} ", op.name())).unwrap();
        let (operand, expect) = rest.trim().rsplit_once(' ').unwrap();
        let parse = |text: &str| match text.trim() {
            "-" => None,
            text => {
                Some(serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{line}: {error}")))
            }
        };
        let mut condition = json!({ "attribute": "x", "op": op.name() });
        if let Some(operand) = parse(operand) {
            condition["value"] = operand;
        }
        let values = parse(value).map_or(json!({}), |value| json!({ "x": value }));
        assert_eq!(holds(condition, values), expect == "yes", "{line}");
        count += 1;
    }
    assert!(count > 60);
    for op in Op::ALL {
        assert!(TABLE.contains(&format!(" {} ", op.name())), "{}", op.name());
    }
}

#[test]
fn a_bare_name_is_an_attribute_unless_it_is_a_field() {
    let city = json!({ "attribute": "city", "op": "eq", "value": "Huế" });
    assert!(holds(city.clone(), json!({ "attributes.city": "Huế" })));
    assert!(!holds(city, json!({ "attributes.city": "Huế", "city": "Đà Nẵng" })));
    let full = json!({ "attribute": "attributes.city", "op": "exists" });
    assert!(!holds(full, json!({ "city": "Huế" })));
}

#[test]
fn trees() {
    let (yes, no) = (json!({ "tag": "vip" }), json!({ "tag": "staff" }));
    assert!(holds(json!({ "all": [yes, yes] }), json!({})));
    assert!(!holds(json!({ "all": [yes, no] }), json!({})));
    assert!(holds(json!({ "any": [no, yes] }), json!({})));
    assert!(!holds(json!({ "any": [no, no] }), json!({})));
    assert!(holds(json!({ "none": [no, no] }), json!({})));
    assert!(!holds(json!({ "none": [no, yes] }), json!({})));
}

#[test]
fn properties_through_lists() {
    let check = |properties: &Value, filter: Value, expect: bool| {
        let pattern: EventPattern =
            serde_json::from_value(json!({ "event": "order", "where": [filter] })).unwrap();
        let event = EventView { id: "1", name: "order", at: Timestamp::from_ms(0), properties };
        let holds =
            with_context(json!({ "attributes.size": "M" }), |context| pattern.matches(&event, context));
        assert_eq!(holds, expect, "{pattern:?}");
    };
    let order = json!({
        "total": 300_000,
        "products": [{ "name": "Áo dài", "price": 100 }, { "name": "Nón lá", "price": 20, "sizes": ["S", "M"] }],
        "utm.source": "zalo",
        "deep": [[{ "a": 1 }]],
    });
    check(&order, json!({ "property": "total", "op": "gte", "value": 300_000 }), true);
    check(&order, json!({ "property": "products.name", "op": "eq", "value": "Nón lá" }), true);
    check(&order, json!({ "property": "products.name", "op": "ne", "value": "Nón lá" }), false);
    check(&order, json!({ "property": "products.name", "op": "contains", "value": "dài" }), true);
    check(&order, json!({ "property": "products.price", "op": "lt", "value": 50 }), true);
    check(&order, json!({ "property": "products.price", "op": "lt", "value": 20 }), false);
    check(&order, json!({ "property": "products.sizes", "op": "contains", "value": "M" }), true);
    check(
        &order,
        json!({ "property": "products.sizes", "op": "eq", "value": { "from": "profile.size" } }),
        true,
    );
    check(&order, json!({ "property": "total", "op": "eq", "value": { "from": "profile.nothing" } }), false);
    check(&order, json!({ "property": "total", "op": "ne", "value": { "from": "profile.nothing" } }), true);
    check(&order, json!({ "property": "products", "op": "exists" }), true);
    check(&order, json!({ "property": "products.colour", "op": "exists" }), false);
    check(&order, json!({ "property": "products.colour", "op": "not_exists" }), true);
    check(&order, json!({ "property": "utm.source", "op": "eq", "value": "zalo" }), true);
    check(&order, json!({ "property": "deep.a", "op": "eq", "value": 1 }), true);
    check(&json!("text"), json!({ "property": "a", "op": "exists" }), false);
}

#[test]
fn what_is_compared_is_kept_short() {
    let long = "ă".repeat(500);
    let parts: Vec<Value> = (0..50).map(|_| json!({ "attribute": "x", "op": "eq", "value": long })).collect();
    let condition = Condition::from_value(&json!({ "none": [{ "all": parts }] }), "").unwrap();
    let verdict = with_context(json!({ "x": long }), |context| condition.explain(context));
    assert!(!verdict.holds);
    assert_eq!(verdict.compared.len(), 12);
    assert!(serde_json::to_string(&verdict.compared).unwrap().len() < 12 * 600);
}
