//! Public links and the few pages that the server renders itself.

use crate::Services;
use std::sync::Arc;

pub fn router() -> axum::Router<Arc<Services>> {
    axum::Router::new()
}
