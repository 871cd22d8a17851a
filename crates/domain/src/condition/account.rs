//! A verdict with that of every part: for people who ask why somebody is in or out.

use super::{Compared, Condition, Context};

/// The verdict of a condition, and those of all its parts. Unlike [`Condition::explain`], which stops where the whole
/// is certain, it leaves no part out.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub holds: bool,
    /// Of a leaf: what was compared.
    pub compared: Vec<Compared>,
    /// Of `all`, `any` and `none`: in their order.
    pub parts: Vec<Account>,
}

impl Condition {
    pub fn account(&self, context: &Context<'_>) -> Account {
        let (Condition::All(parts) | Condition::Any(parts) | Condition::None(parts)) = self else {
            let verdict = self.explain(context);
            return Account { holds: verdict.holds, compared: verdict.compared, parts: Vec::new() };
        };
        let parts: Vec<Account> = parts.iter().map(|part| part.account(context)).collect();
        let holds = match self {
            Condition::All(_) => parts.iter().all(|part| part.holds),
            Condition::Any(_) => parts.iter().any(|part| part.holds),
            _ => !parts.iter().any(|part| part.holds),
        };
        Account { holds, compared: Vec::new(), parts }
    }
}
