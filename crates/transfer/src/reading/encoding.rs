use encoding_rs::{CoderResult, Decoder, Encoding};
use std::io::Read;

const BUFFER_BYTES: usize = 64 << 10;

/// Reads a text of some encoding as UTF-8. What cannot be decoded becomes U+FFFD, by which its row is known.
pub struct Decoding<R> {
    inner: R,
    decoder: Decoder,
    /// Bytes of the file that are not decoded yet.
    raw: Vec<u8>,
    raw_at: usize,
    ended: bool,
    finished: bool,
}

impl<R: Read> Decoding<R> {
    /// A byte order mark wins over `encoding` and is left out.
    pub fn new(inner: R, encoding: &'static Encoding) -> Decoding<R> {
        let decoder = encoding.new_decoder();
        Decoding { inner, decoder, raw: Vec::new(), raw_at: 0, ended: false, finished: false }
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if out.len() < 16 {
            return Err(std::io::Error::other("too small a buffer to decode into"));
        }
        while !self.finished {
            if self.raw_at == self.raw.len() && !self.ended {
                self.raw.resize(BUFFER_BYTES, 0);
                let read = self.inner.read(&mut self.raw)?;
                self.raw.truncate(read);
                self.raw_at = 0;
                self.ended = read == 0;
            }
            let (result, consumed, written, _) =
                self.decoder.decode_to_utf8(&self.raw[self.raw_at..], out, self.ended);
            self.raw_at += consumed;
            self.finished = self.ended && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}
