//! Reading a file of unknown size and kindness: plain or gzip by its first bytes, never more than the limits allow,
//! so that a small file cannot fill the memory or the day.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// What is the most that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one line or record.
    pub item: usize,
    /// Bytes of one file, unpacked.
    pub total: u64,
    /// How many times larger than packed a file may be, once it is larger than 64 MiB. JSON packs to a tenth or
    /// a thirtieth; deflate's own limit is about 1030.
    pub ratio: u64,
}

const RATIO_FROM: u64 = 64 << 20;

/// What a gzip file starts with (RFC 1952, 2.3.1).
pub const GZIP: [u8; 2] = [0x1f, 0x8b];

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.count += n as u64;
        Ok(n)
    }
}

type Foreign = Box<dyn Read + Send>;
type Packed = Counted<io::Chain<Cursor<Vec<u8>>, Foreign>>;

enum Inner {
    Plain(Packed),
    /// Boxed, since the decoder is large.
    Gzip(Box<MultiGzDecoder<Packed>>),
}

/// The unpacked bytes of a file. An error of kind `FileTooLarge` means that a limit was met.
pub struct Unpacked {
    inner: Inner,
    limits: Limits,
    count: u64,
}

impl Unpacked {
    /// # Errors
    /// When not even the first bytes can be read.
    pub fn new(foreign: impl Read + Send + 'static, limits: Limits) -> io::Result<Self> {
        let mut foreign: Foreign = Box::new(foreign);
        let mut start = Vec::with_capacity(2);
        (&mut foreign).take(2).read_to_end(&mut start)?;
        let packed = start == GZIP;
        let whole = Counted { inner: Cursor::new(start).chain(foreign), count: 0 };
        let inner = if packed { Inner::Gzip(Box::new(MultiGzDecoder::new(whole))) } else { Inner::Plain(whole) };
        Ok(Self { inner, limits, count: 0 })
    }

    pub fn is_gzip(&self) -> bool {
        matches!(self.inner, Inner::Gzip(_))
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = match &mut self.inner {
            Inner::Plain(plain) => plain.read(buffer)?,
            Inner::Gzip(gzip) => gzip.read(buffer).map_err(told)?,
        };
        self.count += n as u64;
        let too_large = |detail: String| Err(io::Error::new(io::ErrorKind::FileTooLarge, detail));
        if self.count > self.limits.total {
            return too_large(format!("larger than {} bytes unpacked", self.limits.total));
        }
        if let Inner::Gzip(gzip) = &self.inner
            && self.count > RATIO_FROM
            && self.count / self.limits.ratio.max(1) > gzip.get_ref().count
        {
            return too_large(format!("unpacks to more than {} times its size", self.limits.ratio));
        }
        Ok(n)
    }
}

/// The decoder's words are about its own buffers.
fn told(error: io::Error) -> io::Error {
    let kind = error.kind();
    match kind {
        io::ErrorKind::UnexpectedEof => io::Error::new(kind, "the gzip data is cut short"),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            io::Error::new(kind, format!("the gzip data is damaged ({error})"))
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LIMITS: Limits = Limits { item: 1 << 20, total: 1 << 30, ratio: 200 };

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).expect("in memory");
        packer.finish().expect("in memory")
    }

    fn read(bytes: Vec<u8>, limits: Limits) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Unpacked::new(Cursor::new(bytes), limits)?.read_to_end(&mut all)?;
        Ok(all)
    }

    #[test]
    fn plain_and_gzip_and_several_members_are_told_apart_by_content() {
        assert_eq!(read(b"x".to_vec(), LIMITS).expect("read"), b"x");
        assert_eq!(read(Vec::new(), LIMITS).expect("read"), b"");
        let members = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(read(members, LIMITS).expect("read"), b"one two");
    }

    #[test]
    fn a_bomb_is_stopped_by_its_ratio_and_by_its_size() {
        let bomb = gzip(&vec![b' '; 70 << 20]);
        let error = read(bomb.clone(), LIMITS).expect_err("too large");
        assert!(error.to_string().contains("200 times"), "{error}");
        let error = read(bomb, Limits { total: 1000, ..LIMITS }).expect_err("too large");
        assert!(error.to_string().contains("1000 bytes"), "{error}");
    }

    #[test]
    fn a_cut_file_says_so() {
        let mut cut = gzip(b"hello hello hello");
        cut.truncate(cut.len() - 6);
        assert_eq!(read(cut, LIMITS).expect_err("cut").to_string(), "the gzip data is cut short");
    }
}
