//! The notation of the traces: a machine as rules, what happens to it, and what is seen.
//!
//! ```text
//! == a title                     begins a case
//! enter | leave                  enter calls, leave calls
//! functions | function           only the one mode or only the other
//! bound postponed 2              a bound
//! init ok a | action; action     or: init ignore, init stop because, init junk x, init raise x
//! module m2 [enter]              the rules that follow are those of another callback module
//! on a cast go: next b | action  a rule: state, kind, content (* is any): return, then actions
//! once a cast go: keep           a rule that is used up by the first event
//! do cast go; call q             sends all of these, then runs the machine
//! ----
//! a cast go                      what is seen: state, kind, content
//! ```
//!
//! A machine without a rule for an event keeps its state.

use statehall::Value;

/// One case.
#[derive(Default)]
pub struct Case {
    pub title: String,
    pub enter: bool,
    pub leave: bool,
    /// The only callback mode in which it runs.
    pub only: Option<bool>,
    pub bounds: Vec<(String, usize)>,
    pub init: Answer,
    pub rules: Vec<Rule>,
    /// Modules beside the first, and whether they want enter calls.
    pub modules: Vec<(String, bool)>,
    pub steps: Vec<String>,
    pub expected: Vec<String>,
}

impl Case {
    /// The callback modes to run it in: whether each state has a function.
    pub fn modes(&self) -> Vec<bool> {
        self.only.map_or_else(|| vec![false, true], |only| vec![only])
    }
}

/// What a function does with one event.
pub struct Rule {
    /// Whether it counts for one event only.
    pub once: bool,
    pub module: String,
    pub state: String,
    pub kind: String,
    pub content: String,
    pub answer: Answer,
}

/// What a function returns: a return, and actions, each as words.
#[derive(Clone, Default)]
pub struct Answer {
    pub words: Vec<String>,
    pub actions: Vec<Vec<String>>,
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

impl Answer {
    pub fn parse(text: &str) -> Self {
        let (words_text, actions) = text.split_once('|').unwrap_or((text, ""));
        let actions = actions.split(';').map(words).filter(|action| !action.is_empty());
        Self { words: words(words_text), actions: actions.collect() }
    }
}

/// The cases of a file.
pub fn cases(text: &str) -> Vec<Case> {
    text.split("\n== ").skip(1).map(case).collect()
}

fn case(text: &str) -> Case {
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let title = lines.next().unwrap_or_default().to_owned();
    let mut case = Case { title, init: Answer::parse("ok a"), ..Case::default() };
    let mut module = "m1".to_owned();
    for line in lines.by_ref().take_while(|line| *line != "----") {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "enter" => case.enter = true,
            "leave" => case.leave = true,
            "functions" => case.only = Some(true),
            "function" => case.only = Some(false),
            "bound" => {
                let (name, most) = rest.split_once(' ').expect("a bound has a name and a number");
                case.bounds.push((name.to_owned(), most.parse().expect("a number")));
            }
            "init" => case.init = Answer::parse(rest),
            "module" => {
                let (name, enter) = rest.split_once(' ').unwrap_or((rest, ""));
                module = name.to_owned();
                case.modules.push((module.clone(), enter == "enter"));
            }
            "on" | "once" => case.rules.push(rule(&module, rest, word == "once")),
            "do" => case.steps.push(rest.to_owned()),
            _ => panic!("{}: {line}", case.title),
        }
    }
    case.expected = lines.map(str::to_owned).collect();
    case
}

fn rule(module: &str, text: &str, once: bool) -> Rule {
    let (event, answer) = text.split_once(": ").expect("a rule has an answer");
    let [state, kind, content] = words(event).try_into().expect("a rule names state, kind and content");
    Rule { once, module: module.to_owned(), state, kind, content, answer: Answer::parse(answer) }
}

/// A value: a number if it looks like one, else text.
pub fn value(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    match text.parse::<f64>() {
        Ok(number) if text.contains('.') => number.into(),
        _ => text.into(),
    }
}

/// A value as it is written.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        other => format!("{other:?}"),
    }
}
