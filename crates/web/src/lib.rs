//! The files of the web app: embedded in the program, or read from a folder while somebody works on the app.
//!
//! It must know nothing of HTTP's frames or of the API: it answers what bytes stand for a path and how they are
//! packed. Start with [`Files::find`]. Text files are kept packed only (`name.br`, `name.gz`), as `web/build` leaves
//! them; `index.html` as it is.

use flate2::read::GzDecoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::io::Read as _;
use std::path::{Path, PathBuf};

#[derive(RustEmbed)]
#[folder = "$QUAYLAI_WEB_EMBEDDED"]
struct Embedded;

/// Where the files come from.
#[derive(Clone, Debug, Default)]
pub enum Files {
    #[default]
    Embedded,
    /// Read anew at each request.
    Folder(PathBuf),
}

/// How the bytes of an answer are packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packing {
    None,
    Gzip,
    Brotli,
}

/// What a client takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Accepted {
    pub brotli: bool,
    pub gzip: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    pub bytes: Cow<'static, [u8]>,
    pub packing: Packing,
    /// For `Content-Type`.
    pub kind: &'static str,
    /// In hexadecimal, of the bytes as they are packed.
    pub hash: String,
}

impl Files {
    /// The file of a path such as `assets/index-1a2b.js`, in the smallest packing that the client takes. `None` when
    /// there is no such file, or when the path points outside.
    pub fn find(&self, path: &str, accepted: Accepted) -> Option<File> {
        let is_plain =
            |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0', ':']);
        if !path.split('/').all(is_plain) {
            return None;
        }
        let packed = |ending: &str| self.bytes(&format!("{path}{ending}"));
        let brotli = || packed(".br").map(|bytes| (bytes, Packing::Brotli));
        let gzip = || packed(".gz").map(|bytes| (bytes, Packing::Gzip));
        let (bytes, packing) = None
            .or_else(|| accepted.brotli.then(brotli).flatten())
            .or_else(|| accepted.gzip.then(gzip).flatten())
            .or_else(|| self.bytes(path).map(|bytes| (bytes, Packing::None)))
            .or_else(|| gzip().and_then(|(bytes, _)| unpacked(&bytes)).map(|bytes| (bytes, Packing::None)))?;
        let hash = Sha256::digest(&bytes).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        Some(File { bytes, packing, kind: kind_of(path), hash })
    }

    fn bytes(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Files::Embedded => Embedded::get(path).map(|file| file.data),
            Files::Folder(folder) => std::fs::read(folder.join(path)).ok().map(Cow::Owned),
        }
    }
}

fn unpacked(bytes: &[u8]) -> Option<Cow<'static, [u8]>> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).ok()?;
    Some(Cow::Owned(plain))
}

fn kind_of(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn folder() -> (PathBuf, Files) {
        let folder = std::env::temp_dir().join(format!("quaylai-web-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("assets")).unwrap();
        std::fs::write(folder.join("index.html"), "<p>app").unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"let a").unwrap();
        std::fs::write(folder.join("assets/a.js.gz"), gzip.finish().unwrap()).unwrap();
        std::fs::write(folder.join("assets/a.js.br"), "packed").unwrap();
        (folder.clone(), Files::Folder(folder))
    }

    #[test]
    fn a_client_gets_the_packing_that_it_takes() {
        let (folder, files) = folder();
        let check = |path, brotli, gzip, packing: Packing, kind: &str| {
            let found = files.find(path, Accepted { brotli, gzip }).unwrap();
            assert_eq!((found.packing, found.kind), (packing, kind), "{path} {brotli} {gzip}");
        };
        check("assets/a.js", true, true, Packing::Brotli, "text/javascript; charset=utf-8");
        check("assets/a.js", false, true, Packing::Gzip, "text/javascript; charset=utf-8");
        check("assets/a.js", false, false, Packing::None, "text/javascript; charset=utf-8");
        check("index.html", true, true, Packing::None, "text/html; charset=utf-8");
        let plain = files.find("assets/a.js", Accepted::default()).unwrap();
        assert_eq!(&*plain.bytes, b"let a");
        for path in ["", "nothing", "../Cargo.toml", "assets/../index.html", "/etc/passwd", "assets//a.js"] {
            assert_eq!(files.find(path, Accepted::default()), None, "{path}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn something_is_always_embedded() {
        assert!(Files::Embedded.find("index.html", Accepted::default()).is_some());
    }
}
