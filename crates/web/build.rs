//! Says which folder is embedded: what `web/build` made, named by `QUAYLAI_WEB_DIST`, or else a page that says how to
//! make it, so that the server builds without Node too.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const MISSING: &str = "<!doctype html><meta charset=\"utf-8\"><title>Quaylai</title>\
    <p>This build of the server has no web app: it was built without <code>QUAYLAI_WEB_DIST</code>. \
    <code>./run</code> builds both; <code>web/build DIR</code> builds the app alone.</p>\n";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-env-changed=QUAYLAI_WEB_DIST");
    println!("cargo:rerun-if-changed=build.rs");
    let folder = match env::var_os("QUAYLAI_WEB_DIST").filter(|told| !told.is_empty()) {
        Some(told) => {
            let folder = PathBuf::from(told);
            if !folder.join("index.html").is_file() {
                return Err(io::Error::other(format!(
                    "QUAYLAI_WEB_DIST: no index.html in {}",
                    folder.display()
                )));
            }
            println!("cargo:rerun-if-changed={}", folder.display());
            folder
        }
        None => {
            let folder = Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("missing");
            fs::create_dir_all(&folder)?;
            fs::write(folder.join("index.html"), MISSING)?;
            folder
        }
    };
    println!("cargo:rustc-env=QUAYLAI_WEB_EMBEDDED={}", folder.display());
    Ok(())
}
