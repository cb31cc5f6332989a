//! A link that is far away: everything arrives late, nothing is lost, and any amount may be on its way.

use crate::Fallible;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Bytes and when they may arrive.
type Late = (Instant, Vec<u8>);

/// Listens, and passes one connection on to `target`, each way `delay` later. Gives the address to connect to.
pub(crate) fn start(target: &str, delay: Duration) -> Fallible<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let target = target.to_owned();
    thread::spawn(move || -> std::io::Result<()> {
        let (near, _) = listener.accept()?;
        let far = TcpStream::connect(target)?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        pass(near.try_clone()?, far.try_clone()?, delay);
        pass(far, near, delay);
        Ok(())
    });
    Ok(address)
}

/// One direction: a thread that reads at once, and one that writes when it is time.
fn pass(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (late, due) = mpsc::channel::<Late>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let bytes = buffer.get(..read).unwrap_or_default().to_vec();
            if late.send((Instant::now() + delay, bytes)).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (at, bytes) in due {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        to.shutdown(Shutdown::Write).ok();
    });
}
