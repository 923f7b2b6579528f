//! Downloads over HTTP, and gives up on a server that falls silent.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use indicatif::ProgressBar;
use ureq::Agent;

use crate::progress;

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// What the downloading thread tells.
enum Message {
    /// The server answered; bytes to come, where it said.
    Begun(Option<u64>),
    /// The next bytes.
    Bytes(Vec<u8>),
    /// The end, or what went wrong.
    Ended(io::Result<()>),
}

/// Writes what is at `address` into `writer`. Gives up when connecting, the answer or any next piece takes longer
/// than `patience`.
///
/// # Errors
/// A server that cannot be reached, refuses, falls silent or breaks off; an error of `writer` as it is.
pub fn download(address: &str, patience: Duration, writer: &mut dyn Write) -> io::Result<()> {
    // A read that waits for a silent server cannot be called off, so it waits in a thread that may be left behind.
    let (sender, receiver) = sync_channel(8);
    let wanted = address.to_owned();
    thread::spawn(move || {
        let result = transfer(&wanted, patience, &sender);
        // Nobody listens any more when the download was given up.
        let _ = sender.send(Message::Ended(result));
    });
    let bar = progress::download(0, file_name(address));
    let received = receive(&receiver, patience, writer, &bar);
    bar.finish_and_clear();
    received
}

/// The last part of an address.
#[must_use]
pub fn file_name(address: &str) -> &str {
    address.rsplit('/').next().unwrap_or(address)
}

fn transfer(address: &str, patience: Duration, sender: &SyncSender<Message>) -> io::Result<()> {
    let config = Agent::config_builder()
        .timeout_resolve(Some(patience))
        .timeout_connect(Some(patience))
        .timeout_recv_response(Some(patience))
        .build();
    let response = Agent::new_with_config(config).get(address).call().map_err(io::Error::other)?;
    let mut body = response.into_body();
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    sender.send(Message::Begun(body.content_length())).map_err(gone)?;
    let mut reader = body.as_reader();
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        let length = match reader.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        chunk.truncate(length);
        sender.send(Message::Bytes(chunk)).map_err(gone)?;
    }
}

fn receive(
    receiver: &Receiver<Message>,
    patience: Duration,
    writer: &mut dyn Write,
    bar: &ProgressBar,
) -> io::Result<()> {
    loop {
        match receiver.recv_timeout(patience) {
            Ok(Message::Begun(length)) => bar.set_length(length.unwrap_or(0)),
            Ok(Message::Bytes(bytes)) => {
                writer.write_all(&bytes)?;
                bar.inc(bytes.len() as u64);
            }
            Ok(Message::Ended(result)) => return result,
            Err(RecvTimeoutError::Timeout) => {
                let message = format!("nothing came for {} seconds", patience.as_secs_f64());
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other("the download ended without a word"));
            }
        }
    }
}
