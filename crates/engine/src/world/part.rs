//! Taking a person out of a batch for good.

use super::{ProfileKey, World};

impl World<'_> {
    /// Lets go of a person, their runs and their timers: nothing of them is written with this batch any more, and
    /// nobody finds them in it.
    pub fn part_with(&mut self, key: ProfileKey) {
        let Some(person) = self.people.remove(&key) else { return };
        for known in person.profile.identifiers {
            self.owners.insert((key.0, known.identifier), None);
        }
        let runs = self.runs.remove(&key).unwrap_or_default();
        // Steps of runs that are stored go with them; those of runs that never were would stay behind.
        let runs: Vec<String> = runs.iter().map(|entry| entry.run.id.to_string()).collect();
        self.steps.retain(|(workspace, run_id, _)| *workspace != key.0 || !runs.contains(run_id));
        self.timers.retain(|(workspace, no, ..), _| (*workspace, *no) != key);
        self.histories.retain(|(workspace, no, _), _| (*workspace, *no) != key);
        self.summaries.remove(&key);
        self.changed.remove(&key);
        self.erasures.gone.insert(key);
    }

    /// The numbers of profiles that became this one in this batch.
    pub fn absorbed_numbers(&self, key: ProfileKey) -> Vec<i64> {
        self.absorbed.get(&key).into_iter().flatten().map(|(_, no)| no.0).collect()
    }
}
