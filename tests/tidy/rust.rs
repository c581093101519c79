//! Rust sources as tokens: enough to find paths, functions and calls without being misled by comments, strings or tests.

use crate::tree::{File, sources};

/// One token; comments are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub line: usize,
    pub kind: Kind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    Literal,
    Lifetime,
    Mark,
}

impl Token {
    pub fn is(&self, text: &str) -> bool {
        self.text == text && self.kind != Kind::Literal
    }
}

/// The Rust files under a folder.
pub fn rust(folder: &str) -> impl Iterator<Item = &'static File> {
    sources().filter(move |file| file.path.starts_with(folder) && file.path.ends_with(".rs"))
}

/// The tokens of a source, `::` as one.
pub fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while at < chars.len() {
        let (end, kind) = token(&chars, at);
        let text: String = chars[at..end].iter().collect();
        if let Some(kind) = kind {
            tokens.push(Token { line, kind, text: text.clone() });
        }
        line += text.matches('\n').count();
        at = end;
    }
    tokens
}

/// Where the token that begins at `at` ends, and what it is; `None` for a comment or a space.
fn token(chars: &[char], at: usize) -> (usize, Option<Kind>) {
    let rest = &chars[at..];
    let begins = |text: &str| text.chars().enumerate().all(|(index, char)| rest.get(index) == Some(&char));
    let while_ = |from: usize, test: fn(&char) -> bool| at + from + rest[from..].iter().take_while(|c| test(c)).count();
    if begins("//") {
        return (while_(0, |&c| c != '\n'), None);
    }
    if begins("/*") {
        return (block_comment(chars, at), None);
    }
    if let Some(end) = raw_string(chars, at) {
        return (end, Some(Kind::Literal));
    }
    match rest[0] {
        '"' => (quoted(chars, at + 1, '"'), Some(Kind::Literal)),
        'b' | 'c' if rest.get(1) == Some(&'"') => (quoted(chars, at + 2, '"'), Some(Kind::Literal)),
        'b' if rest.get(1) == Some(&'\'') => (quoted(chars, at + 2, '\''), Some(Kind::Literal)),
        '\'' if rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\'') => {
            (quoted(chars, at + 1, '\''), Some(Kind::Literal))
        }
        '\'' => (while_(1, |&c| c.is_alphanumeric() || c == '_'), Some(Kind::Lifetime)),
        c if c.is_whitespace() => (at + 1, None),
        c if c.is_ascii_digit() => (while_(0, |&c| c.is_alphanumeric() || c == '_'), Some(Kind::Literal)),
        c if c.is_alphabetic() || c == '_' => (while_(0, |&c| c.is_alphanumeric() || c == '_'), Some(Kind::Word)),
        _ if begins("::") => (at + 2, Some(Kind::Mark)),
        _ => (at + 1, Some(Kind::Mark)),
    }
}

fn quoted(chars: &[char], mut at: usize, end: char) -> usize {
    while at < chars.len() && chars[at] != end {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn raw_string(chars: &[char], at: usize) -> Option<usize> {
    let start = at + usize::from(matches!(chars[at], 'b' | 'c'));
    (chars.get(start) == Some(&'r')).then_some(())?;
    let hashes = chars[start + 1..].iter().take_while(|&&c| c == '#').count();
    let open = start + 1 + hashes;
    (chars.get(open) == Some(&'"')).then_some(())?;
    let closes =
        |at: usize| chars[at] == '"' && chars[at + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes;
    (open + 1..chars.len()).find(|&at| closes(at)).map(|at| at + 1 + hashes)
}

fn block_comment(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The tokens that are compiled into the library: without what `#[cfg(test)]` keeps out.
pub fn code(source: &str) -> Vec<Token> {
    let all = tokens(source);
    let (mut kept, mut at) = (Vec::new(), 0);
    let test = ["#", "[", "cfg", "(", "test", ")", "]"];
    while at < all.len() {
        if all[at..].len() >= test.len() && test.iter().zip(&all[at..]).all(|(text, token)| token.is(text)) {
            at = item_end(&all, at + test.len());
        } else {
            kept.push(all[at].clone());
            at += 1;
        }
    }
    kept
}

/// Where the item ends that begins at `at`: after its braces, or after a `;` outside any.
fn item_end(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            _ if token.kind == Kind::Literal => {}
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth -= 1;
                if depth == 0 && token.is("}") {
                    return index + 1;
                }
            }
            ";" if depth == 0 => return index + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// A function's name, its first line and its number of lines.
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// The functions that have bodies.
pub fn functions(tokens: &[Token]) -> Vec<Function> {
    let starts = tokens.windows(2).enumerate().filter(|(_, pair)| pair[0].is("fn") && pair[1].kind == Kind::Word);
    starts
        .filter_map(|(at, pair)| {
            let last = &tokens[item_end(tokens, at) - 1];
            let lines = last.line - pair[0].line + 1;
            last.is("}").then(|| Function { name: pair[1].text.clone(), line: pair[0].line, lines })
        })
        .collect()
}

/// A path that is written somewhere: its line and its segments, groups written out.
pub struct Written {
    pub line: usize,
    pub segments: Vec<String>,
}

/// The paths that begin with one of these words.
pub fn paths(tokens: &[Token], roots: &[&str]) -> Vec<Written> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_root = token.kind == Kind::Word && roots.contains(&token.text.as_str());
        let inside = at > 0 && (tokens[at - 1].is("::") || tokens[at - 1].is("."));
        let named = at > 0 && tokens[at - 1].is("use");
        if is_root && !inside && (named || tokens.get(at + 1).is_some_and(|next| next.is("::"))) {
            follow(tokens, at, &[], &mut found);
        }
    }
    found
}

/// Follows a path from its segment at `at`; returns the position after it.
fn follow(tokens: &[Token], at: usize, before: &[String], found: &mut Vec<Written>) -> usize {
    let Some(token) = tokens.get(at) else { return at };
    if token.is("{") {
        let mut at = at + 1;
        while tokens.get(at).is_some_and(|token| !token.is("}")) {
            at = follow(tokens, at, before, found);
            while tokens.get(at).is_some_and(|token| !token.is(",") && !token.is("}")) {
                at += 1; // `as name`
            }
            at += usize::from(tokens.get(at).is_some_and(|token| token.is(",")));
        }
        return at + 1;
    }
    let mut segments = before.to_vec();
    segments.push(token.text.clone());
    if tokens.get(at + 1).is_some_and(|next| next.is("::")) {
        return follow(tokens, at + 2, &segments, found);
    }
    found.push(Written { line: token.line, segments });
    at + 1
}

#[test]
fn tokens_are_told_from_comments_and_strings() {
    let source = r##"
        use crate::{a::B, c as d}; // use crate::no
        /* unwrap() /* nested */ */ let s = "fn no() {"; let r = r#"" } "#; let c = '"'; let l: &'static str = b"\"";
        fn f<'a>(x: [u8; 2]) -> bool { x[0] == b'}' }
        #[cfg(test)]
        mod tests { use super::no; }
    "##;
    let code = code(source);
    let written: Vec<_> = paths(&code, &["crate", "super"]).into_iter().map(|path| path.segments.join("::")).collect();
    assert_eq!(written, ["crate::a::B", "crate::c"]);
    assert!(!code.iter().any(|token| ["unwrap", "no", "nested"].contains(&token.text.as_str())));
    let functions = functions(&code);
    assert_eq!((functions.len(), functions[0].name.as_str(), functions[0].line, functions[0].lines), (1, "f", 4, 1));
}
