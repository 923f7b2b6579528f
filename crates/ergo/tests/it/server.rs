//! A small HTTP server on the loopback that serves files well or badly.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the server does when a file is asked for.
#[derive(Clone)]
pub enum Answer {
    /// Sends it whole.
    Whole(Vec<u8>),
    /// Announces all of it, sends half and hangs up.
    BreaksOff(Vec<u8>),
    /// Announces all of it, sends half and then nothing, for as long as the test lasts.
    Stalls(Vec<u8>),
}

/// A server that lives as long as the test's process.
pub struct Server {
    /// Its address, as for `--from`.
    pub address: String,
    /// Names that were asked for, in order.
    pub asked: Arc<Mutex<Vec<String>>>,
}

/// Serves `answers` by file name; anything else is 404.
pub fn serve(answers: HashMap<String, Answer>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/mirror/", listener.local_addr().expect("bound"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answers, log) = (answers.clone(), Arc::clone(&log));
            thread::spawn(move || answer(stream, &answers, &log));
        }
    });
    Server { address, asked }
}

fn answer(mut stream: TcpStream, answers: &HashMap<String, Answer>, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut request = String::new();
    // A client that hangs up early is no concern of the server.
    let _ = reader.read_line(&mut request);
    let mut header = String::new();
    while reader.read_line(&mut header).is_ok_and(|length| length > 2) {
        header.clear();
    }
    let path = request.split_whitespace().nth(1).unwrap_or_default();
    let name = path.strip_prefix("/mirror/").unwrap_or_default();
    log.lock().expect("no test thread panics").push(name.to_owned());
    let mut send = |length: usize, bytes: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(bytes));
    };
    match answers.get(name) {
        Some(Answer::Whole(bytes)) => send(bytes.len(), bytes),
        Some(Answer::BreaksOff(bytes)) => send(bytes.len(), &bytes[..bytes.len() / 2]),
        Some(Answer::Stalls(bytes)) => {
            send(bytes.len(), &bytes[..bytes.len() / 2]);
            // The client gives up and hangs up; then this read ends.
            let _ = reader.read_line(&mut header);
            thread::park();
        }
        None => {
            let _ =
                stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    }
}
