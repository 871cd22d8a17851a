/// What another side said, fit for the ledger and a log: one line, at most 300 characters, e-mail addresses and phone
/// numbers masked. Servers like to quote the recipient (`550 5.1.1 <an@example.vn>: user unknown`).
pub(crate) fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 300;
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        push_masked(word, &mut line);
    }
    let line = without_phones(&line);
    match line.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => {
            let mut line = line;
            line.truncate(at);
            line.push('…');
            line
        }
        None => line,
    }
}

fn push_masked(word: &str, line: &mut String) {
    const AROUND: [char; 12] = ['<', '>', '(', ')', '[', ']', '"', '\'', ',', ';', ':', '='];
    for piece in word.split_inclusive(AROUND) {
        let (piece, end) = match piece.char_indices().next_back() {
            Some((at, last)) if AROUND.contains(&last) => piece.split_at(at),
            _ => (piece, ""),
        };
        line.push_str(if piece.contains('@') { "***" } else { piece });
        line.push_str(end);
    }
}

/// Masks what can be a phone number: 9 to 15 digits, also with single spaces, dots or dashes between them, that begin
/// as numbers do (`+`, `0`, `84`, or nine digits of a Vietnamese mobile). Codes, ids and instants stay readable.
fn without_phones(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let run = &rest[start..];
        let (mut end, mut digits) = (0, 0);
        for (at, c) in run.char_indices() {
            if c.is_ascii_digit() {
                (end, digits) = (at + 1, digits + 1);
            } else if !matches!(c, ' ' | '.' | '-') || at > end {
                break;
            }
        }
        let (before, run) = (&rest[..start], &run[..end]);
        let begins = before.ends_with('+') || run.starts_with('0') || run.starts_with("84");
        let is_bare_mobile = digits == 9 && run.len() == 9 && run.starts_with(['3', '5', '7', '8', '9']);
        let is_part_of_a_word = before.ends_with(|c: char| c.is_alphanumeric());
        out.push_str(before);
        if (9..=15).contains(&digits) && (begins || is_bare_mobile) && !is_part_of_a_word {
            out.push_str("***");
        } else {
            out.push_str(run);
        }
        rest = &rest[start + end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn addresses_are_masked_and_lines_joined() {
        let check = |text: &str, expect: &str| assert_eq!(quoted(text), expect);
        check("5.1.1 <an@example.vn>: user unknown", "5.1.1 <***>: user unknown");
        check(
            "an.nguyen+x@example.vn rejected\r\nsee\thttps://x.example/?p=an@x.vn",
            "*** rejected see https://x.example/?p=***",
        );
        check("  ok \u{0} ", "ok");
        check("Invalid 'To' +84 901-234-567, or 0901.234.567", "Invalid 'To' +***, or ***");
        check("84901234567 blocked; 901234567", "*** blocked; ***");
        check(
            "code 21211 at 1700000000000, sent 2026-11-22 09:15:00",
            "code 21211 at 1700000000000, sent 2026-11-22 09:15:00",
        );
        check("SM0901234567890 0.5 12.3", "SM0901234567890 0.5 12.3");
        assert_eq!(quoted(&"a".repeat(400)).chars().count(), 301);
    }
}
