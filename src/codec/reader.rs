//! A cursor over octets that cannot run past their end.

use thiserror::Error;

/// Octets ended before what was expected, or went on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReadError {
    /// `wanted` octets were expected at offset `at`, fewer are there.
    #[error("{wanted} octets expected at offset {at}, the data ends before")]
    Truncated {
        /// Offset from the start of the data.
        at: usize,
        /// How many octets were to be read.
        wanted: usize,
    },
    /// The data goes on at offset `at` where it should end.
    #[error("unexpected octets from offset {at} on")]
    Trailing {
        /// Offset of the first octet too many.
        at: usize,
    },
}

/// Reads big-endian numbers and runs of octets from the front of a slice.
///
/// ```
/// use threepid::codec::Reader;
/// let mut reader = Reader::new(&[0, 7, 2, b'h', b'i']);
/// assert_eq!(reader.u16()?, 7);
/// assert_eq!(reader.prefixed()?, b"hi");
/// reader.finish()?;
/// # Ok::<(), threepid::codec::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first octet of `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Offset of the next octet.
    pub fn position(&self) -> usize {
        self.at
    }

    /// How many octets are left.
    pub fn remaining(&self) -> usize {
        self.data.len() - self.at
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// The next `count` octets.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ReadError> {
        let taken = self.data[self.at..]
            .get(..count)
            .ok_or(ReadError::Truncated { at: self.at, wanted: count })?;
        self.at += count;
        Ok(taken)
    }

    /// The next `N` octets.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let octets = self.take(N)?;
        Ok(octets.try_into().expect("take(N) gives N octets"))
    }

    /// One octet.
    pub fn u8(&mut self) -> Result<u8, ReadError> {
        Ok(self.array::<1>()?[0])
    }

    /// Two octets, big-endian.
    pub fn u16(&mut self) -> Result<u16, ReadError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    /// Four octets, big-endian.
    pub fn u32(&mut self) -> Result<u32, ReadError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// Six octets, big-endian.
    pub fn u48(&mut self) -> Result<u64, ReadError> {
        let [a, b, c, d, e, f] = self.array()?;
        Ok(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }

    /// A run of octets after its length in one octet.
    pub fn prefixed(&mut self) -> Result<&'a [u8], ReadError> {
        let count = self.u8()?;
        self.take(usize::from(count))
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.data[self.at..];
        self.at = self.data.len();
        rest
    }

    /// Errs unless everything was read.
    pub fn finish(self) -> Result<(), ReadError> {
        if self.is_empty() { Ok(()) } else { Err(ReadError::Trailing { at: self.at }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_the_data_ends() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16(), Ok(0x0102));
        assert_eq!(reader.u16(), Err(ReadError::Truncated { at: 2, wanted: 2 }));
        assert_eq!(reader.clone().finish(), Err(ReadError::Trailing { at: 2 }));
        assert_eq!(reader.rest(), &[3]);
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn reads_six_octets() {
        assert_eq!(Reader::new(&[0, 1, 0, 0, 0, 2]).u48(), Ok(0x1_0000_0002));
    }
}
