use crate::args::{Export, Import};
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use hyperfeed::{FeedOptions, SecretKey};
use serde_json::json;
use std::io;

/// Prints the secret key of a feed, if the user means it.
pub(crate) async fn export(place: &Place, args: Export, output: Output) -> Result<(), Failure> {
    let core = place.open().await?;
    let feed = place::feed(place, &core, &args.feed).await?;
    let Some(secret) = core.secret_key(&feed.public_id()).await? else {
        return Err(Failure::new(
            "the secret key of this feed is not here: somebody else writes it",
        ));
    };
    if !args.secret {
        return Err(Failure::new("this would print the secret key of the feed")
            .with_hint("whoever has it can append in your name, and two writers break the feed; add --secret if you mean it"));
    }
    output.note("warning: keep this secret, and never append to the feed in two places");
    // The one command that prints a secret, asked for by name.
    let text = hyperfeed::hex::encode(&secret.to_bytes()[..]);
    output.result(&text, &json!({ "secret": text }))?;
    drop(feed);
    Ok(core.close().await?)
}

/// Reads a secret key from stdin and makes its feed writable here.
pub(crate) async fn import(place: &Place, args: Import, output: Output) -> Result<(), Failure> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let bytes = hyperfeed::hex::decode(line.trim())
        .map_err(|error| Failure::new(format!("stdin: {error}")))?;
    let secret =
        SecretKey::from_slice(&bytes).map_err(|error| Failure::new(format!("stdin: {error}")))?;
    let key = hyperfeed::KeyPair::from_secret(secret.clone()).key();
    let core = place.open().await?;
    let mut options = FeedOptions::new().secret(secret);
    if let Some(alias) = &args.alias {
        options = options.alias(alias);
    }
    let feed = core.open_feed_with(&key, options).await?;
    output.note("fetch all blocks with `hyperfeed clone` before you append: a writer must know what it has signed");
    output.result(
        &key.to_string(),
        &json!({ "key": key.to_string(), "length": feed.length() }),
    )?;
    drop(feed);
    Ok(core.close().await?)
}
