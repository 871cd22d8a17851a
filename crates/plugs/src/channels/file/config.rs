use std::path::{Component, Path};
use std::sync::Arc;

use domain::consent::Channel as Way;
use serde::{Deserialize, Serialize};

use crate::Channel;
use crate::channels::{Problem, Provider, Surroundings};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// A folder below the server's own folder for such files ([`crate::Egress::files_root`]), made when needed.
    pub folder: String,
}

impl Provider for FileConfig {
    const KIND: &'static str = super::KIND;
    const CARRIES: &'static [Way] = Way::ALL;

    fn validate(&self) -> Vec<Problem> {
        let normal = Path::new(&self.folder).components().all(|part| matches!(part, Component::Normal(_)));
        if self.folder.is_empty() || !normal || self.folder.contains(['\\', '\0']) {
            return vec![Problem::new("folder", "a relative path without `..`")];
        }
        Vec::new()
    }

    fn redacted(&self) -> FileConfig {
        self.clone()
    }

    fn merged(self, _stored: &FileConfig) -> FileConfig {
        self
    }

    fn build(&self, surroundings: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        Ok(Arc::new(super::FileChannel::new(self, &surroundings.egress)?))
    }
}
