//! E-mail addresses to the form that identifies a mailbox.

use super::text;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EmailAddress {
    /// Lower case, NFC, at most 254 bytes.
    pub address: String,
    pub mailbox: Mailbox,
}

/// Who stands behind an address. Each kind belongs to one person, so each may identify a profile.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mailbox {
    Own,
    /// A marketplace forwards to the buyer (TikTok Shop): for its orders only, so no marketing goes there.
    MarketplaceRelay,
    /// The person chose a forwarder (Apple, Firefox, DuckDuckGo): deliverable until they switch it off.
    PrivateRelay,
}

/// Why a text is no e-mail address. No message repeats the text: it may be somebody's address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum EmailError {
    #[error("no e-mail address given")]
    Empty,
    #[error("the e-mail address is masked")]
    Masked,
    /// `test@test.com`, `noreply@`, `khongco@gmail.com`: many people give it, so it identifies none.
    #[error("a made-up e-mail address")]
    Placeholder,
    #[error("not an e-mail address")]
    Syntax,
    /// Longer than 64 bytes before the @ or 254 in all (RFC 5321, 4.5.3.1).
    #[error("too long for an e-mail address")]
    TooLong,
}

/// Longest raw text looked at, in bytes.
const RAW_BYTES_MAX: usize = 1_000;

/// The lower-case address in `raw`, without white space, `mailto:` and `<>` around it.
///
/// The part before the @ is lower-cased too: RFC 5321 lets a host tell `An` from `an`, no host does, and people
/// type both. Dots and `+tags` stay, for they are different mailboxes at most hosts. The part before the @ must
/// be ASCII: mailboxes beyond it (RFC 6531) hardly exist here, while a Vietnamese keyboard that was left on
/// writes `hòa@gmail.com` every day. The domain may be in any script and is not turned into Punycode. Quoted
/// local parts and bare host names are refused.
pub fn normalise(raw: &str) -> Result<EmailAddress, EmailError> {
    if raw.len() > RAW_BYTES_MAX {
        return Err(EmailError::TooLong);
    }
    let seen: String = raw.chars().filter(|c| !text::is_invisible(*c)).collect();
    let mut bare = seen.trim();
    let mut from_link = false;
    loop {
        let before = bare;
        if let Some(inner) = bare.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
            bare = inner.trim();
        }
        if bare.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
            bare = bare[7..].trim();
            from_link = true;
        }
        if bare == before {
            break;
        }
    }
    if from_link {
        bare = bare.split('?').next().unwrap_or(bare);
    }
    if bare.is_empty() {
        return Err(EmailError::Empty);
    }
    if bare.contains(['*', '•', '●', '…']) {
        return Err(EmailError::Masked);
    }
    let address = lower(bare);
    let (local, domain) = address.split_once('@').ok_or(EmailError::Syntax)?;
    if local.len() > 64 || address.len() > 254 {
        return Err(EmailError::TooLong);
    }
    if !is_local(local) || !is_domain(domain) {
        return Err(EmailError::Syntax);
    }
    if is_placeholder(local, domain) {
        return Err(EmailError::Placeholder);
    }
    let mailbox = mailbox(domain);
    Ok(EmailAddress { address, mailbox })
}

/// Composed last, because lower-casing can leave a letter and its mark apart.
fn lower(s: &str) -> String {
    text::nfc(&s.to_lowercase())
}

fn is_local(local: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'+-/=?^_`{|}~".contains(&b))
    };
    local.split('.').all(is_atom)
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c == '-' || c.is_ascii_alphanumeric() || is_letter_beyond_ascii(c))
    };
    // Two labels at least, and no number at the end: an IP address is not a home for a customer.
    labels.len() >= 2
        && labels.iter().all(is_label)
        && labels.last().is_some_and(|top| top.len() >= 2 && !top.bytes().all(|b| b.is_ascii_digit()))
}

fn is_letter_beyond_ascii(c: char) -> bool {
    // Alphabetic also covers the vowel signs of Indic scripts; white space and punctuation are neither.
    !c.is_ascii() && (c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c))
}

/// Words that say "nobody" before any domain.
const NOBODY: [&str; 28] = [
    "noreply",
    "donotreply",
    "dontreply",
    "noemail",
    "nomail",
    "noname",
    "nobody",
    "none",
    "null",
    "undefined",
    "nan",
    "na",
    "unknown",
    "anonymous",
    "khongco",
    "khong",
    "khongcoemail",
    "khongcomail",
    "khongemail",
    "khongmail",
    "chuaco",
    "chuacoemail",
    "chuacomail",
    "khachle",
    "khachvanglai",
    "fake",
    "fakeemail",
    "placeholder",
];

/// Words that are junk before a public mail host or before one another: `test@test.com`, `abc@gmail.com`.
const FILLER: [&str; 31] = [
    "a",
    "aa",
    "aaa",
    "aaaa",
    "ab",
    "abc",
    "abcd",
    "abc123",
    "asd",
    "asdf",
    "asdfgh",
    "b",
    "email",
    "gmail",
    "hello",
    "khachhang",
    "mail",
    "me",
    "name",
    "no",
    "qwe",
    "qwerty",
    "sample",
    "test",
    "test1",
    "test123",
    "user",
    "x",
    "xx",
    "xxx",
    "youremail",
];

const PUBLIC_HOSTS: [&str; 9] = [
    "gmail.com",
    "yahoo.com",
    "yahoo.com.vn",
    "hotmail.com",
    "outlook.com",
    "outlook.com.vn",
    "icloud.com",
    "email.com",
    "mail.com",
];

fn is_placeholder(local: &str, domain: &str) -> bool {
    let word: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    let repeated = word.bytes().all(|b| word.as_bytes().first() == Some(&b));
    let filler =
        |s: &str| FILLER.contains(&s) || s.bytes().all(|b| b.is_ascii_digit()) && "1234567890".starts_with(s);
    let site = domain.split('.').next().unwrap_or(domain);
    // RFC 2606: `.invalid` never names anything. Trial shops do use `.test`, `.local` and example.com.
    let reserved = domain.rsplit('.').next() == Some("invalid");
    reserved
        || NOBODY.contains(&word.as_str())
        || (word.len() >= 2 || !repeated)
            && matches!(site, "noemail" | "nomail" | "khongco" | "noreply" | "no-email")
        || (filler(&word) || repeated) && (filler(site) || PUBLIC_HOSTS.contains(&domain))
}

fn mailbox(domain: &str) -> Mailbox {
    match domain {
        "scs.tiktok.com" => Mailbox::MarketplaceRelay,
        "privaterelay.appleid.com" | "mozmail.com" | "duck.com" => Mailbox::PrivateRelay,
        _ => Mailbox::Own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses() {
        let check = |raw: &str, expect: Result<&str, EmailError>| {
            assert_eq!(normalise(raw).map(|e| e.address), expect.map(str::to_owned), "{raw:?}");
        };
        check("an@example.com", Ok("an@example.com"));
        check("test@example.com", Ok("test@example.com"));
        check(" An.Nguyen+Tet@Shop.VN\u{a0}", Ok("an.nguyen+tet@shop.vn"));
        check("mailto:An@shop.vn", Ok("an@shop.vn"));
        check("MAILTO:an@shop.vn?subject=Hi", Ok("an@shop.vn"));
        check("<an@shop.vn>", Ok("an@shop.vn"));
        check("<mailto:an@shop.vn>", Ok("an@shop.vn"));
        check("an@shop.vn\u{200b}\r\n", Ok("an@shop.vn"));
        check("o'hara?x@shop.vn", Ok("o'hara?x@shop.vn"));
        check("an@Cửa-Hàng.vn", Ok("an@cửa-hàng.vn"));
        check("an@cu\u{31b}\u{309}a-hang.vn", Ok("an@cửa-hang.vn"));
        check("an@xn--ca-hng-zqa.vn", Ok("an@xn--ca-hng-zqa.vn"));
        check(&format!("{}@shop.vn", "l".repeat(64)), Ok(&format!("{}@shop.vn", "l".repeat(64))));

        for raw in ["", "  ", "<>", "mailto:", "\u{feff}"] {
            check(raw, Err(EmailError::Empty));
        }
        for raw in [
            "an",
            "@shop.vn",
            "an@",
            "an@@shop.vn",
            "an@b@shop.vn",
            "an shop@x.vn",
            "an@shop vn.com",
            "an@shop",
            "an@localhost",
            "an@192.168.1.1",
            "an@-shop.vn",
            "an@shop-.vn",
            "an@shop..vn",
            "an@.vn",
            "an@shop.vn.",
            ".an@shop.vn",
            "an.@shop.vn",
            "a..n@shop.vn",
            "an@shop.v",
            "an\r\nBcc:x@shop.vn",
            "an@shop.vn\0",
            "an@shop.vn\nbcc",
            "\"a n\"@shop.vn",
            "an(x)@shop.vn",
            "hòa@gmail.com",
            "an@shop_x.vn",
            "an,binh@shop.vn",
            "An <an@shop.vn>",
            "an@shop\u{3000}x.vn",
            "0901234567",
        ] {
            check(raw, Err(EmailError::Syntax));
        }
        check(&format!("{}@shop.vn", "l".repeat(65)), Err(EmailError::TooLong));
        check(&format!("an@{}.vn", "d".repeat(64)), Err(EmailError::Syntax));
        check(&format!("an@{}vn", "dddddd.".repeat(40)), Err(EmailError::TooLong));
        check(&"x".repeat(2_000), Err(EmailError::TooLong));
    }

    #[test]
    fn masked_and_made_up_addresses_identify_nobody() {
        for raw in ["a***@x.com", "a***@gmail.com", "an@g****.com", "n•••n@shop.vn", "***", "ng…n@gmail.com"]
        {
            assert_eq!(normalise(raw).unwrap_err(), EmailError::Masked, "{raw}");
        }
        for raw in [
            "test@test.com",
            "noreply@shop.vn",
            "No-Reply@shop.vn",
            "no.email@gmail.com",
            "khongco@gmail.com",
            "abc@gmail.com",
            "a@a.com",
            "aaaaaaa@gmail.com",
            "123456@gmail.com",
            "an@shop.invalid",
            "test@gmail.com",
            "email@email.com",
            "khach_le@shop.vn",
            "0901@noemail.vn",
            "-@gmail.com",
        ] {
            assert_eq!(normalise(raw).unwrap_err(), EmailError::Placeholder, "{raw}");
        }
        for raw in [
            "tester@gmail.com",
            "abc@vinamilk.vn",
            "vinamilk@vinamilk.vn",
            "0901234567@gmail.com",
            "info@shop.vn",
            "test@shop.vn",
            "nam@gmail.com",
            "nana@gmail.com",
            "a@shop.vn",
            "an@test.com",
            "me@duc.vn",
        ] {
            assert!(normalise(raw).is_ok(), "{raw}");
        }
    }

    #[test]
    fn relays() {
        let check = |raw: &str, expect: Mailbox| assert_eq!(normalise(raw).unwrap().mailbox, expect, "{raw}");
        check("v2abcdef@scs.tiktok.com", Mailbox::MarketplaceRelay);
        check("x7k2@privaterelay.appleid.com", Mailbox::PrivateRelay);
        check("an@gmail.com", Mailbox::Own);
        check("an@notscs.tiktok.com", Mailbox::Own);
    }

    proptest! {
        #[test]
        fn any_text_is_answered_and_stays_itself(
            raw in ".{0,40}|[<a-zA-Z.+]{1,8}@[a-zA-ZÀ-ỹ.-]{1,12}\\.[a-zA-Z]{2,4}>?|[a-z]{1,5}@\\PC{1,9}\\.\\PC{2,3}"
        ) {
            if let Ok(email) = normalise(&raw) {
                prop_assert_eq!(normalise(&email.address), Ok(email.clone()));
                prop_assert_eq!(email.address.matches('@').count(), 1);
                prop_assert!(!email.address.contains(|c: char| c.is_whitespace() || c.is_control()));
            }
        }
    }
}
