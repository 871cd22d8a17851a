//! Pictures for messages: what a file is by its bytes, whatever its name says.

crate::words::words! {
    /// A kind of picture that mail programs show.
    PictureKind {
        Png = "image/png",
        Jpeg = "image/jpeg",
        Gif = "image/gif",
        Webp = "image/webp",
    }
}

impl PictureKind {
    pub fn extension(self) -> &'static str {
        match self {
            PictureKind::Png => "png",
            PictureKind::Jpeg => "jpg",
            PictureKind::Gif => "gif",
            PictureKind::Webp => "webp",
        }
    }
}

/// Bytes of one picture.
pub const PICTURE_BYTES_MAX: usize = 5 << 20;
/// Pixels of one side.
pub const PICTURE_SIDE_MAX: u32 = 6_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    pub kind: PictureKind,
    pub width: u32,
    pub height: u32,
}

/// Why a file is not taken, for whoever brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    #[error("the file is empty")]
    Empty,
    #[error("a picture has at most 5 MB: make it smaller")]
    TooLarge,
    #[error("SVG is not taken: mail programs do not show it, and it can hold scripts; save it as PNG")]
    Svg,
    #[error("the file is no PNG, JPEG, GIF or WebP picture")]
    Unknown,
    #[error("the picture is damaged: its size cannot be read")]
    Damaged,
    #[error("a picture has at most 6000 pixels a side: make it smaller")]
    TooWide,
}

/// Looks at the bytes themselves.
pub fn look(bytes: &[u8]) -> Result<Picture, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty);
    }
    if bytes.len() > PICTURE_BYTES_MAX {
        return Err(PictureError::TooLarge);
    }
    let (kind, size) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        (PictureKind::Png, png(bytes))
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        (PictureKind::Jpeg, jpeg(bytes))
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        (PictureKind::Gif, Some((little16(bytes, 6), little16(bytes, 8))))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        (PictureKind::Webp, webp(bytes))
    } else {
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1_024)]).to_ascii_lowercase();
        return Err(if head.contains("<svg") { PictureError::Svg } else { PictureError::Unknown });
    };
    match size {
        Some((width, height)) if width > 0 && height > 0 => {
            if width.max(height) > PICTURE_SIDE_MAX {
                return Err(PictureError::TooWide);
            }
            Ok(Picture { kind, width, height })
        }
        _ => Err(PictureError::Damaged),
    }
}

fn byte(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at).copied().map_or(0, u32::from)
}

fn big16(bytes: &[u8], at: usize) -> u32 {
    byte(bytes, at) << 8 | byte(bytes, at + 1)
}

fn little16(bytes: &[u8], at: usize) -> u32 {
    byte(bytes, at) | byte(bytes, at + 1) << 8
}

fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let word = |at: usize| big16(bytes, at) << 16 | big16(bytes, at + 2);
    (bytes.get(12..16)? == b"IHDR" && bytes.len() >= 33).then(|| (word(16), word(20)))
}

/// The size stands in the frame's head, behind segments of any number.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        while *bytes.get(at)? != 0xff {
            at += 1;
        }
        while *bytes.get(at)? == 0xff {
            at += 1;
        }
        let marker = bytes[at];
        at += 1;
        match marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                bytes.get(at + 6)?;
                return Some((big16(bytes, at + 5), big16(bytes, at + 3)));
            }
            0xd0..=0xd9 | 0x01 => {}
            0xda => return None,
            _ => {
                let length = big16(bytes, at) as usize;
                if length < 2 {
                    return None;
                }
                at += length;
            }
        }
    }
}

fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    bytes.get(29)?;
    match bytes.get(12..16)? {
        b"VP8 " => Some((little16(bytes, 26) & 0x3fff, little16(bytes, 28) & 0x3fff)),
        b"VP8L" => {
            let bits = little16(bytes, 21) | little16(bytes, 23) << 16;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => {
            let three = |at: usize| little16(bytes, at) | byte(bytes, at + 2) << 16;
            Some((three(24) + 1, three(27) + 1))
        }
        _ => None,
    }
}

/// A name for the end of an address: letters without marks, digits, hyphens and the right extension.
pub fn file_name(told: &str, kind: PictureKind) -> String {
    let stem = told.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let key = crate::normalise::text::search_key(stem);
    let words: Vec<&str> =
        key.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut name = words.join("-");
    name.truncate(80);
    if name.is_empty() {
        name.push_str("picture");
    }
    format!("{name}.{}", kind.extension())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn bytes_tell_what_a_file_is() {
        let size = |bytes: &[u8]| look(bytes).map(|p| (p.kind, p.width, p.height));
        assert_eq!(size(&png_of(600, 400)), Ok((PictureKind::Png, 600, 400)));
        assert_eq!(size(b"GIF89a\x10\x00\x20\x00\x00"), Ok((PictureKind::Gif, 16, 32)));
        let jpeg = b"\xff\xd8\xff\xe0\x00\x04JF\xff\xc0\x00\x11\x08\x01\x90\x02\x58\x03";
        assert_eq!(size(jpeg), Ok((PictureKind::Jpeg, 600, 400)));
        let mut webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
        webp.extend([0x57, 0x02, 0, 0x8f, 0x01, 0]);
        assert_eq!(size(&webp), Ok((PictureKind::Webp, 600, 400)));
        assert_eq!(size(b""), Err(PictureError::Empty));
        assert_eq!(size(b"<?xml version='1.0'?><svg onload='x'/>"), Err(PictureError::Svg));
        assert_eq!(size(b"<html><script>"), Err(PictureError::Unknown));
        assert_eq!(size(&png_of(600, 400)[..20]), Err(PictureError::Damaged));
        assert_eq!(size(&png_of(0, 1)), Err(PictureError::Damaged));
        assert_eq!(size(&png_of(6_001, 1)), Err(PictureError::TooWide));
        assert_eq!(size(&vec![0; PICTURE_BYTES_MAX + 1]), Err(PictureError::TooLarge));
        for end in 0..jpeg.len() {
            let _ = look(&jpeg[..end]);
            let _ = look(&webp[..end.min(webp.len())]);
        }
    }

    #[test]
    fn a_file_gets_a_plain_name() {
        let check = |told: &str, expect: &str| assert_eq!(file_name(told, PictureKind::Jpeg), expect);
        check("Ảnh Tết 2026.JPEG", "anh-tet-2026.jpg");
        check("../../etc/passwd", "passwd.jpg");
        check("日本.png", "picture.jpg");
    }
}
