//! Never a panic from input.

use crate::report;
use crate::rust::{Kind, Token, code, rust};

/// What stays all the same: path, the text of the line, and why it cannot fail.
const ALLOWED: &[(&str, &str, &str)] = &[(
    "src/face/rust/export.rs",
    "let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];",
    "six bits of a number made here, and 64 digits",
)];

fn is_allowed(path: &str, line: &str) -> bool {
    ALLOWED.iter().any(|(allowed, text, _)| *allowed == path && *text == line)
}

/// Words after which a `[` begins a list, a pattern or a type, not an index.
const BEFORE_LISTS: &[&str] = &[
    "as", "break", "const", "dyn", "else", "for", "if", "impl", "in", "let", "match", "mut", "ref", "return", "where",
    "while",
];

#[test]
fn nothing_is_unwrapped_outside_tests() {
    let mut offenders = Vec::new();
    for file in rust("src/") {
        for call in code(file.text()).windows(3) {
            let [dot, name, open] = call else { continue };
            if !(dot.is(".")
                && open.is("(")
                && ["unwrap", "expect", "unwrap_err", "expect_err"].contains(&name.text.as_str()))
            {
                continue;
            }
            let line = file.text().lines().nth(name.line - 1).unwrap_or_default().trim();
            if !is_allowed(&file.path, line) {
                offenders.push(format!("{}:{}: {line}", file.path, name.line));
            }
        }
    }
    let rule = "Handle the other case, return an Error, or assert the invariant where it is made; what cannot fail \
                and cannot be written otherwise goes into ALLOWED with its reason.";
    report(rule, offenders);
}

#[test]
fn faces_do_not_panic() {
    let mut offenders = Vec::new();
    for file in rust("src/face/") {
        let tokens = code(file.text());
        for (at, token) in tokens.iter().enumerate() {
            let line = || file.text().lines().nth(token.line - 1).unwrap_or_default().trim();
            if (is_index(&tokens, at) || is_panic(&tokens, at)) && !is_allowed(&file.path, line()) {
                offenders.push(format!("{}:{}: {}", file.path, token.line, line()));
            }
        }
    }
    report("A host may pass anything: use `get`, patterns and iterators, and answer with an Error.", offenders);
}

fn is_panic(tokens: &[Token], at: usize) -> bool {
    let names = ["panic", "unreachable", "assert", "assert_eq", "assert_ne"];
    let name = &tokens[at];
    name.kind == Kind::Word
        && names.contains(&name.text.as_str())
        && tokens.get(at + 1).is_some_and(|next| next.is("!"))
}

fn is_index(tokens: &[Token], at: usize) -> bool {
    if at == 0 || !tokens[at].is("[") {
        return false;
    }
    let before = &tokens[at - 1];
    match before.kind {
        Kind::Word => !BEFORE_LISTS.contains(&before.text.as_str()),
        Kind::Mark => [")", "]", "?"].contains(&before.text.as_str()),
        Kind::Literal | Kind::Lifetime => false,
    }
}

#[test]
fn what_is_allowed_is_still_there() {
    let gone = ALLOWED.iter().filter(|(path, line, _)| {
        !rust(path).any(|file| file.path == *path && file.lines().any(|(_, text)| text.trim() == *line))
    });
    report("These lines are gone: take them out of ALLOWED.", gone.map(|(path, line, _)| format!("{path}: {line}")));
}

#[test]
fn an_index_is_told_from_a_list() {
    let indexed = |source| {
        let tokens = code(source);
        (0..tokens.len()).filter(|&at| is_index(&tokens, at)).count()
    };
    assert_eq!(indexed("a[0] + f()[1] + b[0][1] + self.c[..2]"), 5);
    assert_eq!(
        indexed("let [a, b] = [1, 2]; #[x] fn f(a: &[u8], b: &'a [u8]) -> Vec<[u8; 2]> { vec![1]; for x in [1] {} }"),
        0
    );
}
