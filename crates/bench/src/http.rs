//! A keep-alive HTTP/1.1 client that does next to nothing, since it shares the machine with what it measures.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The longest wait for any answer.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Who asks.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    None,
    /// A write key, as the tracking libraries send it.
    Write(&'a str),
    Secret(&'a str),
}

/// A whole request, ready to be written to a connection.
pub fn request(method: &str, path: &str, key: Key<'_>, body: &[u8]) -> Vec<u8> {
    let authorization = match key {
        Key::None => String::new(),
        Key::Write(key) => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{key}:"));
            format!("Authorization: Basic {encoded}\r\n")
        }
        Key::Secret(key) => format!("Authorization: Bearer {key}\r\n"),
    };
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: quaylai-bench\r\n{authorization}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend(body);
    bytes
}

pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Result<Client> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        stream.set_write_timeout(Some(ANSWER_WAIT))?;
        Ok(Client { stream, buffer: Vec::with_capacity(4_096) })
    }

    /// Sends a request made by [`request`] and reads its answer.
    pub fn send(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = end_of_head(&self.buffer) {
                break end;
            }
            ensure!(self.buffer.len() < 64 << 10, "an answer without an end of its head");
            self.fill()?;
        };
        let text = std::str::from_utf8(&self.buffer[..head]).context("an answer's head is not text")?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|s| s.parse().ok());
        let status: u16 = status.context("an answer without a status")?;
        let mut length = 0;
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse::<usize>()?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                bail!("an answer in chunks, which this client does not read");
            }
        }
        ensure!(length <= ANSWER_BYTES_MAX, "an answer of {length} bytes");
        while self.buffer.len() < head + length {
            self.fill()?;
        }
        Ok(Answer { status, body: self.buffer[head..head + length].to_vec() })
    }

    fn fill(&mut self) -> Result<()> {
        let mut chunk = [0u8; 8_192];
        let count = self.stream.read(&mut chunk)?;
        ensure!(count > 0, "the server closed the connection");
        self.buffer.extend(&chunk[..count]);
        Ok(())
    }

    /// A call of the API whose answer is JSON.
    pub fn call(&mut self, method: &str, path: &str, key: Key<'_>, body: Option<&Value>) -> Result<Value> {
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let answer = self.send(&request(method, path, key, &body))?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!((200..300).contains(&answer.status), "{method} {path}: {} {text}", answer.status);
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).with_context(|| format!("{method} {path} answered {text:.200}"))
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}
