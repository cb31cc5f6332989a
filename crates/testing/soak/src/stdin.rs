use std::io::BufRead;
use std::thread;

use async_std::channel::{Receiver, unbounded};

/// The parent's orders, a line each. The channel closes when the parent is gone.
pub(crate) fn orders() -> Receiver<String> {
    let (send, orders) = unbounded();
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if send.try_send(line).is_err() {
                break;
            }
        }
    });
    orders
}
