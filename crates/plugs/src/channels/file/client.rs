use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{FileConfig, KIND, wire};
use crate::{BoxFuture, Channel, Delivery, Egress, Outcome, RejectClass, RetryClass};

/// Accepted means: the file with the message is in the folder, whole and flushed to the disk.
pub struct FileChannel {
    folder: PathBuf,
}

/// Makes the names of unfinished files differ; two attempts at one key may run at once.
static UNFINISHED: AtomicU64 = AtomicU64::new(0);

impl FileChannel {
    /// Errors: the server has no folder for such channels.
    pub fn new(config: &FileConfig, egress: &Egress) -> Result<FileChannel, String> {
        let root = egress.files_root.as_ref().ok_or(
            "this server has no folder for file channels; whoever runs it can name one in its egress settings",
        )?;
        Ok(FileChannel { folder: root.join(&config.folder) })
    }
}

impl Channel for FileChannel {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn concurrency(&self) -> usize {
        4
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let (name, bytes) = match wire::encode(delivery) {
                Ok(encoded) => encoded,
                Err(detail) => return Outcome::Rejected { class: RejectClass::Invalid, detail },
            };
            let folder = self.folder.clone();
            let written = {
                let name = name.clone();
                tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await
            };
            match written {
                Ok(Ok(())) => {
                    Outcome::Accepted { detail: format!("written to {name}"), provider_id: Some(name) }
                }
                Ok(Err(error)) => failed(&error),
                Err(_) => failed(&io::Error::other("the write was broken off")),
            }
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            let folder = self.folder.clone();
            let tried = tokio::task::spawn_blocking(move || {
                let probe = folder.join(unfinished("check"));
                fs::create_dir_all(&folder)?;
                File::create(&probe)?;
                fs::remove_file(&probe)
            });
            match tried.await {
                Ok(Ok(())) => Ok("the folder can be written to".to_owned()),
                Ok(Err(error)) => Err(format!("the folder can't be written to: {}", error.kind())),
                Err(_) => Err("the folder can't be written to".to_owned()),
            }
        })
    }
}

/// The name is taken only when the content is complete: a reader, or a crash, never meets half a message.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(unfinished(name));
    let written = (|| {
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, folder.join(name))
    })();
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn unfinished(name: &str) -> String {
    format!(".{name}.{}.unfinished", UNFINISHED.fetch_add(1, Ordering::Relaxed))
}

/// The error's kind says enough; its text may hold a path of this machine.
fn failed(error: &io::Error) -> Outcome {
    let detail = format!("the file could not be written: {}", error.kind());
    match error.kind() {
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::NotADirectory
        // Of the folder: a file stands there.
        | ErrorKind::AlreadyExists => Outcome::Misconfigured { detail },
        _ => Outcome::Retry { class: RetryClass::Temporary, after_ms: None, detail },
    }
}
