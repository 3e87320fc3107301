//! What a `StreamPingsResponse` says, as far as a load has to know.

/// One answer. Lists are kept and used again.
#[derive(Debug, Default)]
pub struct Answer {
    /// Messages decided so far, of its stream.
    pub acknowledged: u64,
    /// Message and `PingVerdict` of each row that was not accepted.
    pub rejected: Vec<(u64, usize)>,
    /// `OfferVerdict` of each try.
    pub tries: Vec<usize>,
    /// ENTER, EXIT, DWELL, by `TransitionKind`.
    pub transitions: Vec<usize>,
    /// The message of each offer.
    pub offers: Vec<u64>,
    /// The service may use this phone's location.
    pub location_wanted: bool,
}

/// The bytes are no `StreamPingsResponse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl Answer {
    /// Empty and fill.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(&mut self, message: &[u8]) -> Result<(), Malformed> {
        self.acknowledged = 0;
        self.location_wanted = false;
        self.rejected.clear();
        self.tries.clear();
        self.transitions.clear();
        self.offers.clear();
        let mut fields = Fields(message);
        while let Some((number, value)) = fields.next()? {
            if let (1, Value::Bytes(answer)) = (number, value) {
                self.read_answer(answer)?;
            }
        }
        Ok(())
    }

    fn read_answer(&mut self, answer: &[u8]) -> Result<(), Malformed> {
        let mut fields = Fields(answer);
        while let Some((number, value)) = fields.next()? {
            match (number, value) {
                (1, Value::Number(sequence)) => self.acknowledged = sequence,
                (2, Value::Bytes(row)) => self.rejected.push((number_in(row, 1)?, index_in(row, 3)?)),
                (3, Value::Bytes(transition)) => self.transitions.push(index_in(transition, 1)?),
                (4, Value::Bytes(tried)) => self.tries.push(index_in(tried, 6)?),
                (5, Value::Bytes(offer)) => self.offers.push(number_in(offer, 22)?),
                (6, Value::Number(wanted)) => self.location_wanted = wanted != 0,
                _ => {}
            }
        }
        Ok(())
    }
}

/// A varint field of a message; 0 where it is not set.
fn number_in(message: &[u8], wanted: u64) -> Result<u64, Malformed> {
    let mut fields = Fields(message);
    let mut found = 0;
    while let Some((number, value)) = fields.next()? {
        if let (true, Value::Number(value)) = (number == wanted, value) {
            found = value;
        }
    }
    Ok(found)
}

fn index_in(message: &[u8], wanted: u64) -> Result<usize, Malformed> {
    Ok(usize::try_from(number_in(message, wanted)?).unwrap_or(usize::MAX))
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Malformed),
        };
        Ok(Some((tag >> 3, value)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(Malformed)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pb.StreamPingsResponse` with all lists, as Python's protobuf writes it.
    const FULL: &str = "0a4b08ac02120508ab021802120708ac021005180a1a0e0801190300000000000000220166221308ac0210011903\
                        0000000000000022016630042a0d0a01643a0174b001aa02b8010230013807";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
    }

    #[test]
    fn an_answer_of_pythons_protobuf_is_understood() {
        let mut answer = Answer::default();
        answer.read(&bytes(FULL)).expect("an answer");
        assert_eq!(answer.acknowledged, 300);
        assert_eq!(answer.rejected, [(299, 2), (300, 10)]);
        assert_eq!(answer.transitions, [1]);
        assert_eq!(answer.tries, [4]);
        assert_eq!(answer.offers, [298]);
        assert!(answer.location_wanted);
        answer.read(&[]).expect("empty");
        assert_eq!((answer.acknowledged, answer.offers.len()), (0, 0));
    }

    #[test]
    fn every_beginning_of_an_answer_is_read_or_refused_and_nothing_panics() {
        let full = bytes(FULL);
        let mut answer = Answer::default();
        let refused = (0..full.len()).filter(|&end| answer.read(&full[..end]).is_err()).count();
        assert_eq!(refused, full.len() - 1); // all but the empty one
        assert_eq!(answer.read(&[0x0b]), Err(Malformed));
        assert_eq!(answer.read(&[0xff; 12]), Err(Malformed));
    }
}
