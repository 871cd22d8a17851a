//! A condition taken apart: its leaves once each, and how they are joined.

use super::Condition;

/// How the verdicts of leaves make the verdict of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    All(Vec<Formula>),
    Any(Vec<Formula>),
    None(Vec<Formula>),
    /// The position in the list of leaves.
    Leaf(usize),
}

impl Formula {
    /// Takes `condition` apart. Leaves that are equal come once; `leaves` may hold others already, so that several
    /// conditions can share theirs.
    pub fn of(condition: &Condition, leaves: &mut Vec<Condition>) -> Formula {
        let mut parts =
            |parts: &[Condition]| parts.iter().map(|part| Formula::of(part, leaves)).collect::<Vec<_>>();
        match condition {
            Condition::All(list) => Formula::All(parts(list)),
            Condition::Any(list) => Formula::Any(parts(list)),
            Condition::None(list) => Formula::None(parts(list)),
            leaf => {
                let known = leaves.iter().position(|known| known == leaf);
                Formula::Leaf(known.unwrap_or_else(|| {
                    leaves.push(leaf.clone());
                    leaves.len() - 1
                }))
            }
        }
    }

    pub fn holds(&self, leaf: &mut dyn FnMut(usize) -> bool) -> bool {
        match self {
            Formula::All(parts) => parts.iter().all(|part| part.holds(leaf)),
            Formula::Any(parts) => parts.iter().any(|part| part.holds(leaf)),
            Formula::None(parts) => !parts.iter().any(|part| part.holds(leaf)),
            Formula::Leaf(at) => leaf(*at),
        }
    }

    /// The same with every leaf's position replaced by `places[position]`.
    pub fn renumbered(self, places: &[usize]) -> Formula {
        let all = |parts: Vec<Formula>| parts.into_iter().map(|part| part.renumbered(places)).collect();
        match self {
            Formula::All(parts) => Formula::All(all(parts)),
            Formula::Any(parts) => Formula::Any(all(parts)),
            Formula::None(parts) => Formula::None(all(parts)),
            Formula::Leaf(at) => Formula::Leaf(places[at]),
        }
    }

    /// Calls `visit` with the position of every leaf, repetitions included.
    pub fn leaves(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Formula::All(parts) | Formula::Any(parts) | Formula::None(parts) => {
                parts.iter().for_each(|part| part.leaves(visit));
            }
            Formula::Leaf(at) => visit(*at),
        }
    }
}
