//! A network that fails when it is told to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

/// Passes one connection on to `target`, and cuts it once `bytes` have gone back; gives the address to connect to.
pub(crate) fn cut_after(target: &str, bytes: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let target = target.to_owned();
    thread::spawn(move || {
        let (near, _) = listener.accept().unwrap();
        let far = TcpStream::connect(target).unwrap();
        let (mut from_near, mut to_far) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from_near, &mut to_far).ok());
        pass(&far, &near, bytes);
        near.shutdown(Shutdown::Both).ok();
        far.shutdown(Shutdown::Both).ok();
    });
    address
}

/// A server that reads what comes and answers `answer` to it, in each connection.
pub(crate) fn answers(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut asked = [0; 4096];
                while matches!(stream.read(&mut asked), Ok(1..)) {
                    if answer.is_empty() {
                        continue;
                    }
                    stream.write_all(answer).ok();
                    stream.shutdown(Shutdown::Write).ok();
                }
            });
        }
    });
    address
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, bytes: usize) {
    let mut left = bytes;
    let mut buffer = [0; 8192];
    while left > 0 {
        let most = buffer.len().min(left);
        match from.read(&mut buffer[..most]) {
            Ok(read @ 1..) if to.write_all(&buffer[..read]).is_ok() => left -= read,
            _ => return,
        }
    }
}
