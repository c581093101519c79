//! Patterns that a text must match as a whole, in time linear in the text.
//!
//! A pattern becomes a program whose every step is tried at once (Thompson's construction, run as Pike
//! does it), so nothing is ever tried twice at one place: matching takes at most `STEPS_MAX` steps a character.
//! Written here because the smallest crate for it (regex-lite) would weigh tens of kB in the wasm.
//!
//! Known: literals, `.` (all but a line feed), classes `[a-z]` and `[^a-z]`, `\d`, `\w`, `\s` (of
//! ASCII) and `\D`, `\W`, `\S`, the escapes `\n`, `\r`, `\t`, `\f`, `\v` and of ASCII punctuation, groups `(...)` and
//! `(?:...)`, `|`, and `*`, `+`, `?`, `{m}`, `{m,}`, `{m,n}`, also lazy, which is the same here. `^` and `$` may stand at
//! the ends, where they say what is so anyway. Anything else is refused.

/// How many steps a program may have; each range of a class counts as one.
pub const STEPS_MAX: usize = 4096;

/// How deep groups may be nested.
const GROUPS_MAX: usize = 32;

/// Why a pattern is refused.
type Reason = &'static str;

const TOO_LARGE: Reason = "makes more than 4096 steps";

#[derive(Clone, Copy, Debug)]
enum Step {
    /// This character, then the next step.
    One(char),
    /// Any character but a line feed.
    Any,
    /// A character in one of these ranges, or in none of them.
    Set { from: u32, to: u32, negated: bool },
    /// On, so many steps away.
    Jump(i32),
    /// On with the next step, and so many steps away as well.
    Fork(i32),
}

/// A pattern, compiled.
#[derive(Clone, Debug)]
pub struct Program {
    steps: Vec<Step>,
    ranges: Vec<(u32, u32)>,
}

impl Program {
    /// Compiles a pattern, or says why it cannot be.
    pub fn compile(pattern: &str) -> Result<Self, Reason> {
        let program = Self { steps: Vec::new(), ranges: Vec::new() };
        let mut compiler = Compiler { rest: pattern, depth: 0, size: 0, program };
        compiler.alternatives()?;
        if compiler.rest.is_empty() { Ok(compiler.program) } else { Err("a ) or a $ where none can be") }
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let mut seen = vec![0; self.steps.len() + 1];
        let (mut now, mut next, mut stack) = (Vec::new(), Vec::new(), Vec::new());
        let mut round = 1;
        self.enter(0, round, &mut seen, &mut stack, &mut now);
        for char in text.chars() {
            round += 1;
            for &at in &now {
                if self.takes(at, char) {
                    self.enter(at + 1, round, &mut seen, &mut stack, &mut next);
                }
            }
            std::mem::swap(&mut now, &mut next);
            next.clear();
            if now.is_empty() {
                return false;
            }
        }
        now.contains(&self.steps.len())
    }

    /// Adds the steps that wait for a character, of those that can be reached from one without any.
    fn enter(&self, at: usize, round: u64, seen: &mut [u64], stack: &mut Vec<usize>, into: &mut Vec<usize>) {
        stack.push(at);
        while let Some(at) = stack.pop() {
            match seen.get_mut(at) {
                Some(seen) if *seen != round => *seen = round,
                _ => continue,
            }
            match self.steps.get(at) {
                Some(Step::Jump(by)) => stack.push(at.wrapping_add_signed(*by as isize)),
                Some(Step::Fork(by)) => stack.extend([at.wrapping_add_signed(*by as isize), at + 1]),
                _ => into.push(at),
            }
        }
    }

    fn takes(&self, at: usize, char: char) -> bool {
        match self.steps.get(at) {
            Some(Step::One(one)) => *one == char,
            Some(Step::Any) => char != '\n',
            Some(Step::Set { from, to, negated }) => {
                let ranges = self.ranges.get(*from as usize..*to as usize).unwrap_or_default();
                ranges.iter().any(|&(first, last)| (first..=last).contains(&u32::from(char))) != *negated
            }
            _ => false,
        }
    }
}

/// What an escape stands for.
enum Escape {
    Char(char),
    /// The ranges of a class have been added.
    Class,
}

const DIGIT: &[(u32, u32)] = &[(48, 57)];
const WORD: &[(u32, u32)] = &[(48, 57), (65, 90), (95, 95), (97, 122)];
const SPACE: &[(u32, u32)] = &[(9, 13), (32, 32)];

/// Jumps are relative, so that steps can be moved and repeated as they are.
struct Compiler<'a> {
    rest: &'a str,
    depth: usize,
    size: usize,
    program: Program,
}

impl Compiler<'_> {
    fn alternatives(&mut self) -> Result<(), Reason> {
        let mut jumps = Vec::new();
        loop {
            let branch = self.program.steps.len();
            if self.depth == 0 {
                self.eat("^");
            }
            self.sequence()?;
            if self.depth == 0 && self.rest.starts_with('$') && (self.rest.len() == 1 || self.rest.starts_with("$|")) {
                self.eat("$");
            }
            if !self.eat("|") {
                break;
            }
            let length = self.length_from(branch);
            self.program.steps.insert(branch, Step::Fork(length + 2));
            jumps.push(self.program.steps.len());
            self.push(Step::Jump(0), 2)?;
        }
        for at in jumps {
            let length = self.length_from(at);
            if let Some(jump) = self.program.steps.get_mut(at) {
                *jump = Step::Jump(length);
            }
        }
        Ok(())
    }

    fn sequence(&mut self) -> Result<(), Reason> {
        loop {
            let (start, size) = (self.program.steps.len(), self.size);
            let mut chars = self.rest.chars();
            let Some(char) = chars.next() else { return Ok(()) };
            if matches!(char, '|' | ')' | '$') {
                return Ok(());
            }
            self.rest = chars.as_str();
            match char {
                '^' => return Err("a ^ where none can be"),
                '*' | '+' | '?' | '{' => return Err("nothing to repeat before *, +, ? or {"),
                '(' => self.group()?,
                '[' => self.class()?,
                '.' => self.push(Step::Any, 1)?,
                '\\' => {
                    let from = self.program.ranges.len();
                    match self.escape()? {
                        Escape::Char(char) => self.push(Step::One(char), 1)?,
                        Escape::Class => self.push_set(from, false)?,
                    }
                }
                _ => self.push(Step::One(char), 1)?,
            }
            self.repeated(start, size)?;
        }
    }

    fn group(&mut self) -> Result<(), Reason> {
        if self.rest.starts_with('?') && !self.eat("?:") {
            return Err("groups other than ( and (?: are not supported");
        }
        self.depth += 1;
        if self.depth > GROUPS_MAX {
            return Err("groups are nested more than 32 deep");
        }
        self.alternatives()?;
        self.depth -= 1;
        if self.eat(")") { Ok(()) } else { Err("a group that is not closed, or a $ in one") }
    }

    fn class(&mut self) -> Result<(), Reason> {
        let negated = self.eat("^");
        let from = self.program.ranges.len();
        while !self.eat("]") {
            let first = match self.class_item()? {
                Escape::Char(first) => first,
                Escape::Class => continue,
            };
            let mut last = first;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.eat("-");
                match self.class_item()? {
                    Escape::Char(char) if char >= first => last = char,
                    _ => return Err("a range of a class that is none"),
                }
            }
            self.program.ranges.push((first.into(), last.into()));
        }
        if from == self.program.ranges.len() {
            return Err("a class of nothing");
        }
        self.push_set(from, negated)
    }

    fn class_item(&mut self) -> Result<Escape, Reason> {
        match self.next() {
            Some('\\') => self.escape(),
            Some('[') => Err("a [ in a class needs a \\"),
            Some(char) => Ok(Escape::Char(char)),
            None => Err("a class that is not closed"),
        }
    }

    fn escape(&mut self) -> Result<Escape, Reason> {
        let char = self.next().unwrap_or('a');
        let ranges = match char.to_ascii_lowercase() {
            'd' => DIGIT,
            'w' => WORD,
            's' => SPACE,
            _ => {
                return match char {
                    'n' => Ok(Escape::Char('\n')),
                    'r' => Ok(Escape::Char('\r')),
                    't' => Ok(Escape::Char('\t')),
                    'f' => Ok(Escape::Char('\x0c')),
                    'v' => Ok(Escape::Char('\x0b')),
                    _ if char.is_ascii_punctuation() => Ok(Escape::Char(char)),
                    _ => Err("an escape other than \\d \\w \\s \\D \\W \\S \\n \\r \\t \\f \\v and of punctuation"),
                };
            }
        };
        if char.is_ascii_lowercase() {
            self.program.ranges.extend_from_slice(ranges);
        } else {
            let mut start = 0;
            for &(first, last) in ranges {
                self.program.ranges.push((start, first - 1));
                start = last + 1;
            }
            self.program.ranges.push((start, char::MAX.into()));
        }
        Ok(Escape::Class)
    }

    /// Repeats what was compiled from there on, as far as something that repeats follows.
    fn repeated(&mut self, start: usize, size: usize) -> Result<(), Reason> {
        let (least, most) = if self.eat("*") {
            (0, None)
        } else if self.eat("+") {
            (1, None)
        } else if self.eat("?") {
            (0, Some(1))
        } else if self.eat("{") {
            let least = self.number()?;
            let most = if !self.eat(",") {
                Some(least)
            } else if self.rest.starts_with('}') {
                None
            } else {
                Some(self.number()?)
            };
            if !self.eat("}") || most.is_some_and(|most| most < least) {
                return Err(NO_COUNT);
            }
            (least, most)
        } else {
            return Ok(());
        };
        self.eat("?");
        // A copy is no less than what it is of, and one step more where it may be left out.
        let copies = most.unwrap_or(least.max(1));
        self.size = size + (self.size - size + 1) * copies + 1;
        if self.size > STEPS_MAX {
            return Err(TOO_LARGE);
        }
        let steps = &mut self.program.steps;
        let part = steps.split_off(start);
        let length = part.len() as i32;
        for _ in 0..least {
            steps.extend_from_slice(&part);
        }
        match most {
            Some(most) => {
                for _ in least..most {
                    steps.push(Step::Fork(length + 1));
                    steps.extend_from_slice(&part);
                }
            }
            None if least == 0 => {
                steps.push(Step::Fork(length + 2));
                steps.extend_from_slice(&part);
                steps.push(Step::Jump(-length - 1));
            }
            None => steps.push(Step::Fork(-length)),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<usize, Reason> {
        let mut number = None;
        while let Some(digit) = self.rest.chars().next().and_then(|char| char.to_digit(10)) {
            self.next();
            number = Some(number.unwrap_or(0) * 10 + digit as usize).filter(|&number| number <= STEPS_MAX);
            if number.is_none() {
                break;
            }
        }
        number.ok_or(NO_COUNT)
    }

    #[inline(never)]
    fn push(&mut self, step: Step, size: usize) -> Result<(), Reason> {
        self.program.steps.push(step);
        self.size += size;
        if self.size > STEPS_MAX { Err(TOO_LARGE) } else { Ok(()) }
    }

    fn push_set(&mut self, from: usize, negated: bool) -> Result<(), Reason> {
        let to = self.program.ranges.len();
        self.push(Step::Set { from: from as u32, to: to as u32, negated }, to - from)
    }

    fn length_from(&self, start: usize) -> i32 {
        (self.program.steps.len() - start) as i32
    }

    #[inline(never)]
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let char = chars.next();
        self.rest = chars.as_str();
        char
    }

    #[inline(never)]
    fn eat(&mut self, mark: &str) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

const NO_COUNT: Reason = "after a { comes {m}, {m,} or {m,n}, with m no larger than n and n no larger than 4096";
