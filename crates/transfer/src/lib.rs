//! Data in and out: files that are read, mapped, checked and poured into the inbox; lists that are written out;
//! backups.
//!
//! It must never write a profile, an event or an order itself (the engine does, from the inbox), read a clock, or
//! hold a whole file in memory. Start with [`Importer`].

pub mod backup;
pub mod bulk;
pub mod export;
mod feed;
mod importer;
mod jobs;
pub mod learning;
mod lines;
pub mod map;
mod plan;
pub mod reading;
pub mod register;
mod rejected;
mod rows;
pub mod values;

pub use feed::{Counts, ShownFault};
pub use importer::{
    DryRun, Importer, Preview, Progress, Spec, Step, TransferError, begin_import, dry_run, home_of, preview,
    request_cancel, request_pause, request_resume, request_undo,
};
pub use map::{Kind, Map};
pub use plan::{Home, Remark, SeenColumn};
pub use reading::{ReadError, work_folder};
pub use rejected::harmless;
