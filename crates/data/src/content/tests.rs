//! Tests of reading one file within its size and digest.

use proptest::prelude::*;

use super::*;
use crate::testing::compressed;

fn expected(bytes: &[u8]) -> SourceFile {
    SourceFile { name: "file", bytes: bytes.len() as u64, sha256: sha256_hex(bytes).leak() }
}

fn read_bytes(stored: &[u8], compression: Compression, expected: &SourceFile) -> Result<Vec<u8>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("file{}", compression.suffix()));
    fs::write(&path, stored).unwrap();
    let content = read(SetName::Mnist, &path, compression, expected);
    content.map(|c| c.bytes).map_err(|e| {
        let text = e.to_string();
        assert!(text.contains(&path.display().to_string()), "names the file: {text}");
        assert!(text.contains("run `ergo data fetch mnist`"), "says what to do: {text}");
        text
    })
}

/// FIPS 180-4 examples: SHA-256 of the empty message and of "abc".
#[test]
fn sha256_is_sha256() {
    assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn every_compression_gives_the_same_bytes() {
    let bytes: Vec<u8> = (0..5000u32).map(|i| ((i * i) >> 3) as u8).collect();
    for compression in Compression::ALL {
        let stored = compressed(&bytes, compression);
        assert_eq!(read_bytes(&stored, compression, &expected(&bytes)), Ok(bytes.clone()), "{compression:?}");
    }
}

#[test]
fn streams_in_several_members_are_read_to_the_end() {
    let bytes: Vec<u8> = (0..=255).collect();
    for compression in [Compression::Gzip, Compression::Xz] {
        let mut stored = compressed(&bytes[..100], compression);
        stored.extend(compressed(&bytes[100..], compression));
        assert_eq!(read_bytes(&stored, compression, &expected(&bytes)), Ok(bytes.clone()), "{compression:?}");
    }
}

#[test]
fn every_truncation_is_an_error() {
    let bytes: Vec<u8> = (0..400u32).map(|i| ((i * 7919) >> 4) as u8).collect();
    for compression in Compression::ALL {
        let stored = compressed(&bytes, compression);
        for length in 0..stored.len() {
            let outcome = read_bytes(&stored[..length], compression, &expected(&bytes));
            assert!(outcome.is_err(), "{compression:?} of {length} bytes");
        }
    }
}

/// 64 MiB of zeros compress to about 64 KiB; only the expected size plus one byte may be unpacked.
#[test]
fn a_bomb_is_cut_off_at_the_expected_size() {
    let bomb = vec![0u8; 64 << 20];
    let expected = expected(&[0; 10]);
    for compression in Compression::ALL {
        let error = read_bytes(&compressed(&bomb, compression), compression, &expected).unwrap_err();
        assert!(error.contains("found more than 10 bytes, expected the 10 bytes of file"), "{error}");
    }
    let endless = io::repeat(0);
    assert_eq!(up_to(endless, 10).unwrap().len(), 11);
}

#[test]
fn one_flipped_bit_shows_in_the_digest() {
    let mut bytes = vec![7u8; 100];
    let expected = expected(&bytes);
    bytes[50] ^= 1;
    let error = read_bytes(&bytes, Compression::Raw, &expected).unwrap_err();
    assert!(error.contains(&format!("found bytes with SHA-256 {}", sha256_hex(&bytes))), "{error}");
    assert!(error.contains(&format!("expected SHA-256 {}", expected.sha256)), "{error}");
}

#[test]
fn a_file_of_another_compression_is_named_broken() {
    let expected = expected(b"abc");
    let error = read_bytes(b"abc", Compression::Gzip, &expected).unwrap_err();
    assert!(error.contains("broken gzip data"), "{error}");
    let error = read_bytes(b"abc", Compression::Xz, &expected).unwrap_err();
    assert!(error.contains("broken xz data"), "{error}");
}

#[test]
fn a_folder_in_place_of_a_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(SetName::Mnist, folder.path(), Compression::Raw, &expected(b"abc")).unwrap_err();
    assert!(error.to_string().contains("no plain file"), "{error}");
}

proptest! {
    /// However a stored file is mutated, the outcome is the right bytes or an error.
    #[test]
    fn a_mutated_file_never_gives_other_bytes(place: prop::sample::Index, value: u8, cut: prop::sample::Index) {
        let bytes: Vec<u8> = (0..400u32).map(|i| ((i * 7919) >> 4) as u8).collect();
        for compression in Compression::ALL {
            let mut stored = compressed(&bytes, compression);
            let size = stored.len();
            stored[place.index(size)] = value;
            let cut_stored = stored[..cut.index(size)].to_vec();
            for stored in [stored, cut_stored] {
                if let Ok(read) = read_bytes(&stored, compression, &expected(&bytes)) {
                    prop_assert_eq!(&read, &bytes);
                }
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(stored in proptest::collection::vec(any::<u8>(), 0..300)) {
        for compression in Compression::ALL {
            prop_assert!(read_bytes(&stored, compression, &expected(b"abc")).is_err());
        }
    }
}
