//! Weights as files and as a fingerprint: named f32 tensors in safetensors form.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};

use crate::error::TrainError;
use crate::learner::NamedTensor;

/// SHA-256 over each tensor's name, shape and little-endian values, in the network's order.
#[must_use]
pub fn sha256(tensors: &[NamedTensor]) -> String {
    let mut hash = Sha256::new();
    for tensor in tensors {
        hash.update((tensor.name.len() as u64).to_le_bytes());
        hash.update(tensor.name.as_bytes());
        hash.update((tensor.shape.len() as u64).to_le_bytes());
        tensor.shape.iter().for_each(|&side| hash.update((side as u64).to_le_bytes()));
        hash.update(bytes(&tensor.values));
    }
    record::spec::hex(&hash.finalize())
}

/// Writes tensors and a text note to `path`, beside it first and then by rename, so that the file is never half there.
///
/// # Errors
/// When the disk refuses.
pub fn write(path: &Path, tensors: &[NamedTensor], note: (&str, &str)) -> Result<(), TrainError> {
    let raw: Vec<Vec<u8>> = tensors.iter().map(|tensor| bytes(&tensor.values)).collect();
    let mut views = Vec::with_capacity(tensors.len());
    for (tensor, raw) in tensors.iter().zip(&raw) {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), raw);
        views.push((tensor.name.clone(), view.map_err(|e| damaged(path, e))?));
    }
    let metadata = HashMap::from([(note.0.to_owned(), note.1.to_owned())]);
    let text = safetensors::serialize(views, Some(metadata)).map_err(|e| damaged(path, e))?;
    write_beside_and_rename(path, &text)
}

/// Reads what [`write`] wrote: the tensors by name, and the note.
///
/// # Errors
/// When the file cannot be read or is not what was written.
pub fn read(path: &Path, note: &str) -> Result<(HashMap<String, NamedTensor>, String), TrainError> {
    let text = fs::read(path).map_err(io("read", path))?;
    let (_, metadata) = SafeTensors::read_metadata(&text).map_err(|e| damaged(path, e))?;
    let note = metadata.metadata().as_ref().and_then(|notes| notes.get(note)).cloned();
    let note = note.ok_or_else(|| damaged(path, "it was not written by this program"))?;
    let file = SafeTensors::deserialize(&text).map_err(|e| damaged(path, e))?;
    let mut tensors = HashMap::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(damaged(path, format!("{name} is {:?}, expected F32", view.dtype())));
        }
        let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let tensor =
            NamedTensor { name: name.clone(), shape: view.shape().to_vec(), values: values.collect() };
        tensors.insert(name, tensor);
    }
    Ok((tensors, note))
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn write_beside_and_rename(path: &Path, text: &[u8]) -> Result<(), TrainError> {
    let beside = path.with_extension("part");
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(text)?;
        file.sync_all()
    });
    if let Err(source) = written {
        let _ = fs::remove_file(&beside);
        return Err(io("write", path)(source));
    }
    fs::rename(&beside, path).map_err(io("write", path))
}

fn damaged(path: &Path, reason: impl ToString) -> TrainError {
    TrainError::Checkpoint { path: path.to_owned(), reason: reason.to_string() }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> TrainError {
    let path = path.to_owned();
    move |source| TrainError::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, values: &[f32]) -> NamedTensor {
        NamedTensor { name: name.into(), shape: vec![values.len()], values: values.to_vec() }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let tensors = [tensor("a", &[1.5, -0.0, f32::MIN_POSITIVE]), tensor("b", &[7.0])];
        write(&path, &tensors, ("note", "hello")).unwrap();
        let (read_back, note) = read(&path, "note").unwrap();
        assert_eq!(note, "hello");
        assert_eq!(read_back["a"], tensors[0]);
        assert_eq!(read_back["b"], tensors[1]);
        assert!(!path.with_extension("part").exists());
    }

    #[test]
    fn damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        write(&path, &[tensor("a", &[1.0; 100])], ("note", "x")).unwrap();
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() - 9]).unwrap();
        let message = read(&path, "note").unwrap_err().to_string();
        assert!(message.contains("w.safetensors") && message.contains("delete"), "{message}");
    }

    #[test]
    fn the_fingerprint_sees_name_shape_and_value() {
        let base = sha256(&[tensor("a", &[1.0, 2.0])]);
        assert_eq!(base, sha256(&[tensor("a", &[1.0, 2.0])]));
        assert_ne!(base, sha256(&[tensor("b", &[1.0, 2.0])]));
        assert_ne!(base, sha256(&[tensor("a", &[1.0, 2.5])]));
        let reshaped = NamedTensor { shape: vec![2, 1], ..tensor("a", &[1.0, 2.0]) };
        assert_ne!(base, sha256(&[reshaped]));
    }
}
