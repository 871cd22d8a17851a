use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::channels::Problem;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// A folder below the server's own folder for such files ([`crate::Egress::files_root`]), made when needed.
    pub folder: String,
}

impl FileConfig {
    pub fn validate(&self) -> Vec<Problem> {
        let normal = Path::new(&self.folder).components().all(|part| matches!(part, Component::Normal(_)));
        if self.folder.is_empty() || !normal || self.folder.contains(['\\', '\0']) {
            return vec![Problem::new("folder", "a relative path without `..`")];
        }
        Vec::new()
    }
}
