//! Expressions inside tags: values, paths, filters, conditions.

use super::filters::{self, FilterSpec};
use super::limits::{CONDITIONS_MAX, FILTERS_MAX, INDEX_NESTING_MAX, RANGE_WIDTH_MAX};
use super::parse::Names;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Nil,
    Empty,
    Blank,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Path(Path),
    Range(Box<(Expr, Expr)>),
}

/// A variable and the way into it: `cart.items[0].name`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    pub root: String,
    pub steps: Vec<Step>,
    /// What people are told when it is missing; loop variables are traced back: `cart.items[].name`.
    pub label: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Key(String),
    Index(Expr),
}

pub(super) struct Filter {
    pub spec: &'static FilterSpec,
    pub args: Vec<Expr>,
    /// `allow_false: true` of `default`; no other filter takes a named argument.
    pub allow_false: bool,
}

/// A value and the filters it goes through.
pub(super) struct Chain {
    pub entry: Expr,
    pub filters: Vec<Filter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

/// `left operator right`, or a value alone.
pub(super) struct Term {
    pub left: Expr,
    pub right: Option<(Operator, Expr)>,
}

/// Terms joined by `and` / `or`, evaluated from the right without precedence, as Liquid does.
pub(super) struct Condition {
    pub first: Term,
    /// `(is_and, term)`
    pub rest: Vec<(bool, Term)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Int(i64),
    Float(f64),
    Text(String),
    /// One of `. .. [ ] ( ) | : , = == != <> < > <= >=`
    Sign(&'static str),
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Token::Word(word) => word.clone(),
            Token::Int(number) => number.to_string(),
            Token::Float(number) => number.to_string(),
            Token::Text(text) => format!("'{text}'"),
            Token::Sign(sign) => (*sign).to_owned(),
        }
    }
}

const SIGNS: [&str; 16] =
    ["..", "==", "!=", "<>", "<=", ">=", ".", "[", "]", "(", ")", "|", ":", ",", "<", ">"];

fn tokens(code: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '\'' || first == '"' {
            let end =
                rest[1..].find(first).ok_or_else(|| format!("the text {rest} has no closing {first}"))?;
            found.push(Token::Text(rest[1..=end].to_owned()));
            end + 2
        } else if first.is_ascii_digit()
            || ((first == '-' || first == '+') && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            let length = number_length(rest);
            let text = &rest[..length];
            found.push(if text.contains('.') {
                Token::Float(text.parse().map_err(|_| format!("`{text}` is not a number"))?)
            } else {
                Token::Int(text.parse().map_err(|_| format!("the number {text} is too large"))?)
            });
            length
        } else if first.is_alphabetic() || first == '_' {
            let length =
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
            // Shopify allows one question mark at the end of a name.
            let length = if rest[length..].starts_with('?') { length + 1 } else { length };
            found.push(Token::Word(rest[..length].to_owned()));
            length
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            found.push(Token::Sign(sign));
            sign.len()
        } else if first == '=' {
            found.push(Token::Sign("="));
            1
        } else {
            return Err(format!("`{first}` has no meaning here: remove it"));
        };
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

/// Digits, and a fraction unless the dot belongs to a range (`1..3`).
fn number_length(text: &str) -> usize {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(!text.starts_with(|c: char| c.is_ascii_digit()));
    let whole = sign + digits(sign);
    if text[whole..].starts_with('.') && digits(whole + 1) > 0 {
        whole + 1 + digits(whole + 1)
    } else {
        whole
    }
}

/// Reads the code of one tag from left to right. Errors are sentences for the author of the template.
pub(super) struct Reader<'n> {
    tokens: Vec<Token>,
    at: usize,
    names: &'n mut Names,
    depth: usize,
}

impl<'n> Reader<'n> {
    pub fn new(code: &str, names: &'n mut Names) -> Result<Self, String> {
        Ok(Reader { tokens: tokens(code)?, at: 0, names, depth: 0 })
    }

    pub fn names(&mut self) -> &mut Names {
        self.names
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn shown(&self) -> String {
        self.peek().map_or("the end".to_owned(), |token| format!("`{}`", token.shown()))
    }

    pub fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(s)) if *s == sign);
        self.at += usize::from(found);
        found
    }

    pub fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(w)) if w == word);
        self.at += usize::from(found);
        found
    }

    /// `word:`, as in `limit: 3`.
    pub fn option(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(w)) if w == word)
            && self.tokens.get(self.at + 1) == Some(&Token::Sign(":"));
        self.at += if found { 2 } else { 0 };
        found
    }

    pub fn name(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(format!("a name is expected where {} stands", self.shown())),
        }
    }

    /// A name that `capture` allows to stand in quotes.
    pub fn quoted_name(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => self.name(),
        }
    }

    pub fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub fn end(&self) -> Result<(), String> {
        match self.peek() {
            None => Ok(()),
            Some(_) => {
                Err(format!("{} is not expected here: remove it or what stands before it", self.shown()))
            }
        }
    }

    pub fn value(&mut self) -> Result<Expr, String> {
        let token = self.peek().cloned().ok_or("a value is missing at the end")?;
        self.at += 1;
        match token {
            Token::Int(number) => Ok(Expr::Int(number)),
            Token::Float(number) => Ok(Expr::Float(number)),
            Token::Text(text) => Ok(Expr::Text(text)),
            Token::Word(word) => match word.as_str() {
                "nil" | "null" => Ok(Expr::Nil),
                "true" => Ok(Expr::Bool(true)),
                "false" => Ok(Expr::Bool(false)),
                "empty" if !self.path_goes_on() => Ok(Expr::Empty),
                "blank" if !self.path_goes_on() => Ok(Expr::Blank),
                _ => self.path(word).map(Expr::Path),
            },
            Token::Sign("(") => self.range(),
            Token::Sign(_) => {
                self.at -= 1;
                Err(format!("a value is expected where {} stands", self.shown()))
            }
        }
    }

    fn path_goes_on(&self) -> bool {
        matches!(self.peek(), Some(Token::Sign("." | "[")))
    }

    fn path(&mut self, root: String) -> Result<Path, String> {
        let mut steps = Vec::new();
        loop {
            if self.sign(".") {
                steps.push(Step::Key(self.name()?));
            } else if self.sign("[") {
                self.depth += 1;
                if self.depth > INDEX_NESTING_MAX {
                    return Err(format!("more than {INDEX_NESTING_MAX} `[` inside each other: use `assign`"));
                }
                let index = self.value()?;
                self.depth -= 1;
                if !self.sign("]") {
                    return Err(format!("`]` is expected where {} stands", self.shown()));
                }
                steps.push(match index {
                    Expr::Text(key) => Step::Key(key),
                    index => Step::Index(index),
                });
            } else {
                break;
            }
        }
        let label = self.names.label(&root, &steps);
        Ok(Path { root, steps, label })
    }

    fn range(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > INDEX_NESTING_MAX {
            return Err("too many `(` inside each other".to_owned());
        }
        let from = self.value()?;
        if !self.sign("..") {
            return Err(format!(
                "{} is not expected in `( )`: Liquid knows round brackets only for ranges such as (1..5)",
                self.shown()
            ));
        }
        let to = self.value()?;
        self.depth -= 1;
        if !self.sign(")") {
            return Err(format!("`)` is expected where {} stands", self.shown()));
        }
        if let (Expr::Int(from), Expr::Int(to)) = (&from, &to)
            && to.saturating_sub(*from) >= RANGE_WIDTH_MAX
        {
            return Err(format!("a range may hold {RANGE_WIDTH_MAX} numbers: make ({from}..{to}) smaller"));
        }
        Ok(Expr::Range(Box::new((from, to))))
    }

    pub fn chain(&mut self) -> Result<Chain, String> {
        let entry = self.value()?;
        let mut filters = Vec::new();
        while self.sign("|") {
            if filters.len() == FILTERS_MAX {
                return Err(format!("more than {FILTERS_MAX} filters: split them with `assign`"));
            }
            filters.push(self.filter()?);
        }
        Ok(Chain { entry, filters })
    }

    fn filter(&mut self) -> Result<Filter, String> {
        let name =
            self.name().map_err(|_| format!("a filter's name is expected where {} stands", self.shown()))?;
        let spec = filters::find(&name).ok_or_else(|| match filters::nearest(&name) {
            Some(near) => format!("there is no filter `{name}`: did you mean `{near}`?"),
            None => format!("there is no filter `{name}`"),
        })?;
        let mut args = Vec::new();
        let mut allow_false = false;
        if self.sign(":") {
            loop {
                if name == "default" && self.option("allow_false") {
                    allow_false = self.value()? == Expr::Bool(true);
                } else {
                    args.push(self.value()?);
                }
                if !self.sign(",") {
                    break;
                }
            }
        }
        if args.len() < spec.args_min || args.len() > spec.args_max {
            let takes = match (spec.args_min, spec.args_max) {
                (0, 0) => "no value".to_owned(),
                (1, 1) => format!("one value: `{name}: ...`"),
                (least, most) if least == most => format!("{most} values"),
                (least, most) => format!("{least} to {most} values"),
            };
            return Err(format!("the filter `{name}` takes {takes}, not {}", args.len()));
        }
        Ok(Filter { spec, args, allow_false })
    }

    pub fn condition(&mut self) -> Result<Condition, String> {
        let first = self.term()?;
        let mut rest = Vec::new();
        loop {
            let is_and = self.word("and");
            if !is_and && !self.word("or") {
                break;
            }
            if rest.len() + 1 == CONDITIONS_MAX {
                return Err(format!("more than {CONDITIONS_MAX} comparisons in one condition"));
            }
            rest.push((is_and, self.term()?));
        }
        match self.peek() {
            Some(Token::Sign("=")) => Err("write `==` to compare".to_owned()),
            Some(Token::Sign("|")) => {
                Err("filters cannot stand in a condition: `assign` the value first".to_owned())
            }
            _ => Ok(Condition { first, rest }),
        }
    }

    fn term(&mut self) -> Result<Term, String> {
        let left = self.value()?;
        let operator = match self.peek() {
            Some(Token::Sign("==")) => Operator::Equal,
            Some(Token::Sign("!=" | "<>")) => Operator::Different,
            Some(Token::Sign("<")) => Operator::Less,
            Some(Token::Sign("<=")) => Operator::LessOrEqual,
            Some(Token::Sign(">")) => Operator::Greater,
            Some(Token::Sign(">=")) => Operator::GreaterOrEqual,
            Some(Token::Word(word)) if word == "contains" => Operator::Contains,
            _ => return Ok(Term { left, right: None }),
        };
        self.at += 1;
        Ok(Term { left, right: Some((operator, self.value()?)) })
    }
}
