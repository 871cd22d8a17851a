//! References of one segment to another, followed and replaced.

use super::parse::problem;
use super::{Condition, PREDICATES_MAX, Problem, join};

/// Most references that follow one from another.
pub const SEGMENTS_DEEP_MAX: usize = 8;
/// Most predicates of a condition with its references replaced.
pub const EXPANDED_MAX: usize = 10 * PREDICATES_MAX;

impl Condition {
    /// Calls `visit` with the id of every segment that is referred to, repetitions included.
    pub fn segments<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        match self {
            Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
                parts.iter().for_each(|part| part.segments(visit));
            }
            Condition::Segment(id) => visit(id),
            _ => {}
        }
    }

    /// Replaces every reference to a segment by that segment's tree, which `find` brings, and those in it
    /// likewise. To see a cycle that a new definition closes, `find` has to bring the new one.
    ///
    /// # Errors
    /// A segment that is not there, refers to itself by way of others, lies too deep or makes the whole too
    /// large; at the path of the reference in `self`.
    pub fn expand(&self, find: &dyn Fn(&str) -> Option<Condition>) -> Result<Condition, Problem> {
        let mut expansion = Expansion { find, chain: Vec::new(), predicates: 0 };
        expansion.replace(self, "")
    }
}

struct Expansion<'a> {
    find: &'a dyn Fn(&str) -> Option<Condition>,
    /// The references that led here.
    chain: Vec<String>,
    predicates: usize,
}

impl Expansion<'_> {
    fn replace(&mut self, condition: &Condition, path: &str) -> Result<Condition, Problem> {
        self.predicates += 1;
        if self.predicates > EXPANDED_MAX {
            let message = format!("more than {EXPANDED_MAX} predicates with the segments that it refers to");
            return Err(problem(path, "segment.too_large", message));
        }
        // Inside another segment the reference that led there is the place to mend.
        let place = |part: &str| if self.chain.is_empty() { join(path, part) } else { path.to_owned() };
        let (key, parts) = match condition {
            Condition::All(parts) => ("all", parts),
            Condition::Any(parts) => ("any", parts),
            Condition::None(parts) => ("none", parts),
            Condition::Segment(id) => {
                let path = place("segment");
                return self.enter(id, &path);
            }
            leaf => return Ok(leaf.clone()),
        };
        let list = place(key);
        let is_own = self.chain.is_empty();
        let mut replaced = Vec::with_capacity(parts.len());
        for (i, part) in parts.iter().enumerate() {
            let path = if is_own { join(&list, i) } else { list.clone() };
            replaced.push(self.replace(part, &path)?);
        }
        Ok(match condition {
            Condition::All(_) => Condition::All(replaced),
            Condition::Any(_) => Condition::Any(replaced),
            _ => Condition::None(replaced),
        })
    }

    fn enter(&mut self, id: &str, path: &str) -> Result<Condition, Problem> {
        let by_way_of = match self.chain.as_slice() {
            [] => String::new(),
            chain => format!(", by way of {}", chain.join(", ")),
        };
        if self.chain.iter().any(|known| known == id) {
            let message = format!("segment \"{id}\" refers to itself{by_way_of}");
            return Err(problem(path, "segment.cycle", message));
        }
        if self.chain.len() >= SEGMENTS_DEEP_MAX {
            let message = format!("segments refer to segments at most {SEGMENTS_DEEP_MAX} deep{by_way_of}");
            return Err(problem(path, "segment.too_deep", message));
        }
        let Some(tree) = (self.find)(id) else {
            let message = format!("there is no segment \"{id}\"{by_way_of}");
            return Err(problem(path, "segment.missing", message));
        };
        self.chain.push(id.to_owned());
        let replaced = self.replace(&tree, path);
        self.chain.pop();
        replaced
    }
}
