//! A mail relay that takes everything and notes when.

use crate::clock;
use anyhow::Result;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Connections at once; more are turned away.
const CONNECTIONS_MAX: usize = 256;
/// A silent connection is closed after this.
const SILENCE_MAX: Duration = Duration::from_secs(120);

#[derive(Default)]
struct Taken {
    messages: AtomicU64,
    bytes: AtomicU64,
    connections: AtomicUsize,
    stop: AtomicBool,
    /// Recipient and the instant at which the end of the message was read.
    arrivals: Mutex<Vec<(String, Instant)>>,
}

pub struct Sink {
    pub port: u16,
    taken: Arc<Taken>,
}

impl Sink {
    pub fn open() -> Result<Sink> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let taken = Arc::new(Taken::default());
        let shared = Arc::clone(&taken);
        std::thread::Builder::new().name("sink".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.stop.load(Ordering::SeqCst) {
                    return;
                }
                let taken = Arc::clone(&shared);
                if taken.connections.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS_MAX {
                    taken.connections.fetch_sub(1, Ordering::SeqCst);
                    continue;
                }
                std::thread::spawn(move || {
                    // A server that ends closes its connections in the middle; that is no fault of the sink.
                    let _ = serve(stream, &taken);
                    taken.connections.fetch_sub(1, Ordering::SeqCst);
                });
            }
        })?;
        Ok(Sink { port, taken })
    }

    pub fn messages(&self) -> u64 {
        self.taken.messages.load(Ordering::SeqCst)
    }

    /// Of all messages together, headers and encoding included.
    pub fn bytes(&self) -> u64 {
        self.taken.bytes.load(Ordering::SeqCst)
    }

    /// What arrived since the last call.
    pub fn take_arrivals(&self) -> Vec<(String, Instant)> {
        std::mem::take(&mut self.taken.arrivals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.taken.stop.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees the flag.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn serve(stream: TcpStream, taken: &Taken) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    let mut out = stream.try_clone()?;
    let mut input = BufReader::with_capacity(64 << 10, stream);
    let mut line = Vec::with_capacity(1_024);
    let mut recipient = String::new();
    out.write_all(b"220 sink.example ESMTP\r\n")?;
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let verb: Vec<u8> = line.iter().take(4).map(u8::to_ascii_uppercase).collect();
        match verb.as_slice() {
            b"EHLO" => out.write_all(b"250-sink.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")?,
            b"RCPT" => {
                let text = String::from_utf8_lossy(&line);
                let address = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                recipient = address.map_or_else(String::new, |(address, _)| address.to_owned());
                out.write_all(b"250 ok\r\n")?;
            }
            b"DATA" => {
                out.write_all(b"354 go on\r\n")?;
                let mut bytes = 0;
                loop {
                    line.clear();
                    let count = input.read_until(b'\n', &mut line)?;
                    if count == 0 {
                        return Ok(());
                    }
                    if line == b".\r\n" {
                        break;
                    }
                    bytes += count as u64;
                }
                let at = clock::now();
                let mut arrivals = taken.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
                arrivals.push((std::mem::take(&mut recipient), at));
                drop(arrivals);
                taken.bytes.fetch_add(bytes, Ordering::SeqCst);
                taken.messages.fetch_add(1, Ordering::SeqCst);
                out.write_all(b"250 taken\r\n")?;
            }
            b"QUIT" => {
                out.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => out.write_all(b"250 ok\r\n")?,
        }
    }
}
