//! Conditions as JSON, in one way each.

use super::dates::Calendar;
use super::{Condition, Operand, PropertyFilter, Test};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

impl Serialize for Operand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Operand::Literal(value) => value.serialize(serializer),
            Operand::From(reference) => json!({ "from": reference }).serialize(serializer),
        }
    }
}

impl Test {
    pub(super) fn write(&self, object: &mut Map<String, Value>) {
        object.insert("op".into(), Value::from(self.op.name()));
        match &self.operand {
            None => {}
            Some(Operand::Literal(value)) => drop(object.insert("value".into(), value.clone())),
            Some(Operand::From(reference)) => {
                object.insert("value".into(), json!({ "from": reference }));
            }
        }
        if self.calendar != Calendar::Solar {
            object.insert("calendar".into(), Value::from(self.calendar.name()));
        }
    }

    pub(super) fn written_into(&self, mut object: Map<String, Value>) -> Value {
        self.write(&mut object);
        Value::Object(object)
    }
}

fn named(key: &str, name: &str) -> Map<String, Value> {
    Map::from_iter([(key.to_string(), Value::from(name))])
}

impl Serialize for PropertyFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.test.written_into(named("property", &self.property)).serialize(serializer)
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = match self {
            Condition::All(parts) => json!({ "all": parts }),
            Condition::Any(parts) => json!({ "any": parts }),
            Condition::None(parts) => json!({ "none": parts }),
            Condition::Attribute { path, test } => test.written_into(named("attribute", path)),
            Condition::Tag(tag) => json!({ "tag": tag }),
            Condition::List(list) => json!({ "list": list }),
            Condition::Segment(segment) => json!({ "segment": segment }),
            Condition::Consent(leaf) => json!({ "consent": leaf.json() }),
            Condition::Did(leaf) => json!({ "did": leaf.json() }),
            Condition::EventPick(leaf) => json!({ leaf.key(): leaf.json() }),
            Condition::Orders(leaf) => json!({ "orders": leaf.json() }),
            Condition::OrderPick(leaf) => json!({ leaf.key(): leaf.json() }),
            Condition::Messages(leaf) => json!({ "message": leaf.json() }),
            Condition::Runs(leaf) => json!({ "journey": leaf.json() }),
            Condition::Bucket(leaf) => json!({ "bucket": leaf.json() }),
            Condition::Event(leaf) => json!({ "event": leaf }),
            Condition::Awaited(leaf) => json!({ "awaited": leaf }),
            Condition::Seen { pattern, at_least } => {
                let mut seen = json!(pattern);
                if *at_least != 1 {
                    seen["at_least"] = json!(at_least);
                }
                json!({ "seen": seen })
            }
        };
        value.serialize(serializer)
    }
}
