//! A file that a shop has lying somewhere, fetched behind the guard.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::time::timeout;

use crate::http::{fault_of, guarded_client};
use crate::{Egress, Secret};

const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Pieces of the file that wait for the disk.
const PIECES: usize = 8;
/// Between two pieces of the file.
const PIECE_WAIT: Duration = Duration::from_secs(60);
/// All of it.
const WHOLE_WAIT: Duration = Duration::from_secs(30 * 60);

type Piece = Vec<u8>;

/// Fetches a file of text to `path` and returns how many bytes it has. What is left half written at an error is the
/// caller's to take away. Redirects are not followed: they could carry the header to another server.
///
/// Errors: in words for the shop, without the address.
pub async fn download(
    egress: &Egress,
    url: &str,
    header: Option<(&str, &Secret)>,
    path: &Path,
    bytes_max: u64,
) -> Result<u64, String> {
    match timeout(WHOLE_WAIT, fetch_to(egress, url, header, path, bytes_max)).await {
        Ok(done) => done,
        Err(_) => Err("the file was not there whole within half an hour".to_owned()),
    }
}

async fn fetch_to(
    egress: &Egress,
    url: &str,
    header: Option<(&str, &Secret)>,
    path: &Path,
    bytes_max: u64,
) -> Result<u64, String> {
    let parsed = reqwest::Url::parse(url).map_err(|_| "the address is malformed".to_owned())?;
    // A name is checked when it is resolved; an address in the URL is never resolved.
    egress.permits_host(parsed.host_str().unwrap_or_default()).map_err(|error| error.to_string())?;
    let mut request = guarded_client(egress, CONNECT_WAIT)?.get(parsed).header("user-agent", "Quaylai/1");
    if let Some((name, secret)) = header {
        let name =
            HeaderName::try_from(name).map_err(|_| "the name of the header is malformed".to_owned())?;
        let mut value = HeaderValue::try_from(secret.expose())
            .map_err(|_| "the header's value cannot be sent".to_owned())?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    let silent = || "no answer from the server in time".to_owned();
    let answered = timeout(PIECE_WAIT, request.send()).await.map_err(|_| silent())?;
    let mut response = answered.map_err(|error| fault_of(&error))?;
    match response.status().as_u16() {
        200 => {}
        status @ 300..=399 => {
            return Err(format!("HTTP {status}: the address leads to another one; enter that one"));
        }
        status @ (401 | 403) => {
            return Err(format!("HTTP {status}: the server does not open the file; check the header"));
        }
        status => return Err(format!("HTTP {status}")),
    }
    // A page to sign in at comes with a good status, too.
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.to_ascii_lowercase().contains("html") {
        return Err("there is a web page at the address, and not the file itself".to_owned());
    }
    let too_large = || format!("the file has more than {} MB", bytes_max >> 20);
    if response.content_length().is_some_and(|length| length > bytes_max) {
        return Err(too_large());
    }
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Piece>(PIECES);
    let target = path.to_owned();
    let writer = tokio::task::spawn_blocking(move || -> std::io::Result<u64> {
        let mut file = std::fs::File::create(&target)?;
        let mut bytes = 0;
        while let Some(piece) = receiver.blocking_recv() {
            bytes += piece.len() as u64;
            file.write_all(&piece)?;
        }
        file.sync_all()?;
        Ok(bytes)
    });
    let mut taken = 0;
    while let Some(piece) = timeout(PIECE_WAIT, response.chunk())
        .await
        .map_err(|_| silent())?
        .map_err(|error| fault_of(&error))?
    {
        taken += piece.len() as u64;
        if taken > bytes_max {
            return Err(too_large());
        }
        if sender.send(piece.to_vec()).await.is_err() {
            break;
        }
    }
    drop(sender);
    match writer.await {
        Ok(Ok(bytes)) => Ok(bytes),
        _ => Err("the file cannot be kept on this server: is its disk full?".to_owned()),
    }
}
