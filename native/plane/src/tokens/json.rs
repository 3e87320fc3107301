//! JSON as Python's `json.loads` reads it, as far as a token needs it.
//!
//! What Python accepts and most readers do not is accepted: NaN and Infinity, integers of any size, repeated names (the
//! last one counts), lone surrogates behind `\u`. What Python refuses is refused: control characters in texts, numbers
//! like `01` or `1.`, anything behind the value. Values below [`BUILT_DEPTH`] are read for their syntax only; nothing here
//! recurses deeper than that.

/// Map, its lists, their pairs.
const BUILT_DEPTH: usize = 3;
/// Python's own bound (1,000 less what stands on its stack) lies above.
const DEPTH_MAX: usize = 512;

/// A value. Texts are kept as bytes: UTF-8, and lone surrogates in the same manner (WTF-8).
#[derive(Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// An integer beyond 64 bits, of which only the sign is known.
    BigInt {
        /// Below zero.
        negative: bool,
    },
    /// Anything with a fraction or an exponent; NaN and the infinities.
    Float(f64),
    /// A text.
    Text(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A map, in the order written; a name may stand in it more than once.
    Map(Vec<(Vec<u8>, Value)>),
    /// A list or map too deep to be of interest.
    Deep,
}

impl Value {
    /// The value of a name in a map: the last one, if it is written more than once.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Map(members) => members.iter().rev().find(|(key, _)| key == name.as_bytes()).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The one value of a document; None where Python would refuse it.
pub fn parse(document: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(document).ok()?;
    let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
    reader.skip_space();
    let value = reader.value(0)?;
    reader.skip_space();
    (reader.at == reader.bytes.len()).then_some(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let is_there = self.bytes[self.at..].starts_with(word.as_bytes());
        self.at += if is_there { word.len() } else { 0 };
        is_there.then_some(())
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            b'{' | b'[' if depth == BUILT_DEPTH => self.deep(depth),
            b'{' => self.map(depth),
            b'[' => self.list(depth),
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Option<Value> {
        match self.peek()? {
            b'"' => self.string().map(Value::Text),
            b'n' => self.word("null").map(|()| Value::Null),
            b't' => self.word("true").map(|()| Value::Bool(true)),
            b'f' => self.word("false").map(|()| Value::Bool(false)),
            b'N' => self.word("NaN").map(|()| Value::Float(f64::NAN)),
            b'I' => self.word("Infinity").map(|()| Value::Float(f64::INFINITY)),
            b'-' if self.bytes.get(self.at + 1) == Some(&b'I') => {
                self.word("-Infinity").map(|()| Value::Float(f64::NEG_INFINITY))
            }
            _ => self.number(),
        }
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut members = Vec::new();
        self.skip_space();
        if self.takes(b'}') {
            return Some(Value::Map(members));
        }
        loop {
            let name = self.name()?;
            members.push((name, self.value(depth + 1)?));
            self.skip_space();
            match self.take()? {
                b',' => self.skip_space(),
                b'}' => return Some(Value::Map(members)),
                _ => return None,
            }
        }
    }

    /// A name of a map and its colon.
    fn name(&mut self) -> Option<Vec<u8>> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let name = self.string()?;
        self.skip_space();
        if !self.takes(b':') {
            return None;
        }
        self.skip_space();
        Some(name)
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut values = Vec::new();
        self.skip_space();
        if self.takes(b']') {
            return Some(Value::List(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            self.skip_space();
            match self.take()? {
                b',' => self.skip_space(),
                b']' => return Some(Value::List(values)),
                _ => return None,
            }
        }
    }

    /// A list or map and all below it, by a stack of what is open instead of recursion.
    fn deep(&mut self, depth: usize) -> Option<Value> {
        let mut closers: Vec<u8> = Vec::new();
        loop {
            // at the beginning of a value
            match self.peek()? {
                opener @ (b'{' | b'[') => {
                    self.at += 1;
                    closers.push(if opener == b'{' { b'}' } else { b']' });
                    if depth + closers.len() > DEPTH_MAX {
                        return None;
                    }
                    self.skip_space();
                    let closer = *closers.last()?;
                    if self.takes(closer) {
                        closers.pop();
                    } else {
                        if closer == b'}' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                _ => drop(self.scalar()?),
            }
            // behind a value
            loop {
                let Some(&closer) = closers.last() else { return Some(Value::Deep) };
                self.skip_space();
                match self.take()? {
                    b',' => {
                        self.skip_space();
                        if closer == b'}' {
                            self.name()?;
                        }
                        break;
                    }
                    byte if byte == closer => drop(closers.pop()),
                    _ => return None,
                }
            }
        }
    }

    fn digits(&mut self) -> usize {
        let begin = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - begin
    }

    /// As Python's scanner: a fraction or exponent without digits is not part of the number (and then stands in the way).
    fn number(&mut self) -> Option<Value> {
        let begin = self.at;
        let negative = self.takes(b'-');
        if !self.takes(b'0') && self.digits() == 0 {
            return None;
        }
        let mut is_float = false;
        let mut end = self.at;
        if self.takes(b'.') && self.digits() > 0 {
            (is_float, end) = (true, self.at);
        }
        self.at = end;
        if self.takes(b'e') || self.takes(b'E') {
            let _is_signed = self.takes(b'+') || self.takes(b'-');
            if self.digits() > 0 {
                (is_float, end) = (true, self.at);
            }
        }
        self.at = end;
        let text = std::str::from_utf8(&self.bytes[begin..end]).ok()?;
        if is_float {
            return text.parse().ok().map(Value::Float);
        }
        Some(text.parse().map_or(Value::BigInt { negative }, Value::Int))
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            match self.take()? {
                b'"' => return Some(text),
                b'\\' => self.escape(&mut text)?,
                0..=0x1f => return None,
                byte => text.push(byte),
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Option<()> {
        text.push(match self.take()? {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let mut point = self.hex()?;
                if (0xd800..0xdc00).contains(&point) {
                    point = self.low_half(point)?;
                }
                push_point(text, point);
                return Some(());
            }
            _ => return None,
        });
        Some(())
    }

    /// The code point of a pair, where the other half follows; else the half alone.
    fn low_half(&mut self, high: u32) -> Option<u32> {
        if !self.bytes[self.at..].starts_with(b"\\u") {
            return Some(high);
        }
        let before = self.at;
        self.at += 2;
        let low = self.hex()?;
        if (0xdc00..0xe000).contains(&low) {
            return Some(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        }
        self.at = before;
        Some(high)
    }

    fn hex(&mut self) -> Option<u32> {
        let mut point = 0;
        for _ in 0..4 {
            point = point * 16 + char::from(self.take()?).to_digit(16)?;
        }
        Some(point)
    }
}

/// Appends a code point, surrogates included, in the manner of UTF-8.
fn push_point(text: &mut Vec<u8>, point: u32) {
    if let Some(character) = char::from_u32(point) {
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        let [_, _, high, low] = point.to_be_bytes();
        text.extend_from_slice(&[0xe0 | (high >> 4), 0x80 | ((high & 0x0f) << 2) | (low >> 6), 0x80 | (low & 0x3f)]);
    }
}
