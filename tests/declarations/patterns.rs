//! Patterns: what they match, what is refused, and that no text makes them slow.

use crate::support::rng::Rng;
use statehall::state::declaration::Program;
use std::time::{Duration, Instant};

#[test]
fn patterns() {
    for (pattern, matching, other) in [
        ("", "", "a"),
        ("abc", "abc", "abcd xabc ab"),
        ("^abc$", "abc", "abcd xabc"),
        ("^a|b$", "a b", "ab"),
        ("a.c", "abc a\u{1f600}c", "ac abbc a\nc"),
        ("[a-c_-]+", "abc a-_", "d "),
        ("[^a-c]", "d \u{e9}", "a dd"),
        ("[\\]\\\\]", "] \\", "["),
        ("\\d+\\.\\d{2}", "12.34", "12.3 12x34 .12"),
        ("\\w+\\W\\w+", "a-b", "ab a--b"),
        ("[\\D]", "x", "1"),
        ("\\S\\s\\S", "a\tb", "abc"),
        ("(ab)*", " ab abab", "aba"),
        ("(?:a|bc)+?", "a bc abca", "b ac_"),
        ("a{2}", "aa", "a aaa"),
        ("a{2,}", "aa aaaaa", "a"),
        ("a{0,2}b", "b ab aab", "aaab"),
        ("(a{1,2}){2}", "aa aaa aaaa", "a aaaaa"),
        ("(a?)*b", "b aab", "a"),
        ("(a*)*", " aaa", "b"),
        ("x{0}y", "y", "xy"),
        ("a||b", "a b ", "ab"),
        ("a]}", "a]}", "a"),
    ] {
        let program = Program::compile(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}"));
        for text in matching.split(' ') {
            assert!(program.matches(text), "{pattern} matches {text:?}");
        }
        for text in other.split(' ').filter(|text| !matching.split(' ').any(|matching| matching == *text)) {
            assert!(!program.matches(text), "{pattern} does not match {text:?}");
        }
    }
}

#[test]
fn patterns_that_are_refused() {
    for (pattern, part) in [
        ("(", "not closed"),
        (")", "where none can be"),
        ("a$b", "where none can be"),
        ("(a$)", "a $ in one"),
        ("a^b", "a ^"),
        ("(^a)", "a ^"),
        ("*a", "nothing to repeat"),
        ("a**", "nothing to repeat"),
        ("{2}", "nothing to repeat"),
        ("a{2", "after a {"),
        ("a{3,2}", "after a {"),
        ("a{,2}", "after a {"),
        ("a{99999999999999999999}", "after a {"),
        ("[", "not closed"),
        ("[a", "not closed"),
        ("[]", "a class of nothing"),
        ("[b-a]", "a range"),
        ("[a-\\d]", "a range"),
        ("[[:alpha:]]", "needs a \\"),
        ("\\", "an escape"),
        ("\\b", "an escape"),
        ("(a)\\1", "an escape"),
        ("(?=a)", "groups other"),
        ("(?<n>a)", "groups other"),
        ("(?i)a", "groups other"),
        ("((a{64}){64}){64}", "4096 steps"),
        ("a{2048,4096}", "4096 steps"),
    ] {
        let reason = Program::compile(pattern).expect_err(pattern);
        assert!(reason.contains(part), "{pattern}: {reason}");
    }
    let deep = "(".repeat(100_000);
    assert!(Program::compile(&deep).is_err_and(|reason| reason.contains("nested")));
    assert!(Program::compile(&"a".repeat(5000)).is_err() && Program::compile(&"a|".repeat(5000)).is_err());
}

/// How long a match takes that must look at the whole text.
fn time(program: &Program, length: usize) -> Duration {
    let text = "a".repeat(length);
    (0..3)
        .map(|_| {
            let start = Instant::now();
            assert!(!program.matches(&text));
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

#[test]
fn matching_takes_time_linear_in_the_text() {
    for pattern in ["(a|a)*b", "(a*)*b", "(a|aa)+b", "(.*)(.*)(.*)(.*)(.*)b", "(a?){64}a*b"] {
        let program = Program::compile(pattern).expect(pattern);
        let (short, long) = (time(&program, 4_000), time(&program, 64_000));
        // 16 times the text; a quadratic one would take 256 times as long, one that backtracks for ever.
        assert!(long < short * 80 + Duration::from_millis(20), "{pattern}: {short:?}, then {long:?}");
    }
}

/// Where a pattern can end that begins there: the model, which follows every way one after another.
fn ends(pattern: &Pattern, text: &str, from: usize) -> Vec<usize> {
    let mut found = match pattern {
        Pattern::Char(char) => {
            if text[from..].starts_with(*char) {
                vec![from + 1]
            } else {
                vec![]
            }
        }
        Pattern::Any => {
            if from < text.len() {
                vec![from + 1]
            } else {
                vec![]
            }
        }
        Pattern::Both(a, b) => ends(a, text, from).into_iter().flat_map(|at| ends(b, text, at)).collect(),
        Pattern::Either(a, b) => [ends(a, text, from), ends(b, text, from)].concat(),
        Pattern::Times(a, least, most) => {
            let (mut all, mut now) = (Vec::new(), vec![from]);
            for count in 0..=*most {
                if count >= *least {
                    all.extend(&now);
                }
                now = now.iter().flat_map(|&at| ends(a, text, at)).collect();
                now.sort_unstable();
                now.dedup();
            }
            all
        }
    };
    found.sort_unstable();
    found.dedup();
    found
}

enum Pattern {
    Char(char),
    Any,
    Both(Box<Pattern>, Box<Pattern>),
    Either(Box<Pattern>, Box<Pattern>),
    Times(Box<Pattern>, usize, usize),
}

/// More than any text here is long, so as good as without end.
const ENDLESS: usize = 9;

fn random(rng: &mut Rng, depth: u32) -> Pattern {
    let mut part = || Box::new(random(rng, depth - 1));
    if depth == 0 {
        return [Pattern::Char('a'), Pattern::Char('b'), Pattern::Any]
            .into_iter()
            .nth(rng.number() as usize % 3)
            .expect("one of three");
    }
    let (one, two) = (part(), part());
    match rng.number() % 7 {
        0 | 1 => Pattern::Both(one, two),
        2 | 3 => Pattern::Either(one, two),
        4 => Pattern::Times(one, 0, ENDLESS),
        5 => Pattern::Times(one, 1, ENDLESS),
        _ => {
            let least = rng.number() as usize % 3;
            Pattern::Times(one, least, least + rng.number() as usize % 3)
        }
    }
}

fn written(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Char(char) => char.to_string(),
        Pattern::Any => ".".to_owned(),
        Pattern::Both(a, b) => written(a) + &written(b),
        Pattern::Either(a, b) => format!("({}|{})", written(a), written(b)),
        Pattern::Times(a, 0, ENDLESS) => format!("({})*", written(a)),
        Pattern::Times(a, least, ENDLESS) => format!("(?:{}){{{least},}}", written(a)),
        Pattern::Times(a, least, most) => format!("({}){{{least},{most}}}", written(a)),
    }
}

#[test]
fn random_patterns_match_what_a_model_matches() {
    let mut rng = Rng::new(5);
    let mut matched = 0;
    for _ in 0..2_000 {
        let pattern = random(&mut rng, 3);
        let text = written(&pattern);
        let program = Program::compile(&text).unwrap_or_else(|reason| panic!("{text}: {reason}"));
        for _ in 0..20 {
            let letters: String =
                (0..rng.number() % 8).map(|_| if rng.number().is_multiple_of(2) { 'a' } else { 'b' }).collect();
            let expected = ends(&pattern, &letters, 0).contains(&letters.len());
            assert_eq!(program.matches(&letters), expected, "{text} and {letters:?}");
            matched += usize::from(expected);
        }
    }
    assert!((4_000..36_000).contains(&matched), "both answers are tested: {matched}");
}
