use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant as Clock};

use hyperfeed::{FeedKey, PeerId};
use hyperfeed_types::Instant;
use hyperfeed_v2_protocol::{ChannelId, Config, Protocol};
use hyperfeed_v2_wire::{
    Cancel, Have, Message, NodeRecord, Nodes, Request, Response, Want, varint,
};

use crate::content::Lot;

/// An attacker that has the key of a feed, and speaks behind the cipher.
#[derive(Debug)]
pub(crate) struct Insider<'a> {
    protocol: Protocol,
    channel: Option<ChannelId>,
    out: Vec<u8>,
    start: Clock,
    lot: &'a mut Lot,
}

impl<'a> Insider<'a> {
    pub(crate) fn new(key: &FeedKey, lot: &'a mut Lot) -> Self {
        let mut seed = [0; 32];
        seed.iter_mut()
            .for_each(|byte| *byte = lot.below(256) as u8);
        let mut protocol = Protocol::new(Config::new(PeerId::from(seed)), seed, Instant::ZERO);
        let mut out = Vec::new();
        let channel = protocol.open(Instant::ZERO, key, &mut out).ok();
        Self {
            protocol,
            channel,
            out,
            start: Clock::now(),
            lot,
        }
    }

    /// One kind of evil for some seconds, or until it is thrown out.
    pub(crate) fn attack(mut self, mut socket: &TcpStream) -> std::io::Result<()> {
        socket.set_read_timeout(Some(Duration::from_millis(20)))?;
        let kind = self.lot.below(6);
        let mut bytes = [0; 16 * 1024];
        while self.start.elapsed() < LASTS {
            // The last kind hears nothing, so that what it asked for stays unread.
            if kind != 5 {
                match socket.read(&mut bytes) {
                    Ok(0) => return Ok(()),
                    Ok(count) => self.hear(bytes.get(..count).unwrap_or_default()),
                    Err(error) if is_early(error.kind()) => {}
                    Err(error) => return Err(error),
                }
            }
            self.act(kind);
            socket.write_all(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.protocol.handle_input(self.now(), bytes);
        while let Ok(Some(_)) = self.protocol.poll_event() {}
    }

    fn now(&self) -> Instant {
        Instant::from_millis(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn act(&mut self, kind: u64) {
        let place = self.lot.below(1 << 20);
        match kind {
            // A block that nobody asked for, with a proof of nothing.
            0 => {
                let nodes = [NodeRecord {
                    index: 1,
                    size: place,
                    hash: [7; 32].into(),
                }];
                self.say(&Message::Response(Response {
                    block: place % 20,
                    data: b"not the block",
                    nodes: Nodes::new(&nodes),
                    signature: Some(&[9; 64]),
                }));
            }
            1 => self.bomb(place),
            2 => {
                for _ in 0..200 {
                    let block = self.lot.below(1 << 16);
                    self.say(&Message::Request(Request {
                        block,
                        digest: Some(0),
                    }));
                }
            }
            3 => {
                for at in 0..100 {
                    self.say(&Message::Want(Want {
                        start: place + at * 8,
                        end: None,
                    }));
                    self.say(&Message::Cancel(Cancel {
                        block: at,
                        digest: None,
                    }));
                    self.say(if at % 2 == 0 {
                        &Message::Pause
                    } else {
                        &Message::Resume
                    });
                }
            }
            // Says that it has everything, and gives nothing.
            4 => self.say(&Message::Have(Have {
                start: 0,
                end: Some(1 << 30),
                bitfield: None,
            })),
            _ => {
                for block in 0..1_000 {
                    self.say(&Message::Request(Request {
                        block,
                        digest: Some(0),
                    }));
                }
            }
        }
    }

    /// A bitfield that is short and tells of scattered blocks without end.
    fn bomb(&mut self, place: u64) {
        let pages = 2_000_u64;
        let mut coded = Vec::new();
        for _ in 0..pages {
            // A run of zeros, 4 KiB long, then two bytes as they are.
            varint::encode((4_096 << 2) | 1, &mut coded);
            varint::encode(2 << 1, &mut coded);
            coded.extend([0xaa, 0x55]);
        }
        self.say(&Message::Have(Have {
            start: place & !7,
            end: None,
            bitfield: Some(&coded),
        }));
    }

    fn say(&mut self, message: &Message<'_>) {
        if let Some(channel) = self.channel {
            // A connection that is over says nothing more.
            self.protocol
                .send(self.now(), channel, message, &mut self.out)
                .ok();
        }
    }
}

fn is_early(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// How long an insider goes on when nobody throws it out.
const LASTS: Duration = Duration::from_secs(5);
