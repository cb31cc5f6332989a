//! Reads a captured conversation of two peers and prints what they said.
//!
//!     cargo run -p hyperfeed-v2-protocol --example decrypt -- [--plain] FILE KEY [KEY]...
//!
//! FILE has a line `a HEX` or `b HEX` for each piece of the two byte streams, in the order seen and cut
//! anywhere; `#` starts a comment. Each KEY is a feed's in hex. With `--plain` the conversation is one that
//! is not encrypted; then the keys only say which feeds are of interest.
//!
//! Each stream is read by a connection of its own that has opened all the feeds and never answers. Handshakes
//! are shown for every feed, messages for those whose key is given.

use std::{env, fmt::Write as _, fs, process::ExitCode};

use hyperfeed_types::{FeedKey, Instant, PeerId, hex};
use hyperfeed_v2_protocol::{ChannelId, Config, Event, Protocol};
use hyperfeed_v2_wire::Message;

fn main() -> ExitCode {
    let mut args: Vec<String> = env::args().skip(1).collect();
    let plain = args.first().is_some_and(|arg| arg == "--plain");
    args.drain(..usize::from(plain));
    let [file, keys @ ..] = &args[..] else {
        eprintln!("usage: decrypt [--plain] FILE KEY [KEY]...");
        return ExitCode::from(2);
    };
    let output = fs::read_to_string(file)
        .map_err(|error| error.to_string())
        .and_then(|text| print(&text, keys, plain));
    match output {
        Ok(output) => {
            print!("{output}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{file}: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// The conversation in `text` as lines to read.
pub(crate) fn print(text: &str, keys: &[String], plain: bool) -> Result<String, String> {
    let keys = keys
        .iter()
        .map(|key| key.parse().map_err(|error| format!("key {key}: {error}")))
        .collect::<Result<Vec<FeedKey>, String>>()?;
    let mut a = Reader::new("a", &keys, plain)?;
    let mut b = Reader::new("b", &keys, plain)?;
    let mut output = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let (reader, bytes) = match line.split_once(' ') {
            Some(("a", bytes)) => (&mut a, bytes),
            Some(("b", bytes)) => (&mut b, bytes),
            _ => return Err(format!("line {number}: neither `a HEX` nor `b HEX`")),
        };
        let bytes = hex::decode(bytes.trim()).map_err(|error| format!("line {number}: {error}"))?;
        reader
            .receive(&bytes, &mut output)
            .map_err(|error| format!("{output}line {number}: {error}"))?;
    }
    for reader in [&a, &b] {
        let left = reader.protocol.stats().buffered_bytes;
        if left > 0 {
            let _ = writeln!(output, "{}  {left} bytes of a frame cut off", reader.from);
        }
    }
    if !keys.is_empty() && !a.knows_a_feed && !b.knows_a_feed {
        return Err(format!(
            "{output}none of the keys given is of a feed that is opened here"
        ));
    }
    Ok(output)
}

/// What hears one peer.
struct Reader {
    from: &'static str,
    protocol: Protocol,
    /// A feed was opened whose key is given.
    knows_a_feed: bool,
}

impl Reader {
    fn new(from: &'static str, keys: &[FeedKey], plain: bool) -> Result<Self, String> {
        let mut config = Config::new(PeerId::new([0; 32]));
        config.encrypted = !plain;
        // What it writes goes nowhere, so its nonces may come from anything.
        let mut protocol = Protocol::new(config, [0; 32], Instant::ZERO);
        for key in keys {
            protocol
                .open(Instant::ZERO, key, &mut Vec::new())
                .map_err(|error| error.to_string())?;
        }
        Ok(Self {
            from,
            protocol,
            knows_a_feed: false,
        })
    }

    fn receive(&mut self, bytes: &[u8], output: &mut String) -> Result<(), String> {
        self.protocol.handle_input(Instant::ZERO, bytes);
        let describe = |error: &dyn std::error::Error| match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        while let Some(event) = self.protocol.poll_event().map_err(|e| describe(&e))? {
            let line = match event {
                Event::Opened { public_id, channel } => match channel {
                    Some(_) => {
                        self.knows_a_feed = true;
                        format!("opens {public_id}")
                    }
                    None => format!("opens {public_id}, whose key is not given"),
                },
                Event::Handshake {
                    peer_id: Some(peer_id),
                    extensions,
                } => format!("is {peer_id} with extensions {extensions:?}"),
                Event::Handshake { peer_id: None, .. } => "does not say who it is".to_owned(),
                Event::Ready { .. } => continue,
                Event::Message {
                    channel,
                    kind,
                    body,
                } => match Message::decode(kind, &body) {
                    Ok(message) => format!("{}  {}", self.feed(channel), show(&message)),
                    Err(error) => format!("{}  malformed: {error}", self.feed(channel)),
                },
                Event::Extension { channel, body, .. } => {
                    format!(
                        "{}  {} bytes of an extension",
                        self.feed(channel),
                        body.len()
                    )
                }
                Event::Closed { .. } => "closes a channel".to_owned(),
            };
            let _ = writeln!(output, "{}  {line}", self.from);
        }
        Ok(())
    }

    /// Enough of a feed's public id to know it by.
    fn feed(&self, channel: ChannelId) -> String {
        match self.protocol.public_id(channel) {
            Some(id) => id.to_string().chars().take(8).collect(),
            None => "?".to_owned(),
        }
    }
}

/// A message without the name of its variant twice.
fn show(message: &Message<'_>) -> String {
    match message {
        Message::Have(have) => format!("{have:?}"),
        Message::Want(want) => format!("{want:?}"),
        Message::Request(request) => format!("{request:?}"),
        Message::Response(response) => format!("{response:?}"),
        Message::Cancel(cancel) => format!("{cancel:?}"),
        other => format!("{other:?}"),
    }
}
