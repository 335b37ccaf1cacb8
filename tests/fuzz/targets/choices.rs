//! What a target does with its input: makes choices.

/// The bytes of an input, each of them a choice. When they are used up, all choices are the first.
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub const fn new(input: &'a [u8]) -> Self {
        Self(input)
    }

    pub const fn are_over(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// One of so many.
    pub fn below(&mut self, count: usize) -> usize {
        let wide = usize::from(self.byte()) << 8;
        let wide = if count > 256 {
            wide | usize::from(self.byte())
        } else {
            wide >> 8
        };
        wide % count
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Once in so many times.
    pub fn seldom(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// All bytes that are left, as they are.
    pub fn rest(&mut self) -> &'a [u8] {
        self.bytes(usize::MAX)
    }

    /// Up to so many bytes of the input as they are.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

/// Numbers from a seed (xorshift).
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x2545_F491_4F6C_DD1D)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// One of so many.
    pub fn below(&mut self, count: usize) -> usize {
        (self.next() >> 32) as usize % count
    }

    /// An input of a length that differs.
    pub fn input(mut self) -> Vec<u8> {
        let len = 1 << (self.next() % 11);
        (0..len).map(|_| self.next().to_be_bytes()[0]).collect()
    }
}
