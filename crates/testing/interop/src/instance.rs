//! Commands about the instance as a whole.

use serde_json::{Value, json};

use crate::commands::{garbled, hex, text, unhex};
use crate::error::NpmError;
use crate::peer::NpmPeer;

/// They fail as all commands do.
#[expect(clippy::missing_errors_doc, reason = "said once, above")]
impl NpmPeer {
    /// Makes a new peer in the old process: no feeds, no connections, no events.
    pub fn reset(&mut self) -> Result<(), NpmError> {
        self.request("reset", json!({}))?;
        self.events();
        Ok(())
    }

    /// Begins again from what is stored; all feeds must have been closed.
    pub fn restart(&mut self) -> Result<(), NpmError> {
        self.request("restart", json!({})).map(drop)
    }

    /// The keys of all feeds in hex, in upstream's order.
    pub fn list(&mut self) -> Result<Vec<String>, NpmError> {
        texts(&self.request("list", json!({}))?, "keys")
    }

    /// Writes a static feed through upstream's stream; its key in hex.
    pub fn write_stream<B: AsRef<[u8]>>(
        &mut self,
        blocks: impl IntoIterator<Item = B>,
    ) -> Result<String, NpmError> {
        let blocks: Vec<String> = blocks
            .into_iter()
            .map(|block| hex(block.as_ref()))
            .collect();
        text(
            &self.request("writeStream", json!({ "blocks": blocks }))?,
            "key",
        )
    }

    /// Reads blocks through upstream's stream; `None` is an option left out.
    pub fn read_stream(
        &mut self,
        name: &str,
        start: Option<u64>,
        end: Option<u64>,
    ) -> Result<Vec<Vec<u8>>, NpmError> {
        let fields = json!({ "name": name, "start": start, "end": end });
        let blocks = texts(&self.request("readStream", fields)?, "blocks")?;
        blocks.iter().map(|block| unhex(block)).collect()
    }

    /// Leaves out the events of single blocks from now on.
    pub fn quiet(&mut self) -> Result<(), NpmError> {
        self.request("quiet", json!({ "on": true })).map(drop)
    }
}

fn texts(answer: &Value, field: &str) -> Result<Vec<String>, NpmError> {
    let items = answer[field].as_array().map(|items| {
        let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>()
    });
    items.flatten().ok_or_else(|| garbled(field, answer))
}
