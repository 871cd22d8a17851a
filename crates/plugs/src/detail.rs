/// What another side said, fit for the ledger and a log: one line, at most 300 characters, addresses masked.
/// Servers like to quote the recipient (`550 5.1.1 <an@example.vn>: user unknown`).
pub(crate) fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 300;
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        push_masked(word, &mut line);
    }
    match line.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => {
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
        assert_eq!(quoted(&"a".repeat(400)).chars().count(), 301);
    }
}
