//! Builds the tree of a Liquid part from its segments.

use std::collections::{BTreeMap, BTreeSet};

use super::expr::{Chain, Condition, Expr, Reader, Step};
use super::filters;
use super::lex::Segment;
use super::limits::{BLOCK_NESTING_MAX, NAMES_MAX};

/// What is wrong with a source, and in which line of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub line: usize,
    pub message: String,
}

impl Fault {
    pub fn at(line: usize, message: String) -> Self {
        Fault { line, message }
    }
}

const LABEL_BYTES_MAX: usize = 200;

pub(super) type Nodes = Vec<Node>;

pub(super) struct Node {
    pub line: usize,
    pub kind: Kind,
}

pub(super) enum Kind {
    Literal(String),
    Output(Chain),
    /// The first arm whose condition holds; `unless` is an arm that must not hold.
    If {
        arms: Vec<Arm>,
        otherwise: Nodes,
    },
    Case {
        subject: Expr,
        whens: Vec<(Vec<Expr>, Nodes)>,
        otherwise: Nodes,
    },
    For(Box<For>),
    Assign {
        name: String,
        chain: Chain,
    },
    Capture {
        name: String,
        body: Nodes,
    },
    /// `increment` prints and then adds, `decrement` subtracts and then prints.
    Count {
        name: String,
        up: bool,
    },
    Cycle {
        group: usize,
        values: Vec<Expr>,
    },
    IfChanged {
        number: usize,
        body: Nodes,
    },
    Break,
    Continue,
}

pub(super) struct Arm {
    pub negated: bool,
    pub condition: Condition,
    pub body: Nodes,
}

pub(super) struct For {
    pub variable: String,
    pub source: Expr,
    pub limit: Option<Expr>,
    pub offset: Option<Expr>,
    pub reversed: bool,
    /// `Some` for a `tablerow`; the inner `None` puts everything in one row.
    pub columns: Option<Option<Expr>>,
    pub body: Nodes,
    pub otherwise: Nodes,
}

/// The names a template makes itself, so that what is left are the variables it needs from outside.
#[derive(Default)]
pub(super) struct Names {
    /// `(name, what it stands for)` of loops being open.
    loops: Vec<(String, Option<String>)>,
    made: Vec<(String, Option<String>)>,
    pub wanted: BTreeSet<String>,
}

impl Names {
    /// Writes a path the way people are told about it, and notes it when it comes from outside.
    pub fn label(&mut self, root: &str, steps: &[Step]) -> String {
        let known = self.loops.iter().rev().chain(self.made.iter().rev()).find(|(name, _)| name == root);
        let (mut label, outside) = match known {
            // Aliases of aliases must not grow without bound.
            Some((_, Some(stands_for))) if stands_for.len() <= LABEL_BYTES_MAX => (stands_for.clone(), true),
            Some((_, Some(_))) => (root.to_owned(), false),
            Some((_, None)) => (root.to_owned(), false),
            None => (root.to_owned(), root != "forloop" && root != "tablerowloop"),
        };
        for step in steps {
            match step {
                Step::Key(key) => {
                    label.push('.');
                    label.push_str(key);
                }
                Step::Index(Expr::Int(index)) => label.push_str(&format!("[{index}]")),
                Step::Index(_) => label.push_str("[]"),
            }
        }
        if outside {
            self.wanted.insert(label.clone());
        }
        label
    }

    fn make(&mut self, name: &str, stands_for: Option<String>) -> Result<(), String> {
        let count = self.made.len();
        match self.made.iter_mut().find(|(made, _)| made == name) {
            // Two assignments to one name: it no longer stands for one thing.
            Some(made) => made.1 = None,
            None if count == NAMES_MAX => return Err(format!("more than {NAMES_MAX} names are made")),
            None => self.made.push((name.to_owned(), stands_for)),
        }
        Ok(())
    }
}

pub(super) struct Parsed {
    pub nodes: Nodes,
    pub names: Names,
}

/// Reports every bad expression it can, but stops at the first block that does not close.
pub(super) fn parse(segments: Vec<Segment>) -> Result<Parsed, Vec<Fault>> {
    let mut parser = Parser {
        segments: segments.into_iter(),
        names: Names::default(),
        faults: Vec::new(),
        depth: 0,
        changes: 0,
        cycles: BTreeMap::new(),
    };
    match parser.block(&[], None) {
        Ok((nodes, _)) if parser.faults.is_empty() => Ok(Parsed { nodes, names: parser.names }),
        Ok(_) => Err(parser.faults),
        Err(fault) => {
            parser.faults.push(fault);
            Err(parser.faults)
        }
    }
}

struct Parser {
    segments: std::vec::IntoIter<Segment>,
    names: Names,
    faults: Vec<Fault>,
    depth: usize,
    changes: usize,
    cycles: BTreeMap<String, usize>,
}

/// The tag that ended a block.
struct Ending {
    name: String,
    code: String,
    line: usize,
}

const ENDS: [&str; 16] = [
    "endrecommendations",
    "endif",
    "endunless",
    "endcase",
    "endfor",
    "endtablerow",
    "endcapture",
    "endifchanged",
    "else",
    "elsif",
    "when",
    "endraw",
    "endcomment",
    "elseif",
    "elif",
    "end",
];

impl Parser {
    /// Nodes up to one of `ends`; `opened` is the block's name and line, or `None` for the whole source.
    fn block(
        &mut self,
        ends: &[&str],
        opened: Option<(&str, usize)>,
    ) -> Result<(Nodes, Option<Ending>), Fault> {
        self.depth += 1;
        if let Some((name, line)) = opened
            && self.depth > BLOCK_NESTING_MAX + 1
        {
            let message =
                format!("more than {BLOCK_NESTING_MAX} blocks inside each other, the last is `{name}`");
            return Err(Fault::at(line, message));
        }
        let mut nodes = Vec::new();
        while let Some(segment) = self.segments.next() {
            match segment {
                Segment::Literal(text) => nodes.push(Node { line: 0, kind: Kind::Literal(text) }),
                Segment::Output { code, line } => {
                    let read = Reader::new(&code, &mut self.names).and_then(|mut reader| {
                        if reader.at_end() {
                            return Err("`{{ }}` is empty: write a variable in it".to_owned());
                        }
                        let chain = reader.chain()?;
                        reader.end()?;
                        Ok(chain)
                    });
                    match read {
                        Ok(chain) => nodes.push(Node { line, kind: Kind::Output(chain) }),
                        Err(message) => self.faults.push(Fault::at(line, message)),
                    }
                }
                Segment::Tag { name, code, line } => {
                    if ends.contains(&name.as_str()) {
                        self.depth -= 1;
                        return Ok((nodes, Some(Ending { name, code, line })));
                    }
                    if ENDS.contains(&name.as_str()) {
                        return Err(Fault::at(line, misplaced(&name, opened)));
                    }
                    if let Some(kind) = self.tag(&name, &code, line)? {
                        nodes.push(Node { line, kind });
                    }
                }
            }
        }
        self.depth -= 1;
        match opened {
            None => Ok((nodes, None)),
            Some((name, line)) => {
                Err(Fault::at(line, format!("`{{% {name} %}}` has no end: add `{{% end{name} %}}`")))
            }
        }
    }

    /// Runs `read` on a tag's code; a mistake is noted and gives `None`.
    fn read<T>(
        &mut self,
        code: &str,
        line: usize,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let result = Reader::new(code, &mut self.names).and_then(|mut reader| {
            let value = read(&mut reader)?;
            reader.end()?;
            Ok(value)
        });
        match result {
            Ok(value) => Some(value),
            Err(message) => {
                self.faults.push(Fault::at(line, message));
                None
            }
        }
    }

    fn tag(&mut self, name: &str, code: &str, line: usize) -> Result<Option<Kind>, Fault> {
        match name {
            "if" | "unless" => self.if_block(name, code, line).map(Some),
            "case" => self.case_block(code, line),
            "for" | "tablerow" => self.for_block(name, code, line),
            "recommendations" => self.recommendations_block(code, line),
            "echo" => Ok(self.read(code, line, |reader| reader.chain()).map(Kind::Output)),
            "assign" => Ok(self.read(code, line, |reader| {
                let name = reader.name()?;
                if !reader.sign("=") {
                    return Err("write `assign name = value`".to_owned());
                }
                let chain = reader.chain()?;
                let stands_for = match &chain.entry {
                    Expr::Path(path) if chain.filters.iter().all(|f| filters::keeps_items(f.spec.name)) => {
                        Some(path.label.clone())
                    }
                    _ => None,
                };
                reader.names().make(&name, stands_for)?;
                Ok(Kind::Assign { name, chain })
            })),
            "capture" => {
                let made = self.read(code, line, |reader| {
                    let name = reader.quoted_name()?;
                    reader.names().make(&name, None)?;
                    Ok(name)
                });
                let (body, _) = self.block(&["endcapture"], Some(("capture", line)))?;
                Ok(made.map(|name| Kind::Capture { name, body }))
            }
            "increment" | "decrement" => {
                let up = name == "increment";
                Ok(self.read(code, line, |reader| {
                    let name = reader.name()?;
                    reader.names().make(&name, None)?;
                    Ok(Kind::Count { name, up })
                }))
            }
            "cycle" => Ok(self.cycle(code, line)),
            "ifchanged" => {
                let number = self.changes;
                self.changes += 1;
                let (body, _) = self.block(&["endifchanged"], Some(("ifchanged", line)))?;
                Ok(Some(Kind::IfChanged { number, body }))
            }
            "break" => Ok(Some(Kind::Break)),
            "continue" => Ok(Some(Kind::Continue)),
            "include" | "render" | "section" | "layout" => {
                let message = format!("`{{% {name} %}}` is not available: paste the content here instead");
                self.faults.push(Fault::at(line, message));
                Ok(None)
            }
            "" => {
                self.faults.push(Fault::at(line, "`{% %}` is empty: write a tag in it".to_owned()));
                Ok(None)
            }
            _ => Err(Fault::at(line, format!("there is no tag `{{% {name} %}}`"))),
        }
    }

    fn if_block(&mut self, name: &str, code: &str, line: usize) -> Result<Kind, Fault> {
        let end = format!("end{name}");
        let mut arms = Vec::new();
        let mut negated = name == "unless";
        let mut condition = self.read(code, line, |reader| reader.condition());
        loop {
            let (body, ending) = self.block(&["elsif", "else", &end], Some((name, line)))?;
            if let Some(condition) = condition.take() {
                arms.push(Arm { negated, condition, body });
            }
            negated = false;
            match ending {
                Some(ending) if ending.name == "elsif" => {
                    condition = self.read(&ending.code, ending.line, |reader| reader.condition());
                }
                Some(ending) if ending.name == "else" => {
                    if ending.code.starts_with("if") {
                        return Err(Fault::at(ending.line, "write `elsif` instead of `else if`".to_owned()));
                    }
                    let (otherwise, _) = self.block(&[&end], Some((name, line)))?;
                    return Ok(Kind::If { arms, otherwise });
                }
                _ => return Ok(Kind::If { arms, otherwise: Vec::new() }),
            }
        }
    }

    fn case_block(&mut self, code: &str, line: usize) -> Result<Option<Kind>, Fault> {
        let subject = self.read(code, line, |reader| reader.value());
        let mut whens = Vec::new();
        let mut otherwise = Vec::new();
        // What stands before the first `when` is never shown.
        let (_, mut ending) = self.block(&["when", "else", "endcase"], Some(("case", line)))?;
        while let Some(found) = ending {
            match found.name.as_str() {
                "when" => {
                    let values = self.read(&found.code, found.line, |reader| {
                        let mut values = vec![reader.value()?];
                        while reader.sign(",") || reader.word("or") {
                            values.push(reader.value()?);
                        }
                        Ok(values)
                    });
                    let (body, next) = self.block(&["when", "else", "endcase"], Some(("case", line)))?;
                    whens.push((values.unwrap_or_default(), body));
                    ending = next;
                }
                "else" => {
                    let (body, _) = self.block(&["endcase"], Some(("case", line)))?;
                    otherwise = body;
                    ending = None;
                }
                _ => ending = None,
            }
        }
        Ok(subject.map(|subject| Kind::Case { subject, whens, otherwise }))
    }

    fn for_block(&mut self, name: &str, code: &str, line: usize) -> Result<Option<Kind>, Fault> {
        let table = name == "tablerow";
        let head = self.read(code, line, |reader| {
            let variable = reader.name()?;
            if !reader.word("in") {
                return Err(format!("write `{name} {variable} in list`"));
            }
            let source = reader.value()?;
            let mut head = For {
                variable,
                source,
                limit: None,
                offset: None,
                reversed: false,
                columns: table.then_some(None),
                body: Vec::new(),
                otherwise: Vec::new(),
            };
            while !reader.at_end() {
                if reader.option("limit") {
                    head.limit = Some(reader.value()?);
                } else if reader.option("offset") {
                    if reader.word("continue") {
                        return Err("`offset: continue` is not available: write a number".to_owned());
                    }
                    head.offset = Some(reader.value()?);
                } else if table && reader.option("cols") {
                    head.columns = Some(Some(reader.value()?));
                } else if !table && reader.word("reversed") {
                    head.reversed = true;
                } else if !reader.sign(",") {
                    let options = if table { "cols, limit, offset" } else { "limit, offset, reversed" };
                    return Err(format!("after the list of `{name}` only {options} may stand"));
                }
            }
            Ok(head)
        });
        let variable = head.as_ref().map(|head| head.variable.clone()).unwrap_or_default();
        let stands_for = head.as_ref().and_then(|head| match &head.source {
            // A list the template made itself is not wanted from outside, nor are its items.
            Expr::Path(path) if self.names.wanted.contains(&path.label) => Some(format!("{}[]", path.label)),
            _ => None,
        });
        self.names.loops.push((variable, stands_for));
        let end = format!("end{name}");
        let (body, ending) = self.block(&["else", &end], Some((name, line)))?;
        self.names.loops.pop();
        let otherwise = match ending {
            Some(ending) if ending.name == "else" => self.block(&[&end], Some((name, line)))?.0,
            _ => Vec::new(),
        };
        Ok(head.map(|head| Kind::For(Box::new(For { body, otherwise, ..head }))))
    }

    /// `{% recommendations place: "email", limit: 4 as products %}`: what stands in a place of the shop's, or in a
    /// rail; with nothing there its `else`. Stands for an `if` around an `assign`.
    fn recommendations_block(&mut self, code: &str, line: usize) -> Result<Option<Kind>, Fault> {
        let head = self.read(code, line, |reader| {
            let (mut named, mut limit, mut name) = (None, 4, "products".to_owned());
            while !reader.at_end() {
                if reader.option("place") || reader.option("rail") {
                    named = Some(reader.quoted_name()?);
                } else if reader.option("limit") {
                    limit = match reader.value()? {
                        Expr::Int(limit @ 1..=50) => limit,
                        _ => return Err("`limit:` of `recommendations` is a number from 1 to 50".to_owned()),
                    };
                } else if reader.word("as") {
                    name = reader.name()?;
                } else if !reader.sign(",") {
                    return Err("write `recommendations place: \"email\", limit: 4 as products`".to_owned());
                }
            }
            let named = named.ok_or("name a place or a rail: `recommendations place: \"email\"`")?;
            if !crate::recommend::is_name(&named) {
                return Err(format!("`{named:.50}` is no name of a place: small letters, digits and _"));
            }
            Ok((named, limit, name))
        });
        let made = head.and_then(|(named, limit, name)| {
            let path = format!("recommendations.{named}");
            let condition = self.read(&format!("{path}.size > 0"), line, |reader| reader.condition())?;
            let code = format!("{path} | slice: 0, {limit}");
            let chain = self.read(&code, line, |reader| {
                let chain = reader.chain()?;
                reader.names().make(&name, Some(path.clone()))?;
                Ok(chain)
            })?;
            Some((condition, Node { line, kind: Kind::Assign { name, chain } }))
        });
        let block = Some(("recommendations", line));
        let (inside, ending) = self.block(&["else", "endrecommendations"], block)?;
        let otherwise = match ending {
            Some(ending) if ending.name == "else" => self.block(&["endrecommendations"], block)?.0,
            _ => Vec::new(),
        };
        Ok(made.map(|(condition, assign)| {
            let body = std::iter::once(assign).chain(inside).collect();
            Kind::If { arms: vec![Arm { negated: false, condition, body }], otherwise }
        }))
    }

    fn cycle(&mut self, code: &str, line: usize) -> Option<Kind> {
        let (group, values) = self.read(code, line, |reader| {
            let first = reader.value()?;
            let mut group = None;
            let mut values = Vec::new();
            if reader.sign(":") {
                group = Some(format!("{first:?}"));
                values.push(reader.value()?);
            } else {
                values.push(first);
            }
            while reader.sign(",") {
                values.push(reader.value()?);
            }
            // Cycles with the same values share one position, as in Liquid.
            Ok((group.unwrap_or_else(|| format!("{values:?}")), values))
        })?;
        let next = self.cycles.len();
        let group = *self.cycles.entry(group).or_insert(next);
        Some(Kind::Cycle { group, values })
    }
}

fn misplaced(name: &str, opened: Option<(&str, usize)>) -> String {
    match (name, opened) {
        ("elseif" | "elif", _) => format!("write `elsif` instead of `{name}`"),
        (_, Some((block, line))) => format!(
            "`{{% {name} %}}` stands where `{{% {block} %}}` of line {line} is still open: add \
             `{{% end{block} %}}` before it"
        ),
        (_, None) => format!("`{{% {name} %}}` has no beginning: remove it or add the tag that opens it"),
    }
}
