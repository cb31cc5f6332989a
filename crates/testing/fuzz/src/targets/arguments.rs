//! Values of the command's arguments.

// The command is a program and no library; what it reads with is here as well.
#[path = "../../../../cli/src/size.rs"]
mod size;
#[path = "../../../../cli/src/values.rs"]
mod values;

use size::{MAX_BLOCK, Size, block_size};
use std::time::Duration;

/// A value that is read has what its text says, and means the same when written plainly.
pub(crate) fn values(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(size) = text.parse::<Size>() {
        assert!(size.0 > 0);
        assert_eq!(size.0.to_string().parse::<Size>(), Ok(size));
        assert_eq!(block_size(&text).is_ok(), size.0 <= MAX_BLOCK);
        assert!(!size.to_string().is_empty());
    } else {
        assert!(block_size(&text).is_err());
    }
    if let Ok(address) = values::parse_address(&text) {
        assert_eq!(address, text);
        let (host, port) = address.rsplit_once(':').expect("it has a port");
        assert!(!host.is_empty() && port.parse::<u16>().is_ok());
    }
    if let Ok(time) = values::parse_duration(&text) {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        assert!(!digits.is_empty());
        if let Ok(millis) = u64::try_from(time.as_millis()) {
            let plain = values::parse_duration(&format!("{millis}ms"));
            assert_eq!(plain, Ok(Duration::from_millis(millis)));
        }
    }
}
