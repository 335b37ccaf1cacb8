//! DEFLATE as RFC 1951 describes it, slowly, noting how far back it was referred to.

/// Inflates the messages of a sender that keeps its context.
#[derive(Default)]
pub(super) struct Reference {
    /// All messages, one behind the other.
    data: Vec<u8>,
    /// The greatest distance used.
    pub(super) farthest: usize,
}

impl Reference {
    /// One message, which must be valid.
    pub(super) fn inflate(&mut self, payload: &[u8]) -> Vec<u8> {
        let begin = self.data.len();
        let payload = [payload, &[0x00, 0x00, 0xFF, 0xFF]].concat();
        let mut bits = Bits {
            bytes: &payload,
            at: 0,
        };
        while bits.at.div_ceil(8) < payload.len() {
            if self.block(&mut bits) {
                bits.align();
            }
        }
        assert_eq!(bits.at, payload.len() * 8, "ends inside a block");
        self.data[begin..].to_vec()
    }

    /// RFC 1951, 3.2.3: one block; whether it was a final one.
    fn block(&mut self, bits: &mut Bits<'_>) -> bool {
        let is_final = bits.take(1) == 1;
        match bits.take(2) {
            0 => self.stored(bits),
            1 => {
                let lengths = [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat();
                self.compressed(bits, &Code::new(&lengths), &Code::new(&[5; 30]));
            }
            2 => {
                let (literals, distances) = dynamic_codes(bits);
                self.compressed(bits, &literals, &distances);
            }
            kind => panic!("block of type {kind}"),
        }
        is_final
    }

    /// 3.2.4.
    fn stored(&mut self, bits: &mut Bits<'_>) {
        bits.align();
        let len = bits.take(16);
        assert_eq!(bits.take(16), !len & 0xFFFF);
        for _ in 0..len {
            let byte = u8::try_from(bits.take(8)).unwrap();
            self.data.push(byte);
        }
    }

    /// 3.2.5.
    fn compressed(&mut self, bits: &mut Bits<'_>, literals: &Code, distances: &Code) {
        loop {
            let symbol = literals.decode(bits);
            if let Ok(literal) = u8::try_from(symbol) {
                self.data.push(literal);
                continue;
            }
            let len = match symbol {
                256 => return,
                257..=264 => symbol - 254,
                265..=284 => {
                    let extra = (symbol - 261) / 4;
                    (((symbol - 265) % 4 + 4) << extra) + 3 + bits.take(extra)
                }
                285 => 258,
                _ => panic!("length {symbol}"),
            };
            let distance = match distances.decode(bits) {
                code @ 0..=3 => code + 1,
                code => {
                    let extra = code / 2 - 1;
                    ((code % 2 + 2) << extra) + 1 + bits.take(extra)
                }
            };
            self.farthest = self.farthest.max(distance);
            let from = self.data.len().checked_sub(distance).expect("too far");
            for at in from..from + len {
                self.data.push(self.data[at]);
            }
        }
    }
}

/// 3.2.7.
fn dynamic_codes(bits: &mut Bits<'_>) -> (Code, Code) {
    let literals = bits.take(5) + 257;
    let distances = bits.take(5) + 1;
    let mut order = [0; 19];
    for &at in [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ]
    .iter()
    .take(bits.take(4) + 4)
    {
        order[at] = bits.take(3);
    }
    let code = Code::new(&order);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (len, count) = match code.decode(bits) {
            16 => (*lengths.last().unwrap(), bits.take(2) + 3),
            17 => (0, bits.take(3) + 3),
            18 => (0, bits.take(7) + 11),
            len => (len, 1),
        };
        lengths.resize(lengths.len() + count, len);
    }
    let (literals, distances) = lengths.split_at(literals);
    (Code::new(literals), Code::new(distances))
}

/// A Huffman code: for each length the first code word, and the symbols from there on.
struct Code(Vec<(usize, Vec<usize>)>);

impl Code {
    /// 3.2.2: shorter words first, then in the order of the symbols.
    fn new(lengths: &[usize]) -> Self {
        let mut first = 0;
        let words = (1..=15).map(|len| {
            let symbols = 0..lengths.len();
            let symbols: Vec<_> = symbols.filter(|symbol| lengths[*symbol] == len).collect();
            let words = (first, symbols);
            first = (words.0 + words.1.len()) << 1;
            words
        });
        Self(words.collect())
    }

    fn decode(&self, bits: &mut Bits<'_>) -> usize {
        let mut word = 0;
        for (first, symbols) in &self.0 {
            word = word << 1 | bits.take(1);
            if let Some(symbol) = symbols.get(word.wrapping_sub(*first)) {
                return *symbol;
            }
        }
        panic!("no such code word");
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> usize {
        let mut value = 0;
        for shift in 0..count {
            let bit = self.bytes[self.at / 8] >> (self.at % 8) & 1;
            value |= usize::from(bit) << shift;
            self.at += 1;
        }
        value
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}
