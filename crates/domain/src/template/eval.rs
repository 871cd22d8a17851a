//! Renders one part: walks its tree with a context, within the budgets of [`super::limits`].

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use super::expr::{Chain, Condition, Expr, Operator, Path, Step, Term};
use super::filters::Call;
use super::html;
use super::limits::{
    LIST_ITEMS_MAX, LOOP_STEPS_MAX, MADE_BYTES_MAX, OUTPUT_BYTES_MAX, RANGE_WIDTH_MAX, VALUE_BYTES_MAX,
    WORK_MAX,
};
use super::parse::{Fault, For, Kind, Node};
use super::value::Val;

/// What filters may know besides their input.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub context: &'a Json,
    pub time_zone: &'a str,
    pub now: Option<kit::Timestamp>,
    /// The part is HTML: values are escaped.
    pub escape: bool,
}

/// Counts what a render does; every method fails once its limit is passed.
#[derive(Default)]
pub(super) struct Budget {
    loop_steps: usize,
    work: usize,
    made_bytes: usize,
}

impl Budget {
    fn loop_step(&mut self) -> Result<(), String> {
        self.loop_steps += 1;
        if self.loop_steps > LOOP_STEPS_MAX {
            return Err(format!("the loops turn more than {LOOP_STEPS_MAX} times: give them a `limit:`"));
        }
        Ok(())
    }

    pub fn work(&mut self, units: usize) -> Result<(), String> {
        self.work = self.work.saturating_add(units);
        if self.work > WORK_MAX {
            return Err("the template has too much to compute: make its loops or texts smaller".to_owned());
        }
        Ok(())
    }

    /// To be asked before a text of this size is built.
    pub fn make_text(&mut self, bytes: usize) -> Result<(), String> {
        if bytes > VALUE_BYTES_MAX {
            return Err(format!("a value grows above {} KiB", VALUE_BYTES_MAX / 1024));
        }
        self.made_bytes = self.made_bytes.saturating_add(bytes);
        if self.made_bytes > MADE_BYTES_MAX {
            return Err(format!(
                "filters and `capture` make more than {} MiB of text",
                MADE_BYTES_MAX / 1_048_576
            ));
        }
        self.work(bytes / 64)
    }

    pub fn make_list(&mut self, items: usize) -> Result<(), String> {
        if items > LIST_ITEMS_MAX {
            return Err(format!("a list grows above {LIST_ITEMS_MAX} items"));
        }
        self.made_bytes = self.made_bytes.saturating_add(items * size_of::<Val<'_>>());
        if self.made_bytes > MADE_BYTES_MAX {
            return Err("filters make too many lists".to_owned());
        }
        self.work(items)
    }
}

/// The text of a part, and the variables printed without a value.
pub(super) struct Output<'a> {
    pub text: String,
    pub missing: Vec<&'a str>,
}

pub(super) fn render<'a>(
    nodes: &'a [Node],
    around: Surroundings<'a>,
    size_hint: usize,
) -> Result<Output<'a>, Fault> {
    let mut run = Run {
        around,
        budget: Budget::default(),
        made: Vec::new(),
        loops: Vec::new(),
        counters: Vec::new(),
        cycles: BTreeMap::new(),
        changes: BTreeMap::new(),
        out: String::with_capacity(size_hint),
        missing: Vec::new(),
        line: 0,
        signal: None,
    };
    match run.nodes(nodes) {
        Ok(()) => Ok(Output { text: run.out, missing: run.missing }),
        Err(message) => Err(Fault::at(run.line, message)),
    }
}

#[derive(Clone, Copy)]
enum Signal {
    Break,
    Continue,
}

struct Frame<'a> {
    variable: &'a str,
    item: Val<'a>,
    table: bool,
    index: usize,
    length: usize,
    columns: usize,
}

struct Run<'a> {
    around: Surroundings<'a>,
    budget: Budget,
    made: Vec<(&'a str, Val<'a>)>,
    loops: Vec<Frame<'a>>,
    counters: Vec<(&'a str, i64)>,
    cycles: BTreeMap<usize, usize>,
    changes: BTreeMap<usize, String>,
    out: String,
    missing: Vec<&'a str>,
    line: usize,
    signal: Option<Signal>,
}

/// A list to loop over, without copying it.
enum Items<'a> {
    Json(&'a [Json]),
    List(Rc<[Val<'a>]>),
    Range(i64, usize),
}

impl<'a> Items<'a> {
    fn len(&self) -> usize {
        match self {
            Items::Json(items) => items.len(),
            Items::List(items) => items.len(),
            Items::Range(_, length) => *length,
        }
    }

    fn get(&self, at: usize) -> Val<'a> {
        match self {
            Items::Json(items) => items.get(at).map_or(Val::Nil(None), Val::from_json),
            Items::List(items) => items.get(at).cloned().unwrap_or(Val::Nil(None)),
            Items::Range(from, _) => Val::Int(from + at as i64),
        }
    }
}

impl<'a> Run<'a> {
    fn nodes(&mut self, nodes: &'a [Node]) -> Result<(), String> {
        for node in nodes {
            self.budget.work(1)?;
            self.node(node)?;
            if self.out.len() > OUTPUT_BYTES_MAX {
                return Err(format!("the text grows above {} KiB", OUTPUT_BYTES_MAX / 1024));
            }
            if self.signal.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn node(&mut self, node: &'a Node) -> Result<(), String> {
        if node.line > 0 {
            self.line = node.line;
        }
        match &node.kind {
            Kind::Literal(text) => self.out.push_str(text),
            Kind::Output(chain) => self.output(chain)?,
            Kind::If { arms, otherwise } => {
                for arm in arms {
                    if self.holds(&arm.condition)? != arm.negated {
                        return self.nodes(&arm.body);
                    }
                }
                self.nodes(otherwise)?;
            }
            Kind::Case { subject, whens, otherwise } => {
                let subject = self.expr(subject)?;
                let mut matched = false;
                for (values, body) in whens {
                    for value in values {
                        let value = self.expr(value)?;
                        if self.equal(&subject, &value)? {
                            matched = true;
                            self.nodes(body)?;
                            break;
                        }
                    }
                    if matched {
                        break;
                    }
                }
                if !matched {
                    self.nodes(otherwise)?;
                }
            }
            Kind::For(head) => self.for_loop(head)?,
            Kind::Assign { name, chain } => {
                let value = self.chain(chain, false)?;
                self.make(name, value);
            }
            Kind::Capture { name, body } => {
                let outer = std::mem::take(&mut self.out);
                self.nodes(body)?;
                let text = std::mem::replace(&mut self.out, outer);
                self.budget.make_text(text.len())?;
                let value = if self.around.escape { Val::html(text) } else { Val::made(text) };
                self.make(name, value);
            }
            Kind::Count { name, up } => {
                let at = self.counters.iter().position(|(counter, _)| counter == name).unwrap_or_else(|| {
                    self.counters.push((name, 0));
                    self.counters.len() - 1
                });
                let counter = &mut self.counters[at].1;
                // The budget of nodes keeps the counter far from its ends.
                *counter -= i64::from(!up);
                Val::Int(*counter).write_text(&mut self.out);
                *counter += i64::from(*up);
            }
            Kind::Cycle { group, values } => {
                let at = self.cycles.entry(*group).or_insert(0);
                let value = &values[*at % values.len()];
                *at += 1;
                let value = self.expr(value)?;
                self.print(&value)?;
            }
            Kind::IfChanged { number, body } => {
                let outer = std::mem::take(&mut self.out);
                self.nodes(body)?;
                let text = std::mem::replace(&mut self.out, outer);
                self.budget.make_text(text.len())?;
                if self.changes.get(number) != Some(&text) {
                    self.out.push_str(&text);
                    self.changes.insert(*number, text);
                }
            }
            Kind::Break => self.signal = Some(Signal::Break),
            Kind::Continue => self.signal = Some(Signal::Continue),
        }
        Ok(())
    }

    fn make(&mut self, name: &'a str, value: Val<'a>) {
        match self.made.iter_mut().find(|(made, _)| *made == name) {
            Some(made) => made.1 = value,
            None => self.made.push((name, value)),
        }
    }

    fn output(&mut self, chain: &'a Chain) -> Result<(), String> {
        let value = self.chain(chain, true)?;
        if let Val::Nil(origin) = value {
            let origin = origin.or(match &chain.entry {
                Expr::Path(path) => Some(&path.label),
                _ => None,
            });
            if let Some(label) = origin
                && !self.missing.contains(&label)
            {
                self.budget.work(self.missing.len())?;
                self.missing.push(label);
            }
            return Ok(());
        }
        self.print(&value)
    }

    fn print(&mut self, value: &Val<'a>) -> Result<(), String> {
        match value {
            Val::Text(text) if self.around.escape => html::escape_into(text, &mut self.out),
            Val::Text(text) | Val::Html(text) => self.out.push_str(text),
            Val::Int(_) | Val::Float(_) | Val::Bool(_) => {
                value.write_text(&mut self.out);
            }
            value => {
                self.budget.work(value.extent())?;
                let mut text = String::new();
                if !value.write_text(&mut text) {
                    return Err("a group of values cannot be printed: name one of its fields".to_owned());
                }
                if self.around.escape {
                    html::escape_into(&text, &mut self.out);
                } else {
                    self.out.push_str(&text);
                }
            }
        }
        Ok(())
    }

    /// `printed`: the result goes straight to the reader, who must not see the size of nothing.
    fn chain(&mut self, chain: &'a Chain, printed: bool) -> Result<Val<'a>, String> {
        let mut value = self.expr(&chain.entry)?;
        for filter in &chain.filters {
            let mut args = Vec::with_capacity(filter.args.len());
            for arg in &filter.args {
                args.push(self.expr(arg)?);
            }
            if filter.spec.name == "default" {
                let kept = match &value {
                    Val::Bool(false) => filter.allow_false,
                    value => value.truthy() && !value.is_empty(),
                };
                if !kept {
                    value = args.swap_remove(0);
                }
                continue;
            }
            if value.is_nil() {
                if filter.spec.name == "size" && !printed {
                    value = Val::Int(0);
                }
                // Nothing stays nothing: `'Hi ' | append: name` must not become half a greeting either.
                continue;
            }
            if let Some(nil) = args.iter().find(|arg| matches!(arg, Val::Nil(Some(_)))) {
                value = nil.clone();
                continue;
            }
            self.budget.work(1 + value.extent())?;
            let call = Call { args: &args, around: &self.around, budget: &mut self.budget };
            value = (filter.spec.run)(value, call)
                .map_err(|message| format!("filter `{}`: {message}", filter.spec.name))?;
        }
        Ok(value)
    }

    fn expr(&mut self, expr: &'a Expr) -> Result<Val<'a>, String> {
        Ok(match expr {
            Expr::Nil => Val::Nil(None),
            Expr::Empty => Val::Empty,
            Expr::Blank => Val::Blank,
            Expr::Bool(yes) => Val::Bool(*yes),
            Expr::Int(number) => Val::Int(*number),
            Expr::Float(number) => Val::Float(*number),
            Expr::Text(text) => Val::borrowed(text),
            Expr::Path(path) => self.path(path)?,
            Expr::Range(ends) => {
                let from = self.whole(&ends.0)?;
                let to = self.whole(&ends.1)?;
                if to.saturating_sub(from) >= RANGE_WIDTH_MAX {
                    return Err(format!("a range holds more than {RANGE_WIDTH_MAX} numbers: ({from}..{to})"));
                }
                // An empty range is always written (1..0), so that its width never overflows.
                if from > to { Val::Range(1, 0) } else { Val::Range(from, to) }
            }
        })
    }

    fn whole(&mut self, expr: &'a Expr) -> Result<i64, String> {
        Ok(match self.expr(expr)?.number() {
            super::value::Number::Int(number) => number,
            super::value::Number::Float(number) => number as i64,
        })
    }

    fn path(&mut self, path: &'a Path) -> Result<Val<'a>, String> {
        let mut value = self.root(&path.root);
        for step in &path.steps {
            if value.is_nil() {
                break;
            }
            value = match step {
                Step::Key(key) => self.field(&value, key)?,
                Step::Index(index) => match self.expr(index)? {
                    Val::Int(index) => value.item(index),
                    Val::Text(key) | Val::Html(key) => self.field(&value, &key)?,
                    _ => Val::Nil(None),
                },
            };
        }
        Ok(match value {
            // What an assignment took over keeps the name of what was missing in the first place.
            Val::Nil(Some(origin)) => Val::Nil(Some(origin)),
            Val::Nil(None) => Val::Nil(Some(&path.label)),
            value => value,
        })
    }

    fn root(&self, name: &str) -> Val<'a> {
        for (depth, frame) in self.loops.iter().enumerate().rev() {
            if frame.variable == name {
                return frame.item.clone();
            }
            if name == if frame.table { "tablerowloop" } else { "forloop" } {
                return Val::Loop(depth);
            }
        }
        if let Some((_, value)) = self.made.iter().find(|(made, _)| *made == name) {
            return value.clone();
        }
        if let Some(value) = self.around.context.get(name) {
            return Val::from_json(value);
        }
        match self.counters.iter().find(|(counter, _)| *counter == name) {
            Some((_, number)) => Val::Int(*number),
            None => Val::Nil(None),
        }
    }

    fn field(&mut self, value: &Val<'a>, key: &str) -> Result<Val<'a>, String> {
        if let Val::Text(text) | Val::Html(text) = value {
            self.budget.work(text.len() / 64)?;
        }
        Ok(match value {
            Val::Loop(depth) => self.loop_field(*depth, key),
            value => value.field(key),
        })
    }

    fn loop_field(&self, depth: usize, key: &str) -> Val<'a> {
        let Some(frame) = self.loops.get(depth) else { return Val::Nil(None) };
        let number = |number: usize| Val::Int(number as i64);
        let (index, length, columns) = (frame.index, frame.length, frame.columns.max(1));
        match key {
            "index" => number(index + 1),
            "index0" => number(index),
            "rindex" => number(length - index),
            "rindex0" => number(length - index - 1),
            "first" => Val::Bool(index == 0),
            "last" => Val::Bool(index + 1 == length),
            "length" => number(length),
            "parentloop" => {
                let parent = self.loops[..depth].iter().rposition(|outer| outer.table == frame.table);
                parent.map_or(Val::Nil(None), Val::Loop)
            }
            "col" if frame.table => number(index % columns + 1),
            "col0" if frame.table => number(index % columns),
            "col_first" if frame.table => Val::Bool(index % columns == 0),
            "col_last" if frame.table => Val::Bool(index % columns + 1 == columns),
            "row" if frame.table => number(index / columns + 1),
            _ => Val::Nil(None),
        }
    }

    fn holds(&mut self, condition: &'a Condition) -> Result<bool, String> {
        // `a and b or c` is `a and (b or c)`: the last pair binds first.
        let mut holds = match condition.rest.last() {
            Some((_, term)) => self.term(term)?,
            None => return self.term(&condition.first),
        };
        for at in (0..condition.rest.len()).rev() {
            let left = match at.checked_sub(1) {
                Some(before) => &condition.rest[before].1,
                None => &condition.first,
            };
            let left = self.term(left)?;
            holds = if condition.rest[at].0 { left && holds } else { left || holds };
        }
        Ok(holds)
    }

    fn term(&mut self, term: &'a Term) -> Result<bool, String> {
        self.budget.work(1)?;
        let left = self.expr(&term.left)?;
        let Some((operator, right)) = &term.right else { return Ok(left.truthy()) };
        let right = self.expr(right)?;
        Ok(match operator {
            Operator::Equal => self.equal(&left, &right)?,
            Operator::Different => !self.equal(&left, &right)?,
            Operator::Less => left.compare(&right).is_some_and(|order| order.is_lt()),
            Operator::LessOrEqual => left.compare(&right).is_some_and(|order| order.is_le()),
            Operator::Greater => left.compare(&right).is_some_and(|order| order.is_gt()),
            Operator::GreaterOrEqual => left.compare(&right).is_some_and(|order| order.is_ge()),
            Operator::Contains => self.contains(&left, &right)?,
        })
    }

    fn equal(&mut self, left: &Val<'a>, right: &Val<'a>) -> Result<bool, String> {
        self.budget.work(left.extent().min(right.extent()))?;
        Ok(left.equals(right))
    }

    fn contains(&mut self, left: &Val<'a>, right: &Val<'a>) -> Result<bool, String> {
        // Searching a text takes longer than comparing it.
        self.budget.work(8 * left.extent())?;
        Ok(match left {
            Val::Text(text) | Val::Html(text) => {
                let mut part = String::new();
                !right.is_nil() && right.write_text(&mut part) && text.contains(&part)
            }
            Val::Json(Json::Object(fields)) => match right {
                Val::Text(key) | Val::Html(key) => fields.contains_key(&**key),
                _ => false,
            },
            Val::Json(Json::Array(items)) => items.iter().any(|item| Val::from_json(item).equals(right)),
            Val::List(items) => items.iter().any(|item| item.equals(right)),
            Val::Range(from, to) => matches!(right, Val::Int(number) if from <= number && number <= to),
            _ => false,
        })
    }

    fn items(&mut self, source: &'a Expr) -> Result<Items<'a>, String> {
        Ok(match self.expr(source)? {
            Val::Json(Json::Array(items)) => Items::Json(items),
            Val::Json(Json::Object(fields)) => {
                self.budget.make_list(3 * fields.len())?;
                let pairs = fields
                    .iter()
                    .map(|(key, value)| Val::List([Val::borrowed(key), Val::from_json(value)].into()));
                Items::List(pairs.collect())
            }
            Val::List(items) => Items::List(items),
            Val::Range(from, to) => Items::Range(from, usize::try_from(to - from + 1).unwrap_or(0)),
            Val::Text(text) if !text.is_empty() => Items::List([Val::Text(text)].into()),
            Val::Html(text) if !text.is_empty() => Items::List([Val::Html(text)].into()),
            _ => Items::Range(1, 0),
        })
    }

    fn for_loop(&mut self, head: &'a For) -> Result<(), String> {
        let items = self.items(&head.source)?;
        let natural = |number: i64| usize::try_from(number).unwrap_or(0);
        let offset = match &head.offset {
            Some(offset) => natural(self.whole(offset)?).min(items.len()),
            None => 0,
        };
        let mut length = items.len() - offset;
        if let Some(limit) = &head.limit {
            length = length.min(natural(self.whole(limit)?));
        }
        let columns = match &head.columns {
            Some(Some(columns)) => natural(self.whole(columns)?).max(1),
            _ => length.max(1),
        };
        let table = head.columns.is_some();
        if length == 0 {
            self.out.push_str(if table { "<tr class=\"row1\">\n</tr>\n" } else { "" });
            return self.nodes(&head.otherwise);
        }
        if table {
            self.out.push_str("<tr class=\"row1\">\n");
        }
        self.loops.push(Frame {
            variable: &head.variable,
            item: Val::Nil(None),
            table,
            index: 0,
            length,
            columns,
        });
        for index in 0..length {
            self.budget.loop_step()?;
            let item = items.get(offset + if head.reversed { length - 1 - index } else { index });
            if let Some(frame) = self.loops.last_mut() {
                frame.item = item;
                frame.index = index;
            }
            let column = index % columns + 1;
            if table {
                if column == 1 && index > 0 {
                    self.out.push_str(&format!("</tr>\n<tr class=\"row{}\">", index / columns + 1));
                }
                self.out.push_str(&format!("<td class=\"col{column}\">"));
            }
            self.nodes(&head.body)?;
            if table {
                self.out.push_str("</td>");
            }
            if let Some(Signal::Break) = self.signal.take() {
                break;
            }
        }
        self.loops.pop();
        if table {
            self.out.push_str("</tr>\n");
        }
        Ok(())
    }
}
