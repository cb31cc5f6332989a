use crate::error::Failure;
use crate::output::Output;
use crate::place::Place;
use serde_json::json;
use std::net::TcpListener;

/// Checks what most often stands in the way.
pub(crate) async fn run(place: &Place, output: Output) -> Result<(), Failure> {
    let mut wrong = 0;
    let mut tell = |what: &str, result: Result<String, String>| {
        let (word, text) = match &result {
            Ok(text) => ("ok", text),
            Err(text) => ("WRONG", text),
        };
        wrong += usize::from(result.is_err());
        let object = json!({ "check": what, "ok": result.is_ok(), "text": text });
        output.result(&format!("{word:5}  {what}: {text}"), &object)
    };
    tell(
        "version",
        Ok(format!("hyperfeed {}", env!("CARGO_PKG_VERSION"))),
    )?;
    let store = match place.open().await {
        Ok(core) => {
            let feeds = core.list().await.map_err(Failure::from);
            let closed = core.close().await.map_err(Failure::from);
            feeds.and_then(|feeds| closed.map(|()| feeds.len()))
        }
        Err(failure) => Err(failure),
    };
    tell(
        "store",
        store
            .map(|feeds| format!("{}, {feeds} feeds", place.dir().display()))
            .map_err(|f| f.to_string()),
    )?;
    let port = TcpListener::bind("127.0.0.1:3282").map(|_| "127.0.0.1:3282 is free".to_owned());
    tell(
        "port",
        port.map_err(|error| format!("127.0.0.1:3282: {error}; use `share --listen`")),
    )?;
    if wrong > 0 {
        return Err(Failure::new(format!("{wrong} checks failed")));
    }
    Ok(())
}
