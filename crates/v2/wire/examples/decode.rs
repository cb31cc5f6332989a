//! Reads a captured conversation of two peers and prints its frames and, where nothing is encrypted, its
//! messages.
//!
//!     cargo run -p hyperfeed-v2-wire --example decode -- FILE [SESSION]
//!
//! FILE has a line `a HEX` or `b HEX` for each piece of the two byte streams, in the order seen and cut
//! anywhere; `#` starts a comment. Or FILE is `transcripts.json` of the test vectors and SESSION the name
//! of a session in it.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, process::ExitCode};

use hyperfeed_v2_wire::{
    DecodeError, FrameKind, Handshake, Message, ProtocolHandshake, decode_frame,
};

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let Some(file) = args.next() else {
        eprintln!("usage: decode FILE [SESSION]");
        return ExitCode::from(2);
    };
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    match print(&text, args.next().as_deref()) {
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
pub(crate) fn print(text: &str, session: Option<&str>) -> Result<String, String> {
    let pieces = match session {
        Some(name) => from_transcripts(text, name)?,
        None => from_capture(text)?,
    };
    let mut output = String::new();
    let mut sides = [Side::new("a"), Side::new("b")];
    for (from_a, bytes) in pieces {
        let [a, b] = &mut sides;
        let side = if from_a { a } else { b };
        side.receive(&bytes, &mut output)
            .map_err(|error| format!("{output}{}: {error}", side.name))?;
    }
    for side in &sides {
        if !side.pending.is_empty() {
            let _ = writeln!(
                output,
                "{}  {} bytes of a frame cut off",
                side.name,
                side.pending.len()
            );
        }
    }
    Ok(output)
}

/// What one peer sends.
struct Side {
    name: &'static str,
    /// Bytes of a frame that is not complete yet.
    pending: Vec<u8>,
    /// Channels this side has opened. The first frame on any other number is a handshake.
    opened: BTreeMap<u64, String>,
    /// Whether its messages are encrypted; its first handshake shows.
    sealed: bool,
}

impl Side {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            pending: Vec::new(),
            opened: BTreeMap::new(),
            sealed: false,
        }
    }

    fn receive(&mut self, bytes: &[u8], output: &mut String) -> Result<(), DecodeError> {
        self.pending.extend_from_slice(bytes);
        let mut buffer = std::mem::take(&mut self.pending);
        let mut at = 0;
        while let Some(frame) = decode_frame(&buffer[at..])? {
            let line = match frame.kind.clone() {
                FrameKind::KeepAlive => "keep-alive".to_owned(),
                FrameKind::Message { channel, payload } => {
                    let payload = &buffer[at..][payload];
                    format!("channel {channel}: {}", self.describe(channel, payload)?)
                }
            };
            let _ = writeln!(output, "{}  {line}", self.name);
            at += frame.len();
        }
        buffer.drain(..at);
        self.pending = buffer;
        Ok(())
    }

    fn describe(&mut self, channel: u64, payload: &[u8]) -> Result<String, DecodeError> {
        if payload.is_empty() {
            self.opened.remove(&channel);
            return Ok("close".to_owned());
        }
        if !self.opened.contains_key(&channel) {
            // Peers ignore a handshake that does not decode.
            return Ok(match Handshake::decode(payload) {
                Ok(handshake) => self.open(channel, &handshake),
                Err(error) => format!("ignored ({error})"),
            });
        }
        if self.sealed {
            return Ok(format!("sealed, {} bytes", payload.len()));
        }
        Ok(match Message::decode_payload(payload)? {
            Some(Message::Have(have)) => format!("{have:?}"),
            Some(Message::Want(want)) => format!("{want:?}"),
            Some(Message::Request(request)) => format!("{request:?}"),
            Some(Message::Response(response)) => format!("{response:?}"),
            Some(Message::Cancel(cancel)) => format!("{cancel:?}"),
            Some(other) => format!("{other:?}"),
            None => "nothing".to_owned(),
        })
    }

    fn open(&mut self, channel: u64, handshake: &Handshake<'_>) -> String {
        let mut text = format!("open {}", handshake.public_id);
        if let Some(protocol) = handshake.protocol {
            match ProtocolHandshake::decode(protocol) {
                Ok(protocol) => {
                    let names = &protocol.extensions;
                    let _ = write!(text, " as {} extensions {names:?}", protocol.peer_id);
                }
                // Sixteen bytes of tag and a stream of noise: no message.
                Err(_) => {
                    self.sealed = true;
                    text.push_str(" (encrypted)");
                }
            }
        }
        self.opened.insert(channel, handshake.public_id.to_string());
        text
    }
}

/// Who sent (true for a), and what.
type Piece = (bool, Vec<u8>);

fn from_capture(text: &str) -> Result<Vec<Piece>, String> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(at, line)| {
            let problem = || format!("line {}: neither `a HEX` nor `b HEX`", at + 1);
            let (side, digits) = line.split_once(' ').ok_or_else(problem)?;
            let bytes = unhex(digits.trim()).ok_or_else(problem)?;
            match side {
                "a" => Ok((true, bytes)),
                "b" => Ok((false, bytes)),
                _ => Err(problem()),
            }
        })
        .collect()
}

/// Not a JSON reader: that file has one entry of a log in each line.
fn from_transcripts(text: &str, session: &str) -> Result<Vec<Piece>, String> {
    let title = format!("\"name\": \"{session}\"");
    let mut lines = text.lines().skip_while(|line| !line.contains(&title));
    lines
        .next()
        .ok_or_else(|| format!("no session {session:?}"))?;
    let lines = lines.take_while(|line| !line.trim_start().starts_with("\"name\": "));
    Ok(lines
        .filter_map(|line| {
            let (side, rest) = line
                .trim_start()
                .strip_prefix("{\"from\":\"")?
                .split_once('"')?;
            let (digits, _) = rest.strip_prefix(",\"frame\":\"")?.split_once('"')?;
            Some((side == "a", unhex(digits)?))
        })
        .collect())
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect()
}
