//! Values as text (CBOR diagnostic notation), and lines as words.

use statehall::Value;
use std::collections::BTreeMap;
use std::str::Chars;

/// Splits a line at spaces that are outside of text, lists and maps.
pub fn words(line: &str) -> Vec<&str> {
    let (mut words, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), None, 0, false, false);
    for (at, c) in line.char_indices() {
        if c == ' ' && depth == 0 && !quoted {
            words.extend(start.take().map(|start: usize| &line[start..at]));
            continue;
        }
        start = start.or(Some(at));
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
    }
    words.extend(start.map(|start| &line[start..]));
    words
}

/// Whether a word needs no quotes.
pub fn is_bare(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_~*/.:-".contains(c))
}

/// A key or a name as one word.
pub fn bare(text: &str) -> String {
    if is_bare(text) { text.to_owned() } else { write(&text.into()) }
}

/// Writes a value.
pub fn write(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Null => "null".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) if number.is_nan() => "NaN".into(),
        Value::Float(number) if number.is_infinite() => if *number > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        Value::Float(number) => format!("{number:?}"),
        Value::Text(text) => write_text(text),
        Value::Bytes(bytes) => format!("h'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        Value::List(items) => format!("[{}]", list(items.iter().map(write).collect())),
        Value::Map(members) => {
            let member = |(name, item): (&String, &Value)| format!("{}: {}", write_text(name), write(item));
            format!("{{{}}}", list(members.iter().map(member).collect()))
        }
    }
}

fn write_text(text: &str) -> String {
    let escape = |c: char| match c {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\n' => "\\n".into(),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

/// Reads a value that fills the text.
pub fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader { rest: text.chars() };
    let value = reader.value()?;
    if reader.rest.as_str().is_empty() { Ok(value) } else { Err(format!("{:?} after a value", reader.rest.as_str())) }
}

struct Reader<'a> {
    rest: Chars<'a>,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, String> {
        match self.peek() {
            Some('"') => Ok(Value::Text(self.text()?.into())),
            Some('[') => {
                let mut items = Vec::new();
                self.items(']', |reader| reader.value().map(|item| items.push(item)))?;
                Ok(items.into())
            }
            Some('{') => {
                let mut members = BTreeMap::new();
                self.items('}', |reader| {
                    let name = reader.text()?;
                    reader.expect(':')?;
                    reader.spaces();
                    members.insert(name, reader.value()?);
                    Ok(())
                })?;
                Ok(members.into())
            }
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Result<Value, String> {
        let rest = self.rest.as_str();
        let end = rest.find([',', ']', '}', ' ']).unwrap_or(rest.len());
        self.rest = rest[end..].chars();
        let word = &rest[..end];
        match word {
            "null" => return Ok(Value::Null),
            "true" | "false" => return Ok((word == "true").into()),
            "NaN" => return Ok(f64::NAN.into()),
            "Infinity" => return Ok(f64::INFINITY.into()),
            "-Infinity" => return Ok(f64::NEG_INFINITY.into()),
            _ => {}
        }
        let wrong = || format!("{word:?} is not a value");
        if let Some(digits) = word.strip_prefix("h'").and_then(|word| word.strip_suffix('\'')) {
            let pairs = (0..digits.len()).step_by(2).map(|at| digits.get(at..at + 2));
            let byte = |pair: Option<&str>| pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
            return pairs.map(byte).collect::<Option<Vec<u8>>>().map(Value::from).ok_or_else(wrong);
        }
        if word.contains(['.', 'e']) {
            return word.parse::<f64>().map(Value::from).map_err(|_| wrong());
        }
        word.parse::<i64>().map(Value::from).map_err(|_| wrong())
    }

    fn items(&mut self, end: char, mut item: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        self.rest.next();
        self.spaces();
        while self.peek() != Some(end) {
            item(self)?;
            self.spaces();
            if self.peek() != Some(end) {
                self.expect(',')?;
                self.spaces();
            }
        }
        self.expect(end)
    }

    fn text(&mut self) -> Result<String, String> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            match self.rest.next().ok_or("text without an end")? {
                '"' => return Ok(text),
                '\\' => match self.rest.next() {
                    Some('n') => text.push('\n'),
                    Some('u') => text.push(self.escaped()?),
                    Some(c @ ('"' | '\\')) => text.push(c),
                    other => return Err(format!("an unknown escape {other:?}")),
                },
                c => text.push(c),
            }
        }
    }

    /// The character of `\uXXXX`, or of two of them that are a pair of surrogates.
    fn escaped(&mut self) -> Result<char, String> {
        let first = self.unit()?;
        let pair = if (0xd800..0xdc00).contains(&first) {
            self.expect('\\')?;
            self.expect('u')?;
            vec![first, self.unit()?]
        } else {
            vec![first]
        };
        let c = char::decode_utf16(pair).next().and_then(Result::ok);
        c.ok_or_else(|| format!("\\u{first:04x} is not a character"))
    }

    fn unit(&mut self) -> Result<u16, String> {
        let digits: String = self.rest.by_ref().take(4).collect();
        u16::from_str_radix(&digits, 16).map_err(|_| format!("\\u{digits} is not four hexadecimal digits"))
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn spaces(&mut self) {
        self.rest = self.rest.as_str().trim_start_matches(' ').chars();
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        match self.rest.next() {
            Some(c) if c == wanted => Ok(()),
            other => Err(format!("{other:?} instead of {wanted:?}")),
        }
    }
}
