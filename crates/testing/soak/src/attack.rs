use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use hyperfeed::FeedKey;

use crate::content::Lot;
use crate::insider::Insider;

/// Connections that mean no good, at a rate, until it is dropped.
#[derive(Debug)]
pub(crate) struct Attack {
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    over: AtomicBool,
    made: AtomicU64,
    going_on: AtomicUsize,
    targets: Mutex<Vec<(SocketAddr, Vec<FeedKey>)>>,
}

impl Attack {
    /// So many connections a second to one of the targets, each with the keys of its feeds.
    pub(crate) fn start(rate: u32, targets: Vec<(SocketAddr, Vec<FeedKey>)>, seed: u64) -> Self {
        let shared = Arc::new(Shared {
            over: AtomicBool::new(false),
            made: AtomicU64::new(0),
            going_on: AtomicUsize::new(0),
            targets: Mutex::new(targets),
        });
        let runs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let mut lot = Lot(seed);
            while !runs.over.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_secs(1) / rate.max(1));
                if runs.going_on.load(Ordering::Relaxed) < AT_ONCE {
                    one(&runs, &mut lot);
                }
            }
        });
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// Ends it, and gives the number of connections that were made.
    pub(crate) fn stop(mut self) -> u64 {
        self.end();
        self.shared.made.load(Ordering::Relaxed)
    }

    fn end(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It panics no more than anybody else here.
            thread.join().ok();
        }
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        self.end();
    }
}

fn one(shared: &Arc<Shared>, lot: &mut Lot) {
    let targets = shared
        .targets
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let Some((address, keys)) = targets.get(lot.below(targets.len() as u64) as usize) else {
        return;
    };
    let (address, key) = (
        *address,
        keys.get(lot.below(keys.len() as u64) as usize).copied(),
    );
    let (shared, mut lot) = (Arc::clone(shared), Lot(lot.below(u64::MAX)));
    shared.going_on.fetch_add(1, Ordering::Relaxed);
    thread::spawn(move || {
        // A target that is being killed is not there.
        if let Ok(socket) = TcpStream::connect_timeout(&address, PATIENCE) {
            shared.made.fetch_add(1, Ordering::Relaxed);
            // The other side is right to end it.
            attack(&socket, key, &mut lot).ok();
        }
        shared.going_on.fetch_sub(1, Ordering::Relaxed);
    });
}

fn attack(mut socket: &TcpStream, key: Option<FeedKey>, lot: &mut Lot) -> std::io::Result<()> {
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    match (lot.below(8), key) {
        (0, _) => Ok(()),
        (1, _) => {
            let bytes: Vec<u8> = (0..1 + lot.below(4_000))
                .map(|_| lot.below(256) as u8)
                .collect();
            socket.write_all(&bytes)?;
            drain(socket)
        }
        (2, _) => {
            socket.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
            drain(socket)
        }
        // Says nothing until it is thrown out.
        (3, _) => drain(socket),
        // A frame longer than any.
        (4, _) => {
            socket.write_all(&[0xff; 9])?;
            drain(socket)
        }
        // A frame that never ends, a byte at a time.
        (5, _) => {
            for byte in [0x80, 0x80, 0x01, 0x00, 0x0a].iter().cycle().take(60) {
                socket.write_all(&[*byte])?;
                thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
        (_, Some(key)) => Insider::new(&key, lot).attack(socket),
        _ => Ok(()),
    }
}

/// Reads until the other side ends it, or has nothing to say.
fn drain(mut socket: &TcpStream) -> std::io::Result<()> {
    let mut bytes = [0; 4096];
    while socket.read(&mut bytes)? > 0 {}
    Ok(())
}

/// Hostile connections at a time; above it the rate is not kept.
const AT_ONCE: usize = 200;
/// How long an attacker waits for anything.
const PATIENCE: Duration = Duration::from_secs(10);
