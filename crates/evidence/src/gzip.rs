//! Decompression of a gzip file in chunks, which reports truncation and bytes after the end.
//!
//! CloudTrail writes gzip files with one member (see RFC 1952). CloudTrail did not write a second
//! member or any other byte after the first member, but programs that read all members would read
//! these bytes.

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// The reason why a file cannot be decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
    #[error("the file ends before the gzip data does")]
    Truncated,
    #[error("the file is not valid gzip data")]
    Corrupt,
    #[error("the decompressed file is larger than {0} bytes")]
    TooLarge(u64),
}

/// The receiver of decompressed bytes.
pub(crate) trait Sink {
    fn take(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn take(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for sha2::Sha256 {
    fn take(&mut self, bytes: &[u8]) {
        sha2::Digest::update(self, bytes);
    }
}

/// A decompressed file.
#[derive(Debug)]
pub(crate) struct Unpacked<S> {
    pub(crate) content: S,
    /// Whether bytes follow the end of the gzip data.
    pub(crate) has_trailing_bytes: bool,
}

/// A decompressor that receives a file chunk by chunk, and never holds the whole file.
pub(crate) struct Unpacker<S> {
    sink: S,
    limit: u64,
    state: State,
    crc: Crc,
    buffer: Box<[u8]>,
}

enum State {
    Header(Vec<u8>),
    Body(Decompress),
    Trailer(Vec<u8>),
    End { has_trailing_bytes: bool },
}

/// The longest accepted header. CloudTrail writes no long optional fields.
const MAX_HEADER: usize = 4096;
const TRAILER: usize = 8;

impl<S: Sink> Unpacker<S> {
    /// Creates an unpacker that rejects files with more than `limit` decompressed bytes.
    pub(crate) fn new(sink: S, limit: u64) -> Self {
        let buffer = vec![0; 32 * 1024].into_boxed_slice();
        Self { sink, limit, state: State::Header(Vec::new()), crc: Crc::new(), buffer }
    }

    pub(crate) fn push(&mut self, mut chunk: &[u8]) -> Result<(), Damage> {
        while !chunk.is_empty() {
            chunk = match &mut self.state {
                State::Header(header) => {
                    let before = header.len();
                    header.extend_from_slice(chunk.get(..MAX_HEADER).unwrap_or(chunk));
                    match header_length(header)? {
                        Some(length) => {
                            self.state = State::Body(Decompress::new(false));
                            chunk.get(length - before..).unwrap_or_default()
                        }
                        None if header.len() >= MAX_HEADER => return Err(Damage::Corrupt),
                        None => &[],
                    }
                }
                State::Body(_) => self.inflate(chunk)?,
                State::Trailer(trailer) => {
                    let (taken, rest) = chunk.split_at(chunk.len().min(TRAILER - trailer.len()));
                    trailer.extend_from_slice(taken);
                    if trailer.len() == TRAILER {
                        let expected =
                            [self.crc.sum().to_le_bytes(), self.crc.amount().to_le_bytes()].concat();
                        if *trailer != expected {
                            return Err(Damage::Corrupt);
                        }
                        self.state = State::End { has_trailing_bytes: false };
                    }
                    rest
                }
                State::End { has_trailing_bytes } => {
                    *has_trailing_bytes = true;
                    &[]
                }
            };
        }
        Ok(())
    }

    /// Decompresses a chunk of the body, and returns the bytes that follow the body.
    fn inflate<'a>(&mut self, mut chunk: &'a [u8]) -> Result<&'a [u8], Damage> {
        let State::Body(inflater) = &mut self.state else { return Ok(chunk) };
        loop {
            let (read, written) = (inflater.total_in(), inflater.total_out());
            let status = inflater
                .decompress(chunk, &mut self.buffer, FlushDecompress::None)
                .map_err(|_| Damage::Corrupt)?;
            let read = usize::try_from(inflater.total_in() - read).unwrap_or(chunk.len());
            let written = usize::try_from(inflater.total_out() - written).unwrap_or(0);
            if inflater.total_out() > self.limit {
                return Err(Damage::TooLarge(self.limit));
            }
            let content = self.buffer.get(..written).unwrap_or_default();
            self.crc.update(content);
            self.sink.take(content);
            chunk = chunk.get(read..).unwrap_or_default();
            match status {
                Status::StreamEnd => {
                    self.state = State::Trailer(Vec::with_capacity(TRAILER));
                    return Ok(chunk);
                }
                // Output can be left over after the last byte of the chunk was read.
                Status::Ok | Status::BufError if written == self.buffer.len() => {}
                Status::Ok | Status::BufError if chunk.is_empty() => return Ok(chunk),
                Status::BufError if read == 0 => return Err(Damage::Corrupt),
                Status::Ok | Status::BufError => {}
            }
        }
    }

    pub(crate) fn finish(self) -> Result<Unpacked<S>, Damage> {
        match self.state {
            State::End { has_trailing_bytes } => Ok(Unpacked { content: self.sink, has_trailing_bytes }),
            State::Header(_) | State::Body(_) | State::Trailer(_) => Err(Damage::Truncated),
        }
    }
}

/// Returns the length of a gzip header; `None` if more bytes are needed. See section 2.3 of RFC
/// 1952.
fn header_length(header: &[u8]) -> Result<Option<usize>, Damage> {
    const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
    const HEADER_CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let start = &header[..header.len().min(MAGIC.len())];
    if !MAGIC.starts_with(start) {
        return Err(Damage::Corrupt);
    }
    let (Some(flags), true) = (header.get(3).copied(), header.len() >= 10) else { return Ok(None) };
    let mut length = 10;
    if flags & EXTRA != 0 {
        let Some(&[low, high]) = header.get(length..length + 2) else { return Ok(None) };
        length += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let rest = header.get(length..).unwrap_or_default();
            let Some(end) = rest.iter().position(|byte| *byte == 0) else { return Ok(None) };
            length += end + 1;
        }
    }
    if flags & HEADER_CRC != 0 {
        length += 2;
    }
    Ok((header.len() >= length).then_some(length))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder};
    use proptest::prelude::*;

    use super::*;

    fn pack(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzBuilder::new()
            .filename("name")
            .comment("comment")
            .extra([1, 2, 3])
            .write(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(file: &[u8], chunk: usize) -> Result<Unpacked<Vec<u8>>, Damage> {
        let mut unpacker = Unpacker::new(Vec::new(), 100_000);
        for chunk in file.chunks(chunk) {
            unpacker.push(chunk)?;
        }
        unpacker.finish()
    }

    #[test]
    fn chunks_of_every_size_have_the_same_content() {
        let content: Vec<u8> = (0..90_000_u32).flat_map(|n| (n % 7919).to_le_bytes()).take(90_000).collect();
        let file = pack(&content);
        for chunk in [1, 2, 3, 9, 10, 11, 4096, 1 << 20] {
            let unpacked = unpack(&file, chunk).unwrap();
            assert!(unpacked.content == content, "{chunk}");
            assert!(!unpacked.has_trailing_bytes, "{chunk}");
        }
    }

    #[test]
    fn every_truncation_is_reported() {
        let file = pack(b"some records");
        for length in 0..file.len() {
            assert_eq!(unpack(&file[..length], 5).unwrap_err(), Damage::Truncated, "{length}");
        }
    }

    #[test]
    fn bytes_after_the_end_are_reported() {
        let file = pack(b"some records");
        for more in [b"x".to_vec(), vec![0; 10_000], file.clone()] {
            let unpacked = unpack(&[file.clone(), more].concat(), 7).unwrap();
            assert_eq!((&*unpacked.content, unpacked.has_trailing_bytes), (&b"some records"[..], true));
        }
    }

    #[test]
    fn a_file_that_grows_without_bound_is_refused() {
        let bomb = pack(&vec![0; 100_001]);
        assert_eq!(unpack(&bomb, 64).unwrap_err(), Damage::TooLarge(100_000));
    }

    #[test]
    fn an_endless_header_is_refused() {
        let mut header = vec![0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0];
        header.resize(1 << 20, b'n');
        assert_eq!(unpack(&header, 1000).unwrap_err(), Damage::Corrupt);
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes: Vec<u8>, chunk in 1..64_usize) {
            let _ = unpack(&bytes, chunk);
        }

        #[test]
        fn a_changed_byte_never_changes_the_content_unnoticed(at: prop::sample::Index, with in 1..=255_u8) {
            let content = b"some records, some records".as_slice();
            let mut file = pack(content);
            let at = at.index(file.len());
            file[at] ^= with;
            // The name in the header and the padding of the last byte are not part of the content.
            if let Ok(unpacked) = unpack(&file, 16) {
                prop_assert_eq!(&*unpacked.content, content);
            }
        }
    }
}
